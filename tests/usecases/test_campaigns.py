# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fota_campaign's use-case: idempotence, honest check mode, refusals and faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    FotaError,
    ServiceRefused,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.usecases.account import Account

GM01Q = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"
OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"


def declared(account: Account, **changed: Any) -> dict[str, Any]:
    return {
        "name": "pilot",
        "package": GM01Q,
        "start_date": "2026-03-05",
        "end_date": "2026-03-12",
        "windows": [{"start": 18, "end": 22}],
        "devices": account.devices("GM01Q", OLD, 6),
        **changed,
    }


def software(**changed: Any) -> dict[str, Any]:
    return {
        "type": "software",
        "name": "gateways",
        "package": "FOTA_Verizon_Model-A_02To03_HF",
        "from_version": "FOTA_Verizon_Model-A_00To01_HF",
        "to_version": "FOTA_Verizon_Model-A_02To03_HF",
        "start_date": "2026-03-05",
        "end_date": "2026-03-08",
        "devices": ["990013907835573", "990013907884259"],
        "imei_check": "off",
        **changed,
    }


def ensure(account: Account, *, check: bool = False, **given: Any) -> dict[str, Any]:
    return account.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, check=check, **given)


def create(account: Account, **changed: Any) -> str:
    """Create the declared campaign and give the service time to check it; gives its id."""
    result = ensure(account, **declared(account, **changed))
    account.sim.advance(hours=2)
    account.sim.clear_journal()
    return result["campaign"]["campaign_id"]


@pytest.mark.parametrize("make", [declared, lambda _account, **more: software(**more)])
def test_check_then_real_then_again(account: Account, make: Callable[..., dict[str, Any]]) -> None:
    account.sim.refuse_writes = True
    foreseen = ensure(account, check=True, **make(account))
    assert account.writes() == []
    account.sim.refuse_writes = False
    real = ensure(account, **make(account))
    again = ensure(account, **make(account))
    assert (foreseen["changed"], real["changed"], again["changed"]) == (True, True, False)
    assert foreseen["diff"] == real["diff"]
    assert foreseen["campaign"]["campaign_id"] == ""
    assert real["campaign"]["campaign_id"] == again["campaign"]["campaign_id"] != ""
    assert real["campaign"]["action"] == "create"
    assert len(account.writes()) == 1
    assert foreseen["msg"].startswith("SIMULATED")


@pytest.mark.parametrize(
    ("mode", "action"), [("at_least", "add"), ("exact", "both"), ("remove", "remove")]
)
@pytest.mark.parametrize("make", [declared, lambda _account, **more: software(**more)])
def test_only_the_difference_of_devices_is_sent(
    account: Account, make: Callable[..., dict[str, Any]], mode: str, action: str
) -> None:
    spec = make(account)
    there, spare = spec["devices"][:-1], spec["devices"][-1]
    ensure(account, **{**spec, "devices": there})
    account.sim.advance(hours=2)
    account.sim.clear_journal()
    wanted = {"add": [*there, spare], "both": [*there[1:], spare], "remove": [there[0], spare]}
    change = {**spec, "devices": wanted[action], "devices_mode": mode}
    foreseen = ensure(account, check=True, **change)
    assert account.writes() == []
    real = ensure(account, **change)
    again = ensure(account, **change)
    assert foreseen["diff"] == real["diff"]
    assert (real["changed"], again["changed"]) == (True, False)
    assert len(account.writes()) == (2 if action == "both" else 1)
    expected = {
        "add": {"added": 1, "removed": 0},
        "both": {"added": 1, "removed": 1},
        "remove": {"added": 0, "removed": 1},
    }[action]
    counts = real["campaign"]["counts"]
    assert {name: counts[name] for name in expected} == expected


@pytest.mark.parametrize(("per_call", "calls"), [(None, 1), (2, 3), (100, 1)])
@pytest.mark.parametrize("mode", ["at_least", "remove"])
def test_many_devices_are_changed_in_parts(
    account: Account, mode: str, per_call: int | None, calls: int
) -> None:
    spec = declared(account)
    there = spec["devices"][:1] if mode == "at_least" else spec["devices"]
    ensure(account, **{**spec, "devices": there})
    account.sim.advance(hours=2)
    account.sim.clear_journal()
    parts = {"devices_mode": mode, "devices_per_call": per_call}
    change = {**spec, "devices": spec["devices"][1:], **parts}
    real = ensure(account, **change)
    again = ensure(account, **change)
    assert (real["changed"], again["changed"]) == (True, False)
    changed = "added" if mode == "at_least" else "removed"
    assert real["campaign"]["counts"][changed] == 5
    assert len(account.writes()) == calls


def test_a_removal_that_does_not_show_yet_is_said(account_with: Callable[..., Account]) -> None:
    account = account_with(switches={"removed_devices": "kept"})
    ensure(account, **software())
    account.sim.advance(hours=2)
    gone = software()["devices"][:1]
    result = ensure(account, **software(devices=gone, devices_mode="remove"))
    assert result["changed"]
    assert any(gone[0] in warning and "run again" in warning for warning in account.warnings)


def test_all_devices_are_returned_also_when_none_was_declared(account: Account) -> None:
    campaign_id = create(account)
    result = ensure(account, campaign_id=campaign_id, wait=True, return_devices="all")
    assert len(result["campaign"]["devices"]) == 6
    assert {device["action"] for device in result["campaign"]["devices"]} == {"none"}


def test_dates_and_windows_are_sent_in_full_and_once(account: Account) -> None:
    create(account)
    change = {"name": "pilot", "end_date": "2026-03-15", "windows": [{"start": 1, "end": 4}]}
    foreseen = ensure(account, check=True, **change)
    real = ensure(account, **change)
    again = ensure(account, **change)
    assert foreseen["diff"] == real["diff"]
    assert (real["changed"], again["changed"]) == (True, False)
    assert account.writes() == ["v3UpdateCampaignDates"]
    assert again["campaign"]["start_date"] == "2026-03-05"
    assert again["campaign"]["windows"] == [{"start": 1, "end": 4}]


def test_windows_left_out_stay_and_an_empty_list_clears_them(account: Account) -> None:
    create(account)
    kept = ensure(account, name="pilot", end_date="2026-03-15")
    assert kept["campaign"]["windows"] == [{"start": 18, "end": 22}]
    cleared = ensure(account, name="pilot", windows=[])
    assert cleared["changed"]
    assert cleared["campaign"]["windows"] == []


def test_absent_cancels_before_the_start_and_only_once(account: Account) -> None:
    create(account)
    foreseen = ensure(account, check=True, name="pilot", state="absent")
    assert account.writes() == []
    real = ensure(account, name="pilot", state="absent")
    again = ensure(account, name="pilot", state="absent")
    assert foreseen["diff"] == real["diff"]
    assert real["campaign"]["status"] == "CampaignCancelled"
    assert (real["changed"], again["changed"]) == (True, False)
    assert account.writes() == ["v3CancelCampaign"]


def test_absent_spares_a_campaign_of_another_package(account: Account) -> None:
    create(account)
    with pytest.raises(PlanRefused, match="package is"):
        ensure(account, name="pilot", package="another", state="absent")
    assert account.writes() == []


def test_absent_without_a_campaign_is_unchanged(account: Account) -> None:
    assert ensure(account, name="never", state="absent")["changed"] is False


def start_campaign(account: Account) -> None:
    create(account)
    account.sim.set_now("2026-03-05T06:00:00Z")
    account.sim.clear_journal()


def test_a_started_campaign_is_not_cancelled_unasked(account: Account) -> None:
    start_campaign(account)
    with pytest.raises(PlanRefused, match="has started") as refused:
        ensure(account, name="pilot", state="absent")
    assert "abort_started" in refused.value.hint
    assert account.writes() == []


def test_an_abort_that_the_service_refuses_is_a_failure(account: Account) -> None:
    start_campaign(account)
    with pytest.raises(TaskFailure) as failure:
        ensure(account, name="pilot", state="absent", abort_started=True)
    assert isinstance(failure.value.error, ServiceRefused)
    assert "declare an earlier end_date" in str(failure.value.error.hint)
    assert failure.value.result["changed"] is False
    assert failure.value.result["campaign"]["state"] == "scheduled"


def test_a_refusal_by_success_false_is_a_failure(account_with: Callable[..., Account]) -> None:
    account = account_with(switches={"delete_refusal": "success_false"})
    start_campaign(account)
    with pytest.raises(TaskFailure) as failure:
        ensure(account, name="pilot", state="absent", abort_started=True)
    assert isinstance(failure.value.error, FotaError)
    assert failure.value.error.kind == "not_cancelled"


def test_an_abort_is_believed_only_when_read_back(account_with: Callable[..., Account]) -> None:
    account = account_with(switches={"delete_started_v3": "aborted"})
    start_campaign(account)
    result = ensure(account, name="pilot", state="absent", abort_started=True)
    assert result["campaign"]["status"] == "CampaignAborted"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"end_date": "2026-03-05"}, "end date must be 2026-03-06 or later"),
        ({"start_date": "2026-03-06"}, "start is 2026-03-05"),
        ({"windows": [{"start": 0, "end": 24}]}, "windows cannot change"),
        ({"devices_mode": "exact"}, "devices can no longer be added or removed"),
        ({"package": "another"}, "package is"),
    ],
    ids=["end too soon", "start", "windows", "devices", "package"],
)
def test_after_the_start_only_what_the_service_allows(
    account: Account, change: dict[str, Any], reason: str
) -> None:
    start_campaign(account)
    if "devices_mode" in change:
        change = {**change, "devices": account.devices("GM01Q", OLD, 2)}
    with pytest.raises(PlanRefused, match=reason):
        ensure(account, **{"name": "pilot", **change})
    assert account.writes() == []


def test_after_the_start_the_end_may_move(account: Account) -> None:
    start_campaign(account)
    assert ensure(account, name="pilot", end_date="2026-03-06")["changed"]
    assert ensure(account, name="pilot", end_date="2026-03-06")["changed"] is False


def test_an_ended_campaign_is_not_created_again(account: Account) -> None:
    spec = declared(account)
    first = ensure(account, **spec)
    account.sim.set_now("2026-03-20T00:00:00Z")
    account.sim.clear_journal()
    again = ensure(account, **spec, wait=True, wait_for="ended")
    assert again["changed"] is False
    assert again["campaign"]["campaign_id"] == first["campaign"]["campaign_id"]
    assert again["campaign"]["state"] == "ended"
    assert again["campaign"]["counts"]["success"] == 6
    assert account.writes() == []


def end_campaign(account: Account) -> dict[str, Any]:
    """Create a campaign of the first five devices, let it end, and give the declaration."""
    spec = declared(account)
    ensure(account, **{**spec, "devices": spec["devices"][:5]})
    account.sim.set_now("2026-03-20T00:00:00Z")
    account.sim.clear_journal()
    return spec


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"devices": slice(0, 6)}, "1 device that it did not have: "),
        ({"devices": slice(1, 5), "devices_mode": "exact"}, "1 device of it not declared: "),
        ({"start_date": "2026-03-21"}, "start_date is 2026-03-21, not 2026-03-05"),
        ({"end_date": "2026-03-25"}, "end_date is 2026-03-25, not 2026-03-12"),
        ({"windows": [{"start": 1, "end": 2}]}, "windows is 01:00-02:00, not 18:00-22:00"),
        ({"windows": []}, "windows is none, not 18:00-22:00"),
    ],
    ids=["device", "exact", "start", "end", "windows", "no windows"],
)
def test_what_an_ended_campaign_ignores_is_named(
    account: Account, change: dict[str, Any], named: str
) -> None:
    spec = end_campaign(account)
    all_ids = spec["devices"]
    spec["devices"] = all_ids[:5]
    ignored = {**spec, **change}
    if "devices" in change:
        ignored["devices"] = all_ids[change["devices"]]
    if "start_date" in change:
        ignored["end_date"] = "2026-03-28"
    for check in (True, False):
        result = ensure(account, check=check, **ignored)
        assert not result["changed"]
        (warning,) = account.warnings
        assert named in warning and "recreate: true" in warning
        if "devices" in change:
            (odd,) = {*spec["devices"]} ^ {*ignored["devices"]}
            assert odd in warning
    assert account.writes() == []
    assert ensure(account, **spec)["changed"] is False
    assert account.warnings == []
    removal = {"name": "pilot", "devices": all_ids[:1], "devices_mode": "remove"}
    assert ensure(account, **removal)["changed"] is False
    assert account.warnings == []


def test_dates_that_a_cancelled_campaign_ignores_are_named(account: Account) -> None:
    create(account)
    ensure(account, name="pilot", state="absent")
    ensure(account, **declared(account, end_date="2026-03-14"))
    (warning,) = account.warnings
    assert "CampaignCancelled" in warning
    assert "end_date is 2026-03-14, not 2026-03-12" in warning


@pytest.mark.parametrize("make", [declared, lambda _account, **more: software(**more)])
def test_a_first_day_of_the_past_is_refused_before_anything_is_written(
    account: Account, make: Callable[..., dict[str, Any]]
) -> None:
    spec = make(account)
    past = {**spec, "start_date": "2026-03-01"}
    for check in (True, False):
        with pytest.raises(PlanRefused, match="start_date 2026-03-01 is before today") as refused:
            ensure(account, check=check, **past)
        assert spec["name"] in str(refused.value)
    ensure(account, **spec)
    for check in (True, False):
        with pytest.raises(PlanRefused, match="start_date 2026-03-01 is before today"):
            ensure(account, check=check, **past)
    assert len(account.writes()) == 1


def test_a_refusal_of_the_service_names_the_campaign(account: Account) -> None:
    spec = declared(account, package="unknown", from_version="a", to_version="b")
    with pytest.raises(TaskFailure, match="campaign 'pilot': ") as failure:
        ensure(account, **spec)
    assert failure.value.error.kind == "refused"


def test_rejected_devices_are_named_with_their_reasons(account: Account) -> None:
    wrong = [*account.devices("GM01Q", NEW, 1), "354545496999999"]
    spec = declared(account, devices=[*account.devices("GM01Q", OLD, 1), *wrong])
    account.before_each_look = lambda: account.sim.advance(hours=1)
    ensure(account, **spec, imei_check="off", wait=True)
    (warning,) = [text for text in account.warnings if "rejected" in text]
    assert "campaign 'pilot'" in warning and "2 of 3 devices" in warning
    for imei in wrong:
        assert imei in warning
    assert "Device not found" in warning
    # So does the same task again, which finds the campaign as it is.
    ensure(account, **spec, imei_check="off")
    assert warning in account.warnings


def test_a_removal_after_the_start_says_what_can_be_done(account: Account) -> None:
    start_campaign(account)
    one = account.devices("GM01Q", OLD, 1)
    with pytest.raises(PlanRefused) as refused:
        ensure(account, name="pilot", devices=one, devices_mode="remove")
    assert "end_date" in refused.value.hint
    assert "another campaign" not in refused.value.hint


def test_recreate_makes_a_new_one(account: Account) -> None:
    first = create(account)
    ensure(account, name="pilot", state="absent")
    spec = declared(account)
    unchanged = ensure(account, **spec)
    assert unchanged["changed"] is False
    assert "CampaignCancelled" in account.warnings[0]
    result = ensure(account, **spec, recreate=True)
    assert result["changed"]
    assert result["campaign"]["campaign_id"] != first


def test_an_ended_name_with_another_package_is_refused(account: Account) -> None:
    create(account)
    ensure(account, name="pilot", state="absent")
    with pytest.raises(PlanRefused, match="which is over"):
        ensure(account, **declared(account, package=GM01Q + "_other", from_version="a"))


def test_more_than_one_live_campaign_of_a_name_is_an_error(account: Account) -> None:
    first = create(account)
    second = post_directly(account)
    with pytest.raises(PlanRefused, match="2 live campaigns") as refused:
        ensure(account, **declared(account))
    assert first in str(refused.value)
    assert second in str(refused.value)
    by_id = ensure(account, campaign_id=first, end_date="2026-03-14")
    assert by_id["changed"]


def post_directly(account: Account, **changed: Any) -> str:
    """Create a campaign beside the module, as somebody in the portal would."""
    import requests

    token = requests.post(
        account.sim.url + "/ts/v1/oauth2/token",
        auth=("simulator-key", "simulator-secret"),
        data={"grant_type": "client_credentials"},
        timeout=300,
    ).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    session = requests.post(
        account.sim.url + "/m2m/v1/session/login",
        headers=bearer,
        json={"username": "simulator-user", "password": "simulator-password"},
        timeout=300,
    ).json()["sessionToken"]
    reply = requests.post(
        account.sim.url + "/fota/v3/campaigns/firmware/0000123456-00001",
        headers={**bearer, "VZ-M2M-Token": session},
        json={
            "campaignName": "pilot",
            "firmwareName": GM01Q,
            "firmwareFrom": OLD,
            "firmwareTo": NEW,
            "protocol": "LWM2M",
            "startDate": "2026-03-05",
            "endDate": "2026-03-12",
            "campaignTimeWindowList": [],
            "deviceList": account.devices("GM01Q", OLD, 6),
            "autoAssignLicenseFlag": False,
            "autoAddDevicesFlag": False,
            **changed,
        },
        timeout=300,
    )
    assert reply.status_code == 200, reply.text
    return reply.json()["id"]


def test_id_and_name_must_belong_together(account: Account) -> None:
    campaign_id = create(account)
    with pytest.raises(PlanRefused, match="has the name 'pilot', not 'other'"):
        ensure(account, campaign_id=campaign_id, name="other")


def test_an_unknown_id_is_an_error_of_the_service(account: Account) -> None:
    with pytest.raises(ServiceRefused) as refused:
        ensure(account, campaign_id="00000000-0000-4000-8000-000000000000", end_date="2026-04-01")
    assert "Check campaign_id, type and account" in str(refused.value.hint)


def test_many_campaigns_in_one_task_take_one_listing_before_and_one_after(account: Account) -> None:
    ids = account.devices("GM01Q", OLD, 6)
    base = {name: option.get("default") for name, option in CAMPAIGN_MODULE_OPTIONS.items()}
    many = [
        {**base, **declared(account, name=f"part-{n}", devices=ids[2 * n : 2 * n + 2])}
        for n in range(3)
    ]
    result = ensure(account, campaigns=many)
    assert [campaign["action"] for campaign in result["campaigns"]] == ["create"] * 3
    assert "campaign" not in result
    # 9 statuses before (eight and the one that is not published), the three of live campaigns once
    # more, since the names were missing, and these and the one that is not published after.
    assert account.calls("v3ListCampaignsByStatus") == 16
    account.sim.clear_journal()
    again = ensure(account, campaigns=many)
    assert again["changed"] is False
    assert account.calls("v3ListCampaignsByStatus") == 9


def test_nothing_is_written_when_one_of_many_is_refused(account: Account) -> None:
    ids = account.devices("GM01Q", OLD, 2)
    base = {name: option.get("default") for name, option in CAMPAIGN_MODULE_OPTIONS.items()}
    good = {**base, **declared(account, name="good", devices=ids[:1])}
    late = {**base, **declared(account, name="late", devices=ids[1:])}
    late |= {"start_date": "2026-02-01", "end_date": "2026-02-02"}
    with pytest.raises(PlanRefused, match="before today at the service"):
        ensure(account, campaigns=[good, late])
    assert account.writes() == []


def test_versions_are_looked_up_in_the_catalog(account: Account) -> None:
    result = ensure(account, **declared(account))
    assert (result["campaign"]["from_version"], result["campaign"]["to_version"]) == (OLD, NEW)


def test_an_unknown_package_is_named_with_the_nearest_one(account: Account) -> None:
    with pytest.raises(PlanRefused) as refused:
        ensure(account, **declared(account, package=GM01Q[:-1]))
    assert f"did you mean {GM01Q}" in refused.value.hint


@pytest.mark.parametrize("fault", ["status_503_after", "reset_after"])
def test_a_create_of_unknown_outcome_that_shows_is_adopted(account: Account, fault: str) -> None:
    account.sim.faults([{"operation": "v3ScheduleCampaign", "fault": fault}])
    result = ensure(account, **declared(account))
    assert result["changed"]
    assert len(account.sim.campaigns()) == 1
    assert account.writes() == ["v3ScheduleCampaign"]
    assert ensure(account, **declared(account))["changed"] is False


@pytest.mark.parametrize("fault", ["status_503_before", "reset_before"])
def test_a_create_of_unknown_outcome_is_never_posted_twice(account: Account, fault: str) -> None:
    account.sim.faults([{"operation": "v3ScheduleCampaign", "fault": fault}])
    with pytest.raises(TaskFailure) as failure:
        ensure(account, **declared(account))
    assert failure.value.error.kind == "outcome_unknown"
    assert account.writes() == ["v3ScheduleCampaign"]
    assert ensure(account, **declared(account))["changed"]
    assert len(account.sim.campaigns()) == 1


@pytest.mark.parametrize("fault", ["status_503_after", "reset_after"])
@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("v3UpdateCampaignDates", {"end_date": "2026-03-15"}),
        ("v3UpdateCampaignDevices", {"devices_mode": "exact"}),
        ("v3CancelCampaign", {"state": "absent"}),
    ],
)
def test_other_writes_of_unknown_outcome_are_read_back(
    account: Account, operation: str, change: dict[str, Any], fault: str
) -> None:
    create(account)
    if "devices_mode" in change:
        change = {**change, "devices": account.devices("GM01Q", OLD, 2)}
    account.sim.faults([{"operation": operation, "fault": fault}])
    assert ensure(account, name="pilot", **change)["changed"]
    assert account.writes() == [operation]
    assert ensure(account, name="pilot", **change)["changed"] is False


def hide_campaign(account: Account) -> None:
    """Let the campaign reach the status that no report lists."""
    create(account)
    for _hour in range(200):
        if account.sim.campaigns()[0]["status"] == "CampaignPreScheduled":
            return
        account.sim.advance(hours=1)
    raise AssertionError("the simulator never shows CampaignPreScheduled")


def test_a_campaign_that_no_report_lists_is_not_created_twice(account: Account) -> None:
    hide_campaign(account)
    result = ensure(account, **declared(account))
    assert account.writes() == []
    assert result["changed"] is False


def test_a_campaign_that_no_report_lists_is_cancelled_by_its_devices(account: Account) -> None:
    hide_campaign(account)
    assert ensure(account, name="pilot", state="absent")["changed"] is False
    assert any("CampaignPreScheduled" in warning for warning in account.warnings)
    result = ensure(account, name="pilot", state="absent", devices=declared(account)["devices"])
    assert result["changed"]
    assert account.sim.campaigns()[0]["status"] == "CampaignCancelled"


def test_waiting_ends_with_the_campaign(account: Account) -> None:
    account.before_each_look = lambda: account.sim.advance(hours=12)
    result = ensure(account, **declared(account), wait=True, wait_for="ended", return_devices="all")
    assert result["campaign"]["state"] == "ended"
    assert result["campaign"]["counts"] == {"added": 6, "removed": 0, "success": 6}
    assert {device["status"] for device in result["campaign"]["devices"]} == {"UpgradeSuccess"}


def test_a_wait_that_is_too_long_says_state_and_id(account: Account) -> None:
    with pytest.raises(TaskFailure) as failure:
        ensure(
            account,
            **declared(account),
            wait=True,
            wait_for="ended",
            wait_timeout=0.2,
            wait_delay=0.05,
        )
    campaign_id = failure.value.result["campaign"]["campaign_id"]
    assert failure.value.error.kind == "timeout"
    assert "CampaignRequestPending" in str(failure.value.error)
    assert campaign_id in str(failure.value.error)
    assert failure.value.result["changed"]


def test_a_refused_request_fails_the_wait(account: Account) -> None:
    account.before_each_look = lambda: account.sim.advance(hours=1)
    ids = [
        device["deviceId"]
        for device in account.sim.devices()
        if device["accountName"] == "0000123456-00001" and device["protocol"] == "LWM2M"
    ][:21]
    with pytest.raises(TaskFailure) as failure:
        ensure(account, **declared(account, devices=ids), wait=True, wait_for="accepted")
    assert failure.value.error.kind == "campaign_failed"
    assert "CampaignRequestFailed" in str(failure.value.error)
    assert any("at most 20" in warning for warning in account.warnings)


def test_a_refused_request_among_others_fails_the_wait_at_once(account: Account) -> None:
    account.before_each_look = lambda: account.sim.advance(hours=1)
    base = {name: option.get("default") for name, option in CAMPAIGN_MODULE_OPTIONS.items()}
    many = [
        {**base, **declared(account, name="fine", devices=account.devices("GM01Q", OLD, 2))},
        {**base, **declared(account, name="bad", devices=account.devices("GM01Q", NEW, 2))},
    ]
    with pytest.raises(TaskFailure, match=r"campaign bad .*CampaignRequestFailed") as failure:
        ensure(account, campaigns=many, wait=True, wait_for="ended", wait_timeout=60.0)
    assert "not waited for any longer: campaign fine " in str(failure.value.error)
    fine, bad = failure.value.result["campaigns"]
    assert fine["campaign_id"] in str(failure.value.error.hint)
    assert (fine["state"] != "ended", bad["state"]) == (True, "request_failed")


def test_an_unknown_status_word_is_shown_and_is_no_success(account: Account) -> None:
    campaign_id = create(account)
    account.sim.faults([{"operation": "v3GetCampaign", "fault": "unknown_status", "times": 99}])
    with pytest.raises(TaskFailure) as failure:
        ensure(
            account,
            campaign_id=campaign_id,
            wait=True,
            wait_for="ended",
            wait_timeout=0.2,
            wait_delay=0.05,
        )
    assert failure.value.error.kind == "timeout"
    assert failure.value.result["campaign"]["state"] == "unknown"
    assert failure.value.result["campaign"]["status"] == "CampaignTeleported"


def test_reads_survive_faults(account: Account) -> None:
    account.sim.faults(
        [
            {"operation": "v3ListCampaignsByStatus", "fault": "status_503_before", "times": 2},
            {"operation": "v3ListFirmware", "fault": "status_429", "retry_after": 0},
            {"operation": "v3GetSubscription", "fault": "reset_before"},
        ]
    )
    assert ensure(account, **declared(account))["changed"]


def test_bad_devices_are_refused_before_any_call(account: Account) -> None:
    with pytest.raises(InvalidValue, match=r"devices\[1\].*15 digits"):
        ensure(account, **declared(account, devices=["354545496237880", "35454549623788"]))
    with pytest.raises(InvalidValue, match="must name at least one device") as refused:
        ensure(account, **declared(account, devices=[]))
    message, payload = describe_failure(refused.value)
    assert payload["hint"] == "correct the value and run again"
    assert message.endswith("What to do: correct the value and run again")
    assert account.sim.journal() == []


def test_unlicensed_devices_are_named_before_they_are_rejected(
    account_with: Callable[..., Account],
) -> None:
    from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
        generate_fleet,
    )

    fleet = generate_fleet(devices=30, licensed=0.0)
    fleet["accounts"][0]["subscription"] = {"purchaseType": "TS-HFOTA-MRC", "licenseCount": 30}
    account = account_with(fleet=fleet)
    spec = declared(account, devices=account.devices("GM01Q", OLD, 2))
    ensure(account, check=True, **spec)
    assert any("2 of 2 devices without a license" in warning for warning in account.warnings)
    ensure(account, check=True, **spec, auto_assign_license=True)
    assert account.warnings == []
