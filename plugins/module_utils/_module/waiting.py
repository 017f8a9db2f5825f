# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: read, ask a pure predicate, sleep; one monotonic clock measures all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .._client.errors import FotaError, ServiceRefused, ServiceUnavailable, UnexpectedReply

T = TypeVar("T")

FORBIDDEN = 403
# Error codes with which the gateway refuses a token or a path; its other codes are outages.
GATEWAY_REFUSALS = "9009"
# The first words of the hint of an error that no retry can cure: an untrusted certificate, a
# wrong URL.
PERMANENT = "Nothing was sent."

# After this many reads, each pause is a quarter longer than the one before, up to ten times the
# declared delay, or five minutes.
STEADY_READS = 10
GROWTH, MOST_GROWTH, LONGEST = 1.25, 10.0, 300.0


@dataclass(frozen=True)
class Waiting:
    """How long to wait and how often to read, in seconds.

    :ivar delay: between the first reads.
    """

    timeout: float
    delay: float

    def pause(self, reads: int) -> float:
        """Give the pause after this many reads."""
        growth = min(MOST_GROWTH, GROWTH ** min(100, max(0, reads - STEADY_READS)))
        return max(self.delay, min(LONGEST, self.delay * growth))

    @classmethod
    def declared(cls, params: Mapping[str, Any]) -> Waiting:
        return cls(timeout=params["wait_timeout"], delay=params["wait_delay"])


# A write takes a moment to show in what the service reports (contract section 14).
SETTLING = Waiting(timeout=20.0, delay=1.0)
READ_ONCE = Waiting(timeout=0.0, delay=1.0)


@dataclass(frozen=True)
class Waited(Generic[T]):
    """The state of a wait, or its end.

    :ivar done: whether the last state that was read is the one that was waited for.
    :ivar elapsed: seconds since the wait began.
    :ivar error: why the latest read failed; None when it did not.
    """

    done: bool
    last: T
    elapsed: float
    error: FotaError | None = None

    @property
    def duration(self) -> str:
        return describe_duration(self.elapsed)

    @property
    def error_clause(self) -> str:
        """The latest failure as the end of a message; empty when there is none."""
        return f"; the last read failed: {self.error}" if self.error else ""


Report = Callable[[Waited[T]], None]


def wait_for(
    read: Callable[[], T],
    ready: Callable[[T], bool],
    waiting: Waiting,
    *,
    sleep: Callable[[float], None],
    start: T | None = None,
    report: Report[T] | None = None,
) -> Waited[T]:
    """Read until ``ready`` or the time is over; the last read is at the very end.

    A transient error, see :func:`is_transient`, counts as a state that is not ready. Only the
    first read may not fail: waiting would hide a wrong address.

    :param start: what was read before; saves the first read.
    :param report: is called after every read.
    :raises FotaError: the first read failed, or a later one with an error that is not transient.
    """
    begun = time.monotonic()
    last = read() if start is None else start
    error: FotaError | None = None
    reads = 1
    while True:
        elapsed = time.monotonic() - begun
        waited = Waited(done=ready(last), last=last, elapsed=elapsed, error=error)
        if report is not None:
            report(waited)
        left = waiting.timeout - elapsed
        if waited.done or left <= 0:
            return waited
        sleep(min(waiting.pause(reads), left))
        reads += 1
        try:
            last, error = read(), None
        except FotaError as failure:
            if not is_transient(failure):
                raise
            error = failure


def is_transient(error: FotaError) -> bool:
    """Tell whether an error comes from the way to the service and can pass.

    Transient are: no answer, an answer that is not the service's own (a page with HTTP 200, an
    empty body, a redirect), and a 403 of a gateway or firewall, whose error code is not one of the
    service (contract section 10). What the service itself refuses is final, and so are refused
    logins, missing options and certificates that are not trusted.
    """
    if isinstance(error, ServiceUnavailable):
        return not (error.hint or "").startswith(PERMANENT)
    if isinstance(error, ServiceRefused):
        code = error.error_code or "0"
        by_gateway = code.isdecimal() and not code.startswith(GATEWAY_REFUSALS)
        return error.http_status == FORBIDDEN and by_gateway
    return isinstance(error, UnexpectedReply)


def describe_duration(seconds: float) -> str:
    """Describe a duration by its two largest units."""
    left = round(seconds)
    parts = []
    for name, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
