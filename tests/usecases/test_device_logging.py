# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fota_logging and fota_logging_info: at most 20 devices, and each is turned on or off once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.device_logging.ensure import (
    LOGGING_OPTIONS,
    ensure_logging,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.device_logging.info import (
    LOGGING_INFO_OPTIONS,
    read_logging,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account

IDS = [f"3522000000{number:05d}" for number in range(1, 31)]
ENABLE, ENABLE_ONE = "v2EnableLogging", "v2EnableDeviceLogging"
DISABLE, DISABLE_ONE = "v2DisableLogging", "v2DisableDeviceLogging"


def fleet() -> dict[str, Any]:
    kind = {"make": "Verizon", "model": "Model-A", "protocol": "HTTP"}
    return {"accounts": [{"name": ACCOUNT, "devices": [{**kind, "deviceId": i} for i in IDS]}]}


@pytest.fixture
def gateways(account_with: Callable[..., Account]) -> Account:
    return account_with(fleet=fleet())


def ensure(on: Account, *, check: bool = False, **given: Any) -> dict[str, Any]:
    given = {"imei_check": "off", "return_devices": "all", **given}
    return on.run(ensure_logging, LOGGING_OPTIONS, check=check, **given)


def info(on: Account, **given: Any) -> dict[str, Any]:
    return on.run(read_logging, LOGGING_INFO_OPTIONS, imei_check="off", **given)


def is_on(result: dict[str, Any]) -> list[str]:
    return [one["deviceId"] for one in result["logging"]]


@pytest.mark.parametrize("separator", ["comma", "one"])
def test_each_step_in_check_then_real_then_again(gateways: Account, separator: str) -> None:
    gateways.sim.set_switch("logging_device_ids", separator)
    refused = [DISABLE_ONE, DISABLE_ONE] if separator == "one" else []

    def step(ids: list[str], mode: str, left: list[str]) -> list[str]:
        gateways.sim.clear_journal()
        gateways.sim.refuse_writes = True
        foreseen = ensure(gateways, check=True, devices=ids, devices_mode=mode)
        assert gateways.writes() == []
        gateways.sim.refuse_writes = False
        real = ensure(gateways, devices=ids, devices_mode=mode)
        again = ensure(gateways, devices=ids, devices_mode=mode)
        assert [one["changed"] for one in (foreseen, real, again)] == [True, True, False]
        assert foreseen["diff"] == real["diff"] and foreseen["counts"] == real["counts"]
        assert sorted(is_on(real)) == sorted(is_on(foreseen)) == left
        assert real["free"] == 20 - len(left)
        return gateways.writes()

    assert step(IDS[:1], "at_least", IDS[:1]) == [ENABLE_ONE]
    assert step(IDS[:3], "at_least", IDS[:3]) == [ENABLE]
    assert step(IDS[2:4], "exact", IDS[2:4]) == [DISABLE, *refused, ENABLE_ONE]
    assert step(IDS[:3], "remove", IDS[3:4]) == [DISABLE_ONE]
    assert step([], "exact", []) == [DISABLE_ONE]


def test_more_than_twenty_devices_are_refused_before_any_write(gateways: Account) -> None:
    with pytest.raises(InvalidValue, match="at most 20 devices"):
        ensure(gateways, devices=IDS[:21])
    assert gateways.sim.journal() == []
    ensure(gateways, devices=IDS[:18])
    gateways.sim.clear_journal()
    for check in (True, False):
        with pytest.raises(PlanRefused, match="on for 21 devices, of which 18 have it on now"):
            ensure(gateways, check=check, devices=IDS[18:21])
    assert gateways.writes() == []
    assert ensure(gateways, devices=IDS[10:30], devices_mode="exact")["free"] == 0


def test_a_refused_call_changes_nothing_and_says_which_devices(gateways: Account) -> None:
    unknown = "990000000000001"
    with pytest.raises(TaskFailure, match="Device not found") as failed:
        ensure(gateways, devices=[IDS[0], unknown])
    assert failed.value.error.kind == "refused"
    assert failed.value.result["changed"] is False
    assert failed.value.result["counts"]["failed"] == 2
    assert is_on(info(gateways)) == []


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "empty_200"])
def test_a_lost_reply_is_settled_by_reading(gateways: Account, fault: str) -> None:
    gateways.sim.faults([{"operation": ENABLE, "fault": fault}])
    if fault == "reset_before":
        with pytest.raises(TaskFailure) as failed:
            ensure(gateways, devices=IDS[:2])
        assert failed.value.error.kind == "outcome_unknown"
    else:
        assert ensure(gateways, devices=IDS[:2])["changed"]
    assert gateways.writes() == [ENABLE]


def test_logs_and_check_ins_of_named_devices(gateways: Account) -> None:
    ensure(gateways, devices=IDS[:2])
    gateways.sim.advance(hours=49)
    asked = {"devices": [IDS[0], IDS[5]], "gather": ["logs", "check_ins"]}
    read = info(gateways, **asked)
    assert is_on(read) == IDS[:1]
    assert read["logging"][0]["expiry_date"] == "2026-03-09"
    assert read["free"] == 18
    assert [log["deviceId"] for log in read["logs"]] == [IDS[0]] * 3
    assert "file" not in read["logs"][0] and read["logs"][0]["file_name"]
    assert len(read["check_ins"]) == 4
    assert read["check_ins"][0]["result"] == "Success"
    assert info(gateways, **asked, return_files=True)["logs"][0]["file"]
    gateways.sim.advance(hours=24 * 7)
    assert is_on(info(gateways)) == []
    assert gateways.writes() == [ENABLE]


@pytest.mark.parametrize(
    ("use", "given", "named"),
    [
        (ensure, {}, "devices or devices_file is required"),
        (ensure, {"devices": []}, "must name at least one device"),
        (ensure, {"devices": ["x"]}, "exactly 15 digits"),
        (info, {"gather": ["logs"]}, "needs devices"),
        (info, {"devices": IDS[:1], "return_files": True}, "needs gather"),
    ],
)
def test_options_that_cannot_be_used_are_named_before_any_call(
    gateways: Account, use: Callable[..., Any], given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidValue, match=named):
        use(gateways, **given)
    assert gateways.sim.journal() == []


def test_a_device_of_no_account_has_no_log(gateways: Account) -> None:
    with pytest.raises(FotaError, match="Device not found"):
        info(gateways, devices=["990000000000001"], gather=["logs"])
