# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rollout stands, in one word and one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ...._model.text import count
from ..declaration.spec import Wanted
from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from ..judgement.reversals import describe_reversals
from ..placement.rollout_device import DeviceClass
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
NOTHING_TO_STOP = "no campaign of this rollout was found in the account, so nothing was stopped"
_BY_REQUEST = {Wanted.HALTED: Phase.HALTED, Wanted.PAUSED: Phase.PAUSED}
# What may still become of a device by itself.
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


def find_phase(
    assessment: Assessment, wanted: Wanted, blockers: Sequence[str]
) -> tuple[Phase, str]:
    """Give the phase, and why.

    :param blockers: what stands in the way of campaigns that are due.
    """
    seen = assessment.seen
    nothing = [] if seen.generations or wanted is not Wanted.HALTED else [NOTHING_TO_STOP]
    if seen.unread:
        phase = _BY_REQUEST.get(wanted, Phase.OBSERVATION_FAILED)
        return phase, "; ".join([*nothing, *seen.unread])
    phase, why = _judge(assessment, blockers)
    reversals = describe_reversals(assessment.rows, assessment.seen)
    why = f"{reversals}; {why}" if reversals else why
    lacking = assessment.seen.unread_to_create
    if lacking and not phase.complete and phase is not Phase.HALTED:
        return _BY_REQUEST.get(wanted, Phase.OBSERVATION_FAILED), "; ".join(lacking)
    if assessment.missing.stops and phase is not Phase.HALTED:
        phase, why = Phase.HELD, assessment.missing.why
    if wanted is Wanted.PLANNED:
        return Phase.PLANNED, why
    if wanted is Wanted.HALTED and phase is not Phase.HALTED and not phase.complete:
        return Phase.HALTED, "; ".join(["halted by request: the state is halted", *nothing])
    if wanted is Wanted.PAUSED and not phase.over:
        return Phase.PAUSED, f"paused by request: the state is paused; {why}"
    return phase, why


def _judge(assessment: Assessment, blockers: Sequence[str]) -> tuple[Phase, str]:
    history = assessment.history
    for verdict, phase in ((GateVerdict.FAIL, Phase.HALTED), (GateVerdict.HOLD, Phase.HELD)):
        state = assessment.find_first(verdict)
        if state is not None:
            return phase, f"wave {state.wave.name}: {state.judgement.why}"
    if history.started_twins:
        twins = ", ".join(f"{own.name} ({own.campaign.id})" for own in history.started_twins)
        return Phase.HELD, f"a second campaign of this name has started: {twins}"
    if assessment.undeclared:
        return Phase.BLOCKED, "; ".join(blockers)
    if not assessment.rows and not assessment.unreachable:
        return Phase.NOTHING_TO_DO, "no selected device needs an upgrade that can be given"
    for verdict, phase in (
        (GateVerdict.SOAK, Phase.SOAKING),
        (GateVerdict.APPROVE, Phase.AWAITING_APPROVAL),
    ):
        state = assessment.find_first(verdict)
        if state is not None:
            return phase, f"{_verified(assessment)}; wave {state.wave.name}: {state.judgement.why}"
    going = _find_going(assessment)
    if not history.live:
        passed = all(state.verdict.opens_next for state in assessment.waves)
        if not going and passed and not assessment.sweep and not assessment.unreachable:
            return _find_end(assessment)
        if blockers:
            return Phase.BLOCKED, "; ".join(blockers)
        if going and all(kind is DeviceClass.BUSY for kind in going):
            return Phase.BLOCKED, f"{count(len(going), 'device')} busy in campaigns of others"
    if not history.campaigns:
        return Phase.PLANNED, "nothing exists yet"
    waves = assessment.waves
    current = next((state for state in waves if not state.verdict.opens_next), waves[-1])
    why = f"wave {current.wave.name}: {current.judgement.why}"
    return Phase.RUNNING, f"{_verified(assessment)}; {why}"


def _find_going(assessment: Assessment) -> list[DeviceClass]:
    """Give the classes of devices that are not done; a read that never comes ends with its wave."""
    going = []
    for state in assessment.waves:
        late = state.deadline is not None and assessment.seen.now >= state.deadline
        for row in state.rows:
            kind = row.outcome.kind
            left = late and kind in _UNTIL_DEADLINE and not row.outcome.waits
            if kind in _UNFINISHED and not left:
                going.append(kind)
    return going


def _find_end(assessment: Assessment) -> tuple[Phase, str]:
    out = sum(why is not Out.CURRENT for why in assessment.out.values())
    parts = [_verified(assessment)]
    parts += [
        f"cohort {package.model} {package.from_version} -> {package.to_version} halted"
        for package in (each.package for each in assessment.evidence.values() if each.failed)
    ]
    parts += [f"{count(out, 'selected device')} could not take part"] if out else []
    complete = assessment.verified == len(assessment.rows) and not out
    phase = Phase.COMPLETED if complete else Phase.COMPLETED_WITH_EXCEPTIONS
    return phase, "; ".join(parts)


def _verified(assessment: Assessment) -> str:
    return f"{assessment.verified} of {count(len(assessment.rows), 'device')} verified"
