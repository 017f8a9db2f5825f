# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another target for one model while campaigns of the old one are queued and under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    created,
    live,
    own,
    versions,
    writes_to,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_watch import (
    assert_in_one_campaign,
    run_watched,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

TWO = {"alpha": 60, "beta": 10}
TO_C = [package("alpha", "A", "C"), package("alpha", "B", "C")]
SLOW = {"packages": {"alpha-A-B": {"hours_to_update": [1, 160]}}}
# The pilot passes early, so that the second wave is queued while the pilot still runs.
EAGER: list[Row] = [
    {"name": "pilot", "count": 25, "days": 10, "gate": {"min_coverage": 0.25}},
    {"name": "all", "rest": True},
]


def until_both_wait(account: Account) -> tuple[Rollout, list[Row], list[Row]]:
    """A rollout with campaigns to B that run and such that are queued.

    Some devices are declared only now, so that no campaign of the old target has them.
    """
    rollout = Rollout(account, TWO, waves=EAGER, devices=imeis(TWO)[20:])
    while not own(account.sim, wave=2, model="alpha"):
        rollout.wait(rollout.run_once(), hours=12)
    account.sim.advance(hours=1)
    old = live(own(account.sim, model="alpha"))
    started = [campaign for campaign in old if campaign["started"]]
    queued = [campaign for campaign in old if not campaign["started"]]
    assert started and queued
    rollout.spec["devices"] = imeis(TWO)
    return rollout, started, queued


def watch(account: Account) -> Callable[[Row], None]:
    def look(_decision: Row) -> None:
        assert_in_one_campaign(account.sim)
        assert_pilot_rule(account.sim)

    return look


def now_of(account: Account, campaigns: list[Row]) -> list[Row]:
    ids = [campaign["id"] for campaign in campaigns]
    return [campaign for campaign in own(account.sim) if campaign["id"] in ids]


@pytest.mark.soak
def test_without_supersede_the_old_target_is_waited_for(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO, packages=TO_C, outcomes=SLOW))
    rollout, started, queued = until_both_wait(account)
    rollout.spec["target"][0]["version"] = "C"
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert decision["actions"]["cancel"] == decision["actions"]["shorten"] == []
    assert decision["actions"]["create"] == [], "free devices wait too"
    assert len(decision["blockers"]) == len(started) + len(queued)
    assert all("set supersede: true" in line for line in decision["blockers"])
    decision = run_watched(rollout, watch(account))
    assert decision["phase"] == "completed"
    assert versions(account.sim, model="alpha") == {"C": 60}
    assert {campaign["status"] for campaign in now_of(account, started + queued)} == {
        "CampaignEnded"
    }
    assert all(writes_to(account.sim, campaign["id"]) == [] for campaign in started + queued)
    assert_no_duplicates(account.sim)


def test_supersede_cancels_shortens_and_goes_on(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO, packages=TO_C, outcomes=SLOW))
    rollout, started, queued = until_both_wait(account)
    beta = own(account.sim, model="beta")
    rollout.spec["target"][0]["version"] = "C"
    rollout.spec["supersede"] = True
    account.sim.clear_journal()
    decision = rollout.run_once()
    (new,) = decision["actions"]["create"]
    assert (new["package"], {*new["devices"]} < {*imeis(TWO)[:20]}) == ("alpha-A-C", True)
    earliest = f"{account.sim.now:%Y-%m}-{account.sim.now.day + 1:02}"
    assert {campaign["status"] for campaign in now_of(account, queued)} == {"CampaignCancelled"}
    assert {campaign["endDate"] for campaign in now_of(account, started)} == {earliest}
    assert all(campaign["endDate"] > earliest for campaign in started)
    assert [campaign["campaign_id"] for campaign in decision["unstoppable"]] == [
        campaign["id"] for campaign in started
    ]
    decision = run_watched(rollout, watch(account))
    assert decision["phase"] == "completed"
    assert versions(account.sim, model="alpha") == {"C": 60}
    assert versions(account.sim, model="beta") == {"B": 10}
    assert {campaign["endDate"] for campaign in now_of(account, started)} == {earliest}
    assert [len(writes_to(account.sim, campaign["id"])) for campaign in started + queued] == [1] * (
        len(started) + len(queued)
    )
    assert [writes_to(account.sim, campaign["id"]) for campaign in beta] == [[]] * len(beta)
    assert any(campaign["package"] == "alpha-B-C" for campaign in own(account.sim))
    assert_no_duplicates(account.sim)


def test_supersede_cancels_also_what_no_report_shows(account_with: StartAccount) -> None:
    """The second wave is in PreScheduled; histories of devices that the new pilot needs show it."""
    account = account_with(
        fleet=fleet(TWO, packages=TO_C), switches={"scheduled_entry": "at_start"}
    )
    rollout = Rollout(account, TWO)
    while not own(account.sim, wave=2, model="alpha"):
        rollout.wait(rollout.run_once())
    account.sim.advance(hours=6)
    hidden = [
        campaign for campaign in own(account.sim) if campaign["status"] == "CampaignPreScheduled"
    ]
    assert hidden
    rollout.spec["target"][0]["version"] = "C"
    rollout.spec["supersede"] = True
    rollout.run_once()
    cancelled = now_of(
        account, [campaign for campaign in hidden if campaign["package"] == "alpha-A-B"]
    )
    assert [(campaign["status"], campaign["started"]) for campaign in cancelled] == [
        ("CampaignCancelled", False)
    ]
    decision = run_watched(rollout, watch(account))
    assert decision["phase"] == "completed"
    assert versions(account.sim, model="alpha") == {"C": 60}
    assert_no_duplicates(account.sim)


def test_supersede_with_nothing_to_supersede_is_an_error_before_any_write(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(TWO, packages=TO_C))
    rollout = Rollout(account, TWO, supersede=True)
    with pytest.raises(PlanRefused, match="there is no campaign of an older target"):
        rollout.run_once()
    assert account.writes() == []
    del rollout.spec["supersede"]
    rollout.run_once()
    rollout.spec["supersede"] = True
    account.sim.clear_journal()
    account.sim.advance(hours=1)
    with pytest.raises(PlanRefused, match="there is no campaign of an older target"):
        rollout.run_once()
    assert account.writes() == []
    assert created(account.sim) == 0


def test_an_old_campaign_that_no_report_shows_is_superseded_at_once(
    account_with: StartAccount,
) -> None:
    """It is all there is of the older target, so that nothing seems to be superseded."""
    account = account_with(
        fleet=fleet({"alpha": 40}, packages=TO_C),
        switches={"scheduled_entry": "at_start"},
    )
    rollout = Rollout(account, {"alpha": 40})
    rollout.run_once()
    account.sim.advance(hours=6)
    assert own(account.sim)[0]["status"] == "CampaignPreScheduled"
    rollout.spec["target"][0]["version"] = "C"
    rollout.spec["supersede"] = True
    rollout.run_once()
    assert own(account.sim)[0]["status"] == "CampaignCancelled"
