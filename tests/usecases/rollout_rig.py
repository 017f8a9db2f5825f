# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a rollout in process: the brain and the hands as the role puts them together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import yaml

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.ensure import (
    LICENSE_OPTIONS,
    ensure_licenses,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    ROLLOUT_OPTIONS,
    inform_on_rollout,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import plan_lines
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account

MAKER = "Sensors Inc"
# Rollouts that decide by their first numbers and try each device once, unless a test asks for more.
ONE_LOOK_ONE_TRY: dict[str, Any] = {
    "gate": {"soak_hours": 0, "approval": False},
    "retry": 0,
    "sweep": False,
}
OVER = ("completed", "completed_with_exceptions", "held", "halted", "nothing_to_do")


def imei(model: int, number: int) -> str:
    """The 15-digit id of the n-th device (from 0) of the m-th model of a fleet."""
    return f"35{model:03}{number:010}"


def imeis(models: dict[str, int]) -> list[str]:
    """All devices of a fleet, model by model."""
    return [
        imei(place, number)
        for place, count in enumerate(models.values())
        for number in range(count)
    ]


def device(id_: str, model: str, version: str = "A", **more: Any) -> dict[str, Any]:
    """A device as fleet files have it."""
    return {
        "deviceId": id_,
        "make": MAKER,
        "model": model,
        "firmware": version,
        "protocol": "LWM2M",
        **more,
    }


def package(model: str, before: str = "A", after: str = "B", **more: Any) -> dict[str, Any]:
    """A package as fleet files have it; its name is ``<model>-<before>-<after>``."""
    return {
        "firmwareName": f"{model}-{before}-{after}",
        "make": MAKER,
        "model": model,
        "firmwareFrom": before,
        "firmwareTo": after,
        "launchDate": "2026-01-01T00:00:00Z",
        "protocol": "LWM2M",
        **more,
    }


def fleet(
    models: dict[str, int],
    *,
    outcomes: dict[str, Any] | None = None,
    subscription: dict[str, Any] | None = None,
    packages: Iterable[dict[str, Any]] = (),
    changed: dict[str, dict[str, Any]] | None = None,
    seed: int = 7,
) -> dict[str, Any]:
    """A fleet of one maker: so many devices of each model on A, and packages to B.

    :param packages: packages beside ``<model>-A-B``, listed before those.
    :param changed: members of single devices, by IMEI.
    """
    changed = changed or {}
    account: dict[str, Any] = {
        "name": ACCOUNT,
        "devices": [
            device(imei(place, number), model, **changed.get(imei(place, number), {}))
            for place, (model, count) in enumerate(models.items())
            for number in range(count)
        ],
        "firmware": [*packages, *(package(model) for model in models)],
    }
    if subscription:
        account["subscription"] = subscription
    return {"seed": seed, "accounts": [account], "outcomes": outcomes or {}}


def failed_cohorts(decision: dict[str, Any]) -> list[dict[str, Any]]:
    """The cohorts that have halted."""
    return [cohort for cohort in decision["cohorts"] if cohort["state"] == "failed"]


def offered(decision: dict[str, Any]) -> list[dict[str, Any]]:
    """The accepts that the plan prints, as they are pasted."""
    line = "to continue anyway: "
    texts = [text.removeprefix(line) for text in plan_lines(decision) if text.startswith(line)]
    return [accept for text in texts for accept in yaml.safe_load(text)["accept"]]


class Rollout:
    """One declared rollout, run from nothing each time.

    :ivar created: names of all campaigns that its runs have asked for.
    :ivar phases: the phase of every run.
    :ivar lost_races: how often somebody else created a campaign of the same name meanwhile.
    :ivar refused: how often the service refused to abort or to shorten a campaign.
    """

    def __init__(self, account: Account, models: dict[str, int], **spec: Any) -> None:
        self.account = account
        self.sim = account.sim
        self.created: list[str] = []
        self.phases: list[str] = []
        self.lost_races = 0
        self.refused = 0
        self.spec: dict[str, Any] = {
            "name": "meters",
            "target": [{"make": MAKER, "model": model, "version": "B"} for model in models],
            "devices": imeis(models),
            **ONE_LOOK_ONE_TRY,
            "waves": [
                {"name": "pilot", "per_package": 5, "at_least": 20},
                {"name": "broad", "percent": 25},
                {"name": "all", "rest": True},
            ],
            **spec,
        }

    def decide(self, *, check: bool = False, **params: Any) -> dict[str, Any]:
        """What ``fota_rollout_info`` says now."""
        given = {"rollout": self.spec, "return_devices": "all", **_QUIET, **params}
        return self.account.run(inform_on_rollout, ROLLOUT_OPTIONS, check=check, **given)

    def run_once(self, **params: Any) -> dict[str, Any]:
        """One run: decide, refresh and decide again, write. Gives the decision."""
        decision = self.decide_afresh(**params)
        self.phases.append(decision["phase"])
        return self.carry_out(decision)

    def decide_afresh(self, **params: Any) -> dict[str, Any]:
        """Decide, and once more after a refresh when the first decision asks for one."""
        decision = self.decide(**params)
        if not decision["actions"]["refresh"]:
            return decision
        self.refresh(decision["actions"]["refresh"])
        return self.decide(**params)

    def refresh(self, devices: list[str]) -> None:
        """Have the versions of devices read."""
        self.account.run(
            refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, devices=devices, **_QUIET
        )

    def assign(self, decision: dict[str, Any]) -> dict[str, Any]:
        """Assign licenses; gives the decision, or another one without devices that got none."""
        software = self.spec.get("type") == "software"
        given = {"devices": decision["actions"]["assign"], **_QUIET}
        version = "v2" if software else "v3"
        try:
            self.account.run(ensure_licenses, LICENSE_OPTIONS, api_version=version, **given)
        except TaskFailure as failure:
            if describe_failure(failure)[1]["kind"] != "devices_refused":
                raise
            return self.decide(license_failures=failure.result["devices"])
        return decision

    def carry_out(self, decision: dict[str, Any]) -> dict[str, Any]:
        """Write what a decision says as the role does: cancel, abort, shorten, assign, create.

        Gives the decision that it was, or the one that followed when licenses were refused.
        The service may refuse to abort and to shorten; ``refused`` counts that.
        """
        actions = decision["actions"]
        if actions["cancel"]:
            write_campaigns(self.account, actions["cancel"])
        for one in [*actions["abort"], *actions["shorten"]]:
            try:
                write_campaigns(self.account, [one])
            except TaskFailure:
                self.refused += 1
        if actions["assign"]:
            decision = self.assign(decision)
            actions = decision["actions"]
        if not actions["create"]:
            return decision
        self.created += [one["name"] for one in actions["create"]]
        try:
            write_campaigns(self.account, actions["create"])
        except TaskFailure as failure:
            # Known: of two controllers at once, the slower one is told of the other's campaign.
            if describe_failure(failure)[1]["kind"] != "ambiguous":
                raise
            self.lost_races += 1
        return decision

    def run(
        self, *, hours: float | None = None, least: float = 30, most: int = 60, **params: Any
    ) -> dict[str, Any]:
        """Run until the rollout is over.

        :param hours: between runs; None waits for the time that each run names.
        :param least: hours between runs then; a little over a day, most runs have something to do.
        """
        for _run in range(most):
            decision = self.run_once(**params)
            if decision["phase"] in OVER and not decision["would_change"]:
                return decision
            self.wait(decision, hours=hours, least=least)
        raise AssertionError(f"not over after {most} runs: {decision['msg']}")

    def run_for(self, hours: float, *, every: float = 1) -> dict[str, Any]:
        """Run for some time, whatever the phase; gives the last decision."""
        for _run in range(int(hours / every)):
            decision = self.run_once()
            self.sim.advance(hours=every)
        return decision

    def run_until(self, *phases: str, hours: float = 1, most: int = 200) -> dict[str, Any]:
        """Run at a steady pace until a phase is met; gives that decision."""
        for _run in range(most):
            decision = self.run_once()
            if decision["phase"] in phases:
                return decision
            self.sim.advance(hours=hours)
        raise AssertionError(f"none of {phases} after {most} runs: {decision['msg']}")

    def wait(
        self, decision: dict[str, Any], *, hours: float | None = None, least: float = 0
    ) -> None:
        """Move the virtual clock forward by ``hours``, or to the time that the decision names.

        :param least: hours to wait at least for that time.
        """
        if hours is None:
            now, named = self.sim.now, decision["next_check_after"]
            left = datetime.fromisoformat(named.replace("Z", "+00:00")) - now
            if left <= timedelta(0):
                raise AssertionError(f"{named} is not ahead, so runs would not end")
            hours = max(left / timedelta(hours=1), least)
        self.sim.advance(hours=hours)


def write_campaigns(account: Account, campaigns: list[dict[str, Any]]) -> dict[str, Any]:
    """Hand campaigns to ``fota_campaign``."""
    filled = [
        {name: option.get("default") for name, option in _CAMPAIGN.items()} | one
        for one in campaigns
    ]
    return account.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, campaigns=filled, **_QUIET)


# Made-up IMEIs, and no threads, which a real account deserves: a test makes hundreds of calls.
_QUIET: dict[str, Any] = {"imei_check": "off", "max_connections": 1}
_CAMPAIGN = CAMPAIGN_MODULE_OPTIONS["campaigns"]["options"]
