# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a recording: JSON lines, of which the first describes the file.

A recording comes from elsewhere, so nothing in it is trusted: a line that is not an exchange is
counted and left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ..state.clock import parse_rfc3339
from ..state.json_types import is_integer, is_number
from .contract import Operation, operations

FORMAT = 1


@dataclass(frozen=True)
class Exchange:
    """One attempt of a call.

    :ivar line: of the file, from 1.
    :ivar at: seconds of the clock of the client.
    :ivar status: None if there was no reply.
    :ivar body: decoded JSON of the reply; None also for another body, which is in ``text``.
    :ivar sent: decoded JSON of the request.
    :ivar session: a mark of the session that was used, ``issued`` of one that a login gave.
    :ivar order: how the ids of a page were ordered, which stand-ins do not show.
    """

    line: int
    at: float
    operation: str
    method: str
    path: str
    query: dict[str, str]
    status: int | None
    headers: dict[str, str]
    body: Any
    text: str
    sent: Any
    session: str
    issued: str
    attempt: int
    size: int
    is_empty: bool
    removed: bool
    order: dict[str, Any]

    @cached_property
    def documented(self) -> Operation | None:
        """The operation in the OpenAPI document."""
        return operations().get(self.operation)

    @cached_property
    def params(self) -> dict[str, str]:
        """The parameters in the path, by their names in the OpenAPI document."""
        return {} if self.documented is None else self.documented.params(self.path)

    @cached_property
    def now(self) -> float | None:
        """The time of the service, from its ``Date`` header, in seconds since 1970."""
        try:
            moment = parsedate_to_datetime(self.headers.get("date", ""))
            return moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None

    @property
    def good(self) -> bool:
        """Whether the service answered with a success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the service, not a gateway, refused the call, and not for its session."""
        code = str(self.answer.get("errorCode", "")).lower()
        refusal = self.status is not None and 400 <= self.status < 500 and self.status != 429
        return refusal and bool(code) and "sessiontoken" not in code

    @property
    def answer(self) -> dict[str, Any]:
        """The body of the reply if it is an object; otherwise an empty one."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def request(self) -> dict[str, Any]:
        """The body of the request if it is an object; otherwise an empty one."""
        return self.sent if isinstance(self.sent, dict) else {}

    @property
    def message(self) -> str:
        """The code and message of an error of the service, in lower case."""
        return f"{self.answer.get('errorCode', '')} {self.answer.get('errorMessage', '')}".lower()

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a list in the reply, or of the reply itself if it is a list."""
        found = self.body if isinstance(self.body, list) else self.answer.get(name)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


@dataclass(frozen=True)
class Recording:
    """A recording as it was read.

    :ivar unread: numbers of lines that are not exchanges.
    :ivar end: why later calls are not in it, if it is full.
    """

    header: dict[str, Any]
    exchanges: tuple[Exchange, ...]
    unread: tuple[int, ...] = ()
    end: str = ""

    @property
    def accounts(self) -> list[str]:
        """The accounts of all calls, the most frequent one first."""
        names = [exchange.params.get("accountName") for exchange in self.exchanges]
        found = [name for name in names if name]
        return sorted(set(found), key=lambda name: (-found.count(name), name))


def read_recording(path: Path) -> Recording:
    """Read a file.

    :raises ValueError: it is not a recording.
    :raises OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        return parse_recording(file, str(path))


def parse_recording(lines: Iterable[str], name: str) -> Recording:
    """Read the lines of a recording.

    :raises ValueError: the first line is not that of a recording.
    """
    header: dict[str, Any] | None = None
    exchanges: list[Exchange] = []
    unread: list[int] = []
    end = ""
    for number, line in enumerate(lines, start=1):
        value = _object(line)
        if header is None:
            if value is None or value.get("recording") != FORMAT:
                raise ValueError(f"{name}: is not a recording of this version of the collection")
            header = value
        elif value is None:
            unread.append(number)
        elif "end" in value:
            end = str(value["end"])
        else:
            try:
                exchanges.append(_exchange(number, value))
            except (KeyError, TypeError, ValueError, OverflowError):
                unread.append(number)
    if header is None:
        raise ValueError(f"{name}: is empty")
    return Recording(header, tuple(exchanges), tuple(unread), end)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _exchange(number: int, value: dict[str, Any]) -> Exchange:
    status = value.get("status")
    if status is not None and not (is_integer(status) and 100 <= status <= 999):
        raise ValueError("status")
    removed = "removed" in value
    return Exchange(
        line=number,
        at=_seconds(str(value["at"])),
        operation=str(value["operation"]),
        method=str(value["method"]),
        path=str(value.get("path", "")),
        query={name: str(text) for name, text in _members(value, "query").items()},
        status=status,
        headers={name.lower(): str(text) for name, text in _members(value, "headers").items()},
        body=value.get("body"),
        text=str(value.get("text", "")),
        sent=_members(value, "sent").get("body"),
        session=str(value.get("session", "")),
        issued=str(value.get("issued", "")),
        attempt=value["attempt"] if is_number(value.get("attempt")) else 1,
        size=value["bytes"] if is_number(value.get("bytes")) else 0,
        is_empty=status is not None and not removed and not {"body", "text"} & value.keys(),
        removed=removed,
        order=_order(value),
    )


def _members(value: dict[str, Any], name: str) -> dict[str, Any]:
    """An object in a line; an empty one if it is absent."""
    found = value.get(name, {})
    if not isinstance(found, dict):
        raise TypeError(name)
    return found


def _order(value: dict[str, Any]) -> dict[str, Any]:
    order = _members(value, "order")
    if order and not (isinstance(order["ids"], str) and is_integer(order["rows"])):
        raise TypeError("order")
    return order


def _seconds(text: str) -> float:
    return parse_rfc3339(text) if text.endswith("Z") else datetime.fromisoformat(text).timestamp()
