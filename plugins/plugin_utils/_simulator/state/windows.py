# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time windows of a campaign: whole UTC hours of a day.

A window is ``(start hour 0-23, end hour 1-24)``; it is open while start <= hour < end (CONTRACT
section 9). Without a window, all hours are open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .clock import DAY, HOUR

Window = tuple[int, int]

# Nothing starts later than this before the end, as its result would arrive too late.
MARGIN = 0.5 * HOUR


def merged(windows: Sequence[Window]) -> list[Window]:
    """Disjoint windows in order, with the same open hours."""
    result: list[Window] = []
    for start, end in sorted(windows) or [(0, 24)]:
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def spans(
    begin: float, end: float, windows: Sequence[Window], *, shift_hours: int = 0
) -> Iterator[tuple[float, float]]:
    """Open spans (seconds) between two moments, in order.

    ``shift_hours`` moves the windows: with 5, a window 18-22 opens at 23 UTC.
    """
    hours = merged(windows)
    day = (begin - shift_hours * HOUR) // DAY * DAY + shift_hours * HOUR
    while day < end:
        for first, last in hours:
            low, high = max(begin, day + first * HOUR), min(end, day + last * HOUR)
            if low < high:
                yield low, high
        day += DAY


def next_open(
    moment: float, end: float, windows: Sequence[Window], *, shift_hours: int = 0
) -> float | None:
    """The first open moment from ``moment`` on and early enough before ``end``, or None."""
    for low, _high in spans(moment, end - MARGIN, windows, shift_hours=shift_hours):
        return low
    return None


def place(
    begin: float,
    end: float,
    windows: Sequence[Window],
    *,
    hours: float,
    share: float,
    shift_hours: int = 0,
) -> float | None:
    """The moment after ``hours`` of open time from ``begin``.

    If there is less open time than that, the moment after ``share`` (0 to 1) of it, so that a short
    campaign reaches every device. None if there is no open time.
    """
    left, total = hours * HOUR, 0.0
    for low, high in spans(begin, end - MARGIN, windows, shift_hours=shift_hours):
        if left < high - low:
            return low + left
        left -= high - low
        total += high - low
    left = total * min(share, 0.95)
    for low, high in spans(begin, end - MARGIN, windows, shift_hours=shift_hours):
        if left < high - low:
            return low + left
        left -= high - low
    return None
