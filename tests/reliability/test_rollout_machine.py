# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rollouts to which anybody does anything: the same steps at every run, one test a seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.thingspace.fota.tests.reliability.rollout_machine import STEPS, run_machine

SEEDS = range(1, 5)
ROLLOUTS = 11
COUNTED = ("rollouts", "steps", "runs", "writes", "checks")


@pytest.mark.parametrize("number", SEEDS)
def test_whatever_happens_the_rules_hold(
    number: int, record_property: Callable[[str, object], None]
) -> None:
    tally = run_machine(number, rollouts=ROLLOUTS)
    for name in COUNTED:
        record_property(f"machine_{name}", tally[name])
    assert tally["steps"] >= (ROLLOUTS - 1) * STEPS
    # A machine that creates nothing, or in which every run fails, proves nothing.
    assert tally["campaigns"] >= ROLLOUTS
    assert tally["refused_runs"] * 4 < tally["runs"]
