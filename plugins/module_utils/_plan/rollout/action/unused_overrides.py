# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slips in a declaration that only show beside what is there. None of them keeps a halt back."""

from __future__ import annotations

from collections.abc import Iterator

from ...refusal import PlanRefused
from ..declaration.spec import Wanted
from ..judgement.assessment import Picture
from .decide import Decision


def check_unused_overrides(decision: Decision, wanted: Wanted) -> None:
    """Look for words that would do nothing, so that a person who wrote them is mistaken.

    Brakes come first: a run that has some to put on, or that is to pause or halt, goes on.

    :raises PlanRefused: there are some; all of them are named.
    """
    if wanted not in (Wanted.RUNNING, Wanted.PLANNED) or decision.cancel or decision.shorten:
        return
    found = [*_find_useless_supersede(decision), *_find_useless_accepts(decision)]
    if found:
        raise PlanRefused(
            f"rollout {decision.spec.name}",
            "; ".join(found),
            hint="mend the declaration; with state paused or halted it is taken as it is",
        )


def _find_useless_supersede(picture: Picture) -> Iterator[str]:
    present = {target.generation for target in picture.spec.targets}
    older = picture.ledger.superseded or picture.seen.generations - present
    if picture.spec.supersede and not older:
        yield (
            "supersede is true, and there is no campaign of an older target of this rollout: check"
            " its name, or leave supersede out"
        )


def _find_useless_accepts(picture: Picture) -> Iterator[str]:
    codes = sorted(code for cohort in picture.cohorts.values() for code in cohort.codes)
    begun = {state.wave.name: state.begun for state in picture.waves}
    for place, accept in enumerate(picture.spec.accepted):
        if accept.cohort and accept.cohort not in codes:
            known = ", ".join(codes) or "none"
            yield (
                f"accept[{place}].cohort = {accept.cohort!r}: no cohort has this code;"
                f" known: {known}"
            )
        if not begun[accept.wave]:
            yield (
                f"accept[{place}].wave = {accept.wave!r}: the wave has not begun, so it does not"
                " wait for this; raise max_failures of its gate to tolerate more from the start"
            )
