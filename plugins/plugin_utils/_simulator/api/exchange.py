# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ``path`` is still quoted and has no query."""

    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def segments(self) -> list[str]:
        return [unquote(part, errors="replace") for part in self.path.split("/")[1:]]

    def query(self, name: str) -> str | None:
        """First value of a query key; None when it is absent."""
        try:
            values = parse_qs(self.query_text, keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            return None
        return values.get(name, [None])[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, and how it is sent. All times are real seconds.

    ``delay`` passes before anything is sent. ``dropped`` resets the connection instead of a reply.
    ``truncated`` closes it halfway through the announced body. ``body_seconds`` is how long it
    takes to send the body. ``refuse_seconds`` is how long the port refuses connections, starting
    before this reply. ``original`` is the service's own reply if a fault altered it.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    dropped: bool = False
    delay: float = 0.0
    body_seconds: float = 0.0
    truncated: bool = False
    refuse_seconds: float = 0.0
    original: Reply | None = None


class Handled(NamedTuple):
    """A reply with its operation and its faults, joined by ``+``."""

    reply: Reply
    operation: str | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An object whose last member is a list of rows that are already JSON text."""

    head: dict[str, Any]
    name: str
    rows: list[str]

    def text(self) -> str:
        """The object as JSON text. ``head`` must not be empty."""
        return f'{_json(self.head)[:-1]},"{self.name}":[{",".join(self.rows)}]}}'


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """A finished call of the API, as it is passed to an observer.

    The reply is the service's own, before ``fault`` altered it.
    """

    method: str
    path: str
    query: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    reply_headers: dict[str, str]
    reply_body: bytes
    operation: str | None = None
    fault: str | None = None


def json_reply(
    payload: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """A reply with JSON in ASCII, so that lone surrogates from a client are returned unchanged."""
    text = payload.text() if isinstance(payload, Listed) else _json(payload)
    return Reply(status, text.encode("ascii"), headers=headers)


_json = json.JSONEncoder(separators=(",", ":")).encode
