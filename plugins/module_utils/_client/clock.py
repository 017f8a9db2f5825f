# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clocks: the clock of the service, read from its replies, and a monotonic deadline."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from .errors import UnexpectedReply

SKEW_TOLERATED = timedelta(minutes=5)


@dataclass(frozen=True)
class Deadline:
    """A point on the monotonic clock by which a call must end."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline this number of seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds left; zero or less after the deadline."""
        return self.at - time.monotonic()


class ServiceClock:
    """The time of the service: the last ``Date`` header received, plus the elapsed time.

    Safe for use by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[datetime, float] | None = None
        self._skew = timedelta(0)

    def observe(self, date_header: str | None) -> None:
        """Record the time of a reply that was just received; an invalid date is ignored."""
        moment = http_date(date_header)
        if moment is None:
            return
        with self._lock:
            self._seen = (moment, time.monotonic())
            self._skew = moment - datetime.now(timezone.utc)

    def now(self) -> datetime:
        """Time of the service, aware UTC; ``UnexpectedReply`` before a reply with a date."""
        with self._lock:
            seen = self._seen
        if seen is None:
            raise UnexpectedReply(
                "the time of the service is unknown: no reply had a Date header",
                hint="Check proxies and gateways: one of them may remove the Date header.",
            )
        moment, at = seen
        return moment + timedelta(seconds=time.monotonic() - at)

    @property
    def skew(self) -> timedelta:
        """How far the service was ahead of this machine at its last reply."""
        with self._lock:
            return self._skew


def http_date(text: str | None) -> datetime | None:
    """An HTTP date as aware UTC; ``None`` for anything else."""
    try:
        moment = parsedate_to_datetime(text or "")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        moment = moment.astimezone(timezone.utc)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    # Leave room for arithmetic on both sides.
    return moment if 1900 < moment.year < 9000 else None
