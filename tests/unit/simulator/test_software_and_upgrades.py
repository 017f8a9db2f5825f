# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""v2 software campaigns and v1 upgrades over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ClientFactory,
    fleet,
    imei,
)

# -- v2 -------------------------------------------------------------------------------------------


def test_a_software_campaign_lives_its_documented_life(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2(startDate="2026-03-04", endDate="2026-03-05")
    seen = [(client.status(campaign, api="v2"), client.words(campaign, api="v2"))]
    for moment in ("02T01", "03T00", "04T00", "04T21", "05T23"):
        client.sim.set_now(f"2026-03-{moment}:30:00Z")
        seen.append((client.status(campaign, api="v2"), client.words(campaign, api="v2")))
    assert seen == [
        ("CampaignRequestPending", []),
        ("CampaignRequestQueued", ["Accepted"]),
        ("CampaignScheduled", ["UpgradePending"]),
        ("CampaignScheduled", ["UpgradePending"]),
        ("CampaignScheduled", ["UpgradePending"]),
        ("CampaignEnded", ["UpgradeSuccess"]),
    ]
    (row,) = client.ok("GET", f"v2/reports/{ACCOUNT}/devices/{imei(201)}")
    assert (row["id"], row["status"], row["reason"]) == (
        campaign,
        "UpgradeSuccess",
        "DownloadInstallSucceeded",
    )
    page = client.ok("GET", f"v2/devices/{ACCOUNT}")
    assert page["deviceList"][0]["softwareList"][0]["version"] == "App_02"


def test_download_and_install_keep_to_their_own_windows(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2(10)
    client.sim.advance(hours=72)
    assert client.words(campaign, api="v2") == ["UpgradeSuccess"]
    entries = client.sim.campaigns()[0]["devices"].values()
    assert {entry["recent"][11:13] for entry in entries} == {"20"}
    page = client.ok("GET", f"v2/devices/{ACCOUNT}")
    installed = {row["softwareList"][0]["upgradeTime"][11:13] for row in page["deviceList"]}
    assert installed == {"22"}


def test_a_campaign_for_today_skips_queued(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2(
        startDate="2026-03-02", downloadAfterDate=None, installAfterDate=None
    )
    client.sim.advance(hours=0.2)
    assert client.status(campaign, api="v2") == "CampaignScheduled"


def test_install_days_bind(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2(endDate="2026-03-06", installAfterDate="2026-03-06")
    client.sim.set_now("2026-03-06T12:00:00Z")
    assert client.words(campaign, api="v2") == ["UpgradePending"]
    client.sim.set_now("2026-03-06T23:30:00Z")
    assert client.words(campaign, api="v2") == ["UpgradeSuccess"]


def test_what_is_not_installed_by_the_end_has_failed(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2(installAfterDate="2026-03-09")
    client.sim.advance(hours=96)
    rows = client.rows(campaign, api="v2")
    assert {(row["status"], row["resultReason"]) for row in rows.values()} == {
        ("UpgradeFailed", "RovaClientDidNotReportStatus")
    }


def test_a_v2_device_change_answers_only_a_request_id(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2(2, startDate="2026-03-05", endDate="2026-03-06")
    client.sim.advance(hours=0.2)
    path = f"v2/campaigns/{ACCOUNT}/{campaign}"
    wrapped = {"addOrRemoveDevice": [{"type": "append", "deviceList": [imei(203)]}]}
    for body in (wrapped, {"Type": "remove", "deviceList": [imei(201), imei(209)]}):
        answer = client.ok("PUT", path, body)
        assert sorted(answer) == ["accountName", "campaignId", "requestId"]
    assert sorted(client.rows(campaign, api="v2")) == [imei(202), imei(203)]


def test_a_started_v2_campaign_is_aborted(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create_v2()
    client.sim.set_now("2026-03-03T10:00:00Z")
    assert client.ok("DELETE", f"v2/campaigns/{ACCOUNT}/{campaign}") == {"success": True}
    assert client.status(campaign, api="v2") == "CampaignAborted"
    assert client.words(campaign, api="v2") == ["CampaignAborted"]
    client.sim.advance(hours=96)
    assert {row["software"][0]["version"] for row in client.sim.devices() if row["software"]} == {
        "App_01"
    }


def test_after_the_start_v2_windows_are_added_never_removed(start_client: ClientFactory) -> None:
    client = start_client(fleet(unreached_rate=1.0))
    campaign = client.create_v2(endDate="2026-03-09")
    client.sim.set_now("2026-03-03T10:00:00Z")
    body: dict[str, Any] = {
        "startDate": "2026-03-03",
        "endDate": "2026-03-09",
        "downloadAfterDate": "2026-03-03",
        "installAfterDate": "2026-03-03",
        "downloadTimeWindowList": [
            {"startTime": 20, "endTime": 21},
            {"startTime": 2, "endTime": 4},
        ],
        "installTimeWindowList": [{"startTime": 22, "endTime": 23}],
    }
    path = f"v2/campaigns/{ACCOUNT}/{campaign}/dates"
    assert client.ok("PUT", path, body)["downloadTimeWindowList"] == body["downloadTimeWindowList"]
    body["downloadTimeWindowList"] = [{"startTime": 2, "endTime": 4}]
    assert "cannot be removed" in client.refused("PUT", path, body)


def test_the_current_path_takes_hours_as_text_and_lists_devices(
    start_client: ClientFactory,
) -> None:
    client = start_client()
    body = client.v2_body(2, downloadTimeWindowList=[{"startTime": "20", "endTime": "21"}])
    reply = client.ok("POST", f"v2/campaigns/software/{ACCOUNT}", body)
    assert reply["deviceList"] == [imei(201), imei(202)]
    assert reply["downloadTimeWindowList"] == [{"startTime": 20, "endTime": 21}]
    assert client.refused("POST", f"v2/campaigns/{ACCOUNT}", body) == "Invalid startTime"


def test_the_software_list_tells_no_versions(start_client: ClientFactory) -> None:
    (row,) = start_client().ok("GET", f"v2/software/{ACCOUNT}?distributionType=HTTP")
    assert sorted(row) == [
        "devicePlatformId",
        "distributionType",
        "launchDate",
        "make",
        "model",
        "releaseNote",
        "softwareName",
    ]


def test_v2_license_words(start_client: ClientFactory) -> None:
    client = start_client()
    body = {"deviceList": [imei(201), imei(201), imei(202)]}
    result = client.ok("POST", f"v2/licenses/{ACCOUNT}/assign", body)
    assert [row["status"] for row in result["deviceList"]] == ["Success", "Success"]
    again = client.ok("POST", f"v2/licenses/{ACCOUNT}/assign", {"deviceList": [imei(201)]})
    assert again["deviceList"][0] == {
        "deviceId": imei(201),
        "status": "Failure",
        "resultReason": "Device license preexisting",
    }
    assert client.ok("GET", f"v2/licenses/{ACCOUNT}")["assignedLicenses"] == 2


# -- v1 -------------------------------------------------------------------------------------------


def test_an_upgrade_lives_its_documented_life(start_client: ClientFactory) -> None:
    client = start_client()
    upgrade = client.create_v1()
    seen = []
    for moment in ("02T00", "02T01", "03T00", "03T06"):
        client.sim.set_now(f"2026-03-{moment}:00:00Z")
        row = client.upgrade(upgrade)
        seen.append((row["status"], {item["status"] for item in row["deviceList"]}))
    assert seen == [
        ("RequestPending", {"RequestPending"}),
        ("Queued", {"Device Accepted"}),
        ("InProgress", {"Device Accepted"}),
        ("Finished", {"UpgradeSuccess"}),
    ]
    page = client.ok("GET", f"v1/reports/{ACCOUNT}/status/Finished/index/0")
    assert [item["id"] for item in page["reportList"]] == [upgrade]
    (row,) = client.ok("GET", f"v1/reports/{ACCOUNT}/devices/{imei(101)}")
    assert (row["firmwareTo"], row["status"]) == ("B", "UpgradeSuccess")


def test_an_upgrade_for_today_starts_within_ninety_minutes(start_client: ClientFactory) -> None:
    client = start_client()
    upgrade = client.create_v1(startDate="2026-03-02T16:03:00Z")
    client.sim.advance(hours=1.49)
    assert client.upgrade(upgrade)["status"] == "Queued"
    client.sim.advance(hours=0.01)
    assert client.upgrade(upgrade)["status"] == "InProgress"


def test_the_create_reply_is_that_of_the_document(start_client: ClientFactory) -> None:
    client = start_client()
    reply = client.ok("POST", "v1/upgrades", client.v1_body(2, endDate="2026-03-09"))
    assert reply == {
        "id": reply["id"],
        "accountName": ACCOUNT,
        "firmwareName": "O_A_B",
        "firmwareTo": "B",
        "startDate": "2026-03-03",
        "status": "RequestPending",
        "deviceList": [
            {"deviceId": imei(101), "status": "RequestPending"},
            {"deviceId": imei(102), "status": "RequestPending"},
        ],
    }
    assert client.upgrade(reply["id"])["endDate"] == "2026-03-09"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"startDate": "2018-04-01T16:03:00Z"}, "FotaPostUpgrades: invalid state date"),
        ({"startDate": None}, "FotaPostUpgrades: invalid state date"),
        ({"deviceList": []}, "Device list is empty"),
        ({"accountName": "x"}, "Invalid account name format"),
        ({"firmwareName": "x"}, "Invalid firmwareName"),
        ({"firmwareTo": "Z"}, "Invalid firmwareTo"),
        ({"endDate": "2026-03-01"}, "endDate is before startDate"),
    ],
)
def test_a_bad_upgrade_is_refused(
    start_client: ClientFactory, changes: dict[str, Any], message: str
) -> None:
    client = start_client()
    assert client.refused("POST", "v1/upgrades", client.v1_body(**changes)) == message


def test_v1_devices_change_until_the_start(start_client: ClientFactory) -> None:
    client = start_client()
    upgrade = client.create_v1(2)
    path = f"v1/upgrades/{ACCOUNT}/upgrade/{upgrade}"
    client.sim.advance(hours=1)
    reply = client.ok("PUT", path, {"type": "append", "deviceList": [imei(103), imei(101)]})
    assert [row["status"] for row in reply["deviceList"]] == ["AddDeviceSucceed", "AddDeviceFailed"]
    reply = client.ok("PUT", path, {"type": "remove", "deviceList": [imei(102)]})
    assert [row["status"] for row in reply["deviceList"]] == ["RemoveDeviceSucceed"]
    client.sim.advance(hours=23)
    body = {"type": "append", "deviceList": [imei(104)]}
    assert "InProgress" in client.refused("PUT", path, body)
    client.sim.advance(hours=12)
    versions = {row["deviceId"]: row["firmware"] for row in client.sim.devices()}
    assert [versions[imei(number)] for number in (101, 102, 103)] == ["B", "A", "B"]


def test_v1_cancel_before_the_start_only(start_client: ClientFactory) -> None:
    client = start_client()
    first, second = client.create_v1(1), client.create_v1(deviceList=[imei(105)])
    assert client.ok("DELETE", f"v1/upgrades/{ACCOUNT}/upgrade/{first}") == {"success": True}
    assert client.refused("GET", f"v1/upgrades/{ACCOUNT}/upgrade/{first}") == "Invalid upgradeId"
    client.sim.set_now("2026-03-03T00:00:00Z")
    assert "InProgress" in client.refused("DELETE", f"v1/upgrades/{ACCOUNT}/upgrade/{second}")


def test_an_upgrade_with_silent_devices_finishes_at_its_end(start_client: ClientFactory) -> None:
    client = start_client(fleet(silent_rate=1.0))
    upgrade = client.create_v1(2, endDate="2026-03-04")
    client.sim.set_now("2026-03-04T23:59:59Z")
    assert client.upgrade(upgrade)["status"] == "InProgress"
    client.sim.set_now("2026-03-05T00:00:00Z")
    row = client.upgrade(upgrade)
    assert row["status"] == "Finished"
    assert {item["status"] for item in row["deviceList"]} == {"Device Accepted"}


def test_v1_pages_by_number_and_by_imei(start_client: ClientFactory) -> None:
    client = start_client()
    page = client.ok("GET", f"v1/devices/{ACCOUNT}/index/0?clientType=OMADM")
    assert [row["deviceId"] for row in page["deviceList"]] == [imei(n) for n in range(101, 111)]
    assert (page["hasMoreData"], page["lastSeenDeviceId"]) == (False, 0)
    page = client.ok("GET", f"v1/devices/{ACCOUNT}/index/{int(imei(108))}")
    assert [row["deviceId"] for row in page["deviceList"]] == [imei(109), imei(110)]
    ids = [client.create_v1(1) for _upgrade in range(3)]
    page = client.ok("GET", f"v1/reports/{ACCOUNT}/status/RequestPending/index/1")
    assert [row["id"] for row in page["reportList"]] == ids[1:]
    assert page["hasMoreFlag"] is False
    assert client.refused("GET", f"v1/devices/{ACCOUNT}/index/x") == "Invalid index value"
    bad = f"v1/reports/{ACCOUNT}/status/Cancelled/index/0"
    assert client.refused("GET", bad) == "Invalid upgrade status"


def test_a_v1_device_is_busy_for_the_other_versions(start_client: ClientFactory) -> None:
    client = start_client()
    client.create_v1(1)
    second = client.create_v1(1)
    client.sim.advance(hours=1)
    row = client.upgrade(second)
    assert row["status"] == "RequestFailed"
    assert row["deviceList"][0]["resultReason"] == "Device is busy in another upgrade"


def test_a_cancelled_upgrade_lets_its_devices_go(start_client: ClientFactory) -> None:
    client = start_client()
    first = client.create_v1(1)
    client.sim.advance(hours=1)
    client.ok("DELETE", f"v1/upgrades/{ACCOUNT}/upgrade/{first}")
    second = client.create_v1(1)
    client.sim.advance(hours=1)
    assert client.upgrade(second)["status"] == "Queued"
