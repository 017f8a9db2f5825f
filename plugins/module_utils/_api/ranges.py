# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parallel reading of a list of devices.

The device cursor is documented as "IMEIs larger than this value" (contract section 9), so reading
can start anywhere in the list. The start of the next reader is estimated from the distance between
IMEIs on the pages read so far. Every page contains the devices after its start, so a bad estimate
costs a page but never loses a device. At the end, all pages are compared with each other.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from .._model.imei import IMEI_DIGITS
from .paging import Listing, Page

T = TypeVar("T")

# Parallel readers for each page with devices: a list of two pages does not need eight calls.
READERS_PER_PAGE = 5
# Distance, in pages, from the page being read to the start of the next reader: less than one, so
# that the reader before it does not need a call for the last few devices.
NEXT_READER = 0.95
# Minimum number of pages left in a part to use two readers.
FEWEST_PAGES = 1.5


class Disorder(Exception):
    """The pages do not match the documented cursor, or contradict each other."""


def can_read_side_by_side(first: Page[T]) -> bool:
    """Return whether the cursor of the first page matches the documentation."""
    return (
        first.more
        and bool(first.ids)
        and _are_imeis(first.ids)
        and _as_imei(first.cursor) == first.ids[-1]
    )


def read_side_by_side(
    first: Page[T], fetch: Callable[[str], Page[T]], *, connections: int
) -> Listing[T]:
    """Read the rest of a list, at most ``connections`` pages at once.

    :param fetch: returns the page after an IMEI.
    :raises Disorder: the whole list has to be read with one cursor.
    """
    ranges = Ranges(connections)
    pages: dict[int, Page[T]] = {}
    running: dict[Future[Page[T]], int] = {}

    def take(cursor: int, page: Page[T]) -> None:
        ranges.take(cursor, _numbers(page.ids), more=page.more)
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
        items += page.items[bisect_right(page.ids, last) :]
        last = max(last, *page.ids[-1:])
    return Listing(items=items, rest=first.rest)


def _as_imei(cursor: str) -> str:
    """A cursor as an IMEI; v1 returns it as a number, without leading zeros."""
    return cursor.rjust(IMEI_DIGITS, "0")


def _are_imeis(ids: Sequence[str]) -> bool:
    digits = "".join(ids)
    return set(map(len, ids)) <= {IMEI_DIGITS} and (
        not ids or (digits.isascii() and digits.isdigit())
    )


def _numbers(ids: Sequence[str]) -> list[int]:
    if not _are_imeis(ids):
        raise Disorder("a page contains ids that are not IMEIs")
    return list(map(int, ids))


@dataclass
class _Span:
    """A part of the list that one reader reads in ascending order.

    :ivar reached: everything up to this IMEI is read.
    :ivar end: where the next part starts; None for the last one.
    :ivar width: approximate distance between the first and last IMEI of a page here.
    """

    reached: int
    end: int | None
    width: int
    busy: bool = False
    done: bool = False

    def is_through(self) -> bool:
        return self.end is not None and self.reached >= self.end

    def pages_left(self) -> float:
        """Estimated number of pages after the next one."""
        if self.end is None:
            return math.inf
        return (self.end - self.reached) / self.width - 1


class Ranges:
    """The parts of a list being read, and where to read next; without I/O."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._spans = [_Span(reached=0, end=None, width=1)]
        self._pages: list[tuple[int, Sequence[int], bool]] = []
        self._full = 0
        self._vain = 0

    def next_cursor(self) -> int | None:
        """Return the IMEI after which to read the next page; None if there is none for now."""
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
        """Record the page after a cursor.

        :raises Disorder: its IMEIs are not ascending, or not larger than the cursor.
        """
        place = next(
            place for place, span in enumerate(self._spans) if span.busy and span.reached == cursor
        )
        span = self._spans[place]
        if any(map(operator.ge, [cursor, *imeis], imeis)):
            raise Disorder(f"the IMEIs after {cursor} are not ascending")
        previous = imeis[-1] if imeis else cursor
        if more and not imeis:
            raise Disorder(f"the page after {cursor} is empty, but not the last one")
        self._pages.append((cursor, imeis, more))
        span.busy = False
        span.reached = previous
        span.done = span.done or not more or span.is_through()
        if imeis and (span.end is None or imeis[0] <= span.end):
            self._full += 1
        else:
            self._vain += 1
        if imeis:
            # Estimate from the last part of the page.
            near = imeis[-(len(imeis) // 4 + 1) :]
            span.width = max(1, (previous - near[0]) * len(imeis) // len(near))
        for later in self._spans[place + 1 :]:
            later.done = later.done or not more
            if later.done or later.reached >= previous:
                continue
            # It started in a gap, or in a part that this page has already read.
            if later.busy:
                later.done = True
                later = _Span(reached=previous, end=later.end, width=span.width)
                if not later.is_through():
                    self._spans.insert(self._spans.index(span) + 1, later)
            later.reached = previous
            later.done = later.is_through()

    def check(self) -> None:
        """Compare every page with all others.

        :raises Disorder: a page lacks an IMEI of another page, or announces more than there is.
        """
        every = sorted(chain.from_iterable(imeis for _cursor, imeis, _more in self._pages))
        found = list(dict.fromkeys(every))
        for cursor, imeis, more in self._pages:
            last = bisect_right(found, imeis[-1]) if more else len(found)
            whole = last - bisect_right(found, cursor) == len(imeis)
            if not whole or (more and last == len(found)):
                raise Disorder(f"pages disagree on the IMEIs after {cursor}")

    def _split(self) -> _Span | None:
        """Split off a part for one more reader, if it is likely to contain devices."""
        if self._vain > self._full:
            return None
        busy = [span for span in self._spans if span.busy and not span.done]
        span = max(busy, key=_Span.pages_left, default=None)
        if span is None:
            return None
        beyond = span.reached + span.width
        if span.end is None:
            # IMEIs are clustered, so start close to the known ones.
            cut = beyond + int(span.width * NEXT_READER)
        elif span.pages_left() >= FEWEST_PAGES:
            cut = beyond + (span.end - beyond) // 2
        else:
            return None
        if not beyond < cut < 10**IMEI_DIGITS:
            return None
        part = _Span(reached=cut, end=span.end, width=span.width)
        span.end = cut
        self._spans.insert(self._spans.index(span) + 1, part)
        return part
