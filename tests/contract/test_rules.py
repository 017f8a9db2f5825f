# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the service that a schema cannot say (CONTRACT 5, 6, 9, 11, 12)."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    FIRST_DAY,
    HTTP_IMEIS,
    LAST_DAY,
    LWM2M_IMEIS,
    MAIN,
    MONTHLY,
    MONTHLY_IMEIS,
    OMADM_IMEIS,
    START,
    V3_FROM,
    V3_TO,
    devices,
    fleet,
    v1_upgrade,
    v2_campaign,
    v3_campaign,
    v3_dates,
)
from ansible_collections.thingspace.fota.tests.contract.walk import (
    V1_CREATE,
    V2_CREATE,
    V3_CREATE,
    Walk,
)


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


def test_monthly_accounts_need_licenses(walk: Walk) -> None:
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


def test_a_repeated_create_is_a_second_campaign(walk: Walk) -> None:
    first = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    second = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    assert first != second
    walk.sim.advance(hours=6)
    assert {row["status"] for row in walk.rows("v3", second).values()} == {"DeviceRejected"}


def test_a_device_of_another_kind_is_rejected(walk: Walk) -> None:
    mixed = v3_campaign(deviceList=[LWM2M_IMEIS[0], HTTP_IMEIS[0]])
    campaign = walk.good("POST", V3_CREATE, mixed)["id"]
    walk.sim.advance(hours=6)
    rows = walk.rows("v3", campaign)
    assert rows[HTTP_IMEIS[0]]["status"] == "DeviceRejected"
    assert rows[HTTP_IMEIS[0]]["resultReason"]
    mixed = v2_campaign(deviceList=[HTTP_IMEIS[0], LWM2M_IMEIS[1]])
    campaign = walk.good("POST", V2_CREATE, mixed)["id"]
    walk.sim.advance(hours=6)
    assert walk.rows("v2", campaign)[LWM2M_IMEIS[1]]["status"] == "DeviceRejected"
    upgrade = walk.good("POST", V1_CREATE, v1_upgrade(deviceList=[OMADM_IMEIS[0], HTTP_IMEIS[1]]))
    walk.sim.advance(hours=6)
    read = walk.good("GET", f"/fota/v1/upgrades/{MAIN}/upgrade/{upgrade['id']}")
    status = {row["deviceId"]: row["status"] for row in read["deviceList"]}
    assert status == {OMADM_IMEIS[0]: "Device Accepted", HTTP_IMEIS[1]: "Device Rejected"}


def test_a_prescheduled_campaign_is_in_no_report_and_can_be_changed(walk: Walk) -> None:
    campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    walk.until("CampaignPreScheduled", walk.v3, campaign)
    report = f"/fota/v3/reports/{MAIN}/firmware/campaigns?campaignStatus=CampaignPreScheduled"
    walk.refused("GET", report)
    change = {"Type": "append", "deviceList": [LWM2M_IMEIS[3]]}
    walk.good("PUT", f"{V3_CREATE}/{campaign}", change)
    walk.good("PUT", f"{V3_CREATE}/{campaign}/dates", v3_dates())
    walk.good("DELETE", f"/fota/v3/campaigns/{MAIN}/{campaign}")
    assert walk.v3(campaign) == "CampaignCancelled"


def test_an_on_demand_v2_campaign_skips_the_queue(walk: Walk) -> None:
    today = v2_campaign(startDate=START[:10], downloadAfterDate=START[:10])
    campaign = walk.good("POST", V2_CREATE, today | {"installAfterDate": START[:10]})["id"]
    met = walk.states(walk.v2, campaign, last="CampaignEnded")
    assert met == ["CampaignRequestPending", "CampaignScheduled", "CampaignEnded"]


def test_an_on_demand_v1_upgrade_starts_within_ninety_minutes(walk: Walk) -> None:
    upgrade = walk.good("POST", V1_CREATE, v1_upgrade(startDate=START))
    assert upgrade["startDate"] == START[:10]
    walk.until("InProgress", walk.v1, upgrade["id"], hours=2)


def test_windows_are_spelt_as_the_vendors_examples_spell_them(walk: Walk) -> None:
    created = walk.good("POST", V3_CREATE, v3_campaign())
    assert created["campaignTimeWindowList"] == [{"startTime": 18, "endTime": 22}]
    moved = walk.good("PUT", f"{V3_CREATE}/{created['id']}/dates", v3_dates())
    assert moved["campaignTimeWindowList"] == [{"startTime": 14, "endTime": 18}]
    read = walk.good("GET", f"/fota/v3/campaigns/{MAIN}/{created['id']}")
    assert read["timeWindowList"] == [{"startTime": 14, "endTime": 18}]
    assert "campaignTimeWindowList" not in read


@pytest.mark.parametrize(
    ("outcome", "word", "version"),
    [
        ("success", "UpgradeSuccess", V3_TO),
        ("failed", "UpgradeFailed", V3_FROM),
        ("unreached", "NoDeviceDataFromNetwork", V3_FROM),
    ],
)
def test_outcomes_have_the_published_words(
    simulator: StartSimulator, outcome: str, word: str, version: str
) -> None:
    data = fleet() | {"outcomes": {"devices": {LWM2M_IMEIS[0]: outcome}}}
    walk = Walk(simulator(data, start=START))
    campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    walk.until("CampaignEnded", walk.v3, campaign)
    assert walk.rows("v3", campaign)[LWM2M_IMEIS[0]]["status"] == word
    asked = walk.good("PUT", f"/fota/v3/firmware/{MAIN}/devices", devices(LWM2M_IMEIS[0]))
    assert [r["firmwareVersion"] for r in asked["deviceFirmwarVersionList"]] == [version]


@pytest.mark.parametrize("outcome", ["silent", "revert"])
def test_outcomes_without_a_word_of_their_own(simulator: StartSimulator, outcome: str) -> None:
    data = fleet() | {"outcomes": {"devices": {LWM2M_IMEIS[0]: outcome}}}
    walk = Walk(simulator(data, start=START))
    campaign = walk.good("POST", V3_CREATE, v3_campaign())["id"]
    walk.until("CampaignEnded", walk.v3, campaign)
    walk.sim.advance(hours=72)
    status = walk.rows("v3", campaign)[LWM2M_IMEIS[0]]["status"]
    assert (status == "UpgradeSuccess") is (outcome == "revert")
    asked = walk.good("PUT", f"/fota/v3/firmware/{MAIN}/devices", devices(LWM2M_IMEIS[0]))
    assert [r["firmwareVersion"] for r in asked["deviceFirmwarVersionList"]] == [V3_FROM]


def test_a_used_monthly_license_stays_and_removing_an_unused_one_cancels(walk: Walk) -> None:
    root = f"/fota/v3/licenses/{MONTHLY}"
    first, second = MONTHLY_IMEIS[:2]
    walk.good("POST", f"{root}/assign", devices(first, second))
    path = f"/fota/v3/campaigns/firmware/{MONTHLY}"
    done = walk.good("POST", path, v3_campaign(deviceList=[first]))["id"]
    walk.until("CampaignEnded", lambda thing: walk.v3(thing, MONTHLY), done)
    dates = {"startDate": "2026-03-14", "endDate": "2026-03-16"}
    waiting = walk.good("POST", path, v3_campaign(deviceList=[second], **dates))["id"]
    walk.sim.advance(hours=6)
    removed = walk.good("POST", f"{root}/remove", devices(first, second))
    words = {row["deviceId"]: row["status"] for row in removed["deviceList"]}
    assert words == {first: "LicenseRemoveFailed", second: "LicenseRemoveSuccess"}
    walk.until("CampaignEnded", lambda thing: walk.v3(thing, MONTHLY), waiting)
    rows = walk.rows("v3", waiting, MONTHLY)
    assert rows.get(second, {"status": "removed"})["status"] != "UpgradeSuccess"


def test_dates_and_windows_outside_the_limits_are_refused(walk: Walk) -> None:
    for bad in (
        {"startDate": LAST_DAY, "endDate": FIRST_DAY},
        {"campaignTimeWindowList": [{"startTime": 22, "endTime": 18}]},
        {"campaignTimeWindowList": [{"startTime": -1, "endTime": 4}]},
        {"campaignTimeWindowList": [{"startTime": "18", "endTime": 22}]},
    ):
        walk.refused("POST", V3_CREATE, v3_campaign(**bad))
    edge = [{"startTime": 0, "endTime": 1}, {"startTime": 23, "endTime": 24}]
    walk.good("POST", V3_CREATE, v3_campaign(campaignTimeWindowList=edge))
    assert len(walk.sim.campaigns()) == 1
