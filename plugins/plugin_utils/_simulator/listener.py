# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loopback port: HTTP/1.1 with or without TLS, and connection faults."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread, Timer
from typing import Any, Protocol

from .api.compression import accepts_gzip, gzipped
from .api.exchange import Handled, ObservedCall, Reply, Request, json_reply
from .control import PREFIX
from .state.clock import http_date

VERSION = "1"
HOST = "127.0.0.1"
MAX_BODY = 64 * 2**20
CHUNK_SECONDS = 0.05

Observer = Callable[[ObservedCall], None]


class Backend(Protocol):
    """What answers the requests of the API."""

    @property
    def now(self) -> float:
        """The time of the ``Date`` header, in seconds since 1970."""

    @property
    def compresses(self) -> bool:
        """Whether long replies are compressed."""

    def handle(self, request: Request) -> Handled:
        """Handle one request."""


class Commands(Protocol):
    """What answers the requests of the control endpoint."""

    def handle(self, request: Request) -> Reply:
        """Handle one command."""


class Listener(ThreadingHTTPServer):
    """Accepts connections from ``open`` to ``close``, except while the port refuses them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # Two simulators must never share a port.
    allow_reuse_address = False

    def __init__(
        self,
        port: int,
        service: Backend,
        control: Commands,
        *,
        observer: Observer | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.service = service
        self.control = control
        self.observer = observer
        self.last_request = time.monotonic()
        self.closing = Event()
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._connections_lock = Lock()
        self._gate = Lock()
        self._thread: Thread | None = None
        self._refusal: Timer | None = None
        super().__init__((HOST, port), Handler)

    # -- life -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Start to listen in a separate thread."""
        with self._gate:
            self._serve()

    def close(self) -> None:
        """Stop listening and close all connections."""
        self.closing.set()
        with self._gate:
            self._end_refusal()
            self._stop_serving()
            self.server_close()
        self._close_connections()

    def refuse(self, seconds: float, *, keep: socket.socket) -> None:
        """Refuse new connections for real seconds, and close all open ones but ``keep``."""
        with self._gate:
            if self.closing.is_set():
                return
            if not self._end_refusal():
                self._stop_serving()
                self.socket.close()
                # Bound but not listening: connections are refused, and the port stays ours.
                self.socket = socket.socket(self.address_family, self.socket_type)
                self.server_bind()
                self._close_connections(but=keep)
            self._refusal = Timer(seconds, self.accept_again)
            self._refusal.daemon = True
            self._refusal.start()

    def accept_again(self) -> None:
        """Accept connections again if they are refused."""
        with self._gate:
            if self._end_refusal() and not self.closing.is_set():
                self.server_activate()
                self._serve()

    def _end_refusal(self) -> bool:
        if self._refusal is None:
            return False
        self._refusal.cancel()
        self._refusal = None
        return True

    def _serve(self) -> None:
        self._thread = Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def _stop_serving(self) -> None:
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None

    # -- connections ----------------------------------------------------------------------------

    def server_bind(self) -> None:
        # The base class also resolves the host name, which may query a name server.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls is None:
            return connection, address
        # The handshake is done in the connection's own thread.
        return self._tls.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ), address

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def _close_connections(self, *, but: socket.socket | None = None) -> None:
        """Close connections, which ends the threads that wait for requests on them."""
        with self._connections_lock:
            connections = [connection for connection in self._connections if connection is not but]
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client has closed it

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore that a client has closed its connection; print other errors, which are defects."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Listener
    # The base class leaves these unset if a line is not a request.
    command = ""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def setup(self) -> None:
        super().setup()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()

    def __getattr__(self, name: str) -> Any:
        # The base class looks for do_GET and so on. Routing handles unknown methods.
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def log_message(self, *_args: Any) -> None:
        """The journal is the log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is not an HTTP request with the gateway's error."""
        self._refuse(message or explain or f"Bad request ({code})")

    def _exchange(self) -> None:
        length = self._body_length()
        if length is None:
            self._refuse("The length of the body must be given and within reason")
            return
        body = self.rfile.read(length) if length else b""
        path, _mark, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, query, headers, body)
        self.server.last_request = time.monotonic()
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            self._send(self.server.control.handle(request))
            return
        handled = self.server.service.handle(request)
        reply = handled.reply
        if reply.refuse_seconds:
            self.close_connection = True
            self.server.refuse(reply.refuse_seconds, keep=self.connection)
        # Before the reply is sent, so that a client with the reply knows it has been observed.
        if self.server.observer is not None and not reply.dropped:
            original = reply.original or reply
            self.server.observer(
                ObservedCall(
                    method=request.method,
                    path=path,
                    query=query,
                    request_headers=headers,
                    request_body=body,
                    status=original.status,
                    reply_headers=self._headers(original),
                    reply_body=original.body,
                    operation=handled.operation,
                    fault=handled.fault,
                )
            )
        if self.server.service.compresses and accepts_gzip(headers):
            reply = gzipped(reply)
        if reply.delay:
            self.server.closing.wait(reply.delay)
        if reply.dropped:
            self._reset()
        else:
            self._send(reply)

    def _body_length(self) -> int | None:
        """Length of the body in bytes; None if it is unknown or too large."""
        if "Transfer-Encoding" in self.headers:
            return None
        text = self.headers.get("Content-Length", "0").strip() or "0"
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            return None
        return int(text) if int(text) <= MAX_BODY else None

    def _refuse(self, description: str) -> None:
        """Reply 400 and close the connection, as the next request on it cannot be found."""
        self.close_connection = True
        self.request_version = self.protocol_version  # unset if the line was not a request
        fault = {"code": "101500", "message": "Bad Request", "description": description}
        self._send(json_reply({"fault": fault}, status=400))

    def _headers(self, reply: Reply) -> dict[str, str]:
        headers = {
            "Date": http_date(self.server.service.now),
            "X-Fota-Simulator": VERSION,
            "Content-Length": str(max(len(reply.body), 1) if reply.truncated else len(reply.body)),
            **dict(reply.headers),
        }
        if reply.body:
            headers["Content-Type"] = reply.content_type
        if self.close_connection:
            headers["Connection"] = "close"
        return headers

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in self._headers(reply).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(reply)
        self.wfile.flush()

    def _send_body(self, reply: Reply) -> None:
        body = reply.body
        if reply.truncated:
            body = body[: len(body) // 2]
            self.close_connection = True
        chunks = min(len(body), round(reply.body_seconds / CHUNK_SECONDS))
        for chunk in range(chunks):
            self.wfile.flush()
            self.server.closing.wait(reply.body_seconds / chunks)
            first, end = (len(body) * edge // chunks for edge in (chunk, chunk + 1))
            self.wfile.write(body[first:end])
        if not chunks:
            self.wfile.write(body)

    def _reset(self) -> None:
        """Reset the connection, as a broken gateway does."""
        self.close_connection = True
        reset_on_close = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
        self.connection.close()
