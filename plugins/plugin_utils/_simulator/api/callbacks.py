# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback listeners: one for each account and version of the API (CONTRACT section 8)."""

from __future__ import annotations

import re
from typing import Any

from ..state.records import Listener
from .errors import invalid
from .exchange import Reply
from .wire import Call

SERVICE = "Fota"
# What is returned when there is no listener.
NOTHING = Reply(200)

_URL = re.compile(r"(https?)://[^/\s?#]+(?:[/?][^\s#]*)?", re.ASCII)


def list_v1(call: Call) -> Any:
    account = call.account
    listener = account.listeners.get("v1")
    if listener is None:
        return NOTHING
    row = {
        "aname": account.name,
        "name": SERVICE,
        "url": listener.url,
        **({"username": listener.username} if listener.username is not None else {}),
        **({"password": listener.password} if listener.password is not None else {}),
    }
    return [row] if call.state.switches["v1_callback_list"] == "array" else row


def register_v1(call: Call) -> dict[str, str]:
    account, body = call.account, call.body
    if body.text("name") != SERVICE:
        raise invalid("Invalid name")
    account.listeners["v1"] = Listener(
        _url(call, ("http", "https")),
        body.optional_text("username"),
        body.optional_text("password"),
    )
    call.state.outbox.on_listener()
    return {"accountName": account.name, "serviceName": SERVICE}


def deregister_v1(call: Call) -> dict[str, bool]:
    if call.params["service"] != SERVICE:
        raise invalid("Invalid service name")
    return deregister(call)


def get(call: Call) -> Any:
    listener = call.account.listeners.get(call.api)
    return NOTHING if listener is None else {"url": listener.url}


def register(call: Call) -> dict[str, str]:
    """Register a listener, or replace the one that is registered."""
    account, url = call.account, _url(call, ("https",))
    account.listeners[call.api] = Listener(url)
    call.state.outbox.on_listener()
    return {"url": url}


def deregister(call: Call) -> dict[str, bool]:
    if call.account.listeners.pop(call.api, None) is None:
        raise invalid("Callback is not registered")
    return {"success": True}


def _url(call: Call, schemes: tuple[str, ...]) -> str:
    url = call.body.text("url")
    found = _URL.fullmatch(url)
    if found is None or found[1] not in schemes:
        raise invalid("Invalid url")
    return url
