# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small forwarding proxy that remembers what passes.

Use::

    with Proxy() as proxy:
        ...  # a client with proxy=proxy.url
        assert [call.method for call in proxy.passed] == ["CONNECT"]

Plain http comes with the whole address in the request line, https as a tunnel (``CONNECT``), of
which nothing can be read but its bytes (``tunnelled``, both directions).

A proxy in trouble: ``refusal`` is the answer, as status and page, to all requests, or to those that
``refuses`` is true of; ``drops`` is asked before an answer of the service is given back, and cuts
the connection instead.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

CHUNK = 65536
CONNECT_SECONDS = 300
HOP_BY_HOP = {"connection", "proxy-connection", "proxy-authorization", "keep-alive"}


@dataclass(frozen=True)
class Passed:
    """One request as the proxy saw it; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Proxy:
    """Listens on a free loopback port from ``with`` to the end of it."""

    def __init__(self) -> None:
        self.passed: list[Passed] = []
        self.tunnelled = bytearray()
        self.refusal: tuple[int, bytes] | None = None
        self.refuses: Callable[[Passed], bool] = lambda _passed: True
        self.drops: Callable[[], bool] = lambda: False
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def log_message(self, *_args: Any) -> None:
        """``passed`` is the log."""

    def _forward(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        passed = Passed(self.command, self.path, headers, body)
        self.server.proxy.passed.append(passed)
        if self.server.proxy.refusal and self.server.proxy.refuses(passed):
            self._refuse(*self.server.proxy.refusal)
            return
        tunnel = self.command == "CONNECT"
        parts = urlsplit(f"//{self.path}" if tunnel else self.path)
        place = (parts.hostname or "", parts.port or 80)
        try:
            upstream = socket.create_connection(place, timeout=CONNECT_SECONDS)
        except OSError:
            self.send_error(502)
            return
        with upstream:
            if tunnel:
                self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._pump(upstream, memory=self.server.proxy.tunnelled)
                return
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            lines = [f"{self.command} {path} HTTP/1.1", "Connection: close"]
            lines += [f"{name}: {text}" for name, text in headers.items() if name not in HOP_BY_HOP]
            upstream.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            self._pump(upstream, memory=bytearray())

    def _refuse(self, status: int, page: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _pump(self, upstream: socket.socket, *, memory: bytearray) -> None:
        """Carry bytes both ways until one side ends."""
        other = {upstream: self.connection, self.connection: upstream}
        while True:
            for ready in select.select(list(other), [], [])[0]:
                try:
                    data = ready.recv(CHUNK)
                    if ready is upstream and self.server.proxy.drops():
                        return
                    other[ready].sendall(data)
                except OSError:
                    return
                if not data:
                    return
                memory += data
