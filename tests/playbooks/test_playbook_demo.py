# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``demo`` leaves nothing, however it ends; what it shows is tried installed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
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
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test

PLAYBOOK = "thingspace.fota.demo"


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
