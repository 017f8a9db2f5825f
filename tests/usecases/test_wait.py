# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``fota_wait`` in process: what it waits for, what it says meanwhile, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.doc_fragments.waiting import ModuleDocFragment
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.wait.wait import (
    WAIT_MODULE_OPTIONS,
    wait_and_report,
)
from ansible_collections.thingspace.fota.plugins.modules import fota_wait
from ansible_collections.thingspace.fota.tests.usecases import test_campaigns, test_upgrades
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imeis,
)
from ansible_collections.thingspace.fota.tests.usecases.test_devices_file_usecase import rows
from ansible_collections.thingspace.fota.tests.usecases.test_long_waits import (
    HOUR,
    SILENT,
    WEEK,
    Patient,
    add_faults,
    assert_logins_accepted,
    assert_paced,
    patient,
)

__all__ = ["patient"]

MODELS = {"alpha": 20}
Make = Callable[..., Patient]


def wait(
    account: Account, said: list[str] | None = None, *, check: bool = False, **given: Any
) -> dict[str, Any]:
    heard = [] if said is None else said
    return account.run(
        partial(wait_and_report, say=heard.append), WAIT_MODULE_OPTIONS, check=check, **given
    )


def begin(account: Account, name: str = "meters", **more: Any) -> str:
    """Declare a campaign of a week, and give its id."""
    given = {"devices": imeis(MODELS), "imei_check": "off", **more}
    result = test_campaigns.ensure(
        account,
        name=name,
        package="alpha-A-B",
        start_date="2026-03-03",
        end_date="2026-03-09",
        **given,
    )
    return str(result["campaign"]["campaign_id"])


def failed(caught: pytest.ExceptionInfo[TaskFailure]) -> tuple[str, str, dict[str, Any]]:
    """Message, kind and result of a failure."""
    message, payload = describe_failure(caught.value)
    return message, str(payload["kind"]), caught.value.result


@pytest.mark.soak
def test_a_week_of_faults_is_reported_in_quiet_lines(patient: Make) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    id_ = begin(account)
    add_faults(account)
    said: list[str] = []
    result = wait(
        account,
        said,
        campaign_ids=[id_],
        wait_timeout=2 * WEEK,
        progress_interval=600.0,
        return_devices="all",
    )
    (campaign,) = result["campaigns"]
    assert (campaign["campaign_id"], campaign["state"]) == (id_, "ended")
    assert len(campaign["devices"]) == sum(campaign["counts"].values()) == 20
    assert result["elapsed"] >= WEEK and not result["changed"]
    assert account.events == {} and account.writes() == ["v3ScheduleCampaign"]
    assert_paced(account, delay=30)
    assert_logins_accepted(account)

    assert id_ in said[0] and "for 14 d at most" in said[0]
    assert (
        "1 campaign: CampaignRequestPending 1; at the latest 2026-03-10 00:00 UTC; wai" in said[1]
    )
    going = (
        ": [--------------------] 0% of 20 devices, pending 20; CampaignScheduled 1; at the latest"
    )
    assert any(going in line for line in said)
    assert "CampaignEnded 1" in said[-1]
    assert sum("the last read failed: " in line for line in said) > 3
    assert len(said) <= 2 * WEEK / 600
    assert all(line.isprintable() for line in said)


def test_the_line_tells_rate_and_expected_end(patient: Make) -> None:
    """By the clock of the service, whose day this is."""
    account = patient(fleet(MODELS))
    id_ = begin(account)
    said: list[str] = []
    result = wait(account, said, campaign_ids=[id_], wait_timeout=2 * WEEK, wait_delay=HOUR)
    assert result["campaigns"][0]["counts"] == {"success": 20}
    partly = [line for line in said if " an hour; " in line and "success 20" not in line]
    assert partly and all(
        "; at the latest 2026-03-10 00:00 UTC; waited " in line for line in partly
    )


def test_names_mean_the_live_campaign(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    first = begin(account, devices=imeis(MODELS)[:5])
    second = begin(account, "others", devices=imeis(MODELS)[5:9])
    given: dict[str, Any] = {"wait_for": "accepted", "return_devices": "none"}
    account.before_each_look = lambda: account.sim.advance(hours=1)
    result = wait(account, names=["others", "meters"], campaign_ids=[first, second], **given)
    assert [campaign["campaign_id"] for campaign in result["campaigns"]] == [first, second]
    assert "counts" not in result["campaigns"][0]
    assert account.calls("v3ListCampaignDevices") == 0
    with pytest.raises(FotaError, match="no report of the service lists it"):
        wait(account, names=["nobody"], **given)


def test_the_limit_ends_the_wait_with_the_ids(patient: Make) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    ids = [begin(account, str(n), devices=imeis(MODELS)[n : n + 1]) for n in range(7)]
    account.events = {23.0: account.fall_ill}
    said: list[str] = []
    with pytest.raises(TaskFailure) as caught:
        wait(account, said, campaign_ids=ids, wait_timeout=24 * HOUR, wait_delay=HOUR)
    message, kind, result = failed(caught)
    assert kind == "timeout"
    assert message.startswith("waited 1 d for ended: campaign 0 ") and " and 2 more" in message
    assert "the last read failed: " in message and "HTTP 503" in message
    assert f"fota_wait with campaign_ids: [{', '.join(ids)}]" in message
    assert [campaign["campaign_id"] for campaign in result["campaigns"]] == ids
    assert result["elapsed"] == 24 * HOUR and "waited 1 d of 1 d" in said[-1]


def test_a_verdict_ends_the_wait_with_the_id(patient: Make) -> None:
    """A locked user is not a temporary fault; nobody waits for a week, or tries to log in."""
    account = patient(fleet(MODELS, outcomes=SILENT))
    id_ = begin(account)
    account.events = {5.0: lambda: account.sim.faults([{"fault": "lockout"}])}
    with pytest.raises(TaskFailure) as caught:
        wait(account, campaign_ids=[id_], wait_timeout=WEEK, wait_delay=HOUR)
    message, kind, result = failed(caught)
    assert kind == "locked_out"
    assert f"before that, campaign meters {id_} is Campaign" in message
    assert result["campaigns"][0]["campaign_id"] == id_
    assert account.monotonic() < 7 * HOUR


def test_what_is_over_otherwise_fails(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    id_ = begin(account)
    account.sim.advance(hours=1)
    test_campaigns.ensure(account, campaign_id=id_, state="absent")
    with pytest.raises(TaskFailure) as caught:
        wait(account, campaign_ids=[id_], wait_for="scheduled")
    message, kind, _result = failed(caught)
    assert kind == "campaign_failed"
    assert f"over without being scheduled: campaign meters {id_} is CampaignCancelled" in message


def test_one_that_is_over_otherwise_fails_the_wait_for_others_at_once(patient: Make) -> None:
    """Also when it ends during the wait; the task that created both fails the same."""
    account = patient(fleet(MODELS, outcomes=SILENT))
    live = begin(account, "live", devices=imeis(MODELS)[:5])
    over = begin(account, "over", devices=imeis(MODELS)[5:9])
    account.events = {3.0: lambda: cancel(account, over)}
    said: list[str] = []
    with pytest.raises(TaskFailure) as caught:
        wait(account, said, names=["over", "live"], wait_timeout=WEEK, wait_delay=HOUR)
    message, kind, result = failed(caught)
    assert kind == "campaign_failed"
    assert f"over without being ended: campaign over {over} is CampaignCancelled" in message
    assert f"not waited for any longer: campaign live {live} is Campaign" in message
    assert f"fota_wait with campaign_ids: [{live}]" in message
    assert [campaign["campaign_id"] for campaign in result["campaigns"]] == [over, live]
    assert account.monotonic() < 7 * HOUR
    begun = account.monotonic()
    with pytest.raises(TaskFailure) as caught:
        wait(account, campaign_ids=[live, over], wait_timeout=WEEK, wait_delay=HOUR)
    assert f"campaign over {over} is CampaignCancelled" in failed(caught)[0]
    assert account.monotonic() - begun < HOUR


def cancel(account: Account, id_: str) -> None:
    test_campaigns.ensure(account, campaign_id=id_, state="absent")


def test_rejected_devices_are_counted_in_the_message(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    id_ = begin(account, devices=[*imeis(MODELS)[:2], "354545496999999"])
    account.sim.advance(hours=1)
    result = wait(account, campaign_ids=[id_], wait_for="accepted")
    assert "rejected 1 of 3 devices" in result["msg"]


def test_upgrades_of_v1(patient: Make) -> None:
    account = patient()
    id_ = test_upgrades.create(account)
    said: list[str] = []
    result = wait(account, said, upgrade_ids=[id_, id_], wait_timeout=3 * WEEK, wait_delay=6 * HOUR)
    (upgrade,) = result["upgrades"]
    assert (upgrade["upgrade_id"], upgrade["state"]) == (id_, "ended")
    assert ": 1 upgrade: [--------------------] 0% of " in said[1]


def test_every_device_is_kept_also_when_the_wait_was_in_vain(patient: Make, tmp_path: Path) -> None:
    account = patient(fleet(MODELS))
    id_ = begin(account)
    late, over, unwritten = (tmp_path / f"{name}.csv" for name in ("late", "over", "unwritten"))
    given: dict[str, Any] = {"campaign_ids": [id_], "return_devices": "none", "wait_delay": HOUR}
    with pytest.raises(TaskFailure) as caught:
        wait(account, **given, wait_timeout=2 * HOUR, results_file=str(late))
    assert failed(caught)[2]["results_file"] == {"path": str(late), "devices": 20}
    assert {row["state"] for row in rows(late)} == {"pending"}

    result = wait(account, **given, wait_timeout=2 * WEEK, results_file=str(over))
    (campaign,) = result["campaigns"]
    assert (campaign["devices"], campaign["counts"]) == ([], {"success": 20})
    assert [row["deviceId"] for row in rows(over)] == imeis(MODELS)
    assert {(row["state"], row["campaign_id"]) for row in rows(over)} == {("success", id_)}

    seen = wait(account, check=True, **given, results_file=str(unwritten))
    assert seen["results_file"]["devices"] == 20 and not unwritten.exists()


def test_devices_of_upgrades_and_rollouts_are_kept(patient: Make, tmp_path: Path) -> None:
    account, kept = patient(), tmp_path / "upgrade.csv"
    id_ = test_upgrades.create(account)
    slow = {"wait_timeout": 3 * WEEK, "wait_delay": HOUR}
    wait(account, upgrade_ids=[id_], **slow, results_file=str(kept))
    assert {row["upgrade_id"] for row in rows(kept)} == {id_}

    account, kept = patient(fleet(MODELS)), tmp_path / "rollout.csv"
    wait(account, rollout=Rollout(account, MODELS).spec, imei_check="off", results_file=str(kept))
    assert sorted(row["deviceId"] for row in rows(kept)) == imeis(MODELS)


def test_check_mode_looks_once(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    id_ = begin(account)
    account.sim.clear_journal()
    said: list[str] = []
    result = wait(account, said, check=True, campaign_ids=[id_, ""], names=["coming"])
    assert [campaign["state"] for campaign in result["campaigns"]] == ["pending"]
    assert result["campaigns"][0]["counts"] == {}
    assert said == [] and account.writes() == []
    assert account.warnings == ["there is no campaign coming yet to wait for"]
    assert wait(account, check=True, upgrade_ids=[""])["upgrades"] == []


@pytest.mark.parametrize(
    "given",
    [
        {"campaign_ids": []},
        {"campaign_ids": [" "]},
        {"upgrade_ids": []},
        {"names": [""]},
        {"campaign_ids": ["x"], "progress_interval": 0.0},
    ],
)
def test_bad_options_call_nothing(account: Account, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        wait(account, **given)
    assert account.sim.journal() == []


def test_a_rollout_is_waited_for_with_its_own_line(patient: Make) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    rollout = Rollout(account, MODELS)
    rollout.run_once()
    add_faults(account)
    said: list[str] = []
    given = {"rollout": rollout.spec, "imei_check": "off", "wait_delay": 3 * HOUR}
    with pytest.raises(TaskFailure) as caught:
        wait(account, said, **given, wait_timeout=6 * HOUR)
    message, kind, result = failed(caught)
    assert kind == "timeout" and "rollout meters, which is running" in message
    assert f"something is expected at {result['next_check_after']}" in message
    assert (result["phase"], result["would_change"]) == ("running", False)

    result = wait(account, said, **given, wait_timeout=2 * WEEK)
    assert result["actions"]["refresh"] and result["elapsed"] > 24 * HOUR
    assert result["events"] and result["waves"]
    assert "rollout meters: [--------------------] 0% of 20 devices, settling 20; " in said[1]
    assert "; running, wave pilot: 0 of 20 attempted; expected 2026-03-02 01:00 UTC; " in said[1]
    assert account.writes() == ["v3ScheduleCampaign"]


def test_a_rollout_in_check_mode_is_looked_at_once(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    rollout = Rollout(account, MODELS)
    rollout.run_once()
    said: list[str] = []
    result = wait(account, said, check=True, rollout=rollout.spec, imei_check="off")
    assert (result["phase"], said) == ("running", [])


def test_a_rollout_that_cannot_be_read_fails(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    account.sim.faults([{"operation": "v3ListFirmware", "fault": "xml_403"}])
    with pytest.raises(FotaError) as caught:
        wait(account, rollout=Rollout(account, MODELS).spec, imei_check="off")
    assert caught.value.kind == "refused"


def test_every_option_is_documented_as_it_is() -> None:
    """No tool compares the documentation of a plugin that has no code of its own.

    The suboptions of a rollout are those of ``fota_rollout_info``, and are compared with them.
    """
    documented: dict[str, dict[str, Any]] = {}
    for text in (ModuleDocFragment.DOCUMENTATION, fota_wait.DOCUMENTATION):
        documented |= yaml.safe_load(text)["options"]
    assert sorted(documented) == sorted(WAIT_MODULE_OPTIONS)
    for name, option in WAIT_MODULE_OPTIONS.items():
        beside = ("description", "version_added")
        told = {key: value for key, value in documented[name].items() if key not in beside}
        if name == "rollout":
            told |= {key: option[key] for key in ("type", "required", "options")}
        assert told == option, name
