# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of device lists, and the cursors between them.

The documents say that a page holds the IMEIs larger than its cursor (CONTRACT section 9); the
switch ``device_cursor`` has services that read their cursors otherwise.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass

from .imei import is_imei
from .records import PAGE
from .sorted_imeis import Order, scatter
from .switches import Switches


class CursorError(Exception):
    """A cursor that the service does not take."""


@dataclass(frozen=True, slots=True)
class Page:
    """IMEIs of one page, whether more follow, and the cursor behind it (empty for no IMEIs)."""

    imeis: list[str]
    more: bool
    cursor: str


class Cursors:
    """Cuts lists into pages and remembers, where it must, which cursors it has handed out."""

    def __init__(self, switches: Switches, seed: int) -> None:
        self._switches = switches
        self._seed = seed
        # A list and its way with cursors, then each cursor and the IMEI it stands for.
        self._handed: dict[tuple[str, str], dict[str, str]] = {}

    def page(self, listed: str, order: Order, cursor: str) -> Page:
        """The page behind a cursor of the list of that name; empty or 0 is the beginning.

        Raises ``CursorError``.
        """
        way = self._switches["device_cursor"]
        handed = self._handed.setdefault((listed, way), {})
        after = self._meant(way, handed, cursor) if cursor.strip("0") else ""
        if way == "unordered":
            imeis = order.scattered()
            first = bisect_right(imeis, scatter(after), key=scatter) if after else 0
        else:
            imeis = order.ascending()
            first = bisect_right(imeis, after)
        rows = imeis[first : first + PAGE]
        more = len(imeis) > first + PAGE
        if not rows:
            return Page(rows, more, "")
        last = rows[-1]
        if way in ("larger_than", "unordered"):
            return Page(rows, more, last)
        token = self._token(listed, last) if way == "opaque" else last
        handed[token] = last
        return Page(rows, more, token)

    def _meant(self, way: str, handed: dict[str, str], cursor: str) -> str:
        """The IMEI that a cursor stands for; empty for the beginning."""
        if way in ("larger_than", "unordered"):
            if not is_imei(cursor):
                raise CursorError(cursor)
            return cursor
        if cursor in handed:
            return handed[cursor]
        if way == "ignored":
            return ""
        raise CursorError(cursor)

    def _token(self, listed: str, imei: str) -> str:
        text = f"{self._seed}/{listed}/{imei}"
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
