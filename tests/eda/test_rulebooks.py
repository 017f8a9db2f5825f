# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks of the collection in ``ansible-rulebook``, driven by what the simulator does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.eda.conftest import (
    SECRETS,
    Rulebook,
    RunRulebook,
    free_port,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import ACCOUNT, ApiClient
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    fleet,
    imeis,
)

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 8, "beta": 4}
PATH = "/callback/Zk3vQ8tB5yXw1LmNcRfHjPsD7uGa9e0T"
INVENTORY = {"meters": {"hosts": {imei: {} for imei in imeis(MODELS)}}}
BY_CALLBACK = "Make runs of a rollout when callbacks come"


def declare(folder: Path, **more: Any) -> dict[str, Any]:
    """Write the declaration of a rollout; variables of a rulebook that name it."""
    spec = {
        "name": "meters",
        "target": [{"make": MAKER, "model": model, "version": "B"} for model in MODELS],
        **ONE_LOOK_ONE_TRY,
        "waves": [{"name": "canary", "count": 4}, {"name": "all", "rest": True}],
    }
    file = folder / "meters.yml"
    data = {
        "rollout_spec": spec,
        "rollout_hosts": "meters",
        "rollout_imei_check": "off",
        "rollout_journal": str(folder / "journal.jsonl"),
        **more,
    }
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return {"rollout_file": str(file)}


def phases(folder: Path) -> list[str]:
    """The phases in the journal of the rollout."""
    journal = folder / "journal.jsonl"
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [json.loads(line)["phase"] for line in lines]


def hints(rulebook: Rulebook, reason: str) -> int:
    """For how many hints of a reason a run has begun."""
    return sum(event["reasons"].get(reason, 0) for event in rulebook.begun(BY_CALLBACK))


def test_callbacks_drive_a_rollout_to_its_end_without_a_schedule(
    simulator: StartSimulator, run_rulebook: RunRulebook, tmp_path: Path
) -> None:
    sim = simulator(fleet(MODELS), start=START)
    port = free_port()
    ApiClient(sim).ok("POST", f"v3/callbacks/{ACCOUNT}", {"url": f"https://127.0.0.1:{port}{PATH}"})
    variables = {
        **declare(tmp_path),
        "callback_port": port,
        "callback_path": PATH,
        "callback_certfile": str(Authority(tmp_path).server()),
        "callback_senders": ["127.0.0.1"],
        "callback_min_interval": 2,
        "callback_max_interval": 0,
    }
    rulebook = run_rulebook(["rollout_by_callback"], variables, INVENTORY, sim)
    rulebook.until(lambda: len(rulebook.begun()) == 1)
    sim.set_speed(12)
    rulebook.until(lambda: phases(tmp_path)[-1:] == ["completed"])
    sim.set_speed(0)
    assert {device["firmware"] for device in sim.devices()} == {"B"}

    # No callback is lost: each is the reason of a run that has begun after it.
    sent = sim.callbacks()
    assert {status for _body, status in sent} == {200}
    rulebook.until(lambda: hints(rulebook, "callback") >= len(sent))
    rulebook.until(lambda: rulebook.lines()[-1]["what"] == "end")
    rulebook.stop()
    lines = rulebook.lines()
    # One run at a time, and fewer runs than callbacks.
    assert [line["what"] for line in lines] == ["begin", "end"] * (len(lines) // 2)
    assert (hints(rulebook, "callback"), hints(rulebook, "timer")) == (len(sent), 0)
    assert len(lines) // 2 < len(sent)
    assert [line["failures"] for line in lines if line["what"] == "end"] == [{}] * (len(lines) // 2)
    assert not [secret for secret in (*SECRETS, PATH) if secret in rulebook.output]
