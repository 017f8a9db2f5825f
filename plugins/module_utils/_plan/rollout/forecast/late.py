# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that would be late, by wave and cohort, and what takes the time until their turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..judgement.assessment import Assessment
from ..placement.rollout_device import LEFT, RolloutDevice
from .course import NEVER, Course, Stage
from .open_hours import HOURS_A_DAY, to_time
from .ranges import find_quantile
from .remaining import DONE, EXAMPLES, Group, Remaining, WaveAhead

# Groups that are named; those with the most devices.
_MOST_GROUPS = 20


@dataclass(frozen=True)
class LateDevices:
    """Devices of a wave and cohort that would have their result after their deadline.

    :ivar devices: that have no result yet.
    :ivar p50: late ones: no more in half of the courses; ``p90`` in nine of ten.
    :ivar reason: what takes the time until then, in words.
    :ivar examples: some devices of the cohort.
    """

    wave: str
    make: str
    model: str
    from_version: str
    deadline: datetime
    devices: int
    p50: int
    p90: int
    reason: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class HaltedDevices:
    """Devices of a cohort that has halted, which do not get their result by themselves.

    :ivar deadline: that of their model; None where it has none.
    :ivar examples: some of them.
    """

    make: str
    model: str
    from_version: str
    deadline: datetime | None
    devices: int
    examples: tuple[str, ...]


def find_halted(assessment: Assessment) -> tuple[HaltedDevices, ...]:
    """Find the devices of halted cohorts that are not done, those that have failed included."""
    found: dict[tuple[str, str, str], list[RolloutDevice]] = {}
    for row in assessment.rows:
        kind = row.outcome.kind
        if row.halted is not None and kind not in DONE and kind not in LEFT:
            target = row.target
            key = target.make, target.model, row.path.steps[0].from_version
            found.setdefault(key, []).append(row)
    return tuple(
        HaltedDevices(
            *key,
            assessment.spec.find_deadline(rows[0].target),
            len(rows),
            tuple(row.imei for row in rows[:EXAMPLES]),
        )
        for key, rows in found.items()
    )


def count_missed(assessment: Assessment) -> int | None:
    """Count the devices that were not done at the deadline of the rollout; None before it."""
    deadline = assessment.spec.deadline
    if deadline is None or assessment.seen.now <= deadline:
        return None
    return sum(
        row.outcome.kind not in DONE or (row.outcome.at or deadline) > deadline
        for row in assessment.rows
        if row.outcome.kind not in LEFT
    )


def find_late(remaining: Remaining, courses: Sequence[Course]) -> tuple[LateDevices, ...]:
    """Find late devices, in the order of waves."""
    found = [
        late
        for place, wave in enumerate(remaining.waves)
        for late in _find_in_wave(remaining, place, courses)
    ]
    largest = sorted(found, key=lambda late: -late.p90)[:_MOST_GROUPS]
    return tuple(late for late in found if late in largest)


def _find_in_wave(
    remaining: Remaining, place: int, courses: Sequence[Course]
) -> Iterator[LateDevices]:
    wave = remaining.waves[place]
    number = wave.wave.number
    for position, group in enumerate(wave.groups):
        deadline = remaining.spec.find_deadline(group.path.target)
        if deadline is None or not group.devices:
            continue
        late = [course.late[number, position] for course in courses if len(course.stages) > place]
        p50, p90 = (round(find_quantile(late, share)) for share in (0.5, 0.9)) if late else (0, 0)
        if p90:
            yield LateDevices(
                wave=wave.wave.name,
                make=group.model[0],
                model=group.model[1],
                from_version=group.path.steps[0].from_version,
                deadline=deadline,
                devices=group.devices,
                p50=p50,
                p90=p90,
                reason=_explain(remaining.waves[: place + 1], group, courses),
                examples=group.examples,
            )


def _explain(waves: Sequence[WaveAhead], group: Group, courses: Sequence[Course]) -> str:
    """Say when the turn of devices comes, and what takes the time until then."""
    place = len(waves) - 1
    if not group.waiting:
        ends = max((running.hours.ends for running in group.running), default=0.0)
        if not ends:
            return "they are tried again"
        return f"their campaigns run until the end of {to_time(ends - 1):%Y-%m-%d} UTC"
    begins = _median(
        course.stages[place].begins for course in courses if len(course.stages) > place
    )
    parts = {
        "for the devices of earlier waves": _sum(waves[:-1], courses, _working),
        "for soaks": _sum(waves[:-1], courses, _soaking),
        "until the first days of campaigns (lead time, whole days, freezes)": _sum(
            waves, courses, _scheduling
        ),
    }
    spent = [f"{_describe(hours)} {what}" for what, hours in parts.items() if hours >= 1]
    start = f"their campaigns begin on {to_time(begins):%Y-%m-%d}" if begins < NEVER else ""
    return ", after ".join(filter(None, (start, " and ".join(spent))))


def _working(stage: Stage) -> float:
    return max(0.0, stage.met - stage.begins)


def _soaking(stage: Stage) -> float:
    return max(0.0, stage.passes - stage.met)


def _scheduling(stage: Stage) -> float:
    return max(0.0, stage.begins - stage.opens)


def _sum(
    waves: Sequence[WaveAhead], courses: Sequence[Course], part: Callable[[Stage], float]
) -> float:
    """Add up what a part of every wave that has not passed takes, in the middle course."""
    total = 0.0
    for place, wave in enumerate(waves):
        if not wave.passed:
            stages = (course.stages[place] for course in courses if len(course.stages) > place)
            spans = [span for stage in stages if 0 <= (span := part(stage)) < NEVER]
            total += find_quantile(spans, 0.5) if spans else 0.0
    return total


def _median(moments: Iterable[float]) -> float:
    known = [moment for moment in moments if moment < NEVER]
    return find_quantile(known, 0.5) if known else NEVER


def _describe(hours: float) -> str:
    days, rest = divmod(round(hours), HOURS_A_DAY)
    return " ".join([f"{days} d"] * bool(days) + [f"{rest} h"] * bool(rest or not days))
