# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier reports: what a JSON report says of devices, and what has changed since."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.text import count
from ...module_utils._model.times import parse_time

Facts = Mapping[str, Any]

# Classes of devices that the account does not have.
_ABSENT = frozenset({"not_found", "gone"})
_BEHIND = frozenset({"behind", "no_path"})
AT_TARGET = "at_target"
# What can have happened to a device, in the order of lists. It counts once, by the first of these
# that is true.
CHANGES = ("newly_behind", "newly_at_target", "other_version", "new", "gone")
_EXAMPLES = 5


def read_earlier(text: str) -> dict[str, Any]:
    """Read the JSON report of an audit or of another playbook that lists all devices.

    :returns: ``rollout``, ``now`` (RFC 3339) and ``devices``, by IMEI as the report has them.
    :raises ValueError: it is something else, or does not list all devices.
    """
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON report, as report_path writes it") from None
    if not isinstance(report, dict) or not {"rollout", "phase"} <= report.keys():
        raise ValueError("must be a JSON report of a rollout, as report_path writes it")
    rows, standings = report.get("devices"), report.get("standings", report.get("versions"))
    if not isinstance(rows, list) or not isinstance(standings, list):
        raise ValueError(
            "has no devices, because the service could not be read then. Use another report"
        )
    if parse_time(str(report.get("now"))) is None:
        raise ValueError("has no time at which the devices were read (key now)")
    devices = {row["deviceId"]: row for row in rows if _is_device(row)}
    if len(devices) != len(rows):
        unreadable = len(rows) - len(devices)
        raise ValueError(f"{unreadable} of {count(len(rows), 'device')} in it cannot be read")
    known = sum(row["devices"] for row in standings if isinstance(row, dict) and _has_count(row))
    if known != len(devices):
        raise ValueError(
            f"lists {len(devices)} of {count(known, 'device')}. Use a report of the playbook audit,"
            " or one that was written with rollout_return_devices: all"
        )
    return {"rollout": str(report["rollout"]), "now": report["now"], "devices": devices}


def _is_device(row: object) -> bool:
    keys = ("deviceId", "make", "model", "version", "standing", "class")
    return isinstance(row, dict) and all(isinstance(row.get(key), str) for key in keys)


def _has_count(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("devices"), int)


def find_changes(earlier: Facts, facts: Facts) -> dict[str, Any]:
    """Compare the devices of a rollout with those of an earlier report.

    :param earlier: as :func:`read_earlier` gives it.
    :param facts: result of ``fota_rollout_info`` with all devices.
    :returns: ``since`` and ``rollout`` of the earlier report, ``version_changed`` (devices whose
        version is another one), ``counts`` by change, and ``groups``: devices of one make and model
        with the same change and versions, the largest first.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    unchanged = moved = 0
    for change, device, before, after in _compare(earlier, facts):
        moved += change not in ("new", "gone") and before != after
        if change:
            key = (change, device["make"], device["model"], before, after)
            groups.setdefault(key, []).append(device.get("host") or device["deviceId"])
        else:
            unchanged += 1
    counts: Counter[str] = Counter()
    for (change, *_versions), names in groups.items():
        counts[change] += len(names)
    return {
        "since": earlier["now"],
        "rollout": earlier["rollout"],
        "version_changed": moved,
        "counts": {**{change: counts[change] for change in CHANGES}, "unchanged": unchanged},
        "groups": [
            {
                **dict(zip(("change", "make", "model", "before", "version"), key, strict=True)),
                "devices": len(groups[key]),
                "examples": groups[key][:_EXAMPLES],
            }
            for key in sorted(
                groups, key=lambda key: (CHANGES.index(key[0]), -len(groups[key]), key)
            )
        ],
    }


def _compare(earlier: Facts, facts: Facts) -> Iterator[tuple[str, Facts, str, str]]:
    """Give what has happened to each device, the device, and its versions before and now."""
    known = {imei: row for imei, row in earlier["devices"].items() if row["class"] not in _ABSENT}
    for device in facts["devices"]:
        if device["class"] in _ABSENT:
            continue
        before = known.pop(device["deviceId"], None)
        if before is None:
            yield "new", device, "", device["version"]
        else:
            versions = before["version"], device["version"]
            yield _find_change(before, device), device, *versions
    for device in known.values():
        yield "gone", device, device["version"], ""


def _find_change(before: Facts, now: Facts) -> str:
    was, has = before["standing"], now["standing"]
    if has in _BEHIND and was not in _BEHIND:
        return "newly_behind"
    if has == AT_TARGET != was:
        return "newly_at_target"
    return "other_version" if before["version"] != now["version"] else ""
