# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brakes: cancel what has not started, shorten what has, and say what is beyond both.

After its start a campaign has one sure brake, an earlier end date, and that no sooner than 24 hours
ahead (contract section 9). An end date never moves later here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ...._model.campaign import CampaignType
from ...._model.status import CampaignState
from ...campaign_dates import SHORTEST_NOTICE
from ..declaration.spec import Wanted
from ..judgement.assessment import Assessment
from ..judgement.exposure import count_changing
from ..judgement.gate import GateVerdict
from ..observation.observed import OwnCampaign

# Once started only these are touched; words that are not known are left alone.
_TAKES_DATES = frozenset({CampaignState.PRESCHEDULED, CampaignState.SCHEDULED})


@dataclass(frozen=True)
class StopActions:
    """What is to be stopped now; false when nothing is.

    :ivar cancel: live campaigns that have not started, to cancel, and why.
    :ivar shorten: started campaigns to end earlier, with their new last day, and why.
    :ivar abort: started campaigns to try to abort in the same run, before they are shortened.
    :ivar unstoppable: campaigns that must stop but that no brake can stop sooner, and those that
        are over but whose devices the network keeps queued, whatever is declared.
    """

    cancel: tuple[tuple[OwnCampaign, str], ...] = ()
    shorten: tuple[tuple[OwnCampaign, date, str], ...] = ()
    abort: tuple[OwnCampaign, ...] = ()
    unstoppable: tuple[OwnCampaign, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.cancel or self.shorten)


def plan_stops(assessment: Assessment, wanted: Wanted) -> StopActions:
    """Plan to stop twins, campaigns of failed cohorts, and after a halt all campaigns.

    :param wanted: HALTED stops everything whatever the gates say, older targets included.
    """
    now, history = assessment.history.now, assessment.history
    stop = _find_stops(assessment, wanted)
    live = [(own, why) for own, why in stop if not own.over]
    started = [(own, why) for own, why in live if own.started(now)]
    earliest = (now + SHORTEST_NOTICE).date()
    shorten = [(own, earliest, why) for own, why in started if _can_shorten(own, earliest)]
    shortened = [own for own, _day, _why in shorten]
    verified = assessment.verified_devices
    twins = [(own, "another campaign has this name") for own in history.surplus]
    return StopActions(
        cancel=tuple((own, why) for own, why in [*twins, *live] if not own.started(now)),
        shorten=tuple(shorten),
        abort=tuple(
            own
            for own, _why in started
            if assessment.spec.abort_on_halt and (own in shortened or _is_sure_to_abort(own))
        ),
        unstoppable=(
            *(own for own, _why in started),
            *(own for own in history.campaigns if own.over and count_changing(own, verified)),
        ),
    )


def _find_stops(assessment: Assessment, wanted: Wanted) -> list[tuple[OwnCampaign, str]]:
    """Find the campaigns that must stop, those that are over included, and why.

    Where something could not be read, no evidence counts, and only a halt by request stops any.
    """
    history = assessment.history
    halted = wanted is Wanted.HALTED
    stop = []
    for own in history.campaigns:
        evidence = assessment.evidence.get(own.campaign.package)
        if evidence is not None and evidence.failed and not assessment.seen.unread:
            stop.append((own, "its cohort has failed"))
        elif halted or assessment.find_first(GateVerdict.FAIL):
            stop.append((own, "the rollout has halted"))
    if halted:
        others = (*history.started_twins, *history.superseded)
        stop += [(own, "the rollout has halted") for own in others]
    elif assessment.spec.supersede and wanted is not Wanted.PAUSED and not assessment.seen.unread:
        stop += [(own, "a newer target supersedes it") for own in history.superseded]
    return stop


def _can_shorten(own: OwnCampaign, day: date) -> bool:
    """A started campaign takes a new end date, and this one is earlier than what it has."""
    schedule = own.campaign.schedule
    takes_dates = own.campaign.state in _TAKES_DATES and schedule.windows_readable
    return takes_dates and schedule.end is not None and day < schedule.end


def _is_sure_to_abort(own: OwnCampaign) -> bool:
    """v2 aborts what has started. Of v3 sources say both, so there it is tried once, with the
    shortening, which every halted campaign has at most once."""
    return (
        own.campaign.type is CampaignType.SOFTWARE and own.campaign.state is CampaignState.SCHEDULED
    )
