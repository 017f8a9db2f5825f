# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list read side by side: whole and in order, or known not to be."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._api.paging import Page
from ansible_collections.thingspace.fota.plugins.module_utils._api.ranges import (
    Disorder,
    Ranges,
    can_read_side_by_side,
    read_side_by_side,
)

SIZE = 1000


@dataclass
class List:
    """A list of devices as the service pages it, by IMEIs larger than the cursor.

    :ivar lost: IMEIs that are missing on every page that does not begin right before them.
    """

    imeis: list[int]
    size: int = SIZE
    lost: frozenset[int] = frozenset()
    asked: list[int] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._now = 0
        self._lock = threading.Lock()

    def page(self, cursor: int) -> tuple[list[int], bool]:
        start = bisect_right(self.imeis, cursor)
        rows = self.imeis[start : start + self.size]
        found = [imei for imei in rows if imei not in self.lost or imei == rows[0]]
        return found, start + self.size < len(self.imeis)

    def fetch(self, cursor: str | None) -> Page[int]:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.asked.append(int(cursor or 0))
        found, more = self.page(int(cursor or 0))
        ids = [f"{imei:015}" for imei in found]
        with self._lock:
            self._now -= 1
        return Page(ids=ids, items=found, more=more, cursor=ids[-1] if ids else "", rest={})

    def read(self, connections: int = 8) -> list[int]:
        first = self.fetch(None)
        if not first.more:
            return list(first.items)
        return read_side_by_side(first, self.fetch, connections=connections).items


def spread(count: int, *, start: int = 350_000_000_000_000, step: int = 7) -> list[int]:
    return [start + number * step for number in range(count)]


# Where devices of several makes are in one account, IMEIs come in far clusters.
CLUSTERS = [
    *spread(9_000, start=11_000_000_000_000, step=1),
    *spread(400, start=351_000_000_000_000, step=90_001),
    *spread(30_000, start=352_000_000_000_000, step=3),
    *spread(11_000, start=990_000_000_000_000, step=1000),
]

# A guess behind a page is always in the sea.
ISLANDS = [
    imei for isle in range(1, 41) for imei in spread(SIZE, start=isle * 10_000_000_000_000, step=1)
]


@pytest.mark.parametrize(
    ("imeis", "most"),
    [
        pytest.param(spread(1_500), 6, id="two pages"),
        pytest.param(spread(50_000), 80, id="50 pages"),
        pytest.param(spread(50_000, step=9_999_999), 80, id="50 pages far apart"),
        pytest.param(CLUSTERS, 120, id="clusters"),
        pytest.param(ISLANDS, 100, id="islands"),
        pytest.param([10**15 - 1 - n for n in range(20_000)][::-1], 30, id="at the last IMEI"),
    ],
)
@pytest.mark.parametrize("connections", [1, 2, 8])
def test_a_list_is_whole_in_order_and_few_pages_are_read_twice(
    imeis: list[int], most: int, connections: int
) -> None:
    pages = List(imeis)
    assert pages.read(connections) == imeis
    assert len(pages.asked) <= most
    assert pages.most_at_once <= connections


def test_rounds_are_few() -> None:
    """With eight readers that all take the same time, 50 pages come in nine rounds."""
    pages, ranges, rounds = List(spread(50_000)), Ranges(8), 0
    while cursors := list(iter(ranges.next_cursor, None)):
        rounds += 1
        for cursor in cursors:
            found, more = pages.page(cursor)
            ranges.take(cursor, found, more=more)
    ranges.check()
    assert rounds <= 9


sparse = st.lists(st.integers(1, 10**15 - 1), unique=True, max_size=60).map(sorted)
dense = st.builds(
    lambda start, steps: [start + sum(steps[: place + 1]) for place in range(len(steps))],
    st.integers(1, 9 * 10**14),
    st.lists(st.integers(1, 4), max_size=60),
)


@settings(max_examples=150)
@given(sparse | dense, st.integers(1, 9), st.integers(1, 9), st.randoms(use_true_random=False))
def test_any_list_is_read_whole_in_any_order_of_replies(
    imeis: list[int], size: int, connections: int, dice: object
) -> None:
    pages, ranges = List(imeis, size), Ranges(connections)
    found: set[int] = set()
    waiting: list[int] = []
    asked = 0
    while True:
        while (cursor := ranges.next_cursor()) is not None:
            waiting.append(cursor)
        if not waiting:
            break
        assert len(waiting) == len(set(waiting)) <= connections
        cursor = waiting.pop(dice.randrange(len(waiting)))  # type: ignore[attr-defined]
        rows, more = pages.page(cursor)
        ranges.take(cursor, rows, more=more)
        found.update(rows)
        asked += 1
        assert asked <= 3 * (len(imeis) // size + 1) + 3 * connections, "it never ends"
    ranges.check()
    assert sorted(found) == imeis


@settings(max_examples=60)
@given(st.sets(st.integers(1, 5_998), min_size=1, max_size=5))
def test_pages_that_lack_devices_never_pass_for_the_whole(places: set[int]) -> None:
    """A device that shows on some pages only is there, or the pages are known to differ."""
    imeis = spread(6_000)
    pages = List(imeis, size=100, lost=frozenset(imeis[place] for place in places))
    try:
        found = pages.read()
    except Disorder:
        return
    # What no page that was read has shown, one cursor would not have shown either.
    shown = {imei for cursor in pages.asked for imei in pages.page(cursor)[0]}
    assert found == sorted(shown)


def disordered(page: Page[int]) -> bool:
    """Whether a page in answer to a guessed cursor is seen to be none of the documented kind."""
    pages = List(spread(5_000))
    first = pages.fetch(None)
    given = {first.cursor}

    def fetch(cursor: str) -> Page[int]:
        found = pages.fetch(cursor) if cursor in given else page
        given.add(found.cursor)
        return found

    with pytest.raises(Disorder):
        read_side_by_side(first, fetch, connections=8)
    return True


def a_page(imeis: Iterable[int], *, more: bool = True) -> Page[int]:
    ids = [f"{imei:015}" for imei in imeis]
    return Page(ids=ids, items=list(imeis), more=more, cursor=ids[-1] if ids else "", rest={})


def test_other_kinds_of_cursors_are_noticed() -> None:
    assert disordered(a_page(spread(SIZE)))  # from the beginning
    assert disordered(a_page([]))  # nothing, and more to come
    assert disordered(a_page([], more=False))  # nothing
    assert disordered(a_page(reversed(spread(5_000)[3_000:4_000])))  # no order
    assert disordered(a_page(spread(5_000)[4_500:4_501], more=False))  # a part


@pytest.mark.parametrize("imeis", [[5, 7, 6], [5, 5], [3, 4], [2, 9]])
def test_a_page_that_does_not_rise_from_its_cursor_is_refused_at_once(imeis: list[int]) -> None:
    ranges = Ranges(1)
    ranges.next_cursor()
    ranges.take(0, [1, 2, 3], more=True)
    assert ranges.next_cursor() == 3
    with pytest.raises(Disorder, match="after 3 are not ascending"):
        ranges.take(3, imeis, more=True)


def test_a_first_page_tells_whether_it_is_worth_it() -> None:
    good = List(spread(3_000)).fetch(None)
    assert can_read_side_by_side(good)
    number = Page(ids=["000000000000007"], items=[7], more=True, cursor="7", rest={})
    assert can_read_side_by_side(number)
    for other in (
        Page(ids=good.ids, items=good.items, more=False, cursor=good.cursor, rest={}),
        Page(ids=good.ids, items=good.items, more=True, cursor="next-1", rest={}),
        Page(ids=good.ids, items=good.items, more=True, cursor="", rest={}),
        Page(ids=["A1000049A0B1C2"], items=[1], more=True, cursor="A1000049A0B1C2", rest={}),
        Page(ids=[], items=[], more=True, cursor="1", rest={}),
    ):
        assert not can_read_side_by_side(other)
