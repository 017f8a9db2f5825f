# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that come after the last wave has begun."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    place_in_line,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, imeis
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    accepted,
    assert_no_duplicates,
    created,
    foreign_campaign,
    own,
    stop_campaign,
    versions,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 60}
EVERYBODY = imeis(ONE)
# The last device in line is there from the start: who stands before it and is not, comes late.
LATE = sorted(EVERYBODY, key=lambda imei: place_in_line("meters", imei))[20:55:5]
EARLY = [imei for imei in EVERYBODY if imei not in LATE]
# A share of those in scope: a wave that has begun does not grow with who comes late.
WAVES: list[Row] = [{"name": "pilot", "percent": 33}, {"name": "all", "rest": True}]


def leave(sim: SimulatorServer, devices: Iterable[str]) -> dict[str, Any]:
    """Take devices out of the account; gives them as :func:`join` wants them."""
    (account,) = sim._service.state.accounts.values()
    gone = {imei: account.devices.pop(imei) for imei in devices}
    account.index_devices()
    return gone


def join(sim: SimulatorServer, devices: dict[str, Any]) -> None:
    """Bring devices into the account."""
    (account,) = sim._service.state.accounts.values()
    account.devices.update(devices)
    account.index_devices()


def until_last_wave(rollout: Rollout) -> None:
    """Run until the last wave's campaign is there and its report is complete."""
    while not own(rollout.sim, wave=2):
        rollout.wait(rollout.run_once(), least=12)
    rollout.sim.advance(hours=1)
    rollout.run_once()


def classes(decision: Row, devices: Iterable[str]) -> set[str]:
    found = {device["deviceId"]: device["class"] for device in decision["devices"]}
    return {found[device] for device in devices}


def test_late_devices_are_listed_and_left(account_with: StartAccount) -> None:
    """They are in neither account nor declaration before."""
    account = account_with(fleet=fleet(ONE))
    away = leave(account.sim, LATE)
    rollout = Rollout(account, ONE, devices=EARLY, waves=WAVES)
    until_last_wave(rollout)
    join(account.sim, away)
    rollout.spec["devices"] = EVERYBODY
    decision = rollout.run_once()
    assert (decision["phase"], classes(decision, LATE)) == ("running", {"late"})
    assert decision["counts"]["late"] == 7
    reasons = {device["reason"] for device in decision["devices"] if device["class"] == "late"}
    assert reasons == {"came after the last wave had begun: late_joiners: last takes it along"}
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert (decision["counts"]["verified"], decision["counts"]["late"]) == (53, 7)
    assert versions(account.sim) == {"A": 7, "B": 53}
    assert created(account.sim) == 2
    account.sim.advance(hours=24 * 30)
    account.sim.clear_journal()
    assert rollout.run_once()["phase"] == "completed_with_exceptions"
    assert account.writes() == []


def test_late_devices_join_the_last_wave_where_that_is_declared(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    away = leave(account.sim, LATE)
    rollout = Rollout(account, ONE, devices=EARLY, waves=WAVES, late_joiners="last")
    until_last_wave(rollout)
    join(account.sim, away)
    rollout.spec["devices"] = EVERYBODY
    decision = rollout.run()
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 60)
    assert versions(account.sim) == {"B": 60}
    pilot, last, joined = own(account.sim)
    assert set(accepted(joined)) == set(LATE)
    assert [campaign["campaignName"].split(".")[3::2] for campaign in (pilot, last, joined)] == [
        ["w01", "t01", "n18"],
        ["w02", "t01", "n35"],
        ["w02", "t02", "n7"],
    ]
    assert_no_duplicates(account.sim)


def test_a_completed_rollout_takes_late_devices_once_that_is_declared(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, devices=EARLY, waves=WAVES)
    assert rollout.run()["phase"] == "completed"
    rollout.spec["devices"] = EVERYBODY
    assert rollout.run()["phase"] == "completed_with_exceptions"
    assert created(account.sim) == 2
    rollout.spec["late_joiners"] = "last"
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 60}
    assert set(accepted(own(account.sim)[2])) == set(LATE)


def test_devices_that_others_held_meanwhile_are_not_late(account_with: StartAccount) -> None:
    """They were there from the start, and are taken as soon as the others let them go."""
    account = account_with(fleet=fleet(ONE))
    theirs = foreign_campaign(account, LATE, start="2026-03-20", end="2026-03-21")
    account.sim.advance(hours=1)
    rollout = Rollout(account, ONE, waves=WAVES)
    until_last_wave(rollout)
    assert set(own(account.sim)[1]["devices"]).isdisjoint(LATE)
    assert classes(rollout.run_once(), LATE) == {"busy"}
    stop_campaign(account, theirs)
    decision = rollout.run_once()
    assert classes(decision, LATE) == {"pending"}
    decision = rollout.run()
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 60)
    assert versions(account.sim) == {"B": 60}
    assert_no_duplicates(account.sim)


def test_devices_that_join_before_the_last_wave_begins_are_not_late(
    account_with: StartAccount,
) -> None:
    """The pilot takes its share of them, as it has begun and the last wave has not."""
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, devices=EARLY, waves=WAVES)
    rollout.wait(rollout.run_once(), least=12)
    rollout.spec["devices"] = EVERYBODY
    decision = rollout.run()
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 60)
    assert [len(campaign["devices"]) for campaign in own(account.sim)] == [18, 2, 40]
