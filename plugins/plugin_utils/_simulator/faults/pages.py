# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of paged lists. ``rows`` makes pages small, so that a short list has several pages.

These faults, but for those of the flag, read the whole list from the service. A rule that changes
the content of a list or its flag must come before them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from ..api.exchange import Reply, Request, json_reply
from ..state.records import PAGE
from .fault import Fault, FaultContext, Parameter, altered, choice, integer

PAGED = frozenset(
    {
        *("v1ListDevices", "v1ListUpgradesByStatus", "v1GetLicenseStatus"),
        *("v2ListDevices", "v2ListCampaignsByStatus", "v2ListCampaignDevices"),
        *("v2GetLicenseStatus", "v3ListDevices", "v3ListCampaignDevices"),
        *("v3ListCampaignsByStatus", "v3ListCampaignsByStatusDocsPath"),
        *("v3GetLicenseStatus", "v3GetLicenseStatusDocsPath"),
    }
)
_LISTS = ("deviceList", "campaignList", "reportList")
_UNUSED_IMEI = 9 * 10**14

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _WholeList:
    """A whole list, and a reply as the template of its pages."""

    reply: Reply
    payload: dict[str, Any]
    rows: Rows

    def page(self, first: int, count: int, *, more: bool, cursor: Any = None) -> Reply:
        """A page of some rows. The default cursor is that of the last row."""
        rows = self.rows[max(0, first) : first + count]
        if cursor is None and rows:
            cursor = self._cursor_at(first + len(rows))
        name = _list_key(self.payload)
        changes = {
            _more_key(self.payload): more,
            _cursor_key(self.payload): "" if cursor is None else cursor,
            name: rows or ([] if name == "deviceList" else None),
        }
        return altered(self.reply, body=json_reply({**self.payload, **changes}).body)

    def after(self, cursor: str) -> int:
        """Index of the first row after a cursor."""
        if not cursor.strip("0"):
            return 0
        if self._counted:
            return int(cursor)
        ids = [_id(row).lstrip("0") for row in self.rows]
        wanted = cursor.lstrip("0").lower()
        return ids.index(wanted) + 1 if wanted in ids else len(ids)

    def _cursor_at(self, end: int) -> Any:
        if self._counted:
            return end
        name = _id(self.rows[end - 1])
        return int(name) if isinstance(self.payload[_cursor_key(self.payload)], int) else name

    @property
    def _counted(self) -> bool:
        """Whether the cursor is a record number."""
        return _cursor_key(self.payload) == "lastSeenUpgradeId"


def _paged(page: Callable[[FaultContext, _WholeList], Reply]) -> Callable[[FaultContext], Reply]:
    """A fault that needs the whole list; an error of the service is returned unchanged."""

    def apply(context: FaultContext) -> Reply:
        found = _whole(context)
        return found if isinstance(found, Reply) else page(context, found)

    return apply


def _whole(context: FaultContext) -> _WholeList | Reply:
    first = reply = context.call_without_faults(*_with_cursor(context, "lastSeen", "0"))
    rows: Rows = []
    while reply.status == 200:
        payload = json.loads(reply.body)
        rows += payload[_list_key(payload)] or []
        if not payload[_more_key(payload)]:
            return _WholeList(first, json.loads(first.body), rows)
        name = _cursor_key(payload)
        reply = context.call_without_faults(*_with_cursor(context, name, str(payload[name])))
    return reply


def _with_cursor(context: FaultContext, name: str, cursor: str) -> tuple[Request, dict[str, str]]:
    """The call with another cursor, in the path or in the query."""
    for key in ("startIndex", "lastSeenDeviceId"):
        if key in context.params:
            return context.request, {**context.params, key: cursor}
    query = parse_qsl(context.request.query_text, keep_blank_values=True)
    kept = [(key, value) for key, value in query if not key.startswith("lastSeen")]
    return replace(context.request, query_text=urlencode([*kept, (name, cursor)])), context.params


def _requested_cursor(context: FaultContext) -> str:
    """The cursor of the call; empty or zeros at the beginning."""
    for key in ("startIndex", "lastSeenDeviceId"):
        if key in context.params:
            return context.params[key]
    names = ("lastSeenCampaignId", "lastSeenDeviceId")
    return next((found for name in names if (found := context.request.query(name))), "")


def _more_key(payload: dict[str, Any]) -> str:
    return "hasMoreFlag" if "hasMoreFlag" in payload else "hasMoreData"


def _cursor_key(payload: dict[str, Any]) -> str:
    return next(key for key in payload if key.startswith("lastSeen"))


def _list_key(payload: dict[str, Any]) -> str:
    return next(key for key in _LISTS if key in payload)


def _id(row: dict[str, Any]) -> str:
    return str(row["deviceId"] if "deviceId" in row else row["id"])


# -- the faults -----------------------------------------------------------------------------------


def _short_pages(context: FaultContext, found: _WholeList) -> Reply:
    first, count = found.after(_requested_cursor(context)), context.values["rows"]
    return found.page(first, count, more=first + count < len(found.rows))


def _repeated_page(context: FaultContext, found: _WholeList) -> Reply:
    return found.page(0, context.values["rows"], more=bool(found.rows))


def _overlapping_pages(context: FaultContext, found: _WholeList) -> Reply:
    begin, count = found.after(_requested_cursor(context)), context.values["rows"]
    first = max(0, begin - count)
    return found.page(first, begin - first + count, more=begin + count < len(found.rows))


def _shuffled_pages(context: FaultContext, found: _WholeList) -> Reply:
    def position(row: dict[str, Any]) -> float:
        # One random number per row, so that a list that grows between pages keeps its order.
        return random.Random(f"{context.seed}/{_id(row)}").random()

    return _short_pages(context, replace(found, rows=sorted(found.rows, key=position)))


def _endless_cursor(context: FaultContext, found: _WholeList) -> Reply:
    number = context.number if context.values["cursor"] == "new" else 1
    cursor: Any = str(UUID(int=number))
    if "campaignList" not in found.payload:
        cursor = _UNUSED_IMEI + number
        if not isinstance(found.payload[_cursor_key(found.payload)], int):
            cursor = str(cursor)
    return found.page(0, context.values["rows"], more=True, cursor=cursor)


def _spelled_flag(context: FaultContext) -> Reply:
    def spelled(more: bool) -> Any:  # noqa: FBT001
        return int(more) if context.values["spelling"] == "number" else str(more).lower()

    return context.changed(lambda page: {**page, _more_key(page): spelled(page[_more_key(page)])})


def _missing_flag(context: FaultContext) -> Reply:
    def without(page: dict[str, Any]) -> dict[str, Any]:
        name = _more_key(page)
        if context.values["value"] == "null":
            return {**page, name: None}
        return {key: value for key, value in page.items() if key != name}

    return context.changed(without)


def _rows(default: int) -> Parameter:
    return Parameter("rows", default, integer(1))


FAULTS = (
    Fault(
        "short_pages",
        _paged(_short_pages),
        "pages have few rows",
        (_rows(10),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "repeated_page",
        _paged(_repeated_page),
        "the first page with few rows for any cursor, and a flag that more follow",
        (_rows(10),),
        times=2,
        operations=PAGED,
    ),
    Fault(
        "overlapping_pages",
        _paged(_overlapping_pages),
        "each page starts with the rows of the page before",
        (_rows(10),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "shuffled_pages",
        _paged(_shuffled_pages),
        "the list has a random order, which depends on the seed of the rule",
        (_rows(PAGE),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "endless_cursor",
        _paged(_endless_cursor),
        "always the first page and a flag that more follow, with the same or a new cursor",
        (_rows(PAGE), Parameter("cursor", "same", choice("same", "new"))),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "spelled_flag",
        _spelled_flag,
        "the flag that more rows follow is a number (1 or 0) or text (true or false)",
        (Parameter("spelling", "number", choice("number", "text")),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "missing_flag",
        _missing_flag,
        "the flag that more rows follow is null or absent",
        (Parameter("value", "null", choice("null", "absent")),),
        times=None,
        operations=PAGED,
    ),
)
