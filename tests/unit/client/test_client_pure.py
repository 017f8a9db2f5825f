# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the client that need no network."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from client_rig import ACCOUNT
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._client import errors, hints
from ansible_collections.thingspace.fota.plugins.module_utils._client.backoff import (
    RetryPolicy,
    pause,
    retry_after,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.clock import (
    ServiceClock,
    http_date,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.error_bodies import (
    ErrorBody,
    Speaker,
    parse_error,
    printable,
    speaker,
    stale_bearer,
    stale_session,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind,
    Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)

POLICY = RetryPolicy()
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)
CAMPAIGN = Operation(
    "v3GetCampaign", "GET", "/fota/v3/campaigns/{account}/{campaign_id}", Kind.READ
)


# -- backoff ----------------------------------------------------------------------------------


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [pause(attempt, chance=0, policy=POLICY) for attempt in range(1, 10)]
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15]


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_chance_takes_away_at_most_half(attempt: int, chance: float) -> None:
    full = pause(attempt, chance=0, policy=POLICY)
    assert full / 2 <= pause(attempt, chance=chance, policy=POLICY) <= full <= 15


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("3600", 60.0),
        ("999999999999", None),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("\u0663", None),
        (format_datetime(NOW + timedelta(seconds=9), usegmt=True), 9.0),
        (format_datetime(NOW - timedelta(seconds=9), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 60.0),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=NOW, policy=POLICY) == seconds


def test_a_retry_date_needs_the_time_of_the_service() -> None:
    assert retry_after(format_datetime(NOW, usegmt=True), now=None, policy=POLICY) is None


@given(st.text())
def test_no_header_raises(text: str) -> None:
    assert http_date(text) is None or http_date(text).tzinfo is timezone.utc
    waited = retry_after(text, now=NOW, policy=POLICY)
    assert waited is None or 0 <= waited <= 60


@pytest.mark.parametrize("year", ["9999", "99999"])
def test_a_date_at_the_edge_of_the_calendar_is_no_date(year: str) -> None:
    assert http_date(f"Mon, 01 Jan {year} 00:00:00 +2300") is None


def test_a_date_without_a_zone_is_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert http_date("Mon, 02 Mar 2026 12:00:00 -0000") == NOW
    finally:
        monkeypatch.undo()
        time.tzset()


# -- clock ------------------------------------------------------------------------------------


def test_the_clock_runs_on_from_the_last_date() -> None:
    clock = ServiceClock()
    with pytest.raises(errors.UnexpectedReply, match="no reply"):
        clock.now()
    clock.observe(format_datetime(NOW, usegmt=True))
    clock.observe("nonsense")
    first = clock.now()
    assert NOW <= first <= clock.now() < NOW + timedelta(hours=1)
    clock.observe(format_datetime(NOW + timedelta(days=5), usegmt=True))
    assert clock.now() >= NOW + timedelta(days=5)
    ahead = clock.skew - (NOW + timedelta(days=5) - datetime.now(timezone.utc))
    assert abs(ahead) < timedelta(minutes=1)


# -- error bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            '{"fault":{"code":900901,"message":"Invalid Credentials","description":"Expired"}}',
            "900901",
            "Invalid Credentials: Expired",
        ),
        ('{"fault":{"code":"900906"},"errorCode":"later"}', "900906", None),
        (
            '{"errorCode":"INVALID_PARAMETER","errorMessage":"Device list is empty","error":"x"}',
            "INVALID_PARAMETER",
            "Device list is empty",
        ),
        (
            '{"error":"invalid_client","error_description":"Bad key","error_uri":"u"}',
            "invalid_client",
            "Bad key",
        ),
        (
            '{"error":"unauthorized","error_description":"Denied","cause":"Session expired"}',
            "unauthorized",
            "Denied: Session expired",
        ),
        (
            '<am:fault xmlns:am="a"><am:code>404</am:code><am:message>Runtime Error</am:message>'
            "<am:description>No &lt;such&gt; resource</am:description></am:fault>",
            "404",
            "Runtime Error: No <such> resource",
        ),
        ("<html><head><title>502 Bad\n Gateway</title></head></html>", None, "502 Bad Gateway"),
        ("<html><script>var a=1</script><p>Down &amp; out</p></html>", None, "Down & out"),
        ("upstream connect error", None, "upstream connect error"),
        ("", None, None),
        ("[1, 2]", None, "[1, 2]"),
        ('{"fault":"text"}', None, '{"fault":"text"}'),
        ('{"errorCode":{"a":1},"errorMessage":null}', None, None),
    ],
)
def test_every_shape_of_an_error(body: str, code: str | None, message: str | None) -> None:
    assert parse_error(body.encode()) == ErrorBody(code=code, message=message)


def test_entities_of_a_hostile_document_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE f [<!ENTITY a "boom"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///x">]>'
    body = bomb + b"<am:fault><am:code>1</am:code><am:message>&b;&c;</am:message></am:fault>"
    assert parse_error(body) == ErrorBody(code="1", message="&b;&c;")


def test_messages_are_one_visible_line() -> None:
    text = "\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07 \x9b1mbold \u202etxt\x00 {{ evil }}"
    assert printable(text) == "red 1mbold txt {{ evil }}"
    assert len(printable("x" * 10**6)) == 300


def test_echoed_secrets_are_blotted_out() -> None:
    body = json.dumps({"errorCode": "E", "errorMessage": "password hunter2 is wrong"}).encode()
    assert parse_error(body, secrets=["hunter2", ""]).message == "password *** is wrong"


@given(st.binary() | st.text().map(str.encode) | st.from_regex(r"<[a-z:&;<>/ ]*").map(str.encode))
def test_no_bytes_raise(body: bytes) -> None:
    error = parse_error(body)
    assert str(error).isprintable()
    assert hints.for_refusal(400, error)
    assert speaker(body) in Speaker


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
keys = st.sampled_from(
    ["fault", "code", "message", "errorCode", "errorMessage", "error", "error_description"]
)


@given(st.dictionaries(keys, json_values | st.dictionaries(keys, json_values)))
def test_no_json_raises(body: dict[str, object]) -> None:
    error = parse_error(json.dumps(body).encode())
    assert str(error).isprintable()
    gateways = speaker(json.dumps(body).encode()) is Speaker.GATEWAY
    assert not gateways or re.fullmatch(r"900\d{3}|40\d", error.code or "")
    assert stale_bearer(401, error) in {True, False}
    assert stale_session(401, error) in {True, False}


@pytest.mark.parametrize(
    ("body", "whose"),
    [
        ('{"errorCode": "E"}', Speaker.SERVICE),
        ('{"error": "invalid_client"}', Speaker.SERVICE),
        ('{"message": "no"}', Speaker.SERVICE),
        ("[]", Speaker.SERVICE),
        ("locked", Speaker.SERVICE),
        ('{"fault": {"code": 900901}}', Speaker.GATEWAY),
        ('{"fault": {"code": " 900902 "}}', Speaker.GATEWAY),
        ("<am:fault><am:code>404</am:code></am:fault>", Speaker.GATEWAY),
        ("<fault><code>900908</code></fault>", Speaker.GATEWAY),
        ('{"fault": {"code": 101503}}', Speaker.UNCLEAR),
        ('{"fault": {}}', Speaker.UNCLEAR),
        ("<am:fault><am:code>101504</am:code></am:fault>", Speaker.UNCLEAR),
        ("<code>900901</code>", Speaker.UNCLEAR),
        ("\ufeff<html>", Speaker.UNCLEAR),
        (" \r\n", Speaker.UNCLEAR),
        ("", Speaker.UNCLEAR),
    ],
)
def test_whose_words_a_refusal_holds(body: str, whose: Speaker) -> None:
    assert speaker(body.encode()) is whose


def test_deep_nesting_is_no_error_body() -> None:
    assert parse_error(b"[" * 60_000).code is None


@pytest.mark.parametrize(
    ("status", "code", "token"),
    [
        (401, "900901", "bearer"),
        (401, None, "bearer"),
        (401, "900902", None),
        (401, "INPUT_INVALID.Login.Credentials", None),
        (400, "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", "session"),
        (400, "REQUEST_FAILED.SessionToken.Format", "session"),
        (401, "INPUT_INVALID.SessionToken.Invalid", "session"),
        (401, "unauthorized", "session"),
        (400, "INVALID_PARAMETER", None),
        (400, None, None),
        (403, "REQUEST_FAILED.SessionToken.Expired", "session"),
        (403, "UnifiedWebService.INPUT_INVALID.SessionToken.Invalid", "session"),
        (403, "REQUEST_FAILED.SessionToken.Missing", "session"),
        (403, "unauthorized", None),
        (403, None, None),
        (500, "REQUEST_FAILED.SessionToken.Expired", None),
    ],
)
def test_which_token_a_refusal_blames(status: int, code: str | None, token: str | None) -> None:
    error = ErrorBody(code=code)
    assert stale_bearer(status, error) is (token == "bearer")
    assert stale_session(status, error) is (token == "session")


@pytest.mark.parametrize(
    ("status", "code", "message", "hint"),
    [
        (401, "900901", None, "bearer token was rejected"),
        (403, "404", "Runtime Error", "subscribed to Software Management"),
        (400, "INVALID_PARAMETER", "Device list is empty", "at least one device"),
        (400, "Prefix.INVALID_PARAMETER", "Index exceeds number of devices", "from its beginning"),
        (400, "SessionToken.Expired", None, "Log out"),
        (400, "NEW_CODE", "?", "Nothing was done"),
        (404, None, None, "base_url (THINGSPACE_BASE_URL)"),
    ],
)
def test_hints_say_what_to_do(status: int, code: str, message: str | None, hint: str) -> None:
    assert hint in hints.for_refusal(status, ErrorBody(code=code, message=message))


@pytest.mark.parametrize(
    ("operation", "hint"),
    [
        ("v1GetUpgrade", "fota_upgrade_info"),
        ("v2GetCampaign", "type software"),
        ("v3GetCampaign", "type firmware"),
    ],
)
def test_a_hint_for_an_unknown_id_names_the_option(operation: str, hint: str) -> None:
    for message in ("Invalid uuid: x", "Invalid upgradeId", "Campaign not found"):
        said = hints.for_refusal(400, ErrorBody("INVALID_PARAMETER", message), operation)
        assert hint in said and "_id" in said
    inactive = ErrorBody("INVALID_PARAMETER", "Inactive account")
    assert "account is not active" in hints.for_refusal(400, inactive, operation)


# -- errors -----------------------------------------------------------------------------------


def test_one_payload_for_every_failure() -> None:
    error = errors.ServiceRefused("x", operation="op", http_status=400, error_code="E", hint="h")
    assert error.payload() == {
        "kind": "refused",
        "http_status": 400,
        "error_code": "E",
        "error_message": None,
        "operation": "op",
        "hint": "h",
    }
    assert errors.LoginRejected("x", kind="locked_out").kind == "locked_out"
    kinds = {kind("x").kind for kind in errors.FotaError.__subclasses__()}
    assert len(kinds) == len(errors.FotaError.__subclasses__())


# -- operation --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("60b5d639-ccdc-4db8", "60b5d639-ccdc-4db8"),
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("x?y=1#z", "x%3Fy%3D1%23z"),
        ("{account}", "%7Baccount%7D"),
        ("é \r\n", "%C3%A9%20%0D%0A"),
    ],
)
def test_a_value_stays_one_segment(value: str, segment: str) -> None:
    path = CAMPAIGN.url_path({"account": ACCOUNT, "campaign_id": value})
    assert path == f"/fota/v3/campaigns/{ACCOUNT}/{segment}"


@pytest.mark.parametrize("value", ["", ".", "..", "\ud800"])
def test_what_cannot_be_a_segment_is_refused(value: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="campaign_id"):
        CAMPAIGN.url_path({"account": ACCOUNT, "campaign_id": value})


# -- settings ---------------------------------------------------------------------------------

GOOD = {"client_id": "k", "client_secret": "s3cr3t", "username": "u", "password": "pa55"}


@pytest.mark.parametrize(
    "options",
    [
        GOOD,
        {"bearer_token": "b", "session_token": "s"},
        {"bearer_token": "b", "username": "u", "password": "p"},
        {"client_id": "k", "client_secret": "s", "session_token": "t"},
        {**GOOD, "base_url": "http://127.0.0.1:8080/api"},
        {**GOOD, "base_url": "http://[::1]:8080/api/"},
        {**GOOD, "base_url": "http://localhost/api", "proxies": {"https": "http://p.example"}},
        {**GOOD, "base_url": "http://localhost/api", "proxies": {"http": "http://127.0.0.1:1"}},
    ],
)
def test_settings_that_work(options: dict[str, object]) -> None:
    settings = ConnectionSettings(**options)
    settings.validate()
    assert {name: getattr(settings, name) for name in options} == options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "client_id and client_secret"),
        ({**GOOD, "client_secret": ""}, "client_secret"),
        ({**GOOD, "password": None}, "password"),
        ({"bearer_token": "b"}, "username and password"),
        ({"session_token": "b"}, "client_id and client_secret"),
        ({"bearer_token": "b\r\nX: 1", "session_token": "s"}, "bearer_token"),
        ({**GOOD, "client_id": "a:b"}, "client_id"),
        ({**GOOD, "base_url": "http://thingspace.example/api"}, "base_url"),
        ({**GOOD, "base_url": "http://127.0.0.1.example/api"}, "base_url"),
        ({**GOOD, "base_url": "https://user:pa55@host/api"}, "base_url"),
        ({**GOOD, "base_url": "https://host/api?x=1"}, "base_url"),
        ({**GOOD, "base_url": "https://ho st/api"}, "base_url"),
        ({**GOOD, "base_url": "https://host:port/api"}, "base_url"),
        ({**GOOD, "base_url": "https://[::1/api"}, "base_url"),
        ({**GOOD, "base_url": "file:///etc/passwd"}, "base_url"),
        ({**GOOD, "base_url": ""}, "base_url"),
        ({**GOOD, "timeout": 0}, "timeout"),
        ({**GOOD, "timeout": float("nan")}, "timeout"),
        ({**GOOD, "max_connections": 0}, "max_connections"),
        ({**GOOD, "ca_path": "/nonexistent/ca.pem"}, "ca_path"),
        ({**GOOD, "ca_path": __file__}, "ca_path"),
        ({**GOOD, "base_url": "http://localhost", "proxies": {"http": "p.example:1"}}, "proxies"),
        (
            {**GOOD, "base_url": "http://localhost", "proxies": {"all": "http://p:pa55@q"}},
            "proxies",
        ),
    ],
)
def test_settings_that_cannot_work_name_the_option(options: dict[str, object], named: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        ConnectionSettings(**options).validate()
    assert named in str(caught.value)
    assert f"THINGSPACE_{named.split()[0].upper()}" in str(caught.value.hint)
    assert "pa55" not in f"{caught.value} {caught.value.payload()}"


def test_no_representation_of_settings_shows_a_secret() -> None:
    secrets = {
        "client_secret": "secret-1",
        "password": "secret-2",
        "bearer_token": "secret-3",
        "session_token": "secret-4",
        "proxies": {"https": "http://u:secret-5@proxy.example"},
    }
    settings = ConnectionSettings(client_id="k", username="u", **secrets)
    assert "secret-" not in f"{settings} {settings!r}"
