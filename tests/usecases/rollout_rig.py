# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticks of a rollout in process: the brain and the hands as the role puts them together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaign_spec import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.device_firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout import (
    ROLLOUT_OPTIONS,
    inform_on_rollout,
)
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account

MAKER = "Sensors Inc"
OVER = ("completed", "completed_with_exceptions", "held", "halted", "nothing_to_do")


def fleet(
    models: dict[str, int],
    *,
    outcomes: dict[str, Any] | None = None,
    subscription: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A fleet of one maker: so many devices of each model on A, and packages ``<model>-A-B``.

    The IMEI of the n-th device (from 0) of the m-th model is ``imei(m, n)``.
    """
    devices = [
        {
            "deviceId": imei(place, number),
            "make": MAKER,
            "model": model,
            "firmware": "A",
            "protocol": "LWM2M",
        }
        for place, (model, count) in enumerate(models.items())
        for number in range(count)
    ]
    packages = [
        {
            "firmwareName": f"{model}-A-B",
            "make": MAKER,
            "model": model,
            "firmwareFrom": "A",
            "firmwareTo": "B",
            "launchDate": "2026-01-01T00:00:00Z",
            "protocol": "LWM2M",
        }
        for model in models
    ]
    account = {"name": ACCOUNT, "devices": devices, "firmware": packages}
    if subscription:
        account["subscription"] = subscription
    return {"seed": 7, "accounts": [account], "outcomes": outcomes or {}, **more}


def imei(model: int, number: int) -> str:
    """A 15-digit id of a device of ``fleet``."""
    return f"35{model:03}{number:010}"


class Rollout:
    """One declared rollout, ticked from nothing each time.

    :ivar creates: names of all campaigns that its ticks have created.
    """

    def __init__(self, account: Account, models: dict[str, int], **spec: Any) -> None:
        self.account = account
        self.creates: list[str] = []
        self.spec: dict[str, Any] = {
            "name": "meters",
            "target": [{"make": MAKER, "model": model, "version": "B"} for model in models],
            "devices": [
                imei(place, number)
                for place, count in enumerate(models.values())
                for number in range(count)
            ],
            "waves": [
                {"name": "pilot", "per_package": 5, "at_least": 20},
                {"name": "broad", "percent": 25},
                {"name": "all", "rest": True},
            ],
            **spec,
        }

    def decide(self, *, check: bool = False, **params: Any) -> dict[str, Any]:
        """What ``fota_rollout_info`` says now."""
        given = {"rollout": self.spec, "return_devices": "all", "imei_check": "off", **params}
        return self.account.run(inform_on_rollout, ROLLOUT_OPTIONS, check=check, **given)

    def tick(self) -> dict[str, Any]:
        """One tick: decide, refresh and decide again, write. Gives the decision."""
        decision = self.decide()
        if decision["actions"]["refresh"]:
            self.account.run(
                refresh_device_firmware,
                DEVICE_FIRMWARE_OPTIONS,
                devices=decision["actions"]["refresh"],
                imei_check="off",
            )
            decision = self.decide()
        for kind in ("cancel", "create"):
            campaigns = decision["actions"][kind]
            if campaigns:
                self.write(campaigns)
                self.creates += [one["name"] for one in campaigns if kind == "create"]
        return decision

    def write(self, campaigns: list[dict[str, Any]]) -> dict[str, Any]:
        """Hand campaigns to ``fota_campaign``."""
        filled = [
            {name: option.get("default") for name, option in _CAMPAIGN.items()} | one
            for one in campaigns
        ]
        return self.account.run(
            ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, campaigns=filled, imei_check="off"
        )

    def run(self, *, most: int = 60) -> dict[str, Any]:
        """Tick, jumping to the time that each tick names, until the rollout is over."""
        for _tick in range(most):
            decision = self.tick()
            if decision["phase"] in OVER and not decision["would_change"]:
                return decision
            self.jump_to(decision["next_check_after"])
        raise AssertionError(f"not over after {most} ticks: {decision['msg']}")

    def jump_to(self, moment: str) -> None:
        """Move the virtual clock forward to a time, if that is ahead."""
        if datetime.fromisoformat(moment.replace("Z", "+00:00")) > self.account.sim.now:
            self.account.sim.set_now(moment)


_CAMPAIGN = CAMPAIGN_MODULE_OPTIONS["campaigns"]["options"]
