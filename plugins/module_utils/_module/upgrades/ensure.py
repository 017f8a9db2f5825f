# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_upgrade`` (v1): plan and write the declared upgrade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._client.errors import FotaError, ServiceRefused
from ..._model.campaign import DeviceChange
from ..._model.firmware import Package
from ..._model.text import count
from ..._model.upgrade import Upgrade
from ..._plan.packages import find_package
from ..._plan.upgrade_plan import (
    UpgradePlan,
    UpgradeSpec,
    choose_upgrade,
    find_done,
    matching_upgrades,
    needs_upgrade_version,
    needs_versions,
    plan_upgrade,
)
from ..awaited import Awaited, describe_rejected, explain_unreached, wait_for_stage
from ..campaigns.change_view import ACTION_COLUMNS, count_changes, view_actions, view_changes
from ..context import Context
from ..options import describe_lookalikes
from ..results_file import Rows
from ..waiting import Waiting
from .options import read_upgrade_spec
from .search import find_unlisted, list_known
from .view import mark_done, view_declared
from .writer import UpgradeWriter, WrittenUpgrade


def ensure_upgrade(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Plan the declared upgrade, then write, then wait.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: the declaration cannot be reached; nothing was written.
    :raises TaskFailure: a write or a wait failed; the result says what was done before.
    """
    spec, warnings = read_upgrade_spec(params, context.account)
    context.warnings += warnings
    plan = _plan(context, spec)
    context.warnings += plan.warnings
    if context.check_mode:
        return _conclude(context, plan, WrittenUpgrade(plan.predicted), params)
    written: WrittenUpgrade | None = None
    failure: FotaError | None = None
    try:
        try:
            written = UpgradeWriter(context).carry_out(plan)
        except ServiceRefused as error:
            payload: dict[str, Any] = error.payload()
            raise ServiceRefused(f"{spec.subject}: {error}", **payload) from error
        _refuse_failed(spec, written.device_changes)
        if params["wait"] and spec.present and written.upgrade is not None and not plan.was_over:
            stage = params["wait_for"]
            waited = wait_for_stage(
                context, [Awaited(written.upgrade)], stage, Waiting.declared(params)
            )
            written = replace(written, upgrade=waited.last[0].target)
            failure = explain_unreached(waited, stage)
    except FotaError as error:
        failure = error
    return _conclude(context, plan, written, params, failure=failure)


def _plan(context: Context, spec: UpgradeSpec) -> UpgradePlan:
    known = list_known(context.v1, spec)
    found = known if spec.upgrade_id else matching_upgrades(spec, known)
    target = choose_upgrade(spec, found)
    if spec.present and not spec.upgrade_id and (target is None or target.state.over):
        found += find_unlisted(context.v1, spec, {upgrade.id for upgrade in found})
        target = choose_upgrade(spec, found)
    catalog: list[Package] = []
    incomplete = needs_upgrade_version(spec, target)
    if incomplete or (needs_versions(spec, target) and not (target and target.to_version)):
        catalog = context.v1.list_firmware()
    if incomplete:
        package = find_package(spec.subject, spec.package or "", catalog, api_version="v1")
        spec = replace(spec, to_version=package.to_version)
    today = context.client.now.date()
    done: frozenset[str] = frozenset()
    if needs_versions(spec, target):
        version = _find_version(spec, target, catalog)
        devices = context.v1.list_devices()
        running = {device.device_id: device.firmware for device in devices}
        current = {imei for imei, runs in running.items() if version and runs == version}
        done = find_done(spec, target, current=current, upgrades=known, today=today)
        texts = (running.get(imei, "") for imei in spec.devices or ())
        context.warnings += describe_lookalikes("to_version", version, texts)
    return plan_upgrade(spec, target, today=today, done=done)


def _find_version(spec: UpgradeSpec, target: Upgrade | None, catalog: Sequence[Package]) -> str:
    """Give the version that the firmware installs, as the service knows it; else an empty text.

    A version that is only declared can be that of another firmware, which devices run.
    """
    if target is not None and target.to_version:
        return target.to_version
    known = any(
        (package.name, package.to_version) == (spec.package, spec.to_version) for package in catalog
    )
    return spec.to_version or "" if known else ""


def _refuse_failed(spec: UpgradeSpec, changes: Sequence[DeviceChange]) -> None:
    failed = [change for change in changes if not change.succeeded]
    if failed:
        listed = "; ".join(
            f"{change.device_id}: {change.status} {change.reason}" for change in failed[:5]
        )
        raise FotaError(
            f"{spec.subject}: {count(len(failed), 'device')} not changed: {listed}",
            kind="devices_refused",
            hint="the other devices were changed; the result lists every device",
        )


def _conclude(
    context: Context,
    plan: UpgradePlan,
    written: WrittenUpgrade | None,
    params: Mapping[str, Any],
    *,
    failure: FotaError | None = None,
) -> dict[str, Any]:
    """Give the module's result; without ``written`` the task failed before anything was done."""
    done = written is not None
    written = written or WrittenUpgrade(plan.current)
    upgrade = written.upgrade
    version = plan.spec.to_version or (plan.current.to_version if plan.current else "")
    report = mark_done(upgrade.devices if upgrade else (), plan.done, version)
    if plan.spec.present and not plan.was_over:
        context.warnings += describe_rejected(plan.spec.subject, report)
    changes = {change.device_id: change for change in written.device_changes}
    counts = count_changes(plan.devices, changes)
    known = upgrade or plan.current
    word = plan.action if plan.changed else "unchanged"
    status = upgrade.status if upgrade else "not there"
    done_clause = f", {count(len(plan.done), 'device')} already on {version}" if plan.done else ""
    result = {
        "changed": done and bool(plan.create or plan.cancel or any(counts.values())),
        "upgrade": {
            "upgrade_id": known.id if known else "",
            **(view_declared(upgrade) if upgrade else {}),
            **view_changes(plan, changes, report, params["return_devices"]),
        },
        "diff": _diff(plan),
        "msg": context.headline(f"{plan.spec.subject}: {word}, {status}{done_clause}"),
    }
    id_ = upgrade.id if upgrade else ""
    every = view_actions(plan.devices.actions, changes, report, "all")
    rows = ({**row, "upgrade_id": id_} for row in every)
    return context.conclude(result, Rows((*ACTION_COLUMNS, "upgrade_id"), rows), failure=failure)


def _diff(plan: UpgradePlan) -> dict[str, Any]:
    if not plan.changed:
        return {"before": {}, "after": {}}

    def side(upgrade: Upgrade | None, devices: Sequence[str]) -> dict[str, Any]:
        if upgrade is None:
            return {}
        return {**view_declared(upgrade), "devices": sorted(devices)}

    before = None if plan.create else plan.current
    return {
        "before": side(before, plan.current_devices),
        "after": side(plan.predicted, plan.predicted_devices),
    }
