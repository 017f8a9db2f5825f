# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declarations: what is read from them, and how everything that is wrong is named at once."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import (
    ImeiCheck,
    luhn_is_valid,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.sections import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Gate,
    Limits,
    RolloutSpec,
    Selected,
    Timing,
    WaveKind,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import plan_lines
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    decided,
    declared,
    device,
    gate,
    imei,
    imeis,
    read,
    seen,
    spec,
    target,
    wave,
)


def problems(raw: object, *, imei_check: ImeiCheck = ImeiCheck.OFF) -> tuple[str, ...]:
    """Everything that is wrong with a declaration."""
    with pytest.raises(InvalidSpec) as caught:
        read(raw, imei_check)
    return caught.value.problems


def with_wave(**members: Any) -> dict[str, Any]:
    """A declaration whose first of two waves is as given."""
    return declared(waves=[{"name": "pilot", **members}, wave()])


def test_nothing_is_wrong_with_the_base() -> None:
    assert isinstance(spec(), RolloutSpec)
    assert isinstance(read(with_wave(count=1)), RolloutSpec)


ERRORS: list[tuple[dict[str, Any], str]] = [
    # -- the rollout
    (declared(name="Meters"), "name = 'Meters': use 1 to 20 of a-z, 0-9 and -"),
    (declared(name="m" * 21), f"name = '{'m' * 21}': use 1 to 20"),
    (declared(name="a.b"), "name = 'a.b': use 1 to 20"),
    (declared(name="meters\n2"), "name = 'meters\\n2': use 1 to 20"),
    (declared(name=""), "name = '': is required, as text"),
    (declared(name=None), "name = None: is required, as text"),
    (declared(name=["x"]), "name = ['x']: is required, as text"),
    (declared(type="hardware"), "type = 'hardware': is none of firmware, software"),
    (declared(type="software"), "packages = None: is required, as a list with at least one entry"),
    (declared(protocol="CoAP"), "protocol = 'CoAP': is none of LWM2M, OMA, HTTP"),
    (declared(nmae="x"), "nmae = 'x': is no key of this place; did you mean name?"),
    (declared(zebra=1), "zebra = 1: is no key of this place; known: name, type"),
    (declared(wave=[]), "wave = []: is no key of this place; did you mean waves?"),
    (declared(qualified_packages=[1]), "qualified_packages = [1]: is no list of texts"),
    (declared(assign_licenses="perhaps"), "assign_licenses = 'perhaps': is neither true nor false"),
    # -- the target
    (declared(target=None), "target = None: is required, as a list with at least one entry"),
    (declared(target=[]), "target = []: is required, as a list with at least one entry"),
    (declared(target=target()), "is required, as a list with at least one entry"),
    (declared(target=["B"]), "target[0] = 'B': is no mapping of keys to values"),
    (declared(target=[{"make": "x", "model": "y"}]), "target[0].version = None: is required"),
    (declared(target=[target(), target(version="C")]), "target[1].model = 'M1': Maker has a"),
    (declared(target=[{**target(), "versoin": "B"}]), "target[0].versoin = 'B': is no key of this"),
    # -- the devices
    ({**declared(), "devices": []}, "devices = []: no device is selected: name at least one"),
    ({**declared(), "devices": None}, "devices = None: no device is selected"),
    ({**declared(), "devices": "all"}, "devices = 'all': no device is selected"),
    (declared(["12345"]), "devices[0] = '12345': a device is an IMEI of exactly 15 digits"),
    (declared([imei(0), {"imei": "x"}]), "devices[1] = 'x': a device is an IMEI"),
    (declared([{"host": "h"}]), "devices[0] = None: a device is an IMEI"),
    (declared(["\N{ARABIC-INDIC DIGIT ONE}" * 15]), "a device is an IMEI of exactly 15 digits"),
    (
        declared(["1", "2", "3", "4", "5", "6", "7"]),
        "devices[3] = '4', devices[4] = '5' and 2 more: a device is an IMEI",
    ),
    (
        declared([{"imei": imei(0), "region": "a"}, {"imei": imei(0), "region": "b"}]),
        f"devices[1] = '{imei(0)}': is declared twice, with other variables",
    ),
    # -- the waves
    (declared(waves=[]), "waves = []: is required, as a list with at least one entry"),
    (declared(waves="all"), "waves = 'all': is required, as a list with at least one entry"),
    (declared(waves=["all"]), "waves[0] = 'all': is no mapping of keys to values"),
    (declared(waves=[{"rest": True}]), "waves[0].name = None: is required, as text"),
    (declared(waves=[wave("a b")]), "waves[0] (a b).name = 'a b': use 1 to 30 of A-Z"),
    (declared(waves=[wave("n" * 31)]), "use 1 to 30 of A-Z"),
    (
        declared(waves=[wave("x", count=1), wave("x")]),
        "waves[1] (x).name = 'x': another wave has this name",
    ),
    (
        declared(waves=[wave("first"), wave("last")]),
        "waves[0] (first).rest = True: takes all that is left, so it can only be the last wave",
    ),
    (
        declared(waves=[wave("pilot", count=1)]),
        "waves[0] (pilot): the last wave must be rest: true",
    ),
    (
        declared(waves=[*(wave(f"w{n}", count=1) for n in range(98)), wave()]),
        "has more than 98 entries",
    ),
    (
        with_wave(),
        "waves[0] (pilot): needs exactly one of group, per_package, count, percent, rest",
    ),
    (with_wave(), "and has none"),
    (with_wave(count=1, percent=5), "and has count, percent"),
    (declared(waves=[wave("all", rest=False)]), "waves[0] (all).rest = False: is only ever true"),
    (with_wave(count=0), "waves[0] (pilot).count = 0: is no whole number from 1 to 999999"),
    (with_wave(count=1.5), "waves[0] (pilot).count = 1.5: is no whole number"),
    (with_wave(count=True), "waves[0] (pilot).count = True: is no whole number"),
    (with_wave(count="-1"), "waves[0] (pilot).count = '-1': is no whole number"),
    (with_wave(count="²"), "waves[0] (pilot).count = '²': is no whole number"),
    (with_wave(count="9" * 5000), "is no whole number from 1 to 999999"),
    (with_wave(per_package=0), "waves[0] (pilot).per_package = 0: is no whole number"),
    (with_wave(percent=0), "waves[0] (pilot).percent = 0: is no number above 0 and up to 100"),
    (with_wave(percent=101), "waves[0] (pilot).percent = 101: is no number above 0"),
    (with_wave(percent="5 %"), "waves[0] (pilot).percent = '5 %': is no number above 0"),
    (with_wave(percent=-1), "waves[0] (pilot).percent = -1: is no number above 0"),
    (with_wave(percent=True), "waves[0] (pilot).percent = True: is no number above 0"),
    (with_wave(percent="1/0"), "waves[0] (pilot).percent = '1/0': is no number above 0"),
    (with_wave(percent=float("nan")), "waves[0] (pilot).percent = nan: is no number above 0"),
    (with_wave(percent=float("inf")), "waves[0] (pilot).percent = inf: is no number above 0"),
    (with_wave(count=1, at_least=5), "waves[0] (pilot).at_least = 5: goes with per_package or"),
    (with_wave(percent=5, at_least=0), "waves[0] (pilot).at_least = 0: is no whole number from 1"),
    (
        with_wave(count=1, diversity=["region"]),
        "waves[0] (pilot).diversity = ['region']: only a per_package wave chooses by variables",
    ),
    (with_wave(per_package=1, diversity=[1]), "waves[0] (pilot).diversity = [1]: is no list of"),
    (with_wave(count=1, days=1), "waves[0] (pilot).days = 1: is no whole number from 2 to 31"),
    (with_wave(count=1, days=32), "waves[0] (pilot).days = 32: is no whole number from 2 to 31"),
    (
        with_wave(count=1, dasy=3),
        "waves[0] (pilot).dasy = 3: is no key of this place; did you mean",
    ),
    (with_wave(group="lab"), "waves[0] (pilot).group = 'lab': no selected device is in this group"),
    (
        with_wave(per_package=1, diversity=["region"]),
        "waves[0] (pilot).diversity = 'region': 3 devices have no such variable",
    ),
    # -- gates
    *(
        (with_wave(count=1, gate={key: value}), f"waves[0] (pilot).gate.{key} = {value!r}: {why}")
        for key, value, why in [
            *(
                (rate, value, "is no rate from 0 to 1")
                for rate in (
                    *("max_failure_rate", "min_success_rate", "min_coverage", "max_rejected"),
                    "max_failed_cohort_share",
                )
                for value in (1.01, -0.01, "5%", True, [0.1])
            ),
            ("min_sample", 0, "is no whole number from 1 to 999999"),
            ("max_failures", -1, "is no whole number from 0 to 999999"),
            ("max_failure", 1, "is no key of this place; did you mean max_failures?"),
        ]
    ),
    (with_wave(count=1, gate=[1]), "waves[0] (pilot).gate = [1]: is no mapping of keys to values"),
    (
        declared(gate={"min_sampel": 1}),
        "gate.min_sampel = 1: is no key of this place; did you mean",
    ),
    (declared(gate={"min_coverage": 2}), "gate.min_coverage = 2: is no rate from 0 to 1"),
    # -- limits and times
    (
        declared(limits={"max_creates": 0}),
        "limits.max_creates = 0: is no whole number from 1 to 100",
    ),
    (declared(limits={"max_creates": 101}), "limits.max_creates = 101: is no whole number"),
    (
        declared(limits={"max_campaign_devices": 0}),
        "limits.max_campaign_devices = 0: is no whole number",
    ),
    (declared(limits={"max_devices": 1}), "limits.max_devices = 1: is no key of this place"),
    (
        declared(calendar={"lead_hours": 0}),
        "calendar.lead_hours = 0: is no whole number from 1 to 720",
    ),
    (declared(calendar={"lead_hours": 721}), "calendar.lead_hours = 721: is no whole number"),
    (
        declared(calendar={"lead_hour": 1}),
        "calendar.lead_hour = 1: is no key of this place; did you mean",
    ),
]


@pytest.mark.parametrize(("raw", "expected"), ERRORS, ids=[text for _raw, text in ERRORS])
def test_error(raw: dict[str, Any], expected: str) -> None:
    found = problems(raw)
    assert any(expected in one for one in found), found


def test_a_mistake_is_named_once() -> None:
    for raw in (
        with_wave(percent=0),
        declared(gate={"min_coverage": 2}),
        with_wave(count=1, gate={"min_sample": 0}),
        declared(name="X"),
        declared(["1"]),
    ):
        assert len(problems(raw)) == 1


@pytest.mark.parametrize("raw", [None, {}, [], "x", 5])
def test_no_declaration_at_all(raw: object) -> None:
    assert {one.split(" ")[0] for one in problems(raw)} >= {"name", "target", "devices"}


def test_everything_is_said_at_once() -> None:
    raw = {
        "name": "Meters!",
        "protocol": "x",
        "target": [target(), {"make": "Maker"}],
        "devices": ["1", imei(0)],
        "waves": [
            wave("a"),
            {"name": "b", "percent": 0, "gate": {"min_coverage": 2, "sample": 1}},
        ],
        "gate": {"max_failure_rate": "a lot"},
        "limits": {"max_creates": "many"},
        "calendar": {"lead_hours": "12h"},
        "colour": "red",
    }
    found = problems(raw)
    for place in (
        *("name = ", "protocol = ", "target[1].model = ", "target[1].version = ", "devices[0] = "),
        *("waves[0] (a).rest = ", "waves[1] (b).percent = ", "waves[1] (b).gate.min_coverage = "),
        *("waves[1] (b).gate.sample = ", "waves[1] (b): the last wave", "gate.max_failure_rate = "),
        *("limits.max_creates = ", "calendar.lead_hours = ", "colour = "),
    ):
        assert sum(one.startswith(place) for one in found) == 1, place
    assert len(found) == 14
    with pytest.raises(InvalidSpec) as caught:
        read(raw, ImeiCheck.WARN)
    assert str(caught.value) == f"rollout: 14 errors: {'; '.join(found)}"


def test_one_error_is_one_error() -> None:
    with pytest.raises(InvalidSpec, match=r"^rollout: 1 error: name = 'X'"):
        read(declared(name="X"))


# -- devices that lack what a wave needs


def test_devices_without_the_variable_are_named_with_their_hosts() -> None:
    devices = [
        {"imei": imei(0), "region": "east"},
        {"imei": imei(1), "host": "meter1"},
        {"imei": imei(2), "region": None},
    ]
    raw = declared(devices, waves=[wave("p", per_package=1, diversity=["region"]), wave()])
    assert problems(raw) == (
        "waves[0] (p).diversity = 'region': 2 devices have no such variable:"
        f" {imei(1)} (meter1), {imei(2)}",
    )


def test_check_digits() -> None:
    wrong = next(one for one in imeis(20) if not luhn_is_valid(one))
    right = next(one for one in imeis(20) if luhn_is_valid(one))
    assert "wrong check digit" in problems(declared([wrong]), imei_check=ImeiCheck.STRICT)[0]
    (remark,) = read(declared([wrong, right]), ImeiCheck.WARN).remarks
    assert wrong in remark and right not in remark
    assert read(declared([wrong])).remarks == ()
    assert read(declared([right]), ImeiCheck.STRICT).remarks == ()


def test_repeated_devices_are_merged_and_said() -> None:
    found = spec([imei(1), imei(0), imei(1), {"imei": imei(0)}])
    assert [one.imei for one in found.devices] == [imei(1), imei(0)]
    assert found.remarks == ("devices: merged 2 that were declared twice",)


# -- what is read


def test_a_device_with_everything() -> None:
    raw = {"imei": f" {imei(0)} ", "host": "h", "groups": ["a", "b"], "region": "east", "floor": 3}
    assert spec([raw]).devices == (
        Selected(imei(0), "h", ("a", "b"), {"region": "east", "floor": "3"}),
    )
    assert spec([int(imei(0))]).devices == (Selected(imei(0)),)


def test_targets_devices_and_names_are_text() -> None:
    found = spec(name=123, target=[{"make": "Maker", "model": 5, "version": 1.5}])
    assert found.name == "123"
    assert (found.targets[0].model, found.targets[0].version) == ("5", "1.5")


def test_every_number_may_be_text() -> None:
    """Templates of ansible-core before 2.19 give text."""
    waves = [
        {"name": "p", "per_package": "5", "at_least": "20", "days": "4"},
        {"name": "c", "count": "7", "gate": {"min_sample": "3", "max_failures": "0"}},
        {"name": "q", "percent": "12.5", "gate": {"min_coverage": "0.29"}},
        {"name": "r", "rest": "true"},
    ]
    found = spec(
        waves=waves,
        gate={"max_failure_rate": "0.07"},
        limits={"max_creates": "3", "max_campaign_devices": "50"},
        calendar={"lead_hours": "24"},
        assign_licenses="yes",
        qualified_packages="only one",
    )
    pilot, count, percent, rest = found.waves
    assert (pilot.kind, pilot.size, pilot.at_least, pilot.days) == (WaveKind.PER_PACKAGE, 5, 20, 4)
    assert (count.kind, count.size, count.gate.min_sample) == (WaveKind.COUNT, 7, 3)
    assert (count.gate.max_failures, percent.gate.max_failures) == (0, None)
    assert (percent.size, percent.gate.min_coverage) == (Fraction(25, 2), Fraction(29, 100))
    assert rest.kind is WaveKind.REST
    assert {one.gate.max_failure_rate for one in found.waves} == {Fraction(7, 100)}
    assert found.limits == Limits(max_campaign_devices=50, max_creates=3)
    assert found.calendar.lead == timedelta(hours=24)
    assert found.assign_licenses is True
    assert found.qualified_packages == {"only one"}


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (0.29, Fraction(29, 100)),
        ("0.29", Fraction(29, 100)),
        (0, Fraction(0)),
        (1, Fraction(1)),
        (0.1, Fraction(1, 10)),
        ("1/3", Fraction(1, 3)),
        ("5e-2", Fraction(1, 20)),
    ],
)
def test_rates_are_exact(value: object, rate: Fraction) -> None:
    (only,) = spec(gate={"max_failure_rate": value}).waves
    assert only.gate.max_failure_rate == rate


def test_words_for_true_and_false() -> None:
    for word in (True, "true", "Yes", " on ", "1", 1):
        assert spec(assign_licenses=word).assign_licenses is True
    for word in (False, "false", "No", "off", "0", 0):
        assert spec(assign_licenses=word).assign_licenses is False


def test_defaults() -> None:
    found = spec(waves=None)
    assert (found.protocol, found.assign_licenses, found.remarks) == ("LWM2M", False, ())
    assert [
        (one.name, one.kind.value, one.size, one.at_least, one.days) for one in found.waves
    ] == [
        ("pilot", "per_package", 5, 20, 3),
        ("early", "percent", 5, 60, 5),
        ("broad", "percent", 25, 0, 7),
        ("all", "rest", 0, 0, 7),
    ]
    later = gate(max_failure_rate="0.05", min_sample=20, min_coverage="0.80")
    assert [one.gate for one in found.waves] == [gate(max_failures=2), later, later, later]
    assert found.limits == Limits(max_campaign_devices=1000, max_creates=10)
    day = timedelta(hours=24)
    assert found.timing == Timing(
        verify_grace=day,
        silent_after=day,
        report_grace=day,
        settle_retry=day,
    )


def test_every_time_is_read_into_its_place() -> None:
    names = list(vars(Timing()))
    found = spec(timing={f"{name}_hours": place for place, name in enumerate(names, 1)}).timing
    assert vars(found) == {name: timedelta(hours=place) for place, name in enumerate(names, 1)}


def test_a_gate_inherits_from_the_rollout_and_from_its_place() -> None:
    found = spec(
        waves=[wave("p", count=1, gate={"max_failures": 0}), wave()],
        gate={"max_failure_rate": 0.2, "min_success_rate": 0.5},
    )
    first, last = (one.gate for one in found.waves)
    rates = {"max_failure_rate": "0.2", "min_success_rate": "0.5"}
    assert first == gate(**rates, max_failures=0)
    assert last == gate(**rates, min_sample=20, min_coverage="0.80")


def test_every_value_of_a_gate_is_read_into_its_place() -> None:
    given = {
        "max_failure_rate": "0.01",
        "min_success_rate": "0.02",
        "min_coverage": "0.03",
        "max_rejected": "0.04",
        "max_failed_cohort_share": "0.05",
        "min_sample": 6,
        "max_failures": 7,
        "approval": True,
    }
    (only,) = spec(waves=[wave(gate={**given, "soak_hours": 8})]).waves
    assert vars(only.gate) == {
        "soak": timedelta(hours=8),
        **{
            name: Fraction(value) if isinstance(value, str) else value
            for name, value in given.items()
        },
    }


@pytest.mark.parametrize(
    ("rate", "declared_rate", "needed"),
    [("0.1", None, "0.9"), ("0.05", None, "0.95"), ("0", None, "1"), ("0.1", "0.5", "0.5")],
)
def test_the_success_rate_is_what_failures_leave(
    rate: str, declared_rate: str | None, needed: str
) -> None:
    found: Gate = gate(max_failure_rate=rate, min_success_rate=declared_rate)
    assert found.success_needed == Fraction(needed)


def test_groups_and_diversity_are_read() -> None:
    devices = [{"imei": imei(0), "groups": ["lab"], "region": "a", "zone": "b"}]
    waves = [
        wave("g", group="lab"),
        wave("one", per_package=1, diversity="region"),
        wave("two", per_package=1, diversity=["region", "zone"]),
        wave(),
    ]
    found = spec(devices, waves=waves).waves
    assert (found[0].kind, found[0].group) == (WaveKind.GROUP, "lab")
    assert (found[1].diversity, found[2].diversity) == (("region",), ("region", "zone"))
    assert [one.number for one in found] == [1, 2, 3, 4]


# -- a sample over the size of its wave


def test_a_sample_over_the_size_of_its_wave_is_capped_and_said() -> None:
    wish = spec(imeis(7), waves=[wave("pilot", count=2), wave()], gate={"min_sample": 3})
    found = decided(wish, seen(map(device, imeis(7))))
    assert [one.judgement.sample for one in found.waves] == [2, 3]
    plan = plan_lines({**view_decision(found, "none"), "msg": ""})
    said = [line.strip() for line in plan if "min_sample" in line]
    assert said == ["min_sample is 3, but the wave has 2 members, so 2 is used"]
