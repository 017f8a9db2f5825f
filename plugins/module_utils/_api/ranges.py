# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of devices, read side by side.

The device cursor is documented as "IMEIs larger than this value" (contract section 9). So the list
can be entered anywhere: where the next reader should begin is guessed from how far apart the IMEIs
of the pages so far are. Wherever it lands, its page says what comes behind that place, so a bad
guess costs a page and never a device. What the pages say of each other is checked at the end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from .._model.imei import IMEI_DIGITS
from .paging import Listing, Page

T = TypeVar("T")

# Readers at once for each page that held devices: a list of two pages is not worth eight calls.
READERS_PER_PAGE = 2
# Guesses that may land where nothing is left to read: some, and one more for so many good ones.
GUESSES, FULL_A_GUESS = 2, 4


class Disorder(Exception):
    """The pages are not what the documented cursor would give, or contradict each other."""


def can_read_side_by_side(first: Page[T]) -> bool:
    """Tell from the first page whether the cursor may be what is documented."""
    return (
        first.more
        and bool(first.ids)
        and all(len(one) == IMEI_DIGITS and one.isascii() and one.isdigit() for one in first.ids)
        and _as_imei(first.cursor) == first.ids[-1]
    )


def read_side_by_side(
    first: Page[T], fetch: Callable[[str], Page[T]], *, connections: int
) -> Listing[T]:
    """Read the rest of a list, at most ``connections`` pages at once.

    :param fetch: gives the page after an IMEI.
    :raises Disorder: the whole list has to be read with one cursor.
    """
    ranges = Ranges(connections)
    pages: dict[int, Page[T]] = {}
    running: dict[Future[Page[T]], int] = {}

    def take(cursor: int, page: Page[T]) -> None:
        ranges.take(cursor, [_number(one) for one in page.ids], more=page.more)
        pages[cursor] = page

    ranges.next_cursor()
    take(0, first)
    with ThreadPoolExecutor(connections) as pool:
        try:
            while True:
                while (cursor := ranges.next_cursor()) is not None:
                    running[pool.submit(fetch, f"{cursor:0{IMEI_DIGITS}}")] = cursor
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    take(running.pop(future), future.result())
        finally:
            for future in running:
                future.cancel()
    ranges.check()
    items: list[T] = []
    last = ""
    for _cursor, page in sorted(pages.items()):
        for row_id, item in zip(page.ids, page.items, strict=True):
            if row_id > last:
                items.append(item)
                last = row_id
    return Listing(items=items, rest=first.rest)


def _as_imei(cursor: str) -> str:
    """A cursor as an IMEI; v1 gives it as a number, without zeros at its front."""
    return cursor.rjust(IMEI_DIGITS, "0")


def _number(imei: str) -> int:
    if len(imei) != IMEI_DIGITS or not (imei.isascii() and imei.isdigit()):
        raise Disorder(f"{imei!r} is no IMEI")
    return int(imei)


@dataclass
class _Span:
    """A part of the list that one reader goes through, from left to right.

    :ivar reached: everything up to this IMEI is read.
    :ivar end: where the next part begins; None for the last one.
    :ivar width: how far apart the first and last IMEI of a page are about here.
    """

    reached: int
    end: int | None
    width: int
    busy: bool = False
    done: bool = False

    def is_through(self) -> bool:
        return self.end is not None and self.reached >= self.end


class Ranges:
    """Which parts of a list are read, and where to read next. Knows numbers only."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._spans = [_Span(reached=0, end=None, width=1)]
        self._pages: list[tuple[int, Sequence[int], bool]] = []
        self._full = 0
        self._vain = 0

    def next_cursor(self) -> int | None:
        """Give the IMEI behind which to read the next page; None when there is none for now."""
        busy = sum(span.busy for span in self._spans)
        if busy >= min(self._connections, max(1, READERS_PER_PAGE * self._full)):
            return None
        idle = (span for span in self._spans if not span.busy and not span.done)
        span = next(idle, None) or self._split()
        if span is None:
            return None
        span.busy = True
        return span.reached

    def take(self, cursor: int, imeis: Sequence[int], *, more: bool) -> None:
        """Note what the page behind a cursor holds.

        :raises Disorder: it holds others, or they do not rise.
        """
        place = next(
            place for place, one in enumerate(self._spans) if one.busy and one.reached == cursor
        )
        span = self._spans[place]
        previous = cursor
        for imei in imeis:
            if imei <= previous:
                raise Disorder(f"{imei} comes after {previous}")
            previous = imei
        if more and not imeis:
            raise Disorder(f"an empty page after {cursor}, and more to come")
        self._pages.append((cursor, imeis, more))
        span.busy = False
        span.reached = previous
        span.done = span.done or not more or span.is_through()
        if imeis and (span.end is None or imeis[0] <= span.end):
            self._full += 1
        else:
            self._vain += 1
        if imeis:
            span.width = max(1, previous - imeis[0])
        for later in self._spans[place + 1 :]:
            if not later.busy:
                later.reached = max(later.reached, previous)
            later.done = later.done or not more or later.is_through()

    def check(self) -> None:
        """Compare every page with all others.

        :raises Disorder: one lacks an IMEI that another has, or promises more than there is.
        """
        found = sorted(set(chain.from_iterable(imeis for _cursor, imeis, _more in self._pages)))
        for cursor, imeis, more in self._pages:
            last = bisect_right(found, imeis[-1]) if more else len(found)
            whole = last - bisect_right(found, cursor) == len(imeis)
            if not whole or (more and last == len(found)):
                raise Disorder(f"pages differ in what comes after {cursor}")

    def _split(self) -> _Span | None:
        """Cut off a part where most pages seem to be left, for one more reader."""
        if self._vain > GUESSES + self._full // FULL_A_GUESS:
            return None
        ahead = max(1, self._full)
        best: tuple[float, int, int] | None = None
        for place, span in enumerate(self._spans):
            if not span.busy or span.done:
                continue
            beyond = span.reached + span.width
            # How far it goes on nobody knows: no farther than what was read so far.
            pages = float(ahead)
            cut = beyond + ahead * span.width
            if span.end is not None and (left := (span.end - beyond) / span.width) <= ahead:
                pages = left
                cut = beyond + (span.end - beyond) // 2
            if pages >= 1 and cut > beyond and (best is None or pages > best[0]):
                best = pages, place, cut
        if best is None:
            return None
        _pages, place, cut = best
        span = self._spans[place]
        if cut >= 10**IMEI_DIGITS:
            return None
        part = _Span(reached=cut, end=span.end, width=span.width)
        span.end = cut
        self._spans.insert(place + 1, part)
        return part
