# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person gives is checked before any call: accounts, device ids, windows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.account import check_account
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import (
    ImeiCheck,
    check_device_ids,
    luhn_is_valid,
    shorten,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import (
    Window,
    check_windows,
)

VALID = "490154203237518"
VALID_TOO = "356938035643809"
WRONG_DIGIT = "990013907835573"

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["start", "end", "other"]), inner, max_size=3)
    ),
    max_leaves=4,
)

HOURS = st.none() | st.booleans() | st.integers(-1, 25) | st.text(max_size=3)


# -- accounts


@pytest.mark.parametrize("account", ["0000123456-00001", "0242078689-00001"])
def test_a_documented_account_passes_silently(account: str) -> None:
    assert check_account(account) is None


@pytest.mark.parametrize("account", ["252012345", "my-account", "a.b_c", "0000123456-00001x"])
def test_another_shape_of_account_warns_and_is_named(account: str) -> None:
    assert account in (check_account(account) or "")


@pytest.mark.parametrize(
    "account",
    [None, "", "a/b", "..", ".", "a b", "a?b", "a#b", "0000123456-00001\n", "é", "%2e%2e"],
)
def test_an_account_that_cannot_be_in_a_path_is_refused(account: str | None) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_account(account)
    assert caught.value.field == "account"


@settings(max_examples=100)
@given(st.none() | st.text())
def test_any_account_text_is_judged(account: str | None) -> None:
    try:
        check_account(account)
    except InvalidValue:
        return
    assert account
    assert not set(account) & set("/?#%\\ \t\r\n")


# -- device ids


@pytest.mark.parametrize(
    ("imei", "valid"),
    [(VALID, True), (VALID_TOO, True), (WRONG_DIGIT, False), ("000000000000000", True)],
)
def test_the_luhn_digit(imei: str, valid: bool) -> None:  # noqa: FBT001
    assert luhn_is_valid(imei) is valid


@pytest.mark.parametrize(
    "value",
    [
        "",
        "49015420323751",
        "4901542032375180",
        "49015420323751x",
        "49015420 237518",
        "٤٩٠١٥٤٢٠٣٢٣٧٥١٨",
        "15-digit IMEI",
        49015420323751,
        -49015420323751,
        True,
        None,
        [VALID],
        4.9e14,
    ],
)
def test_a_device_id_that_is_not_15_digits_is_named_with_its_place(value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_device_ids([VALID, value], field="devices", check=ImeiCheck.OFF)
    assert caught.value.field == "devices[1]"
    assert caught.value.value == value
    assert "15 digits" in caught.value.reason


def test_a_number_and_blanks_around_are_the_same_id() -> None:
    found = check_device_ids([int(VALID), f" {VALID_TOO} "], field="devices", check=ImeiCheck.WARN)
    assert found.ids == (VALID, VALID_TOO)
    assert found.warnings == ()


def test_repeated_ids_are_merged_in_their_first_order_and_said() -> None:
    found = check_device_ids(
        [VALID_TOO, VALID, VALID_TOO, VALID_TOO], field="devices", check=ImeiCheck.WARN
    )
    assert found.ids == (VALID_TOO, VALID)
    assert len(found.warnings) == 1
    assert "merged" in found.warnings[0]
    assert VALID_TOO in found.warnings[0]


def test_a_wrong_check_digit_warns_refuses_or_is_ignored() -> None:
    warned = check_device_ids([WRONG_DIGIT], field="devices", check=ImeiCheck.WARN)
    assert warned.ids == (WRONG_DIGIT,)
    assert any(WRONG_DIGIT in warning for warning in warned.warnings)
    assert check_device_ids([WRONG_DIGIT], field="devices", check=ImeiCheck.OFF).warnings == ()
    with pytest.raises(InvalidValue) as caught:
        check_device_ids([VALID, WRONG_DIGIT], field="devices", check=ImeiCheck.STRICT)
    assert caught.value.field == "devices[1]"
    assert caught.value.value == WRONG_DIGIT


SEVEN = [f"9900139078355{n}0" for n in range(10) if not luhn_is_valid(f"9900139078355{n}0")][:7]


@pytest.mark.parametrize(
    ("values", "check", "why"),
    [
        (["1", "x", "", " ", "1" * 16, "-", "2"], ImeiCheck.OFF, "must be an IMEI with exactly 15"),
        (SEVEN, ImeiCheck.STRICT, "has a wrong check digit (imei_check=strict)"),
    ],
)
def test_five_bad_ids_are_named_with_their_places(
    values: list[str], check: ImeiCheck, why: str
) -> None:
    """In every list of ids; files name five lines, too."""
    with pytest.raises(InvalidValue) as caught:
        check_device_ids([VALID, *values], field="devices", check=check)
    message = str(caught.value)
    assert message.startswith(f"devices[1]: {values[0]!r}: {why}")
    assert all(f"devices[{n}] = {values[n - 1]!r}" in message for n in range(2, 6))
    assert message.endswith(" and 2 more")


@settings(max_examples=100)
@given(
    st.lists(ANYTHING | st.sampled_from([VALID, WRONG_DIGIT]), max_size=6),
    st.sampled_from(ImeiCheck),
)
def test_any_list_of_ids_is_checked_or_invalid(values: list[object], check: ImeiCheck) -> None:
    try:
        found = check_device_ids(values, field="devices", check=check)
    except InvalidValue as error:
        assert error.field.startswith("devices[")
        return
    assert list(found.ids) == list(dict.fromkeys(str(value).strip() for value in values))


@settings(max_examples=100)
@given(st.text("0123456789", min_size=14, max_size=14))
def test_exactly_one_check_digit_is_right(body: str) -> None:
    assert sum(luhn_is_valid(body + digit) for digit in "0123456789") == 1


def test_shorten_says_how_many_more() -> None:
    assert shorten(["1", "2"]) == "1, 2"
    assert shorten([str(n) for n in range(7)]) == "0, 1, 2, 3, 4 and 2 more"


# -- windows


def test_windows_are_sorted_and_each_is_taken_once() -> None:
    given_ = [{"start": 20, "end": 24}, {"start": 0, "end": 1}, {"start": "20", "end": 24}]
    assert check_windows(given_, field="windows") == (Window(0, 1), Window(20, 24))


def test_windows_not_given_and_no_windows_are_two_things() -> None:
    assert check_windows(None, field="windows") is None
    assert check_windows([], field="windows") == ()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param({"start": -1, "end": 4}, "windows[1].start", id="start-below"),
        pytest.param({"start": 24, "end": 24}, "windows[1].start", id="start-above"),
        pytest.param({"start": True, "end": 4}, "windows[1].start", id="start-truth"),
        pytest.param({"start": 1.5, "end": 4}, "windows[1].start", id="start-fraction"),
        pytest.param({"end": 4}, "windows[1].start", id="start-missing"),
        pytest.param({"start": 0, "end": 0}, "windows[1].end", id="end-below"),
        pytest.param({"start": 0, "end": 25}, "windows[1].end", id="end-above"),
        pytest.param({"start": 0, "end": None}, "windows[1].end", id="end-missing"),
        pytest.param({"start": 5, "end": 5}, "windows[1]", id="empty"),
        pytest.param({"start": 22, "end": 2}, "windows[1]", id="over-midnight"),
        pytest.param("20-21", "windows[1]", id="text"),
        pytest.param("20:30-21:00", "windows[1]", id="half-hour"),
        pytest.param(None, "windows[1]", id="null"),
        pytest.param([20, 21], "windows[1]", id="list"),
    ],
)
def test_a_bad_window_is_named_with_its_place(value: object, field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_windows([{"start": 20, "end": 21}, value], field="windows")
    assert caught.value.field == field


@settings(max_examples=100)
@given(st.lists(ANYTHING | st.fixed_dictionaries({"start": HOURS, "end": HOURS}), max_size=4))
def test_any_list_of_windows_is_checked_or_invalid(values: list[object]) -> None:
    try:
        found = check_windows(values, field="windows")
    except InvalidValue as error:
        assert error.field.startswith("windows[")
        return
    assert found is not None
    assert all(0 <= window.start < window.end <= 24 for window in found)
