# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``fota_rehearsal`` in process: a rollout on a copy of an account, which is only read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.carry_out import (
    make_run,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    ROLLOUT_OPTIONS,
    read_declared,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.rehearse import (
    REHEARSAL_OPTIONS,
    rehearse_rollout,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.simulator import SIMULATOR
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rehearsal import (
    rehearsal_lines,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imei,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import set_licenses

MODELS = {"alpha": 8, "beta": 8}
BETA = f"{MAKER} beta"
CHANGED = {imei(0, 7): {"firmware": "B"}, imei(1, 7): {"eligible": False}}
WAVES = [
    {"name": "pilot", "per_package": 3, "days": 2, "gate": {"approval": True}},
    {"name": "all", "rest": True, "days": 2},
]

AccountWith = Callable[..., Account]


@pytest.fixture
def account(account_with: AccountWith) -> Account:
    """An account in which every upgrade would fail; a rehearsal does not ask it for one."""
    return account_with(
        fleet=fleet({**MODELS, "gamma": 4}, changed=CHANGED, outcomes=ALL_FAIL),
        refuse_writes=True,
    )


ALL_FAIL = {"default": {"success_rate": 0}}


def rehearse(account: Account, **more: Any) -> dict[str, Any]:
    """The result of the module."""

    def use_case(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        return rehearse_rollout(context, params, SIMULATOR)

    given = {"imei_check": "off", "max_connections": 1, **more}
    given.setdefault("rollout", Rollout(account, MODELS, waves=WAVES).spec)
    result = account.run(use_case, REHEARSAL_OPTIONS, check=True, **given)
    assert account.writes() == [] == account.sim.campaigns()
    return result


def test_good_firmware_completes(account: Account) -> None:
    result = rehearse(account)
    rehearsal = result["rehearsal"]
    assert result["changed"] is False
    assert rehearsal["phase"] == "completed_with_exceptions", "one device is not eligible"
    assert (rehearsal["over"], rehearsal["unfinished"], rehearsal["stops"]) == (True, "", [])
    assert (rehearsal["devices"], rehearsal["touched"]) == (16, 14)
    pilot, rest = rehearsal["waves"]
    assert [wave["verdict"] for wave in (pilot, rest)] == ["pass", "pass"]
    assert (pilot["name"], pilot["devices"], pilot["verified"], pilot["touched"]) == (
        *("pilot", 6, 6, 6),
    )
    assert (rest["devices"], rest["verified"], rest["failed"]) == (8, 8, 0)
    assert rehearsal["started"] < pilot["starts"] < pilot["passes"] < rest["starts"]
    assert rest["starts"] < rest["passes"] <= rehearsal["ended"]
    assert [odds["failure_rate"] for odds in pilot["odds"]] == [0.01, 0.02, 0.05, 0.10, 0.20]
    timeline = rehearsal["timeline"]
    assert len(timeline) == rehearsal["runs"] > 5
    assert [each["at"] for each in timeline] == sorted(each["at"] for each in timeline)
    assert [each["touched"] for each in timeline] == sorted(each["touched"] for each in timeline)

    lines = rehearsal_lines(result)
    assert lines[0].endswith("with 16 devices, from 2026-03-02 00:00 UTC")
    table = [line.split() for line in lines[2:5]]
    assert [row[:2] for row in table] == [["pilot", "6"], ["all", "8"], ["all", "14"]]
    assert lines[5].startswith("odds: firmware that fails on 2 % of devices is stopped")
    assert lines[6].endswith(f"devices touched: 14; runs: {rehearsal['runs']}")
    assert len(lines) == 7


def test_a_bad_model_halts_alone_and_bad_firmware_halts_the_rollout(account: Account) -> None:
    alone = rehearse(account, failure_rates={BETA: "1"})["rehearsal"]
    (cohort,) = alone["stops"]
    assert (cohort["what"], cohort["touched"]) == ("cohort beta A -> B halts", 6)
    assert (alone["phase"], alone["touched"]) == ("completed_with_exceptions", 10)

    every = rehearse(account, failure_rate=1.0)["rehearsal"]
    assert (every["phase"], every["touched"]) == ("halted", 6)
    assert every["stops"][-1]["what"] == "the rollout is halted"
    assert [wave["passes"] for wave in every["waves"]] == ["", ""]
    assert every["waves"][1]["starts"] == "", "it never begins"


def test_licenses_are_assigned_on_the_copy_only(account_with: AccountWith) -> None:
    pool = {"purchaseType": "TS-HFOTA-MRC", "licenseCount": 16}
    account = account_with(fleet=fleet(MODELS, subscription=pool), refuse_writes=True)
    spec = Rollout(account, MODELS, waves=WAVES, assign_licenses="before_wave").spec
    assert rehearse(account, rollout=spec)["rehearsal"]["phase"] == "completed"
    set_licenses(account.sim, 10)
    short = rehearse(account, rollout=spec)["rehearsal"]
    assert (short["phase"], short["touched"]) == ("blocked", 6)


def test_a_wave_waits_for_an_approval_or_for_more_runs(account: Account) -> None:
    waits = rehearse(account, approve=False)
    assert (waits["rehearsal"]["phase"], waits["rehearsal"]["unfinished"]) == (
        *("awaiting_approval", "approval"),
    )
    assert rehearsal_lines(waits)[-1].startswith("not over: the rehearsal does not approve")
    short = rehearse(account, max_runs=2)["rehearsal"]
    assert (short["runs"], short["over"], short["unfinished"]) == (2, False, "runs")


def test_silent_devices_are_not_verified(account: Account) -> None:
    silent = rehearse(account, silent_rate=1.0)["rehearsal"]
    assert (silent["phase"], silent["touched"]) == ("halted", 6)
    assert [wave["verified"] for wave in silent["waves"]] == [0, 0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"failure_rates": {BETA: 2}}, "must be a number from 0 to 1"),
        ({"failure_rates": {BETA: True}}, "must be a number from 0 to 1"),
        ({"failure_rates": {"\x1b[31m": "x"}}, "must be a number from 0 to 1"),
        ({"failure_rate": -0.1}, "failure_rate: -0.1: must be a number from 0 to 1"),
        ({"silent_rate": float("nan")}, "silent_rate: nan: must be"),
        ({"start": "soon"}, "start: 'soon': must be a time such as"),
        ({"max_runs": 0}, "max_runs: 0: must be greater than 0"),
        ({"copy_to": "/no/such/folder/copy.json"}, "copy_to: '/no/such/folder/copy.json'"),
        ({"copy_from": "/no/such/copy.json"}, "cannot be read: No such file"),
        ({"rollout": {"name": "x", "type": "software"}}, "rollout"),
    ],
)
def test_what_cannot_be_used_is_refused_before_any_call(
    account: Account, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        rehearse(account, **options)
    assert said in str(refused.value)
    assert account.sim.journal() == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"accounts": []}', '{"accounts": [{"devices": [1]}]}', "\udc80"],
)
def test_a_copy_that_is_something_else_is_refused(
    account: Account, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "copy.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidValue, match="must be a copy that rehearse_path has written"):
        rehearse(account, copy_from=str(file))
    assert account.sim.journal() == []


def test_a_model_or_a_fleet_that_the_account_does_not_have(account: Account) -> None:
    with pytest.raises(InvalidValue, match=f"The models are {MAKER} alpha, {MAKER} beta"):
        rehearse(account, failure_rates={f"{MAKER} betta": 0.1})
    nothing = Rollout(account, {}, target=[{"make": MAKER, "model": "x", "version": "B"}])
    nothing.spec["devices"] = ["900000000000009"]
    with pytest.raises(PlanRefused, match="no target matches any of 1 selected device"):
        rehearse(account, rollout=nothing.spec)


def test_a_run_stops_campaigns_as_the_role_does(account_with: AccountWith) -> None:
    """One that has not started is cancelled; one that has is to be aborted, and ends early."""
    account = account_with(fleet=fleet({"alpha": 10}))
    spec = Rollout(account, {"alpha": 10}, waves=[{**WAVES[1], "days": 7}], on_halt="abort").spec
    spec["limits"] = {"max_campaign_devices": 5}

    def use_case(context: Context, params: dict[str, Any]) -> dict[str, Any]:
        return make_run(context, read_declared(context, params))[1]

    def run(state: str) -> list[str]:
        account.sim.clear_journal()
        given = {"rollout": spec, "state": state, "imei_check": "off", "max_connections": 1}
        account.run(use_case, ROLLOUT_OPTIONS, **given)
        return account.writes()

    assert run("running") == ["v3ScheduleCampaign"] * 2
    assert run("halted") == ["v3CancelCampaign"] * 2
    assert {campaign["status"] for campaign in account.sim.campaigns()} == {"CampaignCancelled"}
    spec["name"] = "again"
    assert run("running") == ["v3ScheduleCampaign"] * 2
    account.sim.set_now("2026-03-03T00:30:00Z")
    account.sim.set_switch("delete_started_v3", "refused")
    assert sorted(run("halted")) == ["v3CancelCampaign"] * 2 + ["v3UpdateCampaignDates"] * 2


def test_a_copy_is_written_and_is_enough(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "copy.json"
    first = rehearse(account, copy_to=str(file), failure_rate=0.2, seed=3)
    assert file.stat().st_mode & 0o777 <= 0o640
    account.sim.clear_journal()
    again = rehearse(account, copy_from=str(file), failure_rate=0.2, seed=3)
    assert again["rehearsal"] == first["rehearsal"] and account.sim.journal() == []

    broken = json.loads(file.read_text())
    broken["accounts"][0]["devices"][0]["deviceId"] = "12"
    file.write_text(json.dumps(broken))
    with pytest.raises(InvalidValue, match=r"accounts\[0\].devices\[0\].deviceId"):
        rehearse(account, copy_from=str(file))
