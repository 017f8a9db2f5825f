# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has signed is for the firmware that there was; new firmware has its own canaries.

Places in which the target of an override matters: the accept of a wave, that of a cohort, that of
missing devices, the approval to leave a wave, and the wave that a device waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imei,
    imeis,
    offered,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    leave_account,
    own,
    stop_campaign,
    turn,
    versions,
    wave_of,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

TWO = {"alpha": 40, "beta": 40}
TO_C = [package("beta", "A", "C"), package("beta", "B", "C")]
WAVES: list[Row] = [{"name": "pilot", "count": 12}, {"name": "all", "rest": True}]
NOON = "2026-03-03T12:00:00Z"


def set_target(rollout: Rollout, version: str) -> None:
    """Another version for the second model."""
    rollout.spec["target"][1]["version"] = version


def held_pilot(account: Account, **spec: Any) -> tuple[Rollout, Row]:
    """Somebody cancels the pilot of the first model; the other one has ended."""
    rollout = Rollout(account, TWO, waves=WAVES, **spec)
    rollout.run_once()
    stop_campaign(account, own(account.sim, model="alpha")[0]["id"])
    account.sim.set_now("2026-03-06T00:30:00Z")
    decision = rollout.run_once()
    assert decision["phase"] == "held"
    return rollout, decision


@pytest.mark.parametrize("kept", ["as_printed", "without_generations"])
def test_an_accept_lets_no_new_firmware_skip_its_canaries(
    account_with: StartAccount, kept: str
) -> None:
    """Held, accepted, and then one model gets another target."""
    account = account_with(fleet=fleet(TWO, packages=TO_C))
    rollout, decision = held_pilot(account)
    rollout.spec["accept"] = offered(decision)
    if kept == "without_generations":
        del rollout.spec["accept"][0]["generations"]
    set_target(rollout, "C")
    for _run in range(20):
        decision = rollout.run_once()
        new = [campaign for campaign in own(account.sim, model="beta") if campaign["to"] == "C"]
        verified = [
            device["deviceId"] for device in account.sim.devices() if device["firmware"] == "C"
        ]
        assert verified or {wave_of(campaign) for campaign in new} <= {1}
        assert any("accept[0] (pilot) is void for" in remark for remark in decision["remarks"])
        if len(verified) == 40:
            break
        rollout.wait(decision, least=12)
    assert versions(account.sim, model="beta") == {"C": 40}
    assert {wave_of(campaign) for campaign in new} == {1, 2}
    # It holds for the model that it was given for, whose pilot is created again.
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim, model="alpha") == {"B": 40}


def test_the_accept_that_is_printed_for_the_new_target_counts(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO, packages=TO_C))
    rollout, decision = held_pilot(account)
    set_target(rollout, "C")
    rollout.spec["accept"] = offered(rollout.run_once())
    assert [target["generation"] for target in decision["targets"]] != rollout.spec["accept"][0][
        "generations"
    ]
    decision = rollout.run_once()
    assert (decision["phase"], decision["remarks"]) == ("running", [])


def test_a_cohort_that_was_accepted_is_halted_again_by_new_firmware(
    account_with: StartAccount,
) -> None:
    """A code of a cohort says from where devices come, not where they go."""
    bad = {"packages": {"beta-A-B": {"success_rate": 0}, "beta-A-C": {"success_rate": 0}}}
    account = account_with(fleet=fleet({"alpha": 20, "beta": 60}, packages=TO_C, outcomes=bad))
    waves = [{"name": "pilot", "per_package": 8}, {"name": "all", "rest": True}]
    gate = {"soak_hours": 0, "approval": False, "max_failures": 9}
    rollout = Rollout(account, {"alpha": 20, "beta": 60}, waves=waves, gate=gate)
    decision = rollout.run_until("halted", "completed_with_exceptions", hours=12)
    rollout.spec["accept"] = offered(decision)
    assert {"cohort", "generations"} <= rollout.spec["accept"][0].keys()
    set_target(rollout, "C")
    decision = rollout.run_until("halted", "completed_with_exceptions", hours=12)
    assert [cohort["state"] for cohort in decision["cohorts"] if cohort["model"] == "beta"] == [
        "failed"
    ]
    new = [campaign for campaign in own(account.sim, model="beta") if campaign["to"] == "C"]
    assert {wave_of(campaign) for campaign in new} == {1}


# -- the account proves what was approved


def approved_rollout(account: Account, devices: list[str]) -> Rollout:
    """A rollout whose second wave was approved and has begun."""
    gate = {"soak_hours": 0, "approval": True}
    limits = {"max_campaign_devices": 10, "max_creates": 1}
    rollout = Rollout(
        account, {"alpha": 40}, waves=WAVES, gate=gate, devices=devices, limits=limits
    )
    decision = rollout.run_until("awaiting_approval", hours=12)
    (waits,) = decision["awaiting"]
    assert waits == {
        "kind": "approval",
        "wave": "pilot",
        "digest": decision["digest"][:12],
        "failures": 0,
        "generations": [decision["targets"][0]["generation"]],
    }
    rollout.spec["approved"] = [{key: waits[key] for key in waits if key != "kind"}]
    assert len(rollout.run_once()["actions"]["create"]) == 1
    return rollout


@pytest.mark.parametrize("change", ["approval_is_gone", "one_device_more"])
def test_an_approval_is_not_asked_for_again(account_with: StartAccount, change: str) -> None:
    """The campaigns of the next wave prove that it was given."""
    account = account_with(fleet=fleet({"alpha": 40}))
    rollout = approved_rollout(account, imeis({"alpha": 39}))
    if change == "approval_is_gone":
        del rollout.spec["approved"]
    else:
        rollout.spec["devices"].append(imei(0, 39))
    account.sim.advance(hours=2)
    decision = rollout.run_once()
    assert (decision["phase"], decision["awaiting"]) == ("running", [])
    assert decision["waves"][0]["state"] == "passed"
    assert len(decision["actions"]["create"]) == 1, "the next batch"
    assert rollout.run()["phase"].startswith("completed")


def test_an_approval_that_does_not_fit_is_named(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 40}))
    rollout = Rollout(
        account,
        {"alpha": 40},
        waves=WAVES,
        gate={"soak_hours": 0, "approval": True},
        approved=[{"wave": "pilot", "digest": "abcd"}],
    )
    decision = rollout.run_until("awaiting_approval", hours=12)
    assert "waits for approval; that of digest abcd is for another plan" in decision["why"]


def test_a_device_waits_for_the_canaries_of_its_own_target(account_with: StartAccount) -> None:
    """The first model alone is enough for the coverage of the wave."""
    slow = {"packages": {"beta-A-B": {"hours_to_update": [40, 60]}}}
    account = account_with(fleet=fleet({"alpha": 60, "beta": 6}, outcomes=slow))
    waves = [{"name": "pilot", "count": 20, "days": 6}, {"name": "all", "rest": True}]
    rollout = Rollout(account, {"alpha": 60, "beta": 6}, waves=waves)
    both = False
    for _run in range(60):
        rollout.wait(rollout.run_once(), hours=12)
        later = {campaign["package"] for campaign in own(account.sim, wave=2)}
        done = versions(account.sim, model="beta").get("B", 0)
        assert done or "beta-A-B" not in later
        both |= later == {"alpha-A-B"}
        if later == {"alpha-A-B", "beta-A-B"}:
            break
    assert both, "the first model did not wait for the second"
    turn(account.sim)
    assert rollout.run()["phase"] == "completed"


@pytest.mark.parametrize("gate", [{"max_failures": 2}, {"max_failures": None}])
def test_an_accept_of_failures_waits_for_the_canaries_of_other_targets(
    account_with: StartAccount, gate: Row
) -> None:
    """The first model fails and is accepted while nothing of the second was attempted."""
    outcomes = {
        "packages": {
            "alpha-A-B": {"success_rate": 0},
            "beta-A-B": {"hours_to_update": [20, 24]},
        }
    }
    account = account_with(fleet=fleet({"alpha": 20, "beta": 20}, outcomes=outcomes))
    waves = [{"name": "pilot", "per_package": 8, "days": 6}, {"name": "all", "rest": True}]
    rollout = Rollout(
        account,
        {"alpha": 20, "beta": 20},
        waves=waves,
        retry=0,
        gate={"soak_hours": 0, "approval": False, "max_failed_cohort_share": 0.4, **gate},
    )
    rollout.run_once()
    account.sim.set_now(NOON)
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["failed"]) == ("halted", 8)
    rollout.spec["accept"] = offered(decision)
    assert rollout.run_once()["phase"] == "running"
    assert own(account.sim, model="beta", wave=2) == []
    for _run in range(40):
        rollout.wait(rollout.run_once(), hours=12)
        if own(account.sim, model="beta", wave=2):
            break
    assert own(account.sim, model="beta", wave=2) != []
    assert versions(account.sim, model="beta")["B"] >= 6


def test_a_target_whose_canaries_have_left_the_account_waits(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 60, "beta": 10}))
    waves = [{"name": "pilot", "count": 24}, {"name": "all", "rest": True}]
    gate = {"soak_hours": 0, "approval": False, "max_rejected": 0.5}
    rollout = Rollout(account, {"alpha": 60, "beta": 10}, waves=waves, gate=gate)
    rollout.run_once()
    for campaign in own(account.sim, model="beta"):
        turn(account.sim, devices=dict.fromkeys(campaign["devices"], "unreached"))
        account.sim.set_now(NOON)
        for id_ in campaign["devices"]:
            leave_account(account.sim, id_)
    decision = rollout.run_until("held", hours=12)
    assert "Sensors Inc beta" in decision["why"]
    assert own(account.sim, model="beta", wave=2) == []
    assert own(account.sim, model="alpha", wave=2) != []
