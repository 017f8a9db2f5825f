# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of IMEIs that is read in a stable order, while IMEIs are added and removed."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable

# Above one change per this many IMEIs, sorting again is cheaper than inserting one by one.
RESORT_RATIO = 1000


class SortedImeis:
    """IMEIs, ascending or scattered. Changes are applied when the order is next read."""

    def __init__(self, imeis: Iterable[str]) -> None:
        self._ascending = sorted(imeis)
        self._scattered: list[str] | None = None
        self._changed: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self.ascending())

    def add(self, imei: str) -> None:
        """Add an IMEI; no effect if it is present."""
        self._changed[imei] = True

    def discard(self, imei: str) -> None:
        """Remove an IMEI; no effect if it is absent."""
        self._changed[imei] = False

    def ascending(self) -> list[str]:
        """Ascending by number. The caller must not change the list."""
        if self._changed:
            self._apply_changes()
        return self._ascending

    def scattered(self) -> list[str]:
        """Ordered by ``scatter``. The caller must not change the list."""
        ascending = self.ascending()
        if self._scattered is None:
            self._scattered = sorted(ascending, key=scatter)
        return self._scattered

    def _apply_changes(self) -> None:
        changed, self._changed = self._changed, {}
        self._scattered = None
        imeis = self._ascending
        if len(changed) * RESORT_RATIO > len(imeis):
            kept = [imei for imei in imeis if imei not in changed]
            self._ascending = sorted(kept + [imei for imei, added in changed.items() if added])
            return
        for imei, added in changed.items():
            index = bisect_left(imeis, imei)
            present = imeis[index : index + 1] == [imei]
            if added and not present:
                imeis.insert(index, imei)
            elif present and not added:
                del imeis[index]


def scatter(imei: str) -> bytes:
    """A sort key that is unrelated to the number."""
    return hashlib.blake2b(imei.encode(), digest_size=8).digest()
