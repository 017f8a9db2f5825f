# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of lists in pages. ``rows`` makes pages small, so that a short list has several.

These read the list from the service itself: of several rules for one call, one that changes what a
list holds goes before them.
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
from .fault import Fault, Parameter, Scene, choice, damaged, whole

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
_NEVER_A_DEVICE = 9 * 10**14

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _List:
    """A whole list, and the reply whose members say how a page of it is written."""

    reply: Reply
    payload: dict[str, Any]
    rows: Rows

    def page(self, first: int, count: int, *, more: bool, cursor: Any = None) -> Reply:
        """Some rows. The cursor is the last one's unless one is given."""
        rows = self.rows[max(0, first) : first + count]
        if cursor is None and rows:
            cursor = self._cursor_at(first + len(rows))
        name = _list(self.payload)
        changes = {
            _flag(self.payload): more,
            _cursor(self.payload): "" if cursor is None else cursor,
            name: rows or ([] if name == "deviceList" else None),
        }
        return damaged(self.reply, body=json_reply({**self.payload, **changes}).body)

    def after(self, cursor: str) -> int:
        """Where the rows behind a cursor begin."""
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
        return int(name) if isinstance(self.payload[_cursor(self.payload)], int) else name

    @property
    def _counted(self) -> bool:
        """Whether the cursor is a record number."""
        return _cursor(self.payload) == "lastSeenUpgradeId"


def _paged(page: Callable[[Scene, _List], Reply]) -> Callable[[Scene], Reply]:
    """A fault that needs the whole list; whoever may not read it is told so undisturbed."""

    def act(scene: Scene) -> Reply:
        found = _whole(scene)
        return found if isinstance(found, Reply) else page(scene, found)

    return act


def _whole(scene: Scene) -> _List | Reply:
    first = reply = scene.undisturbed(*_asking(scene, "lastSeen", "0"))
    rows: Rows = []
    while reply.status == 200:
        payload = json.loads(reply.body)
        rows += payload[_list(payload)] or []
        if not payload[_flag(payload)]:
            return _List(first, json.loads(first.body), rows)
        name = _cursor(payload)
        reply = scene.undisturbed(*_asking(scene, name, str(payload[name])))
    return reply


def _asking(scene: Scene, name: str, cursor: str) -> tuple[Request, dict[str, str]]:
    """The call with another cursor, which stands in the path or in the query."""
    for key in ("startIndex", "lastSeenDeviceId"):
        if key in scene.params:
            return scene.request, {**scene.params, key: cursor}
    query = parse_qsl(scene.request.query_text, keep_blank_values=True)
    kept = [(key, value) for key, value in query if not key.startswith("lastSeen")]
    return replace(scene.request, query_text=urlencode([*kept, (name, cursor)])), scene.params


def _asked(scene: Scene) -> str:
    """The cursor of the call, empty or zeros for the beginning."""
    for key in ("startIndex", "lastSeenDeviceId"):
        if key in scene.params:
            return scene.params[key]
    names = ("lastSeenCampaignId", "lastSeenDeviceId")
    return next((found for name in names if (found := scene.request.query(name))), "")


def _flag(payload: dict[str, Any]) -> str:
    return "hasMoreFlag" if "hasMoreFlag" in payload else "hasMoreData"


def _cursor(payload: dict[str, Any]) -> str:
    return next(key for key in payload if key.startswith("lastSeen"))


def _list(payload: dict[str, Any]) -> str:
    return next(key for key in _LISTS if key in payload)


def _id(row: dict[str, Any]) -> str:
    return str(row["deviceId"] if "deviceId" in row else row["id"])


# -- the faults -----------------------------------------------------------------------------------


def _short_pages(scene: Scene, found: _List) -> Reply:
    first, count = found.after(_asked(scene)), scene.values["rows"]
    return found.page(first, count, more=first + count < len(found.rows))


def _repeated_page(scene: Scene, found: _List) -> Reply:
    return found.page(0, scene.values["rows"], more=bool(found.rows))


def _overlapping_pages(scene: Scene, found: _List) -> Reply:
    begin, count = found.after(_asked(scene)), scene.values["rows"]
    first = max(0, begin - count)
    return found.page(first, begin - first + count, more=begin + count < len(found.rows))


def _shuffled_pages(scene: Scene, found: _List) -> Reply:
    def place(row: dict[str, Any]) -> float:
        # By each row's own dice, so that a list that grows between two pages keeps its order.
        return random.Random(f"{scene.seed}/{_id(row)}").random()

    return _short_pages(scene, replace(found, rows=sorted(found.rows, key=place)))


def _endless_cursor(scene: Scene, found: _List) -> Reply:
    number = scene.number if scene.values["cursor"] == "new" else 1
    cursor: Any = str(UUID(int=number))
    if "campaignList" not in found.payload:
        cursor = _NEVER_A_DEVICE + number
        if not isinstance(found.payload[_cursor(found.payload)], int):
            cursor = str(cursor)
    return found.page(0, scene.values["rows"], more=True, cursor=cursor)


def _rows(default: int) -> Parameter:
    return Parameter("rows", default, whole(1))


FAULTS = (
    Fault(
        "short_pages",
        _paged(_short_pages),
        "pages hold few rows",
        (_rows(10),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "repeated_page",
        _paged(_repeated_page),
        "the first page, with few rows and more to come, whatever the cursor",
        (_rows(10),),
        times=2,
        operations=PAGED,
    ),
    Fault(
        "overlapping_pages",
        _paged(_overlapping_pages),
        "each page begins with the rows of the page before",
        (_rows(10),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "shuffled_pages",
        _paged(_shuffled_pages),
        "the list comes in an order of its own, which depends on the rule's seed",
        (_rows(PAGE),),
        times=None,
        operations=PAGED,
    ),
    Fault(
        "endless_cursor",
        _paged(_endless_cursor),
        "the first page for ever, always with more to come behind the same or a new cursor",
        (_rows(PAGE), Parameter("cursor", "same", choice("same", "new"))),
        times=None,
        operations=PAGED,
    ),
)
