# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts of software (v2) under the rules of the service: hours, pilots, locks, licenses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempt_times,
    attempts,
    hide_campaigns,
    own,
    with_status,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    DEVICES,
    PACKAGES,
    installed_at,
    run_and_watch,
    running,
    software,
    software_fleet,
    writes,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

MONTHLY = "TS-HFOTA-MRC"
ALL_DAY = {"hours_to_update": [0, 24]}
ONE_WAVE: list[Row] = [{"name": "all", "rest": True, "days": 7}]


def schedule(account: Account, devices: list[str], *, end: str) -> None:
    """Somebody else schedules devices from the 3rd on."""
    account.run(
        ensure_campaigns,
        CAMPAIGN_MODULE_OPTIONS,
        type="software",
        name="night-shift",
        package="meter-1-2",
        from_version="1.0",
        to_version="2.0",
        start_date="2026-03-03",
        end_date=end,
        devices=devices,
        imei_check="off",
    )


def hide_named(account: Account, name: str) -> None:
    """Leave campaigns of a name out of the reports by status."""
    campaigns = account.sim._service.campaigns
    told = campaigns.reported

    def reported(*args: Any, **more: Any) -> list[Any]:
        return [package for package in told(*args, **more) if package.name != name]

    vars(campaigns)["reported"] = reported


# -- hours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "window", "told", "hours"),
    [
        ("Europe/Berlin", "22:00-04:00", [(0, 3), (21, 24)], {21, 22, 23, 0, 1, 2}),
        ("Asia/Kolkata", "04:00-08:00", [(0, 2), (23, 24)], {23, 0, 1}),
    ],
)
def test_windows_hold_for_download_and_install(
    account_with: StartAccount, zone: str, window: str, told: list[tuple[int, int]], hours: set[int]
) -> None:
    """Midnight cuts them in two; a zone of half hours loses the half hours at both ends."""
    account = account_with(fleet=software_fleet(default=ALL_DAY))
    rollout = software(
        account,
        waves=ONE_WAVE,
        calendar={"windows": [window], "timezone": zone},
    )
    (planned,) = rollout.decide()["actions"]["create"]
    windows = [{"start": start, "end": end} for start, end in told]
    assert sorted(planned["download_windows"], key=lambda span: span["start"]) == windows
    assert planned["install_windows"] == planned["download_windows"]
    assert rollout.run()["phase"] == "completed"
    downloads = [at for campaign in own(account.sim) for at in attempt_times(campaign)]
    assert {at.hour for at in downloads} == hours
    # Ten minutes from the beginning of an installation to its end.
    assert {at.hour for at in installed_at(account) if at.minute >= 10} <= hours
    assert running(account) == {"2.0": 40}


# -- pilots and locks ----------------------------------------------------------------------------


def test_an_unproved_package_goes_to_20_devices_at_most(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    decision = run_and_watch(software(account, waves=ONE_WAVE), hours=3)
    assert decision["phase"] == "completed"
    assert [len(campaign["devices"]) for campaign in own(account.sim)] == [20, 20]


def test_campaigns_that_reports_do_not_show_are_found_in_histories(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=software_fleet())
    hide_campaigns(account.sim, hours=20)
    assert run_and_watch(software(account), hours=4)["phase"] == "completed"
    assert writes(account) == {"v2ScheduleCampaign": 3}
    assert set(attempts(account.sim).values()) == {1}


def test_a_second_campaign_that_nothing_could_prevent_is_refused_and_ignored(
    account_with: StartAccount,
) -> None:
    """Neither reports nor histories tell of the first one; the service keeps its devices."""
    account = account_with(fleet=software_fleet(), switches={"device_history": "finished"})
    hide_campaigns(account.sim, hours=20)
    decision = run_and_watch(software(account), hours=6)
    assert decision["phase"] == "completed"
    assert with_status(own(account.sim), "CampaignRequestFailed") != []
    assert running(account) == {"2.0": 40}
    assert set(attempts(account.sim).values()) == {0, 1} or set(attempts(account.sim).values()) == {
        1
    }


def test_devices_of_others_are_busy_and_taken_later(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    schedule(account, DEVICES[:4], end="2026-03-20")
    account.sim.advance(hours=1)
    rollout = software(account, waves=ONE_WAVE)
    decision = rollout.run_once()
    assert decision["counts"]["busy"] == 4
    assert not set(DEVICES[:4]) & set(decision["actions"]["create"][0]["devices"])
    assert rollout.run()["phase"] == "completed"
    assert running(account) == {"2.0": 40}
    assert_no_duplicates(account.sim)


def test_devices_that_were_refused_as_busy_stay_in_their_wave(account_with: StartAccount) -> None:
    """Nothing shows the campaign of others; the service says of each device that it is busy."""
    held = DEVICES[:12]
    account = account_with(
        fleet=software_fleet(devices=dict.fromkeys(held, "unreached")),
        switches={"device_history": "finished"},
    )
    schedule(account, held, end="2026-03-20")
    hide_named(account, "night-shift")
    rollout = software(account, waves=ONE_WAVE)
    rollout.run_once()
    account.sim.advance(hours=6)
    (first,) = own(account.sim)
    refused = [imei for imei in held if imei in first["devices"]]
    assert refused != []
    decision = rollout.run_once()
    assert decision["counts"].get("busy") == len(refused)
    assert "late" not in decision["counts"]


# -- what else v2 knows --------------------------------------------------------------------------


def test_software_over_oma(account_with: StartAccount) -> None:
    """Devices and lists call it otherwise than requests do."""
    protocol = {"protocol": "OMADM", "api": ["v2", "v3"]}
    account = account_with(fleet=software_fleet(protocol=protocol))
    decision = software(account, protocol="OMA").run()
    assert decision["phase"] == "completed"
    assert decision["counts"]["verified"] == 40
    assert running(account) == {"2.0": 40}
    queries = [call for call in account.sim.journal() if call["operation"] == "v2ListDevices"]
    assert queries != []


def test_devices_of_another_protocol_are_not_even_listed(account_with: StartAccount) -> None:
    changed = {DEVICES[0]: {"protocol": "OMADM", "api": ["v2", "v3"]}}
    account = account_with(fleet=software_fleet(changed=changed))
    decision = software(account).run()
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"]["not_found"] == 1
    assert running(account) == {"1.0": 1, "2.0": 39}


def test_software_does_not_go_over_lwm2m(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    with pytest.raises(InvalidSpec, match="protocol"):
        software(account, protocol="LWM2M").decide()


def test_devices_without_a_license_are_out(account_with: StartAccount) -> None:
    """v2 has no request that assigns them, so they are assigned before."""
    licensed = {imei: {"licensed": True} for imei in DEVICES[:25]}
    account = account_with(
        fleet=software_fleet(
            changed=licensed, subscription={"purchaseType": MONTHLY, "licenseCount": 40}
        )
    )
    decision = software(account).run()
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"]["no_license"] == 15
    assert running(account) == {"1.0": 15, "2.0": 25}
    assert sum(device["licensed"] for device in account.sim.devices()) == 25
    assert_no_duplicates(account.sim)


def test_check_mode_decides_the_same_and_writes_nothing(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    account.sim.refuse_writes = True
    rollout = software(account, calendar={"windows": ["22:00-04:00"], "timezone": "UTC"})
    checked = rollout.decide(check=True)
    assert checked["actions"]["create"] != []
    assert writes(account) == {}
    decided = rollout.decide()
    told = ("phase", "why", "actions", "digest", "counts", "waves", "cohorts", "diff")
    assert {key: checked[key] for key in told} == {key: decided[key] for key in told}


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "problems"),
    [
        ({"packages": None}, ["packages"]),
        ({"packages": []}, ["packages"]),
        ({"packages": [{"name": "meter-1-2"}]}, ["packages[0].from", "packages[0].model"]),
        (
            {"packages": [PACKAGES[0], {**PACKAGES[1], "name": "meter-1-2"}]},
            ["packages[1].name", "another package has this name"],
        ),
        (
            {"packages": [{**PACKAGES[0], "to": "1.0"}]},
            ["packages[0].to", "must be another version than from"],
        ),
        ({"packages": [{**PACKAGES[0], "form": "x"}]}, ["packages[0].form", "from"]),
        ({"verify": "hope"}, ["verify", "must be 'read' or 'reported_is_enough'"]),
        ({"assign_licenses": True}, ["assign_licenses", "use before_wave, or assign them first"]),
        ({"type": "software2"}, ["type", "must be 'firmware' or 'software'"]),
        (
            {"packages": [{**PACKAGES[0], "to": "1.0"}], "verify": "hope"},
            ["packages[0].to", "verify"],
        ),
    ],
)
def test_bad_input_is_named_before_any_call(
    account_with: StartAccount, members: Row, problems: list[str]
) -> None:
    account = account_with(fleet=software_fleet())
    rollout = software(account, **members)
    if members.get("packages", "") is None:
        del rollout.spec["packages"]
    with pytest.raises(InvalidSpec) as told:
        rollout.decide()
    assert [problem for problem in problems if problem not in str(told.value)] == []
    assert account.sim.journal() == []


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"packages": PACKAGES}, "only software needs them"),
        ({"verify": "reported_is_enough"}, "must be 'read' for firmware"),
    ],
)
def test_what_only_software_takes(account_with: StartAccount, members: Row, problem: str) -> None:
    account = account_with(fleet=software_fleet())
    rollout = Rollout(account, {"meter": 1}, **members)
    with pytest.raises(InvalidSpec, match=problem):
        rollout.decide()
    assert account.sim.journal() == []


def test_firmware_may_say_that_it_is_read(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    rollout = Rollout(account, {"meter": 1}, verify="read")
    assert rollout.decide()["phase"] == "nothing_to_do"


def test_a_target_that_no_declared_package_reaches_is_refused(account_with: StartAccount) -> None:
    account = account_with(fleet=software_fleet())
    with pytest.raises(Exception, match="no published package leads to it") as told:
        software(account, "4.0").decide()
    assert "2.0, 3.0" in told.value.hint
