# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that reach a simulator by calls in this process: no socket, no thread, no waiting.

All else is as over a real connection: requests are built and replies parsed by the libraries.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from ansible_collections.thingspace.fota.plugins.module_utils._client import (
    clock,
    pace,
    transport,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module import waiting
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api import routes
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    Reply,
    Request,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.clock import (
    http_date,
)
from ansible_collections.thingspace.fota.tests.usecases.virtual_time import VirtualTime

Handle = Callable[[Request], Reply]


class Wire(requests.adapters.HTTPAdapter):
    """Carries requests to one simulator, and its faults of the connection to the client.

    :ivar on_write: is asked to handle every write, and may do more before or after it.
    """

    def __init__(self, sim: SimulatorServer, clients_time: VirtualTime) -> None:
        super().__init__()
        self.time = clients_time
        self._service = sim._service
        self.on_write: Callable[[Request, Handle], Reply] = lambda request, handle: handle(request)

    def send(self, request: requests.PreparedRequest, *_args: Any, **more: Any) -> Any:
        """Give the reply, or raise what the library raises for the faults of a connection."""
        url = urlsplit(str(request.url))
        body = request.body or b""
        asked = Request(
            method=str(request.method),
            path=url.path,
            query_text=url.query,
            headers={name.lower(): str(value) for name, value in request.headers.items()},
            body=body.encode() if isinstance(body, str) else bytes(body),
        )
        reply = self.on_write(asked, self._handle) if _writes(asked) else self._handle(asked)
        _connect, patience = more["timeout"]
        self.time.sleep(min(reply.delay, patience))
        if reply.delay > patience:
            raise requests.ReadTimeout
        if reply.dropped:
            reset = ConnectionResetError(104, "Connection reset by peer")
            raise requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", reset))
        return self._response(request, reply)

    def _handle(self, request: Request) -> Reply:
        return self._service.handle(request).reply

    def _response(self, request: requests.PreparedRequest, reply: Reply) -> requests.Response:
        body = reply.body[: len(reply.body) // 2] if reply.truncated else reply.body
        headers = {
            "Date": http_date(self._service.state.clock.now()),
            "X-Fota-Simulator": "1",
            "Content-Length": str(max(len(reply.body), reply.truncated)),
            "Content-Type": reply.content_type,
            **dict(reply.headers),
        }
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=headers, status=reply.status, preload_content=False
        )
        return self.build_response(request, raw)

    def close(self) -> None:
        """Stay open: clients come and go."""


def _writes(request: Request) -> bool:
    if request.method == "GET":
        return False
    route, _params = routes.match(
        request.method, request.segments, paths="both", unknown_status=404
    )
    return route.kind == routes.WRITE


@contextmanager
def in_process(sim: SimulatorServer) -> Iterator[Wire]:
    """Let all clients speak to a simulator that need not listen; their pauses take no time."""
    wire = Wire(sim, VirtualTime())
    with carried_by(wire):
        yield wire


@contextmanager
def carried_by(wire: Wire) -> Iterator[None]:
    """The same with a wire that exists."""
    modules: tuple[Any, ...] = (clock, pace, transport, waiting)
    usual = transport._adapter
    for module in modules:
        module.time = wire.time
    vars(transport)["_adapter"] = lambda _connections: wire
    try:
        yield
    finally:
        for module in modules:
            module.time = time
        vars(transport)["_adapter"] = usual
