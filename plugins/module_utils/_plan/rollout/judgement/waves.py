# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waves of a rollout, judged one after the other: one that has not passed holds the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...._model.times import parse_time
from ..declaration.spec import RolloutSpec, Wave
from ..observation.campaign_history import Ledger, day_begins
from ..observation.observed import OwnCampaign
from ..placement.scope import Scope
from ..placement.wave_assignment import Membership
from .device_outcomes import FAILURES, DeviceClass, Verdict
from .gate import GateVerdict, Judgement, Numbers, judge
from .hindsight import Hindsight, look_back
from .package_evidence import PackageEvidence, is_halted
from .retries import Retry


@dataclass(frozen=True)
class WaveState:
    """One wave at this run.

    :ivar open: its devices may be put into campaigns: all waves before it have passed.
    :ivar begun: one of our campaigns is of this wave.
    :ivar deadline: when waiting ends; None while something is still to be created.
    :ivar numbers: the devices counted, as the gate sees them.
    """

    wave: Wave
    open: bool
    begun: bool
    judgement: Judgement
    deadline: datetime | None
    numbers: Numbers

    @property
    def verdict(self) -> GateVerdict:
        return self.judgement.verdict


def judge_waves(
    spec: RolloutSpec,
    scope: Scope,
    membership: Membership,
    verdicts: Mapping[str, Verdict],
    cohorts: Mapping[str, PackageEvidence],
    ledger: Ledger,
    retries: Sequence[Retry],
    now: datetime,
    digest: str,
) -> tuple[WaveState, ...]:
    """Judge every wave; one that is neither open nor begun waits, whatever its numbers.

    :param digest: of the plan, which approvals must name.
    """
    states: list[WaveState] = []
    holder: Wave | None = None
    for wave in spec.waves:
        ids = membership.waves[wave.number]
        sound = [imei for imei in ids if not is_halted(scope.members[imei], cohorts)]
        campaigns = [one for one in ledger.campaigns if one.name.wave == wave.number]
        sound_campaigns = [
            one
            for one in campaigns
            if not (one.campaign.package in cohorts and cohorts[one.campaign.package].failed)
        ]
        hindsight = look_back(wave, ids, scope, verdicts, cohorts)
        numbers = _count(sound, scope, verdicts, hindsight, devices=len(ids))
        again = sum(len(one.members) for one in retries if one.last.name.wave == wave.number)
        deadline = None
        if not again:
            deadline = _deadline(spec, sound_campaigns, [verdicts[imei] for imei in sound], now)
        stopped = _stopped(sound_campaigns) or _refused(wave, sound, scope, verdicts, ledger)
        judgement = judge(
            wave.gate,
            numbers,
            deadline=deadline,
            now=now,
            stopped=stopped or _fruitless(sound, scope, verdicts, cohorts),
            accepted=max(
                (one.up_to for one in spec.accepted if one.wave == wave.name and not one.cohort),
                default=None,
            ),
        )
        trying = any(one.name.attempt > 1 and not one.over for one in sound_campaigns)
        if (again or trying) and judgement.verdict in (GateVerdict.PASS, GateVerdict.SOAK):
            judgement = replace(
                judgement,
                verdict=GateVerdict.WAIT,
                why=f"{judgement.failures} failed devices are tried again",
            )
        if judgement.verdict is GateVerdict.PASS and not _is_approved(
            spec, wave, judgement, digest
        ):
            judgement = replace(
                judgement,
                verdict=GateVerdict.APPROVE,
                why=f"{judgement.why}; waits for a person to approve",
            )
        if holder and not campaigns and judgement.verdict is not GateVerdict.SKIP:
            judgement = replace(
                judgement, verdict=GateVerdict.WAIT, why=f"waits for wave {holder.name} to pass"
            )
        states.append(
            WaveState(
                wave=wave,
                open=holder is None,
                begun=bool(campaigns),
                judgement=judgement,
                deadline=deadline,
                numbers=numbers,
            )
        )
        if not judgement.verdict.opens_next:
            holder = holder or wave
    return tuple(states)


def _is_approved(spec: RolloutSpec, wave: Wave, judgement: Judgement, digest: str) -> bool:
    """A wave may be left: nobody asked for approval, it is the last, or this plan was approved."""
    if not wave.gate.approval or wave is spec.waves[-1]:
        return True
    return any(
        one.wave == wave.name
        and digest.startswith(one.digest)
        and judgement.failures <= one.failures
        for one in spec.approved
    )


def _count(
    imeis: Sequence[str],
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    hindsight: Hindsight,
    *,
    devices: int,
) -> Numbers:
    kinds = [verdicts[imei].kind for imei in imeis]
    rejected = kinds.count(DeviceClass.REJECTED)
    verified = [imei for imei in imeis if verdicts[imei].kind is DeviceClass.VERIFIED]
    reads = (scope.members[imei].device for imei in verified)
    return Numbers(
        members=len(kinds) - rejected,
        verified=len(verified),
        failed=sum(kind in FAILURES for kind in kinds),
        silent=kinds.count(DeviceClass.SILENT),
        unknown=kinds.count(DeviceClass.UNKNOWN),
        reported=kinds.count(DeviceClass.REPORTED),
        devices=devices,
        rejected=rejected,
        in_failed_cohorts=devices - len(kinds),
        too_many_once=hindsight.too_many,
        over_limit_once=hindsight.over_limit,
        busy=sum(verdicts[imei].busy for imei in imeis),
        successes=tuple(at for imei in verified if (at := verdicts[imei].at)),
        reads=tuple(read for device in reads if device and (read := parse_time(device.refreshed))),
    )


def _deadline(
    spec: RolloutSpec,
    campaigns: Sequence[OwnCampaign],
    verdicts: Sequence[Verdict],
    now: datetime,
) -> datetime | None:
    """End of the last UTC day of the wave's last campaign, and the grace for late reports.

    None while a campaign is to come: for a device that waits, or for the next step of one, which
    is waited for no longer than ``step_grace`` after that end.
    """
    ends = [one.campaign.schedule.end for one in campaigns if one.campaign.schedule.end]
    if not ends:
        return None
    end = day_begins(max(ends)) + timedelta(days=1)
    for verdict in verdicts:
        if verdict.kind is DeviceClass.SETTLING:
            return None
        step = verdict.kind is DeviceClass.ADVANCED
        if verdict.waits and not (step and now >= end + spec.timing.step_grace):
            return None
    return end + spec.timing.report_grace


def _stopped(campaigns: Sequence[OwnCampaign]) -> str:
    """Say which campaign somebody else has stopped; empty when none."""
    for one in campaigns:
        if one.stopped:
            return (
                f"campaign {one.name} ({one.campaign.id}) is {one.campaign.status}: somebody"
                " stopped it, and it is not created again"
            )
    return ""


def _refused(
    wave: Wave,
    imeis: Sequence[str],
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    ledger: Ledger,
) -> str:
    """Say which cohort's campaigns the service has refused too often; empty when none."""
    for code in sorted({scope.members[imei].cohort.code for imei in imeis if verdicts[imei].waits}):
        if ledger.is_refused(wave.number, code):
            count = ledger.request_failures[wave.number, code]
            return (
                f"the service accepted and then refused {count} campaigns of cohort {code}:"
                " fota_campaign_info shows the reasons by device"
            )
    return ""


def _fruitless(
    imeis: Sequence[str],
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    cohorts: Mapping[str, PackageEvidence],
) -> str:
    """Say which package was tried often enough without an answer; empty when none."""
    for imei in imeis:
        cohort = cohorts[scope.members[imei].package.name]
        if cohort.exhausted and verdicts[imei].waits:
            return (
                f"{cohort.fruitless} campaigns with {cohort.package.name} ended without evidence"
                " (5 devices attempted, half of them well), and more devices wait for it"
            )
    return ""
