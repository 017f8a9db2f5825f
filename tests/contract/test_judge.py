# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge itself: planted violations are found, right exchanges are not accused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.contract.judge import ContractJudge, wire_contract

ACCOUNT = "0000123456-00001"
IMEI = "990003425730535"
CAMPAIGN = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
FOTA = "/api/fota"
SESSION = {"Authorization": "Bearer token", "VZ-M2M-Token": "session"}
JSON_HEADERS = {"Content-Type": "application/json", "Date": "Mon, 02 Mar 2026 00:00:00 GMT"}
CREATED: dict[str, Any] = {
    "id": CAMPAIGN,
    "accountName": ACCOUNT,
    "campaignName": "Smart FOTA",
    "firmwareName": "package",
    "firmwareFrom": "A",
    "firmwareTo": "B",
    "protocol": "LWM2M",
    "make": "Verizon",
    "model": "Model-A",
    "startDate": "2026-03-03",
    "endDate": "2026-03-09",
    "status": "CampaignRequestPending",
}
SCHEDULE: dict[str, Any] = {
    "campaignName": "Smart FOTA",
    "firmwareName": "package",
    "firmwareFrom": "A",
    "firmwareTo": "B",
    "protocol": "LWM2M",
    "startDate": "2026-03-03",
    "endDate": "2026-03-09",
    "deviceList": [IMEI],
}


@dataclass(frozen=True)
class Call:
    """A hand-made exchange: a right v3 schedule call unless told otherwise."""

    method: str = "POST"
    path: str = f"{FOTA}/v3/campaigns/firmware/{ACCOUNT}"
    query: str = ""
    request_headers: Mapping[str, str] = field(
        default_factory=lambda: SESSION | {"Content-Type": "application/json"}
    )
    request_body: bytes = json.dumps(SCHEDULE).encode()
    status: int = 200
    reply_headers: Mapping[str, str] = field(default_factory=lambda: JSON_HEADERS)
    reply_body: bytes = json.dumps(CREATED).encode()
    fault: str | None = None


def read(path: str, reply: object, *, query: str = "") -> Call:
    """A GET with a JSON reply."""
    return Call(
        method="GET",
        path=path,
        query=query,
        request_headers=SESSION,
        request_body=b"",
        reply_body=json.dumps(reply).encode(),
    )


def judged(call: Call) -> ContractJudge:
    """A fresh judge that has seen one call."""
    judge = ContractJudge()
    judge(call)
    return judge


def reply_faults(call: Call) -> str:
    """What the judge says about the reply; the request has to be clean."""
    judge = judged(call)
    assert not judge.request_violations
    return "\n".join(violation.what for violation in judge.violations)


def request_faults(call: Call) -> str:
    """What the judge says about the request; the reply has to be clean."""
    judge = judged(call)
    assert not judge.violations
    return "\n".join(violation.what for violation in judge.request_violations)


def created(**changes: object) -> Call:
    """The schedule call with a changed reply; a value of None drops the member."""
    body = {key: value for key, value in (CREATED | changes).items() if value is not None}
    return Call(reply_body=json.dumps(body).encode())


def scheduled(**changes: object) -> Call:
    """The schedule call with a changed request; a value of None drops the member."""
    body = {key: value for key, value in (SCHEDULE | changes).items() if value is not None}
    return Call(request_body=json.dumps(body).encode())


def test_a_right_exchange_is_clean_and_counted() -> None:
    judge = judged(Call())
    judge.assert_clean()
    assert judge.operations() == {"v3ScheduleCampaign"}
    assert judge.seen == {("v3ScheduleCampaign", 200): 1}


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (created(campaignTimeWindows=[]), "'campaignTimeWindows' was unexpected"),
        (created(id=None), "'id' is a required property"),
        (created(id="60b5d639"), "is not a 'uuid'"),
        (created(startDate="2026-02-30"), "is not a 'date'"),
        (created(startDate="2026-03-03T00:00:00Z"), "is not a 'date'"),
        (created(campaignName=7), "is not of type 'string'"),
        (created(status="CampaignRunning"), "is not one of"),
        (created(campaignTimeWindowList=[{"startTime": 24, "endTime": 24}]), "maximum of 23"),
        (replace(Call(), status=201), "status 201 is not documented"),
        (replace(Call(), reply_body=b""), "the body is empty"),
        (replace(Call(), reply_body=b"{"), "not JSON"),
        (replace(Call(), reply_headers={"Content-Type": "application/json"}), "no Date"),
        (
            replace(Call(), reply_headers=JSON_HEADERS | {"Content-Type": "text/html"}),
            "content type 'text/html'",
        ),
        (replace(Call(), status=400, reply_body=b'{"error": "x"}'), "required property"),
        (replace(Call(), status=503, reply_body=b'{"errorCode": "X"}'), "required property"),
        (read(f"{FOTA}/v9/firmware/x", []), "status 200 for a path"),
    ],
)
def test_planted_reply_violations_are_found(call: Call, complaint: str) -> None:
    assert complaint in reply_faults(call)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (scheduled(firmwareTo=None), "'firmwareTo' is a required property"),
        (scheduled(deviceList=[]), "should be non-empty"),
        (scheduled(deviceList=["IMEI"]), "does not match"),
        (scheduled(flag=True), "'flag' was unexpected"),
        (scheduled(endDate="03/09/2026"), "is not a 'date'"),
        (scheduled(protocol="LwM2M"), "is not one of"),
        (replace(Call(), query="dryRun=true"), "unknown query parameter 'dryRun'"),
        (
            replace(Call(), request_headers=SESSION | {"Content-Type": "*/*"}),
            "content type '*/*'",
        ),
        (
            replace(
                Call(),
                request_headers={"Content-Type": "application/json"}
                | SESSION
                | {"Authorization": "Basic eA=="},
            ),
            "no bearer",
        ),
        (
            replace(
                Call(),
                request_headers={"Authorization": "Bearer x", "Content-Type": "application/json"},
            ),
            "no VZ-M2M-Token",
        ),
        (
            replace(
                read(f"{FOTA}/v3/firmware/{ACCOUNT}", [], query="protocol=all"), request_body=b"{}"
            ),
            "a body where none is documented",
        ),
        (read(f"{FOTA}/v3/firmware/{ACCOUNT}", []), "'protocol' is missing"),
        (read(f"{FOTA}/v3/firmware/{ACCOUNT}", [], query="protocol=OMA"), "is not one of"),
        (
            read(f"{FOTA}/v3/firmware/{ACCOUNT}", [], query="protocol=all&protocol=all"),
            "more than once",
        ),
        (
            read(f"{FOTA}/v3/reports/{ACCOUNT}/devices/12", []),
            "path parameter 'deviceId'",
        ),
    ],
)
def test_planted_request_violations_are_found(call: Call, complaint: str) -> None:
    assert complaint in request_faults(call)


def test_more_than_a_hundred_devices_to_synchronize_are_found() -> None:
    path = f"{FOTA}/v3/firmware/{ACCOUNT}/devices"
    reply = json.dumps({"accountName": ACCOUNT}).encode()
    for count, complaint in ((100, ""), (101, "is too long")):
        body = json.dumps({"deviceList": [IMEI] * count}).encode()
        call = Call(method="PUT", path=path, request_body=body, reply_body=reply)
        found = request_faults(call)
        assert complaint in found
        assert bool(found) is bool(complaint)


def test_requests_that_the_service_refused_are_not_judged() -> None:
    refusal = b'{"errorCode": "INVALID_PARAMETER", "errorMessage": "Input binding error"}'
    call = replace(Call(), status=400, request_body=b"nonsense", reply_body=refusal)
    assert request_faults(call) == ""
    assert request_faults(replace(created(), request_body=b"nonsense")) != ""


def test_of_a_long_page_the_envelope_and_the_first_twenty_rows_are_judged() -> None:
    row = {"deviceId": IMEI, "status": "UpgradePending"}
    path = f"{FOTA}/v3/reports/{ACCOUNT}/campaigns/{CAMPAIGN}/devices"
    page: dict[str, Any] = {"hasMoreData": False, "maxPageSize": 1000}
    early = [row] * 19 + [{"deviceId": IMEI}] + [row] * 980
    late = [row] * 20 + [{"deviceId": IMEI}]
    assert "'status' is a required" in reply_faults(read(path, page | {"deviceList": early}))
    assert reply_faults(read(path, page | {"deviceList": late})) == ""
    assert "'hasMoreData'" in reply_faults(read(path, {"maxPageSize": 1, "deviceList": late}))


def test_a_planted_fault_may_break_the_envelope_but_not_the_members() -> None:
    html = replace(
        Call(),
        status=502,
        reply_body=b"<html>",
        fault="html_502",
        reply_headers=JSON_HEADERS | {"Content-Type": "text/html"},
    )
    judged(html).assert_clean()
    judged(replace(Call(), reply_body=b"", fault="empty_200")).assert_clean()
    judged(replace(created(status="CampaignOdd"), fault="unknown_status")).assert_clean()
    judged(replace(Call(), status=0, reply_body=b"", fault="reset_after")).assert_clean()
    assert "required property" in reply_faults(replace(created(id=None), fault="unknown_status"))


def test_gateway_refusals_of_unknown_paths_are_clean() -> None:
    fault = {"fault": {"code": "900906", "message": "No matching resource", "description": "x"}}
    unknown = replace(read(f"{FOTA}/v3/nothing/{ACCOUNT}", fault), status=404)
    assert reply_faults(unknown) == ""
    assert reply_faults(replace(unknown, reply_body=b"{}")) != ""
    wrong_method = replace(
        Call(), method="PATCH", status=405, reply_body=json.dumps(fault).encode()
    )
    assert reply_faults(wrong_method) == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/fota/v3/campaigns/firmware/{ACCOUNT}", {"POST": "v3ScheduleCampaign"}),
        (
            f"/fota/v3/campaigns/{ACCOUNT}/{CAMPAIGN}",
            {
                "GET": "v3GetCampaign",
                "PUT": "v3UpdateCampaignDevicesDocsPath",
                "DELETE": "v3CancelCampaign",
            },
        ),
        (f"/fota/v2/campaigns/software/{ACCOUNT}", {"POST": "v2ScheduleHttpSoftwareCampaign"}),
        (f"/fota/v2/campaigns/{ACCOUNT}/{CAMPAIGN}/dates", {"PUT": "v2UpdateCampaignDates"}),
        (f"/fota/v3/firmware/{ACCOUNT}/devices", {"PUT": "v3SyncDeviceFirmware"}),
        ("/fota/v1/upgrades", {"POST": "v1ScheduleUpgrade"}),
        ("/fota/v1/upgrades/extra", {}),
        (f"/fota/v3/firmware/{ACCOUNT}/", {"GET": "v3ListFirmware"}),
    ],
)
def test_literal_segments_win_over_templates(path: str, expected: dict[str, str]) -> None:
    route = wire_contract().route("/api" + path)
    assert {m: op.operation_id for m, op in route.operations.items()} == expected


def test_the_document_holds_all_operations() -> None:
    assert len(wire_contract().operations) == 78


def test_assert_clean_names_the_operation_and_can_leave_requests_out() -> None:
    judge = judged(scheduled(firmwareTo=None))
    with pytest.raises(AssertionError, match=r"1 contract violations.*\nv3ScheduleCampaign"):
        judge.assert_clean()
    judge.assert_clean(requests=False)
