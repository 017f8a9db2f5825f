# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forecasts against the true ends of rollouts on the simulated service: ``make bench`` in small."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.tests.bench.forecast_coverage import (
    LEAST,
    MOST,
    run_rollout,
    sum_up,
)

FEW, MANY = range(14, 26), range(100)


def test_few_ends_are_after_p90_or_before_p10() -> None:
    """A coverage of 90 % is by chance below 75 % in one of 100 such samples."""
    found = sum_up([run_rollout(seed, courses=50) for seed in FEW])
    assert found.forecasts > 3 * (found.rollouts - found.stopped)
    assert found.p90 >= 0.75
    assert found.p10 <= 0.5 < found.p90
    assert 0 < found.median_width_hours < found.median_left_hours


@pytest.mark.soak
def test_many_ends_are_covered_as_promised() -> None:
    found = sum_up([run_rollout(seed) for seed in MANY])
    assert LEAST - 0.02 <= found.p90 <= MOST + 0.02
