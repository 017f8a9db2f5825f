# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation of the contract is called by the task of a module, or it is said why none does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.recording import (
    read_recording,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.report import (
    report,
)
from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.tools.api_operations import api_operations
from ansible_collections.thingspace.fota.tests.usecases.account import Account

NOT_REACHED = {
    "v2ScheduleHttpSoftwareCampaign": "the same call as v2ScheduleCampaign under another path",
    "v3UpdateCampaignDevicesDocsPath": "the path of one page, which its index contradicts; a write"
    " is not tried under a second path",
}
"""Operations that no task calls, and why."""

DAYS = {"start_date": "2026-03-05", "end_date": "2026-03-12"}
SOFTWARE_FROM = "FOTA_Verizon_Model-A_00To01_HF"
SOFTWARE_TO = "FOTA_Verizon_Model-A_02To03_HF"
URL = "https://hooks.example.com/fota"
FILE = {"make": "Verizon", "model": "Model-A", "target_path": "/etc/meter.conf"}


class Tour:
    """Runs tasks on an account, and notes which operations each module called."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.called: dict[str, set[str]] = {}

    def run(self, module: str, *operations: str, **given: Any) -> dict[str, Any]:
        """Run one task, which must call the operations."""
        name = f"ansible_collections.thingspace.fota.plugins.modules.{module}"
        task: Task = import_module(name).TASK
        self.account.sim.clear_journal()
        result = self.account.run(task.use_case, task.options, imei_check="off", **given)
        called = {str(entry["operation"]) for entry in self.account.sim.journal()}
        assert called.issuperset(operations), (module, set(operations) - called)
        for operation in operations:
            self.called.setdefault(operation, set()).add(module)
        return result

    def imeis(self, protocol: str) -> list[str]:
        """IMEIs of the account."""
        found = [one for one in self.account.sim.devices() if one["protocol"] == protocol]
        name = found[0]["accountName"]
        return sorted(one["deviceId"] for one in found if one["accountName"] == name)


def session(tour: Tour) -> None:
    tour.run("fota_firmware_info", "requestOAuthToken", "startM2MSession", "v3ListFirmware")
    tour.run("fota_logout", "endM2MSession", "revokeOAuthToken", revoke=True)


def catalogs_and_devices(tour: Tour) -> None:
    tour.run("fota_firmware_info", "v1ListFirmware", api_version="v1")
    tour.run("fota_firmware_info", "v2ListSoftware", api_version="v2")
    (one, *_others) = tour.account.devices("GM01Q", "SR1.2.0.0-10512", 1)
    gather = ["licenses", "subscription"]
    for version in ("v1", "v2", "v3"):
        names = ("ListDevices", "GetLicenseStatus", "GetSubscription")
        called = [f"{version}{name}" for name in names]
        tour.run("fota_device_info", *called, api_version=version, gather=gather)
    called = ["v3QueryDevices", "v3GetDeviceHistory"]
    tour.run("fota_device_info", *called, devices=[one], gather=["history"])
    for version, protocol in (("v1", "OMADM"), ("v2", "HTTP")):
        devices, gather = tour.imeis(protocol)[:1], ["history"]
        called = [f"{version}GetDeviceHistory"]
        tour.run("fota_device_info", *called, api_version=version, devices=devices, gather=gather)
    tour.run("fota_device_firmware", "v3SyncDeviceFirmware", devices=[one])
    given = {"state": "reported", "wait": False}
    tour.run("fota_device_firmware", "v3ReportDeviceFirmware", devices=[one], **given)


def campaigns(tour: Tour, version: str, declared: Mapping[str, Any]) -> None:
    def change(*operations: str, **more: Any) -> dict[str, Any]:
        called = [f"{version}{name}" for name in operations]
        return tour.run("fota_campaign", *called, **{**declared, **more})

    first, *others = declared["devices"]
    created = change("ScheduleCampaign", devices=[first])
    tour.account.sim.advance(hours=1)
    change("UpdateCampaignDevices", devices=[first, *others])
    change("UpdateCampaignDates", devices=None, end_date="2026-03-14")
    type_, id_ = declared["type"], created["campaign"]["campaign_id"]
    listed = [f"{version}ListCampaignsByStatus", f"{version}ListCampaignDevices"]
    tour.run("fota_campaign_info", *listed, type=type_, return_devices="all")
    tour.run("fota_campaign_info", f"{version}GetCampaign", type=type_, campaign_id=id_)
    change("CancelCampaign", devices=None, state="absent")


def firmware_campaigns(tour: Tour) -> None:
    package = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"
    devices = tour.account.devices("GM01Q", "SR1.2.0.0-10512", 2)
    declared = {"type": "firmware", "name": "meters", "package": package, "devices": devices}
    campaigns(tour, "v3", {**declared, **DAYS})


def software_campaigns(tour: Tour) -> None:
    versions = {"from_version": SOFTWARE_FROM, "to_version": SOFTWARE_TO}
    declared = {"type": "software", "name": "gateways", "package": SOFTWARE_TO, **versions}
    campaigns(tour, "v2", {**declared, **DAYS, "devices": tour.imeis("HTTP")[:2]})


def documented_paths(tour: Tour) -> None:
    tour.account.sim.set_switch("v3_paths", "docs")
    tour.run("fota_campaign_info", "v3ListCampaignsByStatusDocsPath")
    tour.run("fota_license_info", "v3GetLicenseStatusDocsPath")


def upgrades(tour: Tour) -> None:
    first, second = tour.account.devices("Model-A", "VerizonFirmwareVersion-01", 2)
    declared = {"package": "FOTA_Verizon_Model-A_01To02_HF", **DAYS, "devices": [first]}
    called = ["v1ScheduleUpgrade", "v1ListUpgradesByStatus"]
    id_ = tour.run("fota_upgrade", *called, **declared)["upgrade"]["upgrade_id"]
    tour.account.sim.advance(hours=1)
    tour.run("fota_upgrade", "v1UpdateUpgradeDevices", upgrade_id=id_, devices=[first, second])
    tour.run("fota_upgrade_info", "v1GetUpgrade", upgrade_id=id_)
    tour.run("fota_upgrade", "v1CancelUpgrade", upgrade_id=id_, state="absent")


def licenses(tour: Tour) -> None:
    for version, protocol in (("v1", "OMADM"), ("v2", "HTTP"), ("v3", "LWM2M")):
        given = {"api_version": version, "devices": tour.imeis(protocol)[:1]}
        tour.run("fota_license", **given, state="removed")
        tour.run("fota_license", f"{version}AssignLicenses", **given)
        if version != "v3":
            names = ("List", "Create")
            called = [f"{version}{name}CancelCandidates" for name in names]
            tour.run("fota_license", *called, **given, state="candidates")
            called = [f"{version}DeleteCancelCandidates"]
            more = {"state": "candidates", "devices_mode": "remove"}
            tour.run("fota_license", *called, **given, **more)
        tour.run("fota_license", f"{version}RemoveLicenses", **given, state="removed")


def callbacks(tour: Tour) -> None:
    for version in ("v1", "v2", "v3"):
        get = "v1ListCallbacks" if version == "v1" else f"{version}GetCallback"
        update = [] if version == "v1" else [f"{version}UpdateCallback"]
        given = {"api_version": version, "url": URL}
        tour.run("fota_callback", f"{version}RegisterCallback", **{**given, "url": f"{URL}/old"})
        tour.run("fota_callback", *update, **given, replace=True)
        tour.run("fota_callback_info", get, **given)
        tour.run("fota_callback", f"{version}DeregisterCallback", **given, state="absent")


def logging(tour: Tour) -> None:
    first, *others = tour.imeis("HTTP")
    tour.run("fota_logging", "v2EnableDeviceLogging", devices=[first])
    tour.run("fota_logging", "v2EnableLogging", devices=[first, *others])
    called = ["v2ListLoggingDevices", "v2GetDeviceLogs", "v2GetCheckInHistory"]
    tour.run("fota_logging_info", *called, devices=[first], gather=["logs", "check_ins"])
    off = {"devices_mode": "remove"}
    tour.run("fota_logging", "v2DisableDeviceLogging", devices=[first], **off)
    tour.run("fota_logging", "v2DisableLogging", devices=others, **off)


def files(tour: Tour) -> None:
    given = {"path": __file__, "file_name": "meter.conf", "file_version": "7", **FILE}
    name = tour.run("fota_file", "v2UploadFile", **given)["file"]["file_name"]
    tour.run("fota_file_info", "v2ListFiles")
    declared = {"type": "file", "name": "conf", "package": name, "to_version": "7", **DAYS}
    devices = tour.imeis("HTTP")[:1]
    tour.run("fota_campaign", "v2ScheduleFileCampaign", **declared, devices=devices)


TOURS: tuple[Callable[[Tour], None], ...] = (
    *(session, catalogs_and_devices, firmware_campaigns, software_campaigns, upgrades),
    *(licenses, callbacks, logging, files, documented_paths),
)


def test_every_operation_is_reached_by_a_task(account: Account, tmp_path: Path) -> None:
    account.record = tmp_path / "tour.jsonl"
    tour = Tour(account)
    for part in TOURS:
        part(tour)
    every = set(wire_contract().operations)
    assert set(tour.called) == every - set(NOT_REACHED)
    modules = {module for found in tour.called.values() for module in found}
    assert_nothing_identifies(account.record.read_text(), account)
    recording = read_recording(account.record)
    assert {exchange.operation for exchange in recording.exchanges} >= set(tour.called)
    found = report(recording)
    assert found["document"] == []
    assert found["recording"]["unread"] == 0
    told = {name: account.sim.switches[name] for name in found["switches"]}
    assert found["switches"] == told and len(told) >= 10
    print(f"{len(tour.called)} of {len(every)} operations, {len(modules)} modules")


def assert_nothing_identifies(recording: str, account: Account) -> None:
    """The recording of the tour names no device, campaign, account or listener."""
    sim = account.sim
    devices = {device["deviceId"] for device in sim.devices()}
    works = [*sim.campaigns(), *sim.upgrades()]
    names = {"meters", "gateways", URL, "hooks.example.com", "simulator-user", "simulator-key"}
    accounts = {device["accountName"] for device in sim.devices()}
    identifiers = devices | {work["id"] for work in works} | accounts | names
    assert {text for text in identifiers if text in recording} == set()
    assert works and FILE["model"] in recording and SOFTWARE_TO in recording


def test_what_is_not_reached_has_no_method() -> None:
    assert {operation.id for operation in api_operations()}.isdisjoint(NOT_REACHED)
