# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate of a wave would have said before, so that a halt does not lift itself.

The devices of a cohort count until it has failed. What was too many before stays too many, whatever
succeeds or fails afterwards and however rare the runs were.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ..declaration.spec import Wave
from ..placement.rollout_device import LEFT, RolloutDevice
from .device_outcomes import find_result
from .gate import failures_allowed
from .statistics import fails_too_often


@dataclass(frozen=True)
class Hindsight:
    """What was so at some moment.

    :ivar too_many: failures were too many to believe in the tolerated rate.
    :ivar over_limit: there were more failures than tolerated.
    """

    too_many: bool = False
    over_limit: bool = False


@dataclass
class _Part:
    """Devices that leave the numbers of a wave at one moment, or never; results in time."""

    members: int = 0
    failures: list[datetime] = field(default_factory=list)
    successes: list[datetime] = field(default_factory=list)


def look_back(wave: Wave, rows: Iterable[RolloutDevice]) -> Hindsight:
    """Judge a wave at every moment at which one of its devices failed."""
    parts: dict[datetime | None, _Part] = {}
    for row in rows:
        part = parts.setdefault(row.halted, _Part())
        part.members += row.outcome.kind not in LEFT
        result = find_result(row)
        if result is not None:
            (part.failures if result.failed else part.successes).append(result.at)
    for part in parts.values():
        part.failures.sort()
        part.successes.sort()
    too_many = over_limit = False
    rate = wave.gate.max_failure_rate
    for moment in sorted({at for part in parts.values() for at in part.failures}):
        sound = [part for until, part in parts.items() if until is None or until > moment]
        failures = sum(bisect_right(part.failures, moment) for part in sound)
        successes = sum(bisect_right(part.successes, moment) for part in sound)
        members = sum(part.members for part in sound)
        over_limit |= failures > failures_allowed(wave.gate, members)
        too_many |= fails_too_often(failures, failures + successes, rate)
    return Hindsight(too_many=too_many, over_limit=over_limit)
