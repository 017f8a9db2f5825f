# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that do not answer: when they were last seen, and what is read to say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rollout.devices import (
    device_rows,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import report_lines
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, imei
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    DEVICES,
    software,
    software_fleet,
)

StartAccount = Callable[..., Account]

CHECK_INS = "v2GetCheckInHistory"


def devices_of(decision: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {device["deviceId"]: device for device in decision["devices"]}


def calls(account: Account) -> Counter[str]:
    return Counter(call["operation"] for call in account.sim.journal())


def run_until_some_are(kind: str, rollout: Rollout) -> None:
    """Run until some devices are of a class."""
    for _run in range(80):
        decision = rollout.run_once()
        if decision["counts"].get(kind):
            return
        rollout.wait(decision, hours=12)
    raise AssertionError(f"no device is {kind}")


def test_a_silent_device_says_when_it_was_last_seen(account_with: StartAccount) -> None:
    """The list of devices says it, so nothing else is read."""
    silent = imei(0, 3)
    account = account_with(fleet=fleet({"alpha": 8}, outcomes={"devices": {silent: "silent"}}))
    waves = [{"name": "all", "rest": True, "days": 9}]
    rollout = Rollout(account, {"alpha": 8}, waves=waves)
    run_until_some_are("silent", rollout)
    account.sim.advance(hours=48)
    account.sim.clear_journal()
    decision = rollout.decide()
    found = devices_of(decision)[silent]
    assert (found["class"], found["contact"]) == ("silent", "last seen 3 days ago")
    assert calls(account)["v3GetDeviceHistory"] == 0
    assert any("(last seen 3 days ago)" in line for line in report_lines(decision))
    (row,) = (row for row in device_rows(decision) if row["deviceId"] == silent)
    assert row["reason"].endswith("; last seen 3 days ago")


def test_a_pending_device_says_when_its_next_attempt_is(account_with: StartAccount) -> None:
    account = account_with(
        fleet=fleet({"alpha": 8}, outcomes={"default": {"hours_to_update": [40, 60]}})
    )
    rollout = Rollout(account, {"alpha": 8}, waves=[{"name": "all", "rest": True}])
    rollout.run_once()
    account.sim.advance(hours=30)
    contacts = {device["contact"] for device in rollout.decide()["devices"]}
    assert len(contacts) > 1
    assert all(text.startswith("next attempt at 2026-03-0") for text in contacts), contacts


def test_check_ins_are_read_where_the_list_says_nothing(account_with: StartAccount) -> None:
    """They are read for devices that were not reached only, and never to decide."""
    unreached = DEVICES[0]
    account = account_with(fleet=software_fleet(devices={unreached: "unreached"}))
    rollout = software(account)
    account.sim.advance(hours=100)
    account.sim.clear_journal()
    rollout.run_once()
    assert calls(account)[CHECK_INS] == 0
    run_until_some_are("unreached", rollout)
    account.sim.clear_journal()
    decision = rollout.decide()
    assert calls(account)[CHECK_INS] == 1
    contact = devices_of(decision)[unreached]["contact"]
    assert contact.startswith("last check-in "), contact
    assert contact.endswith(": Success")
    account.sim.faults([{"operation": CHECK_INS, "fault": "xml_403", "times": 99}])
    without = rollout.decide()
    assert devices_of(without)[unreached]["contact"] == ""
    assert {**without, "devices": []} == {**decision, "devices": []}


def test_few_check_ins_are_read_and_none_where_something_is_to_be_stopped(
    account_with: StartAccount,
) -> None:
    """The first 20 devices were not reached, and others are in the next campaign."""
    account = account_with(fleet=software_fleet(devices=dict.fromkeys(DEVICES, "unreached")))
    rollout = software(account, waves=[{"name": "all", "rest": True}])
    run_until_some_are("unreached", rollout)
    account.sim.clear_journal()
    assert rollout.decide()["counts"]["unreached"] == 20
    assert calls(account)[CHECK_INS] == 10
    account.sim.clear_journal()
    assert rollout.decide(state="halted")["would_change"]
    assert calls(account)[CHECK_INS] == 0
