# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One course that a rollout may take from now on, drawn at random.

It follows the engine: the next wave begins when the one before it has passed, campaigns begin on
the first day that the calendar allows, and end when the last device has a result or with their last
day. Waves pass as a whole, and what is created later finds room: these are approximations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from ...._model.campaign import EVIDENCE_DEVICES, PILOT_DEVICES
from ..action.next_check import WHILE_RUNNING
from ..declaration.calendar import compile_windows, find_span
from ..declaration.spec import RolloutSpec, Wave
from .chances import Chances, draw_chances, draw_count, draw_moments
from .open_hours import HOURS_A_DAY, OpenHours, to_time
from .remaining import Group, Model, Remaining, Running, WaveAhead

NEVER = math.inf
# A run sees a result so many hours later at most.
_LONGEST_GAP = WHILE_RUNNING / timedelta(hours=1)
_SEEN_AT_ONCE = 0.5
# From an attempt to its result.
_RESULT = 0.5
# Of devices that have failed, are silent, or were not reached: how many a second try helps. Nothing
# is known of that in advance.
_HELPED = (1.0, 2.0)
# A day on which no hour is open over a change of clocks is followed by others.
_MOST_DAYS_TRIED = 14
# Of a part of a wave, the share that must be done before another part finds room.
_ROOM = 0.9


@dataclass
class Stage:
    """A wave in one course, in hours; ``NEVER`` where it does not come to that.

    :ivar opens: when the first of its devices may be put into campaigns.
    :ivar begins: the first day of its first campaign.
    :ivar met: when it has its results.
    :ivar passes: when the next wave may begin, and ``models`` the same for the devices of each.
    """

    opens: float = NEVER
    begins: float = NEVER
    met: float = NEVER
    passes: float = NEVER
    models: dict[Model, float] = field(default_factory=dict)


@dataclass
class Course:
    """One way in which a rollout may go on.

    :ivar ends: when it is over; ``NEVER`` where it stops by itself before.
    :ivar passed: when the last wave has passed.
    :ivar models: when the last device of a model has its result.
    :ivar late: devices of groups that have their result after their deadline, by the number of the
        wave and the place of the group in it.
    """

    ends: float = NEVER
    passed: float = NEVER
    stages: list[Stage] = field(default_factory=list)
    models: dict[Model, float] = field(default_factory=dict)
    late: dict[tuple[int, int], float] = field(default_factory=dict)


@dataclass
class _Fate:
    """What becomes of devices in a campaign, and in those that follow for them.

    :ivar moments: of results, and how many devices have theirs then.
    :ivar over: when no campaign is live.
    :ivar begins: the first day of campaigns that are still to be created.
    :ivar failed: devices that fail, those that are silent included once their campaign is over.
    :ivar tried_again: from when to when devices are tried again.
    """

    moments: list[tuple[float, float]] = field(default_factory=list)
    over: float = 0.0
    begins: float = NEVER
    failed: int = 0
    silent: int = 0
    unreached: int = 0
    tried_again: list[tuple[float, float]] = field(default_factory=list)

    def add(self, other: _Fate) -> None:
        """Add devices of the same group."""
        self.moments += other.moments
        self.over = max(self.over, other.over)
        self.begins = min(self.begins, other.begins)
        self.failed += other.failed
        self.silent += other.silent
        self.unreached += other.unreached
        self.tried_again += other.tried_again


class Days:
    """The days and hours of campaigns that are created at some moment; found once for each day."""

    def __init__(self, spec: RolloutSpec) -> None:
        self._spec = spec
        self._lead = spec.calendar.lead / timedelta(hours=1)
        self._found: dict[tuple[str, int, int], OpenHours | None] = {}

    def find(self, wave: Wave, zone: str, created: float) -> OpenHours | None:
        """Give the hours of a campaign of a wave; None where the calendar has no place for it."""
        if created == NEVER:
            return None
        day = math.ceil((created + self._lead) / HOURS_A_DAY)
        key = zone, wave.days, day
        if key not in self._found:
            tries = (self._compile(wave, zone, day + later) for later in range(_MOST_DAYS_TRIED))
            self._found[key] = next(filter(None, tries), None)
        return self._found[key]

    def _compile(self, wave: Wave, zone: str, day: int) -> OpenHours | None:
        calendar, rules = self._spec.calendar, self._spec.rules_of(zone)
        now = to_time(day * HOURS_A_DAY) - calendar.lead
        span = find_span(calendar, rules, days=wave.days, now=now)
        if span is None:
            return None
        windows = compile_windows(calendar.windows, rules, start=span.start, end=span.end)
        if calendar.windows and not windows:
            return None
        return OpenHours.of(span.start, span.end, windows)


def draw_course(
    remaining: Remaining, days: Days, deadlines: Mapping[Model, float], dice: Random
) -> Course:
    """Draw a course.

    :param deadlines: by make and model; models without one are never late.
    """
    return _Runner(remaining, days, deadlines, dice).run()


class _Runner:
    """Goes through the waves in order."""

    def __init__(
        self,
        remaining: Remaining,
        days: Days,
        deadlines: Mapping[Model, float],
        dice: Random,
    ) -> None:
        self._remaining = remaining
        self._days = days
        self._deadlines = deadlines
        self._dice = dice
        self._limits = remaining.spec.limits
        self._chances: dict[int, Chances] = {}
        helped, others = remaining.second_tries
        self._helped = dice.betavariate(_HELPED[0] + helped, _HELPED[1] + others)
        self._course = Course()
        self._over = remaining.now
        self._unreached: list[tuple[Group, int]] = []

    def run(self) -> Course:
        """Give the course."""
        now, course = self._remaining.now, self._course
        opens: dict[Model, float] = {}
        for wave in self._remaining.waves:
            stage = self._run_wave(wave, opens)
            course.stages.append(stage)
            if stage.passes == NEVER:
                return course
            for model in wave.models.keys() | opens.keys():
                passes = stage.models.get(model, stage.passes)
                opens[model] = max(opens.get(model, now), passes)
        course.passed = ends = max(stage.passes for stage in course.stages)
        if self._over > now:
            ends = max(ends, self._see(self._over))
        course.ends = self._sweep(ends)
        return course

    def _see(self, moment: float) -> float:
        """Give when a run sees what has happened at a moment.

        Where nothing else is due, runs are at the ends of quarters of a day, as those of campaigns.
        """
        if not moment % _LONGEST_GAP and self._dice.random() < _SEEN_AT_ONCE:
            return moment
        return moment + self._dice.random() * _LONGEST_GAP

    def _at(self, moment: float) -> float:
        """Give a moment of a campaign, now at least: what is before has not happened until now."""
        return max(moment, self._remaining.now)

    def _run_wave(self, ahead: WaveAhead, opens: Mapping[Model, float]) -> Stage:
        now = self._remaining.now
        stage = Stage()
        whole = _Fate()
        by_model: dict[Model, list[tuple[float, float]]] = {}
        rounds, campaigns = self._count_rounds(ahead), 0
        for place, group in enumerate(ahead.groups):
            delay = campaigns // self._limits.max_creates
            campaigns += -(-group.waiting // self._limits.max_campaign_devices)
            open_now = ahead.models[group.model].open
            opened = max(now if open_now else opens.get(group.model, now), now)
            stage.opens = min(stage.opens, opened)
            fate = self._run_group(ahead.wave, group, opened + delay, rounds)
            self._note(ahead.wave.number, place, group, fate)
            by_model.setdefault(group.model, []).extend(fate.moments)
            whole.add(fate)
        stage.begins = whole.begins
        if ahead.passed or ahead.stopped:
            stage.met = stage.passes = now
        elif ahead.failures + whole.failed <= ahead.tolerated:
            before = max(opens.values(), default=now)
            self._pass(ahead, stage, whole, before)
        if stage.passes < NEVER:
            for model, of_model in ahead.models.items():
                missing = of_model.needed - of_model.results
                moment = _find_moment(by_model.get(model, []), missing, now)
                seen = self._see(moment) if missing > 0 else moment
                stage.models[model] = max(stage.passes, seen if seen < NEVER else whole.over)
        return stage

    def _pass(self, ahead: WaveAhead, stage: Stage, whole: _Fate, before: float) -> None:
        """Find when a wave has its numbers, and when its soak is over.

        :param before: when the waves before it have passed.
        """
        soak = ahead.wave.gate.soak / timedelta(hours=1)
        missing = ahead.needed - ahead.results
        if ahead.soak_until is not None:
            stage.met = ahead.soak_until - soak
            passes = max(ahead.soak_until, self._remaining.now)
        else:
            stage.met = _find_moment(whole.moments, missing, before)
            if stage.met == NEVER:
                return
            seen = self._see(stage.met) if missing > 0 else stage.met
            passes = max(stage.met + soak, seen)
        for since, until in sorted(whole.tried_again):
            if since < passes:
                passes = max(passes, self._see(until))
        stage.passes = passes

    def _count_rounds(self, ahead: WaveAhead) -> int:
        """Give in how many parts the devices of a wave go into campaigns."""
        most = self._limits.max_exposure
        waiting = sum(group.waiting for group in ahead.groups)
        return 1 if most is None else max(1, -(-waiting // most))

    def _run_group(self, wave: Wave, group: Group, opens: float, rounds: int) -> _Fate:
        """Give what becomes of the devices of a group that have no result, or are tried again."""
        fate = _Fate(over=self._remaining.now)
        for running in group.running:
            fate.add(self._go_on(wave, group, running))
        if group.failed:
            due = _Fate(over=self._remaining.now)
            self._try_again(wave, group, due, group.failed, 1)
            fate.add(due)
        created, left = opens, group.waiting
        part = -(-left // rounds)
        proved = group.proved
        while left:
            size = min(left, part) if proved else min(left, part, PILOT_DEVICES)
            found = self._run_campaigns(wave, group, size, created)
            left -= size
            first = _ROOM * size if proved else EVIDENCE_DEVICES
            moment = _find_moment(found.moments, first, created)
            proved = proved or moment < NEVER
            created = self._see(min(moment, found.over))
            fate.add(found)
            if found.over == NEVER:
                break
        return fate

    def _go_on(self, wave: Wave, group: Group, running: Running) -> _Fate:
        """Give what becomes of devices in a live campaign."""
        chances, hours, dice = self._find_chances(group), running.hours, self._dice
        passed = chances.find_share(hours.before(self._remaining.now))
        if running.sweep:
            silent, unreached = 0.0, 1 - self._helped
        else:
            silent, unreached = chances.silent, chances.unreached
        without = silent + unreached
        heard = max((1 - without) * (1 - passed), 1e-9)
        missed = draw_count(running.devices, without / (heard + without), dice)
        fate = self._draw(hours, chances, running.devices - missed, passed)
        fate.silent = draw_count(missed, silent / max(without, 1e-9), dice) + running.silent
        fate.unreached += missed + running.silent - fate.silent
        ends = self._at(hours.ends)
        announced = [(min(at + _RESULT, ends), devices) for at, devices in running.announced]
        fate.moments += announced
        fate.over = max([fate.over, *(at for at, _devices in announced)])
        fate.failed += draw_count(round(sum(each for _at, each in announced)), chances.failed, dice)
        if fate.silent or fate.unreached:
            fate.over = max(fate.over, ends)
        if running.second:
            # They count as failures already, and as results.
            fate.failed = running.devices
            fate.tried_again.append((self._remaining.now, fate.over))
            fate.moments = [(at, 0.0) for at, _devices in fate.moments]
        again = self._settle(fate) + running.failed
        self._try_again(wave, group, fate, again, running.tries)
        if running.second:
            fate.failed = 0
        return self._take_steps(wave, group, fate)

    def _run_campaigns(self, wave: Wave, group: Group, devices: int, created: float) -> _Fate:
        """Give what becomes of devices that are put into campaigns, step by step."""
        hours = self._days.find(wave, group.path.cohort.zone, created)
        if hours is None:
            return _Fate(over=NEVER)
        chances, dice = self._find_chances(group), self._dice
        silent = draw_count(devices, chances.silent, dice)
        unreached = draw_count(devices - silent, chances.unreached, dice)
        fate = self._draw(hours, chances, devices - silent - unreached, 0.0)
        fate.begins = hours.begins
        fate.silent += silent
        fate.unreached += unreached
        if fate.silent or fate.unreached:
            fate.over = hours.ends
        self._try_again(wave, group, fate, self._settle(fate), wave.retry)
        return self._take_steps(wave, group, fate)

    def _settle(self, fate: _Fate) -> int:
        """Count all that fail: a read shows that silent devices have, once the campaign is over."""
        if fate.silent:
            fate.moments.append((self._see(fate.over), fate.silent))
        fate.failed += fate.silent
        return fate.failed

    def _take_steps(self, wave: Wave, group: Group, fate: _Fate) -> _Fate:
        """Let devices that have more packages ahead get them, once their campaign is over."""
        if group.steps < 2 or fate.over == NEVER:
            return fate
        devices = round(sum(each for _at, each in fate.moments)) - fate.failed
        if devices <= 0:
            return fate
        rest = replace(group, steps=group.steps - 1)
        found = self._run_campaigns(wave, rest, devices, self._see(fate.over))
        fate.moments = []
        found.add(fate)
        return found

    def _draw(self, hours: OpenHours, chances: Chances, devices: int, passed: float) -> _Fate:
        """Draw the results of devices that have one.

        :param passed: the share of results that would have come by now.
        """
        moments: list[tuple[float, float]] = []
        missed = 0.0
        known = chances.cumulated[-2]
        for place, weight in draw_moments(devices, self._dice):
            share = passed + (1 - passed) * place
            needed = chances.find_hours(share)
            if needed > hours.total and share <= known:
                missed += weight
            else:
                moments.append((self._at(hours.after(min(needed, hours.total))), weight))
        unreached = round(missed)
        over = moments[-1][0] if moments else self._remaining.now
        return _Fate(
            moments,
            over=self._at(hours.ends) if unreached else over,
            failed=draw_count(devices - unreached, chances.failed, self._dice),
            unreached=unreached,
        )

    def _try_again(self, wave: Wave, group: Group, fate: _Fate, devices: int, tries: int) -> None:
        """Try failed devices again after their campaign."""
        silent_share = fate.silent / max(devices, 1)
        for _try in range(tries):
            since = fate.over
            created = self._see(since) if since > self._remaining.now else since
            hours = self._days.find(wave, group.path.cohort.zone, created)
            if hours is None or not devices:
                return
            found = self._draw(hours, self._find_chances(group), devices, 0.0)
            silent = draw_count(devices, silent_share, self._dice)
            fate.over = hours.ends if silent else found.over
            fate.tried_again.append((since, fate.over))
            fate.moments += [(at, 0.0) for at, _devices in found.moments]
            helped = draw_count(devices, self._helped, self._dice)
            fate.failed -= min(fate.failed, helped)
            devices -= helped

    def _note(self, wave: int, place: int, group: Group, fate: _Fate) -> None:
        """Remember what becomes of a group."""
        course = self._course
        self._over = max(self._over, fate.over)
        if fate.unreached + group.unreached:
            self._unreached.append((group, fate.unreached + group.unreached))
        last = max((at for at, _devices in fate.moments), default=self._remaining.now)
        course.models[group.model] = max(last, course.models.get(group.model, last))
        deadline = self._deadlines.get(group.model)
        if deadline is not None:
            late = sum(devices for at, devices in fate.moments if at > deadline)
            course.late[wave, place] = late

    def _sweep(self, created: float) -> float:
        """Give when the sweep is over; at once where there is none."""
        if not self._unreached or not self._remaining.spec.sweep:
            return created
        wave, over = self._remaining.waves[-1].wave, created
        for group, devices in self._unreached:
            hours = self._days.find(wave, group.path.cohort.zone, created)
            if hours is None:
                return NEVER
            missed = draw_count(devices, 1 - self._helped, self._dice)
            found = self._draw(hours, self._find_chances(group), devices - missed, 0.0)
            over = max(over, hours.ends if missed else found.over)
        return self._see(over)

    def _find_chances(self, group: Group) -> Chances:
        """Give the chances of a group: one draw for all that are based on the same experience."""
        key = id(group.experience)
        if key not in self._chances:
            self._chances[key] = draw_chances(group.experience, self._dice)
        return self._chances[key]


def _find_moment(moments: list[tuple[float, float]], needed: float, now: float) -> float:
    """Give when so many results have come; ``NEVER`` where they do not come."""
    if needed <= 0:
        return now
    missing = needed
    for at, devices in sorted(moments):
        missing -= devices
        if missing <= 1e-6:
            return at
    return NEVER
