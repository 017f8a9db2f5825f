# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference between declared and present devices."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.compliance import (
    Compliance,
    judge_version,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DeviceAction,
    DeviceDifference,
    DevicesMode,
    compare_devices,
)

AT_LEAST, EXACT, REMOVE = DevicesMode


@pytest.mark.parametrize(
    ("mode", "declared", "present", "add", "remove", "after"),
    [
        pytest.param(AT_LEAST, "ab", "bc", "a", "", "bca", id="at-least-some"),
        pytest.param(AT_LEAST, "ab", "", "ab", "", "ab", id="at-least-none-there"),
        pytest.param(AT_LEAST, "ab", "abc", "", "", "abc", id="at-least-all-there"),
        pytest.param(AT_LEAST, "ba", "dc", "ba", "", "dcba", id="at-least-order"),
        pytest.param(EXACT, "ab", "bc", "a", "c", "ba", id="exact-some"),
        pytest.param(EXACT, "ab", "ba", "", "", "ba", id="exact-same"),
        pytest.param(EXACT, "ab", "cd", "ab", "cd", "ab", id="exact-all-others"),
        pytest.param(REMOVE, "ab", "bc", "", "b", "c", id="remove-some"),
        pytest.param(REMOVE, "ab", "cd", "", "", "cd", id="remove-none-there"),
        pytest.param(REMOVE, "ab", "ba", "", "ab", "", id="remove-all"),
        pytest.param(AT_LEAST, "aab", "bbc", "a", "", "bca", id="repeated"),
    ],
)
def test_difference(
    mode: DevicesMode, declared: str, present: str, add: str, remove: str, after: str
) -> None:
    found = compare_devices(declared, present, mode)
    assert (found.add, found.remove, found.after) == (tuple(add), tuple(remove), tuple(after))
    assert bool(found) is bool(add or remove)


@pytest.mark.parametrize("mode", DevicesMode)
def test_devices_that_are_not_declared_stay(mode: DevicesMode) -> None:
    assert compare_devices(None, "ab", mode) == DeviceDifference(
        add=(), remove=(), after=("a", "b"), actions=()
    )


@pytest.mark.parametrize(
    ("mode", "actions"),
    [
        (
            AT_LEAST,
            [
                DeviceAction("a", "add", "declared"),
                DeviceAction("b", "none", "in it already"),
            ],
        ),
        (
            EXACT,
            [
                DeviceAction("a", "add", "declared"),
                DeviceAction("c", "remove", "not declared"),
                DeviceAction("b", "none", "in it already"),
            ],
        ),
        (
            REMOVE,
            [
                DeviceAction("b", "remove", "declared"),
                DeviceAction("a", "none", "not in it"),
            ],
        ),
    ],
)
def test_every_declared_device_has_its_action(
    mode: DevicesMode, actions: list[DeviceAction]
) -> None:
    assert list(compare_devices("ab", "bc", mode).actions) == actions


ids = st.lists(st.sampled_from("abcdefgh"), max_size=10)


@settings(max_examples=200)
@given(ids, ids, st.sampled_from(DevicesMode))
def test_algebra(declared: list[str], present: list[str], mode: DevicesMode) -> None:
    found = compare_devices(declared, present, mode)
    wanted, there = set(declared), set(present)
    expected = {AT_LEAST: there | wanted, EXACT: wanted, REMOVE: there - wanted}[mode]
    assert set(found.after) == expected
    assert set(found.add) == expected - there
    assert set(found.remove) == there - expected
    assert set(found.add).isdisjoint(found.remove)
    for listed in (found.add, found.remove, found.after):
        assert len(listed) == len(set(listed))
    kept = [imei for imei in dict.fromkeys(present) if imei in expected]
    assert list(found.after) == kept + list(found.add), "the order of before, then the added"
    assert list(found.add) == [imei for imei in dict.fromkeys(declared) if imei in found.add]
    assert {action.device_id for action in found.actions} == wanted | set(found.remove)
    assert len(found.actions) == len(wanted | set(found.remove))
    for action in found.actions:
        expected_word = (
            "add"
            if action.device_id in found.add
            else "remove"
            if action.device_id in found.remove
            else "none"
        )
        assert action.action == expected_word


@settings(max_examples=100)
@given(ids, ids, st.sampled_from(DevicesMode))
def test_once_carried_out_nothing_differs(
    declared: list[str], present: list[str], mode: DevicesMode
) -> None:
    first = compare_devices(declared, present, mode)
    again = compare_devices(declared, first.after, mode)
    assert not again
    assert again.after == first.after


@pytest.mark.parametrize(
    ("version", "compliance"),
    [
        ("B", Compliance.AT_TARGET),
        ("A", Compliance.BEHIND),
        ("C", Compliance.BEHIND),
        ("b", Compliance.BEHIND),
        ("", Compliance.UNKNOWN),
    ],
)
def test_compliance_compares_texts_as_they_are(version: str, compliance: Compliance) -> None:
    assert judge_version(version, "B") is compliance
