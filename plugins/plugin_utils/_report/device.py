# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole story of a device: what it runs, and every campaign that it has been in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.text import count, visible
from ...module_utils._model.times import parse_time
from .overview import SWEEP
from .tables import simulated_mark

Facts = Mapping[str, Any]


def device_lines(result: Facts) -> list[str]:
    """Give what each device runs, then one line per campaign, the oldest first.

    :param result: of ``fota_device_info`` with ``history`` and ``campaigns``.
    """
    return [visible(line) for device in result["devices"] for line in _story(device, result)]


def find_story(device: Facts, result: Facts) -> list[dict[str, Any]]:
    """Give the campaigns of a device as rows, the oldest first.

    A campaign that the service has not kept is known from the history of the device only, and one
    that is not over perhaps from its report only.
    """
    imei = device["deviceId"]
    items = {
        item["campaign_id"]: item for item in result["history"] if item["deviceId"] in ("", imei)
    }
    rows = {
        campaign["campaign_id"]: row
        for campaign in result["campaigns"]
        for row in campaign["devices"]
        if row["deviceId"] == imei
    }
    campaigns = {
        campaign["campaign_id"]: campaign
        for campaign in result["campaigns"]
        if campaign["campaign_id"] in items.keys() | rows.keys()
    }
    found = [
        _row(id_, items.get(id_, {}), campaigns.get(id_, {}), rows.get(id_, {}))
        for id_ in {**items, **campaigns}
    ]
    return sorted(found, key=lambda row: (not row["first_day"], row["first_day"]))


def _row(id_: str, item: Facts, campaign: Facts, row: Facts) -> dict[str, Any]:
    """Give a campaign of a device, each value from where it is known."""

    def find(name: str, *sources: Facts) -> str:
        return next((source[name] for source in sources if source.get(name)), "")

    return {
        "campaign_id": id_,
        "campaign": find("name", campaign),
        "campaign_status": find("status", campaign),
        "rollout": find("rollout", campaign),
        "place": _place(campaign),
        "from_version": find("from_version", item, campaign),
        "to_version": find("to_version", item, campaign),
        "first_day": find("start_date", campaign) or _moment(find("start_date", item))[:10],
        "last_day": find("end_date", campaign),
        "status": find("status", row, item),
        "reason": find("reason", row, item),
        "updated": _moment(find("updated_time", row, item)),
        "attempted": _moment(find("recent_attempt_time", row)),
        "next_attempt": _moment(find("next_attempt_time", row)),
    }


def _story(device: Facts, result: Facts) -> Iterator[str]:
    mark = simulated_mark(result.get("service", {}))
    yield f"{mark}device {device['deviceId']}: {describe_device(device)}"
    rows = find_story(device, result)
    yield f"{count(len(rows), 'campaign')}{':' if rows else ''}"
    for row in rows:
        yield f"  {describe_campaign(row)}"


def describe_version(device: Facts) -> str:
    """Give the firmware of a device, or its software where it has only that."""
    software = ", ".join(f"{item['name']} {item['version']}" for item in device["software"])
    return str(device["firmware"] or software or "unknown")


def describe_device(device: Facts) -> str:
    """Say what a device is and runs, and when its version was read."""
    parts = [
        f"{device['make']} {device['model']}",
        f"version {describe_version(device)}",
        f"read {_moment(device['refresh_time']) or 'at an unknown time'}",
        f"last seen {seen}" if (seen := _moment(device.get("last_connection_time", ""))) else "",
        f"protocol {device['protocol'] or 'unknown'}",
        f"{'' if device['fota_eligible'] is not False else 'not '}eligible",
        f"line {device['status']}" if device["status"] else "",
        "license assigned" if device["license_assigned"] else "no license assigned",
    ]
    return ", ".join(part for part in parts if part)


def describe_campaign(row: Facts) -> str:
    """Say what a campaign was for the device: when, in which rollout, with which result and why."""
    days = " to ".join(day for day in (row["first_day"], row["last_day"]) if day)
    what = f"rollout {row['rollout']}, {row['place']}" if row["rollout"] else "no rollout"
    name = row["campaign"] or f"campaign {row['campaign_id']}, which the service has not kept"
    parts = [
        f"{days or 'unknown days'}: {what}: {row['from_version'] or '?'} ->"
        f" {row['to_version'] or '?'}: {row['status'] or 'no status'}",
        row["reason"],
        f"attempted {row['attempted']}" if row["attempted"] else "",
        f"next attempt {row['next_attempt']}" if row["next_attempt"] else "",
        f"written {row['updated']}" if row["updated"] else "",
        f"{name} {row['campaign_status']}".strip(),
    ]
    return "; ".join(part for part in parts if part)


def _place(campaign: Facts) -> str:
    if not campaign.get("rollout"):
        return ""
    wave = "sweep" if campaign["wave"] == SWEEP else f"wave {campaign['wave']}"
    return f"{wave}, attempt {campaign['attempt']}"


def _moment(text: str) -> str:
    """Give a time of the service to the minute; empty where it says that there is none."""
    moment = parse_time(text)
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
