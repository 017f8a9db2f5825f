# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one event of many hints, so that none is lost and no run is made for each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any


class Pace:
    """Collects hints, and says when a run is due and for which reasons.

    A hint is due ``min_interval`` seconds after it came, together with all that came meanwhile; one
    that is urgent is due at once. Without any for ``max_interval`` seconds, the reason is
    ``timer``; 0 is never. All methods belong to one event loop.
    """

    def __init__(self, *, min_interval: float, max_interval: float) -> None:
        self._least, self._most = min_interval, max_interval
        self._reasons: Counter[str] = Counter()
        self._noted, self._urgent = asyncio.Event(), asyncio.Event()

    @classmethod
    def declared(cls, params: Mapping[str, Any]) -> Pace:
        """Read the options of a source."""
        return cls(min_interval=params["min_interval"], max_interval=params["max_interval"])

    def note(self, reason: str, *, urgent: bool = False) -> None:
        """Take a hint; it is not forgotten until :meth:`due` has given it."""
        self._reasons[reason] += 1
        self._noted.set()
        if urgent:
            self._urgent.set()

    @property
    def waiting(self) -> int:
        """Number of hints that :meth:`due` has not given."""
        return self._reasons.total()

    async def due(self) -> AsyncIterator[dict[str, int]]:
        """Give the number of hints for each reason, each time a run is due."""
        while True:
            try:
                await asyncio.wait_for(self._noted.wait(), self._most or None)
            except asyncio.TimeoutError:
                self.note("timer", urgent=True)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), self._least)
            reasons = dict(self._reasons)
            self._reasons.clear()
            self._noted.clear()
            self._urgent.clear()
            yield reasons
