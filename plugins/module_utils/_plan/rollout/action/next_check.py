# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to make the next run: no sooner than something can have changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ...._model.status import CampaignState, DeviceState
from ...._model.times import parse_time
from ..observation.campaign_history import History, day_begins
from ..observation.observed import OwnCampaign

# Whether the service takes a new campaign shows within the hour.
SOON = timedelta(hours=1)
# Devices of a running campaign change over hours, and their reports lag.
WHILE_RUNNING = timedelta(hours=6)
# Nothing of ours is under way, and someone else has to act.
IDLE = timedelta(hours=24)


def find_next_check(
    history: History, deadlines: Iterable[datetime], *, over: bool, due: bool
) -> datetime | None:
    """Give the time of the next run; None when the rollout is over.

    :param deadlines: moments at which waves that have not passed may pass or end.
    :param due: this run writes, so its effect is to be seen.
    """
    if over:
        return None
    now = history.now
    times = [now + SOON] if due else []
    times += [_find_news(own, now) for own in history.live]
    times += [*history.retry_at.values(), *history.busy_until.values()]
    times += deadlines
    return min((moment for moment in times if moment > now), default=now + IDLE)


def _find_news(own: OwnCampaign, now: datetime) -> datetime:
    """Give the time at which a live campaign can have news."""
    start = own.campaign.schedule.start
    if own.campaign.state is CampaignState.PENDING or start is None:
        return now + SOON
    if day_begins(start) > now:
        return day_begins(start) + WHILE_RUNNING
    # A device without an announced attempt can have news at any time.
    announced = [
        parse_time(row.next_attempt) or now
        for row in own.rows
        if row.state in (DeviceState.PENDING, DeviceState.UNKNOWN) or row.next_attempt
    ]
    return max(now + WHILE_RUNNING, min(announced, default=now) + SOON)
