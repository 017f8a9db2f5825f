# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waves of a rollout, each judged by its own devices; :mod:`wave_order` lets them wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...._model.text import count
from ...._model.times import parse_time
from ..declaration.spec import RolloutSpec, Target, Wave
from ..observation.campaign_history import History, day_ends
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import (
    ATTEMPTED,
    FAILURES,
    LEFT,
    DeviceClass,
    Outcome,
    RolloutDevice,
)
from .accepted import accepted_failures, count_stopped, find_created_again, find_left_out
from .gate import Circumstances, GateVerdict, Judgement, Numbers
from .hindsight import Hindsight, look_back
from .newcomers import without_newcomers
from .package_evidence import PackageEvidence
from .retries import Retry
from .wave_part import Case, Earlier, Part, TargetCounts, judge_case, let_through

# Of the parts of a wave, the last of these decides.
SEVERITY = (
    GateVerdict.SKIP,
    GateVerdict.PASS,
    GateVerdict.SOAK,
    GateVerdict.WAIT,
    GateVerdict.HOLD,
    GateVerdict.FAIL,
)


@dataclass(frozen=True)
class WaveState:
    """One wave at this run.

    :ivar open_for: the targets whose devices may be put into campaigns of this wave: those that all
        waves before it have let through.
    :ivar passed_for: the targets that this wave alone lets through: those whose devices have
        passed, and those that it has no devices of.
    :ivar begun: one of our campaigns is of this wave.
    :ivar stopped: campaigns of this wave that were stopped, and are not created again yet.
    :ivar deadline: when waiting ends; None while something is still to be created.
    :ivar numbers: the devices counted, as the gate sees them.
    :ivar rows: its devices, in line.
    :ivar parts: what it was judged by: one part, or one for each number of accepted failures.
    """

    wave: Wave
    begun: bool
    judgement: Judgement
    deadline: datetime | None
    numbers: Numbers
    rows: tuple[RolloutDevice, ...] = field(repr=False)
    parts: tuple[Part, ...] = ()
    passed_for: frozenset[Target] = frozenset()
    open_for: frozenset[Target] = frozenset()
    stopped: int = 0

    @property
    def open(self) -> bool:
        """Some of its devices may be put into campaigns."""
        return bool(self.open_for)

    @property
    def verdict(self) -> GateVerdict:
        return self.judgement.verdict


def judge_waves(
    spec: RolloutSpec,
    rows: Collection[RolloutDevice],
    evidence: Mapping[str, PackageEvidence],
    history: History,
    retries: Sequence[Retry],
) -> list[WaveState]:
    """Judge every wave by its own devices; what waits for what is ``open_in_order``.

    :param rows: in line.
    """
    by_wave: dict[int, list[RolloutDevice]] = {wave.number: [] for wave in spec.waves}
    for row in rows:
        by_wave[row.wave].append(row)
    to_prove = targets_of(row for row in rows if row.outcome.kind not in LEFT)
    wave_judge = _WaveJudge(spec, evidence, history, retries, to_prove)
    return [wave_judge.judge(wave, tuple(by_wave[wave.number])) for wave in spec.waves]


def targets_of(rows: Iterable[RolloutDevice]) -> set[Target]:
    """Give the targets of devices that are in no failed cohort."""
    paths = {id(row.path): row.path for row in rows if row.halted is None}
    return {path.target for path in paths.values()}


class _WaveJudge:
    """Judges one wave after the other by what the campaigns and packages have shown."""

    def __init__(
        self,
        spec: RolloutSpec,
        evidence: Mapping[str, PackageEvidence],
        history: History,
        retries: Sequence[Retry],
        to_prove: Collection[Target],
    ) -> None:
        self._spec = spec
        self._to_prove = to_prove
        self._evidence = evidence
        self._history = history
        self._retries = retries
        self._created_again = find_created_again(spec, history)
        self._left_out = find_left_out(spec, history)

    def judge(self, wave: Wave, rows: tuple[RolloutDevice, ...]) -> WaveState:
        """Judge a wave; devices of failed cohorts, and their campaigns, do not count.

        Targets of which a person accepts failures are judged apart from the others.
        """
        parts: dict[int | None, set[Target]] = {}
        for target in self._spec.targets:
            limit = accepted_failures(self._spec, self._history, target, wave=wave.name)
            parts.setdefault(limit, set()).add(target)
        judged = [
            self._judge_part(
                wave,
                rows if len(parts) < 2 else [row for row in rows if row.target in targets],
                targets,
                limit,
            )
            for limit, targets in (parts or {None: set[Target]()}).items()
        ]
        worst = max(judged, key=lambda part: SEVERITY.index(part.judgement.verdict))
        return WaveState(
            wave=wave,
            begun=any(own.name.wave == wave.number for own in self._history.campaigns),
            judgement=combine(worst.judgement, [part.judgement for part in judged]),
            deadline=worst.case.given.deadline,
            numbers=judged[0].case.numbers
            if len(judged) == 1
            else self._count(wave, rows, self._spec.targets),
            rows=rows,
            parts=tuple(judged),
            passed_for=frozenset().union(*(part.passed_for for part in judged)),
            stopped=0
            if all(
                (wave.number, target.generation) in self._created_again
                for target in self._spec.targets
            )
            else count_stopped(self._history, wave),
        )

    def _judge_part(
        self,
        wave: Wave,
        rows: Sequence[RolloutDevice],
        targets: Collection[Target],
        accepted: int | None,
    ) -> Part:
        """Judge the devices of some targets.

        :param accepted: failures that a person takes of them.
        """
        sound = [row for row in rows if row.halted is None]
        generations = {target.generation for target in targets}
        ours = [
            own
            for own in self._history.campaigns
            if own.name.wave == wave.number and own.name.generation in generations
        ]
        campaigns = [own for own in ours if not self._has_failed(own)]
        again = any(
            retry.name.wave == wave.number and retry.name.generation in generations
            for retry in self._retries
        )
        stopped = self._find_stopped(campaigns)
        left_out = all((wave.number, each) in self._left_out for each in generations)
        given = Circumstances(
            now=self._history.now,
            deadline=None if again else self._find_deadline(campaigns, sound),
            stopped=stopped or self._find_refused(wave, sound) or self._find_fruitless(sound),
            canceled="" if generations and left_out else stopped,
            accepted=accepted,
        )
        asked = sum(own.name.count for own in self._history.campaigns)
        present = without_newcomers(self._spec, rows, ours, self._evidence, asked)
        earlier = None
        if len(present) < len(rows):
            sound_then = [row for row in present if row.halted is None]
            deadline = None if again else self._find_deadline(campaigns, sound_then)
            earlier = Earlier(self._count(wave, present, targets), deadline)
        trying = again or any(own.name.attempt > 1 and not own.over for own in campaigns)
        case = Case(self._count(wave, rows, targets), given, earlier, trying=trying)
        judgement = judge_case(wave.gate, case)
        counts = {}
        if judgement.verdict.opens_next:
            # A target whose devices were all refused has nothing to show, and none to hold back.
            counts = {
                target: of
                for target, of in _count_targets(sound).items()
                if target in self._to_prove
            }
        all_targets = frozenset(targets)
        judgement, passed_for = let_through(wave.gate, case, judgement, all_targets, counts)
        return Part(all_targets, case, counts, judgement, passed_for)

    def _count(
        self, wave: Wave, rows: Sequence[RolloutDevice], targets: Collection[Target]
    ) -> Numbers:
        """Count the devices of some targets, and those that have left the account."""
        generations = {target.generation for target in targets}
        gone = sum(
            count
            for (number, generation), count in self._history.gone.items()
            if number == wave.number and generation in generations
        )
        sound = [row for row in rows if row.halted is None]
        numbers = count_wave(sound, look_back(wave, rows), devices=len(rows))
        if not gone:
            return numbers
        return replace(numbers, devices=numbers.devices + gone, rejected=numbers.rejected + gone)

    def _has_failed(self, own: OwnCampaign) -> bool:
        evidence = self._evidence.get(own.campaign.package)
        return evidence is not None and evidence.failed

    def _find_deadline(
        self, campaigns: Iterable[OwnCampaign], rows: Iterable[RolloutDevice]
    ) -> datetime | None:
        """Give the end of the last UTC day of the last campaign, plus grace for late reports.

        None while a campaign is to come: for a device that waits, or for the next step of one,
        which is waited for no longer than ``step_grace`` after that end.
        """
        timing = self._spec.timing
        ends = [own.campaign.schedule.end for own in campaigns if own.campaign.schedule.end]
        if not ends:
            return None
        end = day_ends(max(ends))
        steps_over = self._history.now >= end + timing.step_grace
        if any(_is_to_come(row.outcome, steps_over=steps_over) for row in rows):
            return None
        return end + timing.report_grace

    def _find_stopped(self, campaigns: Iterable[OwnCampaign]) -> str:
        """Say which campaign someone else has stopped; empty when none."""
        for own in campaigns:
            name = own.name
            if own.stopped and (name.wave, name.generation) not in self._created_again:
                return (
                    f"campaign {own.name} ({own.campaign.id}) is {own.campaign.status}: a halt or"
                    " someone else stopped it, and it is created again only when a person accepts"
                    " that"
                )
        return ""

    def _find_refused(self, wave: Wave, rows: Iterable[RolloutDevice]) -> str:
        """Say which cohort's campaigns the service has refused too often; empty when none."""
        for code in sorted({row.cohort.code for row in rows if row.outcome.waits}):
            if self._history.is_refused(wave.number, code):
                refused = self._history.request_failures[wave.number, code]
                return (
                    f"the service accepted and then refused {count(refused, 'campaign')} of cohort"
                    f" {code}:"
                    " fota_campaign_info shows the reasons by device"
                )
        return ""

    def _find_fruitless(self, rows: Iterable[RolloutDevice]) -> str:
        """Say which package was tried often enough without an answer; empty when none."""
        for row in rows:
            evidence = self._evidence[row.package.name]
            if evidence.exhausted and row.outcome.waits:
                return (
                    f"{count(evidence.fruitless, 'campaign')} with {evidence.package.name} ended"
                    " without evidence (5 devices attempted, half of them successful), and more"
                    " devices wait for it"
                )
        return ""


def _count_targets(rows: Iterable[RolloutDevice]) -> dict[Target, TargetCounts]:
    """Count the devices of each target of a wave whose numbers are met."""
    kinds: dict[int, Counter[DeviceClass]] = {}
    paths = {}
    for row in rows:
        paths[id(row.path)] = row.path
        kinds.setdefault(id(row.path), Counter())[row.outcome.kind] += 1
    by_target: dict[Target, Counter[DeviceClass]] = {}
    for key, path in paths.items():
        by_target.setdefault(path.target, Counter()).update(kinds[key])
    return {
        target: TargetCounts(
            members=counts.total() - sum(counts[kind] for kind in LEFT),
            attempted=sum(counts[kind] for kind in ATTEMPTED),
            verified=counts[DeviceClass.VERIFIED],
        )
        for target, counts in by_target.items()
    }


def combine(worst: Judgement, parts: Sequence[Judgement]) -> Judgement:
    """Give the judgement of a wave from those of its parts; the worst verdict is that of all."""
    if len(parts) == 1:
        return worst
    soaks = [part.soak_until for part in parts if part.members]
    return replace(
        worst,
        **{
            name: sum(getattr(part, name) for part in parts)
            for name in (
                "members",
                "attempted",
                "verified",
                "failures",
                "silent",
                "allowed",
                "sample",
            )
        },
        soak_until=max(filter(None, soaks)) if soaks and all(soaks) else None,
    )


def count_wave(rows: Sequence[RolloutDevice], hindsight: Hindsight, *, devices: int) -> Numbers:
    """Count the devices of a wave.

    :param rows: without those of failed cohorts.
    :param devices: with them.
    """
    kinds = Counter(row.outcome.kind for row in rows)
    verified = [row for row in rows if row.outcome.kind is DeviceClass.VERIFIED]
    reads = (parse_time(row.device.refreshed) for row in verified if row.device)
    return Numbers(
        members=len(rows) - sum(kinds[kind] for kind in LEFT),
        verified=len(verified),
        failed=sum(kinds[kind] for kind in FAILURES),
        silent=kinds[DeviceClass.SILENT],
        unknown=sum(
            row.outcome.kind is DeviceClass.UNKNOWN and not row.outcome.unread for row in rows
        )
        if kinds[DeviceClass.UNKNOWN]
        else 0,
        under_way=sum(
            row.outcome.begun is not None and row.outcome.kind not in ATTEMPTED for row in rows
        ),
        devices=devices,
        rejected=sum(kinds[kind] for kind in LEFT),
        in_failed_cohorts=devices - len(rows),
        too_many_once=hindsight.too_many,
        over_limit_once=hindsight.over_limit,
        successes=tuple(row.outcome.at for row in verified if row.outcome.at),
        reads=tuple(filter(None, reads)),
    )


def _is_to_come(outcome: Outcome, *, steps_over: bool) -> bool:
    """A campaign for the device is to come, or may be there and not show yet, or the read that
    says what became of it."""
    if outcome.kind is DeviceClass.SETTLING:
        return True
    if outcome.unread and outcome.kind in (DeviceClass.UNKNOWN, DeviceClass.SILENT):
        return True
    return outcome.waits and not (outcome.kind is DeviceClass.ADVANCED and steps_over)
