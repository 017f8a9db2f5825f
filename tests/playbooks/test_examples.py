# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module's documentation run as they are printed."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT, PlaybookRunner
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import MODULES, play

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
    # The same IMEI is in one account only.
    made["accounts"] = made["accounts"][:1]
    return made


def turn_clock(**body: float) -> dict[str, Any]:
    return {
        "name": "Turn the clock",
        "ansible.builtin.uri": {
            "url": "{{ control }}/clock",
            "method": "POST",
            "body_format": "json",
            "body": body,
        },
    }


# More than the service takes to check a request, and for all examples together less than the two
# hours after which a campaign is PreScheduled, where no report lists it.
BETWEEN_TWO_EXAMPLES = turn_clock(advance_hours=0.25)
WHILE_AN_EXAMPLE_WAITS = turn_clock(hours_per_second=0.5)
UNTIL_CAMPAIGNS_END = turn_clock(hours_per_second=240)


def is_waiting(task: dict[str, Any]) -> bool:
    ours = (value for key, value in task.items() if key.startswith("thingspace.fota."))
    options = next(ours, {})
    return bool(options.get("wait")) or options.get("state") == "reported"


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(
    run_playbook: PlaybookRunner, simulator: StartSimulator, module: str
) -> None:
    sim = simulator(fleet(), start=START)
    tasks = examples(module)
    if module == "fota_device_firmware":
        tasks[0]["failed_when"] = "proof.compliance.behind != 2"
        tasks[1]["thingspace.fota.fota_device_firmware"]["wait_delay"] = 0.2
    if module == "fota_wait":
        tasks[1]["thingspace.fota.fota_wait"]["wait_delay"] = 0.2
        tasks[1:1] = [UNTIL_CAMPAIGNS_END]
    timed = []
    for task in tasks:
        timed += [WHILE_AN_EXAMPLE_WAITS if is_waiting(task) else BETWEEN_TWO_EXAMPLES, task]
    run = run_playbook(play(*timed), simulator=sim).succeeded()
    assert [one.status for one in run.results] == ["ok"] * len(timed)
    if module in ("fota_campaign", "fota_upgrade"):
        assert run.changed == [one["name"] for one in tasks]
