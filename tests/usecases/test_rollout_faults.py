# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: a failed read is not used, and a failed write is searched for, not repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import UnexpectedReply
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.pages import PAGED
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test, some_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempts,
    own,
    versions,
    with_status,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    software,
    software_fleet,
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


def names_read(decision: dict[str, Any], operation: str) -> bool:
    """The result says which read failed; without the licenses, the rest is judged."""
    if operation.endswith("GetSubscription"):
        return any("the subscription could not be read" in why for why in decision["unread"])
    return bool(decision["failure"]["operation"] == operation)


# An answer with HTTP 200 that says nothing is a failed read, no empty or short list.
NO_ANSWERS: tuple[dict[str, Any], ...] = (
    {"fault": "status_503_before"},
    {"fault": "xml_403"},
    {"fault": "error_200_before"},
    {"fault": "error_200_before", "sender": "gateway"},
    {"fault": "empty_object"},
    {"fault": "empty_200"},
)
NO_FLAGS = tuple({"fault": "missing_flag", "value": value} for value in ("null", "absent"))


def test_every_read_of_a_rollout_has_cases(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = midway(account)
    rollout.run_once()
    reads = {one["operation"] for one in account.sim.journal() if one["kind"] == "read"}
    assert reads == set(READS)


@pytest.mark.parametrize(
    ("operation", "rule"),
    some_in_test(
        (
            (operation, rule)
            for operation in READS
            for rule in NO_ANSWERS + (NO_FLAGS if operation in PAGED else ())
        ),
        lambda one: one[0] == "v3ListCampaignDevices" or one[1] == {"fault": "error_200_before"},
    ),
    ids=str,
)
def test_a_read_that_fails_stops_the_run_and_the_next_one_goes_on(
    account_with: StartAccount, operation: str, rule: dict[str, Any]
) -> None:
    """Nothing is created and nothing forgotten, whichever read of the rollout it is.

    Today's reads are those of ``READS``; they used to count an error with HTTP 200 as an empty
    list, a page without a flag as the last one, and the second campaign of a wave was created.
    """
    account = account_with(fleet=fleet(TWO))
    rollout = midway(account)
    account.sim.faults([{"operation": operation, "times": FOREVER, **rule}])
    decision = rollout.run_once()
    assert decision["phase"] == "observation_failed"
    assert not any(decision["actions"].values())
    assert decision["would_change"] is False
    assert names_read(decision, operation)
    assert account.writes() == []
    account.sim.faults([])
    assert len(rollout.run_once()["actions"]["create"]) == 2
    assert len(own(account.sim)) == 4
    assert_no_duplicates(account.sim)


SOFTWARE_READS = (
    "v2ListCampaignsByStatus",
    "v2GetSubscription",
    "v2ListCampaignDevices",
    "v2ListDevices",
    "v2GetDeviceHistory",
)


def software_midway(account: Account) -> Rollout:
    """A rollout of software whose pilot is done, so that the next run creates the second wave."""
    rollout = software(account, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=4 * 24)
    account.sim.clear_journal()
    return rollout


def test_every_read_of_a_software_rollout_has_cases(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    software_midway(account).run_once()
    reads = {one["operation"] for one in account.sim.journal() if one["kind"] == "read"}
    assert reads == set(SOFTWARE_READS)
    assert "v2ScheduleCampaign" in account.writes()


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        (operation, rule)
        for operation in SOFTWARE_READS
        for rule in ({"fault": "error_200_before"}, {"fault": "empty_object"}, *NO_FLAGS[1:])
        if operation in PAGED or rule not in NO_FLAGS
    ],
    ids=str,
)
def test_a_read_of_a_software_rollout_that_says_nothing_stops_the_run(
    account_with: StartAccount, operation: str, rule: dict[str, Any]
) -> None:
    account = account_with(fleet=software_fleet())
    rollout = software_midway(account)
    account.sim.faults([{"operation": operation, "times": FOREVER, **rule}])
    decision = rollout.run_once()
    assert decision["phase"] == "observation_failed"
    assert names_read(decision, operation)
    assert account.writes() == []
    account.sim.faults([])
    assert rollout.run_once()["actions"]["create"]
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("spelling", ["number", "text"])
def test_a_flag_in_another_spelling_is_followed(account_with: StartAccount, spelling: str) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = midway(account)
    rules = [
        {"fault": "spelled_flag", "spelling": spelling},
        {"fault": "short_pages", "rows": 1},
    ]
    account.sim.faults(rules)
    assert len(rollout.run_once()["actions"]["create"]) == 2
    account.sim.faults([])
    assert len(own(account.sim)) == 4
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"fault": "spelled_flag"}, 25),
        ({"fault": "spelled_flag", "spelling": "text"}, 25),
        *((rule, None) for rule in NO_FLAGS),
    ],
    ids=str,
)
@pytest.mark.parametrize("connections", [1, 4])
def test_pages_are_read_to_the_end_or_not_at_all(
    account_with: StartAccount, rule: dict[str, Any], found: int | None, connections: int
) -> None:
    """25 devices in pages of ten used to be ten devices."""
    account = account_with(fleet=fleet({"alpha": 25}))
    account.sim.faults([rule, {"fault": "short_pages", "rows": 10}])
    options = {"return_devices": "all", "max_connections": connections}
    if found:
        assert (
            len(account.run(inform_on_devices, DEVICE_INFO_OPTIONS, **options)["devices"]) == found
        )
        return
    with pytest.raises(UnexpectedReply, match="unknown whether more rows follow after these 10"):
        account.run(inform_on_devices, DEVICE_INFO_OPTIONS, **options)


@pytest.mark.parametrize("fault", ["reset_after", "status_500_after", "truncated_body"])
def test_a_lost_reply_to_a_refresh_is_repeated(account_with: StartAccount, fault: str) -> None:
    """It changes only what the service remembers: no reason to fail a run."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.set_now("2026-03-03T07:00:00Z")
    account.sim.clear_journal()
    account.sim.faults([{"operation": "v3SyncDeviceFirmware", "fault": fault}])
    assert len(rollout.run_once()["actions"]["create"]) == 2
    assert account.calls("v3SyncDeviceFirmware") == 2
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


@pytest.mark.parametrize("fault", first_in_test(["status_500_after", "reset_after", "empty_200"]))
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


@pytest.mark.parametrize("fault", first_in_test(["status_500_before", "reset_before", "xml_403"]))
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
        account,
        TWO,
        waves=WAVES,
        gate={"soak_hours": 0, "max_failure_rate": 0.9, "approval": False},
        retry=0,
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
    rollout = Rollout(
        account,
        TWO,
        waves=WAVES,
        gate={"max_failure_rate": 0.9, "soak_hours": 0, "approval": False},
    )
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
