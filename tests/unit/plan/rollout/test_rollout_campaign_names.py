# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of campaigns parse back, nothing else parses, and they tell cohorts and targets apart."""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    MOST_BATCHES,
    MOST_DEVICES,
    CampaignName,
    Cohort,
    fingerprint,
    generation,
    parse_name,
    place_in_line,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import imei

CODES = st.text("0123456789abcdef", min_size=6, max_size=6)
NAMES = st.builds(
    CampaignName,
    rollout=st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=20),
    generation=CODES,
    wave=st.integers(1, 99),
    cohort=CODES,
    batch=st.integers(1, MOST_BATCHES),
    attempt=st.integers(1, 9),
    count=st.integers(0, MOST_DEVICES),
)
KNOWN = "tsr.meters.0123ab.w01.cd4567.t01.a1.n20"


@settings(max_examples=100)
@given(NAMES)
def test_a_name_parses_back_and_fits_the_service(name: CampaignName) -> None:
    text = str(name)
    assert parse_name(text) == name
    assert len(text) <= 64
    assert set(text) <= set(string.ascii_letters + string.digits + ".-")


def test_a_name_is_spelled_as_documented() -> None:
    name = CampaignName("meters", "0123ab", 1, "cd4567", 1, 1, 20)
    assert str(name) == KNOWN
    late = CampaignName("a", "000000", 98, "ffffff", 999, 9, 1000)
    assert str(late) == "tsr.a.000000.w98.ffffff.t999.a9.n1000"


@settings(max_examples=200)
@given(NAMES, st.data())
def test_no_edit_of_a_name_parses_to_the_same(name: CampaignName, data: st.DataObject) -> None:
    text = str(name)
    place = data.draw(st.integers(0, len(text)))
    more = data.draw(st.text(string.printable + "²٣é", max_size=3))
    less = data.draw(st.integers(0, 3))
    edited = text[:place] + more + text[place + less :]
    if edited != text:
        assert parse_name(edited) != name


@settings(max_examples=100)
@given(st.text(string.printable, max_size=70))
def test_foreign_names_do_not_parse(text: str) -> None:
    assert parse_name(text) is None
    assert parse_name(f"tsr.{text}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spring update",
        KNOWN.upper(),
        f" {KNOWN}",
        f"{KNOWN} ",
        f"{KNOWN}\n",
        KNOWN.replace("tsr", "tsx"),
        KNOWN.replace("meters", ""),
        KNOWN.replace("meters", "m" * 21),
        KNOWN.replace("meters", "Meters"),
        KNOWN.replace("meters", "me_ters"),
        KNOWN.replace("meters", "me.ters"),
        KNOWN.replace("0123ab", "0123AB"),
        KNOWN.replace("0123ab", "0123a"),
        KNOWN.replace("0123ab", "0123ag"),
        KNOWN.replace("w01", "w1"),
        KNOWN.replace("w01", "w00"),
        KNOWN.replace("w01", "w001"),
        KNOWN.replace("w01", "w\u0660\u0661"),
        KNOWN.replace("t01", "t1"),
        KNOWN.replace("t01", "t00"),
        KNOWN.replace("t01", "t001"),
        KNOWN.replace("t01", "t1000"),
        KNOWN.replace("a1", "a0"),
        KNOWN.replace("a1", "a10"),
        KNOWN.replace("n20", "n020"),
        KNOWN.replace("n20", "n"),
        KNOWN.replace("n20", "n1000000"),
        KNOWN.replace("n20", "20"),
        KNOWN + ".x",
        "tsr.meters.0123ab.w01.cd4567.t01.a1",
    ],
)
def test_what_is_nearly_a_name_is_foreign(text: str) -> None:
    assert parse_name(KNOWN) is not None
    assert parse_name(text) is None


def test_a_new_version_make_or_model_is_a_new_generation() -> None:
    codes = {
        generation("Maker", "M1", "B"),
        generation("Maker", "M1", "C"),
        generation("Maker", "M2", "B"),
        generation("Other", "M1", "B"),
        generation("Maker", "M", "1B"),
        generation("", "MakerM1", "B"),
    }
    assert len(codes) == 6
    assert generation("Maker", "M1", "B") == generation("Maker", "M1", "B")


def test_everything_that_devices_must_share_makes_a_cohort() -> None:
    cohorts = {
        Cohort("LWM2M", "Maker", "M1", "A").code,
        Cohort("OMA", "Maker", "M1", "A").code,
        Cohort("LWM2M", "Other", "M1", "A").code,
        Cohort("LWM2M", "Maker", "M2", "A").code,
        Cohort("LWM2M", "Maker", "M1", "A2").code,
        Cohort("LWM2M", "Maker", "M1", "A", "America/Chicago").code,
        Cohort("LWM2M", "Maker", "M1A", "").code,
    }
    assert len(cohorts) == 7
    assert all(len(code) == 6 and set(code) <= set("0123456789abcdef") for code in cohorts)


def test_a_cohort_is_never_a_generation() -> None:
    assert fingerprint("lane", "a", "b") != fingerprint("target", "a", "b")


def test_the_line_is_the_hash_of_rollout_and_imei() -> None:
    device_id = imei(7)
    assert (
        place_in_line("meters", device_id)
        == hashlib.sha256(b"meters" + device_id.encode()).hexdigest()
    )
    assert place_in_line("meters", device_id) != place_in_line("meter", device_id)
    assert place_in_line("meters", device_id) != place_in_line("meters", imei(8))
