# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service takes no device of a campaign, or of a cohort, at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    created,
    own,
    versions,
)

StartAccount = Callable[..., Account]

TWO = {"alpha": 40, "beta": 10}


def suspend(account: Account, model: str) -> None:
    """Devices become inactive, in a word that only the service knows."""
    (here,) = account.sim._service.state.accounts.values()
    for device in here.devices.values():
        if device.model == model:
            device.status = "Dormant"


@pytest.mark.parametrize("word", ["DeviceRejected", "UpgradeFailed"])
def test_a_pilot_that_is_refused_wholly_is_held(account_with: StartAccount, word: str) -> None:
    account = account_with(fleet=fleet({"alpha": 40}), switches={"v3_rejected_word": word})
    suspend(account, "alpha")
    rollout = Rollout(account, {"alpha": 40})
    decision = rollout.run()
    assert decision["phase"] == "held"
    assert "the service refused 20 of 20 devices" in decision["why"]
    assert decision["counts"] == {"selected": 40, "in_scope": 40, "rejected": 20, "pending": 20}
    assert [campaign["status"] for campaign in own(account.sim)] == ["CampaignRequestFailed"]
    assert rollout.run_for(24 * 6, every=48)["phase"] == "held"
    assert created(account.sim) == 1
    assert versions(account.sim) == {"A": 40}


def test_a_model_that_is_refused_wholly_is_out_where_so_many_are_tolerated(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(TWO))
    suspend(account, "beta")
    gate = {"soak_hours": 0, "approval": False, "max_rejected": 0.5}
    rollout = Rollout(account, TWO, gate=gate)
    rollout.run(least=0)
    account.sim.advance(hours=24 * 14)  # the deadlines of all waves are over
    decision = rollout.run_once()
    assert decision["phase"] == "completed_with_exceptions"
    assert (decision["counts"]["verified"], decision["counts"]["rejected"]) == (40, 10)
    assert versions(account.sim, model="alpha") == {"B": 40}
    assert versions(account.sim, model="beta") == {"A": 10}
    assert_no_duplicates(account.sim)
