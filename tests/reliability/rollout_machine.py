# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rollouts as a state machine: anybody may do anything between any two runs.

``make test`` takes some thousand steps, always the same; ``make soak`` many more, new ones.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase as RolloutPhase,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.table import TABLE
from ansible_collections.thingspace.fota.tests.reliability.rollout_world import World

STEPS = 50
# What waits for real time, locks the user for good, or is a lie that nobody can see through.
LEFT_OUT = {"stall_before", "stall_after", "slow_body", "refuse", "lockout", "clock_skew"}
LEFT_OUT |= {"vanished_campaigns", "null_lists"}
# What a run reads; a halt needs the first only.
READS = (
    *("v3ListCampaignsByStatus", "v3ListCampaignDevices", "v3ListFirmware"),
    *("v3QueryDevices", "v3GetSubscription"),
)
# No reply to a read that is like this can be believed.
FAILED = st.sampled_from(
    [
        *("status_500_before", "html_502", "reset_before", "error_200_after", "empty_object"),
        *("empty_200", "truncated_body"),
    ]
)
BROKEN: dict[str, dict[str, Any]] = {
    "target": {"target": [{"make": "Sensors Inc", "model": "alpha", "version": "no such"}]},
    "model": {"target": [{"make": "Sensors Inc", "model": "gamma", "version": "B"}]},
    "waves": {"waves": [{"name": "pilot"}, {"name": "pilot", "group": "nobody"}]},
    "group": {"waves": [{"name": "pilot", "group": "nobody"}, {"name": "all", "rest": True}]},
    "freeze": {"calendar": {"freeze": [{"from": "2026-01-01", "to": "2027-12-31"}]}},
    "zone": {"calendar": {"windows": ["22:00-04:00"], "timezone": "Nowhere/City"}},
    "accept": {"accept": [{"wave": "no such", "up_to": 1, "by": "x", "reason": "x"}]},
    "key": {"wavse": []},
    "devices": {"devices": []},
    "nothing": {},
}

HOURS = st.sampled_from([0.2, 1, 6, 13, 24, 40, 72])
WAVES = st.sampled_from(
    [
        [{"name": "pilot", "per_package": 2, "at_least": 4}, {"name": "all", "rest": True}],
        [
            {"name": "pilot", "count": 3, "days": 2},
            {"name": "half", "percent": 50, "days": 2},
            {"name": "all", "rest": True},
        ],
        [{"name": "early", "percent": 30, "at_least": 2}, {"name": "all", "rest": True}],
        [{"name": "all", "rest": True}],
    ]
)
GATES = st.fixed_dictionaries(
    {
        "soak_hours": st.sampled_from([0, 0, 24]),
        "approval": st.sampled_from([False, False, True]),
        "min_sample": st.integers(1, 5),
        "max_failure_rate": st.sampled_from(["0.1", "0.05", "0.4"]),
        "min_coverage": st.sampled_from(["0.8", "0.5", "1"]),
    },
    optional={"max_failures": st.integers(0, 3)},
)
CALENDARS = st.sampled_from(
    [
        {},
        {"windows": ["22:00-04:00"], "timezone": "America/Chicago"},
        {"freeze": [{"from": "2026-03-06", "to": "2026-03-09"}]},
        {"lead_hours": 40, "min_days": 1},
    ]
)
LIMITS = st.sampled_from(
    [{}, {}, {"max_exposure": 3}, {"max_campaign_devices": 2}, {"max_creates": 1}]
    + [{"max_shrink": 1}] * 3
)
SPECS = st.fixed_dictionaries(
    {
        "waves": WAVES,
        "gate": GATES,
        "calendar": CALENDARS,
        "limits": LIMITS,
        "retry": st.integers(0, 2),
        "sweep": st.booleans(),
        "supersede": st.booleans(),
        "late_joiners": st.sampled_from(["leave", "last"]),
        "on_halt": st.sampled_from(["shorten", "abort"]),
    }
)
OUTCOMES = st.fixed_dictionaries(
    {
        "success_rate": st.sampled_from([1, 1, 1, 0.9, 0.9, 0.5]),
        "silent_rate": st.sampled_from([0, 0, 0, 0.1]),
        "unreached_rate": st.sampled_from([0, 0, 0, 0.2]),
        "revert_rate": st.sampled_from([0, 0, 0, 0.1]),
        "retry_rate": st.sampled_from([0, 0.5]),
        "hours_to_update": st.sampled_from([[1, 4], [1, 40]]),
    }
)
SWITCHES = st.fixed_dictionaries(
    {},
    optional={
        "prescheduled": st.sampled_from(["scheduled", "queued", "own"]),
        "delete_started_v3": st.just("aborted"),
        "scheduled_entry": st.just("at_start"),
        "stored_after_success": st.sampled_from(["next_day", "on_refresh"]),
        "report_while_pending": st.just("rows"),
        "v3_rejected_word": st.just("UpgradeFailed"),
    },
)
# Who assigns licenses, and how many there are; None where upgrades are paid one by one.
LICENSES = st.sampled_from(
    [None, None, None, ("before_wave", 40), ("before_wave", 9), ("before_campaign", 5)]
)
SETTINGS = st.fixed_dictionaries(
    {
        "models": st.fixed_dictionaries({"alpha": st.integers(2, 12), "beta": st.integers(0, 6)}),
        "spare": st.integers(0, 5),
        "outcomes": st.fixed_dictionaries({"default": OUTCOMES}),
        "switches": SWITCHES,
        "licenses": LICENSES,
        "spec": SPECS,
    }
)
FAULTS = sorted(TABLE.keys() - LEFT_OUT)


class RolloutMachine(RuleBasedStateMachine):
    """Operators, controllers, the vendor, the service and time take turns."""

    tally: ClassVar[Counter[str]] = Counter()
    world: World

    @initialize(setting=SETTINGS)
    def begin(self, setting: dict[str, Any]) -> None:
        self.world = World(setting, self.tally)
        self.tally["rollouts"] += 1

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()

    # -- controllers

    @rule(hours=HOURS)
    def run(self, hours: float) -> None:
        self.world.run()
        self.world.advance(hours)

    @rule(hours=HOURS)
    def run_after(self, hours: float) -> None:
        self.world.advance(hours)
        self.world.run()

    @rule(days=st.integers(2, 9), hours=st.sampled_from([14, 24, 30]))
    def attend(self, days: int, hours: float) -> None:
        """An operator runs it, and pastes what it asks for, for some days."""
        for _run in range(math.ceil(days * 24 / hours)):
            decision = self.world.run()
            self.world.paste("approval")
            self.world.paste("accept")
            self.world.advance(hours)
            if decision and RolloutPhase(decision["phase"]).complete:
                return

    @rule(days=st.integers(2, 5))
    def run_daily(self, days: int) -> None:
        for _day in range(days):
            self.world.run()
            self.world.advance(24)

    @rule(write=st.integers(1, 4), effect=st.booleans())
    def crash(self, write: int, *, effect: bool) -> None:
        self.world.crash(write=write, effect=effect)

    @rule(write=st.integers(1, 3))
    def run_twice_at_once(self, write: int) -> None:
        self.world.rival(write=write)

    # -- operators

    @rule(state=st.sampled_from(["running"] * 5 + ["paused", "halted", "planned"]))
    def want(self, state: str) -> None:
        self.world.state = state

    @rule(kind=st.sampled_from(["approval", "accept"]))
    def paste_what_is_printed(self, kind: str) -> None:
        self.world.paste(kind)

    @rule(model=st.sampled_from(["alpha", "beta"]), version=st.sampled_from(["B", "C"]))
    def change_target(self, model: str, version: str) -> None:
        targets = {target["model"]: target for target in self.world.spec["target"]}
        if model in targets:
            targets[model] = self.world.target(model, version)
            self.world.declare(target=list(targets.values()))

    @rule(part=SPECS, keys=st.sets(st.sampled_from(["waves", "gate", "calendar", "limits"])))
    def change_declaration(self, part: dict[str, Any], keys: set[str]) -> None:
        self.world.declare(**{key: part[key] for key in keys})

    @rule(count=st.integers(4, 16), shift=st.sampled_from([0, 0, 0, 1, 3]))
    def select(self, count: int, shift: int) -> None:
        self.world.select(count, shift)

    @rule(place=st.integers(0, 40))
    def stop_in_portal(self, place: int) -> None:
        self.world.stop_in_portal(place)

    @rule(place=st.integers(0, 40))
    def leave_account(self, place: int) -> None:
        self.world.leave(place)

    @rule(count=st.integers(1, 9))
    def buy_licenses(self, count: int) -> None:
        self.world.buy(count)

    @rule(
        broken=st.sampled_from(sorted(BROKEN)),
        reads=st.sets(st.sampled_from(READS[1:])),
        fault=FAILED,
    )
    def halt_whatever_is_broken(self, broken: str, reads: set[str], fault: str) -> None:
        self.world.halt(BROKEN[broken], sorted(reads), fault)

    # -- the vendor and the service

    @rule(read=st.sampled_from(READS), fault=FAILED)
    def run_without_a_read(self, read: str, fault: str) -> None:
        self.world.run_without(read, fault)

    @rule(count=st.integers(1, 4), days=st.integers(2, 9))
    def let_neighbours_upgrade(self, count: int, days: int) -> None:
        self.world.let_neighbours_upgrade(count, days)

    @rule(withdrawn=st.sets(st.integers(0, 5), max_size=2))
    def publish(self, withdrawn: set[int]) -> None:
        self.world.publish(withdrawn)

    @rule(chance=st.sampled_from([0.03, 0.1]), number=st.integers(0, 999))
    def faults_come(self, chance: float, number: int) -> None:
        self.world.inject([{"faults": FAULTS, "chance": chance, "seed": number}])

    @rule()
    def faults_go(self) -> None:
        self.world.inject([])

    # -- what holds

    @invariant()
    def holds(self) -> None:
        self.tally["steps"] += 1
        if hasattr(self, "world"):
            self.world.check()


def run_machine(
    number: int, *, rollouts: int, steps: int = STEPS, shrink: bool = False
) -> Counter[str]:
    """Run some rollouts of one seed, the same whenever it is run; gives the counts.

    A failure prints its steps. ``run_machine(number)`` repeats it.

    :param shrink: look for the fewest steps that fail, which may last minutes.
    """
    tally: Counter[str] = Counter()
    machine = seed(number)(type("RolloutMachine", (RolloutMachine,), {"tally": tally}))
    given = settings(
        max_examples=rollouts,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=False,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    _with_room(lambda: run_state_machine_as_test(machine, settings=given))
    return tally


def _with_room(call: Callable[[], None]) -> None:
    call()


# CPython keeps frames in chunks of 16 KiB, and maps and unmaps one whenever calls cross its edge.
# The deep calls of a machine do that a million times; after a frame this large, there is no edge.
_with_room.__code__ = _with_room.__code__.replace(co_stacksize=2**14)
