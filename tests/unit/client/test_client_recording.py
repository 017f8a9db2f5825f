# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: what they must not have, what they must have, and that they never stop a task."""

from __future__ import annotations

import base64
import errno
import html
import json
import os
import stat
import subprocess
import sys
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from client_rig import ACCOUNT, CannedServer, Ops, count, reply

from ansible_collections.thingspace.fota.plugins.module_utils._client import recording
from ansible_collections.thingspace.fota.plugins.module_utils._client.body import form_body
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    CheckModeWrite,
    FotaError,
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

ROOT = Path(__file__).resolve().parents[3]

IMEI, OTHER_IMEI = "490154203237518", "990013907835573"
MDN, ICCID = "5105550123", "89148000000745809013"
ID = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
NAME, PERSON, MAIL = "Smart FOTA North", "jane.public", "jane.public@acme-meters.net"
URL = "https://hooks.acme-meters.net/fota?key=x4711y0815z"
SECRETS = {
    "client_secret": "planted+client/secret=1&x",
    "password": 'planted+pass/word=2&"y',
    "bearer": "planted.issued/bearer+5==",
    "session": "planted.issued/session+6==",
    "callback password": 'planted+callback/pass=8&"z',
}
IDENTIFIERS = {
    *(ACCOUNT, IMEI, OTHER_IMEI, MDN, ICCID, ID, NAME, PERSON, MAIL, URL, "acme-meters"),
    *(
        "public-key",
        "10.20.30.40",
        "(510) 555-0123",
        "Acme Corporation",
        "tsr.meters.",
        "x4711y0815z",
    ),
}
PACKAGE = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"
FACTS = {
    *(PACKAGE, "SR1.2.0.0-10512", "ebe437d0-a404-4901-8d92-7adc0d731237", "GM01Q", "LWM2M"),
    *("CampaignScheduled", "2026-03-02", "2021-06-03 00:03:56.079 +0000 UTC", "INVALID_PARAMETER"),
    *("01/01/1900 0:0:0", "Device list is empty", "TS-HFOTA-MRC"),
}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "account.jsonl"


@pytest.fixture
def recorded(settings: ConnectionSettings, record: Path) -> ConnectionSettings:
    """The settings for the simulator, with a recording."""
    return replace(settings, record=str(record))


def lines(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text("ascii").splitlines()]


def exchanges(record: Path, operation: str = "") -> list[dict[str, Any]]:
    """The exchanges of a recording, of all operations or one."""
    return [line for line in lines(record)[1:] if operation in ("", line["operation"])]


def read(settings: ConnectionSettings, ops: Ops) -> list[str]:
    """Make a call; gives the warnings."""
    with Client(settings) as client:
        client.call(ops.read, params=ops.params, query=ops.query)
        return client.warnings()


def spellings(value: str) -> set[str]:
    """A value as some layer may write it."""
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    return {value, quote(value, safe=""), html.escape(value), json.dumps(value)[1:-1], encoded}


def assert_nothing_shows(record: Path, values: set[str]) -> None:
    text = record.read_text("ascii")
    found = {value for value in values if any(form in text for form in spellings(value))}
    assert found == set()


# -- what must not be in it ---------------------------------------------------------------------

EVERYWHERE = {
    "accountName": ACCOUNT,
    "campaignName": NAME,
    "campaignId": ID,
    "deviceList": [
        {"deviceId": IMEI, "mdn": MDN, "iccid": ICCID, "status": "CampaignScheduled"},
        {
            "deviceId": OTHER_IMEI,
            "resultReason": f"{IMEI} is busy in '{NAME}', call (510) 555-0123",
        },
    ],
    "lastSeenDeviceId": int(IMEI),
    "owner": {"contact": "Acme Corporation", "email": MAIL, IMEI: "since 2026"},
    "firmwareName": PACKAGE,
    "firmwareFrom": "SR1.2.0.0-10512",
    "firmware": "ebe437d0-a404-4901-8d92-7adc0d731237",
    "model": "GM01Q",
    "protocol": "LWM2M",
    "startDate": "2026-03-02",
    "createTime": "2021-06-03 00:03:56.079 +0000 UTC",
    "upgradeTime": "01/01/1900 0:0:0",
    "purchaseType": "TS-HFOTA-MRC",
    "url": URL,
    "username": PERSON,
    "password": SECRETS["callback password"],
    "access_token": SECRETS["bearer"],
    "sessionToken": SECRETS["session"],
    "hasMoreData": True,
}
COMPLAINT = (
    f"{PERSON} of {ACCOUNT}: device {IMEI} of {NAME} ({ID}) at 10.20.30.40, see {URL}, mail {MAIL},"
    f' "Acme Corporation", tsr.meters.3f2a1b.w01.9c8d7e.t01.a1.n5, {SECRETS["session"]},'
    f" {SECRETS['bearer']}, {SECRETS['password']}, {SECRETS['client_secret']}"
)
XML = (
    '<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:message>No matching'
    f"</am:message><am:description>{html.escape(COMPLAINT)}</am:description></am:fault>"
)
REFUSAL = {"errorCode": "INVALID_PARAMETER", "errorMessage": f"Device list is empty {COMPLAINT}"}
FAULT = {"fault": {"code": "900901", "message": "x", "description": COMPLAINT}}
OTHERS = {"error": "unauthorized", "error_description": COMPLAINT, "cause": COMPLAINT}
ANSWERS = {
    "rows": reply(body=json.dumps(EVERYWHERE).encode()),
    "rows without an object": reply(body=json.dumps([EVERYWHERE, COMPLAINT, IMEI, 1]).encode()),
    "refusal": reply(400, json.dumps(REFUSAL).encode()),
    "gateway": reply(403, json.dumps(FAULT).encode()),
    "upstream": reply(400, json.dumps(OTHERS).encode()),
    "xml": reply(403, XML.encode(), kind="application/xml"),
    "html": reply(404, f"<html><title>{COMPLAINT}</title></html>".encode(), kind="text/html"),
    "text": reply(400, COMPLAINT.encode(), kind="text/plain"),
    "redirect": reply(302, b"", Location=f"https://login.acme-meters.net/{IMEI}?{PERSON}"),
    "limited": reply(400, b"{}", X_RateLimit_Remaining="3", Retry_After="30", Server=PERSON),
    "cut off": b"HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n" + COMPLAINT.encode(),
    "deep": reply(body=b"[" * 30_000 + IMEI.encode() + b"]" * 30_000),
    "a number": reply(body=IMEI.encode() + b"0" * 5000),
    "not text": reply(body=b"\xff\xfe" + IMEI.encode()),
}
CAMPAIGN = Operation(
    "v3UpdateCampaignDevices",
    "PUT",
    "/fota/v3/campaigns/firmware/{account}/{campaign_id}",
    Kind.READ,
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_nothing_that_identifies_or_opens_anything_is_recorded(record: Path, answer: str) -> None:
    """Planted in the path, the query, the headers and the body of the request, and in the reply."""
    with CannedServer([ANSWERS[answer]], close=True) as server:
        settings = server.settings(
            record=str(record),
            bearer_token=SECRETS["bearer"],
            session_token=SECRETS["session"],
            client_id="public-key",
            client_secret=SECRETS["client_secret"],
            username=PERSON,
            password=SECRETS["password"],
            timeout=1.0,
        )
        with Client(settings) as client, suppress(FotaError):
            client.call(
                CAMPAIGN,
                params={"account": ACCOUNT, "campaign_id": ID},
                query={"deviceIds": f"{IMEI},{OTHER_IMEI}", "lastSeenDeviceId": IMEI},
                body=EVERYWHERE,
            )
        assert server.requests
    assert exchanges(record)
    assert_nothing_shows(record, {*SECRETS.values(), *IDENTIFIERS})
    sent = json.dumps(exchanges(record)[0]["sent"])
    assert [
        fact for fact in FACTS - {"INVALID_PARAMETER", "Device list is empty"} if fact not in sent
    ] == []


def test_a_login_is_recorded_without_what_it_needs(
    recorded: ConnectionSettings, record: Path, sim: SimulatorServer, ops: Ops
) -> None:
    sim.faults([{"operation": ops.read.id, "fault": "expired_both"}])
    read(recorded, ops)
    token_files = Path(recorded.token_cache or "").glob("*.json")
    entry = json.loads(next(token_files).read_text())
    basic = base64.b64encode(b"simulator-key:simulator-secret").decode()
    used = {entry["bearer"], entry["session"], basic, "simulator-secret", "simulator-password"}
    assert_nothing_shows(record, {*used, "simulator-user", "simulator-key", ACCOUNT})
    operations = [line["operation"] for line in exchanges(record)]
    assert operations.count("startM2MSession") == 2 and operations.count(ops.read.id) == 3
    # The stand-ins of tokens are tokens, and each has the same mark wherever it is used.
    issued = [line["body"]["sessionToken"] for line in exchanges(record, "startM2MSession")]
    assert len(set(issued)) == 2
    marks = [line["session"] for line in exchanges(record, ops.read.id)]
    assert marks[0] != marks[-1]


def test_an_upload_is_recorded_without_its_file(record: Path) -> None:
    upload = Operation("v2UploadFile", "POST", "/fota/v2/files/{account}", Kind.WRITE)
    form = form_body(
        {"make": "x"}, field_name="fileupload", file_name="north.conf", file=b"key = planted"
    )
    with (
        CannedServer([reply(body=b'{"fileName": "a.conf"}')]) as server,
        Client(server.settings(record=str(record))) as client,
    ):
        client.call(upload, params={"account": ACCOUNT}, body=form)
    assert_nothing_shows(record, {"planted", "north.conf"})
    assert exchanges(record)[0]["sent"]["type"] == "multipart/form-data"


def test_a_secret_that_is_found_after_all_empties_the_line(
    recorded: ConnectionSettings,
    record: Path,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the redaction misses: a line with a secret is never written."""
    monkeypatch.setattr(recording, "_reply_headers", lambda *_args: {"a": "simulator-password"})
    read(recorded, ops)
    assert_nothing_shows(record, {"simulator-password"})
    assert {line["removed"] for line in exchanges(record)} == {
        "everything else, as it had a secret"
    }


# -- what must be in it -------------------------------------------------------------------------


def test_an_exchange_has_what_questions_need(
    recorded: ConnectionSettings, record: Path, sim: SimulatorServer, ops: Ops
) -> None:
    sim.faults([{"operation": ops.read.id, "fault": "status_503_before", "retry_after": 0}])
    read(recorded, ops)
    header, *_rest = lines(record)
    assert (header["recording"], header["service"]) == (1, "127.0.0.1")
    first, second = exchanges(record, ops.read.id)
    assert (first["status"], first["attempt"]) == (503, 1)
    assert (second["status"], second["attempt"], second["body"]) == (200, 2, [])
    assert second["template"] == "/fota/v3/firmware/{account}"
    assert second["query"] == {"protocol": "all"}
    assert second["headers"]["date"].endswith("GMT") and second["seconds"] >= 0


def test_reads_in_check_mode_are_recorded_and_writes_are_not_sent(
    recorded: ConnectionSettings, record: Path, ops: Ops
) -> None:
    with Client(replace(recorded, check_mode=True)) as client:
        client.call(ops.read, params=ops.params, query=ops.query)
        with pytest.raises(CheckModeWrite):
            client.call(ops.write, params=ops.params, body=ops.body)
    assert exchanges(record)[-1]["operation"] == ops.read.id


def test_a_call_without_a_reply_is_recorded_with_the_reason(
    recorded: ConnectionSettings, record: Path, sim: SimulatorServer, ops: Ops
) -> None:
    sim.faults([{"operation": ops.read.id, "fault": "reset_before"}])
    read(recorded, ops)
    first, second = exchanges(record, ops.read.id)
    assert "reset" in first["trouble"] and "status" not in first
    assert second["status"] == 200


def test_the_order_of_ids_is_recorded_because_stand_ins_do_not_show_it(record: Path) -> None:
    pages = [
        {
            "deviceList": [{"deviceId": IMEI}, {"deviceId": OTHER_IMEI}],
            "lastSeenDeviceId": OTHER_IMEI,
        },
        {
            "deviceList": [{"deviceId": OTHER_IMEI}, {"deviceId": IMEI}],
            "lastSeenDeviceId": OTHER_IMEI,
        },
        {"deviceList": []},
    ]
    devices = Operation("v3ListDevices", "GET", "/fota/v3/devices/{account}", Kind.READ)
    with (
        CannedServer([reply(body=json.dumps(page).encode()) for page in pages]) as server,
        Client(server.settings(record=str(record))) as client,
    ):
        for cursor in ("0", OTHER_IMEI, IMEI):
            query = {"lastSeenDeviceId": cursor}
            client.call(devices, params={"account": ACCOUNT}, query=query)
    first, second, third = [line.get("order") for line in exchanges(record)]
    assert first == {"ids": "ascending", "rows": 2, "last": True}
    assert second == {"ids": "descending", "rows": 2, "last": False, "after": False}
    assert third is None


# -- the file -----------------------------------------------------------------------------------


def test_the_file_and_its_key_are_private(
    recorded: ConnectionSettings, record: Path, ops: Ops
) -> None:
    read(recorded, ops)
    for file in (record, record.with_name(f"{record.name}.key")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


MANY = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import conftest
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind, Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
order = json.load(sys.stdin)
read = Operation("v3ListFirmware", "GET", "/fota/v3/firmware/{account}", Kind.READ)
for _process in range(8):
    if os.fork() == 0:
        with Client(ConnectionSettings(**order["settings"])) as client:
            call = lambda _n: client.call(read, params=order["params"], query={"protocol": "all"})
            client.map(call, range(20))
        os._exit(0)
for _process in range(8):
    assert os.wait()[1] == 0
print("_client.recording" in " ".join(sys.modules))
"""


def test_processes_and_threads_append_whole_lines_with_the_same_stand_ins(
    recorded: ConnectionSettings, record: Path, ops: Ops, sim: SimulatorServer
) -> None:
    order = {"settings": asdict(recorded), "params": ops.params}
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(ROOT / "tests")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert done.stdout == "False\n", "the process that recorded nothing has not even loaded it"
    found = exchanges(record, ops.read.id)
    assert len(found) == 160 == count(sim, ops.read.id)
    assert len({line["path"] for line in found}) == 1
    assert sum("recording" in line for line in lines(record)) == 1


def test_a_recording_goes_on_with_its_key_and_not_with_another_one(
    recorded: ConnectionSettings, record: Path, ops: Ops, sim: SimulatorServer
) -> None:
    read(recorded, ops)
    read(recorded, ops)
    paths = [line["path"] for line in exchanges(record, ops.read.id)]
    assert len(paths) == 2 and len(set(paths)) == 1
    sim.clear_journal()
    record.with_name(f"{record.name}.key").unlink()
    kept = record.read_bytes()
    assert any("another key" in warning for warning in read(recorded, ops))
    assert record.read_bytes() == kept and sim.journal() != []


def _missing(record: Path) -> None:
    record.parent.rmdir()


def _directory(record: Path) -> None:
    record.mkdir()


def _readable_by_others(record: Path) -> None:
    record.touch(0o644)
    record.chmod(0o644)


def _readable_key(record: Path) -> None:
    key = record.with_name(f"{record.name}.key")
    key.touch(0o644)
    key.chmod(0o644)


def _link(record: Path) -> None:
    record.symlink_to(record.with_name("elsewhere"))


def _another_file(record: Path) -> None:
    record.touch(0o600)
    record.write_text("imei,group\n")


def _pipe(record: Path) -> None:
    os.mkfifo(record, 0o600)


@pytest.mark.parametrize(
    "spoil",
    [_missing, _directory, _readable_by_others, _readable_key, _link, _another_file, _pipe],
)
def test_without_a_file_that_can_be_used_calls_are_made_and_a_warning_says_so(
    recorded: ConnectionSettings, tmp_path: Path, ops: Ops, sim: SimulatorServer, spoil: Any
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    spoil(folder / "account.jsonl")
    (warning,) = read(replace(recorded, record=str(folder / "account.jsonl")), ops)
    assert warning.startswith("Nothing is recorded. record: ")
    assert "account.jsonl cannot be used: " in warning
    assert "record (THINGSPACE_RECORD)" in warning
    assert count(sim, ops.read.id) == 1


@pytest.mark.parametrize("call", ["write", "pread", "fstat"])
def test_a_problem_later_is_a_warning_and_changes_no_result(
    recorded: ConnectionSettings,
    record: Path,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    def fail(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Client(recorded) as client:
        before = client.call(ops.read, params=ops.params, query=ops.query)
        monkeypatch.setattr(recording, "os", _Spoiled(call, fail))
        assert client.call(ops.read, params=ops.params, query=ops.query) == before
        assert client.call(ops.read, params=ops.params, query=ops.query) == before
        (warning,) = client.warnings()
        assert "incomplete: No space left on device" in warning and str(record) in warning
        assert client.warnings() == []
        monkeypatch.setattr(recording, "os", os)
    assert len(exchanges(record, ops.read.id)) == 1


class _Spoiled:
    """The module ``os`` with one function replaced."""

    def __init__(self, name: str, function: Any) -> None:
        setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def test_a_full_recording_ends_with_a_line_that_says_so(
    recorded: ConnectionSettings, record: Path, ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "LARGEST_FILE", 4000)
    for _run in range(3):
        with Client(recorded) as client:
            for _call in range(10):
                client.call(ops.read, params=ops.params, query=ops.query)
            assert client.warnings() == []
    assert record.stat().st_size <= 4000
    assert [line["end"] for line in lines(record) if "end" in line] == [
        "The recording has reached 4000 bytes. Later calls are not in it."
    ]
    assert "end" in lines(record)[-1]


def test_a_line_that_was_cut_off_spoils_no_other(
    recorded: ConnectionSettings, record: Path, ops: Ops
) -> None:
    read(recorded, ops)
    with record.open("a") as file:
        file.write('{"at":"2026-03-0')
    read(recorded, ops)
    texts = record.read_text().splitlines()
    assert sum(text.startswith('{"at":"2026-03-0') for text in texts) == 1
    assert json.loads(texts[-1])["operation"] == ops.read.id


def test_a_lock_that_is_held_too_long_is_a_warning(
    recorded: ConnectionSettings, record: Path, ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client(recorded) as client, held(record):
        monkeypatch.setattr(recording, "_PATIENCE", 0.0)
        client.call(ops.read, params=ops.params, query=ops.query)
        (warning,) = client.warnings()
    assert "another task held its lock until the timeout" in warning


def held(record: Path) -> AbstractContextManager[None]:
    """Hold the lock of a recording."""
    return recording._locked(os.open(record, os.O_RDWR))
