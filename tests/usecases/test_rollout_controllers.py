# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers: two at once, a late one, a new one each time, and how often they look."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.tables import wave_rows
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import OVER, Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    attempts,
    created,
    duplicate,
    live,
    own,
    turn,
    untouched,
    versions,
    with_status,
)

StartAccount = Callable[..., Account]

TWO = {"alpha": 16, "beta": 12}
WAVES: list[dict[str, Any]] = [
    {"name": "pilot", "per_package": 5},
    {"name": "all", "rest": True},
]


def rivals(account: Account, tokens: Path, count: int = 2) -> list[Rollout]:
    """Controllers of one rollout that share nothing but the service."""
    return [
        Rollout(Account(account.sim, tokens / f"controller-{number}"), TWO, waves=WAVES)
        for number in range(count)
    ]


def at_once(controllers: list[Rollout], step: Callable[[Rollout], Any]) -> list[Any]:
    """The same step of every controller, begun in one moment."""
    barrier = Barrier(len(controllers))

    def begin(controller: Rollout) -> Any:
        barrier.wait(timeout=300)
        return step(controller)

    with ThreadPoolExecutor(len(controllers)) as pool:
        return list(pool.map(begin, controllers))


@pytest.mark.parametrize(("seed", "latency_ms"), first_in_test([(1, 0), (2, 1), (3, 2)]))
def test_two_controllers_run_at_once(
    account_with: StartAccount, tmp_path: Path, seed: int, latency_ms: int
) -> None:
    account = account_with(fleet=fleet(TWO, seed=seed), latency_ms=latency_ms)
    controllers = rivals(account, tmp_path)
    for _run in range(40):
        decisions = at_once(controllers, Rollout.run_once)
        account.sim.advance(hours=0.25)
        decision = controllers[seed % 2].run_once()
        if {each["phase"] for each in [*decisions, decision]} <= set(OVER):
            break
        account.sim.advance(hours=8)
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": 28}
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("seed", first_in_test([1, 2]))
def test_both_decide_and_then_both_write(
    account_with: StartAccount, tmp_path: Path, seed: int
) -> None:
    account = account_with(fleet=fleet(TWO, seed=seed))
    controllers = rivals(account, tmp_path)
    for _run in range(40):
        decisions = at_once(controllers, Rollout.decide)
        assert decisions[0]["actions"] == decisions[1]["actions"]
        at_once(controllers, partial(Rollout.carry_out, decision=decisions[0]))
        assert_pilot_rule(account.sim)
        if decisions[0]["phase"] in OVER:
            break
        if decisions[0]["actions"]["refresh"]:
            controllers[0].refresh(decisions[0]["actions"]["refresh"])
        else:
            account.sim.advance(hours=7)
    assert decisions[0]["phase"] == "completed"
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("minutes", [1, 30])
def test_the_next_run_settles_a_lost_race(account_with: StartAccount, minutes: float) -> None:
    """A second campaign of the name was posted; the service has checked neither, or both."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    for campaign in own(account.sim):
        duplicate(account, campaign)
    account.sim.advance(hours=minutes / 60)
    decision = rollout.run_once()
    assert len(decision["actions"]["cancel"]) == (2 if minutes < 10 else 0)
    account.sim.advance(hours=1)
    assert_no_duplicates(account.sim)
    assert len(live(own(account.sim))) == 2
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 28}
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


def test_the_next_run_settles_a_race_of_three(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    for _rival in range(2):
        duplicate(account, own(account.sim)[0])
    account.sim.advance(hours=0.05)
    rollout.run_once()
    assert len(with_status(own(account.sim), "CampaignCancelled")) == 2
    account.sim.advance(hours=1)
    assert rollout.run()["phase"] == "completed"
    assert_no_duplicates(account.sim)


def test_a_second_campaign_of_the_name_that_holds_devices_is_cancelled_in_time(
    account_with: StartAccount,
) -> None:
    """Another plan made it, with other devices; the service took both."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    pilot = own(account.sim, model="alpha")[0]
    others = [device for device in rollout.spec["devices"][:16] if device not in pilot["devices"]]
    duplicate(account, pilot, devices=others[:5])
    account.sim.advance(hours=1)
    assert len(live(own(account.sim, model="alpha"))) == 2
    rollout.run_once()
    assert len(live(own(account.sim, model="alpha"))) == 1
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 28}
    assert_no_duplicates(account.sim)


def test_one_that_has_started_stops_the_rollout(account_with: StartAccount) -> None:
    """Both hold a device that is not reached, so both go on; the pilot has passed meanwhile."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    pilot = own(account.sim, model="alpha")[0]
    others = [device for device in rollout.spec["devices"][:16] if device not in pilot["devices"]]
    duplicate(account, pilot, devices=others[:5])
    unreached = [next(iter(pilot["devices"])), others[0]]
    turn(account.sim, devices=dict.fromkeys(unreached, "unreached"))
    account.sim.set_now("2026-03-03T07:00:00Z")
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert decision["phase"] == "held"
    assert decision["waves"][0]["verdict"] == "pass"
    assert pilot["campaignName"] in decision["why"]
    rollout.run_for(24, every=12)
    assert set(account.writes()) <= {"v3SyncDeviceFirmware"}


def test_a_late_writer_changes_nothing(account_with: StartAccount, tmp_path: Path) -> None:
    """It decided before the other one did, and writes when the whole wave is over."""
    account = account_with(fleet=fleet(TWO))
    early, late = rivals(account, tmp_path)
    stale = late.decide()
    early.run_once()
    account.sim.set_now("2026-03-03T07:00:00Z")
    account.sim.clear_journal()
    late.carry_out(stale)
    assert account.writes() == []
    assert early.run()["phase"] == "completed"
    assert_no_duplicates(account.sim)


def test_what_a_late_writer_creates_after_the_halt_is_cancelled(
    account_with: StartAccount, tmp_path: Path
) -> None:
    """It decided on the second wave just before the rest of the pilot failed."""
    account = account_with(fleet=fleet(TWO, outcomes={"default": {"hours_to_update": [1, 20]}}))
    early, late = rivals(account, tmp_path)
    eager = {"name": "pilot", "count": 20, "gate": {"min_coverage": 0.25}}
    early.spec["waves"] = late.spec["waves"] = [eager, WAVES[1]]
    early.run_once()
    account.sim.set_now("2026-03-03T11:00:00Z")
    stale = late.decide_afresh()
    assert stale["actions"]["create"] != []
    bad = [imei for campaign in own(account.sim) for imei in untouched(campaign)]
    turn(account.sim, devices=dict.fromkeys(bad, "failed"))
    account.sim.set_now("2026-03-03T21:00:00Z")
    assert early.run_once()["phase"] == "halted"
    late.carry_out(stale)
    created_late = len(stale["actions"]["create"])
    assert len(live(own(account.sim))) == created_late
    account.sim.advance(hours=0.5)
    assert early.run_once()["phase"] == "halted"
    assert len(with_status(own(account.sim, wave=2), "CampaignCancelled")) == created_late
    assert_no_duplicates(account.sim)


def test_a_new_controller_for_every_run_gives_the_same(
    account_with: StartAccount, tmp_path: Path
) -> None:
    """Nothing is kept between runs: neither tokens nor decisions."""
    ends, told = [], []
    for fresh in (False, True):
        outcomes = {"packages": {"beta-A-B": {"success_rate": 0.3}}}
        account = account_with(fleet=fleet(TWO, outcomes=outcomes))
        rollout = Rollout(account, TWO, waves=WAVES)
        for run in range(60):
            decision = rollout.run_once()
            if decision["phase"] in OVER:
                break
            rollout.wait(decision, least=30)
            if fresh:
                phases = rollout.phases
                again = Account(account.sim, tmp_path / f"tokens-{run}")
                rollout = Rollout(again, TWO, waves=WAVES)
                rollout.phases = phases
        told.append((rollout.phases, decision["counts"], wave_rows(decision)))
        ends.append([{**campaign, "id": ""} for campaign in account.sim.campaigns()])
        assert_no_duplicates(account.sim)
    assert told[0] == told[1]
    assert ends[0] == ends[1]


def test_resumed_after_a_pause_in_every_phase_it_ends_the_same(
    account_with: StartAccount, tmp_path: Path
) -> None:
    """Nobody looks for five days at every step: later, and the same campaigns."""
    account = account_with(fleet=fleet(TWO))
    Rollout(account, TWO, waves=WAVES).run()
    names = sorted(campaign["campaignName"] for campaign in own(account.sim))
    paused = account_with(fleet=fleet(TWO))
    for run in range(40):
        rollout = Rollout(Account(paused.sim, tmp_path / f"resumed-{run}"), TWO, waves=WAVES)
        decision = rollout.run_once()
        if decision["phase"] in OVER:
            break
        paused.sim.advance(hours=120)
    assert decision["phase"] == "completed"
    assert sorted(campaign["campaignName"] for campaign in own(paused.sim)) == names
    assert_no_duplicates(paused.sim)


@pytest.mark.parametrize("every", first_in_test([24, 1]))
def test_runs_of_a_week_create_what_the_plan_says(account_with: StartAccount, every: int) -> None:
    """Hourly until a day after the end; what is over then is looked at less often."""
    account = account_with(fleet=fleet(TWO), start="2026-03-02T08:00:00Z")
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_for(3 * 24, every=every)
    assert rollout.phases[-24 // every :] == ["completed"] * (24 // every)
    decision = rollout.run_for(4 * 24, every=max(every, 12))
    assert decision["phase"] == "completed"
    assert created(account.sim) == len(rollout.created) == len(WAVES) * len(TWO)
    assert len(set(rollout.created)) == len(rollout.created)
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


def test_check_mode_writes_nothing_and_says_what_the_run_does(account_with: StartAccount) -> None:
    outcomes = {"packages": {"beta-A-B": {"success_rate": 0.0}}}
    account = account_with(fleet=fleet(TWO, outcomes=outcomes))
    # Of 12 devices 2 failures are tolerated: the third fails the cohort, and not the wave.
    rollout = Rollout(account, TWO, waves=[{"name": "pilot", "per_package": 6}, WAVES[1]])
    for _run in range(40):
        account.sim.clear_journal()
        account.sim.refuse_writes = True
        foreseen = rollout.decide(check=True)
        assert account.writes() == []
        account.sim.refuse_writes = False
        assert rollout.decide() == foreseen
        before = len(own(account.sim))
        real = rollout.run_once()
        if not foreseen["actions"]["refresh"]:
            assert real["actions"] == foreseen["actions"]
            names = [campaign["campaignName"] for campaign in own(account.sim)[before:]]
            assert names == [planned["name"] for planned in foreseen["actions"]["create"]]
        if real["phase"] in OVER:
            break
        account.sim.advance(hours=9)
    assert real["phase"] == "completed_with_exceptions"
    assert_no_duplicates(account.sim)


def test_only_the_plan_is_asked_for(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    running, planned = rollout.decide(), rollout.decide(state="planned")
    assert planned["phase"] == "planned"
    assert planned["actions"] == running["actions"]
    assert account.writes() == []
