# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns that the service hides for a day and more, and reports that lag behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    OVER,
    Rollout,
    fleet,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    attempts,
    created,
    hide_campaigns,
    hide_rows,
    live,
    own,
    stop_campaign,
    versions,
    with_status,
)

StartAccount = Callable[..., Account]

TWO = {"alpha": 18, "beta": 12}
WAVES: list[dict[str, Any]] = [
    {"name": "pilot", "per_package": 5},
    {"name": "all", "rest": True},
]
# In PreScheduled from two hours after the creation to the first day.
HIDDEN = {"prescheduled": "hidden", "scheduled_entry": "at_start"}


def run_and_watch(rollout: Rollout, *, hours: float) -> dict[str, Any]:
    """Run at a steady pace, and judge what the service holds after each run."""
    for _run in range(300):
        decision = rollout.run_once()
        assert_pilot_rule(rollout.sim)
        if decision["phase"] in OVER:
            break
        rollout.sim.advance(hours=hours)
    assert_no_duplicates(rollout.sim)
    return decision


@pytest.mark.parametrize("lead_hours", first_in_test([36, 12]))
def test_histories_find_what_no_report_shows(account_with: StartAccount, lead_hours: int) -> None:
    account = account_with(fleet=fleet(TWO), switches=HIDDEN)
    rollout = Rollout(account, TWO, waves=WAVES, calendar={"lead_hours": lead_hours})
    decision = run_and_watch(rollout, hours=2 if lead_hours == 12 else 12)
    assert decision["phase"] == "completed"
    assert created(account.sim) == len(own(account.sim)) == 4
    assert set(attempts(account.sim).values()) == {1}


@pytest.mark.parametrize(
    ("start", "lead_hours", "hours"), first_in_test([(13, 12, 6), (0, 12, 2), (5, 72, 6)])
)
def test_without_histories_a_second_one_is_refused_and_ignored(
    account_with: StartAccount, start: int, lead_hours: int, hours: int
) -> None:
    """Histories show finished campaigns only, so that nothing tells of the hidden one."""
    account = account_with(
        fleet=fleet(TWO),
        switches={**HIDDEN, "device_history": "finished"},
        start=f"2026-03-02T{start:02}:00:00Z",
    )
    rollout = Rollout(account, TWO, waves=WAVES, calendar={"lead_hours": lead_hours})
    decision = run_and_watch(rollout, hours=hours)
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": 30}
    assert set(attempts(account.sim).values()) == {1}
    shadows = with_status(own(account.sim), "CampaignRequestFailed")
    assert shadows != []
    assert len(own(account.sim)) - len(shadows) == 4
    # Four campaigns, each hidden for so many days, and tried once a day.
    assert len(shadows) <= 4 * (1 + (lead_hours + 24) // 24)
    assert "held" not in rollout.phases


@pytest.mark.soak
def test_a_shadow_uses_no_attempt_and_no_device_counts_as_refused(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(TWO), switches={**HIDDEN, "device_history": "finished"})
    rollout = Rollout(account, TWO, waves=WAVES, calendar={"lead_hours": 120})
    rollout.run_once()
    for _day in range(5):
        account.sim.advance(hours=24.5)
        decision = rollout.run_once()
        assert "rejected" not in decision["counts"]
        assert decision["phase"] in ("planned", "running")
    shadows = with_status(own(account.sim), "CampaignRequestFailed")
    assert len(shadows) > 2 * 3, "more than the limit on refused campaigns in each cohort"
    assert run_and_watch(rollout, hours=12)["phase"] == "completed"


@pytest.mark.soak
def test_a_shadow_of_more_than_20_devices_says_nothing_of_the_package(
    account_with: StartAccount,
) -> None:
    """It was refused for being busy, and not for want of a pilot."""
    models = {"alpha": 40}
    account = account_with(fleet=fleet(models), switches={**HIDDEN, "device_history": "finished"})
    rollout = Rollout(account, models, waves=WAVES, calendar={"lead_hours": 72})
    assert run_and_watch(rollout, hours=13)["phase"] == "completed"
    assert {len(campaign["devices"]) for campaign in own(account.sim, wave=2)} == {35}
    assert len(own(account.sim, wave=2)) > 2


@pytest.mark.parametrize("prescheduled", first_in_test(["scheduled", "queued", "own"]))
def test_where_reports_show_it_nothing_is_posted_twice(
    account_with: StartAccount, prescheduled: str
) -> None:
    account = account_with(
        fleet=fleet(TWO),
        switches={
            "prescheduled": prescheduled,
            "scheduled_entry": "at_start",
            "device_history": "finished",
        },
    )
    rollout = Rollout(account, TWO, waves=WAVES)
    assert run_and_watch(rollout, hours=6)["phase"] == "completed"
    assert created(account.sim) == 4


def test_a_lagging_list_of_campaigns(account_with: StartAccount) -> None:
    """A campaign is in no report for 30 hours; its devices' histories name it."""
    account = account_with(fleet=fleet(TWO))
    hide_campaigns(account.sim, hours=30)
    rollout = Rollout(account, TWO, waves=WAVES)
    assert run_and_watch(rollout, hours=6)["phase"] == "completed"
    assert created(account.sim) == 4


@pytest.mark.soak
def test_a_lagging_list_of_campaigns_without_histories(account_with: StartAccount) -> None:
    """The first campaign is over before any report shows it: still no device has two."""
    account = account_with(fleet=fleet(TWO), switches={"device_history": "finished"})
    hide_campaigns(account.sim, hours=72)
    rollout = Rollout(account, TWO, waves=WAVES)
    run_and_watch(rollout, hours=8)
    assert versions(account.sim) == {"B": 30}


@pytest.mark.parametrize("shown", first_in_test([0, 3]))
def test_a_lagging_device_report_is_settling(account_with: StartAccount, shown: int) -> None:
    """For 30 hours, a report has none or three of its campaign's devices.

    Its others may be any of the cohort, in whichever wave they seem to be.
    """
    account = account_with(fleet=fleet(TWO), switches={"device_history": "finished"})
    hide_rows(account.sim, hours=30, shown=shown)
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=1)
    decision = rollout.run_once()
    assert decision["counts"]["settling"] == 30 - 2 * shown
    assert decision["phase"] == "running"
    assert run_and_watch(rollout, hours=6)["phase"] == "completed"
    assert created(account.sim) == 4


def test_a_controller_that_sleeps_while_campaigns_hide_finds_them_again(
    account_with: StartAccount,
) -> None:
    """Runs only at the worst times: always when the newest campaigns are in no report."""
    account = account_with(fleet=fleet(TWO), switches=HIDDEN)
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=20)
    hidden = with_status(own(account.sim), "CampaignPreScheduled")
    assert len(hidden) == 2
    decision = rollout.run_once()
    assert {campaign["campaign_id"] for campaign in decision["campaigns"]} == {
        campaign["id"] for campaign in hidden
    }
    assert decision["exposure"] == 10
    assert created(account.sim) == 2
    assert_no_duplicates(account.sim)


def test_devices_that_join_and_leave_meanwhile_make_no_second_campaign_of_the_name(
    account_with: StartAccount,
) -> None:
    """The hidden campaign's wave has other members by now, and as many."""
    models = {"alpha": 40}
    account = account_with(fleet=fleet(models), switches=HIDDEN)
    rollout = Rollout(account, models, waves=[{"name": "pilot", "count": 20}, WAVES[1]])
    everyone = rollout.spec["devices"]
    rollout.spec["devices"] = everyone[:30]
    rollout.run_once()
    account.sim.advance(hours=6)
    first = next(iter(own(account.sim)[0]["devices"]))
    rollout.spec["devices"] = [imei for imei in everyone if imei != first]
    rollout.run_once()
    assert len(live(own(account.sim))) == 1
    assert_no_duplicates(account.sim)


def test_a_hidden_campaign_that_was_cancelled_is_not_created_again(
    account_with: StartAccount,
) -> None:
    """Its shadow is in the reports, and it is too, as soon as somebody has cancelled it."""
    account = account_with(fleet=fleet(TWO), switches={**HIDDEN, "device_history": "finished"})
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=4)
    rollout.run_once()
    account.sim.advance(hours=1)
    hidden = with_status(own(account.sim), "CampaignPreScheduled")
    assert len(hidden) == 2
    for campaign in hidden:
        stop_campaign(account, campaign["id"])
    assert rollout.run_for(72, every=24)["phase"] == "held"
    assert live(own(account.sim)) == []
    assert versions(account.sim) == {"A": 30}
    assert_no_duplicates(account.sim)
