# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollouts of an account, as far as its campaigns tell without any declaration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from ...._model.campaign import Campaign, CampaignDevice, CampaignType
from ...._model.status import CampaignState, DeviceState
from ..declaration.campaign_names import SWEEP_WAVE, parse_name
from .campaign_history import by_age, is_busy
from .observed import OwnCampaign


class Activity(Enum):
    """What the campaigns of a rollout do. Its phase would need the declaration."""

    RUNNING = "running"
    UNKNOWN = "unknown"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    IDLE = "idle"

    @property
    def live(self) -> bool:
        """Some campaign is not over."""
        return self not in (Activity.CANCELLED, Activity.REFUSED, Activity.IDLE)


UNREACHED = "unreached"
_WAITING = frozenset({CampaignState.PENDING, CampaignState.QUEUED})


@dataclass(frozen=True)
class RolloutCampaigns:
    """The campaigns of one rollout, the oldest first.

    :ivar now: the service's clock.
    """

    name: str
    campaigns: tuple[OwnCampaign, ...]
    now: datetime

    @property
    def activity(self) -> Activity:
        live = [own for own in self.campaigns if not own.over]
        started = [own for own in live if own.started(self.now)]
        if started:
            known = any(own.campaign.state is not CampaignState.UNKNOWN for own in started)
            return Activity.RUNNING if known else Activity.UNKNOWN
        if live:
            queued = all(own.campaign.state in _WAITING for own in live)
            return Activity.QUEUED if queued else Activity.SCHEDULED
        last = self.campaigns[-1]
        if last.stopped:
            return Activity.CANCELLED
        return Activity.REFUSED if last.refused else Activity.IDLE

    @property
    def since(self) -> date | None:
        """The UTC day on which the running campaigns began, or on which all were over."""
        activity, today = self.activity, self.now.date()
        if not activity.live:
            ends = (own.campaign.schedule.end for own in self.campaigns)
            return max((min(end, today) for end in ends if end), default=None)
        if activity in (Activity.RUNNING, Activity.UNKNOWN):
            return _first_day(own for own in self.campaigns if own.started(self.now))
        return None

    @property
    def starts(self) -> date | None:
        """The UTC day on which the next campaign starts."""
        ahead = (own for own in self.campaigns if not own.over and not own.started(self.now))
        return _first_day(ahead)

    @property
    def devices(self) -> int:
        """Devices that its campaigns have or had; where a report lacks rows, as the names say."""
        first = (
            own
            for own in self.campaigns
            if own.name.attempt == 1 and own.name.wave != SWEEP_WAVE and not own.refused
        )
        return len(self.results) + sum(max(0, own.name.count - len(own.rows)) for own in first)

    @property
    def results(self) -> dict[str, str]:
        """What the newest campaign of each device says of it: a state, or ``unreached``.

        A refusal as busy counts only if no other campaign has the device.
        """
        found: dict[str, str] = {}
        for own in self.campaigns:
            for row in own.rows:
                if row.device_id not in found or not is_busy(row):
                    found[row.device_id] = _result(own, row)
        return found


def find_rollouts(
    campaigns: Iterable[tuple[Campaign, Sequence[CampaignDevice]]], now: datetime
) -> list[RolloutCampaigns]:
    """Find the rollouts of campaigns by their types and names, those under way first.

    :param campaigns: with their device reports, which may be empty; foreign ones are left out.
    """
    found: dict[tuple[CampaignType, str], list[OwnCampaign]] = {}
    for campaign, rows in campaigns:
        name = parse_name(campaign.name)
        if name is not None:
            key = campaign.type, name.rollout
            found.setdefault(key, []).append(OwnCampaign(name, campaign, tuple(rows)))
    rollouts = [
        RolloutCampaigns(name, tuple(by_age(own)), now) for (_type, name), own in found.items()
    ]
    order = list(Activity)
    return sorted(rollouts, key=lambda rollout: (order.index(rollout.activity), rollout.name))


def _result(own: OwnCampaign, row: CampaignDevice) -> str:
    """Give the state of a device; in a campaign that is over, none is pending any more."""
    if row.state is not DeviceState.PENDING or not own.over:
        return row.state.value
    return DeviceState.STOPPED.value if own.stopped or own.refused else UNREACHED


def _first_day(campaigns: Iterable[OwnCampaign]) -> date | None:
    days = (own.campaign.schedule.start for own in campaigns)
    return min((day for day in days if day), default=None)
