# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The odds of gates: against every way to fail, against simulation, and for big fleets."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from itertools import accumulate, count, pairwise
from math import comb
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Gate,
    GateTest,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    Circumstances,
    GateVerdict,
    Numbers,
    judge,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.odds import (
    GOOD_RATE,
    RATES,
    chance_of_needless_stop,
    chance_of_stop,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    gate,
    read,
    target,
)

PILOT = gate(max_failures=2)
LATER = gate(max_failure_rate="0.05", min_sample=20, min_coverage="0.80")


def gate_stops(limits: Gate, members: int) -> Callable[[int, int], bool]:
    """Ask the gate after so many results and failures, and whether it has passed after the last."""

    @cache
    def stops(attempted: int, failures: int) -> bool:
        numbers = Numbers(
            members=members,
            devices=members,
            verified=attempted - failures,
            failed=failures,
            successes=(NOW,) * (attempted - failures),
        )
        verdict = judge(limits, numbers, Circumstances(now=NOW)).verdict
        ended = attempted == members and verdict is not GateVerdict.PASS
        return verdict is GateVerdict.FAIL or ended

    return stops


def every_way(limits: Gate, members: int, rate: float) -> float:
    """The chance, by following every number of failures through the gate itself."""
    stops = gate_stops(limits, members)
    alive = {0: 1.0}
    for attempted in range(1, members + 1):
        after: dict[int, float] = {}
        for failures, chance in alive.items():
            for bad, part in ((0, 1 - rate), (1, rate)):
                known = failures + bad
                if not stops(attempted, known):
                    after[known] = after.get(known, 0.0) + chance * part
        alive = after
    return 1 - sum(alive.values())


@settings(max_examples=60)
@given(
    st.integers(1, 45),
    st.sampled_from(["0", "0.01", "0.05", "0.1", "0.25", "0.4", "0.6", "1"]),
    st.sampled_from([None, 0, 2, 5]),
    st.sampled_from([None, "0", "0.8", "0.95"]),
    st.sampled_from([0.01, 0.05, 0.2, 0.5]),
    st.sampled_from(GateTest),
)
def test_the_chance_is_exact(
    members: int,
    tolerated: str,
    most: int | None,
    success: str | None,
    rate: float,
    test: GateTest,
) -> None:
    limits = gate(
        max_failure_rate=tolerated,
        max_failures=most,
        min_success_rate=success,
        min_coverage="0",
        min_sample=1,
        test=test,
    )
    found = chance_of_stop(limits, members, rate)
    assert found == pytest.approx(every_way(limits, members, rate), abs=1e-9)


def test_a_pilot_is_a_binomial_limit() -> None:
    """2 of 20 are tolerated: P(X >= 3)."""
    for rate in RATES:
        few = sum(comb(20, bad) * rate**bad * (1 - rate) ** (20 - bad) for bad in range(3))
        assert chance_of_stop(PILOT, 20, rate) == pytest.approx(1 - few, abs=1e-12)


@pytest.mark.parametrize(("members", "rate"), [(60, 0.02), (75, 0.10), (145, 0.05), (800, 0.05)])
def test_odds_against_simulation(members: int, rate: float) -> None:
    """2 000 waves of a seed; 4 standard deviations are 0.045 at most."""
    dice, stops = random.Random(f"{members} {rate}"), gate_stops(LATER, members)
    waves = ([dice.random() < rate for _device in range(members)] for _wave in range(2000))
    stopped = sum(any(map(stops, count(1), accumulate(failed))) for failed in waves)
    assert chance_of_stop(LATER, members, rate) == pytest.approx(stopped / 2000, abs=0.045)


@settings(max_examples=60)
@given(st.integers(0, 3000), st.sampled_from(["0", "0.01", "0.05", "0.2", "0.7"]))
def test_worse_firmware_is_stopped_more_often(members: int, tolerated: str) -> None:
    chances = [chance_of_stop(gate(max_failure_rate=tolerated), members, rate) for rate in RATES]
    assert all(0 <= chance <= 1 for chance in chances)
    assert all(better <= worse + 1e-6 for better, worse in pairwise(chances))
    assert members or chances == [0.0] * len(RATES)


def default_gates(size: int) -> list[tuple[Gate, int]]:
    """The gates of a rollout declared with defaults only, with the members of their waves."""
    waves = read({"name": "r", "target": [target()], "devices": ["350000000000000"]}).waves
    early = min(max(60, -(-size * 5 // 100)), size - 20)
    broad = min(-(-size * 25 // 100), size - 20 - early)
    sizes = (20, early, broad, size - 20 - early - broad)
    return [(wave.gate, members) for wave, members in zip(waves, sizes, strict=True)]


@pytest.mark.parametrize(
    ("size", "most", "expected"), [(50, 0.04, 0.0286), (300, 0.07, 0.0591), (5000, 0.02, 0.0093)]
)
def test_a_rollout_with_defaults_is_seldom_stopped_needlessly(
    size: int, most: float, expected: float
) -> None:
    assert GOOD_RATE == 0.02
    found = chance_of_needless_stop(default_gates(size))
    assert found == pytest.approx(expected, abs=0.0001)
    assert found <= most


@pytest.mark.parametrize("size", [50, 300, 5000, 100_000])
def test_bad_firmware_does_not_get_through(size: int) -> None:
    missed = 1.0
    for limits, members in default_gates(size)[:-1]:
        missed *= 1 - chance_of_stop(limits, members, 0.20)
    assert 1 - missed >= 0.99


def test_a_rollout_without_waves_or_members_stops_nothing() -> None:
    limits: list[Any] = [(PILOT, 0), (LATER, 0)]
    assert chance_of_needless_stop([]) == chance_of_needless_stop(limits) == 0.0
