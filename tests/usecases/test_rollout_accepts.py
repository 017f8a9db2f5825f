# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that a person accepts: the rollout goes on, until there is one more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, offered
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    created,
    in_turn,
    own,
    turn,
    versions,
    wave_of,
)

StartAccount = Callable[..., Account]

ONE = {"alpha": 60}
TWO = {"alpha": 60, "beta": 30}
SLOW = {"default": {"hours_to_update": [1, 40]}}
BEGUN = "2026-03-03T00:30:00Z"
NOON = "2026-03-03T12:00:00Z"


def accept_what_is_offered(rollout: Rollout, decision: dict[str, Any]) -> None:
    """Paste what the plan prints into the declaration."""
    rollout.spec["accept"] = offered(decision)
    assert rollout.spec["accept"] != []


def pilot_with(account: Account, outcome: str, count: int, **spec: Any) -> Rollout:
    """A rollout whose pilot runs, and so many of its devices fare like this."""
    rollout = Rollout(account, ONE, **spec)
    rollout.run_once()
    chosen = list(own(account.sim)[0]["devices"])[:count]
    turn(account.sim, devices=dict.fromkeys(chosen, outcome))
    account.sim.set_now(NOON)
    return rollout


def assert_sticks_until_accepted(rollout: Rollout, phase: str) -> None:
    """The rollout stays in a phase without creating more, and goes on once it is accepted."""
    decision = rollout.run_for(48, every=24)
    assert decision["phase"] == phase
    assert created(rollout.sim) == 1
    accept_what_is_offered(rollout, decision)
    rollout.run_once()
    assert created(rollout.sim) == 2
    rollout.sim.clear_journal()
    rollout.run_once()
    assert rollout.account.writes() == [], "the same run once more writes nothing"


def test_a_hold_at_the_deadline_that_is_accepted_goes_on(account_with: StartAccount) -> None:
    """Eight of 20 were never reached: no failure, and too little to go by."""
    rollout = pilot_with(account_with(fleet=fleet(ONE)), "unreached", 8)
    assert rollout.run_until("held", hours=24)["counts"]["unreached"] == 8
    assert rollout.sim.now.isoformat() >= "2026-03-07", (
        "the last day is 5 March, then a day's grace"
    )
    assert_sticks_until_accepted(rollout, "held")
    assert rollout.run()["phase"] == "completed_with_exceptions"
    assert versions(rollout.sim) == {"A": 8, "B": 52}
    assert_no_duplicates(rollout.sim)


def test_silent_devices_keep_a_wave_from_passing_and_fail_when_its_campaign_ends(
    account_with: StartAccount,
) -> None:
    rollout = pilot_with(account_with(fleet=fleet(ONE)), "silent", 3)
    rollout.sim.set_now("2026-03-04T12:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["silent"]) == ("running", 3)
    rollout.sim.set_now("2026-03-07T01:00:00Z")
    assert rollout.run_once()["counts"]["failed"] == 3
    assert_sticks_until_accepted(rollout, "halted")
    turn(rollout.sim)
    assert rollout.run()["phase"] == "completed_with_exceptions"
    assert versions(rollout.sim) == {"A": 3, "B": 57}


def test_two_silent_devices_hold_a_wave_that_must_succeed_wholly(
    account_with: StartAccount,
) -> None:
    """They are known to be silent a day after their attempt, when the wave soaks."""
    gate = {"soak_hours": 30, "approval": False, "min_success_rate": 1.0}
    rollout = pilot_with(account_with(fleet=fleet(ONE)), "silent", 2, gate=gate)
    assert rollout.run_once()["phase"] == "soaking"
    rollout.sim.advance(hours=26)
    assert rollout.run_once()["phase"] == "running"
    rollout.run_until("held", hours=24)
    assert_sticks_until_accepted(rollout, "held")


def test_one_failure_more_than_accepted_halts(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE, outcomes=SLOW))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.set_now(BEGUN)
    order = in_turn(own(account.sim)[0])
    turn(account.sim, **SLOW, devices=dict.fromkeys([*order[9:12], order[17]], "failed"))
    accept_what_is_offered(rollout, rollout.run_until("halted", hours=3))
    assert rollout.run_once()["phase"] == "running"
    decision = rollout.run_until("halted", hours=3)
    assert decision["counts"]["failed"] == 4
    assert created(account.sim) == 1 + (len(own(account.sim)) - 1)
    assert all(
        campaign["started"] is False for campaign in own(account.sim) if wave_of(campaign) > 1
    )


def test_an_accept_of_a_wave_that_has_not_begun_is_refused(account_with: StartAccount) -> None:
    rollout = pilot_with(account_with(fleet=fleet(ONE)), "unreached", 8)
    accept_what_is_offered(rollout, rollout.run_until("held", hours=24))
    rollout.spec["accept"][0]["wave"] = "broad"
    with pytest.raises(PlanRefused) as caught:
        rollout.run_once()
    assert "the wave has not begun" in str(caught.value)
    assert created(rollout.sim) == 1
    assert rollout.run_once(state="halted")["phase"] == "halted", (
        "an unused override delays no halt"
    )


def test_a_failed_cohort_that_is_accepted_goes_on(account_with: StartAccount) -> None:
    """Its pilot failed by the network's fault, say; the rest of the model gets the package."""
    account = account_with(
        fleet=fleet(TWO, outcomes={"packages": {"beta-A-B": {"success_rate": 0}}})
    )
    rollout = Rollout(account, TWO)
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    pilot = own(account.sim, model="beta")
    assert [wave_of(campaign) for campaign in pilot] == [1]
    failed = len(pilot[0]["devices"])
    turn(account.sim)
    accept_what_is_offered(rollout, decision)
    # The cohort's failures count in its wave again, so a person takes them there, too.
    cohort, wave = rollout.spec["accept"]
    assert (cohort["failures"], cohort["up_to"]) == (failed, failed)
    alpha, beta = (target["generation"] for target in decision["targets"])
    assert (cohort.pop("generations"), wave.pop("generations")) == ([beta], [alpha, beta])
    assert wave == {key: value for key, value in cohort.items() if key != "cohort"}
    assert wave["wave"] == "pilot"
    cohort["generations"], wave["generations"] = [beta], [alpha, beta]
    for _run in range(30):
        decision = rollout.run_once()
        assert_pilot_rule(account.sim)
        if decision["phase"] == "completed_with_exceptions":
            break
        rollout.wait(decision, least=30)
    assert versions(account.sim, model="beta") == {"A": failed, "B": 30 - failed}
    assert versions(account.sim, model="alpha") == {"B": 60}
    assert_no_duplicates(account.sim)
