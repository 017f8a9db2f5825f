# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate of a wave would have said before, so that a halt does not lift itself.

The devices of a cohort count until it has failed. What was too many before stays too many, whatever
succeeds or fails afterwards and however rare the runs were.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from ..declaration.spec import Wave
from ..placement.rollout_device import LEFT, RolloutDevice
from .device_outcomes import find_result
from .gate import Moment, failures_allowed
from .statistics import FailureTest, Result, list_changes


@dataclass(frozen=True)
class Hindsight:
    """What was so at some moment, at the first one; None: at none.

    :ivar too_many: failures were too many to believe in the tolerated rate.
    :ivar over_limit: there were more failures than tolerated.
    """

    too_many: Moment | None = None
    over_limit: Moment | None = None


@dataclass
class _Part:
    """Devices that leave the numbers of a wave at one moment, or never: counts up to a moment."""

    members: int = 0
    attempted: int = 0
    failures: int = 0
    results: list[Result] = field(default_factory=list)


def look_back(wave: Wave, rows: Iterable[RolloutDevice]) -> Hindsight:
    """Judge a wave at every moment at which one of its devices failed."""
    parts: dict[datetime | None, _Part] = {}
    for row in rows:
        part = parts.setdefault(row.halted, _Part())
        part.members += row.outcome.kind not in LEFT
        result = find_result(row)
        if result is not None:
            part.results.append(result)
    changes = [(change, part) for part in parts.values() for change in list_changes(part.results)]
    changes.sort(key=lambda entry: entry[0].at)
    test = None if wave.gate.max_failures is not None else FailureTest({wave.number: wave.gate})
    too_many = over_limit = None
    for moment, together in groupby(changes, key=lambda entry: entry[0].at):
        more = 0
        for change, part in together:
            part.attempted += change.attempted
            part.failures += change.failures
            more += change.failures
        if more <= 0:
            continue
        sound = [part for until, part in parts.items() if until is None or until > moment]
        failures = sum(part.failures for part in sound)
        attempted = sum(part.attempted for part in sound)
        members = sum(part.members for part in sound)
        now = Moment(moment, members, attempted, failures)
        if over_limit is None and failures > failures_allowed(wave.gate, members):
            over_limit = now
        if too_many is None and test is not None:
            counts = {wave.number: (attempted, failures)}
            too_many = now if test.is_too_many(counts) else None
    return Hindsight(too_many=too_many, over_limit=over_limit)
