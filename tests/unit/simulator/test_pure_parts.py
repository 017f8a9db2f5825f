# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clock, windows, IMEIs, outcomes, fleet file: what needs no socket."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.fleet_file import (
    parse_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
    generate_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state import clock, windows
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.imei import (
    imeis,
    is_imei,
    is_luhn,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.outcomes import (
    Outcome,
    OutcomeModel,
    OutcomeRule,
)

HOURS = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] < pair[1])
MOMENTS = st.floats(0, 300 * clock.DAY)


# -- clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-02T00:00:00.500Z", 86400.5),
        ("1970-01-01T05:30:00+05:30", 0),
        ("1969-12-31T19:00:00-05:00", 0),
    ],
)
def test_rfc3339_is_read(text: str, seconds: float) -> None:
    assert clock.parse_rfc3339(text) == seconds


@pytest.mark.parametrize("text", ["2026-03-02", "2026-02-30T00:00:00Z", "soon", "20260302T000000Z"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        clock.parse_rfc3339(text)


@given(st.integers(0, int(clock.LATEST) * 1000 - 1))
def test_times_survive_their_text(millis: int) -> None:
    moment = millis / 1000
    assert abs(clock.parse_rfc3339(clock.rfc3339(moment)) - moment) < 0.002


def test_time_texts_of_the_service() -> None:
    moment = clock.parse_rfc3339("2021-06-03T00:03:56.079Z")
    assert clock.go_text(moment) == "2021-06-03 00:03:56.079 +0000 UTC"
    assert clock.go_text(None) == "0001-01-01 00:00:00 +0000 UTC"
    assert clock.http_date(moment) == "Thu, 03 Jun 2021 00:03:56 GMT"


def test_the_clock_stands_still_and_goes_forward_only() -> None:
    frozen = clock.VirtualClock(100, hours_per_second=0)
    assert frozen.now() == 100
    frozen.advance(1)
    assert frozen.now() == 3700
    for order in (lambda: frozen.advance(-1), lambda: frozen.set(0), lambda: frozen.set(1e15)):
        with pytest.raises(ValueError, match="virtual clock"):
            order()
    assert frozen.now() == 3700


def test_a_fast_clock_saturates() -> None:
    fast = clock.VirtualClock(clock.LATEST - 1, hours_per_second=1_000_000)
    while fast.now() < clock.LATEST:
        pass
    assert fast.now() == clock.LATEST


def test_events_run_in_order_of_time_and_arrival() -> None:
    seen: list[tuple[str, float]] = []
    queue = clock.EventQueue(0)

    def note(name: str) -> None:
        seen.append((name, queue.now))
        if name == "b":
            queue.push(queue.now, note, "child")

    for due, name in ((2, "c"), (1, "a"), (1, "b"), (9, "late")):
        queue.push(due, note, name)
    queue.run_until(5)
    assert seen == [("a", 1), ("b", 1), ("child", 1), ("c", 2)]
    assert queue.now == 5


# -- windows --------------------------------------------------------------------------------------


@given(st.lists(HOURS, max_size=4), MOMENTS, st.floats(0, 60), st.sampled_from((0, 5)))
def test_spans_are_disjoint_ordered_and_open(
    hours: list[tuple[int, int]], begin: float, days: float, shift: int
) -> None:
    end = begin + days * clock.DAY
    last = begin
    for low, high in windows.spans(begin, end, hours, shift_hours=shift):
        assert last <= low < high <= end
        if high - low < 1e-6:
            continue  # no longer than the error of a float
        middle = ((low + high) / 2 - shift * clock.HOUR) % clock.DAY / clock.HOUR
        assert not hours or any(first <= middle < after for first, after in hours)
        last = high


@given(
    st.lists(HOURS, max_size=3),
    MOMENTS,
    st.floats(0, 40),
    st.floats(0, 100),
    st.floats(0, 1, exclude_max=True),
)
def test_a_place_is_open_and_in_range(
    hours: list[tuple[int, int]], begin: float, days: float, wait: float, share: float
) -> None:
    end = begin + days * clock.DAY
    placed = windows.place(begin, end, hours, hours=wait, share=share)
    spans = list(windows.spans(begin, end - windows.MARGIN, hours))
    if placed is None:
        assert sum(high - low for low, high in spans) < 1
    else:
        assert any(low <= placed < high for low, high in spans)


# -- IMEIs ----------------------------------------------------------------------------------------


def test_generated_imeis_are_valid_unique_and_repeat() -> None:
    def some(seed: int, model: str) -> list[str]:
        return list(islice(imeis(seed=seed, model=model), 5000))

    first = some(1, "GM01Q")
    assert all(is_imei(value) and is_luhn(value) for value in first)
    assert len(set(first)) == 5000
    assert first == some(1, "GM01Q")
    assert not set(first) & set(some(2, "GM01Q"))


def test_the_documents_own_imeis_are_device_ids_though_luhn_fails() -> None:
    for value in ("990003425730535", "990013907835573", "900000000000002"):
        assert is_imei(value)
    assert not is_luhn("990013907835573")
    for value in (
        "15-digit IMEI",
        "99000342573053",
        "\uff19\uff1900034257305\uff13",
        990003425730535,
        None,
    ):
        assert not is_imei(value)


# -- outcomes -------------------------------------------------------------------------------------


def test_rates_are_met_and_repeat() -> None:
    rule = OutcomeRule(success_rate=0.8, silent_rate=0.1)
    model = OutcomeModel(7, rule)
    fates = [model.outcome("p", str(n), campaign="c", attempt=1) for n in range(4000)]
    assert abs(fates.count(Outcome.SILENT) / 4000 - 0.1) < 0.02
    assert abs(fates.count(Outcome.SUCCESS) / 4000 - 0.72) < 0.03
    again = OutcomeModel(7, rule)
    assert fates == [again.outcome("p", str(n), campaign="c", attempt=1) for n in range(4000)]


def test_a_persistent_fate_ignores_campaign_and_attempt() -> None:
    def fates(*, persistent: bool) -> list[set[Outcome]]:
        model = OutcomeModel(1, OutcomeRule(success_rate=0.5, persistent=persistent))
        return [
            {
                model.outcome("p", str(number), campaign=campaign, attempt=attempt)
                for campaign in "ab"
                for attempt in (1, 2, 3)
            }
            for number in range(50)
        ]

    assert all(len(seen) == 1 for seen in fates(persistent=True))
    assert any(len(seen) > 1 for seen in fates(persistent=False))


def test_a_named_device_has_its_own_fate() -> None:
    model = OutcomeModel(1, devices={"1": Outcome.REVERT})
    assert model.outcome("p", "1", campaign="c", attempt=1) is Outcome.REVERT
    assert model.outcome("p", "2", campaign="c", attempt=1) is Outcome.SUCCESS


# -- fleet file -----------------------------------------------------------------------------------


def _account(**more: Any) -> dict[str, Any]:
    return {"accounts": [{"name": "0000123456-00001", **more}]}


_ROW = {"deviceId": "990000000000001", "make": "a", "model": "b"}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([], "fleet: must be an object"),
        ({"acounts": []}, "unknown key 'acounts'; valid keys are accounts"),
        ({"start": "tomorrow"}, "start: 'tomorrow'"),
        ({"seed": "x"}, "seed: must be an integer"),
        ({"accounts": {}}, "accounts: must be a list"),
        ({"accounts": [{}]}, r"accounts\[0\].name: must be a string"),
        ({"accounts": [{"name": "a"}, {"name": "a"}]}, r"accounts\[1\].name: a appears twice"),
        (
            _account(devices=[{"deviceId": "123"}]),
            r"devices\[0\].deviceId: must be 15 digits, not '123'",
        ),
        (_account(devices=[_ROW, _ROW]), "990000000000001 appears twice"),
        (_account(devices=[{**_ROW, "protocol": "GSM"}]), r"protocol: must be one of LWM2M"),
        (_account(devices=[{**_ROW, "licensed": "yes"}]), "licensed: must be true or false"),
        (_account(devices=[{**_ROW, "api": ["v9"]}]), "must contain only v1, v2 or v3"),
        (
            _account(devices=[{**_ROW, "licensed": True}], subscription={"licenseCount": 0}),
            "1 licensed devices but licenseCount 0",
        ),
        (
            _account(generate=[{"make": "a", "model": "b", "versions": {"x": 0.5}}]),
            "the sum of the shares must be 1",
        ),
        (_account(firmware=[{"firmwareName": "x"}]), r"firmware\[0\]\.\w+: must be a string"),
        ({"credentials": [{"key": "k"}]}, r"credentials\[0\].secret"),
        ({"outcomes": {"default": {"succes_rate": 1}}}, "unknown key 'succes_rate'"),
        ({"outcomes": {"default": {"success_rate": 2}}}, "success_rate: must be a number from 0"),
        (
            {"outcomes": {"devices": {"1": "exploded"}}},
            "must be one of success, .*, not 'exploded'",
        ),
        ({"outcomes": {"default": {"hours_to_update": [6, 1]}}}, "hours_to_update"),
    ],
)
def test_a_bad_fleet_names_the_place(data: Any, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        parse_fleet(data, now=0)


def test_the_default_fleet_holds_the_documents_examples() -> None:
    fleet = parse_fleet(default_fleet(), now=0)
    held = {imei: name for name, account in fleet.accounts.items() for imei in account.devices}
    assert {
        imei: held[imei]
        for imei in ("990003425730535", "990000473475989", "900000000000002", "990013907835573")
    } == {
        "990003425730535": "0402196254-00001",
        "990000473475989": "0402196254-00001",
        "900000000000002": "0242078689-00001",
        "990013907835573": "0000123456-00001",
    }
    assert "0642233522-00001" in fleet.accounts
    names = {row.name for row in fleet.accounts["0000123456-00001"].packages["v3"]}
    assert "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657" in names


def test_a_generated_fleet_has_its_shares() -> None:
    fleet = parse_fleet(generate_fleet(devices=3000, behind=0.7, licensed=0.5), now=0)
    devices = list(fleet.accounts["0000123456-00001"].devices.values())
    behind = sum(
        device.firmware in ("SR1.2.0.0-10512", "BG96MAR04A04M1G") for device in devices
    ) / (len(devices) * 2 / 3)
    assert len(devices) == 3000
    assert abs(behind - 0.7) < 0.01
    assert abs(sum(device.licensed is not None for device in devices) / 3000 - 0.5) < 0.01
