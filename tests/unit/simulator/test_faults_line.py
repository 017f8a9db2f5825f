# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line between client and service: refused, silent, slow, cut, encrypted, by way of a proxy."""

from __future__ import annotations

import json
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    ObservedCall,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ApiClient,
    ClientFactory,
    fleet,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority
from ansible_collections.thingspace.fota.tests.unit.simulator.proxy import Proxy

PATIENCE = 300.0
HOURS = 3600
CREATE = f"v3/campaigns/firmware/{ACCOUNT}"
LIST = f"v3/devices/{ACCOUNT}"


def asked(client: ApiClient, connection: HTTPConnection) -> dict[str, str]:
    """The headers of a device list read over a connection that is kept."""
    connection.request("GET", f"/api/fota/{LIST}", headers=client.wire.tokens())
    reply = connection.getresponse()
    reply.read()
    assert reply.status == 200
    return {name.lower(): value for name, value in reply.getheaders()}


# -- refused --------------------------------------------------------------------------------------


def test_a_port_that_refuses_cuts_kept_connections_and_comes_back(
    start_client: ClientFactory,
) -> None:
    client = start_client()
    port = client.sim.port
    first, second = (HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _n in range(2))
    asked(client, first)
    asked(client, second)
    client.sim.faults(
        [{"operation": "v3ListDevices", "nth": 2, "fault": "refuse", "seconds": HOURS}]
    )
    assert "connection" not in asked(client, first)
    assert asked(client, first)["connection"] == "close", "the call itself is answered"
    with pytest.raises((OSError, HTTPException)):
        asked(client, second)
    second.close()
    for _attempt in range(3):
        with pytest.raises(ConnectionRefusedError):
            second.connect()
    client.sim.faults([])
    assert "connection" not in asked(client, second)
    assert client.sim.port == port
    for connection in (first, second):
        connection.close()


def test_a_refusal_ends_by_itself(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "refuse", "seconds": 0.3}])
    assert client.raw("POST", CREATE, client.v3_body()).status == 200
    with pytest.raises(ConnectionRefusedError):
        client.raw("GET", LIST)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            assert client.raw("GET", LIST).status == 200
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
    else:
        raise AssertionError("the port still refuses")
    assert len(client.sim.campaigns()) == 1


def test_a_simulator_can_be_closed_while_its_port_refuses() -> None:
    with SimulatorServer(fleet(), start="2026-03-02T00:00:00Z") as sim:
        client = ApiClient(sim)
        sim.faults([{"fault": "refuse", "seconds": HOURS}])
        assert client.raw("GET", LIST).status == 200
    with pytest.raises(ConnectionRefusedError):
        client.raw("GET", LIST)


# -- silent, slow, cut ----------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "effects"), [("stall_before", 0), ("stall_after", 1)])
def test_a_silence_holds_up_nobody_else(
    start_client: ClientFactory, fault: str, effects: int
) -> None:
    client = start_client()
    client.sim.faults([{"operation": "v3ScheduleCampaign", "fault": fault, "seconds": HOURS}])
    connection = HTTPConnection("127.0.0.1", client.sim.port, timeout=0.3)
    headers = {**client.wire.tokens(), "Content-Type": "application/json"}
    connection.request("POST", f"/api/fota/{CREATE}", json.dumps(client.v3_body()), headers)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    assert len(client.sim.campaigns()) == effects
    assert client.raw("GET", LIST).status == 200
    connection.close()


def test_a_silence_that_ends(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "stall_after", "seconds": 0.2}])
    begun = time.monotonic()
    assert client.raw("GET", LIST).status == 200
    assert time.monotonic() - begun >= 0.19


def test_a_body_in_drops_is_whole_in_the_end(start_client: ClientFactory) -> None:
    client = start_client()
    whole = client.raw("GET", LIST).body
    client.sim.faults([{"fault": "slow_body", "seconds": 0.3}])
    begun = time.monotonic()
    assert client.raw("GET", LIST).body == whole
    assert time.monotonic() - begun >= 0.29


def test_half_a_body(start_client: ClientFactory) -> None:
    client = start_client()
    whole = client.raw("GET", LIST).body
    client.sim.faults([{"fault": "truncated_body"}])
    with pytest.raises(IncompleteRead) as cut:
        client.raw("GET", LIST)
    assert cut.value.partial == whole[: len(whole) // 2]
    assert cut.value.expected == len(whole) - len(whole) // 2


# -- headers --------------------------------------------------------------------------------------


def test_retry_after_in_seconds_as_a_date_and_not_at_all(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults(
        [
            {"fault": "status_429", "retry_after": 7},
            {"fault": "status_503_before", "nth": 2, "retry_after": 90, "as_date": True},
            {"fault": "status_429", "nth": 3},
        ]
    )
    answers = [client.raw("GET", LIST) for _call in range(3)]
    assert [answer.status for answer in answers] == [429, 503, 429]
    assert [answer.headers.get("retry-after") for answer in answers] == [
        "7",
        "Mon, 02 Mar 2026 00:01:30 GMT",
        None,
    ]


def test_a_redirect_keeps_path_and_query(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "redirect", "to": "http://127.0.0.1:9/", "status": 302}])
    answer = client.raw("GET", f"{LIST}?protocol=LWM2M")
    assert answer.status == 302
    assert answer.headers["location"] == f"http://127.0.0.1:9/api/fota/{LIST}?protocol=LWM2M"


def test_an_observer_sees_what_the_service_itself_said() -> None:
    calls: list[ObservedCall] = []
    with SimulatorServer(fleet(), start="2026-03-02T00:00:00Z", observer=calls.append) as sim:
        client = ApiClient(sim)
        sim.faults([{"fault": "null_lists"}, {"fault": "clock_skew"}, {"fault": "truncated_body"}])
        with pytest.raises(IncompleteRead):
            client.raw("GET", LIST)
    seen = calls[-1]
    assert seen.fault == "null_lists+clock_skew+truncated_body"
    assert len(json.loads(seen.reply_body)["deviceList"]) == 50
    assert seen.reply_headers["Date"].startswith("Mon, 02 Mar 2026")
    assert seen.reply_headers["Content-Length"] == str(len(seen.reply_body))


# -- TLS and proxy --------------------------------------------------------------------------------


def list_over_tls(sim: SimulatorServer, bundle: Path | None) -> int:
    """The status of a call without tokens: an answer is all that matters."""
    trust = ssl.create_default_context(cafile=bundle)
    connection = HTTPSConnection("127.0.0.1", sim.port, timeout=PATIENCE, context=trust)
    try:
        connection.request("GET", f"/api/fota/{LIST}")
        return connection.getresponse().status
    finally:
        connection.close()


def test_tls_with_a_private_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with SimulatorServer(fleet(), tls=authority.context()) as sim:
        assert sim.url == f"https://127.0.0.1:{sim.port}/api"
        assert sim.control_url.startswith("https://")
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            list_over_tls(sim, None)
        assert list_over_tls(sim, authority.bundle) == 401
        sim.faults([{"fault": "reset_before"}, {"fault": "refuse", "nth": 2, "seconds": HOURS}])
        with pytest.raises((OSError, HTTPException)):
            list_over_tls(sim, authority.bundle)
        assert list_over_tls(sim, authority.bundle) == 401
        with pytest.raises(ConnectionRefusedError):
            list_over_tls(sim, authority.bundle)
        sim.faults([])
        assert list_over_tls(sim, authority.bundle) == 401
        assert [row["status"] for row in sim.journal()] == [401, 0, 401, 401]


def test_tls_with_an_expired_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with SimulatorServer(fleet(), tls=authority.context(expired=True)) as sim:
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
            list_over_tls(sim, authority.bundle)
        assert sim.journal() == []


def test_who_speaks_no_tls_holds_up_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with SimulatorServer(fleet(), tls=authority.context()) as sim:
        silent = HTTPConnection("127.0.0.1", sim.port, timeout=PATIENCE)
        silent.connect()
        plain = HTTPConnection("127.0.0.1", sim.port, timeout=PATIENCE)
        plain.request("GET", "/")
        with pytest.raises((OSError, HTTPException)):
            plain.getresponse()
        assert list_over_tls(sim, authority.bundle) == 401
        for connection in (silent, plain):
            connection.close()


def test_a_proxy_sees_plain_calls_whole(start_client: ClientFactory) -> None:
    client = start_client()
    with Proxy() as proxy:
        through = HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=PATIENCE)
        body: dict[str, Any] = client.v3_body()
        through.request(
            "POST",
            f"{client.sim.url}/fota/{CREATE}?x=1",
            json.dumps(body),
            {**client.wire.tokens(), "Content-Type": "application/json"},
        )
        assert json.loads(through.getresponse().read())["status"] == "CampaignRequestPending"
        through.close()
        (passed,) = proxy.passed
    assert (passed.method, passed.target) == ("POST", f"{client.sim.url}/fota/{CREATE}?x=1")
    assert json.loads(passed.body) == body
    assert passed.headers["vz-m2m-token"] == client.wire.session


def test_a_proxy_sees_nothing_of_an_encrypted_call(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = ssl.create_default_context(cafile=authority.bundle)
    with SimulatorServer(fleet(), tls=authority.context()) as sim, Proxy() as proxy:
        place = int(proxy.url.rpartition(":")[2])
        through = HTTPSConnection("127.0.0.1", place, timeout=PATIENCE, context=trust)
        through.set_tunnel("127.0.0.1", sim.port)
        through.request("GET", f"/api/fota/{LIST}", headers={"VZ-M2M-Token": "planted-token"})
        assert through.getresponse().status == 401
        through.close()
        assert [(client.method, client.target) for client in proxy.passed] == [
            ("CONNECT", f"127.0.0.1:{sim.port}")
        ]
        assert proxy.tunnelled
        assert b"planted-token" not in proxy.tunnelled


def test_a_proxy_before_a_closed_port_answers_for_it() -> None:
    with SimulatorServer(fleet()) as sim:
        url = sim.url
    with Proxy() as proxy:
        through = HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=PATIENCE)
        through.request("GET", url)
        assert through.getresponse().status == 502
        through.close()
