# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that are not plain JSON, and replies that are empty or secret: over real sockets."""

from __future__ import annotations

import json

import pytest
from client_rig import CannedServer, reply

from ansible_collections.thingspace.fota.plugins.module_utils._client.body import (
    Body,
    form_body,
    json_body,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    FotaError,
    UnexpectedReply,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind,
    Operation,
)

SECRET = 'planted"secret'
PUT = Operation("put", "PUT", "/fota/x", Kind.WRITE)
GET = Operation("get", "GET", "/fota/x", Kind.READ)
LISTENER = Operation("get", "GET", "/fota/x", Kind.READ, may_be_empty=True, confidential=True)


def call(answer: bytes, operation: Operation, body: Body | None = None) -> object:
    with CannedServer([answer]) as server, Client(server.settings(timeout=1)) as client:
        return client.call(operation, body=body)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("is_json", [True, False])
def test_secrets_of_a_body_are_not_shown_by_errors(
    status: int,
    is_json: bool,  # noqa: FBT001
) -> None:
    text = json.dumps({"errorCode": "E", "errorMessage": f"bad {SECRET} here"})
    answer = reply(status, (text if is_json else f"oops {text}").encode())
    with pytest.raises(FotaError) as caught:
        call(answer, PUT, json_body({"password": SECRET}, secrets=(SECRET,)))
    shown = f"{caught.value!r} {caught.value.payload()}"
    assert "***" in shown
    assert "planted" not in shown
    with pytest.raises(FotaError) as caught:
        call(answer, PUT, json_body({"password": SECRET}))
    assert "planted" in str(caught.value), "without being told, it would be shown"


def test_a_reply_with_secrets_is_not_quoted() -> None:
    answer = reply(200, f'[{{"password": "{SECRET}"'.encode())
    with pytest.raises(UnexpectedReply, match=r"a body that is not JSON$") as caught:
        call(answer, LISTENER)
    assert "planted" not in f"{caught.value!r} {caught.value.payload()}"
    with pytest.raises(UnexpectedReply, match="planted"):
        call(answer, GET)


def test_an_empty_reply_is_nothing_only_where_that_is_documented() -> None:
    assert call(reply(200, b""), LISTENER) is None
    with pytest.raises(UnexpectedReply, match="an empty body"):
        call(reply(200, b""), GET)


def test_a_form_is_sent_as_it_is() -> None:
    body = form_body({"make": "ä"}, field_name="file", file_name="n", file=b"\x00\r\n--")
    with CannedServer([reply(200, b"{}")]) as server, Client(server.settings()) as client:
        client.call(PUT, body=body)
        (request,) = server.requests
    head, _empty, content = request.partition(b"\r\n\r\n")
    assert f"Content-Type: {body.media_type}".encode() in head
    assert content == body.content
    assert "x00" not in repr(body)
