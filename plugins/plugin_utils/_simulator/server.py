# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator on a loopback port: HTTP/1.1, keep-alive, no delay, one thread per connection.

In process, as tests use it::

    with SimulatorServer(default_fleet(), start="2026-03-02T00:00:00Z") as sim:
        ...  # a client with base_url=sim.url
        sim.advance(hours=12)

As a program, ``python _simulator serve`` (see ``cli``). The API lives under ``/api``, the control
endpoint under ``/_simulator``. Time is virtual and stands in every ``Date`` header.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from .clock import VirtualClock, http_date, moment_datetime, parse_rfc3339
from .control import PREFIX, Control
from .exchange import ObservedCall, Reply, Request, json_reply
from .fleet import parse_fleet
from .service import Service

PROTOCOL = "1"
HOST = "127.0.0.1"
MAX_BODY = 64 * 2**20

Observer = Callable[[ObservedCall], None]


class SimulatorServer:
    """A running service. Hours are virtual; ``hours_per_second`` 0 stands still."""

    def __init__(
        self,
        fleet: Mapping[str, Any],
        *,
        start: str | None = None,
        hours_per_second: float = 0.0,
        seed: int | None = None,
        latency_ms: float = 0,
        refuse_writes: bool = False,
        switches: Mapping[str, str] | None = None,
        observer: Observer | None = None,
        port: int = 0,
    ) -> None:
        real = time.time()
        given = None if start is None else parse_rfc3339(start)
        parsed = parse_fleet(dict(fleet), now=real if given is None else given, seed=seed)
        begin = given if given is not None else parsed.start if parsed.start is not None else real
        self._service = Service(
            parsed,
            VirtualClock(begin, hours_per_second=hours_per_second),
            switches=dict(switches or {}),
            latency_ms=latency_ms,
            refuse_writes=refuse_writes,
        )
        self._stopping = Event()
        self._control = Control(self._service, self._stopping.set)
        self._http = _Server((HOST, port), self._service, self._control, observer)
        self._thread: Thread | None = None

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self) -> SimulatorServer:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Listen in a thread of its own."""
        self._thread = Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()
        self._http.cut_connections()

    def wait_for_stop(self, seconds: float) -> bool:
        """Whether the control endpoint asked for the end within that time."""
        return self._stopping.wait(seconds)

    @property
    def idle_seconds(self) -> float:
        """Real seconds since the last request."""
        return time.monotonic() - self._http.last_request

    # -- addresses ------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/api"

    @property
    def control_url(self) -> str:
        return f"http://{HOST}:{self.port}{PREFIX}"

    # -- control in process ---------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return moment_datetime(parse_rfc3339(self._control.overview()["now"]))

    def advance(self, *, hours: float) -> None:
        self._control.clock({"advance_hours": hours})

    def set_now(self, moment: str) -> None:
        """Jump forward to an RFC 3339 time."""
        self._control.clock({"set": moment})

    def set_speed(self, hours_per_second: float) -> None:
        self._control.clock({"hours_per_second": hours_per_second})

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        return self._service.journal.since(since)

    def clear_journal(self) -> None:
        self._service.journal.clear()

    @property
    def refuse_writes(self) -> bool:
        return self._service.refuse_writes

    @refuse_writes.setter
    def refuse_writes(self, value: bool) -> None:
        self._control.settings({"refuse_writes": value})

    @property
    def latency_ms(self) -> float:
        return self._service.latency_ms

    @latency_ms.setter
    def latency_ms(self, value: float) -> None:
        self._control.settings({"latency_ms": value})

    @property
    def switches(self) -> dict[str, str]:
        return self._service.world.switches.as_dict()

    def set_switch(self, name: str, value: str) -> None:
        self._control.settings({"switches": {name: value}})

    def expire(self, what: str) -> None:
        """End every ``bearer``, ``session`` or ``both`` now."""
        self._control.settings({"expire": what})

    def unlock(self) -> None:
        """Unlock users locked by failed logins."""
        self._control.settings({"unlock": True})

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Order bad weather; an empty list ends it."""
        self._control.set_faults(rules)

    def devices(self) -> list[dict[str, Any]]:
        return self._control.devices()

    def campaigns(self) -> list[dict[str, Any]]:
        return self._control.campaigns()

    def upgrades(self) -> list[dict[str, Any]]:
        return self._control.upgrades()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # A free port is asked for; two simulators must never share one.
    allow_reuse_address = False

    def __init__(
        self,
        address: tuple[str, int],
        service: Service,
        control: Control,
        observer: Observer | None,
    ) -> None:
        self.service = service
        self.control = control
        self.observer = observer
        self.last_request = time.monotonic()
        self._connections: set[socket.socket] = set()
        self._connections_lock = Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Without the base class's look-up of the host's name, which may ask a name server.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """Wake threads that wait for a request on a kept-alive connection."""
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a defect and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # A line that is no request leaves these unset in the base class.
    command = ""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def __getattr__(self, name: str) -> Any:
        # The base class looks for do_GET and the like; whatever the method, the router judges it.
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def log_message(self, *_args: Any) -> None:
        """The journal is the log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no HTTP request at all is refused in the gateway's own shape."""
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
        if handled.reply.dropped:
            self._reset()
            return
        headers_out = self._headers(handled.reply)
        # Before the reply leaves: whoever has the reply can rely on its having been observed.
        if self.server.observer is not None:
            self.server.observer(
                ObservedCall(
                    method=request.method,
                    path=path,
                    query=query,
                    request_headers=headers,
                    request_body=body,
                    status=handled.reply.status,
                    reply_headers=headers_out,
                    reply_body=handled.reply.body,
                    operation=handled.operation,
                    fault=handled.fault,
                )
            )
        self._write(handled.reply, headers_out)

    def _body_length(self) -> int | None:
        """Bytes of the body; None when they cannot be told or are too many."""
        if "Transfer-Encoding" in self.headers:
            return None
        text = self.headers.get("Content-Length", "0").strip() or "0"
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            return None
        return int(text) if int(text) <= MAX_BODY else None

    def _refuse(self, description: str) -> None:
        """Answer 400 and end the connection, since what follows on it cannot be told apart."""
        self.close_connection = True
        self.request_version = self.protocol_version  # unset when the line was no request
        fault = {"code": "101500", "message": "Bad Request", "description": description}
        self._send(json_reply({"fault": fault}, status=400))

    def _send(self, reply: Reply) -> None:
        self._write(reply, self._headers(reply))

    def _headers(self, reply: Reply) -> dict[str, str]:
        headers = {
            "Date": http_date(self.server.service.world.clock.now()),
            "X-Fota-Simulator": PROTOCOL,
            "Content-Length": str(len(reply.body)),
            **dict(reply.headers),
        }
        if reply.body:
            headers["Content-Type"] = reply.content_type
        if self.close_connection:
            headers["Connection"] = "close"
        return headers

    def _write(self, reply: Reply, headers: dict[str, str]) -> None:
        self.send_response_only(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _reset(self) -> None:
        """End the connection with a reset, as a broken gateway does."""
        self.close_connection = True
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.connection.close()
