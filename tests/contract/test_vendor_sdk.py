# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's own SDK drives the simulator through every operation of the vendor documents.

What is asserted comes out of the SDK's models, so the simulator has to mean what the vendor means.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.interpreters import interpreter
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    FIRST_DAY,
    HTTP_IMEIS,
    LAST_DAY,
    LATER_DAY,
    LWM2M_IMEIS,
    MAIN,
    OMADM_IMEIS,
    START,
    UNKNOWN_ID,
    V1_FROM,
    V1_PACKAGE,
    V1_TO,
    V2_FROM,
    V2_PACKAGE,
    V3_FROM,
    V3_PACKAGE,
    V3_TO,
    fleet,
)
from ansible_collections.thingspace.fota.tests.contract.vendor_methods import VENDOR_METHODS
from ansible_collections.thingspace.fota.tests.contract.wire import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)

DRIVER = Path(__file__).with_name("sdk_drive.py")
SECONDS = 600
Result = dict[str, Any]


class Sdk:
    """Runs calls of the SDK against one simulator; ``called`` collects their names."""

    def __init__(self, python: str, sim: SimulatorServer) -> None:
        self.sim = sim
        self.called: set[str] = set()
        self._python = python

    def run(self, *steps: tuple[Any, ...]) -> list[Result]:
        """Make the calls, ``("controller.method", argument, ...)`` each, in one session."""
        plan = {
            "url": self.sim.url,
            "credentials": {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "username": USERNAME,
                "password": PASSWORD,
            },
            "steps": [{"call": call, "arguments": arguments} for call, *arguments in steps],
        }
        done = subprocess.run(
            [self._python, str(DRIVER)],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        results: list[Result] = json.loads(done.stdout)
        logout = results.pop()
        assert logout["status"] == 200
        self.called |= {result["call"] for result in results}
        return results


@pytest.fixture
def sdk(simulator: StartSimulator) -> Iterator[Sdk]:
    """The SDK beside a fresh simulator. Its own slips (content type ``*/*``) are not judged."""
    simulator.judge_requests = False
    yield Sdk(
        interpreter("FOTA_SDK_PYTHON", "sdksio-verizon-apis-sdk"), simulator(fleet(), start=START)
    )


def model(module: str, name: str, **fields: object) -> dict[str, Any]:
    """An SDK model, to be built by the driver."""
    return {"module": module, "model": name, "fields": fields}


def day(text: str) -> dict[str, str]:
    """A date, to be built by the driver."""
    return {"date": text}


def window(version: str, start: int, end: int) -> dict[str, Any]:
    """A time window of v2 or v3."""
    name = version.upper() + "TimeWindow"
    return model(f"{version}_time_window", name, start_time=start, end_time=end)


def device_change(version: str, word: str, *imeis: str) -> dict[str, Any]:
    """The request that adds or removes devices of a v2 or v3 campaign."""
    name = version.upper() + "AddOrRemoveDeviceRequest"
    module = f"{version}_add_or_remove_device_request"
    return model(module, name, mtype=word, device_list=list(imeis))


def bodies(results: list[Result]) -> list[Any]:
    """The parsed replies; all calls have to have succeeded."""
    assert [result["status"] for result in results] == [200] * len(results), results
    return [result["body"] for result in results]


def by_device(rows: list[Result]) -> dict[str, Result]:
    """Rows of a device list by IMEI."""
    return {row["device_id"]: row for row in rows}


def drive_v1(sdk: Sdk) -> None:
    """Schedule an upgrade, read it queued, change its devices, cancel it."""
    request = model(
        "firmware_upgrade_request",
        "FirmwareUpgradeRequest",
        account_name=MAIN,
        firmware_name=V1_PACKAGE,
        firmware_to=V1_TO,
        start_date=day(FIRST_DAY),
        end_date=day(LAST_DAY),
        device_list=OMADM_IMEIS[:2],
    )
    firmware, created = bodies(
        sdk.run(
            ("firmware_v1.list_available_firmware", MAIN),
            ("firmware_v1.schedule_firmware_upgrade", request),
        )
    )
    assert [(row["firmware_name"], row["from_version"], row["to_version"]) for row in firmware] == [
        (V1_PACKAGE, V1_FROM, V1_TO)
    ]
    assert (created["status"], created["start_date"][:10]) == ("RequestPending", FIRST_DAY)
    assert set(by_device(created["device_list"])) == set(OMADM_IMEIS[:2])
    sdk.sim.advance(hours=2)
    upgrade = created["id"]
    change = model(
        "firmware_upgrade_change_request",
        "FirmwareUpgradeChangeRequest",
        mtype="append",
        device_list=[OMADM_IMEIS[2]],
    )
    before, changed, after, cancelled = bodies(
        sdk.run(
            ("firmware_v1.list_firmware_upgrade_details", MAIN, upgrade),
            ("firmware_v1.update_firmware_upgrade_devices", MAIN, upgrade, change),
            ("firmware_v1.list_firmware_upgrade_details", MAIN, upgrade),
            ("firmware_v1.cancel_scheduled_firmware_upgrade", MAIN, upgrade),
        )
    )
    assert (before["id"], before["status"]) == (upgrade, "Queued")
    states = {row["device_id"]: row["status"] for row in before["device_list"]}
    assert states == dict.fromkeys(OMADM_IMEIS[:2], "Device Accepted")
    assert by_device(changed["device_list"])[OMADM_IMEIS[2]]["status"] == "AddDeviceSucceed"
    assert set(by_device(after["device_list"])) == set(OMADM_IMEIS[:3])
    assert cancelled == {"success": True}


def drive_v2(sdk: Sdk) -> None:
    """Schedule a software campaign, change devices and dates, read it, cancel it."""
    dates = {"download_after_date": day(FIRST_DAY), "install_after_date": day(FIRST_DAY)}
    request = model(
        "campaign_software_upgrade",
        "CampaignSoftwareUpgrade",
        campaign_name="FOTA_Verizon_Upgrade",
        software_name=V2_PACKAGE,
        software_from=V2_FROM,
        software_to=V2_PACKAGE,
        distribution_type="HTTP",
        start_date=day(FIRST_DAY),
        end_date=day(LAST_DAY),
        download_time_window_list=[window("v2", 20, 21)],
        install_time_window_list=[window("v2", 22, 23)],
        device_list=HTTP_IMEIS[:2],
        **dates,
    )
    schedule = "campaigns_v2.schedule_campaign_firmware_upgrade"
    (created,) = bodies(sdk.run((schedule, MAIN, request)))
    assert created["status"] == "CampaignRequestPending"
    assert (created["make"], created["model"]) == ("Verizon", "Model-A")
    sdk.sim.advance(hours=2)
    campaign = created["id"]
    new_dates = model(
        "v2_change_campaign_dates_request",
        "V2ChangeCampaignDatesRequest",
        start_date=day(FIRST_DAY),
        end_date=day(LATER_DAY),
        download_time_window_list=[window("v2", 3, 4)],
        install_time_window_list=[window("v2", 5, 6)],
        **dates,
    )
    remove = device_change("v2", "remove", HTTP_IMEIS[1])
    removed, moved, read, cancelled, gone = bodies(
        sdk.run(
            ("campaigns_v2.update_campaign_firmware_devices", MAIN, campaign, remove),
            ("campaigns_v2.update_campaign_dates", MAIN, campaign, new_dates),
            ("campaigns_v2.get_campaign_information", MAIN, campaign),
            ("campaigns_v2.cancel_campaign", MAIN, campaign),
            ("campaigns_v2.get_campaign_information", MAIN, campaign),
        )
    )
    assert removed["campaign_id"] == campaign
    assert removed["request_id"]
    assert (moved["start_date"], moved["end_date"]) == (FIRST_DAY, LATER_DAY)
    assert read["status"] == "CampaignRequestQueued"
    assert read["campaign_name"] == "FOTA_Verizon_Upgrade"
    assert read["download_time_window_list"] == [{"start_time": 3, "end_time": 4}]
    assert read["install_time_window_list"] == [{"start_time": 5, "end_time": 6}]
    assert cancelled == {"success": True}
    assert gone["status"] == "CampaignCancelled"


def drive_v3(sdk: Sdk) -> None:
    """List, synchronize and report firmware, then the life of a firmware campaign."""
    request = model(
        "campaign_firmware_upgrade",
        "CampaignFirmwareUpgrade",
        campaign_name="Smart FOTA - test 4",
        firmware_name=V3_PACKAGE,
        firmware_from=V3_FROM,
        firmware_to=V3_TO,
        protocol="LWM2M",
        start_date=day(FIRST_DAY),
        end_date=day(LAST_DAY),
        campaign_time_window_list=[window("v3", 18, 22)],
        device_list=LWM2M_IMEIS[:3],
        auto_assign_license_flag=False,
        auto_add_devices_flag=False,
    )
    wanted = model("firmware_imei", "FirmwareIMEI", device_list=LWM2M_IMEIS[:2])
    firmware, synchronized, reported, created = bodies(
        sdk.run(
            ("firmware_v3.list_available_firmware", MAIN, "LWM2M"),
            ("firmware_v3.synchronize_device_firmware", MAIN, wanted),
            ("firmware_v3.report_device_firmware", MAIN, LWM2M_IMEIS[0]),
            ("campaigns_v3.schedule_campaign_firmware_upgrade", MAIN, request),
        )
    )
    paths = [(row["firmware_name"], row["firmware_from"], row["firmware_to"]) for row in firmware]
    assert paths == [(V3_PACKAGE, V3_FROM, V3_TO)]
    rows = by_device(synchronized["device_firmwar_version_list"])
    versions = {imei: (row["status"], row["firmware_version"]) for imei, row in rows.items()}
    assert versions == dict.fromkeys(LWM2M_IMEIS[:2], ("FirmwareVersionUpdateSuccess", V3_FROM))
    assert reported["account_name"] == MAIN
    assert reported["request_id"]
    assert created["status"] == "CampaignRequestPending"
    assert (created["make"], created["model"]) == ("SEQUANS Communications", "GM01Q")
    assert (created["start_date"], created["end_date"]) == (FIRST_DAY, LAST_DAY)
    campaign = created["id"]
    sdk.sim.advance(hours=1)
    new_dates = model(
        "v3_change_campaign_dates_request",
        "V3ChangeCampaignDatesRequest",
        start_date=day(FIRST_DAY),
        end_date=day(LATER_DAY),
        campaign_time_window_list=[window("v3", 14, 18)],
    )
    add = device_change("v3", "append", LWM2M_IMEIS[5])
    added, moved, read, cancelled, gone = bodies(
        sdk.run(
            ("campaigns_v3.update_campaign_firmware_devices", MAIN, campaign, add),
            ("campaigns_v3.update_campaign_dates", MAIN, campaign, new_dates),
            ("campaigns_v3.get_campaign_information", MAIN, campaign),
            ("campaigns_v3.cancel_campaign", MAIN, campaign),
            ("campaigns_v3.get_campaign_information", MAIN, campaign),
        )
    )
    assert by_device(added["device_list"])[LWM2M_IMEIS[5]]["status"] == "AddDeviceSucceed"
    assert (moved["id"], moved["end_date"]) == (campaign, LATER_DAY)
    assert moved["campaign_time_window_list"] == [{"start_time": 14, "end_time": 18}]
    assert read["status"] in ("CampaignRequestQueued", "CampaignPreScheduled")
    assert cancelled == {"success": True}
    assert gone["status"] == "CampaignCancelled"


def test_the_sdk_carries_out_every_documented_method(sdk: Sdk) -> None:
    for drive in (drive_v1, drive_v2, drive_v3):
        drive(sdk)
    assert sdk.called == {method.sdk for method in VENDOR_METHODS if method.sdk}
    operations = {method.operation_id for method in VENDOR_METHODS}
    assert len(operations) == 18
    answered = {entry["operation"] for entry in sdk.sim.journal() if entry["status"] == 200}
    logins = {"requestOAuthToken", "startM2MSession", "endM2MSession"}
    assert answered == operations | logins


def test_the_sdk_understands_the_refusals(sdk: Sdk) -> None:
    empty = model("firmware_imei", "FirmwareIMEI", device_list=[])
    v1, v2, v3 = sdk.run(
        ("firmware_v1.list_firmware_upgrade_details", MAIN, UNKNOWN_ID),
        ("campaigns_v2.get_campaign_information", MAIN, "campaignId0"),
        ("firmware_v3.synchronize_device_firmware", MAIN, empty),
    )
    refusals = [(r["status"], r["error"], r["body"]["error_message"]) for r in (v1, v2, v3)]
    assert refusals == [
        (400, "FotaV1ResultException", "Invalid upgradeId"),
        (400, "FotaV2ResultException", "Invalid uuid"),
        (400, "FotaV3ResultException", "Device list is empty"),
    ]
    assert {r["body"]["error_code"] for r in (v1, v2, v3)} == {"INVALID_PARAMETER"}


def test_the_driver_reaches_no_other_host() -> None:
    program = (
        "import sdk_drive\n"
        "session = sdk_drive.LoopbackOnly('http://127.0.0.1:1/api')\n"
        "try:\n"
        "    session.get('http://127.0.0.1:2/api')\n"
        "except RuntimeError as refusal:\n"
        "    print(refusal)\n"
    )
    python = interpreter("FOTA_SDK_PYTHON", "sdksio-verizon-apis-sdk")
    done = subprocess.run(
        [python, "-c", program],
        cwd=DRIVER.parent,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout == "the SDK tried to reach http://127.0.0.1:2/api\n"
