# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks through the state machines of v1, v2 and v3 on the virtual clock (CONTRACT 5, 6, 9, 11).

How long a state lasts is the simulator's choice; what comes after what, and what each state allows,
is the contract's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    FIRST_DAY,
    HTTP_IMEIS,
    LAST_DAY,
    LATER_DAY,
    LWM2M_IMEIS,
    MAIN,
    MONTHLY,
    MONTHLY_IMEIS,
    OMADM_IMEIS,
    START,
    V1_TO,
    V2_PACKAGE,
    V3_TO,
    devices,
    fleet,
    v1_upgrade,
    v2_campaign,
    v2_dates,
    v3_campaign,
    v3_dates,
)
from ansible_collections.thingspace.fota.tests.contract.wire import Answer, Wire

FIVE_MINUTES = 5 / 60
V3_CREATE = f"/fota/v3/campaigns/firmware/{MAIN}"
V2_CREATE = f"/fota/v2/campaigns/{MAIN}"
LISTED = {
    "CampaignRequestPending",
    "CampaignRequestFailed",
    "CampaignRequestQueued",
    "CampaignCancelled",
    "CampaignAborted",
    "CampaignFailed",
    "CampaignScheduled",
    "CampaignEnded",
}


class Walk:
    """One simulator, one logged-in wire, and the clock."""

    def __init__(self, sim: SimulatorServer) -> None:
        self.sim = sim
        self.wire = Wire(sim.url).login()

    def good(self, method: str, path: str, payload: object = None) -> Any:
        """A call that has to succeed; its JSON."""
        answer = self.wire.call(method, path, payload)
        assert answer.status == 200, answer.body
        return answer.json

    def refused(self, method: str, path: str, payload: object = None) -> None:
        """A call that the service has to refuse for the state it meets."""
        answer: Answer = self.wire.call(method, path, payload)
        assert answer.status == 400, answer.body
        assert answer.json["errorMessage"]

    def v3(self, campaign: str, account: str = MAIN) -> str:
        """Status of a v3 campaign."""
        return str(self.good("GET", f"/fota/v3/campaigns/{account}/{campaign}")["status"])

    def v2(self, campaign: str) -> str:
        """Status of a v2 campaign."""
        return str(self.good("GET", f"/fota/v2/campaigns/{MAIN}/{campaign}")["status"])

    def v1(self, upgrade: str) -> str:
        """Status of a v1 upgrade."""
        return str(self.good("GET", f"/fota/v1/upgrades/{MAIN}/upgrade/{upgrade}")["status"])

    def rows(self, version: str, campaign: str, account: str = MAIN) -> dict[str, dict[str, Any]]:
        """Device report of a v2 or v3 campaign by IMEI."""
        path = f"/fota/{version}/reports/{account}/campaigns/{campaign}/devices"
        return {row["deviceId"]: row for row in self.good("GET", path)["deviceList"] or []}

    def until(self, status: str, read: Any, thing: str, *, hours: float = 24 * 14) -> None:
        """Move on in steps of an hour at most until a state is reached."""
        for _ in range(int(hours * 4)):
            if read(thing) == status:
                return
            self.sim.advance(hours=0.25)
        raise AssertionError(f"{status} was not reached, it is {read(thing)}")

    def states(self, read: Any, thing: str, *, last: str) -> list[str]:
        """The states met until the last one, each once, looked at finely at first."""
        met = [read(thing)]
        for step in range(24 * 20):
            if met[-1] == last:
                return met
            self.sim.advance(hours=FIVE_MINUTES if step < 36 else 1)
            status = read(thing)
            if status != met[-1]:
                met.append(status)
        raise AssertionError(f"{last} was not reached: {met}")


@pytest.fixture
def walk(simulator: StartSimulator) -> Walk:
    """A judged simulator with default switches."""
    return Walk(simulator(fleet(), start=START))


def test_v3_campaign_to_its_end(walk: Walk) -> None:
    campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]

    def read(thing: str) -> str:
        status = walk.v3(thing)
        report = f"/fota/v3/reports/{MAIN}/firmware/campaigns?campaignStatus="
        for word in sorted(LISTED):
            rows = walk.good("GET", report + word)["campaignList"] or []
            assert [row["id"] for row in rows] == ([thing] if word == status else [])
        return status

    assert walk.states(read, campaign, last="CampaignEnded") == [
        "CampaignRequestPending",
        "CampaignRequestQueued",
        "CampaignPreScheduled",
        "CampaignScheduled",
        "CampaignEnded",
    ]
    rows = walk.rows("v3", campaign)
    assert {i: row["status"] for i, row in rows.items()} == dict.fromkeys(
        LWM2M_IMEIS[:3], "UpgradeSuccess"
    )
    for row in rows.values():
        attempt = datetime.fromisoformat(row["recentAttemptTime"].replace("Z", "+00:00"))
        assert 18 <= attempt.hour < 22
        assert FIRST_DAY <= attempt.date().isoformat() <= LAST_DAY
    found = walk.good("POST", f"/fota/v3/devices/{MAIN}", devices(*LWM2M_IMEIS[:4]))["deviceList"]
    versions = {row["deviceId"]: row["firmware"] for row in found}
    assert {i for i, version in versions.items() if version == V3_TO} == set(LWM2M_IMEIS[:3])
    history = walk.good("GET", f"/fota/v3/reports/{MAIN}/devices/{LWM2M_IMEIS[0]}")
    assert [(row["firmwareTo"], row["status"]) for row in history] == [(V3_TO, "UpgradeSuccess")]


def test_v2_campaign_to_its_end(walk: Walk) -> None:
    campaign = walk.good("POST", V2_CREATE, v2_campaign())["id"]
    assert walk.states(walk.v2, campaign, last="CampaignEnded") == [
        "CampaignRequestPending",
        "CampaignRequestQueued",
        "CampaignScheduled",
        "CampaignEnded",
    ]
    rows = walk.rows("v2", campaign)
    assert {i: row["status"] for i, row in rows.items()} == dict.fromkeys(
        HTTP_IMEIS[:2], "UpgradeSuccess"
    )
    listed = walk.good("GET", f"/fota/v2/devices/{MAIN}")["deviceList"]
    software = {row["deviceId"]: row["softwareList"] for row in listed}
    moved = {i for i, items in software.items() if V2_PACKAGE in {x["version"] for x in items}}
    assert moved == set(HTTP_IMEIS[:2])


def test_v1_upgrade_to_its_end(walk: Walk) -> None:
    upgrade = walk.good("POST", "/fota/v1/upgrades", v1_upgrade())["id"]
    assert walk.states(walk.v1, upgrade, last="Finished") == [
        "RequestPending",
        "Queued",
        "InProgress",
        "Finished",
    ]
    read = walk.good("GET", f"/fota/v1/upgrades/{MAIN}/upgrade/{upgrade}")
    assert {row["status"] for row in read["deviceList"]} == {"UpgradeSuccess"}
    listed = walk.good("GET", f"/fota/v1/devices/{MAIN}/index/0")["deviceList"]
    versions = {row["deviceId"]: row["firmware"] for row in listed}
    assert {i for i, version in versions.items() if version == V1_TO} == set(OMADM_IMEIS[:2])
    page = walk.good("GET", f"/fota/v1/reports/{MAIN}/status/Finished/index/0")
    assert [row["id"] for row in page["reportList"]] == [upgrade]
    assert page["hasMoreFlag"] is False


def test_v3_before_the_start(walk: Walk) -> None:
    campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    one = f"{V3_CREATE}/{campaign}"
    walk.until("CampaignRequestQueued", walk.v3, campaign)
    added = walk.good("PUT", one, {"Type": "append", "deviceList": LWM2M_IMEIS[3:5]})
    assert {row["status"] for row in added["deviceList"]} == {"AddDeviceSucceed"}
    wrapped = {"addOrRemoveDevice": [{"type": "remove", "deviceList": [LWM2M_IMEIS[0]]}]}
    removed = walk.good("PUT", one, wrapped)
    assert [row["status"] for row in removed["deviceList"]] == ["RemoveDeviceSucceed"]
    assert set(walk.rows("v3", campaign)) == set(LWM2M_IMEIS[1:5])
    moved = walk.good("PUT", f"{one}/dates", v3_dates())
    assert moved["endDate"] == LATER_DAY
    walk.until("CampaignScheduled", walk.v3, campaign)
    walk.refused("PUT", one, {"Type": "append", "deviceList": [LWM2M_IMEIS[6]]})
    assert walk.good("DELETE", f"/fota/v3/campaigns/{MAIN}/{campaign}") == {"success": True}
    assert walk.v3(campaign) == "CampaignCancelled"
    walk.refused("PUT", f"{one}/dates", v3_dates())
    walk.refused("DELETE", f"/fota/v3/campaigns/{MAIN}/{campaign}")


def test_v3_after_the_start(walk: Walk) -> None:
    campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    one = f"{V3_CREATE}/{campaign}"
    walk.sim.set_now("2026-03-05T12:00:00Z")
    assert walk.v3(campaign) == "CampaignScheduled"
    windows = v3_campaign()["campaignTimeWindowList"]
    same = v3_dates(endDate=LAST_DAY, campaignTimeWindowList=windows)
    walk.refused("PUT", f"{one}/dates", same | {"endDate": "2026-03-05"})
    walk.refused("PUT", f"{one}/dates", same | {"startDate": "2026-03-06"})
    moved = walk.good("PUT", f"{one}/dates", same | {"endDate": LATER_DAY})
    assert moved["endDate"] == LATER_DAY
    walk.refused("PUT", one, {"Type": "remove", "deviceList": [LWM2M_IMEIS[0]]})
    walk.refused("DELETE", f"/fota/v3/campaigns/{MAIN}/{campaign}")
    assert walk.v3(campaign) != "CampaignAborted"


def test_v2_after_the_start(walk: Walk) -> None:
    campaign = walk.good("POST", V2_CREATE, v2_campaign())["id"]
    one = f"{V2_CREATE}/{campaign}"
    walk.sim.set_now("2026-03-04T01:00:00Z")
    assert walk.v2(campaign) == "CampaignScheduled"
    windows = v2_campaign()["downloadTimeWindowList"]
    install = v2_campaign()["installTimeWindowList"]
    grown = v2_dates(
        endDate=LATER_DAY,
        downloadTimeWindowList=[*windows, {"startTime": 8, "endTime": 9}],
        installTimeWindowList=install,
    )
    assert walk.good("PUT", f"{one}/dates", grown)["endDate"] == LATER_DAY
    walk.refused("PUT", f"{one}/dates", grown | {"downloadTimeWindowList": windows})
    walk.refused("PUT", one, {"Type": "remove", "deviceList": [HTTP_IMEIS[0]]})
    assert walk.good("DELETE", one) == {"success": True}
    assert walk.v2(campaign) == "CampaignAborted"
    assert {row["status"] for row in walk.rows("v2", campaign).values()} == {"CampaignAborted"}


def test_v2_device_change_shows_in_the_report_only(walk: Walk) -> None:
    campaign = walk.good("POST", V2_CREATE, v2_campaign())["id"]
    one = f"{V2_CREATE}/{campaign}"
    walk.until("CampaignRequestQueued", walk.v2, campaign)
    change = {"Type": "append", "deviceList": [HTTP_IMEIS[2]]}
    assert set(walk.good("PUT", one, change)) == {"accountName", "campaignId", "requestId"}
    walk.sim.advance(hours=1)
    assert set(walk.rows("v2", campaign)) == set(HTTP_IMEIS)
    assert {row["status"] for row in walk.rows("v2", campaign).values()} == {"Accepted"}


def test_v1_before_and_after_the_start(walk: Walk) -> None:
    root = f"/fota/v1/upgrades/{MAIN}/upgrade"
    upgrade = walk.good("POST", "/fota/v1/upgrades", v1_upgrade())["id"]
    other = walk.good("POST", "/fota/v1/upgrades", v1_upgrade(deviceList=OMADM_IMEIS[2:]))["id"]
    walk.until("Queued", walk.v1, upgrade)
    removed = walk.good(
        "PUT", f"{root}/{upgrade}", {"type": "remove", "deviceList": [OMADM_IMEIS[1]]}
    )
    assert [row["status"] for row in removed["deviceList"]] == ["RemoveDeviceSucceed"]
    assert walk.good("DELETE", f"{root}/{other}") == {"success": True}
    walk.refused("GET", f"{root}/{other}")
    walk.until("InProgress", walk.v1, upgrade)
    walk.refused("PUT", f"{root}/{upgrade}", {"type": "append", "deviceList": [OMADM_IMEIS[2]]})
    walk.refused("DELETE", f"{root}/{upgrade}")
    walk.until("Finished", walk.v1, upgrade)
    walk.refused("DELETE", f"{root}/{upgrade}")


def test_a_device_is_in_one_campaign_at_a_time(walk: Walk) -> None:
    walk.good("POST", V3_CREATE, v3_campaign(deviceList=LWM2M_IMEIS[:2]))
    second = walk.good("POST", V3_CREATE, v3_campaign(deviceList=LWM2M_IMEIS[1:3]))["id"]
    walk.sim.advance(hours=6)
    rows = walk.rows("v3", second)
    assert rows[LWM2M_IMEIS[1]]["status"] == "DeviceRejected"
    assert rows[LWM2M_IMEIS[1]]["resultReason"]
    assert rows[LWM2M_IMEIS[2]]["status"] != "DeviceRejected"


def test_more_than_twenty_devices_need_a_proved_pilot(walk: Walk) -> None:
    early = walk.good("POST", V3_CREATE, v3_campaign(deviceList=LWM2M_IMEIS[:21]))["id"]
    walk.until("CampaignRequestFailed", walk.v3, early)
    pilot = walk.good("POST", V3_CREATE, v3_campaign(deviceList=LWM2M_IMEIS[:5]))["id"]
    walk.until("CampaignEnded", walk.v3, pilot)
    dates = {"startDate": "2026-03-12", "endDate": "2026-03-14"}
    rest = v3_campaign(deviceList=LWM2M_IMEIS[5:], **dates)
    wide = walk.good("POST", V3_CREATE, rest)["id"]
    walk.until("CampaignEnded", walk.v3, wide)
    rows = walk.rows("v3", wide)
    assert {row["status"] for row in rows.values()} == {"UpgradeSuccess"}
    assert set(rows) == set(LWM2M_IMEIS[5:])


def test_monthly_accounts_need_licences(walk: Walk) -> None:
    path = f"/fota/v3/campaigns/firmware/{MONTHLY}"
    walk.good("POST", f"/fota/v3/licenses/{MONTHLY}/assign", devices(MONTHLY_IMEIS[0]))
    campaign = walk.good("POST", path, v3_campaign(deviceList=MONTHLY_IMEIS[:2]))["id"]
    walk.sim.advance(hours=6)
    rows = walk.rows("v3", campaign, MONTHLY)
    assert rows[MONTHLY_IMEIS[0]]["status"] != "DeviceRejected"
    assert rows[MONTHLY_IMEIS[1]]["status"] == "DeviceRejected"
    asking = v3_campaign(deviceList=[MONTHLY_IMEIS[2]], autoAssignLicenseFlag=True)
    helped = walk.good("POST", path, asking)["id"]
    walk.sim.advance(hours=6)
    assert walk.rows("v3", helped, MONTHLY)[MONTHLY_IMEIS[2]]["status"] != "DeviceRejected"
    status = walk.good("GET", f"/fota/v3/licenses/{MONTHLY}")
    assert status["assignedLicenses"] == 2


def test_a_report_reaches_the_stored_version_later(simulator: StartSimulator) -> None:
    data = fleet()
    for row in data["accounts"][0]["devices"]:
        if row["deviceId"] == LWM2M_IMEIS[0]:
            row.update(firmware=V3_TO, reported_firmware="SR1.2.0.0-10512")
    walk = Walk(simulator(data, start=START))
    query = devices(LWM2M_IMEIS[0])

    def known() -> str:
        rows = walk.good("POST", f"/fota/v3/devices/{MAIN}", query)["deviceList"]
        return str(rows[0]["firmware"])

    assert known() == "SR1.2.0.0-10512"
    ack = walk.good("PUT", f"/fota/v3/firmware/{MAIN}/async/{LWM2M_IMEIS[0]}")
    assert ack["requestId"]
    walk.sim.advance(hours=48)
    assert known() == V3_TO


def test_many_small_steps_equal_one_large_one(simulator: StartSimulator) -> None:
    reports = []
    for steps in (1, 120):
        walk = Walk(simulator(fleet(), start=START))
        campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
        for _ in range(steps):
            walk.sim.advance(hours=120 / steps)
            if steps > 1:
                walk.v3(campaign)
        reports.append((walk.v3(campaign), walk.rows("v3", campaign)))
    assert reports[0] == reports[1]
