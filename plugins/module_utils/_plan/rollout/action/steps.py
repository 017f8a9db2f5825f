# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run that are due, in the order in which they are carried out."""

from __future__ import annotations

from enum import Enum

from ..declaration.spec import Wanted
from .decide import Decision
from .events import EventKind


class Step(Enum):
    """What a run does, in this order.

    A refresh comes first, because the rollout is judged again after it. Everything that stops
    campaigns comes before anything that may fail or be refused. Where not all licenses could be
    assigned, the rollout is judged again before campaigns are created.
    """

    REFRESH = "refresh"
    CANCEL = "cancel"
    ABORT = "abort"
    SHORTEN = "shorten"
    CHECK_CANCELLED = "check_cancelled"
    WAVE_EVENTS = "wave_events"
    ASSIGN = "assign"
    CREATE = "create"
    UNSTOPPABLE = "unstoppable"
    PHASE_EVENTS = "phase_events"


_OF_WAVES = frozenset({EventKind.BEFORE_WAVE, EventKind.AFTER_WAVE})


def find_steps(decision: Decision, wanted: Wanted) -> list[Step]:
    """Find the steps that are due; none where only a plan is wanted."""
    if wanted is Wanted.PLANNED:
        return []
    stops = decision.stops
    due = {
        Step.REFRESH: decision.refresh,
        Step.CANCEL: stops.cancel,
        Step.ABORT: stops.abort,
        Step.SHORTEN: stops.shorten,
        Step.CHECK_CANCELLED: stops.cancel,
        Step.WAVE_EVENTS: [event for event in decision.events if event.kind in _OF_WAVES],
        Step.ASSIGN: decision.assign,
        Step.CREATE: decision.create,
        Step.UNSTOPPABLE: stops.unstoppable if stops or wanted is Wanted.HALTED else (),
        Step.PHASE_EVENTS: [event for event in decision.events if event.kind not in _OF_WAVES],
    }
    return [step for step in Step if due[step]]
