# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each wave and the rollout would end, and which devices would be late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...._model.text import count
from ..action.decide import Decision
from ..action.offered_overrides import find_accepts
from ..action.phases import Phase
from ..declaration.spec import Accept, RolloutSpec
from ..judgement.assessment import Assessment, assess
from ..judgement.gate import GateVerdict
from .changes import Change, find_changes
from .course import NEVER, Course
from .experience import Basis, Source
from .late import HaltedDevices, LateDevices, count_missed, find_halted, find_late
from .open_hours import to_hours
from .ranges import Deadlines, Range, draw_courses, find_range, find_share
from .remaining import Remaining, WaveAhead, find_remaining

_UNFORESEEN = "what follows an accept cannot be foreseen"
_CONTINUES = "if it continues now"
_STOPPED = (Phase.HALTED, Phase.HELD)
_LEAST_REST = timedelta(hours=1)
# A phase in which nothing goes on by itself, and what the forecast then takes for granted.
_CONDITIONS = {
    Phase.HALTED: ("no end while it is halted", "if an operator accepts its failures now"),
    Phase.HELD: ("no end while it is held", "if an operator accepts it now"),
    Phase.PAUSED: ("no end while it is paused", _CONTINUES),
    Phase.BLOCKED: ("no end while it is blocked", "if nothing blocks it from now on"),
}


@dataclass(frozen=True)
class WaveForecast:
    """A wave that has not passed.

    :ivar begins: the first day of campaigns that are to be created; None where there are none.
    :ivar ends: when it passes.
    :ivar approval: an operator must approve what follows it; no time is counted for that.
    """

    number: int
    name: str
    begins: Range | None
    ends: Range | None
    approval: bool


@dataclass(frozen=True)
class ModelForecast:
    """The devices of a model.

    :ivar ends: when the last of those that can be reached has its result.
    :ivar in_time: the share of courses in which that is not after the deadline.
    """

    make: str
    model: str
    deadline: datetime | None
    ends: Range | None
    in_time: float | None


@dataclass(frozen=True)
class Forecast:
    """How a rollout would go on.

    :ivar deadline: that of the rollout; None where there is none.
    :ivar over: nothing is left to forecast.
    :ivar condition: what must happen first, in words; empty where it goes on by itself.
    :ivar assumes: what is then taken for granted, in words.
    :ivar ends: when the rollout is over, in the courses in which nothing stops it.
    :ivar in_time: the share of these courses that is not over after the deadline.
    :ivar stops: the share of courses in which a gate stops it.
    :ivar rest: when it is over, where that is later than the end of the last wave.
    :ivar late: devices with a result after their deadline.
    :ivar halted: devices of cohorts that have halted.
    :ivar missed: devices that were not done at the deadline; None before it.
    :ivar changes: what would have to change.
    :ivar basis: what it is based on, the most devices first.
    :ivar licenses_short: licenses that are missing, without which no more campaigns are created.
    """

    deadline: datetime | None
    over: bool = False
    condition: str = ""
    assumes: str = ""
    ends: Range | None = None
    in_time: float | None = None
    stops: float = 0.0
    waves: tuple[WaveForecast, ...] = ()
    models: tuple[ModelForecast, ...] = ()
    rest: Range | None = None
    late: tuple[LateDevices, ...] = ()
    halted: tuple[HaltedDevices, ...] = ()
    missed: int | None = None
    changes: tuple[Change, ...] = ()
    basis: tuple[Basis, ...] = ()
    licenses_short: int = 0

    @property
    def past_deadline(self) -> str:
        """Give which of ``p50`` and ``p90`` is past the deadline first; empty where none is."""
        if self.deadline is None or self.ends is None:
            return ""
        if self.ends.p50 > self.deadline:
            return "p50"
        return "p90" if self.ends.p90 > self.deadline else ""


def forecast(decision: Decision) -> Forecast:
    """Forecast the end of a rollout.

    Courses of it are drawn at random, and always the same ones for the same plan and state.
    """
    assessment, phase = decision.assessment, decision.phase
    spec, seen = assessment.spec, assessment.seen
    if seen.unread:
        return Forecast(spec.deadline, condition="no forecast, as not all could be read")
    missed = count_missed(assessment)
    if phase.complete:
        return Forecast(spec.deadline, over=True, halted=find_halted(assessment), missed=missed)
    condition, assumes = _find_condition(decision)
    accepts: list[Accept] = []
    if phase in _STOPPED:
        accepts = find_accepts(assessment)
        assumes = assumes if accepts else _CONTINUES
    accepted = _accept(decision, accepts)
    if accepted is None:
        return Forecast(
            spec.deadline,
            condition=condition,
            assumes=_UNFORESEEN,
            halted=find_halted(assessment),
            missed=missed,
        )
    assessment = accepted
    remaining = find_remaining(assessment)
    deadlines = Deadlines.of(spec)
    courses = draw_courses(remaining, assessment.digest, deadlines.models)
    ended = [course for course in courses if course.ends < NEVER]
    ends = find_range(course.ends for course in ended)
    passed = find_range(course.passed for course in ended)
    return Forecast(
        deadline=spec.deadline,
        condition=condition,
        assumes=assumes,
        ends=ends,
        in_time=_find_in_time((course.ends for course in ended), spec.deadline),
        stops=1 - len(ended) / len(courses),
        waves=tuple(_see_waves(remaining, courses)),
        models=tuple(_see_models(spec, remaining, courses)),
        rest=ends if _is_later(ends, passed) else None,
        late=find_late(remaining, courses),
        halted=find_halted(assessment),
        missed=missed,
        changes=find_changes(remaining, assessment.digest, deadlines, courses),
        basis=tuple(_find_bases(remaining)),
        licenses_short=max(0, assessment.licenses_needed - seen.subscription.free_licenses),
    )


def _accept(decision: Decision, accepts: Sequence[Accept]) -> Assessment | None:
    """Give the assessment, with what an operator is asked to accept where it has stopped.

    None where it does not go on with that either.
    """
    assessment = decision.assessment
    if decision.phase not in _STOPPED:
        return assessment
    spec = assessment.spec
    offered = replace(spec, accepted=(*spec.accepted, *accepts))
    found = assess(offered, assessment.seen, assessment.history)
    stopped = any(map(found.find_first, (GateVerdict.FAIL, GateVerdict.HOLD)))
    return None if stopped or found.missing.stops or found.history.started_twins else found


def _is_later(ends: Range | None, passed: Range | None) -> bool:
    """Tell whether the end is explained by what follows the last wave."""
    if ends is None or passed is None:
        return False
    return max(ends.p50 - passed.p50, ends.p90 - passed.p90) >= _LEAST_REST


def _find_condition(decision: Decision) -> tuple[str, str]:
    """Say what must happen for the rollout to go on, and what is taken for granted."""
    waiting = decision.assessment.find_first(GateVerdict.APPROVE)
    if decision.phase in _CONDITIONS:
        return _CONDITIONS[decision.phase]
    if decision.phase is Phase.AWAITING_APPROVAL and waiting is not None:
        name = waiting.wave.name
        return f"after the approval of wave {name}", "counted from now"
    return "", ""


def _see_waves(remaining: Remaining, courses: Sequence[Course]) -> Iterator[WaveForecast]:
    last = remaining.waves[-1]
    for place, wave in enumerate(remaining.waves):
        if wave.passed or not wave.members:
            continue
        stages = [course.stages[place] for course in courses if len(course.stages) > place]
        yield WaveForecast(
            wave.wave.number,
            wave.wave.name,
            begins=find_range(stage.begins for stage in stages) if _waits(wave) else None,
            ends=find_range(stage.passes for stage in stages),
            approval=wave.wave.gate.approval and wave is not last,
        )


def _waits(wave: WaveAhead) -> bool:
    """Some of its devices are still to be put into campaigns."""
    return any(group.waiting for group in wave.groups)


def _see_models(
    spec: RolloutSpec, remaining: Remaining, courses: Sequence[Course]
) -> Iterator[ModelForecast]:
    ahead = {group.model for wave in remaining.waves for group in wave.groups if group.devices}
    for target in spec.targets:
        model = target.make, target.model
        if model not in ahead:
            continue
        deadline = spec.find_deadline(target)
        ends = [
            course.models[model]
            for course in courses
            if course.ends < NEVER and model in course.models
        ]
        yield ModelForecast(*model, deadline, find_range(ends), _find_in_time(ends, deadline))


def _find_in_time(moments: Iterable[float], deadline: datetime | None) -> float | None:
    return None if deadline is None else find_share(moments, to_hours(deadline))


def _find_bases(remaining: Remaining) -> list[Basis]:
    """Give what the groups ahead are based on, each once."""
    groups = [group for wave in remaining.waves for group in wave.groups if group.devices]
    bases = dict.fromkeys(group.experience.basis for group in groups)
    return sorted(bases, key=lambda basis: -basis.devices)


def describe_basis(basis: Basis) -> str:
    """Say what a forecast is based on."""
    if basis.source is Source.ASSUMED:
        return (
            "nothing of this account: a result within a day of open hours, and 2 % each of failed"
            " and unreached devices, are assumed"
        )
    where = {
        Source.PACKAGE: "of this rollout with the same package",
        Source.ROLLOUT: "of this rollout",
        Source.ACCOUNT: "of earlier campaigns of the account",
    }[basis.source]
    since = f", since {basis.since}" if basis.since else ""
    return (
        f"{count(basis.devices, 'device')} {where} in {count(basis.campaigns, 'campaign')}{since}"
    )
