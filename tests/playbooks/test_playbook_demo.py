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
from urllib.parse import urlsplit

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
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
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    device,
    imei,
    package,
)

PLAYBOOK = "thingspace.fota.demo"
IMEI = imei(9, 0)
# One device, which runs the target, so that a part of the demo is one run.
LITTLE = {
    "demo_spec": {
        "name": "spring",
        "target": [{"make": MAKER, "model": "iota", "version": "B"}],
        "devices": [IMEI],
    },
    "demo_imeis": [IMEI],
    "demo_listed": "model_iota",
    "demo_service": {
        "accounts": [
            {
                "name": "0000123456-00001",
                "devices": [device(IMEI, "iota", "B")],
                "firmware": [package("iota")],
            }
        ]
    },
}


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", first_in_test([signal.SIGKILL, signal.SIGINT]))
def test_killed_in_the_middle_it_leaves_nothing(
    run_playbook: PlaybookRunner, simulator: StartSimulator, sent: signal.Signals
) -> None:
    """After the first part, which writes in check mode, too, but never to the account at hand."""
    account = simulator()
    running = run_playbook.start(PLAYBOOK, "--check", variables=LITTLE, simulator=account)
    shown = "Show the runs that have news"
    assert eventually(lambda: shown in {one.task for one in running.results()})
    server = json.loads(_named("Start the simulator", running.results())["stdout"])
    assert listens(server["url"])
    here = urlsplit(server["url"]).netloc
    asked = [one.result["service"]["host"] for one in running.results() if "service" in one.result]
    assert len(asked) >= 2 and {*asked} == {here}, "the plan, and a run in a process of its own"
    assert account.journal() == []
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
