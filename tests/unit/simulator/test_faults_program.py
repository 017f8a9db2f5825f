# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault injection from a file and by the control endpoint, and the printed table of faults."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator import cli
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.table import TABLE
from ansible_collections.thingspace.fota.tests.contract.wire import Wire
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority

FOLDER = Path(cli.__file__).parent
PATIENCE = 300.0
ACCOUNT = "0000123456-00001"
RULE = {"operation": "v3GetSubscription", "fault": "status_429", "retry_after": 3}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


class Started:
    """Simulators that end with the test."""

    def __init__(self) -> None:
        self._urls: list[str] = []

    def __call__(self, *arguments: str) -> dict[str, Any]:
        done = run("start", *arguments)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        self._urls.append(answer["url"])
        return answer

    def stop(self) -> None:
        for url in self._urls:
            done = run("stop", "--url", url)
            assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def start() -> Iterator[Started]:
    started = Started()
    yield started
    started.stop()


def control(answer: dict[str, Any], method: str, order: Any = None) -> tuple[int, Any]:
    parts = urlsplit(answer["control"])
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    body = None if order is None else json.dumps(order)
    connection.request(method, f"{parts.path}/faults", body)
    reply = connection.getresponse()
    result = json.loads(reply.read())
    connection.close()
    return reply.status, result


def file(folder: Path, content: str) -> str:
    path = folder / "faults.json"
    path.write_text(content)
    return str(path)


def test_rules_from_a_file_and_over_the_control_endpoint(start: Started, tmp_path: Path) -> None:
    answer = start("--faults", file(tmp_path, json.dumps([RULE])))
    assert control(answer, "GET") == (
        200,
        {"faults": [{**RULE, "nth": 1, "times": 1, "seen": 0, "struck": 0}]},
    )
    wire = Wire(answer["url"]).login()
    path = f"/fota/v3/subscriptions/{ACCOUNT}"
    replies = [wire.call("GET", path) for _call in range(2)]
    assert [reply.status for reply in replies] == [429, 200]
    assert replies[0].headers["retry-after"] == "3"
    (rule,) = control(answer, "GET")[1]["faults"]
    assert (rule["seen"], rule["struck"]) == (2, 1)
    rule_sent = {"chance": 1, "seed": 1, "faults": ["html_502", "xml_403"]}
    (rule,) = control(answer, "POST", [rule_sent])[1]["faults"]
    assert (rule["operation"], rule["times"], rule["chance"]) == ("*", None, 1)
    assert {wire.call("GET", path).status for _call in range(20)} == {502, 403}
    status, refused = control(answer, "POST", [{"fault": "rain"}])
    assert (status, refused["error"][:16]) == (400, "faults[0].fault:")
    assert control(answer, "DELETE") == (200, {"faults": []})
    assert wire.call("GET", path).status == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "Expecting"),
        ("{}", "faults: must be a list"),
        ('[{"fault": "html_502", "nth": 0}]', "faults[0].nth: must be an integer of 1 or more"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    done = run("start", "--faults", file(tmp_path, content))
    assert done.returncode != 0
    assert message in done.stderr
    assert done.stdout == ""


def test_a_key_without_its_certificate_is_refused(tmp_path: Path) -> None:
    key = str(Authority(tmp_path).server())
    done = run("start", "--tls-key", key)
    assert done.returncode != 0
    assert "--tls-key needs --tls-cert" in done.stderr


def test_the_printed_table_has_every_fault_and_its_parameters() -> None:
    lines = run("faults").stdout.splitlines()
    heads = {line.split()[0]: line for line in lines if not line.startswith(" ")}
    assert list(heads) == list(TABLE)
    assert all(line.strip() for line in lines)
    assert len(lines) == 2 * len(TABLE), "one line says what a fault does"
    assert heads["status_429"].split()[1:] == ["retry_after=null", "as_date=false"]


def test_a_program_that_speaks_https(start: Started, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    answer = start("--tls-cert", str(authority.server()))
    parts = urlsplit(answer["url"])
    assert parts.scheme == "https"
    trust = ssl.create_default_context(cafile=authority.bundle)
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=PATIENCE, context=trust)
    connection.request("GET", "/_simulator")
    assert connection.getresponse().status == 200
    connection.close()
