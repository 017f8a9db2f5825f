# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tick: from what is declared and what was read to a phase and one safe set of writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from .classes import DeviceClass, Verdict, classify
from .gate import GateVerdict
from .lanes import LaneEvidence, weigh_lanes
from .ledger import Ledger, keep_ledger
from .membership import Membership, assign_waves
from .next_check import next_check
from .observed import Observed, OwnCampaign
from .scope import Member, Out, Scope, find_scope
from .spec import RolloutSpec
from .tranches import PlannedCampaign, plan_tranches
from .waves import WaveState, judge_waves


class Phase(Enum):
    """Where a rollout stands."""

    PLANNED = "planned"
    NOTHING_TO_DO = "nothing_to_do"
    RUNNING = "running"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    COMPLETED_WITH_EXCEPTIONS = "completed_with_exceptions"
    HELD = "held"
    HALTED = "halted"
    OBSERVATION_FAILED = "observation_failed"


# What may still become of a device without anybody's help.
_UNFINISHED = frozenset(
    {DeviceClass.PENDING, DeviceClass.SETTLING, DeviceClass.REPORTED, DeviceClass.BUSY}
)


@dataclass(frozen=True)
class Decision:
    """What one tick has decided.

    :ivar why: one sentence on the phase.
    :ivar verdicts: the class of every device in scope.
    :ivar refresh: devices whose version has to be read again before their wave is judged.
    :ivar create: campaigns to create now.
    :ivar cancel: live campaigns to cancel now, and why.
    :ivar blockers: why nothing may be created although something waits.
    :ivar exposure: devices that are in live campaigns or would be after this tick, and could
        still change.
    :ivar next_check: when to look again; None when nothing is to come.
    """

    spec: RolloutSpec
    seen: Observed
    phase: Phase
    why: str
    scope: Scope
    ledger: Ledger
    membership: Membership
    verdicts: dict[str, Verdict]
    lanes: dict[str, LaneEvidence]
    waves: tuple[WaveState, ...]
    refresh: tuple[str, ...]
    create: tuple[PlannedCampaign, ...]
    cancel: tuple[tuple[OwnCampaign, str], ...]
    blockers: tuple[str, ...]
    licenses_needed: int
    exposure: int
    next_check: datetime | None

    @property
    def would_change(self) -> bool:
        return bool(self.create or self.cancel)


def decide(spec: RolloutSpec, seen: Observed, *, only_plan: bool = False) -> Decision:
    """Decide one tick.

    :param only_plan: a person wants to look: nothing is to be written, whatever is due.
    :raises PlanRefused: the declaration does not fit what is there.
    """
    ledger = keep_ledger(spec, seen.own)
    scope = find_scope(spec, seen, ledger)
    membership = assign_waves(spec, scope, ledger.claims)
    wave_of = {imei: number for number, ids in membership.waves.items() for imei in ids}
    verdicts = {
        imei: classify(member, wave_of[imei], seen=seen, ledger=ledger, timing=spec.timing)
        for imei, member in scope.members.items()
    }
    lanes = weigh_lanes(spec, scope, wave_of, verdicts, ledger)
    for imei, member in scope.members.items():
        if verdicts[imei].waits and lanes[member.package.name].failed:
            verdicts[imei] = Verdict(DeviceClass.HALTED, "its lane halted before its turn")
    waves = judge_waves(spec, scope, membership, verdicts, lanes, ledger, seen.now)
    needed = _count_licenses(seen, scope, verdicts)
    short = needed > seen.subscription.free_licenses
    blockers = _find_blockers(seen, ledger, needed)
    twins = [one for one in ledger.surplus if one.started(seen.now)]
    failed = next((wave for wave in waves if wave.verdict is GateVerdict.FAIL), None)
    held = next((wave for wave in waves if wave.verdict is GateVerdict.HOLD), None)
    create: list[PlannedCampaign] = []
    if not (failed or held or twins or short):
        create = plan_tranches(
            spec,
            [
                (state.wave, _waiting(state.wave.number, membership, scope, verdicts, ledger))
                for state in waves
                if state.open
            ],
            lanes=lanes,
            ledger=ledger,
            now=seen.now,
        )
    cancel = _find_cancels(ledger, lanes, seen.now, halted=failed is not None)
    live = [one for one in ledger.campaigns if not one.over]
    phase, why = _find_phase(
        scope, verdicts, lanes, waves, ledger, blockers, twins, wanted=only_plan
    )
    refresh = tuple(
        imei for imei, verdict in verdicts.items() if verdict.kind is DeviceClass.REPORTED
    )
    told = sum(_is_told(verdicts.get(row.device_id)) for one in live for row in one.rows)
    return Decision(
        spec=spec,
        seen=seen,
        phase=phase,
        why=why,
        scope=scope,
        ledger=ledger,
        membership=membership,
        verdicts=verdicts,
        lanes=lanes,
        waves=waves,
        refresh=refresh,
        create=tuple(create),
        cancel=tuple(cancel),
        blockers=tuple(blockers),
        licenses_needed=needed,
        exposure=sum(one.name.count for one in live)
        - told
        + sum(len(one.devices) for one in create),
        next_check=next_check(
            ledger,
            [wave.deadline for wave in waves if not wave.verdict.opens_next],
            seen.now,
            over=phase in _OVER and not cancel,
            due=bool(create or cancel),
        ),
    )


_OVER = frozenset(
    {
        Phase.NOTHING_TO_DO,
        Phase.COMPLETED,
        Phase.COMPLETED_WITH_EXCEPTIONS,
        Phase.HELD,
        Phase.HALTED,
    }
)


def _is_told(verdict: Verdict | None) -> bool:
    """What becomes of the device is known: it will not change any more."""
    return verdict is not None and verdict.kind in (
        DeviceClass.VERIFIED,
        DeviceClass.FAILED,
        DeviceClass.MISMATCH,
        DeviceClass.REJECTED,
        DeviceClass.REPORTED,
    )


def _waiting(
    wave: int,
    membership: Membership,
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    ledger: Ledger,
) -> list[Member]:
    """Devices of a wave to put into campaigns, but for models that an older target still holds."""
    held = {(one.campaign.make, one.campaign.model) for one in ledger.superseded}
    members = [scope.members[imei] for imei in membership.waves[wave] if verdicts[imei].waits]
    if ("", "") in held:  # the service did not say which model
        return []
    return [one for one in members if (one.target.make, one.target.model) not in held]


def _count_licenses(
    seen: Observed,
    scope: Scope,
    verdicts: Mapping[str, Verdict],
) -> int:
    """Count the licences that the devices still waiting would take from the pool."""
    if not seen.subscription.needs_licenses:
        return 0
    return sum(
        not (member.device and member.device.license_assigned)
        for imei, member in scope.members.items()
        if verdicts[imei].waits
    )


def _find_blockers(seen: Observed, ledger: Ledger, needed: int) -> list[str]:
    """Say what stands in the way of campaigns that wait to be created."""
    blockers = [
        f"campaign {one.name} ({one.campaign.id}, {one.campaign.status}) of another target of this"
        " rollout is live: cancel it, or wait for its end"
        for one in ledger.superseded
    ]
    free = seen.subscription.free_licenses
    if needed > free:
        blockers.append(
            f"{needed} devices need a licence, and {free} of {seen.subscription.license_count}"
            f" are free: get {needed - free} more, or select fewer devices"
        )
    return blockers


def _find_cancels(
    ledger: Ledger, lanes: Mapping[str, LaneEvidence], now: datetime, *, halted: bool
) -> list[tuple[OwnCampaign, str]]:
    """Live campaigns that must not start. Started ones are beyond a sure brake."""
    cancels = [(one, "another campaign has this name") for one in ledger.surplus]
    for one in ledger.campaigns:
        lane = lanes.get(one.campaign.package)
        if one.over:
            continue
        if lane is not None and lane.failed:
            cancels.append((one, "its lane has failed"))
        elif halted:
            cancels.append((one, "the rollout has halted"))
    return [(one, why) for one, why in cancels if not one.started(now)]


def _find_phase(
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    lanes: Mapping[str, LaneEvidence],
    waves: Sequence[WaveState],
    ledger: Ledger,
    blockers: Sequence[str],
    twins: Sequence[OwnCampaign],
    *,
    wanted: bool,
) -> tuple[Phase, str]:
    live = [one for one in ledger.campaigns if not one.over]
    if wanted:
        return Phase.PLANNED, "only the plan was asked for"
    for verdict, phase in ((GateVerdict.FAIL, Phase.HALTED), (GateVerdict.HOLD, Phase.HELD)):
        for state in waves:
            if state.verdict is verdict:
                return phase, f"wave {state.wave.name}: {state.judgement.why}"
    if twins:
        told = ", ".join(f"{one.name} ({one.campaign.id})" for one in twins)
        return Phase.HELD, f"a second campaign of this name has started: {told}"
    if not scope.members:
        return Phase.NOTHING_TO_DO, "no selected device needs an upgrade that can be given"
    going = [
        member
        for imei, member in scope.members.items()
        if verdicts[imei].kind in _UNFINISHED and not lanes[member.package.name].failed
    ]
    if not going and not live:
        return _find_end(scope, verdicts, lanes)
    if not live and blockers:
        return Phase.BLOCKED, "; ".join(blockers)
    if (
        going
        and not live
        and all(verdicts[member.imei].kind is DeviceClass.BUSY for member in going)
    ):
        return Phase.BLOCKED, f"{len(going)} devices are busy in campaigns of others"
    if not ledger.campaigns:
        return Phase.PLANNED, "nothing exists yet"
    at = next((state for state in waves if not state.verdict.opens_next), waves[-1])
    verified = sum(verdict.kind is DeviceClass.VERIFIED for verdict in verdicts.values())
    return Phase.RUNNING, (
        f"{verified} of {len(verdicts)} devices verified; wave {at.wave.name}: {at.judgement.why}"
    )


def _find_end(
    scope: Scope, verdicts: Mapping[str, Verdict], lanes: Mapping[str, LaneEvidence]
) -> tuple[Phase, str]:
    verified = sum(verdict.kind is DeviceClass.VERIFIED for verdict in verdicts.values())
    out = sum(why is not Out.CURRENT for why in scope.out.values())
    told = [f"{verified} of {len(verdicts)} devices verified"]
    told += [
        f"lane {lane.package.model} {lane.package.from_version} -> {lane.package.to_version} halted"
        for lane in lanes.values()
        if lane.failed
    ]
    told += [f"{out} selected devices could not take part"] if out else []
    complete = verified == len(verdicts) and not out
    phase = Phase.COMPLETED if complete else Phase.COMPLETED_WITH_EXCEPTIONS
    return phase, "; ".join(told)
