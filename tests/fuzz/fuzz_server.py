# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback server that answers with whatever bytes it is told to, and ends the connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """A request as far as answers depend on it."""

    method: str
    path: str
    head: bytes = field(repr=False)


class WireServer:
    """Give ``answer`` what to say; what was asked last is in ``asked``."""

    def __init__(self) -> None:
        self.answer: Callable[[Asked], bytes] = lambda _asked: b""
        self.asked: list[Asked] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def __enter__(self) -> WireServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked = _read(connection)
            if asked is not None:
                self.asked.append(asked)
                connection.sendall(self.answer(asked))
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)  # until the client has read it all


def _read(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    method, path, _version = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
    return Asked(method, path, head)


def http_reply(
    body: bytes, *, status: int = 200, kind: str = "application/json", date: str = ""
) -> bytes:
    """Give a whole reply that ends its connection."""
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *([f"Date: {date}"] if date else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
