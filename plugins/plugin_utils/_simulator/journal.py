# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record of all calls. It has no headers, queries or bodies, and so no secrets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from itertools import count, islice
from threading import Lock
from typing import Any

# The oldest entries are dropped, so that long tests do not fill the memory.
CAPACITY = 200_000


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One call. ``status`` is 0 when the connection was dropped, ``ms`` real milliseconds."""

    n: int
    at: str
    operation: str | None
    kind: str
    method: str
    path: str
    status: int
    refused: bool
    fault: str | None
    user: str | None
    ms: float


_FIELDS = tuple(item.name for item in fields(JournalEntry))


class Journal:
    """Calls in the order of their replies, numbered from 1."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[JournalEntry] = deque(maxlen=CAPACITY)
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, **facts: Any) -> None:
        with self._lock:
            self._entries.append(JournalEntry(n=next(self._numbers), **facts))

    def since(self, number: int) -> list[dict[str, Any]]:
        """Entries after a number, as plain dictionaries."""
        with self._lock:
            first = self._entries[0].n if self._entries else 1
            # The numbers of the entries are consecutive.
            found = list(islice(self._entries, max(0, number + 1 - first), None))
        return [{name: getattr(entry, name) for name in _FIELDS} for entry in found]

    def clear(self) -> None:
        """Remove all entries; numbering continues."""
        with self._lock:
            self._entries.clear()
