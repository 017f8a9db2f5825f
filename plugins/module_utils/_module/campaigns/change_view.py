# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task changes on campaigns and devices, as module results and as a diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..._model.campaign import CampaignDevice, DeviceChange
from ..._plan.campaign_plan import CampaignPlan
from ..._plan.device_difference import DeviceAction, DeviceDifference
from ..._plan.plan import Plan
from .view import ATTENTION, REPORT_COLUMNS, count_devices, view_declared, view_device

ACTION_COLUMNS = (*REPORT_COLUMNS, "action")
"""The keys of a device's row when it also says what was done."""


def diff_campaigns(plans: Sequence[CampaignPlan]) -> dict[str, Any]:
    """Give both sides of what the plans change, with devices; ids only where they were declared."""
    sides: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
    for plan in plans:
        if not plan.changed:
            continue
        before = None if plan.create else plan.current
        for side, campaign, devices in (
            ("before", before, plan.current_devices),
            ("after", plan.predicted, plan.predicted_devices),
        ):
            if campaign is not None:
                sides[side][plan.spec.name or campaign.name or campaign.id] = {
                    "status": campaign.status,
                    **view_declared(campaign),
                    **({} if devices is None else {"devices": sorted(devices)}),
                }
    return sides


def view_changes(
    plan: Plan,
    changes: Mapping[str, DeviceChange],
    report: Sequence[CampaignDevice],
    wanted: str,
) -> dict[str, Any]:
    """Give what was done as a module result: action, counts and devices.

    :param wanted: as for :func:`view_actions`.
    """
    return {
        "action": plan.action,
        "counts": {**count_changes(plan.devices, changes), **count_devices(report)},
        "devices": list(view_actions(plan.devices.actions, changes, report, wanted)),
    }


def count_changes(
    difference: DeviceDifference, changes: Mapping[str, DeviceChange]
) -> dict[str, int]:
    """Count the devices that were added and removed, without those that the service refused."""

    def done(ids: Iterable[str]) -> int:
        return sum(1 for imei in ids if imei not in changes or changes[imei].succeeded)

    return {"added": done(difference.add), "removed": done(difference.remove)}


def view_actions(
    actions: Iterable[DeviceAction],
    changes: Mapping[str, DeviceChange],
    report: Iterable[CampaignDevice],
    wanted: str,
) -> Iterator[dict[str, Any]]:
    """Give what was done with each device, and its row in the report.

    :param actions: of the declared devices; those of the report that were not declared follow.
    :param wanted: none, all, or attention: devices whose change failed or whose status needs it.
    """
    if wanted == "none":
        return
    rows = {row.device_id: row for row in report}
    named = {action.device_id for action in actions}
    others = [DeviceAction(imei, "none", "") for imei in rows if imei not in named]
    for action in [*actions, *others]:
        change, row = changes.get(action.device_id), rows.get(action.device_id)
        failed = change is not None and not change.succeeded
        if wanted == "all" or failed or (row is not None and row.state in ATTENTION):
            yield {
                **(view_device(row) if row else {"deviceId": action.device_id}),
                "action": action.action,
                "reason": (change.reason if change and failed else "")
                or (row.reason if row else "")
                or action.reason,
            }
