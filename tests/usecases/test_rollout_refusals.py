# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service refuses: whole campaigns after it accepted them, single devices, licenses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
    plan_lines,
    report_lines,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    OVER,
    Rollout,
    fleet,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    accepted,
    assert_no_duplicates,
    created,
    foreign_campaign,
    live,
    own,
    set_licenses,
    versions,
    with_status,
)

StartAccount = Callable[..., Account]

ONE = {"alpha": 60}
MONTHLY = "TS-HFOTA-MRC"
# Six attempts in two campaigns: evidence by our count, none where one campaign must hold five.
TWO_THREES: list[dict[str, Any]] = [
    {"name": "first", "count": 3, "gate": {"min_sample": 2}},
    {"name": "second", "count": 3, "gate": {"min_sample": 2}},
    {"name": "all", "rest": True},
]


def test_three_campaigns_accepted_and_then_refused_hold_the_wave(
    account_with: StartAccount,
) -> None:
    """The catalog lists the package, and scheduling does not know it with these versions."""
    decoy = {**package("alpha", "X", "Y"), "firmwareName": "alpha-A-B"}
    account = account_with(
        fleet=fleet(ONE, packages=[decoy]), switches={"unknown_package": "request_failed"}
    )
    rollout = Rollout(account, ONE)
    decision = rollout.run_until("held", hours=6)
    refused = own(account.sim)
    assert [campaign["status"] for campaign in refused] == ["CampaignRequestFailed"] * 3
    assert len({campaign["campaignName"] for campaign in refused}) == 3
    times = [
        datetime.fromisoformat(campaign["created"].replace("Z", "+00:00")) for campaign in refused
    ]
    assert all((later - sooner).total_seconds() >= 24 * 3600 for sooner, later in pairwise(times))
    assert "3 campaigns" in decision["why"]
    assert rollout.run_for(120, every=24)["phase"] == "held"
    assert created(account.sim) == 3
    assert_no_duplicates(account.sim)


def test_a_refusal_above_20_devices_means_that_the_package_is_not_qualified(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE), switches={"pilot_evidence": "one_campaign"})
    rollout = Rollout(account, ONE, waves=TWO_THREES)
    for _run in range(60):
        decision = rollout.run_once()
        refused = with_status(own(account.sim), "CampaignRequestFailed")
        if refused:
            assert sum(len(campaign["devices"]) for campaign in live(own(account.sim))) <= 20
        if decision["phase"] in OVER:
            break
        rollout.wait(decision, least=30)
    assert decision["phase"] == "completed"
    assert [len(campaign["devices"]) for campaign in refused] == [54]
    assert all(
        len(campaign["devices"]) <= 20
        for campaign in own(account.sim)
        if campaign["id"] != refused[0]["id"]
    )
    assert versions(account.sim) == {"B": 60}
    assert_no_duplicates(account.sim)


def test_a_qualified_package_needs_no_pilot_and_a_refusal_corrects_that(
    account_with: StartAccount,
) -> None:
    waves = [{"name": "all", "rest": True}]
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=waves, qualified_packages=["alpha-A-B"])
    decision = rollout.run()
    assert decision["phase"] == "completed"
    refused, pilot, *_rest = own(account.sim)
    assert (refused["status"], len(refused["devices"])) == ("CampaignRequestFailed", 60)
    assert len(pilot["devices"]) == 20
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("word", ["DeviceRejected", "UpgradeFailed"])
@pytest.mark.parametrize(("refused", "phase"), [(2, "completed_with_exceptions"), (3, "held")])
def test_devices_that_the_service_refuses_are_out_or_hold_the_wave(
    account_with: StartAccount, word: str, refused: int, phase: str
) -> None:
    """They are inactive, which the preflight cannot see; one tenth of the pilot is tolerated."""
    account = account_with(fleet=fleet(ONE), switches={"v3_rejected_word": word})
    rollout = Rollout(account, ONE)
    plan = rollout.decide(check=True)
    pilot = [device["deviceId"] for device in plan["devices"] if device["wave"] == "pilot"]
    (here,) = account.sim._service.state.accounts.values()
    for imei in pilot[:refused]:
        here.devices[imei].status = "Dormant"
    decision = rollout.run()
    assert decision["phase"] == phase
    assert decision["counts"]["rejected"] == refused
    assert decision["counts"].get("failed", 0) == 0
    assert len(own(account.sim, wave=1)) == 1, "refused devices are not tried again"
    assert_no_duplicates(account.sim)


def test_devices_without_a_line_or_any_contact_are_listed_before_the_start(
    account_with: StartAccount,
) -> None:
    """They are neither failures nor refusals, and no campaign tries them."""
    ids = imeis(ONE)
    changed = {
        ids[0]: {"status": "Suspended"},
        ids[1]: {"status": "Deactive"},
        ids[2]: {"seen": False},
    }
    account = account_with(fleet=fleet(ONE, changed=changed))
    rollout = Rollout(account, ONE, devices=[*ids, "990000000000001"])
    plan = rollout.decide(check=True)
    out = {group["reason"]: group["examples"] for group in plan["out_of_scope"]}
    assert out == {
        "not_found": ["990000000000001"],
        "not_active": ids[:2],
        "never_seen": ids[2:3],
    }
    for lines in (plan_lines(plan), report_lines(plan)):
        text = "\n".join(lines)
        assert "its line is suspended or not activated" in text
        assert "never had contact with it" in text and ids[2] in text
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert (decision["counts"]["verified"], decision["counts"].get("rejected")) == (57, None)
    assert {imei for campaign in own(account.sim) for imei in campaign["devices"]} == {*ids[3:]}


@pytest.mark.soak
def test_devices_that_an_unseen_campaign_of_others_holds_are_busy_not_refused(
    account_with: StartAccount,
) -> None:
    account = account_with(
        fleet=fleet(ONE),
        switches={"scheduled_entry": "at_start", "device_history": "finished"},
    )
    rollout = Rollout(account, ONE)
    plan = rollout.decide(check=True)
    pilot = [device["deviceId"] for device in plan["devices"] if device["wave"] == "pilot"]
    theirs = foreign_campaign(account, pilot[:6], start="2026-03-05", end="2026-03-06")
    account.sim.advance(hours=8)
    decision = rollout.run(hours=8)
    assert decision["phase"] == "completed"
    assert "held" not in rollout.phases
    refused = with_status(own(account.sim), "CampaignRequestFailed")
    assert len(refused) <= 7, "a try a day, not one a run"
    ours = {imei for campaign in own(account.sim) for imei in accepted(campaign)}
    assert ours.isdisjoint(pilot[:6]), "the others have upgraded them"
    assert versions(account.sim) == {"B": 60}
    assert [
        campaign["status"] for campaign in account.sim.campaigns() if campaign["id"] == theirs
    ] == ["CampaignEnded"]
    assert_no_duplicates(account.sim)


def test_too_few_licenses_block_before_the_first_campaign(account_with: StartAccount) -> None:
    account = account_with(
        fleet=fleet(ONE, subscription={"purchaseType": MONTHLY, "licenseCount": 45})
    )
    rollout = Rollout(account, ONE, assign_licenses=True)
    decision = rollout.run_once()
    assert decision["phase"] == "blocked"
    assert (decision["licenses"]["needed"], decision["licenses"]["free"]) == (60, 45)
    assert "60 licenses needed" in decision["why"]
    assert rollout.run_for(48, every=24)["phase"] == "blocked"
    assert account.writes() == []
    set_licenses(account.sim, 60)
    assert rollout.run()["phase"] == "completed"
    assert sum(device["licensed"] for device in account.sim.devices()) == 60
    assert_no_duplicates(account.sim)


def test_devices_without_a_license_are_out_unless_licenses_may_be_assigned(
    account_with: StartAccount,
) -> None:
    licensed = {imei: {"licensed": True} for imei in imeis(ONE)[:25]}
    account = account_with(
        fleet=fleet(
            ONE, subscription={"purchaseType": MONTHLY, "licenseCount": 60}, changed=licensed
        )
    )
    decision = Rollout(account, ONE).run()
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"]["no_license"] == 35
    assert versions(account.sim) == {"A": 35, "B": 25}
    assert sum(device["licensed"] for device in account.sim.devices()) == 25
    assert_no_duplicates(account.sim)


def test_no_device_is_touched_when_none_has_a_license(account_with: StartAccount) -> None:
    account = account_with(
        fleet=fleet(ONE, subscription={"purchaseType": MONTHLY, "licenseCount": 60})
    )
    rollout = Rollout(account, ONE)
    assert rollout.run_once()["phase"] == "nothing_to_do"
    assert account.writes() == []


def test_licenses_that_others_take_after_the_creation_are_a_refusal(
    account_with: StartAccount,
) -> None:
    """The whole campaign is refused; the cohort waits for licenses, then goes on."""
    models = {"alpha": 20, "beta": 5}
    account = account_with(
        fleet=fleet(models, subscription={"purchaseType": MONTHLY, "licenseCount": 22}),
        switches={"unlicensed_devices": "request_failed"},
    )
    rollout = Rollout(account, {"alpha": 20}, assign_licenses=True)
    rollout.run_once()
    set_licenses(account.sim, 0)
    account.sim.advance(hours=1)
    decision = rollout.run_once()
    assert [campaign["status"] for campaign in own(account.sim)] == ["CampaignRequestFailed"]
    assert decision["phase"] == "blocked"
    set_licenses(account.sim, 22)
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim, model="alpha") == {"B": 20}
    assert created(account.sim) == 2
    assert_no_duplicates(account.sim)
