# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet made of what was read of a real account, and odds by model for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.cli import main
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.copy_account import (
    ACCOUNT,
    copy_account,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.fleet_file import (
    parse_fleet,
)

NOW = "2026-03-02T08:00:00Z"


def device(number: int, model: str = "GM01Q", **more: Any) -> dict[str, Any]:
    """A row as fota_device_info returns it."""
    return {
        "deviceId": f"35800000000{number:04}",
        "mdn": "5550000001",
        "make": "SEQUANS Communications",
        "model": model,
        "firmware": "A",
        "protocol": "LWM2M",
        "fota_eligible": True,
        "license_assigned": False,
        "status": "Active",
        "refresh_time": "",
        "upgrade_time": "",
        "last_connection_time": "",
        "software": [],
        **more,
    }


def package(name: str, model: str = "GM01Q") -> dict[str, Any]:
    """A row as fota_firmware_info returns it."""
    return {
        "name": name,
        "make": "SEQUANS Communications",
        "model": model,
        "from_version": "A",
        "to_version": "B",
        "protocol": "LWM2M",
        "launch_date": "2012-04-23T18:25:43.511Z",
        "release_note": "",
        "platform": "",
    }


def read(**more: Any) -> dict[str, Any]:
    return {
        "now": NOW,
        "devices": [
            device(1, license_assigned=True),
            device(2, fota_eligible=False, status="Deactive"),
            device(3, protocol="SMS", firmware=""),
        ],
        "packages": [package("good"), package("proved"), package("other", model="nRF9160")],
        "subscription": {
            "purchase_types": ["TS-HFOTA-MRC"],
            "license_count": 100,
            "license_used_count": 60,
            "update_time": "",
        },
        "qualified": ["proved"],
        **more,
    }


def test_a_copy_holds_what_a_rollout_depends_on() -> None:
    fleet = parse_fleet(copy_account(read()), now=0)
    account = fleet.accounts[ACCOUNT]
    assert [
        (
            device.firmware,
            device.protocol,
            device.status,
            device.eligible,
            device.licensed is not None,
        )
        for device in account.devices.values()
    ] == [
        ("A", "LWM2M", "Active", True, True),
        ("A", "LWM2M", "Deactive", False, False),
        ("", "NONE", "Active", True, False),
    ]
    assert {package.name: package.qualified for package in account.packages["v3"]} == {
        "good": False,
        "proved": True,
    }
    assert account.monthly_only
    assert account.license_count - account.license_used == 40, "as many are free as were"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="the keys must be devices, now"):
        copy_account({"devices": []})


def test_the_command_prints_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    source = tmp_path / "read.json"
    source.write_text(json.dumps(read()))
    with source.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert main(["copy"]) == 0
    assert json.loads(capsys.readouterr().out) == copy_account(read())


def test_odds_of_a_model_hold_for_its_packages() -> None:
    data = copy_account(read(devices=[device(1), device(2, model="nRF9160")]))
    data["outcomes"] = {
        "default": {"silent_rate": 0.1},
        "models": {"SEQUANS Communications GM01Q": {"success_rate": 0.25}},
        "packages": {"proved": {"success_rate": 0.5}},
    }
    outcomes = parse_fleet(data, now=0).outcomes
    rules = {name: outcomes.rule(name) for name in ("good", "proved", "other")}
    assert {name: rule.success_rate for name, rule in rules.items()} == {
        "good": 0.25,
        "proved": 0.5,
        "other": 1.0,
    }
    assert {rule.silent_rate for rule in rules.values()} == {0.1}


def test_odds_of_a_model_without_package_are_refused() -> None:
    data = copy_account(read()) | {"outcomes": {"models": {"SEQUANS GM01Q": {}}}}
    with pytest.raises(ValueError, match=r"'SEQUANS GM01Q' has no package.*SEQUANS Communications"):
        parse_fleet(data, now=0)
