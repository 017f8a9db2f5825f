# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-cases of ``fota_upgrade`` and ``fota_upgrade_info`` (v1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._client.errors import FotaError, ServiceRefused
from ..._model.campaign import DeviceChange
from ..._model.errors import InvalidValue
from ..._model.status import FAR_ENOUGH, CampaignState
from ..._model.times import check_date
from ..._model.upgrade import Upgrade
from ..._plan.packages import find_package
from ..._plan.upgrade_plan import (
    UpgradePlan,
    UpgradeSpec,
    choose_upgrade,
    matching_upgrades,
    needs_upgrade_version,
    plan_upgrade,
)
from ..campaigns.change_view import ACTION_COLUMNS, count_changes, view_actions
from ..campaigns.search import HISTORIES_READ, may_be_dropped
from ..campaigns.view import (
    REPORT_COLUMNS,
    count_devices,
    select_devices,
    view_day,
    view_device,
)
from ..context import Context
from ..options import RESULTS_FILE_OPTION, RETURN_DEVICES_OPTION
from ..results_file import Rows
from ..waiting import Waiting, wait_until
from .options import read_upgrade_spec
from .writer import UpgradeWriter, WrittenUpgrade, list_all_upgrades


def ensure_upgrade(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Make the declared upgrade true.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: the declaration cannot be reached; nothing was written.
    :raises TaskFailure: a write or a wait failed; the result says what was done before.
    """
    spec, warnings = read_upgrade_spec(params, context.account)
    context.warnings += warnings
    found = _find(context, spec)
    target = choose_upgrade(spec, found)
    if spec.present and not spec.upgrade_id and (target is None or target.state.over):
        found += _find_hidden(context, spec, {one.id for one in found})
        target = choose_upgrade(spec, found)
    if needs_upgrade_version(spec, target):
        package = find_package(spec.subject, spec.package or "", context.v1.list_firmware())
        spec = replace(spec, to_version=package.to_version)
    plan = plan_upgrade(spec, target, today=context.client.now.date())
    context.warnings += plan.warnings
    if context.check_mode:
        return _conclude(context, plan, WrittenUpgrade(plan.predicted), params)
    written: WrittenUpgrade | None = None
    failure: FotaError | None = None
    try:
        written = UpgradeWriter(
            context.v1, settling=context.settling, sleep=context.sleep
        ).carry_out(plan)
        _refuse_failed(spec, written.device_changes)
        if params["wait"] and spec.present and written.upgrade is not None:
            written = WrittenUpgrade(
                _wait(context, plan, written.upgrade, params), written.device_changes
            )
    except FotaError as error:
        failure = error
    return _conclude(context, plan, written, params, failure=failure)


def _find(context: Context, spec: UpgradeSpec) -> list[Upgrade]:
    if not spec.upgrade_id:
        return matching_upgrades(spec, list_all_upgrades(context.v1))
    try:
        return [context.v1.get_upgrade(spec.upgrade_id)]
    except ServiceRefused as error:
        if not spec.present and spec.upgrade_id in (error.error_message or ""):
            return []
        raise


def _find_hidden(context: Context, spec: UpgradeSpec, known: set[str]) -> list[Upgrade]:
    """Look for the upgrade in the histories of its devices: a report can lack it for a while.

    Without this, devices that the hidden one does not have would be scheduled once more.
    """
    devices = list(spec.devices or ())[:HISTORIES_READ]
    histories = context.client.map(context.v1.get_device_history, devices)
    ids = {item.campaign_id for history in histories for item in history} - known - {""}
    found = context.client.map(lambda one: _get_if_kept(context, one), sorted(ids))
    return matching_upgrades(spec, [one for one in found if one])


def _get_if_kept(context: Context, upgrade_id: str) -> Upgrade | None:
    try:
        return context.v1.get_upgrade(upgrade_id)
    except ServiceRefused as error:
        if not may_be_dropped(error):
            raise
        return None


def _refuse_failed(spec: UpgradeSpec, changes: Sequence[DeviceChange]) -> None:
    failed = [change for change in changes if not change.succeeded]
    if failed:
        listed = "; ".join(f"{one.device_id}: {one.status} {one.reason}" for one in failed[:5])
        raise FotaError(
            f"{spec.subject}: {len(failed)} devices were not changed: {listed}",
            kind="devices_refused",
            hint="the other devices were changed; the result lists every device",
        )


def _wait(
    context: Context, plan: UpgradePlan, upgrade: Upgrade, params: Mapping[str, Any]
) -> Upgrade:
    enough = FAR_ENOUGH[params["wait_for"]]
    waited = wait_until(
        lambda: context.v1.get_upgrade(upgrade.id),
        lambda one: one.state in enough or one.state.over,
        Waiting.declared(params),
        sleep=context.sleep,
    )
    last = waited.last
    if not waited.done:
        raise FotaError(
            f"{plan.spec.subject}: waited {waited.elapsed:.0f} s for {params['wait_for']}; upgrade"
            f" {last.id} is {last.status}{waited.in_vain}",
            kind="timeout",
            hint="it goes on; run the same task again to go on waiting, with a longer wait_timeout,"
            f" or follow upgrade_id {last.id} with fota_upgrade_info",
        )
    was_over = plan.current is not None and plan.current.state.over and not plan.changed
    if last.state not in enough and not was_over:
        raise FotaError(
            f"{plan.spec.subject}: upgrade {last.id} stopped before the end: {last.status}",
            kind="campaign_failed",
            hint="fota_upgrade_info shows the reason per device",
        )
    return last


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
    report = upgrade.devices if upgrade else ()
    id_ = upgrade.id if upgrade else ""
    changes = {change.device_id: change for change in written.device_changes}
    counts = count_changes(plan.devices, changes)
    view = {
        **(_view(upgrade) if upgrade else {"upgrade_id": plan.current.id if plan.current else ""}),
        "action": plan.action,
        "counts": {
            **counts,
            **count_devices(report),
        },
        "devices": list(
            view_actions(plan.devices.actions, changes, report, params["return_devices"])
        ),
    }
    word = plan.action if plan.changed else "unchanged"
    status = upgrade.status if upgrade else "not there"
    result = {
        "changed": done and bool(plan.create or plan.cancel or any(counts.values())),
        "upgrade": view,
        "diff": _diff(plan),
        "msg": context.headline(f"{plan.spec.subject}: {word}, {status}"),
    }
    every = view_actions(plan.devices.actions, changes, report, "all")
    devices = Rows((*ACTION_COLUMNS, "upgrade_id"), ({**one, "upgrade_id": id_} for one in every))
    return context.conclude(result, devices, failure=failure)


def _view(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "upgrade_id": upgrade.id,
        "status": upgrade.status,
        "state": upgrade.state.value,
        "package": upgrade.package,
        "to_version": upgrade.to_version,
        "start_date": view_day(upgrade.start),
        "end_date": view_day(upgrade.end),
    }


def _diff(plan: UpgradePlan) -> dict[str, Any]:
    if not plan.changed:
        return {"before": {}, "after": {}}

    def side(upgrade: Upgrade | None, devices: Sequence[str]) -> dict[str, Any]:
        if upgrade is None:
            return {}
        view = {name: value for name, value in _view(upgrade).items() if name != "upgrade_id"}
        return {**view, "devices": sorted(devices)}

    before = None if plan.create else plan.current
    return {
        "before": side(before, plan.current_devices),
        "after": side(plan.predicted, plan.predicted_devices),
    }


UPGRADE_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "upgrade_id": {"type": "str"},
    "package": {"type": "str", "aliases": ["firmware_name"]},
    "start_date": {"type": "str"},
    "states": {
        "type": "list",
        "elements": "str",
        "choices": [state.value for state in CampaignState],
    },
    **RETURN_DEVICES_OPTION,
    **RESULTS_FILE_OPTION,
}


def read_upgrades(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read upgrades by id, or of every status of the last six months.

    :raises InvalidValue: ``start_date`` is no date.
    :raises TaskFailure: the results file could not be written.
    """
    value = params.get("start_date")
    start = check_date(value, field="start_date") if value else None
    package, states = params.get("package"), params.get("states")
    if params.get("upgrade_id") and (package or start):
        raise InvalidValue("upgrade_id", params["upgrade_id"], "is enough: give no filter with it")
    found = (
        [context.v1.get_upgrade(params["upgrade_id"])]
        if params.get("upgrade_id")
        else list_all_upgrades(context.v1)
    )
    kept = [
        upgrade
        for upgrade in found
        if (not package or upgrade.package == package)
        and (not start or upgrade.start == start)
        and (not states or upgrade.state.value in states)
    ]
    result = {
        "changed": False,
        "upgrades": [view_upgrade(upgrade, params["return_devices"]) for upgrade in kept],
        "msg": context.headline(f"{len(kept)} upgrades"),
    }
    return context.conclude(result, upgrade_rows(kept))


def upgrade_rows(upgrades: Iterable[Upgrade]) -> Rows:
    """Give every device of upgrades, each with the upgrade that it is in."""
    devices = (
        {**view_device(row), "upgrade_id": upgrade.id}
        for upgrade in upgrades
        for row in upgrade.devices
    )
    return Rows((*REPORT_COLUMNS, "upgrade_id"), devices)


def view_upgrade(upgrade: Upgrade, return_devices: str) -> dict[str, Any]:
    """Give an upgrade with its devices as a module result."""
    return {
        **_view(upgrade),
        "counts": count_devices(upgrade.devices),
        "devices": select_devices(upgrade.devices, return_devices),
    }
