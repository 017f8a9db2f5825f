# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory makes of devices, without an inventory and without a service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.doc_fragments import connection, connection_plugin
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.inventory import (
    GROUP_KEYS,
    AccountUnread,
    age_text,
    cache_suffix,
    host_variables,
    pack,
    select,
    unpack,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)

METER = Device(
    device_id="358000000000016",
    make="SEQUANS Communications",
    model="GM01Q",
    firmware="SR1.2.0.0-10512",
    protocol="LWM2M",
    fota_eligible=True,
    license_assigned=True,
    mdn="5550000001",
    status="Active",
    refreshed="2026-03-02 00:00:00 +0000 UTC",
)
TRACKER = replace(METER, device_id="358000000000008", model="nRF9160", firmware="1.0")
SERVICE = {"base_url": "https://host/api", "account": "0000123456-00001", "protocol": None}


def test_devices_are_in_the_order_of_their_imeis() -> None:
    assert select([METER, TRACKER], {}) == ([TRACKER, METER], [])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"model": "GM01Q"}, [METER]),
        ({"make": METER.make, "firmware": "1.0"}, [TRACKER]),
        ({"model": "gm01q"}, []),
        ({"protocol": "HTTP"}, []),
        ({"protocol": "LWM2M", "model": None}, [TRACKER, METER]),
    ],
)
def test_filters_all_have_to_pass(filters: dict[str, Any], found: list[Device]) -> None:
    assert select([METER, TRACKER], filters) == (found, [])


def test_devices_without_an_imei_are_left_out_and_counted() -> None:
    others = [replace(METER, device_id=text) for text in ("", "35800000000001", "{{ 1 + 1 }}")]
    kept, (warning,) = select([*others, METER], {"model": "GM01Q"})
    assert kept == [METER]
    assert warning.startswith("3 devices without an IMEI of 15 digits left out: MDN 5550000001")


def test_a_version_that_only_looks_like_the_one_asked_for_is_named() -> None:
    odd = replace(METER, firmware=f"{METER.firmware}\r")
    kept, (warning,) = select([odd, TRACKER], {"firmware": METER.firmware})
    assert kept == []
    assert repr(odd.firmware) in warning


def test_a_device_that_no_filter_wants_is_not_counted() -> None:
    assert select([replace(METER, device_id="")], {"model": "nRF9160"}) == ([], [])


def test_a_license_is_a_word() -> None:
    devices = [replace(METER, license_assigned=assigned) for assigned in (True, False, None)]
    words = [host_variables(device)["fota_license"] for device in devices]
    assert words == ["assigned", "none", ""]


def test_every_key_of_group_by_is_a_text_variable() -> None:
    variables = host_variables(METER)
    assert {type(variables[f"fota_{key}"]) for key in GROUP_KEYS} == {str}
    assert variables["imei"] == METER.device_id
    assert all(name == "imei" or name.startswith("fota_") for name in variables)


def test_what_is_packed_comes_back_through_json() -> None:
    packed = json.loads(json.dumps(pack([METER, TRACKER], now=1000.5)))
    assert unpack(packed) == (1000.5, [METER, TRACKER])


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"read_at": 1.0},
        {"read_at": 1.0, "devices": "no JSON"},
        {"read_at": 1.0, "devices": "[[1, 2]]"},
        {"read_at": None, "devices": "[]"},
        {"read_at": 1.0, "devices": 5},
    ],
)
def test_a_cache_that_holds_something_else_is_said(kept: dict[str, Any]) -> None:
    with pytest.raises(AccountUnread, match="--flush-cache"):
        unpack(kept)


@pytest.mark.parametrize(
    "changed",
    [{"base_url": "https://other/api"}, {"account": "0000123456-00002"}, {"protocol": "HTTP"}],
)
def test_cached_devices_belong_to_one_question(changed: dict[str, Any]) -> None:
    assert cache_suffix(SERVICE) == cache_suffix({**SERVICE, "model": "GM01Q", "timeout": 5.0})
    assert cache_suffix(SERVICE) != cache_suffix({**SERVICE, **changed})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 minutes"),
        (90 * 60, "90 minutes"),
        (3 * 3600, "3 hours"),
        (80 * 3600, "3 days"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


def test_plugins_document_the_options_of_the_modules() -> None:
    """Ansible reads the environment for a plugin by its documentation, so it has to name all."""
    of_modules = yaml.safe_load(connection.ModuleDocFragment.DOCUMENTATION)["options"]
    of_plugins = yaml.safe_load(connection_plugin.ModuleDocFragment.DOCUMENTATION)["options"]
    assert of_plugins.keys() == of_modules.keys() == CONNECTION_OPTIONS.keys()
    for name, option in of_plugins.items():
        _reader, (variable,) = CONNECTION_OPTIONS[name]["fallback"]
        assert option.pop("env") == [{"name": variable}]
        if name == "proxies":
            assert (option.pop("type"), of_modules[name].pop("type")) == ("raw", "dict")
        assert option == of_modules[name]
