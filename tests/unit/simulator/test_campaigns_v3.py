# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""v3 campaigns over the wire: life, devices, dates, windows, end, pilot rule, licences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.unit.simulator.desk import (
    ACCOUNT,
    MONTHLY,
    PACKAGE,
    Desk,
    fleet,
    imei,
)

DeskFactory = Callable[..., Desk]


def test_a_campaign_lives_its_documented_life(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create()
    seen = [(one.status(campaign), one.words(campaign))]
    for hours in (0.2, 2, 2, 20, 48):
        one.sim.advance(hours=hours)
        seen.append((one.status(campaign), one.words(campaign)))
    assert seen == [
        ("CampaignRequestPending", []),
        ("CampaignRequestQueued", ["NoDeviceDataFromNetwork"]),
        ("CampaignPreScheduled", ["ReceivedDeviceDataFromNetwork"]),
        ("CampaignScheduled", ["UpgradePending"]),
        ("CampaignScheduled", ["UpgradeScheduled"]),
        ("CampaignEnded", ["UpgradeSuccess"]),
    ]
    assert one.device(1)["firmware"] == "B"
    assert one.device(6)["firmware"] == "A"


def test_attempts_keep_to_the_windows(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(20)
    one.sim.set_now("2026-03-05T23:00:00Z")
    attempts = [row["recentAttemptTime"] for row in one.rows(campaign).values()]
    assert len(attempts) == 20
    assert {18 <= int(text[11:13]) < 22 for text in attempts} == {True}
    assert {text[:10] for text in attempts} <= {"2026-03-03", "2026-03-04", "2026-03-05"}


def test_a_campaign_with_one_open_hour_reaches_everybody(desk: DeskFactory) -> None:
    one = desk()
    window = [{"startTime": 23, "endTime": 24}]
    campaign = one.create(20, endDate="2026-03-03", campaignTimeWindowList=window)
    one.sim.set_now("2026-03-04T00:00:00Z")
    assert one.status(campaign) == "CampaignEnded"
    assert one.words(campaign) == ["UpgradeSuccess"]


def test_one_jump_ends_where_small_steps_end(desk: DeskFactory) -> None:
    """The full property is in ``test_virtual_time``; this is its reading in the wire's words."""
    jump, steps = desk(), desk()
    campaign = jump.create()
    assert steps.create() == campaign
    jump.sim.advance(hours=96)
    for _hour in range(96):
        steps.sim.advance(hours=1)
    assert jump.rows(campaign) == steps.rows(campaign)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deviceList": []}, "Device list is empty"),
        ({"deviceList": ["15-digit IMEI"]}, "Invalid device id format"),
        ({"deviceList": "990000000000001"}, "Input binding error"),
        ({"firmwareName": "nothing"}, "Invalid firmwareName"),
        ({"firmwareFrom": "Z"}, "Invalid firmware version"),
        ({"protocol": "GSM"}, "Invalid protocol"),
        ({"startDate": "2026-03-01"}, "Invalid startDate"),
        ({"startDate": "2026-3-3"}, "Invalid startDate"),
        ({"startDate": "2026-03-06"}, "endDate is before startDate"),
        ({"endDate": None}, "Invalid endDate"),
        ({"campaignName": 7}, "Input binding error"),
        ({"autoAddDevicesFlag": "yes"}, "Input binding error"),
        ({"campaignTimeWindowList": [{"startTime": 22, "endTime": 18}]}, "Invalid time window"),
        ({"campaignTimeWindowList": [{"startTime": 0, "endTime": 25}]}, "Invalid time window"),
        ({"campaignTimeWindowList": [{"startTime": True, "endTime": 2}]}, "Invalid startTime"),
        ({"campaignTimeWindowList": [{"startTime": "18", "endTime": 22}]}, "Invalid startTime"),
    ],
)
def test_a_bad_request_is_refused_in_the_services_words(
    desk: DeskFactory, changes: dict[str, Any], message: str
) -> None:
    one = desk()
    path = f"v3/campaigns/firmware/{ACCOUNT}"
    assert one.refused("POST", path, one.v3_body(**changes)) == message
    assert one.sim.campaigns() == []


def test_keys_are_read_without_regard_to_case(desk: DeskFactory) -> None:
    one = desk()
    body = {key.upper(): value for key, value in one.v3_body().items()}
    assert one.raw("POST", f"v3/campaigns/firmware/{ACCOUNT}", body).status == 200


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ({"eligible": False}, "Device is not FOTA capable"),
        ({"status": "Suspended"}, "Device is inactive"),
        ({"firmware": "Z"}, "Device does not have the prerequisite version"),
        ({"reported_firmware": "Z"}, "Device does not have the prerequisite version"),
        ({"model": "M2"}, "Device make or model does not match"),
        ({"protocol": "OMADM"}, "Device protocol does not match"),
    ],
)
def test_devices_are_refused_one_by_one(
    desk: DeskFactory, device: dict[str, Any], reason: str
) -> None:
    data = fleet()
    data["accounts"][0]["devices"][0].update(device)
    one = desk(data)
    campaign = one.create(2)
    one.sim.advance(hours=1)
    rows = one.rows(campaign)
    assert (rows[imei(1)]["status"], rows[imei(1)]["resultReason"]) == ("DeviceRejected", reason)
    assert rows[imei(2)]["status"] == "NoDeviceDataFromNetwork"
    assert one.status(campaign) == "CampaignRequestQueued"


def test_a_campaign_without_a_fit_device_fails(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(deviceList=["990000000009999"])
    one.sim.advance(hours=1)
    assert one.status(campaign) == "CampaignRequestFailed"
    assert one.rows(campaign)["990000000009999"]["resultReason"] == "Device not found"
    assert one.reported("CampaignRequestFailed") == [campaign]


def test_a_device_in_a_live_campaign_is_busy(desk: DeskFactory) -> None:
    one = desk()
    first, second = one.create(3), one.create(4)
    one.sim.advance(hours=1)
    rows = one.rows(second)
    reasons = {rows[imei(number)]["resultReason"] for number in (1, 2, 3)}
    assert reasons == {"Device is busy in another upgrade"}
    assert rows[imei(4)]["status"] == "NoDeviceDataFromNetwork"
    one.ok("DELETE", f"v3/campaigns/{ACCOUNT}/{first}")
    third = one.create(3)
    one.sim.advance(hours=1)
    assert one.words(third) == ["NoDeviceDataFromNetwork"]


# -- pilot rule -----------------------------------------------------------------------------------


def test_twenty_one_devices_need_a_pilot(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(21)
    one.sim.advance(hours=1)
    assert one.status(campaign) == "CampaignRequestFailed"
    assert {row["held_by"] for row in one.sim.devices()} == {None}
    pilot = one.create(5)
    one.sim.advance(hours=96)
    assert one.status(pilot) == "CampaignEnded"
    days = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    rest = one.create(deviceList=[imei(number) for number in range(6, 31)], **days)
    one.sim.advance(hours=1)
    assert one.status(rest) == "CampaignRequestQueued"


def test_a_failed_pilot_proves_nothing(desk: DeskFactory) -> None:
    one = desk(fleet(success_rate=0.0))
    one.create(8)
    one.sim.advance(hours=96)
    days = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    campaign = one.create(21, **days)
    one.sim.advance(hours=1)
    assert one.status(campaign) == "CampaignRequestFailed"


def test_adding_past_twenty_is_refused_per_device(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(19)
    words = [row["status"] for row in one.change(campaign, "append", 20, 21)]
    assert words == ["AddDeviceSucceed", "AddDeviceFailed"]


# -- device changes -------------------------------------------------------------------------------


def test_devices_are_added_and_removed_until_scheduled(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(3)
    for hours in (0, 1, 2):
        one.sim.advance(hours=hours)
        assert [row["status"] for row in one.change(campaign, "append", 4)] == ["AddDeviceSucceed"]
        assert [row["status"] for row in one.change(campaign, "remove", 4)] == [
            "RemoveDeviceSucceed"
        ]
    one.sim.advance(hours=3)
    assert one.status(campaign) == "CampaignScheduled"
    message = one.refused(
        "PUT",
        f"v3/campaigns/firmware/{ACCOUNT}/{campaign}",
        {"Type": "append", "deviceList": [imei(4)]},
    )
    assert "CampaignScheduled" in message


def test_changes_that_change_nothing_fail_by_default(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(2)
    rows = one.change(campaign, "append", 1) + one.change(campaign, "remove", 9)
    assert [row["status"] for row in rows] == ["AddDeviceFailed", "RemoveDeviceFailed"]


def test_an_added_device_is_upgraded_and_a_removed_one_is_not(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(3)
    one.sim.advance(hours=1)
    one.change(campaign, "append", 7)
    one.change(campaign, "remove", 1)
    one.sim.advance(hours=96)
    assert [one.device(number)["firmware"] for number in (1, 2, 7)] == ["A", "B", "B"]


def test_a_campaign_emptied_before_its_start_ends_at_it(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(2)
    one.sim.advance(hours=1)
    one.change(campaign, "remove", 1, 2)
    one.sim.advance(hours=24)
    assert one.status(campaign) == "CampaignEnded"


# -- dates ----------------------------------------------------------------------------------------


def _dates(one: Desk, campaign: str, **body: Any) -> Any:
    return one.raw("PUT", f"v3/campaigns/firmware/{ACCOUNT}/{campaign}/dates", body)


def test_before_the_start_dates_and_windows_move(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create()
    one.sim.advance(hours=6)
    window = [{"startTime": 2, "endTime": 4}]
    answer = _dates(
        one,
        campaign,
        startDate="2026-03-10",
        endDate="2026-03-12",
        campaignTimeWindowList=window,
    )
    assert answer.json["campaignTimeWindowList"] == window
    one.sim.set_now("2026-03-09T12:00:00Z")
    assert one.device(1)["firmware"] == "A"
    one.sim.set_now("2026-03-13T00:00:00Z")
    assert one.status(campaign) == "CampaignEnded"
    attempts = [row["recentAttemptTime"] for row in one.rows(campaign).values()]
    assert {2 <= int(text[11:13]) < 4 for text in attempts} == {True}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"startDate": "2026-03-04", "endDate": "2026-03-06"}, "startDate cannot be changed"),
        ({"startDate": "2026-03-03", "endDate": "2026-03-03"}, "at least 24 hours"),
        (
            {"startDate": "2026-03-03", "endDate": "2026-03-06", "campaignTimeWindowList": []},
            "windows cannot be changed",
        ),
    ],
)
def test_after_the_start_only_the_end_moves(
    desk: DeskFactory, body: dict[str, Any], message: str
) -> None:
    one = desk(fleet(unreached_rate=1.0))
    campaign = one.create()
    one.sim.set_now("2026-03-03T10:00:00Z")
    answer = _dates(one, campaign, **body)
    assert answer.status == 400
    assert message in answer.json["errorMessage"]
    answer = _dates(one, campaign, startDate="2026-03-03", endDate="2026-03-04")
    assert (answer.status, answer.json["endDate"]) == (200, "2026-03-04")
    one.sim.set_now("2026-03-05T00:00:00Z")
    assert one.status(campaign) == "CampaignEnded"


def test_an_ended_campaign_cannot_be_changed(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create()
    one.sim.advance(hours=120)
    answer = _dates(one, campaign, startDate="2026-03-03", endDate="2026-03-09")
    assert (answer.status, answer.json["errorMessage"]) == (400, "Campaign is CampaignEnded")


# -- end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 1, 3, 6])
def test_before_the_start_a_delete_cancels(desk: DeskFactory, hours: float) -> None:
    one = desk()
    campaign = one.create()
    one.sim.advance(hours=hours)
    assert one.ok("DELETE", f"v3/campaigns/{ACCOUNT}/{campaign}") == {"success": True}
    assert one.reported("CampaignCancelled") == [campaign]
    one.sim.advance(hours=200)
    assert one.device(1)["firmware"] == "A"
    assert one.status(campaign) == "CampaignCancelled"


def test_after_the_start_a_delete_is_refused_and_all_goes_on(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create()
    one.sim.set_now("2026-03-03T01:00:00Z")
    assert "already started" in one.refused("DELETE", f"v3/campaigns/{ACCOUNT}/{campaign}")
    one.sim.advance(hours=96)
    assert one.words(campaign) == ["UpgradeSuccess"]


@pytest.mark.parametrize(
    ("campaign", "message"),
    [
        ("campaignId0", "Invalid uuid"),
        ("f858b8c4-2153-11ec-8c44-aeb16d1aa652", "Campaign not found"),
    ],
)
def test_unknown_ids(desk: DeskFactory, campaign: str, message: str) -> None:
    one = desk()
    for method in ("GET", "DELETE"):
        assert one.refused(method, f"v3/campaigns/{ACCOUNT}/{campaign}") == message


# -- outcomes -------------------------------------------------------------------------------------


def test_each_fate_in_the_words_of_the_report(desk: DeskFactory) -> None:
    data = fleet()
    fates = ("success", "failed", "silent", "unreached", "revert")
    data["outcomes"]["devices"] = {imei(n): fate for n, fate in enumerate(fates, start=1)}
    one = desk(data)
    campaign = one.create()
    one.sim.set_now("2026-03-06T12:00:00Z")
    rows = one.rows(campaign)
    assert [rows[imei(number)]["status"] for number in range(1, 6)] == [
        "UpgradeSuccess",
        "UpgradeFailed",
        "UpgradeScheduled",
        "NoDeviceDataFromNetwork",
        "UpgradeSuccess",
    ]
    assert ["recentAttemptTime" in rows[imei(n)] for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert not any("nextAttemptTime" in row for row in rows.values())
    assert "no retry available" in rows[imei(4)]["resultReason"]
    # A device that fell back is remembered with the new version until somebody asks.
    assert one.device(5)["firmware"] == "B"
    one.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", {"deviceList": [imei(5)]})
    assert one.device(5)["firmware"] == "A"


def test_a_silent_device_answers_nobody_any_more(desk: DeskFactory) -> None:
    data = fleet()
    data["outcomes"]["packages"] = {PACKAGE["firmwareName"]: {"silent_rate": 1.0}}
    again = {**PACKAGE, "firmwareName": "again", "firmwareTo": "C"}
    data["accounts"][0]["firmware"].append(again)
    one = desk(data)
    one.create(1)
    one.sim.advance(hours=96)
    before = one.device(1)["refreshTime"]
    one.ok("PUT", f"v3/firmware/{ACCOUNT}/async/{imei(1)}")
    one.sim.advance(hours=1)
    assert one.device(1)["refreshTime"] == before
    days = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    campaign = one.create(1, firmwareName="again", firmwareTo="C", **days)
    one.sim.set_now("2026-03-10T00:00:00Z")
    assert one.status(campaign) == "CampaignEnded"
    assert "UpgradeSuccess" not in one.words(campaign)


def test_a_failed_attempt_is_tried_again(desk: DeskFactory) -> None:
    one = desk(fleet(success_rate=0.0, retry_rate=1.0, max_attempts=2, retry_hours=20))
    campaign = one.create(1, startDate="2026-03-03", endDate="2026-03-09")
    one.sim.set_now("2026-03-04T00:00:00Z")
    row = one.rows(campaign)[imei(1)]
    while "recentAttemptTime" not in row:
        one.sim.advance(hours=1)
        row = one.rows(campaign)[imei(1)]
    one.sim.advance(hours=1)
    row = one.rows(campaign)[imei(1)]
    assert row["status"] == "RequestToFotaServerFailed"
    assert row["nextAttemptTime"] > row["recentAttemptTime"]
    one.sim.advance(hours=72)
    assert one.rows(campaign)[imei(1)]["status"] == "UpgradeFailed"
    assert one.sim.campaigns()[0]["devices"][imei(1)]["attempts"] == 2


def test_the_device_history_tells_its_campaigns(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(1)
    one.sim.advance(hours=96)
    (row,) = one.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}")
    assert (row["campaignId"], row["status"], row["firmwareTo"]) == (
        campaign,
        "UpgradeSuccess",
        "B",
    )
    assert one.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(9)}") == []


def test_auto_add_takes_what_fits(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(1, autoAddDevicesFlag=True)
    one.sim.advance(hours=1)
    assert len(one.rows(campaign)) == 20


# -- device facts ---------------------------------------------------------------------------------


def test_sync_tells_what_runs_and_takes_a_hundred(desk: DeskFactory) -> None:
    data = fleet()
    data["accounts"][0]["devices"][0]["reported_firmware"] = "old"
    one = desk(data)
    assert one.device(1)["firmware"] == "old"
    one.sim.advance(hours=1)
    body = {"deviceList": [imei(1), "990000000009999"]}
    rows = one.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", body)["deviceFirmwarVersionList"]
    assert [(row["status"], row["firmwareVersion"]) for row in rows] == [
        ("FirmwareVersionUpdateSuccess", "A"),
        ("FirmwareVersionUpdateFailed", ""),
    ]
    assert one.device(1)["firmware"] == "A"
    assert one.device(1)["refreshTime"] == "2026-03-02 01:00:00.000 +0000 UTC"
    too_many = {"deviceList": [imei(number) for number in range(1, 102)]}
    message = one.refused("PUT", f"v3/firmware/{ACCOUNT}/devices", too_many)
    assert message == "Device list exceeds 100 devices"


def test_a_report_comes_later(desk: DeskFactory) -> None:
    data = fleet()
    data["accounts"][0]["devices"][0]["reported_firmware"] = "old"
    one = desk(data)
    answer = one.ok("PUT", f"v3/firmware/{ACCOUNT}/async/{imei(1)}")
    assert answer["requestId"]
    assert one.device(1)["firmware"] == "old"
    one.sim.advance(hours=0.5)
    assert one.device(1)["firmware"] == "A"
    assert one.refused("PUT", f"v3/firmware/{ACCOUNT}/async/990000000009999") == "Device not found"
    assert one.refused("PUT", f"v3/firmware/{ACCOUNT}/async/x") == "Invalid device id format"


def test_device_pages_join_up(desk: DeskFactory) -> None:
    data = fleet()
    data["accounts"][0]["generate"] = [{"count": 2500, "make": "Maker", "model": "Z"}]
    one = desk(data)
    seen: list[str] = []
    cursor, sizes = "", []
    while True:
        page = one.ok("GET", f"v3/devices/{ACCOUNT}?protocol=LWM2M&lastSeenDeviceId={cursor}")
        sizes.append(len(page["deviceList"]))
        seen += [row["deviceId"] for row in page["deviceList"]]
        if not page["hasMoreData"]:
            break
        cursor = page["lastSeenDeviceId"]
    assert sizes == [1000, 1000, 530]
    assert seen == sorted(set(seen))
    assert one.refused("GET", f"v3/devices/{ACCOUNT}?lastSeenDeviceId=abc") == (
        "LastSeenDeviceId Not Valid"
    )


def test_reports_by_status_page_and_know_their_words(desk: DeskFactory) -> None:
    one = desk()
    path = f"v3/reports/{ACCOUNT}/firmware/campaigns"
    assert one.ok("GET", f"{path}?campaignStatus=CampaignEnded")["campaignList"] is None
    for status in ("", "Ended", "CampaignPreScheduled"):
        assert one.refused("GET", f"{path}?campaignStatus={status}") == "Invalid campaignStatus"
    ids = [one.create(1) for _campaign in range(3)]
    page = one.ok("GET", f"{path}?campaignStatus=CampaignRequestPending")
    assert [row["id"] for row in page["campaignList"]] == sorted(ids)
    after = min(ids)
    query = f"campaignStatus=CampaignRequestPending&lastSeenCampaignId={after}"
    page = one.ok("GET", f"{path}?{query}")
    assert [row["id"] for row in page["campaignList"]] == sorted(ids)[1:]


# -- licences -------------------------------------------------------------------------------------


def test_a_monthly_account_needs_a_licence_first(desk: DeskFactory) -> None:
    one = desk()
    devices = [imei(31), imei(32)]
    campaign = one.create(account=MONTHLY, deviceList=devices)
    one.sim.advance(hours=1)
    rows = one.rows(campaign, account=MONTHLY)
    assert rows[imei(31)]["status"] == "NoDeviceDataFromNetwork"
    assert rows[imei(32)]["resultReason"] == "Device has no license"


def test_auto_assign_takes_what_is_free(desk: DeskFactory) -> None:
    one = desk()
    devices = [imei(number) for number in range(31, 36)]
    campaign = one.create(account=MONTHLY, deviceList=devices, autoAssignLicenseFlag=True)
    one.sim.advance(hours=1)
    rows = one.rows(campaign, account=MONTHLY)
    assert [rows[one_imei]["status"] for one_imei in devices] == [
        *["NoDeviceDataFromNetwork"] * 2,
        *["DeviceRejected"] * 3,
    ]
    assert one.ok("GET", f"v3/subscriptions/{MONTHLY}")["licenseUsedCount"] == 2


def test_licences_are_assigned_listed_and_removed(desk: DeskFactory) -> None:
    one = desk()
    path = f"v3/licenses/{MONTHLY}"
    body = {"deviceList": [imei(31), imei(32), imei(33), "990000000009999"]}
    result = one.ok("POST", f"{path}/assign", body)
    assert [(row["status"], row["Reason"]) for row in result["deviceList"]] == [
        ("LicenseAssignFailed", "Device license preexisting"),
        ("LicenseAssignSuccess", ""),
        ("LicenseAssignFailed", "No license available"),
        ("LicenseAssignFailed", "Device not found"),
    ]
    summary = one.ok("GET", path)
    assert [row["deviceId"] for row in summary["deviceList"]] == [imei(31), imei(32)]
    assert summary == one.ok("GET", f"{path}/index/0")
    result = one.ok("POST", f"{path}/remove", {"deviceList": [imei(32), imei(33)]})
    assert [row["status"] for row in result["deviceList"]] == [
        "LicenseRemoveSuccess",
        "LicenseRemoveFailed",
    ]
    assert result["licUsedCount"] == 1


def test_a_used_licence_stays(desk: DeskFactory) -> None:
    one = desk()
    one.create(account=MONTHLY, deviceList=[imei(31)])
    one.sim.advance(hours=96)
    result = one.ok("POST", f"v3/licenses/{MONTHLY}/remove", {"deviceList": [imei(31)]})
    assert result["deviceList"][0]["Reason"] == "License is in use"


def test_removing_a_licence_drops_the_device_from_a_waiting_campaign(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create(account=MONTHLY, deviceList=[imei(31)])
    one.sim.advance(hours=1)
    one.ok("POST", f"v3/licenses/{MONTHLY}/remove", {"deviceList": [imei(31)]})
    assert one.rows(campaign, account=MONTHLY)[imei(31)]["status"] == "DeviceRejected"
    one.sim.advance(hours=96)
    assert one.status(campaign, account=MONTHLY) == "CampaignEnded"
    truth = {row["deviceId"]: row["firmware"] for row in one.sim.devices()}
    assert truth[imei(31)] == "A"


def test_the_firmware_list_hides_what_is_not_listed(desk: DeskFactory) -> None:
    data = fleet()
    hidden = {**PACKAGE, "firmwareName": "hidden", "firmwareTo": "C", "listed": False}
    data["accounts"][0]["firmware"].append(hidden)
    one = desk(data)
    names = [row["firmwareName"] for row in one.ok("GET", f"v3/firmware/{ACCOUNT}?protocol=all")]
    assert names == [PACKAGE["firmwareName"]]
    assert one.ok("GET", f"v3/firmware/{ACCOUNT}?protocol=OMD-DM") == []
    assert one.create(1, firmwareName="hidden", firmwareTo="C")
