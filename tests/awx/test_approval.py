# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approval of a plan means: all that the rollout waits for, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.thingspace.fota.plugins.filter.fota_approved import fota_approved
from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.usecases.account import START, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet

MODELS = {"alpha": 12, "beta": 12}
WAVES = [{"name": "pilot", "per_package": 6}, {"name": "all", "rest": True}]
APPROVING = {"soak_hours": 0, "approval": False, "max_failures": None}


@pytest.fixture
def rollout(simulator: StartSimulator, tmp_path: Path) -> Any:
    def make(**outcomes: Any) -> Rollout:
        sim = simulator(fleet(MODELS, outcomes=outcomes), start=START)
        made = Rollout(Account(sim, tmp_path / "tokens"), MODELS, waves=WAVES, gate=APPROVING)
        made.spec["waves"] = [{**WAVES[0], "gate": {"approval": True}}, WAVES[1]]
        return made

    return make


def approve(rollout: Rollout, decision: dict[str, Any]) -> None:
    """Approve the plan of a decision, as a workflow does."""
    approval = fota_report(decision, "approval")
    rollout.spec.update(fota_approved(rollout.spec, approval, by="workflow 7"))


def test_an_approval_opens_the_wave_that_was_shown(rollout: Any) -> None:
    mine = rollout()
    decision = mine.run_until("awaiting_approval", hours=6)
    lines = fota_report(decision, "approval")["lines"]
    assert lines[2] == "approves leaving wave pilot with 0 failures; then wave all begins"
    assert len(lines) <= 10
    approve(mine, decision)
    assert mine.run_once()["phase"] == "running"
    assert len(mine.sim.campaigns()) == 4


def test_an_approval_begins_a_rollout(rollout: Any) -> None:
    mine = rollout()
    decision = mine.decide(state="planned")
    lines = fota_report(decision, "approval")["lines"]
    assert lines[1:3] == ["stands: nothing exists yet", "creates 2 campaigns with 12 devices"]
    approve(mine, decision)
    mine.run_once()
    assert len(mine.sim.campaigns()) == 2


def test_a_changed_plan_creates_nothing(rollout: Any) -> None:
    mine = rollout()
    approve(mine, mine.run_until("awaiting_approval", hours=6))
    del mine.spec["devices"][-1]
    assert mine.run_once()["phase"] == "awaiting_approval"
    assert len(mine.sim.campaigns()) == 2


def test_a_cohort_that_halted_alone_stays_halted(rollout: Any) -> None:
    mine = rollout(packages={"beta-A-B": {"success_rate": 0}})
    decision = mine.run_until("awaiting_approval", hours=6)
    assert decision["overrides"]["accept"], "an operator could accept it by hand"
    approval = fota_report(decision, "approval")
    assert [entry["wave"] for entry in approval["approved"]] == ["pilot"]
    assert approval["accept"] == []
    approve(mine, decision)
    assert mine.run()["phase"] == "completed_with_exceptions"
    assert {device["model"] for device in mine.sim.devices() if device["firmware"] == "B"} == {
        "alpha"
    }


def test_accepted_failures_are_those_that_were_shown(rollout: Any) -> None:
    mine = rollout(default={"success_rate": 0})
    decision = mine.run_until("halted", hours=6)
    approval = fota_report(decision, "approval")
    assert len(approval["lines"]) <= 10
    assert any(line.startswith("accepts in wave pilot") for line in approval["lines"])
    declared = fota_approved(mine.spec, approval, by="workflow 7")
    assert {(entry["by"], entry["reason"]) for entry in declared["accept"]} == {
        ("workflow 7", "approved in the workflow")
    }
    assert declared["require_digest"] == decision["digest"]


def test_a_service_that_was_not_read_approves_nothing(rollout: Any) -> None:
    mine = rollout()
    mine.sim.faults([{"operation": "v3ListCampaignsByStatus", "fault": "xml_403", "times": 99}])
    approval = fota_report(mine.decide(), "approval")
    assert (approval["approved"], approval["accept"]) == ([], [])


@pytest.mark.parametrize(
    ("declared", "approval", "message"),
    [
        ({"name": "a"}, {}, "there is no approved plan"),
        ({"name": "a"}, {"rollout": "a", "digest": ""}, "there is no approved plan"),
        ({"name": "a"}, {"rollout": "b", "digest": "12"}, "is for rollout b, and the declaration"),
        (["a"], {"rollout": "a", "digest": "12"}, "must be a dictionary"),
        ("{", {"rollout": "a", "digest": "12"}, "fota_approved: "),
    ],
)
def test_what_does_not_fit_is_refused(declared: Any, approval: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        fota_approved(declared, approval)
