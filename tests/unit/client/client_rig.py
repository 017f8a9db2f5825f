# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client tests share: the simulator, a server of canned bytes, and settings for both."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client import backoff
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind,
    Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)

ACCOUNT = "0000123456-00001"
IMEI = "867530912345674"


@dataclass
class Ops:
    """The operations the tests call, and their arguments."""

    read: Operation = Operation("v3ListFirmware", "GET", "/fota/v3/firmware/{account}", Kind.READ)
    write: Operation = Operation(
        "v3SyncDeviceFirmware", "PUT", "/fota/v3/firmware/{account}/devices", Kind.WRITE
    )
    params: dict[str, str] = field(default_factory=lambda: {"account": ACCOUNT})
    query: dict[str, str] = field(default_factory=lambda: {"protocol": "all"})
    body: dict[str, Any] = field(default_factory=lambda: {"deviceList": [IMEI]})


@pytest.fixture
def ops() -> Ops:
    return Ops()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, CA bundle or cache of whoever runs the tests; pauses of milliseconds."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        backoff, "POLICY", backoff.RetryPolicy(first_pause=0.001, longest_pause=0.01)
    )


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    fleet = {"accounts": [{"name": ACCOUNT}]}
    with SimulatorServer(fleet, hours_per_second=0.0) as server:
        yield server


@pytest.fixture
def settings(sim: SimulatorServer, tmp_path: Path) -> ConnectionSettings:
    """The simulator's own credentials, and a fresh token cache."""
    return ConnectionSettings(
        base_url=sim.url,
        client_id="simulator-key",
        client_secret="simulator-secret",
        username="simulator-user",
        password="simulator-password",
        token_cache=str(tmp_path / "tokens"),
        timeout=300,
    )


def count(sim: SimulatorServer, operation: str) -> int:
    """How often an operation reached the simulator."""
    return sum(entry["operation"] == operation for entry in sim.journal())


class CannedServer:
    """Answers each request with the next of some bytes; ``None`` resets the connection.

    The last answer is repeated. ``drip`` sends an answer in small pieces, with pauses in between.
    ``requests`` holds what came in, ``connections`` how many.
    """

    def __init__(
        self,
        answers: Sequence[bytes | None],
        *,
        close: bool = False,
        drip: bool = False,
        tls: Any = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._close = close
        self._drip = drip
        self._tls: ssl.SSLContext | None = tls
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> CannedServer:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def settings(self, **options: Any) -> ConnectionSettings:
        """Settings with given tokens, so that the first request is the call itself."""
        scheme = "https" if self._tls else "http"
        defaults = {
            "base_url": f"{scheme}://127.0.0.1:{self.port}/api",
            "bearer_token": "given-bearer-1",
            "session_token": "given-session-1",
            "timeout": 10,
        }
        return ConnectionSettings(**{**defaults, **options})

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while (request := _read_request(connection)) is not None:
                with self._lock:
                    self.requests.append(request)
                    answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if answer is None:
                    connection.close()
                    return
                for piece in _pieces(answer) if self._drip else [answer]:
                    connection.sendall(piece)
                if self._close:
                    connection.shutdown(socket.SHUT_RDWR)
                    connection.close()
                    return
        except OSError:
            return  # the client went away, or the test is over


def _pieces(answer: bytes) -> Iterator[bytes]:
    for start in range(0, len(answer), 10):
        yield answer[start : start + 10]
        time.sleep(0.005)


def _read_request(connection: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(
    status: int = 200, body: bytes = b"{}", *, kind: str = "application/json", **headers: str
) -> bytes:
    """A complete HTTP reply; header names are written with underscores."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}"]
    headers.setdefault("Content_Length", str(len(body)))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
