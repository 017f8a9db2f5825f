# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a rollout as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._model.text import visible

WAVE_COLUMNS = (
    *("wave", "model", "planned", "verified", "failed", "pending", "halted", "other", "state"),
)
VERSION_COLUMNS = ("make", "model", "version", "target", "devices", "standing", "path")


def simulated_mark(service: Mapping[str, Any]) -> str:
    """Give what a first line begins with where the service is the simulator; else nothing.

    :param service: with ``host`` and ``simulated``.
    """
    return f"SIMULATED on {visible(service['host'])}: " if service.get("simulated") else ""


def wave_rows(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the devices by wave and model; the columns after ``planned`` add up to it."""
    return [
        {
            "wave": wave["name"],
            "model": counts["model"],
            "planned": counts["devices"],
            **{name: counts[name] for name in WAVE_COLUMNS[3:-1]},
            "state": "cohort halted" if counts["cohort_halted"] else _words(wave["state"]),
        }
        for wave in facts["waves"]
        for counts in wave["models"]
    ]


def version_rows(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the versions that devices run, with the versions ahead as one text."""
    return [{**row, "path": " > ".join(row["path"])} for row in facts["standings"]]


def lay_out(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """Lay a table out for a terminal, with a line of totals."""
    if not rows:
        return []
    numeric = [isinstance(rows[0][column], int) for column in columns]
    total = [
        str(sum(row[column] for row in rows)) if is_number else ""
        for column, is_number in zip(columns, numeric, strict=True)
    ]
    total[0] = "all"
    cells = [
        list(columns),
        *([visible(str(row[column])) for column in columns] for row in rows),
        total,
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]


def _words(value: str) -> str:
    return value.replace("_", " ")
