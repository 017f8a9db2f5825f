# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves that have met their numbers and do not open the next one yet: soak, approval, digest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    attempt_times,
    created,
    in_turn,
    moment,
    own,
    turn,
    versions,
)

StartAccount = Callable[..., Account]

ONE = {"alpha": 60}
SLOW = {"default": {"hours_to_update": [1, 40]}}
SOAK: dict[str, Any] = {"soak_hours": 24, "approval": False}
RESULT = timedelta(minutes=20)  # from an attempt to its result
BEGUN = "2026-03-03T00:30:00Z"  # the pilot's campaign has begun, and nobody was attempted yet


def pilot_of(count: int, **gate: Any) -> list[dict[str, Any]]:
    return [
        {"name": "pilot", "count": count, "gate": gate},
        {"name": "broad", "percent": 25, "gate": {"soak_hours": 0}},
        {"name": "all", "rest": True, "gate": {"soak_hours": 0}},
    ]


def results(rollout: Rollout) -> list[datetime]:
    """When the pilot's results came, in order."""
    return [at + RESULT for at in attempt_times(own(rollout.sim, wave=1)[0])]


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


# -- soak ---------------------------------------------------------------------------------------


def until_begun(rollout: Rollout) -> list[str]:
    """Create the pilot's campaign; gives its devices in the order of their attempts."""
    rollout.run_once()
    rollout.sim.set_now(BEGUN)
    return in_turn(own(rollout.sim)[0])


def assert_opens_at(rollout: Rollout, over: datetime) -> None:
    """The next wave is not there an hour before, and is there an hour after."""
    rollout.sim.set_now(text(over - timedelta(hours=1)))
    assert rollout.run_once()["phase"] == "soaking"
    assert len(own(rollout.sim)) == 1
    rollout.sim.set_now(text(over + timedelta(hours=1)))
    rollout.run_once()
    assert len(own(rollout.sim, wave=2)) == 1
    rollout.sim.clear_journal()
    rollout.run_once()
    assert rollout.account.writes() == []


def test_the_next_wave_comes_when_the_soak_is_over_and_after_one_more_read(
    account_with: StartAccount,
) -> None:
    """Numbers are met with the 15th of 20, and must have been for 24 hours."""
    rollout = Rollout(
        account_with(fleet=fleet(ONE, outcomes=SLOW)), ONE, waves=pilot_of(20, **SOAK)
    )
    until_begun(rollout)
    rollout.sim.set_now("2026-03-04T18:00:00Z")
    assert rollout.run_once()["phase"] == "soaking"
    over = results(rollout)[14] + timedelta(hours=24)
    assert_opens_at(rollout, over)
    assert rollout.run()["phase"] == "completed"
    assert_no_duplicates(rollout.sim)


def test_a_soak_and_a_read_that_end_after_the_deadline_are_waited_for(
    account_with: StartAccount,
) -> None:
    """20 of 20 are verified. A run reads versions itself; what only looks must not say ``held``.

    Where a wave with its numbers met may meet its deadline: while it soaks, and before it is read
    again, in check mode, in a wait and in a run.
    """
    waves = pilot_of(20, **SOAK | {"soak_hours": 120})
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE, waves=waves)
    rollout.run_once()
    rollout.sim.set_now("2026-03-03T09:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["verified"]) == ("soaking", 20)
    over = moment(decision["waves"][0]["soak_until"])
    assert moment(decision["waves"][0]["deadline"]) < over - timedelta(hours=1)
    rollout.sim.set_now(text(over - timedelta(hours=1)))
    assert rollout.decide(check=True)["phase"] == "soaking"
    rollout.sim.set_now(text(over + timedelta(hours=1)))
    for decision in (rollout.decide(check=True), rollout.decide(wait=True)):
        assert (decision["phase"], decision["waves"][0]["verdict"]) == ("running", "wait")
        assert "read again after the soak" in decision["why"]
        assert len(decision["actions"]["refresh"]) == 20
    assert rollout.run_once()["phase"] == "running"
    assert len(own(rollout.sim, wave=2)) == 1


def test_what_runs_on_the_pilot_is_read_again_after_the_soak_and_before_the_next_wave(
    account_with: StartAccount,
) -> None:
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE, waves=pilot_of(20, **SOAK))
    rollout.run_once()
    rollout.sim.set_now("2026-03-03T09:00:00Z")
    rollout.run_once()
    rollout.sim.set_now("2026-03-04T09:00:00Z")
    decision = rollout.decide()
    assert decision["actions"]["create"] == []
    assert set(decision["actions"]["refresh"]) == set(own(rollout.sim)[0]["devices"])
    rollout.sim.clear_journal()
    rollout.run_once()
    assert rollout.account.writes() == ["v3SyncDeviceFirmware", "v3ScheduleCampaign"]


def test_a_failure_during_the_soak_makes_the_wave_soak_anew(account_with: StartAccount) -> None:
    """Five successes are enough without a failure; with one it takes nine of ten, so later."""
    gate = {**SOAK, "min_coverage": 0.25, "min_success_rate": 0.9}
    rollout = Rollout(
        account_with(fleet=fleet(ONE, outcomes=SLOW)), ONE, waves=pilot_of(20, **gate)
    )
    order = until_begun(rollout)
    turn(rollout.sim, **SLOW, devices={order[6]: "failed"})
    decision = rollout.run_until("soaking", hours=4)
    assert decision["waves"][0]["failures"] == 0
    sooner = moment(decision["waves"][0]["soak_until"])
    rollout.sim.set_now("2026-03-04T17:00:00Z")
    rollout.run_once()
    found = results(rollout)
    successes = found[:6] + found[7:]
    over = successes[8] + timedelta(hours=24)
    assert over > sooner + timedelta(hours=2)
    assert_opens_at(rollout, over)
    assert_no_duplicates(rollout.sim)


def test_failures_during_the_soak_halt(account_with: StartAccount) -> None:
    gate = {**SOAK, "min_coverage": 0.25}
    rollout = Rollout(
        account_with(fleet=fleet(ONE, outcomes=SLOW)), ONE, waves=pilot_of(20, **gate)
    )
    order = until_begun(rollout)
    turn(rollout.sim, **SLOW, devices=dict.fromkeys(order[12:15], "failed"))
    rollout.run_until("soaking", hours=6)
    rollout.run_until("halted", hours=6)
    assert rollout.run_for(24 * 4, every=24)["phase"] == "halted"
    assert created(rollout.sim) == 1
    assert_no_duplicates(rollout.sim)


def test_devices_that_fall_back_during_the_soak_are_found_by_the_read_after_it(
    account_with: StartAccount,
) -> None:
    """They report success, run the target when first read, and nobody says that they fell back."""
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE, waves=pilot_of(20, **SOAK))
    rollout.run_once()
    reverting = list(own(rollout.sim)[0]["devices"])[:3]
    turn(rollout.sim, devices=dict.fromkeys(reverting, "revert"))
    rollout.sim.set_now("2026-03-03T09:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["verified"]) == ("soaking", 20)
    decision = rollout.run_until("halted", hours=8)
    assert decision["counts"]["mismatch"] == 3
    assert rollout.run_for(48, every=24)["phase"] == "halted"
    assert created(rollout.sim) == 1
    assert versions(rollout.sim) == {"A": 43, "B": 17}


# -- approval -----------------------------------------------------------------------------------


def wait_for_approval(rollout: Rollout) -> dict[str, Any]:
    decision = rollout.run_until("awaiting_approval", hours=8)
    assert (len(own(rollout.sim)), decision["next_check_after"] is None) == (1, False)
    return decision


def approve(rollout: Rollout, decision: dict[str, Any], *, failures: int = 0) -> None:
    rollout.spec["approved"] = [
        {"wave": "pilot", "digest": decision["digest"][:12], "failures": failures}
    ]


def test_without_approval_nothing_is_created_and_with_it_the_rollout_completes(
    account_with: StartAccount,
) -> None:
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE, waves=pilot_of(20, approval=True))
    decision = wait_for_approval(rollout)
    assert rollout.run_for(24 * 6, every=48)["phase"] == "awaiting_approval"
    assert created(rollout.sim) == 1
    approve(rollout, decision)
    assert rollout.run()["phase"] == "completed"
    assert versions(rollout.sim) == {"B": 60}
    assert_no_duplicates(rollout.sim)


def test_an_approval_of_another_plan_is_void(account_with: StartAccount) -> None:
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE, waves=pilot_of(20, approval=True))
    approve(rollout, wait_for_approval(rollout))
    approved = rollout.spec
    for change in (
        {"gate": {"soak_hours": 0, "approval": False, "max_failure_rate": 0.2}},
        {"waves": [*approved["waves"][:1], {"name": "all", "rest": True}]},
        {"devices": approved["devices"][:-1]},
    ):
        rollout.spec = {**approved, **change}
        assert rollout.run_once()["phase"] == "awaiting_approval"
        assert len(own(rollout.sim)) == 1
    rollout.spec = approved
    assert rollout.run_once()["phase"] == "running"
    assert len(own(rollout.sim)) == 2


def test_an_approval_is_void_when_one_more_device_has_failed(account_with: StartAccount) -> None:
    waves = pilot_of(20, approval=True, min_coverage=0.5)
    rollout = Rollout(account_with(fleet=fleet(ONE, outcomes=SLOW)), ONE, waves=waves)
    order = until_begun(rollout)
    turn(rollout.sim, **SLOW, devices={order[15]: "failed"})
    decision = wait_for_approval(rollout)
    assert decision["waves"][0]["failures"] == 0
    rollout.sim.set_now("2026-03-04T20:00:00Z")
    approve(rollout, decision)
    assert rollout.run_for(72, every=24)["phase"] == "awaiting_approval"
    assert created(rollout.sim) == 1
    approve(rollout, decision, failures=1)
    assert rollout.run_once()["phase"] == "running"
    assert created(rollout.sim) == 2
    assert_pilot_rule(rollout.sim)


# -- require_digest -----------------------------------------------------------------------------


def test_another_plan_than_the_required_one_creates_nothing(account_with: StartAccount) -> None:
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE)
    digest = rollout.decide()["digest"]
    rollout.spec["require_digest"] = "0" * 12
    decision = rollout.run_for(48, every=24)
    assert (decision["phase"], digest[:12] in decision["why"]) == ("blocked", True)
    assert created(rollout.sim) == 0
    rollout.spec["require_digest"] = digest[:12]
    assert rollout.run()["phase"] == "completed"
    assert rollout.decide()["digest"] == digest, "the plan is the same from the first run on"


def test_a_plan_that_changes_on_the_way_creates_no_further_wave(account_with: StartAccount) -> None:
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE)
    rollout.spec["require_digest"] = rollout.decide()["digest"][:12]
    rollout.run_once()
    everybody = rollout.spec["devices"]
    rollout.spec["devices"] = [imei for imei in everybody if imei in own(rollout.sim)[0]["devices"]]
    rollout.spec["devices"] += everybody[-5:]
    assert rollout.run_for(24 * 4, every=24)["phase"] == "blocked"
    assert created(rollout.sim) == 1
    rollout.spec["devices"] = everybody
    assert rollout.run()["phase"] == "completed"
    assert_no_duplicates(rollout.sim)
