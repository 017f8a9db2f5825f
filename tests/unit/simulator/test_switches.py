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
from ansible_collections.thingspace.fota.tests.unit.simulator.desk import (
    ACCOUNT,
    MONTHLY,
    Desk,
    fleet,
    imei,
)

DeskFactory = Callable[..., Desk]
CREATE = f"v3/campaigns/firmware/{ACCOUNT}"


def _campaign_names(one: Desk) -> Any:
    one.create(1)
    return one.raw("POST", CREATE, one.v3_body(2)).status


def _prescheduled(one: Desk) -> Any:
    one.create(startDate="2026-03-10", endDate="2026-03-11")
    one.sim.advance(hours=3)
    path = f"v3/reports/{ACCOUNT}/firmware/campaigns?campaignStatus="
    words = ("CampaignPreScheduled", "CampaignScheduled", "CampaignRequestQueued")
    answers = [one.raw("GET", path + word) for word in words]
    return [len(a.json["campaignList"] or []) if a.status == 200 else a.status for a in answers]


def _v3_paths(one: Desk) -> Any:
    query = "campaignStatus=CampaignEnded"
    paths = (
        f"v3/reports/{ACCOUNT}/firmware/campaigns?{query}",
        f"v3/reports/{ACCOUNT}/campaigns?{query}",
        f"v3/licenses/{ACCOUNT}",
        f"v3/licenses/{ACCOUNT}/index/0",
    )
    return [one.raw("GET", path).status for path in paths]


def _device_change_body(one: Desk) -> Any:
    path = f"v3/campaigns/firmware/{ACCOUNT}/{one.create(1)}"
    bodies: list[dict[str, Any]] = [
        {"Type": "append", "deviceList": [imei(2)]},
        {"addOrRemoveDevice": [{"type": "append", "deviceList": [imei(3)]}]},
    ]
    return [one.raw("PUT", path, body).status for body in bodies]


def _delete_started_v3(one: Desk) -> Any:
    campaign = one.create()
    one.sim.advance(hours=25)
    status = one.raw("DELETE", f"v3/campaigns/{ACCOUNT}/{campaign}").status
    return status, one.status(campaign)


def _delete_started_v2(one: Desk) -> Any:
    campaign = one.create_v2()
    one.sim.advance(hours=25)
    status = one.raw("DELETE", f"v2/campaigns/{ACCOUNT}/{campaign}").status
    return status, one.status(campaign, api="v2")


def _delete_twice(one: Desk) -> Any:
    campaign = one.create()
    path = f"v3/campaigns/{ACCOUNT}/{campaign}"
    one.ok("DELETE", path)
    answer = one.raw("DELETE", path)
    return answer.status, answer.json.get("success")


def _window_zone(one: Desk) -> Any:
    campaign = one.create(campaignTimeWindowList=[{"startTime": 2, "endTime": 3}])
    one.sim.advance(hours=96)
    return {row["recentAttemptTime"][11:13] for row in one.rows(campaign).values()}


def _start_date(one: Desk) -> Any:
    days = ("2026-03-01", "2026-03-02", "2026-03-03")
    return [one.raw("POST", CREATE, one.v3_body(startDate=day)).status for day in days]


def _overlapping_windows(one: Desk) -> Any:
    windows = [{"startTime": 1, "endTime": 3}, {"startTime": 2, "endTime": 4}]
    return one.raw("POST", CREATE, one.v3_body(campaignTimeWindowList=windows)).status


def _max_campaign_days(one: Desk) -> Any:
    ends = ("2026-04-02", "2026-04-03")
    return [one.raw("POST", CREATE, one.v3_body(endDate=day)).status for day in ends]


def _max_devices_per_call(one: Desk) -> Any:
    def many(count: int) -> list[str]:
        return [imei(number) for number in range(count)]

    counts = (100, 101, 1001)
    return [one.raw("POST", CREATE, one.v3_body(deviceList=many(n))).status for n in counts]


def _repeated_device_change(one: Desk) -> Any:
    campaign = one.create(1)
    return [one.change(campaign, *args)[0]["status"] for args in (("append", 1), ("remove", 2))]


def _remove_words(one: Desk) -> Any:
    return one.change(one.create(1), "remove", 1)


def _removed_devices(one: Desk) -> Any:
    campaign = one.create(2, startDate="2026-03-10", endDate="2026-03-11")
    one.sim.advance(hours=1)
    one.change(campaign, "remove", 1)
    counts = [len(one.rows(campaign))]
    one.sim.advance(hours=25)
    return [*counts, len(one.rows(campaign))]


def _report_while_pending(one: Desk) -> Any:
    return len(one.rows(one.create(3)))


def _omitted_windows(one: Desk) -> Any:
    path = f"{CREATE}/{one.create()}/dates"
    body = {"startDate": "2026-03-04", "endDate": "2026-03-05"}
    return one.ok("PUT", path, body)["campaignTimeWindowList"]


def _window_order(one: Desk) -> Any:
    windows = [{"startTime": 3, "endTime": 4}, {"startTime": 1, "endTime": 3}]
    body = one.v3_body(campaignTimeWindowList=windows)
    return one.ok("POST", CREATE, body)["campaignTimeWindowList"]


def _campaign_keys(one: Desk) -> Any:
    return sorted(one.ok("GET", f"v3/campaigns/{ACCOUNT}/{one.create()}"))


def _expired_session(one: Desk) -> Any:
    one.sim.expire("session")
    answer = one.raw("GET", f"v3/devices/{ACCOUNT}")
    return answer.status, answer.json.get("errorCode"), answer.json.get("error")


def _v1_cancelled_upgrade(one: Desk) -> Any:
    path = f"v1/upgrades/{ACCOUNT}/upgrade/{one.create_v1()}"
    one.ok("DELETE", path)
    return one.raw("GET", path).status


def _campaign_cursor(one: Desk) -> Any:
    created = [one.create(1) for _campaign in range(6)]
    return one.reported("CampaignRequestPending") == created


def _device_cursor(one: Desk) -> Any:
    path = f"v3/devices/{ACCOUNT}"
    whole = one.ok("GET", path)
    every = [row["deviceId"] for row in whole["deviceList"]]
    behind = one.raw("GET", f"{path}?lastSeenDeviceId={imei(5)}")
    rows = [row["deviceId"] for row in behind.json.get("deviceList", [])]
    larger = [row for row in every if row > imei(5)]
    what = {str(larger): "larger", str(every): "all"}.get(str(rows), "other")
    return (
        what if behind.status == 200 else behind.status,
        whole["lastSeenDeviceId"] == every[-1],
        every == sorted(every),
    )


def _gzip(one: Desk) -> Any:
    headers = {**one.wire.tokens(), "Accept-Encoding": "gzip"}
    answer = one.wire.send("GET", f"/fota/v3/devices/{ACCOUNT}", headers=headers)
    return answer.status, answer.headers.get("content-encoding")


def _unknown_devices(one: Desk) -> Any:
    body = {"deviceList": ["990000000009999"]}
    sync = one.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", body)["deviceFirmwarVersionList"]
    return len(sync), one.ok("POST", f"v3/devices/{ACCOUNT}", body)["deviceCount"]


def _campaign_history(one: Desk) -> Any:
    one.create()
    one.sim.advance(hours=24 * 200)
    return len(one.reported("CampaignEnded"))


def _unlicensed_devices(one: Desk) -> Any:
    campaign = one.create(account=MONTHLY, deviceList=[imei(31), imei(32)])
    one.sim.advance(hours=1)
    return one.status(campaign, account=MONTHLY)


def _scheduled_entry(one: Desk) -> Any:
    campaign = one.create()
    one.sim.advance(hours=23)
    return one.status(campaign)


def _pilot_rule(one: Desk) -> Any:
    answer = one.raw("POST", CREATE, one.v3_body(21))
    if answer.status != 200:
        return answer.status
    one.sim.advance(hours=1)
    return one.status(answer.json["id"])


def _pilot_evidence(one: Desk) -> Any:
    for numbers in ((1, 2, 3), (4, 5, 6)):
        one.create(deviceList=[imei(number) for number in numbers])
    one.sim.advance(hours=96)
    devices = [imei(number) for number in range(7, 31)]
    campaign = one.create(
        deviceList=[*devices, imei(91)], startDate="2026-03-07", endDate="2026-03-09"
    )
    one.sim.advance(hours=1)
    return one.status(campaign)


def _unknown_package(one: Desk) -> Any:
    answer = one.raw("POST", CREATE, one.v3_body(firmwareName="x"))
    if answer.status != 200:
        return answer.status
    one.sim.advance(hours=1)
    return one.status(answer.json["id"])


def _rejected_word(one: Desk) -> Any:
    campaign = one.create(deviceList=[imei(1), "990000000009999"])
    one.sim.advance(hours=1)
    return one.rows(campaign)["990000000009999"]["status"]


def _retry_word(one: Desk) -> Any:
    campaign = one.create(2, endDate="2026-03-30")
    for _hour in range(200):
        one.sim.advance(hours=1)
        for row in one.rows(campaign).values():
            if "recentAttemptTime" in row and "nextAttemptTime" in row:
                return row["status"]
    return None


def _stored_after_success(one: Desk) -> Any:
    one.create(1, endDate="2026-03-03", campaignTimeWindowList=[{"startTime": 0, "endTime": 1}])
    one.sim.advance(hours=26)
    versions = [one.device(1)["firmware"]]
    one.sim.advance(hours=24)
    return [*versions, one.device(1)["firmware"]]


def _device_history(one: Desk) -> Any:
    one.create(1)
    one.sim.advance(hours=1)
    return len(one.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}"))


def _sync_keys(one: Desk) -> Any:
    body = {"deviceList": [imei(1)]}
    rows = one.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", body)["deviceFirmwarVersionList"]
    return sorted(rows[0])


def _license_keys(one: Desk) -> Any:
    result = one.ok("POST", f"v3/licenses/{ACCOUNT}/assign", {"deviceList": [imei(1)]})
    return sorted(result), sorted(one.ok("GET", f"v3/licenses/{ACCOUNT}"))


def _history_id(one: Desk) -> Any:
    one.create(1)
    one.sim.advance(hours=1)
    return sorted(one.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}")[0])


def _date_change_status(one: Desk) -> Any:
    body = {"startDate": "2026-03-04", "endDate": "2026-03-05"}
    path = f"v2/campaigns/{ACCOUNT}/{one.create_v2()}/dates"
    return one.ok("PUT", path, body)["status"]


def _unknown_path(one: Desk) -> Any:
    answer = one.raw("GET", "v3/nothing")
    return answer.status, answer.headers["content-type"]


def _older_sessions(one: Desk) -> Any:
    older = one.wire.session
    one.wire.start_session()
    one.wire.session = older
    return one.raw("GET", f"v3/devices/{ACCOUNT}").status


def _token_clock(one: Desk) -> Any:
    one.sim.advance(hours=2)
    return one.raw("GET", f"v3/devices/{ACCOUNT}").status


_UNLUCKY = fleet(success_rate=0.0, retry_rate=1.0, max_attempts=9)

# switch: the probe, its result at each choice in the table's order, and a fleet of its own.
PROBES: dict[str, tuple[Callable[[Desk], Any], list[Any]]] = {
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
        ],
    ),
    "v1_cancelled_upgrade": (_v1_cancelled_upgrade, [400, 200]),
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
    "older_sessions": (_older_sessions, [200, 400]),
    "token_clock": (_token_clock, [200, 401]),
}
# Switches that only rename keys: the probe lists the keys, of which these two differ.
KEYS: dict[str, tuple[Callable[[Desk], Any], list[str]]] = {
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
def test_a_switch_does_what_it_says(desk: DeskFactory, name: str, choice: str) -> None:
    switch = next(switch for switch in TABLE if switch.name == name)
    place = switch.choices.index(choice)
    one = desk(_UNLUCKY if name == "v3_retry_word" else None)
    one.sim.set_switch(name, choice)
    if name in PROBES:
        probe, results = PROBES[name]
        assert probe(one) == results[place]
        return
    probe, keys = KEYS[name]
    seen = repr(probe(one))
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


def test_a_switch_of_the_start_wins_over_the_fleet_file(desk: DeskFactory) -> None:
    data = {**fleet(), "switches": {"pilot_rule": "off", "unknown_path": "404"}}
    one = desk(data, switches={"pilot_rule": "http_400"})
    assert (one.sim.switches["pilot_rule"], one.sim.switches["unknown_path"]) == (
        "http_400",
        "404",
    )


def test_the_table_prints_every_choice() -> None:
    text = describe()
    assert all(switch.name in text and switch.meaning in text for switch in TABLE)
