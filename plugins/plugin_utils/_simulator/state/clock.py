# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual clock, the queue of future events, and the service's time formats.

Times inside the simulator are seconds since 1970 UTC (``float``), days are ``date.toordinal()``
numbers; text is only used in requests and replies.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

EPOCH_DAY = date(1970, 1, 1).toordinal()
EARLIEST = 0.0
LATEST = (date(9000, 1, 1).toordinal() - EPOCH_DAY) * DAY

# Values for an unset time (CONTRACT section 12, quirk 7).
GO_UNSET = "0001-01-01 00:00:00 +0000 UTC"
NEVER = "01/01/1900 0:0:0"

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


def parse_rfc3339(text: str) -> float:
    """Seconds of an RFC 3339 text; ``ValueError`` for anything else."""
    found = _RFC3339.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not an RFC 3339 time such as 2026-03-02T00:00:00Z")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    seconds = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()
    seconds += float(found[7] or 0)
    if found[8]:
        offset = int(found[9]) * HOUR + int(found[10]) * MINUTE
        seconds += -offset if found[8] == "+" else offset
    return seconds


def parse_day(text: str) -> int:
    """Day number of a ``YYYY-MM-DD`` text; ``ValueError`` for anything else."""
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a date such as 2026-03-02")
    return date(int(found[1]), int(found[2]), int(found[3])).toordinal()


@lru_cache(maxsize=1024)
def day_text(day: int) -> str:
    """``YYYY-MM-DD`` of a day number."""
    return date.fromordinal(day).isoformat()


def day_start(day: int) -> float:
    """00:00 UTC of a day."""
    return (day - EPOCH_DAY) * DAY


def day_of(moment: float) -> int:
    """Day number (UTC) of a moment."""
    return int(moment // DAY) + EPOCH_DAY


def moment_datetime(moment: float) -> datetime:
    """Aware UTC datetime of a moment."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=moment)


def rfc3339(moment: float) -> str:
    """``2021-06-03T00:03:56.079Z``, the format of most replies."""
    day, time_of_day = _day_and_time(moment)
    return f"{day}T{time_of_day}Z"


def go_text(moment: float | None) -> str:
    """``2021-06-03 00:03:56.079 +0000 UTC``; ``GO_UNSET`` for None."""
    if moment is None:
        return GO_UNSET
    day, time_of_day = _day_and_time(moment)
    return f"{day} {time_of_day} +0000 UTC"


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@lru_cache(maxsize=16_384)
def http_date(moment: float) -> str:
    """The ``Date`` header, independent of the locale."""
    at = moment_datetime(moment)
    return (
        f"{_WEEKDAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} "
        f"{at.hour:02d}:{at.minute:02d}:{at.second:02d} GMT"
    )


@lru_cache(maxsize=16_384)
def _day_and_time(moment: float) -> tuple[str, str]:
    """Date and time of day with milliseconds; cached, as a page of devices has thousands."""
    day, millis = divmod(int(moment * 1000), 86_400_000)
    hours, millis = divmod(millis, 3_600_000)
    minutes, millis = divmod(millis, 60_000)
    seconds, millis = divmod(millis, 1000)
    return day_text(day + EPOCH_DAY), f"{hours:02d}:{minutes:02d}:{seconds:02d}.{millis:03d}"


class VirtualClock:
    """A clock that starts at any time and runs forward at any speed.

    ``hours_per_second`` is virtual hours per real second: 0 stops the clock, 1/3600 is real time.
    """

    def __init__(self, start: float, *, hours_per_second: float) -> None:
        self._base = _in_range(start)
        self._real = time.monotonic()
        self._speed = 0.0
        self.set_speed(hours_per_second)

    @property
    def hours_per_second(self) -> float:
        return self._speed / HOUR

    def now(self) -> float:
        if not self._speed:
            return self._base
        return min(LATEST, self._base + (time.monotonic() - self._real) * self._speed)

    def set_speed(self, hours_per_second: float) -> None:
        """Change the speed from now on."""
        if not 0 <= hours_per_second <= 1_000_000:
            raise ValueError(f"hours_per_second must be 0 to 1000000, not {hours_per_second}")
        self._rebase(self.now())
        self._speed = hours_per_second * HOUR

    def advance(self, hours: float) -> None:
        """Jump forward by a number of hours."""
        if not hours >= 0:
            raise ValueError(f"the virtual clock cannot go back ({hours} hours)")
        self._rebase(_in_range(self.now() + hours * HOUR))

    def set(self, moment: float) -> None:
        """Jump forward to a moment."""
        now = self.now()
        if moment < now:
            raise ValueError(
                f"the virtual clock cannot go back from {rfc3339(now)} to {rfc3339(moment)}"
                if moment >= EARLIEST
                else "the virtual clock cannot go back before 1970"
            )
        self._rebase(_in_range(moment))

    def _rebase(self, moment: float) -> None:
        self._base = moment
        self._real = time.monotonic()


def _in_range(moment: float) -> float:
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("the virtual clock runs from the year 1970 to 9000")
    return moment


class EventQueue:
    """Future events in order of time; events of the same time in order of arrival.

    The order depends only on what was pushed, so one jump of 120 hours equals 120 jumps of one
    hour.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, due: float, action: Callable[..., None], *args: object) -> None:
        """Run ``action(*args)`` at the virtual time ``due``, or now if that is past."""
        heappush(self._heap, (max(due, self.now), next(self._order), action, args))

    def run_until(self, moment: float) -> None:
        """Run all events up to and including ``moment``; ``now`` is the time of each event."""
        while self._heap and self._heap[0][0] <= moment:
            due, _order, action, args = heappop(self._heap)
            self.now = due
            action(*args)
        self.now = max(self.now, moment)
