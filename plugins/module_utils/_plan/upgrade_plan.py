# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan one v1 upgrade. It has no name: its firmware, first day and devices identify it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from .._model.imei import shorten
from .._model.status import CampaignState, DeviceState
from .._model.text import count
from .._model.upgrade import Upgrade, UpgradeRequest
from .device_difference import DeviceDifference, DevicesMode, compare_devices, leave_alone
from .plan import Plan
from .refusal import PlanRefused, refuse_past

# States that take other devices and a cancel (contract section 6).
CHANGEABLE = frozenset({CampaignState.PENDING, CampaignState.QUEUED})

# ThingSpace learns a new version within a day (contract section 6). Until then, a success counts.
VERSION_DELAY = timedelta(days=2)


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
    """What would be written, and what will exist afterwards.

    :ivar done: declared devices that run the target version without this upgrade.
    """

    spec: UpgradeSpec
    current: Upgrade | None
    predicted: Upgrade | None
    done: frozenset[str] = frozenset()
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
            f"{upgrade.id} ({upgrade.status}, {count(len(upgrade.devices), 'device')})"
            for upgrade in live
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


def needs_versions(spec: UpgradeSpec, target: Upgrade | None) -> bool:
    """Tell whether the plan depends on the versions that declared devices run."""
    if not spec.present or not spec.devices or spec.devices_mode is DevicesMode.REMOVE:
        return False
    if target is None or (target.state.over and spec.recreate):
        return spec.upgrade_id is None
    return not _under_way(target).issuperset(spec.devices)


def _under_way(target: Upgrade) -> frozenset[str]:
    """Give the devices that the upgrade has updated, or still can update."""
    return frozenset(
        row.device_id
        for row in target.devices
        if row.state in (DeviceState.SUCCESS, DeviceState.PENDING)
    )


def find_done(
    spec: UpgradeSpec,
    target: Upgrade | None,
    *,
    current: Collection[str],
    upgrades: Sequence[Upgrade],
    today: date,
) -> frozenset[str]:
    """Give the declared devices that run the target version, though not by ``target``.

    :param current: devices of the account that run the target version.
    :param upgrades: every upgrade that the reports list; a recent success in one counts.
    """
    package = spec.package or (target.package if target else "")
    wanted = frozenset(spec.devices or ())
    done = wanted.intersection(current)
    done |= {
        row.device_id
        for upgrade in upgrades
        if upgrade.package == package and _is_recent(upgrade, today)
        for row in upgrade.devices
        if row.state is DeviceState.SUCCESS
    }
    kept = target is not None and not (target.state.over and spec.recreate)
    return wanted & done - (_under_way(target) if target and kept else frozenset())


def _is_recent(upgrade: Upgrade, today: date) -> bool:
    last = upgrade.end or upgrade.start
    return last is not None and today - last <= VERSION_DELAY


def plan_upgrade(
    spec: UpgradeSpec,
    target: Upgrade | None,
    *,
    today: date,
    done: frozenset[str] = frozenset(),
) -> UpgradePlan:
    """Plan one upgrade.

    :param target: what :func:`choose_upgrade` gave, with its devices.
    :param today: the service's day.
    :param done: what :func:`find_done` gave; such devices are not added.
    :raises PlanRefused: what is declared cannot be reached; nothing was written.
    """
    if not spec.present:
        return _plan_absent(spec, target)
    over = target is not None and target.state.over
    if target is None or (over and spec.recreate):
        return _plan_missing(spec, target, today, done)
    _refuse_other_identity(spec, target)
    present = tuple(device.device_id for device in target.devices)
    if over and spec.devices_mode is DevicesMode.REMOVE:
        # So does a repeated removal end when an older upgrade had the same devices.
        difference = leave_alone(spec.devices, "upgrade is over", present=present)
    else:
        difference = _compare(spec, present, done)
    if target.state in CHANGEABLE:
        _refuse_other_list(spec, target, difference)
    elif difference:
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
        done=done,
        current_devices=present,
        predicted_devices=difference.after,
        devices=difference,
        warnings=warnings,
    )


def _compare(spec: UpgradeSpec, present: Sequence[str], done: frozenset[str]) -> DeviceDifference:
    """Compare the devices; those that are done and not in the upgrade are not added."""
    if spec.devices is None:
        return compare_devices(None, present, spec.devices_mode)
    left_out = [imei for imei in spec.devices if imei in done.difference(present)]
    wanted = [imei for imei in spec.devices if imei not in set(left_out)]
    difference = compare_devices(wanted, present, spec.devices_mode)
    without = leave_alone(left_out, "runs the target version already")
    return replace(difference, actions=difference.actions + without.actions)


def _refuse_other_list(spec: UpgradeSpec, target: Upgrade, difference: DeviceDifference) -> None:
    """Refuse a list that shares devices with an upgrade, though neither includes the other.

    Only devices tell apart two upgrades of one firmware and day.
    """
    others = sorted(target.device_ids.difference(spec.devices or ()))
    if spec.upgrade_id or spec.devices_mode is DevicesMode.REMOVE or not difference.add:
        return
    if others:
        shared = sorted(target.device_ids.intersection(spec.devices or ()))
        raise PlanRefused(
            spec.subject,
            f"upgrade {target.id} of this firmware and date has {shorten(shared)}, but also"
            f" {count(len(others), 'device')} not declared: {shorten(others)}. The others that are"
            f" declared would join it: {shorten(difference.add)}",
            hint=f"if this upgrade is meant, declare upgrade_id: {target.id}; for an upgrade of its"
            " own, leave out the devices that the other one has",
        )


def _plan_absent(spec: UpgradeSpec, target: Upgrade | None) -> UpgradePlan:
    if target is None or target.state.over:
        return UpgradePlan(spec=spec, current=target, predicted=target)
    _refuse_other_identity(spec, target)
    others = sorted(target.device_ids.difference(spec.devices or target.device_ids))
    if others:
        raise PlanRefused(
            spec.subject,
            f"upgrade {target.id} has {count(len(others), 'other device')}: {shorten(others)}",
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


def _plan_missing(
    spec: UpgradeSpec, ended: Upgrade | None, today: date, done: frozenset[str]
) -> UpgradePlan:
    if spec.upgrade_id:
        raise PlanRefused(
            spec.subject,
            "the service has no live upgrade with this id",
            hint="check upgrade_id and account, or declare firmware, start_date and devices",
        )
    if spec.devices_mode is DevicesMode.REMOVE:
        none = leave_alone(spec.devices, "there is no upgrade")
        return UpgradePlan(spec=spec, current=None, predicted=None, devices=none)
    difference = _compare(spec, (), done)
    if not difference:
        return UpgradePlan(spec=spec, current=None, predicted=None, done=done, devices=difference)
    if spec.start is None:
        raise PlanRefused(spec.subject, "start_date is missing", hint="declare start_date")
    refuse_past(spec.subject, "start_date", spec.start, today)
    request = UpgradeRequest(
        account=spec.account,
        package=spec.package or "",
        to_version=spec.to_version or "",
        start=spec.start,
        end=spec.end,
        devices=difference.after,
    )
    return UpgradePlan(
        spec=spec,
        current=ended,
        done=done,
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
        devices=difference,
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
