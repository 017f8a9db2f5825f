# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the waves: which targets each lets through, and the approval to leave it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...._model.text import count
from ..declaration.spec import Approval, RolloutSpec, Target, Wave
from ..observation.campaign_history import History
from .gate import GateVerdict
from .waves import WaveState, targets_of


def open_in_order(
    spec: RolloutSpec, states: Sequence[WaveState], digest: str, history: History
) -> tuple[WaveState, ...]:
    """Let every wave wait for the one before it, and for the approval to leave that one.

    A wave that is not open and has not begun waits, whatever its numbers. Devices of a target wait
    for those of the same target, so that new firmware has its own canaries.

    :param digest: of the plan, which approvals must name.
    """
    found: list[WaveState] = []
    holder: Wave | None = None
    open_for = frozenset(spec.targets)
    for place, state in enumerate(states):
        judgement, passed_for = state.judgement, state.passed_for
        if judgement.verdict is GateVerdict.PASS and not _is_approved(spec, state, digest):
            passed_for &= _find_left(history, spec.targets, state.wave)
            ahead = {target for later in states[place + 1 :] for target in targets_of(later.rows)}
            if ahead & (state.passed_for - passed_for):
                why = f"{judgement.why}; waits for approval{_find_misfit(spec, state, digest)}"
                judgement = replace(judgement, verdict=GateVerdict.APPROVE, why=why)
        if not open_for and not state.begun and judgement.verdict is not GateVerdict.SKIP:
            before = holder.name if holder else ""
            why = f"waits for wave {before} to pass"
            judgement = replace(judgement, verdict=GateVerdict.WAIT, why=why)
        found.append(replace(state, judgement=judgement, open_for=open_for, passed_for=passed_for))
        if not judgement.verdict.opens_next:
            holder = state.wave
        open_for &= passed_for
    return tuple(found)


def _is_approved(spec: RolloutSpec, state: WaveState, digest: str) -> bool:
    """A wave may be left: no approval is asked, it is the last, or this plan was approved."""
    if not state.wave.gate.approval or state.wave is spec.waves[-1]:
        return True
    return any(
        digest.startswith(approval.digest) and state.judgement.failures <= approval.failures
        for approval in _approvals_of(spec, state.wave)
    )


def _approvals_of(spec: RolloutSpec, wave: Wave) -> list[Approval]:
    return [approval for approval in spec.approved if approval.wave == wave.name]


def _find_misfit(spec: RolloutSpec, state: WaveState, digest: str) -> str:
    """Say why the approvals of a wave do not count; empty when there are none."""
    reasons = [
        f"that of digest {approval.digest} is for another plan"
        if not digest.startswith(approval.digest)
        else f"that of {count(approval.failures, 'failure')} came before there were"
        f" {state.judgement.failures}"
        for approval in _approvals_of(spec, state.wave)
    ]
    return "".join(f"; {reason}" for reason in reasons)


def _find_left(history: History, targets: Iterable[Target], wave: Wave) -> set[Target]:
    """Find the targets that have left a wave: campaigns of later waves prove the approval."""
    later = {own.name.generation for own in history.campaigns if own.name.wave > wave.number}
    return {target for target in targets if target.generation in later}
