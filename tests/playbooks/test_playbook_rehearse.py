# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``rehearse``: what a rollout would do, on a copy of an account that is only read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually, listens
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRun, PlaybookRunner
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    fleet,
    imei,
    imeis,
    package,
)

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 8, "beta": 8}
CHANGED = {
    imei(0, 7): {"firmware": "B"},
    imei(1, 7): {"eligible": False},
    imei(1, 0): {"licensed": True},
}
# Three failures of three fail a cohort; the wave would not tolerate a third.
PILOT = {"approval": True, "max_failure_rate": 0.19, "max_failures": 2}
SECRETS = ("simulator-secret", "simulator-password", "0000123456-00001")


def variables(**more: Any) -> dict[str, Any]:
    spec = {
        "name": "meters",
        "target": [{"make": MAKER, "model": model, "version": "B"} for model in MODELS],
        "devices": imeis(MODELS),
        **ONE_LOOK_ONE_TRY,
        "waves": [
            {"name": "pilot", "per_package": 3, "days": 2, "gate": PILOT},
            {"name": "all", "rest": True, "days": 2},
        ],
    }
    return {"rollout_spec": spec, "rollout_imei_check": "off", **more}


@pytest.fixture
def account(simulator: StartSimulator) -> Iterator[SimulatorServer]:
    """What stands for the real account, where every upgrade fails. Nobody has written to it."""
    data = fleet(
        {**MODELS, "gamma": 4},
        packages=[package("alpha", "0", "A")],
        changed=CHANGED,
        outcomes={"default": {"success_rate": 0}},
    )
    server = simulator(data, start=START)
    server.refuse_writes = True
    yield server
    assert [one for one in server.journal() if one["kind"] == "write"] == []
    assert server.campaigns() == []


def rehearse(
    run_playbook: PlaybookRunner, account: SimulatorServer | None, *arguments: str, **more: Any
) -> tuple[PlaybookRun, dict[str, Any]]:
    """Run it; give the run, which left no simulator, and what it told."""
    run = run_playbook(
        "thingspace.fota.rehearse", *arguments, variables=variables(**more), simulator=account
    ).succeeded()
    server = json.loads(run.all("Start the simulator")[0].result["stdout"])
    assert eventually(lambda: not listens(server["url"]))
    told = run["Set the fact rehearsal"]["ansible_facts"]["rehearsal"]
    stats = run.all("Set the statistics for later jobs of a workflow")[-1].result["ansible_stats"][
        "data"
    ]
    assert stats == {"rehearsal": told, "fota_rollout": {}}
    return run, told


def test_bad_firmware_halts(
    run_playbook: PlaybookRunner, account: SimulatorServer, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    run, told = rehearse(
        run_playbook,
        account,
        "--check",
        rehearse_path=str(copy),
        rehearse_failure_rates={f"{MAKER} beta": 1},
        rehearse_approve=False,
        # A rehearsal goes on where a run is told to fail; an extra variable is above all others.
        rollout_fail_on=["awaiting_approval", "halted"],
    )
    (stop,) = told["stops"]
    assert stop["what"] == "cohort beta A -> B halts"
    assert stop["why"] == "3 of 3 attempted failed"
    assert (stop["touched"], told["touched"]) == (6, 6)
    lines = run["Show the rehearsal"]["msg"]
    assert any(line.startswith(f"{stop['at']}: cohort beta") for line in lines)
    assert (told["phase"], told["over"]) == ("awaiting_approval", False)
    assert [one["passes"] for one in told["waves"]] == ["", ""]
    assert "rehearse_approve" in lines[-1]
    assert told["needless_stop"]["failure_rate"] == 0.02
    assert all(one["odds"][-1]["failure_rate"] == 0.2 for one in told["waves"])
    assert sum(" stops firmware that fails on 20 % of devices in " in line for line in lines) == 2
    assert sum(line.startswith("odds: firmware that fails on 2 %") for line in lines) == 1

    text = copy.read_text()
    assert not [secret for secret in SECRETS if secret in text]
    (copied,) = json.loads(text)["accounts"]
    assert [one["deviceId"] for one in copied["devices"]] == imeis(MODELS)
    assert {one["firmwareName"] for one in copied["firmware"]} == {
        "alpha-0-A",
        "alpha-A-B",
        "beta-A-B",
    }

    for rates, said in (
        ({f"{MAKER} betta": 0.1}, f"No device is a {MAKER} betta. The models are {MAKER} alpha,"),
        ({f"{MAKER} beta": 2}, "each value a number from 0 to 1"),
    ):
        wrong = variables(rehearse_from=str(copy), rehearse_failure_rates=rates)
        run = run_playbook("thingspace.fota.rehearse", variables=wrong, simulator=account)
        assert [one.task for one in run.failed] == ["Check the failure rates"]
        assert said in run["Check the failure rates"]["msg"]

    account.faults([{"operation": "*", "fault": "xml_403", "times": 99}])
    seen = len(account.journal())
    run, told = rehearse(run_playbook, account, rehearse_from=str(copy), rehearse_ticks=1)
    assert len(account.journal()) == seen, "the copy is enough"
    assert (told["runs"], told["over"]) == (1, False)
    assert run["Show the rehearsal"]["msg"][-1] == "not over yet: increase rehearse_ticks"


@pytest.mark.soak
def test_good_firmware_completes(run_playbook: PlaybookRunner, account: SimulatorServer) -> None:
    run, told = rehearse(run_playbook, account)
    assert {one.status for one in run.all("Show the plan")} == {"skipped"}, (
        "one line a run is enough"
    )
    assert told["over"] is True
    assert told["phase"] == "completed_with_exceptions", "one device is not eligible"
    assert (told["devices"], told["touched"], told["stops"]) == (16, 14, [])
    pilot, rest = told["waves"]
    assert [one["name"] for one in told["waves"]] == ["pilot", "all"]
    assert [one["verdict"] for one in told["waves"]] == ["pass", "pass"]
    assert (pilot["devices"], pilot["verified"], pilot["touched"]) == (6, 6, 6)
    assert (rest["devices"], rest["verified"], rest["failed"]) == (8, 8, 0)
    assert START < pilot["starts"] < pilot["passes"] < rest["starts"] < rest["passes"]
    lines = run["Show the rehearsal"]["msg"]
    assert lines[0] == f"rehearsal of meters on a copy of the account, devices: 16, from {START}"
    assert any(line.startswith("all ") and rest["passes"] in line for line in lines)
    assert any("devices touched: 14" in line for line in lines)
    assert len(run.all("Show the status")) == told["runs"]


def test_nothing_runs_beyond_this_machine(
    run_playbook: PlaybookRunner, account: SimulatorServer
) -> None:
    elsewhere = {"base_url": account.url, "account": "0000123456-00001", "proxies": {}}
    run = run_playbook(
        "thingspace.fota.rehearse",
        variables=variables(simulator_connection=elsewhere),
        simulator=account,
    )
    assert run.status != 0
    assert "runs on the simulator only" in run.failed[0].result["msg"]
    assert run.all("Make one run") == run.all("Decide the next step") == []
