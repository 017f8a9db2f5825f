# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision as tables: devices by wave and model, and versions against their targets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ..._plan.compliance import Compliance, judge_version
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.judgement.device_outcomes import FAILURES, DeviceClass
from ..._plan.rollout.judgement.gate import GateVerdict
from ..._plan.rollout.judgement.package_evidence import is_halted
from ..._plan.rollout.judgement.waves import WaveState

# What a table calls pending.
PENDING = frozenset(
    {
        DeviceClass.PENDING,
        DeviceClass.SETTLING,
        DeviceClass.REPORTED,
        DeviceClass.ADVANCED,
        DeviceClass.BUSY,
        DeviceClass.UNKNOWN,
        DeviceClass.SILENT,
    }
)


def table(decision: Decision) -> list[dict[str, Any]]:
    """Give the devices by wave and model; the columns after ``planned`` add up to it."""
    rows = []
    for state in decision.waves:
        by_model: dict[str, list[DeviceClass]] = {}
        failed_cohorts: set[str] = set()
        for imei in decision.membership.waves[state.wave.number]:
            member = decision.scope.members[imei]
            by_model.setdefault(member.target.model, []).append(decision.verdicts[imei].kind)
            if is_halted(member, decision.cohorts):
                failed_cohorts.add(member.target.model)
        for model, kinds in sorted(by_model.items()):
            counted = {
                "verified": sum(kind is DeviceClass.VERIFIED for kind in kinds),
                "failed": sum(kind in FAILURES for kind in kinds),
                "pending": sum(kind in PENDING for kind in kinds),
                "halted": kinds.count(DeviceClass.HALTED),
            }
            rows.append(
                {
                    "wave": state.wave.name,
                    "model": model,
                    "planned": len(kinds),
                    **counted,
                    "other": len(kinds) - sum(counted.values()),
                    "state": "cohort halted" if model in failed_cohorts else _state(state),
                }
            )
    return rows


@dataclass(frozen=True, order=True)
class Standing:
    """Where a device stands against the target of its model.

    :ivar word: ``at_target``, ``behind`` (a path leads there), ``no_path``, ``no_target``, or
        ``unknown`` where the service knows no version, or not the device.
    :ivar path: the versions ahead of it, up to the target.
    """

    make: str = ""
    model: str = ""
    version: str = ""
    target: str = ""
    word: str = Compliance.UNKNOWN.value
    path: tuple[str, ...] = ()


class Standings:
    """Finds where devices stand, each version once."""

    def __init__(self, decision: Decision) -> None:
        self._devices = decision.seen.devices
        self._paths = decision.scope.paths
        self._targets = {(one.make, one.model): one for one in decision.spec.targets}
        self._found: dict[tuple[str, str, str], Standing] = {}

    def find(self, imei: str) -> Standing:
        device = self._devices.get(imei)
        if device is None:
            return Standing()
        key = (device.make, device.model, device.firmware)
        if key not in self._found:
            self._found[key] = self._judge(*key)
        return self._found[key]

    def _judge(self, make: str, model: str, version: str) -> Standing:
        target = self._targets.get((make, model))
        if target is None:
            return Standing(make, model, version, word="no_target")
        known = Standing(make, model, version, target.version)
        word = judge_version(version, target.version)
        if word is not Compliance.BEHIND:
            return replace(known, word=word.value)
        path = self._paths.find(target, version)
        if path is None:
            return replace(known, word="no_path")
        ahead = tuple(package.to_version for package in path)
        return replace(known, word=word.value, path=ahead)


def versions(decision: Decision) -> list[dict[str, Any]]:
    """Count which versions run, of all selected or claimed devices, against their targets."""
    standings = Standings(decision)
    counts = Counter(standings.find(imei) for imei in {*decision.verdicts, *decision.scope.out})
    return [
        {
            "make": one.make,
            "model": one.model,
            "version": one.version,
            "target": one.target,
            "standing": one.word,
            "path": list(one.path),
            "devices": count,
        }
        for one, count in sorted(counts.items())
    ]


_STATES = {
    GateVerdict.PASS: "passed",
    GateVerdict.SKIP: "skipped",
    GateVerdict.SOAK: "soaking",
    GateVerdict.APPROVE: "awaits approval",
    GateVerdict.HOLD: "held",
    GateVerdict.FAIL: "halted",
}


def _state(state: WaveState) -> str:
    """One word on a wave for a table."""
    if state.verdict is GateVerdict.WAIT:
        return "running" if state.begun else "next" if state.open else "waiting"
    return _STATES[state.verdict]
