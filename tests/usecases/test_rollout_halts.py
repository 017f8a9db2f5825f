# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A halted rollout: nothing more is created, what is queued is cancelled, and it stays so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    failed_cohorts,
    fleet,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    created,
    duplicate,
    own,
    stop_campaign,
    turn,
    untouched,
    versions,
    with_status,
    writes_to,
)

StartAccount = Callable[..., Account]

THREE = {"alpha": 40, "beta": 40, "gamma": 40}
ONE = {"alpha": 80}
# Passes early, so that the second wave is queued while pilots are still to come.
EAGER = [
    {"name": "pilot", "count": 20, "gate": {"min_coverage": 0.25}},
    {"name": "broad", "percent": 25},
    {"name": "all", "rest": True},
]
# More than an unproved package may have at once, so it goes in two campaigns.
BIG_PILOT = [{"name": "pilot", "count": 45}, {"name": "all", "rest": True}]


def test_a_fifth_of_all_models_failing_halts_everything_for_good(
    account_with: StartAccount,
) -> None:
    """One device of each model is little for a cohort, and three of 20 are too many for the wave."""
    account = account_with(fleet=fleet(THREE))
    rollout = Rollout(account, THREE)
    rollout.run_once()
    bad = [next(iter(campaign["devices"])) for campaign in own(account.sim)]
    turn(account.sim, devices=dict.fromkeys(bad, "failed"))
    account.sim.set_now("2026-03-03T07:00:00Z")
    decision = rollout.run_once()
    assert decision["phase"] == "halted"
    assert failed_cohorts(decision) == []
    assert "3 failures, 2 tolerated in 20" in decision["why"]
    assert rollout.run_for(24 * 14, every=48)["phase"] == "halted"
    assert set(rollout.phases[1:]) == {"halted"}
    assert created(account.sim) == len(own(account.sim)) == 3
    assert versions(account.sim) == {"A": 103, "B": 17}
    assert_no_duplicates(account.sim)


def pass_early_and_fail_late(rollout: Rollout, *, passing: str) -> str:
    """Three of the pilot fail when the second wave is queued: too many for a wave, not for a cohort.

    :param passing: when the pilot passes.
    :returns: the second wave's campaign.
    """
    turn(rollout.sim, default={"hours_to_update": [1, 20]})
    rollout.run_once()
    rollout.sim.set_now(passing)
    rollout.run_once()
    pilot, queued = own(rollout.sim)
    turn(rollout.sim, devices=dict.fromkeys(untouched(pilot)[:3], "failed"))
    return str(queued["id"])


def test_a_halt_cancels_what_has_not_started(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=EAGER)
    queued = pass_early_and_fail_late(rollout, passing="2026-03-03T10:00:00Z")
    account.sim.set_now("2026-03-03T21:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], failed_cohorts(decision)) == ("halted", [])
    (cancelled,) = with_status(own(account.sim), "CampaignCancelled")
    assert (cancelled["id"], cancelled["started"]) == (queued, False)
    assert len(writes_to(account.sim, queued)) == 1
    assert rollout.run_for(240, every=48)["phase"] == "halted"
    assert created(account.sim) == 2
    assert len(writes_to(account.sim, queued)) == 1
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("scheduled_entry", ["day_before", "at_start"])
def test_a_halt_cancels_also_what_no_report_shows(
    account_with: StartAccount, scheduled_entry: str
) -> None:
    """The second wave is in PreScheduled, which is in no report, and in its devices' histories."""
    account = account_with(fleet=fleet(ONE), switches={"scheduled_entry": scheduled_entry})
    rollout = Rollout(account, ONE, waves=EAGER)
    queued = pass_early_and_fail_late(rollout, passing="2026-03-03T13:00:00Z")
    account.sim.set_now("2026-03-03T20:00:00Z")
    hidden = with_status(own(account.sim), "CampaignPreScheduled")
    assert [campaign["id"] for campaign in hidden] == [queued]
    assert rollout.run_once()["phase"] == "halted"
    (cancelled,) = with_status(own(account.sim), "CampaignCancelled")
    assert (cancelled["id"], cancelled["started"]) == (queued, False)
    assert_no_duplicates(account.sim)


def test_a_halted_wave_gets_no_further_batch(account_with: StartAccount) -> None:
    """Its first 20 devices prove the package, and have failed too often for the wave."""
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=BIG_PILOT)
    rollout.run_once()
    first = list(own(account.sim)[0]["devices"])
    turn(account.sim, devices=dict.fromkeys(first[:3], "failed"))
    account.sim.set_now("2026-03-03T07:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], failed_cohorts(decision)) == ("halted", [])
    assert decision["cohorts"][0]["state"] == "qualified"
    assert rollout.run_for(48, every=24)["phase"] == "halted"
    assert created(account.sim) == 1
    assert_no_duplicates(account.sim)


def test_a_halt_stays_when_later_devices_fare_well(account_with: StartAccount) -> None:
    """The first three of the pilot failed, all others succeed. Only a person may go on."""
    slow = {"hours_to_update": [1, 20]}
    account = account_with(fleet=fleet(ONE, outcomes={"default": slow | {"success_rate": 0.0}}))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    while len(untouched(own(account.sim)[0])) > 17:
        account.sim.advance(hours=0.1)
    turn(account.sim, default=slow)
    account.sim.advance(hours=0.5)
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["failed"]) == ("halted", 3)
    assert rollout.run_for(96, every=24)["phase"] == "halted"
    assert created(account.sim) == 1
    assert_no_duplicates(account.sim)


def test_a_halted_cohort_stays_halted_when_its_later_devices_fare_well(
    account_with: StartAccount,
) -> None:
    slow = {"hours_to_update": [1, 30]}
    bad = {"packages": {"gamma-A-B": slow | {"success_rate": 0.0}}}
    account = account_with(fleet=fleet(THREE, outcomes=bad))
    rollout = Rollout(account, THREE)
    rollout.run_once()
    (pilot,) = own(account.sim, model="gamma")
    while len(untouched(own(account.sim, model="gamma")[0])) > len(pilot["devices"]) - 3:
        account.sim.advance(hours=0.1)
    turn(account.sim, packages={"gamma-A-B": slow})
    account.sim.advance(hours=0.5)
    decision = rollout.run_once()
    assert [cohort["model"] for cohort in failed_cohorts(decision)] == ["gamma"]
    assert "; cohort gamma A -> B halted" in decision["msg"]
    rollout.run_for(48, every=16)
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["msg"].count("cohort gamma A -> B halted") == 1
    assert len(own(account.sim, model="gamma")) == 1
    assert_no_duplicates(account.sim)


def test_a_halt_cancels_a_queued_campaign_and_its_twin(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=EAGER)
    pass_early_and_fail_late(rollout, passing="2026-03-03T10:00:00Z")
    account.sim.set_now("2026-03-03T20:55:00Z")
    duplicate(account, own(account.sim)[-1])
    rollout.run_once()
    assert rollout.phases[-1] == "halted"
    assert with_status(own(account.sim), "CampaignRequestPending") == []
    account.sim.advance(hours=1)
    rollout.run_once()
    assert {campaign["status"] for campaign in own(account.sim, wave=2)} == {"CampaignCancelled"}
    assert_no_duplicates(account.sim)


def test_a_campaign_that_somebody_cancelled_is_held_and_not_created_again(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.advance(hours=1)
    (pilot,) = own(account.sim)
    stop_campaign(account, pilot["id"])
    decision = rollout.run_once()
    assert decision["phase"] == "held"
    assert pilot["id"] in decision["why"]
    assert rollout.run_for(24 * 8, every=48)["phase"] == "held"
    assert created(account.sim) == 1
    assert versions(account.sim) == {"A": 80}
    assert_no_duplicates(account.sim)


def test_a_held_wave_gets_no_further_batch(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=BIG_PILOT)
    rollout.run_once()
    account.sim.advance(hours=1)
    stop_campaign(account, own(account.sim)[0]["id"])
    assert rollout.run_for(48, every=24)["phase"] == "held"
    assert created(account.sim) == 1
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("moment", ["2026-03-02T00:05:00Z", "2026-03-02T12:00:00Z"])
def test_also_one_that_was_cancelled_while_no_report_shows_it(
    account_with: StartAccount, moment: str
) -> None:
    """While the service still checks it, and in PreScheduled."""
    account = account_with(fleet=fleet(ONE), switches={"scheduled_entry": "at_start"})
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.set_now(moment)
    stop_campaign(account, own(account.sim)[0]["id"])
    assert rollout.run_for(48, every=12)["phase"] == "held"
    assert created(account.sim) == 1
    assert_no_duplicates(account.sim)


def test_a_started_campaign_that_somebody_aborted_is_held_too(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE), switches={"delete_started_v3": "aborted"})
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.set_now("2026-03-03T02:30:00Z")
    (pilot,) = own(account.sim)
    stop_campaign(account, pilot["id"])
    assert with_status(own(account.sim), "CampaignAborted") != []
    assert rollout.run_for(24 * 8, every=48)["phase"] == "held"
    assert created(account.sim) == 1
    assert_no_duplicates(account.sim)
