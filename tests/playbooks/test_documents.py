# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and guides: their commands run as they are written, and so do their plays and tasks.

A guide is a story: all of its commands run in one shell, in their order, with the files that it
shows. What is left out, and why, is in ``documented``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    MAIN_ACCOUNT,
    default_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.vendor_methods import VENDOR_METHODS
from ansible_collections.thingspace.fota.tests.playbooks import documented
from ansible_collections.thingspace.fota.tests.playbooks.documented import Terminal, files_of
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.tools.documents import (
    blocks_of,
    commands_of,
    read_blocks,
)

START = "2026-03-02T08:00:00Z"  # before the dates of the guides
MAKE, MODEL = "SEQUANS Communications", "GM01Q"
OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"
CONNECTION = (
    *(("client_id", "key"), ("client_secret", "secret")),
    *(("username", "user"), ("password", "password")),
)
# The address and the digest that the guides show, and what they are here.
SHOWN = "http://127.0.0.1:43121"
DIGEST = "38ee8608aa0c"
HEAD = "6ca13d52..."
# Commands that must fail: what the halt of that guide has cancelled stays held with an accept of failures.
REFUSED = {"--limit 'localhost:canary'": 2, '"rollout_accept"': 2}
CREDENTIALS = {
    "key-of-the-application": "simulator-key",
    "secret-of-the-application": "simulator-secret",
    "USERNAME=user\n": "USERNAME=simulator-user\n",
    "PASSWORD=password\n": "PASSWORD=simulator-password\n",
}


def fleet() -> dict[str, Any]:
    """The default fleet, with a package back, and with the v1 examples in the main account."""
    made = default_fleet()
    account, *others = made["accounts"]
    for other in others:
        other.pop("devices", None)
    tracker = {"make": "Verizon", "model": "Model-A", "protocol": "OMADM"}
    account["devices"] += [
        {**tracker, "deviceId": imei, "firmware": "VerizonFirmwareVersion-01"}
        for imei in ("990003425730535", "990000473475989")
    ]
    account["firmware"] += [
        {**row, "firmwareName": "back", "firmwareFrom": NEW, "firmwareTo": OLD}
        for row in account["firmware"]
        if row["firmwareTo"] == NEW
    ]
    return made


def last_head(journal: Path) -> str:
    """The hash of the last line of a journal."""
    return str(json.loads(journal.read_text(encoding="utf-8").splitlines()[-1])["chain"]["hash"])


class Reader:
    """Somebody who follows a guide: a terminal, files of the guides, and a simulator."""

    def __init__(self, runner: PlaybookRunner, sim: SimulatorServer, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        environment = runner.environment(sim, folder / "results.jsonl", {})
        self.terminal = Terminal(folder, environment)
        self.output = self.printed = ""
        self.head = ""

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            if name.startswith("/"):
                name = Path(name).name
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            for shown, here in CREDENTIALS.items():
                text = text.replace(shown, here)
            path.write_text(text, encoding="utf-8")

    def follow(self, document: str) -> None:
        """Run every command of a guide."""
        for command in commands_of(document):
            if command not in documented.NOT_RUN:
                self.run(command)

    def run(self, command: str) -> None:
        """Run a command, which must end as it should."""
        if " serve " in command:
            return  # test_the_server_of_the_guides starts it
        command = command.replace(SHOWN, self.sim.url.removesuffix("/api"))
        found = re.search(r"digest: '(\w{12})'", self.output)
        status, self.output = self.terminal.run(
            command.replace(DIGEST, found[1] if found else DIGEST).replace(HEAD, self.head)
        )
        expected = next((rc for words, rc in REFUSED.items() if words in command), 0)
        self.printed += self.output
        assert status == expected, f"{command}\n{self.output}"
        assert "WARNING]" not in self.output, self.output

    def assert_shown(self, document: str) -> None:
        """What a guide shows of the output was printed, apart from the port."""
        printed = re.sub(r"127\.0\.0\.1:\d+", SHOWN.rpartition("/")[2], self.printed)
        for block in blocks_of(document):
            if block.language == "text":
                assert block.text in printed, block

    def campaigns(self) -> list[tuple[str, str]]:
        """Wave and status of every campaign of a rollout."""
        found = ((row["campaignName"].split("."), row["status"]) for row in self.sim.campaigns())
        return [(name[3], status) for name, status in found]

    def count_meters(self, version: str) -> int:
        wanted = (MAIN_ACCOUNT, MODEL, version)
        rows = self.sim.devices()
        return sum((row["accountName"], row["model"], row["firmware"]) == wanted for row in rows)


@pytest.fixture
def reader(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> Iterator[Reader]:
    folder = tmp_path / "reader"
    folder.mkdir()
    found = Reader(run_playbook, simulator(fleet(), start=START), folder)
    yield found
    found.terminal.close()


def write_meters(reader: Reader) -> None:
    """The inventory and the declaration that the other guides begin with."""
    reader.write({"inventory/sites.yml": files_of("inventory_guide")["inventory/sites.yml"]})
    reader.write({"meters.yml": files_of("planning_guide")["meters.yml"]})


def test_accounts(reader: Reader) -> None:
    """With the credentials of the file only."""
    reader.run("unset $(env | grep -o '^THINGSPACE_[A-Z_]*' | grep -v BASE_URL)")
    reader.write({"thingspace.env": files_of("accounts_guide")["thingspace.env"]})
    reader.follow("accounts_guide")
    assert "SIMULATED" in reader.output
    calls = Counter(call["operation"] for call in reader.sim.journal())
    assert calls["startM2MSession"] == calls["endM2MSession"] == 1


def test_inventory(reader: Reader) -> None:
    write_meters(reader)
    reader.follow("inventory_guide")
    (shown,) = (
        block.text
        for block in blocks_of("inventory_guide")
        if block.text.startswith("The limit (--limit)")
    )
    assert " ".join(shown.split()) in " ".join(reader.output.split())
    assert reader.sim.journal() == []
    account = files_of("inventory_guide")["inventory/account.thingspace_fota.yml"]
    reader.write({"inventory/account.thingspace_fota.yml": account})
    reader.run("ansible-inventory -i inventory --graph")
    assert "model_GM01Q" in reader.output
    assert "meter-001" in reader.output


def test_schedules(reader: Reader) -> None:
    """The script that cron runs, and the playbook of an AWX project."""
    write_meters(reader)
    files = files_of("schedules_guide")
    reader.write({"thingspace.env": files_of("accounts_guide")["thingspace.env"]})
    reader.write({name: files[name] for name in ("/srv/meters/run.sh", "rollout.yml")})
    reader.run("sh ./run.sh")
    assert reader.output.strip() == "", "cron mails what it prints"
    assert [wave for wave, _status in reader.campaigns()] == ["w01"]
    reader.run("ansible-playbook rollout.yml -i inventory --syntax-check")
    reader.run("sed -i s/group:.canary/group:\\ nosuchgroup/ meters.yml")
    status, output = reader.terminal.run("sh ./run.sh")
    assert status == 2
    assert "no selected device is in this group" in output


def test_simulator(reader: Reader) -> None:
    (rules,) = (b.text for b in blocks_of("simulator_guide") if b.text.startswith("["))
    reader.write({"faults.json": rules})
    reader.follow("simulator_guide")


@pytest.mark.soak
def test_planning(reader: Reader) -> None:
    write_meters(reader)
    reader.write({"trackers.yml": files_of("planning_guide")["trackers.yml"]})
    reader.follow("planning_guide")
    assert reader.sim.campaigns() == reader.sim.upgrades() == []


@pytest.mark.soak
def test_approving(reader: Reader) -> None:
    write_meters(reader)
    reader.follow("approving_guide")
    assert (reader.folder / "back.yml").exists()
    assert reader.campaigns() == [("w01", "CampaignCancelled")]


@pytest.mark.soak
def test_rehearsal(reader: Reader) -> None:
    write_meters(reader)
    reader.follow("rehearsal_guide")
    assert (reader.folder / "copy.json").exists()
    assert (reader.folder / "rehearsal.html").exists()
    assert {call["kind"] for call in reader.sim.journal()} <= {"read", "auth"}


@pytest.mark.soak
def test_deadlines(reader: Reader) -> None:
    write_meters(reader)
    reader.write({"meters.yml": files_of("deadlines_guide")["meters.yml"]})
    reader.follow("deadlines_guide")
    assert "forecast: over 2026-03-" in reader.output
    assert "deadline 2026-03-20 23:59 UTC" in reader.output
    assert "based on nothing of this account" in reader.output


@pytest.mark.soak
def test_report(reader: Reader) -> None:
    write_meters(reader)
    reader.run("ansible-playbook thingspace.fota.rollout -i inventory -e @meters.yml")
    reader.write({"accounts.yml": files_of("report_guide")["accounts.yml"]})
    reader.follow("report_guide")
    for page in ("meters", "overview", "audit"):
        assert (reader.folder / f"{page}.html").stat().st_size > 3_000
    assert {call["kind"] for call in reader.sim.journal()} == {"read", "write", "auth"}
    assert len(reader.sim.campaigns()) == 1


@pytest.mark.soak
def test_evidence(reader: Reader) -> None:
    """The head in the guide is that of the journal here."""
    write_meters(reader)
    reader.run(
        "ansible-playbook thingspace.fota.rollout -i inventory -e @meters.yml"
        " -e rollout_journal=meters.jsonl -e report_path=meters.html"
    )
    reader.head = last_head(reader.folder / "meters.jsonl")
    reader.follow("evidence_guide")


@pytest.mark.soak
def test_moving(reader: Reader) -> None:
    reader.write({"campaign.yml": files_of("moving_guide")["campaign.yml"]})
    reader.follow("moving_guide")
    assert reader.sim.campaigns() == []


# -- plays and tasks ------------------------------------------------------------------------------

# Tasks that need what other tasks leave.
VARIABLES = {
    **{f"vault_{name}": f"simulator-{value}" for name, value in CONNECTION},
}
OF_HOOKS = {
    "rollout_event": {"event": "phase_change", "phase": "running", "before": "planned"},
    "rollout_decision": {"rollout": "meters-10657"},
}


def turn_clock(**order: float) -> dict[str, Any]:
    return {"name": "Turn the clock", "turn_clock": {"control": "{{ control }}", **order}}


def read_plays() -> Iterator[dict[str, Any]]:
    """Every play, and a play for the tasks of each document."""
    # The role of the report needs what that of the rollout leaves.
    for block in sorted(read_blocks(), key=lambda block: block.file.startswith("roles/report")):
        data = documented.load(block)
        if documented.is_play(data):
            yield from data
        elif documented.is_tasks(data) and "import_playbook" not in block.text:
            tasks = [
                step
                for task in data
                for step in (
                    turn_clock(
                        hours_per_second=24 if "wait_timeout" in str(task) else 0,
                        advance_hours=0.25,
                    ),
                    task,
                )
            ]
            yield {
                "name": str(block),
                "hosts": "localhost",
                "gather_facts": False,
                "vars": {} if block.file.startswith("roles/") else OF_HOOKS,
                "tasks": tasks,
            }


def test_plays_and_tasks(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    """All in one run, in the order of the documents; then every vendor method has been called."""
    simulator.judge_requests = False  # those of uri are not ours
    sim = simulator(fleet(), start="2026-02-20T00:00:00Z")
    inventory = tmp_path / "sites.yml"
    inventory.write_text(files_of("inventory_guide")["inventory/sites.yml"], encoding="utf-8")
    group = {"group/thingspace.fota.fota": {"imei_check": "off", "wait_delay": 0.2}}
    plays = [{"module_defaults": group, **play} for play in read_plays()]
    run = run_playbook(
        plays,
        *("--inventory", str(inventory)),
        simulator=sim,
        variables={**VARIABLES, "base_url": sim.url},
    )
    assert run.failed == [], run.output
    assert run.status == 0, run.output
    by_uri, adopted = run.all("Schedule the campaign")
    assert (by_uri.action, adopted.changed) == ("ansible.builtin.uri", False)
    called = {call["operation"] for call in sim.journal() if call["status"] == 200}
    assert {method.operation_id for method in VENDOR_METHODS} <= called
