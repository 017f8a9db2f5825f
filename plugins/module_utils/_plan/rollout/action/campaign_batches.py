# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaigns to create now: whole batches, never more than pilot rule and limits allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from ...._model.firmware import Package
from ...._model.text import count
from ...._model.windows import Window
from ...refusal import PlanRefused
from ..declaration.calendar import HORIZON_DAYS, Span, compile_windows, find_span
from ..declaration.campaign_names import (
    MOST_BATCHES,
    MOST_DEVICES,
    SWEEP_WAVE,
    CampaignName,
    Cohort,
)
from ..declaration.spec import RolloutSpec, Wave
from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from ..judgement.retries import Retry
from ..placement.rollout_device import RolloutDevice
from .seats import Seats

# max_exposure never makes a campaign smaller than this part of it.
SMALLEST_SHARE = 10


@dataclass(frozen=True)
class PlannedCampaign:
    """A campaign to create; days are UTC, both included.

    :ivar windows: UTC hours; none means all day.
    :ivar why: how a freeze changed its days; empty when none did.
    """

    name: CampaignName
    wave: Wave
    cohort: Cohort
    package: Package
    start: date
    end: date
    windows: tuple[Window, ...]
    why: str
    devices: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class BatchPlan:
    """The campaigns to create now, and why some cannot be planned.

    :ivar assign: devices of these campaigns that have to get a license before.
    :ivar shortages: what is not created until there are more licenses.
    :ivar postponed: the next run can assign more licenses.
    """

    batches: tuple[PlannedCampaign, ...] = ()
    refusals: tuple[PlanRefused, ...] = ()
    assign: tuple[str, ...] = ()
    shortages: tuple[str, ...] = ()
    postponed: bool = False


def plan_batches(assessment: Assessment) -> BatchPlan:
    """Plan campaigns for the devices that wait in open waves, unless something blocks them all."""
    stopped = assessment.find_first(GateVerdict.FAIL) or assessment.find_first(GateVerdict.HOLD)
    blocked = assessment.short_of_licenses or assessment.other_plan or assessment.undeclared
    held = assessment.missing.stops or assessment.history.started_twins
    if stopped or blocked or held:
        return BatchPlan()
    waves = {state.wave.number: state.wave for state in assessment.waves}
    cutter = _Cutter(assessment)
    for state in assessment.waves:
        if state.open:
            cutter.add(state.wave, assessment.find_waiting(state))
    for retry in assessment.retries:
        cutter.add_again(retry, waves[retry.name.wave])
    cutter.add(assessment.spec.waves[-1], assessment.sweep, number=SWEEP_WAVE)
    return BatchPlan(
        tuple(cutter.planned),
        tuple(cutter.refusals.values()),
        tuple(cutter.seats.assign),
        tuple(cutter.seats.shortages),
        cutter.seats.postponed,
    )


class _Cutter:
    """Cuts devices into campaigns, as long as limits and the pilot rule leave room.

    :ivar planned: the campaigns so far.
    :ivar refusals: why cohorts of a zone get none in waves of some length, by what is said.
    :ivar seats: the licenses that are left for devices.
    """

    def __init__(self, assessment: Assessment) -> None:
        self.planned: list[PlannedCampaign] = []
        self.refusals: dict[str, PlanRefused] = {}
        self.seats = Seats(assessment)
        self._spec = assessment.spec
        self._evidence = assessment.evidence
        self._history = assessment.history
        self._busy = assessment.seen.busy
        self._room = {name: package.room for name, package in assessment.evidence.items()}
        most = self._spec.limits.max_exposure
        self._left = MOST_DEVICES
        # Room comes back device by device, and campaigns of one device each would fill it.
        self._least = 1
        if most is not None:
            self._left = max(0, most - assessment.exposed.devices)
            self._least = max(1, most // SMALLEST_SHARE)
        self._spans = _Spans(self._spec, assessment.history.now)

    def add(self, wave: Wave, rows: Iterable[RolloutDevice], *, number: int | None = None) -> None:
        """Add new batches for devices that wait, in line.

        :param wave: whose length the campaigns have.
        :param number: of the wave in their names, if another one.
        """
        number = wave.number if number is None else number
        rows = list(rows)
        if not self.seats.has_for_all(wave.name, rows):
            return
        for cohort in _by_cohort(rows):
            waiting = self.seats.cut(wave.name, cohort)
            if not waiting:
                continue
            first = waiting[0]
            key = (first.target.generation, number, first.cohort.code)
            batch = self._history.last_batch.get(key, 0)
            while waiting and batch < MOST_BATCHES:
                size = self._size(first.package.name)
                if self._left < min(self._least, len(waiting)):
                    break
                taken, waiting = waiting[:size], waiting[size:]
                if not self._may_create(number, first.cohort.code, first) or not taken:
                    break
                batch += 1
                name = CampaignName(self._spec.name, *key, batch, attempt=1, count=len(taken))
                if not self._plan(wave, name, taken):
                    break

    def add_again(self, retry: Retry, wave: Wave) -> None:
        """Add the next attempt of a batch, whole or not at all, once its devices are free."""
        name, first = retry.name, retry.rows[0]
        free = not any(row.imei in self._busy for row in retry.rows)
        fits = name.count <= self._size(first.package.name)
        may = free and fits and self._may_create(name.wave, name.cohort, first)
        if may and self.seats.has_for_all(wave.name, retry.rows, as_one=True):
            self._plan(wave, name, retry.rows)

    def _may_create(self, number: int, code: str, row: RolloutDevice) -> bool:
        """Neither a limit nor what was learned of the cohort stands against it."""
        evidence = self._evidence[row.package.name]
        again = self._history.retry_at.get((number, code))
        return (
            len(self.planned) < self._spec.limits.max_creates
            and not evidence.failed
            and not evidence.exhausted
            and (again is None or self._history.now >= again)
        )

    def _size(self, package: str) -> int:
        most = min(self._spec.limits.max_campaign_devices, self._left)
        return most if self._evidence[package].qualified else min(most, self._room[package])

    def _plan(self, wave: Wave, name: CampaignName, rows: Sequence[RolloutDevice]) -> bool:
        """Plan a campaign; False where the calendar has no place for one of this cohort."""
        first = rows[0]
        try:
            span, windows = self._spans.find(wave, first.cohort.zone)
        except PlanRefused as refusal:
            self.refusals[str(refusal)] = refusal
            return False
        self.seats.take(rows)
        self._room[first.package.name] -= len(rows)
        self._left -= len(rows)
        self.planned.append(
            PlannedCampaign(
                name=name,
                wave=wave,
                cohort=first.cohort,
                package=first.package,
                start=span.start,
                end=span.end,
                windows=windows,
                why=span.why,
                devices=tuple(row.imei for row in rows),
            )
        )
        return True


class _Spans:
    """Days and windows of campaigns, found once for each zone and length."""

    def __init__(self, spec: RolloutSpec, now: datetime) -> None:
        self._spec = spec
        self._now = now
        self._found: dict[tuple[str, int], tuple[Span, tuple[Window, ...]]] = {}

    def find(self, wave: Wave, zone: str) -> tuple[Span, tuple[Window, ...]]:
        """Give the days of a campaign of a wave, and the hours that are open on all of them.

        :raises PlanRefused: there are none.
        """
        key = (zone, wave.days)
        if key not in self._found:
            self._found[key] = self._compile(wave, zone)
        return self._found[key]

    def _compile(self, wave: Wave, zone: str) -> tuple[Span, tuple[Window, ...]]:
        calendar, rules = self._spec.calendar, self._spec.rules_of(zone)
        subject = f"rollout {self._spec.name}, wave {wave.name}"
        span = find_span(calendar, rules, days=wave.days, now=self._now)
        if span is None:
            raise PlanRefused(
                subject,
                f"the freezes of the calendar leave no"
                f" {count(calendar.min_days, 'day')} within"
                f" {HORIZON_DAYS} days",
                hint="shorten a freeze, or lower calendar.min_days",
            )
        windows = compile_windows(calendar.windows, rules, start=span.start, end=span.end)
        if calendar.windows and not windows:
            raise PlanRefused(
                subject,
                f"no whole UTC hour lies inside the windows of {zone} on every day from"
                f" {span.start} to {span.end}, over which the zone changes its clock",
                hint="widen calendar.windows, or shorten the wave with days",
            )
        return span, windows


def _by_cohort(rows: Iterable[RolloutDevice]) -> list[list[RolloutDevice]]:
    """Group devices that can share a campaign; groups in the order of their cohorts."""
    found: dict[tuple[Cohort, str], list[RolloutDevice]] = {}
    for row in rows:
        found.setdefault((row.cohort, row.package.name), []).append(row)
    return [found[key] for key in sorted(found)]
