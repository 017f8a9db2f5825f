# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan one v1 upgrade. It has no name: its firmware, first day and devices identify it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from .._model.imei import shorten
from .._model.status import CampaignState
from .._model.upgrade import Upgrade, UpgradeRequest
from .device_difference import DeviceDifference, DevicesMode, compare_devices, leave_alone
from .plan import Plan
from .refusal import PlanRefused

# States that take other devices and a cancel (contract section 6).
CHANGEABLE = frozenset({CampaignState.PENDING, CampaignState.QUEUED})


@dataclass(frozen=True)
class UpgradeSpec:
    """One declared upgrade; None means not declared.

    :ivar subject: how errors name it.
    """

    subject: str
    account: str
    present: bool = True
    upgrade_id: str | None = None
    package: str | None = None
    to_version: str | None = None
    start: date | None = None
    end: date | None = None
    devices: tuple[str, ...] | None = field(default=None, repr=False)
    devices_mode: DevicesMode = DevicesMode.AT_LEAST
    recreate: bool = False


@dataclass(frozen=True)
class UpgradePlan(Plan):
    """What would be written, and what will exist afterwards."""

    spec: UpgradeSpec
    current: Upgrade | None
    predicted: Upgrade | None
    current_devices: tuple[str, ...] = ()
    predicted_devices: tuple[str, ...] = ()
    create: UpgradeRequest | None = None
    devices: DeviceDifference = DeviceDifference(add=(), remove=(), after=(), actions=())
    cancel: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.create or self.devices or self.cancel)


def matching_upgrades(spec: UpgradeSpec, upgrades: Sequence[Upgrade]) -> list[Upgrade]:
    """Give the upgrades of this firmware and first day that share a device with the declaration."""
    wanted = frozenset(spec.devices or ())
    return [
        upgrade
        for upgrade in upgrades
        if upgrade.package == spec.package
        and upgrade.start == spec.start
        and wanted & upgrade.device_ids
    ]


def choose_upgrade(spec: UpgradeSpec, matches: Sequence[Upgrade]) -> Upgrade | None:
    """Pick the upgrade that ``spec`` means: the live one, else that with most of its devices.

    :raises PlanRefused: several are live.
    """
    live = [upgrade for upgrade in matches if not upgrade.state.over]
    if len(live) > 1:
        listed = ", ".join(
            f"{upgrade.id} ({upgrade.status}, {len(upgrade.devices)} devices)" for upgrade in live
        )
        raise PlanRefused(
            spec.subject,
            f"{len(live)} live upgrades of this firmware and date have some of the devices:"
            f" {listed}",
            hint="declare upgrade_id to say which one is meant",
        )
    if live:
        return live[0]
    wanted = frozenset(spec.devices or ())
    return max(
        matches, key=lambda upgrade: (len(wanted & upgrade.device_ids), upgrade.id), default=None
    )


def needs_upgrade_version(spec: UpgradeSpec, target: Upgrade | None) -> bool:
    """Tell whether the version of an upgrade to schedule has to be looked up."""
    if not spec.present or spec.upgrade_id or spec.devices_mode is DevicesMode.REMOVE:
        return False
    missing = target is None or (target.state.over and spec.recreate)
    return missing and bool(spec.package) and not spec.to_version


def plan_upgrade(spec: UpgradeSpec, target: Upgrade | None, *, today: date) -> UpgradePlan:
    """Plan one upgrade.

    :param target: what :func:`choose_upgrade` gave, with its devices.
    :param today: the service's day.
    :raises PlanRefused: what is declared cannot be reached; nothing was written.
    """
    if not spec.present:
        return _plan_absent(spec, target)
    over = target is not None and target.state.over
    if target is None or (over and spec.recreate):
        return _plan_missing(spec, target, today)
    _refuse_other_identity(spec, target)
    present = tuple(device.device_id for device in target.devices)
    if over and spec.devices_mode is DevicesMode.REMOVE:
        # So does a repeated removal end when an older upgrade had the same devices.
        difference = leave_alone(spec.devices, "upgrade is over", present=present)
    else:
        difference = compare_devices(spec.devices, present, spec.devices_mode)
    if difference and target.state not in CHANGEABLE:
        missing = f" ({shorten(difference.add)} would be added)" if difference.add else ""
        raise PlanRefused(
            spec.subject,
            f"upgrade {target.id} is {target.status}: devices can no longer be added or removed"
            f"{missing}",
            hint="schedule these devices under another start_date"
            + (", or set recreate: true" if over else ""),
        )
    warnings: tuple[str, ...] = ()
    if over and target.state is not CampaignState.ENDED:
        warnings = (
            f"{spec.subject}: upgrade {target.id} is over with {target.status} and is not scheduled"
            " again; recreate: true schedules a new one",
        )
    return UpgradePlan(
        spec=spec,
        current=target,
        predicted=target,
        current_devices=present,
        predicted_devices=difference.after,
        devices=difference,
        warnings=warnings,
    )


def _plan_absent(spec: UpgradeSpec, target: Upgrade | None) -> UpgradePlan:
    if target is None or target.state.over:
        return UpgradePlan(spec=spec, current=target, predicted=target)
    _refuse_other_identity(spec, target)
    others = sorted(target.device_ids.difference(spec.devices or target.device_ids))
    if others:
        raise PlanRefused(
            spec.subject,
            f"upgrade {target.id} has {len(others)} other devices: {shorten(others)}",
            hint="to cancel it for all, declare only upgrade_id, or all its devices; to remove"
            " devices, use state: present with devices_mode: remove",
        )
    if target.state not in CHANGEABLE:
        raise PlanRefused(
            spec.subject,
            f"upgrade {target.id} is {target.status}: the service cancels only before the start",
            hint="a started v1 upgrade cannot be stopped; it ends by itself",
        )
    return UpgradePlan(
        spec=spec,
        current=target,
        predicted=None,
        current_devices=tuple(device.device_id for device in target.devices),
        cancel=True,
    )


def _plan_missing(spec: UpgradeSpec, ended: Upgrade | None, today: date) -> UpgradePlan:
    if spec.upgrade_id:
        raise PlanRefused(
            spec.subject,
            "the service has no live upgrade with this id",
            hint="check upgrade_id and account, or declare firmware, start_date and devices",
        )
    if spec.devices_mode is DevicesMode.REMOVE:
        none = leave_alone(spec.devices, "there is no upgrade")
        return UpgradePlan(spec=spec, current=None, predicted=None, devices=none)
    last_day = spec.end or spec.start
    if spec.start is None or last_day is None:
        raise PlanRefused(spec.subject, "start_date is missing", hint="declare start_date")
    if last_day < today:
        raise PlanRefused(
            spec.subject,
            f"would end on {last_day}, before today at the service ({today})",
            hint="declare dates that are not over",
        )
    request = UpgradeRequest(
        account=spec.account,
        package=spec.package or "",
        to_version=spec.to_version or "",
        start=spec.start,
        end=spec.end,
        devices=spec.devices or (),
    )
    return UpgradePlan(
        spec=spec,
        current=ended,
        predicted=Upgrade(
            id="",
            package=request.package,
            to_version=request.to_version,
            status="RequestPending",
            start=request.start,
            end=request.end,
        ),
        predicted_devices=request.devices,
        create=request,
        devices=compare_devices(request.devices, (), DevicesMode.AT_LEAST),
    )


def _refuse_other_identity(spec: UpgradeSpec, target: Upgrade) -> None:
    differing = []
    for member in ("package", "to_version", "start", "end"):
        declared, current = getattr(spec, member), getattr(target, member)
        # Some servers do not return all of them (contract section 12, item 4).
        if declared is not None and current not in (None, "") and declared != current:
            differing.append(f"{member} is {current}, declared {declared}")
    if differing:
        raise PlanRefused(
            spec.subject,
            f"upgrade {target.id} differs, and this cannot be changed: " + "; ".join(differing),
            hint="firmware and dates of an upgrade cannot change: cancel it before its start and"
            " schedule it again",
        )
