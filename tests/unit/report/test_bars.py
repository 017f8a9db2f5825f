# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bars of devices: as wide as they should be, and nobody is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.bars import (
    ASCII,
    BLOCKS,
    draw_bar,
    prints_blocks,
)

NUMBER = st.integers(0, 100_000)


@pytest.mark.parametrize(
    ("counts", "bar"),
    [
        ((10, 0, 10, 20), "[##########----------]"),
        ((20, 0, 0, 20), "[####################]"),
        ((999, 1, 0, 1000), "[###################x]"),
        ((0, 0, 5, 20), "[-----...............]"),
        ((1, 1, 1, 100_000), "[#x-.................]"),
        ((0, 0, 0, 0), "[....................]"),
    ],
)
def test_a_bar(counts: tuple[int, int, int, int], bar: str) -> None:
    assert draw_bar(*counts, ascii_=True) == bar


@given(NUMBER, NUMBER, NUMBER, NUMBER, st.integers(1, 100))
def test_whoever_is_there_has_a_character(
    verified: int, failed: int, pending: int, other: int, width: int
) -> None:
    total = verified + failed + pending + other
    bar = draw_bar(verified, failed, pending, total, width=width, ascii_=True)[1:-1]
    assert len(bar) == max(width, 4)
    there = (verified, failed, pending, other if total else 1)
    for mark, number in zip(ASCII, there, strict=True):
        assert (mark in bar) == (number > 0)
    assert list(bar) == sorted(bar, key=ASCII.index)


def test_blocks_are_the_same_bar() -> None:
    table = str.maketrans(ASCII, BLOCKS)
    counts = (7, 2, 5, 30)
    assert draw_bar(*counts, ascii_=False) == draw_bar(*counts, ascii_=True).translate(table)


@pytest.mark.parametrize(
    ("encoding", "prints"),
    [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False), ("no-such", False)],
)
def test_blocks_only_where_they_can_be_printed(encoding: str | None, *, prints: bool) -> None:
    assert prints_blocks(encoding) is prints
