# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fota_upgrade's use-case (v1): found without a name, changed before the start only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import Change
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.ensure import (
    ensure_upgrade,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.info import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account

PACKAGE = "FOTA_Verizon_Model-A_01To02_HF"
OLD, NEW = "VerizonFirmwareVersion-01", "VerizonFirmwareVersion-02"


def declared(account: Account, **changed: Any) -> dict[str, Any]:
    return {
        "package": PACKAGE,
        "start_date": "2026-03-05",
        "end_date": "2026-03-10",
        "devices": account.devices("Model-A", OLD, 4),
        **changed,
    }


def ensure(account: Account, *, check: bool = False, **given: Any) -> dict[str, Any]:
    return account.run(ensure_upgrade, UPGRADE_OPTIONS, check=check, **given)


def create(account: Account, **changed: Any) -> str:
    result = ensure(account, **declared(account, **changed))
    account.sim.advance(hours=2)
    account.sim.clear_journal()
    return result["upgrade"]["upgrade_id"]


def test_check_then_real_then_again(account: Account) -> None:
    account.sim.refuse_writes = True
    foreseen = ensure(account, check=True, **declared(account))
    account.sim.refuse_writes = False
    real = ensure(account, **declared(account))
    again = ensure(account, **declared(account))
    assert (foreseen["changed"], real["changed"], again["changed"]) == (True, True, False)
    assert foreseen["diff"] == real["diff"]
    assert real["upgrade"]["to_version"] == NEW
    assert again["upgrade"]["upgrade_id"] == real["upgrade"]["upgrade_id"] != ""
    assert account.writes() == ["v1ScheduleUpgrade"]


@pytest.mark.parametrize("switch", ["refused", "accepted"])
def test_dates_are_sent_as_days_whatever_is_declared(
    account_with: Callable[..., Account], switch: str
) -> None:
    """The simulator's judge refuses a request with a time that has no time zone."""
    account = account_with(switches={"v1_time_without_zone": switch})
    given = declared(account, start_date="2026-03-05T08:00:00", end_date="2026-03-10T20:00:00")
    created = ensure(account, **given)
    (upgrade,) = account.sim.upgrades()
    assert created["changed"] and upgrade["startDate"] == "2026-03-05"
    assert ensure(account, **declared(account))["changed"] is False


@pytest.mark.parametrize(
    ("mode", "pick", "counts"),
    [
        ("at_least", slice(0, 4), (1, 0)),
        ("exact", slice(1, 4), (1, 1)),
        ("remove", slice(0, 1), (0, 1)),
    ],
)
def test_only_the_difference_of_devices_is_sent(
    account: Account, mode: str, pick: slice, counts: tuple[int, int]
) -> None:
    ids = account.devices("Model-A", OLD, 4)
    upgrade_id = create(account, devices=ids[:3])
    change = declared(account, devices=ids[pick], devices_mode=mode)
    if mode == "exact":
        # Without it, the list could be that of another upgrade.
        change["upgrade_id"] = upgrade_id
    foreseen = ensure(account, check=True, **change)
    assert account.writes() == []
    real = ensure(account, **change)
    again = ensure(account, **{**change, "devices": ids[1:3]} if mode == "remove" else change)
    assert foreseen["diff"] == real["diff"]
    assert (real["upgrade"]["counts"]["added"], real["upgrade"]["counts"]["removed"]) == counts
    assert real["changed"]
    assert again["changed"] is (mode == "remove")
    assert set(account.writes()) == {"v1UpdateUpgradeDevices"}


def test_absent_cancels_before_the_start(account_with: Callable[..., Account]) -> None:
    for word in ("gone", "cancelled"):
        account = account_with(switches={"v1_cancelled_upgrade": word})
        upgrade_id = create(account)
        foreseen = ensure(account, check=True, upgrade_id=upgrade_id, state="absent")
        assert account.writes() == []
        real = ensure(account, upgrade_id=upgrade_id, state="absent")
        assert foreseen["diff"] == real["diff"]
        assert real["changed"]
        again = ensure(account, **declared(account), state="absent")
        assert again["changed"] is False
        assert account.writes() == ["v1CancelUpgrade"]


def test_absent_spares_an_upgrade_that_has_other_devices(account: Account) -> None:
    ids = account.devices("Model-A", OLD, 4)
    create(account, devices=ids)
    with pytest.raises(PlanRefused, match="3 other devices") as refused:
        ensure(account, **declared(account, devices=ids[:1]), state="absent")
    assert "devices_mode: remove" in refused.value.hint
    assert account.writes() == []


def test_a_started_upgrade_cannot_be_cancelled(account: Account) -> None:
    spec = declared(account)
    create(account)
    account.sim.set_now("2026-03-05T00:30:00Z")
    account.sim.clear_journal()
    with pytest.raises(PlanRefused, match="InProgress"):
        ensure(account, **spec, state="absent")
    assert account.writes() == []


def test_a_finished_upgrade_is_not_scheduled_again(account: Account) -> None:
    spec = declared(account)
    first = create(account)
    account.sim.set_now("2026-03-15T00:00:00Z")
    account.sim.clear_journal()
    again = ensure(account, **spec, wait=True, wait_for="ended")
    assert again["changed"] is False
    assert again["upgrade"]["upgrade_id"] == first
    assert again["upgrade"]["counts"]["success"] == 4
    assert account.writes() == []


def test_devices_that_a_finished_upgrade_lacks_are_named(account: Account) -> None:
    ids = account.devices("Model-A", OLD, 4)
    spec = declared(account, devices=ids)
    create(account, devices=ids[:3])
    account.sim.set_now("2026-03-15T00:00:00Z")
    with pytest.raises(PlanRefused, match=ids[3]):
        ensure(account, **spec)


def test_two_live_matches_are_an_error_that_lists_them(account: Account) -> None:
    ids = account.devices("Model-A", OLD, 4)
    first = create(account, devices=ids[:2])
    second = create(account, devices=ids[2:])
    with pytest.raises(PlanRefused, match="2 live upgrades") as refused:
        ensure(account, **declared(account, devices=ids))
    assert first in str(refused.value)
    assert second in str(refused.value)


def test_dates_of_an_upgrade_never_change(account: Account) -> None:
    upgrade_id = create(account)
    with pytest.raises(PlanRefused, match="cannot be changed"):
        ensure(account, upgrade_id=upgrade_id, start_date="2026-03-06")


@pytest.mark.parametrize("fault", ["status_503_after", "reset_after"])
def test_a_create_of_unknown_outcome_that_shows_is_adopted(account: Account, fault: str) -> None:
    account.sim.faults([{"operation": "v1ScheduleUpgrade", "fault": fault}])
    result = ensure(account, **declared(account))
    assert result["changed"]
    assert result["upgrade"]["upgrade_id"] == account.sim.upgrades()[0]["id"]
    assert len(account.sim.upgrades()) == 1
    assert ensure(account, **declared(account))["changed"] is False


@pytest.mark.parametrize("fault", ["status_503_before", "reset_before"])
def test_a_create_of_unknown_outcome_is_never_posted_twice(account: Account, fault: str) -> None:
    account.sim.faults([{"operation": "v1ScheduleUpgrade", "fault": fault}])
    with pytest.raises(TaskFailure) as failure:
        ensure(account, **declared(account))
    assert failure.value.error.kind == "outcome_unknown"
    assert failure.value.result["changed"] is False
    assert account.writes() == ["v1ScheduleUpgrade"]


@pytest.mark.parametrize("fault", ["status_503_after", "reset_after", "reset_before"])
def test_a_cancel_of_unknown_outcome_is_read_back(account: Account, fault: str) -> None:
    upgrade_id = create(account)
    account.sim.faults([{"operation": "v1CancelUpgrade", "fault": fault}])
    if fault == "reset_before":
        with pytest.raises(TaskFailure) as failure:
            ensure(account, upgrade_id=upgrade_id, state="absent")
        assert failure.value.error.kind == "outcome_unknown"
    else:
        assert ensure(account, upgrade_id=upgrade_id, state="absent")["changed"]
    assert account.writes() == ["v1CancelUpgrade"]


def test_devices_that_the_service_refuses_are_named(account: Account) -> None:
    upgrade_id = create(account)
    with pytest.raises(TaskFailure) as failure:
        ensure(account, upgrade_id=upgrade_id, devices=["354545496237880"], imei_check="off")
    assert failure.value.error.kind == "devices_refused"
    assert "354545496237880" in str(failure.value.error)
    assert failure.value.result["changed"] is False


def test_a_package_of_another_version_is_refused_with_the_module_for_it(account: Account) -> None:
    package = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"
    with pytest.raises(PlanRefused, match="has the name") as refused:
        ensure(account, **declared(account, package=package))
    assert "fota_firmware_info with api_version: v1" in refused.value.hint
    assert "fota_campaign" in refused.value.hint
    assert "from_version" not in refused.value.hint


def test_it_must_be_possible_to_find_it_again(account: Account) -> None:
    with pytest.raises(InvalidValue, match="start_date"):
        ensure(account, package=PACKAGE, devices=account.devices("Model-A", OLD, 1))
    assert account.sim.journal() == []


def test_waiting_ends_with_the_upgrade_and_info_reads_it(account: Account) -> None:
    account.before_each_look = lambda: account.sim.advance(hours=12)
    result = ensure(account, **declared(account), wait=True, wait_for="ended")
    assert result["upgrade"]["status"] == "Finished"
    info = account.run(
        read_upgrades, UPGRADE_INFO_OPTIONS, package=PACKAGE, states=["ended"], return_devices="all"
    )
    assert [upgrade["upgrade_id"] for upgrade in info["upgrades"]] == [
        result["upgrade"]["upgrade_id"]
    ]
    assert {device["status"] for device in info["upgrades"][0]["devices"]} == {"UpgradeSuccess"}
    other_day = account.run(read_upgrades, UPGRADE_INFO_OPTIONS, start_date="2026-03-06")
    assert other_day["upgrades"] == []


GOOD, BAD = "358000000000010", "358000000000011"


def half_fleet() -> dict[str, Any]:
    """Two devices, of which the second fails at every attempt."""
    data = default_fleet()
    model = {"make": "Verizon", "model": "Model-A", "protocol": "OMADM", "firmware": OLD}
    data["accounts"][0]["devices"] += [{**model, "deviceId": imei} for imei in (GOOD, BAD)]
    data["accounts"][0]["subscription"]["licenseCount"] = 500
    return {**data, "outcomes": {"devices": {BAD: "failed"}}}


def half_updated(account: Account) -> tuple[str, str, dict[str, Any]]:
    """A canary of two that is over: the first device succeeded, the second failed."""
    good, bad = GOOD, BAD
    ensure(account, **declared(account, devices=[good, bad], imei_check="off"))
    account.sim.set_now("2026-03-06T12:00:00Z")
    account.sim.clear_journal()
    again = {"start_date": "2026-03-08", "return_devices": "all", "imei_check": "off"}
    return good, bad, declared(account, devices=[good, bad], **again)


@pytest.mark.parametrize("known", ["at_once", "next_day", "on_refresh"])
def test_devices_that_run_the_target_count_as_done(
    account_with: Callable[..., Account], known: str
) -> None:
    """A new first day after a failure, as messages advise: planned, run, again, and when over."""
    account = account_with(fleet=half_fleet(), switches={"stored_after_success": known})
    good, bad, spec = half_updated(account)
    foreseen = ensure(account, check=True, **spec)
    assert account.writes() == []
    real = ensure(account, **spec)
    again = ensure(account, **spec)
    assert foreseen["diff"] == real["diff"]
    assert (real["changed"], again["changed"]) == (True, False)
    assert list(account.sim.upgrades()[-1]["devices"]) == [bad]
    for result in (foreseen, real, again):
        rows = {row["deviceId"]: row for row in result["upgrade"]["devices"]}
        assert (rows[good]["state"], rows[good]["action"]) == ("current", "none")
        assert NEW in rows[good]["reason"]
    account.sim.set_now("2026-03-08T12:00:00Z")
    over = ensure(account, **spec, wait=True, wait_for="ended")
    counts = over["upgrade"]["counts"]
    assert (counts["current"], counts["failed"]) == (1, 1)
    assert account.writes() == ["v1ScheduleUpgrade"]


def test_nothing_is_scheduled_when_every_device_runs_the_target(
    account_with: Callable[..., Account],
) -> None:
    account = account_with(fleet=half_fleet())
    good, _bad, spec = half_updated(account)
    done = {**spec, "devices": [good]}
    for check in (True, False):
        result = ensure(account, check=check, **done, wait=True, wait_for="ended")
        assert not result["changed"]
        assert result["upgrade"]["counts"]["current"] == 1
        assert NEW in result["msg"]
    assert account.writes() == []


def test_recreate_schedules_only_what_is_behind(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=half_fleet())
    spec = declared(account, devices=[GOOD, BAD], imei_check="off")
    ensure(account, **spec)
    account.sim.set_now("2026-03-05T12:00:00Z")
    assert ensure(account, **spec)["upgrade"]["state"] == "ended"
    for check in (True, False):
        again = ensure(account, check=check, **spec, recreate=True)
        assert again["changed"] and again["upgrade"]["counts"]["added"] == 1
    assert list(account.sim.upgrades()[-1]["devices"]) == [BAD]


def test_a_declared_version_that_is_not_of_the_firmware_counts_nothing_as_done(
    account: Account,
) -> None:
    spec = declared(account, to_version=OLD)
    assert ensure(account, check=True, **spec)["changed"]
    with pytest.raises(TaskFailure, match="Invalid firmwareTo"):
        ensure(account, **spec)


def test_a_device_that_was_rejected_because_it_runs_the_target_is_done(
    account_with: Callable[..., Account],
) -> None:
    account = account_with(fleet=half_fleet())
    good, bad, spec = half_updated(account)
    ensure(account, **{**spec, "devices": [bad]})
    upgrade = account.sim.upgrades()[-1]["id"]
    post_device_change(account, upgrade, good)
    account.sim.advance(hours=1)
    result = ensure(account, **{**spec, "return_devices": "attention"})
    assert not result["changed"]
    assert result["upgrade"]["counts"]["current"] == 1
    assert result["upgrade"]["counts"].get("rejected", 0) == 0
    assert result["upgrade"]["devices"] == []


def post_device_change(account: Account, upgrade_id: str, imei: str) -> None:
    """Add a device to a pending upgrade beside the module, as somebody in the portal would."""
    params = {"upgrade_id": upgrade_id}

    def append(context: Context, _params: object) -> dict[str, Any]:
        context.v1.change_devices(upgrade_id, Change.APPEND, [imei])
        return {}

    account.run(append, UPGRADE_OPTIONS, **params)


@pytest.mark.parametrize("mode", ["at_least", "exact"])
def test_a_second_list_does_not_join_the_upgrade_of_another(account: Account, mode: str) -> None:
    ids = account.devices("Model-A", OLD, 4)
    first = create(account, devices=ids[:2])
    second = declared(account, devices=ids[1:], devices_mode=mode)
    for check in (True, False):
        with pytest.raises(PlanRefused, match=first) as refused:
            ensure(account, check=check, **second)
        for imei in ids:
            assert imei in str(refused.value)
        assert first in refused.value.hint
    assert account.writes() == []
    assert ensure(account, **second, upgrade_id=first)["changed"]


def test_lists_without_a_common_device_are_two_upgrades(account: Account) -> None:
    ids = account.devices("Model-A", OLD, 4)
    first = create(account, devices=ids[:2])
    second = create(account, devices=ids[2:])
    assert first != second
    assert ensure(account, **declared(account, devices=ids[:2]))["upgrade"]["upgrade_id"] == first


def test_rejected_devices_are_named_with_their_reasons(account: Account) -> None:
    ids = [*account.devices("Model-A", OLD, 2), "354545496999999"]
    account.before_each_look = lambda: account.sim.advance(hours=1)
    ensure(account, **declared(account, devices=ids), imei_check="off", wait=True)
    (warning,) = [text for text in account.warnings if "rejected" in text]
    assert PACKAGE in warning and "1 of 3 devices: 354545496999999 (Device not found)" in warning
