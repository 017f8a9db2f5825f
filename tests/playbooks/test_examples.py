# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module's documentation run as they are printed."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.conftest import QUICK
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import FORESEEN, MODULES
from ansible_collections.thingspace.fota.tests.tools.update_return_blocks import OFFLINE

# Long before the dates of the examples, so that campaigns can still change.
START = "2026-02-20T00:00:00Z"


def examples(module: str) -> list[dict[str, Any]]:
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module} has no examples")


def fleet() -> dict[str, Any]:
    """The default fleet, whose v1 examples move to the account of the other examples."""
    made = default_fleet()
    account = made["accounts"][0]
    tracker = {"make": "Verizon", "model": "Model-A", "protocol": "OMADM"}
    account["devices"] += [
        {**tracker, "deviceId": imei, "firmware": "VerizonFirmwareVersion-01"}
        for imei in ("990003425730535", "990000473475989")
    ]
    for device in account["devices"]:
        device["licensed"] = False
    # The same IMEI is in one account only.
    made["accounts"] = made["accounts"][:1]
    return made


def turn_clock(**order: float) -> dict[str, Any]:
    return {"name": TURN_CLOCK, "turn_clock": {"control": "{{ clock }}", **order}}


TURN_CLOCK = "Turn the clock"
# More than the service takes to check a request, and for all examples together less than the two
# hours after which a campaign is PreScheduled, where no report lists it.
BETWEEN_TWO_EXAMPLES = turn_clock(advance_hours=0.25)
WHILE_AN_EXAMPLE_WAITS = turn_clock(hours_per_second=0.5)
UNTIL_CAMPAIGNS_END = turn_clock(hours_per_second=240)


def is_waiting(task: dict[str, Any]) -> bool:
    ours = (value for key, value in task.items() if key.startswith("thingspace.fota."))
    options = next(ours, None) or {}
    return bool(options.get("wait")) or options.get("state") == "reported"


def timed_examples(module: str) -> list[dict[str, Any]]:
    tasks = examples(module)
    if module == "fota_device_firmware":
        tasks[0]["failed_when"] = "proof.compliance.behind != 2"
        tasks[1]["thingspace.fota.fota_device_firmware"]["wait_delay"] = 0.2
    if module == "fota_wait":
        tasks[1]["thingspace.fota.fota_wait"]["wait_delay"] = 0.2
        tasks[1:1] = [UNTIL_CAMPAIGNS_END]
    only_reads = module.endswith("_info") or module in OFFLINE
    timed = []
    for task in tasks:
        if is_waiting(task):
            timed.append(WHILE_AN_EXAMPLE_WAITS)
        elif not only_reads:
            timed.append(BETWEEN_TWO_EXAMPLES)
        timed.append(task)
    return timed


@pytest.fixture(scope="module")
def run_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaybookRun]:
    """One run: every module is a host with a simulator of its own and runs its examples."""
    folder = tmp_path_factory.mktemp("examples")
    hosts = {}
    with ExitStack() as stack:
        simulator = StartSimulator(stack)
        for module in (*MODULES, *OFFLINE):
            (folder / f"{module}.yml").write_text(yaml.safe_dump(timed_examples(module)))
            sim = simulator(fleet(), start=START)
            hosts[module] = {"url": sim.url, "clock": sim.control_url}
        everywhere = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        inventory = folder / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": everywhere}}))
        play = {
            "hosts": "all",
            "gather_facts": False,
            "environment": {
                "THINGSPACE_BASE_URL": "{{ url }}",
                "THINGSPACE_TOKEN_CACHE": f"{folder}/tokens-{{{{ inventory_hostname }}}}",
            },
            "tasks": [
                {"ansible.builtin.include_tasks": f"{folder}/{{{{ inventory_hostname }}}}.yml"}
            ],
        }
        run_playbook = PlaybookRunner(folder / "ansible", QUICK)
        yield run_playbook([play], "--inventory", str(inventory), simulator=sim)
    simulator.judge.assert_clean(requests=simulator.judge_requests)


@pytest.mark.parametrize("module", [*MODULES, *OFFLINE])
def test_the_examples_run(run_of_all: PlaybookRun, module: str) -> None:
    timed = timed_examples(module)
    ours = [one for one in run_of_all.results if one.host == module]
    ran = [one for one in ours if one.action != "ansible.builtin.include_tasks"]
    assert [one.status for one in ran] == ["ok"] * len(timed), run_of_all.output
    assert "WARNING]" not in run_of_all.output
    if module in FORESEEN:
        changed = [one.task for one in ran if one.changed]
        assert changed == [one["name"] for one in timed if one["name"] != TURN_CLOCK]
