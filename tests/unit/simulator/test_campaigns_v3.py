# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""v3 campaigns over the wire: life, devices, dates, windows, end, pilot rule, licenses."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    MONTHLY,
    PACKAGE,
    ApiClient,
    ClientFactory,
    fleet,
    imei,
)


def test_a_campaign_lives_its_documented_life(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create()
    seen = [(client.status(campaign), client.words(campaign))]
    for hours in (0.2, 2, 2, 20, 48):
        client.sim.advance(hours=hours)
        seen.append((client.status(campaign), client.words(campaign)))
    assert seen == [
        ("CampaignRequestPending", []),
        ("CampaignRequestQueued", ["NoDeviceDataFromNetwork"]),
        ("CampaignPreScheduled", ["ReceivedDeviceDataFromNetwork"]),
        ("CampaignScheduled", ["UpgradePending"]),
        ("CampaignScheduled", ["UpgradeScheduled"]),
        ("CampaignEnded", ["UpgradeSuccess"]),
    ]
    assert client.device(1)["firmware"] == "B"
    assert client.device(6)["firmware"] == "A"


def test_attempts_keep_to_the_windows(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(20)
    client.sim.set_now("2026-03-05T23:00:00Z")
    attempts = [row["recentAttemptTime"] for row in client.rows(campaign).values()]
    assert len(attempts) == 20
    assert {18 <= int(text[11:13]) < 22 for text in attempts} == {True}
    assert {text[:10] for text in attempts} <= {"2026-03-03", "2026-03-04", "2026-03-05"}


def test_a_campaign_with_one_open_hour_reaches_everybody(start_client: ClientFactory) -> None:
    client = start_client()
    window = [{"startTime": 23, "endTime": 24}]
    campaign = client.create(20, endDate="2026-03-03", campaignTimeWindowList=window)
    client.sim.set_now("2026-03-04T00:00:00Z")
    assert client.status(campaign) == "CampaignEnded"
    assert client.words(campaign) == ["UpgradeSuccess"]


def test_one_jump_ends_where_small_steps_end(start_client: ClientFactory) -> None:
    """The full property is in ``test_virtual_time``; this is its reading in the wire's words."""
    jump, steps = start_client(), start_client()
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
    start_client: ClientFactory, changes: dict[str, Any], message: str
) -> None:
    client = start_client()
    path = f"v3/campaigns/firmware/{ACCOUNT}"
    assert client.refused("POST", path, client.v3_body(**changes)) == message
    assert client.sim.campaigns() == []


def test_keys_are_read_without_regard_to_case(start_client: ClientFactory) -> None:
    client = start_client()
    body = {key.upper(): value for key, value in client.v3_body().items()}
    assert client.raw("POST", f"v3/campaigns/firmware/{ACCOUNT}", body).status == 200


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
    start_client: ClientFactory, device: dict[str, Any], reason: str
) -> None:
    data = fleet()
    data["accounts"][0]["devices"][0].update(device)
    client = start_client(data)
    campaign = client.create(2)
    client.sim.advance(hours=1)
    rows = client.rows(campaign)
    assert (rows[imei(1)]["status"], rows[imei(1)]["resultReason"]) == ("DeviceRejected", reason)
    assert rows[imei(2)]["status"] == "NoDeviceDataFromNetwork"
    assert client.status(campaign) == "CampaignRequestQueued"


def test_a_campaign_without_a_fit_device_fails(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(deviceList=["990000000009999"])
    client.sim.advance(hours=1)
    assert client.status(campaign) == "CampaignRequestFailed"
    assert client.rows(campaign)["990000000009999"]["resultReason"] == "Device not found"
    assert client.reported("CampaignRequestFailed") == [campaign]


def test_a_device_in_a_live_campaign_is_busy(start_client: ClientFactory) -> None:
    client = start_client()
    first, second = client.create(3), client.create(4)
    client.sim.advance(hours=1)
    rows = client.rows(second)
    reasons = {rows[imei(number)]["resultReason"] for number in (1, 2, 3)}
    assert reasons == {"Device is busy in another upgrade"}
    assert rows[imei(4)]["status"] == "NoDeviceDataFromNetwork"
    client.ok("DELETE", f"v3/campaigns/{ACCOUNT}/{first}")
    third = client.create(3)
    client.sim.advance(hours=1)
    assert client.words(third) == ["NoDeviceDataFromNetwork"]


# -- pilot rule -----------------------------------------------------------------------------------


def test_twenty_one_devices_need_a_pilot(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(21)
    client.sim.advance(hours=1)
    assert client.status(campaign) == "CampaignRequestFailed"
    assert {row["held_by"] for row in client.sim.devices()} == {None}
    pilot = client.create(5)
    client.sim.advance(hours=96)
    assert client.status(pilot) == "CampaignEnded"
    days = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    rest = client.create(deviceList=[imei(number) for number in range(6, 31)], **days)
    client.sim.advance(hours=1)
    assert client.status(rest) == "CampaignRequestQueued"


def test_a_failed_pilot_proves_nothing(start_client: ClientFactory) -> None:
    client = start_client(fleet(success_rate=0.0))
    client.create(8)
    client.sim.advance(hours=96)
    days = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    campaign = client.create(21, **days)
    client.sim.advance(hours=1)
    assert client.status(campaign) == "CampaignRequestFailed"


def test_adding_past_twenty_is_refused_per_device(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(19)
    words = [row["status"] for row in client.change(campaign, "append", 20, 21)]
    assert words == ["AddDeviceSucceed", "AddDeviceFailed"]


# -- device changes -------------------------------------------------------------------------------


def test_devices_are_added_and_removed_until_scheduled(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(3)
    for hours in (0, 1, 2):
        client.sim.advance(hours=hours)
        assert [row["status"] for row in client.change(campaign, "append", 4)] == [
            "AddDeviceSucceed"
        ]
        assert [row["status"] for row in client.change(campaign, "remove", 4)] == [
            "RemoveDeviceSucceed"
        ]
    client.sim.advance(hours=3)
    assert client.status(campaign) == "CampaignScheduled"
    message = client.refused(
        "PUT",
        f"v3/campaigns/firmware/{ACCOUNT}/{campaign}",
        {"Type": "append", "deviceList": [imei(4)]},
    )
    assert "CampaignScheduled" in message


def test_changes_that_change_nothing_fail_by_default(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(2)
    rows = client.change(campaign, "append", 1) + client.change(campaign, "remove", 9)
    assert [row["status"] for row in rows] == ["AddDeviceFailed", "RemoveDeviceFailed"]


def test_an_added_device_is_upgraded_and_a_removed_one_is_not(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(3)
    client.sim.advance(hours=1)
    client.change(campaign, "append", 7)
    client.change(campaign, "remove", 1)
    client.sim.advance(hours=96)
    assert [client.device(number)["firmware"] for number in (1, 2, 7)] == ["A", "B", "B"]


def test_a_campaign_emptied_before_its_start_ends_at_it(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(2)
    client.sim.advance(hours=1)
    client.change(campaign, "remove", 1, 2)
    client.sim.advance(hours=24)
    assert client.status(campaign) == "CampaignEnded"


# -- dates ----------------------------------------------------------------------------------------


def _dates(client: ApiClient, campaign: str, **body: Any) -> Any:
    return client.raw("PUT", f"v3/campaigns/firmware/{ACCOUNT}/{campaign}/dates", body)


def test_before_the_start_dates_and_windows_move(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create()
    client.sim.advance(hours=6)
    window = [{"startTime": 2, "endTime": 4}]
    answer = _dates(
        client,
        campaign,
        startDate="2026-03-10",
        endDate="2026-03-12",
        campaignTimeWindowList=window,
    )
    assert answer.json["campaignTimeWindowList"] == window
    client.sim.set_now("2026-03-09T12:00:00Z")
    assert client.device(1)["firmware"] == "A"
    client.sim.set_now("2026-03-13T00:00:00Z")
    assert client.status(campaign) == "CampaignEnded"
    attempts = [row["recentAttemptTime"] for row in client.rows(campaign).values()]
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
    start_client: ClientFactory, body: dict[str, Any], message: str
) -> None:
    client = start_client(fleet(unreached_rate=1.0))
    campaign = client.create()
    client.sim.set_now("2026-03-03T10:00:00Z")
    answer = _dates(client, campaign, **body)
    assert answer.status == 400
    assert message in answer.json["errorMessage"]
    answer = _dates(client, campaign, startDate="2026-03-03", endDate="2026-03-04")
    assert (answer.status, answer.json["endDate"]) == (200, "2026-03-04")
    client.sim.set_now("2026-03-05T00:00:00Z")
    assert client.status(campaign) == "CampaignEnded"


def test_an_ended_campaign_cannot_be_changed(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create()
    client.sim.advance(hours=120)
    answer = _dates(client, campaign, startDate="2026-03-03", endDate="2026-03-09")
    assert (answer.status, answer.json["errorMessage"]) == (400, "Campaign is CampaignEnded")


# -- end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 1, 3, 6])
def test_before_the_start_a_delete_cancels(start_client: ClientFactory, hours: float) -> None:
    client = start_client()
    campaign = client.create()
    client.sim.advance(hours=hours)
    assert client.ok("DELETE", f"v3/campaigns/{ACCOUNT}/{campaign}") == {"success": True}
    assert client.reported("CampaignCancelled") == [campaign]
    client.sim.advance(hours=200)
    assert client.device(1)["firmware"] == "A"
    assert client.status(campaign) == "CampaignCancelled"


def test_after_the_start_a_delete_is_refused_and_all_goes_on(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create()
    client.sim.set_now("2026-03-03T01:00:00Z")
    assert "already started" in client.refused("DELETE", f"v3/campaigns/{ACCOUNT}/{campaign}")
    client.sim.advance(hours=96)
    assert client.words(campaign) == ["UpgradeSuccess"]


@pytest.mark.parametrize(
    ("campaign", "message"),
    [
        ("campaignId0", "Invalid uuid"),
        ("f858b8c4-2153-11ec-8c44-aeb16d1aa652", "Campaign not found"),
    ],
)
def test_unknown_ids(start_client: ClientFactory, campaign: str, message: str) -> None:
    client = start_client()
    for method in ("GET", "DELETE"):
        assert client.refused(method, f"v3/campaigns/{ACCOUNT}/{campaign}") == message


# -- outcomes -------------------------------------------------------------------------------------


def test_each_fate_in_the_words_of_the_report(start_client: ClientFactory) -> None:
    data = fleet()
    fates = ("success", "failed", "silent", "unreached", "revert")
    data["outcomes"]["devices"] = {imei(n): fate for n, fate in enumerate(fates, start=1)}
    client = start_client(data)
    campaign = client.create()
    client.sim.set_now("2026-03-06T12:00:00Z")
    rows = client.rows(campaign)
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
    assert client.device(5)["firmware"] == "B"
    client.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", {"deviceList": [imei(5)]})
    assert client.device(5)["firmware"] == "A"


def test_a_silent_device_answers_nobody_any_more(start_client: ClientFactory) -> None:
    data = fleet()
    data["outcomes"]["packages"] = {PACKAGE["firmwareName"]: {"silent_rate": 1.0}}
    again = {**PACKAGE, "firmwareName": "again", "firmwareTo": "C"}
    data["accounts"][0]["firmware"].append(again)
    client = start_client(data)
    client.create(1)
    client.sim.advance(hours=96)
    before = client.device(1)["refreshTime"]
    client.ok("PUT", f"v3/firmware/{ACCOUNT}/async/{imei(1)}")
    client.sim.advance(hours=1)
    assert client.device(1)["refreshTime"] == before
    days = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    campaign = client.create(1, firmwareName="again", firmwareTo="C", **days)
    client.sim.set_now("2026-03-10T00:00:00Z")
    assert client.status(campaign) == "CampaignEnded"
    assert "UpgradeSuccess" not in client.words(campaign)


def test_a_failed_attempt_is_tried_again(start_client: ClientFactory) -> None:
    client = start_client(fleet(success_rate=0.0, retry_rate=1.0, max_attempts=2, retry_hours=20))
    campaign = client.create(1, startDate="2026-03-03", endDate="2026-03-09")
    client.sim.set_now("2026-03-04T00:00:00Z")
    row = client.rows(campaign)[imei(1)]
    while "recentAttemptTime" not in row:
        client.sim.advance(hours=1)
        row = client.rows(campaign)[imei(1)]
    client.sim.advance(hours=1)
    row = client.rows(campaign)[imei(1)]
    assert row["status"] == "RequestToFotaServerFailed"
    assert row["nextAttemptTime"] > row["recentAttemptTime"]
    client.sim.advance(hours=72)
    assert client.rows(campaign)[imei(1)]["status"] == "UpgradeFailed"
    assert client.sim.campaigns()[0]["devices"][imei(1)]["attempts"] == 2


def test_the_device_history_tells_its_campaigns(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(1)
    client.sim.advance(hours=96)
    (row,) = client.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}")
    assert (row["campaignId"], row["status"], row["firmwareTo"]) == (
        campaign,
        "UpgradeSuccess",
        "B",
    )
    assert client.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(9)}") == []


def test_auto_add_takes_what_fits(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create(1, autoAddDevicesFlag=True)
    client.sim.advance(hours=1)
    assert len(client.rows(campaign)) == 20


# -- device facts ---------------------------------------------------------------------------------


def test_sync_tells_what_runs_and_takes_a_hundred(start_client: ClientFactory) -> None:
    data = fleet()
    data["accounts"][0]["devices"][0]["reported_firmware"] = "old"
    client = start_client(data)
    assert client.device(1)["firmware"] == "old"
    client.sim.advance(hours=1)
    body = {"deviceList": [imei(1), "990000000009999"]}
    rows = client.ok("PUT", f"v3/firmware/{ACCOUNT}/devices", body)["deviceFirmwarVersionList"]
    assert [(row["status"], row["firmwareVersion"]) for row in rows] == [
        ("FirmwareVersionUpdateSuccess", "A"),
        ("FirmwareVersionUpdateFailed", ""),
    ]
    assert client.device(1)["firmware"] == "A"
    assert client.device(1)["refreshTime"] == "2026-03-02 01:00:00.000 +0000 UTC"
    too_many = {"deviceList": [imei(number) for number in range(1, 102)]}
    message = client.refused("PUT", f"v3/firmware/{ACCOUNT}/devices", too_many)
    assert message == "Device list exceeds 100 devices"


def test_a_report_comes_later(start_client: ClientFactory) -> None:
    data = fleet()
    data["accounts"][0]["devices"][0]["reported_firmware"] = "old"
    client = start_client(data)
    answer = client.ok("PUT", f"v3/firmware/{ACCOUNT}/async/{imei(1)}")
    assert answer["requestId"]
    assert client.device(1)["firmware"] == "old"
    client.sim.advance(hours=0.5)
    assert client.device(1)["firmware"] == "A"
    assert (
        client.refused("PUT", f"v3/firmware/{ACCOUNT}/async/990000000009999") == "Device not found"
    )
    assert client.refused("PUT", f"v3/firmware/{ACCOUNT}/async/x") == "Invalid device id format"


def test_device_pages_join_up(start_client: ClientFactory) -> None:
    data = fleet()
    data["accounts"][0]["generate"] = [{"count": 2500, "make": "Maker", "model": "Z"}]
    client = start_client(data)
    seen: list[str] = []
    cursor, sizes = "", []
    while True:
        page = client.ok("GET", f"v3/devices/{ACCOUNT}?protocol=LWM2M&lastSeenDeviceId={cursor}")
        sizes.append(len(page["deviceList"]))
        seen += [row["deviceId"] for row in page["deviceList"]]
        if not page["hasMoreData"]:
            break
        cursor = page["lastSeenDeviceId"]
    assert sizes == [1000, 1000, 530]
    assert seen == sorted(set(seen))
    assert client.refused("GET", f"v3/devices/{ACCOUNT}?lastSeenDeviceId=abc") == (
        "LastSeenDeviceId Not Valid"
    )


def test_reports_by_status_page_and_know_their_words(start_client: ClientFactory) -> None:
    client = start_client()
    path = f"v3/reports/{ACCOUNT}/firmware/campaigns"
    assert client.ok("GET", f"{path}?campaignStatus=CampaignEnded")["campaignList"] is None
    for status in ("", "Ended", "CampaignPreScheduled"):
        assert client.refused("GET", f"{path}?campaignStatus={status}") == "Invalid campaignStatus"
    ids = [client.create(1) for _campaign in range(3)]
    page = client.ok("GET", f"{path}?campaignStatus=CampaignRequestPending")
    assert [row["id"] for row in page["campaignList"]] == sorted(ids)
    after = min(ids)
    query = f"campaignStatus=CampaignRequestPending&lastSeenCampaignId={after}"
    page = client.ok("GET", f"{path}?{query}")
    assert [row["id"] for row in page["campaignList"]] == sorted(ids)[1:]


# -- licenses -------------------------------------------------------------------------------------


def test_a_monthly_account_needs_a_license_first(start_client: ClientFactory) -> None:
    client = start_client()
    devices = [imei(31), imei(32)]
    campaign = client.create(account=MONTHLY, deviceList=devices)
    client.sim.advance(hours=1)
    rows = client.rows(campaign, account=MONTHLY)
    assert rows[imei(31)]["status"] == "NoDeviceDataFromNetwork"
    assert rows[imei(32)]["resultReason"] == "Device has no license"


def test_auto_assign_takes_what_is_free(start_client: ClientFactory) -> None:
    client = start_client()
    devices = [imei(number) for number in range(31, 36)]
    campaign = client.create(account=MONTHLY, deviceList=devices, autoAssignLicenseFlag=True)
    client.sim.advance(hours=1)
    rows = client.rows(campaign, account=MONTHLY)
    assert [rows[one_imei]["status"] for one_imei in devices] == [
        *["NoDeviceDataFromNetwork"] * 2,
        *["DeviceRejected"] * 3,
    ]
    assert client.ok("GET", f"v3/subscriptions/{MONTHLY}")["licenseUsedCount"] == 2


def test_licenses_are_assigned_listed_and_removed(start_client: ClientFactory) -> None:
    client = start_client()
    path = f"v3/licenses/{MONTHLY}"
    body = {"deviceList": [imei(31), imei(32), imei(33), "990000000009999"]}
    result = client.ok("POST", f"{path}/assign", body)
    assert [(row["status"], row["Reason"]) for row in result["deviceList"]] == [
        ("LicenseAssignFailed", "Device license preexisting"),
        ("LicenseAssignSuccess", ""),
        ("LicenseAssignFailed", "No license available"),
        ("LicenseAssignFailed", "Device not found"),
    ]
    summary = client.ok("GET", path)
    assert [row["deviceId"] for row in summary["deviceList"]] == [imei(31), imei(32)]
    assert summary == client.ok("GET", f"{path}/index/0")
    result = client.ok("POST", f"{path}/remove", {"deviceList": [imei(32), imei(33)]})
    assert [row["status"] for row in result["deviceList"]] == [
        "LicenseRemoveSuccess",
        "LicenseRemoveFailed",
    ]
    assert result["licUsedCount"] == 1


def test_a_used_license_stays(start_client: ClientFactory) -> None:
    client = start_client()
    client.create(account=MONTHLY, deviceList=[imei(31)])
    client.sim.advance(hours=96)
    result = client.ok("POST", f"v3/licenses/{MONTHLY}/remove", {"deviceList": [imei(31)]})
    assert result["deviceList"][0]["Reason"] == "License is in use"


def test_removing_a_license_drops_the_device_from_a_waiting_campaign(
    start_client: ClientFactory,
) -> None:
    client = start_client()
    campaign = client.create(account=MONTHLY, deviceList=[imei(31)])
    client.sim.advance(hours=1)
    client.ok("POST", f"v3/licenses/{MONTHLY}/remove", {"deviceList": [imei(31)]})
    assert client.rows(campaign, account=MONTHLY)[imei(31)]["status"] == "DeviceRejected"
    client.sim.advance(hours=96)
    assert client.status(campaign, account=MONTHLY) == "CampaignEnded"
    truth = {row["deviceId"]: row["firmware"] for row in client.sim.devices()}
    assert truth[imei(31)] == "A"


def test_the_firmware_list_hides_what_is_not_listed(start_client: ClientFactory) -> None:
    data = fleet()
    hidden = {**PACKAGE, "firmwareName": "hidden", "firmwareTo": "C", "listed": False}
    data["accounts"][0]["firmware"].append(hidden)
    client = start_client(data)
    names = [row["firmwareName"] for row in client.ok("GET", f"v3/firmware/{ACCOUNT}?protocol=all")]
    assert names == [PACKAGE["firmwareName"]]
    assert client.ok("GET", f"v3/firmware/{ACCOUNT}?protocol=OMD-DM") == []
    assert client.create(1, firmwareName="hidden", firmwareTo="C")
