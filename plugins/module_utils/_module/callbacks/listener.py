# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and results of callback listeners.

No URL is shown, as whoever knows it can send messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..._model.callback import Listener
from ..._model.errors import InvalidValue
from ..._model.text import visible

VERSION_OPTION: dict[str, Any] = {"type": "str", "choices": ["v1", "v2", "v3"], "default": "v3"}
HIDDEN = "(hidden)"

_PORTS = {"http": 80, "https": 443}
# What the service documents for the callbacks of its connectivity API.
_KNOWN_PORTS = frozenset(
    {80, 443, *range(9001, 9007), *range(50551, 50560), *range(28200, 28221)},
)
_LONGEST_URL = 2000


def read_listener_option(params: Mapping[str, Any]) -> tuple[Listener | None, list[str]]:
    """Read the declared listener; None when no URL is declared.

    :returns: the listener and warnings for people.
    :raises InvalidValue: an option cannot be used. The error shows neither URL nor password.
    """
    version = params["api_version"]
    username, password = (
        params.get("callback_username") or "",
        params.get("callback_password") or "",
    )
    for option, value in (("callback_username", username), ("callback_password", password)):
        if value and version != "v1":
            raise InvalidValue(option, HIDDEN, "needs api_version v1; v2 and v3 send only the URL")
    url = params.get("url")
    if not url:
        return None, []
    schemes = ("http", "https") if version == "v1" else ("https",)
    port = _check_url(url, schemes)
    warnings = []
    if port not in _KNOWN_PORTS:
        warnings.append(f"url: the service may not send messages to port {port}")
    return Listener(url, username, password), warnings


def _check_url(url: str, schemes: tuple[str, ...]) -> int:
    """Give the port of a URL that the service can call."""
    if len(url) > _LONGEST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        raise _refused(f"must be ASCII without spaces, at most {_LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("must be a URL") from error
    if parts.scheme not in schemes or not parts.hostname:
        raise _refused(
            f"must start with {' or '.join(f'{name}://' for name in schemes)} and a host"
        )
    if parts.fragment:
        raise _refused("must not have a fragment (#)")
    if port == 0:
        raise _refused("must not have port 0")
    return port or _PORTS[parts.scheme]


def _refused(reason: str) -> InvalidValue:
    return InvalidValue("url", HIDDEN, reason)


def view_listener(listener: Listener | None, declared: Listener | None) -> dict[str, Any]:
    """Give a listener as a module result, without its URL and password."""
    if listener is None:
        return {
            "registered": False,
            "address": "",
            "as_declared": None if declared is None else False,
            "username": "",
            "has_password": False,
        }
    return {
        "registered": True,
        "address": address_of(listener),
        "as_declared": None if declared is None else listener.url == declared.url,
        "username": listener.username,
        "has_password": bool(listener.password),
    }


def address_of(listener: Listener) -> str:
    """Give the host and port of a listener; the rest of its URL is a secret."""
    try:
        parts = urlsplit(listener.url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "an unknown address"
    return visible(f"{parts.hostname}:{port}") if parts.hostname else "an unknown address"
