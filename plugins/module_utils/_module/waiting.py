# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: read, ask a pure predicate, sleep, on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .._client.errors import ServiceUnavailable

T = TypeVar("T")

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
    """How a wait ended: ``last`` is what was read last, ``elapsed`` in seconds."""

    done: bool
    last: T
    elapsed: float


def wait_until(
    read: Callable[[], T],
    done: Callable[[T], bool],
    waiting: Waiting,
    *,
    sleep: Callable[[float], None],
    start: T | None = None,
) -> Waited[T]:
    """Read until ``done`` or the time is over; the last look is at the very end.

    :param start: what was read before; saves the first look.
    :raises ServiceUnavailable: the service could not be read even once. A service that goes away
        later is looked for again until the time is over.
    """
    begun = time.monotonic()
    last = read() if start is None else start
    looks = 1
    while not done(last):
        left = waiting.timeout - (time.monotonic() - begun)
        if left <= 0:
            return Waited(done=False, last=last, elapsed=time.monotonic() - begun)
        sleep(min(waiting.pause(looks), left))
        looks += 1
        try:
            last = read()
        except ServiceUnavailable:
            continue
    return Waited(done=True, last=last, elapsed=time.monotonic() - begun)
