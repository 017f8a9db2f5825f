# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns as module results and as the two sides of a diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from .._model.campaign import Campaign, CampaignDevice, CampaignType, DeviceChange, Schedule
from .._model.status import DeviceState
from .._model.windows import Window
from .._model.wire import count_by
from .._plan.campaigns import CampaignPlan
from .._plan.devices import DeviceAction, DeviceDifference

# What a person has to look at, whatever else a list holds.
ATTENTION = frozenset(
    {DeviceState.FAILED, DeviceState.REJECTED, DeviceState.STOPPED, DeviceState.UNKNOWN}
)


def view_campaign(campaign: Campaign) -> dict[str, Any]:
    """Give a campaign as a module result."""
    return {
        "campaign_id": campaign.id,
        "name": campaign.name,
        "status": campaign.status,
        "state": campaign.state.value,
        "make": campaign.make,
        "model": campaign.model,
        **_view_declared(campaign),
    }


def _view_declared(campaign: Campaign) -> dict[str, Any]:
    view = {
        "type": campaign.type.value,
        "package": campaign.package,
        "from_version": campaign.from_version,
        "to_version": campaign.to_version,
        "protocol": campaign.protocol,
        **_view_schedule(campaign.schedule, campaign.type),
    }
    if campaign.auto_assign_license is not None:
        view["auto_assign_license"] = campaign.auto_assign_license
    if campaign.auto_add_devices is not None:
        view["auto_add_devices"] = campaign.auto_add_devices
    return view


def _view_schedule(schedule: Schedule, type_: CampaignType) -> dict[str, Any]:
    view: dict[str, Any] = {
        "start_date": view_day(schedule.start),
        "end_date": view_day(schedule.end),
    }
    if type_ is CampaignType.FIRMWARE:
        return view | {"windows": view_windows(schedule.windows)}
    return view | {
        "download_after_date": view_day(schedule.download_after),
        "download_windows": view_windows(schedule.download_windows),
        "install_after_date": view_day(schedule.install_after),
        "install_windows": view_windows(schedule.install_windows),
    }


def view_day(day: date | None) -> str | None:
    """Give a UTC day as text."""
    return day.isoformat() if day else None


def view_windows(windows: Iterable[Window]) -> list[dict[str, int]]:
    """Give windows as a module result."""
    return [{"start": window.start, "end": window.end} for window in windows]


def diff_campaigns(plans: Sequence[CampaignPlan]) -> dict[str, Any]:
    """Give both sides of what the plans change, with devices, without ids that nobody declared."""
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
                    **_view_declared(campaign),
                    **({} if devices is None else {"devices": sorted(devices)}),
                }
    return sides


def view_device(row: CampaignDevice) -> dict[str, Any]:
    """Give a row of a device report as a module result."""
    return {
        "deviceId": row.device_id,
        "status": row.status,
        "state": row.state.value,
        "reason": row.reason,
        "updated_time": row.updated,
        "recent_attempt_time": row.recent_attempt,
        "next_attempt_time": row.next_attempt,
    }


# The keys of a device's row in a report, and of what was done with it.
REPORT_COLUMNS = (
    *("deviceId", "status", "state", "reason"),
    *("updated_time", "recent_attempt_time", "next_attempt_time"),
)
ACTION_COLUMNS = (*REPORT_COLUMNS, "action")


def count_devices(rows: Iterable[CampaignDevice]) -> dict[str, int]:
    """Count devices by what their status means."""
    return count_by(row.state.value for row in rows)


def select_devices(rows: Iterable[CampaignDevice], wanted: str) -> list[dict[str, Any]]:
    """Give the rows that ``return_devices`` asks for: none, attention or all."""
    if wanted == "none":
        return []
    return [view_device(row) for row in rows if wanted == "all" or row.state in ATTENTION]


def count_changes(
    difference: DeviceDifference, changes: Mapping[str, DeviceChange]
) -> dict[str, int]:
    """Count the devices that were added and removed; those that the service refused are not."""

    def done(ids: Iterable[str]) -> int:
        return sum(1 for imei in ids if imei not in changes or changes[imei].succeeded)

    return {"added": done(difference.add), "removed": done(difference.remove)}


def view_actions(
    actions: Iterable[DeviceAction],
    changes: Mapping[str, DeviceChange],
    report: Iterable[CampaignDevice],
    wanted: str,
) -> Iterator[dict[str, Any]]:
    """Give what was done with each device, and what the service says of it.

    :param actions: of the declared devices; those of the report that were not declared follow.
    :param wanted: none, all, or attention for devices whose change failed or whose status needs a
        look.
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
