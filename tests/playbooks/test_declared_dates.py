# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates that YAML reads as objects, and declarations that are one text, on every ansible-core.

Places that take a date or a declaration: ``rollout_spec`` of the playbooks (as an extra variable)
and of the role (in its ``vars``); ``campaign`` of the playbook; ``start_date`` and ``end_date``
of ``fota_campaign`` and ``fota_upgrade``, also in a block of text; ``upgrade_start_date`` and its
siblings; ``devices`` of a rollout. Before ansible-core 2.19 a template gives text: a
mapping with a date in it becomes the text of a Python object.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.release import __version__ as ansible_version

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.parts import part, run_parts
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test

MAKE, MODEL = "SEQUANS Communications", "GM01Q"
OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"
PACKAGE = f"SEQUANSCommunications_GM01Q_{OLD}_{NEW}"
IMEIS = [f"35900000000{number:04}" for number in range(12)]
NATIVE = {"ANSIBLE_JINJA2_NATIVE": "true"}
LOCAL = {"hosts": "localhost", "connection": "local", "gather_facts": False}


def meters() -> str:
    """The declaration of README, as it is written there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start = text.index("# meters.yml\n")
    return text[start : text.index("```", start)]


class Operator:
    """Somebody who follows README on the simulator, in a folder of their own."""

    def __init__(self, run_playbook: PlaybookRunner, sim: Any, folder: Path) -> None:
        self.run_playbook = run_playbook
        self.sim = sim
        self.meters = folder / "meters.yml"
        self.meters.write_text(meters())
        self.inventory = folder / "inventory.yml"
        hosts = {f"meter-{n}": {"imei": imei, "region": "north"} for n, imei in enumerate(IMEIS)}
        groups = {"meters": {"hosts": hosts}, "canary": {"hosts": {"meter-0": {}, "meter-1": {}}}}
        self.inventory.write_text(yaml.safe_dump({**groups, "lab": {"hosts": {}}}))

    def run(self, playbook: Any, *arguments: str, **more: Any) -> PlaybookRun:
        return self.run_playbook(
            playbook,
            *("--inventory", str(self.inventory), *arguments),
            variables={"rollout_imei_check": "off", **more},
            simulator=self.sim,
        )


@pytest.fixture
def operator(run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path) -> Operator:
    device = {"make": MAKE, "model": MODEL, "firmware": OLD, "protocol": "LWM2M"}
    package = {"make": MAKE, "model": MODEL, "firmwareFrom": OLD, "firmwareTo": NEW}
    account = {
        "name": "0000123456-00001",
        "devices": [{"deviceId": imei, **device} for imei in IMEIS],
        "firmware": [
            {
                "firmwareName": PACKAGE,
                "launchDate": "2026-01-01T00:00:00Z",
                "protocol": "LWM2M",
                **package,
            }
        ],
    }
    sim = simulator({"accounts": [account]}, start="2026-12-17T08:00:00Z")
    return Operator(run_playbook, sim, tmp_path)


CREATED = "Create the campaigns that are due"


def only_native(core: str) -> list[bool]:
    """Types of templates were an option before ansible-core 2.19."""
    return [False, True] if int(core.split(".")[1]) < 19 else [False]


@pytest.mark.matrix
@pytest.mark.parametrize("native", only_native(ansible_version))
def test_the_file_of_readme(operator: Operator, *, native: bool) -> None:
    """Also its way back: what is written there is read again."""
    runs = run_parts(
        operator.run_playbook,
        [part("rollout"), part("halt")],
        *("--inventory", str(operator.inventory), "-e", f"@{operator.meters}"),
        variables={"rollout_imei_check": "off"},
        simulator=operator.sim,
        environment=NATIVE if native else {},
    )
    next(runs).succeeded()
    (campaign,) = operator.sim.campaigns()
    assert campaign["startDate"] == "2027-01-06", "after the freeze"
    halt = next(runs).succeeded()
    assert halt["Decide the next step"]["phase"] == "halted"
    assert halt.changed == ["Cancel campaigns that must not start"]


def role(spec: Any, *, entry: str = "main", **more: Any) -> dict[str, Any]:
    """A play of one's own with the role, and its variables beside it."""
    selected = {"rollout_hosts": "meters:!lab", "rollout_host_vars": ["region"]}
    return {
        **LOCAL,
        "vars": more,
        "tasks": [
            {
                "ansible.builtin.import_role": {
                    "name": "thingspace.fota.rollout",
                    "tasks_from": entry,
                },
                "vars": {"rollout_spec": spec, **selected},
            }
        ],
    }


@pytest.mark.matrix
def test_the_role_in_plays_of_ones_own(operator: Operator) -> None:
    """Dates in the role's ``vars``; the same in a template; parts of it; YAML and JSON text.

    A run of the role, and for the other ways what decides it.
    """
    spec = {**yaml.safe_load(meters())["rollout_spec"], "deadline": date(2027, 2, 1)}
    freeze = spec["calendar"]["freeze"]
    in_part = {**spec, "calendar": {**spec["calendar"], "freeze": "{{ days }}"}}
    texts = yaml.safe_dump(spec), json.dumps(spec, default=str)
    declared = spec, "{{ wanted }}", in_part, *texts
    plays = [role(way, entry="status", wanted=spec, days=freeze) for way in declared]
    plays[0] = role(spec)
    run = operator.run(plays, rollout_state="planned").succeeded()
    decisions = [one.result for one in run.all("Decide the next step")]
    assert [one["actions"]["create"][0]["start_date"] for one in decisions] == (
        ["2027-01-06"] * len(declared)
    )
    assert len({one["digest"] for one in decisions}) == 1
    assert {one["forecast"]["deadline"] for one in decisions} == {"2027-02-01T23:59:59Z"}


@pytest.mark.parametrize("text", first_in_test(["name: [", "name", "- name\n"]))
def test_text_that_declares_nothing_is_not_repeated(operator: Operator, text: str) -> None:
    run = operator.run([role(text * 1000)], rollout_state="planned")
    message = run["Decide the next step"]["msg"]
    assert message.startswith("rollout: 1 error:\nrollout"), message
    assert ": must be a dictionary" in message
    assert len(message) < 300
    assert len(run.output) < 3000
    assert operator.sim.journal() == []


CAMPAIGN: dict[str, Any] = {
    "name": "pilot",
    "package": PACKAGE,
    "start_date": date(2026, 12, 20),
    "end_date": date(2026, 12, 22),
    "windows": [{"start": 1, "end": 4}],
    "devices": IMEIS[:3],
}


@pytest.mark.soak
@pytest.mark.matrix
def test_the_playbook_campaign(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "campaign.yml"
    options = {"campaign_imei_check": "off"}
    written = {"campaign": CAMPAIGN, **options}
    file.write_text(yaml.safe_dump(written))
    run = operator.run("thingspace.fota.campaign", "-e", f"@{file}").succeeded()
    assert run.changed == ["Create, change or cancel the campaign"]
    (made,) = operator.sim.campaigns()
    assert (made["startDate"], made["endDate"]) == ("2026-12-20", "2026-12-22")
    file.write_text(yaml.safe_dump({"campaign": yaml.safe_dump(CAMPAIGN), **options}))
    operator.sim.advance(hours=1)
    again = operator.run("thingspace.fota.campaign", "-e", f"@{file}").succeeded()
    assert again.changed == []


@pytest.mark.soak
@pytest.mark.matrix
def test_templates_of_dates_in_tasks_of_ones_own(operator: Operator) -> None:
    """In process, and as a module in a process of its own."""
    tasks = [
        {
            "name": "Ensure",
            "thingspace.fota.fota_campaign": {"campaigns": way, "imei_check": "off"},
            "vars": more,
            "check_mode": True,
        }
        for way in ("{{ wanted }}", ["{{ wanted[0] }}"])
        for more in ({}, {"ansible_connection": "elsewhere"})
    ]
    run = operator.run([{**LOCAL, "vars": {"wanted": [CAMPAIGN]}, "tasks": tasks}]).succeeded()
    assert [one.changed for one in run.all("Ensure")] == [True] * 4


@pytest.mark.soak
def test_devices_as_one_text(operator: Operator) -> None:
    """As the answer to a survey, with any of the usual separators."""
    spec = yaml.safe_load(meters())["rollout_spec"]
    spec["waves"] = [{"name": "all", "rest": True}]
    text = "\n".join([", ".join(IMEIS[:4]), ",".join(IMEIS[4:6]), "; ".join(IMEIS[6:]), ""])
    play = role({})
    play["tasks"][0]["vars"] = {"rollout_spec": {**spec, "devices": text}, "rollout_hosts": ""}
    run = operator.run([play], rollout_state="planned").succeeded()
    assert run["Decide the next step"]["waves"][0]["devices"] == len(IMEIS)
    variables = {"campaign": {**CAMPAIGN, "devices": text}, "campaign_imei_check": "off"}
    operator.meters.write_text(yaml.safe_dump(variables))
    campaign = operator.run("thingspace.fota.campaign", "-e", f"@{operator.meters}").succeeded()
    assert campaign.changed == ["Create, change or cancel the campaign"]
    (made,) = campaign["Create, change or cancel the campaign"]["campaigns"]
    assert made["counts"]["added"] == len(IMEIS)
