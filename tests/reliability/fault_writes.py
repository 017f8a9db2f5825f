# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every write of every module, as one case: what is there before, and the task that writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignRequest,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import UpgradeRequest
from ansible_collections.thingspace.fota.plugins.module_utils._module.callbacks.ensure import (
    CALLBACK_OPTIONS,
    ensure_callback,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.device_logging.ensure import (
    LOGGING_OPTIONS,
    ensure_logging,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.files.ensure import (
    FILE_OPTIONS,
    ensure_file,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.ensure import (
    LICENSE_OPTIONS,
    ensure_licenses,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.ensure import (
    ensure_upgrade,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    FIRMWARE_IMEIS,
    MODELS,
    SOFTWARE_FROM,
    SOFTWARE_IMEIS,
    SOFTWARE_TO,
    V1_IMEIS,
    Controller,
    Stage,
    account_facts,
    known_versions,
    live_work,
)
from ansible_collections.thingspace.fota.tests.tools.api_operations import api_operations
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import turn

FIRST, LAST, LATER = date(2026, 3, 12), date(2026, 3, 19), date(2026, 3, 24)
# Of a campaign that is under way on the third of March.
EARLIEST_END = date(2026, 3, 4)
V1_PACKAGE = "FOTA_Verizon_Model-A_01To02_HF"
# A person's patience with devices that report by themselves, seconds.
REPORT_SECONDS = 1.0

# Operations that are called as those of another version, which have a case.
SAME_AS_OTHERS = frozenset(
    {
        *("v1AssignLicenses", "v1RemoveLicenses", "v2AssignLicenses", "v2RemoveLicenses"),
        *("v1CreateCancelCandidates", "v1DeleteCancelCandidates"),
        *("v1RegisterCallback", "v1DeregisterCallback", "v2RegisterCallback", "v2UpdateCallback"),
        *("v2DeregisterCallback", "v2ScheduleFileCampaign"),
    }
)

Task = Callable[[Controller], bool]


@dataclass(frozen=True)
class Write:
    """One write of one module.

    :ivar prepare: brings the service to where the task has something to write.
    :ivar task: runs the module; whether it changed something.
    :ivar dates: the task decides on the dates, so they belong to the end state.
    :ivar end: what the end state is, if not the live campaigns and upgrades.
    :ivar versions: what the service knows of versions belongs to the end state.
    :ivar account: what the account has besides campaigns belongs to the end state.
    """

    module: str
    what: str
    operation: str
    prepare: Callable[[Stage], None]
    task: Task
    dates: bool = True
    versions: bool = False
    account: bool = False
    switches: tuple[tuple[str, str], ...] = ()
    end: Callable[[Stage], list[dict[str, Any]]] | None = None

    @property
    def creates(self) -> bool:
        """It makes a campaign or upgrade, which a fault could duplicate."""
        return self.operation.endswith(("ScheduleCampaign", "ScheduleUpgrade"))

    @property
    def halts(self) -> bool:
        """It stops a rollout, which needs only the list of campaigns of all that is read."""
        return self.module == "rollout" and self.what.endswith(("-cancel", "-shorten", "-abort"))

    @property
    def optional(self) -> bool:
        """Its refusal is told and does not fail the task."""
        return self.end is not None

    @property
    def names_by_history(self) -> bool:
        """What it names a campaign depends on those that it sees, as a wave's number does."""
        return self.what.endswith("next-wave")

    @property
    def adds(self) -> bool:
        """It gives devices to what is there."""
        return self.what.endswith("add")

    def __str__(self) -> str:
        return f"{self.module}-{self.what}"

    def end_state(self, stage: Stage) -> dict[str, Any]:
        """What must be the same with and without faults."""
        versions = known_versions(stage.sim) if self.versions else {}
        work = self.end(stage) if self.end else live_work(stage.sim, dates=self.dates)
        account = account_facts(stage.sim) if self.account else {}
        return {"work": work, "versions": versions, "account": account}


def write_operations() -> set[Operation]:
    """All writes that the API layer can make."""
    return {operation for operation in api_operations() if operation.kind.writes}


# -- campaigns ------------------------------------------------------------------------------------


def _firmware(**more: Any) -> dict[str, Any]:
    return {
        "name": "pilot",
        "package": "alpha-A-B",
        "start_date": str(FIRST),
        "end_date": str(LAST),
        "devices": list(FIRMWARE_IMEIS[:4]),
        **more,
    }


def _software(**more: Any) -> dict[str, Any]:
    return {
        "type": "software",
        "name": "gateways",
        "package": SOFTWARE_TO,
        "from_version": SOFTWARE_FROM,
        "to_version": SOFTWARE_TO,
        "start_date": str(FIRST),
        "end_date": str(LAST),
        "devices": list(SOFTWARE_IMEIS[:3]),
        **more,
    }


def _campaign(controller: Controller, *, declared: Mapping[str, Any]) -> bool:
    return bool(controller.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, **declared)["changed"])


def _nothing(_stage: Stage) -> None:
    """The account is as it was given."""


def _there(stage: Stage, *, type_: CampaignType) -> None:
    """The campaign exists, and the service has checked it."""
    firmware = type_ is CampaignType.FIRMWARE
    request = CampaignRequest(
        type=type_,
        name="pilot" if firmware else "gateways",
        package="alpha-A-B" if firmware else SOFTWARE_TO,
        from_version="A" if firmware else SOFTWARE_FROM,
        to_version="B" if firmware else SOFTWARE_TO,
        protocol="LWM2M" if firmware else "HTTP",
        schedule=Schedule(start=FIRST, end=LAST),
        devices=FIRMWARE_IMEIS[:4] if firmware else SOFTWARE_IMEIS[:3],
    )

    def post(context: Context, _params: Mapping[str, Any]) -> dict[str, Any]:
        context.campaigns(type_).create_campaign(request)
        return {}

    stage.operator.run(post, {})
    stage.sim.advance(hours=2)


def _campaign_writes(type_: CampaignType, version: str) -> list[Write]:
    declare = _firmware if type_ is CampaignType.FIRMWARE else _software
    ids = FIRMWARE_IMEIS if type_ is CampaignType.FIRMWARE else SOFTWARE_IMEIS
    there = partial(_there, type_=type_)
    rows: list[tuple[str, str, Callable[[Stage], None], dict[str, Any]]] = [
        ("create", "ScheduleCampaign", _nothing, declare()),
        ("cancel", "CancelCampaign", there, declare(state="absent")),
        ("add", "UpdateCampaignDevices", there, declare(devices=list(ids))),
        (
            "remove",
            "UpdateCampaignDevices",
            there,
            declare(devices=list(ids[:1]), devices_mode="remove"),
        ),
        ("dates", "UpdateCampaignDates", there, declare(end_date=str(LATER))),
    ]
    return [
        Write(
            "fota_campaign",
            f"{version}-{what}",
            version + operation,
            prepare,
            partial(_campaign, declared=declared),
        )
        for what, operation, prepare, declared in rows
    ]


# -- upgrades (v1) --------------------------------------------------------------------------------


def _upgrade(controller: Controller, *, ids: tuple[str, ...], **more: Any) -> bool:
    declared = {
        "package": V1_PACKAGE,
        "start_date": str(FIRST),
        "end_date": str(LAST),
        "devices": list(ids),
        **more,
    }
    return bool(controller.run(ensure_upgrade, UPGRADE_OPTIONS, **declared)["changed"])


def _upgrade_there(stage: Stage) -> None:
    request = UpgradeRequest(
        account=ACCOUNT,
        package=V1_PACKAGE,
        to_version="VerizonFirmwareVersion-02",
        start=FIRST,
        end=LAST,
        devices=V1_IMEIS[:3],
    )

    def post(context: Context, _params: Mapping[str, Any]) -> dict[str, Any]:
        context.v1.schedule_upgrade(request)
        return {}

    stage.operator.run(post, {})
    stage.sim.advance(hours=2)


def _upgrade_writes() -> list[Write]:
    present, some = V1_IMEIS[:3], V1_IMEIS[:1]
    rows: list[tuple[str, str, Callable[[Stage], None], Task]] = [
        ("schedule", "v1ScheduleUpgrade", _nothing, partial(_upgrade, ids=present)),
        ("add", "v1UpdateUpgradeDevices", _upgrade_there, partial(_upgrade, ids=V1_IMEIS)),
        (
            "remove",
            "v1UpdateUpgradeDevices",
            _upgrade_there,
            partial(_upgrade, ids=some, devices_mode="remove"),
        ),
        (
            "cancel",
            "v1CancelUpgrade",
            _upgrade_there,
            partial(_upgrade, ids=present, state="absent"),
        ),
    ]
    return [Write("fota_upgrade", *row) for row in rows]


# -- versions of devices --------------------------------------------------------------------------


def _moved(stage: Stage) -> None:
    """Two devices run a version that the service does not know of yet."""
    (account,) = stage.sim._service.state.accounts.values()
    for one in FIRMWARE_IMEIS[:2]:
        account.devices[one].firmware = "B"


def _read_versions(controller: Controller, *, state: str) -> bool:
    def let_devices_answer() -> None:
        controller.sim.advance(hours=0.25)

    controller.before_each_look = let_devices_answer
    try:
        result = controller.run(
            refresh_device_firmware,
            DEVICE_FIRMWARE_OPTIONS,
            state=state,
            devices=list(FIRMWARE_IMEIS[:3]),
            wait_timeout=REPORT_SECONDS,
            wait_delay=0.01,
        )
    finally:
        controller.before_each_look = lambda: None
    unread = result["counts"]["unknown"]
    if unread:
        raise FotaError(f"{unread} devices were not read", kind="unread")
    return bool(result["changed"])


def _version_writes() -> list[Write]:
    return [
        Write(
            "fota_device_firmware",
            state,
            operation,
            _moved,
            partial(_read_versions, state=state),
            versions=True,
        )
        for state, operation in (
            ("synchronized", "v3SyncDeviceFirmware"),
            ("reported", "v3ReportDeviceFirmware"),
        )
    ]


# -- licenses -------------------------------------------------------------------------------------


def _licenses(controller: Controller, **declared: Any) -> bool:
    return bool(controller.run(ensure_licenses, LICENSE_OPTIONS, **declared)["changed"])


def _licensed(stage: Stage, *, candidates: bool = False) -> None:
    """Two devices have a license; if asked, they are candidates, too."""
    ids = list(SOFTWARE_IMEIS[:2])
    _licenses(stage.operator, devices=ids)
    if candidates:
        _licenses(stage.operator, devices=ids, state="candidates", api_version="v2")


def _license_writes() -> list[Write]:
    ids = list(SOFTWARE_IMEIS[:2])
    listed = {"state": "candidates", "api_version": "v2"}
    rows: list[tuple[str, str, Callable[[Stage], None], dict[str, Any]]] = [
        ("assign", "v3AssignLicenses", _nothing, {"devices": ids}),
        ("remove", "v3RemoveLicenses", _licensed, {"devices": ids, "state": "removed"}),
        ("candidates-add", "v2CreateCancelCandidates", _licensed, {"devices": ids, **listed}),
        (
            "candidates-remove",
            "v2DeleteCancelCandidates",
            partial(_licensed, candidates=True),
            {"devices": ids, "devices_mode": "remove", **listed},
        ),
    ]
    return [
        Write(
            "fota_license",
            what,
            operation,
            prepare,
            partial(_licenses, **declared),
            account=True,
        )
        for what, operation, prepare, declared in rows
    ]


# -- callbacks ------------------------------------------------------------------------------------

LISTENER = "https://hooks.example.com/fota"


def _callback(controller: Controller, **declared: Any) -> bool:
    return bool(controller.run(ensure_callback, CALLBACK_OPTIONS, **declared)["changed"])


def _listening(stage: Stage, *, url: str = LISTENER) -> None:
    _callback(stage.operator, url=url)


def _callback_writes() -> list[Write]:
    other = partial(_listening, url=f"{LISTENER}/other")
    rows: list[tuple[str, str, Callable[[Stage], None], dict[str, Any]]] = [
        ("register", "v3RegisterCallback", _nothing, {}),
        ("update", "v3UpdateCallback", other, {"replace": True}),
        ("deregister", "v3DeregisterCallback", _listening, {"state": "absent"}),
    ]
    return [
        Write(
            "fota_callback",
            what,
            operation,
            prepare,
            partial(_callback, url=LISTENER, **declared),
            account=True,
        )
        for what, operation, prepare, declared in rows
    ]


# -- logging --------------------------------------------------------------------------------------


def _logging(controller: Controller, *, ids: tuple[str, ...], **declared: Any) -> bool:
    given = {"devices": list(ids), **declared}
    return bool(controller.run(ensure_logging, LOGGING_OPTIONS, **given)["changed"])


def _logged(stage: Stage) -> None:
    _logging(stage.operator, ids=SOFTWARE_IMEIS[:2])


def _logging_writes() -> list[Write]:
    first, some = SOFTWARE_IMEIS[:1], SOFTWARE_IMEIS[:2]
    off = {"devices_mode": "remove"}
    rows: list[tuple[str, str, Callable[[Stage], None], Task]] = [
        ("on-one", "v2EnableDeviceLogging", _nothing, partial(_logging, ids=first)),
        ("on", "v2EnableLogging", _nothing, partial(_logging, ids=some)),
        ("off-one", "v2DisableDeviceLogging", _logged, partial(_logging, ids=first, **off)),
        ("off", "v2DisableLogging", _logged, partial(_logging, ids=some, **off)),
    ]
    return [Write("fota_logging", *row, account=True) for row in rows]


# -- files ----------------------------------------------------------------------------------------


def _upload(controller: Controller) -> bool:
    kind = {"make": "Verizon", "model": "Model-A", "target_path": "/etc/meter.conf"}
    given = {"path": __file__, "file_name": "meter.conf", "file_version": "7", **kind}
    return bool(controller.run(ensure_file, FILE_OPTIONS, **given)["changed"])


# -- rollouts -------------------------------------------------------------------------------------

_WAVES = [{"name": "pilot", "per_package": 4, "days": 10}, {"name": "all", "rest": True}]


def _declare(controller: Controller, *, software: bool, **more: Any) -> Rollout:
    if not software:
        return Rollout(controller, MODELS, waves=_WAVES, **more)
    names = {"from": SOFTWARE_FROM, "to": SOFTWARE_TO}
    package = {"name": SOFTWARE_TO, "make": "Verizon", "model": "Model-A", **names}
    return Rollout(
        controller,
        {},
        type="software",
        packages=[package],
        devices=list(SOFTWARE_IMEIS),
        target=[{"make": "Verizon", "model": "Model-A", "version": SOFTWARE_TO}],
        waves=[{"name": "all", "rest": True, "days": 10}],
        **more,
    )


def _run(
    controller: Controller, *, software: bool = False, state: str = "running", **more: Any
) -> bool:
    """One run of the role; it fails where the role's job would, or tells of a refused brake."""
    rollout = _declare(controller, software=software, **more)
    decision = rollout.run_once(state=state)
    if decision["phase"] == "observation_failed":
        raise FotaError(decision["why"], kind="observation_failed")
    if rollout.lost_races or (rollout.refused and not more):
        raise FotaError("a write of the run was refused", kind="refused")
    return bool(decision["would_change"] or rollout.created)


def _slow(stage: Stage) -> None:
    """Devices take their time, so that a campaign that starts today is not over at once."""
    turn(stage.sim, default={"hours_to_update": [20, 50]})


def _begun(stage: Stage, *, now: str, software: bool = False) -> None:
    """The first wave was created some time ago, and its devices are slow."""
    _slow(stage)
    _declare(stage.operator, software=software).run_once()
    stage.sim.set_now(now)


def _braked(stage: Stage) -> list[dict[str, Any]]:
    """Campaigns that go on beyond the earliest end. An abort is tried once, the brake for ever."""
    found = live_work(stage.sim, dates=True)
    return [one for one in found if date.fromisoformat(one["end"]) > EARLIEST_END]


def _rollout_writes() -> list[Write]:
    queued, started, reported = (
        partial(_begun, now=f"2026-03-{when}:00:00Z") for when in ("02T02", "03T01", "05T07")
    )
    halt = partial(_run, state="halted")
    aborted = (("delete_started_v3", "aborted"),)
    waves = [
        Write("rollout", "v3-create", "v3ScheduleCampaign", _nothing, _run, dates=False),
        Write(
            "rollout",
            "v3-next-wave",
            "v3SyncDeviceFirmware",
            reported,
            _run,
            dates=False,
            versions=True,
        ),
        Write("rollout", "v3-cancel", "v3CancelCampaign", queued, halt),
        Write("rollout", "v3-shorten", "v3UpdateCampaignDates", started, halt),
        Write(
            "rollout",
            "v3-abort",
            "v3CancelCampaign",
            started,
            partial(halt, on_halt="abort"),
            switches=aborted,
            end=_braked,
        ),
    ]
    software = partial(_run, software=True)
    stop = partial(software, state="halted")
    there, going = (
        partial(_begun, now=f"2026-03-{when}:00:00Z", software=True) for when in ("02T02", "03T01")
    )
    return [
        *waves,
        Write("rollout", "v2-create", "v2ScheduleCampaign", _slow, software, dates=False),
        Write("rollout", "v2-cancel", "v2CancelCampaign", there, stop),
        Write("rollout", "v2-shorten", "v2UpdateCampaignDates", going, stop),
    ]


WRITES: tuple[Write, ...] = (
    *_campaign_writes(CampaignType.FIRMWARE, "v3"),
    *_campaign_writes(CampaignType.SOFTWARE, "v2"),
    *_upgrade_writes(),
    *_version_writes(),
    *_license_writes(),
    *_callback_writes(),
    *_logging_writes(),
    Write("fota_file", "upload", "v2UploadFile", _nothing, _upload, account=True),
    *_rollout_writes(),
)
