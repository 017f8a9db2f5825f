# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would have to change for a rollout to end in time: each change is forecast by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ...._model.text import count
from ..declaration.calendar import MINUTES_OF_A_DAY, Calendar, LocalWindow
from ..declaration.spec import Wave
from ..judgement.gate import failures_allowed
from .course import Course
from .open_hours import to_time
from .ranges import Deadlines, Range, draw_courses, find_range
from .remaining import Model, ModelAhead, Remaining, WaveAhead, find_needed

# Courses of each change: enough to tell days from hours.
_COURSES = 50
# What is tried of each kind, from the smallest change on.
_MORE_HOURS = (1, 2, 3, 4, 6, 8, 12)
_SOAK_HOURS = (72, 48, 36, 24, 12, 6, 0)
_DAYS = (14, 10, 7, 5, 4, 3, 2)
_TIMES_THE_EXPOSURE = (2, 5, 10)
_SHORTEST_LEAD = timedelta(hours=1)
# With more groups of devices than this, to try every change would take many seconds.
MOST_GROUPS = 400
# A change by less is none.
_LEAST_GAIN = timedelta(hours=1)


@dataclass(frozen=True)
class Change:
    """One change of the declaration, and when the rollout would end with it.

    :ivar key: of the declaration.
    :ivar what: what to declare, in words.
    :ivar enough: nine in ten courses would be over before the deadline.
    """

    key: str
    what: str
    ends: Range
    enough: bool


@dataclass(frozen=True)
class _Variant:
    what: str
    remaining: Remaining


def find_changes(
    remaining: Remaining, seed: str, deadlines: Deadlines, courses: Sequence[Course]
) -> tuple[Change, ...]:
    """Find changes that would help, first those that would be enough, last all of them together.

    Of each kind the smallest that is enough is given, or else the largest, if it helps.

    :param courses: without any change.
    """
    ends = find_range(course.ends for course in courses)
    groups = sum(len(wave.groups) for wave in remaining.waves)
    if ends is None or deadlines.are_met(courses) or groups > MOST_GROUPS:
        return ()
    finder = _Finder(seed, deadlines)
    found = [
        change
        for key, make in _KINDS.items()
        if (variants := list(make(remaining))) and (change := finder.find(key, variants))
        if change.enough or _find_gain(ends, change.ends) >= _LEAST_GAIN
    ]
    found.sort(key=lambda change: not change.enough)
    if len(found) > 1 and not found[0].enough:
        together = finder.see("", _Variant("all of these together", _join(remaining)))
        found += [together] if together else []
    return tuple(found)


def _find_gain(before: Range, after: Range) -> timedelta:
    return max(before.p50 - after.p50, before.p90 - after.p90)


class _Finder:
    """Forecasts variants of a rollout."""

    def __init__(self, seed: str, deadlines: Deadlines) -> None:
        self._seed = seed
        self._deadlines = deadlines

    def find(self, key: str, variants: Sequence[_Variant]) -> Change | None:
        """Find the smallest change that is enough, else give the largest.

        :param variants: from the smallest change on.
        """
        best = self.see(key, variants[-1])
        low, high = 0, len(variants) - 1
        while best and best.enough and low < high:
            middle = (low + high) // 2
            change = self.see(key, variants[middle])
            if change and change.enough:
                best, high = change, middle
            else:
                low = middle + 1
        return best

    def see(self, key: str, variant: _Variant) -> Change | None:
        """Forecast one change; None where the rollout does not end with it."""
        courses = draw_courses(variant.remaining, self._seed, {}, most=_COURSES)
        ends = find_range(course.ends for course in courses)
        if ends is None:
            return None
        return Change(key, variant.what, ends, self._deadlines.are_met(courses))


def _join(remaining: Remaining) -> Remaining:
    """Make the largest change of every kind."""
    for make in _KINDS.values():
        variants = list(make(remaining))
        remaining = variants[-1].remaining if variants else remaining
    return remaining


def _with(remaining: Remaining, **changes: Any) -> Remaining:
    return replace(remaining, spec=replace(remaining.spec, **changes))


def _with_waves(remaining: Remaining, change: Callable[[Wave], Wave]) -> Remaining:
    """Change the waves that have not passed."""
    waves = [
        wave if wave.passed else replace(wave, wave=change(wave.wave)) for wave in remaining.waves
    ]
    return replace(remaining, waves=tuple(waves))


def _ahead(remaining: Remaining) -> list[Wave]:
    return [wave.wave for wave in remaining.waves if not wave.passed and wave.members]


def _widen_windows(remaining: Remaining) -> Iterator[_Variant]:
    calendar = remaining.spec.calendar
    if not calendar.windows:
        return
    last = calendar.windows[-1]
    closed = MINUTES_OF_A_DAY - len({at for each in calendar.windows for at in each.minutes()})
    for hours in _MORE_HOURS:
        if hours * 60 >= closed:
            break
        more = LocalWindow(last.end % MINUTES_OF_A_DAY, (last.end + hours * 60) % MINUTES_OF_A_DAY)
        what = f"{count(hours, 'more hour')} a day, such as {last.start // 60:02}:"
        what += f"{last.start % 60:02}-{more.end // 60:02}:{more.end % 60:02} instead of {last}"
        windows = (*calendar.windows, more)
        yield _Variant(what, _with(remaining, calendar=replace(calendar, windows=windows)))
    yield _Variant("no windows", _with(remaining, calendar=replace(calendar, windows=())))


def _shorten_soaks(remaining: Remaining) -> Iterator[_Variant]:
    longest = max((wave.gate.soak for wave in _ahead(remaining)), default=timedelta(0))
    for hours in _SOAK_HOURS:
        most = timedelta(hours=hours)
        if most < longest:
            what = f"at most {count(hours, 'hour')} in each wave" if hours else "no soak"
            waves = tuple(_shorten_soak(wave, most) for wave in remaining.waves)
            yield _Variant(what, replace(remaining, waves=waves))


def _shorten_soak(ahead: WaveAhead, most: timedelta) -> WaveAhead:
    gate = ahead.wave.gate
    less = max(gate.soak - most, timedelta(0)) / timedelta(hours=1)
    wave = replace(ahead.wave, gate=replace(gate, soak=min(gate.soak, most)))
    until = None if ahead.soak_until is None else ahead.soak_until - less
    return replace(ahead, wave=wave, soak_until=until)


def _merge_waves(remaining: Remaining) -> Iterator[_Variant]:
    """Put the last waves that have not begun into one."""
    ahead = [wave for wave in remaining.waves if not (wave.passed or wave.begun)]
    for number in range(2, len(ahead) + 1):
        merged = ahead[-number:]
        names = ", ".join(wave.wave.name for wave in merged[:-1])
        before = tuple(wave for wave in remaining.waves if wave not in merged)
        yield _Variant(
            f"{names} and {merged[-1].wave.name} as one wave",
            replace(remaining, waves=(*before, _merge(merged))),
        )


def _merge(waves: Sequence[WaveAhead]) -> WaveAhead:
    """Make one wave, with the gate of the last."""
    last = waves[-1]
    gate, members = last.wave.gate, sum(wave.members for wave in waves)
    models: dict[Model, ModelAhead] = {}
    for wave in waves:
        for model, ahead in wave.models.items():
            needed = ahead.needed + (models[model].needed if model in models else 0)
            opened = ahead.open or (model in models and models[model].open)
            models[model] = ModelAhead(opened, needed, 0)
    return replace(
        last,
        members=members,
        needed=find_needed(gate, members),
        tolerated=failures_allowed(gate, members),
        groups=tuple(
            replace(group, wave=last.wave.number) for wave in waves for group in wave.groups
        ),
        models=models,
    )


def _shorten_campaigns(remaining: Remaining) -> Iterator[_Variant]:
    longest = max((wave.days for wave in _ahead(remaining)), default=0)
    for days in _DAYS:
        if days < longest:
            yield _Variant(f"at most {days} in each wave", _with_days(remaining, days))


def _with_days(remaining: Remaining, most: int) -> Remaining:
    return _with_waves(remaining, lambda wave: replace(wave, days=min(wave.days, most)))


def _lift_freezes(remaining: Remaining) -> Iterator[_Variant]:
    calendar, today = remaining.spec.calendar, to_time(remaining.now).date()
    ahead = [freeze for freeze in calendar.freezes if freeze.last >= today]
    if ahead:
        names = ", ".join(f"{freeze.first} to {freeze.last}" for freeze in ahead)
        yield _Variant(f"without {names}", _with(remaining, calendar=replace(calendar, freezes=())))


def _shorten_lead(remaining: Remaining) -> Iterator[_Variant]:
    calendar = remaining.spec.calendar
    if calendar.lead > _SHORTEST_LEAD:
        shorter: Calendar = replace(calendar, lead=_SHORTEST_LEAD)
        yield _Variant("1 hour", _with(remaining, calendar=shorter))


def _raise_exposure(remaining: Remaining) -> Iterator[_Variant]:
    limits = remaining.spec.limits
    if limits.max_exposure is None:
        return
    for times in _TIMES_THE_EXPOSURE:
        most = limits.max_exposure * times
        more = replace(limits, max_exposure=most)
        yield _Variant(f"{most} instead of {limits.max_exposure}", _with(remaining, limits=more))


def _give_up_retries(remaining: Remaining) -> Iterator[_Variant]:
    if any(wave.retry for wave in _ahead(remaining)):
        yield _Variant("0", _with_waves(remaining, lambda wave: replace(wave, retry=0)))


def _give_up_sweep(remaining: Remaining) -> Iterator[_Variant]:
    if remaining.spec.sweep:
        yield _Variant("false", _with(remaining, sweep=False))


_KINDS: dict[str, Callable[[Remaining], Iterator[_Variant]]] = {
    "calendar.windows": _widen_windows,
    "gate.soak_hours": _shorten_soaks,
    "waves": _merge_waves,
    "waves[].days": _shorten_campaigns,
    "calendar.freeze": _lift_freezes,
    "calendar.lead_hours": _shorten_lead,
    "limits.max_exposure": _raise_exposure,
    "retry": _give_up_retries,
    "sweep": _give_up_sweep,
}
"""What can change, by the key of the declaration."""
