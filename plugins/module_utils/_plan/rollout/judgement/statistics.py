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
from itertools import groupby

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


@dataclass(frozen=True)
class Result:
    """How one attempted device fared, when that came, and in which wave."""

    at: datetime
    wave: int
    failed: bool


def _at(result: Result) -> datetime:
    return result.at


def first_too_many(results: Iterable[Result], rates: Mapping[int, Fraction]) -> datetime | None:
    """Give the first moment at which failures were too many; later successes change nothing.

    :param rates: the failure rate tolerated in each wave; a moment is judged by that of the newest
        wave with a result.
    """
    failures = attempted = newest = 0
    in_time = sorted(results, key=_at)
    for moment, group in groupby(in_time, key=_at):
        before = failures
        for result in group:
            attempted += 1
            failures += result.failed
            newest = max(newest, result.wave)
        if failures > before and fails_too_often(failures, attempted, rates[newest]):
            return moment
    return None


def stops_at(rate: Fraction, *, up_to: int) -> list[tuple[int, int]]:
    """Give how a cohort stops: ``(failures, attempted)``, so many failures among at most so many.

    :param up_to: the most failures to give.
    """
    found = []
    for failures in range(1, up_to + 1):
        # The more are attempted, the less remarkable are so many failures.
        among = range(failures, _MOST_ATTEMPTED + 1)
        too_few = bisect_left(
            among, x=True, key=lambda count: not fails_too_often(failures, count, rate)
        )
        if too_few:
            found.append((failures, among[too_few - 1]))
    return found


def rate_ruled_out(attempted: int) -> float:
    """The failure rate that no failure among ``attempted`` rules out with 95 % confidence."""
    return 1.0 if attempted < 1 else 1 - float(SIGNIFICANCE) ** (1 / attempted)
