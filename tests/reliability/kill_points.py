# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts whose process is killed around every write, and begun again from nothing.

``run_kills()`` runs all points without pytest and gives the counts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from threading import Event, Lock
from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api import routes
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    Reply,
    Request,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.service import Handled
from ansible_collections.thingspace.fota.tests.reliability import rollout_runner
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import duplicates
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import accepted

START = "2026-03-02T00:00:00Z"
# `make test` takes one point in so many.
TAKEN = 5
# All that runs is over by then.
END = "2026-04-15T00:00:00Z"
LONGEST_DEATH = 300.0
WRITES = frozenset(one.operation for one in routes.ROUTES if one.kind == routes.WRITE)
# The fault of a write that has no effect.
LOST = "reset_before"

Row = dict[str, Any]


class Moment(Enum):
    """When the process dies: the write arrives and has no effect; it has its effect and no
    answer; its answer has come, and the next call arrives without effect.
    """

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True)
class Scenario:
    """One rollout. ``halt_at`` is when a person halts it; ``hours`` as the run runner has it."""

    name: str
    models: tuple[tuple[str, int], ...]
    phase: str
    outcomes: str = "{}"
    spec: str = "{}"
    hours: float | None = None
    halt_at: str | None = None
    switches: tuple[tuple[str, str], ...] = ()

    @property
    def more(self) -> Row:
        """What the declaration has beside the devices and targets."""
        return dict(json.loads(self.spec))

    def start(self) -> SimulatorServer:
        outcomes = json.loads(self.outcomes)
        return SimulatorServer(
            fleet(dict(self.models), outcomes=outcomes), start=START, switches=dict(self.switches)
        )

    def order(self, sim: SimulatorServer, tokens: Path) -> Row:
        return {
            "url": sim.url,
            "control": sim.control_url,
            "tokens": str(tokens),
            "models": dict(self.models),
            "spec": self.more,
            "hours": self.hours,
            "halt_at": self.halt_at,
        }


_EAGER = {
    "waves": [
        {"name": "pilot", "count": 16, "days": 10, "gate": {"min_coverage": 0.25}},
        {"name": "all", "rest": True},
    ]
}
_SLOW = {"default": {"hours_to_update": [1, 160]}}
_SMALL = {"waves": [{"name": "pilot", "per_package": 4}, {"name": "all", "rest": True}]}

SCENARIOS = (
    Scenario(
        "completes",
        models=(("alpha", 7), ("beta", 6)),
        phase="completed",
        spec=json.dumps(_SMALL),
    ),
    # Halted while its first wave is under way and its second one is queued.
    Scenario(
        "halted",
        models=(("alpha", 14), ("beta", 10)),
        phase="halted",
        outcomes=json.dumps(_SLOW),
        spec=json.dumps(_EAGER),
        hours=12,
        halt_at="2026-03-06T12:00:00Z",
    ),
    # Halted while it is under way, by a service that aborts.
    Scenario(
        "aborted",
        models=(("alpha", 14), ("beta", 10)),
        phase="halted",
        outcomes=json.dumps(_SLOW),
        spec=json.dumps({**_EAGER, "on_halt": "abort"}),
        hours=12,
        halt_at="2026-03-04T12:00:00Z",
        switches=(("delete_started_v3", "aborted"),),
    ),
)


@dataclass(frozen=True)
class Point:
    """The n-th write (from 1) of a scenario, and the moment around it."""

    scenario: Scenario
    number: int
    moment: Moment

    @property
    def operation(self) -> str:
        return undisturbed(self.scenario).writes[self.number - 1]

    @property
    def nth(self) -> int:
        """Which write of its operation it is, from 1."""
        return undisturbed(self.scenario).writes[: self.number].count(self.operation)

    def __str__(self) -> str:
        return f"{self.scenario.name}-{self.number}-{self.operation}-{self.moment.value}"


class Killer:
    """Stands in front of a simulator and kills a process at one point.

    :ivar writes: the operations that wrote, in order, those of the first process included.
    """

    def __init__(self, sim: SimulatorServer, point: Point | None = None) -> None:
        self.writes: list[str] = []
        self.struck = Event()
        self.dead = Event()
        self.kill: Callable[[], None] = lambda: None
        self._point = point
        self._due = False
        self._lock = Lock()
        self._handle = sim._service.handle
        vars(sim._service)["handle"] = self._watch
        if point is not None and point.moment is Moment.BEFORE:
            sim.faults([{"operation": point.operation, "fault": LOST, "nth": point.nth}])

    def _watch(self, request: Request) -> Handled:
        with self._lock:
            if self._due:
                return self._strike(None)
            handled = self._handle(request)
            if handled.operation not in WRITES:
                return handled
            self.writes.append(str(handled.operation))
            point = self._point
            if point is None or self.struck.is_set() or len(self.writes) != point.number:
                return handled
            self._due = point.moment is Moment.AFTER
            return handled if self._due else self._strike(handled.operation)

    def _strike(self, operation: str | None) -> Handled:
        """Kill, and answer nobody; until the process is dead it gets no word."""
        self._due = False
        self.struck.set()
        self.kill()
        assert self.dead.wait(LONGEST_DEATH), "the process does not die"
        return Handled(Reply(0, dropped=True), operation, None)


class Runner:
    """The process of ``rollout_runner``; one for all points."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("rollout_runner.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait(LONGEST_DEATH)

    def run(self, order: Row, killer: Killer) -> str | None:
        """Carry an order out; the phase in which it ended, None when it was killed."""
        assert self._process.stdin
        known, pids = Event(), []

        def kill() -> None:
            assert known.wait(LONGEST_DEATH)
            os.kill(pids[0], signal.SIGKILL)

        killer.kill = kill
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        phase: str | None = None
        while True:
            line = self._line()
            if "pid" in line:
                pids.append(line["pid"])
                known.set()
            elif "phase" in line:
                phase = line["phase"]
            else:
                break
        killer.dead.set()
        if killer.struck.is_set() and phase is None:
            assert os.WTERMSIG(line["ended"]) == signal.SIGKILL
            return None
        assert line["ended"] == 0, "the runs failed; what they said is on standard error"
        return phase

    def _line(self) -> Row:
        assert self._process.stdout
        text = self._process.stdout.readline()
        assert text, "the run runner is gone"
        return dict(json.loads(text))


@dataclass(frozen=True)
class Ending:
    """How a run ended: its phase, its writes, and all that the service holds but for ids."""

    phase: str
    writes: tuple[str, ...]
    campaigns: tuple[Row, ...]
    firmware: tuple[str, ...]


@dataclass(frozen=True)
class KillOutcome:
    """What came of one point; ``findings`` are empty if all is well."""

    findings: tuple[str, ...]
    duplicates: int
    lost_devices: int


@cache
def undisturbed(scenario: Scenario) -> Ending:
    """The scenario without a kill, in this process."""
    with tempfile.TemporaryDirectory() as folder, scenario.start() as sim:
        killer = Killer(sim)
        phase = rollout_runner.run(scenario.order(sim, Path(folder)))
        assert phase == scenario.phase, f"{scenario.name} ends in {phase}"
        return _ending(sim, phase, killer)


def _ending(sim: SimulatorServer, phase: str | None, killer: Killer) -> Ending:
    sim.set_now(END)
    campaigns = sorted(sim.campaigns(), key=lambda one: str(one["campaignName"]))
    return Ending(
        phase=str(phase),
        writes=tuple(killer.writes),
        campaigns=tuple({**one, "id": ""} for one in campaigns),
        firmware=tuple(one["firmware"] for one in sim.devices()),
    )


def points(*, full: bool = True) -> list[Point]:
    """Three moments of every write of every scenario, or one in ``TAKEN`` of them."""
    found = [
        Point(scenario, number, moment)
        for scenario in SCENARIOS
        for number in range(1, len(undisturbed(scenario).writes) + 1)
        for moment in Moment
    ]
    # Neighbours are moments of one write: a step that does not divide their number meets all.
    return found if full else found[:: TAKEN + (TAKEN % len(Moment) == 0)]


def run_point(point: Point, runner: Runner) -> KillOutcome:
    """Kill at the point, begin again with nothing, and compare the end."""
    expected = undisturbed(point.scenario)
    with tempfile.TemporaryDirectory() as folder, point.scenario.start() as sim:
        killer = Killer(sim, point)
        first = runner.run(point.scenario.order(sim, Path(folder) / "first"), killer)
        findings = [] if first is None else ["the process lived on"]
        again = runner.run(point.scenario.order(sim, Path(folder) / "again"), killer)
        ending = _ending(sim, again, killer)
        doubled = duplicates(sim)
    if ending.phase != expected.phase:
        findings.append(f"ends in {ending.phase}, not in {expected.phase}")
    findings += [f"duplicate: {one}" for one in doubled]
    findings += _differences(expected.campaigns, ending.campaigns)
    if ending.firmware != expected.firmware:
        findings.append("devices run other versions")
    lost = _taken(expected.campaigns) - _taken(ending.campaigns)
    return KillOutcome(tuple(findings), len(doubled), len(lost))


def _taken(campaigns: tuple[Row, ...]) -> set[str]:
    return {imei for one in campaigns for imei in accepted(one)}


def _differences(expected: tuple[Row, ...], there: tuple[Row, ...]) -> list[str]:
    before, after = ([one["campaignName"] for one in side] for side in (expected, there))
    if before != after:
        return [f"campaigns are {after}, without a kill {before}"]
    return [
        f"{one['campaignName']}: {key} is {other[key]}, without a kill {one[key]}"
        for one, other in zip(expected, there, strict=True)
        for key in one
        if one[key] != other[key]
    ]


def run_kills(*, full: bool = True, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Kill at all points, or at those that ``make test`` takes; the counts, and what is wrong."""
    chosen = points(full=full)
    outcomes = {}
    with Runner() as runner:
        for point in chosen:
            outcomes[str(point)] = run_point(point, runner)
            for finding in outcomes[str(point)].findings:
                say(f"{point}: {finding}")
    return {
        "kill_points": len(chosen),
        "duplicates": sum(one.duplicates for one in outcomes.values()),
        "lost_devices": sum(one.lost_devices for one in outcomes.values()),
        "findings": {name: one.findings for name, one in outcomes.items() if one.findings},
    }
