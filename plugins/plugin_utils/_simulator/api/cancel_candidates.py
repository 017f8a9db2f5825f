# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancellation candidates of v1 and v2: the devices that lose their licenses first."""

from __future__ import annotations

from typing import Any

from ..state.clock import go_text, rfc3339
from ..state.records import PAGE
from .errors import invalid
from .wire import Call


def create(call: Call) -> dict[str, Any]:
    """Replace the list, or extend it. Devices without a license are left out."""
    account, body = call.account, call.body
    verb = body.optional_text("type")
    if verb not in (None, "append"):
        raise invalid("Invalid type")
    licensed = frozenset(account.licensed_imeis().ascending())
    before = account.cancel_candidates if verb == "append" else {}
    added = dict.fromkeys(imei for imei in body.devices() if imei in licensed)
    account.cancel_candidates = {**before, **added}
    account.updated = call.state.now
    listed = list(account.cancel_candidates)
    return {"count": len(listed), "deviceList": listed}


def delete(call: Call) -> dict[str, bool]:
    """Delete the whole list."""
    account = call.account
    account.cancel_candidates = {}
    account.updated = call.state.now
    return {"success": True}


def list_v1(call: Call) -> dict[str, Any]:
    return _page(call, int(call.number("startIndex")), rfc3339(call.account.updated))


def list_v2(call: Call) -> dict[str, Any]:
    start = call.request.query("startIndex") or "0"
    if not (start.isascii() and start.isdigit() and len(start) <= 18):
        raise invalid("Invalid index value")
    return _page(call, int(start), go_text(call.account.updated))


def _page(call: Call, first: int, updated: str) -> dict[str, Any]:
    """The page from a record number on. It has no cursor."""
    listed = list(call.account.cancel_candidates)
    return {
        "count": len(listed),
        "hasMoreData": len(listed) > first + PAGE,
        "updateTime": updated,
        "deviceList": listed[first : first + PAGE],
    }
