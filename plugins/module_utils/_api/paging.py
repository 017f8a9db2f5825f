# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursor paging of every version (contract section 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._client.errors import UnexpectedReply
from .._model.errors import MalformedReply
from .._model.wire import as_row, as_rows, flag, text

Row = Mapping[str, object]


@dataclass(frozen=True)
class PageShape:
    """Where a page keeps its rows and its cursor.

    :ivar cursor: the member to feed back; also the name of the query that takes it.
    :ivar row_id: members that identify a row; a row seen twice is taken once.
    """

    rows: str
    cursor: str
    row_id: tuple[str, ...]


DEVICE_PAGES = PageShape(rows="deviceList", cursor="lastSeenDeviceId", row_id=("deviceId",))
CAMPAIGN_PAGES = PageShape(
    rows="campaignList", cursor="lastSeenCampaignId", row_id=("id", "campaignId")
)
UPGRADE_PAGES = PageShape(rows="reportList", cursor="lastSeenUpgradeId", row_id=("id",))


# Pages in a row that bring nothing new although there is more: lists move while they are read.
MOST_BARREN_PAGES = 20


@dataclass(frozen=True)
class Listing:
    """All rows of a list in the order of the service, each once, and its last page."""

    rows: list[Row]
    last_page: Row


def read_all_pages(
    fetch: Callable[[str | None], object], shape: PageShape, operation: str
) -> Listing:
    """Read every page of a list, feeding back the cursor while there is more.

    :param fetch: gives the raw page after a cursor; None asks for the first page.
    :raises UnexpectedReply: the cursor repeats or is missing although there is more, or page after
        page brings nothing new, so the list can never be complete.
    :raises MalformedReply: a page is no page, or a row cannot be told from others.
    """
    found: dict[str, Row] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    barren = 0
    while True:
        page = as_row(fetch(cursor), operation)
        before = len(found)
        for row in as_rows(page.get(shape.rows), f"{operation} {shape.rows}"):
            row_id = text(row, *shape.row_id)
            if not row_id:
                raise MalformedReply(f"{operation} {shape.rows}: a row has no {shape.row_id[0]}")
            found.setdefault(row_id, row)
        if not flag(page, "hasMoreData", "hasMoreFlag"):
            return Listing(rows=list(found.values()), last_page=page)
        cursor = text(page, shape.cursor)
        barren = barren + 1 if len(found) == before else 0
        if not cursor or cursor in cursors or barren >= MOST_BARREN_PAGES:
            raise UnexpectedReply(
                f"{operation}: the list never ends: after {len(found)} rows the service says that"
                f" there is more, but its cursor {cursor!r} "
                + ("leads to nothing new" if cursor else "is missing"),
                operation=operation,
                hint="nothing was decided on a part of the list; run again later",
            )
        cursors.add(cursor)
