# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of the Makefile."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import checks
from steps import Job, Report, Step, StepFailed
from venvs import Venv, VenvFailed, main_venv, make_venv, sdk_venv
from workspace import BUILD, CACHE, ROOT, Workspace, git

OLDEST_PYTHON = (3, 10)
INTERRUPTED = 130
# Variables of ours that `make bench` goes by; others are of the tests' own.
KEPT = ("FOTA_ALL",)


def test(workspace: Workspace, names: list[str]) -> int:
    """Every check, or those named; the last line printed is the tally."""
    before = git("status", "--porcelain")
    report = Report(workspace)
    report.run(checks.steps(names))
    report.run([_nothing_left(before)])
    print(report.summary(), flush=True)
    if tally := os.environ.get("FOTA_TALLY"):
        Path(tally).write_text(report.closing_line() + "\n", encoding="utf-8")
    return 1 if report.tally.failed else 0


def lint(workspace: Workspace, _names: list[str]) -> int:
    """Format, lint and types only."""
    return test(workspace, ["format", "lint", "types"])


def demo(workspace: Workspace, _names: list[str]) -> int:
    """The main job against the simulator, from the checkout."""
    inventory = str(ROOT / "playbooks" / "inventory" / "demo.yml")
    return _foreground(workspace, "ansible-playbook", "-i", inventory, "thingspace.fota.demo")


def bench(workspace: Workspace, _names: list[str]) -> int:
    """Measurements against the simulator; leaves build/bench.json."""
    BUILD.mkdir(exist_ok=True)
    script = str(ROOT / "tests" / "bench" / "run.py")
    return _foreground(workspace, "python", script, beside={"FOTA_SDK_PYTHON": sdk_venv()})


def soak(workspace: Workspace, names: list[str]) -> int:
    """Random rollouts in random weather, for some minutes; prints cases and findings."""
    script = str(ROOT / "tests" / "reliability" / "soak.py")
    return _foreground(workspace, "python", script, *(["--minutes", names[0]] if names else []))


def docs(workspace: Workspace, _names: list[str]) -> int:
    """The documentation site; leaves build/docs."""
    report = Report(workspace)
    ok = report.run([Step("docs", checks.docs_site)])
    if ok:
        print(f"open {(BUILD / 'docs' / 'index.html').relative_to(ROOT)}")
    return 0 if ok else 1


def clean(_workspace: Workspace, _names: list[str]) -> int:
    """Remove what the other targets made in the checkout."""
    for folder in (CACHE, BUILD):
        shutil.rmtree(folder, ignore_errors=True)
    return 0


TARGETS: dict[str, Callable[[Workspace, list[str]], int]] = {
    "test": test,
    "lint": lint,
    "demo": demo,
    "bench": bench,
    "soak": soak,
    "docs": docs,
    "clean": clean,
}


def main() -> int:
    """Run one target; an interrupted one leaves as little behind as one that ended."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        print(f"Python >= 3.10 is needed, this is {sys.version.split()[0]}; make PYTHON=...")
        return 2
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("names", nargs="*", help="of the steps to run; all if none is given")
    arguments = parser.parse_args()
    for sent in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sent, _interrupt)
    workspace = Workspace()
    try:
        with workspace:
            try:
                return TARGETS[arguments.target](workspace, arguments.names)
            finally:
                for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(sent, signal.SIG_IGN)  # nothing interrupts the cleaning up
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _foreground(
    workspace: Workspace, name: str, *arguments: str, beside: Mapping[str, Venv] | None = None
) -> int:
    """Run a command of the main venv with its output on ours.

    ``beside`` are venvs whose interpreters the command finds in variables.
    """
    folders = {}
    for variable, venv in {"": main_venv(), **(beside or {})}.items():
        try:
            folders[variable], seconds = make_venv(venv, workspace)
        except VenvFailed as error:
            print(f"venv {venv.name} could not be made:\n{error}", file=sys.stderr)
            return 1
        if seconds:
            print(
                f"made .cache/venvs/{folders[variable].parent.name} in {seconds:.1f} s", flush=True
            )
    main_folder = folders.pop("")
    extra = {variable: str(folder / "python") for variable, folder in folders.items()}
    extra |= {name: os.environ[name] for name in KEPT if name in os.environ}
    environment = workspace.environment(main_folder, extra=extra)
    return workspace.run([main_folder / name, *arguments], environment=environment)


def _nothing_left(before: str) -> Step:
    """A step that fails if a process of ours lives on or, in CI, the tree is not as it was."""

    def look(job: Job) -> None:
        found = job.workspace.leftovers(grace=10)
        for pid, command in found.items():
            job.write(f"process {pid} is left: {command}")
        changed = set(git("status", "--porcelain").splitlines()) - set(before.splitlines())
        changed = changed if os.environ.get("CI") else set()  # else somebody may be editing
        for line in sorted(changed):
            job.write(f"file is left: {line}")
        if found or changed:
            raise StepFailed

    return Step("nothing left behind", look)


if __name__ == "__main__":
    sys.exit(main())
