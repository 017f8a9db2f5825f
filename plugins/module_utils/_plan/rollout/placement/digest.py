# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fingerprint over what a person approves: the declaration, and the wave of each device."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction

from ..declaration.spec import RolloutSpec
from .rollout_device import RolloutDevice

# Not part of the plan: who is selected shows in the waves, a signature does not sign itself, and a
# deadline only informs.
_LEFT_OUT = frozenset(
    {
        *("devices", "approved", "accepted", "require_digest", "remarks", "zones"),
        *("deadline", "model_deadlines"),
    }
)

# An approval must outlive an update. Fields whose names have changed since the first digest, and
# fields that have come since, which are left out as long as they have their defaults.
_SPELLED = {"max_failed_cohort_share": "max_failed_lane_share"}
_ADDED = frozenset({"max_shrink", "test"})


def plan_digest(spec: RolloutSpec, rows: Iterable[RolloutDevice]) -> str:
    """SHA-256 in hex over the normalized declaration, its generations, and the waves of devices.

    It leaves out dates, statuses and actions, so it holds from the first run to the last.
    """
    waves: dict[str, list[str]] = {str(wave.number): [] for wave in spec.waves}
    for row in rows:
        waves[str(row.wave)].append(row.imei)
    plan = {
        field.name: _plain(getattr(spec, field.name))
        for field in fields(spec)
        if field.name not in _LEFT_OUT
    }
    plan["generations"] = sorted(target.generation for target in spec.targets)
    plan["waves of devices"] = {wave: sorted(imeis) for wave, imeis in waves.items()}
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            _SPELLED.get(field.name, field.name): _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _ADDED or getattr(value, field.name) != field.default
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(json.dumps(_plain(item), sort_keys=True) for item in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Fraction, date)):
        return str(value)
    return value
