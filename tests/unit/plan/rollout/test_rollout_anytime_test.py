# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test that stays valid at every look: its values, its edges, and its promise of 5 %."""

from __future__ import annotations

import random
from fractions import Fraction
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.anytime_test import (
    BETS,
    Count,
    find_bets,
    find_stake,
    is_beyond_chance,
)

TOLERATED = st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000)


def stops(rate: str | Fraction, failures: int, attempted: int) -> bool:
    tolerated = Fraction(rate)
    return is_beyond_chance([Count(tolerated, failures, attempted)], find_bets([tolerated]))


@pytest.mark.parametrize(
    ("rate", "failures", "attempted", "stake", "stopped"),
    [
        ("0.1", 0, 0, 1.0, False),
        ("0.1", 2, 2, 12.7, False),
        ("0.1", 3, 3, 53.3, True),
        ("0.1", 3, 5, 20.4, True),
        ("0.1", 6, 20, 12.7, False),
        ("0.1", 7, 20, 49.5, True),
        ("0.05", 4, 20, 11.5, False),
        ("0.05", 5, 20, 50.1, True),
        ("0.2", 3, 3, 17.5, False),  # (8 + 27) / 2, as five times the rate is 1
    ],
)
def test_known_values(
    rate: str, failures: int, attempted: int, stake: float, *, stopped: bool
) -> None:
    tolerated = Fraction(rate)
    found = find_stake([Count(tolerated, failures, attempted)], find_bets([tolerated]))
    assert float(found) == pytest.approx(stake, abs=0.05)
    assert stops(rate, failures, attempted) is stopped


@pytest.mark.parametrize(
    ("rate", "bets"),
    [("0", BETS), ("0.19", BETS), ("0.2", (2, 3)), ("1/3", (2,)), ("0.5", ()), ("1", ())],
)
def test_what_is_bet_on(rate: str, bets: tuple[int, ...]) -> None:
    assert find_bets([Fraction(rate)]) == bets
    assert find_bets([Fraction(1), Fraction(rate)]) == bets


@settings(max_examples=300)
@given(TOLERATED, st.integers(0, 40), st.integers(0, 60))
def test_logarithms_decide_as_fractions_do(rate: Fraction, failures: int, more: int) -> None:
    counts = [Count(rate, failures, failures + more)]
    bets = find_bets([rate])
    assert is_beyond_chance(counts, bets) is (find_stake(counts, bets) >= 20)


@settings(max_examples=200)
@given(TOLERATED, TOLERATED, st.integers(0, 20), st.integers(0, 30))
def test_waves_of_one_rate_count_as_one(
    rate: Fraction, other: Fraction, failures: int, attempted: int
) -> None:
    both = [Count(rate, failures, failures + attempted), Count(rate, 2, 9)]
    together = [Count(rate, failures + 2, failures + attempted + 9)]
    bets = find_bets([rate, other])
    assert find_stake(both, bets) == find_stake(together, bets)
    # A result weighs what its own wave makes of it: the product, in whatever order.
    mixed = [Count(rate, failures, failures + attempted), Count(other, 1, 4)]
    assert find_stake(mixed, bets) == find_stake(mixed[::-1], bets)


@settings(max_examples=200)
@given(TOLERATED, st.integers(0, 20), st.integers(0, 40))
def test_a_fair_game(rate: Fraction, failures: int, more: int) -> None:
    """At the tolerated rate the stake neither grows nor shrinks on average, by one more result."""
    attempted, bets = failures + more, find_bets([rate])
    stake = find_stake([Count(rate, failures, attempted)], bets)
    worse = find_stake([Count(rate, failures + 1, attempted + 1)], bets)
    better = find_stake([Count(rate, failures, attempted + 1)], bets)
    assert rate * worse + (1 - rate) * better == stake
    if bets:
        assert better < stake < worse


def test_a_limit_that_is_met_exactly_stops() -> None:
    """The limit is met by no whole numbers; one that nearly is must be decided by fractions."""
    rate = Fraction(1, 3)  # only twice the rate: 2^k * (1/2)^(n-k)
    assert find_stake([Count(rate, 5, 5)], (2,)) == 32
    assert not is_beyond_chance([Count(rate, 5, 6)], (2,))
    assert log(32) > log(20) > log(16)


@pytest.mark.parametrize("rate", ["0.05", "0.1", "0.3"])
def test_at_the_tolerated_rate_one_in_twenty_ever_stops(rate: str) -> None:
    """Looked at after each of 300 devices, in 1 500 rollouts of a seed."""
    dice, tolerated = random.Random(20260401), float(Fraction(rate))
    limits: dict[tuple[int, int], bool] = {}
    stopped = 0
    for _rollout in range(1500):
        failures = 0
        for attempted in range(1, 301):
            if dice.random() >= tolerated:
                continue
            failures += 1
            known = (failures, attempted)
            if known not in limits:
                limits[known] = stops(rate, *known)
            if limits[known]:
                stopped += 1
                break
    assert 0 < stopped <= 0.05 * 1500
