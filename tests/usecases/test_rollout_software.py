# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts of software (v2): no versions in the catalogue, no times in reports, no read on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.sections import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import MAKER, Rollout, imei

StartAccount = Callable[..., Account]

DEVICES = [imei(0, number) for number in range(40)]
PACKAGES = [
    {"name": "meter-1-2", "make": MAKER, "model": "meter", "from": "1.0", "to": "2.0"},
    {"name": "meter-2-3", "make": MAKER, "model": "meter", "from": "2.0", "to": "3.0"},
]


def software_fleet(**outcomes: Any) -> dict[str, Any]:
    """Forty HTTP devices at 1.0, and packages from there to 3.0."""
    return {
        "seed": 7,
        "outcomes": outcomes,
        "accounts": [
            {
                "name": ACCOUNT,
                "devices": [
                    {
                        "deviceId": one,
                        "make": MAKER,
                        "model": "meter",
                        "protocol": "HTTP",
                        "softwareList": [
                            {"name": "boot", "version": "0.9"},
                            {"name": "meter-0-1", "version": "1.0"},
                        ],
                    }
                    for one in DEVICES
                ],
                "software": [
                    {
                        "softwareName": one["name"],
                        "make": MAKER,
                        "model": "meter",
                        "distributionType": "HTTP",
                        "from": one["from"],
                        "to": one["to"],
                    }
                    for one in PACKAGES
                ],
            }
        ],
    }


def software(account: Account, version: str = "2.0", **members: Any) -> Rollout:
    """A rollout of software to every device."""
    rollout = Rollout(account, {"meter": 40}, type="software", packages=PACKAGES, **members)
    rollout.spec["devices"] = DEVICES
    rollout.spec["target"] = [{"make": MAKER, "model": "meter", "version": version}]
    return rollout


def running(account: Account) -> dict[str, int]:
    """How many devices run which version of the meter software, by the simulator's own list."""
    counts: dict[str, int] = {}
    for one in account.sim.state["accounts"][ACCOUNT]["devices"]:
        version = one["softwareList"][-1]["version"]
        counts[version] = counts.get(version, 0) + 1
    return counts


def test_software_is_rolled_out_and_verified_by_the_software_lists(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=software_fleet())
    rollout = software(account, calendar={"windows": ["22:00-04:00"], "timezone": "America/Chicago"})
    first = rollout.decide()["actions"]["create"][0]
    assert first["download_windows"] == first["install_windows"] == [{"start": 4, "end": 10}]
    assert "windows" not in first and "auto_add_devices" not in first
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert decision["counts"]["verified"] == 40
    assert decision["actions"]["refresh"] == []


def test_steps_of_software(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    decision = software(account, "3.0").run()
    assert decision["phase"] == "completed"
    assert {one["package"] for one in decision["campaigns"]} == {"meter-1-2", "meter-2-3"}


def test_software_that_fails_halts(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet(default={"success_rate": 0}))
    decision = software(account).run()
    assert decision["phase"] == "halted"


def test_a_revert_is_a_mismatch(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet(default={"revert_rate": 1}))
    decision = software(account).run()
    print(decision["counts"], decision["why"])
    assert decision["phase"] in ("halted", "held")
