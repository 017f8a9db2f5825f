# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of failures: decided exactly, by integers and fractions."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from ..declaration.spec import Gate, GateTest
from .anytime_test import Count, estimate_stake, find_bets, is_beyond_chance

Counts = Mapping[int, tuple[int, int]]
"""Attempted devices and failures by wave."""

# A failure rate counts as too high when what was seen is this unlikely under the tolerated one.
SIGNIFICANCE = Fraction(5, 100)
# An estimate this close to it is computed exactly.
_DOUBT = 1e-6
# Beyond so many attempted devices, a failure rate needs no test.
_MOST_ATTEMPTED = 100_000


def chance_of_at_least(failures: int, attempted: int, rate: Fraction) -> Fraction:
    """P(X >= failures) for X failures among ``attempted`` devices that fail at ``rate`` each."""
    if failures <= 0:
        return Fraction(1)
    if rate == 1:
        return Fraction(int(failures <= attempted))
    fail, work = rate.numerator, rate.denominator - rate.numerator
    # The terms below `failures`, over the common denominator; each from the one before, exactly.
    term = work**attempted
    below = 0
    for count in range(min(failures, attempted + 1)):
        below += term
        term = term * (attempted - count) * fail // ((count + 1) * work)
    return 1 - Fraction(below, rate.denominator**attempted)


def chance_among(failures: int, chosen: int, all_failures: int, everything: int) -> float:
    """P(X >= failures) among so many ``chosen`` at random of ``everything`` (hypergeometric).

    :param all_failures: of ``everything``. In floating point, as it tells and decides nothing.
    """
    others = everything - all_failures
    chance = 0.0
    for count in range(max(failures, chosen - others), min(chosen, all_failures) + 1):
        ways = _log_choose(all_failures, count) + _log_choose(others, chosen - count)
        chance += math.exp(ways - _log_choose(everything, chosen))
    return chance


def _log_choose(among: int, count: int) -> float:
    return math.lgamma(among + 1) - math.lgamma(count + 1) - math.lgamma(among - count + 1)


def fails_too_often(failures: int, attempted: int, rate: Fraction) -> bool:
    """Tell whether ``failures`` of ``attempted`` are too many to believe in ``rate``.

    Decided by a quick estimate where that leaves no doubt, else exactly.
    """
    if failures <= rate * attempted:
        return False
    if not 0 < rate < 1 or failures > attempted:
        return chance_of_at_least(failures, attempted, rate) < SIGNIFICANCE
    chance = _estimate(failures, attempted, rate)
    if abs(chance - float(SIGNIFICANCE)) > _DOUBT:
        return chance < SIGNIFICANCE
    return chance_of_at_least(failures, attempted, rate) < SIGNIFICANCE


def _estimate(failures: int, attempted: int, rate: Fraction) -> float:
    """P(X >= failures) in floating point, for more failures than expected; off by far less than
    ``_DOUBT``, as the terms from there on only get smaller."""
    fail, work = float(rate), float(1 - rate)
    term = math.exp(
        math.lgamma(attempted + 1)
        - math.lgamma(failures + 1)
        - math.lgamma(attempted - failures + 1)
        + failures * math.log(fail)
        + (attempted - failures) * math.log(work)
    )
    chance = 0.0
    for count in range(failures, attempted + 1):
        chance += term
        if term < chance * 1e-15:
            break
        term *= (attempted - count) / (count + 1) * fail / work
    return chance


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempted device fares, and in which wave.

    :ivar begun: from when on it counts as attempted.
    :ivar failed_at: when it failed; None when it has not, or not yet.
    :ivar repaired_at: when it succeeded after all, at another try.
    """

    begun: datetime
    wave: int
    failed_at: datetime | None = None
    repaired_at: datetime | None = None

    @property
    def failed(self) -> bool:
        """It is a failure now."""
        return self.failed_at is not None and self.repaired_at is None


class Change(NamedTuple):
    """What changes in the counts of a wave at one moment."""

    at: datetime
    wave: int
    attempted: int
    failures: int


def list_changes(results: Iterable[Result]) -> list[Change]:
    """Give what results change, in time."""
    changes = []
    for result in results:
        changes.append(Change(result.begun, result.wave, 1, 0))
        if result.failed_at is not None:
            changes.append(Change(result.failed_at, result.wave, 0, 1))
            if result.repaired_at is not None:
                changes.append(Change(result.repaired_at, result.wave, 0, -1))
    changes.sort()
    return changes


class FailureTest:
    """Tells whether failures are too many to believe in the tolerated rates.

    :param gates: of each wave: the rate that it tolerates, and the test that decides.
    :param limits: failures that some waves tolerate at most.
    """

    def __init__(self, gates: Mapping[int, Gate], limits: Mapping[int, int] | None = None) -> None:
        self._gates = gates
        self._limits = limits or {}
        self._bets = find_bets(gate.max_failure_rate for gate in gates.values())

    def is_too_many(self, counts: Counts) -> bool:
        """Judge counts.

        :param counts: ``(attempted, failures)`` by wave, of the waves that have begun; the fixed
            test takes the rate of the newest one.
        """
        for wave, (_attempted, failures) in counts.items():
            if failures > self._limits.get(wave, failures):
                return True
        newest = self._gates[max(counts)]
        if newest.test is GateTest.FIXED:
            attempted, failures = map(sum, zip(*counts.values(), strict=True))
            return fails_too_often(failures, attempted, newest.max_failure_rate)
        return is_beyond_chance(self._by_rate(counts), self._bets)

    def find_first(self, results: Iterable[Result]) -> datetime | None:
        """Give the first moment at which failures were too many; what comes later changes nothing.

        What changes at one moment is judged together.
        """
        return self.replay(results)[0]

    def replay(self, results: Iterable[Result]) -> tuple[datetime | None, Counts]:
        """Give what :meth:`find_first` gives, and the counts at that moment or else now."""
        counts: dict[int, tuple[int, int]] = {}
        for moment, changes in groupby(list_changes(results), key=_at):
            more = 0
            for change in changes:
                attempted, failures = counts.get(change.wave, (0, 0))
                counts[change.wave] = attempted + change.attempted, failures + change.failures
                more += change.failures
            if more > 0 and self.is_too_many(counts):
                return moment, counts
        return None, counts

    def find_stake(self, counts: Counts) -> float | None:
        """Give the stake of the anytime test, as far as a float can; None for the fixed test."""
        if not counts or self._gates[max(counts)].test is GateTest.FIXED:
            return None
        return estimate_stake(self._by_rate(counts), self._bets)

    def _by_rate(self, counts: Counts) -> list[Count]:
        return [
            Count(self._gates[wave].max_failure_rate, failures, attempted)
            for wave, (attempted, failures) in counts.items()
        ]


def _at(change: Change) -> datetime:
    return change.at


@lru_cache(maxsize=128)
def stops_at(gate: Gate, *, up_to: int) -> tuple[tuple[int, int], ...]:
    """Give how a cohort stops: ``(failures, attempted)``, so many failures among at most so many.

    :param up_to: the most failures to give.
    """
    test = FailureTest({1: gate})
    found = []
    for failures in range(1, up_to + 1):
        # The more are attempted, the less remarkable are so many failures.
        among = range(failures, _MOST_ATTEMPTED + 1)
        too_few = bisect_left(
            among,
            x=True,
            key=lambda count: not test.is_too_many({1: (count, failures)}),
        )
        if too_few:
            found.append((failures, among[too_few - 1]))
        if too_few == len(among):
            break
    return tuple(found)


def rate_ruled_out(attempted: int) -> float:
    """The failure rate that no failure among ``attempted`` rules out with 95 % confidence."""
    return 1.0 if attempted < 1 else 1 - float(SIGNIFICANCE) ** (1 / attempted)
