# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of some targets in a wave, judged: the verdict follows from what is here alone.

So whoever has these numbers can judge again, without the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ...._model.text import count
from ..declaration.spec import Gate, Target
from .gate import Circumstances, GateVerdict, Judgement, Numbers, judge


@dataclass(frozen=True)
class Earlier:
    """A wave without the devices that came into it after it had begun."""

    numbers: Numbers
    deadline: datetime | None


@dataclass(frozen=True)
class Case:
    """What the devices of some targets in a wave are judged by.

    :ivar earlier: what must not have failed either; None where no device came later.
    :ivar trying: failed devices are tried again, or will be.
    """

    numbers: Numbers
    given: Circumstances
    earlier: Earlier | None = None
    trying: bool = False


@dataclass(frozen=True)
class TargetCounts:
    """The devices of one target in a part, which lets it through by them alone."""

    members: int
    attempted: int
    verified: int


@dataclass(frozen=True)
class Part:
    """A case and what follows from it.

    :ivar targets: those whose devices it is about.
    :ivar counts: by target, where the numbers of all are met.
    :ivar passed_for: the targets that may go on to the next wave.
    """

    targets: frozenset[Target]
    case: Case
    counts: Mapping[Target, TargetCounts]
    judgement: Judgement
    passed_for: frozenset[Target]


def judge_case(gate: Gate, case: Case) -> Judgement:
    """Judge the devices of some targets together."""
    judgement = judge(gate, case.numbers, case.given)
    if case.earlier is not None and judgement.verdict is not GateVerdict.FAIL:
        given = replace(case.given, deadline=case.earlier.deadline)
        earlier = judge(gate, case.earlier.numbers, given)
        judgement = earlier if earlier.verdict is GateVerdict.FAIL else judgement
    if case.trying and judgement.verdict in (GateVerdict.PASS, GateVerdict.SOAK):
        why = f"trying {count(judgement.failures, 'failed device')} again"
        judgement = replace(judgement, verdict=GateVerdict.WAIT, why=why)
    return judgement


def let_through(
    gate: Gate,
    case: Case,
    judgement: Judgement,
    targets: frozenset[Target],
    counts: Mapping[Target, TargetCounts],
) -> tuple[Judgement, frozenset[Target]]:
    """Give the targets that may go on, and the judgement, which they hold beyond the deadline.

    :param judgement: what :func:`judge_case` gives.
    :param counts: by target, of those that have devices.
    """
    if not judgement.verdict.opens_next:
        return judgement, frozenset()
    given = case.given
    forgiven = given.accepted is not None and judgement.failures <= given.accepted
    unproven = _find_unproven(gate, counts, late=given.late, forgiven=forgiven)
    if unproven and given.late:
        why = f"the deadline is over, and {'; '.join(unproven.values())}"
        judgement = replace(judgement, verdict=GateVerdict.HOLD, why=why)
    return judgement, targets - unproven.keys()


def _find_unproven(
    gate: Gate, counts: Mapping[Target, TargetCounts], *, late: bool, forgiven: bool
) -> dict[Target, str]:
    """Find the targets that the wave lets through without devices of their own to show for it.

    :param late: the deadline is over, so one verified device of a target must do.
    :param forgiven: a person has accepted what there is; what is under way is still waited for.
    :returns: what is missing, by target.
    """
    found = {}
    for target, of_target in counts.items():
        members, attempted, verified = of_target.members, of_target.attempted, of_target.verified
        waits = not late and (attempted < gate.min_coverage * members)
        if waits or not (verified or forgiven):
            found[target] = (
                f"{verified} of {count(members, 'member')} of {target.make} {target.model}"
                f" verified, {attempted} attempted"
            )
    return found
