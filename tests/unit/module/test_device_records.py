# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices as playbooks hold them, and waves of them without the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (
    is_at_version,
    is_imei,
    list_imeis,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.wave_preview import (
    cut_into_waves,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import imeis

A, B, C = "358000000000016", "358000000000024", "358000000000032"
WRONG_DIGIT = "358000000000017"


class HostVariables(Mapping[str, Any]):
    """Like ``hostvars``: what is read is rendered, and some of it cannot be."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        if name == "broken":
            raise AssertionError("nobody asked for it")
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def host(imei: str, **more: Any) -> HostVariables:
    known = {"inventory_hostname": f"meter-{imei[-3:]}", "broken": None, "groups": {"all": []}}
    return HostVariables(**known, imei=imei, **more)


# -- IMEIs


def test_every_way_to_hold_devices() -> None:
    assert list_imeis([B, int(A), {"imei": C}, {"deviceId": B}, host(A)]) == [B, A, C]
    assert list_imeis(iter((A, B))) == [A, B]
    assert list_imeis({"devices": [{"deviceId": A}], "changed": False}) == [A]
    assert list_imeis([]) == []


@pytest.mark.parametrize(
    ("devices", "reason"),
    [
        ([A, "1"], "[1]: '1' must be an IMEI with exactly 15 digits"),
        ([A, {"host": "h-1"}], "[1] (h-1): has no IMEI"),
        ([host("1")], "[0] (meter-1): '1' must be an IMEI"),
        ([None], "[0]: has no IMEI"),
        ([True, 10**5000], "not of type bool; [1]: must be an IMEI with exactly 15 digits, not of"),
        (["x"] * 7, "[4]: 'x' must be an IMEI with exactly 15 digits; and 2 more"),
        (A, "devices: 'str': must be a list of IMEIs or records"),
        ({"meter": {"imei": A}}, "devices: 'dict': must be a list of IMEIs or records"),
        (3, "devices: 'int': must be a list"),
    ],
)
def test_what_holds_no_imei_is_named_by_its_place(devices: object, reason: str) -> None:
    with pytest.raises(InvalidValue) as error:
        list_imeis(devices)
    assert reason in str(error.value)


def test_check_digits() -> None:
    assert list_imeis([WRONG_DIGIT]) == [WRONG_DIGIT]
    with pytest.raises(InvalidValue, match="wrong check digit"):
        list_imeis([A, WRONG_DIGIT], check_digit=True)
    assert is_imei(A) and is_imei(int(A)) and not is_imei(WRONG_DIGIT)
    assert is_imei(WRONG_DIGIT, check_digit=False)


@pytest.mark.parametrize("value", ["", f" {A}", f"{A}\n", f"'{A}'", 1, True, None, [A], {}, 1.5])
def test_what_is_no_imei(value: object) -> None:
    assert not is_imei(value, check_digit=False)


# -- versions


def test_versions_are_compared_as_they_are() -> None:
    for running in ("1.0", {"version": "1.0"}, {"firmware": "1.0"}, host(A, fota_firmware="1.0")):
        assert is_at_version(running, "1.0")
        assert not is_at_version(running, "1")
    for unknown in ("", None, {"version": ""}, {"firmware": None}):
        assert not is_at_version(unknown, "1.0")


def test_what_tells_no_version() -> None:
    with pytest.raises(
        InvalidValue, match=r"meter-016.*must have one of the keys version, firmware"
    ):
        is_at_version(host(A), "1.0")
    with pytest.raises(InvalidValue, match="must be a record, or a version as text; quote it"):
        is_at_version(1.0, "1.0")
    for version in ("", None, 1.0):
        with pytest.raises(InvalidValue, match="must be a text that is not empty"):
            is_at_version("1.0", version)  # type: ignore[arg-type]


def test_a_key_that_may_hold_the_imei_is_named() -> None:
    with pytest.raises(InvalidValue, match="has no IMEI; the key IMEI Number must be named imei"):
        list_imeis([{"IMEI Number": A}])


def test_values_that_python_does_not_write_are_named() -> None:
    huge = 10**5000
    for devices in ([huge], [{"imei": huge}], [{"imei": "1", "host": huge}], [{huge: huge}]):
        with pytest.raises(InvalidValue) as caught:
            list_imeis(devices)
        assert len(str(caught.value)) < 500
    assert not is_imei(huge)
    with pytest.raises(InvalidValue, match="an integer of"):
        is_at_version(huge, "1.0")
    with pytest.raises(InvalidValue, match="must be a string; quote it"):
        cut([host(A, make="m", model="m", version=1.1)], {"name": "pilot", "per_package": 1}, REST)


# -- waves

REST = {"name": "rest", "rest": True}


def cut(devices: object, *waves: dict[str, Any], rollout: str = "meters") -> dict[str, list[str]]:
    found = cut_into_waves(devices, list(waves), rollout=rollout)
    assert [one["name"] for one in found] == [one["name"] for one in waves]
    return {one["name"]: one["devices"] for one in found}


@given(st.sets(st.integers(0, 10**15 - 1), min_size=1, max_size=60), st.randoms())
def test_every_device_is_in_one_wave_whatever_the_order(numbers: set[int], random: Any) -> None:
    devices = [f"{number:015}" for number in numbers]
    waves = (
        {"name": "canary", "count": 2},
        {"name": "early", "percent": 10, "at_least": 3},
        {"name": "broad", "percent": "33.4"},
        REST,
    )
    found = cut(devices, *waves)
    assert sorted(one for wave in found.values() for one in wave) == sorted(devices)
    assert len(found["canary"]) == min(2, len(devices))
    random.shuffle(devices)
    assert cut(devices, *waves) == found


def test_another_rollout_has_another_line() -> None:
    devices = imeis(50)
    waves = ({"name": "canary", "count": 5}, REST)
    assert cut(devices, *waves) != cut(devices, *waves, rollout="others")


def test_groups_of_records_and_of_hosts() -> None:
    devices = [{"imei": A, "groups": ["lab"]}, host(B, group_names=["lab"]), C, host(C)]
    found = cut(devices, {"name": "lab", "group": "lab"}, REST)
    assert (sorted(found["lab"]), found["rest"]) == ([A, B], [C])


def test_packages_are_told_by_what_devices_run() -> None:
    kind = {"make": "M", "model": "x"}
    devices = [
        {"imei": imei, **kind, "version": "AB"[place % 2], "region": "nsew"[place % 4]}
        for place, imei in enumerate(imeis(40))
    ]
    wave = {"name": "pilot", "per_package": 2, "at_least": 6, "diversity": ["region"]}
    pilot = cut(devices, wave, REST)["pilot"]
    chosen = [one for one in devices if one["imei"] in pilot]
    assert len(chosen) == 6
    assert {one["version"] for one in chosen} == {"A", "B"}
    assert {one["region"] for one in chosen} == set("nsew")


def test_packages_need_versions() -> None:
    with pytest.raises(InvalidValue, match="2 devices without make, model and version") as told:
        cut([A, {"imei": B, "make": "M", "model": "x"}], {"name": "pilot", "per_package": 1}, REST)
    assert "or use count" in str(told.value)


@pytest.mark.parametrize(
    ("waves", "rollout", "reasons"),
    [
        ([{"name": "a", "count": 1}], "meters", ["the last wave must have rest: true"]),
        ([{"name": "a", "cuont": 1}, REST], "meters", ["did you mean count?"]),
        ([], "meters", ["waves = []: must be a list of dictionaries with at least one entry"]),
        ("canary", "meters", ["waves = 'canary': must be a list of dictionaries"]),
        ([{"name": "a", "group": "g"}, REST], "meters", ["no selected device is in this group"]),
        (
            [{"name": "a"}, REST],
            "My Meters",
            ["must have exactly one of", "rollout = 'My Meters': must be the name"],
        ),
        ([REST], None, ["rollout: must be the name of a rollout, 1 to 20"]),
    ],
)
def test_what_is_no_cut(waves: Any, rollout: Any, reasons: list[str]) -> None:
    with pytest.raises(InvalidValue) as error:
        cut_into_waves([A], waves, rollout=rollout)
    assert all(reason in str(error.value) for reason in reasons)
