# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Halted by a person, and let go on: more than once, with and without an abort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, offered
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    attempts,
    created,
    in_turn,
    live,
    own,
    stop_campaign,
    turn,
    versions,
    wave_of,
    withdraw_package,
    writes_to,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 60}
LONG: list[Row] = [
    {"name": "pilot", "count": 20, "days": 10},
    {"name": "all", "rest": True, "days": 10},
]
EAGER: Row = {"soak_hours": 0, "approval": False, "min_coverage": 0.1}
SLOW: Row = {"default": {"hours_to_update": [1, 100]}}


def until_under_way(rollout: Rollout, wave: int) -> Row:
    """Run until the campaign of a wave has started; gives it."""
    for _run in range(60):
        rollout.wait(rollout.run_once(), hours=12)
        started = [campaign for campaign in own(rollout.sim, wave=wave) if campaign["started"]]
        if started:
            return started[0]
    raise AssertionError(f"wave {wave} has not begun")


@pytest.mark.soak
def test_halted_and_resumed_in_each_wave_it_completes(account_with: StartAccount) -> None:
    """A halt of what has started costs days and no device: retry and sweep take those left over."""
    account = account_with(fleet=fleet(ONE, outcomes=SLOW))
    rollout = Rollout(account, ONE, waves=LONG, gate=EAGER, retry=1, sweep=True)
    for wave in (1, 2):
        started = until_under_way(rollout, wave)
        halted = rollout.run_once(state="halted")
        assert (halted["phase"], halted["actions"]["create"]) == ("halted", [])
        (braked,) = (campaign for campaign in own(account.sim) if campaign["id"] == started["id"])
        assert braked["endDate"] < started["endDate"]
        again = rollout.run_once(state="halted")
        assert (again["phase"], again["would_change"]) == ("halted", False)
        assert [campaign["campaign_id"] for campaign in again["unstoppable"]] == [started["id"]]
        assert rollout.run_once()["phase"] == "running"
    decision = rollout.run(hours=12)
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": 60}
    assert {wave_of(campaign) for campaign in own(account.sim)} == {1, 2, 99}
    assert set(attempts(account.sim).values()) == {1, 2}


@pytest.mark.parametrize(
    ("delete_started", "status", "phase"),
    [("aborted", "CampaignAborted", "held"), ("refused", "CampaignScheduled", "running")],
)
def test_a_declared_halt_with_abort(
    account_with: StartAccount, delete_started: str, status: str, phase: str
) -> None:
    """Where the service aborts, a resume is held by the aborted campaign; else it ends sooner."""
    account = account_with(
        fleet=fleet(ONE, outcomes=SLOW), switches={"delete_started_v3": delete_started}
    )
    rollout = Rollout(account, ONE, waves=LONG, on_halt="abort")
    started = until_under_way(rollout, 1)
    account.sim.clear_journal()
    for _halt in range(2):
        assert rollout.run_once(state="halted")["phase"] == "halted"
        (pilot,) = own(account.sim)
        assert pilot["status"] == status
        decision = rollout.run_once()
        assert decision["phase"] == phase
        assert bool(decision["exposure"]) == (phase == "running")
    tried = [call["operation"] for call in writes_to(account.sim, started["id"])]
    assert tried.count("v3CancelCampaign") == 1, "an abort is tried once"
    assert ("v3UpdateCampaignDates" in tried) == (delete_started == "refused")
    assert created(account.sim) == 0
    assert len(live(own(account.sim))) == (phase == "running")


# -- created again when a person says so


@pytest.mark.parametrize("who", ["a_halt", "the_portal"])
def test_a_pilot_that_was_cancelled_is_created_again_and_not_skipped(
    account_with: StartAccount, who: str
) -> None:
    account = account_with(fleet=fleet(ONE))
    waves = [{"name": "pilot", "count": 20}, {"name": "all", "rest": True}]
    rollout = Rollout(account, ONE, waves=waves)
    rollout.run_once()
    if who == "a_halt":
        assert rollout.run_once(state="halted")["phase"] == "halted"
    else:
        stop_campaign(account, own(account.sim)[0]["id"])
    decision = rollout.run_once()
    assert (decision["phase"], created(account.sim)) == ("held", 1)
    assert "is created again only when a person accepts that" in decision["why"]
    rollout.spec["accept"] = offered(decision)
    assert [accept["again"] for accept in rollout.spec["accept"]] == [1]
    decision = rollout.run_once()
    first, again = own(account.sim)
    assert (wave_of(again), first["devices"].keys()) == (1, again["devices"].keys())
    # What is stopped after that is stopped.
    stop_campaign(account, again["id"])
    decision = rollout.run_once()
    assert (decision["phase"], created(account.sim)) == ("held", 2)
    rollout.spec["accept"] = offered(decision)
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 60}
    assert {wave_of(campaign) for campaign in own(account.sim)} == {1, 2}


def test_without_it_the_wave_goes_on_without_these_devices(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    waves = [{"name": "pilot", "count": 20}, {"name": "all", "rest": True}]
    rollout = Rollout(account, ONE, waves=waves)
    rollout.run_once()
    stop_campaign(account, own(account.sim)[0]["id"])
    accept = {"wave": "pilot", "up_to": 0, "by": "ann", "reason": "these are not to be upgraded"}
    rollout.spec["accept"] = [accept]
    assert rollout.run_once()["phase"] == "held", "failures were accepted, not a campaign's stop"
    rollout.spec["accept"] = [{**accept, "again": 0}]
    assert rollout.run()["phase"] == "completed_with_exceptions"
    assert versions(account.sim) == {"A": 20, "B": 40}


def test_what_a_halt_has_cancelled_goes_on_after_an_accept(account_with: StartAccount) -> None:
    """The pilot fails late, when the next wave is queued; nothing of that is lost."""
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"hours_to_update": [1, 60]}}))
    gate = {"soak_hours": 0, "approval": False, "min_coverage": 0.5, "max_failures": 2}
    waves = [{"name": "pilot", "count": 20, "days": 5}, {"name": "all", "rest": True}]
    rollout = Rollout(account, ONE, waves=waves, gate=gate)
    rollout.run_once()
    account.sim.set_now("2026-03-03T00:30:00Z")
    late = in_turn(own(account.sim)[0])[13:]
    slow = {"default": {"hours_to_update": [1, 60]}}
    turn(account.sim, **slow, devices=dict.fromkeys(late, "failed"))
    rollout.run_until("halted", hours=6)
    assert {campaign["status"] for campaign in own(account.sim, wave=2)} == {"CampaignCancelled"}
    rollout.run_until("halted", hours=60)
    turn(account.sim)
    rollout.spec["accept"] = offered(rollout.run_once())
    assert rollout.run_once()["phase"] == "running"
    assert rollout.run()["phase"] == "completed_with_exceptions"
    assert versions(account.sim)["B"] >= 60 - len(late)
    assert versions(account.sim)["A"] <= len(late)


def test_what_the_vendor_has_withdrawn_is_not_created_again(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 20}))
    rollout = Rollout(account, {"alpha": 20})
    rollout.run_once()
    stop_campaign(account, own(account.sim)[0]["id"])
    rollout.spec["accept"] = offered(rollout.run_once())
    withdraw_package(account.sim, "alpha-A-B")
    account.sim.clear_journal()
    rollout.run_once()
    assert created(account.sim) == 0
