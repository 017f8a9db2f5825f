# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of devices as lines of a terminal: against their targets, and since a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._model.text import count, visible
from .earlier import AT_TARGET
from .tables import VERSION_COLUMNS, lay_out, simulated_mark, version_rows
from .text import is_judged, minute

Facts = Mapping[str, Any]

# Lines of each list below its counts, and devices that a line names; the JSON report has all.
_LINES = 49
_NAMED = 5
_WORDS = {
    "newly_behind": "newly behind the target",
    "newly_at_target": "newly at the target",
    "other_version": "on another version",
    "new": "new",
    "gone": "gone",
}


def audit_lines(facts: Facts) -> list[str]:
    """Give the table of versions against their targets, what has changed since an earlier report,
    and the devices that do not run the target, those with the same version and reason in one line.

    :param facts: result of ``fota_rollout_info``; with ``since``, as ``find_changes`` gives it.
    """
    if not is_judged(facts):
        return [facts["msg"]]
    changes = change_lines(facts["since"]) if "since" in facts else []
    mark = simulated_mark(facts.get("service", {}))
    return [
        *([f"{mark}audit of rollout {visible(facts['rollout'])}"] if mark else []),
        *lay_out(version_rows(facts), VERSION_COLUMNS),
        *changes,
        *_limit(list(map(_behind, group_behind(facts["devices"]))), "group"),
    ]


def change_lines(changes: Facts) -> list[str]:
    """Give the counts of what has changed, then one line per change, model and versions."""
    counts = changes["counts"]
    words = ", ".join(f"{counts[change]} {words}" for change, words in _WORDS.items())
    return [
        f"since {minute(changes['since'])} UTC (rollout {visible(changes['rollout'])}):"
        f" {count(changes['version_changed'], 'device')} changed version; {words},"
        f" {counts['unchanged']} unchanged",
        *_limit([visible(_change(group)) for group in changes["groups"]], "change"),
    ]


def _change(group: Facts) -> str:
    versions = {
        "new": _version(group["version"]),
        "gone": _version(group["before"]),
    }.get(group["change"], f"{_version(group['before'])} -> {_version(group['version'])}")
    model = f"{group['make']} {group['model']}".strip()
    return (
        f"  {_WORDS[group['change']]}: {model} {versions}:"
        f" {_devices(group['devices'], group['examples'])}"
    )


def group_behind(devices: Iterable[Facts]) -> list[dict[str, Any]]:
    """Give the devices that do not run the target by version and reason, the largest groups first.

    :returns: rows with ``what``, ``why``, ``devices`` and ``examples``.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for device in devices:
        if device["standing"] != AT_TARGET:
            ahead = f" by {' > '.join(device['path'])}" if device["path"] else ""
            key = (
                f"{device['make']} {device['model']} {_version(device['version'])}".strip(),
                f"{device['standing']}{ahead}, {device['class']}, {device['reason']}",
            )
            groups.setdefault(key, []).append(device["host"] or device["deviceId"])
    return [
        {"what": what, "why": why, "devices": len(names), "examples": names[:_NAMED]}
        for (what, why), names in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _behind(group: Facts) -> str:
    devices = _devices(group["devices"], group["examples"])
    return visible(f"{group['what']}: {group['why']}: {devices}")


def _devices(number: int, examples: Sequence[str]) -> str:
    more = number - len(examples)
    names = ", ".join(examples) + (f" and {more} more" if more else "")
    return f"{count(number, 'device')}: {names}"


def _version(version: str) -> str:
    return version or "unknown version"


def _limit(lines: list[str], noun: str) -> list[str]:
    more = len(lines) - _LINES
    if more <= 0:
        return lines
    return [*lines[: _LINES - 1], f"and {count(more + 1, noun)} more; the JSON report has them"]
