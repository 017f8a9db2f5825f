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
import traceback
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
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
SERVICE_SECONDS = 600  # only a simulator that hangs meets it

CREDENTIALS = {
    "client_id": "simulator-key",
    "client_secret": "simulator-secret",
    "username": "simulator-user",
    "password": "simulator-password",
}


class Simulator:
    """A simulator that does not share our processor time."""

    def __init__(self, fleet: dict[str, Any], *, latency_ms: int = LATENCY_MS) -> None:
        command = [sys.executable, str(SIMULATOR), "start", "--fleet", "-", "--idle-minutes", "5"]
        command += ["--latency-ms", str(latency_ms), "--watch-pid", str(os.getpid())]
        told = subprocess.run(
            command, input=json.dumps(fleet), capture_output=True, text=True, check=True
        )
        self.url = json.loads(told.stdout)["url"]
        self.control_url = json.loads(told.stdout)["control"]

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def ask(self, path: str, *, method: str = "GET", order: object = None) -> Any:
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{self.control_url}/{path}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=SERVICE_SECONDS) as reply:
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
    """What was measured; the file has each result as soon as there is one.

    :ivar file: gets everything below as JSON.
    :ivar keys: what the table shows.
    :ivar raw: single measurements, in seconds unless the name says otherwise.
    :ivar counted: what was counted, by subject.
    :ivar failed: why a part has no or not all results, by the name of the part.
    :ivar about: of the machine and the benchmark.
    """

    file: Path
    keys: dict[str, float] = field(default_factory=dict)
    raw: dict[str, list[float]] = field(default_factory=dict)
    counted: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    def save(self) -> None:
        """Write the file."""
        parts = {"keys": self.keys, "raw": self.raw, **self.counted, **self.about}
        content = parts | {"failed": self.failed}
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def part(self, name: str) -> Part:
        """Give a context for one part, which may fail without the others."""
        return Part(self, name)

    def take(self, name: str, times: int, measure: Callable[[], float]) -> float:
        """Measure some times, keep all of it, and give the median."""
        return self.take_in_turn(times, **{name: measure})[name]

    def take_in_turn(self, times: int, **measures: Callable[[], float]) -> dict[str, float]:
        """Measure several things in turn, as a machine is not equally quick at all times."""
        self.raw |= {name: [] for name in measures}
        for _time in range(times):
            for name, measure in measures.items():
                self.raw[name].append(round(measure(), 4))
                self.save()
        medians = {name: statistics.median(self.raw[name]) for name in measures}
        for name, median in medians.items():
            print(f"  {name}: {median:.3f} of {times}", flush=True)
        return medians


@dataclass
class Part(AbstractContextManager[None]):
    """One part of the benchmark: an error is recorded, and ends this part only.

    A part that is cut off together with the whole benchmark is in the file as one that failed.
    """

    record: Record
    name: str

    def __enter__(self) -> None:
        self.record.failed[self.name] = "did not end"
        self.record.save()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            del self.record.failed[self.name]
        else:
            self.record.failed[self.name] = f"{type(error).__name__}: {error}"
            traceback.print_exception(error)
        self.record.save()
        return not isinstance(error, KeyboardInterrupt)


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


def rollout_play(rollout: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    """One run of the role."""
    plays = play({"ansible.builtin.include_role": {"name": "thingspace.fota.rollout"}})
    plays[0]["vars"] |= {"rollout_spec": rollout, **variables}
    return plays


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
