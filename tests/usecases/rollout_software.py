# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of software devices (v2), rollouts to them, and what really runs there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    OVER,
    Rollout,
    imei,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    assert_pilot_rule,
)

Row = dict[str, Any]

DEVICES = [imei(0, number) for number in range(40)]
PACKAGES: tuple[Row, ...] = (
    {"name": "meter-1-2", "make": MAKER, "model": "meter", "from": "1.0", "to": "2.0"},
    {"name": "meter-2-3", "make": MAKER, "model": "meter", "from": "2.0", "to": "3.0"},
)
OLD: Row = {"name": "meter-0-1", "version": "1.0"}
BOOT: Row = {"name": "boot", "version": "0.9"}


def software_fleet(
    *,
    items: Iterable[Row] = (BOOT, OLD),
    packages: Iterable[Row] = PACKAGES,
    changed: dict[str, Row] | None = None,
    protocol: Row | None = None,
    subscription: Row | None = None,
    **outcomes: Any,
) -> Row:
    """Forty devices at 1.0, and packages from there to 3.0.

    :param items: what all devices have in their software lists.
    :param changed: members of single devices, by IMEI.
    :param protocol: how devices are reached, if not by HTTP.
    """
    changed = changed or {}
    spoken = protocol or {"protocol": "HTTP"}
    account: Row = {
        "name": ACCOUNT,
        "devices": [
            {
                "deviceId": id_,
                "make": MAKER,
                "model": "meter",
                "softwareList": list(items),
                **spoken,
                **changed.get(id_, {}),
            }
            for id_ in DEVICES
        ],
        "software": [
            {
                "softwareName": package["name"],
                "make": MAKER,
                "model": "meter",
                "distributionType": spoken["protocol"],
                "from": package["from"],
                "to": package["to"],
            }
            for package in packages
        ],
    }
    if subscription:
        account["subscription"] = subscription
    return {"seed": 7, "outcomes": outcomes, "accounts": [account]}


def software(account: Account, version: str = "2.0", **members: Any) -> Rollout:
    """A rollout of software to every device."""
    return Rollout(
        account,
        {},
        **{
            "type": "software",
            "packages": PACKAGES,
            "devices": DEVICES,
            "target": [{"make": MAKER, "model": "meter", "version": version}],
            **members,
        },
    )


def running(account: Account) -> dict[str, int]:
    """How many devices run which version of the meter software, by the simulator's own list."""
    return dict(Counter(device["software"][-1]["version"] for device in account.sim.devices()))


def installed_at(account: Account) -> list[datetime]:
    """When each device has installed the meter software, in order."""
    (known,) = account.sim._service.state.accounts.values()
    times = [device.software[-1].upgraded for device in known.devices.values()]
    return sorted(datetime.fromtimestamp(at, timezone.utc) for at in times if at)


def keep_silent_on_installs(account: Account, *, version: bool) -> None:
    """Let devices install without a trace of when, and of what unless ``version``."""
    hands = account.sim._service.campaigns._attempts
    install = hands._install

    def installed(campaign: Any, device: Any) -> None:
        if version:
            install(campaign, device)
            device.software[-1].upgraded = None

    vars(hands)["_install"] = installed


def writes(account: Account) -> Counter[str]:
    """How often each operation wrote, or tried to."""
    return Counter(account.writes())


def run_and_watch(rollout: Rollout, *, hours: float) -> Row:
    """Run at a steady pace, and judge what the service holds after each run."""
    for _run in range(100):
        decision = rollout.run_once()
        assert_pilot_rule(rollout.sim)
        if decision["phase"] in OVER:
            break
        rollout.sim.advance(hours=hours)
    assert_no_duplicates(rollout.sim)
    return decision
