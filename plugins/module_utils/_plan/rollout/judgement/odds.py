# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely the gates of a rollout stop firmware that fails on so many of the devices.

Computed, not simulated: every device fails by itself, and all of a wave are attempted. What gates
decide never depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from ..declaration.spec import Gate, GateTest
from .anytime_test import DECISIVE, find_bets
from .gate import failures_allowed, losses_allowed
from .statistics import FailureTest

# Failure rates for which the chance is given.
RATES = (0.01, 0.02, 0.05, 0.10, 0.20)
# Firmware this good should not be stopped.
GOOD_RATE = 0.02
# Chances that make no practical difference.
_NEGLIGIBLE = 1e-6
_NOTHING = 1e-12
# Devices after which the test is left out if it still makes a difference: the number decides then.
_MOST_TESTED = 4000
_STRIDE = 64
_NEVER = 10**9


def chance_of_stop(gate: Gate, members: int, rate: float) -> float:
    """Give the chance that a gate stops firmware that fails at ``rate``, 0 to 1."""
    return _chance_of_stop(gate, members, rate) if members else 0.0


def chance_of_needless_stop(gates: Iterable[tuple[Gate, int]]) -> float:
    """Give the chance that one gate of a rollout stops firmware that fails at ``GOOD_RATE``.

    :param gates: of each wave, with its members.
    """
    passes = (1 - chance_of_stop(gate, members, GOOD_RATE) for gate, members in gates)
    return 1 - math.prod(passes)


@lru_cache(maxsize=512)
def _chance_of_stop(gate: Gate, members: int, rate: float) -> float:
    limit = _most_failures(gate, members)
    alive = _Alive(1, 0, 0, [1.0])
    if gate.max_failures is None:
        # Big waves differ in what follows the test only.
        alive = _follow_test(gate, rate, min(members, _MOST_TESTED), _MOST_TESTED)
        if alive.too_many > limit:
            alive = _follow_test(gate, rate, members, limit)
    if sum(alive.chances) < _NEGLIGIBLE:
        return 1.0
    passes = _chances_of_at_most(
        limit - alive.least, len(alive.chances), members - alive.attempted, rate
    )
    return min(1.0, max(0.0, 1 - sum(map(float.__mul__, alive.chances, passes))))


class _Alive(NamedTuple):
    """Where a wave may be that nothing has stopped yet.

    :ivar too_many: failures that stop it by now.
    :ivar chances: of ``least`` failures, of one more, and so on.
    """

    too_many: int
    attempted: int
    least: int
    chances: list[float]


@lru_cache(maxsize=128)
def _follow_test(gate: Gate, rate: float, most: int, limit: int) -> _Alive:
    """Follow the chances of every number of failures, one device after the other.

    It ends after ``most`` devices, or once the test can hardly stop anything more: then the rest
    is a matter of the number of failures at the end.
    """
    too_many = _TooMany(gate)
    least, chances, attempted = 0, [1.0], 0
    while chances and too_many.failures <= limit and attempted < min(most, _MOST_TESTED):
        attempted += 1
        too_many.advance()
        worse = [chance * rate for chance in chances]
        same = [chance * (1 - rate) for chance in chances]
        chances = [same[0], *map(float.__add__, same[1:], worse), worse[-1]]
        del chances[max(0, min(too_many.failures, limit + 1) - least) :]
        while chances and chances[-1] < _NOTHING:
            chances.pop()
        while chances and chances[0] < _NOTHING:
            del chances[0]
            least += 1
        if attempted % _STRIDE == 0 and too_many.find_chance(least, chances, rate) < _NEGLIGIBLE:
            break
    return _Alive(too_many.failures, attempted, least, chances)


def _most_failures(gate: Gate, members: int) -> int:
    """Give the most failures with which a wave passes when all its members were attempted."""
    most = failures_allowed(gate, members)
    if gate.min_success_rate is None:
        return min(most, losses_allowed(gate, members))
    return min(most, members - math.ceil(gate.min_success_rate * members))


class _TooMany:
    """The fewest failures that the test of a gate finds too many, device after device.

    :ivar failures: so many, of the devices so far.
    """

    def __init__(self, gate: Gate) -> None:
        self.failures = 0
        self._rate = float(gate.max_failure_rate)
        self._test = FailureTest({1: gate}) if gate.test is GateTest.FIXED else None
        self._attempted = 0
        bets = find_bets([gate.max_failure_rate]) if 0 < self._rate < 1 else ()
        # What is left of the stake of each bet after a success, and the stakes themselves.
        self._kept = {bet: (1 - bet * self._rate) / (1 - self._rate) for bet in bets}
        self._stakes = dict.fromkeys(bets, 1.0 / len(bets) if bets else 0.0)
        self._raise_failures()

    def advance(self) -> None:
        """Count one device more."""
        self._attempted += 1
        for bet, kept in self._kept.items():
            self._stakes[bet] *= kept
        self._raise_failures()

    def find_chance(self, least: int, alive: Sequence[float], rate: float) -> float:
        """Give what the chance to be stopped by the test from here on is at most.

        :param alive: the chances of ``least`` failures, one more, and so on.
        """
        if self._test or rate > self._rate:
            return sum(alive)
        found = 0.0
        for bet, stake in self._stakes.items():
            factor = bet / self._kept[bet]
            value = stake * factor ** (least - self.failures)
            for chance in alive:
                found += chance * value
                value *= factor
        return found / DECISIVE

    def _raise_failures(self) -> None:
        if self._test:
            while self.failures <= self._attempted and not self._test.is_too_many(
                {1: (self._attempted, self.failures)}
            ):
                self.failures += 1
            return
        if not self._kept:
            self.failures = _NEVER
        while self._kept and sum(self._stakes.values()) < DECISIVE:
            self.failures += 1
            for bet, kept in self._kept.items():
                self._stakes[bet] *= bet / kept


def _chances_of_at_most(most: int, count: int, attempted: int, rate: float) -> list[float]:
    """Give the chances of at most ``most`` failures, of one less, and so on, ``count`` of them."""
    if most >= attempted and count <= most - attempted + 1:
        return [1.0] * count
    fail, work = math.log(rate), math.log1p(-rate)
    mean, reach = attempted * rate, 40 + 10 * math.sqrt(attempted * rate)
    low, high = max(0, int(mean - reach)), min(attempted, int(mean + reach))
    below, sums = 0.0, []
    for failures in range(low, high + 1):
        ways = math.lgamma(attempted + 1) - math.lgamma(failures + 1)
        ways -= math.lgamma(attempted - failures + 1)
        below += math.exp(ways + failures * fail + (attempted - failures) * work)
        sums.append(below)
    return [
        0.0 if most - place < low else 1.0 if most - place > high else sums[most - place - low]
        for place in range(count)
    ]
