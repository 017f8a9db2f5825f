# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts of software (v2): versions come from lists, reports have no times, nothing is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, failed_cohorts
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempts,
    in_turn,
    live,
    own,
    turn,
    untouched,
    writes_to,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    BOOT,
    DEVICES,
    OLD,
    PACKAGES,
    installed_at,
    keep_silent_on_installs,
    run_and_watch,
    running,
    software,
    software_fleet,
    writes,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

# Passes early, so that the second wave is queued while pilots are still to come.
EAGER: list[Row] = [
    {"name": "pilot", "count": 20, "gate": {"min_coverage": 0.25}, "days": 5},
    {"name": "all", "rest": True},
]
SLOW = {"hours_to_update": [1, 20]}


# -- versions ------------------------------------------------------------------------------------


def test_software_is_rolled_out_and_verified_by_the_software_lists(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=software_fleet())
    rollout = software(account)
    first = rollout.decide()["actions"]["create"][0]
    assert (first["package"], first["from_version"], first["to_version"]) == (
        "meter-1-2",
        "1.0",
        "2.0",
    )
    unknown_to_v2 = {"windows", "auto_add_devices", "auto_assign_license"}
    assert not unknown_to_v2 & first.keys()
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert decision["counts"] == {"selected": 40, "in_scope": 40, "verified": 40}
    assert [campaign["devices"] for campaign in decision["campaigns"]] == [20, 10, 10]
    assert running(account) == {"2.0": 40}
    assert set(attempts(account.sim).values()) == {1}
    assert writes(account) == {"v2ScheduleCampaign": 3}
    assert_no_duplicates(account.sim)


def test_no_version_is_asked_of_devices(account_with: StartAccount) -> None:
    """No call of v2 does that; what the list says has just been read."""
    account = account_with(fleet=software_fleet())
    rollout = software(account, gate={"soak_hours": 24, "approval": False})
    assert rollout.run()["phase"] == "completed"
    assert {
        call["operation"] for call in account.sim.journal() if "v3" in call["operation"]
    } == set()


def test_a_soak_begins_with_the_times_of_the_software_lists(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    rollout = software(account, gate={"soak_hours": 24, "approval": False})
    rollout.run_once()
    account.sim.set_now("2026-03-03T12:00:00Z")
    decision = rollout.run_once()
    # Three quarters of 20 devices were reached with the 15th of them.
    soaks_from = installed_at(account)[14]
    soak_end = datetime.fromisoformat(decision["waves"][0]["soak_until"].replace("Z", "+00:00"))
    assert decision["phase"] == "soaking"
    assert (soak_end - soaks_from).total_seconds() == 24 * 3600


@pytest.mark.parametrize(
    ("items", "packages"),
    [
        pytest.param([BOOT, OLD, {"name": "app", "version": "7"}], PACKAGES, id="item-between"),
        pytest.param([{"name": "1.0", "version": "build 4711"}], PACKAGES, id="name-is-version"),
        pytest.param(
            [BOOT, {"name": "meter-0-1", "version": "3"}],
            [{**PACKAGES[0], "from": "meter-0-1", "to": "meter-1-2"}],
            id="names-as-versions",
        ),
    ],
)
def test_the_item_that_a_package_names_is_found(
    account_with: StartAccount, items: list[Row], packages: list[Row]
) -> None:
    account = account_with(fleet=software_fleet(items=items, packages=packages))
    target = packages[0]["to"]
    decision = software(account, target, packages=packages).run()
    assert decision["phase"] == "completed"
    assert decision["counts"]["verified"] == 40
    assert [cohort["from_version"] for cohort in decision["cohorts"]] == [packages[0]["from"]]
    assert [(standing["version"], standing["devices"]) for standing in decision["standings"]] == [
        (target, 40)
    ]


def test_devices_at_the_target_or_on_unknown_versions_are_left_alone(
    account_with: StartAccount,
) -> None:
    changed = {
        DEVICES[0]: {"softwareList": [BOOT, {"name": "meter-1-2", "version": "2.0"}]},
        DEVICES[1]: {"softwareList": [BOOT, {"name": "meter", "version": "0.1"}]},
        DEVICES[2]: {"softwareList": []},
    }
    account = account_with(fleet=software_fleet(changed=changed))
    decision = software(account).run()
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"] == {
        "selected": 40,
        "in_scope": 37,
        "verified": 37,
        "current": 1,
        "version_unknown": 2,
    }
    assert not set(DEVICES[:3]) & attempts(account.sim).keys()


def test_steps_of_software(account_with: StartAccount) -> None:
    """1.0 to 3.0 by way of 2.0; each package is piloted, and keeps its evidence after its step."""
    account = account_with(fleet=software_fleet())
    rollout = software(account, "3.0")
    decision = run_and_watch(rollout, hours=24)
    assert decision["phase"] == "completed"
    assert [(cohort["package"], cohort["attempted"]) for cohort in decision["cohorts"]] == [
        ("meter-1-2", 40),
        ("meter-2-3", 40),
    ]
    assert [path["versions"] for path in decision["upgrade_paths"]] == [["1.0", "2.0", "3.0"]]
    assert running(account) == {"3.0": 40}
    taken = Counter(
        (id_, campaign["package"]) for campaign in own(account.sim) for id_ in campaign["devices"]
    )
    assert set(taken.values()) == {1}


# -- without verification ------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["nothing", "version"])
def test_what_no_software_list_proves_stays_reported_and_is_held(
    account_with: StartAccount, shown: str
) -> None:
    account = account_with(fleet=software_fleet())
    keep_silent_on_installs(account, version=shown == "version")
    rollout = software(account)
    rollout.run_once()
    account.sim.set_now("2026-03-06T23:59:00Z")
    decision = rollout.run_once()
    assert decision["phase"] == "running"
    assert decision["counts"] == {"selected": 40, "in_scope": 40, "pending": 20, "reported": 20}
    # Three days from the 3rd on, and a day for reports.
    account.sim.set_now("2026-03-07T00:00:00Z")
    decision = rollout.run_once()
    assert decision["phase"] == "held"
    assert "the deadline is over, and 0 of at least 5 devices attempted" in decision["why"]
    assert rollout.run_for(72, every=24)["phase"] == "held"
    assert writes(account) == {"v2ScheduleCampaign": 1}


@pytest.mark.parametrize("shown", ["nothing", "version"])
def test_reports_are_enough_where_somebody_says_so(account_with: StartAccount, shown: str) -> None:
    account = account_with(fleet=software_fleet())
    keep_silent_on_installs(account, version=shown == "version")
    rollout = software(account, verify="reported_is_enough")
    decision = rollout.decide()
    assert [line for line in account.warnings if "is not read" in line] != []
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert decision["counts"]["verified"] == 40
    assert [campaign["devices"] for campaign in decision["campaigns"]] == [20, 10, 10]
    assert_no_duplicates(account.sim)


def test_without_times_a_soak_begins_at_the_end_of_the_campaign(
    account_with: StartAccount,
) -> None:
    """All have reported on the 3rd, and the campaign's last day is the 5th."""
    account = account_with(fleet=software_fleet())
    keep_silent_on_installs(account, version=False)
    rollout = software(
        account, verify="reported_is_enough", gate={"soak_hours": 24, "approval": False}
    )
    rollout.run_once()
    account.sim.set_now("2026-03-03T12:00:00Z")
    assert rollout.run_once()["phase"] == "soaking"
    account.sim.set_now("2026-03-06T23:59:59Z")
    assert rollout.run_once()["phase"] == "soaking"
    assert len(own(account.sim)) == 1
    account.sim.set_now("2026-03-07T00:00:00Z")
    decision = rollout.run_once()
    assert decision["waves"][0]["soak_until"] == "2026-03-07T00:00:00Z"
    assert [planned["package"] for planned in decision["actions"]["create"]] == ["meter-1-2"]


def test_steps_without_verification(account_with: StartAccount) -> None:
    """The list has times of no step, and the second one begins where the first one ended."""
    account = account_with(fleet=software_fleet())
    keep_silent_on_installs(account, version=True)
    decision = run_and_watch(software(account, "3.0", verify="reported_is_enough"), hours=24)
    assert decision["phase"] == "completed"
    assert running(account) == {"3.0": 40}


# -- failures ------------------------------------------------------------------------------------


def test_software_that_fails_halts(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet(default={"success_rate": 0}))
    rollout = software(account)
    decision = rollout.run()
    assert decision["phase"] == "halted"
    (cohort,) = failed_cohorts(decision)
    assert (cohort["package"], cohort["failures"]) == ("meter-1-2", cohort["attempted"])
    assert rollout.run_for(96, every=24)["phase"] == "halted"
    assert len(own(account.sim)) == 1
    assert running(account) == {"1.0": 40}


@pytest.mark.parametrize("verify", ["read", "reported_is_enough"])
def test_a_halt_stays_when_later_devices_fare_well(account_with: StartAccount, verify: str) -> None:
    """The first three of the pilot failed, all others succeed. Only a person may go on."""
    account = account_with(fleet=software_fleet(default=SLOW | {"success_rate": 0.0}))
    rollout = software(account, verify=verify)
    rollout.run_once()
    while len(untouched(own(account.sim)[0])) > 17:
        account.sim.advance(hours=0.1)
    turn(account.sim, default=SLOW)
    account.sim.advance(hours=0.5)
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["failed"]) == ("halted", 3)
    assert rollout.run_for(96, every=24)["phase"] == "halted"
    assert len(own(account.sim)) == 1


def test_a_device_that_never_reports_fails_at_the_end_of_its_campaign(
    account_with: StartAccount,
) -> None:
    """Reports have no attempts, so nothing tells it from one that waits until then."""
    account = account_with(fleet=software_fleet())
    rollout = software(account)
    rollout.run_once()
    silent, unreached = sorted(own(account.sim)[0]["devices"])[:2]
    turn(account.sim, devices={silent: "silent", unreached: "unreached"})
    account.sim.set_now("2026-03-05T23:00:00Z")
    decision = rollout.run_once()
    kinds = {device["deviceId"]: device["class"] for device in decision["devices"]}
    assert (kinds[silent], kinds[unreached]) == ("pending", "pending")
    account.sim.set_now("2026-03-06T00:00:00Z")
    decision = rollout.run_once()
    kinds = {device["deviceId"]: device["class"] for device in decision["devices"]}
    assert (kinds[silent], kinds[unreached]) == ("failed", "unreached")


def test_a_device_that_falls_back_is_never_verified(account_with: StartAccount) -> None:
    """Its item names the old version again, and no time tells when: reported, and then held."""
    account = account_with(fleet=software_fleet(default={"revert_rate": 1}))
    rollout = software(account)
    rollout.run_once()
    account.sim.set_now("2026-03-05T00:00:00Z")
    assert running(account) == {"1.0": 40}
    decision = rollout.run_once()
    assert decision["counts"] == {"selected": 40, "in_scope": 40, "pending": 20, "reported": 20}
    decision = rollout.run()
    assert decision["phase"] == "held"
    assert "0 of at least 5 devices attempted" in decision["why"]
    assert writes(account) == {"v2ScheduleCampaign": 1}


def test_a_wave_that_falls_back_after_it_has_passed_stops_the_next(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=software_fleet(default={"revert_rate": 1}))
    rollout = software(account)
    decision = rollout.run()
    assert (decision["phase"], decision["passed"]) == ("held", [])
    assert decision["why"].startswith("wave pilot:")
    assert decision["counts"] == {"selected": 40, "in_scope": 40, "pending": 10, "reported": 30}
    assert [campaign["wave"] for campaign in decision["campaigns"]] == [1, 2]


def halt_with_a_started_and_a_queued_campaign(account: Account, **members: Any) -> Rollout:
    """Three of the pilot fail late, when the second wave is queued; gives the halted rollout."""
    rollout = software(account, waves=EAGER, **members)
    rollout.run_once()
    account.sim.set_now("2026-03-03T10:00:00Z")
    rollout.run_once()
    pilot, queued = own(account.sim)
    assert (pilot["started"], queued["started"]) == (True, False)
    turn(account.sim, default=SLOW, devices=dict.fromkeys(in_turn(pilot)[:3], "failed"))
    for _hour in range(11):
        account.sim.advance(hours=1)
        account.sim.clear_journal()
        if rollout.run_once()["phase"] == "halted":
            return rollout
    raise AssertionError("not halted")


@pytest.mark.parametrize("switch", ["aborted", "refused"])
def test_a_halt_cancels_the_queued_and_aborts_the_started(
    account_with: StartAccount, switch: str
) -> None:
    """In v2 a DELETE aborts what has started; where it is refused, an earlier end date is left."""
    account = account_with(
        fleet=software_fleet(default=SLOW), switches={"delete_started_v2": switch}
    )
    rollout = halt_with_a_started_and_a_queued_campaign(account, on_halt="abort")
    pilot, queued = own(account.sim)
    before = running(account)["2.0"]
    assert untouched(pilot) != [], "the halt comes in time for some"
    assert queued["status"] == "CampaignCancelled"
    assert [call["operation"] for call in writes_to(account.sim, pilot["id"])][:1] == [
        "v2CancelCampaign"
    ]
    if switch == "aborted":
        assert (pilot["status"], rollout.refused) == ("CampaignAborted", 0)
    else:
        assert rollout.refused == 1
        assert (pilot["status"], pilot["endDate"]) == ("CampaignScheduled", "2026-03-04")
    assert rollout.run_for(72, every=24)["phase"] == "halted"
    assert (running(account)["2.0"] == before) is (switch == "aborted")
    assert live(own(account.sim)) == []
    assert len(own(account.sim)) == 2


def test_a_halt_shortens_the_started(account_with: StartAccount) -> None:
    """Windows that the date change does not name stay as they are."""
    account = account_with(fleet=software_fleet(default=SLOW))
    calendar = {"windows": ["00:00-22:00"], "timezone": "UTC"}
    halt_with_a_started_and_a_queued_campaign(account, calendar=calendar)
    pilot, queued = own(account.sim)
    assert (pilot["status"], pilot["endDate"]) == ("CampaignScheduled", "2026-03-04")
    assert queued["status"] == "CampaignCancelled"
    assert writes(account) == {"v2UpdateCampaignDates": 1, "v2CancelCampaign": 1}
    (plan, *_rest) = (
        campaign.plan for campaign in account.sim._service.state.campaigns_by_id.values()
    )
    assert plan.download_windows == plan.install_windows == ((0, 22),)
