# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: a failed read is not used, and a failed write is searched for, not repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempts,
    own,
    versions,
    with_status,
)

StartAccount = Callable[..., Account]

TWO = {"alpha": 18, "beta": 12}
WAVES: list[dict[str, Any]] = [
    {"name": "pilot", "per_package": 5},
    {"name": "all", "rest": True},
]
READS = (
    "v3ListCampaignsByStatus",
    "v3ListFirmware",
    "v3GetSubscription",
    "v3ListCampaignDevices",
    "v3QueryDevices",
    "v3GetDeviceHistory",
)
FOREVER = 10_000


def midway(account: Account) -> Rollout:
    """A rollout whose pilot is done, so that the next run creates the second wave."""
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.set_now("2026-03-03T07:00:00Z")
    rollout.refresh(rollout.spec["devices"])
    account.sim.clear_journal()
    return rollout


@pytest.mark.parametrize("fault", ["status_503_before", "xml_403"])
@pytest.mark.parametrize("operation", READS)
def test_a_read_that_fails_stops_the_run_and_the_next_one_goes_on(
    account_with: StartAccount, operation: str, fault: str
) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = midway(account)
    account.sim.faults([{"operation": operation, "fault": fault, "times": FOREVER}])
    decision = rollout.run_once()
    assert decision["phase"] == "observation_failed"
    assert not any(decision["actions"].values())
    assert decision["would_change"] is False
    assert decision["failure"]["operation"] == operation
    assert account.writes() == []
    account.sim.faults([])
    assert len(rollout.run_once()["actions"]["create"]) == 2
    assert len(own(account.sim)) == 4
    assert_no_duplicates(account.sim)


def test_reads_that_fail_once_are_repeated(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = midway(account)
    rules = [{"operation": operation, "fault": "status_503_before"} for operation in READS]
    account.sim.faults(rules)
    assert len(rollout.run_once()["actions"]["create"]) == 2
    assert {call["operation"] for call in account.sim.journal() if call["fault"]} == set(READS)
    assert len(own(account.sim)) == 4
    assert_no_duplicates(account.sim)


def test_a_hidden_campaign_that_cannot_be_read_stops_the_run(account_with: StartAccount) -> None:
    """The histories name it; what it is cannot be told, so nothing may be created."""
    account = account_with(fleet=fleet(TWO), switches={"scheduled_entry": "at_start"})
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=6)
    assert len(with_status(own(account.sim), "CampaignPreScheduled")) == 2
    rule = {"operation": "v3GetCampaign", "fault": "status_500_before", "times": FOREVER}
    account.sim.faults([rule])
    account.sim.clear_journal()
    assert rollout.run_once()["phase"] == "observation_failed"
    assert account.writes() == []
    account.sim.faults([])
    assert rollout.run()["phase"] == "completed"
    assert len(own(account.sim)) == 4
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("fault", ["status_500_after", "reset_after", "empty_200"])
def test_a_create_without_an_answer_is_found_and_not_repeated(
    account_with: StartAccount, fault: str
) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rule = {"operation": "v3ScheduleCampaign", "fault": fault, "times": FOREVER}
    account.sim.faults([rule])
    rollout.run_once()
    account.sim.faults([])
    assert rollout.run()["phase"] == "completed"
    assert len(own(account.sim)) == 4
    assert versions(account.sim) == {"B": 30}
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("fault", ["status_500_before", "reset_before", "xml_403"])
def test_a_batch_that_breaks_off_is_finished_by_the_next_run(
    account_with: StartAccount, fault: str
) -> None:
    """The first campaign is created; the second fails for good, and so does the task."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rule = {"operation": "v3ScheduleCampaign", "fault": fault, "nth": 2, "times": FOREVER}
    account.sim.faults([rule])
    with pytest.raises(TaskFailure):
        rollout.run_once()
    assert len(own(account.sim)) == 1
    account.sim.faults([])
    assert len(rollout.run_once()["actions"]["create"]) == 1
    assert rollout.run()["phase"] == "completed"
    assert len(own(account.sim)) == 4
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


def test_words_that_nobody_knows_create_nothing_twice(account_with: StartAccount) -> None:
    """Every status of campaigns and devices is an unknown word for half a day."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=1)
    account.sim.faults(
        [
            {"operation": operation, "fault": "unknown_status", "times": FOREVER}
            for operation in ("v3ListCampaignsByStatus", "v3ListCampaignDevices", "v3GetCampaign")
        ]
    )
    assert rollout.run_for(12, every=6)["phase"] == "running"
    assert len(own(account.sim)) == 2
    account.sim.faults([])
    assert rollout.run()["phase"] == "completed"
    assert len(own(account.sim)) == 4
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("fault", ["null_lists", "missing_lists"])
def test_reports_without_rows_give_no_device_the_package_twice(
    account_with: StartAccount, fault: str
) -> None:
    """The pilot is over, half of it has failed, and its reports are empty for a day."""
    outcomes = {"default": {"success_rate": 0.5}}
    account = account_with(fleet=fleet(TWO, outcomes=outcomes))
    rollout = Rollout(
        account, TWO, waves=WAVES, gate={"soak_hours": 0, "max_failure_rate": 0.9}, retry=0
    )
    rollout.run_once()
    account.sim.advance(hours=5 * 24)
    account.sim.faults([{"operation": "v3ListCampaignDevices", "fault": fault, "times": FOREVER}])
    for _look in range(3):
        assert rollout.run_once()["actions"]["create"] == []
        account.sim.advance(hours=8)
    account.sim.faults([])
    rollout.run(hours=24)
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


def test_a_campaign_that_is_listed_without_its_name_is_found_by_its_devices(
    account_with: StartAccount,
) -> None:
    outcomes = {"default": {"success_rate": 0.5}}
    account = account_with(fleet=fleet(TWO, outcomes=outcomes))
    rollout = Rollout(account, TWO, waves=WAVES, gate={"max_failure_rate": 0.9, "soak_hours": 0})
    rollout.run_once()
    account.sim.advance(hours=5 * 24)
    rule = {
        "operation": "v3ListCampaignsByStatus",
        "fault": "missing_fields",
        "keys": ["campaignName"],
        "times": FOREVER,
    }
    account.sim.faults([rule])
    rollout.run_once()
    account.sim.faults([])
    rollout.run(hours=24)
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)
