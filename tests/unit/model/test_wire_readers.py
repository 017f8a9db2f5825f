# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wire quirks (contract section 12), and replies that nobody promised."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.callback import (
    read_listener,
    read_registration,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign_wire import (
    read_campaign,
    read_campaign_devices,
    read_device_changes,
    write_schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.configuration_file import (
    read_files,
    read_uploaded,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import (
    InstalledSoftware,
    read_devices,
    read_history,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device_logging import (
    read_check_ins,
    read_device_logs,
    read_logging_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import MalformedReply
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import (
    Package,
    read_packages,
    read_request_id,
    read_success,
    read_sync_results,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.license import (
    LicensedDevice,
    LicenseTotals,
    read_candidate_page,
    read_license_totals,
    read_licensed_devices,
    read_subscription,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import read_upgrade
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import (
    Window,
    read_windows,
    window_set,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.wire import (
    as_object,
    as_row,
    as_rows,
    count_by,
    flag,
    number,
    text,
)

# -- members


@pytest.mark.parametrize(
    ("row", "keys", "expected"),
    [
        pytest.param({"id": "a", "campaignId": "b"}, ("id", "campaignId"), "a", id="first-key"),
        pytest.param({"id": "", "campaignId": "b"}, ("id", "campaignId"), "b", id="empty-first"),
        pytest.param({"id": None, "campaignId": "b"}, ("id", "campaignId"), "b", id="null-first"),
        pytest.param({"id": {}}, ("id",), "", id="object"),
        pytest.param({"id": 12}, ("id",), "12", id="number"),
        pytest.param({"id": 0}, ("id",), "0", id="zero"),
        pytest.param({}, ("id",), "", id="missing"),
    ],
)
def test_text(row: dict[str, object], keys: tuple[str, ...], expected: str) -> None:
    assert text(row, *keys) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(18, 18, id="number"),
        pytest.param(0, 0, id="zero"),
        pytest.param("18", 18, id="text"),
        pytest.param("08", 8, id="leading-zero"),
        pytest.param("9" * 5000, None, id="absurd-text"),
        pytest.param("²", None, id="digit-that-is-no-number"),
        pytest.param("-1", None, id="negative-text"),
        pytest.param("", None, id="empty"),
        pytest.param(True, None, id="truth"),
        pytest.param(None, None, id="null"),
        pytest.param(1.5, None, id="fraction"),
    ],
)
def test_number(value: object, expected: int | None) -> None:
    assert number({"n": value}, "n") == expected
    assert number({"first": None, "n": value}, "first", "n") == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"hasMoreData": True}, True),
        ({"hasMoreFlag": False}, False),
        ({"hasMoreData": None, "hasMoreFlag": True}, True),
        *(({"hasMoreData": sent}, True) for sent in (1, 1.0, "1", "true", "TRUE", " True ", "yes")),
        *(({"hasMoreData": sent}, False) for sent in (0, 0.0, "0", "false", "False", "no")),
        *(({"hasMoreData": sent}, None) for sent in (2, -1, 0.5, "", "more", "2", [], [1], {})),
        ({"hasMoreData": "more", "hasMoreFlag": 1}, True),
        ({}, None),
    ],
)
def test_flag(row: dict[str, object], expected: bool | None) -> None:  # noqa: FBT001
    assert flag(row, "hasMoreData", "hasMoreFlag") is expected


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_a_row_is_an_object(value: object) -> None:
    with pytest.raises(MalformedReply, match="campaign: expected a JSON object"):
        as_row(value, "campaign")


def test_rows_are_a_list_of_objects_and_null_is_empty() -> None:
    assert as_rows(None, "reportList") == []
    assert as_rows([{}], "reportList") == [{}]
    with pytest.raises(MalformedReply, match="reportList: expected a JSON list, got dict"):
        as_rows({}, "reportList")
    with pytest.raises(MalformedReply, match="reportList: expected a JSON object, got str"):
        as_rows([{}, "x"], "reportList")


def test_an_object_has_one_of_its_documented_members() -> None:
    assert as_object({"id": None, "x": 1}, "campaign", "id", "campaignId") == {"id": None, "x": 1}
    for value, said in (
        ({}, "campaign: expected a JSON object with id or campaignId, got an empty object"),
        ({"a\x1b[31m": 1, "b": 2}, "got one with a, b$"),
        (dict.fromkeys("abcdefg"), "got one with a, b, c, d, e, ...$"),
        ([], "campaign: expected a JSON object, got list"),
    ):
        with pytest.raises(MalformedReply, match=said):
            as_object(value, "campaign", "id", "campaignId")


def test_count_by_sorts_by_word() -> None:
    counted = count_by(["b", "a", "b"])
    assert list(counted.items()) == [("a", 1), ("b", 2)]


# -- campaigns


@pytest.mark.parametrize("key", ["campaignTimeWindowList", "timeWindowList"])
def test_both_keys_of_firmware_windows(key: str) -> None:
    campaign = read_campaign({key: [{"startTime": 18, "endTime": 22}]}, CampaignType.FIRMWARE)
    assert campaign.schedule.windows == (Window(18, 22),)


def test_a_null_list_of_windows_leaves_the_word_to_the_other_key() -> None:
    reply = {
        "campaignTimeWindowList": None,
        "timeWindowList": [{"startTime": 18, "endTime": 22}],
    }
    assert read_campaign(reply, CampaignType.FIRMWARE).schedule.windows == (Window(18, 22),)
    reply = {"campaignTimeWindowList": None, "timeWindowList": None}
    assert read_campaign(reply, CampaignType.FIRMWARE).schedule.windows == ()


def test_windows_that_cannot_be_read_are_marked() -> None:
    row = {"id": "c", "campaignTimeWindowList": [{"startTime": 1, "endTime": 2}, {"from": 3}]}
    schedule = read_campaign(row, CampaignType.FIRMWARE).schedule
    assert schedule.windows == (Window(1, 2),)
    assert not schedule.windows_readable
    assert read_campaign({"id": "c"}, CampaignType.FIRMWARE).schedule.windows_readable


@pytest.mark.parametrize("sent", [True, "true", "True"])
def test_a_truth_value_may_be_sent_as_text(sent: object) -> None:
    assert flag({"hasMoreData": sent}, "hasMoreData") is True


def test_hours_as_text_unsorted_and_repeated() -> None:
    rows = [
        {"startTime": "20", "endTime": "21"},
        {"startTime": 3, "endTime": 4},
        {"startTime": 20, "endTime": 21},
    ]
    assert read_windows(rows, "downloadTimeWindowList") == (Window(3, 4), Window(20, 21))


@pytest.mark.parametrize("key", ["id", "campaignId"])
def test_both_keys_of_a_campaign_id(key: str) -> None:
    assert read_campaign({key: "c-1"}, CampaignType.FIRMWARE).id == "c-1"


@pytest.mark.parametrize("value", [True, False])
def test_auto_flags_where_they_are_echoed(value: bool) -> None:  # noqa: FBT001
    reply = {"autoAssignLicenseFlag": value, "autoAddDevicesFlag": not value}
    campaign = read_campaign(reply, CampaignType.FIRMWARE)
    assert campaign.auto_assign_license is value
    assert campaign.auto_add_devices is (not value)


def test_auto_flags_are_none_where_they_are_not_echoed() -> None:
    campaign = read_campaign({"id": "c-1"}, CampaignType.FIRMWARE)
    assert campaign.auto_assign_license is None
    assert campaign.auto_add_devices is None


def test_unset_days_of_a_campaign_are_none() -> None:
    reply = {
        "startDate": "0001-01-01 00:00:00 +0000 UTC",
        "endDate": None,
        "downloadAfterDate": None,
        "installAfterDate": "",
    }
    assert read_campaign(reply, CampaignType.SOFTWARE).schedule == Schedule(None, None)


days = st.dates(date(1970, 1, 1), date(9999, 12, 31))
windows = st.lists(
    st.integers(0, 23).flatmap(
        lambda start: st.integers(start + 1, 24).map(lambda end: Window(start, end))
    ),
    max_size=4,
).map(window_set)
firmware_schedules = st.builds(Schedule, start=days, end=days, windows=windows)
software_schedules = st.builds(
    Schedule,
    start=days,
    end=days,
    download_after=st.none() | days,
    download_windows=windows,
    install_after=st.none() | days,
    install_windows=windows,
)


@settings(max_examples=100)
@given(firmware_schedules)
def test_a_firmware_schedule_comes_back_as_it_was_sent(schedule: Schedule) -> None:
    body = json.loads(json.dumps(write_schedule(schedule, CampaignType.FIRMWARE)))
    assert read_campaign(body, CampaignType.FIRMWARE).schedule == schedule


@settings(max_examples=100)
@given(software_schedules)
def test_a_software_schedule_comes_back_as_it_was_sent(schedule: Schedule) -> None:
    body = json.loads(json.dumps(write_schedule(schedule, CampaignType.SOFTWARE)))
    assert read_campaign(body, CampaignType.SOFTWARE).schedule == schedule


def test_a_date_change_sends_the_full_set_even_when_there_is_no_window() -> None:
    schedule = Schedule(start=date(2026, 4, 1), end=date(2026, 4, 1) + timedelta(days=9))
    assert write_schedule(schedule, CampaignType.FIRMWARE) == {
        "startDate": "2026-04-01",
        "endDate": "2026-04-10",
        "campaignTimeWindowList": [],
    }
    assert write_schedule(schedule, CampaignType.SOFTWARE) == {
        "startDate": "2026-04-01",
        "endDate": "2026-04-10",
        "downloadTimeWindowList": [],
        "installTimeWindowList": [],
    }


# -- devices


@pytest.mark.parametrize("key", ["resultReason", "Reason", "reason"])
def test_three_spellings_of_a_reason(key: str) -> None:
    row = {"deviceId": "990013907835573", "status": "DeviceRejected", key: "wrong model"}
    assert read_campaign_devices([row])[0].reason == "wrong model"
    assert read_device_changes({"deviceList": [row]})[0].reason == "wrong model"


@pytest.mark.parametrize("key", ["Reason", "reason"])
@pytest.mark.parametrize("time_key", ["VersionUpdateTime", "firmwareVersionUpdateTime"])
@pytest.mark.parametrize("list_key", ["deviceFirmwarVersionList", "deviceFirmwareVersionList"])
def test_spellings_of_a_synchronize_reply(key: str, time_key: str, list_key: str) -> None:
    row = {"deviceId": "1", "status": "FirmwareVersionUpdateFailed", key: "busy", time_key: "now"}
    result = read_sync_results({list_key: [row]})[0]
    assert (result.reason, result.updated, result.succeeded) == ("busy", "now", False)


def test_device_ids_sent_as_numbers_are_text() -> None:
    row = {"deviceId": 990013907835573, "status": "UpgradePending"}
    assert read_campaign_devices([row])[0].device_id == "990013907835573"
    assert read_devices([row])[0].device_id == "990013907835573"


def test_a_v2_device_change_answers_with_a_receipt_only() -> None:
    reply = {"accountName": "0000123456-00001", "campaignId": "c-1", "requestId": "r-1"}
    assert read_device_changes(reply) == []
    assert read_request_id(reply) == "r-1"


def test_a_catalog_that_is_no_list_is_no_empty_one() -> None:
    """An empty body would otherwise say that there is nothing to upgrade to."""
    with pytest.raises(MalformedReply, match="v3ListFirmware: expected a JSON list, got nothing"):
        read_packages(None, "v3ListFirmware")


def test_a_package_that_is_listed_twice_is_one() -> None:
    row = {"firmwareName": "a-b", "firmwareFrom": "a", "firmwareTo": "b"}
    assert len(read_packages([row, dict(row)], "v3ListFirmware")) == 1


def test_null_lists_are_empty() -> None:
    assert read_device_changes({"deviceList": None}) == []
    assert read_sync_results({"deviceFirmwarVersionList": None}) == []
    assert read_packages([], "v3ListFirmware") == []
    assert read_history(None) == []
    assert read_upgrade({"id": "u-1", "deviceList": None}).devices == ()
    assert read_devices([{"deviceId": "1", "softwareList": None}])[0].software == ()


def test_a_device_of_each_version() -> None:
    v1, v2, v3 = read_devices(
        [
            {"deviceId": "1", "firmware": "A", "fotaEligible": True, "licenseAssigned": False},
            {
                "deviceId": "2",
                "distributionType": "HTTP",
                "softwareList": [{"name": "s", "version": "2", "upgradeTime": "01/01/1900 0:0:0"}],
            },
            {
                "deviceId": "3",
                "protocol": "LWM2M",
                "requestStatus": "Failure",
                "resultReason": "not found",
                "refreshTime": "2021-06-03 00:03:56.079 +0000 UTC",
            },
        ]
    )
    assert (v1.firmware, v1.fota_eligible, v1.license_assigned) == ("A", True, False)
    assert v1.found
    assert v2.protocol == "HTTP"
    assert v2.software == (InstalledSoftware("s", "2", "01/01/1900 0:0:0"),)
    assert (v3.protocol, v3.refreshed) == ("LWM2M", "2021-06-03 00:03:56.079 +0000 UTC")
    assert (v3.found, v3.reason) == (False, "not found")


@pytest.mark.parametrize("key", ["campaignId", "id"])
def test_both_keys_of_a_history(key: str) -> None:
    row = {"deviceId": "1", key: "c-1", "softwareName": "s", "upgradeStartTime": "then"}
    item = read_history([row])[0]
    assert (item.campaign_id, item.package, item.updated) == ("c-1", "s", "then")


@pytest.mark.parametrize(
    ("listed", "requested"),
    [("LWM2M", "LWM2M"), ("OMD-DM", "OMA"), ("OMADM", "OMA"), ("OMDADM", "OMA"), ("HTTP", "HTTP")],
)
def test_a_package_in_the_words_of_a_request(listed: str, requested: str) -> None:
    assert Package("n", "make", "model", protocol=listed).request_protocol == requested


@pytest.mark.parametrize(
    ("reply", "expected"),
    [({"success": True}, True), ({"success": False}, False), ({}, None), (None, None)],
)
def test_success_of_a_cancel(reply: object, expected: bool | None) -> None:  # noqa: FBT001
    assert read_success(reply) is expected


# -- licenses


@pytest.mark.parametrize(
    ("types", "needs"),
    [
        ("TS-HFOTA-MRC", True),
        ("TS-HFOTA-EVNT", False),
        ("TS-HFOTA-MRC, TS-HFOTA-EVNT", False),
        ("TS-HFOTA-EVNT,TS-HFOTA-MRC", False),
        ("", False),
    ],
)
def test_only_a_pure_monthly_pool_needs_licenses(types: str, needs: bool) -> None:  # noqa: FBT001
    subscription = read_subscription({"purchaseType": types, "licenseCount": "500"})
    assert subscription.needs_licenses is needs
    assert (subscription.license_count, subscription.license_used_count) == (500, 0)


@pytest.mark.parametrize("key", ["totalLicenses", "totalLicense"])
def test_both_keys_of_the_license_total(key: str) -> None:
    assert read_license_totals({key: 5, "assignedLicenses": "2"}) == LicenseTotals(5, 2)
    assert read_license_totals({}) == LicenseTotals(None, None)


def test_licensed_devices() -> None:
    row = {"deviceId": "990013907835573", "assignmentTime": "2021-06-03"}
    assert read_licensed_devices([row]) == [LicensedDevice("990013907835573", "2021-06-03")]


# -- whatever a server may send

KEYS = st.sampled_from(
    [
        *("id", "campaignId", "campaignName", "status", "deviceId", "deviceList", "softwareList"),
        *("startDate", "endDate", "downloadAfterDate", "campaignTimeWindowList", "timeWindowList"),
        *("downloadTimeWindowList", "installTimeWindowList", "startTime", "endTime", "success"),
        *("autoAssignLicenseFlag", "deviceFirmwarVersionList", "Reason", "resultReason", "name"),
        *("purchaseType", "licenseCount", "totalLicenses", "requestStatus", "protocol", "other"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["2021-06-03", "CampaignEnded", "0001-01-01 00:00:00 +0000 UTC", "7"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=6)


def _rows(read: Callable[[list[dict[str, object]]], object]) -> Callable[[object], object]:
    return lambda value: read([value] if isinstance(value, dict) else [])


READERS: tuple[Callable[[object], object], ...] = (
    lambda value: read_campaign(value, CampaignType.FIRMWARE),
    read_upgrade,
    read_device_changes,
    _rows(read_campaign_devices),
    _rows(read_devices),
    _rows(read_licensed_devices),
    read_history,
    lambda value: read_packages(value, "firmware"),
    read_sync_results,
    read_request_id,
    read_success,
    read_subscription,
    read_listener,
    read_registration,
    read_logging_devices,
    read_device_logs,
    read_check_ins,
    read_files,
    read_uploaded,
    lambda value: read_candidate_page(value, first=0),
    lambda value: read_license_totals(as_row(value, "licenses")),
    lambda value: read_windows(value, "windows"),
)


@settings(max_examples=150)
@given(JSON | OBJECTS | st.lists(OBJECTS, max_size=3))
def test_every_reader_reads_any_json_or_says_what_is_malformed(value: object) -> None:
    for read in READERS:
        try:
            read(value)
        except MalformedReply as error:
            assert "expected a JSON" in str(error)
