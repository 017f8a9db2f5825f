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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.playbooks.leftovers import (
    eventually,
    listens,
    lives,
    processes_with,
)
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    PlaybookRunner,
    RunningPlaybook,
    TaskResult,
)

PLAYBOOK = "thingspace.fota.demo"


@pytest.mark.matrix
def test_it_ends_with_its_report(run_playbook: PlaybookRunner) -> None:
    run = run_playbook(PLAYBOOK).succeeded()
    assert "See that this changed nothing" in [one.task for one in run.results]
    report = [line.split() for line in run["Report"]["msg"]]
    assert ["meters", "firmware,", "v3", "8", "7", "1", "CampaignEnded"] in report
    assert ["gateways", "software,", "v2", "3", "3", "0", "CampaignEnded"] in report
    assert ["trackers", "upgrade,", "v1", "3", "3", "0", "Finished"] in report
    assert run["Ask what the meters run now"]["compliance"]["at_target"] == 7
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))


def test_it_runs_in_check_mode(run_playbook: PlaybookRunner) -> None:
    assert run_playbook(PLAYBOOK, "--check").succeeded()["Report"]["msg"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children hear SIGINT, also where the tests run as a background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_killed_in_the_middle_it_leaves_nothing(
    run_playbook: PlaybookRunner, sent: signal.Signals
) -> None:
    running = run_playbook.start(PLAYBOOK)
    assert eventually(lambda: any(one.task == "List firmware" for one in running.results()))
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
