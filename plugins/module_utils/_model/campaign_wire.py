# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns on the wire: v2 and v3 bodies to records and back (contract sections 12 and 13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from sys import intern
from typing import Any

from .campaign import (
    Campaign,
    CampaignDevice,
    CampaignRequest,
    CampaignType,
    Change,
    DeviceChange,
    Schedule,
)
from .errors import MalformedReply
from .times import parse_date
from .windows import are_readable, read_windows, write_windows
from .wire import as_object, as_row, as_rows, flag, text, word


def read_campaign(reply: object, type_: CampaignType) -> Campaign:
    """Read a campaign from a create, date change, get or report reply."""
    row = as_row(reply, "campaign")
    return Campaign(
        id=text(row, "id", "campaignId"),
        type=type_,
        name=text(row, "campaignName"),
        package=text(row, "firmwareName", "softwareName", "fileName"),
        from_version=text(row, "firmwareFrom", "softwareFrom"),
        to_version=text(row, "firmwareTo", "softwareTo", "fileVersion"),
        protocol=text(row, "protocol", "distributionType"),
        make=text(row, "make"),
        model=text(row, "model"),
        status=text(row, "status"),
        schedule=_read_schedule(row),
        auto_assign_license=flag(row, "autoAssignLicenseFlag"),
        auto_add_devices=flag(row, "autoAddDevicesFlag"),
    )


def read_whole_campaign(reply: object, type_: CampaignType) -> Campaign:
    """Read a campaign that is the whole reply.

    :raises MalformedReply: it has no id, so it is not the campaign.
    """
    campaign = read_campaign(as_object(reply, "campaign", "id", "campaignId"), type_)
    if not campaign.id:
        raise MalformedReply("campaign: expected a JSON object with an id, got an empty id")
    return campaign


def _read_schedule(row: Mapping[str, object]) -> Schedule:
    windows = row.get("campaignTimeWindowList")
    lists = {
        "campaignTimeWindowList": row.get("timeWindowList") if windows is None else windows,
        "downloadTimeWindowList": row.get("downloadTimeWindowList"),
        "installTimeWindowList": row.get("installTimeWindowList"),
    }
    read = {name: read_windows(value, name) for name, value in lists.items()}
    return Schedule(
        start=parse_date(text(row, "startDate")),
        end=parse_date(text(row, "endDate")),
        windows=read["campaignTimeWindowList"],
        download_after=parse_date(text(row, "downloadAfterDate")),
        download_windows=read["downloadTimeWindowList"],
        install_after=parse_date(text(row, "installAfterDate")),
        install_windows=read["installTimeWindowList"],
        windows_readable=all(are_readable(value, name) for name, value in lists.items()),
    )


def write_schedule(schedule: Schedule, type_: CampaignType) -> dict[str, object]:
    """Write the full set of dates and windows: a date change replaces all (section 14, 17)."""
    body: dict[str, object] = {
        "startDate": _day(schedule.start),
        "endDate": _day(schedule.end),
    }
    if type_ is CampaignType.FIRMWARE:
        body["campaignTimeWindowList"] = write_windows(schedule.windows)
        return body
    body["downloadTimeWindowList"] = write_windows(schedule.download_windows)
    body["installTimeWindowList"] = write_windows(schedule.install_windows)
    if schedule.download_after:
        body["downloadAfterDate"] = _day(schedule.download_after)
    if schedule.install_after:
        body["installAfterDate"] = _day(schedule.install_after)
    return body


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def write_request(request: CampaignRequest) -> dict[str, object]:
    """Write the body that creates a campaign."""
    body: dict[str, object] = {
        "campaignName": request.name,
        "deviceList": list(request.devices),
        **write_schedule(request.schedule, request.type),
    }
    if request.type is CampaignType.FIRMWARE:
        return body | {
            "firmwareName": request.package,
            "firmwareFrom": request.from_version,
            "firmwareTo": request.to_version,
            "protocol": request.protocol,
            "autoAssignLicenseFlag": request.auto_assign_license,
            "autoAddDevicesFlag": request.auto_add_devices,
        }
    if request.is_file:
        return body | {
            "fileName": request.package,
            "fileVersion": request.to_version,
            "distributionType": request.protocol,
        }
    return body | {
        "softwareName": request.package,
        "softwareFrom": request.from_version,
        "softwareTo": request.to_version,
        "distributionType": request.protocol,
    }


def write_device_change(change: Change, device_ids: Iterable[str]) -> dict[str, object]:
    """Write the flat form of a v2 or v3 device change, as every vendor SDK does."""
    return {"Type": change.value, "deviceList": list(device_ids)}


def read_device_changes(reply: object) -> list[DeviceChange]:
    """Read the per-device outcomes of a change or license call."""
    row = as_object(reply, "device change reply", "deviceList", "requestId", "accountName")
    return [
        DeviceChange(
            device_id=text(item, "deviceId"),
            status=text(item, "status"),
            reason=text(item, "Reason", "reason", "resultReason"),
        )
        for item in as_rows(row.get("deviceList"), "deviceList")
    ]


_TEXT_OR_NOTHING = frozenset((str, type(None)))


def read_campaign_devices(rows: Iterable[Mapping[str, object]]) -> list[CampaignDevice]:
    """Read the device rows of a campaign report or of a v1 upgrade."""
    return list(map(_read_plain_device, rows))


def _read_plain_device(row: Mapping[str, object]) -> CampaignDevice:
    """Read a row whose values are text or missing, as in almost all rows."""
    get: Callable[[str], Any] = row.get
    device_id, status, reason = get("deviceId"), get("status"), get("resultReason")
    updated, recent, coming = get("updatedTime"), get("recentAttemptTime"), get("nextAttemptTime")
    members = (device_id, status, reason, updated, recent, coming)
    if not _TEXT_OR_NOTHING.issuperset(map(type, members)):
        return _read_any_device(row)
    return CampaignDevice(
        device_id or "",
        intern(status or ""),
        intern(reason or text(row, "Reason", "reason")),
        updated or "",
        recent or "",
        coming or "",
    )


def _read_any_device(row: Mapping[str, object]) -> CampaignDevice:
    return CampaignDevice(
        device_id=text(row, "deviceId"),
        status=word(row, "status"),
        reason=word(row, "resultReason", "Reason", "reason"),
        updated=text(row, "updatedTime"),
        recent_attempt=text(row, "recentAttemptTime"),
        next_attempt=text(row, "nextAttemptTime"),
    )
