# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has happened since the run before, for those who want a notification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from ..judgement.package_evidence import sort_cohorts
from .campaign_batches import PlannedCampaign
from .phases import Phase


class EventKind(Enum):
    """Moments of a rollout at which an operator may want to do something."""

    BEFORE_WAVE = "before_wave"
    AFTER_WAVE = "after_wave"
    HALT = "halt"
    PHASE_CHANGE = "phase_change"


@dataclass(frozen=True)
class Event:
    """One of them.

    :ivar wave: name of the wave that begins or has passed; empty for the others.
    :ivar cohort: package of the cohort that has halted alone; empty for the others.
    :ivar before: phase of the run before; empty when that is not known.
    """

    kind: EventKind
    phase: Phase
    wave: str = ""
    cohort: str = ""
    before: str = ""


@dataclass(frozen=True)
class LastRun:
    """What is remembered of the run before; nothing of the decision depends on it.

    :ivar phase: empty when nothing is remembered.
    :ivar passed: names of waves that had passed.
    :ivar halted: packages of the cohorts that had halted.
    """

    phase: str = ""
    passed: frozenset[str] = frozenset()
    halted: frozenset[str] = frozenset()


NOTHING_KNOWN = LastRun()


def passed_waves(assessment: Assessment) -> list[str]:
    """Give the names of the waves that have passed and had members."""
    return [state.wave.name for state in assessment.waves if state.verdict is GateVerdict.PASS]


def halted_packages(assessment: Assessment) -> list[str]:
    """Give the packages of the cohorts that have halted; none where not all could be read."""
    cohorts = [] if assessment.seen.unread else sort_cohorts(assessment.evidence)
    return [cohort.package.name for cohort in cohorts if cohort.failed]


def find_events(
    assessment: Assessment, phase: Phase, create: Iterable[PlannedCampaign], last: LastRun
) -> tuple[Event, ...]:
    """Find what has happened; a wave begins with the first campaigns that are to be created."""
    found = [
        Event(EventKind.AFTER_WAVE, phase, wave, before=last.phase)
        for wave in passed_waves(assessment)
        if wave not in last.passed
    ]
    creating = {planned.name.wave for planned in create}
    found += [
        Event(EventKind.BEFORE_WAVE, phase, state.wave.name, before=last.phase)
        for state in assessment.waves
        if state.wave.number in creating and not state.begun
    ]
    found += [
        Event(EventKind.HALT, phase, cohort=package, before=last.phase)
        for package in halted_packages(assessment)
        if package not in last.halted and phase is not Phase.HALTED
    ]
    if phase.value != last.phase:
        if phase is Phase.HALTED:
            found.append(Event(EventKind.HALT, phase, before=last.phase))
        found.append(Event(EventKind.PHASE_CHANGE, phase, before=last.phase))
    return tuple(found)
