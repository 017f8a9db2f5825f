# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named steps, run side by side, each timed, with one tally over all of them."""

from __future__ import annotations

import os
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from venvs import Venv, VenvFailed, make_venv
from workspace import ROOT, Stopped, Workspace

LANES = min(os.cpu_count() or 1, 4)
LINES_OF_A_FAILURE = 200
# How lines of pytest begin that are told of a step that went well, too.
TOLD = ("SKIPPED", "reliability: ", "fuzz: ")


class Verdict(Enum):
    """How a step ended."""

    OK = "ok"
    FAILED = "FAILED"
    LEFT_OUT = "LEFT OUT"


@dataclass
class Tally:
    """What was counted: tests where a step runs tests, else the step itself."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other: Tally) -> Tally:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self


class StepFailed(Exception):
    """A command of the step failed; its output is in the step's log."""


class LeftOut(Exception):
    """The step cannot run on this machine or tree; the message says why."""


@dataclass(frozen=True)
class Step:
    """A name for the report and what to do; ``action`` raises ``StepFailed`` or ``LeftOut``."""

    name: str
    action: Callable[[Job], None]


class Job:
    """One step being run: its log, its notes for the report, its count of tests."""

    def __init__(self, step: Step, workspace: Workspace) -> None:
        self.step = step
        self.workspace = workspace
        self.notes: list[str] = []
        self.tests: Tally | None = None
        self.failures: list[str] = []
        name = step.name.replace(" ", "-")
        self.log_file = workspace.folder / f"{name}.log"
        self._results = workspace.folder / f"{name}.xml"
        self._log = self.log_file.open("w", encoding="utf-8")

    def venv(self, venv: Venv) -> Path:
        """The folder of executables of a venv, made now if need be."""
        try:
            folder, seconds = make_venv(venv, self.workspace)
        except VenvFailed as error:
            self.write(f"venv {venv.name} could not be made:\n{error}")
            raise StepFailed from error
        if seconds:
            self.note(f"venv {venv.name}: {seconds:.1f} s")
        return folder

    def run(
        self,
        *command: str | Path,
        path: Sequence[Path] = (),
        folder: Path = ROOT,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Run a command with ``path`` first on PATH; raises ``StepFailed`` if it fails."""
        self.write(f"$ {Path(command[0]).name} {' '.join(str(word) for word in command[1:])}")
        environment = self.workspace.environment(*path, extra=extra)
        if self.workspace.run(command, environment=environment, folder=folder, log=self._log):
            raise StepFailed

    def pytest(
        self, bin_folder: Path, *arguments: str, extra: Mapping[str, str] | None = None
    ) -> None:
        """Run pytest on all processors and count what it ran."""
        self._results.unlink(missing_ok=True)
        options = ["-q", "--no-header", "-rs", "-n", str(LANES), "--dist", "loadfile"]
        options += [f"--basetemp={self.workspace.short_folder()}"]
        options += [f"--junitxml={self._results}", *arguments]
        try:
            self.run(
                bin_folder / "python", "-m", "pytest", *options, path=[bin_folder], extra=extra
            )
        finally:
            self._count()
        self.note(*self._closing_lines())

    def write(self, line: str) -> None:
        """A line of our own for the log, in its place between the output of commands."""
        self._log.write(f"{line}\n")
        self._log.flush()

    def note(self, *lines: str) -> None:
        """Lines for the report of a step that went well."""
        self.notes.extend(lines)

    def close(self) -> str:
        """Close the log and return it."""
        self._log.close()
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def _count(self) -> None:
        """Add pytest's own count; without a report (a crash) the step itself counts as failed."""
        self.tests = self.tests or Tally()
        if not self._results.exists():
            self.tests += Tally(failed=1)
            return
        for suite in ET.parse(self._results).getroot().iter("testsuite"):  # noqa: S314 - our own file
            total, failures, errors, skipped = (
                int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
            )
            failed = failures + errors
            self.tests += Tally(total - failed - skipped, failed, skipped)
            self.failures += _failures(suite)

    def _closing_lines(self) -> list[str]:
        """What pytest says at its end: counts, skipped tests with their reasons, and the sum."""
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if line.startswith(TOLD)][:20] + lines[-1:]


def _failures(suite: ET.Element) -> list[str]:
    """A line for each test that failed: its name and the first line of why."""
    found = []
    for test in suite.iter("testcase"):
        for why in [*test.iter("failure"), *test.iter("error")]:
            said = (why.get("message") or "").strip().splitlines() or [""]
            found.append(f"{test.get('classname')}::{test.get('name')}: {said[0]}")
    return found


class Report:
    """Prints each step as it ends, then all of them with the tally."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._ended: list[tuple[Step, Verdict, float, str]] = []
        self._failures: list[str] = []
        self.tally = Tally()

    def run(self, steps: Sequence[Step]) -> bool:
        """Run the steps in order, ``LANES`` at a time; true if none failed."""
        with ThreadPoolExecutor(max_workers=LANES) as pool:
            waiting = [pool.submit(self._run_one, step) for step in steps]
            try:
                for future in waiting:
                    future.result()
            except BaseException:
                for future in waiting:
                    future.cancel()
                self._workspace.stop()
                raise
        return self.tally.failed == 0

    def summary(self) -> str:
        """One line per step, what failed, and the tally as the last line."""
        lines = ["", "== steps"]
        for step, verdict, seconds, reason in self._ended:
            lines.append(f"{verdict.value:>9} {seconds:7.1f} s  {step.name} {reason}".rstrip())
        lines += [f"FAILED {one}" for one in self._failures]
        lines.append(f"{self.tally.skipped} skipped")
        return "\n".join([*lines, self.closing_line()])

    def closing_line(self) -> str:
        """The plain tally."""
        return f"{self.tally.passed} passed, {self.tally.failed} failed"

    def _run_one(self, step: Step) -> None:
        job = Job(step, self._workspace)
        start = time.monotonic()
        verdict, reason = Verdict.OK, ""
        try:
            step.action(job)
        except StepFailed:
            verdict = Verdict.FAILED
        except LeftOut as error:
            verdict, reason = Verdict.LEFT_OUT, f"({error})"
        except Stopped:
            job.close()
            return
        seconds = time.monotonic() - start
        output = job.close()
        with self._lock:
            self._print(job, verdict, seconds, reason, output)
            self._count(job, verdict)
            self._failures += job.failures
            self._ended.append((step, verdict, seconds, reason))

    def _print(self, job: Job, verdict: Verdict, seconds: float, reason: str, output: str) -> None:
        print(f"== {job.step.name}: {verdict.value} ({seconds:.1f} s) {reason}".rstrip())
        shown = job.notes
        if verdict is Verdict.FAILED:
            shown = [*job.notes, *output.splitlines()[-LINES_OF_A_FAILURE:]]
        for line in shown:
            print(f"   {line}")
        print(end="", flush=True)

    def _count(self, job: Job, verdict: Verdict) -> None:
        """Add the step; a failed step counts as failed even where its tests all passed."""
        if job.tests is not None:
            self.tally += job.tests
            if verdict is Verdict.FAILED and job.tests.failed == 0:
                self.tally += Tally(failed=1)
        elif verdict is not Verdict.LEFT_OUT:
            self.tally += Tally(passed=1) if verdict is Verdict.OK else Tally(failed=1)
