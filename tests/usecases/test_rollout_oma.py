# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OMA-DM devices: those that failed or missed their slot stay queued in the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import report_lines
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    device,
    fleet,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    live,
    own,
    turn,
    versions,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 60}


def oma_fleet(**more: Any) -> Row:
    """All devices and packages speak OMA-DM, which a device calls otherwise than a campaign."""
    found = fleet(ONE, **more)
    (account,) = found["accounts"]
    account["devices"] = [device(imei, "alpha", protocol="OMADM") for imei in imeis(ONE)]
    account["firmware"] = [package("alpha", protocol="OMADM")]
    return found


def test_a_rollout_of_oma_devices_completes(account_with: StartAccount) -> None:
    account = account_with(fleet=oma_fleet())
    decision = Rollout(account, ONE, protocol="OMA").run()
    assert (decision["phase"], decision["unstoppable"]) == ("completed", [])
    assert versions(account.sim) == {"B": 60}


def test_after_a_halt_devices_stay_unstoppable_beyond_the_end_of_their_campaigns(
    account_with: StartAccount,
) -> None:
    """Three failed and two were not reached: five can change, and nobody can say until when."""
    account = account_with(fleet=oma_fleet())
    rollout = Rollout(account, ONE, protocol="OMA")
    rollout.run_once()
    pilot = list(own(account.sim)[0]["devices"])
    turn(
        account.sim,
        default={"hours_to_update": [1, 20]},
        devices={**dict.fromkeys(pilot[:3], "failed"), **dict.fromkeys(pilot[3:5], "unreached")},
    )
    decision = rollout.run_until("halted", hours=6)
    (unstoppable,) = decision["unstoppable"]
    assert (unstoppable["status"], unstoppable["until"]) == ("CampaignScheduled", None)
    assert unstoppable["can_change"] >= 5
    while live(own(account.sim)):
        account.sim.advance(hours=6)
    for _look in range(2):
        decision = rollout.run_once()
        (unstoppable,) = decision["unstoppable"]
        assert decision["phase"] == "halted"
        assert (unstoppable["status"], unstoppable["until"]) == ("CampaignEnded", None)
        assert unstoppable["can_change"] == 5
        account.sim.advance(hours=24 * 30)
    assert versions(account.sim) == {"A": 45, "B": 15}


def test_queued_devices_are_listed_as_long_as_they_are_queued_whatever_the_state(
    account_with: StartAccount,
) -> None:
    """After a halt by hand, also in the runs and reports that follow without it."""
    account = account_with(fleet=oma_fleet())
    rollout = Rollout(account, ONE, protocol="OMA", retry=1)
    rollout.run_once()
    pilot = list(own(account.sim)[0]["devices"])
    left = {pilot[0]: "failed", pilot[1]: "unreached"}
    turn(account.sim, default={"hours_to_update": [1, 20]}, devices=left)
    account.sim.advance(hours=30)
    rollout.run_once(state="halted")
    while live(own(account.sim)):
        account.sim.advance(hours=6)
    for state in ("halted", "planned", "paused", "running"):
        decision = rollout.decide(state=state)
        (unstoppable,) = decision["unstoppable"]
        assert (unstoppable["can_change"], unstoppable["until"]) == (2, None)
        assert sorted(unstoppable["imeis"]) == sorted(left)
        text = "\n".join(report_lines(decision))
        assert all(imei in text for imei in left)
        assert "nothing more is due\n" not in f"{text}\n"
        (unstoppable,) = rollout.decide(state=state, return_devices="none")["unstoppable"]
        assert (unstoppable["can_change"], unstoppable["imeis"]) == (2, [])

    turn(account.sim)
    (unstoppable,) = rollout.run()["unstoppable"]
    assert (unstoppable["can_change"], unstoppable["imeis"]) == (1, [pilot[1]]), "one was retried"
    assert versions(account.sim) == {"A": 1, "B": 59}


def test_lwm2m_devices_are_not_unstoppable_beyond_the_end(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    pilot = list(own(account.sim)[0]["devices"])
    turn(account.sim, devices={**dict.fromkeys(pilot[:3], "failed"), pilot[3]: "unreached"})
    rollout.run_until("halted", hours=6)
    while live(own(account.sim)):
        account.sim.advance(hours=6)
    decision = rollout.run_once()
    assert (decision["phase"], decision["unstoppable"], decision["exposure"]) == ("halted", [], 0)
