# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A big wave of a package that nobody has tried: 20 devices, and more only after evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    created,
    live,
    own,
    turn,
    versions,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_watch import run_watched

StartAccount = Callable[..., Account]
Row = dict[str, Any]

MANY = {"alpha": 500}
ALL = [{"name": "all", "rest": True, "days": 2}]
NO_ANSWER: Row = {"default": {"unreached_rate": 1.0}}


def sizes(account: Account) -> list[int]:
    return [len(campaign["devices"]) for campaign in own(account.sim)]


@pytest.mark.soak
def test_with_answers_it_goes_on_batch_by_batch(account_with: StartAccount) -> None:
    """Four answers of the first 20 are too few; with those of the second the package is proved."""
    account = account_with(fleet=fleet(MANY))
    rollout = Rollout(account, MANY, waves=ALL, limits={"max_campaign_devices": 100}, sweep=False)
    rollout.run_once()
    dumb = list(own(account.sim)[0]["devices"])[4:]
    turn(account.sim, devices=dict.fromkeys(dumb, "unreached"))
    rollout.wait(rollout.run_once())
    most = 0

    def look(_decision: Row) -> None:
        nonlocal most
        assert_pilot_rule(account.sim)
        most = max(most, sum(len(campaign["devices"]) for campaign in live(own(account.sim))))

    decision = run_watched(rollout, look)
    assert sizes(account) == [20, 20, 100, 100, 100, 100, 60]
    assert most == 460
    assert decision["phase"] == "completed_with_exceptions"
    assert (decision["counts"]["verified"], decision["counts"]["unreached"]) == (484, 16)
    assert versions(account.sim) == {"A": 16, "B": 484}
    assert_no_duplicates(account.sim)


def test_without_answers_it_is_held_after_three_batches(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(MANY, outcomes=NO_ANSWER))
    rollout = Rollout(account, MANY, waves=ALL)

    def look(_decision: Row) -> None:
        assert sum(len(campaign["devices"]) for campaign in live(own(account.sim))) <= 20

    decision = run_watched(rollout, look, hours=24)
    assert decision["phase"] == "held"
    assert "3 campaigns with alpha-A-B ended without evidence" in decision["why"]
    assert sizes(account) == [20, 20, 20]
    assert len({imei for campaign in own(account.sim) for imei in campaign["devices"]}) == 60
    assert rollout.run_for(24 * 6, every=48)["phase"] == "held"
    assert created(account.sim) == 3
    assert versions(account.sim) == {"A": 500}


def test_with_results_that_never_come_it_halts_after_the_first(account_with: StartAccount) -> None:
    """Attempted and never heard of again: what a brick looks like."""
    account = account_with(fleet=fleet(MANY, outcomes={"default": {"silent_rate": 1.0}}))
    rollout = Rollout(account, MANY, waves=ALL)
    decision = run_watched(rollout, lambda _decision: assert_pilot_rule(account.sim))
    assert decision["phase"] == "halted"
    assert (decision["counts"]["failed"], sizes(account)) == (20, [20])
