# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several playbooks in one process, which waits for the test after each of them.

To start Ansible costs more than most playbooks. A part that fails is the last one. Use::

    runs = run_parts(run_playbook, [part("rollout"), part("halt")], simulator=sim)
    planned = next(runs).succeeded()
    sim.advance(hours=48)
    halted = next(runs)
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    PlaybookRun,
    PlaybookRunner,
    RunningPlaybook,
)

Plays = list[dict[str, Any]]
PAUSE = "Pause between two parts"
PAUSED = re.compile(rf"\nPLAY \[{PAUSE}\].*?(?:\nok: \[localhost\]\n?|\Z)", re.DOTALL)


def part(playbook: str, **variables: Any) -> Plays:
    """A playbook of the collection; extra variables of the process are above these variables."""
    return [{"import_playbook": f"thingspace.fota.{playbook}", "vars": variables}]


def run_parts(
    run_playbook: PlaybookRunner, parts: Sequence[Plays], *arguments: str, **options: Any
) -> Iterator[PlaybookRun]:
    """Give each part after its end, and run the next one when that is asked for."""
    start = len(run_playbook.started)
    gates = [run_playbook.folder / f"gate-{start}-{number}" for number in range(1, len(parts))]
    plays = list(parts[0])
    for gate, later in zip(gates, parts[1:], strict=True):
        os.mkfifo(gate)
        plays += [_pause(gate), *later]
    running = run_playbook.start(plays, *arguments, **options)
    seen = 0
    for number, gate in enumerate(gates):
        held = _hold(gate, running)
        if held is None:
            break
        results = running.results()
        output = running.output_file.read_text(encoding="utf-8", errors="replace")
        yield PlaybookRun(0, results[seen:], PAUSED.split(output)[number])
        seen = len(results) + 1  # that of the pause
        os.close(held)
    ended = running.wait()
    yield PlaybookRun(ended.status, ended.results[seen:], PAUSED.split(ended.output)[-1])


def _pause(gate: Path) -> dict[str, Any]:
    task = {"name": PAUSE, "pause_until": {"closed": str(gate)}}
    return {"name": PAUSE, "hosts": "localhost", "gather_facts": False, "tasks": [task]}


def _hold(gate: Path, running: RunningPlaybook) -> int | None:
    """Wait until the play is at a gate, and hold this closed; None if the play has ended before."""
    opened: list[int] = []

    def has_reader() -> bool:
        with contextlib.suppress(OSError):  # nothing reads yet
            opened.append(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
        return bool(opened)

    assert eventually(lambda: has_reader() or running.process.poll() is not None)
    return opened[0] if opened else None
