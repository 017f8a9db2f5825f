# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait before a retry. Pure: time and random values are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .clock import http_date


@dataclass(frozen=True)
class RetryPolicy:
    """The pauses and limits of retries, all in seconds."""

    first_pause: float = 0.25
    longest_pause: float = 15.0
    longest_retry_after: float = 60.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


# A transport reads this policy when it is created.
POLICY = RetryPolicy()


def pause(attempt: int, *, chance: float, policy: RetryPolicy) -> float:
    """Seconds to wait after the ``attempt``-th failure (from 1).

    The pause doubles from ``first_pause`` to ``longest_pause``. ``chance`` (0 to 1) shortens it by
    up to half, so that many hosts do not retry at the same time.
    """
    doublings = min(attempt - 1, 32)  # a larger exponent would overflow
    full = min(policy.longest_pause, policy.first_pause * 2.0**doublings)
    return full * (1 - chance / 2)


def retry_after(header: str | None, *, now: datetime | None, policy: RetryPolicy) -> float | None:
    """Seconds requested by a ``Retry-After`` header, at most ``longest_retry_after``.

    The header is a number of seconds, or an HTTP date relative to ``now``, the time of the service.
    ``None`` if the header is absent or invalid.
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
