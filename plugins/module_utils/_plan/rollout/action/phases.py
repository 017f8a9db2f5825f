# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rollout stands, in one word and one sentence."""

from __future__ import annotations

from enum import Enum

from ..declaration.spec import Wanted
from ..judgement.assessment import Picture
from ..judgement.device_outcomes import DeviceClass
from ..judgement.gate import GateVerdict
from ..placement.scope import Out


class Phase(Enum):
    """Where a rollout stands."""

    PLANNED = "planned"
    NOTHING_TO_DO = "nothing_to_do"
    RUNNING = "running"
    SOAKING = "soaking"
    AWAITING_APPROVAL = "awaiting_approval"
    BLOCKED = "blocked"
    PAUSED = "paused"
    COMPLETED = "completed"
    COMPLETED_WITH_EXCEPTIONS = "completed_with_exceptions"
    HELD = "held"
    HALTED = "halted"
    OBSERVATION_FAILED = "observation_failed"

    @property
    def complete(self) -> bool:
        """Every device that could be upgraded has been dealt with."""
        return self in (Phase.NOTHING_TO_DO, Phase.COMPLETED, Phase.COMPLETED_WITH_EXCEPTIONS)

    @property
    def over(self) -> bool:
        """Nothing more is to come by itself."""
        return self in _OVER


_OVER = frozenset(
    {
        Phase.NOTHING_TO_DO,
        Phase.COMPLETED,
        Phase.COMPLETED_WITH_EXCEPTIONS,
        Phase.HELD,
        Phase.HALTED,
    }
)
# What may still become of a device without anybody's help.
_UNFINISHED = frozenset(
    {
        DeviceClass.PENDING,
        DeviceClass.SETTLING,
        DeviceClass.REPORTED,
        DeviceClass.ADVANCED,
        DeviceClass.BUSY,
    }
)
# What is not waited for beyond the deadline of the wave.
_UNTIL_DEADLINE = frozenset({DeviceClass.REPORTED, DeviceClass.ADVANCED})


def find_phase(picture: Picture, wanted: Wanted) -> tuple[Phase, str]:
    """Give the phase, and why."""
    phase, why = _judge(picture)
    if wanted is Wanted.PLANNED:
        return Phase.PLANNED, why
    if wanted is Wanted.HALTED and phase is not Phase.HALTED and not phase.complete:
        return Phase.HALTED, "a person wants it halted"
    if wanted is Wanted.PAUSED and not phase.over:
        return Phase.PAUSED, f"a person wants it paused; {why}"
    return phase, why


def _judge(picture: Picture) -> tuple[Phase, str]:
    for verdict, phase in ((GateVerdict.FAIL, Phase.HALTED), (GateVerdict.HOLD, Phase.HELD)):
        state = picture.first(verdict)
        if state is not None:
            return phase, f"wave {state.wave.name}: {state.judgement.why}"
    if picture.started_twins:
        told = ", ".join(f"{one.name} ({one.campaign.id})" for one in picture.started_twins)
        return Phase.HELD, f"a second campaign of this name has started: {told}"
    if not picture.scope.members:
        return Phase.NOTHING_TO_DO, "no selected device needs an upgrade that can be given"
    for verdict, phase in (
        (GateVerdict.SOAK, Phase.SOAKING),
        (GateVerdict.APPROVE, Phase.AWAITING_APPROVAL),
    ):
        state = picture.first(verdict)
        if state is not None:
            return phase, f"{_verified(picture)}; wave {state.wave.name}: {state.judgement.why}"
    going = _find_going(picture)
    if not picture.live:
        passed = all(state.verdict.opens_next for state in picture.waves)
        if not going and passed and not picture.sweep:
            return _find_end(picture)
        if picture.blockers:
            return Phase.BLOCKED, "; ".join(picture.blockers)
        if going and all(kind is DeviceClass.BUSY for kind in going):
            return Phase.BLOCKED, f"{len(going)} devices are busy in campaigns of others"
    if not picture.ledger.campaigns:
        return Phase.PLANNED, "nothing exists yet"
    at = next((one for one in picture.waves if not one.verdict.opens_next), picture.waves[-1])
    return Phase.RUNNING, f"{_verified(picture)}; wave {at.wave.name}: {at.judgement.why}"


def _find_going(picture: Picture) -> list[DeviceClass]:
    """Give the classes of devices that are not done; a read that never comes ends with its wave."""
    going = []
    for state in picture.waves:
        late = state.deadline is not None and picture.seen.now >= state.deadline
        for imei in picture.membership.waves[state.wave.number]:
            verdict = picture.verdicts[imei]
            left = late and verdict.kind in _UNTIL_DEADLINE and not verdict.waits
            if verdict.kind in _UNFINISHED and not left:
                going.append(verdict.kind)
    return going


def _find_end(picture: Picture) -> tuple[Phase, str]:
    out = sum(why is not Out.CURRENT for why in picture.scope.out.values())
    told = [_verified(picture)]
    told += [
        f"cohort {cohort.package.model} {cohort.package.from_version} ->"
        f" {cohort.package.to_version} halted"
        for cohort in picture.cohorts.values()
        if cohort.failed
    ]
    told += [f"{out} selected devices could not take part"] if out else []
    verdicts = picture.verdicts.values()
    complete = all(one.kind is DeviceClass.VERIFIED for one in verdicts) and not out
    phase = Phase.COMPLETED if complete else Phase.COMPLETED_WITH_EXCEPTIONS
    return phase, "; ".join(told)


def _verified(picture: Picture) -> str:
    verified = sum(one.kind is DeviceClass.VERIFIED for one in picture.verdicts.values())
    return f"{verified} of {len(picture.verdicts)} devices verified"
