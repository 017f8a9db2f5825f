# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has accepted, for the targets that it was accepted for and no others.

A new target is new firmware: what was said of the old one does not hold for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..declaration.spec import Accept, RolloutSpec, Target, Wave
from ..observation.campaign_history import History


def accepted_failures(
    spec: RolloutSpec, history: History, target: Target, *, wave: str
) -> int | None:
    """Give the failures that a person takes of a target in a wave; None when nothing is said."""
    limits = [
        accept.up_to
        for accept in spec.accepted
        if accept.wave == wave and not accept.cohort and is_for(accept, target, history)
    ]
    return max((limit for limit in limits if limit is not None), default=None)


def accepted_of_cohorts(
    spec: RolloutSpec, history: History, target: Target, codes: Collection[str]
) -> int:
    """Give the failures that a person takes of the cohorts with these codes."""
    return max(
        (
            accept.up_to
            for accept in spec.accepted
            if accept.cohort in codes and accept.up_to and is_for(accept, target, history)
        ),
        default=0,
    )


def accepted_missing(spec: RolloutSpec, history: History) -> int:
    """Give the devices that a person takes as missing."""
    return max(
        (
            accept.missing
            for accept in spec.accepted
            if any(is_for(accept, target, history) for target in spec.targets)
        ),
        default=0,
    )


def find_created_again(spec: RolloutSpec, history: History) -> frozenset[tuple[int, str]]:
    """Give the waves and generations whose stopped campaigns a person has created again.

    One campaign more that is stopped needs another word: it may have been stopped for good.
    """
    found = set()
    for wave in spec.waves:
        stopped = count_stopped(history, wave)
        for target in spec.targets:
            if stopped and max(_again(spec, history, wave, target), default=0) >= stopped:
                found.add((wave.number, target.generation))
    return frozenset(found)


def find_left_out(spec: RolloutSpec, history: History) -> frozenset[tuple[int, str]]:
    """Give the waves and generations that go on without the devices of stopped campaigns."""
    return frozenset(
        (wave.number, target.generation)
        for wave in spec.waves
        for target in spec.targets
        if 0 in _again(spec, history, wave, target)
    )


def _again(spec: RolloutSpec, history: History, wave: Wave, target: Target) -> list[int]:
    """Give what people have said of the stopped campaigns of a wave, for one target."""
    return [
        accept.again
        for accept in spec.accepted
        if accept.again is not None and accept.wave == wave.name and is_for(accept, target, history)
    ]


def count_stopped(history: History, wave: Wave) -> int:
    """Count the campaigns of a wave that were canceled or aborted."""
    return sum(own.stopped and own.name.wave == wave.number for own in history.campaigns)


def is_for(accept: Accept, target: Target, history: History) -> bool:
    """Tell whether an accept is for a target."""
    if accept.generations:
        return target.generation in accept.generations
    return not is_retargeted(target, history)


def is_retargeted(target: Target, history: History) -> bool:
    """Tell whether the model had another target in this rollout; if in doubt, it had."""
    models = history.retargeted
    return (target.make, target.model) in models or ("", "") in models


def find_void(spec: RolloutSpec, history: History) -> Iterator[str]:
    """Say which approvals and accepts do nothing, or not for every target, as what they are for has
    changed since; what is left over stops no run.
    """
    asked = {wave.name for wave in spec.waves[:-1] if wave.gate.approval}
    for place, approval in enumerate(spec.approved):
        if approval.wave not in asked:
            yield f"approved[{place}] ({approval.wave}) does nothing: this wave needs no approval"
    present = {target.generation for target in spec.targets}
    for place, accept in enumerate(spec.accepted):
        old = [generation for generation in accept.generations if generation not in present]
        changed = [] if accept.generations else _describe(spec.targets, history)
        if old:
            yield (
                f"accept[{place}] ({accept.wave}) is void for generation {', '.join(old)}, which is"
                " not that of a target now: what was accepted of old firmware does not hold for"
                " new firmware"
            )
        elif changed:
            yield (
                f"accept[{place}] ({accept.wave}) is void for {', '.join(changed)}, whose target"
                " has changed: if it is for the new target, paste the line that the plan prints"
            )


def _describe(targets: Iterable[Target], history: History) -> list[str]:
    return [f"{target.make} {target.model}" for target in targets if is_retargeted(target, history)]
