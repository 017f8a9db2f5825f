# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many devices can still change, and how far the brakes reach.

What a campaign touches is fixed when it is created: after its start the one sure brake is an
earlier end date, 24 hours ahead at least (contract section 9).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date, datetime

from ...._model.campaign import CampaignDevice
from ...._model.firmware import request_protocol
from ...._model.status import CampaignState, DeviceState
from ...campaign_dates import SHORTEST_NOTICE
from ..observation.campaign_history import is_rejected
from ..observation.observed import OwnCampaign

# Devices that miss their slot, or fail, stay queued in the network beyond the end of a campaign
# (contract section 6).
_STAYS_QUEUED = "OMA"


@dataclass(frozen=True)
class Exposure:
    """Devices that can still change, if nothing more is created.

    :ivar devices: all of them.
    :ivar started: those that a halt at this moment cannot save for sure.
    :ivar until: last UTC day on which these can change if everything halts now; None when there
        are none, or when it cannot be known.
    """

    devices: int = 0
    started: int = 0
    until: date | None = None


def find_exposure(campaigns: Iterable[OwnCampaign], now: datetime) -> Exposure:
    """Add up live campaigns, and those whose devices the network keeps queued."""
    counted = [(own, can_change(own)) for own in campaigns]
    live = [(own, count) for own, count in counted if count]
    started = [(own, count) for own, count in live if own.over or own.started(now)]
    ends = [_last_day(own, now) for own, _count in started]
    known = [end for end in ends if end is not None]
    return Exposure(
        devices=sum(count for _own, count in live),
        started=sum(count for _own, count in started),
        until=max(known) if known and len(known) == len(ends) else None,
    )


def can_change(own: OwnCampaign) -> int:
    """Count the devices of a campaign that it can still change, or the network for it."""
    if own.refused or own.campaign.state is CampaignState.CANCELLED:
        return 0
    if own.over and not stays_queued(own):
        return 0
    return max(0, own.name.count - (len(own.rows) - len(find_changing(own))))


def count_changing(own: OwnCampaign, verified: Set[str]) -> int:
    """Count the devices that can change, without those that have the target from another one."""
    return max(0, can_change(own) - sum(imei in verified for imei in find_changing(own)))


def find_changing(own: OwnCampaign) -> list[str]:
    """Give the devices of a campaign that it is not known of that they will not change any more.

    Those that its report does not list yet are missing.
    """
    queued = stays_queued(own)
    return [row.device_id for row in own.rows if not _is_final(own, row, queued=queued)]


def stays_queued(own: OwnCampaign) -> bool:
    """Tell whether its devices stay queued in the network after its end."""
    return request_protocol(own.campaign.protocol) == _STAYS_QUEUED


def _is_final(own: OwnCampaign, row: CampaignDevice, *, queued: bool) -> bool:
    """What becomes of the device is known: it will not change any more."""
    if row.state is DeviceState.SUCCESS or is_rejected(own, row):
        return True
    return row.state is DeviceState.FAILED and not row.next_attempt and not queued


def _last_day(own: OwnCampaign, now: datetime) -> date | None:
    """The day on which a started campaign ends if it is braked now."""
    end = own.campaign.schedule.end
    if end is None or stays_queued(own):
        return None
    return min(end, (now + SHORTEST_NOTICE).date())
