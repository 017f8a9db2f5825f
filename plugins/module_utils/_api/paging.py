# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursor paging of every version (contract section 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from .._client.errors import UnexpectedReply
from .._model.errors import MalformedReply
from .._model.text import count, visible
from .._model.wire import as_object, as_row, as_rows, boolean, number, text

T = TypeVar("T")

Row = Mapping[str, object]


@dataclass(frozen=True)
class PageShape:
    """Keys of the rows and the cursor of a page.

    :ivar cursor: the key of the cursor; also the name of its query parameter.
    :ivar row_id: keys that identify a row; a duplicate row is used once.
    :ivar by_imei: the cursor is documented as "IMEIs larger than this value".
    :ivar count: the key of the number of all rows; only with 0 may a page have no rows member.
    """

    rows: str
    cursor: str
    row_id: tuple[str, ...]
    by_imei: bool = False
    count: str = ""


DEVICE_PAGES = PageShape(
    rows="deviceList", cursor="lastSeenDeviceId", row_id=("deviceId",), by_imei=True
)
# An account can have several lines whose device has no IMEI, so the MDN also identifies a row.
ACCOUNT_DEVICE_PAGES = replace(DEVICE_PAGES, row_id=("deviceId", "mdn"))
# The only pages whose rows member is optional in the contract.
LICENSE_PAGES = replace(DEVICE_PAGES, count="assignedLicenses")
CAMPAIGN_PAGES = PageShape(
    rows="campaignList", cursor="lastSeenCampaignId", row_id=("id", "campaignId")
)
UPGRADE_PAGES = PageShape(rows="reportList", cursor="lastSeenUpgradeId", row_id=("id",))

MORE_FLAGS = ("hasMoreData", "hasMoreFlag")
# Number of rows of a full page; the service may announce fewer (``maxPageSize``).
FULL_PAGE = 1000
_LONGEST_VALUE = 40

# Consecutive pages without new rows to accept: lists can change while they are read.
MOST_BARREN_PAGES = 20


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page, its rows read into records.

    :ivar ids: ids of ``items``, in the order of the service, possibly with duplicates.
    :ivar cursor: cursor of the next page; empty if the service returns none.
    :ivar rest: other keys of the page.
    """

    ids: Sequence[str] = field(repr=False)
    items: Sequence[T] = field(repr=False)
    more: bool
    cursor: str
    rest: Row


@dataclass(frozen=True)
class Listing(Generic[T]):
    """All records of a list in the order of the service, without duplicates.

    :ivar rest: other keys of a page, such as totals.
    """

    items: list[T]
    rest: Row


def read_page(
    raw: object, shape: PageShape, operation: str, read: Callable[[list[Row]], Sequence[T]]
) -> Page[T]:
    """Read a raw page: an object with its rows (a list or null) and whether more pages follow.

    :param read: converts rows to records, one for each row.
    :raises MalformedReply: it is not a page, or a row has no id.
    """
    page = as_row(raw, operation)
    if not (shape.count and number(page, shape.count) == 0):
        as_object(page, operation, shape.rows)
    rows = as_rows(page.get(shape.rows), f"{operation} {shape.rows}")
    ids = [text(row, *shape.row_id) for row in rows]
    if not all(ids):
        raise MalformedReply(f"{operation} {shape.rows}: a row has no {' or '.join(shape.row_id)}")
    return Page(
        ids=ids,
        items=read(rows),
        more=_more_follow(page, shape, len(rows), operation),
        cursor=text(page, shape.cursor),
        rest={name: value for name, value in page.items() if name != shape.rows},
    )


def _more_follow(page: Row, shape: PageShape, rows: int, operation: str) -> bool:
    """Return whether more pages follow.

    v2 and v3 always send the flag. In v1 it is optional, but there a cursor of 0 also says that
    the list is complete (contract section 9), so a page without a flag is only accepted with that
    cursor, and only if it is not full. Anything else could be the beginning of a longer list.
    """
    sent = [page[key] for key in MORE_FLAGS if page.get(key) is not None]
    flags = [boolean(value) for value in sent]
    if flags and None not in flags:
        return any(flags)
    full = min(number(page, "maxPageSize") or FULL_PAGE, FULL_PAGE)
    if not sent and text(page, shape.cursor) == "0" and rows < full:
        return False
    raise MalformedReply(
        f"{operation}: expected a JSON boolean in {' or '.join(MORE_FLAGS)}, got"
        f" {_shortened(sent[0]) if sent else 'none'}, so it is unknown whether more rows follow"
        f" after these {rows}"
    )


def _shortened(value: object) -> str:
    return visible(repr(value)[:_LONGEST_VALUE])


def read_all_pages(
    fetch: Callable[[str | None], Page[T]], operation: str, *, first: Page[T] | None = None
) -> Listing[T]:
    """Read all pages of a list with its cursor.

    :param fetch: returns the page after a cursor; None requests the first page.
    :param first: the first page, if it was already read.
    :raises UnexpectedReply: the cursor repeats or is missing although there are more pages, or too
        many pages have no new rows, so the list cannot be completed.
    """
    found: dict[str, T] = {}
    cursors: set[str] = set()
    page = fetch(None) if first is None else first
    barren = 0
    while True:
        before = len(found)
        for row_id, item in zip(page.ids, page.items, strict=True):
            found.setdefault(row_id, item)
        if not page.more:
            return Listing(items=list(found.values()), rest=page.rest)
        barren = barren + 1 if len(found) == before else 0
        if not page.cursor or page.cursor in cursors or barren >= MOST_BARREN_PAGES:
            raise UnexpectedReply(
                f"{operation}: the list never ends: after"
                f" {count(len(found), 'row')} the service reports"
                f" more rows, but its cursor {page.cursor!r} "
                + ("returns no new rows" if page.cursor else "is missing"),
                operation=operation,
                hint="Nothing was decided from the incomplete list. Run again later.",
            )
        cursors.add(page.cursor)
        page = fetch(page.cursor)
