# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``upgrade``: canary, judgement, rest; run again it goes on where it was."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.parts import part, run_parts
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRun, PlaybookRunner

PLAYBOOK = "thingspace.fota.upgrade"
CANARY = "Schedule the upgrade and wait for the end of the canary"
REST = "Schedule the upgrade and wait for the end of the rest"
MODEL_A = {
    "make": "Verizon",
    "model": "Model-A",
    "protocol": "OMADM",
    "firmware": "VerizonFirmwareVersion-01",
}
DEVICES = [f"35800000000001{digit}" for digit in range(5)]
VARIABLES: dict[str, Any] = {
    "upgrade_package": "FOTA_Verizon_Model-A_01To02_HF",
    "upgrade_devices": DEVICES,
    "upgrade_start_date": "2026-03-03",
    "upgrade_end_date": "2026-03-05",
    "upgrade_rest_start_date": "2026-03-09",
    "upgrade_rest_end_date": "2026-03-11",
    "upgrade_wait": False,
    "upgrade_imei_check": "off",
}
START = "2026-03-02T08:00:00Z"


def fleet(**outcomes: str) -> dict[str, Any]:
    data = default_fleet()
    data["accounts"][0]["devices"] += [{**MODEL_A, "deviceId": imei} for imei in DEVICES]
    data["accounts"][0]["subscription"]["licenseCount"] = 500
    return {**data, "outcomes": {"devices": outcomes}}


def scheduled(run: PlaybookRun) -> list[str]:
    """The stages that a run looked at."""
    return [one.task for one in run.results if one.task in (CANARY, REST)]


def test_canary_then_rest_over_several_runs(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(), start=START)
    waiting = {"upgrade_wait": True, "upgrade_wait_timeout": 30}
    parts = [part("upgrade", **{**VARIABLES, **more}) for more in ({}, {}, waiting)]
    runs = run_parts(run_playbook, parts, simulator=sim)
    first = next(runs).succeeded()
    assert scheduled(first) == first.changed == [CANARY]
    assert (
        "The stage is not over: run again later." in first["Show the status of the canary"]["msg"]
    )
    assert set(sim.upgrades()[0]["devices"]) == set(DEVICES[:2])
    assert "skipping: [localhost] => (item=" not in first.output, "one line for a skipped task"

    sim.advance(hours=72)
    second = next(runs).succeeded()
    assert (scheduled(second), second.changed) == ([CANARY, REST], [REST])
    assert set(sim.upgrades()[1]["devices"]) == set(DEVICES[2:])

    sim.advance(hours=24 * 7)
    third = next(runs).succeeded()
    assert (scheduled(third), third.changed) == ([CANARY, REST], [])
    assert "Devices updated: 3 of 3" in third["Show the status of the rest"]["msg"]
    assert len(sim.upgrades()) == 2


def test_a_canary_that_fails_stops_the_rest(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(**{DEVICES[3]: "failed"}), start=START)
    chosen = {**VARIABLES, "upgrade_canary_devices": [DEVICES[3], DEVICES[4]]}
    runs = run_parts(run_playbook, [part("upgrade", **chosen)] * 2, simulator=sim)
    next(runs).succeeded()
    sim.advance(hours=72)
    stopped = next(runs)
    assert [one.task for one in stopped.failed] == ["Judge the canary"]
    said = stopped["Judge the canary"]["msg"]
    assert DEVICES[3] in said
    assert DEVICES[4] not in said
    assert "1 of 2 updated" in said
    assert len(sim.upgrades()) == 1

    # As the message says; the device that runs the new version is not upgraded again.
    later = {**chosen, "upgrade_start_date": "2026-03-06", "upgrade_end_date": "2026-03-07"}
    runs = run_parts(run_playbook, [part("upgrade", **later)] * 2, simulator=sim)
    next(runs).succeeded()
    assert list(sim.upgrades()[1]["devices"]) == [DEVICES[3]]
    sim.advance(hours=48)
    again = next(runs)
    assert "1 of 2 updated" in again["Judge the canary"]["msg"]
    assert DEVICES[4] not in again["Judge the canary"]["msg"]

    half = {**later, "upgrade_success_percent": 50}
    going_on = run_playbook(PLAYBOOK, variables=half, simulator=sim).succeeded()
    assert going_on.changed == [REST]


def test_all_bad_variables_are_named(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator()
    wrong = {
        "upgrade_package": "",
        "upgrade_canary_devices": DEVICES,
        "upgrade_rest_start_date": "2026-03-01",
        "upgrade_success_percent": 0,
    }
    run = run_playbook(PLAYBOOK, variables={**VARIABLES, **wrong}, simulator=sim)
    items = run["Check the variables"]["results"]
    bad = [one["msg"] for one in items if one.get("evaluated_to") is False]
    assert [next(filter(message.startswith, wrong), message) for message in bad] == [*wrong]
    assert sim.journal() == []
