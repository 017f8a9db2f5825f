# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in: once for everybody, never twice after a refusal, again only when told to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from client_rig import ACCOUNT, CannedServer, Ops, count, reply

from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    ConfigurationError,
    FotaError,
    LoginRejected,
    ServiceRefused,
    ServiceUnavailable,
    TokenCacheError,
    UnexpectedReply,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    ObservedCall,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)

OAUTH, LOGIN, LOGOUT = "requestOAuthToken", "startM2MSession", "endM2MSession"


def read(settings: ConnectionSettings, ops: Ops) -> object:
    with Client(settings) as client:
        return client.call(ops.read, params=ops.params, query=ops.query)


def entry_file(settings: ConnectionSettings) -> Path:
    return next(Path(settings.token_cache or "").glob("*.json"))


def change_entry(settings: ConnectionSettings, change: Callable[[dict[str, object]], None]) -> None:
    file = entry_file(settings)
    entry = json.loads(file.read_text())
    change(entry)
    file.write_text(json.dumps(entry))


# -- one login --------------------------------------------------------------------------------


def test_many_threads_renew_once(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    with Client(settings) as client:
        client.call(ops.read, params=ops.params, query=ops.query)
        sim.expire("both")
        client.map(lambda _n: client.call(ops.read, params=ops.params, query=ops.query), range(40))
    assert count(sim, OAUTH) == 2
    assert count(sim, LOGIN) == 2


# -- renewal ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "bearers", "logins"),
    [("expired_bearer", 2, 1), ("expired_session", 1, 2), ("expired_both", 2, 2)],
)
@pytest.mark.parametrize("kind", ["read", "write"])
def test_an_expired_token_is_renewed_and_the_call_replayed_once(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    kind: str,
    fault: str,
    bearers: int,
    logins: int,
) -> None:
    operation = ops.read if kind == "read" else ops.write
    body = None if kind == "read" else ops.body
    sim.faults([{"operation": operation.id, "fault": fault}])
    with Client(settings) as client:
        assert client.call(operation, params=ops.params, query=ops.query, body=body) is not None
    assert count(sim, OAUTH) == bearers
    assert count(sim, LOGIN) == logins
    statuses = [entry["status"] for entry in sim.journal() if entry["operation"] == operation.id]
    assert statuses[-1] == 200
    assert statuses.count(200) == 1


@pytest.mark.parametrize("switch", ["fota_400", "prefixed_400", "unauthorized_401", "fota_403"])
def test_every_way_to_say_that_a_session_ended(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, switch: str
) -> None:
    sim.set_switch("expired_session", switch)
    read(settings, ops)
    sim.expire("session")
    read(settings, ops)
    assert count(sim, LOGIN) == 2
    # A session that ends again and again is renewed once for each call.
    sim.faults([{"operation": ops.read.id, "times": 99, "fault": "expired_session"}])
    with pytest.raises(ServiceRefused):
        read(settings, ops)
    assert count(sim, LOGIN) == 3


# -- a new login ends the older sessions of the user --------------------------------------------


@pytest.fixture
def one_session(sim: SimulatorServer, settings: ConnectionSettings) -> ConnectionSettings:
    """Settings for a service that has one session per user."""
    sim.set_switch("older_sessions", "ended")
    return settings


def test_two_controllers_with_a_shared_cache_need_one_session(
    sim: SimulatorServer, one_session: ConnectionSettings, ops: Ops
) -> None:
    with Client(one_session) as first, Client(one_session) as second:
        for client in (first, second, first, second):
            client.call(ops.read, params=ops.params, query=ops.query)
        sim.expire("session")
        for client in (first, second, first, second):
            client.call(ops.read, params=ops.params, query=ops.query)
    assert count(sim, LOGIN) == 2


def test_two_controllers_without_a_shared_cache_renew_once_for_each_turn(
    sim: SimulatorServer, one_session: ConnectionSettings, ops: Ops, tmp_path: Path
) -> None:
    elsewhere = replace(one_session, token_cache=str(tmp_path / "elsewhere"))
    with Client(one_session) as first, Client(elsewhere) as second:
        for _turn in range(4):
            for client in (first, second):
                for _call in range(3):
                    client.call(ops.read, params=ops.params, query=ops.query)
    assert count(sim, LOGIN) == 8, "one for each change of turns"
    assert count(sim, OAUTH) == 2
    assert sum(entry["status"] == 400 for entry in sim.journal()) == 6


def test_a_session_ended_again_before_the_repeated_call_ends_the_call(
    settings: ConnectionSettings, ops: Ops, tmp_path: Path
) -> None:
    """Another controller logs in whenever this one has: the call fails instead of going on."""

    def log_in_elsewhere(call: ObservedCall) -> None:
        if call.operation == LOGIN and b"simulator-user" in call.request_body and busy:
            busy.clear()
            with Client(elsewhere) as other:
                other.call(ops.read, params=ops.params, query=ops.query)
            busy.append(True)

    busy = [True]
    with SimulatorServer(
        {"accounts": [{"name": ACCOUNT}]},
        switches={"older_sessions": "ended"},
        observer=log_in_elsewhere,
    ) as sim:
        settings = replace(settings, base_url=sim.url)
        elsewhere = replace(settings, token_cache=str(tmp_path / "elsewhere"))
        with pytest.raises(ServiceRefused, match="SessionToken"):
            read(settings, ops)
        # Two logins here, and two there; all of them accepted, so none counts for the lock.
        logins = [entry for entry in sim.journal() if entry["operation"] == LOGIN]
        assert [entry["status"] for entry in logins] == [200] * 4
        refused = [entry for entry in sim.journal() if entry["status"] == 400]
        assert len(refused) == 3, "both calls of this controller, and one of the other"


def test_a_token_refused_again_after_its_renewal_ends_the_call(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": ops.read.id, "times": 99, "fault": "refused_bearer"}])
    with pytest.raises(ServiceRefused, match="900901"):
        read(settings, ops)
    assert count(sim, ops.read.id) == 2
    assert count(sim, OAUTH) == 2
    assert count(sim, LOGIN) == 1


def test_a_bearer_that_died_before_the_login_is_no_wrong_password(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": LOGIN, "fault": "expired_bearer"}])
    read(settings, ops)
    assert count(sim, OAUTH) == 2
    assert count(sim, LOGIN) == 2


def test_a_bearer_near_its_end_is_renewed_before_use(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    read(settings, ops)
    assert json.loads(entry_file(settings).read_text())["renew_bearer_at"] > time.time() + 3000
    change_entry(settings, lambda entry: entry.update(renew_bearer_at=time.time() - 1))
    read(settings, ops)
    assert count(sim, OAUTH) == 2
    assert count(sim, LOGIN) == 1
    assert {entry["status"] for entry in sim.journal()} == {200}


TOKEN = {"access_token": "bearer-9", "token_type": "Bearer"}


@pytest.mark.parametrize("life", [3600, "3600", 61, 10**400, 1e308])
def test_a_bearer_that_lives_long_is_renewed_early(life: object, tmp_path: Path, ops: Ops) -> None:
    renew_at = renewal_of_a_bearer_that_lives(life, tmp_path, ops)
    assert renew_at is not None
    assert renew_at < time.time() + 25 * 3600


@pytest.mark.parametrize("life", [60, 1, None, -5, "soon", {}, "9" * 5000])
def test_a_bearer_that_lives_short_or_who_knows_how_long_is_used_until_refused(
    life: object, tmp_path: Path, ops: Ops
) -> None:
    assert renewal_of_a_bearer_that_lives(life, tmp_path, ops) is None


def renewal_of_a_bearer_that_lives(life: object, tmp_path: Path, ops: Ops) -> float | None:
    body = json.dumps({**TOKEN, "expires_in": life}).encode()
    with CannedServer([reply(body=body), reply(body=b"[]")]) as server:
        settings = server.settings(
            bearer_token=None,
            client_id="k",
            client_secret="s",
            token_cache=str(tmp_path / "tokens"),
        )
        assert read(settings, ops) == []
    renew_at: float | None = json.loads(entry_file(settings).read_text())["renew_bearer_at"]
    return renew_at


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b'{"access_token": 5}',
        b'{"access_token": "a\\r\\nX-Evil: 1"}',
        b'{"access_token": ""}',
    ],
)
def test_a_token_that_is_none_is_unexpected(body: bytes, tmp_path: Path, ops: Ops) -> None:
    with CannedServer([reply(body=body)]) as server:
        settings = server.settings(
            bearer_token=None,
            client_id="k",
            client_secret="s",
            token_cache=str(tmp_path / "tokens"),
        )
        with pytest.raises(UnexpectedReply, match="without a valid access_token"):
            read(settings, ops)


# -- rejection --------------------------------------------------------------------------------


def test_a_rejection_is_explained_and_remembered(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    wrong = replace(settings, password="wrong-pa55word")
    with pytest.raises(LoginRejected) as first:
        read(wrong, ops)
    with pytest.raises(LoginRejected) as second:
        read(wrong, ops)
    assert count(sim, LOGIN) == 1
    assert "The username or password is not valid" in str(first.value)
    assert "not tried, because it was rejected at" in str(second.value)
    assert first.value.payload() == second.value.payload()
    assert first.value.payload()["error_code"] == "INPUT_INVALID.Login.Credentials"
    hint = str(first.value.hint)
    assert "password (THINGSPACE_PASSWORD)" in hint
    assert "15 minutes" in hint
    assert str(settings.token_cache) in hint
    shown = f"{first.value!r} {second.value!r} {first.value.payload()}"
    assert "wrong-pa55word" not in shown + entry_file(wrong).read_text()


def test_credentials_echoed_by_the_service_are_neither_shown_nor_stored(
    tmp_path: Path, ops: Ops
) -> None:
    text = json.dumps({"errorCode": "E", "errorMessage": "pa55-word, given-bearer-1"})
    with CannedServer([reply(401, text.encode())]) as server:
        settings = server.settings(session_token=None, username="u", password="pa55-word")
        settings = replace(settings, token_cache=str(tmp_path / "tokens"))
        with pytest.raises(LoginRejected, match=r"\*\*\*, \*\*\*") as caught:
            read(settings, ops)
    shown = f"{caught.value!r} {caught.value.payload()} {entry_file(settings).read_text()}"
    assert "pa55-word" not in shown
    assert "given-bearer-1" not in shown


def test_other_credentials_are_tried_at_once(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    with pytest.raises(LoginRejected):
        read(replace(settings, password="wrong"), ops)
    assert read(settings, ops) == []
    assert count(sim, LOGIN) == 2


@pytest.mark.parametrize("age", [901, -901])
def test_a_rejection_is_forgotten_after_fifteen_minutes_or_when_the_clock_was_set(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, age: int
) -> None:
    wrong = replace(settings, password="wrong")
    with pytest.raises(LoginRejected):
        read(wrong, ops)

    def grow_old(entry: dict[str, object]) -> None:
        entry["rejection"].update(at=time.time() - age)  # type: ignore[attr-defined]

    change_entry(wrong, grow_old)
    with pytest.raises(LoginRejected, match="login rejected"):
        read(wrong, ops)
    assert count(sim, LOGIN) == 2


def test_a_job_that_comes_back_every_hour_does_not_lock_the_user(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    """A second attempt may be worth it after a quarter of an hour; a fifth would lock the user."""
    wrong = replace(settings, password="wrong")

    def an_hour_later(entry: dict[str, object]) -> None:
        entry["rejection"].update(at=time.time() - 3600)  # type: ignore[attr-defined]

    for _hour in range(8):
        with pytest.raises(LoginRejected) as caught:
            read(wrong, ops)
        change_entry(wrong, an_hour_later)
    assert count(sim, LOGIN) == 2
    assert "not tried again, because" in str(caught.value.hint)
    # Once the password is what it should be, and somebody has said so, it is tried.
    assert read(settings, ops) == []
    with Client(wrong) as client:
        client.logout()
    with pytest.raises(LoginRejected, match="login rejected"):
        read(wrong, ops)


def test_a_cache_that_may_be_thrown_away_promises_no_pause(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, tmp_path: Path
) -> None:
    """Jobs in containers start with an empty cache; all tasks of one say the same."""
    for job in range(2):
        wrong = replace(settings, password="wrong", token_cache=str(tmp_path / f"job{job}"))
        for _task in range(2):
            with pytest.raises(LoginRejected) as caught:
                read(wrong, ops)
            hint = str(caught.value.hint)
            assert "not tried again" not in hint
            assert "token cache was empty at the start" in hint and f"job{job}" in hint
            assert "five rejected logins in a row lock the user" in hint
            assert "THINGSPACE_TOKEN_CACHE" in hint
    assert count(sim, LOGIN) == 2
    # A cache that is older than this job is kept.
    read(settings, ops)
    os.utime(Path(settings.token_cache or "") / "salt", (0, 0))
    with pytest.raises(LoginRejected) as caught:
        read(replace(settings, password="wrong"), ops)
    assert "not tried again for 15 minutes" in str(caught.value.hint)


def test_a_logout_forgets_a_rejection(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    wrong = replace(settings, password="wrong")
    for _again in range(2):
        with Client(wrong) as client:
            with pytest.raises(LoginRejected):
                client.call(ops.read, params=ops.params, query=ops.query)
            assert client.logout() == (False, False)
    assert count(sim, LOGIN) == 2
    assert count(sim, LOGOUT) == 0


def test_a_locked_user_is_recognised_and_works_again_once_repaired(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    for number in range(5):
        with pytest.raises(LoginRejected) as caught:
            read(replace(settings, password=f"wrong-{number}"), ops)
        assert caught.value.kind == "login_rejected"
    with pytest.raises(LoginRejected) as caught:
        read(settings, ops)
    assert caught.value.kind == "locked_out"
    assert "support" in str(caught.value.hint)
    sim.unlock()
    with Client(settings) as client:
        client.logout()
        assert client.call(ops.read, params=ops.params, query=ops.query) == []


def test_a_refused_key_is_remembered_too(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    wrong = replace(settings, client_secret="wrong-secret")
    for _again in range(2):
        with pytest.raises(LoginRejected) as caught:
            read(wrong, ops)
        assert "client_secret (THINGSPACE_CLIENT_SECRET)" in str(caught.value.hint)
        assert "lock the user" not in str(caught.value.hint), "a secret is not that of a user"
        assert "wrong-secret" not in f"{caught.value!r} {caught.value.payload()}"
    assert count(sim, OAUTH) == 1
    assert count(sim, LOGIN) == 0


@pytest.mark.parametrize("fault", ["status_503_before", "reset_before", "html_502"])
def test_trouble_is_no_rejection_and_a_login_is_not_repeated(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, fault: str
) -> None:
    sim.faults([{"operation": LOGIN, "fault": fault}])
    with pytest.raises(ServiceUnavailable, match=LOGIN):
        read(settings, ops)
    assert count(sim, LOGIN) == 1
    assert read(settings, ops) == []
    assert count(sim, LOGIN) == 2
    assert count(sim, OAUTH) == 1


def test_the_token_request_is_ridden_out_like_a_read(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": OAUTH, "times": 3, "fault": "status_503_before"}])
    assert read(settings, ops) == []
    assert count(sim, OAUTH) == 4


def test_a_wrong_address_is_not_taken_for_a_wrong_password(tmp_path: Path, ops: Ops) -> None:
    with CannedServer([reply(404, b"")]) as server:
        settings = server.settings(session_token=None, username="u", password="p")
        settings = replace(settings, token_cache=str(tmp_path / "tokens"))
        for _again in range(2):
            with pytest.raises(ServiceRefused, match="HTTP 404"):
                read(settings, ops)
        assert len(server.requests) == 2


# -- answers of others ------------------------------------------------------------------------

XML = (
    b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code>'
    b"<am:message>Runtime Error</am:message></am:fault>"
)
HTML = b"<!DOCTYPE html><html><head><title>Access denied</title></head></html>"
OF_THE_GATEWAY = [
    (403, XML),
    (401, XML.replace(b"404", b"900901")),
    (403, b'{"fault": {"code": 900908, "message": "Resource forbidden"}}'),
    (400, b'{"fault": {"code": "900906", "message": "No matching resource"}}'),
]
UNCLEAR = [
    (401, b""),
    (403, b" \r\n"),
    (401, HTML),
    (403, b"\xef\xbb\xbf" + HTML),
    (400, b"<error/>"),
    (403, XML.replace(b"404", b"101503")),
    (401, b'{"fault": {"faultstring": "Invalid"}}'),
]
OF_THE_SERVICE = [
    (401, b'{"errorCode": "INPUT_INVALID.Login.Credentials", "errorMessage": "no"}'),
    (401, b'{"error": "access_denied", "error_description": "no"}'),
    (400, b'{"error": "invalid_client"}'),
    (403, b'{"message": "Forbidden"}'),
    (401, b"Unauthorized"),
    (401, b"{}"),
]


def password_and_bearer(server: CannedServer, folder: Path) -> ConnectionSettings:
    """Settings with which the first request is the login."""
    settings = server.settings(session_token=None, username="u", password="p")
    return replace(settings, token_cache=str(folder / "tokens"))


def key_alone(server: CannedServer, folder: Path) -> ConnectionSettings:
    """Settings with which the first request is the one for a bearer."""
    settings = server.settings(bearer_token=None, client_id="k", client_secret="s")
    return replace(settings, token_cache=str(folder / "tokens"))


@pytest.mark.parametrize("content", ["application/json", "text/html", "application/xml"])
@pytest.mark.parametrize(("status", "body"), OF_THE_SERVICE)
@pytest.mark.parametrize("options", [password_and_bearer, key_alone])
def test_words_of_the_service_are_a_verdict_whatever_their_type(
    tmp_path: Path,
    ops: Ops,
    options: Callable[[CannedServer, Path], ConnectionSettings],
    status: int,
    body: bytes,
    content: str,
) -> None:
    with CannedServer([reply(status, body, kind=content)]) as server:
        settings = options(server, tmp_path)
        for _again in range(3):
            with pytest.raises(LoginRejected):
                read(settings, ops)
        assert len(server.requests) == 1
    assert json.loads(entry_file(settings).read_text())["rejection"]["attempts"] == 1


@pytest.mark.parametrize("content", ["application/json", "application/xml"])
@pytest.mark.parametrize(("status", "body"), OF_THE_GATEWAY)
@pytest.mark.parametrize("options", [password_and_bearer, key_alone])
def test_a_refusal_of_the_gateway_is_no_verdict(
    tmp_path: Path,
    ops: Ops,
    options: Callable[[CannedServer, Path], ConnectionSettings],
    status: int,
    body: bytes,
    content: str,
) -> None:
    """It passed nothing on, so that every task may try; none tries twice."""
    with CannedServer([reply(status, body, kind=content)]) as server:
        settings = options(server, tmp_path)
        for _again in range(4):
            with pytest.raises(ServiceRefused):
                read(settings, ops)
        assert len(server.requests) == 4
    assert json.loads(entry_file(settings).read_text())["rejection"] is None


@pytest.mark.parametrize(("status", "body"), UNCLEAR)
def test_what_answers_for_the_token_endpoint_is_no_verdict(
    tmp_path: Path, ops: Ops, status: int, body: bytes
) -> None:
    with CannedServer([reply(status, body)]) as server:
        settings = key_alone(server, tmp_path)
        for _again in range(4):
            with pytest.raises(UnexpectedReply, match=f"HTTP {status}") as caught:
                read(settings, ops)
            assert caught.value.kind == "unexpected_reply"
        assert len(server.requests) == 4


@pytest.mark.parametrize(("status", "body"), UNCLEAR)
def test_what_answers_for_the_login_is_no_verdict_and_not_asked_again_soon(
    tmp_path: Path, ops: Ops, status: int, body: bytes
) -> None:
    """The service may have had the password all the same: a proxy's page says nothing of it."""
    with CannedServer([reply(status, body)]) as server:
        settings = password_and_bearer(server, tmp_path)
        with Client(settings) as client:
            for match in ("reply not from the service", "login not tried, because its reply"):
                with pytest.raises(UnexpectedReply, match=match) as caught:
                    client.call(ops.read, params=ops.params, query=ops.query)
                assert caught.value.kind == "unexpected_reply"
                assert caught.value.http_status == status
                assert "base_url and proxies" in str(caught.value.hint)
                assert "for 15 minutes" in str(caught.value.hint)
        assert len(server.requests) == 1
    rejection = json.loads(entry_file(settings).read_text())["rejection"]
    assert (rejection["attempts"], rejection["unclear"]) == (0, 1)


def test_a_page_that_says_that_the_user_is_locked_is_believed(tmp_path: Path, ops: Ops) -> None:
    with CannedServer([reply(403, b"<h1>Your account is locked</h1>")]) as server:
        for _again in range(2):
            with pytest.raises(LoginRejected) as caught:
                read(password_and_bearer(server, tmp_path), ops)
            assert caught.value.kind == "locked_out"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(423, "locked_out"), (424, "login_rejected"), (401, "login_rejected")]
)
def test_http_423_says_that_the_user_is_locked_whatever_its_words(
    tmp_path: Path, ops: Ops, status: int, kind: str
) -> None:
    """The other place where a lock is recognised is the text of the refusal."""
    with CannedServer([reply(status, b'{"errorCode": "REQUEST_FAILED.Login"}')]) as server:
        for _again in range(2):
            with pytest.raises(LoginRejected) as caught:
                read(password_and_bearer(server, tmp_path), ops)
            assert caught.value.kind == kind
            assert ("Verizon support" in str(caught.value.hint)) is (kind == "locked_out")
        assert len(server.requests) == 1


def test_unclear_answers_every_hour_do_not_lock_the_user(tmp_path: Path, ops: Ops) -> None:
    """Each may be a refused password: three in a row at most, whatever else refuses between."""

    def an_hour_later(entry: dict[str, object]) -> None:
        entry["rejection"].update(at=time.time() - 3600)  # type: ignore[attr-defined]

    refused = reply(401, b'{"errorCode": "INPUT_INVALID.Login.Credentials"}')
    for number, answers in enumerate(
        ([reply(401, b"")], [reply(403, HTML), refused, reply(403, HTML)])
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with CannedServer(answers) as server:
            settings = password_and_bearer(server, folder)
            for _hour in range(6):
                with pytest.raises(FotaError) as caught:
                    read(settings, ops)
                change_entry(settings, an_hour_later)
            assert len(server.requests) == 3
            assert "minutes" not in str(caught.value.hint)
            with Client(settings) as client:
                assert client.logout() == (False, False)
            with pytest.raises(UnexpectedReply, match="not from the service"):
                read(settings, ops)


def test_an_unclear_answer_leaves_both_verdicts(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    """After it, the right password works, and is then forgotten to have failed."""
    read(settings, ops)

    def failed_long_ago(entry: dict[str, object]) -> None:
        words = {"message": "HTTP 401: no error message", "operation": LOGIN, "http_status": 401}
        failed = {"kind": "unexpected_reply", "attempts": 0, "unclear": 2, **words}
        entry.update(session=None, rejection={**failed, "at": time.time() - 3600})

    change_entry(settings, failed_long_ago)
    assert read(settings, ops) == []
    assert json.loads(entry_file(settings).read_text())["rejection"] is None


@pytest.mark.parametrize("operation", [OAUTH, LOGIN])
def test_a_gateway_in_trouble_is_over_with_the_next_task(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, operation: str
) -> None:
    sim.faults([{"operation": operation, "fault": "xml_403", "times": 3}])
    for _again in range(3):
        with pytest.raises(ServiceRefused, match="No matching resource"):
            read(settings, ops)
    assert read(settings, ops) == []
    assert count(sim, operation) == 4


def test_a_bearer_that_the_gateway_refuses_while_asking_for_one_is_no_wrong_key(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": OAUTH, "fault": "refused_bearer"}])
    with pytest.raises(ServiceRefused, match="900901"):
        read(settings, ops)
    assert read(settings, ops) == []


def test_nothing_is_sent_without_a_usable_cache(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TokenCacheError) as caught:
        read(replace(settings, token_cache=str(tmp_path / "file")), ops)
    assert caught.value.kind == "token_cache"
    assert sim.journal() == []


def test_nothing_is_sent_when_a_rejection_could_not_be_stored(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read_only(*_args: object, **_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", read_only)
    with pytest.raises(TokenCacheError, match="Read-only file system"):
        read(settings, ops)
    assert sim.journal() == []


# -- given tokens -----------------------------------------------------------------------------


def given(sim: SimulatorServer, settings: ConnectionSettings, ops: Ops) -> ConnectionSettings:
    """The tokens of a login, given as options, and no credentials."""
    read(settings, ops)
    entry = json.loads(entry_file(settings).read_text())
    return ConnectionSettings(
        base_url=sim.url,
        bearer_token=entry["bearer"],
        session_token=entry["session"],
        timeout=300,
        token_cache="/nonexistent/never/opened",
    )


@pytest.mark.parametrize(
    ("option", "what"), [("bearer_token", "bearer"), ("session_token", "session")]
)
def test_given_tokens_are_used_as_they_are_and_never_renewed(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, option: str, what: str
) -> None:
    tokens = given(sim, settings, ops)
    sim.clear_journal()
    assert read(tokens, ops) == []
    sim.expire(what)
    with pytest.raises(ServiceRefused, match=f"{option} was rejected") as caught:
        read(tokens, ops)
    assert f"THINGSPACE_{option.upper()}" in str(caught.value.hint)
    assert count(sim, OAUTH) == count(sim, LOGIN) == 0


def test_a_given_bearer_logs_in_with_user_and_password_and_is_not_stored(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, tmp_path: Path
) -> None:
    tokens = given(sim, settings, ops)
    mixed = replace(
        tokens,
        session_token=None,
        username=settings.username,
        password=settings.password,
        token_cache=str(tmp_path / "mixed"),
    )
    read(mixed, ops)
    read(mixed, ops)
    assert count(sim, LOGIN) == 2
    assert str(tokens.bearer_token) not in entry_file(mixed).read_text()
    sim.expire("bearer")
    with Client(mixed) as client:
        with pytest.raises(ServiceRefused, match="bearer_token was rejected"):
            client.call(ops.read, params=ops.params, query=ops.query)
        with pytest.raises(ServiceRefused, match="bearer_token was rejected"):
            client.logout()
    with pytest.raises(ServiceRefused, match="bearer_token was rejected"):
        read(mixed, ops)  # the session was forgotten, so this is the login
    assert count(sim, LOGIN) == 3


# -- logout -----------------------------------------------------------------------------------


def test_a_logout_ends_the_session_for_all(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    with Client(replace(settings, check_mode=True)) as client:
        assert client.logout() == (False, False)
        client.call(ops.read, params=ops.params, query=ops.query)
        assert client.logout() == (True, False)
        assert client.logout() == (False, False)
    assert list(Path(settings.token_cache or "").glob("*.json")) == []
    assert count(sim, LOGOUT) == 1
    read(settings, ops)
    assert count(sim, LOGIN) == 2


@pytest.mark.parametrize(("what", "ended"), [("bearer", True), ("session", False), ("both", False)])
def test_a_logout_with_expired_tokens_forgets_them(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, what: str, *, ended: bool
) -> None:
    read(settings, ops)
    sim.expire(what)
    with Client(settings) as client:
        assert client.logout().session is ended
    assert list(Path(settings.token_cache or "").glob("*.json")) == []
    assert count(sim, LOGIN) == 1


def test_a_logout_can_revoke_the_bearer_for_every_user_of_the_key(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops, tmp_path: Path
) -> None:
    other = replace(settings, token_cache=str(tmp_path / "other"))
    read(settings, ops)
    read(other, ops)
    with Client(settings) as client:
        assert client.logout(revoke=True) == (True, True)
        assert client.logout(revoke=True) == (False, False)
    assert count(sim, "revokeOAuthToken") == 1
    read(other, ops)  # with a new bearer, and no login that could be rejected
    assert count(sim, OAUTH) == 3
    given = replace(settings, client_secret=None, bearer_token="b")
    with Client(given) as client, pytest.raises(ConfigurationError, match="client_secret"):
        client.logout(revoke=True)


def test_a_logout_that_fails_forgets_the_tokens_all_the_same(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    read(settings, ops)
    sim.faults([{"operation": LOGOUT, "fault": "status_503_before"}])
    with Client(settings) as client, pytest.raises(FotaError, match=LOGOUT):
        client.logout()
    assert list(Path(settings.token_cache or "").glob("*.json")) == []
