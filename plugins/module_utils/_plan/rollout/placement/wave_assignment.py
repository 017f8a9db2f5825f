# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which wave each device is in: the same on every controller, at every hour, in every order.

Devices stand in line by a hash of rollout and IMEI. A device that one of our campaigns has keeps
its wave for good; all others are assigned again at every run.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...._model.text import count
from ...refusal import PlanRefused
from ..declaration.campaign_names import place_in_line
from ..declaration.spec import RolloutSpec, Wave, WaveKind
from .rollout_device import RolloutDevice

Stratum = tuple[str, ...]
"""What a pilot should cover: make, model, version, and the values of the declared variables."""


@dataclass(frozen=True)
class WaveAssignment:
    """The wave of every device in scope, and what the pilots could not cover.

    :ivar rows: in the order in which they came.
    :ivar line: places of the rows in the order in which devices stand in line.
    :ivar left_out: by wave, the strata of the scope that no device of a pilot stands for.
    :ivar undeclared: waves of our campaigns that are declared no more; their devices are put into
        the last wave.
    """

    rows: tuple[RolloutDevice, ...]
    line: tuple[int, ...]
    left_out: dict[int, tuple[Stratum, ...]]
    undeclared: tuple[PlanRefused, ...]


def assign_waves(
    spec: RolloutSpec, rows: Sequence[RolloutDevice], *, late: Collection[str] = ()
) -> WaveAssignment:
    """Give every device in scope exactly one wave.

    :param late: devices of the last wave, whatever the sizes of the waves are.
    """
    keys = [place_in_line(spec.name, row.imei) for row in rows]
    line = sorted(range(len(rows)), key=keys.__getitem__)
    seated: dict[int, list[RolloutDevice]] = {wave.number: [] for wave in spec.waves}
    free: dict[str, RolloutDevice] = {}
    undeclared: set[int] = set()
    last = spec.waves[-1].number
    for place in line:
        row = rows[place]
        if row.imei in late:
            seated[last].append(row)
        elif row.history is None:
            free[row.imei] = row
        else:
            undeclared |= {row.history.wave} - seated.keys()
            seated.get(row.history.wave, seated[last]).append(row)
    left_out = _fill(spec, rows, seated, free)
    waves = {row.imei: number for number, members in seated.items() for row in members}
    return WaveAssignment(
        rows=tuple(row.in_wave(waves[row.imei]) for row in rows),
        line=tuple(line),
        left_out=left_out,
        undeclared=tuple(
            PlanRefused(
                f"rollout {spec.name}",
                f"campaigns of wave {wave} exist, and the declaration has only"
                f" {count(len(spec.waves), 'wave')}",
                hint="declare the waves that the rollout began with; a new plan needs a new name",
            )
            for wave in sorted(undeclared)
        ),
    )


def _fill(
    spec: RolloutSpec,
    rows: Sequence[RolloutDevice],
    seated: dict[int, list[RolloutDevice]],
    free: dict[str, RolloutDevice],
) -> dict[int, tuple[Stratum, ...]]:
    """Fill the waves from the free devices: groups first, then one wave after the other.

    :returns: by wave, the strata that its pilot could not cover.
    """
    for wave in spec.waves:
        if wave.kind is WaveKind.GROUP:
            chosen = [imei for imei, row in free.items() if wave.group in row.selected.groups]
            _seat(seated[wave.number], free, chosen)
    left_out: dict[int, tuple[Stratum, ...]] = {}
    for wave in spec.waves:
        members = seated[wave.number]
        if wave.kind is WaveKind.PER_PACKAGE:
            pilot = _Pilot(wave, members)
            _seat(members, free, pilot.choose(free.values()))
            left_out[wave.number] = pilot.left_out(rows)
        elif wave.kind is not WaveKind.GROUP:
            wanted = _size(wave, len(rows)) - len(members)
            _seat(members, free, list(free)[: max(0, wanted)])
    return left_out


def _seat(seats: list[RolloutDevice], free: dict[str, RolloutDevice], imeis: Iterable[str]) -> None:
    seats += [free.pop(imei) for imei in imeis]


def _size(wave: Wave, scope: int) -> int:
    if wave.kind is WaveKind.REST:
        return scope
    if wave.kind is WaveKind.PERCENT:
        return max(math.ceil(wave.size * scope / 100), wave.at_least)
    return int(wave.size)


class _Pilot:
    """Chooses devices so that few of them stand for many kinds."""

    def __init__(self, wave: Wave, seated: Sequence[RolloutDevice]) -> None:
        self._wave = wave
        self._packages: dict[str, int] = {}
        self._strata: dict[Stratum, int] = {}
        self._count = 0
        for member in seated:
            self._take(member)

    def choose(self, free: Iterable[RolloutDevice]) -> list[str]:
        """Fill every package to its seats, then the wave to ``at_least``."""
        waiting: dict[str, dict[Stratum, list[RolloutDevice]]] = {}
        for member in free:
            strata = waiting.setdefault(member.path.steps[0].name, {})
            strata.setdefault(self._stratum(member), []).append(member)
        chosen: list[str] = []
        for name in sorted(waiting):
            wanted = int(self._wave.size) - self._packages.get(name, 0)
            chosen += self._pick(waiting[name], wanted)
        rest: dict[Stratum, list[RolloutDevice]] = {}
        for strata in waiting.values():
            for stratum, members in strata.items():
                rest.setdefault(stratum, []).extend(members)
        return chosen + self._pick(rest, self._wave.at_least - self._count)

    def left_out(self, scope: Iterable[RolloutDevice]) -> tuple[Stratum, ...]:
        """Strata without a device in the wave."""
        return tuple(sorted({self._stratum(row) for row in scope} - self._strata.keys()))

    def _pick(self, strata: Mapping[Stratum, list[RolloutDevice]], wanted: int) -> list[str]:
        """Take one after the other from the stratum that has the fewest seats so far."""
        chosen: list[str] = []
        while len(chosen) < wanted:
            fewest = min(
                (stratum for stratum, members in strata.items() if members),
                key=lambda stratum: (self._strata.get(stratum, 0), stratum),
                default=None,
            )
            if fewest is None:
                break
            member = strata[fewest].pop(0)
            self._take(member)
            chosen.append(member.imei)
        return chosen

    def _take(self, member: RolloutDevice) -> None:
        stratum, name = self._stratum(member), member.path.steps[0].name
        self._strata[stratum] = self._strata.get(stratum, 0) + 1
        self._packages[name] = self._packages.get(name, 0) + 1
        self._count += 1

    def _stratum(self, member: RolloutDevice) -> Stratum:
        cohort, first = member.cohort, member.path.steps[0]
        values = (member.selected.variables.get(name, "") for name in self._wave.diversity)
        return (cohort.make, cohort.model, first.from_version, *values)
