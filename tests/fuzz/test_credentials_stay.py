# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a redirect says, the other host hears nothing: no call, no login, no write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import UnexpectedReply
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import Operation
from ansible_collections.thingspace.fota.plugins.module_utils._client.session import (
    LOGIN,
    OAUTH_TOKEN,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_client import ACCOUNT, READ, WRITE
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_examples import TOKENS
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_server import (
    Asked,
    WireServer,
    http_reply,
)


@pytest.fixture
def elsewhere() -> Iterator[WireServer]:
    with WireServer() as server:
        server.answer = lambda _asked: http_reply(json.dumps(TOKENS).encode())
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("at", [OAUTH_TOKEN, LOGIN, READ, WRITE], ids=lambda one: one.id)
def test_a_redirect_carries_nothing_to_another_host(
    elsewhere: WireServer, tmp_path: Path, status: int, at: Operation
) -> None:
    with WireServer() as service:

        def answer(asked: Asked) -> bytes:
            if asked.method == at.method and asked.path.endswith(at.url_path({"account": ACCOUNT})):
                there = f"HTTP/1.1 {status} X\r\nLocation: {elsewhere.url}/x\r\n"
                return there.encode() + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            return http_reply(json.dumps(TOKENS).encode())

        service.answer = answer
        settings = ConnectionSettings(
            base_url=service.url,
            client_id="key",
            client_secret="secret",
            username="user",
            password="password",
            token_cache=str(tmp_path / "tokens"),
        )
        with Client(settings) as client, pytest.raises(UnexpectedReply, match="not followed"):
            client.call(at if at in (READ, WRITE) else READ, params={"account": ACCOUNT})
        assert service.asked[-1].path.endswith(at.url_path({"account": ACCOUNT}))
    assert elsewhere.asked == []
