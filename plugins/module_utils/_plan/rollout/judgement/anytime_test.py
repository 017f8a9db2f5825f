# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test of failures that stays valid however often it is looked at.

It is an e-process: a bet that firmware fails at 2, 3 or 5 times the tolerated rate, whose stake
grows with every failure and shrinks with every success. Firmware at or below the tolerated rate
has a chance of at most 1 in 20 that the stake ever grows to 20 times what it was (Ville).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

# Multiples of the tolerated rate that are bet on, each with the same part of the stake.
BETS = (2, 3, 5)
# Stake from which on failures are too many: one in twenty, which is 95 % confidence.
DECISIVE = 20
# Logarithms this close to the limit do not decide.
_DOUBT = 1e-6
# Floats end a little above e to this.
_LARGEST_LOGARITHM = 700


class Count(NamedTuple):
    """Failures among attempted devices where one rate is tolerated."""

    rate: Fraction
    failures: int
    attempted: int


def find_bets(rates: Iterable[Fraction]) -> tuple[int, ...]:
    """Give the multiples to bet on: those that are below 1 for one of the tolerated rates.

    None is left where half of all devices may fail: failures are then limited by number only.
    """
    least = min(rates, default=Fraction(1))
    return tuple(bet for bet in BETS if bet * least < 1)


def is_beyond_chance(counts: Sequence[Count], bets: Sequence[int]) -> bool:
    """Tell whether failures are too many to believe in the tolerated rates.

    Where none are tolerated, the first one is. Decided by logarithms where these leave no doubt,
    else exactly.

    :param bets: of all rates that can ever be among ``counts``, as a bet must not be chosen later.
    """
    if any(count.failures and not count.rate for count in counts):
        return True
    if not bets or not any(count.failures for count in counts):
        return False
    stake = _log_mean_stake(counts, bets)
    if abs(stake - math.log(DECISIVE)) > _DOUBT:
        return stake > math.log(DECISIVE)
    return find_stake(counts, bets) >= DECISIVE


def find_stake(counts: Sequence[Count], bets: Sequence[int]) -> Fraction:
    """Give the stake exactly, 1 before the first result; no rate may be 0."""
    stakes = []
    for bet in bets:
        stake = Fraction(1)
        for rate, failures, attempted in counts:
            if bet * rate < 1:
                kept = (1 - bet * rate) / (1 - rate)
                stake *= bet**failures * kept ** (attempted - failures)
        stakes.append(stake)
    return sum(stakes, Fraction(0)) / len(stakes) if stakes else Fraction(1)


def estimate_stake(counts: Sequence[Count], bets: Sequence[int]) -> float:
    """Give the stake as a float; infinite where it is too large for one."""
    if any(count.failures and not count.rate for count in counts):
        return math.inf
    stake = _log_mean_stake(counts, bets) if bets else 0.0
    return math.exp(stake) if stake < _LARGEST_LOGARITHM else math.inf


def _log_mean_stake(counts: Sequence[Count], bets: Sequence[int]) -> float:
    stakes = [sum(_log_stake(bet, count) for count in counts) for bet in bets]
    most = max(stakes)
    return most + math.log(sum(math.exp(each - most) for each in stakes) / len(bets))


def _log_stake(bet: int, count: Count) -> float:
    """Where the multiple of a rate is none, the bet waits."""
    kept = log_kept(bet, count.rate)
    if kept is None:
        return 0.0
    return count.failures * math.log(bet) + (count.attempted - count.failures) * kept


@lru_cache(maxsize=512)
def log_kept(bet: int, rate: Fraction) -> float | None:
    """Logarithm of the part of the stake that is left after a success; None: there is no bet."""
    return math.log1p(float((1 - bet) * rate / (1 - rate))) if bet * rate < 1 else None
