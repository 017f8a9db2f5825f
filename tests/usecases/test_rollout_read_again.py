# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device runs beats what a report says of it: it is read again before it counts as failed.

Places: a status word that is not known, in a campaign that runs and in one that is over; an attempt
without a result once the campaign is over; a row that the report of a campaign has lost; and the
versions that must be read once more when a soak is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import plan_lines
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    hide_rows,
    own,
    turn,
    versions,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 26}
WAVES: list[Row] = [{"name": "pilot", "count": 6}, {"name": "all", "rest": True}]
BEGUN = "2026-03-03T00:30:00Z"
ENDED = "2026-03-06T00:30:00Z"
REPORT = "v3ListCampaignDevices"


def hide_results(account: Account) -> None:
    """Reports give every status in a word that is not known."""
    account.sim.faults(
        [{"operation": REPORT, "fault": "unknown_status", "times": 10_000, "word": "Upgraded"}]
    )


@pytest.mark.parametrize("when", [BEGUN, ENDED])
def test_devices_with_an_unknown_word_that_run_the_target_are_verified(
    account_with: StartAccount, when: str
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=WAVES)
    rollout.run_once()
    account.sim.set_now(when)
    account.sim.advance(hours=12)
    assert versions(account.sim) == {"A": 20, "B": 6}
    hide_results(account)
    decision = rollout.run_once()
    assert decision["counts"]["verified"] == 6
    assert {wave["name"]: wave["failures"] for wave in decision["waves"]} == {"pilot": 0, "all": 0}
    assert [row["name"].split(".")[3] for row in decision["actions"]["create"]] == ["w02"]


def test_unknown_devices_that_run_the_old_version_fail_at_the_deadline_and_can_be_accepted(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"success_rate": 0}}))
    rollout = Rollout(account, ONE, waves=WAVES)
    rollout.run_once()
    account.sim.set_now(ENDED)
    hide_results(account)
    decision = rollout.run_once()
    assert (decision["phase"], decision["counts"]["unknown"]) == ("running", 6)
    account.sim.set_now("2026-03-07T00:30:00Z")
    decision = rollout.run_once()
    assert (decision["phase"], decision["waves"][0]["failures"]) == ("halted", 6)
    line = "to continue anyway: "
    (text,) = (text for text in plan_lines(decision) if text.startswith(line))
    rollout.spec["accept"] = yaml.safe_load(text.removeprefix(line))["accept"]
    assert [(row["failures"], row["up_to"]) for row in rollout.spec["accept"]] == [(6, 6)]
    turn(account.sim)
    decision = rollout.run_once()
    assert decision["phase"] == "running"
    assert [row["name"].split(".")[3] for row in decision["actions"]["create"]] == ["w02"]


@pytest.mark.parametrize("outcome", ["silent", "reported_late"])
def test_an_attempt_without_a_result_is_read_before_it_fails(
    account_with: StartAccount, outcome: str
) -> None:
    """Some run the target although they have reported nothing; others never answer."""
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"silent_rate": 1}}))
    rollout = Rollout(account, ONE, waves=WAVES)
    rollout.run_once()
    account.sim.set_now(ENDED)
    if outcome == "reported_late":
        (simulated,) = account.sim._service.state.accounts.values()
        for imei in own(account.sim)[0]["devices"]:
            simulated.devices[imei].firmware = "B"
    decision = rollout.run_once()
    assert {call["operation"] for call in account.sim.journal()} >= {"v3SyncDeviceFirmware"}
    if outcome == "reported_late":
        assert (decision["phase"], decision["counts"]["verified"]) == ("running", 6)
    else:
        account.sim.advance(hours=72)
        assert rollout.run_once()["phase"] == "halted"


def test_rows_that_a_report_has_lost_are_read_before_they_fail(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 6}))
    rollout = Rollout(account, {"alpha": 6})
    rollout.run_once()
    hide_rows(account.sim, hours=1000, shown=2)
    account.sim.set_now(ENDED)
    decision = rollout.run_once()
    assert versions(account.sim) == {"B": 6}
    assert (decision["counts"]["verified"], decision["counts"].get("unknown")) == (2, None)
    assert decision["phase"] == "completed"


# -- what the same run reads completes the judgement


def test_a_run_reads_all_that_its_judgement_needs(account_with: StartAccount) -> None:
    """Half of a wave was verified before; the rest is verified long after the soak is over."""
    account = account_with(fleet=fleet({"alpha": 12}))
    gate = {"soak_hours": 12, "approval": False}
    rollout = Rollout(account, {"alpha": 12}, gate=gate, waves=[{"name": "all", "rest": True}])
    rollout.run_once()
    account.sim.set_now("2026-03-03T12:00:00Z")
    decision = rollout.decide()
    assert len(decision["actions"]["refresh"]) == 12
    rollout.refresh(decision["actions"]["refresh"][:6])
    account.sim.advance(hours=30)
    planned = rollout.decide_afresh(state="planned")
    decision = rollout.run_once()
    assert decision["phase"] == "completed", decision["why"]
    assert planned["why"] == decision["why"]


def test_a_read_that_is_due_is_due_now(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet({"alpha": 12}, packages=[package("alpha", "B", "C")]))
    rollout = Rollout(account, {"alpha": 12})
    rollout.run_once()
    account.sim.set_now("2026-03-03T12:00:00Z")
    decision = rollout.decide()
    assert decision["actions"]["refresh"]
    assert decision["next_check_after"] == "2026-03-03T13:00:00Z"
