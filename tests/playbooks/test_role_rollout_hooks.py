# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with a rollout: its journal, task files at events, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRun, PlaybookRunner
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    Rollout,
    fleet,
    imeis,
    package,
)

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 12}
HOOK = """
- name: Remember the event
  ansible.builtin.debug:
    msg: >-
      {{ rollout_event.event }} {{ rollout_event.wave }} {{ rollout_event.before }}
      {{ rollout_event.phase }} {{ rollout_decision.rollout }}
"""


class Operator:
    """Runs one rollout, every run a process of its own."""

    def __init__(self, run_playbook: PlaybookRunner, sim: Any, folder: Path) -> None:
        self.run_playbook = run_playbook
        self.sim = sim
        self.folder = folder
        hook = folder / "hook.yml"
        hook.write_text(HOOK)
        self.variables: dict[str, Any] = {
            "rollout_spec": {
                "name": "meters",
                "target": [{"make": MAKER, "model": "alpha", "version": "B"}],
                "devices": imeis(MODELS),
                **ONE_LOOK_ONE_TRY,
                "waves": [{"name": "pilot", "count": 6}, {"name": "all", "rest": True}],
            },
            "rollout_imei_check": "off",
            "rollout_journal": str(folder / "journal.jsonl"),
            "rollout_hooks": dict.fromkeys(
                ["before_wave", "after_wave", "halt", "phase_change"], str(hook)
            ),
        }

    def run_once(self, *arguments: str, playbook: str = "rollout", **more: Any) -> PlaybookRun:
        return self.run_playbook(
            f"thingspace.fota.{playbook}",
            *arguments,
            variables={**self.variables, **more},
            simulator=self.sim,
        )

    def events(self) -> list[str]:
        """What the hooks were told in all runs."""
        said = (one for run in self.run_playbook.started for one in run.results())
        hooks = (one.result["msg"] for one in said if one.task.endswith("Remember the event"))
        return [" ".join(words.split()) for words in hooks]

    def journal(self) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()
        ]


@pytest.fixture
def operator(run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path) -> Any:
    def make(**outcomes: Any) -> Operator:
        data = fleet(MODELS, outcomes=outcomes, packages=[package("alpha", "B", "A")])
        return Operator(run_playbook, simulator(data, start=START), tmp_path)

    return make


def test_hooks_are_told_once_and_the_journal_keeps_ids(operator: Any) -> None:
    mine = operator()
    mine.run_once("--check").succeeded()
    assert mine.events() == [] and not (mine.folder / "journal.jsonl").exists()
    first = mine.run_once().succeeded()
    assert mine.events() == ["before_wave pilot planned meters", "phase_change planned meters"]
    ids = {one["id"] for one in mine.sim.campaigns()}
    assert [set(line["created"]) for line in mine.journal()] == [ids]

    again = mine.run_once().succeeded()
    assert again.changed == []
    assert mine.events()[2:] == ["phase_change planned running meters"]
    for run in (first, again):
        mine.sim.set_now(run["Decide the next step"]["next_check_after"])
    seen = len(mine.events())
    mine.sim.advance(hours=48)
    mine.run_once().succeeded()
    assert mine.events()[seen:] == [
        "after_wave pilot running running meters",
        "before_wave all running running meters",
    ]
    mine.sim.advance(hours=72)
    end = mine.run_once().succeeded()
    assert end["Decide the next step"]["phase"] == "completed"
    done = mine.events()
    assert done[-2:] == [
        "after_wave all running completed meters",
        "phase_change running completed meters",
    ]
    mine.run_once().succeeded()
    assert mine.events() == done
    assert [line["phase"] for line in mine.journal()] == [
        *("planned", "running", "running", "completed", "completed")
    ]


def test_a_halt_is_told_after_the_brakes_and_a_failed_hook_creates_nothing(operator: Any) -> None:
    mine = operator(default={"success_rate": 0})
    refusing = mine.folder / "refuse.yml"
    refusing.write_text("- name: Change board\n  ansible.builtin.fail:\n    msg: not today\n")
    refused = mine.run_once(rollout_hooks={"before_wave": str(refusing)})
    assert [one.result["msg"] for one in refused.failed] == ["not today"]
    assert mine.sim.campaigns() == []
    mine.run_once().succeeded()
    mine.sim.advance(hours=48)
    halted = mine.run_once()
    assert [one.task for one in halted.failed] == ["Fail if an operator must act"]
    assert mine.events()[-2:] == [
        "halt planned halted meters",
        "phase_change planned halted meters",
    ]


def test_the_way_back_is_planned_and_starts_only_when_told(operator: Any) -> None:
    mine = operator()
    account = Account(mine.sim, mine.folder / "tokens")
    rollout = Rollout(account, MODELS, **mine.variables["rollout_spec"])
    assert rollout.run()["phase"] == "completed"
    assert {one["firmware"] for one in mine.sim.devices()} == {"B"}
    done = len(mine.sim.campaigns())
    file = mine.folder / "back.yml"
    plan = mine.run_once(playbook="reverse", reverse_path=str(file)).succeeded()
    assert plan.changed == [] and len(mine.sim.campaigns()) == done
    prepared = yaml.safe_load(file.read_text())
    assert prepared["rollout_spec"]["target"] == [{"make": MAKER, "model": "alpha", "version": "A"}]
    assert prepared["rollout_spec"]["devices"] == imeis(MODELS)
    unsaid = mine.run_once(playbook="reverse", rollout_state="running")
    assert "reverse_start" in unsaid.failed[0].result["msg"]
    started = mine.run_once(playbook="reverse", reverse_start=True).succeeded()
    names = [one["campaignName"] for one in mine.sim.campaigns()][done:]
    assert started.changed and [name.split(".")[1] for name in names] == ["meters-back"]
    assert mine.run_once(playbook="reverse", reverse_start=True).succeeded().changed == []
    rollout.spec = prepared["rollout_spec"]
    assert rollout.run()["phase"] == "completed"
    assert {one["firmware"] for one in mine.sim.devices()} == {"A"}
