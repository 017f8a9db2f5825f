# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins: of the same shape, always the same, different for different values and keys."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._client.stand_ins import StandIns
from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import luhn_is_valid

OURS, OTHERS = StandIns(b"a" * 32), StandIns(b"b" * 32)
RIGHT, WRONG = "490154203237518", "990013907835573"

digits = st.text("0123456789", min_size=15, max_size=15).filter(lambda text: text.strip("0"))


@given(digits)
def test_an_imei_becomes_one_with_a_check_digit_as_before(imei: str) -> None:
    other = OURS.device(imei)
    assert re.fullmatch(r"[0-9]{15}", other)
    assert luhn_is_valid(other) == luhn_is_valid(imei)


@pytest.mark.parametrize("length", [2, 3, 4])
def test_numbers_are_permuted(length: int) -> None:
    """No two numbers share a stand-in: shown for all numbers of some short lengths."""
    numbers = [f"{number:0{length}}" for number in range(1, 10**length)]
    assert len({OURS.digits(number) for number in numbers}) == len(numbers)


def test_a_cursor_is_the_stand_in_of_its_imei_in_every_spelling() -> None:
    """v1 returns cursors as numbers, without the leading zeros of an IMEI."""
    assert OURS.device("0" * 5 + RIGHT[:10]).lstrip("0") == OURS.device(RIGHT[:10])
    assert [OURS.device(text) for text in ("", "0", "0" * 15, "1000")] == [
        "",
        "0",
        "0" * 15,
        "1000",
    ]
    assert re.fullmatch(r"[a-z]{3}-[0-9]{2}[A-Z]", OURS.device("abc-12D"))


def test_ids_names_and_addresses_keep_their_shape() -> None:
    id_ = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
    for text in (id_, id_.upper()):
        other = OURS.identifier(text)
        assert UUID(other).version == 4 and other.isupper() == text.isupper()
    assert re.fullmatch(r"\d{10}-\d{5}", OURS.account("0000123456-00001"))
    assert re.fullmatch(r"[A-Z][a-z]{4} [A-Z]{4} - [a-z]{4} \d", OURS.name("Smart FOTA - test 4"))
    assert re.fullmatch(
        r"https://[0-9a-f]{10}\.example\.com:9001/[a-z]{4}\?[a-z]=\d",
        OURS.url("https://hooks.acme.net:9001/fota?x=1"),
    )
    assert re.fullmatch(r"[0-9a-f]{10}@example\.com", OURS.email("jane@acme.net"))


def test_the_name_of_a_rollout_is_all_that_changes_in_the_names_of_its_campaigns() -> None:
    rest = "3f2a1b.w01.9c8d7e.t01.a1.n5"
    names = [OURS.name(f"tsr.{rollout}.{rest}") for rollout in ("meters-7", "meters-7", "gates")]
    assert names[0] == names[1] != names[2]
    assert re.fullmatch(rf"tsr\.[a-z]{{6}}-\d\.{re.escape(rest)}", names[0])
    assert names[0].split(".")[1] == OURS.name("meters-7")


@given(st.text(max_size=3000))
def test_any_text_has_a_stand_in_of_its_length(text: str) -> None:
    assert len(OURS.shaped(text)) == len(text)
    assert OURS.shaped(text) == StandIns(b"a" * 32).shaped(text)


def test_another_key_gives_other_stand_ins() -> None:
    for give in ("device", "digits", "identifier", "account", "name", "url", "email", "tag"):
        assert getattr(OURS, give)(RIGHT) != getattr(OTHERS, give)(RIGHT) != RIGHT


def test_the_check_digit_of_the_vendors_examples_stays_wrong() -> None:
    assert luhn_is_valid(OURS.device(RIGHT)) and not luhn_is_valid(OURS.device(WRONG))
