# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runs of a rehearsal add up to: when waves pass, and when and why it stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]

# Outcomes of devices on which firmware was installed or attempted.
_TOUCHED = frozenset({"verified", "reported", "advanced", "failed", "mismatch", "silent"})
_STOPPED = frozenset({"halted", "held"})


@dataclass(frozen=True)
class Moment:
    """One run of a rehearsal.

    :ivar at: virtual time, RFC 3339 in UTC.
    :ivar passed: names of the waves that have passed.
    :ivar halted: packages of the cohorts that have halted.
    :ivar touched: devices on which firmware was installed or attempted.
    """

    at: str
    phase: str
    why: str
    passed: tuple[str, ...]
    halted: tuple[str, ...]
    touched: int
    verified: int

    @classmethod
    def of(cls, facts: Facts) -> Moment:
        """:param facts: of the decision of the run, as ``view_decision`` gives them."""
        return cls(
            at=facts["now"],
            phase=facts["phase"],
            why=facts["why"],
            passed=tuple(wave["name"] for wave in facts["waves"] if wave["verdict"] == "pass"),
            halted=tuple(cohort["package"] for cohort in _find_halted(facts)),
            touched=_count_touched(facts["counts"]),
            verified=facts["counts"].get("verified", 0),
        )


def conclude_rehearsal(
    moments: Sequence[Moment], first: Facts, last: Facts, *, unfinished: str
) -> dict[str, Any]:
    """Give the result of a rehearsal.

    :param moments: its runs in order, at least one.
    :param first: facts of the first run, which has the odds of whole waves.
    :param last: facts of the last run.
    :param unfinished: why it ended before the rollout was over: ``approval``, ``runs`` or nothing.
    """
    odds = {wave["name"]: wave["odds"] for wave in first["waves"]}
    return {
        "rollout": last["rollout"],
        "phase": last["phase"],
        "why": last["why"],
        "started": moments[0].at,
        "ended": moments[-1].at,
        "over": not unfinished,
        "unfinished": unfinished,
        "runs": len(moments),
        "touched": moments[-1].touched,
        "waves": [
            {
                "name": wave["name"],
                "verdict": wave["verdict"],
                "devices": wave["devices"],
                "starts": _find_start(last, wave["number"]),
                "passes": next((each.at for each in moments if wave["name"] in each.passed), ""),
                "touched": _count_touched(wave["counts"]),
                "odds": odds.get(wave["name"], []),
                "verified": wave["counts"].get("verified", 0),
                "failed": wave["counts"].get("failed", 0),
            }
            for wave in last["waves"]
        ],
        "needless_stop": first["needless_stop"],
        "stops": sorted(_find_stops(moments, last), key=lambda stop: stop["at"]),
        "timeline": [
            {name: getattr(each, name) for name in ("at", "phase", "why", "touched", "verified")}
            for each in moments
        ],
    }


def _find_stops(moments: Sequence[Moment], last: Facts) -> list[dict[str, Any]]:
    """Give the cohorts that halted, and the rollout if it waits for an operator in the end."""
    stops = [
        _stop(
            next(each for each in moments if cohort["package"] in each.halted),
            f"cohort {cohort['model']} {cohort['from_version']} -> {cohort['to_version']} halts",
            f"{cohort['failures']} of {cohort['attempted']} attempted failed",
        )
        for cohort in _find_halted(last)
    ]
    if last["phase"] in _STOPPED:
        moment = next(each for each in moments if each.phase == last["phase"])
        stops.append(_stop(moment, f"the rollout is {moment.phase}", moment.why))
    return stops


def _stop(moment: Moment, what: str, why: str) -> dict[str, Any]:
    return {"at": moment.at, "what": what, "why": why, "touched": moment.touched}


def _find_halted(facts: Facts) -> list[Facts]:
    return [cohort for cohort in facts["cohorts"] if cohort["state"] == "failed"]


def _find_start(facts: Facts, wave: int) -> str:
    """Give the first UTC day of a wave; empty without a campaign."""
    days = (each["start_date"] for each in facts["campaigns"] if each["wave"] == wave)
    return min((day for day in days if day), default="")


def _count_touched(counts: Mapping[str, int]) -> int:
    return sum(number for outcome, number in counts.items() if outcome in _TOUCHED)
