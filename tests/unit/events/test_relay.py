# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay as a process of its own: what it signs, how it retries, and that it loses nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._events.arguments import (
    RELAY_OPTIONS,
    InvalidArguments,
    check_arguments,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._events.relay import Receiver
from ansible_collections.thingspace.fota.tests.unit.events.test_listener import PATH, request

ROOT = Path(__file__).parents[3]
SECRET = "planted-5ecret-of-the-relay"
LONGEST = 60  # seconds


class EventStream(ThreadingHTTPServer):
    """Takes events, as Event Streams do; answers with the statuses that it is given, then 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int] = []
        self.taken: list[dict[str, Any]] = []
        self.asked = 0
        self.answer = Event()
        self.answer.set()
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class _Handler(BaseHTTPRequestHandler):
    server: EventStream

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if self.headers["X-Hub-Signature-256"] != f"sha256={digest}":
            status = 401
        if status == 200:
            self.server.taken.append(json.loads(body)["fota"])
        self.server.answer.wait(LONGEST)
        self.send_response_only(status)
        if status == 307:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/other")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def stream() -> Iterator[EventStream]:
    with EventStream() as server:
        yield server
        server.shutdown()


class Relay:
    """A relay as an operator starts it; its output is in ``log``."""

    def __init__(self, folder: Path, url: str, **args: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        collection = folder / "ansible_collections/thingspace/fota"
        collection.parent.mkdir(parents=True)
        collection.symlink_to(ROOT)
        file = folder / "relay.yml"
        chosen = {"port": self.port, "senders": ["127.0.0.1"], "forward_url": url}
        file.write_text(yaml.safe_dump({**chosen, "min_interval": 0, "max_interval": 0, **args}))
        self._log = folder / "relay.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(collection / "plugins/plugin_utils/_events"), str(file)],
                env={**os.environ, "FOTA_RELAY_PATH": PATH, "FOTA_RELAY_SECRET": SECRET},
                cwd="/",
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + LONGEST
        while not condition():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def call(self, data: bytes) -> int:
        with socket.create_connection(("127.0.0.1", self.port), LONGEST) as connection:
            connection.sendall(data)
            return int(connection.makefile("rb").readline().split()[1])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LONGEST)


@pytest.fixture
def start_relay(tmp_path: Path) -> Iterator[Callable[..., Relay]]:
    started: list[Relay] = []

    def start(url: str, **args: Any) -> Relay:
        started.append(Relay(tmp_path, url, **args))
        return started[-1]

    yield start
    for relay in started:
        if relay.process.poll() is None:
            relay.process.kill()
            relay.process.wait()


def test_what_is_taken_while_the_relay_is_stopped_is_not_missing(
    start_relay: Callable[..., Relay], stream: EventStream
) -> None:
    stream.answer.clear()
    relay = start_relay(stream.url)
    relay.until(lambda: len(stream.taken) == 1)
    relay.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    stream.answer.set()
    assert relay.process.wait(LONGEST) == 0


def test_a_callback_becomes_a_signed_event_whatever_the_receiver_does(
    start_relay: Callable[..., Relay], stream: EventStream
) -> None:
    stream.statuses = [503, 307]  # the first event needs three attempts
    relay = start_relay(stream.url)
    relay.until(lambda: "listening" in relay.log)
    # While the receiver does not take the first event, callbacks are accepted and wait.
    assert [relay.call(request()) for _number in range(5)] == [200] * 5
    assert relay.call(request(path="/other")) == 404
    relay.until(lambda: len(stream.taken) == 2)
    assert [event["reasons"] for event in stream.taken] == [{"start": 1}, {"callback": 5}]
    assert [event["event"] for event in stream.taken] == ["run_due"] * 2
    assert len({event["id"] for event in stream.taken}) == 2
    assert relay.stop() == 0
    assert relay.log.count("failed: HTTP status 503") == 1
    assert "attempts that failed: 2" in relay.log
    assert not [text for text in (PATH, SECRET) if text in relay.log]


def test_what_is_not_forwarded_is_reported_at_the_end(
    start_relay: Callable[..., Relay], stream: EventStream
) -> None:
    stream.statuses = [500] * 1000
    relay = start_relay(stream.url)
    relay.until(lambda: stream.asked > 0)
    assert relay.stop() == 1
    assert "stopped before an event was forwarded" in relay.log


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"forward_url": "http://192.0.2.1/"}, "forward_url: must be https, or http to loopback"),
        ({"forward_url": "ftp://here"}, "forward_url: must be an http or https URL"),
        ({"forward_url": "https://me:planted-5ecret@here"}, "without a user name"),
        ({"forward_url": "http://[::1/x"}, "forward_url: must be an http or https URL"),
        ({"forward_url": "http://127.0.0.1:99999/"}, "forward_url: must be an http or https URL"),
        ({"forward_url": "https://here/\u00e9"}, "forward_url: must be an http or https URL"),
        ({"forward_header": "X-Sig:\r\nX"}, "forward_header: must contain only letters, digits"),
        ({"forward_timeout": 1e12}, "forward_timeout: must be at most 3600 seconds"),
        ({"forward_secret": "planted"}, "forward_secret: must have at least 16 characters"),
        ({"forward_ca_path": "/nowhere"}, "forward_ca_path: cannot be read"),
    ],
)
def test_a_receiver_that_cannot_be_used_is_refused(wrong: dict[str, Any], message: str) -> None:
    args = {"port": 1, "path": PATH, "forward_url": "https://here", "forward_secret": SECRET}
    with pytest.raises(InvalidArguments) as caught:
        Receiver.declared(check_arguments(RELAY_OPTIONS, {**args, **wrong}))
    assert message in str(caught.value)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("port: 1\nforward_url: x\n", "missing required arguments: forward_secret, path"),
        ("[]", "must be a YAML mapping"),
        ("{", "must be YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from ansible_collections.thingspace.fota.plugins.plugin_utils._events import __main__

    file = tmp_path / "relay.yml"
    file.write_text(content)
    assert __main__.main([str(file)]) == 2
    assert message in capsys.readouterr().err
    assert __main__.main([str(tmp_path / "none.yml")]) == 2
    assert __main__.main([]) == 2
