# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP listener for callbacks: one request per connection, checked and answered at once.

A callback is not signed and its structure is not published, so its body decides nothing: it must be
a JSON object, in v1 with the registered user name and password, and is then dropped. That there was
one is the hint to read the service.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from .arguments import ListenerSettings, Network
from .refusals import Kind, RefusalLog, Refused

MAX_HEAD = 16 * 1024
REQUEST_SECONDS = 10.0
MOST_CONNECTIONS = 100
LINGER_SECONDS, STRANGER_SECONDS = 1.0, 0.1
MOST_DROPPED = 2**20

_LINE = re.compile(rb"([A-Z]{1,16}) (\S{1,4096}) HTTP/1\.[01]")
# One repetition for the whole value: more of them would take hours for some lines of spaces.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH = re.compile(r"\d{1,9}", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,6})[ \t]*(?:;[^\r\n]*)?\r\n")


@dataclass(frozen=True)
class Head:
    """The first lines of a request; names of fields are lower case, each with all its values."""

    method: str
    target: bytes
    fields: Mapping[str, list[str]]

    def last(self, name: str) -> str:
        """Give the value of the field that comes last, empty without one."""
        return self.fields.get(name, [""])[-1]


class CallbackListener:
    """Accepts callbacks, and calls ``accept`` before it answers one.

    :ivar refusals: counts of what was refused.
    """

    def __init__(self, settings: ListenerSettings, accept: Callable[[], None]) -> None:
        self.refusals = RefusalLog()
        self._settings = settings
        self._accept = accept
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen; gives the port.

        :raises OSError: the address is in use, or not one of this machine.
        """
        settings = self._settings
        server = await asyncio.start_server(
            self._serve,
            settings.host,
            settings.port,
            limit=MAX_HEAD,
            ssl=settings.tls,
            ssl_handshake_timeout=REQUEST_SECONDS if settings.tls else None,
        )
        async with server:
            try:
                yield server.sockets[0].getsockname()[1]
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, whatever happens, and close the connection."""
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("asyncio serves each connection in a task")
        self._tasks.add(task)
        sender = Sender(str(writer.get_extra_info("peername", ("",))[0]))
        try:
            status = await self._status(reader, writer, sender)
            writer.write(_reply(status))
            await writer.drain()
            stranger = status == Kind.SENDER.status  # many of them must not take all connections
            await _linger(reader, writer, STRANGER_SECONDS if stranger else LINGER_SECONDS)
        except (OSError, asyncio.CancelledError):
            pass  # the other side has gone, or the listener ends
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _status(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: Sender
    ) -> int:
        if len(self._tasks) > MOST_CONNECTIONS:
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            await asyncio.wait_for(self._check(reader, writer, sender), REQUEST_SECONDS)
        except Refused as refused:
            kind = refused.kind
        except asyncio.TimeoutError:
            kind = Kind.SLOW
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            kind = Kind.HEAD
        else:
            self._accept()
            return HTTPStatus.OK
        self.refusals.add(kind, sender.address)
        return kind.status

    async def _check(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: Sender
    ) -> None:
        """Read one request.

        :raises Refused: it is not a callback.
        """
        settings = self._settings
        proxied = sender.is_in(settings.proxies)
        if not proxied:
            self._check_sender(sender)  # a stranger cannot even keep a connection open
        head = _read_head(await reader.readuntil(b"\r\n\r\n"))
        if proxied:
            sender.forwarded(head.last("x-forwarded-for"))
            self._check_sender(sender)
        if not hmac.compare_digest(head.target, settings.path.encode()):
            raise Refused(Kind.PATH)
        if head.method != "POST":
            raise Refused(Kind.METHOD)
        if head.last("expect").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        message = _read_json(await _read_body(reader, head, settings.max_body))
        self._check_secret(message)

    def _check_sender(self, sender: Sender) -> None:
        senders = self._settings.senders
        if senders is not None and not sender.is_in(senders):
            raise Refused(Kind.SENDER)

    def _check_secret(self, message: Mapping[str, Any]) -> None:
        """Compare what v1 puts into each message, in a time that does not depend on it."""
        settings = self._settings
        if not settings.password:
            return
        pairs = (("username", settings.username), ("password", settings.password))
        same = [
            hmac.compare_digest(str(message.get(name, "")).encode(errors="replace"), right.encode())
            for name, right in pairs
        ]
        if not all(same):
            raise Refused(Kind.SECRET)


class Sender:
    """The address of who sent a request; behind a trusted proxy, the one that the proxy names."""

    def __init__(self, address: str) -> None:
        self.address = address

    def forwarded(self, addresses: str) -> None:
        """Take the address that the proxy has added, which is the last one."""
        last = addresses.rpartition(",")[2].strip()
        self.address = "unknown" if _address(last) is None else last

    def is_in(self, networks: tuple[Network, ...]) -> bool:
        """Tell whether a network has the address."""
        address = _address(self.address)
        return address is not None and any(address in network for network in networks)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _read_head(data: bytes) -> Head:
    """Read the lines before the body, strictly: nothing that two programs could read differently.

    :raises Refused: they are not those of an HTTP request.
    """
    line, *lines = data[:-4].split(b"\r\n")
    found = _LINE.fullmatch(line)
    if found is None:
        raise Refused(Kind.HEAD)
    fields: dict[str, list[str]] = {}
    for line in lines:
        pair = _FIELD.fullmatch(line)
        if pair is None:
            raise Refused(Kind.HEAD)
        fields.setdefault(pair[1].decode().lower(), []).append(
            pair[2].strip(b" \t").decode("latin-1")
        )
    return Head(found[1].decode(), found[2], fields)


async def _read_body(reader: asyncio.StreamReader, head: Head, most: int) -> bytes:
    """Read the body, never more than allowed.

    :raises Refused: its length is not given, or too large.
    """
    lengths, codings = head.fields.get("content-length"), head.fields.get("transfer-encoding")
    if codings is not None:
        if lengths is not None or [coding.lower() for coding in codings] != ["chunked"]:
            raise Refused(Kind.HEAD)
        return await _read_chunks(reader, most)
    if lengths is None:
        raise Refused(Kind.LENGTH)
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise Refused(Kind.HEAD)
    if int(lengths[0]) > most:
        raise Refused(Kind.SIZE)
    return await reader.readexactly(int(lengths[0]))


async def _read_chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    body = b""
    while True:
        found = _CHUNK.fullmatch(await reader.readuntil(b"\r\n"))
        if found is None:
            raise Refused(Kind.HEAD)
        length = int(found[1], 16)
        if len(body) + length > most:
            raise Refused(Kind.SIZE)
        if not length:
            return body  # what follows is not read, as the connection is closed
        body += await reader.readexactly(length)
        if await reader.readexactly(2) != b"\r\n":
            raise Refused(Kind.HEAD)


def _read_json(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(Kind.BODY) from None
    if not isinstance(message, dict):
        raise Refused(Kind.BODY)
    return message


async def _linger(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    """Drop what is still sent for a moment: to close at once would take back the reply."""
    if writer.can_write_eof():
        writer.write_eof()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(reader.read(MOST_DROPPED), seconds)


def _reply(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase
    return (
        f"HTTP/1.1 {int(status)} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()
