# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runs of a rehearsal add up to, and the lines that show it."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.rehearsal import (
    Moment,
    conclude_rehearsal,
)

ODDS = [
    {"failure_rate": rate, "stop_chance": chance}
    for rate, chance in ((0.01, 0.001), (0.02, 0.007), (0.05, 0.0755), (0.1, 0.323), (0.2, 0.794))
]


def cohort(model: str, state: str = "failed") -> dict[str, Any]:
    return {
        "model": model,
        "package": f"{model}-A-B",
        "from_version": "A",
        "to_version": "B",
        "state": state,
        "failures": 3,
        "attempted": 4,
    }


def facts(day: int, phase: str = "running", **more: Any) -> dict[str, Any]:
    """The facts of a run of a rollout with one wave."""
    counts = more.pop("counts", {})
    wave = {"number": 1, "name": "all", "verdict": "wait", "devices": 9, "odds": ODDS}
    return {
        "rollout": "meters",
        "now": f"2026-03-{day:02}T08:30:00Z",
        "phase": phase,
        "why": f"why of day {day}",
        "counts": counts,
        "waves": [{**wave, "counts": counts, **more.pop("wave", {})}],
        "cohorts": [],
        "campaigns": [],
        "needless_stop": {"failure_rate": 0.02, "chance": 0.007},
        **more,
    }


def conclude(*runs: dict[str, Any], unfinished: str = "") -> dict[str, Any]:
    moments = list(map(Moment.of, runs))
    return conclude_rehearsal(moments, runs[0], runs[-1], unfinished=unfinished)


def lines_of(rehearsal: dict[str, Any], devices: int = 9) -> list[str]:
    result = {"msg": "", "rehearsal": {**rehearsal, "devices": devices}}
    found = fota_report(result, "rehearsal")
    assert isinstance(found, list)
    return found


def test_each_stop_has_the_first_time_at_which_it_held_and_the_earliest_comes_first() -> None:
    touched = {"failed": 3, "silent": 1, "verified": 2, "pending": 5}
    found = conclude(
        facts(2),
        facts(3, counts=touched, cohorts=[cohort("beta"), cohort("alpha", "pilot")]),
        facts(4, "held", cohorts=[cohort("alpha"), cohort("beta")]),
        facts(5, "held", counts={"failed": 7}, cohorts=[cohort("alpha"), cohort("beta")]),
    )
    assert [(stop["at"][8:10], stop["what"], stop["touched"]) for stop in found["stops"]] == [
        ("03", "cohort beta A -> B halts", 6),
        ("04", "cohort alpha A -> B halts", 0),
        ("04", "the rollout is held", 0),
    ]
    assert found["stops"][0]["why"] == "3 of 4 attempted failed"
    assert found["stops"][2]["why"] == "why of day 4"
    assert (found["touched"], found["runs"]) == (7, 4)
    assert (found["started"][8:10], found["ended"][8:10]) == ("02", "05")


def test_a_wave_starts_with_its_first_campaign_and_passes_once() -> None:
    campaigns = [
        {"wave": 1, "start_date": "2026-03-05"},
        {"wave": 1, "start_date": "2026-03-04"},
        {"wave": 1, "start_date": None},
        {"wave": 2, "start_date": "2026-03-01"},
    ]
    passed = {"wave": {"verdict": "pass", "odds": []}, "campaigns": campaigns}
    (wave,) = conclude(facts(2), facts(6, **passed), facts(7, **passed))["waves"]
    assert (wave["starts"], wave["passes"][:10]) == ("2026-03-04", "2026-03-06")
    assert wave["odds"] == ODDS, "those of the whole wave, as it was planned"


def test_the_table_has_the_odds_and_every_line_is_printable() -> None:
    hostile = "A\x1b[31m\u202e\nB"
    run = facts(2, why=hostile, wave={"name": hostile}, cohorts=[cohort(hostile)])
    lines = lines_of(conclude(run))
    assert [line for line in lines if not line.isprintable()] == []
    assert lines[1].split("  ")[-1] == "stop odds at 5 %, 10 %, 20 %"
    assert lines[2].endswith("wait     7.55 %, 32.3 %, 79.4 %")
    assert lines[2].split()[:6] == ["A", "B", "9", "-", "-", "0"]


def test_many_stops_are_listed_in_part() -> None:
    lines = lines_of(conclude(facts(2, cohorts=[cohort(str(number)) for number in range(40)])))
    assert sum(" halts, 3 of 4 attempted failed" in line for line in lines) == 15
    assert "and 25 stops more" in lines


def test_a_rehearsal_that_is_not_over_says_why() -> None:
    assert lines_of(conclude(facts(2), unfinished="runs"))[-1].endswith("rehearse_ticks")
    assert lines_of(conclude(facts(2), unfinished="approval"))[-1].endswith("(rehearse_approve)")
