# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every switch changes what a client sees: one probe per switch, run at every choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.switches import (
    TABLE,
    Switches,
    describe,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    MONTHLY,
    ApiClient,
    ClientFactory,
    fleet,
    imei,
)

CREATE = f"v3/campaigns/firmware/{ACCOUNT}"


def _campaign_names(client: ApiClient) -> Any:
    client.create(1)
    return client.raw("POST", CREATE, client.v3_body(2)).status


def _prescheduled(client: ApiClient) -> Any:
    client.create(startDate="2026-03-10", endDate="2026-03-11")
    client.sim.advance(hours=3)
    path = f"v3/reports/{ACCOUNT}/firmware/campaigns?campaignStatus="
    words = ("CampaignPreScheduled", "CampaignScheduled", "CampaignRequestQueued")
    answers = [client.raw("GET", path + word) for word in words]
    return [len(a.json["campaignList"] or []) if a.status == 200 else a.status for a in answers]


def _v3_paths(client: ApiClient) -> Any:
    query = "campaignStatus=CampaignEnded"
    paths = (
        f"v3/reports/{ACCOUNT}/firmware/campaigns?{query}",
        f"v3/reports/{ACCOUNT}/campaigns?{query}",
        f"v3/licenses/{ACCOUNT}",
        f"v3/licenses/{ACCOUNT}/index/0",
    )
    return [client.raw("GET", path).status for path in paths]


def _device_change_body(client: ApiClient) -> Any:
    path = f"v3/campaigns/firmware/{ACCOUNT}/{client.create(1)}"
    bodies: list[dict[str, Any]] = [
        {"Type": "append", "deviceList": [imei(2)]},
        {"addOrRemoveDevice": [{"type": "append", "deviceList": [imei(3)]}]},
    ]
    return [client.raw("PUT", path, body).status for body in bodies]


def _delete_started_v3(client: ApiClient) -> Any:
    campaign = client.create()
    client.sim.advance(hours=25)
    status = client.raw("DELETE", f"v3/campaigns/{ACCOUNT}/{campaign}").status
    return status, client.status(campaign)


def _delete_started_v2(client: ApiClient) -> Any:
    campaign = client.create_v2()
    client.sim.advance(hours=25)
    status = client.raw("DELETE", f"v2/campaigns/{ACCOUNT}/{campaign}").status
    return status, client.status(campaign, api="v2")


def _delete_twice(client: ApiClient) -> Any:
    campaign = client.create()
    path = f"v3/campaigns/{ACCOUNT}/{campaign}"
    client.ok("DELETE", path)
    answer = client.raw("DELETE", path)
    return answer.status, answer.json.get("success")


def _window_zone(client: ApiClient) -> Any:
    campaign = client.create(campaignTimeWindowList=[{"startTime": 2, "endTime": 3}])
    client.sim.advance(hours=96)
    return {row["recentAttemptTime"][11:13] for row in client.rows(campaign).values()}


def _start_date(client: ApiClient) -> Any:
    days = ("2026-03-01", "2026-03-02", "2026-03-03")
    return [client.raw("POST", CREATE, client.v3_body(startDate=day)).status for day in days]


def _overlapping_windows(client: ApiClient) -> Any:
    windows = [{"startTime": 1, "endTime": 3}, {"startTime": 2, "endTime": 4}]
    return client.raw("POST", CREATE, client.v3_body(campaignTimeWindowList=windows)).status


def _max_campaign_days(client: ApiClient) -> Any:
    ends = ("2026-04-02", "2026-04-03")
    return [client.raw("POST", CREATE, client.v3_body(endDate=day)).status for day in ends]


def _max_devices_per_call(client: ApiClient) -> Any:
    def many(count: int) -> list[str]:
        return [imei(number) for number in range(count)]

    counts = (100, 101, 1001)
    return [client.raw("POST", CREATE, client.v3_body(deviceList=many(n))).status for n in counts]


def _repeated_device_change(client: ApiClient) -> Any:
    campaign = client.create(1)
    return [client.change(campaign, *args)[0]["status"] for args in (("append", 1), ("remove", 2))]


def _remove_words(client: ApiClient) -> Any:
    return client.change(client.create(1), "remove", 1)


def _removed_devices(client: ApiClient) -> Any:
    campaign = client.create(2, startDate="2026-03-10", endDate="2026-03-11")
    client.sim.advance(hours=1)
    client.change(campaign, "remove", 1)
    counts = [len(client.rows(campaign))]
    client.sim.advance(hours=25)
    return [*counts, len(client.rows(campaign))]


def _report_while_pending(client: ApiClient) -> Any:
    return len(client.rows(client.create(3)))


def _omitted_windows(client: ApiClient) -> Any:
    path = f"{CREATE}/{client.create()}/dates"
    body = {"startDate": "2026-03-04", "endDate": "2026-03-05"}
    return client.ok("PUT", path, body)["campaignTimeWindowList"]


def _window_order(client: ApiClient) -> Any:
    windows = [{"startTime": 3, "endTime": 4}, {"startTime": 1, "endTime": 3}]
    body = client.v3_body(campaignTimeWindowList=windows)
    return client.ok("POST", CREATE, body)["campaignTimeWindowList"]


def _campaign_keys(client: ApiClient) -> Any:
    return sorted(client.ok("GET", f"v3/campaigns/{ACCOUNT}/{client.create()}"))


def _expired_session(client: ApiClient) -> Any:
    client.sim.expire("session")
    answer = client.raw("GET", f"v3/devices/{ACCOUNT}")
    return answer.status, answer.json.get("errorCode"), answer.json.get("error")


def _v1_cancelled_upgrade(client: ApiClient) -> Any:
    path = f"v1/upgrades/{ACCOUNT}/upgrade/{client.create_v1()}"
    client.ok("DELETE", path)
    return client.raw("GET", path).status


def _campaign_cursor(client: ApiClient) -> Any:
    created = [client.create(1) for _campaign in range(6)]
    return client.reported("CampaignRequestPending") == created


def _device_cursor(client: ApiClient) -> Any:
    path = f"v3/devices/{ACCOUNT}"
    whole = client.ok("GET", path)
    every = [row["deviceId"] for row in whole["deviceList"]]
    behind = client.raw("GET", f"{path}?lastSeenDeviceId={imei(5)}")
    rows = [row["deviceId"] for row in behind.json.get("deviceList", [])]
    larger = [row for row in every if row > imei(5)]
    what = {str(larger): "larger", str(every): "all"}.get(str(rows), "other")
    return (
        what if behind.status == 200 else behind.status,
        whole["lastSeenDeviceId"] == every[-1],
        every == sorted(every),
    )


def _gzip(client: ApiClient) -> Any:
    headers = {**client.wire.tokens(), "Accept-Encoding": "gzip"}
    answer = client.wire.send("GET", f"/fota/v3/devices/{ACCOUNT}", headers=headers)
    return answer.status, answer.headers.get("content-encoding")


def _unknown_devices(client: ApiClient) -> Any:
    body = {"deviceList": ["990000000009999"]}
    sync = client.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", body)["deviceFirmwarVersionList"]
    return len(sync), client.ok("POST", f"v3/devices/{ACCOUNT}", body)["deviceCount"]


def _campaign_history(client: ApiClient) -> Any:
    client.create()
    client.sim.advance(hours=24 * 200)
    return len(client.reported("CampaignEnded"))


def _unlicensed_devices(client: ApiClient) -> Any:
    campaign = client.create(account=MONTHLY, deviceList=[imei(31), imei(32)])
    client.sim.advance(hours=1)
    return client.status(campaign, account=MONTHLY)


def _scheduled_entry(client: ApiClient) -> Any:
    campaign = client.create()
    client.sim.advance(hours=23)
    return client.status(campaign)


def _pilot_rule(client: ApiClient) -> Any:
    answer = client.raw("POST", CREATE, client.v3_body(21))
    if answer.status != 200:
        return answer.status
    client.sim.advance(hours=1)
    return client.status(answer.json["id"])


def _pilot_evidence(client: ApiClient) -> Any:
    for numbers in ((1, 2, 3), (4, 5, 6)):
        client.create(deviceList=[imei(number) for number in numbers])
    client.sim.advance(hours=96)
    devices = [imei(number) for number in range(7, 31)]
    campaign = client.create(
        deviceList=[*devices, imei(91)], startDate="2026-03-07", endDate="2026-03-09"
    )
    client.sim.advance(hours=1)
    return client.status(campaign)


def _unknown_package(client: ApiClient) -> Any:
    answer = client.raw("POST", CREATE, client.v3_body(firmwareName="x"))
    if answer.status != 200:
        return answer.status
    client.sim.advance(hours=1)
    return client.status(answer.json["id"])


def _rejected_word(client: ApiClient) -> Any:
    campaign = client.create(deviceList=[imei(1), "990000000009999"])
    client.sim.advance(hours=1)
    return client.rows(campaign)["990000000009999"]["status"]


def _retry_word(client: ApiClient) -> Any:
    campaign = client.create(2, endDate="2026-03-30")
    for _hour in range(200):
        client.sim.advance(hours=1)
        for row in client.rows(campaign).values():
            if "recentAttemptTime" in row and "nextAttemptTime" in row:
                return row["status"]
    return None


def _stored_after_success(client: ApiClient) -> Any:
    client.create(1, endDate="2026-03-03", campaignTimeWindowList=[{"startTime": 0, "endTime": 1}])
    client.sim.advance(hours=26)
    versions = [client.device(1)["firmware"]]
    client.sim.advance(hours=24)
    return [*versions, client.device(1)["firmware"]]


def _device_history(client: ApiClient) -> Any:
    client.create(1)
    client.sim.advance(hours=1)
    return len(client.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}"))


def _sync_keys(client: ApiClient) -> Any:
    body = {"deviceList": [imei(1)]}
    rows = client.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", body)["deviceFirmwarVersionList"]
    return sorted(rows[0])


def _license_keys(client: ApiClient) -> Any:
    result = client.ok("POST", f"v3/licenses/{ACCOUNT}/assign", {"deviceList": [imei(1)]})
    return sorted(result), sorted(client.ok("GET", f"v3/licenses/{ACCOUNT}"))


def _history_id(client: ApiClient) -> Any:
    client.create(1)
    client.sim.advance(hours=1)
    return sorted(client.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}")[0])


def _date_change_status(client: ApiClient) -> Any:
    body = {"startDate": "2026-03-04", "endDate": "2026-03-05"}
    path = f"v2/campaigns/{ACCOUNT}/{client.create_v2()}/dates"
    return client.ok("PUT", path, body)["status"]


def _unknown_path(client: ApiClient) -> Any:
    answer = client.raw("GET", "v3/nothing")
    return answer.status, answer.headers["content-type"]


def _older_sessions(client: ApiClient) -> Any:
    older = client.wire.session
    client.wire.start_session()
    client.wire.session = older
    return client.raw("GET", f"v3/devices/{ACCOUNT}").status


def _v1_time_without_zone(client: ApiClient) -> Any:
    starts = ("2026-03-03", "2026-03-03T00:00:00Z", "2026-03-03T00:00:00", "2026-03-03T00:00")
    bodies = [client.v1_body(startDate=start) for start in starts]
    return [client.raw("POST", "v1/upgrades", body).status for body in bodies]


def _token_clock(client: ApiClient) -> Any:
    client.sim.advance(hours=2)
    return client.raw("GET", f"v3/devices/{ACCOUNT}").status


_UNLUCKY = fleet(success_rate=0.0, retry_rate=1.0, max_attempts=9)


# switch: the probe, its result at each choice in the table's order, and a fleet of its own.
def _v1_callback_list(client: ApiClient) -> Any:
    path = f"v1/callbacks/{ACCOUNT}"
    client.ok("POST", path, {"name": "Fota", "url": "https://hooks.example.com/fota"})
    return type(client.ok("GET", path))


def _logging_device_ids(client: ApiClient) -> Any:
    path = f"v2/logging/{ACCOUNT}/devices"
    imeis = [imei(201), imei(202), imei(203)]
    client.ok("PUT", path, {"deviceIds": imeis})
    statuses = [
        client.raw("DELETE", f"{path}?deviceIds={ids}").status
        for ids in (",".join(imeis[:2]), imeis[2])
    ]
    return statuses, len(client.ok("GET", path))


def _file_list(client: ApiClient) -> Any:
    return client.ok("GET", f"v2/files/{ACCOUNT}?distributionType=HTTP")


PROBES: dict[str, tuple[Callable[[ApiClient], Any], list[Any]]] = {
    "campaign_names": (_campaign_names, [200, 400]),
    "prescheduled": (_prescheduled, [[400, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "v3_paths": (_v3_paths, [[200] * 4, [200, 400, 200, 400], [400, 200, 400, 200]]),
    "device_change_body": (_device_change_body, [[200, 200], [200, 400], [400, 200]]),
    "delete_started_v3": (
        _delete_started_v3,
        [(400, "CampaignScheduled"), (200, "CampaignAborted")],
    ),
    "delete_started_v2": (
        _delete_started_v2,
        [(200, "CampaignAborted"), (400, "CampaignScheduled")],
    ),
    "delete_ended": (_delete_twice, [(400, None), (200, True)]),
    "delete_refusal": (_delete_twice, [(400, None), (200, False)]),
    "window_zone": (_window_zone, [{"02"}, {"07"}]),
    "start_date": (_start_date, [[400, 200, 200], [400, 400, 200], [200, 200, 200]]),
    "overlapping_windows": (_overlapping_windows, [200, 400]),
    "max_campaign_days": (_max_campaign_days, [[200, 200], [200, 400]]),
    "max_devices_per_call": (
        _max_devices_per_call,
        [[200, 200, 200], [200, 200, 400], [200, 400, 400]],
    ),
    "repeated_device_change": (
        _repeated_device_change,
        [
            ["AddDeviceFailed", "RemoveDeviceFailed"],
            ["AddDeviceSucceed", "RemoveDeviceSucceed"],
        ],
    ),
    "remove_words": (
        _remove_words,
        [
            [
                {
                    "deviceId": imei(1),
                    "status": "RemoveDeviceSucceed",
                    "Reason": "Device removed Successfully",
                }
            ],
            [
                {
                    "deviceId": imei(1),
                    "status": "AddDeviceSucceed",
                    "Reason": "Device added Successfully",
                }
            ],
        ],
    ),
    "removed_devices": (_removed_devices, [[1, 1], [2, 1]]),
    "report_while_pending": (_report_while_pending, [0, 3]),
    "omitted_windows": (_omitted_windows, [[], [{"startTime": 18, "endTime": 22}]]),
    "window_order": (
        _window_order,
        [
            [{"startTime": 3, "endTime": 4}, {"startTime": 1, "endTime": 3}],
            [{"startTime": 1, "endTime": 3}, {"startTime": 3, "endTime": 4}],
            [{"startTime": 1, "endTime": 4}],
        ],
    ),
    "expired_session": (
        _expired_session,
        [
            (400, "REQUEST_FAILED.SessionToken.Expired", None),
            (400, "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", None),
            (401, None, "unauthorized"),
            (403, "REQUEST_FAILED.SessionToken.Expired", None),
        ],
    ),
    "v1_cancelled_upgrade": (_v1_cancelled_upgrade, [400, 200]),
    "v1_time_without_zone": (
        _v1_time_without_zone,
        [[200, 200, 400, 400], [200, 200, 200, 400]],
    ),
    "campaign_cursor": (_campaign_cursor, [False, True]),
    "device_cursor": (
        _device_cursor,
        [
            ("larger", True, True),
            (400, True, True),
            (400, False, True),
            ("all", True, True),
            ("other", True, False),
        ],
    ),
    "gzip": (_gzip, [(200, None), (200, "gzip")]),
    "unknown_devices": (_unknown_devices, [(1, 1), (0, 0)]),
    "campaign_history": (_campaign_history, [1, 0]),
    "unlicensed_devices": (
        _unlicensed_devices,
        ["CampaignRequestQueued", "CampaignRequestFailed"],
    ),
    "scheduled_entry": (_scheduled_entry, ["CampaignScheduled", "CampaignPreScheduled"]),
    "pilot_rule": (_pilot_rule, ["CampaignRequestFailed", 400, "CampaignRequestQueued"]),
    "pilot_evidence": (_pilot_evidence, ["CampaignRequestQueued", "CampaignRequestFailed"]),
    "unknown_package": (_unknown_package, [400, "CampaignRequestFailed"]),
    "v3_rejected_word": (_rejected_word, ["DeviceRejected", "UpgradeFailed"]),
    "v3_retry_word": (
        _retry_word,
        ["RequestToFotaServerFailed", "UpgradeFailed", "UpgradePending"],
    ),
    "stored_after_success": (_stored_after_success, [["B", "B"], ["A", "B"], ["A", "A"]]),
    "device_history": (_device_history, [1, 0]),
    "date_change_status": (_date_change_status, ["CampaignRequestPending", "RequestPending"]),
    "unknown_path": (
        _unknown_path,
        [(400, "application/json"), (404, "application/json"), (404, "application/xml")],
    ),
    "v1_callback_list": (_v1_callback_list, [list, dict]),
    "logging_device_ids": (_logging_device_ids, [([400, 200], 2), ([200, 200], 0)]),
    "file_list": (_file_list, [[], {"AvailableFilesResponse": []}]),
    "older_sessions": (_older_sessions, [200, 400]),
    "token_clock": (_token_clock, [200, 401]),
}
# Switches that only rename keys: the probe lists the keys, of which these two differ.
KEYS: dict[str, tuple[Callable[[ApiClient], Any], list[str]]] = {
    "auto_flags": (_campaign_keys, ["", "autoAddDevicesFlag"]),
    "windows_key": (_campaign_keys, ["timeWindowList", "campaignTimeWindowList"]),
    "sync_keys": (_sync_keys, ["VersionUpdateTime", "firmwareVersionUpdateTime"]),
    "license_keys": (_license_keys, ["licCount", "licTotalCount"]),
    "history_id": (_history_id, ["campaignId", "id"]),
}
CASES = [(switch.name, choice) for switch in TABLE for choice in switch.choices]


def test_every_switch_has_a_probe() -> None:
    assert sorted([*PROBES, *KEYS]) == sorted(switch.name for switch in TABLE)


@pytest.mark.parametrize(("name", "choice"), CASES)
def test_a_switch_does_what_it_says(start_client: ClientFactory, name: str, choice: str) -> None:
    switch = next(switch for switch in TABLE if switch.name == name)
    place = switch.choices.index(choice)
    client = start_client(_UNLUCKY if name == "v3_retry_word" else None)
    client.sim.set_switch(name, choice)
    if name in PROBES:
        probe, results = PROBES[name]
        assert probe(client) == results[place]
        return
    probe, keys = KEYS[name]
    seen = repr(probe(client))
    assert not keys[place] or f"'{keys[place]}'" in seen
    assert not any(f"'{key}'" in seen for key in keys if key and key != keys[place])


def test_defaults_names_and_values_are_checked() -> None:
    assert Switches({})["prescheduled"] == "hidden"
    with pytest.raises(ValueError, match="unknown switch 'prescheduld'; valid switches are "):
        Switches({"prescheduld": "own"})
    with pytest.raises(
        ValueError, match="must be one of hidden, scheduled, queued, own, not 'maybe'"
    ):
        Switches({"prescheduled": "maybe"})


def test_a_switch_of_the_start_wins_over_the_fleet_file(start_client: ClientFactory) -> None:
    data = {**fleet(), "switches": {"pilot_rule": "off", "unknown_path": "404"}}
    client = start_client(data, switches={"pilot_rule": "http_400"})
    assert (client.sim.switches["pilot_rule"], client.sim.switches["unknown_path"]) == (
        "http_400",
        "404",
    )


def test_the_table_prints_every_choice() -> None:
    text = describe()
    assert all(switch.name in text and switch.meaning in text for switch in TABLE)
