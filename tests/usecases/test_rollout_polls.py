# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls of a rollout: waiting for changes, and the facts of paths, clusters and stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._module import waiting
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import plan_lines
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imei,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import own, turn, untouched
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    software,
    software_fleet,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

ONE = {"alpha": 40}
HOUR, DAY = 3600.0, 86400.0
LISTS = "v3ListCampaignsByStatus"
FOREVER = 10_000
SLOW = {"default": {"hours_to_update": [1, 20]}}


class Clock:
    """A monotonic clock that moves the virtual one along; time passes only in sleep."""

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sim = account.sim
        self.slept: list[float] = []
        self.before_each_look: Callable[[], None] = lambda: None
        self._now = 1000.0
        monkeypatch.setattr(account, "_look_again", self.sleep)
        monkeypatch.setattr(waiting, "time", self)

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        self.sim.advance(hours=seconds / HOUR)
        self.before_each_look()


def wait(rollout: Rollout, *, limit: float = 10 * DAY, **params: Any) -> Row:
    """Wait for news, with a look each hour of the virtual clock."""
    return rollout.decide(wait=True, wait_timeout=limit, wait_delay=HOUR, **params)


# -- wait ----------------------------------------------------------------------------------------


def test_a_wait_ends_when_something_is_to_do(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first device of the pilot, begun at midnight, is done in the second hour of the 3rd."""
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    decision = wait(rollout)
    assert decision["now"] == "2026-03-03T02:00:00Z"
    assert decision["actions"]["refresh"] != []
    assert clock.slept == [HOUR] * 26
    assert account.writes() == ["v3ScheduleCampaign"]


def test_what_is_to_do_at_once_is_not_waited_for(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    decision = wait(Rollout(account, ONE))
    assert (len(decision["actions"]["create"]), clock.slept) == (1, [])


def test_a_wait_ends_when_the_phase_changes(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Software needs no refresh, and a soak gives nothing to do."""
    account = account_with(fleet=software_fleet())
    clock = Clock(account, monkeypatch)
    rollout = software(account, gate={"soak_hours": 24, "approval": False})
    rollout.run_once()
    account.sim.advance(hours=1)
    assert rollout.run_once()["phase"] == "running"
    decision = wait(rollout)
    assert (decision["phase"], decision["would_change"]) == ("soaking", False)
    # Fifteen of twenty are enough for the gate.
    assert decision["now"] == "2026-03-03T06:00:00Z"
    assert len(clock.slept) == 29
    assert decision["events"][-1]["event"] == "phase_change"


def test_a_rollout_that_is_over_is_not_waited_for(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    rollout.run()
    clock = Clock(account, monkeypatch)
    assert (wait(rollout)["phase"], clock.slept) == ("completed", [])


def test_at_the_limit_the_last_look_counts(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    decision = wait(rollout, limit=2.5 * HOUR)
    assert clock.slept == [HOUR, HOUR, HOUR / 2]
    assert (decision["phase"], decision["now"]) == ("running", "2026-03-02T02:30:00Z")
    assert decision["would_change"] is False


def test_check_mode_never_waits(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    decision = wait(rollout, check=True)
    assert (decision["now"], clock.slept) == ("2026-03-02T00:00:00Z", [])


def test_without_wait_there_is_one_look(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    rollout.decide()
    assert clock.slept == []


@pytest.mark.parametrize("fault", ["status_503_before", "reset_before"])
def test_a_service_that_is_away_for_a_while_is_waited_for(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    rule = {"operation": LISTS, "fault": fault, "times": FOREVER}

    def away_at_the_second_and_third_look() -> None:
        account.sim.faults([rule] if 2 <= len(clock.slept) <= 3 else [])

    clock.before_each_look = away_at_the_second_and_third_look
    account.sim.clear_journal()
    decision = wait(rollout, limit=4 * HOUR)
    assert (decision["phase"], decision["now"]) == ("running", "2026-03-02T04:00:00Z")
    assert clock.slept == [HOUR] * 4
    assert {call["operation"] for call in account.sim.journal() if call["fault"]} == {LISTS}


def test_a_service_that_stays_away_leaves_what_was_seen_last(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    rule = {"operation": LISTS, "fault": "status_503_before", "times": FOREVER}

    def away_from_the_second_look() -> None:
        account.sim.faults([rule] if len(clock.slept) >= 2 else [])

    clock.before_each_look = away_from_the_second_look
    decision = wait(rollout, limit=3 * HOUR)
    assert (decision["phase"], decision["now"]) == ("running", "2026-03-02T01:00:00Z")


def test_a_service_that_is_away_at_first_is_no_observation(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    account.sim.faults([{"operation": LISTS, "fault": "status_503_before", "times": FOREVER}])
    decision = wait(Rollout(account, ONE))
    assert (decision["phase"], clock.slept) == ("observation_failed", [])


def test_a_refusal_ends_a_wait_without_a_judgement(
    account_with: StartAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with(fleet=fleet(ONE))
    clock = Clock(account, monkeypatch)
    rollout = Rollout(account, ONE)
    rollout.run_once()
    rule = {"operation": LISTS, "fault": "refused_bearer", "times": FOREVER}
    clock.before_each_look = lambda: account.sim.faults([rule])
    decision = wait(rollout)
    assert (decision["phase"], decision["would_change"]) == ("observation_failed", False)
    assert clock.slept == [HOUR]


# -- diff ----------------------------------------------------------------------------------------


def named_no_device(decision: Row) -> bool:
    """The diff and its keys hold no IMEI."""
    return not any(id_ in str(decision["diff"]) for id_ in imeis(ONE))


def test_a_diff_of_campaigns_to_create(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE)
    decision = rollout.decide()
    (planned,) = decision["actions"]["create"]
    assert decision["diff"] == {
        "before": {},
        "after": {planned["name"]: "new, 2026-03-03 to 2026-03-05, 20 devices"},
    }
    assert named_no_device(decision)
    rollout.run_once()
    account.sim.advance(hours=1)
    (campaign,) = own(account.sim)
    label = f"{campaign['campaignName']} ({campaign['id']})"
    queued = {label: "CampaignRequestQueued, 2026-03-03 to 2026-03-05, 20 devices"}
    assert rollout.decide()["diff"] == {"before": queued, "after": queued}


def test_a_diff_of_brakes(account_with: StartAccount) -> None:
    """One started campaign of seven days is shortened, and one that is queued is cancelled."""
    account = account_with(fleet=fleet(ONE, outcomes=SLOW))
    waves = [
        {"name": "pilot", "count": 20, "days": 7, "gate": {"min_coverage": 0.25}},
        {"name": "all", "rest": True},
    ]
    rollout = Rollout(account, ONE, waves=waves)
    rollout.run_once()
    account.sim.set_now("2026-03-03T10:00:00Z")
    rollout.run_once()
    account.sim.advance(hours=1)
    pilot, queued = own(account.sim)
    assert untouched(pilot) != []
    account.sim.clear_journal()
    decision = rollout.decide(state="halted")
    first, second = (
        f"{campaign['campaignName']} ({campaign['id']})" for campaign in (pilot, queued)
    )
    assert decision["diff"] == {
        "before": {
            first: "CampaignScheduled, 2026-03-03 to 2026-03-09, 20 devices",
            second: "CampaignRequestQueued, 2026-03-04 to 2026-03-08, 20 devices",
        },
        "after": {first: "CampaignScheduled, 2026-03-03 to 2026-03-04, 20 devices"},
    }
    assert named_no_device(decision)
    assert account.writes() == []


def test_a_diff_of_a_rollout_that_is_over_is_empty(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE))
    assert Rollout(account, ONE).run()["diff"] == {"before": {}, "after": {}}


# -- braking distance ----------------------------------------------------------------------------


def test_the_braking_distance_begins_with_the_first_day_of_a_campaign(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE))
    rollout = Rollout(account, ONE, waves=[{"name": "all", "rest": True, "days": 7}])

    def braking() -> tuple[int, Row]:
        decision = rollout.run_once()
        return decision["exposure"], decision["braking"]

    assert braking()[1] == {"devices": 0, "until": None}
    account.sim.set_now("2026-03-02T23:00:00Z")
    assert braking() == (20, {"devices": 0, "until": None})
    # Started: an end date is 24 hours ahead at least, so on the 4th, or the 5th a day later.
    account.sim.set_now("2026-03-03T00:30:00Z")
    assert braking() == (20, {"devices": 20, "until": "2026-03-04"})
    account.sim.set_now("2026-03-03T03:00:00Z")
    exposure, found = braking()
    done = 20 - len(untouched(own(account.sim)[0]))
    assert 0 < done < 20
    assert found["devices"] >= 20 - done
    assert exposure >= found["devices"]


def test_no_brake_reaches_beyond_the_end_of_a_campaign(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE, outcomes={"default": {"unreached_rate": 1.0}}))
    rollout = Rollout(account, ONE, waves=[{"name": "all", "rest": True, "days": 3}])
    rollout.run_once()
    for day, until in ((4, "2026-03-05"), (5, "2026-03-05")):
        account.sim.set_now(f"2026-03-0{day}T12:00:00Z")
        assert rollout.run_once()["braking"] == {"devices": 20, "until": until}
    account.sim.set_now("2026-03-06T00:00:00Z")
    assert rollout.run_once()["braking"] == {"devices": 0, "until": None}


# -- ways, versions and paths --------------------------------------------------------------------


MIXED = {
    imei(0, 0): {"firmware": "B"},
    imei(0, 1): {"firmware": "C"},
    imei(0, 2): {"firmware": "X"},
    imei(0, 3): {"firmware": ""},
}


def to_c(account: Account, models: dict[str, int], **members: Any) -> Rollout:
    """A rollout of C, by packages from A to B and from B to C."""
    target = [{"make": MAKER, "model": model, "version": "C"} for model in models]
    return Rollout(account, models, target=target, **members)


def test_upgrade_paths_and_rollback_paths(account_with: StartAccount) -> None:
    models = {"alpha": 10, "beta": 5}
    packages = [
        package("alpha", "B", "C"),
        package("beta", "A", "C"),
        package("beta", "C", "B"),
        package("beta", "B", "A"),
    ]
    account = account_with(fleet=fleet(models, packages=packages, changed=MIXED))
    decision = to_c(account, models).decide()
    way = {"make": MAKER, "model": "alpha", "exists": True}
    beta = {**way, "model": "beta", "devices": 5}
    assert decision["upgrade_paths"] == [
        {**way, "versions": ["A", "B", "C"], "devices": 6},
        {**way, "versions": ["B", "C"], "devices": 1},
        {**beta, "versions": ["A", "C"]},
    ]
    assert decision["rollback_paths"] == [
        {**way, "versions": ["C", "A"], "exists": False, "devices": 6},
        {**way, "versions": ["C", "B"], "exists": False, "devices": 1},
        {**beta, "versions": ["C", "B", "A"]},
    ]


def test_versions_and_devices_say_the_path_ahead(account_with: StartAccount) -> None:
    models = {"alpha": 10, "beta": 1}
    account = account_with(
        fleet=fleet(models, packages=[package("alpha", "B", "C")], changed=MIXED)
    )
    rollout = to_c(account, {"alpha": 10})
    # A device of another model, and one that the account does not have.
    rollout.spec["devices"] += [imei(1, 0), imei(9, 0)]
    decision = rollout.decide()
    found = [
        (
            standing["model"],
            standing["version"],
            standing["standing"],
            standing["path"],
            standing["devices"],
        )
        for standing in decision["standings"]
    ]
    assert found == [
        ("", "", "unknown", [], 1),
        ("alpha", "", "unknown", [], 1),
        ("alpha", "A", "behind", ["B", "C"], 6),
        ("alpha", "B", "behind", ["C"], 1),
        ("alpha", "C", "at_target", [], 1),
        ("alpha", "X", "no_path", [], 1),
        ("beta", "A", "no_target", [], 1),
    ]
    devices = {device["deviceId"]: device for device in decision["devices"]}
    paths = {id_: (device["path"], device["from_version"]) for id_, device in devices.items()}
    assert paths[imei(0, 0)] == (["C"], "B")
    assert paths[imei(0, 1)] == ([], "C")
    assert paths[imei(0, 2)] == ([], "X")
    assert paths[imei(0, 9)] == (["B", "C"], "A")
    assert paths[imei(9, 0)] == ([], "")


def test_a_device_on_its_way_keeps_where_it_came_from(account_with: StartAccount) -> None:
    models = {"alpha": 10}
    account = account_with(fleet=fleet(models, packages=[package("alpha", "B", "C")]))
    rollout = to_c(account, models)
    steps = []
    for _run in range(40):
        decision = rollout.run_once()
        device = decision["devices"][0]
        steps.append((device["version"], device["path"], device["from_version"]))
        if decision["phase"] == "completed":
            break
        rollout.wait(decision)
    assert list(dict.fromkeys(map(str, steps))) == [
        str(("A", ["B", "C"], "A")),
        str(("B", ["C"], "A")),
        str(("C", [], "A")),
    ]
    assert [path["versions"] for path in decision["upgrade_paths"]] == [["A", "B", "C"]]


# -- clusters ------------------------------------------------------------------------------------


def test_failures_of_one_region_are_pointed_out(account_with: StartAccount) -> None:
    """P(X >= 3 of 4 | 3 of 20) = 4 / 1140."""
    account = account_with(fleet=fleet({"alpha": 20}))
    north = imeis({"alpha": 20})[:4]
    devices = [
        {"imei": id_, "region": "north" if id_ in north else "south"}
        for id_ in imeis({"alpha": 20})
    ]
    rollout = Rollout(account, {"alpha": 20}, devices=devices)
    turn(account.sim, devices=dict.fromkeys(north[:3], "failed"))
    assert rollout.run_once()["clusters"] == []
    account.sim.set_now("2026-03-03T07:00:00Z")
    decision = rollout.run_once()
    assert decision["counts"]["failed"] == 3
    (cluster,) = decision["clusters"]
    assert {key: cluster[key] for key in ("what", "value", "failures", "attempted")} == {
        "what": "region",
        "value": "north",
        "failures": 3,
        "attempted": 4,
    }
    assert (cluster["all_failures"], cluster["all_attempted"]) == (3, 20)
    assert (
        "failure cluster: 3 of 3 failed devices with region north, but only 4 of 20 attempted"
        " devices"
    ) in plan_lines(decision)
