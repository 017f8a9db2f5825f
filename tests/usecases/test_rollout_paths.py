# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets that take several packages, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    failed_cohorts,
    fleet,
    imei,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
    attempts,
    created,
    own,
    versions,
    wave_of,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_watch import (
    assert_in_one_campaign,
    run_watched,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

MANY = {"alpha": 70}
SECOND = package("alpha", "B", "C")
# More than an unproved package may have at once, so each package goes in two campaigns.
BIG_PILOT = [{"name": "pilot", "count": 45}, {"name": "all", "rest": True}]
HALF_ON_B = {imei(0, number): {"firmware": "B"} for number in range(35)}
BAD_SECOND = {"packages": {"alpha-B-C": {"success_rate": 0.0}}}


def to_c(account: Account, models: dict[str, int], **spec: Any) -> Rollout:
    """A rollout that takes the model alpha to C, and others to B."""
    rollout = Rollout(account, models, **spec)
    rollout.spec["target"][0]["version"] = "C"
    return rollout


def steps(account: Account) -> list[tuple[int, str, int]]:
    """Wave, package and devices of each campaign, in order of creation."""
    return [
        (wave_of(campaign), campaign["package"], len(campaign["devices"]))
        for campaign in own(account.sim)
    ]


def watch(account: Account) -> Callable[[Row], None]:
    """Never more at once than the service allows, at any package, and no device twice."""

    def look(_decision: Row) -> None:
        assert_pilot_rule(account.sim)
        assert_in_one_campaign(account.sim)

    return look


def test_a_rollout_of_two_packages_proves_each_before_many_get_it(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(MANY, packages=[SECOND]))
    rollout = to_c(account, MANY, waves=BIG_PILOT)
    decision = run_watched(rollout, watch(account))
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 70)
    assert versions(account.sim) == {"C": 70}
    assert steps(account) == [
        (1, "alpha-A-B", 20),
        (1, "alpha-A-B", 25),
        (1, "alpha-B-C", 20),
        (1, "alpha-B-C", 25),
        (2, "alpha-A-B", 25),
        (2, "alpha-B-C", 25),
    ]
    assert created(account.sim) == 6
    assert set(attempts(account.sim).values()) == {2}
    assert_no_duplicates(account.sim)
    account.sim.clear_journal()
    assert rollout.run_once()["phase"] == "completed"
    assert account.writes() == []


def test_check_mode_foresees_every_step_and_writes_nothing(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(MANY, packages=[SECOND]))
    rollout = to_c(account, MANY)
    for _run in range(40):
        account.sim.refuse_writes = True
        account.sim.clear_journal()
        foreseen = rollout.decide(check=True)
        assert account.writes() == []
        account.sim.refuse_writes = False
        real = rollout.run_once()
        if not foreseen["actions"]["refresh"]:
            assert real["actions"] == foreseen["actions"]
        if real["phase"] == "completed":
            break
        rollout.wait(real, least=12)
    assert versions(account.sim) == {"C": 70}
    assert len(rollout.created) == len(own(account.sim)) == 6


def test_devices_of_two_versions_meet_at_the_target(account_with: StartAccount) -> None:
    """Those that begin at B get the second package alone, in the same waves."""
    account = account_with(fleet=fleet(MANY, packages=[SECOND], changed=HALF_ON_B))
    rollout = to_c(account, MANY)
    decision = run_watched(rollout, watch(account))
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 70)
    assert versions(account.sim) == {"C": 70}
    waves: dict[tuple[int, str], int] = {}
    for wave, name, count in steps(account):
        waves[wave, name] = waves.get((wave, name), 0) + count
    for wave, size in ((1, 20), (2, 18), (3, 32)):
        assert waves[wave, "alpha-B-C"] == size, "all of a wave get it"
    assert [waves[wave, "alpha-A-B"] for wave in (1, 2, 3)] == [10, 11, 14]
    tries = attempts(account.sim)
    assert {tries[id_] for id_ in HALF_ON_B} == {1}
    assert {tries[id_] for id_ in imeis(MANY) if id_ not in HALF_ON_B} == {2}
    assert_no_duplicates(account.sim)


def test_a_bad_second_package_stops_devices_before_they_get_the_first(
    account_with: StartAccount,
) -> None:
    """Those of the pilot that begin at B show it; the rest stays where it is."""
    account = account_with(
        fleet=fleet(MANY, packages=[SECOND], changed=HALF_ON_B, outcomes=BAD_SECOND)
    )
    rollout = to_c(account, MANY)
    decision = run_watched(rollout, watch(account))
    assert decision["phase"] == "halted"
    assert [cohort["package"] for cohort in failed_cohorts(decision)] == ["alpha-B-C"]
    assert "failed cohorts have 20 of 20 devices" in decision["why"]
    assert decision["counts"] == {"selected": 70, "in_scope": 70, "failed": 10, "halted": 60}
    assert steps(account) == [(1, "alpha-A-B", 10), (1, "alpha-B-C", 10)]
    assert versions(account.sim) == {"A": 25, "B": 45}
    account.sim.clear_journal()
    assert rollout.run_for(24 * 6, every=48)["phase"] == "halted"
    assert account.writes() == []


def test_a_bad_second_package_halts_its_model_alone(account_with: StartAccount) -> None:
    """The fault shows only after all of the model's pilot have got the first package."""
    models = {"alpha": 30, "beta": 50}
    account = account_with(fleet=fleet(models, packages=[SECOND], outcomes=BAD_SECOND))
    decision = run_watched(to_c(account, models), watch(account))
    assert decision["phase"] == "completed_with_exceptions"
    assert [cohort["package"] for cohort in failed_cohorts(decision)] == ["alpha-B-C"]
    assert versions(account.sim, model="alpha") == {"A": 20, "B": 10}
    assert versions(account.sim, model="beta") == {"B": 50}
    alpha = [step for step in steps(account) if step[1].startswith("alpha")]
    assert alpha == [(1, "alpha-A-B", 10), (1, "alpha-B-C", 10)]
    assert_no_duplicates(account.sim)


def test_a_device_without_a_path_is_out_and_listed(account_with: StartAccount) -> None:
    stranded = [imei(0, number) for number in (3, 33)]
    changed = {id_: {"firmware": "X"} for id_ in stranded}
    account = account_with(fleet=fleet(MANY, packages=[SECOND], changed=changed))
    rollout = to_c(account, MANY)
    plan = rollout.decide(check=True)
    out = {device["deviceId"]: device for device in plan["devices"] if device["class"] == "no_path"}
    assert sorted(out) == stranded
    assert all(
        "no package leads" in device["reason"] and not device["wave"] for device in out.values()
    )
    decision = rollout.run()
    assert (decision["phase"], decision["counts"]["no_path"]) == ("completed_with_exceptions", 2)
    assert versions(account.sim) == {"C": 68, "X": 2}
    assert set(stranded).isdisjoint(attempts(account.sim))
