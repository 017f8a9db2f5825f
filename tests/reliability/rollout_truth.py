# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of any rollout at any moment, judged by what the simulator holds.

What a run says is used for one thing only: which device it puts into which wave.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.recorded import (
    read_run,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    SWEEP_WAVE,
    CampaignName,
    generation,
    parse_name,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
    Wave,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.recheck import (
    recheck,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import MAKER
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    OVER,
    assert_pilot_rule,
    live,
    own,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_watch import (
    assert_in_one_campaign,
)

Row = dict[str, Any]
SUCCESS = "UpgradeSuccess"
HIDDEN = "CampaignPreScheduled"


def name_of(campaign: Row) -> CampaignName:
    """What the name of one of our campaigns says."""
    name = parse_name(campaign["campaignName"])
    assert name is not None
    return name


def assert_each_step_once(sim: SimulatorServer, *, retry: int) -> None:
    """No device is in two live campaigns, none is tried more often than declared, or needlessly.

    :param retry: the most that was ever declared.
    """
    assert_in_one_campaign(sim)
    tried: dict[tuple[str, str, str], list[str]] = {}
    for campaign in own(sim):
        for imei, entry in campaign["devices"].items():
            if entry["attempts"]:
                key = (name_of(campaign).generation, imei, campaign["package"])
                tried.setdefault(key, []).append(entry["status"])
    for key, words in tried.items():
        assert len(words) <= 1 + retry, f"{key} was attempted in {len(words)} campaigns: {words}"
        assert SUCCESS not in words[:-1], f"{key} was attempted again after a success"


def assert_single_names(sim: SimulatorServer, spec: RolloutSpec) -> None:
    """No name of a declared target lives twice, but where it is too late to stop one."""
    declared = {target.generation for target in spec.targets}
    names = Counter(
        campaign["campaignName"]
        for campaign in live(own(sim))
        if name_of(campaign).generation in declared
        and not campaign["started"]
        and not _is_hidden(sim, campaign)
    )
    assert [name for name, count in names.items() if count > 1] == []


def assert_limits(sim: SimulatorServer, created: Collection[Row], spec: RolloutSpec) -> None:
    """What a run has created keeps the limits that are declared, and the pilot rule."""
    assert_pilot_rule(sim)
    most = spec.limits.max_exposure
    if created and most is not None:
        assert _touchable(sim) <= most, f"{_touchable(sim)} devices can change, not {most}"
    for campaign in created:
        assert len(campaign["devices"]) <= spec.limits.max_campaign_devices


def _touchable(sim: SimulatorServer) -> int:
    """How many devices the campaigns that reports show can still touch."""
    return len(
        {
            imei
            for campaign in live(own(sim))
            if not _is_hidden(sim, campaign)
            for imei, entry in campaign["devices"].items()
            if not entry["settled"]
        }
    )


def _is_hidden(sim: SimulatorServer, campaign: Row) -> bool:
    """No report shows it now, and nobody can be blamed for what he cannot see."""
    return sim.switches["prescheduled"] == "hidden" and campaign["status"] == HIDDEN


def assert_braked(sim: SimulatorServer, meant: Callable[[Row], bool]) -> None:
    """Every campaign that is meant, and that reports show, is cancelled or ends as soon as it may."""
    earliest = (sim.now + timedelta(hours=24)).date()
    for campaign in live(own(sim)):
        name, end = campaign["campaignName"], date.fromisoformat(campaign["endDate"])
        if _is_hidden(sim, campaign) or not meant(campaign):
            continue
        assert campaign["started"], f"{name} could be cancelled, and is {campaign['status']}"
        assert end <= earliest, f"{name} could end on {earliest}, and ends on {end}"


def assert_documented(decision: Row, spec: RolloutSpec) -> None:
    """The phase is a documented one, every declared device is in exactly one class, and the verdicts
    follow from what is recorded of them."""
    assert Phase(decision["phase"])
    if "evidence" in decision:
        names = [
            {"action": "create", "name": each["name"]} for each in decision["actions"]["create"]
        ]
        assert list(recheck(read_run({**decision, "actions": names}))) == []
    if decision["phase"] == Phase.OBSERVATION_FAILED.value:
        # What failed is stopped also without the reads that only new campaigns depend on.
        assert not decision["actions"]["create"]
        assert not decision["actions"]["refresh"]
        return
    listed = Counter(device["deviceId"] for device in decision["devices"])
    assert [imei for imei, count in listed.items() if count > 1] == []
    if not decision["blockers"]:
        assert {device.imei for device in spec.devices} <= listed.keys()


class Gates:
    """No wave before its gate, for each generation by itself.

    :param accepts: what people have accepted: names of waves, and the generations it was for.
    """

    def __init__(
        self,
        sim: SimulatorServer,
        spec: RolloutSpec,
        decision: Row,
        accepts: Iterable[tuple[str, frozenset[str]]],
    ) -> None:
        self._spec = spec
        self._targets = {target.model: target.version for target in spec.targets}
        self._generations = {
            model: generation(MAKER, model, version) for model, version in self._targets.items()
        }
        self._accepts = list(accepts)
        self._waves = {device["deviceId"]: device["wave"] for device in decision["devices"]}
        failed = {each["package"] for each in decision["cohorts"] if each["state"] == "failed"}
        halted = {each["deviceId"] for each in decision["devices"] if each["class"] == "halted"}
        self._devices = {device["deviceId"]: device for device in sim.devices()}
        self._entries: dict[str, list[tuple[Row, Row]]] = {}
        for campaign in own(sim):
            for imei, entry in campaign["devices"].items():
                if name_of(campaign).generation in self._generations.values():
                    self._entries.setdefault(imei, []).append((campaign, entry))
        in_failed = {
            imei
            for imei, entries in self._entries.items()
            if any(campaign["package"] in failed for campaign, _entry in entries)
        }
        self._left_out = halted | in_failed

    def check(self, created: Iterable[Row]) -> int:
        """Check every wave before those of new campaigns; gives how many gates these were."""
        gates = {
            (earlier, name.generation, name.wave)
            for campaign in created
            if (name := name_of(campaign)).wave != SWEEP_WAVE and name.attempt == 1
            for earlier in self._spec.waves[: name.wave - 1]
        }
        for earlier, generation_, number in gates:
            if not self._is_accepted(earlier, generation_):
                self._check(earlier, generation_, number)
        return len(gates)

    def _is_accepted(self, wave: Wave, generation_: str) -> bool:
        return any(
            name == wave.name and generation_ in generations for name, generations in self._accepts
        )

    def _check(self, wave: Wave, generation_: str, number: int) -> None:
        members = [
            imei
            for imei, name in self._waves.items()
            if name == wave.name
            and self._is_member(imei)
            and not self._is_accepted(wave, self._generation(imei))
        ]
        good = [imei for imei in members if self._is_good(imei)]
        bad = [imei for imei in members if imei not in good and self._is_done(imei)]
        said = f"wave {number} was begun, and of {len(members)} in wave {wave.name} {len(good)} are"
        said += f" upgraded and {len(bad)} failed"
        gate, attempted = wave.gate, len(good) + len(bad)
        allowed: float = math.ceil(gate.max_failure_rate * len(members))
        allowed = min(allowed, gate.max_failures if gate.max_failures is not None else math.inf)
        assert attempted >= min(gate.min_sample, len(members)), said
        assert attempted >= gate.min_coverage * len(members), said
        assert len(bad) <= allowed, said
        canaries = [imei for imei in members if self._generation(imei) == generation_]
        assert not canaries or any(imei in good or self._is_done(imei) for imei in canaries), (
            f"{said}; none of its generation was tried"
        )

    def _generation(self, imei: str) -> str:
        return self._generations.get(self._devices[imei]["model"], "")

    def _is_member(self, imei: str) -> bool:
        """It is in the account, in no failed cohort, and the service has not refused it."""
        entries = self._entries.get(imei, [])
        refused = [entry for _campaign, entry in entries if _is_refused(entry)]
        return (
            imei in self._devices
            and imei not in self._left_out
            and not (refused and not any(entry["attempts"] for _campaign, entry in entries))
        )

    def _is_good(self, imei: str) -> bool:
        device, entries = self._devices[imei], self._entries.get(imei, [])
        target = self._targets.get(device["model"])
        # What others have upgraded counts as the account has it: nothing was reported of it.
        by_others = not any(entry["attempts"] for _campaign, entry in entries)
        known = device["reported_firmware"] if by_others else device["firmware"]
        return target in (known, device["firmware"]) or any(
            campaign["to"] == target and entry["status"] == SUCCESS for campaign, entry in entries
        )

    def _is_done(self, imei: str) -> bool:
        """It was attempted, and nothing more comes of that: no further step either."""
        device = self._devices[imei]
        further = self._targets.get(device["model"]) != device["firmware"]
        return any(
            entry["attempts"]
            and (entry["settled"] or campaign["status"] in OVER)
            and not (
                entry["status"] == SUCCESS and campaign["to"] == device["firmware"] and further
            )
            for campaign, entry in self._entries.get(imei, [])
        )


def _is_refused(entry: Mapping[str, Any]) -> bool:
    refused = entry["status"] in ("DeviceRejected", "UpgradeFailed") and entry["settled"]
    return refused and not entry["attempts"] and "busy" not in entry["reason"]


def new_campaigns(sim: SimulatorServer, before: Collection[str]) -> list[Row]:
    """Our campaigns but for those of these ids."""
    return [campaign for campaign in own(sim) if campaign["id"] not in before]


def ids(sim: SimulatorServer) -> set[str]:
    return {campaign["id"] for campaign in own(sim)}
