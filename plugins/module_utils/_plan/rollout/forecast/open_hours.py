# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hours in which a campaign works on devices; moments are hours since 1970, UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property

from ...._model.windows import Window
from ..observation.campaign_history import day_begins, day_ends
from ..observation.observed import OwnCampaign

HOURS_A_DAY = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ALL_DAY = (Window(0, HOURS_A_DAY),)


def to_hours(moment: datetime) -> float:
    """Give a moment in hours since 1970."""
    return (moment - _EPOCH) / timedelta(hours=1)


def to_time(hours: float) -> datetime:
    """Give a moment as a time, to the minute."""
    return _EPOCH + timedelta(minutes=round(hours * 60))


@dataclass(frozen=True)
class OpenHours:
    """The hours from the first day of a campaign to its last in which its windows are open.

    :ivar begins: the first moment of its first day.
    :ivar ends: the first moment after its last day.
    :ivar windows: in order; they do not overlap.
    """

    begins: float
    ends: float
    windows: tuple[Window, ...] = _ALL_DAY

    @classmethod
    def of(cls, start: date, end: date, windows: Sequence[Window]) -> OpenHours:
        """Give those of a campaign from one UTC day to another, both included."""
        days = to_hours(day_begins(start)), to_hours(day_ends(end))
        return cls(*days, tuple(sorted(windows)) or _ALL_DAY)

    @classmethod
    def of_campaign(cls, own: OwnCampaign) -> OpenHours | None:
        """Give those of a campaign of the service; None where its days are not known."""
        schedule = own.campaign.schedule
        if schedule.start is None or schedule.end is None:
            return None
        windows = schedule.windows or schedule.download_windows
        return cls.of(schedule.start, schedule.end, windows)

    @cached_property
    def a_day(self) -> int:
        """Open hours of a day; one at least, as windows of other clients may be empty."""
        return max(1, sum(window.end - window.start for window in self.windows))

    @cached_property
    def total(self) -> float:
        return self.a_day * (self.ends - self.begins) / HOURS_A_DAY

    def before(self, moment: float) -> float:
        """Give how many hours were open until a moment."""
        days, hour = divmod(min(max(moment, self.begins), self.ends) - self.begins, HOURS_A_DAY)
        passed = sum(
            min(max(hour - window.start, 0), window.end - window.start) for window in self.windows
        )
        return days * self.a_day + passed

    def after(self, hours: float) -> float:
        """Give the moment at which so many hours were open, the end of the campaign at most."""
        days, left = divmod(hours, self.a_day)
        moment = self.begins + days * HOURS_A_DAY
        for window in self.windows:
            length = window.end - window.start
            if left <= length:
                return min(moment + window.start + left, self.ends)
            left -= length
        return min(moment + HOURS_A_DAY, self.ends)
