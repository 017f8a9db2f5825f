# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program: start, serve, stop, and every way to end."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator import cli, processes
from ansible_collections.thingspace.fota.tests.contract.wire import Wire
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import fleet

FOLDER = Path(cli.__file__).parent
PATIENCE = 300.0


class Program:
    """Starts simulators and ends, by pid, what a failed test left."""

    def __init__(self) -> None:
        self._pids: list[int] = []

    def run(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(FOLDER), *arguments]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def start(self, *arguments: str, text: str = "") -> dict[str, Any]:
        done = self.run("start", *arguments, text=text)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        answer: dict[str, Any] = json.loads(line)
        self._pids.append(answer["pid"])
        return answer

    def clean(self) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def program() -> Iterator[Program]:
    starter = Program()
    yield starter
    starter.clean()


def _port(answer: dict[str, Any]) -> int:
    return int(answer["url"].rsplit(":", 1)[1].split("/")[0])


def _gone(pid: int) -> bool:
    """Wait for the end of a process."""
    process = processes.Process.of(pid)
    deadline = time.monotonic() + PATIENCE
    while process.started is not None and process.alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not process.alive()


def _control(answer: dict[str, Any], path: str, order: Any = None) -> Any:
    connection = HTTPConnection("127.0.0.1", _port(answer), timeout=PATIENCE)
    method = "GET" if order is None else "POST"
    connection.request(method, f"/_simulator{path}", json.dumps(order) if order else None)
    reply = connection.getresponse()
    result = json.loads(reply.read())
    connection.close()
    return reply.status, result


def test_start_serves_and_stop_leaves_nothing(program: Program) -> None:
    answer = program.start(
        "--start", "2026-03-02T00:00:00Z", "--hours-per-second", "0", "--scratch"
    )
    folder = Path(answer["folder"])
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "cache").write_text("x")
    assert answer["control"] == answer["url"].removesuffix("/api") + "/_simulator"
    wire = Wire(answer["url"]).login()
    assert wire.call("GET", "/fota/v3/subscriptions/0000123456-00001").status == 200
    assert _control(answer, "/clock", {"advance_hours": 24})[1]["now"] == "2026-03-03T00:00:00.000Z"
    done = program.run("stop", "--url", answer["url"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", _port(answer)), timeout=5)
    assert _gone(answer["pid"])
    assert not folder.exists()
    assert program.run("stop", "--url", answer["url"]).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(program: Program, number: signal.Signals) -> None:
    command = [sys.executable, str(FOLDER), "serve", "--scratch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        assert answer["pid"] == process.pid
        with socket.create_connection(("127.0.0.1", _port(answer)), timeout=5):
            process.send_signal(number)
            assert process.wait(PATIENCE) == 0
        assert process.stdout.read() == ""
    assert not Path(answer["folder"]).exists()


def test_it_ends_with_the_process_it_watches(program: Program) -> None:
    watched = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    answer = program.start("--watch-pid", str(watched.pid), "--scratch")
    assert _control(answer, "")[0] == 200
    watched.communicate(b"\n", timeout=PATIENCE)
    assert _gone(answer["pid"])
    assert not Path(answer["folder"]).exists()


def test_it_ends_with_the_ansible_command_it_was_started_under(
    program: Program, tmp_path: Path
) -> None:
    play = tmp_path / "ansible-playbook"
    start = [sys.executable, str(FOLDER), "start", "--watch-ansible"]
    play.write_text(
        "import subprocess, sys\n"
        f"print(subprocess.check_output({start!r}, text=True), end='', flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(play)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        assert _control(answer, "")[0] == 200
        process.kill()
    assert _gone(answer["pid"])


@pytest.mark.parametrize("name", ["shell", "ansible_collections", "ansible-tmp-1.2"])
def test_without_an_ansible_command_it_says_so(tmp_path: Path, name: str) -> None:
    """A script whose name merely begins with the word is no ansible command."""
    with suppress(ValueError):
        processes.ansible_command(os.getpid())
        pytest.skip("the tests themselves run under an ansible command")
    script = tmp_path / name
    start = [sys.executable, str(FOLDER), "start", "--watch-ansible"]
    script.write_text(f"import subprocess\nsubprocess.run({start!r})\n")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout == ""
    assert "an ansible command must have started this process" in done.stderr


def test_it_ends_when_idle(program: Program) -> None:
    answer = program.start("--idle-minutes", "0.01")
    assert _gone(answer["pid"])


def test_a_fleet_from_standard_input_and_options(program: Program) -> None:
    answer = program.start(
        "--fleet",
        "-",
        "--seed",
        "9",
        "--switch",
        "unknown_path=404",
        "--refuse-writes",
        "--latency-ms",
        "1",
        "--hours-per-second",
        "5000",
        text=json.dumps(fleet()),
    )
    status, facts = _control(answer, "/")
    assert status == 200
    assert facts["seed"] == 9
    assert facts["switches"]["unknown_path"] == "404"
    assert (facts["refuse_writes"], facts["latency_ms"]) == (True, 1.0)
    assert facts["counts"]["devices"] == 55
    assert facts["hours_per_second"] == pytest.approx(5000)
    assert _control(answer, "")[1]["now"] > facts["now"]
    state = _control(answer, "/state")[1]
    assert (len(state["devices"]), state["more_devices"], state["campaigns"]) == (55, False, [])
    rules = [{"operation": "v3ListDevices", "fault": "html_502"}]
    assert _control(answer, "/faults", rules)[1]["faults"][0]["seen"] == 0
    for path, order in (
        ("/clock", {"advance_hours": -1}),
        ("/clock", {"set": "yesterday"}),
        ("/clock", {"advance_hours": "1"}),
        ("/settings", {"switches": {"x": "y"}}),
        ("/settings", {"speed": 1}),
        ("/faults", {"fault": "rain"}),
    ):
        status, reply = _control(answer, path, order)
        assert (status, list(reply)) == (400, ["error"])
    assert _control(answer, "/nothing")[0] == 404
    program.run("stop", "--url", answer["url"])


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (("--fleet", "-"), "{", "fleet -: Expecting"),
        (("--fleet", "-"), '{"acounts": []}', "unknown key 'acounts'"),
        (("--fleet", "/nowhere/fleet.json"), "", "No such file"),
        (("--switch", "pilot_rule"), "", "must be NAME=VALUE"),
        (
            ("--switch", "pilot_rule=maybe"),
            "",
            "switch pilot_rule: must be one of request_failed, http_400, off, not 'maybe'",
        ),
        (("--start", "soon"), "", "'soon' is not an RFC 3339 time"),
        (("--host", "192.0.2.1"), "", "invalid choice"),
    ],
)
def test_a_bad_start_says_why(
    arguments: tuple[str, ...],
    text: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Of the two processes, the server's is a real one."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    try:
        status = cli.main(["start", *arguments])
    except SystemExit as ended:  # of the parser
        status = ended.code
    assert status not in (0, None)
    printed = capfd.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_two_simulators_do_not_share_a_port(program: Program) -> None:
    answer = program.start()
    done = program.run("start", "--port", str(_port(answer)))
    assert done.returncode == 1
    assert "in use" in done.stderr


def test_stop_speaks_to_loopback_only(program: Program) -> None:
    done = program.run("stop", "--url", "http://192.0.2.1:80/api")
    assert (done.returncode, "must start with http://127.0.0.1" in done.stderr) == (2, True)


def test_the_printers(program: Program) -> None:
    assert "pilot_rule" in program.run("switches").stdout
    printed = program.run("fleet", "--devices", "30", "--seed", "4").stdout
    answer = program.start("--fleet", "-", text=printed)
    facts = _control(answer, "")[1]
    assert (facts["seed"], facts["counts"]["devices"]) == (4, 30)


def test_it_runs_as_a_module_of_an_installed_collection(tmp_path: Path) -> None:
    names = tmp_path / "ansible_collections" / "thingspace"
    names.mkdir(parents=True)
    (names / "fota").symlink_to(FOLDER.parents[2])
    module = "ansible_collections.thingspace.fota.plugins.plugin_utils._simulator"
    done = subprocess.run(
        [sys.executable, "-m", module, "switches"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, "pilot_rule" in done.stdout) == (0, True), done.stderr


def test_the_log_takes_over_when_it_listens(program: Program, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program.start("--log", str(log))
    assert log.read_bytes() == b""
