# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollouts of accounts as lines of a terminal, one line a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.text import count, visible
from .bars import draw_bar
from .tables import lay_out, simulated_mark
from .text import minute

Facts = Mapping[str, Any]

_COUNTS = ("success", "failed", "pending")
_COLUMNS = (
    *("rollout", "wave", "devices", *_COUNTS, "other", "progress", "campaigns", "since", "phase"),
)
# Empty without device reports.
_REPORTED = frozenset({*_COUNTS, "other", "progress"})
# Only a declaration tells more, such as whether the wave has passed.
ACTIVITIES = {
    "running": "running",
    "unknown": "unknown status",
    "scheduled": "scheduled",
    "queued": "queued",
    "cancelled": "cancelled",
    "refused": "refused",
    "idle": "none under way",
}
JOURNAL_PROBLEM = "journal does not hold"
"""In place of the phase: the line with the reason is below the table."""
SWEEP = 99
_BAR = 10


def overview_lines(result: Facts) -> list[str]:
    """Give one line per rollout of each account, and what could not be read.

    :param result: of ``fota_overview_info``.
    """
    return [
        *(line for account in result["accounts"] for line in _account(account)),
        *(visible(f"NOT READ: {reason}") for reason in result["unread_journals"]),
    ]


def _account(account: Facts) -> Iterator[str]:
    now = f", at {minute(account['now'])} UTC" if account["now"] else ""
    others = count(account["other_campaigns"], "other campaign")
    yield visible(
        f"{simulated_mark(account)}{account['name']}: {count(len(account['rollouts']), 'rollout')}"
        f"{f', {others}' if account['other_campaigns'] else ''}{now}"
    )
    reported = any(rollout["counts"] for rollout in account["rollouts"])
    columns = [name for name in _COLUMNS if reported or name not in _REPORTED]
    yield from lay_out(overview_rows(account), columns)
    for reason in account["unread"]:
        yield visible(f"NOT READ: {reason}")


def overview_rows(account: Facts) -> list[dict[str, Any]]:
    """Give the table of the rollouts of an account; without device reports, devices only."""
    return [
        {
            "rollout": rollout["rollout"],
            "wave": describe_wave(rollout["wave"]),
            "devices": rollout["devices"],
            **{name: rollout["counts"].get(name, 0) for name in _COUNTS},
            "other": sum(
                number for name, number in rollout["counts"].items() if name not in _COUNTS
            ),
            "progress": _draw(rollout),
            "campaigns": ACTIVITIES[rollout["activity"]],
            "since": describe_since(rollout),
            "phase": JOURNAL_PROBLEM
            if rollout["journal_problem"]
            else (rollout["journal"] or {}).get("phase", "-").replace("_", " "),
        }
        for rollout in account["rollouts"]
    ]


def _draw(rollout: Facts) -> str:
    """Draw the devices: success, failed, pending and the others."""
    success, failed, pending = (rollout["counts"].get(name, 0) for name in _COUNTS)
    return draw_bar(success, failed, pending, rollout["devices"], width=_BAR, ascii_=True)


def describe_wave(number: int) -> str:
    """Give the number of a wave, which has its name in the declaration only."""
    return "sweep" if number == SWEEP else str(number)


def describe_since(rollout: Facts) -> str:
    """Say since when the rollout does what it does, or when it starts."""
    if rollout["journal"]:
        return str(rollout["journal"]["since"])
    if rollout["since"] is None and rollout["starts"] is not None:
        return f"starts {rollout['starts']}"
    return rollout["since"] or "-"
