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
from ..judgement.assessment import Picture
from ..judgement.exposure import can_change
from ..judgement.gate import GateVerdict
from ..observation.observed import OwnCampaign

# Once started only these are touched; words that are not known are left alone.
_TAKES_DATES = frozenset({CampaignState.PRESCHEDULED, CampaignState.SCHEDULED})


@dataclass(frozen=True)
class Brakes:
    """What is to be braked now; false when nothing is.

    :ivar unstoppable: campaigns that must stop but that no brake can stop sooner, or whose devices
        the network keeps queued.
    """

    cancel: tuple[tuple[OwnCampaign, str], ...] = ()
    shorten: tuple[tuple[OwnCampaign, date, str], ...] = ()
    abort: tuple[OwnCampaign, ...] = ()
    unstoppable: tuple[OwnCampaign, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.cancel or self.shorten)


def find_brakes(picture: Picture, wanted: Wanted) -> Brakes:
    """Find the brakes for twins, for campaigns of failed cohorts, and after a halt for all.

    :param wanted: HALTED stops everything whatever the gates say, older targets included.
    """
    now, ledger = picture.seen.now, picture.ledger
    halted = wanted is Wanted.HALTED
    twins = [(one, "another campaign has this name") for one in ledger.surplus]
    stop = []
    queued = []
    for one in ledger.campaigns:
        cohort = picture.cohorts.get(one.campaign.package)
        if cohort is not None and cohort.failed:
            why = "its cohort has failed"
        elif halted or picture.first(GateVerdict.FAIL):
            why = "the rollout has halted"
        else:
            continue
        if not one.over:
            stop.append((one, why))
        elif can_change(one):
            queued.append(one)
    if halted:
        others = [one for one in ledger.surplus if one.started(now)]
        stop += [(one, "the rollout has halted") for one in (*others, *ledger.superseded)]
    elif picture.spec.supersede and wanted is not Wanted.PAUSED:
        stop += [(one, "a newer target supersedes it") for one in ledger.superseded]
    earliest = (now + SHORTEST_NOTICE).date()
    started = [(one, why) for one, why in stop if one.started(now)]
    shorten = [
        (one, earliest, why)
        for one, why in started
        if one.campaign.state in _TAKES_DATES
        and one.campaign.schedule.windows_readable
        and one.campaign.schedule.end is not None
        and earliest < one.campaign.schedule.end
    ]
    shortened = [one for one, _day, _why in shorten]
    return Brakes(
        cancel=tuple((one, why) for one, why in [*twins, *stop] if not one.started(now)),
        shorten=tuple(shorten),
        abort=tuple(
            one
            for one, _why in started
            if picture.spec.abort_on_halt and (one in shortened or _is_sure_to_abort(one))
        ),
        unstoppable=(*(one for one, _why in started), *queued),
    )


def _is_sure_to_abort(one: OwnCampaign) -> bool:
    """v2 aborts what has started. Of v3 sources say both, so there it is tried once, with the
    shortening, which every halted campaign has at most once."""
    return (
        one.campaign.type is CampaignType.SOFTWARE and one.campaign.state is CampaignState.SCHEDULED
    )
