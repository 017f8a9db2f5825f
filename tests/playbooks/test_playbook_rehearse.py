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
from ansible_collections.thingspace.fota.tests.playbooks.parts import part, run_parts
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
MOST_LINES = 60
"""What a whole run prints, also as text and not as JSON lines of a list."""
SECRETS = ("simulator-secret", "simulator-password", "0000123456-00001")


def variables() -> dict[str, Any]:
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
    return {"rollout_spec": spec, "rollout_imei_check": "off"}


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


def result_of(run: PlaybookRun) -> dict[str, Any]:
    """What a rehearsal gives to later plays and jobs."""
    assert run.succeeded().changed == []
    rehearsal = run["Set the fact rehearsal"]["ansible_facts"]["rehearsal"]
    stats = run["Set the statistics for later jobs of a workflow"]["ansible_stats"]["data"]
    assert stats == {"rehearsal": rehearsal}
    assert len(run.output.splitlines()) <= MOST_LINES, run.output
    return dict(rehearsal)


def test_bad_firmware_halts(
    run_playbook: PlaybookRunner, account: SimulatorServer, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    parts = [
        part(
            "rehearse",
            rehearse_path=str(copy),
            rehearse_failure_rates={f"{MAKER} beta": 1},
            rehearse_approve="false",
            # A rehearsal goes on where a run is told to fail.
            rollout_fail_on=["awaiting_approval", "halted"],
            # Nothing but the account is read from variables: the copy is always on this machine.
            simulator_connection={"base_url": account.url, "account": "0000123456-00001"},
        ),
        part("rehearse", rehearse_from=str(copy), rehearse_ticks=1),
    ]
    runs = run_parts(run_playbook, parts, "--check", variables=variables(), simulator=account)
    run = next(runs)
    rehearsal = result_of(run)
    (stop,) = rehearsal["stops"]
    assert (stop["what"], stop["touched"], rehearsal["touched"]) == (
        *("cohort beta A -> B halts", 6, 6),
    )
    assert (rehearsal["phase"], rehearsal["unfinished"]) == ("awaiting_approval", "approval")
    lines = run["Show the rehearsal"]["lines"]
    assert sum("cohort beta A -> B halts, 3 of 3 attempted failed" in line for line in lines) == 1

    text = copy.read_text()
    assert not [secret for secret in SECRETS if secret in text]
    (copied,) = json.loads(text)["accounts"]
    assert [one["deviceId"] for one in copied["devices"]] == imeis(MODELS)
    assert {one["firmwareName"] for one in copied["firmware"]} == {
        *("alpha-0-A", "alpha-A-B", "beta-A-B"),
    }

    account.faults([{"operation": "*", "fault": "xml_403", "times": 99}])
    seen = len(account.journal())
    run = next(runs)
    rehearsal = result_of(run)
    assert len(account.journal()) == seen, "the copy is enough"
    assert (rehearsal["runs"], rehearsal["over"]) == (1, False)
    assert run["Show the rehearsal"]["lines"][-1] == "not over: increase rehearse_ticks"
