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

# Readers at once for each page that held devices: a list of two pages is not worth eight calls.
READERS_PER_PAGE = 5
# How many pages behind the page that is being read the next reader begins: less than one, so that
# the reader before it has no page to ask for the last few devices.
NEXT_READER = 0.95
# What is left of a part, in pages, to be worth two readers.
FEWEST_PAGES = 1.5


class Disorder(Exception):
    """The pages are not what the documented cursor would give, or contradict each other."""


def can_read_side_by_side(first: Page[T]) -> bool:
    """Tell from the first page whether the cursor may be what is documented."""
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

    :param fetch: gives the page after an IMEI.
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
    """A cursor as an IMEI; v1 gives it as a number, without zeros at its front."""
    return cursor.rjust(IMEI_DIGITS, "0")


def _are_imeis(ids: Sequence[str]) -> bool:
    digits = "".join(ids)
    return set(map(len, ids)) <= {IMEI_DIGITS} and (
        not ids or (digits.isascii() and digits.isdigit())
    )


def _numbers(ids: Sequence[str]) -> list[int]:
    if not _are_imeis(ids):
        raise Disorder("a page holds what is no IMEI")
    return list(map(int, ids))


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

    def pages_left(self) -> float:
        """How many pages there are behind the next one, if IMEIs go on as they did."""
        if self.end is None:
            return math.inf
        return (self.end - self.reached) / self.width - 1


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
        if any(map(operator.ge, [cursor, *imeis], imeis)):
            raise Disorder(f"the IMEIs after {cursor} do not rise")
        previous = imeis[-1] if imeis else cursor
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
            # By what is nearest to where it goes on.
            near = imeis[-(len(imeis) // 4 + 1) :]
            span.width = max(1, (previous - near[0]) * len(imeis) // len(near))
        for later in self._spans[place + 1 :]:
            later.done = later.done or not more
            if later.done or later.reached >= previous:
                continue
            # It began where nothing is, or where this page has read already.
            if later.busy:
                later.done = True
                later = _Span(reached=previous, end=later.end, width=span.width)
                if not later.is_through():
                    self._spans.insert(self._spans.index(span) + 1, later)
            later.reached = previous
            later.done = later.is_through()

    def check(self) -> None:
        """Compare every page with all others.

        :raises Disorder: one lacks an IMEI that another has, or promises more than there is.
        """
        every = sorted(chain.from_iterable(imeis for _cursor, imeis, _more in self._pages))
        found = list(dict.fromkeys(every))
        for cursor, imeis, more in self._pages:
            last = bisect_right(found, imeis[-1]) if more else len(found)
            whole = last - bisect_right(found, cursor) == len(imeis)
            if not whole or (more and last == len(found)):
                raise Disorder(f"pages differ in what comes after {cursor}")

    def _split(self) -> _Span | None:
        """Cut off a part for one more reader, where it hardly lands where nothing is left."""
        if self._vain > self._full:
            return None
        busy = [span for span in self._spans if span.busy and not span.done]
        span = max(busy, key=_Span.pages_left, default=None)
        if span is None:
            return None
        beyond = span.reached + span.width
        if span.end is None:
            # IMEIs come in clusters, so a guess is never far from what is known.
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
