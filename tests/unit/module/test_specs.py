# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options to declarations: every bad value is named, with its place, before any call."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignType
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_OPTIONS,
    EXCLUSIVE_WITH_CAMPAIGNS,
    read_specs,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.declared import (
    declared_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    check_positive,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
    read_upgrade_spec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    ScheduleSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DevicesMode,
)

VALID = "490154203237518"
WRONG_DIGIT = "990013907835573"
ACCOUNT = "0000123456-00001"


def campaign_params(**members: Any) -> dict[str, Any]:
    """One campaign's options as Ansible gives them: defaults filled in, all others None."""
    defaults = {name: option.get("default") for name, option in CAMPAIGN_OPTIONS.items()}
    return {**defaults, "name": "spring", **members}


def module_params(**members: Any) -> dict[str, Any]:
    return {**campaign_params(**members), "imei_check": members.get("imei_check", "warn")}


def upgrade_params(**members: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in UPGRADE_OPTIONS.items()}
    given_ = {"package": "pkg", "start_date": "2026-04-10", "devices": [VALID]}
    return {**defaults, **given_, **members}


# -- campaigns


def test_everything_that_is_declared_of_a_firmware_campaign() -> None:
    specs, warnings = read_specs(
        module_params(
            campaign_id="c-1",
            package="pkg",
            from_version="A",
            to_version="B",
            protocol="OMA",
            start_date="2026-04-10",
            end_date="2026-04-20",
            windows=[{"start": 20, "end": 22}, {"start": 1, "end": 2}],
            devices=[VALID],
            devices_mode="exact",
            auto_assign_license=True,
            auto_add_devices=False,
            recreate=True,
        )
    )
    (spec,) = specs
    assert (spec.type, spec.present) == (CampaignType.FIRMWARE, True)
    assert (spec.campaign_id, spec.name, spec.package) == ("c-1", "spring", "pkg")
    assert (spec.from_version, spec.to_version, spec.protocol) == ("A", "B", "OMA")
    assert spec.schedule == ScheduleSpec(
        start=date(2026, 4, 10), end=date(2026, 4, 20), windows=(Window(1, 2), Window(20, 22))
    )
    assert (spec.devices, spec.devices_mode) == ((VALID,), DevicesMode.EXACT)
    assert (spec.auto_assign_license, spec.auto_add_devices) == (True, False)
    assert (spec.recreate, spec.abort_started) == (True, False)
    assert warnings == []


def test_a_campaign_may_start_and_end_on_one_day() -> None:
    day = date(2026, 4, 10)
    (spec,), _warnings = read_specs(module_params(start_date=str(day), end_date=str(day)))
    assert spec.schedule == ScheduleSpec(start=day, end=day)


def test_what_is_not_declared_is_none() -> None:
    (spec,), _warnings = read_specs(module_params(package="", from_version="", start_date=""))
    assert spec.schedule == ScheduleSpec()
    assert (spec.devices, spec.package, spec.from_version) == (None, None, None)
    assert (spec.protocol, spec.campaign_id, spec.auto_add_devices) == (None, None, None)


def test_a_software_campaign() -> None:
    (spec,), _warnings = read_specs(
        module_params(
            type="software",
            package="soft",
            from_version="1",
            to_version="2",
            download_after_date="2026-04-11",
            download_windows=[{"start": 0, "end": 24}],
            install_after_date="2026-04-12T00:00:00Z",
            install_windows=[],
            state="absent",
            abort_started=True,
        )
    )
    assert (spec.type, spec.present, spec.abort_started) == (CampaignType.SOFTWARE, False, True)
    assert spec.schedule == ScheduleSpec(
        download_after=date(2026, 4, 11),
        download_windows=(Window(0, 24),),
        install_after=date(2026, 4, 12),
        install_windows=(),
    )


@pytest.mark.parametrize(
    ("members", "field"),
    [
        pytest.param({"name": None}, "name", id="no-name-no-id"),
        pytest.param({"name": "", "campaign_id": ""}, "name", id="empty-name-empty-id"),
        pytest.param({"start_date": "soon"}, "start_date", id="no-date"),
        pytest.param(
            {"start_date": "2026-04-10", "end_date": "2026-04-09"}, "end_date", id="end-first"
        ),
        pytest.param({"windows": [{"start": 5, "end": 5}]}, "windows[0]", id="empty-window"),
        pytest.param({"windows": [{"start": 24, "end": 5}]}, "windows[0].start", id="hour-24"),
        pytest.param({"devices": []}, "devices", id="no-device"),
        pytest.param({"devices": [VALID, "12"]}, "devices[1]", id="no-imei"),
        pytest.param(
            {"devices": [WRONG_DIGIT], "imei_check": "strict"}, "devices[0]", id="strict-imei"
        ),
        pytest.param({"devices_mode": "exact"}, "devices_mode", id="exact-of-nothing"),
        pytest.param({"devices_mode": "remove"}, "devices_mode", id="remove-nothing"),
        pytest.param({"download_windows": []}, "download_windows", id="firmware-download"),
        pytest.param(
            {"install_after_date": "2026-04-10"}, "install_after_date", id="firmware-install"
        ),
        pytest.param({"type": "software", "windows": []}, "windows", id="software-windows"),
        pytest.param(
            {"type": "software", "auto_add_devices": False}, "auto_add_devices", id="software-flag"
        ),
        pytest.param({"type": "software", "protocol": "LWM2M"}, "protocol", id="software-lwm2m"),
        pytest.param({"protocol": "NONE"}, "protocol", id="unknown-protocol"),
        pytest.param(
            {"type": "software", "package": "p", "to_version": "2"},
            "from_version",
            id="software-without-from",
        ),
        pytest.param(
            {"type": "software", "package": "p", "from_version": "1"},
            "to_version",
            id="software-without-to",
        ),
        pytest.param(
            {"type": "file", "package": "f", "from_version": "1", "to_version": "2"},
            "from_version",
            id="file-with-from",
        ),
        pytest.param({"type": "file", "package": "f"}, "to_version", id="file-without-to"),
        pytest.param({"type": "file", "windows": []}, "windows", id="file-windows"),
        pytest.param({"campaigns": []}, "campaigns", id="no-campaign"),
    ],
)
def test_a_bad_option_is_named(members: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_specs(module_params(**members))
    assert caught.value.field == field
    if "." in field or field in ("start_date", "protocol", "devices_mode"):
        assert repr(caught.value.value) in str(caught.value)


@pytest.mark.parametrize(
    ("second", "field"),
    [
        ({"name": "autumn", "end_date": "x"}, "campaigns[1].end_date"),
        ({"name": "autumn", "devices": ["x"]}, "campaigns[1].devices[0]"),
        ({"name": "autumn", "windows": [{"start": 3, "end": 2}]}, "campaigns[1].windows[0]"),
        ({"name": None}, "campaigns[1].name"),
        ({"name": "spring"}, "campaigns[1].name"),
        ({"name": "autumn", "campaign_id": "c-1"}, "campaigns[1].campaign_id"),
    ],
)
def test_of_many_campaigns_the_bad_one_is_named(second: dict[str, Any], field: str) -> None:
    entries = [campaign_params(campaign_id="c-1"), campaign_params(**second)]
    with pytest.raises(InvalidValue) as caught:
        read_specs(module_params(name=None, campaigns=entries))
    assert caught.value.field == field


def test_many_campaigns_in_their_order_with_their_warnings() -> None:
    entries = [
        campaign_params(devices=[WRONG_DIGIT]),
        campaign_params(name="autumn", devices=[VALID, VALID]),
    ]
    specs, warnings = read_specs(module_params(name=None, campaigns=entries))
    assert [spec.name for spec in specs] == ["spring", "autumn"]
    assert [spec.devices for spec in specs] == [(WRONG_DIGIT,), (VALID,)]
    assert len(warnings) == 2
    assert warnings[0].startswith("campaigns[0].devices")
    assert warnings[1].startswith("campaigns[1].devices: merged")


def test_one_imei_check_holds_for_all_campaigns() -> None:
    entries = [campaign_params(devices=[WRONG_DIGIT])]
    params = module_params(name=None, campaigns=entries, imei_check="off")
    assert read_specs(params)[1] == []
    with pytest.raises(InvalidValue):
        read_specs({**params, "imei_check": "strict"})


def test_every_option_without_a_default_excludes_the_list_of_campaigns() -> None:
    excluded = {option for _list, option in EXCLUSIVE_WITH_CAMPAIGNS}
    assert excluded == {name for name, spec in CAMPAIGN_OPTIONS.items() if "default" not in spec}
    assert {"name", "campaign_id", "devices"} <= excluded


words = st.none() | st.text(max_size=12) | st.sampled_from(["2026-04-10", "2026-04-20", "x"])
windows = st.none() | st.lists(
    st.fixed_dictionaries({"start": st.integers(-1, 25), "end": st.integers(-1, 25)}), max_size=2
)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": words,
            "campaign_id": words,
            "package": words,
            "from_version": words,
            "to_version": words,
            "start_date": words,
            "end_date": words,
            "download_after_date": words,
            "windows": windows,
            "install_windows": windows,
            "devices": st.none() | st.lists(st.sampled_from([VALID, WRONG_DIGIT, "x", ""])),
            "devices_mode": st.sampled_from([mode.value for mode in DevicesMode]),
            "type": st.sampled_from(["firmware", "software", "file"]),
            "protocol": st.sampled_from([None, "LWM2M", "OMA", "HTTP", "x"]),
            "state": st.sampled_from(["present", "absent"]),
        },
    )
)
def test_any_options_are_a_declaration_or_invalid(members: dict[str, Any]) -> None:
    try:
        (spec,), _warnings = read_specs(module_params(**members))
    except InvalidValue as error:
        assert error.field.split("[")[0] in CAMPAIGN_OPTIONS
        return
    assert spec.name or spec.campaign_id
    assert spec.devices is None or spec.devices
    schedule = spec.schedule
    assert not (schedule.start and schedule.end) or schedule.start <= schedule.end


# -- upgrades


def test_everything_that_is_declared_of_an_upgrade() -> None:
    spec, warnings = read_upgrade_spec(
        upgrade_params(
            to_version="B",
            end_date="2026-04-12",
            devices=[WRONG_DIGIT, VALID],
            devices_mode="exact",
            recreate=True,
        ),
        ACCOUNT,
    )
    assert (spec.account, spec.package, spec.to_version) == (ACCOUNT, "pkg", "B")
    assert (spec.start, spec.end) == (date(2026, 4, 10), date(2026, 4, 12))
    assert (spec.devices, spec.devices_mode) == ((WRONG_DIGIT, VALID), DevicesMode.EXACT)
    assert (spec.present, spec.recreate, spec.upgrade_id) == (True, True, None)
    assert len(warnings) == 1
    assert WRONG_DIGIT in warnings[0]


def test_an_upgrade_may_start_and_end_on_one_day() -> None:
    spec, _warnings = read_upgrade_spec(upgrade_params(end_date="2026-04-10"), ACCOUNT)
    assert spec.start == spec.end == date(2026, 4, 10)


def test_the_document_date_time_is_its_utc_day() -> None:
    spec, _warnings = read_upgrade_spec(upgrade_params(start_date="2018-04-01T16:03:00Z"), ACCOUNT)
    assert spec.start == date(2018, 4, 1)


def test_an_upgrade_id_is_enough() -> None:
    params = upgrade_params(upgrade_id="u-1", package=None, start_date=None, devices=None)
    spec, warnings = read_upgrade_spec(params, ACCOUNT)
    assert (spec.upgrade_id, spec.package, spec.start, spec.devices) == ("u-1", None, None, None)
    assert warnings == []


@pytest.mark.parametrize(
    ("members", "field"),
    [
        pytest.param({"package": None}, "package", id="no-package"),
        pytest.param({"start_date": ""}, "start_date", id="no-date"),
        pytest.param({"devices": None}, "devices", id="no-devices"),
        pytest.param({"devices": None, "state": "absent"}, "devices", id="absent-no-devices"),
        pytest.param({"devices": []}, "devices", id="empty-devices"),
        pytest.param({"devices": ["x"]}, "devices[0]", id="no-imei"),
        pytest.param({"start_date": "x"}, "start_date", id="bad-date"),
        pytest.param({"end_date": "2026-04-09"}, "end_date", id="end-first"),
        pytest.param(
            {"upgrade_id": "u-1", "devices": None, "devices_mode": "remove"},
            "devices_mode",
            id="remove-nothing",
        ),
    ],
)
def test_a_bad_option_of_an_upgrade_is_named(members: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_upgrade_spec(upgrade_params(**members), ACCOUNT)
    assert caught.value.field == field


# -- shared


def test_devices_that_are_not_declared_are_none() -> None:
    assert declared_devices({"devices": None, "imei_check": "warn"}) is None


@pytest.mark.parametrize("value", [0, -1, -0.5, float("nan")])
def test_a_number_that_is_not_positive_is_named(value: float) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_positive({"timeout": 1, "wait_delay": value}, "timeout", "wait_delay")
    assert caught.value.field == "wait_delay"


def test_positive_numbers_and_missing_ones_pass() -> None:
    check_positive({"timeout": 0.1, "wait_delay": None}, "timeout", "wait_delay", "other")
