# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL before, during and after writes; begun again from nothing, it ends the same.

``FOTA_ALL_KILLS=1`` takes every point.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import duplicates
from ansible_collections.thingspace.fota.tests.reliability.kill_points import (
    SCENARIOS,
    WRITES,
    Killer,
    Moment,
    Point,
    Runner,
    points,
    run_point,
    undisturbed,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout

Record = Callable[[str, object], None]

FULL = bool(os.environ.get("FOTA_ALL_KILLS"))
COMPLETES = SCENARIOS[0]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as started:
        yield started


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_killed_anywhere_it_ends_the_same(
    scenario: object, runner: Runner, record_property: Record
) -> None:
    found = {}
    chosen = [one for one in points(full=FULL) if one.scenario is scenario]
    for point in chosen:
        outcome = run_point(point, runner)
        found[str(point)] = outcome.findings
        record_property("kill_points", 1)
        record_property("duplicates", outcome.duplicates)
        record_property("lost_devices", outcome.lost_devices)
    assert {point: findings for point, findings in found.items() if findings} == {}
    assert {one.moment for one in chosen} == set(Moment)


def test_every_kind_of_write_is_among_the_points() -> None:
    made = {one.operation for one in points(full=FULL)}
    assert made == {name for one in SCENARIOS for name in undisturbed(one).writes}
    assert made <= WRITES


@pytest.mark.soak
def test_real_playbooks_killed_at_each_of_two_creations(
    tmp_path: Path, record_property: Record
) -> None:
    """The first has its effect and no answer, the second never arrives; a third run ends well."""
    with COMPLETES.start() as sim:
        Rollout(
            Account(sim, tmp_path / "tokens"), dict(COMPLETES.models), **COMPLETES.more
        ).run_once()
        expected = [{**one, "id": ""} for one in sim.campaigns()]
    with COMPLETES.start() as sim:
        rollout = Rollout(Account(sim, tmp_path), dict(COMPLETES.models), **COMPLETES.more)
        given = {"rollout_spec": rollout.spec, "rollout_imei_check": "off"}
        playbooks = PlaybookRunner(tmp_path / "ansible")
        for moment in (Moment.DURING, Moment.BEFORE):
            killer, known = Killer(sim, Point(COMPLETES, 1, moment)), Event()

            def kill(known: Event = known) -> None:
                assert known.wait(30)
                _kill_tree(playbooks.started[-1].process.pid)

            killer.kill = kill
            running = playbooks.start("thingspace.fota.rollout", variables=given, simulator=sim)
            known.set()
            status = running.wait().status
            killer.dead.set()
            assert killer.struck.is_set()
            assert status == -signal.SIGKILL
            assert len(sim.campaigns()) == 1
            record_property("kill_points", 1)
        sim.faults([])
        run = playbooks("thingspace.fota.rollout", variables=given, simulator=sim).succeeded()
        assert run["Decide the next step"]["phase"] == "running"
        assert [{**one, "id": ""} for one in sim.campaigns()] == expected
        assert duplicates(sim) == []


def _kill_tree(root: int) -> None:
    """Kill a process and all that came of it; workers of Ansible have sessions of their own."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has ended meanwhile
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    doomed = [root]
    for pid in doomed:
        doomed += [child for child, parent in parents.items() if parent == pid]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
