# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs in calls of the service, logins included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    device,
    fleet,
    imeis,
    package,
    write_campaigns,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import live, own

StartAccount = Callable[..., Account]

# Nine reports by status, packages, subscription, two logins, and one to spare.
ALWAYS = 14
PAGE = 1000


def neighbourhood(models: dict[str, int], others: int) -> dict[str, Any]:
    """A fleet, and so many devices of others on the shop floor."""
    here = fleet(models)
    account = here["accounts"][0]
    account["devices"] += [device(f"99{number:013}", "floor") for number in range(others)]
    account["firmware"].append(package("floor"))
    return here


def occupy(account: Account, others: range, *, end: str) -> None:
    """Others schedule their devices, one in each campaign."""
    write_campaigns(
        account,
        [
            {
                "name": f"floor-{number}",
                "package": "floor-A-B",
                "start_date": "2026-03-03",
                "end_date": end,
                "devices": [f"99{number:013}"],
            }
            for number in others
        ],
    )


def calls_of_an_idle_run(rollout: Rollout, tokens: Path) -> int:
    """The calls of a run that has nothing to do, by a controller that has no tokens yet."""
    rollout.account = Account(rollout.sim, tokens)
    rollout.sim.clear_journal()
    decision = rollout.run_once()
    assert not decision["would_change"]
    assert decision["actions"]["refresh"] == []
    operations = {call["operation"] for call in rollout.sim.journal()}
    assert {"requestOAuthToken", "startM2MSession", "v3QueryDevices"} <= operations
    return len(rollout.sim.journal())


def test_an_idle_run_of_a_big_rollout_makes_at_most_40_calls(
    account_with: StartAccount, tmp_path: Path
) -> None:
    """A thousand devices, 24 campaigns of ours, and 200 of others that are over."""
    models = {f"m{number}": 125 for number in range(8)}
    account = account_with(fleet=neighbourhood(models, 200))
    occupy(account, range(200), end="2026-03-04")
    account.sim.advance(hours=72)
    waves = [
        {"name": "pilot", "per_package": 5, "gate": {"min_coverage": 1.0}},
        {"name": "broad", "percent": 25},
        {"name": "all", "rest": True},
    ]
    rollout = Rollout(account, models, waves=waves)
    rollout.run(return_devices="none")
    assert len(rollout.spec["devices"]) == 1000
    assert len(own(account.sim)) == 24
    assert len(account.sim.campaigns()) - len(live(account.sim.campaigns())) == 224
    assert calls_of_an_idle_run(rollout, tmp_path / "new") <= 40


@pytest.mark.parametrize(
    ("models", "others"),
    [({"alpha": 12}, 0), ({"alpha": 40, "beta": 40}, 6), ({"alpha": 1001}, 1)],
)
def test_an_idle_run_costs_a_call_for_each_thing_that_matters(
    account_with: StartAccount, tmp_path: Path, models: dict[str, int], others: int
) -> None:
    account = account_with(fleet=neighbourhood(models, others))
    if others:
        occupy(account, range(others), end="2026-03-20")
    rollout = Rollout(account, models)
    rollout.run_once()
    account.sim.advance(hours=6)
    ours = own(account.sim)
    pages = sum(-(-len(campaign["devices"]) // PAGE) for campaign in ours)
    foreign = len(live(account.sim.campaigns())) - len(live(ours))
    budget = ALWAYS + -(-len(imeis(models)) // PAGE) + pages + foreign
    assert live(ours) != []
    assert calls_of_an_idle_run(rollout, tmp_path / "new") <= budget


def test_a_report_of_several_pages_costs_a_call_a_page(
    account_with: StartAccount, tmp_path: Path
) -> None:
    models = {"alpha": 1200}
    account = account_with(fleet=fleet(models), switches={"pilot_rule": "off"})
    rollout = Rollout(
        account,
        models,
        waves=[{"name": "all", "rest": True}],
        qualified_packages=["alpha-A-B"],
        limits={"max_campaign_devices": 1150},
    )
    rollout.run_once()
    account.sim.advance(hours=1)
    assert [len(campaign["devices"]) for campaign in own(account.sim)] == [1150, 50]
    assert calls_of_an_idle_run(rollout, tmp_path / "new") <= ALWAYS + 2 + 3
