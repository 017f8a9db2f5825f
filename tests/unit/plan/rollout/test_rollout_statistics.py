# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exact binomial test against a plain sum over all ways to fail."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    GateTest,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.statistics import (
    chance_of_at_least,
    fails_too_often,
    rate_ruled_out,
    stops_at,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import gate

RATES = st.fractions(0, 1, max_denominator=200)


def chance(failures: int, attempted: int, rate: Fraction) -> Fraction:
    """P(X >= failures), term by term from the top."""
    return sum(
        (
            comb(attempted, count) * rate**count * (1 - rate) ** (attempted - count)
            for count in range(max(0, failures), attempted + 1)
        ),
        Fraction(0),
    )


@settings(max_examples=150)
@given(st.integers(-1, 42), st.integers(0, 40), RATES)
def test_the_chance_is_exact(failures: int, attempted: int, rate: Fraction) -> None:
    assert chance_of_at_least(failures, attempted, rate) == chance(failures, attempted, rate)


@settings(max_examples=150)
@given(st.integers(0, 40), st.integers(0, 40), RATES)
def test_too_often_is_less_than_one_in_twenty(
    failures: int, attempted: int, rate: Fraction
) -> None:
    expected = chance(failures, attempted, rate) < Fraction(1, 20)
    assert fails_too_often(failures, attempted, rate) is expected


@settings(max_examples=100)
@given(st.integers(0, 30), st.integers(0, 60), RATES)
def test_more_failures_are_worse_and_more_devices_are_better(
    failures: int, attempted: int, rate: Fraction
) -> None:
    p = chance_of_at_least(failures, attempted, rate)
    assert chance_of_at_least(failures + 1, attempted, rate) <= p
    assert chance_of_at_least(failures, attempted + 1, rate) >= p
    assert chance_of_at_least(failures, attempted, (rate + 1) / 2) >= p


@pytest.mark.parametrize(
    ("failures", "attempted", "rate", "stops"),
    [
        # 10 %: the examples that the rule is explained with.
        (1, 1, "0.1", False),  # P = 0.1
        (2, 5, "0.1", False),  # P = 1 - 0.9^5 - 5*0.1*0.9^4 = 1 - 0.59049 - 0.32805 = 0.08146
        (2, 2, "0.1", True),  # P = 0.01
        (2, 3, "0.1", True),  # P = 3*0.01*0.9 + 0.001 = 0.028
        (3, 5, "0.1", True),  # P = 10*0.001*0.81 + 5*0.0001*0.9 + 0.00001 = 0.00856
        (2, 4, "0.1", False),  # P = 1 - 0.6561 - 0.2916 = 0.0523
        # 5 %: one of one is 0.05 exactly, and "less than" is not met at equality.
        (1, 1, "0.05", False),
        (2, 7, "0.05", True),  # P = 1 - 0.95^7 - 7*0.05*0.95^6 = 0.0444
        (2, 8, "0.05", False),  # P = 1 - 0.6634 - 0.2793 = 0.0572
        (1, 5, "0.01", True),  # P = 1 - 0.99^5 = 0.0490
        (1, 6, "0.01", False),  # P = 1 - 0.99^6 = 0.0585
        # Nothing failed, nothing is tolerated, everything is tolerated.
        (0, 0, "0.1", False),
        (0, 50, "0", False),
        (1, 1000, "0", True),
        (50, 50, "1", False),
    ],
)
def test_known_cases(failures: int, attempted: int, rate: str, *, stops: bool) -> None:
    assert fails_too_often(failures, attempted, Fraction(rate)) is stops


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("0.1", [(2, 3), (3, 8), (4, 14)]),
        ("0.05", [(2, 7), (3, 16), (4, 28)]),
        ("0.01", [(1, 5), (2, 35), (3, 82), (4, 137)]),
        ("1", []),
    ],
)
def test_where_the_fixed_test_stops(rate: str, expected: list[tuple[int, int]]) -> None:
    assert stops_at(gate(max_failure_rate=rate, test=GateTest.FIXED), up_to=4) == tuple(expected)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("0.1", [(3, 5), (4, 9), (5, 13), (6, 18)]),
        ("0.05", [(3, 7), (4, 16), (5, 25), (6, 34)]),
        ("0.01", [(3, 31), (4, 75), (5, 120), (6, 167)]),
        ("0.3", [(4, 4), (5, 6), (6, 7)]),
        ("0.5", []),
        ("1", []),
        ("0", [(1, 100_000)]),
    ],
)
def test_where_a_cohort_stops(rate: str, expected: list[tuple[int, int]]) -> None:
    assert stops_at(gate(max_failure_rate=rate), up_to=6) == tuple(expected)


@settings(max_examples=25)
@given(st.integers(2, 100).map(lambda percent: Fraction(percent, 100)), st.integers(1, 5))
def test_where_a_cohort_stops_is_the_edge_of_the_fixed_test(rate: Fraction, up_to: int) -> None:
    fixed = replace(gate(test=GateTest.FIXED), max_failure_rate=rate)
    limits = dict(stops_at(fixed, up_to=up_to))
    assert limits.keys() <= set(range(1, up_to + 1))
    for failures in range(1, up_to + 1):
        if failures in limits:
            assert chance(failures, limits[failures], rate) < Fraction(1, 20)
            assert chance(failures, limits[failures] + 1, rate) >= Fraction(1, 20)
        else:
            assert chance(failures, failures, rate) >= Fraction(1, 20)


@pytest.mark.parametrize(
    ("attempted", "rate"), [(20, 0.139), (59, 0.050), (299, 0.010), (1, 0.95), (0, 1.0)]
)
def test_what_no_failure_proves(attempted: int, rate: float) -> None:
    assert rate_ruled_out(attempted) == pytest.approx(rate, abs=0.0005)
