# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns and their device reports as module results."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from ..._model.campaign import Campaign, CampaignDevice, CampaignType, Schedule
from ..._model.status import DeviceState
from ..._model.windows import Window
from ..._model.wire import count_by

# What a person has to see, whatever else a list leaves out.
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
        **view_declared(campaign),
    }


def view_declared(campaign: Campaign) -> dict[str, Any]:
    """Give what can be declared of a campaign, without its devices."""
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


# The keys of a device's row in a report.
REPORT_COLUMNS = (
    *("deviceId", "status", "state", "reason"),
    *("updated_time", "recent_attempt_time", "next_attempt_time"),
)


def count_devices(rows: Iterable[CampaignDevice]) -> dict[str, int]:
    """Count devices by what their status means."""
    return count_by(row.state.value for row in rows)


def select_devices(rows: Iterable[CampaignDevice], wanted: str) -> list[dict[str, Any]]:
    """Give the rows that ``return_devices`` asks for: none, attention or all."""
    if wanted == "none":
        return []
    return [view_device(row) for row in rows if wanted == "all" or row.state in ATTENTION]
