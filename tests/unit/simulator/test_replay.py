# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``replay``: what it serves, what it reports, and what it makes of bad recordings."""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator import cli
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.questions import (
    FACTS,
    NOT_IN_TRAFFIC,
    QUESTIONS,
    SHOWN_BY,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.recording import (
    parse_recording,
    read_recording,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.report import (
    report,
    text,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay_server import (
    ReplayServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.switches import TABLE
from ansible_collections.thingspace.fota.tests.contract.wire import Wire

HEADER = {"recording": 1, "service": "thingspace.verizon.com", "collection": "0.9.0", "key": "k"}
ACCOUNT, ID = "1111111111-11111", "60b5d639-ccdc-4db8-8824-069bd94c95bf"
CAMPAIGN = f"/fota/v3/campaigns/{ACCOUNT}/{ID}"


def line(operation: str, method: str, path: str, **members: Any) -> dict[str, Any]:
    """A line of a recording."""
    return {
        "at": "2026-03-02T08:00:00.000+00:00",
        "operation": operation,
        "method": method,
        "path": path,
        "status": 200,
        "headers": {
            "date": "Mon, 02 Mar 2026 08:00:00 GMT",
            "content-type": "application/json",
        },
        **members,
    }


def read(status: str, **members: Any) -> dict[str, Any]:
    body = {"id": ID, "accountName": ACCOUNT, "status": status}
    return line("v3GetCampaign", "GET", CAMPAIGN, body=body, **members)


def write(file: Path, *lines: Any) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in lines), encoding="ascii")
    return file


def ask(url: str, method: str, path: str, body: object = None) -> tuple[int, Any, dict[str, str]]:
    """One request without tokens, which a replay does not need."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=300)
    try:
        connection.request(method, f"/api{path}", json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        raw = reply.read()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return reply.status, json.loads(raw) if raw else None, headers
    finally:
        connection.close()


# -- serving ------------------------------------------------------------------------------------


def test_requests_get_their_replies_in_order(tmp_path: Path) -> None:
    change = {"Type": "append", "deviceList": ["2", "1"]}
    path = f"/fota/v3/campaigns/firmware/{ACCOUNT}/{ID}"
    late = {"date": "Tue, 03 Mar 2026 08:00:00 GMT", "retry-after": "7"}
    recording = write(
        tmp_path / "r.jsonl",
        HEADER,
        read("CampaignRequestPending"),
        line("v3UpdateCampaignDevices", "PUT", path, sent={"body": change}, body={"id": ID}),
        read("CampaignRequestQueued", headers=late),
        line("v3ListDevices", "GET", f"/fota/v3/devices/{ACCOUNT}", query={"a": "1"}, body=[]),
        {**line("v3GetCampaign", "GET", CAMPAIGN), "status": None, "trouble": "a reset"},
    )
    with ReplayServer(read_recording(recording)) as server:
        first, second, third = (ask(server.url, "GET", CAMPAIGN) for _read in range(3))
        assert [reply[1]["status"] for reply in (first, second, third)] == [
            *("CampaignRequestPending", "CampaignRequestQueued", "CampaignRequestQueued")
        ]
        assert second[2]["date"] == late["date"] and second[2]["retry-after"] == "7"
        # The order of devices does not matter; a write is served as often as it was recorded.
        assert ask(server.url, "PUT", path, {**change, "deviceList": ["1", "2"]})[0] == 200
        assert ask(server.url, "PUT", path, change)[0] == 422
        status, refusal, _headers = ask(server.url, "GET", f"/fota/v3/devices/{ACCOUNT}?a=2")
        assert (status, refusal["errorCode"]) == (422, "REPLAY_NOT_RECORDED")
        assert "The recording has no GET /fota/v3/devices/" in refusal["errorMessage"]
        state = server.state()
    assert (state["served"], state["repeated"], state["left"]) == (4, 1, 1)
    assert len(state["unmatched"]) == 2


def test_a_client_logs_in_to_a_recording_that_has_no_login(tmp_path: Path) -> None:
    with ReplayServer(read_recording(write(tmp_path / "r.jsonl", HEADER, read("x")))) as server:
        wire = Wire(server.url).login()
        assert wire.bearer and wire.session
        assert wire.call("GET", CAMPAIGN).json["status"] == "x"


def test_the_command_serves_until_it_is_stopped_and_lists_what_was_missing(tmp_path: Path) -> None:
    file = write(tmp_path / "r.jsonl", HEADER, read("CampaignRequestQueued"))
    command = [sys.executable, str(Path(cli.__file__).parent), "replay", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            answer = json.loads(process.stdout.readline())
            assert (answer["pid"], answer["account"]) == (process.pid, ACCOUNT)
            assert ask(answer["url"], "GET", CAMPAIGN)[0] == 200
            assert ask(answer["url"], "DELETE", CAMPAIGN)[0] == 422
            assert cli.main(["stop", "--url", answer["url"]]) == 0
            output = process.stdout.read()
        finally:
            process.kill()
    assert "Recording of thingspace.verizon.com, Mon, 02 Mar 2026" in output
    assert "Replies served: 1, not asked for: 0" in output
    assert f"not recorded, asked for once: DELETE {CAMPAIGN}" in output


# -- the report ---------------------------------------------------------------------------------


def test_the_report_is_printed_as_text_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = read("CampaignPaused")
    odd["body"]["surprise"] = 1
    file = str(write(tmp_path / "r.jsonl", HEADER, odd, odd, "no exchange", {"end": "It is full."}))
    assert cli.main(["replay", file, "--report"]) == 0
    printed = capsys.readouterr().out
    assert "auto_flags: absent (line 2: GET of a campaign, and 1 more)" in printed
    assert "contradicts echoed (line 2)" in printed
    assert (
        'v3GetCampaign (line 2, 2 times): status: "CampaignPaused" is not a documented' in printed
    )
    assert "surprise: is not documented" in printed
    assert "It is full." in printed and "Lines that are not exchanges: 1 (first: 4)" in printed
    assert cli.main(["replay", file, "--report", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["switches"] == {"auto_flags": "absent"}
    assert found["recording"]["accounts"] == [ACCOUNT]
    (question,) = [row for row in found["questions"] if row["number"] == 19]
    assert question["state"] == "settled"
    assert question["switches"][0]["contradicts"][0]["value"] == "echoed"


def test_what_contradicts_itself_or_every_value_is_not_settled(tmp_path: Path) -> None:
    flags = read("x")
    flags["body"]["autoAssignLicenseFlag"] = True
    body = {"errorCode": "X.SessionToken.Expired", "errorMessage": ""}
    other = line("v3GetCampaign", "GET", CAMPAIGN, body=body, status=409)
    found = report(read_recording(write(tmp_path / "r.jsonl", HEADER, read("x"), flags, other)))
    states = {row["number"]: row["state"] for row in found["questions"]}
    assert (states[19], states[20]) == ("contradictory", "contradictory")
    assert found["switches"] == {}
    assert "expired_session: none of the values of the simulator" in text(found)


def test_values_that_are_not_the_default_become_options_of_the_simulator(tmp_path: Path) -> None:
    flags = read("x")
    flags["body"]["autoAssignLicenseFlag"] = True
    recording = read_recording(write(tmp_path / "r.jsonl", HEADER, flags))
    assert "--switch auto_flags=echoed" in text(report(recording))


def test_facts_for_questions_that_no_switch_answers(tmp_path: Path) -> None:
    refusal = {"errorCode": "INVALID_PARAMETER", "errorMessage": "Campaign is CampaignEnded"}
    rows = {"deviceList": [{"deviceId": "1", "status": "AddDeviceRefused"}]}
    path = f"/fota/v3/campaigns/firmware/{ACCOUNT}/{ID}"
    limited = {"retry-after": "30", "x-ratelimit-remaining": "0"}
    found = report(
        read_recording(
            write(
                tmp_path / "r.jsonl",
                HEADER,
                line("v3CancelCampaign", "DELETE", CAMPAIGN, body=refusal, status=400),
                line("v3UpdateCampaignDevices", "PUT", path, body=rows),
                line("v3ListFirmware", "GET", "/x", body={"fault": {"code": 1}}),
                line("v3ListFirmware", "GET", "/x", status=429, headers=limited),
                {**line("v3ScheduleCampaign", "POST", "/x"), "status": None, "trouble": "lost"},
            )
        )
    )
    facts = {row["number"]: row["facts"] for row in found["questions"]}
    assert facts[7] == [
        "v3CancelCampaign: HTTP 400, INVALID_PARAMETER: Campaign is CampaignEnded (once)"
    ]
    assert facts[8] == ["v3ScheduleCampaign: no reply (once)"]
    assert facts[14] == ["v3UpdateCampaignDevices: AddDeviceRefused (once)"]
    assert facts[21] == [
        "HTTP 429, Retry-After 30 (once)",
        "header x-ratelimit-remaining (once)",
    ]
    assert facts[34] == ["v3ListFirmware: HTTP 200 with an error (once)"]


def test_every_question_has_a_switch_a_fact_or_a_reason() -> None:
    by_switch = {
        int(word[1:])
        for switch in TABLE
        for word in switch.question.replace(",", "").split()
        if word[0] == "Q"
    }
    assert set(QUESTIONS) == by_switch | set(FACTS) | set(NOT_IN_TRAFFIC) == set(range(1, 35))
    assert set(SHOWN_BY) == set(QUESTIONS) - set(NOT_IN_TRAFFIC)


def schedule(**members: Any) -> dict[str, Any]:
    sent = {"body": {"campaignName": "night", "deviceList": ["1"]}}
    return line(
        "v3ScheduleCampaign", "POST", f"/fota/v3/campaigns/firmware/{ACCOUNT}", sent=sent, **members
    )


def campaign(number: int, status: str = "CampaignRequestQueued") -> dict[str, Any]:
    return {"id": f"{ID[:-1]}{number}", "campaignName": "night", "status": status}


def gone(number: int) -> dict[str, Any]:
    return line("v3CancelCampaign", "DELETE", f"{CAMPAIGN[:-1]}{number}", body={"success": True})


def seen(number: int, **members: Any) -> dict[str, Any]:
    path = f"{CAMPAIGN[:-1]}{number}"
    return line("v3GetCampaign", "GET", path, body=campaign(number), **members)


LATER = {"date": "Mon, 02 Mar 2026 18:00:00 GMT", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        ([seen(1), schedule(body=campaign(2))], ["free"]),
        ([seen(1), gone(1), schedule(body=campaign(2))], None),
        ([seen(1), schedule(body=campaign(2), headers=LATER)], None),
        ([schedule(body=campaign(1))], None),
    ],
    ids=["alive", "deleted", "seen long ago", "the first"],
)
def test_a_name_is_used_twice_only_while_the_other_campaign_lives(
    tmp_path: Path, lines: list[dict[str, Any]], values: list[str] | None
) -> None:
    found = report(read_recording(write(tmp_path / "r.jsonl", HEADER, *lines)))
    (question,) = [row for row in found["questions"] if row["number"] == 1]
    assert [switch["values"] for switch in question["switches"]] == ([values] if values else [])


def test_a_session_that_was_logged_out_was_not_ended_by_another_login(tmp_path: Path) -> None:
    def login(session: str) -> dict[str, Any]:
        sent = {"body": {"username": "user"}}
        return line("startM2MSession", "POST", "/m2m/v1/session/login", sent=sent, issued=session)

    expired = {"errorCode": "REQUEST_FAILED.SessionToken.Expired", "errorMessage": ""}
    logout = line("endM2MSession", "POST", "/m2m/v1/session/logout", session="a", body={})
    refused = {**read("x", session="a"), "status": 400, "body": expired}
    for lines, is_shown in (
        ([login("a"), logout, login("b"), refused], False),
        ([login("a"), login("b"), refused], True),
    ):
        found = report(read_recording(write(tmp_path / "r.jsonl", HEADER, *lines)))
        assert ("older_sessions" in found["switches"]) is is_shown


# -- bad recordings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("imei,group\n", "is not a recording"),
        ('{"recording": 2}\n', "is not a recording of this version"),
        ("[1]\n", "is not a recording"),
    ],
)
def test_what_is_not_a_recording_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, problem: str
) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(content, encoding="utf-8")
    assert cli.main(["replay", str(file), "--report"]) == 2
    assert problem in capsys.readouterr().err
    assert cli.main(["replay", str(tmp_path / "none"), "--report"]) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("id", "status", "deviceList", "campaignList", "deviceId", "startDate"),
                    *("endDate", "campaignTimeWindowList", "startTime", "endTime", "errorCode"),
                    *("lastSeenDeviceId", "fault", "success", "type", "addOrRemoveDevice"),
                    *("firmwareName", "sessionToken", "ids", "rows", "date"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
OPERATIONS = st.sampled_from(
    [
        *("v3GetCampaign", "v3ScheduleCampaign", "v3UpdateCampaignDevices", "v3CancelCampaign"),
        *("v3ListCampaignsByStatus", "v3ListCampaignDevices", "v3QueryDevices", "v3ListDevices"),
        *("v2UpdateCampaignDates", "v1ScheduleUpgrade", "startM2MSession", "v3SyncDeviceFirmware"),
        *("v3GetDeviceHistory", "v1ListCallbacks", "unknown"),
    ]
)


@settings(max_examples=30)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"operation": OPERATIONS},
            optional={
                "body": JSON,
                "sent": st.fixed_dictionaries({"body": JSON}) | JSON,
                "query": JSON,
                "headers": JSON,
                "order": JSON,
                "status": st.sampled_from([200, 400, 403]) | JSON,
                "attempt": JSON,
                "bytes": JSON,
                "session": JSON,
                "issued": JSON,
                "text": st.text(max_size=9),
            },
        ),
        max_size=6,
    )
)
def test_any_recording_is_reported_and_can_be_served(lines: list[dict[str, Any]]) -> None:
    rows = [{**read("x"), **members} for members in lines]
    recording = parse_recording(map(json.dumps, [HEADER, *rows]), "it")
    assert text(report(recording))
    assert json.dumps(report(recording))


@pytest.mark.parametrize(
    ("order", "values"),
    [("ascending", ["by_id"]), ("unordered", ["by_creation"]), ("descending", [])],
)
def test_the_other_way_round_is_not_an_order_that_is_known(
    tmp_path: Path, order: str, values: list[str]
) -> None:
    page = line(
        "v3ListCampaignsByStatus",
        "GET",
        f"/fota/v3/reports/{ACCOUNT}/campaigns",
        body={"hasMoreData": False, "campaignList": [{"id": f"c{n}"} for n in range(6)]},
        order={"ids": order, "rows": 6},
    )
    found = report(read_recording(write(tmp_path / "r.jsonl", HEADER, page)))
    (question,) = [row for row in found["questions"] if row["number"] == 26]
    assert question["state"] == ("settled" if values else "contradictory")
    assert [switch["values"] for switch in question["switches"]] == [values]


@pytest.mark.parametrize(
    ("hours", "values"), [((0, 6), ["utc", "utc-5"]), ((2, 3), ["utc"]), ((12, 13), [])]
)
def test_a_zone_is_settled_only_where_no_other_one_fits(
    tmp_path: Path, hours: tuple[int, int], values: list[str]
) -> None:
    """One attempt at 02:10 UTC."""
    windows = [{"startTime": hours[0], "endTime": hours[1]}]
    campaign = read("CampaignScheduled")
    campaign["body"]["campaignTimeWindowList"] = windows
    row = {"deviceId": "1", "status": "UpgradeSuccess", "recentAttemptTime": "2026-03-02T02:10:00Z"}
    devices = line(
        "v3ListCampaignDevices",
        "GET",
        f"/fota/v3/reports/{ACCOUNT}/campaigns/{ID}/devices",
        body={"hasMoreData": False, "deviceList": [row]},
    )
    found = report(read_recording(write(tmp_path / "r.jsonl", HEADER, campaign, devices)))
    (question,) = [row for row in found["questions"] if row["number"] == 9]
    assert [switch["values"] for switch in question["switches"]] == [values]
