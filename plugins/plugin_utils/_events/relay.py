# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay: receive callbacks, which are not signed, and forward events that are.

An event is sent until the receiver has taken it. Callbacks that come meanwhile are part of the next
event, so that nothing has to be stored and nothing is lost while the receiver cannot be reached.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import logging
import random
import re
import signal
import ssl
import urllib.request
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.message import Message
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ...module_utils._client.backoff import RetryPolicy, pause
from .arguments import RELAY_OPTIONS, InvalidArguments, check_arguments, read_listener
from .callbacks import listen
from .pace import Pace

log = logging.getLogger("thingspace.fota.events")

RETRIES = RetryPolicy(first_pause=1.0, longest_pause=60.0)
SHORTEST_SECRET = 16
LONGEST_TIMEOUT = 3600.0
_HEADER = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_URL = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True)
class Receiver:
    """Where events go, and how they are signed."""

    url: str
    secret: str = field(repr=False)
    header: str
    timeout: float
    context: ssl.SSLContext | None

    @classmethod
    def declared(cls, params: Mapping[str, Any]) -> Receiver:
        """Read the options of the relay.

        :raises InvalidArguments: some cannot be used.
        """
        problems = []
        scheme, host = _split(params["forward_url"])
        if not host:
            problems.append("forward_url: must be an http or https URL without a user name")
        elif scheme == "http" and not _is_loopback(host):
            problems.append("forward_url: must be https, or http to loopback")
        if not _HEADER.fullmatch(params["forward_header"]):
            problems.append("forward_header: must contain only letters, digits and -")
        if params["forward_timeout"] > LONGEST_TIMEOUT:
            problems.append(f"forward_timeout: must be at most {LONGEST_TIMEOUT:g} seconds")
        if len(params["forward_secret"]) < SHORTEST_SECRET:
            problems.append(
                f"forward_secret: must have at least {SHORTEST_SECRET} characters, as it signs"
            )
        context = None
        if scheme == "https":
            try:
                context = ssl.create_default_context(cafile=params.get("forward_ca_path"))
            except OSError as error:
                problems.append(f"forward_ca_path: cannot be read ({type(error).__name__})")
        if problems:
            raise InvalidArguments(problems)
        return cls(
            params["forward_url"],
            params["forward_secret"],
            params["forward_header"],
            params["forward_timeout"],
            context,
        )

    def sign(self, body: bytes) -> str:
        """Give the value of the header: ``sha256=`` and the HMAC in hexadecimal."""
        return f"sha256={hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()}"

    def send(self, body: bytes) -> str:
        """Send an event; what was wrong, empty if the receiver has taken it."""
        headers = {"Content-Type": "application/json", self.header: self.sign(body)}
        request = urllib.request.Request(self.url, body, headers, method="POST")
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if self.context is None:
            handlers.append(urllib.request.ProxyHandler({}))  # plain http stays on this machine
        else:
            handlers.append(urllib.request.HTTPSHandler(context=self.context))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=self.timeout):
                return ""
        except HTTPError as error:
            error.close()
            return f"HTTP status {error.code}"
        except (OSError, HTTPException) as error:  # URLError is an OSError
            return str(getattr(error, "reason", "")) or type(error).__name__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: what is signed for one receiver is not sent to another."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Message,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


class ForwardingQueue:
    """Takes events as ``ansible-rulebook`` does, and sends each until the receiver has taken it.

    :ivar pending: the event that is not sent yet.
    """

    def __init__(self, receiver: Receiver) -> None:
        self.pending: dict[str, Any] | None = None
        self._receiver = receiver

    async def put(self, item: dict[str, Any]) -> None:
        """Send an event; returns when the receiver has taken it.

        An attempt that has begun is ended before a cancellation, so that its outcome is known.
        """
        self.pending = item
        now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        event = {"fota": {**item["fota"], "id": str(uuid.uuid4()), "time": now}}
        body = json.dumps(event).encode()
        attempt = 0
        while problem := await self._attempt(body):
            attempt += 1
            if str(attempt).strip("0") == "1":
                log.warning("attempt %d to forward an event failed: %s", attempt, problem)
            await asyncio.sleep(pause(attempt, chance=random.random(), policy=RETRIES))
        if attempt:
            log.warning("the event is forwarded (attempts that failed: %d)", attempt)
        self.pending = None

    async def _attempt(self, body: bytes) -> str:
        sending = asyncio.create_task(asyncio.to_thread(self._receiver.send, body))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            if not await sending:
                self.pending = None
            raise


async def run_relay(args: Mapping[str, Any]) -> int:
    """Receive and forward until SIGTERM or SIGINT; the exit status, 1 if an event was not sent.

    :raises InvalidArguments: an argument cannot be used; nothing listens.
    :raises OSError: the port is in use, or the address is not one of this machine.
    """
    params = check_arguments(RELAY_OPTIONS, args)
    queue, pace = ForwardingQueue(Receiver.declared(params)), Pace.declared(params)
    task = asyncio.create_task(listen(queue, read_listener(params), pace))
    loop = asyncio.get_running_loop()
    for sent in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sent, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
    if queue.pending is None and not pace.waiting:
        return 0
    log.error(
        "stopped before an event was forwarded. Start the relay again, which always begins with an"
        " event, or make a run by hand"
    )
    return 1


def _split(text: str) -> tuple[str, str]:
    """Give the scheme and the host of a URL; no host if it cannot be used."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return "", ""
    usable = _URL.fullmatch(text) and url.scheme in ("http", "https") and port != 0
    return url.scheme, (url.hostname or "") if usable and "@" not in url.netloc else ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
