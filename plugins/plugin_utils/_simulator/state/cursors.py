# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of device lists and their cursors.

The vendor documents that a page has the IMEIs larger than its cursor (CONTRACT section 9). The
switch ``device_cursor`` selects other behaviors.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass

from .imei import is_imei
from .records import PAGE
from .sorted_imeis import SortedImeis, scatter
from .switches import Switches


class CursorError(Exception):
    """A cursor that the service does not accept."""


@dataclass(frozen=True, slots=True)
class Page:
    """IMEIs of one page, whether more follow, and the cursor of the next page.

    The cursor is empty when the page is.
    """

    imeis: list[str]
    more: bool
    cursor: str


class Cursors:
    """Cuts lists into pages and remembers the cursors it has issued where the switch needs it."""

    def __init__(self, switches: Switches, seed: int) -> None:
        self._switches = switches
        self._seed = seed
        # By name of the list and value of the switch: each cursor and its IMEI.
        self._issued: dict[tuple[str, str], dict[str, str]] = {}

    def page(self, list_name: str, imeis: SortedImeis, cursor: str) -> Page:
        """The page after a cursor of the named list; an empty or 0 cursor is the beginning.

        Raises ``CursorError`` for a cursor that the switch does not accept.
        """
        mode = self._switches["device_cursor"]
        issued = self._issued.setdefault((list_name, mode), {})
        after = self._imei_of(mode, issued, cursor) if cursor.strip("0") else ""
        if mode == "unordered":
            ordered = imeis.scattered()
            first = bisect_right(ordered, scatter(after), key=scatter) if after else 0
        else:
            ordered = imeis.ascending()
            first = bisect_right(ordered, after)
        rows = ordered[first : first + PAGE]
        more = len(ordered) > first + PAGE
        if not rows:
            return Page(rows, more, "")
        last = rows[-1]
        if mode in ("larger_than", "unordered"):
            return Page(rows, more, last)
        token = self._token(list_name, last) if mode == "opaque" else last
        issued[token] = last
        return Page(rows, more, token)

    def _imei_of(self, mode: str, issued: dict[str, str], cursor: str) -> str:
        """The IMEI that a cursor stands for; empty for the beginning."""
        if mode in ("larger_than", "unordered"):
            if not is_imei(cursor):
                raise CursorError(cursor)
            return cursor
        if cursor in issued:
            return issued[cursor]
        if mode == "ignored":
            return ""
        raise CursorError(cursor)

    def _token(self, list_name: str, imei: str) -> str:
        text = f"{self._seed}/{list_name}/{imei}"
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
