# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts from the first run to the last: what firmware and devices can do to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    OVER,
    Rollout,
    failed_cohorts,
    fleet,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    attempts,
    created,
    in_turn,
    live,
    own,
    turn,
    versions,
    wave_of,
    with_status,
)

StartAccount = Callable[..., Account]

THREE = {"alpha": 100, "beta": 100, "gamma": 100}
TWO = {"alpha": 60, "beta": 60}
ONE = {"alpha": 80}


def test_a_clean_rollout_completes_and_its_repeat_changes_nothing(
    account_with: StartAccount,
) -> None:
    rollout = Rollout(account_with(fleet=fleet(THREE)), THREE)
    assert rollout.run()["phase"] == "completed"
    assert versions(rollout.sim) == {"B": 300}
    assert set(attempts(rollout.sim).values()) == {1}
    assert created(rollout.sim) == len(own(rollout.sim)) == 3 * 3
    assert_no_duplicates(rollout.sim)
    rollout.sim.clear_journal()
    again = rollout.run_once()
    assert (again["phase"], again["would_change"], again["next_check_after"]) == (
        "completed",
        False,
        None,
    )
    assert rollout.account.writes() == []


def test_a_wave_is_created_only_when_the_one_before_has_passed(account_with: StartAccount) -> None:
    """Judged on what the service held before the run."""
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"hours_to_update": [1, 40]}}))
    rollout = Rollout(account, ONE)
    shares: dict[int, float] = {}
    for _run in range(60):
        before = own(account.sim)
        rollout.run_once()
        for campaign in own(account.sim)[len(before) :]:
            entries = [
                entry
                for other in before
                if wave_of(other) == wave_of(campaign) - 1
                for entry in other["devices"].values()
            ]
            good = sum(entry["status"] == "UpgradeSuccess" for entry in entries)
            shares[wave_of(campaign)] = good / max(1, len(entries))
        if 3 in shares:
            break
        account.sim.advance(hours=8)
    assert set(shares) == {1, 2, 3}
    assert 0.75 <= shares[2] < 1
    assert shares[3] >= 0.80
    assert_no_duplicates(account.sim)


@pytest.mark.soak
def test_a_pilot_bigger_than_the_pilot_rule_goes_in_batches(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"hours_to_update": [1, 40]}}))
    waves = [{"name": "pilot", "count": 45}, {"name": "all", "rest": True}]
    rollout = Rollout(account, ONE, waves=waves)
    for _run in range(60):
        decision = rollout.run_once()
        assert_pilot_rule(account.sim)
        if decision["phase"] in OVER:
            break
        account.sim.advance(hours=6)
    assert decision["phase"] == "completed"
    assert [len(campaign["devices"]) for campaign in own(account.sim)] == [20, 25, 35]
    first, second, _rest = own(account.sim)
    assert second["created"] < first["changed"], "the next batch waits for evidence, not the end"
    assert_no_duplicates(account.sim)


def test_a_bad_model_halts_alone(account_with: StartAccount) -> None:
    outcomes = {"packages": {"gamma-A-B": {"success_rate": 0.0}}}
    models = {"alpha": 40, "beta": 40, "gamma": 40}
    rollout = Rollout(account_with(fleet=fleet(models, outcomes=outcomes)), models)
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert [cohort["model"] for cohort in failed_cohorts(decision)] == ["gamma"]
    assert versions(rollout.sim, model="alpha") == versions(rollout.sim, model="beta") == {"B": 40}
    (pilot,) = own(rollout.sim, model="gamma")
    assert wave_of(pilot) == 1
    assert versions(rollout.sim, model="gamma") == {"A": 40}
    assert decision["counts"]["halted"] == 40 - len(pilot["devices"])
    assert_no_duplicates(rollout.sim)


def test_what_a_bad_model_has_queued_is_cancelled_and_the_rest_completes(
    account_with: StartAccount,
) -> None:
    """The second half of its pilot fails, when the first has passed and its next wave is queued."""
    slow = {"default": {"hours_to_update": [1, 60]}}
    models = {"alpha": 40, "beta": 40, "gamma": 40}
    account = account_with(fleet=fleet(models, outcomes=slow))
    gate = {"min_coverage": 0.5, "max_failures": 6}
    waves = [
        {"name": "pilot", "per_package": 16, "days": 5, "gate": gate},
        {"name": "broad", "percent": 25},
        {"name": "all", "rest": True},
    ]
    rollout = Rollout(account, models, waves=waves)
    rollout.run_once()
    account.sim.set_now("2026-03-03T00:30:00Z")
    late = in_turn(own(account.sim, model="gamma")[0])[8:]
    turn(account.sim, **slow, devices=dict.fromkeys(late, "failed"))
    decision = rollout.run(hours=12)
    assert decision["phase"] == "completed_with_exceptions"
    first, second = own(account.sim, model="gamma")
    assert (wave_of(first), wave_of(second)) == (1, 2)
    assert (second["status"], second["started"]) == ("CampaignCancelled", False)
    assert len(with_status(own(account.sim), "CampaignCancelled")) == 1
    assert versions(account.sim, model="alpha") == versions(account.sim, model="beta") == {"B": 40}
    assert_no_duplicates(account.sim)


def test_devices_that_revert_are_mismatches_after_the_grace(account_with: StartAccount) -> None:
    """The service reports success for all; a day later it reads the old version of some."""
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"revert_rate": 0.5}}))
    rollout = Rollout(account, ONE)
    decision = rollout.run(hours=24)
    assert decision["phase"] == "halted"
    (pilot,) = own(account.sim)
    assert {entry["status"] for entry in pilot["devices"].values()} == {"UpgradeSuccess"}
    back = [device for device in account.sim.devices() if device["firmware"] == "A"]
    reverted = {device["deviceId"] for device in back} & set(pilot["devices"])
    mismatches = {
        device["deviceId"] for device in decision["devices"] if device["class"] == "mismatch"
    }
    assert len(reverted) > 5
    assert mismatches == reverted
    assert_no_duplicates(account.sim)


def test_an_old_version_within_the_grace_is_no_failure_yet(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"revert_rate": 1.0}}))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.set_now("2026-03-03T20:00:00Z")  # reverted since 13:00 to 18:30, reported at most 6
    decision = rollout.run_once()
    assert decision["phase"] == "running"
    assert decision["counts"]["reported"] == 20
    account.sim.set_now("2026-03-04T06:30:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["mismatch"]) == ("halted", 20)
    assert_no_duplicates(account.sim)


def test_a_version_that_is_lost_after_the_wave_has_passed_halts_the_rollout(
    account_with: StartAccount,
) -> None:
    account = account_with(
        fleet=fleet(ONE, outcomes={"default": {"revert_rate": 0.5}}),
        switches={"stored_after_success": "next_day"},
    )
    rollout = Rollout(account, ONE)
    decision = rollout.run(hours=8)
    assert decision["phase"] == "halted"
    assert decision["counts"]["mismatch"] > 2
    assert {wave_of(campaign) for campaign in own(account.sim)} == {1, 2}
    assert_no_duplicates(account.sim)


def test_silent_devices_do_not_pass_a_gate(account_with: StartAccount) -> None:
    """Sixteen of 20 verified is enough coverage; the silent ones count against success."""
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    (pilot,) = own(account.sim)
    turn(account.sim, devices=dict.fromkeys(list(pilot["devices"])[:4], "silent"))
    account.sim.set_now("2026-03-04T08:00:00Z")
    decision = rollout.run_once()
    assert (decision["counts"]["silent"], decision["counts"]["verified"]) == (4, 16)
    assert rollout.run_for(36, every=18)["phase"] == "running"
    assert len(own(account.sim)) == 1
    # Their campaign is over now, and they still run the old version: failures.
    account.sim.set_now("2026-03-06T00:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["failed"]) == ("halted", 4)
    assert len(own(account.sim)) == 1
    assert_no_duplicates(account.sim)


def test_a_wave_with_too_many_silent_devices_is_held_at_the_deadline(
    account_with: StartAccount,
) -> None:
    """Two of 20 are tolerated as failures, and still are less than 95 % verified."""
    account = account_with(fleet=fleet(ONE))
    gate = {"min_success_rate": 0.95, "min_coverage": 0.95}
    waves = [{"name": "pilot", "count": 20, "gate": gate}, {"name": "all", "rest": True}]
    rollout = Rollout(account, ONE, waves=waves)
    rollout.run_once()
    turn(account.sim, devices=dict.fromkeys(list(own(account.sim)[0]["devices"])[:2], "silent"))
    decision = rollout.run_until("held", hours=24)
    # Three days from 3 March, and one day for late reports.
    assert account.sim.now.isoformat() == "2026-03-07T00:00:00+00:00"
    assert "deadline" in decision["why"]
    assert decision["counts"]["verified"] == 18
    assert rollout.run_for(48, every=24)["phase"] == "held"
    assert len(own(account.sim)) == 1
    assert_no_duplicates(account.sim)


def test_a_small_unreached_tail_passes_by_coverage(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO)
    tail = [device["deviceId"] for device in rollout.decide(check=True)["devices"]][::12]
    turn(account.sim, devices=dict.fromkeys(tail, "unreached"))
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"]["unreached"] == len(tail) == 10
    assert "failed" not in decision["counts"]
    assert versions(account.sim) == {"B": 110, "A": 10}
    assert_no_duplicates(account.sim)


def test_a_wave_that_reaches_too_few_is_held_at_its_deadline_not_halted(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    plan = rollout.decide(check=True)
    pilot = [device["deviceId"] for device in plan["devices"] if device["wave"] == "pilot"]
    turn(account.sim, devices=dict.fromkeys(pilot[:6], "unreached"))
    decision = rollout.run(hours=24)
    assert decision["phase"] == "held"
    assert "75 %" in decision["why"]
    assert decision["counts"]["unreached"] == 6
    assert account.sim.now.isoformat() == "2026-03-07T00:00:00+00:00"
    assert len(own(account.sim)) == 1
    assert_no_duplicates(account.sim)


def test_retries_inside_a_campaign_are_no_failures(account_with: StartAccount) -> None:
    rule = {"success_rate": 0.6, "persistent": False, "retry_rate": 1.0, "max_attempts": 9}
    account = account_with(fleet=fleet(ONE, outcomes={"default": {**rule, "retry_hours": 4}}))
    decision = Rollout(account, ONE).run()
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": 80}
    assert max(attempts(account.sim).values()) > 1
    assert_no_duplicates(account.sim)


def test_more_campaigns_than_a_run_may_create_follow_in_the_next(
    account_with: StartAccount,
) -> None:
    models = {f"m{number:02}": 6 for number in range(12)}
    waves: list[dict[str, Any]] = [{"name": "all", "rest": True}]
    account = account_with(fleet=fleet(models))
    rollout = Rollout(account, models, waves=waves)
    rollout.run_once()
    assert len(own(account.sim)) == 10
    rollout.sim.advance(hours=1)
    rollout.run_once()
    assert len(own(account.sim)) == 12
    assert rollout.run()["phase"] == "completed"
    assert len(own(account.sim)) == 12
    assert live(own(account.sim)) == []
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("count", [1, 7, 21])
def test_small_fleets_complete(account_with: StartAccount, count: int) -> None:
    account = account_with(fleet=fleet({"alpha": count}))
    decision = Rollout(account, {"alpha": count}).run()
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": count}
    assert_no_duplicates(account.sim)
