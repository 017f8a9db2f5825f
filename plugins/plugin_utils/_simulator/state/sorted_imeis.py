# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IMEIs in the order in which lists give them, kept while devices come and go."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable

# Beyond one change in so many IMEIs it is cheaper to sort anew than to insert one by one.
FEW = 1000


class Order:
    """A set of IMEIs, ascending or scattered. A change waits until the order is read again."""

    def __init__(self, imeis: Iterable[str]) -> None:
        self._ascending = sorted(imeis)
        self._scattered: list[str] | None = None
        self._changed: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self.ascending())

    def put(self, imei: str) -> None:
        """Have an IMEI, whether or not it is there."""
        self._changed[imei] = True

    def drop(self, imei: str) -> None:
        """Have an IMEI no more, whether or not it is there."""
        self._changed[imei] = False

    def ascending(self) -> list[str]:
        """By number; not the caller's to change."""
        if self._changed:
            self._mend()
        return self._ascending

    def scattered(self) -> list[str]:
        """By ``scatter``; not the caller's to change."""
        ascending = self.ascending()
        if self._scattered is None:
            self._scattered = sorted(ascending, key=scatter)
        return self._scattered

    def _mend(self) -> None:
        changed, self._changed = self._changed, {}
        self._scattered = None
        held = self._ascending
        if len(changed) * FEW > len(held):
            kept = [imei for imei in held if imei not in changed]
            self._ascending = sorted(kept + [imei for imei, wanted in changed.items() if wanted])
            return
        for imei, wanted in changed.items():
            place = bisect_left(held, imei)
            there = held[place : place + 1] == [imei]
            if wanted and not there:
                held.insert(place, imei)
            elif there and not wanted:
                del held[place]


def scatter(imei: str) -> bytes:
    """A place that has nothing to do with the number."""
    return hashlib.blake2b(imei.encode(), digest_size=8).digest()
