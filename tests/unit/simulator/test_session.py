# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, bearers, sessions, lockout, and what every reply carries."""

from __future__ import annotations

import json
import socket
import threading
from http.client import HTTPConnection, RemoteDisconnected

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.wire import Wire, basic
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ClientFactory,
    fleet,
)

LIST = f"/fota/v3/devices/{ACCOUNT}"


def test_the_same_bearer_within_its_hour(start_client: ClientFactory) -> None:
    client = start_client(switches={"token_clock": "virtual"})
    first = client.wire.bearer
    client.sim.advance(hours=0.5)
    answer = client.wire.request_bearer()
    assert client.wire.bearer == first
    assert answer.json["expires_in"] == 1800
    client.sim.advance(hours=0.6)
    answer = client.wire.call("GET", LIST)
    assert (answer.status, answer.json["fault"]["code"]) == (401, "900901")
    client.wire.request_bearer()
    assert client.wire.bearer != first


def test_a_session_dies_of_idleness_only(start_client: ClientFactory) -> None:
    client = start_client(switches={"token_clock": "virtual"})
    for _call in range(6):
        client.sim.advance(hours=0.3)
        client.wire.request_bearer()
        assert client.wire.call("GET", LIST).status == 200
    client.sim.advance(hours=0.34)
    client.wire.request_bearer()
    answer = client.wire.call("GET", LIST)
    assert answer.status == 400
    assert answer.json["errorCode"] == "REQUEST_FAILED.SessionToken.Expired"


def test_token_ages_follow_the_real_clock_by_default(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.advance(hours=500)
    assert client.wire.call("GET", LIST).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "900902"),
        ({"Authorization": "Basic abc"}, 401, "900902"),
        ({"Authorization": "Bearer nobody"}, 401, "900901"),
    ],
)
def test_bearer_faults(
    start_client: ClientFactory, headers: dict[str, str], status: int, code: str
) -> None:
    answer = start_client().wire.send("GET", LIST, headers=headers)
    assert (answer.status, answer.json["fault"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "REQUEST_FAILED.SessionToken.Format"),
        ("not-a-guid", "INPUT_INVALID.SessionToken.Invalid"),
        ("00000000-0000-4000-8000-000000000000", "REQUEST_FAILED.SessionToken.Expired"),
    ],
)
def test_session_errors(start_client: ClientFactory, token: str, code: str) -> None:
    wire = start_client().wire
    wire.session = token
    answer = wire.call("GET", LIST)
    assert (answer.status, answer.json["errorCode"]) == (400, code)


def test_bad_key_and_bad_grant(start_client: ClientFactory) -> None:
    wire = start_client().wire
    answer = wire.request_bearer(secret="wrong")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    answer = wire.request_bearer(form="grant_type=password")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_five_wrong_passwords_lock_and_support_unlocks(start_client: ClientFactory) -> None:
    client = start_client()
    codes = [client.wire.start_session(password="wrong").json["errorCode"] for _try in range(5)]
    assert set(codes) == {"INPUT_INVALID.Login.Credentials"}
    locked = client.wire.start_session()
    assert (locked.status, locked.json["errorCode"]) == (401, "REQUEST_FAILED.Login.Locked")
    client.sim.unlock()
    assert client.wire.start_session().status == 200


def test_four_wrong_passwords_are_forgotten_by_a_right_one(start_client: ClientFactory) -> None:
    client = start_client()
    for _round in range(3):
        for _try in range(4):
            assert client.wire.start_session(password="wrong").status == 401
        assert client.wire.start_session().status == 200


def test_logout_echoes_and_ends_the_session(start_client: ClientFactory) -> None:
    client = start_client()
    answer = client.wire.call("POST", "/m2m/v1/session/logout")
    assert answer.json == {"sessionToken": client.wire.session}
    assert client.wire.call("GET", LIST).status == 400


def test_revoke_ends_the_bearer(start_client: ClientFactory) -> None:
    client = start_client()
    form = f"grant_type=client_credentials&token={client.wire.bearer}"
    key = {"Authorization": basic()}
    answer = client.wire.send("POST", "/ts/v1/oauth2/revoke", body=form.encode(), headers=key)
    assert (answer.status, answer.body) == (200, b"")
    assert client.wire.call("GET", LIST).status == 401


@pytest.mark.parametrize("what", ["bearer", "session", "both"])
def test_tokens_expire_on_order(start_client: ClientFactory, what: str) -> None:
    client = start_client()
    client.sim.expire(what)
    assert client.wire.call("GET", LIST).status == (400 if what == "session" else 401)
    client.wire.login()
    assert client.wire.call("GET", LIST).status == 200


def test_a_user_sees_its_own_accounts_only(start_client: ClientFactory) -> None:
    data = fleet()
    data["credentials"] = [
        {
            "key": "simulator-key",
            "secret": "simulator-secret",
            "username": "simulator-user",
            "password": "simulator-password",
            "accounts": ["0000123456-00002"],
        }
    ]
    client = start_client(data)
    assert client.refused("GET", f"v3/devices/{ACCOUNT}") == "Inactive account"
    assert client.raw("GET", "v3/devices/0000123456-00002").status == 200


def test_every_reply_carries_virtual_date_and_mark(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.set_now("2026-05-01T12:00:00Z")
    for path in (LIST, "/fota/v9/nothing"):
        headers = client.wire.call("GET", path).headers
        assert headers["date"] == "Fri, 01 May 2026 12:00:00 GMT"
        assert headers["x-fota-simulator"] == "1"


def test_writes_are_refused_and_journalled_on_order(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.refuse_writes = True
    answer = client.raw("POST", f"v3/campaigns/firmware/{ACCOUNT}", client.v3_body())
    assert (answer.status, answer.json["errorCode"]) == (403, "WRITE_REFUSED")
    assert client.raw("PUT", f"v3/firmware/{ACCOUNT}/devices", {"deviceList": ["1"]}).status == 403
    assert client.device(1)["firmware"] == "A"
    refused = [row["operation"] for row in client.sim.journal() if row["refused"]]
    assert refused == ["v3ScheduleCampaign", "v3SyncDeviceFirmware"]
    assert client.sim.campaigns() == []
    client.wire.login()


def test_the_journal_numbers_on_and_keeps_no_secret(start_client: ClientFactory) -> None:
    client = start_client()
    client.wire.start_session(password="a-wrong-password")
    client.raw("GET", f"v3/firmware/{ACCOUNT}?protocol=all")
    rows = client.sim.journal()
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1] | {"ms": 0} == {
        "n": 4,
        "at": "2026-03-02T00:00:00.000Z",
        "operation": "v3ListFirmware",
        "kind": "read",
        "method": "GET",
        "path": f"/api/fota/v3/firmware/{ACCOUNT}",
        "status": 200,
        "refused": False,
        "fault": None,
        "user": "simulator-user",
        "ms": 0,
    }
    text = json.dumps(rows)
    for secret in (client.wire.bearer, client.wire.session, "simulator-secret", "password"):
        assert secret not in text
    client.sim.clear_journal()
    client.raw("GET", f"v3/subscriptions/{ACCOUNT}")
    assert [row["n"] for row in client.sim.journal()] == [5]
    assert client.sim.journal(since=5) == []


@pytest.mark.parametrize("method", ["PATCH", "QUERY", "HEAD", "M-SEARCH"])
def test_a_wrong_method_is_405_and_the_connection_lives(
    start_client: ClientFactory, method: str
) -> None:
    client = start_client()
    connection = HTTPConnection("127.0.0.1", client.sim.port, timeout=20)
    connection.request(method, f"/api{LIST}", headers=client.wire.tokens())
    reply = connection.getresponse()
    reply.read()
    assert (reply.status, reply.getheader("Allow")) == (405, "GET, POST")
    kept = connection.sock
    connection.request("GET", f"/api{LIST}", headers=client.wire.tokens())
    assert connection.getresponse().status == 200
    assert connection.sock is kept
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/x HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /api/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /api/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_a_fault(start_client: ClientFactory, sent: bytes) -> None:
    client = start_client()
    with socket.create_connection(("127.0.0.1", client.sim.port), timeout=20) as plain:
        plain.sendall(sent)
        received = b""
        while chunk := plain.recv(4096):
            received += chunk
    head, _blank, body = received.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
    assert json.loads(body)["fault"]["message"] == "Bad Request"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"deviceList": NaN}'],
)
def test_broken_bodies_are_binding_errors(start_client: ClientFactory, body: bytes) -> None:
    client = start_client()
    path = f"/fota/v3/campaigns/firmware/{ACCOUNT}"
    answer = client.wire.send("POST", path, body=body, headers=client.wire.tokens())
    assert answer.status == 400
    assert answer.json["errorCode"] == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("account", "message"),
    [
        ("0000999999-00001", "Inactive account"),
        ("nobody", "Invalid account name format"),
        ("%00", "Invalid account name format"),
        ("%ff%fe", "Invalid account name format"),
    ],
)
def test_accounts_are_judged(start_client: ClientFactory, account: str, message: str) -> None:
    assert start_client().refused("GET", f"v3/devices/{account}") == message


def test_many_threads_get_an_answer_each(start_client: ClientFactory) -> None:
    client = start_client()
    statuses: list[int] = []

    def work() -> None:
        wire = Wire(client.sim.url)
        wire.bearer, wire.session = client.wire.bearer, client.wire.session
        statuses.extend(wire.call("GET", LIST).status for _call in range(5))

    threads = [threading.Thread(target=work) for _thread in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 60


def test_close_cuts_idle_connections_and_frees_the_port() -> None:
    server = SimulatorServer(fleet())
    server.start()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/_simulator")
    connection.getresponse().read()
    server.close()
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        connection.request("GET", "/_simulator")
        connection.getresponse()
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
