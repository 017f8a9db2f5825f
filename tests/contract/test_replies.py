# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation, every error body and every switch, judged by the OpenAPI document.

The fixture fails a test whose replies break the document, so many tests here only make calls.
"""

from __future__ import annotations

import contextlib
import json

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.switches import (
    TABLE as SWITCHES,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    HTTP_IMEIS,
    LARGE,
    LISTENER,
    LWM2M_IMEIS,
    MAIN,
    MONTHLY,
    OMADM_IMEIS,
    START,
    UNKNOWN_ID,
    UNKNOWN_IMEI,
    V3_FROM,
    Tour,
    devices,
    file_campaign,
    fleet,
    large_fleet,
    v1_upgrade,
    v2_campaign,
    v2_dates,
    v3_campaign,
    v3_dates,
)
from ansible_collections.thingspace.fota.tests.contract.wire import FORM, Answer, Wire, basic

AUTH = {"requestOAuthToken", "revokeOAuthToken", "startM2MSession", "endM2MSession"}
INVALID = "INVALID_PARAMETER"
FIRMWARE = f"/fota/v3/firmware/{MAIN}?protocol=all"


@pytest.fixture
def sim(simulator: StartSimulator) -> SimulatorServer:
    """A judged simulator of the contract fleet with a frozen clock."""
    return simulator(fleet(), start=START)


@pytest.fixture
def wire(sim: SimulatorServer) -> Wire:
    """Logged in to ``sim``."""
    return Wire(sim.url).login()


def fota_error(answer: Answer) -> tuple[str, str]:
    """Code and message of a FOTA error with HTTP 400."""
    assert answer.status == 400, answer.body
    return answer.json["errorCode"], answer.json["errorMessage"]


def gateway_fault(answer: Answer) -> tuple[int, str]:
    """HTTP status and code of a gateway fault."""
    return answer.status, str(answer.json["fault"]["code"])


def test_every_operation_answers_good_input(
    simulator: StartSimulator, sim: SimulatorServer, wire: Wire
) -> None:
    answers = Tour(wire, lambda hours: sim.advance(hours=hours)).make()
    refused = {name: (a.status, a.body) for name, a in answers.items() if a.status != 200}
    assert not refused
    operations = set(wire_contract().operations)
    assert set(answers) | AUTH == operations
    body = f"grant_type=client_credentials&token={wire.bearer}".encode()
    headers = {"Authorization": basic(), "Content-Type": FORM}
    assert wire.send("POST", "/ts/v1/oauth2/revoke", body=body, headers=headers).status == 200
    assert simulator.judge.operations() == operations
    assert gateway_fault(wire.call("GET", FIRMWARE)) == (401, "900901")


@pytest.mark.parametrize(
    ("name", "choice"),
    [(switch.name, choice) for switch in SWITCHES for choice in switch.choices[1:]],
)
def test_every_other_answer_to_every_open_question_keeps_the_contract(
    simulator: StartSimulator, name: str, choice: str
) -> None:
    sim = simulator(fleet(), start=START, switches={name: choice})
    answers = Tour(Wire(sim.url).login(), lambda hours: sim.advance(hours=hours)).make()
    assert answers["v3ListFirmware"].status == 200


def test_long_pages_are_complete_ordered_and_end(simulator: StartSimulator) -> None:
    wire = Wire(simulator(large_fleet(), start=START).url).login()

    def pages(path: str, rows: str = "deviceList") -> list[list[str]]:
        found: list[list[str]] = []
        cursor = "0"
        while True:
            page = wire.call("GET", path.format(cursor=cursor)).json
            found.append([row["deviceId"] for row in page[rows]])
            if not page["hasMoreData"]:
                return found
            assert len(found) < 10
            cursor = str(page["lastSeenDeviceId"])

    expected = {
        f"/fota/v3/devices/{LARGE}?lastSeenDeviceId={{cursor}}&protocol=LWM2M": 2100,
        f"/fota/v3/licenses/{LARGE}?lastSeenDeviceId={{cursor}}": 2100,
        f"/fota/v3/licenses/{LARGE}/index/{{cursor}}": 2100,
        f"/fota/v2/devices/{LARGE}?lastSeenDeviceId={{cursor}}": 1100,
        f"/fota/v2/licenses/{LARGE}?lastSeenDeviceId={{cursor}}": 2100,
        f"/fota/v1/devices/{LARGE}/index/{{cursor}}": 2100,
        f"/fota/v1/licenses/{LARGE}/index/{{cursor}}": 2100,
    }
    for path, count in expected.items():
        found = pages(path)
        assert [len(page) for page in found[:-1]] == [1000] * (len(found) - 1), path
        ids = [imei for page in found for imei in page]
        assert len(ids) == len(set(ids)) == count, path
        assert ids == sorted(ids), path


def test_the_gateway_refuses_bad_and_missing_bearers(sim: SimulatorServer, wire: Wire) -> None:
    session = {"VZ-M2M-Token": wire.session}
    path = FIRMWARE
    for headers, code in (
        (session, "900902"),
        (session | {"Authorization": "Bearer wrong"}, "900901"),
    ):
        assert gateway_fault(wire.send("GET", path, headers=headers)) == (401, code)
    login = {"Content-Type": "application/json"}
    answer = wire.send("POST", "/m2m/v1/session/login", body=b"{}", headers=login)
    assert gateway_fault(answer) == (401, "900902")


def test_the_service_refuses_bad_and_missing_sessions(wire: Wire) -> None:
    bearer = {"Authorization": f"Bearer {wire.bearer}"}
    for headers, code in (
        ({}, "REQUEST_FAILED.SessionToken.Format"),
        ({"VZ-M2M-Token": "no guid"}, "INPUT_INVALID.SessionToken.Invalid"),
        ({"VZ-M2M-Token": UNKNOWN_ID}, "REQUEST_FAILED.SessionToken.Expired"),
    ):
        answer = wire.send("GET", FIRMWARE, headers=bearer | headers)
        assert fota_error(answer)[0].endswith(code)


@pytest.mark.parametrize(
    ("choice", "status", "keys"),
    [
        ("fota_400", 400, {"errorCode", "errorMessage"}),
        ("prefixed_400", 400, {"errorCode", "errorMessage"}),
        ("unauthorized_401", 401, {"error", "error_description", "cause"}),
        ("fota_403", 403, {"errorCode", "errorMessage"}),
    ],
)
def test_an_ended_session_is_refused_in_each_published_shape(
    simulator: StartSimulator, choice: str, status: int, keys: set[str]
) -> None:
    sim = simulator(fleet(), start=START, switches={"expired_session": choice})
    wire = Wire(sim.url).login()
    assert wire.send("POST", "/m2m/v1/session/logout", headers=wire.tokens()).status == 200
    answer = wire.call("GET", FIRMWARE)
    assert answer.status == status
    assert set(answer.json) <= keys


@pytest.mark.parametrize(("choice", "status"), [("400", 400), ("404", 404), ("404_xml", 404)])
def test_unknown_paths_are_the_gateways(
    simulator: StartSimulator, choice: str, status: int
) -> None:
    sim = simulator(fleet(), start=START, switches={"unknown_path": choice})
    wire = Wire(sim.url).login()
    answers = [wire.call("GET", path) for path in ("/fota/v4/firmware/x", "/fota", "/nothing")]
    assert [answer.status for answer in answers] == [status] * 3
    assert wire.call("PATCH", f"/fota/v3/firmware/{MAIN}").status in (404, 405)


def test_the_token_service_refuses_in_its_own_words(wire: Wire) -> None:
    refused = wire.request_bearer(secret="wrong")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    odd_grant = wire.request_bearer(form="grant_type=password")
    assert (odd_grant.status, odd_grant.json["error"]) == (400, "invalid_request")


def test_asking_again_gives_the_same_bearer_and_a_new_session(wire: Wire) -> None:
    bearer, session = wire.bearer, wire.session
    wire.login()
    assert wire.bearer == bearer
    assert wire.session != session


def test_five_wrong_passwords_lock_the_user(sim: SimulatorServer) -> None:
    wire = Wire(sim.url)
    wire.request_bearer()
    refusals = [wire.start_session(password="wrong") for _attempt in range(5)]
    assert {answer.status for answer in refusals} <= {400, 401}
    locked = wire.start_session()
    assert locked.status in (400, 401)
    assert locked.json != refusals[0].json


REFUSED: list[tuple[str, str, object, str]] = [
    ("PUT", f"/fota/v3/firmware/{MAIN}/devices", devices(), "Device list is empty"),
    ("POST", f"/fota/v3/devices/{MAIN}", devices(), "Device list is empty"),
    (
        "POST",
        f"/fota/v3/campaigns/firmware/{MAIN}",
        v3_campaign(deviceList=[]),
        "Device list is empty",
    ),
    ("POST", f"/fota/v2/campaigns/{MAIN}", v2_campaign(deviceList=[]), "Device list is empty"),
    ("POST", "/fota/v1/upgrades", v1_upgrade(deviceList=[]), "Device list is empty"),
    ("POST", "/fota/v1/upgrades", v1_upgrade(startDate="2026-02-01"), "FotaPostUpgrades"),
    ("GET", "/fota/v3/firmware/9999999999-00001?protocol=all", None, "Inactive account"),
    ("GET", "/fota/v1/firmware/9999999999-00001", None, "Inactive account"),
    ("GET", "/fota/v3/firmware/nonsense?protocol=all", None, "Invalid account name format"),
    ("GET", "/fota/v2/software/nonsense", None, "Invalid account name format"),
    ("PUT", f"/fota/v3/firmware/{MAIN}/devices", devices("15-digit IMEI"), "Invalid device id"),
    ("PUT", f"/fota/v3/firmware/{MAIN}/async/deviceId0", None, "Invalid device id format"),
    ("GET", f"/fota/v3/reports/{MAIN}/devices/12", None, "Invalid device id format"),
    ("GET", f"/fota/v1/reports/{MAIN}/devices/12", None, "Invalid device id format"),
    ("GET", f"/fota/v1/devices/{MAIN}/index/first", None, "Invalid index value"),
    ("GET", f"/fota/v1/licenses/{MAIN}/index/first", None, "Invalid index value"),
    ("GET", f"/fota/v1/upgrades/{MAIN}/upgrade/{UNKNOWN_ID}", None, "Invalid upgradeId"),
    ("DELETE", f"/fota/v1/upgrades/{MAIN}/upgrade/{UNKNOWN_ID}", None, "Invalid upgradeId"),
    ("GET", f"/fota/v3/campaigns/{MAIN}/campaignId0", None, "Invalid uuid"),
    ("GET", f"/fota/v2/campaigns/{MAIN}/campaignId0", None, "Invalid uuid"),
    ("DELETE", f"/fota/v3/campaigns/{MAIN}/campaignId0", None, "Invalid uuid"),
    ("GET", f"/fota/v3/devices/{MAIN}?lastSeenDeviceId=x", None, "LastSeenDeviceId Not Valid"),
    ("GET", f"/fota/v2/devices/{MAIN}?lastSeenDeviceId=x", None, "LastSeenDeviceId Not Valid"),
    ("PUT", f"/fota/v3/campaigns/firmware/{MAIN}/{UNKNOWN_ID}/dates", v3_dates(), ""),
    ("PUT", f"/fota/v2/campaigns/{MAIN}/{UNKNOWN_ID}/dates", v2_dates(), ""),
    ("GET", f"/fota/v3/reports/{MAIN}/campaigns/{UNKNOWN_ID}/devices", None, ""),
    ("GET", f"/fota/v3/reports/{MAIN}/firmware/campaigns?campaignStatus=Odd", None, ""),
    ("GET", f"/fota/v2/reports/{MAIN}/campaigns", None, ""),
    ("GET", f"/fota/v3/firmware/{MAIN}", None, ""),
    ("GET", f"/fota/v1/reports/{MAIN}/status/Odd/index/0", None, ""),
    ("POST", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign(endDate="2026-03-01"), ""),
    ("POST", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign(startDate="2026-13-01"), ""),
    ("POST", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign(protocol="LwM2M"), ""),
    ("POST", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign(firmwareName="unknown"), ""),
    (
        "POST",
        f"/fota/v3/campaigns/firmware/{MAIN}",
        v3_campaign(campaignTimeWindowList=[{"startTime": 9, "endTime": 25}]),
        "",
    ),
    ("PUT", f"/fota/v3/firmware/{MAIN}/devices", devices(*[LWM2M_IMEIS[0]] * 101), ""),
    ("POST", f"/fota/v1/licenses/{MAIN}/cancel", devices(), "Device list is empty"),
    ("POST", f"/fota/v2/licenses/{MAIN}/cancel", devices(HTTP_IMEIS[0]) | {"type": "x"}, "type"),
    ("GET", f"/fota/v1/licenses/{MAIN}/cancel/index/first", None, "Invalid index value"),
    ("GET", f"/fota/v2/licenses/{MAIN}/cancel?startIndex=first", None, "Invalid index value"),
    ("POST", f"/fota/v1/callbacks/{MAIN}", {"name": "Sms", "url": LISTENER}, "Invalid name"),
    ("POST", f"/fota/v1/callbacks/{MAIN}", {"name": "Fota", "url": "ftp://x"}, "Invalid url"),
    ("POST", f"/fota/v2/callbacks/{MAIN}", {"url": "http://hooks.example.com"}, "Invalid url"),
    ("PUT", f"/fota/v3/callbacks/{MAIN}", {}, "Invalid url"),
    ("DELETE", f"/fota/v1/callbacks/{MAIN}/name/Sms", None, "Invalid service name"),
    ("DELETE", f"/fota/v1/callbacks/{MAIN}/name/Fota", None, "not registered"),
    ("DELETE", f"/fota/v3/callbacks/{MAIN}", None, "not registered"),
    ("PUT", f"/fota/v2/logging/{MAIN}/devices", {"deviceIds": []}, "Device list is empty"),
    ("PUT", f"/fota/v2/logging/{MAIN}/devices/{LWM2M_IMEIS[0]}", None, "Device not found"),
    ("PUT", f"/fota/v2/logging/{MAIN}/devices/12", None, "Invalid device id format"),
    ("DELETE", f"/fota/v2/logging/{MAIN}/devices?deviceIds=12", None, "Invalid device id format"),
    ("GET", f"/fota/v2/logging/{MAIN}/devices/{UNKNOWN_IMEI}/logs", None, "Device not found"),
    ("GET", f"/fota/v2/files/{MAIN}", None, "Invalid distributionType"),
    ("POST", f"/fota/v2/files/{MAIN}", {"fileVersion": "7"}, "Input binding error"),
    ("POST", f"/fota/v2/campaigns/files/{MAIN}", file_campaign("unknown"), "Invalid fileName"),
]


@pytest.mark.parametrize(("method", "path", "payload", "message"), REFUSED)
def test_refusals_are_fota_errors_with_the_published_message(
    wire: Wire, method: str, path: str, payload: object, message: str
) -> None:
    code, said = fota_error(wire.call(method, path, payload))
    assert code == INVALID
    assert message in said


NO_REQUESTS = {
    "nothing": b"",
    "cut short": b"{",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"text"',
    "not unicode": b"\xff\xfe",
    "no member": b"{}",
    "a bottomless list": b'{"deviceList":' + b"[" * 100_000,
    "a number of 10000 digits": b'{"deviceList":[' + b"9" * 10_000 + b"]}",
    "no numbers": b'{"deviceList":[NaN,1e999]}',
    "a lone surrogate and a NUL": b'{"deviceList":["\\ud800","\\u0000"]}',
    "a list that is none": b'{"deviceList":true}',
}


@pytest.mark.parametrize("body", NO_REQUESTS.values(), ids=NO_REQUESTS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/fota/v3/campaigns/firmware/{MAIN}"),
        ("POST", f"/fota/v2/campaigns/{MAIN}"),
        ("POST", f"/fota/v2/campaigns/software/{MAIN}"),
        ("POST", "/fota/v1/upgrades"),
        ("PUT", f"/fota/v3/firmware/{MAIN}/devices"),
        ("POST", f"/fota/v3/devices/{MAIN}"),
        ("POST", f"/fota/v3/licenses/{MAIN}/assign"),
        ("POST", f"/fota/v1/licenses/{MAIN}/cancel"),
        ("POST", f"/fota/v1/callbacks/{MAIN}"),
        ("PUT", f"/fota/v2/callbacks/{MAIN}"),
        ("PUT", f"/fota/v2/logging/{MAIN}/devices"),
        ("POST", f"/fota/v2/files/{MAIN}"),
        ("POST", f"/fota/v2/campaigns/files/{MAIN}"),
    ],
)
def test_bodies_that_are_no_request_are_refused(
    wire: Wire, method: str, path: str, body: bytes
) -> None:
    headers = wire.tokens() | {"Content-Type": "application/json"}
    code, message = fota_error(wire.send(method, path, body=body, headers=headers))
    assert code == INVALID
    assert body or message == "Input binding error"


def test_writes_are_refused_on_demand_and_reads_are_not(sim: SimulatorServer, wire: Wire) -> None:
    sim.refuse_writes = True
    refused = wire.call("POST", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign())
    assert (refused.status, refused.json["errorCode"]) == (403, "WRITE_REFUSED")
    assert (
        wire.call("PUT", f"/fota/v3/firmware/{MAIN}/devices", devices(*LWM2M_IMEIS)).status == 403
    )
    assert wire.call("POST", f"/fota/v3/devices/{MAIN}", devices(LWM2M_IMEIS[0])).status == 200
    assert not sim.campaigns()
    journal = sim.journal()
    assert [entry["refused"] for entry in journal if entry["kind"] == "write"] == [True, True]


def test_unknown_devices_are_answered_one_by_one(wire: Wire) -> None:
    asked = devices(LWM2M_IMEIS[0], UNKNOWN_IMEI)
    sync = wire.call("PUT", f"/fota/v3/firmware/{MAIN}/devices", asked).json
    rows = {row["deviceId"]: row for row in sync["deviceFirmwarVersionList"]}
    assert rows[LWM2M_IMEIS[0]]["status"] == "FirmwareVersionUpdateSuccess"
    assert rows[LWM2M_IMEIS[0]]["firmwareVersion"] == V3_FROM
    assert rows[UNKNOWN_IMEI]["status"] == "FirmwareVersionUpdateFailed"
    query = wire.call("POST", f"/fota/v3/devices/{MAIN}", asked).json
    assert LWM2M_IMEIS[0] in {row["deviceId"] for row in query["deviceList"]}


def test_licenses_are_counted_and_refused_one_by_one(wire: Wire) -> None:
    root = f"/fota/v3/licenses/{MONTHLY}"
    first, second, third = (f"3522000000{n:05d}" for n in (1, 2, 3))
    words = wire.call("POST", f"{root}/assign", devices(first, second, third)).json
    status = {row["deviceId"]: row["status"] for row in words["deviceList"]}
    assert status[first] == status[second] == "LicenseAssignSuccess"
    assert status[third] == "LicenseAssignFailed"
    again = wire.call("POST", f"{root}/assign", devices(first)).json["deviceList"][0]
    assert "Device license preexisting" in json.dumps(again)
    assert wire.call("GET", root).json["assignedLicenses"] == 2
    removed = wire.call("POST", f"{root}/remove", devices(first)).json["deviceList"][0]
    assert removed["status"] == "LicenseRemoveSuccess"
    assert wire.call("GET", root).json["assignedLicenses"] == 1


@pytest.mark.parametrize("fault", ["status_503", "reset"])
@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
def test_a_spoilt_write_took_effect_or_not(
    sim: SimulatorServer, wire: Wire, fault: str, when: str, effects: int
) -> None:
    sim.faults([{"operation": "v3ScheduleCampaign", "fault": f"{fault}_{when}"}])
    with contextlib.suppress(ConnectionError):
        wire.call("POST", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign())
    assert len(sim.campaigns()) == effects


def test_every_family_lists_its_own_devices(wire: Wire) -> None:
    def listed(path: str) -> set[str]:
        return {row["deviceId"] for row in wire.call("GET", path).json["deviceList"]}

    assert set(OMADM_IMEIS) <= listed(f"/fota/v1/devices/{MAIN}/index/0")
    assert set(HTTP_IMEIS) == listed(f"/fota/v2/devices/{MAIN}")
    assert set(LWM2M_IMEIS) == listed(f"/fota/v3/devices/{MAIN}?protocol=LWM2M")
