# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of a declaration that would change nothing in this rollout. They never delay a halt."""

from __future__ import annotations

from collections.abc import Iterator

from ...refusal import PlanRefused
from ..declaration.spec import Wanted
from ..judgement.accepted import is_for
from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from .decide import Decision


def check_unused_overrides(decision: Decision, wanted: Wanted) -> None:
    """Look for keys that would do nothing, so that whoever wrote them is mistaken.

    Stops come first: a run that has something to stop, or that is to pause or halt, goes on.

    :raises PlanRefused: there are some; all of them are named.
    """
    if wanted not in (Wanted.RUNNING, Wanted.PLANNED) or decision.stops:
        return
    assessment = decision.assessment
    found = [*_find_useless_supersede(assessment), *_find_useless_accepts(assessment)]
    if found:
        raise PlanRefused(
            f"rollout {assessment.spec.name}",
            "; ".join(found),
            hint="fix the declaration; this check is skipped when the state is paused or halted",
        )


def _find_useless_supersede(assessment: Assessment) -> Iterator[str]:
    present = {target.generation for target in assessment.spec.targets}
    older = assessment.history.superseded or assessment.seen.generations - present
    if assessment.spec.supersede and not older:
        yield (
            "supersede is true, and there is no campaign of an older target of this rollout: check"
            " its name, or leave supersede out"
        )


def _find_useless_accepts(assessment: Assessment) -> Iterator[str]:
    codes = sorted(code for package in assessment.evidence.values() for code in package.codes)
    begun = {
        state.wave.name: state.begun or state.verdict is GateVerdict.HOLD
        for state in assessment.waves
    }
    present = {target.generation for target in assessment.spec.targets}
    for place, accept in enumerate(assessment.spec.accepted):
        held = [
            target
            for target in assessment.spec.targets
            if is_for(accept, target, assessment.history)
        ]
        if not held or not present.issuperset(accept.generations):
            continue  # void, at least for one target, which is said, but no mistake
        if accept.cohort and accept.cohort not in codes:
            known = ", ".join(codes) or "none"
            yield (
                f"accept[{place}].cohort = {accept.cohort!r}: no cohort has this code;"
                f" known: {known}"
            )
        if accept.up_to is not None and not begun[accept.wave]:
            yield (
                f"accept[{place}].wave = {accept.wave!r}: the wave has not begun, so it does not"
                " wait for this; raise max_failures of its gate to tolerate more from the start"
            )
