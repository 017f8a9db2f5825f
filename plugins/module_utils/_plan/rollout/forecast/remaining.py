# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout has still to do: its waves with their devices, counted by cohort."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...._model.campaign import EVIDENCE_DEVICES
from ...._model.status import DeviceState
from ...._model.times import parse_time
from ..declaration.campaign_names import SWEEP_WAVE
from ..declaration.spec import Gate, RolloutSpec, Wave
from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from ..judgement.waves import WaveState
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import ATTEMPTED, FAILURES, LEFT, DeviceClass, RolloutDevice
from ..placement.upgrade_paths import UpgradePath
from .chances import MOST_DRAWN
from .experience import Experience, count_second_tries, find_experience, learn
from .open_hours import OpenHours, to_hours

EXAMPLES = 5
# Classes of devices in a campaign that is not over, or of which its report says nothing yet.
_IN_CAMPAIGN = frozenset({DeviceClass.PENDING, DeviceClass.UNKNOWN, DeviceClass.SILENT})
DONE = frozenset({DeviceClass.VERIFIED, DeviceClass.REPORTED, DeviceClass.MISMATCH})
_STOPPED = (GateVerdict.FAIL, GateVerdict.HOLD)

Model = tuple[str, str]
"""A make and a model."""


@dataclass(frozen=True)
class Running:
    """Devices in a live campaign that have no result.

    :ivar devices: those of which nothing is announced.
    :ivar silent: those that were attempted, and of which nothing will be heard.
    :ivar announced: moments of next attempts, ascending, and how many devices each is for.
    :ivar failed: devices that have failed, which are tried again once the campaign is over.
    :ivar tries: how often devices that fail are tried again.
    :ivar second: its devices have failed before, or were not reached.
    :ivar sweep: they were not reached.
    """

    hours: OpenHours
    devices: int
    silent: int
    announced: tuple[tuple[float, float], ...]
    failed: int = 0
    tries: int = 0
    second: bool = False
    sweep: bool = False

    @property
    def pending(self) -> int:
        """Devices that have no result."""
        return self.devices + self.silent + round(sum(devices for _at, devices in self.announced))


@dataclass(frozen=True)
class Group:
    """The devices of a wave that get the same packages in the same hours.

    :ivar steps: packages that those have ahead which wait for a campaign.
    :ivar waiting: devices to be put into campaigns.
    :ivar failed: devices to be tried again now.
    :ivar unreached: devices for the sweep.
    :ivar proved: the package may go to many devices.
    :ivar examples: some of the devices that are not done.
    """

    wave: int
    path: UpgradePath
    steps: int
    waiting: int
    failed: int
    unreached: int
    running: tuple[Running, ...]
    experience: Experience
    proved: bool
    examples: tuple[str, ...] = ()

    @property
    def model(self) -> Model:
        return self.path.target.make, self.path.target.model

    @property
    def devices(self) -> int:
        """Devices that have no result yet."""
        return self.waiting + self.failed + sum(each.pending for each in self.running)


@dataclass(frozen=True)
class ModelAhead:
    """The devices of a model in a wave.

    :ivar open: they may be put into campaigns now.
    :ivar needed: results without which those of the next wave have to wait.
    :ivar results: results that there are.
    """

    open: bool
    needed: int
    results: int


@dataclass(frozen=True)
class WaveAhead:
    """A wave as it stands.

    :ivar passed: its gate lets the next wave begin.
    :ivar stopped: its gate says that an operator must look first.
    :ivar begun: a campaign of it exists.
    :ivar members: devices that count.
    :ivar needed: results that it needs.
    :ivar results: results that it has.
    :ivar tolerated: failures that do not stop it.
    :ivar failures: failures that it has.
    :ivar soak_until: when its soak is over, once its numbers are met.
    """

    wave: Wave
    passed: bool
    stopped: bool
    begun: bool
    members: int
    needed: int
    results: int
    tolerated: int
    failures: int
    soak_until: float | None
    groups: tuple[Group, ...]
    models: Mapping[Model, ModelAhead] = field(default_factory=dict)


@dataclass(frozen=True)
class Remaining:
    """What is left of a rollout at one moment.

    :ivar now: of the run, in hours.
    :ivar waves: all waves, those that have passed as well: their campaigns may still run.
    :ivar second_tries: successes and others among devices that were tried again.
    """

    spec: RolloutSpec
    now: float
    waves: tuple[WaveAhead, ...]
    known: Mapping[str, Experience] = field(default_factory=dict)
    second_tries: tuple[int, int] = (0, 0)


def find_remaining(assessment: Assessment) -> Remaining:
    """Count what is left to do, wave by wave and cohort by cohort."""
    known = learn(assessment.seen, failing=_find_failing(assessment))
    again = {row.imei for retry in assessment.retries for row in retry.rows}
    counter = _Counter(assessment, known, again)
    return Remaining(
        assessment.spec,
        to_hours(assessment.seen.now),
        waves=tuple(_see_wave(state, *counter.count(state)) for state in assessment.waves),
        known=known,
        second_tries=count_second_tries(assessment.seen),
    )


def _find_failing(assessment: Assessment) -> set[str]:
    """Give the packages whose cohort has halted, also where an operator has accepted that."""
    accepted = {accept.cohort for accept in assessment.spec.accepted if accept.cohort}
    return {
        name
        for name, evidence in assessment.evidence.items()
        if evidence.failed or accepted.intersection(evidence.codes)
    }


def _see_wave(
    state: WaveState, groups: tuple[Group, ...], models: Mapping[Model, ModelAhead]
) -> WaveAhead:
    judgement, gate = state.judgement, state.wave.gate
    accepted = [part.case.given.accepted or 0 for part in state.parts]
    return WaveAhead(
        wave=state.wave,
        passed=judgement.verdict.opens_next,
        stopped=judgement.verdict in _STOPPED,
        begun=state.begun,
        members=judgement.members,
        needed=find_needed(gate, judgement.members),
        results=judgement.attempted,
        tolerated=max([judgement.allowed, *accepted]),
        failures=judgement.failures,
        soak_until=to_hours(judgement.soak_until) if judgement.soak_until else None,
        groups=groups,
        models=models,
    )


def find_needed(gate: Gate, members: int) -> int:
    """Give the results that a wave of so many members needs."""
    return max(min(gate.min_sample, members), math.ceil(gate.min_coverage * members))


@dataclass
class _Tally:
    """Devices of a group while they are counted; campaigns by id."""

    path: UpgradePath
    members: int = 0
    results: int = 0
    waiting: int = 0
    failed: int = 0
    unreached: int = 0
    examples: list[str] = field(default_factory=list)
    running: dict[str, _Inside] = field(default_factory=dict)


@dataclass
class _Inside:
    own: OwnCampaign
    devices: int = 0
    silent: int = 0
    failed: int = 0
    announced: list[float] = field(default_factory=list)


class _Counter:
    """Counts the devices of waves."""

    def __init__(
        self, assessment: Assessment, known: Mapping[str, Experience], again: set[str]
    ) -> None:
        self._assessment = assessment
        self._known = known
        self._again = again
        self._now = to_hours(assessment.seen.now)

    def count(self, state: WaveState) -> tuple[tuple[Group, ...], dict[Model, ModelAhead]]:
        """Count the devices of a wave that have no result, and those for the sweep."""
        tallies: dict[int, _Tally] = {}
        by_cohort: dict[tuple[object, ...], _Tally] = {}
        for row in state.rows:
            kind = row.outcome.kind
            if row.halted is not None or kind in LEFT:
                continue
            tally = tallies.get(id(row.path))
            if tally is None:
                # Devices that have done a step have paths of their own, which are equal.
                key = (row.path.target, row.path.cohort, len(row.path.course))
                tally = by_cohort.setdefault(key, _Tally(row.path))
                tallies[id(row.path)] = tally
            tally.members += 1
            tally.results += kind in ATTEMPTED or kind is DeviceClass.REPORTED
            if kind not in DONE:
                self._add(tally, row)
        groups = [self._conclude(state, tally) for tally in by_cohort.values()]
        found = [group for group in groups if group.devices or group.unreached]
        models: dict[Model, list[_Tally]] = {}
        for tally in by_cohort.values():
            target = tally.path.target
            models.setdefault((target.make, target.model), []).append(tally)
        return tuple(sorted(found, key=lambda group: group.path.cohort)), {
            model: _see_model(state, of_model) for model, of_model in models.items()
        }

    def _add(self, tally: _Tally, row: RolloutDevice) -> None:
        outcome, record = row.outcome, row.history.latest if row.history else None
        live = record is not None and not record.own.over
        if outcome.kind is DeviceClass.UNREACHED:
            tally.unreached += bool(record and record.own.name.wave != SWEEP_WAVE)
            return
        if row.imei in self._again:
            tally.failed += 1
        elif record and live and (outcome.kind in _IN_CAMPAIGN or outcome.kind in FAILURES):
            inside = tally.running.setdefault(record.own.campaign.id, _Inside(record.own))
            announced = parse_time(record.row.next_attempt)
            if outcome.kind in FAILURES and record.row.state is DeviceState.FAILED:
                inside.failed += 1
                return
            if announced is not None:
                inside.announced.append(to_hours(announced))
            elif outcome.kind is DeviceClass.SILENT:
                inside.silent += 1
            else:
                inside.devices += 1
        elif outcome.waits or outcome.busy or not record or live:
            tally.waiting += 1
        else:
            return
        if len(tally.examples) < EXAMPLES:
            tally.examples.append(row.imei)

    def _conclude(self, state: WaveState, tally: _Tally) -> Group:
        package = tally.path.course[0]
        evidence = self._assessment.evidence.get(package.name)
        return Group(
            wave=state.wave.number,
            path=tally.path,
            steps=len(tally.path.course),
            waiting=tally.waiting,
            failed=tally.failed,
            unreached=tally.unreached,
            running=tuple(
                running
                for inside in tally.running.values()
                if (running := self._see_campaign(state.wave, inside)) is not None
            ),
            experience=find_experience(self._known, package.name),
            proved=evidence is not None
            and (evidence.qualified or evidence.attempted >= EVIDENCE_DEVICES),
            examples=tuple(tally.examples),
        )

    def _see_campaign(self, wave: Wave, inside: _Inside) -> Running | None:
        hours = OpenHours.of_campaign(inside.own)
        if hours is None:
            return None
        moments = sorted(max(moment, self._now) for moment in inside.announced)
        name = inside.own.name
        sweep = name.wave == SWEEP_WAVE
        return Running(
            hours,
            inside.devices,
            inside.silent,
            _thin(moments),
            failed=inside.failed,
            tries=0 if sweep else max(0, wave.retry - name.attempt + 1),
            second=sweep or name.attempt > 1,
            sweep=sweep,
        )


def _see_model(state: WaveState, tallies: Iterable[_Tally]) -> ModelAhead:
    """Add up the devices of a model in a wave."""
    members = results = 0
    opened = False
    for tally in tallies:
        members += tally.members
        results += tally.results
        opened = opened or tally.path.target in state.open_for
    return ModelAhead(opened, math.ceil(state.wave.gate.min_coverage * members), results)


def _thin(moments: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Keep some moments, the last one among them, each for its part of all."""
    if len(moments) <= MOST_DRAWN:
        return tuple((moment, 1.0) for moment in moments)
    weight = len(moments) / MOST_DRAWN
    return tuple(
        (moments[-(-len(moments) * (place + 1) // MOST_DRAWN) - 1], weight)
        for place in range(MOST_DRAWN)
    )
