# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices a rollout is for, what each needs, and who is out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ...._model.device import Device
from ...._model.firmware import request_protocol
from ...._model.text import count
from ...._model.times import parse_time
from ...refusal import PlanRefused
from ..declaration.spec import Licensing, RolloutSpec, Selected, Target
from ..observation.campaign_history import History
from ..observation.observed import Observed
from .rollout_device import RolloutDevice
from .unmatched_targets import find_unmatched
from .upgrade_paths import Paths, UpgradePath


class Out(Enum):
    """Why a selected device is in no wave."""

    CURRENT = "current"
    NOT_FOUND = "not_found"
    NOT_ACTIVE = "not_active"
    NEVER_SEEN = "never_seen"
    NOT_ELIGIBLE = "not_eligible"
    WRONG_PROTOCOL = "wrong_protocol"
    NO_TARGET = "no_target"
    VERSION_UNKNOWN = "version_unknown"
    NO_PATH = "no_path"
    NO_LICENSE = "no_license"
    LATE = "late"

    @property
    def what_to_do(self) -> str:
        """A sentence for the person who finds such devices in the plan."""
        return _WHAT_TO_DO[self]


_WHAT_TO_DO = {
    Out.CURRENT: "runs the target already",
    Out.NOT_FOUND: "the account has no such device: check the IMEI and the account",
    Out.NOT_ACTIVE: "its line is suspended or not activated: activate it, or remove the device from"
    " the selection",
    Out.NEVER_SEEN: "the service has never had contact with it: check its power, antenna and line",
    Out.NOT_ELIGIBLE: "the service says that it cannot be upgraded over the air",
    Out.WRONG_PROTOCOL: "speaks another protocol than the rollout declares",
    Out.NO_TARGET: "the rollout declares no target for its make and model",
    Out.VERSION_UNKNOWN: "the service knows no version: ask it with fota_device_firmware",
    Out.NO_PATH: "no package leads from its version to the target: fota_firmware_info lists them",
    Out.NO_LICENSE: "has no license and the account bills no single upgrades: assign one with"
    " fota_license, or set assign_licenses: before_wave. Where that is set, the service refused it",
    Out.LATE: "came after the last wave had begun: late_joiners: last takes it along",
}


# Words for the state of a line that Verizon uses elsewhere; the documents of FOTA only have Active.
# The service itself judges other words when it schedules a campaign.
_NOT_ACTIVE = frozenset(
    {"suspend", "suspended", "deactive", "deactivated", "inactive", "preactive", "terminated"}
)


@dataclass(frozen=True)
class Scope:
    """The devices in scope and, of all others that were selected, why they are out.

    :ivar unreachable: targets to which no package leads, although devices need them, and those
        whose make or model is spelled otherwise.
    :ivar remarks: targets of models that no device has.
    """

    rows: tuple[RolloutDevice, ...]
    out: dict[str, Out]
    paths: Paths
    unreachable: tuple[PlanRefused, ...]
    remarks: tuple[str, ...]


def find_scope(spec: RolloutSpec, seen: Observed, history: History) -> Scope:
    """Sort every selected or claimed device."""
    paths = Paths(spec, seen.catalog)
    selected = {device.imei: device for device in spec.devices}
    rows = _find_claimed(spec, seen, history, paths)
    claimed = {row.imei for row in rows}
    judge = _Judge(spec, seen, paths)
    out: dict[str, Out] = {}
    for imei, choice in selected.items():
        if imei in claimed:
            continue
        device = seen.devices.get(imei)
        found = judge.find_path(device, choice)
        if isinstance(found, Out):
            out[imei] = found
        else:
            rows.append(
                RolloutDevice(imei, choice, device, found, history=history.devices.get(imei))
            )
    unmatched, remarks = find_unmatched(
        spec, seen, (imei for imei, why in out.items() if why is Out.NO_TARGET)
    )
    return Scope(
        rows=tuple(rows),
        out=out,
        paths=paths,
        unreachable=(*_find_unreachable(spec, seen, rows, out), *unmatched),
        remarks=tuple(remarks),
    )


def _find_claimed(
    spec: RolloutSpec, seen: Observed, history: History, paths: Paths
) -> list[RolloutDevice]:
    """Give the devices of which our campaigns have a record, with the path that they are on."""
    generations = {target.generation: target for target in spec.targets}
    selected = {device.imei: device for device in spec.devices}
    rows = []
    for imei, past in history.devices.items():
        if past.latest is None:
            continue
        choice = selected.get(imei) or Selected(imei)
        path = paths.going_on(
            generations[past.latest.own.name.generation],
            [record.own.campaign for record in (past.latest, *past.earlier)],
            spec.zone_of(choice),
        )
        rows.append(RolloutDevice(imei, choice, seen.devices.get(imei), path, history=past))
    return rows


class _Judge:
    """Says which path a device takes that no campaign of ours has had, or why it is out."""

    def __init__(self, spec: RolloutSpec, seen: Observed, paths: Paths) -> None:
        self._spec = spec
        self._paths = paths
        self._targets = {(target.make, target.model): target for target in spec.targets}
        self._needs_license = (
            seen.subscription.needs_licenses and spec.assign_licenses is Licensing.NONE
        )

    def find_path(self, device: Device | None, choice: Selected) -> UpgradePath | Out:
        """Give the path of a device, or why it is out."""
        if device is None:
            return Out.NOT_FOUND
        target = self._targets.get((device.make, device.model))
        if target is None:
            return Out.NEVER_SEEN if not device.model and _is_unseen(device) else Out.NO_TARGET
        if device.firmware == target.version:
            return Out.CURRENT
        if device.status != "Active" and _is_inactive(device):
            return Out.NOT_ACTIVE
        if _is_unseen(device):
            return Out.NEVER_SEEN
        if device.fota_eligible is False:
            return Out.NOT_ELIGIBLE
        if request_protocol(device.protocol) != self._spec.protocol:
            return Out.WRONG_PROTOCOL
        if not device.firmware:
            return Out.VERSION_UNKNOWN
        path = self._paths.ahead(target, device.firmware, self._spec.zone_of(choice))
        if path is None:
            return Out.NO_PATH
        if self._needs_license and device.license_assigned is not True:
            return Out.NO_LICENSE
        return path


def _is_inactive(device: Device) -> bool:
    return device.status.casefold().replace("-", "") in _NOT_ACTIVE


def _is_unseen(device: Device) -> bool:
    """The service knows neither a version, nor when it read one or the device connected."""
    times = map(parse_time, (device.refreshed, device.connected, device.upgraded))
    return not device.firmware and not any(times)


def _find_unreachable(
    spec: RolloutSpec, seen: Observed, rows: Iterable[RolloutDevice], out: dict[str, Out]
) -> list[PlanRefused]:
    """Find targets that no package reaches: a typing mistake, unless no device needs them."""
    reachable = {(each.make, each.model, each.to_version) for each in seen.catalog}
    taken = {row.target for row in rows}
    without = [seen.devices[imei] for imei, why in out.items() if why is Out.NO_PATH]
    found = []
    for place, target in enumerate(spec.targets):
        stranded = sum((device.make, device.model) == _model(target) for device in without)
        if not stranded or target in taken or (*_model(target), target.version) in reachable:
            continue
        known = sorted(
            {each.to_version for each in seen.catalog if (each.make, each.model) == _model(target)}
        )
        found.append(
            PlanRefused(
                f"rollout {spec.name}",
                f"target[{place}].version = {target.version!r}: no published package leads to it"
                f" for {target.make} {target.model}; needed by {count(stranded, 'device')}",
                hint=f"published for this model: {', '.join(known) or 'nothing'};"
                " fota_firmware_info lists all",
            )
        )
    return found


def _model(target: Target) -> tuple[str, str]:
    return target.make, target.model
