# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open hours of a campaign: whole UTC hours of a day, pure arithmetic.

A window is ``(start hour 0-23, end hour 1-24)``; open while start <= hour < end (CONTRACT
section 9). No window means open all day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .clock import DAY, HOUR

Window = tuple[int, int]

# Work begun this close to the end of the range would not be reported in time.
MARGIN = 0.5 * HOUR


def merged(windows: Sequence[Window]) -> list[Window]:
    """The same open hours as disjoint windows in order."""
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

    ``shift_hours`` moves the windows: 5 opens an 18-22 window at 23 UTC.
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
    """First open moment from ``moment`` on that leaves room before ``end``, or None."""
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

    When the range holds less open time than that, the moment at ``share`` (0 to 1) of what it
    holds, so that everybody gets a turn in a short campaign. None if it is never open.
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
