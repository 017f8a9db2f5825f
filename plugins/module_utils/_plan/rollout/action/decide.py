# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: from what is declared and what was read to a phase and one safe set of writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..declaration.spec import RolloutSpec, Wanted
from ..judgement.assessment import Assessment, assess
from ..judgement.clusters import Cluster, find_clusters
from ..observation.campaign_history import read_history
from ..observation.observed import Observed
from ..placement.upgrade_paths import VersionPath, summarize_rollbacks, summarize_upgrades
from .campaign_batches import BatchPlan, PlannedCampaign, plan_batches
from .events import NOTHING_KNOWN, Event, LastRun, find_events
from .next_check import find_next_check
from .phases import Phase, find_phase
from .refreshes import find_refreshes
from .stop_actions import StopActions, plan_stops


@dataclass(frozen=True)
class Decision:
    """What one run has decided, and the assessment that it was decided by.

    :ivar why: one sentence on the phase.
    :ivar stops: campaigns to cancel, shorten and abort now, and those that cannot be stopped.
    :ivar refresh: devices whose version has to be read again before their wave is judged.
    :ivar assign: devices of these campaigns that must get a license before.
    :ivar create: campaigns to create now.
    :ivar blockers: what stands in the way of campaigns that are due.
    :ivar next_check: when to run again; None when nothing is to come.
    :ivar events: what has happened since the run before.
    """

    assessment: Assessment
    phase: Phase
    why: str
    stops: StopActions
    refresh: tuple[str, ...]
    assign: tuple[str, ...]
    create: tuple[PlannedCampaign, ...]
    blockers: tuple[str, ...]
    next_check: datetime | None
    events: tuple[Event, ...]

    @property
    def would_change(self) -> bool:
        return bool(self.stops or self.create)

    @property
    def exposure(self) -> int:
        """Devices in live campaigns, or to be put into one now, that can still change."""
        created = sum(len(planned.devices) for planned in self.create)
        return self.assessment.exposed.devices + created

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """What failed devices have in common."""
        return find_clusters(self.assessment.rows)

    @cached_property
    def upgrade_paths(self) -> list[VersionPath]:
        """The paths of the devices in scope."""
        return summarize_upgrades(row.path for row in self.assessment.rows)

    @cached_property
    def rollback_paths(self) -> list[VersionPath]:
        """The paths back to the versions that the devices in scope came from."""
        paths = (row.path for row in self.assessment.rows)
        return summarize_rollbacks(paths, self.assessment.paths)


def decide(
    spec: RolloutSpec,
    seen: Observed,
    *,
    wanted: Wanted = Wanted.RUNNING,
    last: LastRun = NOTHING_KNOWN,
) -> Decision:
    """Decide one run: first what must stop, then what is to be read again and created.

    What does not fit blocks the devices that it is about, and nothing else, once there is a
    campaign that may have to be stopped.

    :param wanted: PLANNED decides what RUNNING would do, for a person to look at; PAUSED creates
        nothing; HALTED also stops what is under way.
    :raises PlanRefused: the declaration does not fit what is there, and no campaign exists yet.
    """
    history = read_history(spec, seen)
    assessment = assess(spec, seen, history)
    stops = plan_stops(assessment, wanted)
    creates = wanted in (Wanted.RUNNING, Wanted.PLANNED) and seen.whole
    planned = plan_batches(assessment) if creates else BatchPlan()
    refusals = (*assessment.unreachable, *assessment.undeclared, *planned.refusals)
    if creates and not seen.own:
        for refusal in refusals:
            raise refusal
    unfit = (f"{refusal}; {refusal.hint}" for refusal in refusals)
    unread = (*seen.unread, *seen.unread_to_create)
    blockers = unread or (*unfit, *assessment.blockers)
    if not planned.batches:
        blockers += planned.shortages
    phase, why = find_phase(assessment, wanted, blockers)
    refresh = tuple(find_refreshes(assessment))
    due = bool(planned.batches or stops or refresh or unread or planned.postponed)
    return Decision(
        assessment=assessment,
        phase=phase,
        why=why,
        stops=stops,
        refresh=refresh,
        assign=planned.assign,
        create=planned.batches,
        blockers=tuple(dict.fromkeys((*blockers, *planned.shortages))),
        next_check=find_next_check(
            history,
            assessment.deadlines,
            over=phase.over and not due and not (phase is Phase.HELD and history.live),
            due=due,
        ),
        events=find_events(assessment, phase, planned.batches, last),
    )
