# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is repeated, what never is, and how every odd answer reads: over real sockets."""

from __future__ import annotations

import gzip
import ipaddress
import json
import ssl
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from client_rig import ACCOUNT, CannedServer, Ops, count, reply

from ansible_collections.thingspace.fota.plugins.module_utils._client import (
    backoff,
    clock,
    transport,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    CheckModeWrite,
    ConfigurationError,
    FotaError,
    ServiceRefused,
    ServiceUnavailable,
    UnexpectedReply,
    WriteOutcomeUnknown,
)
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
from ansible_collections.thingspace.fota.tests.usecases.virtual_time import VirtualTime


def read(client: Client, ops: Ops) -> object:
    return client.call(ops.read, params=ops.params, query={"protocol": "all"})


def write(client: Client, ops: Ops) -> object:
    return client.call(ops.write, params=ops.params, body=ops.body)


# -- reads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status_503_before", "status_500_after", "html_502"])
def test_a_read_rides_out_what_a_server_does(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, fault: str
) -> None:
    sim.faults([{"operation": ops.read.id, "times": 3, "fault": fault}])
    with Client(settings) as client:
        assert read(client, ops) == []
    assert count(sim, ops.read.id) == 4


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "status_429"])
def test_a_read_rides_out_resets_and_limits(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, fault: str
) -> None:
    sim.faults([{"operation": ops.read.id, "times": 2, "fault": fault}])
    with Client(settings) as client:
        assert read(client, ops) == []


CUT = reply(body=b"[1, 2]", Content_Length="60")
CHUNKED = (
    b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"9\r\n[1, "
)
NOT_GZIP = reply(body=b"not gzip", Content_Encoding="gzip")


@pytest.mark.parametrize(
    "spoilt", [CUT, CHUNKED, NOT_GZIP, b"", b"\x00\xff\r\n\r\n", reply(408), reply(101)]
)
def test_a_read_rides_out_a_spoilt_reply(spoilt: bytes, ops: Ops) -> None:
    with (
        CannedServer([spoilt, reply(body=b"[3]", Connection="close")], close=True) as server,
        Client(server.settings()) as client,
    ):
        assert read(client, ops) == [3]
        assert len(server.requests) == 2


REPEATABLE = Operation("v3X", "PUT", "/fota/v3/x/{account}", Kind.REPEATABLE_WRITE)


def test_a_read_ends_at_the_deadline_with_the_last_cause(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    virtual = VirtualTime()
    monkeypatch.setattr(clock, "time", virtual)
    monkeypatch.setattr(transport, "time", virtual)
    monkeypatch.setattr(
        backoff, "POLICY", backoff.RetryPolicy(first_pause=100.0, longest_pause=200.0)
    )
    sim.faults([{"operation": ops.read.id, "times": 10_000, "fault": "status_503_before"}])
    with (
        Client(settings) as client,
        pytest.raises(ServiceUnavailable) as caught,
    ):
        read(client, ops)
    error = caught.value
    assert ops.read.id in str(error)
    assert "INTERNAL_SYSTEM_ERROR" in str(error)
    assert error.payload() == {
        "kind": "unavailable",
        "http_status": 503,
        "error_code": "INTERNAL_SYSTEM_ERROR",
        "error_message": "The system encountered an internal error.",
        "operation": ops.read.id,
        "hint": error.hint,
    }
    assert str(error.hint).startswith("Check the service")  # a write may have been before it
    assert count(sim, ops.read.id) > 1


def test_a_silent_service_ends_at_the_deadline(ops: Ops) -> None:
    with (
        CannedServer([b""]) as server,
        Client(server.settings(timeout=0.2)) as client,
        pytest.raises(ServiceUnavailable, match="the reply timed out"),
    ):
        read(client, ops)


def test_what_was_said_is_told_and_not_the_silence_at_the_end(
    ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "POLICY", backoff.RetryPolicy(first_pause=0.001))
    torn = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n"
    with (
        CannedServer([torn, b""]) as server,
        Client(server.settings(timeout=2)) as client,
        pytest.raises(ServiceUnavailable, match=r"tried 2 times: the reply was cut off"),
    ):
        read(client, ops)


def test_a_silent_service_is_asked_again_long_before_the_deadline(
    ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = backoff.RetryPolicy(first_pause=0.001, longest_pause=0.01, read_timeout=0.2)
    monkeypatch.setattr(backoff, "POLICY", impatient)
    with (
        CannedServer([b"", reply(body=b"[3]")]) as server,
        Client(server.settings(timeout=5)) as client,
    ):
        assert read(client, ops) == [3]
        assert len(server.requests) == 2


@pytest.mark.parametrize("call", [read, write])
def test_json_is_read_whatever_it_is_announced_as(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, call: Any
) -> None:
    sim.faults([{"operation": "*", "fault": "wrong_type", "times": 9}])
    with Client(settings) as client:
        assert isinstance(call(client, ops), (list, dict))
    assert len(sim.journal()) == 3


def test_a_trickling_body_ends_at_the_deadline(ops: Ops) -> None:
    head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"
    trickle = head + b"1\r\n \r\n" * 2000 + b"0\r\n\r\n"
    with (
        CannedServer([trickle], drip=True) as server,
        Client(server.settings(timeout=0.6)) as client,
        pytest.raises(ServiceUnavailable, match="too slowly"),
    ):
        read(client, ops)


@pytest.mark.parametrize(("asked", "waited"), [(5, 0.3), (0, 0.1)])
def test_retry_after_is_waited_for_and_never_hurried(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
    asked: int,
    waited: float,
) -> None:
    policy = backoff.RetryPolicy(first_pause=0.2, longest_retry_after=0.3)
    monkeypatch.setattr(backoff, "POLICY", policy)
    sim.faults([{"operation": ops.read.id, "fault": "status_429", "retry_after": asked}])
    with Client(settings) as client:
        begun = time.monotonic()
        assert read(client, ops) == []
        assert time.monotonic() - begun >= waited


def test_a_retry_after_beyond_the_deadline_ends_the_call_at_once(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim.faults([{"operation": ops.read.id, "fault": "status_429", "retry_after": 50}])
    slept: list[float] = []
    monkeypatch.setattr(transport, "time", SimpleNamespace(sleep=slept.append))
    with (
        Client(replace(settings, timeout=49)) as client,
        pytest.raises(ServiceUnavailable, match="HTTP 429"),
    ):
        read(client, ops)
    assert slept == []
    assert count(sim, ops.read.id) == 1


# -- writes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["reset_before", "reset_after", "status_500_before", "status_503_after", "html_502"]
)
def test_a_write_of_unknown_outcome_is_never_sent_again(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, fault: str
) -> None:
    sim.faults([{"operation": ops.write.id, "times": 5, "fault": fault}])
    with Client(settings) as client, pytest.raises(WriteOutcomeUnknown) as caught:
        write(client, ops)
    assert caught.value.kind == "outcome_unknown"
    assert count(sim, ops.write.id) == 1


@pytest.mark.parametrize(
    "spoilt", [CUT, CHUNKED, NOT_GZIP, b"", reply(408), reply(199), reply(body=b"{")]
)
def test_a_write_with_a_spoilt_reply_is_never_sent_again(spoilt: bytes, ops: Ops) -> None:
    with CannedServer([spoilt, reply()], close=True) as server:
        with Client(server.settings()) as client, pytest.raises(WriteOutcomeUnknown):
            write(client, ops)
        assert len(server.requests) == 1


def test_a_write_without_an_answer_is_never_sent_again(ops: Ops) -> None:
    with CannedServer([b""]) as server:
        with Client(server.settings(timeout=0.2)) as client, pytest.raises(WriteOutcomeUnknown):
            write(client, ops)
        assert len(server.requests) < 2


@pytest.mark.parametrize("spoilt", [CUT, CHUNKED, NOT_GZIP, b"", reply(408), reply(502)])
def test_a_repeatable_write_is_sent_again(spoilt: bytes, ops: Ops) -> None:
    with (
        CannedServer([spoilt, reply(body=b"[3]", Connection="close")], close=True) as server,
        Client(server.settings()) as client,
    ):
        assert client.call(REPEATABLE, params=ops.params, body=ops.body) == [3]
        assert len(server.requests) == 2


def test_a_repeatable_write_ends_at_the_deadline_and_can_be_run_again(ops: Ops) -> None:
    with (
        CannedServer([reply(503)]) as server,
        Client(server.settings(timeout=0.2)) as client,
        pytest.raises(ServiceUnavailable, match="HTTP 503") as caught,
    ):
        client.call(REPEATABLE, params=ops.params, body=ops.body)
    assert "safe to run the task again" in str(caught.value.hint)


def test_check_mode_stops_a_repeatable_write(settings: ConnectionSettings, ops: Ops) -> None:
    with (
        Client(replace(settings, check_mode=True)) as client,
        pytest.raises(CheckModeWrite, match=REPEATABLE.id),
    ):
        client.call(REPEATABLE, params=ops.params, body=ops.body)


def test_a_limited_write_is_sent_again(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": ops.write.id, "times": 2, "fault": "status_429"}])
    with Client(settings) as client:
        assert isinstance(write(client, ops), dict)
    assert count(sim, ops.write.id) == 3


def test_a_write_to_a_closed_port_wrote_nothing(ops: Ops) -> None:
    with CannedServer([b""]) as server:
        settings = server.settings(timeout=0.2)
    with Client(settings) as client, pytest.raises(ServiceUnavailable) as caught:
        write(client, ops)
    assert "Connection refused" in str(caught.value)
    assert "Nothing was written" in str(caught.value.hint)


def test_a_write_never_uses_a_kept_connection(ops: Ops) -> None:
    with CannedServer([reply()]) as server, Client(server.settings()) as client:
        for _again in range(2):
            read(client, ops)
        assert server.connections == 1
        for _again in range(2):
            write(client, ops)
        assert server.connections == 3


def test_check_mode_stops_a_write_before_any_socket(
    settings: ConnectionSettings, sim: SimulatorServer, ops: Ops
) -> None:
    with Client(replace(settings, check_mode=True)) as client:
        with pytest.raises(CheckModeWrite, match=ops.write.id):
            write(client, ops)
        assert sim.journal() == []
        assert read(client, ops) == []


# -- odd answers ------------------------------------------------------------------------------


def test_an_xml_refusal_is_readable(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": ops.read.id, "fault": "xml_403"}])
    with Client(settings) as client, pytest.raises(ServiceRefused) as caught:
        read(client, ops)
    assert "HTTP 403: 404: Runtime Error: No matching resource" in str(caught.value)
    assert caught.value.error_code == "404"
    assert "subscribed" in str(caught.value.hint)


def test_an_html_failure_is_readable(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": ops.write.id, "fault": "html_502"}])
    with Client(settings) as client, pytest.raises(WriteOutcomeUnknown, match="502 Bad Gateway"):
        write(client, ops)


def test_an_empty_success_is_none_to_a_write_and_no_answer_to_a_read(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": op.id, "fault": "empty_200"} for op in (ops.read, ops.write)])
    with Client(settings) as client:
        assert write(client, ops) is None
        with pytest.raises(UnexpectedReply, match="HTTP 200 with an empty body"):
            read(client, ops)


@pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE, Kind.REPEATABLE_WRITE])
@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"errorCode": "REQUEST_FAILED.Unexpected", "errorMessage": "no"}, None, "no"),
        ({"errorCode": "", "errorMessage": "try later"}, "", "try later"),
        ({"fault": {"code": 101503, "message": "down"}}, "101503", "down"),
        ({"fault": "down"}, "", '{"fault": "down"}'),
        ({"error": "unavailable", "cause": "down"}, "unavailable", "down"),
        ([{"errorCode": "X"}], "X", ""),
        ({"errorCode": "X", "deviceList": [], "hasMoreData": False}, "X", ""),
    ],
)
def test_an_error_under_http_200_is_no_success(
    kind: Kind, body: object, code: str | None, message: str
) -> None:
    operation = Operation("v3X", "PUT", "/fota/v3/x", kind)
    expected = WriteOutcomeUnknown if kind is Kind.WRITE else UnexpectedReply
    with (
        CannedServer([reply(body=json.dumps(body).encode())]) as server,
        Client(server.settings()) as client,
        pytest.raises(expected, match=r"v3X \(PUT /fota/v3/x\): HTTP 200 with an error") as caught,
    ):
        client.call(operation)
    error = caught.value
    assert error.error_code == ("REQUEST_FAILED.Unexpected" if code is None else code or None)
    assert error.error_message == (message or None)
    assert (error.operation, error.http_status) == ("v3X", 200)
    assert error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", [b"<html><title>Welcome</title>", b"{", b"[" * 100_000, b"NaN", b"\xff\xfe\xfd"]
)
def test_a_success_that_is_not_json_is_unexpected(body: bytes, ops: Ops) -> None:
    with (
        CannedServer([reply(body=body)]) as server,
        Client(server.settings()) as client,
        pytest.raises(UnexpectedReply, match="not JSON") as caught,
    ):
        read(client, ops)
    assert str(caught.value).isprintable()


def test_an_empty_refusal_is_readable(ops: Ops) -> None:
    with (
        CannedServer([reply(404, b"")]) as server,
        Client(server.settings()) as client,
        pytest.raises(ServiceRefused, match="HTTP 404: no error message"),
    ):
        read(client, ops)


@pytest.mark.parametrize("location", ["https://evil.example/x", "/elsewhere", "http://[", ""])
def test_a_redirect_is_named_and_not_followed(location: str, ops: Ops) -> None:
    with CannedServer([reply(302, Location=location)]) as server:
        with Client(server.settings()) as client, pytest.raises(UnexpectedReply) as caught:
            read(client, ops)
        assert len(server.requests) == 1
    assert ("evil.example" in str(caught.value)) == ("evil" in location)


def test_tokens_echoed_by_the_service_are_not_shown(ops: Ops) -> None:
    body = json.dumps({"errorCode": "E", "errorMessage": "given-session-1 of given-bearer-1"})
    with (
        CannedServer([reply(400, body.encode())]) as server,
        Client(server.settings()) as client,
        pytest.raises(ServiceRefused, match=r"\*\*\* of \*\*\*") as caught,
    ):
        read(client, ops)
    assert "given-" not in f"{caught.value!r} {caught.value.payload()}"


def test_a_body_without_end_is_cut_off(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LARGEST_BODY", 100_000)
    bomb = gzip.compress(b" " * 10_000_000)
    with CannedServer([reply(body=bomb, Content_Encoding="gzip")]) as server:
        with Client(server.settings()) as client:
            with pytest.raises(UnexpectedReply, match="larger"):
                read(client, ops)
            with pytest.raises(WriteOutcomeUnknown, match="too large"):
                write(client, ops)
        assert len(server.requests) == 2


# -- what is sent -----------------------------------------------------------------------------


def test_what_a_call_sends(ops: Ops) -> None:
    campaign = Operation("v3X", "POST", "/fota/v3/campaigns/{account}/{id}", Kind.WRITE)
    answer = reply(body=gzip.compress(b'{"a": 1}'), Content_Encoding="gzip", Set_Cookie="a=b")
    with CannedServer([answer]) as server, Client(server.settings()) as client:
        called = client.call(
            campaign,
            params={"account": ACCOUNT, "id": "a/b?c#d%2e"},
            query={"lastSeenDeviceId": "0 1&x=2"},
            body={"name": "é"},
        )
        assert called == {"a": 1}
        client.call(ops.read, params=ops.params)
        head, _blank, body = server.requests[0].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        second = server.requests[1].decode()
    target = f"/api/fota/v3/campaigns/{ACCOUNT}/a%2Fb%3Fc%23d%252e"
    assert lines[0] == f"POST {target}?lastSeenDeviceId=0+1%26x%3D2 HTTP/1.1"
    assert {line.lower() for line in lines[1:]} == {
        f"host: 127.0.0.1:{server_port(lines)}",
        "accept: application/json",
        "accept-encoding: gzip",
        "authorization: bearer given-bearer-1",
        f"content-length: {len(body)}",
        "content-type: application/json",
        f"user-agent: thingspace.fota/{transport.COLLECTION_VERSION}",
        "vz-m2m-token: given-session-1",
    }
    assert json.loads(body) == {"name": "é"}
    assert "cookie" not in second.lower()


def server_port(lines: list[str]) -> str:
    return next(line.rpartition(":")[2] for line in lines if line.lower().startswith("host:"))


def test_the_version_sent_is_the_collections_own() -> None:
    galaxy = Path(__file__).resolve().parents[3] / "galaxy.yml"
    assert f"\nversion: {transport.COLLECTION_VERSION}\n" in galaxy.read_text(encoding="utf-8")


def test_the_environment_changes_neither_login_nor_route(
    ops: Ops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with CannedServer([reply()]) as server, Client(server.settings()) as client:
        read(client, ops)
        assert b"Bearer given-bearer-1" in server.requests[0]


@pytest.mark.parametrize("given", [True, False])
def test_https_goes_through_the_proxy_given_or_of_the_environment(
    ops: Ops, monkeypatch: pytest.MonkeyPatch, *, given: bool
) -> None:
    with CannedServer([reply(403)], close=True) as proxy:
        address = f"http://user:pr0xy-pass@127.0.0.1:{proxy.port}"
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1" if given else address)
        settings = proxy.settings(
            base_url="https://service.invalid/api",
            proxies={"https": address} if given else None,
            timeout=0.6,
        )
        with Client(settings) as client, pytest.raises(ServiceUnavailable) as caught:
            read(client, ops)
        assert proxy.requests[0].startswith(b"CONNECT service.invalid:443 ")
    assert "pr0xy-pass" not in f"{caught.value} {caught.value.payload()}"


# -- TLS --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Private CA")])
    now = datetime.now(timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("call", [read, write])
def test_an_untrusted_certificate_ends_the_call_at_once(
    ops: Ops, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, call: object
) -> None:
    # Trusted by the environment only, which does not count.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate))
    with CannedServer([reply()], tls=tls) as server, Client(server.settings()) as client:
        with pytest.raises(ServiceUnavailable, match="certificate is not trusted") as caught:
            call(client, ops)  # type: ignore[operator]
        assert server.connections == 1
        assert server.requests == []
    assert "ca_path" in str(caught.value.hint)


@pytest.mark.parametrize("trusted", [True, False])
def test_ca_path_and_validate_certs_hold_against_the_environment(
    ops: Ops,
    tls: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    trusted: bool,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/bundle.pem")
    how = {"ca_path": str(certificate)} if trusted else {"validate_certs": False}
    with (
        CannedServer([reply(body=b"[7]")], tls=tls) as server,
        Client(server.settings(**how)) as client,
    ):
        assert read(client, ops) == [7]
        assert write(client, ops) == [7]


# -- the client around it ---------------------------------------------------------------------


def test_requests_missing_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch, settings: ConnectionSettings
) -> None:
    monkeypatch.setattr(transport, "REQUESTS_IMPORT_ERROR", "Traceback ...")
    with pytest.raises(ConfigurationError, match="library requests is missing"):
        Client(settings)


def test_the_clock_is_the_services(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    with Client(settings) as client:
        with pytest.raises(UnexpectedReply):
            assert client.now is None
        assert client.simulated is None
        sim.set_now("2031-05-06T07:08:09Z")
        read(client, ops)
        assert client.now.strftime("%Y-%m-%dT%H") == "2031-05-06T07"
        assert client.simulated
        assert client.host == f"127.0.0.1:{sim.port}"
        assert client.warnings() == []


@pytest.mark.parametrize(("date", "said"), [("Fri, 02 Jan 2032 03:04:05 GMT", 1), ("junk", 0)])
def test_a_wrong_clock_is_said_once(ops: Ops, date: str, said: int) -> None:
    with CannedServer([reply(Date=date)]) as server, Client(server.settings()) as client:
        read(client, ops)
        assert client.simulated is False
        assert len(client.warnings()) == said
        assert client.warnings() == []


def test_map_keeps_the_order_and_bounds_the_threads(settings: ConnectionSettings) -> None:
    seen: set[str] = set()

    def note(item: int) -> int:
        seen.add(threading.current_thread().name)
        return item * 2

    with Client(replace(settings, max_connections=3)) as client:
        assert client.map(note, range(200)) == [item * 2 for item in range(200)]
        assert len(seen) <= 3
        seen.clear()
        assert client.map(note, [4]) == [8]
        assert seen == {threading.current_thread().name}
        assert client.map(note, []) == []


def test_map_raises_the_first_error_and_begins_nothing_more(settings: ConnectionSettings) -> None:
    begun: list[int] = []

    def fail_at_two(item: int) -> None:
        begun.append(item)
        if item == 2:
            raise FotaError(f"item {item}")
        time.sleep(0.001)

    with (
        Client(replace(settings, max_connections=2)) as client,
        pytest.raises(FotaError, match="item 2"),
    ):
        client.map(fail_at_two, range(5000))
    assert len(begun) < 5000
