# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers requests with recorded replies."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote

from ..api.exchange import Handled, Reply, Request, json_reply
from .recording import Exchange, Recording

NOT_RECORDED = "REPLAY_NOT_RECORDED"
_API = "/api"
_HEADERS = frozenset({"date", "location", "retry-after"})
_AUTH = {
    "/ts/v1/oauth2/token": {
        "access_token": "replayed-bearer",
        "token_type": "Bearer",
        "expires_in": 3600,
    },
    "/m2m/v1/session/login": {"sessionToken": "00000000-0000-4000-8000-000000000000"},
    "/m2m/v1/session/logout": {"sessionToken": "00000000-0000-4000-8000-000000000000"},
    "/ts/v1/oauth2/revoke": {},
}
"""Replies for a recording that began with tokens, or that has fewer logins than its replay."""

Key = tuple[str, str, tuple[tuple[str, str], ...], str]


class ReplayService:
    """Serves a recording: each request gets the replies to it, in their order.

    A request matches with its method, path, query and JSON body, in which the order of devices does
    not matter; for the token services, the path is enough. A read that has no more replies gets its
    last good one again.
    """

    compresses = False

    def __init__(self, recording: Recording) -> None:
        self._lock = Lock()
        self._waiting: dict[Key, deque[Exchange]] = {}
        self._last: dict[Key, Exchange] = {}
        self._served = 0
        self._repeated = 0
        self._unmatched: Counter[str] = Counter()
        self._now = time.time()
        for exchange in recording.exchanges:
            if exchange.status is not None and exchange.path:
                key = _key(exchange.method, exchange.path, exchange.query, exchange.sent)
                self._waiting.setdefault(key, deque()).append(exchange)
        for exchange in reversed(recording.exchanges):
            self._now = self._now if exchange.now is None else exchange.now

    @property
    def now(self) -> float:
        """The service's time of the last reply; that of the first one before."""
        return self._now

    def handle(self, request: Request) -> Handled:
        """The recorded reply, or a refusal that says what is not recorded."""
        path = request.path.removeprefix(_API)
        query = dict(parse_qsl(request.query_text, keep_blank_values=True))
        key = _key(request.method, path, query, _json(request.body))
        with self._lock:
            exchange = self._next(key, request.method)
            if exchange is not None:
                self._served += 1
                self._now = self._now if exchange.now is None else exchange.now
                return Handled(_reply(exchange), exchange.operation, None)
            if path in _AUTH:
                return Handled(json_reply(_AUTH[path]), None, None)
            what = f"{request.method} {path}{'?' if query else ''}{request.query_text}"
            other = any(known[:3] == key[:3] for known in self._waiting)
            what += " with this body" if other and request.body else ""
            self._unmatched[what] += 1
        error = {"errorCode": NOT_RECORDED, "errorMessage": f"The recording has no {what}."}
        return Handled(json_reply(error, status=422), None, None)

    def state(self) -> dict[str, Any]:
        """What was served, what was not, and what is left."""
        with self._lock:
            return {
                "served": self._served,
                "repeated": self._repeated,
                "unmatched": dict(self._unmatched),
                "left": sum(map(len, self._waiting.values())),
            }

    def _next(self, key: Key, method: str) -> Exchange | None:
        waiting = self._waiting.get(key)
        if waiting:
            exchange = waiting.popleft()
            if exchange.good:
                self._last[key] = exchange
            return exchange
        if method == "GET" or key[1] in _AUTH or _reads(key):
            self._repeated += key in self._last
            return self._last.get(key)
        return None


class ReplayControl:
    """The control endpoint of a replay."""

    def __init__(self, service: ReplayService, stop: Callable[[], None]) -> None:
        self._service = service
        self._stop = stop

    def handle(self, request: Request) -> Reply:
        command = request.method, request.path.rstrip("/").rpartition("/")[2]
        if command == ("POST", "stop"):
            self._stop()
            return json_reply({"stopping": True})
        if command == ("GET", "_simulator"):
            return json_reply(self._service.state())
        return json_reply(
            {"error": f"{request.method} {request.path}: unknown command"}, status=404
        )


def _reads(key: Key) -> bool:
    """Whether a POST is a read: the query of devices is the only one."""
    method, path, _query, _body = key
    return method == "POST" and path.startswith("/fota/v3/devices/")


def _key(method: str, path: str, query: dict[str, str], sent: Any) -> Key:
    if path in _AUTH:
        return method, path, (), ""
    body = "" if sent is None else json.dumps(_in_order(sent), sort_keys=True)
    return method, unquote(path), tuple(sorted(query.items())), body


def _in_order(value: Any) -> Any:
    """A body with lists of texts in order: stand-ins of devices have another order than devices."""
    if isinstance(value, dict):
        return {name: _in_order(member) for name, member in value.items()}
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        return sorted(value)
    return [_in_order(member) for member in value] if isinstance(value, list) else value


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # as in a recording


def _reply(exchange: Exchange) -> Reply:
    body = exchange.text.encode("utf-8", "replace")
    if not exchange.text and not exchange.is_empty:
        body = json.dumps(exchange.body).encode("ascii")
    headers = tuple(
        (name.title(), value)
        for name, value in exchange.headers.items()
        if (name in _HEADERS or "ratelimit" in name) and value.isascii() and value.isprintable()
    )
    media_type = exchange.headers.get("content-type", "application/json")
    plain = media_type.isascii() and media_type.isprintable()
    return Reply(
        exchange.status or 200,
        body,
        content_type=media_type if plain else "application/json",
        headers=headers,
    )
