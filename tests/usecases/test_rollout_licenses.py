# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licenses that the runs of a rollout assign, each before it creates campaigns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.ensure import (
    LICENSE_OPTIONS,
    ensure_licenses,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import Conclusion
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
    plan_lines,
    report_lines,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.writes import Writes
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imeis,
    write_campaigns,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    licensed,
    own,
    refuse_licenses,
    set_licenses,
    turn,
    versions,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    software,
    software_fleet,
)

StartAccount = Callable[..., Account]

ALPHA = {"alpha": 40}
MONTHLY = "TS-HFOTA-MRC"


def in_campaigns(sim: SimulatorServer) -> set[str]:
    """Devices that campaigns of the rollout have or had."""
    return {imei for campaign in own(sim) for imei in campaign["devices"]}


@pytest.fixture
def account(account_with: StartAccount) -> Account:
    subscription = {"purchaseType": MONTHLY, "licenseCount": 40}
    return account_with(fleet=fleet(ALPHA, subscription=subscription))


@pytest.fixture
def rollout(account: Account) -> Rollout:
    return Rollout(account, ALPHA, assign_licenses="before_wave")


def test_each_wave_gets_its_licenses_before_its_campaigns(rollout: Rollout) -> None:
    sim = rollout.sim
    plan = rollout.decide(check=True)
    numbers = {key: plan["licenses"][key] for key in ("needed", "free", "total", "short")}
    assert numbers == {"needed": 40, "free": 40, "total": 40, "short": 0}
    assert plan["licenses"]["waves"] == [
        {"name": "pilot", "needed": 20},
        {"name": "broad", "needed": 10},
        {"name": "all", "needed": 10},
    ]
    assert sorted(plan["licenses"]["assign_now"]["examples"]) == sorted(plan["actions"]["assign"])
    assert len(plan["licenses"]["waiting"]["examples"]) == 40
    assert rollout.account.writes() == []
    seen = []
    for _run in range(60):
        decision = rollout.run_once()
        assert licensed(sim) == in_campaigns(sim)
        seen.append(len(licensed(sim)))
        if decision["phase"] == "completed":
            break
        rollout.wait(decision, least=30)
    assert sorted(set(seen)) == [20, 30, 40]
    writes = [call for call in rollout.account.writes() if "Sync" not in call]
    assert writes == ["v3AssignLicenses", "v3ScheduleCampaign"] * 3
    assert versions(sim) == {"B": 40}
    assert (decision["licenses"]["kept"]["devices"], decision["licenses"]["needed"]) == (40, 0)
    (line,) = [line for line in report_lines(decision) if "keep their licenses for good" in line]
    assert line.startswith("  40 devices upgraded, which keep") and line.endswith("and 35 more")
    stands = Conclusion(Writes(decision), {}, "running").stands()
    assert stands[-1].text == "licenses: 40 upgraded devices keep theirs for good"
    assert_no_duplicates(sim)


def test_a_short_wave_assigns_nothing_and_says_how_many_are_missing(rollout: Rollout) -> None:
    set_licenses(rollout.sim, 25)
    assert rollout.run_once()["actions"]["assign"] != [], "enough for the pilot"
    decision = rollout.run_until("blocked", hours=12)
    assert "wave broad: 10 licenses needed, and 5 of 25 free: 5 short" in decision["why"]
    assert any(line.startswith("blocked: wave broad:") for line in plan_lines(decision))
    assert "15 short" in "".join(plan_lines(decision))
    assert len(licensed(rollout.sim)) == 20
    set_licenses(rollout.sim, 40)
    assert rollout.run()["phase"] == "completed"
    assert_no_duplicates(rollout.sim)


def test_part_of_a_wave_begins_only_where_that_is_declared(account: Account) -> None:
    set_licenses(account.sim, 25)
    rollout = Rollout(account, ALPHA, assign_licenses="before_campaign")
    decision = rollout.run_until("blocked", hours=12)
    assert "wave broad: 5 licenses needed, and 0 of 25 free: 5 short" in decision["why"]
    assert len(licensed(account.sim)) == len(in_campaigns(account.sim)) == 25
    account.sim.advance(hours=24 * 20)
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"].get("late")) == ("blocked", None)
    set_licenses(account.sim, 40)
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 40}
    assert_no_duplicates(account.sim)


def test_a_device_that_gets_no_license_is_left_out_with_its_reason(rollout: Rollout) -> None:
    bare = rollout.decide(check=True)["actions"]["assign"][3]
    refuse_licenses(rollout.sim, {bare})
    decision = rollout.run_once()
    assert in_campaigns(rollout.sim) == licensed(rollout.sim) != set()
    assert bare not in in_campaigns(rollout.sim)
    (row,) = [each for each in decision["devices"] if each["deviceId"] == bare]
    assert (row["class"], row["reason"]) == ("rejected", "got no license: License is suspended")
    end = rollout.run()
    assert end["phase"] == "completed_with_exceptions"
    (row,) = [each for each in end["devices"] if each["deviceId"] == bare]
    assert row["class"] == "no_license"
    assert versions(rollout.sim) == {"A": 1, "B": 39}
    assert_no_duplicates(rollout.sim)


def test_a_license_that_is_refused_once_is_assigned_by_a_later_run(rollout: Rollout) -> None:
    bare = rollout.decide(check=True)["actions"]["assign"][0]
    refuse_licenses(rollout.sim, {bare})
    rollout.run_once()
    refuse_licenses(rollout.sim, ())
    assert rollout.run()["phase"] == "completed"
    assert versions(rollout.sim) == {"B": 40}
    assert_no_duplicates(rollout.sim)


def test_too_many_refused_licenses_hold_the_wave(rollout: Rollout) -> None:
    refuse_licenses(rollout.sim, imeis(ALPHA))
    decision = rollout.run_once()
    assert (decision["phase"], own(rollout.sim)) == ("held", [])
    assert "20 of 20" in decision["why"]


def test_a_crash_between_assigning_and_creating_repeats_cleanly(rollout: Rollout) -> None:
    decision = rollout.decide()
    rollout.assign(decision)
    again = rollout.run_once()
    assert again["actions"]["assign"] == []
    assert again["actions"]["create"] == decision["actions"]["create"]
    assert rollout.account.calls("v3AssignLicenses") == 1
    write_campaigns(rollout.account, decision["actions"]["create"])
    assert len(own(rollout.sim)) == 1
    assert rollout.run()["phase"] == "completed"


@pytest.mark.parametrize("fault", ["reset_after", "status_500_after"])
def test_a_lost_reply_is_read_again(rollout: Rollout, fault: str) -> None:
    rollout.sim.faults([{"operation": "v3AssignLicenses", "fault": fault, "times": 1}])
    rollout.run_once()
    assert in_campaigns(rollout.sim) == licensed(rollout.sim)
    assert rollout.account.calls("v3AssignLicenses") == 1


def test_nothing_is_created_where_the_service_assigns_none(rollout: Rollout) -> None:
    rollout.sim.faults([{"operation": "v3AssignLicenses", "fault": "status_500_before"}])
    with pytest.raises(TaskFailure):
        rollout.run_once()
    assert own(rollout.sim) == []
    assert rollout.run()["phase"] == "completed"


def test_a_halt_comes_before_anything_about_licenses_and_removes_none(rollout: Rollout) -> None:
    rollout.run_once()
    turn(rollout.sim, default={"success_rate": 0})
    rollout.run_until("halted", hours=4)
    before = licensed(rollout.sim)
    rollout.sim.faults([{"operation": "v3GetSubscription", "fault": "empty_object", "times": 99}])
    assert rollout.run_once(state="halted")["phase"] == "halted"
    assert licensed(rollout.sim) == before
    assert len(before) == 20


def test_unused_licenses_are_named_and_can_be_removed(account: Account) -> None:
    spare = imeis(ALPHA)[:3]
    account.run(ensure_licenses, LICENSE_OPTIONS, devices=spare, imei_check="off")
    decision = Rollout(account, ALPHA).decide()
    assert sorted(decision["licenses"]["unused"]["examples"]) == spare
    removed = account.run(
        ensure_licenses, LICENSE_OPTIONS, devices=spare, imei_check="off", state="removed"
    )
    assert removed["counts"]["removed"] == 3


def test_software_gets_licenses_from_v2(account_with: StartAccount) -> None:
    subscription = {"purchaseType": MONTHLY, "licenseCount": 40}
    account = account_with(fleet=software_fleet(subscription=subscription))
    decision = software(account, assign_licenses="before_wave").run()
    assert decision["phase"] == "completed"
    assert account.calls("v2AssignLicenses") >= 1
    assert licensed(account.sim) == {device["deviceId"] for device in account.sim.devices()}
