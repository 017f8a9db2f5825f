# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waves of a rollout, judged one after the other: one that has not passed holds the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ...._model.times import parse_time
from ..declaration.spec import RolloutSpec, Wave
from ..observation.campaign_history import History, day_begins
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import FAILURES, DeviceClass, Outcome, RolloutDevice
from .gate import Circumstances, GateVerdict, Judgement, Numbers, judge
from .hindsight import Hindsight, look_back
from .package_evidence import PackageEvidence
from .retries import Retry


@dataclass(frozen=True)
class WaveState:
    """One wave at this run.

    :ivar open: its devices may be put into campaigns: all waves before it have passed.
    :ivar begun: one of our campaigns is of this wave.
    :ivar deadline: when waiting ends; None while something is still to be created.
    :ivar numbers: the devices counted, as the gate sees them.
    :ivar rows: its devices, in line.
    """

    wave: Wave
    open: bool
    begun: bool
    judgement: Judgement
    deadline: datetime | None
    numbers: Numbers
    rows: tuple[RolloutDevice, ...] = field(repr=False)

    @property
    def verdict(self) -> GateVerdict:
        return self.judgement.verdict


def judge_waves(
    spec: RolloutSpec,
    rows: Iterable[RolloutDevice],
    evidence: Mapping[str, PackageEvidence],
    history: History,
    retries: Sequence[Retry],
) -> list[WaveState]:
    """Judge every wave by its own devices; what waits for what is :func:`open_in_order`.

    :param rows: in line.
    """
    by_wave: dict[int, list[RolloutDevice]] = {wave.number: [] for wave in spec.waves}
    for row in rows:
        by_wave[row.wave].append(row)
    wave_judge = _WaveJudge(spec, evidence, history, retries)
    return [wave_judge.judge(wave, tuple(by_wave[wave.number])) for wave in spec.waves]


def open_in_order(
    spec: RolloutSpec, states: Iterable[WaveState], digest: str
) -> tuple[WaveState, ...]:
    """Let every wave wait for the one before it, and for the approval to leave that one.

    A wave that is not open and has not begun waits, whatever its numbers.

    :param digest: of the plan, which approvals must name.
    """
    found: list[WaveState] = []
    holder: Wave | None = None
    for state in states:
        judgement = state.judgement
        if judgement.verdict is GateVerdict.PASS and not _is_approved(spec, state, digest):
            why = f"{judgement.why}; waits for approval"
            judgement = replace(judgement, verdict=GateVerdict.APPROVE, why=why)
        if holder and not state.begun and judgement.verdict is not GateVerdict.SKIP:
            why = f"waits for wave {holder.name} to pass"
            judgement = replace(judgement, verdict=GateVerdict.WAIT, why=why)
        found.append(replace(state, judgement=judgement, open=holder is None))
        if not judgement.verdict.opens_next:
            holder = holder or state.wave
    return tuple(found)


def _is_approved(spec: RolloutSpec, state: WaveState, digest: str) -> bool:
    """A wave may be left: no approval is asked, it is the last, or this plan was approved."""
    if not state.wave.gate.approval or state.wave is spec.waves[-1]:
        return True
    return any(
        approval.wave == state.wave.name
        and digest.startswith(approval.digest)
        and state.judgement.failures <= approval.failures
        for approval in spec.approved
    )


class _WaveJudge:
    """Judges one wave after the other by what the campaigns and packages have shown."""

    def __init__(
        self,
        spec: RolloutSpec,
        evidence: Mapping[str, PackageEvidence],
        history: History,
        retries: Sequence[Retry],
    ) -> None:
        self._spec = spec
        self._evidence = evidence
        self._history = history
        self._retries = retries

    def judge(self, wave: Wave, rows: tuple[RolloutDevice, ...]) -> WaveState:
        """Judge a wave; devices of failed cohorts, and their campaigns, do not count."""
        sound = [row for row in rows if row.halted is None]
        campaigns = [own for own in self._history.campaigns if own.name.wave == wave.number]
        sound_campaigns = [own for own in campaigns if not self._has_failed(own)]
        again = any(retry.last.name.wave == wave.number for retry in self._retries)
        deadline = None if again else self._find_deadline(sound_campaigns, sound)
        numbers = count_wave(sound, look_back(wave, rows), devices=len(rows))
        accepted = [
            accept.up_to
            for accept in self._spec.accepted
            if accept.wave == wave.name and not accept.cohort
        ]
        stopped = _find_stopped(sound_campaigns) or self._find_refused(wave, sound)
        given = Circumstances(
            now=self._history.now,
            deadline=deadline,
            stopped=stopped or self._find_fruitless(sound),
            accepted=max(accepted, default=None),
        )
        judgement = judge(wave.gate, numbers, given)
        trying = any(own.name.attempt > 1 and not own.over for own in sound_campaigns)
        if (again or trying) and judgement.verdict in (GateVerdict.PASS, GateVerdict.SOAK):
            why = f"{judgement.failures} failed devices are tried again"
            judgement = replace(judgement, verdict=GateVerdict.WAIT, why=why)
        return WaveState(
            wave=wave,
            open=False,
            begun=bool(campaigns),
            judgement=judgement,
            deadline=deadline,
            numbers=numbers,
            rows=rows,
        )

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
        end = day_begins(max(ends)) + timedelta(days=1)
        steps_over = self._history.now >= end + timing.step_grace
        if any(_is_to_come(row.outcome, steps_over=steps_over) for row in rows):
            return None
        return end + timing.report_grace

    def _find_refused(self, wave: Wave, rows: Iterable[RolloutDevice]) -> str:
        """Say which cohort's campaigns the service has refused too often; empty when none."""
        for code in sorted({row.cohort.code for row in rows if row.outcome.waits}):
            if self._history.is_refused(wave.number, code):
                count = self._history.request_failures[wave.number, code]
                return (
                    f"the service accepted and then refused {count} campaigns of cohort {code}:"
                    " fota_campaign_info shows the reasons by device"
                )
        return ""

    def _find_fruitless(self, rows: Iterable[RolloutDevice]) -> str:
        """Say which package was tried often enough without an answer; empty when none."""
        for row in rows:
            evidence = self._evidence[row.package.name]
            if evidence.exhausted and row.outcome.waits:
                return (
                    f"{evidence.fruitless} campaigns with {evidence.package.name} ended without"
                    " evidence (5 devices attempted, half of them successful), and more devices"
                    " wait for it"
                )
        return ""


def count_wave(rows: Sequence[RolloutDevice], hindsight: Hindsight, *, devices: int) -> Numbers:
    """Count the devices of a wave.

    :param rows: without those of failed cohorts.
    :param devices: with them.
    """
    kinds = Counter(row.outcome.kind for row in rows)
    verified = [row for row in rows if row.outcome.kind is DeviceClass.VERIFIED]
    reads = (parse_time(row.device.refreshed) for row in verified if row.device)
    return Numbers(
        members=len(rows) - kinds[DeviceClass.REJECTED],
        verified=len(verified),
        failed=sum(kinds[kind] for kind in FAILURES),
        silent=kinds[DeviceClass.SILENT],
        unknown=kinds[DeviceClass.UNKNOWN],
        reported=kinds[DeviceClass.REPORTED],
        devices=devices,
        rejected=kinds[DeviceClass.REJECTED],
        in_failed_cohorts=devices - len(rows),
        too_many_once=hindsight.too_many,
        over_limit_once=hindsight.over_limit,
        busy=sum(row.outcome.busy for row in rows),
        successes=tuple(row.outcome.at for row in verified if row.outcome.at),
        reads=tuple(filter(None, reads)),
    )


def _is_to_come(outcome: Outcome, *, steps_over: bool) -> bool:
    """A campaign for the device is to come, or may be there and not show yet."""
    if outcome.kind is DeviceClass.SETTLING:
        return True
    return outcome.waits and not (outcome.kind is DeviceClass.ADVANCED and steps_over)


def _find_stopped(campaigns: Iterable[OwnCampaign]) -> str:
    """Say which campaign someone else has stopped; empty when none."""
    for own in campaigns:
        if own.stopped:
            return (
                f"campaign {own.name} ({own.campaign.id}) is {own.campaign.status}: someone"
                " stopped it, and it is not created again"
            )
    return ""
