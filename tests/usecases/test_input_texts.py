# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of every module: versions that YAML read as numbers, texts that only look the same, windows
in both forms, and errors that print no more than the key and its value, shortened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.tests.usecases import (
    test_campaigns,
    test_reads,
    test_upgrades,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.test_reads import NEW, OLD

Run = Callable[..., dict[str, Any]]

HUGE = 10**5000
IMEI = "354545496237880"
PATH = {"make": "SEQUANS Communications", "model": "GM01Q"}
ENTRY = {
    name: option.get("default") for name, option in test_campaigns.CAMPAIGN_MODULE_OPTIONS.items()
}


@pytest.mark.parametrize("version", [1.1, 10, True, pytest.param(HUGE, id="huge"), [OLD]])
@pytest.mark.parametrize(
    ("run", "option", "given"),
    [
        (test_campaigns.ensure, "from_version", {"name": "pilot"}),
        (test_campaigns.ensure, "to_version", {"name": "pilot"}),
        (test_campaigns.ensure, "campaigns[0].to_version", {}),
        (test_upgrades.ensure, "to_version", {}),
        (test_reads.firmware, "from_version", {}),
        (test_reads.firmware, "to_version", {}),
        (test_reads.firmware, "path.from_version", {"path": {**PATH, "to_version": NEW}}),
        (test_reads.firmware, "path.to_version", {"path": {**PATH, "from_version": OLD}}),
        (test_reads.info, "firmware", {}),
        (test_reads.refresh, "expect_version", {"devices": [IMEI]}),
    ],
)
def test_a_version_that_yaml_read_as_a_number_is_refused(
    account: Account, run: Run, option: str, given: dict[str, Any], version: object
) -> None:
    """Ansible would make 1.10 the text 1.1. Rollouts and the test fota_at_version do the same."""
    name = option.rpartition(".")[2]
    if option.startswith("campaigns"):
        given = {"campaigns": [{**ENTRY, "name": "pilot", name: version}]}
    elif option.startswith("path"):
        given = {"path": {**given["path"], name: version}}
    else:
        given = {**given, name: version}
    with pytest.raises(InvalidValue, match="must be a string; quote it") as refused:
        run(account, **given)
    assert refused.value.field == option
    assert len(str(refused.value)) < 200
    assert account.sim.journal() == []


ODD = OLD + "\r"


def odd_fleet() -> dict[str, Any]:
    """The service has a line end in a version: of devices, and of what packages start from."""
    data = default_fleet()
    account = data["accounts"][0]
    del account["generate"]
    for device in account["devices"]:
        for key in ("firmware", "reported_firmware"):
            if device.get(key) == OLD:
                device[key] = ODD
    for package in account["firmware"]:
        if package["firmwareFrom"] == OLD:
            package["firmwareFrom"] = ODD
    return data


def test_versions_that_only_look_the_same_are_shown(account_with: Callable[..., Account]) -> None:
    """They are never taken as equal, and whoever filters by one is told of the other."""
    account = account_with(fleet=odd_fleet())
    odd_devices = account.devices("GM01Q", ODD, 1)

    assert test_reads.info(account, firmware=OLD)["devices"] == []
    assert any(repr(ODD) in warning for warning in account.warnings)
    assert test_reads.info(account, firmware=ODD)["counts"]["total"] >= 1
    assert account.warnings == []

    assert test_reads.firmware(account, from_version=OLD)["packages"] == []
    assert any(repr(ODD) in warning for warning in account.warnings)
    with pytest.raises(FotaError, match=f"from {OLD} to {NEW}") as refused:
        test_reads.firmware(account, path={**PATH, "from_version": OLD, "to_version": NEW})
    assert repr(ODD) in describe_failure(refused.value)[0]
    odd_path = {**PATH, "from_version": ODD, "to_version": NEW}
    assert len(test_reads.firmware(account, path=odd_path)["path"]) == 1

    for check in (True, False):
        result = test_reads.refresh(
            account, check=check, devices=odd_devices, expect_version=OLD, imei_check="off"
        )
        assert result["compliance"]["at_target"] == 0
        assert repr(ODD) in result["devices"][0]["reason"]
        assert any(repr(ODD) in warning for warning in account.warnings)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["22:00-04:00"], [(0, 4), (22, 24)]),
        (["22:00-24:00", {"start": 1, "end": 4}], [(1, 4), (22, 24)]),
        (["22:00-00:00"], [(22, 24)]),
        (["00:00-24:00"], [(0, 24)]),
        ([" 18:00 - 22:00 "], [(18, 22)]),
    ],
)
def test_windows_have_both_forms(
    account: Account, given: list[Any], sent: list[tuple[int, int]]
) -> None:
    """Of firmware and software campaigns, UTC: planned, run and again."""
    for spec, names in (
        (test_campaigns.declared(account), ["windows"]),
        (test_campaigns.software(), ["download_windows", "install_windows"]),
    ):
        windows = dict.fromkeys(names, given)
        foreseen = test_campaigns.ensure(account, check=True, **{**spec, **windows})
        real = test_campaigns.ensure(account, **{**spec, **windows})
        again = test_campaigns.ensure(account, **{**spec, **windows})
        assert (real["changed"], again["changed"]) == (True, False)
        assert foreseen["diff"] == real["diff"]
        for name in names:
            assert [tuple(window.values()) for window in again["campaign"][name]] == sent


@pytest.mark.parametrize(
    "window",
    ["22:30-04:00", "22-4", "25:00-26:00", "04:00-04:00", "24:00-04:00", "", {"from": 1, "to": 2}],
)
def test_a_window_that_is_none_is_named(account: Account, window: object) -> None:
    spec = test_campaigns.declared(account)
    with pytest.raises(InvalidValue, match="whole UTC hours, such as '22:00-04:00'") as refused:
        test_campaigns.ensure(account, **{**spec, "windows": [{"start": 1, "end": 2}, window]})
    assert refused.value.field == "windows[1]"
    assert account.sim.journal() == []


LONG = "x" * 40_000
LONG_VALUES: list[tuple[Run, dict[str, Any]]] = [
    (test_campaigns.ensure, {"devices": [LONG]}),
    (test_campaigns.ensure, {"devices": [LONG] * 5}),
    (test_campaigns.ensure, {"windows": [{"start": LONG, "end": 2}]}),
    (test_campaigns.ensure, {"windows": [{LONG: 1}]}),
    (test_campaigns.ensure, {"windows": [LONG]}),
    (test_campaigns.ensure, {"start_date": LONG}),
    (test_campaigns.ensure, {"start_date": HUGE}),
    (test_campaigns.ensure, {"name": LONG, "package": LONG}),
    (test_campaigns.ensure, {"campaigns": []}),
    (test_upgrades.ensure, {"package": LONG, "start_date": "2026-03-05", "devices": [IMEI]}),
    (test_upgrades.ensure, {"package": "p", "start_date": LONG, "devices": [IMEI]}),
    (test_reads.refresh, {"devices": [LONG]}),
    (test_reads.info, {"devices_file": "/" + LONG}),
    (test_reads.firmware, {"protocol": LONG}),
    (test_reads.firmware, {"path": {**PATH, "from_version": LONG, "to_version": NEW}}),
    (test_reads.firmware, {"account": LONG + "/"}),
    (test_reads.info, {"results_file": LONG}),
]


@pytest.mark.parametrize(
    ("run", "given"), LONG_VALUES, ids=[str(n) for n in range(len(LONG_VALUES))]
)
def test_an_error_prints_its_value_shortened(
    account: Account, run: Run, given: dict[str, Any]
) -> None:
    base = test_campaigns.declared(account) if run is test_campaigns.ensure else {}
    if "campaigns" in given:
        base = {}
    with pytest.raises((InvalidValue, FotaError, ValueError)) as refused:
        run(account, **{**base, **given})
    message = describe_failure(refused.value)[0]  # type: ignore[arg-type]
    assert 20 < len(message) < 1500
