# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the fleet is not taken for the fleet: what a rollout has lost, a person must look at.

Places: the selection, the account, the device report, and the catalog; and the other way round, the
devices that come after the end, and targets that no device has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    place_in_line,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imei,
    imeis,
    offered,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    created,
    drop_rows,
    leave_account,
    own,
    turn,
    versions,
    withdraw_package,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 40}
WAVES: list[Row] = [{"name": "pilot", "count": 20}, {"name": "all", "rest": True}]
ENDED = "2026-03-06T00:30:00Z"


def accept_what_is_offered(rollout: Rollout, decision: Row) -> None:
    rollout.spec["accept"] = offered(decision)


def after_pilot(account: Account, **spec: Any) -> Rollout:
    """The pilot has ended, and no run has seen it yet."""
    rollout = Rollout(account, ONE, waves=WAVES, **spec)
    rollout.run_once()
    account.sim.set_now(ENDED)
    return rollout


# -- the catalog


def test_a_package_that_was_withdrawn_holds_the_rollout(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = after_pilot(account)
    withdraw_package(account.sim, "alpha-A-B")
    decision = rollout.run_once()
    assert decision["phase"] == "held"
    assert "20 devices without a package" in decision["why"]
    assert rollout.run_once(state="halted")["phase"] == "halted"
    accept_what_is_offered(rollout, decision)
    assert rollout.spec["accept"][0]["missing"] == 20
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["no_path"]) == ("completed_with_exceptions", 20)
    assert versions(account.sim) == {"A": 20, "B": 20}


def test_so_does_the_second_package_of_a_path(account_with: StartAccount) -> None:
    packages = [package("alpha", "B", "C")]
    account = account_with(fleet=fleet(ONE, packages=packages))
    target = [{"make": MAKER, "model": "alpha", "version": "C"}]
    rollout = after_pilot(account, target=target)
    withdraw_package(account.sim, "alpha-B-C")
    decision = rollout.run_once()
    assert (decision["phase"], decision["actions"]["create"]) == ("held", [])


# -- the selection


@pytest.mark.parametrize(("kept", "phase"), [(18, "running"), (17, "held")])
def test_a_selection_that_shrank_holds_the_rollout(
    account_with: StartAccount, kept: int, phase: str
) -> None:
    """A job slice, a limit, an inventory that was read in part: 2 of 20 are one tenth."""
    account = account_with(fleet=fleet(ONE))
    rollout = after_pilot(account)
    pilot = list(own(account.sim)[0]["devices"])
    rollout.spec["devices"] = [id_ for id_ in imeis(ONE) if id_ not in pilot[kept:]]
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert decision["phase"] == phase
    assert created(account.sim) == (phase == "running")
    if phase == "held":
        assert "3 of 20 devices in campaigns of this rollout" in decision["why"]
        assert decision["missing"] == 3
        rollout.spec["limits"] = {"max_shrink": 0.15}
        assert rollout.run_once()["phase"] == "running"


def test_a_selection_that_shrank_is_accepted_by_its_count(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = after_pilot(account)
    pilot = list(own(account.sim)[0]["devices"])
    rollout.spec["devices"] = [id_ for id_ in imeis(ONE) if id_ not in pilot[:5]]
    accept_what_is_offered(rollout, rollout.run_once())
    assert rollout.run_once()["phase"] == "running"
    rollout.spec["devices"].remove(pilot[5])
    assert rollout.run_once()["phase"] == "held", "one more is missing"
    rollout.spec["devices"] = imeis(ONE)
    del rollout.spec["accept"]
    assert rollout.run()["phase"] == "completed"


def test_a_halt_is_not_kept_by_what_is_missing(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=WAVES)
    rollout.run_once()
    rollout.spec["devices"] = imeis(ONE)[:1]
    decision = rollout.run_once(state="halted")
    assert (decision["phase"], len(decision["actions"]["cancel"])) == ("halted", 1)


# -- the account, and the report


@pytest.mark.parametrize("rows_too", [False, True])
@pytest.mark.parametrize(("gone", "phase"), [(2, "running"), (6, "held")])
def test_devices_that_left_the_account_are_no_failures(
    account_with: StartAccount, gone: int, phase: str, *, rows_too: bool
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=WAVES)
    rollout.run_once()
    left = list(own(account.sim)[0]["devices"])[:gone]
    turn(account.sim, devices=dict.fromkeys(left, "unreached"))
    account.sim.set_now("2026-03-03T12:00:00Z")
    for id_ in left:
        leave_account(account.sim, id_)
    if rows_too:
        drop_rows(account.sim, left)
    account.sim.set_now("2026-03-07T12:00:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["waves"][0]["failures"]) == (phase, 0)
    assert decision["counts"]["not_found" if rows_too else "gone"] == gone
    if phase == "held":
        accept_what_is_offered(rollout, decision)
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert versions(account.sim) == {"B": 40 - gone}
    assert set(left) <= {row["deviceId"] for row in decision["devices"]}


def test_a_failure_stays_one_when_its_device_leaves_the_account(account_with: StartAccount) -> None:
    """Whoever takes broken devices out of the account does not lift the halt."""
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"success_rate": 0}}))
    rollout = after_pilot(account)
    assert rollout.run_once()["phase"] == "halted"
    for id_ in list(own(account.sim)[0]["devices"]):
        leave_account(account.sim, id_)
    assert rollout.run_once()["phase"] == "halted"


# -- what is finished stays so


@pytest.mark.parametrize("before", [33, 40, 50])
def test_a_finished_rollout_does_not_start_again(account_with: StartAccount, before: int) -> None:
    """Not even for the last in line."""
    account = account_with(fleet=fleet({"alpha": 60}))
    line = sorted(imeis({"alpha": 60}), key=lambda id_: place_in_line("meters", id_))
    rollout = Rollout(account, {"alpha": 60}, waves=WAVES, devices=line[:before])
    assert rollout.run()["phase"] == "completed"
    rollout.spec["devices"] = line[: before + 10]
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["late"]) == ("completed_with_exceptions", 10)
    assert created(account.sim) == 0
    rollout.spec["late_joiners"] = "last"
    assert rollout.run()["phase"] == "completed"


def test_a_new_target_of_a_finished_rollout_starts(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 30, "beta": 10}))
    rollout = Rollout(account, {"alpha": 30}, waves=WAVES)
    assert rollout.run()["phase"] == "completed"
    rollout.spec["target"].append({"make": MAKER, "model": "beta", "version": "B"})
    rollout.spec["devices"] = imeis({"alpha": 30, "beta": 10})
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 40}


# -- targets that no device has


@pytest.mark.parametrize(
    "slip",
    [
        {"make": MAKER.upper()},
        {"make": MAKER.split()[0]},
        {"model": "Alpha"},
        {"model": "alfa"},
        {"make": MAKER.replace(" ", "-"), "model": "ALPHA"},
    ],
)
def test_a_target_that_a_device_nearly_has_is_refused(
    account_with: StartAccount, slip: dict[str, str]
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.spec["target"][0] |= slip
    with pytest.raises(PlanRefused) as caught:
        rollout.run_once()
    assert "40 are Sensors Inc alpha" in str(caught.value)
    assert "make: Sensors Inc, model: alpha" in caught.value.hint
    for key in slip:
        assert f"{key} = {slip[key]!r}" in str(caught.value)
    assert account.writes() == []


def test_a_target_that_no_device_has_is_said(account_with: StartAccount) -> None:
    """One declaration may be for several fleets."""
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, {"alpha": 40, "zulu": 0})
    decision = rollout.decide()
    assert decision["remarks"] == ["target[1]: no selected device is a Sensors Inc zulu"]
    assert account.warnings == decision["remarks"]
    rollout.spec["target"] = rollout.spec["target"][1:]
    with pytest.raises(PlanRefused, match="no target matches any of 40 selected devices"):
        Rollout(account, {}, **{**rollout.spec, "name": "other"}).run_once()


def test_a_slip_in_a_running_rollout_blocks_and_does_not_fail(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 40, "beta": 40}))
    rollout = Rollout(account, {"alpha": 40, "beta": 40}, waves=WAVES)
    rollout.run_once()
    rollout.spec["target"][1]["model"] = "bets"
    decision = rollout.run_once()
    assert any("model = 'bets'" in blocker for blocker in decision["blockers"])
    assert imei(1, 0) not in [row["deviceId"] for row in decision["devices"] if row["wave"]]
