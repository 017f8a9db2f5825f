# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait before a repetition. Pure: time and chance come in as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .clock import http_date


@dataclass(frozen=True)
class RetryPolicy:
    """The pauses and limits of repeated calls, all in seconds."""

    first_pause: float = 0.25
    longest_pause: float = 15.0
    longest_retry_after: float = 60.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


# A transport takes the policy that stands here when it is made.
POLICY = RetryPolicy()


def pause(attempt: int, *, chance: float, policy: RetryPolicy) -> float:
    """Seconds before repeating after the ``attempt``-th failure (from 1).

    Doubles from ``first_pause`` to ``longest_pause``; ``chance`` (0 to 1) takes away up to
    half of it, so that many hosts do not come back in step.
    """
    doublings = min(attempt - 1, 32)  # a longer exponent only overflows
    full = min(policy.longest_pause, policy.first_pause * 2.0**doublings)
    return full * (1 - chance / 2)


def retry_after(header: str | None, *, now: datetime | None, policy: RetryPolicy) -> float | None:
    """Seconds a ``Retry-After`` header asks for, at most ``longest_retry_after``.

    The header is a number of seconds or an HTTP date, which counts from ``now``, the service's
    time. ``None`` when the header is absent or neither.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        seconds = float(text)
    else:
        moment = http_date(text)
        if moment is None or now is None:
            return None
        seconds = max(0.0, (moment - now).total_seconds())
    return min(seconds, policy.longest_retry_after)
