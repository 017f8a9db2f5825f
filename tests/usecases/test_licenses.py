# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fota_license and fota_license_info: seats are checked before a write, each device is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.ensure import (
    LICENSE_OPTIONS,
    ensure_licenses,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.info import (
    LICENSE_INFO_OPTIONS,
    read_license_info,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account

LWM2M = [f"3511000000{number:05d}" for number in range(1, 6)]
HTTP = [f"3522000000{number:05d}" for number in range(1, 4)]
UNKNOWN = "990000000000001"
EVERY = pytest.mark.parametrize("version", ["v1", "v2", "v3"])
LISTED = pytest.mark.parametrize("version", ["v1", "v2"])


def fleet(licenses: int = 4, purchase: str = "TS-HFOTA-MRC") -> dict[str, Any]:
    """Devices of all versions, none with a license."""
    gm01q = {"make": "SEQUANS Communications", "model": "GM01Q", "protocol": "LWM2M"}
    model_a = {"make": "Verizon", "model": "Model-A", "protocol": "HTTP"}
    return {
        "accounts": [
            {
                "name": ACCOUNT,
                "subscription": {"purchaseType": purchase, "licenseCount": licenses},
                "devices": [
                    *({**gm01q, "deviceId": one, "firmware": "A"} for one in LWM2M),
                    *({**model_a, "deviceId": one} for one in HTTP),
                ],
            }
        ],
    }


@pytest.fixture
def licensing(account_with: Callable[..., Account]) -> Account:
    return account_with(fleet=fleet())


def ensure(on: Account, *, check: bool = False, **given: Any) -> dict[str, Any]:
    given = {"imei_check": "off", "return_devices": "all", **given}
    return on.run(ensure_licenses, LICENSE_OPTIONS, check=check, **given)


def info(on: Account, **given: Any) -> dict[str, Any]:
    return on.run(read_license_info, LICENSE_INFO_OPTIONS, imei_check="off", **given)


def of(version: str) -> list[str]:
    return HTTP if version == "v2" else LWM2M[:3]


@EVERY
def test_check_then_real_then_again_and_removed(licensing: Account, version: str) -> None:
    first, second = of(version)[:2]
    given = {"api_version": version, "devices": [first, second]}
    ensure(licensing, api_version=version, devices=[first])
    licensing.sim.clear_journal()
    licensing.sim.refuse_writes = True
    foreseen = ensure(licensing, check=True, **given)
    licensing.sim.refuse_writes = False
    real, again = ensure(licensing, **given), ensure(licensing, **given)
    assert [one["changed"] for one in (foreseen, real, again)] == [True, True, False]
    assert (
        foreseen["diff"]
        == real["diff"]
        == {
            "before": {"licensed": []},
            "after": {"licensed": [second]},
        }
    )
    assert foreseen["counts"] == real["counts"]
    assert real["counts"] == {"total": 2, "assigned": 1, "removed": 0, "unchanged": 1, "failed": 0}
    assert real["seats"] == again["seats"] == {"bought": 4, "used": 2, "free": 2}
    assert {one["deviceId"]: one["action"] for one in real["devices"]} == {
        first: "none",
        second: "add",
    }
    assert licensing.writes() == [f"{version}AssignLicenses"]
    licensing.sim.clear_journal()
    gone = ensure(licensing, state="removed", **given)
    assert (gone["counts"]["removed"], gone["seats"]["free"]) == (2, 4)
    assert ensure(licensing, state="removed", **given)["changed"] is False
    assert licensing.writes() == [f"{version}RemoveLicenses"]


def test_too_few_seats_are_refused_before_any_license_is_assigned(licensing: Account) -> None:
    ensure(licensing, devices=LWM2M[:1])
    licensing.sim.clear_journal()
    with pytest.raises(PlanRefused, match="4 devices without a license, but only 3 of 4 licenses"):
        ensure(licensing, check=True, devices=LWM2M)
    with pytest.raises(PlanRefused, match="1 short"):
        ensure(licensing, devices=LWM2M)
    assert licensing.writes() == []


@EVERY
def test_devices_of_another_account_are_named_before_any_write(
    licensing: Account, version: str
) -> None:
    with pytest.raises(PlanRefused, match=f"1 device not found in the account: {UNKNOWN}"):
        ensure(licensing, api_version=version, devices=[*of(version)[:1], UNKNOWN])
    assert licensing.writes() == []


def test_an_account_without_a_pool_has_nothing_to_assign(
    account_with: Callable[..., Account],
) -> None:
    account = account_with(fleet=fleet(0, "TS-HFOTA-EVNT"))
    with pytest.raises(PlanRefused, match="TS-HFOTA-EVNT, not TS-HFOTA-MRC"):
        ensure(account, devices=LWM2M[:1])
    assert ensure(account, devices=LWM2M[:1], state="removed")["changed"] is False
    assert account.writes() == []


def test_a_license_that_another_took_meanwhile_is_unchanged(licensing: Account) -> None:
    """The service says "preexisting" although the list did not have it."""
    licensing.sim.faults(
        [{"operation": "v3GetLicenseStatus", "fault": "null_lists", "times": 1, "nth": 1}]
    )
    ensure(licensing, devices=LWM2M[:1])
    licensing.sim.faults(
        [{"operation": "v3GetLicenseStatus", "fault": "null_lists", "times": 1, "nth": 1}]
    )
    again = ensure(licensing, devices=LWM2M[:2])
    assert again["counts"]["assigned"] == again["counts"]["unchanged"] == 1
    row = next(one for one in again["devices"] if one["deviceId"] == LWM2M[0])
    assert (row["action"], row["failed"]) == ("none", False)
    assert row["reason"] == "Device license preexisting"


def test_a_used_license_stays_and_the_task_says_so(licensing: Account) -> None:
    ensure(licensing, devices=LWM2M[:2])
    state = licensing.sim._service.state.accounts[ACCOUNT]
    state.devices[LWM2M[0]].license_used = True
    with pytest.raises(TaskFailure, match=f"1 device not changed: {LWM2M[0]}") as failed:
        ensure(licensing, devices=LWM2M[:2], state="removed", return_devices="attention")
    assert failed.value.error.kind == "devices_refused"
    result = failed.value.result
    assert (result["changed"], result["counts"]["removed"], result["counts"]["failed"]) == (
        True,
        1,
        1,
    )
    assert [one["deviceId"] for one in result["devices"]] == [LWM2M[0]]


@pytest.mark.parametrize("state", ["assigned", "removed"])
@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
def test_a_lost_reply_is_settled_by_reading(licensing: Account, state: str, fault: str) -> None:
    if state == "removed":
        ensure(licensing, devices=LWM2M[:2])
    operation = "v3AssignLicenses" if state == "assigned" else "v3RemoveLicenses"
    licensing.sim.faults([{"operation": operation, "fault": fault}])
    licensing.sim.clear_journal()
    if fault == "reset_before":
        with pytest.raises(TaskFailure) as failed:
            ensure(licensing, devices=LWM2M[:2], state=state)
        assert failed.value.error.kind == "outcome_unknown"
        assert failed.value.result["changed"] is False
    else:
        assert ensure(licensing, devices=LWM2M[:2], state=state)["changed"]
    assert licensing.writes() == [operation]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"devices": None}, "devices or devices_file is required"),
        ({"devices": []}, "must name at least one device"),
        ({"devices": ["12345"]}, "exactly 15 digits"),
        ({"state": "candidates"}, "needs api_version v1 or v2"),
        ({"devices_mode": "exact"}, "needs state: candidates"),
        ({"state": "candidates", "api_version": "v1", "devices": []}, "at least one device"),
    ],
)
def test_options_that_cannot_be_used_are_named_before_any_call(
    licensing: Account, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidValue, match=named):
        ensure(licensing, **{"devices": LWM2M[:1], **given})
    assert licensing.sim.journal() == []


# -- candidates


@LISTED
def test_candidates_are_a_set(licensing: Account, version: str) -> None:
    first, second, third = of(version)
    ensure(licensing, api_version=version, devices=of(version))
    given: dict[str, Any] = {"state": "candidates", "api_version": version}
    create, delete = (f"{version}{verb}CancelCandidates" for verb in ("Create", "Delete"))

    def step(devices: list[str], mode: str, left: list[str]) -> list[str]:
        licensing.sim.clear_journal()
        licensing.sim.refuse_writes = True
        foreseen = ensure(licensing, check=True, devices=devices, devices_mode=mode, **given)
        assert licensing.writes() == []
        licensing.sim.refuse_writes = False
        real = ensure(licensing, devices=devices, devices_mode=mode, **given)
        again = ensure(licensing, devices=devices, devices_mode=mode, **given)
        assert foreseen["changed"] and real["changed"] and not again["changed"]
        assert foreseen["diff"] == real["diff"] and foreseen["counts"] == real["counts"]
        listed = info(licensing, api_version=version, gather=["candidates"])["candidates"]
        assert listed == left
        return licensing.writes()

    assert step([first], "at_least", [first]) == [create]
    assert step([second], "at_least", [first, second]) == [create]
    assert step([first], "remove", [second]) == [create]
    assert step([third, second], "exact", [second, third]) == [create]
    assert step([second, third], "remove", []) == [delete]
    assert step([first], "exact", [first]) == [create]
    assert step([], "exact", []) == [delete]


@LISTED
def test_candidates_that_the_service_leaves_out_fail_the_task(
    licensing: Account, version: str
) -> None:
    licensed, unlicensed = of(version)[:2]
    ensure(licensing, api_version=version, devices=[licensed])
    given = {"state": "candidates", "api_version": version}
    with pytest.raises(TaskFailure, match=f"1 device not changed: {unlicensed}") as failed:
        ensure(licensing, devices=[licensed, unlicensed], **given)
    assert failed.value.result["counts"]["added"] == 1
    assert info(licensing, api_version=version, gather=["candidates"])["candidates"] == [licensed]


@LISTED
def test_a_long_list_of_candidates_is_read_whole(
    account_with: Callable[..., Account], version: str
) -> None:
    kind = {
        "make": "Verizon",
        "model": "Model-A",
        "protocol": "HTTP" if version == "v2" else "OMADM",
    }
    made = {"name": ACCOUNT, "generate": [{**kind, "count": 2100, "licensed": 1.0}]}
    account = account_with(fleet={"accounts": [made]})
    ids = [one["deviceId"] for one in account.sim.devices()]
    given = {"state": "candidates", "api_version": version, "devices": ids}
    assert ensure(account, **given, return_devices="none")["counts"]["added"] == 2100
    account.sim.clear_journal()
    assert ensure(account, **given, return_devices="none")["changed"] is False
    assert account.calls(f"{version}ListCancelCandidates") == 3


# -- info


@EVERY
def test_seats_that_devices_need_by_model_and_version(licensing: Account, version: str) -> None:
    first, *others = of(version)
    ensure(licensing, api_version=version, devices=[first])
    asked = [first, *others, UNKNOWN]
    read = info(licensing, api_version=version, devices=asked, gather=["models"])
    assert read["seats"] == {"bought": 4, "used": 1, "free": 3, "needed": 2, "short": 0}
    assert read["licenses_required"] is True
    assert read["not_found"] == [UNKNOWN]
    (model,) = read["models"]
    assert (model["devices"], model["licensed"], model["unlicensed"]) == (3, 1, 2)
    assert model["firmware"] == ("" if version == "v2" else "A")
    assert [one["licensed"] for one in read["devices"]] == [True, False, False]
    assert read["msg"].endswith("1 of 4 licenses used, 3 free, 2 needed, 0 short")
    everything = info(licensing, api_version=version)
    assert [one["deviceId"] for one in everything["devices"]] == [first]
    assert everything["seats"] == {"bought": 4, "used": 1, "free": 3}
    assert licensing.writes() == [f"{version}AssignLicenses"]


def test_devices_may_be_short_of_licenses(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(2))
    seats = info(account, devices=LWM2M)["seats"]
    assert (seats["needed"], seats["short"]) == (5, 3)
    with pytest.raises(InvalidValue, match="candidates"):
        info(account, gather=["candidates"])
