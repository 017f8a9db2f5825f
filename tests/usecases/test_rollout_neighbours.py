# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes beside a rollout: campaigns of others, the inventory, and the declared target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imei,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    accepted,
    assert_no_duplicates,
    foreign_campaign,
    leave_account,
    live,
    own,
    stop_campaign,
    versions,
    wave_of,
    with_status,
    writes_to,
)

StartAccount = Callable[..., Account]

ONE = {"alpha": 40}


def waves_of(account: Account) -> dict[str, int]:
    """The wave of every device that a campaign of ours has taken."""
    return {id_: wave_of(campaign) for campaign in own(account.sim) for id_ in accepted(campaign)}


def pilot_of(rollout: Rollout) -> list[str]:
    decision = rollout.decide(check=True)
    return [device["deviceId"] for device in decision["devices"] if device["wave"] == "pilot"]


def test_devices_in_a_campaign_of_others_wait_and_are_taken_afterwards(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    taken = pilot_of(rollout)[:3]
    theirs = foreign_campaign(account, taken, start="2026-03-08", end="2026-03-09")
    account.sim.advance(hours=1)
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert decision["counts"]["busy"] == 3
    rollout.run_for(96, every=6)
    assert versions(account.sim) == {"A": 3, "B": 37}
    assert set(taken).isdisjoint(waves_of(account))
    assert rollout.phases[-1] == "blocked"
    assert writes_to(account.sim, theirs) == []
    stop_campaign(account, theirs)
    account.sim.clear_journal()
    assert rollout.run()["phase"] == "completed"
    assert {waves_of(account)[id_] for id_ in taken} == {1}
    assert writes_to(account.sim, theirs) == []
    assert_no_duplicates(account.sim)


def test_a_rollout_of_busy_devices_only_is_blocked_and_writes_nothing(
    account_with: StartAccount,
) -> None:
    models = {"alpha": 6}
    account = account_with(fleet=fleet(models))
    theirs = foreign_campaign(account, imeis(models), start="2026-03-08", end="2026-03-09")
    account.sim.advance(hours=1)
    account.sim.clear_journal()
    rollout = Rollout(account, models)
    decision = rollout.run_for(48, every=24)
    assert (decision["phase"], decision["counts"]["busy"]) == ("blocked", 6)
    assert account.writes() == []
    stop_campaign(account, theirs)
    assert rollout.run()["phase"] == "completed"
    assert_no_duplicates(account.sim)


def test_names_that_look_like_ours_are_not_touched(account_with: StartAccount) -> None:
    """Another rollout's campaigns, and one whose name is spelled a little otherwise."""
    models = {"alpha": 30, "beta": 30}
    account = account_with(fleet=fleet(models))
    other = Rollout(account, models, name="meters-2", devices=imeis(models)[30:])
    other.run_once()
    rollout = Rollout(account, models, devices=imeis(models)[:30])
    name = rollout.decide(check=True)["actions"]["create"][0]["name"]
    odd = name.replace(".t01.", ".t001.")
    foreign_campaign(account, [imei(0, 0)], start="2026-03-03", end="2026-03-20", name=odd)
    account.sim.advance(hours=5)
    foreign = [campaign["id"] for campaign in account.sim.campaigns()]
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert decision["counts"]["busy"] == 1
    assert decision["counts"]["in_scope"] == 30
    assert decision["campaigns"] == []
    rollout.run()
    assert len(foreign) == 2
    assert [writes_to(account.sim, id_) for id_ in foreign] == [[]] * len(foreign)
    assert versions(account.sim, model="alpha") == {"B": 30}
    assert other.run()["phase"] == "completed"
    assert versions(account.sim) == {"B": 60}
    assert_no_duplicates(account.sim)


def test_two_rollouts_over_the_same_devices_upgrade_each_once(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    first, second = Rollout(account, ONE), Rollout(account, ONE, name="meters-2")
    for _run in range(60):
        phases = {first.run_once()["phase"], second.run_once()["phase"]}
        if phases <= {"completed", "nothing_to_do"}:
            break
        account.sim.advance(hours=5)
    assert phases <= {"completed", "nothing_to_do"}
    taken = [id_ for campaign in account.sim.campaigns() for id_ in accepted(campaign)]
    assert len(taken) == len(set(taken)) == 40


def test_a_device_that_leaves_the_inventory_keeps_its_wave(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.advance(hours=1)
    before = waves_of(account)
    begun, later = next(iter(before)), next(id_ for id_ in imeis(ONE) if id_ not in before)
    rollout.spec["devices"] = [id_ for id_ in imeis(ONE) if id_ not in (begun, later)]
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert {device["deviceId"]: device["wave"] for device in decision["devices"]}[begun] == "pilot"
    assert {id_: wave for id_, wave in waves_of(account).items() if id_ in before} == before
    assert list(waves_of(account).values()).count(1) == 20
    assert later not in waves_of(account)
    assert versions(account.sim) == {"A": 1, "B": 39}
    assert_no_duplicates(account.sim)


def test_devices_that_join_later_do_not_change_who_is_where(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, devices=imeis(ONE)[10:])
    rollout.run_once()
    account.sim.advance(hours=1)
    before = waves_of(account)
    rollout.spec["devices"] = imeis(ONE)[::-1]
    assert rollout.run()["phase"] == "completed"
    assert {id_: wave for id_, wave in waves_of(account).items() if id_ in before} == before
    assert list(waves_of(account).values()).count(1) == 20
    assert versions(account.sim) == {"B": 40}
    assert_no_duplicates(account.sim)


def test_a_device_that_leaves_the_account_does_not_keep_the_rollout_from_ending(
    account_with: StartAccount,
) -> None:
    """It reported success, and nobody can read its version any more."""
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.set_now("2026-03-03T06:30:00Z")
    gone = next(iter(own(account.sim)[0]["devices"]))
    leave_account(account.sim, gone)
    decision = rollout.run(hours=24)
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"]["verified"] == 39
    assert versions(account.sim) == {"B": 39}
    assert_no_duplicates(account.sim)


def test_waves_without_members_are_skipped(account_with: StartAccount) -> None:
    """The lab runs the target already; the field has too few devices for the fourth wave."""
    lab = imeis(ONE)[:4]
    account = account_with(fleet=fleet(ONE, changed={id_: {"firmware": "B"} for id_ in lab}))
    waves: list[dict[str, Any]] = [
        {"name": "lab", "group": "lab"},
        {"name": "pilot", "count": 20},
        {"name": "broad", "count": 16},
        {"name": "all", "rest": True},
    ]
    devices = [{"imei": id_, "groups": ["lab"] if id_ in lab else []} for id_ in imeis(ONE)]
    decision = Rollout(account, ONE, waves=waves, devices=devices).run()
    assert decision["phase"] == "completed"
    assert [wave["verdict"] for wave in decision["waves"]] == ["skip", "pass", "pass", "skip"]
    assert set(waves_of(account).values()) == {2, 3}
    assert versions(account.sim) == {"B": 40}
    assert_no_duplicates(account.sim)


def test_another_target_waits_for_the_old_one_and_then_goes_on(account_with: StartAccount) -> None:
    account = account_with(
        fleet=fleet(ONE, packages=[package("alpha", "A", "C"), package("alpha", "B", "C")])
    )
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.advance(hours=1)
    (old,) = own(account.sim)
    rollout.spec["target"][0]["version"] = "C"
    account.sim.clear_journal()
    decision = rollout.run_once()
    assert decision["phase"] == "blocked"
    assert old["id"] in decision["why"]
    while live([campaign for campaign in own(account.sim) if campaign["id"] == old["id"]]):
        assert account.writes() == []
        rollout.run_once()
        account.sim.advance(hours=3)
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"C": 40}
    assert writes_to(account.sim, old["id"]) == []
    assert len(with_status(own(account.sim), "CampaignEnded")) == len(own(account.sim))
    assert {campaign["package"] for campaign in own(account.sim)} == {
        "alpha-A-B",
        "alpha-A-C",
        "alpha-B-C",
    }
    assert_no_duplicates(account.sim)


def test_another_target_waits_also_for_an_old_campaign_that_no_report_shows(
    account_with: StartAccount,
) -> None:
    account = account_with(
        fleet=fleet(ONE, packages=[package("alpha", "A", "C"), package("alpha", "B", "C")]),
        switches={"scheduled_entry": "at_start"},
    )
    rollout = Rollout(account, ONE)
    rollout.run_once()
    account.sim.advance(hours=6)
    rollout.spec["target"][0]["version"] = "C"
    account.sim.clear_journal()
    assert rollout.run_once()["phase"] == "blocked"
    assert account.writes() == []
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim) == {"C": 40}
    assert_no_duplicates(account.sim)


def test_another_model_goes_on_while_one_waits_for_its_old_target(
    account_with: StartAccount,
) -> None:
    models = {"alpha": 20, "beta": 20}
    account = account_with(
        fleet=fleet(models, packages=[package("alpha", "A", "C"), package("alpha", "B", "C")])
    )
    old = Rollout(account, {"alpha": 20}, waves=[{"name": "all", "rest": True, "days": 9}])
    old.run_once()
    account.sim.advance(hours=1)
    rollout = Rollout(account, models)
    rollout.spec["target"][0]["version"] = "C"
    decision = rollout.run_once()
    assert {planned["package"] for planned in decision["actions"]["create"]} == {"beta-A-B"}
    assert rollout.run()["phase"] == "completed"
    assert versions(account.sim, model="alpha") == {"C": 20}
    assert versions(account.sim, model="beta") == {"B": 20}
    assert_no_duplicates(account.sim)
