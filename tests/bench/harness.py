# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What measurements share: a simulator in a process of its own, plays, clocks and a record."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    Playbook,
    PlaybookRun,
    PlaybookRunner,
)

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = ROOT / "plugins" / "plugin_utils" / "_simulator"
# Medians of so many runs; fewer of what takes a minute.
RUNS, SLOW_RUNS = 5, 3
LATENCY_MS = 50

CREDENTIALS = {
    "client_id": "simulator-key",
    "client_secret": "simulator-secret",
    "username": "simulator-user",
    "password": "simulator-password",
}


class Simulator:
    """A simulator that does not share our processor time."""

    def __init__(self, fleet: dict[str, Any]) -> None:
        command = [sys.executable, str(SIMULATOR), "start", "--fleet", "-", "--idle-minutes", "5"]
        command += ["--latency-ms", str(LATENCY_MS), "--watch-pid", str(os.getpid())]
        told = subprocess.run(
            command, input=json.dumps(fleet), capture_output=True, text=True, check=True
        )
        self.url = json.loads(told.stdout)["url"]
        self.control_url = json.loads(told.stdout)["control"]

    def ask(self, path: str, *, method: str = "GET", order: object = None) -> Any:
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{self.control_url}/{path}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    def set_latency(self, milliseconds: float) -> None:
        self.ask("settings", method="POST", order={"latency_ms": milliseconds})

    def forget_calls(self) -> None:
        self.ask("journal", method="DELETE")

    def count(self, operation: str) -> int:
        """How often an operation was called since the calls were forgotten."""
        return sum(entry["operation"] == operation for entry in self.ask("journal")["journal"])

    def stop(self) -> None:
        subprocess.run([sys.executable, str(SIMULATOR), "stop", "--url", self.url], check=True)


@dataclass
class Record:
    """What was measured.

    :ivar keys: what the table shows.
    :ivar raw: single measurements, in seconds unless the name says otherwise.
    """

    keys: dict[str, float] = field(default_factory=dict)
    raw: dict[str, list[float]] = field(default_factory=dict)

    def take(self, name: str, times: int, measure: Callable[[], float]) -> float:
        """Measure some times, keep all of it, and give the median."""
        return self.take_in_turn(times, **{name: measure})[name]

    def take_in_turn(self, times: int, **measures: Callable[[], float]) -> dict[str, float]:
        """Measure several things in turn, as a machine is not equally quick at all times."""
        self.raw |= {name: [] for name in measures}
        for _time in range(times):
            for name, measure in measures.items():
                self.raw[name].append(round(measure(), 4))
        medians = {name: statistics.median(self.raw[name]) for name in measures}
        for name, median in medians.items():
            print(f"  {name}: {median:.3f} of {times}", flush=True)
        return medians


def play(*tasks: dict[str, Any], hosts: str = "localhost", **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "hosts": hosts,
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": list(tasks),
            **more,
        }
    ]


def run_play(
    simulator: Simulator, plays: Playbook, *arguments: str, **environment: str
) -> PlaybookRun:
    """Run plays with a home and a token cache of their own."""
    with tempfile.TemporaryDirectory() as folder:
        runner = PlaybookRunner(Path(folder))
        return runner(plays, *arguments, simulator=simulator, environment=environment)


def time_play(simulator: Simulator, plays: Playbook, *arguments: str, **environment: str) -> float:
    """Give the wall time of a run that goes well."""
    begun = time.monotonic()
    ended = run_play(simulator, plays, *arguments, **environment)
    seconds = time.monotonic() - begun
    if ended.status:
        raise SystemExit(ended.output)
    return seconds


def run_script(name: str, *arguments: str, python: str = sys.executable, **given: object) -> Any:
    """Run a script of this folder that takes JSON and prints JSON."""
    told = subprocess.run(
        [python, str(Path(__file__).with_name(name)), *arguments],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)
