# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request and its reply, as the layers of the simulator hand them on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. ``path`` is as on the wire, without the query."""

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
    """What goes back, and how it travels. All times are real seconds.

    ``silence`` passes before anything is sent. ``dropped`` resets the connection without a word,
    ``truncated`` ends it halfway the announced body, ``dribble`` is how long the body takes.
    ``refuse`` is for how long the port refuses connections, from before this reply on. ``said`` is
    the service's own reply, where a fault damaged it.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    dropped: bool = False
    silence: float = 0.0
    dribble: float = 0.0
    truncated: bool = False
    refuse: float = 0.0
    said: Reply | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An object whose last member is a list of rows that are JSON text already."""

    head: dict[str, Any]
    name: str
    rows: list[str]

    def text(self) -> str:
        """Its JSON; the head has members."""
        return f'{_json(self.head)[:-1]},"{self.name}":[{",".join(self.rows)}]}}'


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """A finished call of the API, for those who judge every reply.

    The reply is the service's own: what ``fault`` damaged on its way is not the service's doing.
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
    """A JSON body in ASCII, so that even lone surrogates a client sent go back unharmed."""
    text = payload.text() if isinstance(payload, Listed) else _json(payload)
    return Reply(status, text.encode("ascii"), headers=headers)


_json = json.JSONEncoder(separators=(",", ":")).encode
