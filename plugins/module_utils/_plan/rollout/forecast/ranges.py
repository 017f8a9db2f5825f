# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many courses of a rollout, and the moments between which nearly all of them lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from ..declaration.spec import RolloutSpec
from .course import NEVER, Course, Days, draw_course
from .open_hours import to_hours, to_time
from .remaining import Model, Remaining

# Courses that are drawn. With more groups of devices there are fewer, so that the time does not
# grow.
MOST_COURSES, FEWEST_COURSES = 200, 30
_MANY_GROUPS = 20
LIKELY = 0.9


@dataclass(frozen=True)
class Range:
    """A moment that is not known: one in ten courses is before ``p10``, nine in ten before
    ``p90``."""

    p10: datetime
    p50: datetime
    p90: datetime


@dataclass(frozen=True)
class Deadlines:
    """Until when the rollout and the devices of models should be done, in hours.

    :ivar rollout: None where it has none.
    :ivar models: those of models that have one, that of the rollout included.
    """

    rollout: float | None
    models: Mapping[Model, float]

    @classmethod
    def of(cls, spec: RolloutSpec) -> Deadlines:
        rollout = None if spec.deadline is None else to_hours(spec.deadline)
        found = {}
        for target in spec.targets:
            model = target.make, target.model
            deadline = spec.find_deadline(target)
            if deadline is not None:
                found[model] = to_hours(deadline)
        return cls(rollout, found)

    def are_met(self, courses: Iterable[Course]) -> bool:
        """Tell whether nine in ten of the courses that end do so in time."""
        known = [course for course in courses if course.ends < NEVER]
        return sum(map(self._is_met, known)) >= LIKELY * len(known)

    def _is_met(self, course: Course) -> bool:
        in_time = all(
            moment <= self.models.get(model, NEVER) for model, moment in course.models.items()
        )
        return in_time and (self.rollout is None or course.ends <= self.rollout)


def draw_courses(
    remaining: Remaining,
    seed: str,
    deadlines: Mapping[Model, float],
    *,
    most: int = MOST_COURSES,
) -> list[Course]:
    """Draw courses of a rollout, as many as are cheap; the same ones for the same seed."""
    groups = sum(len(wave.groups) for wave in remaining.waves)
    number = max(FEWEST_COURSES, most * _MANY_GROUPS // max(groups, _MANY_GROUPS))
    days = Days(remaining.spec)
    return [
        draw_course(remaining, days, deadlines, Random(f"{seed} {place}"))
        for place in range(number)
    ]


def find_range(moments: Iterable[float]) -> Range | None:
    """Give the range of moments in hours, of those that come; None where none does."""
    known = [moment for moment in moments if moment < NEVER]
    if not known:
        return None
    return Range(*(to_time(find_quantile(known, share)) for share in (0.1, 0.5, 0.9)))


def find_quantile(values: Iterable[float], share: float) -> float:
    """Give the value that a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def find_share(moments: Iterable[float], deadline: float) -> float | None:
    """Give the share of moments that are not after a deadline, of those that come."""
    known = [moment for moment in moments if moment < NEVER]
    return sum(moment <= deadline for moment in known) / len(known) if known else None
