# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which wave each device is in: the same on every controller, at every hour, in every order.

Devices stand in line by a hash of rollout and IMEI. A device that one of our campaigns has keeps
its wave for good; all others are computed anew at every run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...refusal import PlanRefused
from ..declaration.campaign_names import place_in_line
from ..declaration.spec import RolloutSpec, Wave, WaveKind
from .scope import Member, Scope

Stratum = tuple[str, ...]
"""What a pilot should cover: make, model, version, and the values of the declared variables."""


@dataclass(frozen=True)
class Membership:
    """The wave of every device in scope, and what the pilots could not cover.

    :ivar waves: the devices of each wave by its number, in line.
    :ivar left_out: by wave, the strata of the scope that no device of a pilot stands for.
    """

    waves: dict[int, tuple[str, ...]]
    left_out: dict[int, tuple[Stratum, ...]]


def assign_waves(spec: RolloutSpec, scope: Scope, claims: Mapping[str, int]) -> Membership:
    """Give every device in scope exactly one wave.

    :param claims: waves of devices that our campaigns have.
    :raises PlanRefused: a campaign's wave is declared no more.
    """
    line = sorted(scope.members, key=lambda imei: place_in_line(spec.name, imei))
    seats: dict[int, list[str]] = {wave.number: [] for wave in spec.waves}
    free: dict[str, Member] = {}
    for imei in line:
        claimed = claims.get(imei)
        if claimed is None:
            free[imei] = scope.members[imei]
        elif claimed in seats:
            seats[claimed].append(imei)
        else:
            raise PlanRefused(
                f"rollout {spec.name}",
                f"campaigns of wave {claimed} exist, and only {len(spec.waves)} waves are declared",
                hint="declare the waves that the rollout began with; a new plan needs a new name",
            )
    for wave in spec.waves:
        if wave.kind is WaveKind.GROUP:
            _seat(
                seats[wave.number],
                free,
                [imei for imei, one in free.items() if wave.group in one.selected.groups],
            )
    left_out: dict[int, tuple[Stratum, ...]] = {}
    for wave in spec.waves:
        mine = seats[wave.number]
        if wave.kind is WaveKind.PER_PACKAGE:
            pilot = _Pilot(wave, [scope.members[imei] for imei in mine])
            _seat(mine, free, pilot.choose(free.values()))
            left_out[wave.number] = pilot.left_out(scope.members.values())
        elif wave.kind is not WaveKind.GROUP:
            wanted = _size(wave, len(line)) - len(mine)
            _seat(mine, free, list(free)[: max(0, wanted)])
    order = {imei: place for place, imei in enumerate(line)}
    return Membership(
        waves={number: tuple(sorted(ids, key=order.__getitem__)) for number, ids in seats.items()},
        left_out=left_out,
    )


def _seat(seats: list[str], free: dict[str, Member], imeis: Iterable[str]) -> None:
    for imei in imeis:
        seats.append(imei)
        del free[imei]


def _size(wave: Wave, scope: int) -> int:
    if wave.kind is WaveKind.REST:
        return scope
    if wave.kind is WaveKind.PERCENT:
        return max(math.ceil(wave.size * scope / 100), wave.at_least)
    return int(wave.size)


class _Pilot:
    """Chooses devices so that few of them stand for many kinds."""

    def __init__(self, wave: Wave, seated: Sequence[Member]) -> None:
        self._wave = wave
        self._packages: dict[str, int] = {}
        self._strata: dict[Stratum, int] = {}
        self._count = 0
        for member in seated:
            self._take(member)

    def choose(self, free: Iterable[Member]) -> list[str]:
        """Fill every package to its seats, then the wave to ``at_least``."""
        waiting: dict[str, dict[Stratum, list[Member]]] = {}
        for member in free:
            strata = waiting.setdefault(member.path[0].name, {})
            strata.setdefault(self._stratum(member), []).append(member)
        chosen: list[str] = []
        for name in sorted(waiting):
            wanted = int(self._wave.size) - self._packages.get(name, 0)
            chosen += self._pick(waiting[name], wanted)
        rest: dict[Stratum, list[Member]] = {}
        for strata in waiting.values():
            for stratum, members in strata.items():
                rest.setdefault(stratum, []).extend(members)
        return chosen + self._pick(rest, self._wave.at_least - self._count)

    def left_out(self, scope: Iterable[Member]) -> tuple[Stratum, ...]:
        """Strata without a device in the wave."""
        return tuple(sorted({self._stratum(one) for one in scope} - self._strata.keys()))

    def _pick(self, strata: Mapping[Stratum, list[Member]], wanted: int) -> list[str]:
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

    def _take(self, member: Member) -> None:
        stratum, name = self._stratum(member), member.path[0].name
        self._strata[stratum] = self._strata.get(stratum, 0) + 1
        self._packages[name] = self._packages.get(name, 0) + 1
        self._count += 1

    def _stratum(self, member: Member) -> Stratum:
        cohort, first = member.cohort, member.path[0]
        values = (member.selected.variables.get(one, "") for one in self._wave.diversity)
        return (cohort.make, cohort.model, first.from_version, *values)
