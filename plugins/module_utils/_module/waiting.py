# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: read, ask a pure predicate, sleep, on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .._client.errors import FotaError, ServiceRefused, ServiceUnavailable, UnexpectedReply

T = TypeVar("T")

FORBIDDEN = 403
# Codes of the gateway that judge a token or a path, beside those of its own troubles.
GATEWAYS_VERDICTS = "9009"
# How a call that nothing would make work begins its hint: an untrusted certificate, a wrong URL.
HOPELESS = "Nothing was sent."

# What is not there after some looks takes its time, so looks get rarer: each pause is a quarter
# longer than the one before, up to ten times the first, or five minutes.
STEADY_LOOKS = 10
GROWTH, MOST_GROWTH, LONGEST = 1.25, 10.0, 300.0


@dataclass(frozen=True)
class Waiting:
    """How long to wait and how often to look, in seconds.

    :ivar delay: between looks, at first.
    """

    timeout: float
    delay: float

    def pause(self, looks: int) -> float:
        """Give the pause after so many looks."""
        growth = min(MOST_GROWTH, GROWTH ** min(100, max(0, looks - STEADY_LOOKS)))
        return max(self.delay, min(LONGEST, self.delay * growth))

    @classmethod
    def declared(cls, params: Mapping[str, Any]) -> Waiting:
        return cls(timeout=params["wait_timeout"], delay=params["wait_delay"])


# After a write, the service needs a moment until it shows what it did (contract section 14).
SETTLING = Waiting(timeout=20.0, delay=1.0)
ONE_LOOK = Waiting(timeout=0.0, delay=1.0)


@dataclass(frozen=True)
class Waited(Generic[T]):
    """How a wait stands or has ended.

    :ivar last: what was read last.
    :ivar elapsed: seconds since it began.
    :ivar trouble: why the last look has read nothing; None when it has.
    """

    done: bool
    last: T
    elapsed: float
    trouble: FotaError | None = None

    @property
    def in_vain(self) -> str:
        """What to add to a message on the end of the wait."""
        return f"; the last look failed: {self.trouble}" if self.trouble else ""


Tell = Callable[[Waited[T]], None]


def wait_until(
    read: Callable[[], T],
    done: Callable[[T], bool],
    waiting: Waiting,
    *,
    sleep: Callable[[float], None],
    start: T | None = None,
    tell: Tell[T] | None = None,
) -> Waited[T]:
    """Read until ``done`` or the time is over; the last look is at the very end.

    Bad weather on the way to the service, see :func:`is_weather`, is waited out like a state that
    is not ``done``, but not at the first look, which would hide a wrong address.

    :param start: what was read before; saves the first look.
    :param tell: is told after every look how the wait stands.
    :raises FotaError: the first look failed, or a later one with a verdict.
    """
    begun = time.monotonic()
    last = read() if start is None else start
    trouble: FotaError | None = None
    looks = 1
    while True:
        elapsed = time.monotonic() - begun
        stand = Waited(done=done(last), last=last, elapsed=elapsed, trouble=trouble)
        if tell is not None:
            tell(stand)
        left = waiting.timeout - elapsed
        if stand.done or left <= 0:
            return stand
        sleep(min(waiting.pause(looks), left))
        looks += 1
        try:
            last, trouble = read(), None
        except FotaError as error:
            if not is_weather(error):
                raise
            trouble = error


def is_weather(error: FotaError) -> bool:
    """Tell whether an error is of the way to the service, and no verdict of the service.

    No answer, an answer that is not the service's (a page with HTTP 200, an empty body, a
    redirect), and a 403 of a gateway or firewall, which has no word of the service as its code
    (contract section 10). All of these pass. What the service itself refuses does not, nor do
    refused logins, missing options and certificates that are not trusted.
    """
    if isinstance(error, ServiceUnavailable):
        return not (error.hint or "").startswith(HOPELESS)
    if isinstance(error, ServiceRefused):
        code = error.error_code or "0"
        by_gateway = code.isdecimal() and not code.startswith(GATEWAYS_VERDICTS)
        return error.http_status == FORBIDDEN and by_gateway
    return isinstance(error, UnexpectedReply)
