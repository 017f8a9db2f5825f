# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``demo``: it shows what it promises, and leaves nothing, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.tables import wave_rows
from ansible_collections.thingspace.fota.tests.playbooks.leftovers import (
    eventually,
    listens,
    lives,
    processes_with,
)
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRunner,
    RunningPlaybook,
    TaskResult,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import failed_cohorts

PLAYBOOK = "thingspace.fota.demo"


INVENTORY = ROOT / "playbooks" / "inventory" / "demo.yml"
# Of 100 meters 9 run the target before and 4 have no path; of 100 cabinets 10 run it before.
METERS, CABINETS = 87, 90
MOST_LINES = 150
REPORTS = {"demo-halted.html": "358000000020093", "demo-end.html": "175 of 277 devices verified"}
# Those that fail in the wave early; a person takes the failures.
LOOSE_ANTENNAS = 2


def test_it_ends_with_its_report(run_playbook: PlaybookRunner, tmp_path: Path) -> None:
    """With its inventory, as ``make demo``; installed, as anybody runs it, without one."""
    inventory = () if os.environ.get("FOTA_INSTALLED") else ("--inventory", str(INVENTORY))
    run = run_playbook(PLAYBOOK, *inventory, variables={"demo_report": str(tmp_path)}).succeeded()
    assert len(run.output.splitlines()) <= MOST_LINES
    for name, words in REPORTS.items():
        assert words in (tmp_path / name).read_text(encoding="utf-8")
        assert str(tmp_path / name) in run.output
    decision = run["Decide the next step"]
    assert decision["phase"] == "completed_with_exceptions"
    verified: dict[str, int] = {}
    for row in wave_rows(decision):
        verified[row["model"]] = verified.get(row["model"], 0) + row["verified"]
    assert verified == {"GM01Q": METERS, "LCO-277C4N": CABINETS - LOOSE_ANTENNAS, "nRF9160": 0}
    assert [cohort["model"] for cohort in failed_cohorts(decision)] == ["nRF9160"]
    trackers = 5
    assert decision["counts"]["failed"] == trackers + LOOSE_ANTENNAS, (
        "only canaries of the trackers"
    )
    phases = [one.result["phase"] for one in run.all("Decide the next step")]
    assert phases.index("awaiting_approval") < phases.index("halted") < phases.index(phases[-1])
    plan = run["Show the plan"]["lines"]
    assert plan[0].endswith("rollout spring: planned; nothing exists yet")
    assert (
        "changed=0"
        in run["Repeat the rollout in another process, with the account as inventory"]["stdout"]
    )
    assert run["Read the version of every device again"]["versions"] == {
        "SR1.2.0.0-10657": METERS + 9,
        "SR1.1.0.0-9876": 4,
        "BG96MAR04A04M1G_BETA0130B": CABINETS + 10 - LOOSE_ANTENNAS,
        "BG96MAR04A04M1G": LOOSE_ANTENNAS,
        "ee58ac77-f1fd-4960-8dc4-4d32e118a6d4": 100,
    }
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", first_in_test([signal.SIGKILL, signal.SIGINT]))
def test_killed_in_the_middle_it_leaves_nothing(
    run_playbook: PlaybookRunner, sent: signal.Signals
) -> None:
    running = run_playbook.start(PLAYBOOK)
    assert eventually(
        lambda: any(one.task.endswith("Decide the next step") for one in running.results())
    )
    server = json.loads(_named("Start the simulator", running.results())["stdout"])
    assert listens(server["url"])
    _kill(running, sent)
    for orphan in processes_with(f"RESULTS_LOG={running.results_log}") - {server["pid"]}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(orphan, signal.SIGKILL)  # a module, which would go on until its timeout
    assert running.wait().status != 0
    assert eventually(lambda: not listens(server["url"]))
    assert eventually(lambda: not lives(server["pid"]))
    assert eventually(lambda: not Path(server["folder"]).exists())


def _kill(running: RunningPlaybook, sent: signal.Signals) -> None:
    """Send a signal as a person does: again, since ansible loses one that comes as it forks."""
    while running.process.poll() is None:
        os.killpg(running.process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(1)


def _named(task: str, results: tuple[TaskResult, ...]) -> dict[str, Any]:
    return next(one.result for one in results if one.task.endswith(task))
