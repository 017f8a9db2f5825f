# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send callbacks to the registered listeners, and let virtual time pass while one waits for them.

Callbacks are sent to loopback only, so that a copy of a real account never calls its listener. A
certificate there proves nothing and is not checked. Each is sent once.
"""

from __future__ import annotations

import json
import queue
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from .service import Service
from .state.records import Listener

SEND_SECONDS = 5.0
# Real seconds between two looks at the clock.
POLL_SECONDS = 0.05
NOT_SENT = 0


class CallbackSender:
    """Sends callbacks in a thread of its own, one after the other in their order.

    :ivar sent: the body of each callback with the HTTP status that answered it; 0 if none did.
    """

    def __init__(self, service: Service) -> None:
        self.sent: list[tuple[dict[str, Any], int]] = []
        self._service = service
        self._ending = Event()
        self._thread: Thread | None = None
        self._starting = Lock()
        service.state.outbox.on_listener = self._start

    @property
    def idle(self) -> bool:
        """Whether every callback is sent."""
        return len(self.sent) == self._service.state.outbox.count

    def close(self) -> None:
        """Stop; callbacks that are not sent yet are dropped."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        """Start the thread with the first listener: without one, nothing costs time."""
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        outbox = self._service.state.outbox
        while not self._ending.is_set():
            with self._service.lock:
                self._service.state.catch_up()
            try:
                listener, message = outbox.messages.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            self.sent.append((message, send(listener, message)))


def send(listener: Listener, message: dict[str, Any]) -> int:
    """Send one callback; the HTTP status of the reply, 0 without one."""
    url = urlsplit(listener.url)
    if not _is_loopback(url.hostname):
        return NOT_SENT
    if url.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection: HTTPConnection = HTTPSConnection(
            url.hostname or "", url.port, timeout=SEND_SECONDS, context=context
        )
    else:
        connection = HTTPConnection(url.hostname or "", url.port, timeout=SEND_SECONDS)
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", target, json.dumps(message).encode(), headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return NOT_SENT
    finally:
        connection.close()


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
