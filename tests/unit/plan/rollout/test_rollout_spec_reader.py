# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declarations: what is read from them, and how everything that is wrong is named at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import (
    ImeiCheck,
    luhn_is_valid,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    GateTest,
    Licensing,
    Limits,
    RolloutSpec,
    Selected,
    Timing,
    WaveKind,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    declared,
    gate,
    imei,
    imeis,
    read,
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
    (
        declared(name="Meters"),
        "rollout.name = 'Meters': must be 1 to 20 characters of a-z, 0-9 and -",
    ),
    (declared(name="m" * 21), f"rollout.name = '{'m' * 21}': must be 1 to 20"),
    (declared(name="a.b"), "rollout.name = 'a.b': must be 1 to 20"),
    (declared(name="meters\n2"), "rollout.name = 'meters\\n2': must be 1 to 20"),
    (declared(name=""), "rollout.name = '': must not be empty"),
    (declared(name=None), "rollout.name: is required"),
    (declared(name=["x"]), "rollout.name = ['x']: must be 1 to 20 characters"),
    (declared(type="hardware"), "rollout.type = 'hardware': must be 'firmware' or 'software'"),
    (declared(type="software"), "rollout.packages: is required with type: software"),
    (declared(protocol="CoAP"), "rollout.protocol = 'CoAP': must be 'LWM2M', 'OMA' or 'HTTP'"),
    (declared(nmae="x"), "rollout.nmae = 'x': unknown key; did you mean name?"),
    (declared(zebra=1), "rollout.zebra = 1: unknown key; valid keys here are name, type"),
    (declared(wave=[]), "rollout.wave = []: unknown key; did you mean waves?"),
    (
        declared(qualified_packages=[1]),
        "rollout.qualified_packages = [1]: must be a list of strings",
    ),
    (
        declared(assign_licenses="perhaps"),
        "rollout.assign_licenses = 'perhaps': must be true, false, 'before_wave' or 'before_campaign'",
    ),
    # -- the target
    (declared(target=None), "rollout.target: is required"),
    (
        declared(target=[]),
        "rollout.target = []: must be a list of dictionaries with at least one entry",
    ),
    (declared(target=target()), "must be a list of dictionaries with at least one entry"),
    (declared(target=["B"]), "rollout.target[0] = 'B': must be a dictionary"),
    (declared(target=[{"make": "x", "model": "y"}]), "rollout.target[0].version: is required"),
    (
        declared(target=[target(), target(version="C")]),
        "rollout.target[1].model = 'M1': another entry is for this model of Maker",
    ),
    (
        declared(target=[{**target(), "versoin": "B"}]),
        "rollout.target[0].versoin = 'B': unknown key; did you mean version?",
    ),
    *(
        (declared(deadline=value), f"rollout.deadline = {value!r}: must be a date of the form")
        for value in ("soon", "2026-13-01", "2026-12-18T22:00:00", "2026-12-18 22:00", 20261218)
    ),
    (
        declared(target=[{**target(), "deadline": "2026-12-18T22:00+25:00"}]),
        "rollout.target[0].deadline = '2026-12-18T22:00+25:00': must be a date of the form",
    ),
    (declared(deadlines="2026-12-18"), "unknown key; did you mean deadline?"),
    # -- the devices
    (
        {**declared(), "devices": []},
        "rollout.devices = []: must be a list of at least one device; no device is selected",
    ),
    (
        {**declared(), "devices": None},
        "rollout.devices: must be a list of at least one device; no device is selected: set rollout_hosts",
    ),
    (
        {**declared(), "devices": "all"},
        "rollout.devices[0] = 'all': must be an IMEI of exactly 15 digits",
    ),
    (
        {**declared(), "devices": " \n"},
        "rollout.devices = []: must be a list of at least one device",
    ),
    (declared(["12345"]), "rollout.devices[0] = '12345': must be an IMEI of exactly 15 digits"),
    (declared([imei(0), {"imei": "x"}]), "rollout.devices[1] = 'x': must be an IMEI"),
    (declared([{"host": "h"}]), "rollout.devices[0] = {'host': 'h'}: must be an IMEI"),
    (declared(["\N{ARABIC-INDIC DIGIT ONE}" * 15]), "must be an IMEI of exactly 15 digits"),
    (
        declared(["1", "2", "3", "4", "5", "6", "7"]),
        "rollout.devices[3] = '4', rollout.devices[4] = '5' and 2 more: must be an IMEI",
    ),
    (
        declared([{"imei": imei(0), "region": "a"}, {"imei": imei(0), "region": "b"}]),
        f"rollout.devices[1] = '{imei(0)}': is given twice, with other variables",
    ),
    # -- the waves
    (
        declared(waves=[]),
        "rollout.waves = []: must be a list of dictionaries with at least one entry",
    ),
    (
        declared(waves="all"),
        "rollout.waves = 'all': must be a list of dictionaries with at least one entry",
    ),
    (declared(waves=["all"]), "rollout.waves[0] = 'all': must be a dictionary"),
    (declared(waves=[{"rest": True}]), "rollout.waves[0].name: is required"),
    (
        declared(waves=[wave("a b")]),
        "rollout.waves[0].name = 'a b': must be 1 to 30 characters of A-Z",
    ),
    (declared(waves=[wave("n" * 31)]), "must be 1 to 30 characters of A-Z"),
    (
        declared(waves=[wave("x", count=1), wave("x")]),
        "rollout.waves[1].name = 'x': another wave has this name",
    ),
    (
        declared(waves=[wave("first"), wave("last")]),
        "rollout.waves[0].rest: must be in the last wave only, as it takes all that is left",
    ),
    (
        declared(waves=[wave("pilot", count=1)]),
        "rollout.waves[0]: the last wave must have rest: true",
    ),
    (
        declared(waves=[*(wave(f"w{n}", count=1) for n in range(98)), wave()]),
        "rollout.waves: must have at most 98 entries",
    ),
    (
        with_wave(),
        "rollout.waves[0]: must have exactly one of group, per_package, count, percent, rest",
    ),
    (with_wave(), "and has none"),
    (with_wave(count=1, percent=5), "and has count, percent"),
    (
        declared(waves=[wave("all", rest=False)]),
        "rollout.waves[0].rest = False: must be true, or left out",
    ),
    (with_wave(count=0), "rollout.waves[0].count = 0: must be an integer from 1 to 999999"),
    (with_wave(count=1.5), "rollout.waves[0].count = 1.5: must be an integer"),
    (with_wave(count=True), "rollout.waves[0].count = True: must be an integer"),
    (with_wave(count="-1"), "rollout.waves[0].count = '-1': must be an integer"),
    (with_wave(count="²"), "rollout.waves[0].count = '²': must be an integer"),
    (with_wave(count="9" * 5000), "must be an integer from 1 to 999999"),
    (with_wave(per_package=0), "rollout.waves[0].per_package = 0: must be an integer"),
    (
        with_wave(percent=0),
        "rollout.waves[0].percent = 0: must be a number above 0 and at most 100",
    ),
    (with_wave(percent=101), "rollout.waves[0].percent = 101: must be a number above 0"),
    (with_wave(percent="5 %"), "rollout.waves[0].percent = '5 %': must be a number above 0"),
    (with_wave(percent=-1), "rollout.waves[0].percent = -1: must be a number above 0"),
    (with_wave(percent=True), "rollout.waves[0].percent = True: must be a number above 0"),
    (with_wave(percent="1/0"), "rollout.waves[0].percent = '1/0': must be a number above 0"),
    (with_wave(percent=float("nan")), "rollout.waves[0].percent = nan: must be a number above 0"),
    (with_wave(percent=float("inf")), "rollout.waves[0].percent = inf: must be a number above 0"),
    (
        with_wave(count=1, at_least=5),
        "rollout.waves[0].at_least = 5: must be in a wave with per_package or",
    ),
    (with_wave(percent=5, at_least=0), "rollout.waves[0].at_least = 0: must be an integer from 1"),
    (
        with_wave(count=1, diversity=["region"]),
        "rollout.waves[0].diversity = ['region']: must be in a wave with per_package",
    ),
    (
        with_wave(per_package=1, diversity=[1]),
        "rollout.waves[0].diversity = [1]: must be a list of",
    ),
    (with_wave(count=1, days=1), "rollout.waves[0].days = 1: must be an integer from 2 to 31"),
    (with_wave(count=1, days=32), "rollout.waves[0].days = 32: must be an integer from 2 to 31"),
    (
        with_wave(count=1, dasy=3),
        "rollout.waves[0].dasy = 3: unknown key; did you mean",
    ),
    (with_wave(group="lab"), "rollout.waves[0].group = 'lab': no selected device is in this group"),
    (
        with_wave(per_package=1, diversity=["region"]),
        "rollout.waves[0].diversity = 'region': 3 devices without such a variable",
    ),
    # -- gates
    *(
        (with_wave(count=1, gate={key: value}), f"rollout.waves[0].gate.{key} = {value!r}: {why}")
        for key, value, why in [
            *(
                (rate, value, "must be a number from 0 to 1")
                for rate in (
                    *("max_failure_rate", "min_success_rate", "min_coverage", "max_rejected"),
                    "max_failed_cohort_share",
                )
                for value in (1.01, -0.01, "5%", True, [0.1], "1e-99999", "1/0")
            ),
            ("min_sample", 0, "must be an integer from 1 to 999999"),
            ("max_failures", -1, "must be an integer from 0 to 999999"),
            ("max_failure", 1, "unknown key; did you mean max_failures?"),
        ]
    ),
    (with_wave(count=1, gate=[1]), "rollout.waves[0].gate = [1]: must be a dictionary"),
    (
        declared(gate={"min_sampel": 1}),
        "rollout.gate.min_sampel = 1: unknown key; did you mean",
    ),
    (
        declared(gate={"min_coverage": 2}),
        "rollout.gate.min_coverage = 2: must be a number from 0 to 1",
    ),
    # -- limits and times
    (
        declared(limits={"max_creates": 0}),
        "rollout.limits.max_creates = 0: must be an integer from 1 to 100",
    ),
    (declared(limits={"max_creates": 101}), "rollout.limits.max_creates = 101: must be an integer"),
    (
        declared(limits={"max_campaign_devices": 0}),
        "rollout.limits.max_campaign_devices = 0: must be an integer",
    ),
    (declared(limits={"max_devices": 1}), "rollout.limits.max_devices = 1: unknown key"),
    (
        declared(calendar={"lead_hours": 0}),
        "rollout.calendar.lead_hours = 0: must be an integer from 1 to 720",
    ),
    (
        declared(calendar={"lead_hours": 721}),
        "rollout.calendar.lead_hours = 721: must be an integer",
    ),
    (
        declared(calendar={"lead_hour": 1}),
        "rollout.calendar.lead_hour = 1: unknown key; did you mean",
    ),
]


@pytest.mark.parametrize(("raw", "expected"), ERRORS, ids=[text for _raw, text in ERRORS])
def test_error(raw: dict[str, Any], expected: str) -> None:
    found = problems(raw)
    assert any(expected in line for line in found), found


def test_a_mistake_is_named_once() -> None:
    for raw in (
        with_wave(percent=0),
        declared(gate={"min_coverage": 2}),
        with_wave(count=1, gate={"min_sample": 0}),
        declared(name="X"),
        declared(["1"]),
    ):
        assert len(problems(raw)) == 1


@pytest.mark.parametrize("raw", [None, {}])
def test_no_declaration_at_all(raw: object) -> None:
    assert [problem.split(":")[0] for problem in problems(raw)] == [
        "rollout.name",
        "rollout.target",
        "rollout.devices",
    ]


@pytest.mark.parametrize("raw", [[], "x", 5])
def test_no_mapping_is_one_mistake(raw: object) -> None:
    assert problems(raw) == (f"rollout = {raw!r}: must be a dictionary",)


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
        *("name = ", "protocol = ", "target[1].model: ", "target[1].version: ", "devices[0] = "),
        *("waves[0].rest: ", "waves[1].percent = ", "waves[1].gate.min_coverage = "),
        *("waves[1].gate.sample = ", "waves[1]: the last wave", "gate.max_failure_rate = "),
        *("limits.max_creates = ", "calendar.lead_hours = ", "colour = "),
    ):
        assert sum(problem.startswith(f"rollout.{place}") for problem in found) == 1, place
    assert len(found) == 14
    with pytest.raises(InvalidSpec) as caught:
        read(raw, ImeiCheck.WARN)
    assert str(caught.value).splitlines() == ["rollout: 14 errors:", *found]


def test_one_error_is_one_error() -> None:
    with pytest.raises(InvalidSpec, match=r"^rollout: 1 error:\nrollout.name = 'X'"):
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
        "rollout.waves[0].diversity = 'region': 2 devices without such a variable:"
        f" {imei(1)} (meter1), {imei(2)}",
    )


@pytest.mark.parametrize("spelled", ["Region", "REGION", "regoin"])
def test_the_nearest_variable_is_named(spelled: str) -> None:
    """Of all columns only this one is meant; case counts, as in Ansible."""
    devices = [{"imei": imei(0), spelled: "east", "site": "a"}]
    raw = declared(devices, waves=[wave("p", per_package=1, diversity=["region"]), wave()])
    (problem,) = problems(raw)
    assert problem.endswith(f"{imei(0)}; did you mean {spelled}?")


def test_check_digits() -> None:
    wrong = next(id_ for id_ in imeis(20) if not luhn_is_valid(id_))
    right = next(id_ for id_ in imeis(20) if luhn_is_valid(id_))
    assert "wrong check digit" in problems(declared([wrong]), imei_check=ImeiCheck.STRICT)[0]
    (remark,) = read(declared([wrong, right]), ImeiCheck.WARN).remarks
    assert wrong in remark and right not in remark
    assert read(declared([wrong])).remarks == ()
    assert read(declared([right]), ImeiCheck.STRICT).remarks == ()


def test_repeated_devices_are_merged_and_said() -> None:
    found = spec([imei(1), imei(0), imei(1), {"imei": imei(0)}])
    assert [device.imei for device in found.devices] == [imei(1), imei(0)]
    assert found.remarks == ("devices: merged 2 that were declared twice",)


# -- what is read


def test_a_device_with_everything() -> None:
    raw = {"imei": f" {imei(0)} ", "host": "h", "groups": ["a", "b"], "region": "east", "floor": 3}
    assert spec([raw]).devices == (
        Selected(imei(0), "h", ("a", "b"), {"region": "east", "floor": "3"}),
    )
    assert spec([int(imei(0))]).devices == (Selected(imei(0)),)


def test_targets_devices_and_names_are_text() -> None:
    found = spec(name=123, target=[{"make": "Maker", "model": 5, "version": "1.5"}])
    assert found.name == "123"
    assert (found.targets[0].model, found.targets[0].version) == ("5", "1.5")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-18", datetime(2026, 12, 18, 23, 59, 59, tzinfo=timezone.utc)),
        (date(2026, 12, 18), datetime(2026, 12, 18, 23, 59, 59, tzinfo=timezone.utc)),
        ("1999-12-31", datetime(1999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        ("2026-12-18T22:00:00-06:00", datetime(2026, 12, 19, 4, tzinfo=timezone.utc)),
        ("2026-12-18 22:00Z", datetime(2026, 12, 18, 22, tzinfo=timezone.utc)),
        (
            datetime(2026, 12, 18, 22, tzinfo=timezone.utc),
            datetime(2026, 12, 18, 22, tzinfo=timezone.utc),
        ),
    ],
)
def test_a_deadline_is_a_moment(value: object, expected: datetime) -> None:
    assert spec(deadline=value).deadline == expected
    found = spec(target=[{**target(), "deadline": value}])
    assert found.model_deadlines == {("Maker", "M1"): expected}
    assert found.deadline is None
    assert (spec().deadline, spec().model_deadlines) == (None, {})


@pytest.mark.parametrize("value", [1.1, 10657, True])
def test_what_yaml_did_not_read_as_text_is_to_be_quoted(value: object) -> None:
    """Nobody can tell 1.10 from 1.1 once YAML has read it, nor 0o17 from 15."""
    packages = [{"name": "p", "make": "Maker", "model": "M1", "from": value, "to": value}]
    raw = declared(
        target=[{**target(), "version": value}], type="software", packages=packages, name=True
    )
    kind = "true or false" if value is True else "a number"
    assert set(problems(raw)) == {
        "rollout.name = True: must be a string; quote it, as YAML reads it as true or false",
        *(
            f"rollout.{key} = {value!r}: must be a string; quote it, as YAML reads it as {kind}"
            for key in ("target[0].version", "packages[0].from", "packages[0].to")
        ),
    }


def test_a_null_is_not_given() -> None:
    given = declared(waves=[{"name": "p", "count": 2, "percent": None, "gate": None}, wave()])
    assert spec(limits=None, calendar=None, timing=None, gate={"max_failures": None}).limits
    assert read(given).waves[0].size == 2
    assert problems({**given, "target": None}) == ("rollout.target: is required",)
    assert problems({**given, "lane": None})[0].startswith("rollout.lane: unknown key")


def test_a_mistake_brings_no_other_with_it() -> None:
    """A wave of no kind is not taken for the rest, nor a wrong size for none."""
    assert problems(declared(waves=[{"name": "p", "cuont": 2}, wave()])) == (
        "rollout.waves[0].cuont = 2: unknown key; did you mean count? valid keys here are name,"
        " group, per_package, count, percent, rest, at_least, diversity, days, retry, gate",
        "rollout.waves[0]: must have exactly one of group, per_package, count, percent, rest, and"
        " has none",
    )
    signed = {"approved": [{"wave": "pilot", "digest": "abcd"}]}
    assert len(problems(declared(waves="all", **signed))) == 1
    assert len(problems(declared(waves=[{"name": "p q", "count": 1}, wave()], **signed))) == 1
    assert len(problems(declared(calendar={"windows": ["22:00-04:00"], "timezone": 5.5}))) == 1
    assert len(problems(declared(waves=[{"name": "p", "rest": "no way"}, wave()]))) == 1


def test_values_are_shortened() -> None:
    raw = declared(name={f"key{number}": "x" * 1000 for number in range(1000)}, require_digest=[])
    for problem in problems({**raw, "gate": ["x" * 1000] * 1000, "type": "y" * 1000}):
        assert len(problem) < 800


def test_keys_of_earlier_versions() -> None:
    accept = {"wave": "all", "up_to": 3, "by": "ann", "reason": "known"}
    found = spec(gate={"max_failed_lane_share": 0.2}, accept=[{**accept, "lane": "8a1f0e"}])
    assert found.waves[0].gate.max_failed_cohort_share == Fraction("0.2")
    assert found.accepted[0].cohort == "8a1f0e"
    both = declared(accept=[{**accept, "lane": "8a1f0e", "cohort": "8a1f0e"}])
    assert problems(both) == (
        "rollout.accept[0].cohort: lane is given, too: it is the same option",
    )


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
    assert {wave_spec.gate.max_failure_rate for wave_spec in found.waves} == {Fraction(7, 100)}
    assert found.limits == Limits(max_campaign_devices=50, max_creates=3)
    assert found.calendar.lead == timedelta(hours=24)
    assert found.assign_licenses is Licensing.SERVICE
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
        (1e-3, Fraction(1, 1000)),
        ("1e-3", Fraction(1, 1000)),
        (" 0.050 ", Fraction(1, 20)),
    ],
)
def test_rates_are_exact(value: object, rate: Fraction) -> None:
    (only,) = spec(gate={"max_failure_rate": value}).waves
    assert only.gate.max_failure_rate == rate


def test_words_for_true_and_false() -> None:
    for word in (True, "true", "Yes", " on ", "1", 1):
        assert spec(assign_licenses=word).assign_licenses is Licensing.SERVICE
    for word in (False, "false", "No", "off", "0", 0):
        assert spec(assign_licenses=word).assign_licenses is Licensing.NONE
    for licensing in Licensing:
        assert spec(assign_licenses=str(licensing)).assign_licenses is licensing


def test_defaults() -> None:
    found = spec(waves=None)
    assert (found.protocol, found.assign_licenses, found.remarks) == ("LWM2M", Licensing.NONE, ())
    assert [
        (wave_spec.name, wave_spec.kind.value, wave_spec.size, wave_spec.at_least, wave_spec.days)
        for wave_spec in found.waves
    ] == [
        ("pilot", "per_package", 5, 20, 3),
        ("early", "percent", 5, 60, 5),
        ("broad", "percent", 25, 0, 7),
        ("all", "rest", 0, 0, 7),
    ]
    later = gate(max_failure_rate="0.05", min_sample=20, min_coverage="0.80")
    assert [wave_spec.gate for wave_spec in found.waves] == [
        gate(max_failures=2),
        later,
        later,
        later,
    ]
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
    first, last = (wave_spec.gate for wave_spec in found.waves)
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
    (only,) = spec(waves=[wave(gate={**given, "soak_hours": 8, "test": "fixed"})]).waves
    assert vars(only.gate) == {
        "soak": timedelta(hours=8),
        "test": GateTest.FIXED,
        **{
            name: Fraction(value) if isinstance(value, str) else value
            for name, value in given.items()
        },
    }


NOT_DECLARED = "not declared"


@pytest.mark.parametrize(
    ("of_rollout", "of_wave", "pilot", "later"),
    [
        (NOT_DECLARED, NOT_DECLARED, 2, None),
        (NOT_DECLARED, None, None, None),
        (None, NOT_DECLARED, None, None),
        (None, 3, 3, 3),
        (5, NOT_DECLARED, 5, 5),
        (5, None, None, None),
        (None, None, None, None),
        (0, 4, 4, 4),
    ],
)
def test_a_declared_null_lifts_the_limit_of_failures(
    of_rollout: Any, of_wave: Any, pilot: int | None, later: int | None
) -> None:
    """A null says that there is no limit, which is something else than to say nothing.

    The places where a null is declared: the gate of the rollout, and that of a wave, which counts
    more. It lifts what has no limit of its own: ``max_failures`` and ``min_success_rate``.
    """

    def declare(value: Any) -> dict[str, Any]:
        return {} if value == NOT_DECLARED else {"max_failures": value}

    waves = [wave("p", count=1, gate=declare(of_wave)), wave(gate=declare(of_wave))]
    found = spec(waves=waves, gate=declare(of_rollout)).waves
    assert [each.gate.max_failures for each in found] == [pilot, later]


def test_a_declared_null_lifts_a_success_rate() -> None:
    waves = [wave("p", count=1, gate={"min_success_rate": None}), wave()]
    first, last = (each.gate for each in spec(waves=waves, gate={"min_success_rate": 0.9}).waves)
    assert (first.min_success_rate, last.min_success_rate) == (None, Fraction("0.9"))


def test_a_null_elsewhere_says_nothing() -> None:
    empty = dict.fromkeys(["max_failure_rate", "min_sample", "soak_hours", "approval", "test"])
    assert spec(waves=[wave(gate=empty)]) == spec(waves=[wave()])


@pytest.mark.parametrize(
    ("declared_test", "expected"),
    [(None, GateTest.ANYTIME), ("anytime", GateTest.ANYTIME), ("fixed", GateTest.FIXED)],
)
def test_the_test_of_a_gate(declared_test: str | None, expected: GateTest) -> None:
    (only,) = spec(gate={"test": declared_test}).waves
    assert only.gate.test is expected


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
    assert [wave_spec.number for wave_spec in found] == [1, 2, 3, 4]

    assert [one.number for one in found] == [1, 2, 3, 4]


@pytest.mark.parametrize("key", ["timezone", "Time Zone", "TIMEZONE", "time_zone", "Time-Zone"])
def test_the_zone_of_a_device_however_it_is_spelled(key: str) -> None:
    """Variables that are read: the time zone and the groups, of lists and of files."""
    spec = read({**declared([{"imei": imei(0), key: "Europe/Paris"}])})
    assert spec.devices[0].variables["timezone"] == "Europe/Paris"


@pytest.mark.parametrize("key", ["groups", "Groups", "group", "GROUP"])
@pytest.mark.parametrize("value", [["canary", "lab"], "canary; lab"])
def test_the_groups_of_a_device_however_they_are_spelled(key: str, value: object) -> None:
    (device,) = read(declared([{"imei": imei(0), key: value}])).devices
    assert device.groups == ("canary", "lab")


def test_hosts_with_groups_may_have_a_variable_group() -> None:
    (device,) = read(declared([{"imei": imei(0), "groups": ["lab"], "group": "7"}])).devices
    assert (device.groups, device.variables) == (("lab",), {"group": "7"})


@pytest.mark.parametrize("key", ["timezon", "Time Zones", "grups"])
def test_a_variable_that_nearly_is_one_is_an_error(key: str) -> None:
    (problem,) = problems(declared([{"imei": imei(0), key: "Europe/Paris"}]))
    assert problem.startswith(f"rollout.devices = {key!r}: nearly is the variable ")


def test_one_variable_in_two_spellings_is_an_error() -> None:
    both = {"imei": imei(0), "timezone": "UTC", "Time Zone": "UTC"}
    assert problems(declared([both])) == (
        "rollout.devices = 'Time Zone': timezone is given, too: it is the same",
    )


@pytest.mark.parametrize("key", ["imei", "IMEI", "deviceId", "Device ID"])
def test_the_imei_of_a_record_is_found_in_any_spelling(key: str) -> None:
    (imei,) = imeis(1)
    (device,) = read(declared([{key: imei, "site": "x"}])).devices
    assert (device.imei, device.variables) == (imei, {"site": "x"})


def test_a_record_without_an_imei_is_shown() -> None:
    (problem,) = problems(declared([{"IMEI Number": imeis(1)[0]}]))
    assert "rollout.devices[0] = {'IMEI Number': " in problem


# -- shortened

HUGE, LONG = 10**5000, "x" * 40_000


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({LONG: 1}, id="key"),
        pytest.param({HUGE: 1}, id="integer-key"),
        pytest.param({"gate": {LONG: LONG}}, id="nested-key"),
        pytest.param({"name": HUGE}, id="name"),
        pytest.param({"name": LONG}, id="long-name"),
        pytest.param({"retry": HUGE}, id="integer"),
        pytest.param({"gate": {"max_failure_rate": HUGE}}, id="number"),
        pytest.param({"sweep": HUGE}, id="flag"),
        pytest.param({"late_joiners": HUGE}, id="choice"),
        pytest.param({"qualified_packages": [HUGE]}, id="texts"),
        pytest.param({"calendar": {"windows": [{"start": HUGE, "end": 4}]}}, id="window"),
        pytest.param({"calendar": {"freeze": [{"from": HUGE, "to": LONG}]}}, id="day"),
        pytest.param({"target": [{**target(), "version": HUGE}]}, id="version"),
        pytest.param({"target": [{**target(), "make": LONG * 2, "model": ""}]}, id="word"),
        pytest.param({"devices": [HUGE, LONG]}, id="devices"),
        pytest.param({"devices": [{"imei": HUGE, "host": HUGE, "site": HUGE}]}, id="records"),
        pytest.param({"devices": [{"imei": LONG, HUGE: HUGE}]}, id="odd-records"),
    ],
)
def test_a_mistake_prints_its_key_and_value_shortened(members: dict[Any, Any]) -> None:
    """Python does not write integers of more than 4300 digits."""
    with pytest.raises((InvalidSpec, InvalidValue)) as caught:
        read({**declared(), **members})
    assert 20 < len(str(caught.value)) < 1500
