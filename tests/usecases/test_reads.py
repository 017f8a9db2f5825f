# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-cases that read, and the refresh of firmware facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._module.firmware.info import (
    FIRMWARE_INFO_OPTIONS,
    read_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    generate_fleet,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.test_campaigns import (
    create,
    declared,
    ensure,
)

OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"


def firmware(on: Account, **given: Any) -> dict[str, Any]:
    return on.run(read_firmware, FIRMWARE_INFO_OPTIONS, **given)


def info(on: Account, **given: Any) -> dict[str, Any]:
    return on.run(inform_on_devices, DEVICE_INFO_OPTIONS, **given)


def refresh(account: Account, *, check: bool = False, **given: Any) -> dict[str, Any]:
    return account.run(refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, check=check, **given)


def test_one_thing_is_not_said_in_plural(account: Account) -> None:
    create(account)
    found = account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, name="pilot")
    assert found["msg"].endswith(": 1 campaign")
    imei = account.devices("GM01Q", OLD, 1)
    assert info(account, devices=imei, imei_check="off")["msg"].endswith(": 1 device")
    known = refresh(account, devices=imei, imei_check="off")["msg"]
    assert known.endswith("1 of 1 device with a known version")


def test_every_version_of_the_service_lists_packages(account: Account) -> None:
    assert {package["protocol"] for package in firmware(account)["packages"]} == {"LWM2M"}
    software = firmware(account, api_version="v2", protocol="HTTP")["packages"]
    assert {item["platform"] for item in software} == {"IoT"}
    upgrades = firmware(account, api_version="v1", to_version="VerizonFirmwareVersion-02")
    assert [package["name"] for package in upgrades["packages"]] == [
        "FOTA_Verizon_Model-A_01To02_HF"
    ]


def test_a_path_may_take_several_packages(account: Account) -> None:
    asked = {"make": "SEQUANS Communications", "model": "GM01Q", "from_version": OLD}
    path = firmware(account, path={**asked, "to_version": "SR1.2.0.0-10801"})["path"]
    assert [step["to_version"] for step in path] == [NEW, "SR1.2.0.0-10801"]
    assert firmware(account, path={**asked, "to_version": OLD})["path"] == []
    with pytest.raises(FotaError, match="no packages lead") as error:
        firmware(account, path={**asked, "to_version": "SR9"})
    assert error.value.kind == "no_path"


def test_options_that_a_catalog_does_not_know_are_refused(account: Account) -> None:
    with pytest.raises(InvalidValue, match="protocol"):
        firmware(account, api_version="v1", protocol="LWM2M")
    with pytest.raises(InvalidValue, match="no versions"):
        firmware(account, api_version="v2", from_version=OLD)
    assert account.sim.journal() == []


@pytest.mark.parametrize(("connections", "most"), [(1, 3), (8, 12)])
def test_the_fleet_is_read_over_all_pages(
    account_with: Callable[..., Account], connections: int, most: int
) -> None:
    account = account_with(fleet=generate_fleet(devices=2500))
    read = info(account, max_connections=connections)
    assert read["counts"]["total"] == 2500
    assert [device["deviceId"] for device in read["devices"]] == [
        device["deviceId"] for device in account.sim.devices()
    ]
    assert 3 <= account.calls("v3ListDevices") <= most
    assert account.calls("startM2MSession") == 1


CURSORS = ("larger_than", "known_only", "opaque", "ignored", "unordered")


@pytest.mark.parametrize("gzip", ["off", "on"])
@pytest.mark.parametrize("cursor", CURSORS)
def test_the_fleet_is_read_whole_whatever_the_cursor_is(
    account_with: Callable[..., Account], cursor: str, gzip: str
) -> None:
    """Where ranges cannot be read side by side, one cursor is followed from the beginning."""
    account = account_with(
        fleet=generate_fleet(devices=5300), switches={"device_cursor": cursor, "gzip": gzip}
    )
    read = info(account)
    assert sorted(device["deviceId"] for device in read["devices"]) == sorted(
        device["deviceId"] for device in account.sim.devices()
    )
    calls = account.calls("v3ListDevices")
    assert calls == 6 if cursor == "opaque" else 6 <= calls <= 22, calls


def test_named_devices_are_queried_and_strangers_are_named(account: Account) -> None:
    here = account.devices("GM01Q", OLD, 2)
    stranger = "900000000000009"
    read = info(account, devices=[*here, stranger], imei_check="off")
    assert [device["deviceId"] for device in read["devices"]] == here
    assert read["not_found"] == [stranger]
    assert any(stranger in warning for warning in account.warnings)
    assert account.calls("v3ListDevices") == 0


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_what_is_gathered_beside_the_devices(account: Account, version: str) -> None:
    read = info(account, api_version=version, gather=["licenses", "subscription"])
    assert read["licenses"]["total"] == 500
    assert read["licenses"]["assigned"] == len(read["licenses"]["devices"]) > 0
    assert "TS-HFOTA-MRC" in read["subscription"]["purchase_types"]
    assert read["counts"]["total"] == len(read["devices"]) > 0


def test_history_follows_a_campaign(account: Account) -> None:
    device = account.devices("GM01Q", OLD, 1)[0]
    campaign_id = create(account)
    account.sim.set_now("2026-03-20T00:00:00Z")
    read = info(account, devices=[device], gather=["history"])
    assert [(past["campaign_id"], past["status"]) for past in read["history"]] == [
        (campaign_id, "UpgradeSuccess")
    ]
    with pytest.raises(InvalidValue, match="needs devices"):
        info(account, gather=["history"])


def test_campaigns_by_name_state_and_id(account: Account) -> None:
    campaign_id = create(account)
    by_name = account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, name="pilot", return_devices="all")
    assert [campaign["campaign_id"] for campaign in by_name["campaigns"]] == [campaign_id]
    assert len(by_name["campaigns"][0]["devices"]) == 6
    by_id = account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, campaign_id=campaign_id)
    assert by_id["campaigns"][0]["counts"] == {"pending": 6}
    assert by_id["campaigns"][0]["devices"] == []
    ended = account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, states=["ended"])
    assert ended["campaigns"] == []
    account.sim.clear_journal()
    account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, return_devices="none")
    assert account.calls("v3ListCampaignDevices") == 0


def moved_fleet() -> dict[str, Any]:
    """Two devices run the new version, of which ThingSpace knows nothing yet."""
    fleet = generate_fleet(devices=6)
    fleet["accounts"][0]["devices"] = [
        {
            "deviceId": f"99000000000000{n}",
            "make": "SEQUANS Communications",
            "model": "GM01Q",
            "protocol": "LWM2M",
            "firmware": NEW,
            "reported_firmware": OLD if n < 2 else NEW,
            "licensed": False,
        }
        for n in range(3)
    ]
    return fleet


IDS = ["990000000000000", "990000000000001", "990000000000002"]


@pytest.mark.parametrize("state", ["synchronized", "reported"])
def test_a_refresh_is_changed_only_when_a_version_moved(
    account_with: Callable[..., Account], state: str
) -> None:
    account = account_with(fleet=moved_fleet())
    account.before_each_look = lambda: account.sim.advance(hours=6)
    asked = {
        "devices": IDS,
        "state": state,
        "expect_version": NEW,
        "imei_check": "off",
        "return_devices": "all",
    }
    account.sim.refuse_writes = True
    foreseen = refresh(account, check=True, **asked)
    assert account.writes() == []
    assert foreseen["changed"] is False
    assert foreseen["compliance"] == {"at_target": 1, "behind": 2, "unknown": 0}
    account.sim.refuse_writes = False
    real = refresh(account, **asked)
    assert real["changed"]
    assert real["counts"]["moved"] == 2
    assert real["compliance"] == {"at_target": 3, "behind": 0, "unknown": 0}
    assert real["diff"]["before"] == dict.fromkeys(IDS[:2], OLD)
    assert refresh(account, **asked)["changed"] is False


def test_a_thousand_devices_take_ten_calls(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=generate_fleet(devices=1000))
    ids = [device["deviceId"] for device in account.sim.devices()]
    result = refresh(account, devices=ids)
    assert result["counts"] == {"total": 1000, "known": 1000, "unknown": 0, "moved": 0}
    assert account.calls("v3SyncDeviceFirmware") == 10
    assert account.calls("v3QueryDevices") == 1


@pytest.mark.parametrize("answer", ["row", "absent"])
def test_devices_without_an_answer_are_unknown_and_named(
    account_with: Callable[..., Account], answer: str
) -> None:
    account = account_with(switches={"unknown_devices": answer})
    here = account.devices("GM01Q", OLD, 1)
    result = refresh(
        account, devices=[*here, "900000000000009"], expect_version=OLD, imei_check="off"
    )
    assert result["compliance"] == {"at_target": 1, "behind": 0, "unknown": 1}
    assert [device["deviceId"] for device in result["devices"]] == ["900000000000009"]
    assert result["devices"][0]["reason"]


def test_devices_that_do_not_report_in_time_are_named(account: Account) -> None:
    ids = account.devices("GM01Q", OLD, 2)
    with pytest.raises(TaskFailure, match=ids[0]) as failure:
        refresh(account, devices=ids, state="reported", wait_timeout=0.2, wait_delay=0.05)
    assert failure.value.error.kind == "timeout"
    assert failure.value.result["counts"]["total"] == 2


def test_duplicates_and_wrong_check_digits_are_said(account: Account) -> None:
    ids = account.devices("GM01Q", OLD, 1)
    wrong = ids[0][:-1] + str((int(ids[0][-1]) + 1) % 10)
    refresh(account, devices=[*ids, *ids, wrong])
    assert any("merged 1 duplicate" in warning for warning in account.warnings)
    assert any("wrong check digit" in warning and wrong in warning for warning in account.warnings)
    with pytest.raises(InvalidValue, match="wrong check digit"):
        refresh(account, devices=[wrong], imei_check="strict")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"account": ""}, "THINGSPACE_ACCOUNT"),
        ({"account": "a/b"}, "characters"),
        ({"timeout": 0.0}, "timeout"),
    ],
)
def test_bad_connection_options_are_named_before_any_call(
    account: Account, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidValue, match=named):
        firmware(account, **given)
    assert account.sim.journal() == []


def test_missing_credentials_name_option_and_variable(account: Account) -> None:
    with pytest.raises(FotaError, match="client_secret") as error:
        firmware(account, client_secret=None)
    assert "THINGSPACE_CLIENT_SECRET" in str(error.value.payload()["hint"])
    assert account.sim.journal() == []


def test_another_account_shape_only_warns(account: Account) -> None:
    with pytest.raises(FotaError):
        firmware(account, account="my-account")
    assert any("documented form" in warning for warning in account.warnings)


def test_a_second_task_uses_the_first_ones_login(account: Account) -> None:
    ensure(account, check=True, **declared(account))
    firmware(account)
    assert account.calls("requestOAuthToken") == 1
    assert account.calls("startM2MSession") == 1


def test_devices_of_another_account_are_not_asked(account: Account) -> None:
    """The service would refuse the call for them, after others were asked."""
    known = account.devices("GM01Q", OLD, 1)
    given: dict[str, Any] = {"state": "reported", "devices": [*known, "354545496999999"]}
    for check in (True, False):
        with pytest.raises(PlanRefused, match="1 device not found in the account: 354545496999999"):
            refresh(account, check=check, imei_check="off", **given)
    assert account.calls("v3ReportDeviceFirmware") == 0
