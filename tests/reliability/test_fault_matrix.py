# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every writing module x every write it makes x every fault, of the simulator or on the way.

``make test`` takes a part of a cut, ``make soak`` the others of it. ``FOTA_ALL_FAULTS=1`` takes all
cases, which lasts minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.table import TABLE
from ansible_collections.thingspace.fota.tests.reliability.fault_between import (
    BETWEEN,
    BetweenCase,
    between_cases,
    run_between,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_matrix import (
    Case,
    cases,
    own_cases,
    plain,
    run_case,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_outcome import Outcome
from ansible_collections.thingspace.fota.tests.reliability.fault_writes import (
    SAME_AS_OTHERS,
    WRITES,
    Write,
    write_operations,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import some_in_test

FULL = bool(os.environ.get("FOTA_ALL_FAULTS"))


def is_in_test(case: Case | BetweenCase) -> bool:
    return FULL or not case.is_repeated


@pytest.mark.parametrize("case", some_in_test(cases(full=FULL), is_in_test), ids=str)
def test_the_end_is_the_same(case: Case, record_property: Callable[[str, object], None]) -> None:
    check(run_case(case), record_property)


@pytest.mark.parametrize("case", some_in_test(between_cases(full=FULL), is_in_test), ids=str)
def test_the_end_is_the_same_whatever_is_between(
    case: BetweenCase, record_property: Callable[[str, object], None]
) -> None:
    check(run_between(case), record_property)


def check(outcome: Outcome, record_property: Callable[[str, object], None]) -> None:
    """Count the case; nothing is wrong with it."""
    record_property("fault_cases", 1)
    record_property("duplicates", len(outcome.duplicates))
    record_property("lost_devices", outcome.lost_devices)
    record_property("doubled_devices", outcome.doubled_devices)
    assert outcome.findings == []
    # A task that meets no fault proves nothing.
    assert outcome.struck, "the fault did not strike"


@pytest.mark.parametrize("write", WRITES, ids=str)
def test_a_case_makes_its_write_and_others_that_have_cases(write: Write) -> None:
    assert write.operation in plain(write).writes
    assert set(plain(write).writes) <= {one.operation for one in WRITES}


def test_no_write_of_the_api_is_without_a_case() -> None:
    used = {one.operation for one in WRITES}
    assert {one.id for one in write_operations()} - used == SAME_AS_OTHERS


def test_every_fault_and_every_write_is_in_the_cut() -> None:
    cut = [one for one in cases(full=False) if not one.is_repeated]
    assert {one.fault for one in cut} == set(TABLE)
    assert {one.write for one in cut} == set(WRITES)
    between = [one for one in between_cases(full=False) if not one.is_repeated]
    assert {one.between for one in between} == set(BETWEEN)


def test_every_write_meets_every_fault_that_can_hit_it() -> None:
    met = {(one.write, one.fault) for one in own_cases()}
    for write in WRITES:
        for fault in TABLE.values():
            if fault.can_hit(write.operation):
                assert (write, fault.name) in met
