# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brakes on campaigns that run: earlier end dates, an abort, and a person's halt and pause."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempt_times,
    created,
    in_turn,
    live,
    own,
    turn,
    versions,
    with_status,
    writes_to,
)

StartAccount = Callable[..., Account]

ONE = {"alpha": 60}
# A pilot of ten days whose devices are attempted on the first seven.
SLOW = {"default": {"hours_to_update": [1, 160]}}
LONG = [{"name": "pilot", "count": 20, "days": 10}, {"name": "all", "rest": True}]
# Passes early, so that the second wave is queued while the pilot still runs.
EAGER = [
    {"name": "pilot", "count": 20, "days": 10, "gate": {"min_coverage": 0.25}},
    {"name": "broad", "percent": 25},
    {"name": "all", "rest": True},
]
BEGUN = "2026-03-03T00:30:00Z"


def halt_underway(account: Account, **spec: Any) -> tuple[Rollout, dict[str, Any]]:
    """A rollout with a started pilot that has just halted; gives that run's decision."""
    rollout = Rollout(account, ONE, waves=LONG, **spec)
    rollout.run_once()
    account.sim.set_now(BEGUN)
    order = in_turn(own(account.sim)[0])
    turn(account.sim, **SLOW, devices=dict.fromkeys(order[6:9], "failed"))
    decision = rollout.run_until("halted", hours=6)
    return rollout, decision


def test_a_halt_brings_the_end_date_forward_once_and_exposure_is_never_too_low(
    account_with: StartAccount,
) -> None:
    """Without a wish to abort, nothing that has started is deleted."""
    account = account_with(
        fleet=fleet(ONE, outcomes=SLOW), switches={"delete_started_v3": "aborted"}
    )
    rollout, decision = halt_underway(account)
    halted = account.sim.now
    earliest = f"{halted:%Y-%m}-{halted.day + 1:02}"
    (pilot,) = own(account.sim)
    assert pilot["endDate"] == earliest
    assert decision["exposure"] >= sum(not each["settled"] for each in pilot["devices"].values())
    exposures = [(halted, decision["exposure"])]
    for run in range(8):
        decision = rollout.run_once()
        exposures.append((account.sim.now, decision["exposure"]))
        (pilot,) = own(account.sim)
        assert pilot["endDate"] == earliest
        until = [(each["campaign_id"], each["until"]) for each in decision["unstoppable"]]
        assert until == [(each["id"], earliest) for each in live([pilot])]
        assert until or run > 0
        account.sim.advance(hours=7)
    assert (decision["phase"], decision["unstoppable"], decision["exposure"]) == ("halted", [], 0)
    shortened = [call["operation"] for call in writes_to(account.sim, pilot["id"])]
    assert shortened == ["v3UpdateCampaignDates"]
    assert created(account.sim) == 1
    assert with_status(own(account.sim), "CampaignAborted") == []
    account.sim.advance(hours=24 * 10)
    times = attempt_times(own(account.sim)[0])
    for now, exposure in exposures:
        assert exposure >= sum(at >= now for at in times)
    assert any(at > halted for at in times), "some were beyond every brake"
    assert len(times) < 20, "and some were spared"
    assert all(sooner[1] >= later[1] for sooner, later in pairwise(exposures))


def test_a_refused_abort_is_no_obstacle_to_the_earlier_end_date(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE, outcomes=SLOW))
    rollout, _halt = halt_underway(account, on_halt="abort")
    (pilot,) = own(account.sim)
    assert rollout.refused == 1
    assert pilot["status"] == "CampaignScheduled"
    assert pilot["endDate"] < "2026-03-12"
    rollout.run_for(48, every=24)
    tried = [(call["operation"], call["status"]) for call in writes_to(account.sim, pilot["id"])]
    assert tried == [("v3CancelCampaign", 400), ("v3UpdateCampaignDates", 200)]


def test_an_abort_that_the_service_takes_leaves_nothing_unstoppable(
    account_with: StartAccount,
) -> None:
    account = account_with(
        fleet=fleet(ONE, outcomes=SLOW), switches={"delete_started_v3": "aborted"}
    )
    rollout, _halt = halt_underway(account, on_halt="abort")
    halted = account.sim.now
    (pilot,) = own(account.sim)
    assert pilot["status"] == "CampaignAborted"
    decision = rollout.run_for(72, every=24)
    assert (decision["phase"], decision["unstoppable"], decision["exposure"]) == ("halted", [], 0)
    assert all(at <= halted for at in attempt_times(own(account.sim)[0]))
    tried = [call["operation"] for call in writes_to(account.sim, pilot["id"])]
    assert tried[0] == "v3CancelCampaign"
    assert created(account.sim) == 1


# -- a person's halt and pause ------------------------------------------------------------------


def test_a_declared_halt_cancels_shortens_and_a_resume_holds_what_was_cancelled(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE, outcomes=SLOW))
    rollout = Rollout(account, ONE, waves=EAGER)
    while len(own(account.sim)) < 2:
        rollout.wait(rollout.run_once(), hours=6)
    pilot, queued = own(account.sim)
    for _time in range(2):
        decision = rollout.run_once(state="halted")
        assert (decision["phase"], decision["why"]) == (
            "halted",
            "halted by request: the state is halted",
        )
        account.sim.advance(hours=1)
        decision = rollout.run_once(state="running")
        assert decision["phase"] == "held"
        assert queued["id"] in decision["why"]
        account.sim.advance(hours=1)
    pilot_now, queued_now = own(account.sim)
    assert (queued_now["status"], queued_now["started"]) == ("CampaignCancelled", False)
    assert pilot_now["endDate"] < pilot["endDate"]
    assert rollout.run_for(24 * 8, every=48)["phase"] == "held"
    assert created(account.sim) == 2
    assert len(writes_to(account.sim, pilot["id"])) == 1
    assert len(writes_to(account.sim, queued["id"])) == 1
    assert_no_duplicates(account.sim)


def test_a_declared_halt_with_started_campaigns_alone_resumes_where_it_was(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=LONG)
    rollout.run_once()
    account.sim.set_now(BEGUN)
    rollout.run_once(state="halted")
    rollout.run_once(state="halted")
    (pilot,) = own(account.sim)
    assert pilot["endDate"] == "2026-03-04"
    account.sim.set_now("2026-03-03T12:00:00Z")
    assert rollout.run_once(state="halted")["actions"]["create"] == []
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 60}
    assert own(account.sim)[0]["endDate"] == "2026-03-04"
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("scheduled_entry", ["day_before", "at_start"])
def test_a_declared_halt_looks_behind_the_reports(
    account_with: StartAccount, scheduled_entry: str
) -> None:
    """The pilot is in PreScheduled, which no report shows; its devices' histories do."""
    account = account_with(fleet=fleet(ONE), switches={"scheduled_entry": scheduled_entry})
    rollout = Rollout(account, ONE, waves=[{"name": "pilot", "count": 20}, *LONG[1:]])
    rollout.spec["calendar"] = {"lead_hours": 72}
    rollout.run_once()
    account.sim.advance(hours=8)
    assert len(with_status(own(account.sim), "CampaignPreScheduled")) == 1
    assert rollout.run_once(state="halted")["phase"] == "halted"
    (cancelled,) = own(account.sim)
    assert (cancelled["status"], cancelled["started"]) == ("CampaignCancelled", False)
    assert rollout.run_for(72, every=24)["phase"] == "held"
    assert created(account.sim) == 1


def test_a_paused_rollout_creates_nothing_and_then_goes_on(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    assert rollout.run_once(state="paused")["phase"] == "paused"
    assert created(account.sim) == 0
    rollout.run_once()
    for _day in range(5):
        account.sim.advance(hours=24)
        decision = rollout.run_once(state="paused")
        assert decision["phase"] == "paused"
    assert decision["waves"][0]["verdict"] == "pass"
    assert account.writes().count("v3ScheduleCampaign") == 1
    assert account.calls("v3CancelCampaign") == account.calls("v3UpdateCampaignDates") == 0
    assert rollout.run()["phase"] == "completed"
    assert_no_duplicates(account.sim)


def test_a_halt_finds_a_retry_that_no_report_shows(account_with: StartAccount) -> None:
    """Its devices have a record of the first try, and no live campaign that is known."""
    models = {"alpha": 60}
    account = account_with(fleet=fleet(models), switches={"scheduled_entry": "at_start"})
    rollout = Rollout(account, models, retry=1)
    rollout.run_once()
    pilot = list(own(account.sim)[0]["devices"])
    turn(account.sim, devices=dict.fromkeys(pilot[:2], "failed"))
    while not any(".a2." in name for name in rollout.created):
        rollout.wait(rollout.run_once())
    account.sim.advance(hours=5)
    rollout.run_once(state="halted")
    account.sim.advance(hours=1)
    (again,) = (campaign for campaign in own(account.sim) if ".a2." in campaign["campaignName"])
    assert again["status"] == "CampaignCancelled"
