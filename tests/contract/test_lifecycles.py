# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks through the state machines of v1, v2 and v3 on the virtual clock (CONTRACT 5, 6, 9, 11).

How long a state lasts is the simulator's choice; what comes after what, and what each state allows,
is the contract's.
"""

from __future__ import annotations

from datetime import datetime

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    FIRST_DAY,
    HTTP_IMEIS,
    LAST_DAY,
    LATER_DAY,
    LWM2M_IMEIS,
    MAIN,
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
from ansible_collections.thingspace.fota.tests.contract.walk import (
    V1_CREATE,
    V2_CREATE,
    V3_CREATE,
    Walk,
)

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
    upgrade = walk.good("POST", V1_CREATE, v1_upgrade())["id"]
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
    upgrade = walk.good("POST", V1_CREATE, v1_upgrade())["id"]
    other = walk.good("POST", V1_CREATE, v1_upgrade(deviceList=OMADM_IMEIS[2:]))["id"]
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


def test_many_small_steps_equal_one_large_one(simulator: StartSimulator) -> None:
    reports = []
    for steps in (1, 120):
        walk = Walk(simulator(fleet(), start=START))
        campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
        for _step in range(steps):
            walk.sim.advance(hours=120 / steps)
            if steps > 1:
                walk.v3(campaign)
        reports.append((walk.v3(campaign), walk.rows("v3", campaign)))
    assert reports[0] == reports[1]
