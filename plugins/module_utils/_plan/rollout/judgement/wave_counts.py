# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a wave counted by model, and the wave in one word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..placement.rollout_device import FAILURES, DeviceClass, RolloutDevice
from .gate import GateVerdict
from .waves import WaveState

# Classes of devices that may still be upgraded, or whose result is not proved yet.
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
_WORDS = {
    GateVerdict.PASS: "passed",
    GateVerdict.SKIP: "skipped",
    GateVerdict.SOAK: "soaking",
    GateVerdict.APPROVE: "awaits_approval",
    GateVerdict.HOLD: "held",
    GateVerdict.FAIL: "halted",
}


@dataclass(frozen=True)
class ModelCounts:
    """The devices of one model in a wave; the numbers after ``devices`` add up to it.

    :ivar cohort_halted: a device of the model is in a failed cohort, or has one ahead.
    """

    model: str
    devices: int
    verified: int
    failed: int
    pending: int
    halted: int
    other: int
    cohort_halted: bool


def count_models(rows: Iterable[RolloutDevice]) -> list[ModelCounts]:
    """Count the devices of a wave by model, in the order of the models' names."""
    by_model: dict[str, list[DeviceClass]] = {}
    halted: set[str] = set()
    for row in rows:
        by_model.setdefault(row.target.model, []).append(row.outcome.kind)
        if row.halted is not None:
            halted.add(row.target.model)
    return [
        _count(model, kinds, cohort_halted=model in halted)
        for model, kinds in sorted(by_model.items())
    ]


def _count(model: str, kinds: list[DeviceClass], *, cohort_halted: bool) -> ModelCounts:
    verified, halted = kinds.count(DeviceClass.VERIFIED), kinds.count(DeviceClass.HALTED)
    failed = sum(map(kinds.count, FAILURES))
    pending = sum(map(kinds.count, PENDING))
    other = len(kinds) - verified - failed - pending - halted
    return ModelCounts(
        model, len(kinds), verified, failed, pending, halted, other, cohort_halted=cohort_halted
    )


def wave_word(state: WaveState) -> str:
    """Give the state of a wave in one word."""
    if state.verdict is GateVerdict.WAIT:
        return "running" if state.begun else "next" if state.open else "waiting"
    return _WORDS[state.verdict]
