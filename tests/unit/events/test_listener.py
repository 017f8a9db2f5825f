# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a callback, over real connections: anything else changes nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._events import listener
from ansible_collections.thingspace.fota.plugins.plugin_utils._events.arguments import (
    CALLBACKS_OPTIONS,
    check_arguments,
    read_listener,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._events.refusals import Kind
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority

PATH = "/callback/Zk3vQ8tB5yXw1LmNcRfHjPsD7uGa9e0T"
LOCAL = ["127.0.0.1"]
BODY = {"accountName": "0000123456-00001", "type": "upgradeProgress", "anything": [1, {}]}


def request(
    body: Any = BODY, *fields: str, method: str = "POST", path: str = PATH, length: Any = None
) -> bytes:
    """A request; ``body`` is sent as JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: here", *fields]
    lines.append(f"Content-Length: {len(data) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + data


def chunked(*chunks: bytes) -> bytes:
    head = f"POST {PATH} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


class Listening:
    """A listener on loopback.

    :ivar accepted: how many callbacks it has accepted.
    """

    def __init__(self, **args: Any) -> None:
        given = {"port": 0, "path": PATH, "senders": LOCAL, **args}
        settings = read_listener(check_arguments(CALLBACKS_OPTIONS, given))
        self.accepted = 0
        self.listener = listener.CallbackListener(settings, self._accept)

    def _accept(self) -> None:
        self.accepted += 1

    def replies(self, *requests: bytes, tls: ssl.SSLContext | None = None) -> list[bytes]:
        """Send each request on a connection of its own; all that is answered to each."""

        async def exchange(port: int, data: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
            writer.write(data)
            reply = await reader.read()
            writer.close()
            return reply

        async def all_of_them() -> list[bytes]:
            async with self.listener.listening() as port:
                return [await exchange(port, data) for data in requests]

        return asyncio.run(all_of_them())

    def statuses(self, *requests: bytes, tls: ssl.SSLContext | None = None) -> list[int]:
        return [int(reply.split()[1]) for reply in self.replies(*requests, tls=tls)]


@pytest.mark.parametrize(
    "data",
    [
        request(),
        request({}),
        request(BODY, "Content-Type: text/plain", "X-Forwarded-For: 192.0.2.1"),
        request(b" " * 65000 + b"{}"),
        chunked(b'{"a":', b" 1}"),
        request().replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_callback_is_accepted_and_answered(data: bytes) -> None:
    listening = Listening()
    (reply,) = listening.replies(data)
    assert reply == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert listening.accepted == 1


def test_a_sender_may_ask_before_it_sends_a_body() -> None:
    (reply,) = Listening().replies(request(BODY, "Expect: 100-continue"))
    assert reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


PLANTED = "planted-5ecret"
REFUSED = [
    (request(path=PATH + "x"), Kind.PATH),
    (request(path=PATH[:-1]), Kind.PATH),
    (request(path="/"), Kind.PATH),
    (request(path=f"{PATH}?x=1"), Kind.PATH),
    (request(path=f"http://here{PATH}"), Kind.PATH),
    (request(path=f"/{PLANTED}"), Kind.PATH),
    (request(method="GET"), Kind.METHOD),
    (request(method="PUT"), Kind.METHOD),
    (request(b"x" * 65537), Kind.SIZE),
    (request(b"{}", length=10**8), Kind.SIZE),
    (chunked(b"x" * 40000, b"x" * 40000), Kind.SIZE),
    (f"POST {PATH} HTTP/1.1\r\n\r\n".encode(), Kind.LENGTH),
    (request(PLANTED.encode()), Kind.BODY),
    (request(b""), Kind.BODY),
    (request([PLANTED]), Kind.BODY),
    (request(b"\xff{}"), Kind.BODY),
    (request(b"[" * 60000), Kind.BODY),
    (request(length="-1"), Kind.HEAD),
    (request(length="2, 2"), Kind.HEAD),
    (request(BODY, "Content-Length: 2"), Kind.HEAD),
    (request(BODY, "Transfer-Encoding: chunked"), Kind.HEAD),
    (chunked(b"{}").replace(b"chunked", b"gzip, chunked"), Kind.HEAD),
    (chunked(b"{}").replace(b"2\r\n", b"z\r\n"), Kind.HEAD),
    (chunked(b"{}").replace(b"{}\r\n", b"{}xx"), Kind.HEAD),
    (request(BODY, " continued: x"), Kind.HEAD),
    (request(BODY, "no colon"), Kind.HEAD),
    (request(BODY, f"X: {'x' * 20000}"), Kind.HEAD),
    (request(BODY, f"X:{' ' * 8000}\nx"), Kind.HEAD),
    (request().replace(b"HTTP/1.1", b"HTTP/2.0"), Kind.HEAD),
    (request().replace(b"POST ", b"post "), Kind.HEAD),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", Kind.HEAD),
]


@pytest.mark.parametrize(("data", "kind"), REFUSED)
def test_anything_else_changes_nothing_and_is_logged_once(
    data: bytes, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    listening = Listening()
    assert listening.statuses(data, data, data) == [kind.status] * 3
    assert (listening.accepted, dict(listening.listener.refusals.counts)) == (0, {kind: 3})
    assert [kind.words in line for line in caplog.messages] == [True]
    assert not [text for text in (PATH, PLANTED) if text in caplog.text]


def test_an_incomplete_request_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "REQUEST_SECONDS", 0.2)
    listening = Listening()
    assert listening.statuses(request(length=500), b"POST ", b"") == [408, 408, 408]
    assert listening.accepted == 0


def test_a_full_listener_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 0)
    listening = Listening()
    assert (listening.statuses(request()), listening.accepted) == ([503], 0)


def test_by_default_only_the_published_senders_are_accepted() -> None:
    listening = Listening(senders=None)
    assert listening.statuses(request()) == [403]
    assert Listening(senders=["any"]).statuses(request()) == [200]
    # A stranger is refused before it has sent anything.
    assert listening.statuses(b"") == [403]


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        (["3.87.163.45"], 200),
        (["192.0.2.1, 3.87.163.45"], 200),
        (["::ffff:3.87.163.45"], 200),
        (["192.0.2.1", "3.87.163.45"], 200),
        (["3.87.163.45, 192.0.2.1"], 403),
        (["3.87.163.45", "192.0.2.1"], 403),
        (["unknown"], 403),
        ([], 403),
    ],
)
def test_behind_a_proxy_the_last_address_is_the_sender(forwarded: list[str], status: int) -> None:
    listening = Listening(senders=None, trusted_proxies=["127.0.0.0/8"])
    fields = [f"X-Forwarded-For: {value}" for value in forwarded]
    assert listening.statuses(request(BODY, *fields)) == [status]


def test_a_stranger_cannot_name_another_sender() -> None:
    listening = Listening(senders=None, trusted_proxies=["10.0.0.0/8"])
    assert listening.statuses(request(BODY, "X-Forwarded-For: 3.87.163.45")) == [403]


def test_the_secret_of_v1_is_compared(caplog: pytest.LogCaptureFixture) -> None:
    listening = Listening(callback_username="them", callback_password=PLANTED)
    right = {**BODY, "username": "them", "password": PLANTED}
    wrong = [
        BODY,
        {**right, "password": PLANTED[:-1]},
        {**right, "password": [PLANTED]},
        {**right, "username": "their\ud800s"},
        {**right, "username": None},
    ]
    assert listening.statuses(*map(request, wrong)) == [401] * 5
    assert (listening.accepted, len(caplog.messages)) == (0, 1)
    assert listening.statuses(request(right)) == [200]
    assert PLANTED not in caplog.text


def test_many_refusals_make_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    Listening().statuses(*[request(path="/")] * 120)
    assert [line[:20] for line in caplog.messages] == [
        "refused a request fo",
        "refused 10 requests ",
        "refused 100 requests",
    ]


def test_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    listening = Listening(certfile=str(authority.server()))
    context = ssl.create_default_context(cafile=str(authority.bundle))
    assert listening.statuses(request(), tls=context) == [200]


def test_who_leaves_early_disturbs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    listening = Listening()

    async def leave(port: int) -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /")
        writer.transport.abort()

    async def both() -> bytes:
        async with listening.listener.listening() as port:
            await leave(port)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request())
            reply = await reader.read()
            writer.close()
            return reply

    caplog.set_level(logging.DEBUG)
    assert asyncio.run(both()).startswith(b"HTTP/1.1 200")
    assert "Traceback" not in caplog.text
