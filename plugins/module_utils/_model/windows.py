# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hour windows: whole UTC hours, open while start <= hour < end (contract section 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import InvalidValue
from .text import short_key
from .wire import as_rows, number

FIRST_START, LAST_START = 0, 23
FIRST_END, LAST_END = 1, 24


@dataclass(frozen=True, order=True)
class Window:
    """One window of a campaign; it cannot cross midnight.

    :ivar start: first hour in which work may run, 0-23.
    :ivar end: hour that closes the window, 1-24.
    """

    start: int
    end: int


def window_set(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Sort and remove duplicates, because order does not matter (contract section 14, 18)."""
    return tuple(sorted(set(windows)))


def are_readable(value: object, what: str) -> bool:
    """Return whether every row of a list of windows from wire JSON has two hours."""
    return len(as_rows(value, what)) == len(_read_rows(value, what))


def read_windows(value: object, what: str) -> tuple[Window, ...]:
    """Read a list of windows from wire JSON; rows without two hours are left out."""
    return window_set(_read_rows(value, what))


def _read_rows(value: object, what: str) -> list[Window]:
    found = []
    for row in as_rows(value, what):
        start, end = number(row, "startTime"), number(row, "endTime")
        if start is not None and end is not None:
            found.append(Window(start, end))
    return found


def write_windows(windows: Iterable[Window]) -> list[dict[str, int]]:
    """Write windows as wire JSON."""
    return [{"startTime": window.start, "endTime": window.end} for window in windows]


_TEXT = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", re.ASCII)
_MUST = "must be whole UTC hours, such as '22:00-04:00' or {start: 22, end: 24}"


def _parse(text: str, name: str) -> list[Window]:
    """Read a window as text; one that crosses midnight becomes two."""
    match = _TEXT.fullmatch(text.strip())
    start, start_minute, end, end_minute = map(int, match.groups()) if match else (24, 0, 0, 0)
    if start > LAST_START or end > LAST_END or start_minute or end_minute or start == end:
        raise InvalidValue(name, text, _MUST)
    if start < end:
        return [Window(start, end)]
    return [Window(start, LAST_END), *([Window(FIRST_START, end)] if end else [])]


def check_windows(values: Iterable[object] | None, *, field: str) -> tuple[Window, ...] | None:
    """Check windows of the user, as text or with start 0-23 and end 1-24, start before end.

    :raises InvalidValue: an hour is out of range, a window is empty or crosses midnight, or it is
        not a window.
    """
    if values is None:
        return None
    found = []
    for place, value in enumerate(values):
        name = f"{field}[{place}]"
        if isinstance(value, str):
            found += _parse(value, name)
            continue
        if not isinstance(value, Mapping):
            raise InvalidValue(name, value, _MUST)
        if unknown := [key for key in value if key not in ("start", "end")]:
            raise InvalidValue(name, value, f"unknown key {short_key(unknown[0])}; {_MUST}")
        start, end = number(value, "start"), number(value, "end")
        if start is None or not FIRST_START <= start <= LAST_START:
            raise InvalidValue(f"{name}.start", value.get("start"), "must be an hour from 0 to 23")
        if end is None or not FIRST_END <= end <= LAST_END:
            raise InvalidValue(f"{name}.end", value.get("end"), "must be an hour from 1 to 24")
        if start >= end:
            raise InvalidValue(
                name,
                f"{start}-{end}",
                "start must be before end. A window with start and end cannot cross midnight; use"
                f" two windows, or '{start:02}:00-{end:02}:00'",
            )
        found.append(Window(start, end))
    return window_set(found)
