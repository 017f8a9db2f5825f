# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second tries: of devices that failed, within their wave, and of unreached ones after the last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import OVER, Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    created,
    live,
    moment,
    own,
    turn,
    versions,
    wave_of,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 60}
THREE = {"alpha": 100, "beta": 100, "gamma": 100}
NOON = "2026-03-03T12:00:00Z"
DEFAULTS = ("waves", "gate", "retry", "sweep")


def attempt_of(campaign: Row) -> tuple[str, int]:
    """Of which batch a campaign is, and which attempt at it."""
    batch, attempt, _count = campaign["campaignName"].rsplit(".", 2)
    return batch, int(attempt.removeprefix("a"))


def assert_retries_follow(sim: Any) -> None:
    """Attempts of a batch are numbered without a gap, and never overlap."""
    before: dict[str, Row] = {}
    for campaign in own(sim):
        batch, attempt = attempt_of(campaign)
        last = before.get(batch)
        assert attempt == (1 if last is None else attempt_of(last)[1] + 1)
        if last is not None:
            assert live([last]) == []
            assert moment(last["changed"]) <= moment(campaign["created"])
            assert set(campaign["devices"]) <= set(last["devices"])
        before[batch] = campaign


def with_a_pilot_that(account: Account, outcome: str, **spec: Any) -> tuple[Rollout, list[str]]:
    """A rollout of whose pilot two devices have fared like this by noon."""
    rollout = Rollout(account, ONE, **spec)
    rollout.run_once()
    chosen = sorted(own(account.sim)[0]["devices"])[:2]
    turn(account.sim, devices=dict.fromkeys(chosen, outcome))
    account.sim.set_now(NOON)
    return rollout, chosen


def test_devices_that_fail_once_get_one_more_campaign_and_end_verified(
    account_with: StartAccount,
) -> None:
    rollout, failing = with_a_pilot_that(account_with(fleet=fleet(ONE)), "failed", retry=1)
    sim = rollout.sim
    turn(sim)
    # The campaign ended when its last device was settled, and the wave waits for the retry.
    assert rollout.run_once()["waves"][0]["verdict"] == "wait"
    first, second = own(sim)
    assert [attempt_of(campaign)[1] for campaign in (first, second)] == [1, 2]
    assert sorted(second["devices"]) == failing
    assert rollout.run()["phase"] == "completed"
    assert len(own(sim, wave=1)) == 2
    assert versions(sim) == {"B": 60}
    assert_retries_follow(sim)


def test_no_retry_is_created_while_the_first_campaign_lives(account_with: StartAccount) -> None:
    """A silent device keeps it alive to its last day, and is tried again with the failed one."""
    rollout = Rollout(account_with(fleet=fleet(ONE)), ONE, retry=1)
    sim = rollout.sim
    rollout.run_once()
    failing, silent = chosen = sorted(own(sim)[0]["devices"])[:2]
    turn(sim, devices={failing: "failed", silent: "silent"})
    sim.set_now(NOON)
    runs = 0
    while live(own(sim, wave=1)[:1]):
        rollout.run_once()
        assert len(own(sim, wave=1)) == 1
        sim.advance(hours=24)
        runs += 1
    assert runs > 2
    rollout.run()
    _first, second = own(sim, wave=1)
    assert sorted(second["devices"]) == chosen
    assert_retries_follow(sim)


def test_devices_that_fail_twice_stay_failed_and_get_no_third_campaign(
    account_with: StartAccount,
) -> None:
    rollout, failing = with_a_pilot_that(account_with(fleet=fleet(ONE)), "failed", retry=1)
    decision = rollout.run()
    assert (decision["phase"], decision["counts"]["failed"]) == ("completed_with_exceptions", 2)
    assert [attempt_of(campaign)[1] for campaign in own(rollout.sim, wave=1)] == [1, 2]
    assert versions(rollout.sim) == {"A": 2, "B": 58}
    assert len(failing) == 2
    assert_retries_follow(rollout.sim)


@pytest.mark.soak
def test_failures_by_chance_are_tried_again_in_every_wave(account_with: StartAccount) -> None:
    chance = {"default": {"success_rate": 0.93, "persistent": False}}
    models = {"alpha": 200}
    account = account_with(fleet=fleet(models, outcomes=chance, seed=11))
    rollout = Rollout(account, models, retry=2, gate={"max_failure_rate": 0.2, "soak_hours": 0})
    rollout.spec["gate"] |= {"approval": False, "max_failures": 30}
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": 200}
    waves = [wave_of(campaign) for campaign in own(account.sim) if attempt_of(campaign)[1] > 1]
    assert {2, 3} <= set(waves)
    assert_retries_follow(account.sim)


# -- sweep --------------------------------------------------------------------------------------


def test_unreached_devices_are_swept_once_after_the_last_wave(account_with: StartAccount) -> None:
    rollout, unreached = with_a_pilot_that(account_with(fleet=fleet(ONE)), "unreached", sweep=True)
    decision = rollout.run()
    sim = rollout.sim
    *waves, sweep = own(sim)
    assert [wave_of(campaign) for campaign in waves] == [1, 2, 3]
    assert (wave_of(sweep), sorted(sweep["devices"])) == (99, unreached)
    assert max(moment(campaign["changed"]) for campaign in waves) <= moment(sweep["created"])
    assert (decision["phase"], decision["counts"]["unreached"]) == ("completed_with_exceptions", 2)
    assert "58 of 60 devices verified" in decision["why"]
    assert rollout.run_for(24 * 4, every=48)["phase"] == "completed_with_exceptions"
    assert created(sim) == 4
    assert versions(sim) == {"A": 2, "B": 58}


def test_what_the_sweep_reaches_makes_the_rollout_complete(account_with: StartAccount) -> None:
    rollout, _unreached = with_a_pilot_that(account_with(fleet=fleet(ONE)), "unreached", sweep=True)
    while not own(rollout.sim, wave=99):
        rollout.wait(rollout.run_once(), least=30)
    turn(rollout.sim)
    assert rollout.run()["phase"] == "completed"
    assert len(own(rollout.sim, wave=99)) == 1
    assert versions(rollout.sim) == {"B": 60}


def test_without_a_sweep_unreached_devices_are_left(account_with: StartAccount) -> None:
    rollout, _unreached = with_a_pilot_that(account_with(fleet=fleet(ONE)), "unreached")
    assert rollout.run()["phase"] == "completed_with_exceptions"
    assert own(rollout.sim, wave=99) == []


# -- defaults -----------------------------------------------------------------------------------


def test_the_defaults_complete_with_one_approval(account_with: StartAccount) -> None:
    """Four waves, each soaking; every run once more at the same time writes nothing."""
    account = account_with(fleet=fleet(THREE))
    rollout = Rollout(account, THREE)
    for name in DEFAULTS:
        del rollout.spec[name]
    approvals = 0
    for _run in range(60):
        decision = rollout.run_once()
        assert_pilot_rule(account.sim)
        account.sim.clear_journal()
        rollout.run_once()
        assert set(account.writes()) <= {"v3SyncDeviceFirmware"}
        if decision["phase"] in OVER:
            break
        if decision["phase"] == "awaiting_approval":
            assert {wave_of(campaign) for campaign in own(account.sim)} == {1}
            rollout.spec["approved"] = [{"wave": "pilot", "digest": decision["digest"][:12]}]
            approvals += 1
        rollout.wait(decision, least=12)
    assert (decision["phase"], approvals) == ("completed", 1)
    assert {"planned", "running", "soaking", "awaiting_approval", "completed"} <= {*rollout.phases}
    assert [wave["devices"] for wave in decision["waves"]] == [20, 60, 75, 145]
    assert versions(account.sim) == {"B": 300}
    assert_no_duplicates(account.sim)
