# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a rehearsal as lines of a terminal: a table of waves, and one line a stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.text import count, visible
from .gates import needless_lines, percent
from .tables import lay_out
from .text import minute

Facts = Mapping[str, Any]

# Failure rates of which the table of waves has the odds.
_RATES = (0.05, 0.10, 0.20)
ODDS = f"stop odds at {', '.join(map(percent, _RATES))}"
_COLUMNS = (
    *("wave", "devices", "starts", "passes", "touched", "verified", "failed", "verdict"),
    ODDS,
)
# Stops that are listed; the result has all.
_STOPS = 15
_UNFINISHED = {
    "approval": "not over: the rehearsal does not approve waves (rehearse_approve)",
    "runs": "not over: increase rehearse_ticks",
}


def rehearsal_lines(result: Facts) -> list[str]:
    """Give a rehearsal: the table of waves, the odds of a needless stop, stops, and the end.

    :param result: of ``fota_rehearsal``.
    """
    facts = result["rehearsal"]
    return [
        f"rehearsal of {facts['rollout']} on a copy of the account with"
        f" {count(facts['devices'], 'device')}, from {minute(facts['started'])} UTC",
        *lay_out(rehearsal_rows(facts), _COLUMNS),
        *map(visible, needless_stops(facts)),
        *map(visible, _stops(facts)),
        visible(
            f"{minute(facts['ended'])} UTC: {facts['phase'].replace('_', ' ')}: {facts['why']};"
            f" devices touched: {facts['touched']}; runs: {facts['runs']}"
        ),
        *unfinished_lines(facts),
    ]


def unfinished_lines(facts: Facts) -> list[str]:
    """Say why a rehearsal ended before the rollout was over, and what to change."""
    return [_UNFINISHED[facts["unfinished"]]] if facts["unfinished"] else []


def rehearsal_rows(facts: Facts) -> list[dict[str, Any]]:
    """Give the table of waves: when each starts and passes, and the odds of its gate."""
    return [
        {
            "wave": wave["name"],
            **{name: wave[name] for name in ("devices", "touched", "verified", "failed")},
            "starts": wave["starts"] or "-",
            "passes": minute(wave["passes"]) if wave["passes"] else "-",
            "verdict": wave["verdict"],
            ODDS: ", ".join(
                percent(odds["stop_chance"])
                for odds in wave["odds"]
                if odds["failure_rate"] in _RATES
            ),
        }
        for wave in facts["waves"]
    ]


def needless_stops(facts: Facts) -> Iterator[str]:
    """Say how likely good firmware is stopped."""
    waves = [{**wave, "members": wave["devices"]} for wave in facts["waves"]]
    return needless_lines({**facts, "waves": waves})


def _stops(facts: Facts) -> Iterator[str]:
    for stop in facts["stops"][:_STOPS]:
        yield (
            f"{minute(stop['at'])} UTC: {stop['what']}, {stop['why']}; devices touched by then:"
            f" {stop['touched']}"
        )
    more = len(facts["stops"]) - _STOPS
    if more > 0:
        yield f"and {count(more, 'stop')} more"
