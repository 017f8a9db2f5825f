# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local hours and freezes of a rollout, compiled to the UTC days and hours of a campaign.

A campaign has one set of whole hours for all its days. So an hour is open only if on every day of
the campaign all of it lies inside the declared local windows: windows are rounded inwards, split
at midnight, and cut down to what both sides of a DST change have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from ...._model.windows import Window

# The zone of a campaign's hours is not published (contract section 14, question 9).
WINDOW_CLOCK = timezone.utc
MINUTES_OF_A_DAY = 24 * 60
# How far ahead a place between freezes is looked for.
HORIZON_DAYS = 400

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, order=True)
class LocalWindow:
    """Minutes of the local day, 0 to 1440; one that ends before it begins crosses midnight."""

    start: int
    end: int

    def __str__(self) -> str:
        return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (self.start, self.end))

    def minutes(self) -> Iterable[int]:
        """Every minute of the day that is inside."""
        if self.start < self.end:
            return range(self.start, self.end)
        return (*range(self.start, MINUTES_OF_A_DAY), *range(self.end))


@dataclass(frozen=True, order=True)
class Freeze:
    """Local days, both included, on which no campaign may run."""

    first: date
    last: date
    why: str = ""


@dataclass(frozen=True)
class Calendar:
    """When campaigns may run.

    :ivar windows: local windows; none means all day.
    :ivar zone: zone of devices that carry none.
    :ivar lead: from a run to the first day of a campaign, at least.
    :ivar min_days: UTC days that a campaign shortened by a freeze must still have.
    """

    windows: tuple[LocalWindow, ...] = ()
    zone: str = ""
    freezes: tuple[Freeze, ...] = ()
    lead: timedelta = timedelta(hours=12)
    min_days: int = 2


@dataclass(frozen=True)
class Span:
    """UTC days of a campaign, both included, and why they are not those first thought of."""

    start: date
    end: date
    why: str = ""


def first_day(now: datetime, lead: timedelta) -> date:
    """The first UTC day that begins at least ``lead`` from now."""
    earliest = now + lead
    day = earliest.date()
    return day if earliest.time() == time.min else day + _DAY


def find_span(calendar: Calendar, zone: tzinfo, *, days: int, now: datetime) -> Span | None:
    """Find the first days that overlap no freeze: shortened if enough remain, else moved.

    :returns: None when there is no place within ``HORIZON_DAYS``.
    """
    start = first_day(now, calendar.lead)
    horizon = start + timedelta(days=HORIZON_DAYS)
    frozen = [(_frozen(freeze, zone), freeze) for freeze in calendar.freezes]
    least = min(days, calendar.min_days)
    moved: list[str] = []
    while start <= horizon:
        end = start + timedelta(days=days - 1)
        hits = [(span, freeze) for span, freeze in frozen if span[0] <= end and start <= span[1]]
        if not hits:
            return Span(start, end, "; ".join(moved))
        first, freeze = min(hits)
        before = first[0] - _DAY
        reason = f"freeze {freeze.first} to {freeze.last}" + (
            f" ({freeze.why})" if freeze.why else ""
        )
        if (before - start).days + 1 >= least:
            return Span(start, before, "; ".join([*moved, f"shortened by the {reason}"]))
        start = first[1] + _DAY
        moved.append(f"moved behind the {reason}")
    return None


def _frozen(freeze: Freeze, zone: tzinfo) -> tuple[date, date]:
    """The UTC days that any moment of a freeze touches."""
    begin = datetime.combine(freeze.first, time.min, tzinfo=zone).astimezone(WINDOW_CLOCK)
    end = datetime.combine(freeze.last + _DAY, time.min, tzinfo=zone).astimezone(WINDOW_CLOCK)
    return begin.date(), (end - _INSTANT).date()


def compile_windows(
    windows: Sequence[LocalWindow], zone: tzinfo, *, start: date, end: date
) -> tuple[Window, ...]:
    """Give the UTC windows that stay inside local ones on every day from ``start`` to ``end``.

    :returns: windows in order; empty when no whole hour is open on all days, or none were declared.
    """
    if not windows:
        return ()
    allowed = frozenset(minute for window in windows for minute in window.minutes())
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    open_hours = [
        hour for hour in range(24) if all(_is_open(day, hour, zone, allowed) for day in days)
    ]
    return _join(open_hours)


def _is_open(day: date, hour: int, zone: tzinfo, allowed: frozenset[int]) -> bool:
    """All of a UTC hour lies inside; an hour in which the zone changes its clock never does."""
    moment = datetime.combine(day, time(hour), tzinfo=WINDOW_CLOCK)
    local = moment.astimezone(zone)
    if (moment + _HOUR - _INSTANT).astimezone(zone).utcoffset() != local.utcoffset():
        return False
    first = local.hour * 60 + local.minute
    return all((first + minute) % MINUTES_OF_A_DAY in allowed for minute in range(60))


def _join(hours: Sequence[int]) -> tuple[Window, ...]:
    found: list[Window] = []
    for hour in hours:
        if found and found[-1].end == hour:
            found[-1] = Window(found[-1].start, hour + 1)
        else:
            found.append(Window(hour, hour + 1))
    return tuple(found)
