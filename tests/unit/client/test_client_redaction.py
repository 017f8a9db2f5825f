# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction: wherever a secret or an identifier stands in a body, it is replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._client.redaction import (
    HIDDEN,
    Redactor,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.stand_ins import StandIns

IMEI, ACCOUNT, MDN = "490154203237518", "0000123456-00001", "5105550123"
SECRET, MAIL = "planted+pass/word=2", "jane.public@acme-meters.net"
PLANTED = (IMEI, ACCOUNT, MDN, SECRET, MAIL, "89148000000745809013")
KEYS = (
    *("deviceId", "accountName", "campaignName", "status", "firmwareName", "errorMessage", "mdn"),
    *("reason", "name", "url", "startDate", "upgradeTime", "surprise", "version", "code", "make"),
    *(
        "deviceList",
        "softwareList",
        "fault",
        "sessionToken",
        "lastSeenDeviceId",
        "type",
        IMEI,
        MAIL,
    ),
)


def redactor() -> Redactor:
    return Redactor(StandIns(b"k" * 32), secrets=[SECRET], names=[])


planted = st.builds(
    lambda before, value, after: f"{before}{value}{after}",
    st.text(" '\"/:_-.,=x7é", max_size=3),
    st.sampled_from(PLANTED),
    st.text(" '\"/:_-.,=x7é", max_size=3),
)
bodies = st.recursive(
    planted
    | st.sampled_from([int(IMEI), -int(IMEI), int(MDN), float(IMEI), 7.490154203237518, None]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(bodies)
def test_nothing_planted_is_left_wherever_it_stands(body: Any) -> None:
    raw = json.dumps(body, ensure_ascii=False).encode()
    found = json.dumps(redactor().body(raw), ensure_ascii=False)
    assert [value for value in PLANTED if value in found] == []


@settings(max_examples=60)
@given(st.lists(planted, max_size=4), st.sampled_from(["{}", "<am:fault>{}</am:fault>", "<p>{}"]))
def test_nothing_planted_is_left_in_text(parts: list[str], form: str) -> None:
    raw = form.format(" ".join(parts)).encode()
    found = json.dumps(redactor().body(raw), ensure_ascii=False)
    assert [value for value in PLANTED if value in found] == []


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_can_be_redacted(raw: bytes) -> None:
    json.dumps(redactor().body(raw))
    json.dumps(redactor().form(raw))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("firmwareName", "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"),
        ("firmware", "ebe437d0-a404-4901-8d92-7adc0d731237"),
        ("status", "CampaignPaused"),
        ("startDate", "2026-03-02"),
        ("createTime", "2021-06-03 00:03:56.079123456 +0000 UTC"),
        ("upgradeTime", "01/01/1900 0:0:0"),
        ("launchDate", "2012-04-23T18:25:43.511Z"),
        ("errorCode", "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"),
        ("errorMessage", "Device list exceeds 100 devices until 2026-03-02T00:00:00Z"),
        ("resultReason", "RovaClientDownloadFailed"),
        ("purchaseType", "TS-HFOTA-MRC,TS-HFOTA-EVNT"),
        ("surprise", "2026-03-02"),
        ("surprise", "true"),
    ],
)
def test_facts_stay(key: str, text: str) -> None:
    assert redactor().json({key: text}) == {key: text}


def test_a_name_is_found_in_later_messages() -> None:
    words = redactor()
    row = words.json({"campaignName": "North plant", "errorMessage": "North plant is busy"})
    assert isinstance(row, dict)
    assert row["errorMessage"] == f"{row['campaignName']} is busy" != "North plant is busy"


def test_names_of_packages_stay_and_other_names_do_not() -> None:
    listed = {"softwareList": [{"name": "App_02"}], "contact": {"name": "Acme Corporation"}}
    found = redactor().json(listed)
    assert isinstance(found, dict)
    assert found["softwareList"] == [{"name": "App_02"}]
    assert found["contact"]["name"] != "Acme Corporation"
    assert redactor().json({"name": "Fota", "password": "x", "token": ""}) == {
        "name": "Fota",
        "password": HIDDEN,
        "token": "",
    }


@pytest.mark.parametrize(
    ("text", "planted"),
    [
        ("no route from 203.0.113.7.", "203.0.113.7"),
        ("no route from fe80::4711:1", "4711"),
        ("call (510)555-0123", "555-0123"),
        ("IMEI 49-015420-323751-8 is busy", "015420"),
        ("ICCID 8914 8000 0000 7458 0901 3", "7458"),
        ("jürgen.müller@acme-meters.net", "müller"),
        ("user=jane.public%40acme-meters.net", "jane"),
        ("“Acme Corporation” or `Acme Corporation`", "Acme"),
        ("token=abcdefgh12345", "abcdefgh"),
        ("ldap://acme-meters.fr/jane", "acme"),
        ("User JPUBLIC is locked", "JPUBLIC"),
        ("Acme " * 500, "Acme"),
    ],
)
def test_nothing_that_identifies_is_left_in_a_message(text: str, planted: str) -> None:
    words = Redactor(StandIns(b"k" * 32), secrets=[], names=["jpublic"])
    for key in ("errorMessage", "error"):
        assert planted not in json.dumps(words.json({key: text}), ensure_ascii=False)


def test_a_name_as_a_key_is_replaced() -> None:
    found = json.dumps(redactor().json({"Acme Corporation": {"accountName": "x", "@type": 1}}))
    assert "Acme" not in found
    assert '"accountName"' in found
    assert '"@type"' in found


@pytest.mark.parametrize("key", ["errorMessage", "status"])
def test_a_huge_word_takes_no_time(key: str) -> None:
    """Patterns would look for the end of an address from each of its letters."""
    assert redactor().json({key: "a-" * 200_000}) == {key: "(400000 characters)"}
