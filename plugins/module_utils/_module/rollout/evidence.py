# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gates of a run were judged by, in a few kilobytes for any fleet.

:mod:`recorded` reads it back, so that the gates can be judged again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from ..._model.text import visible
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.declaration.spec import Accept, Approval, Gate, Target, Wave
from ..._plan.rollout.judgement.assessment import Assessment
from ..._plan.rollout.judgement.gate import GateVerdict, Judgement, Moment, Numbers
from ..._plan.rollout.judgement.package_evidence import PackageEvidence
from ..._plan.rollout.judgement.statistics import FailureTest
from ..._plan.rollout.judgement.wave_part import Part
from ..._plan.rollout.judgement.waves import WaveState

# Bytes of the evidence of one run as JSON.
MOST_BYTES = 12_000
# Bytes that each list has at most; below 0: all that is left but so many.
_SHARES = {
    "targets": 2400,
    "gates": 2000,
    "approved": 1000,
    "accepted": 2000,
    "waves": -1500,
    "cohorts": 0,
}
# The most targets and codes of cohorts that are named, and the longest text.
MOST_TARGETS, MOST_CODES = 20, 4
_LONGEST = 160
# Where every target is meant.
ALL = "all"


def view_evidence(decision: Decision) -> dict[str, Any]:
    """Give what the gates of a run were judged by.

    ``left_out`` counts what there was no room for. Without ``judged``, something could not be read
    or a wave is declared no more, so that the verdicts did not decide the phase.
    """
    assessment = decision.assessment
    spec = assessment.spec
    targets = _take(list(map(_target, spec.targets[:MOST_TARGETS])), _SHARES["targets"])
    view = _View([target["generation"] for target in targets], assessment)
    entries: dict[str, list[dict[str, Any]]] = {
        "targets": targets,
        "gates": _gates(spec.waves),
        "approved": [_override(approval) for approval in spec.approved],
        "accepted": [_override(accept) for accept in spec.accepted],
        "waves": [view.wave(state) for state in assessment.waves],
        "cohorts": [view.cohort(cohort) for cohort in _by_weight(assessment.evidence.values())],
    }
    kept = _fit(entries)
    left_out = {name: len(entries[name]) - len(kept[name]) for name in entries}
    left_out["targets"] = len(spec.targets) - len(kept["targets"])
    return {
        "now": _time(assessment.seen.now),
        **kept,
        "left_out": {name: number for name, number in left_out.items() if number},
        "judged": assessment.seen.whole and not assessment.undeclared,
    }


@dataclass(frozen=True)
class _View:
    """:ivar generations: of the targets that are recorded."""

    generations: list[str]
    assessment: Assessment

    def wave(self, state: WaveState) -> dict[str, Any]:
        """Give what the verdict on a wave follows from; one whose turn has not come needs none."""
        wave, verdict = state.wave, state.verdict
        waits = verdict is GateVerdict.WAIT and not (state.begun or state.open)
        return {
            "number": wave.number,
            "name": _text(wave.name),
            "verdict": verdict.value,
            "why": _text(state.judgement.why),
            "begun": state.begun,
            "open_for": self._targets(state.open_for),
            "passed_for": self._targets(state.passed_for),
            "left": self._left(wave) if wave.gate.approval else [],
            "parts": [self._part(wave.gate, part) for part in state.parts if not waits],
        }

    def cohort(self, cohort: PackageEvidence) -> dict[str, Any]:
        """Give what the state of a cohort follows from."""
        gates = {wave.number: wave.gate for wave in self.assessment.spec.waves}
        stake = FailureTest(gates, cohort.limits).find_stake(cohort.counts)
        named = {accept.cohort for accept in self.assessment.spec.accepted}
        codes = sorted(cohort.codes, key=lambda code: (code not in named, code))
        return {
            "package": _text(cohort.package.name),
            "generation": cohort.target.generation,
            "codes": codes[:MOST_CODES],
            "devices": cohort.devices,
            "attempted": cohort.attempted,
            "failures": cohort.failures,
            "accepted": cohort.accepted,
            "limits": {str(wave): limit for wave, limit in cohort.limits.items()},
            "failed_at": _time(cohort.failed_at),
            "counts": {str(wave): list(counts) for wave, counts in sorted(cohort.counts.items())},
            "stake": _stake(stake),
        }

    def _part(self, gate: Gate, part: Part) -> dict[str, Any]:
        case, judgement = part.case, part.judgement
        earlier = case.earlier
        counts = {
            target.generation: [of.members, of.attempted, of.verified]
            for target, of in part.counts.items()
            if target.generation in self.generations
        }
        return {
            "targets": self._targets(part.targets),
            "verdict": judgement.verdict.value,
            **_numbers(gate, case.numbers, judgement),
            "deadline": _time(case.given.deadline),
            "stopped": _text(case.given.stopped),
            "canceled": _text(case.given.canceled),
            "accepted": case.given.accepted,
            "trying": case.trying,
            "by_target": counts,
            "earlier": earlier
            and {
                **_numbers(gate, earlier.numbers, judgement),
                "deadline": _time(earlier.deadline),
            },
        }

    def _targets(self, targets: Iterable[Target]) -> list[str] | str:
        found = {target.generation for target in targets}
        if len(found) == len(self.assessment.spec.targets):
            return ALL
        return [generation for generation in self.generations if generation in found]

    def _left(self, wave: Wave) -> list[str]:
        campaigns = self.assessment.history.campaigns
        later = {own.name.generation for own in campaigns if own.name.wave > wave.number}
        return [generation for generation in self.generations if generation in later]


def _numbers(gate: Gate, numbers: Numbers, judgement: Judgement) -> dict[str, Any]:
    """Give the devices of a part, counted; of their times only what decides."""
    soak_until = judgement.soak_until
    read_again = 0
    if soak_until is not None:
        read_again = sum(read >= soak_until for read in numbers.reads)
    tested = {1: (numbers.verified + numbers.failed + numbers.under_way, numbers.failed)}
    test = FailureTest({1: gate})
    names = ("members", "verified", "failed", "unknown", "silent", "under_way", "devices")
    return {
        **{name: getattr(numbers, name) for name in names},
        "rejected": numbers.rejected,
        "in_failed_cohorts": numbers.in_failed_cohorts,
        "too_many_once": _moment(numbers.too_many_once),
        "over_limit_once": _moment(numbers.over_limit_once),
        "met_at": _time(soak_until - gate.soak if soak_until else None),
        "read_after_soak": read_again,
        "stake": _stake(test.find_stake(tested)) if gate.max_failures is None else None,
    }


def _gates(waves: Iterable[Wave]) -> list[dict[str, Any]]:
    """Give each gate once, with the waves that it is of."""
    found: dict[Gate, list[int]] = {}
    for wave in waves:
        found.setdefault(wave.gate, []).append(wave.number)
    return [
        {"waves": numbers, **{key: _setting(value) for key, value in vars(gate).items()}}
        for gate, numbers in found.items()
    ]


def _setting(value: object) -> Any:
    """Give a setting of a gate so that it can be read back exactly: rates as fractions."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    return getattr(value, "value", value)


def _target(target: Target) -> dict[str, Any]:
    names = {name: _text(value) for name, value in vars(target).items()}
    return {"generation": target.generation, **names}


def _override(override: Approval | Accept) -> dict[str, Any]:
    values = vars(override) | {"generations": list(override.generations[:MOST_TARGETS])}
    return {
        key: _text(value) if isinstance(value, str) else value
        for key, value in values.items()
        if value not in ("", None, [], 0) or key in ("failures", "up_to")
    }


def _by_weight(cohorts: Iterable[PackageEvidence]) -> list[PackageEvidence]:
    """Order cohorts: those that have failed first, then by failures and devices."""
    return sorted(cohorts, key=lambda each: (not each.failed, -each.failures, -each.attempted))


def _fit(entries: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Leave out the least important entries of lists that are too long together."""
    room, kept = MOST_BYTES, {}
    for name, most in _SHARES.items():
        allowed = min(most, room) if most > 0 else room + most
        kept[name] = _take(entries[name], allowed, _WEIGHTS.get(name))
        room -= _size(kept[name])
    return kept


def _take(
    entries: list[dict[str, Any]],
    room: int,
    weight: Callable[[Mapping[str, Any]], Any] | None = None,
) -> list[dict[str, Any]]:
    """Give the entries in their order, as many of the heaviest ones as there is room for.

    :param room: bytes.
    :param weight: of an entry; None: the first ones are the heaviest.
    """
    places = list(range(len(entries)))
    if weight is not None:
        places.sort(key=lambda place: weight(entries[place]), reverse=True)
    kept = []
    for place in places:
        room -= _size(entries[place]) + 1
        if room < 0:
            break
        kept.append(place)
    return [entries[place] for place in sorted(kept)]


def _wave_weight(wave: Mapping[str, Any]) -> tuple[bool, bool, int]:
    """The waves that decide what comes next count most: those that have begun, the newest first."""
    return wave["begun"], wave["verdict"] in ("fail", "hold"), wave["number"]


_WEIGHTS = {"waves": _wave_weight}


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def _moment(moment: Moment | None) -> dict[str, Any] | None:
    return {**vars(moment), "at": _time(moment.at)} if moment else None


def _time(moment: datetime | None) -> str | None:
    """Give a time exactly."""
    return moment.isoformat() if moment else None


def _stake(stake: float | None) -> float | str | None:
    """Give the stake of the anytime test for people; JSON has no infinity."""
    if stake is None or not math.isinf(stake):
        return stake if stake is None else float(f"{stake:.4g}")
    return "unlimited"


def _text(value: object) -> str:
    text = visible(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
