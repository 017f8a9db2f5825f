# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A halt needs the list of campaigns and the name of the rollout, and nothing else.

Places where something else can be missing: each read of a run beside that list, and each part of a
declaration beside its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import own

StartAccount = Callable[..., Account]

TWO = {"alpha": 18, "beta": 12}
FOREVER = 10_000
OTHER_READS = ("v3ListFirmware", "v3GetSubscription", "v3ListCampaignDevices", "v3QueryDevices")
INVALID: dict[str, dict[str, Any]] = {
    "an-empty-group": {"waves": [{"name": "lab", "group": "none"}, {"name": "all", "rest": True}]},
    "an-unknown-key": {"calender": {}},
    "no-devices": {"devices": None},
    "no-target": {"target": []},
    "a-file-that-is-not-there": {"devices": None, "devices_file": "/nowhere/devices.csv"},
}


def running(account: Account) -> Rollout:
    """A rollout whose first campaigns have started."""
    rollout = Rollout(account, TWO, waves=[{"name": "all", "rest": True, "days": 7}])
    rollout.run_once()
    account.sim.advance(hours=30)
    return rollout


def ends(account: Account) -> dict[str, str]:
    """The last day of each campaign."""
    return {campaign["campaignName"]: campaign["endDate"] for campaign in own(account.sim)}


@pytest.mark.parametrize("fault", ["status_503_before", "xml_403", "empty_200"])
@pytest.mark.parametrize("operation", OTHER_READS)
def test_a_halt_needs_the_list_of_campaigns_alone(
    account_with: StartAccount, operation: str, fault: str
) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = running(account)
    before = ends(account)
    account.sim.faults([{"operation": operation, "fault": fault, "times": FOREVER}])
    paused = rollout.decide(state="paused")
    assert (paused["phase"], any(paused["actions"].values())) == ("paused", False)
    decision = rollout.decide(state="halted")
    assert decision["phase"] == "halted"
    assert any("could not be read" in blocker for blocker in decision["blockers"])
    account.sim.faults([])
    rollout.carry_out(decision)
    assert all(end < before[name] for name, end in ends(account).items())


@pytest.mark.parametrize("members", INVALID.values(), ids=INVALID)
def test_a_halt_needs_the_name_of_the_rollout_alone(
    account_with: StartAccount, members: dict[str, Any]
) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = running(account)
    before = ends(account)
    rollout.spec |= members
    with pytest.raises(InvalidValue):
        rollout.decide()
    decision = rollout.run_once(state="halted")
    assert decision["phase"] == "halted"
    assert "the declaration cannot be used" in decision["blockers"][0]
    assert all(end < before[name] for name, end in ends(account).items())


def test_a_name_that_cannot_be_used_names_no_rollout(account_with: StartAccount) -> None:
    rollout = running(account_with(fleet=fleet(TWO)))
    rollout.spec["name"] = "Not A Name"
    with pytest.raises(InvalidValue, match=r"rollout\.name"):
        rollout.decide(state="halted")


def test_bad_firmware_is_stopped_though_the_target_of_another_model_is_mistyped(
    account_with: StartAccount,
) -> None:
    outcomes = {"packages": {"alpha-A-B": {"success_rate": 0}}}
    account = account_with(fleet=fleet(TWO, outcomes=outcomes))
    rollout = running(account)
    before = ends(account)
    rollout.spec["target"][1] = {**rollout.spec["target"][1], "version": "mistyped"}
    decision = rollout.run_once()
    assert decision["actions"]["create"] == []
    assert any("mistyped" in blocker for blocker in decision["blockers"])
    (alpha,) = own(account.sim, model="alpha")
    assert ends(account)[alpha["campaignName"]] < before[alpha["campaignName"]]


@pytest.mark.parametrize("state", ["running", "paused"])
@pytest.mark.parametrize("fault", ["status_503_before", "xml_403", "empty_200"])
def test_a_failed_wave_is_stopped_though_the_licenses_cannot_be_read(
    account_with: StartAccount, fault: str, state: str
) -> None:
    """Only new campaigns depend on the subscription."""
    account = account_with(fleet=fleet(TWO, outcomes={"default": {"success_rate": 0}}))
    rollout = running(account)
    before = ends(account)
    account.sim.faults([{"operation": "v3GetSubscription", "fault": fault, "times": FOREVER}])
    decision = rollout.run_once(state=state)
    assert decision["phase"] == "halted"
    assert any("the subscription could not be read" in why for why in decision["unread"])
    assert all(end < before[name] for name, end in ends(account).items())


def test_nothing_is_created_while_the_licenses_cannot_be_read(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO)
    fault = {"operation": "v3GetSubscription", "fault": "status_503_before", "times": FOREVER}
    account.sim.faults([fault])
    decision = rollout.run_once()
    assert (decision["phase"], own(account.sim)) == ("observation_failed", [])
    account.sim.faults([])
    rollout.run_once()
    assert own(account.sim)


@pytest.mark.parametrize("fault", ["status_503_before", "error_200_before"])
def test_what_an_earlier_decision_of_the_run_stops_needs_no_other_read(
    account_with: StartAccount, fault: str
) -> None:
    """A run decides again after it has read versions; its stops do not get lost with that read."""
    account = account_with(fleet=fleet(TWO))
    rollout = running(account)
    before = ends(account)
    first = rollout.decide(state="halted")
    rule = {"operation": "v3ListCampaignsByStatus", "fault": fault, "times": FOREVER}
    account.sim.faults([rule])
    lost = rollout.decide(state="halted", stops=None)
    assert (lost["steps"], lost["would_change"]) == ([], False)
    kept = rollout.decide(state="halted", stops=first["actions"])
    assert (kept["phase"], kept["would_change"]) == ("observation_failed", True)
    assert (kept["steps"], kept["actions"]["create"]) == (["shorten"], [])
    account.sim.faults([])
    rollout.carry_out(kept)
    assert all(end < before[name] for name, end in ends(account).items())
