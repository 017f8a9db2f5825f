# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver of notifications on loopback: it keeps every request, and answers as it is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request; the user has the password, or is the token."""

    method: str
    path: str
    user: str
    body: Any


@dataclass
class Receiver:
    """What was received, and what is answered.

    :ivar answers: statuses to answer with before the usual one, by the start of a path.
    :ivar changes: what ServiceNow has.
    """

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def at(self, start: str) -> list[Received]:
        """The requests to a path."""
        return [request for request in self.requests if request.path.startswith(start)]

    def answer(self, request: Received) -> tuple[int, Any]:
        """The status and the body of the reply."""
        self.requests.append(request)
        for start, statuses in self.answers.items():
            if request.path.startswith(start) and statuses:
                return statuses.pop(0), {"error": "as told"}
        if "/table/change_request" not in request.path:
            return 202 if request.path.startswith("/v2") else 200, {"status": "success"}
        if request.method == "GET":
            return 200, {"result": [{"sys_id": change["sys_id"]} for change in self.changes]}
        if request.method == "POST":
            self.changes.append({**request.body, "sys_id": f"id{len(self.changes)}"})
            return 201, {"result": self.changes[-1]}
        return 200, {"result": self.changes[0]}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Start a receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            user = self.headers.get("Authorization", "")
            if user.startswith("Basic "):
                user = base64.b64decode(user.removeprefix("Basic ")).decode()
            status, reply = receiver.answer(Received(self.command, self.path, user, body))
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = handle_one  # noqa: N815 - names of http.server

        def log_message(self, *_given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
