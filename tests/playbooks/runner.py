# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs real ``ansible-playbook`` processes in a home of their own, and tells what each task said.

Nothing of the developer's environment reaches them: no configuration, no credentials.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = Path(__file__).resolve().parent
DROPPED = ("ANSIBLE_", "THINGSPACE_", "RESULTS_", "PYTHONUNBUFFERED")
LONGEST_RUN = 1800  # seconds; only a run that hangs meets it, on a busy machine as well

Playbook = str | Path | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class TaskResult:
    """What one task said on one host; ``status`` is ok, failed, ignored, skipped, unreachable."""

    status: str
    host: str
    task: str
    action: str
    result: dict[str, Any] = field(repr=False)

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@dataclass(frozen=True)
class PlaybookRun:
    """How a run ended: exit status, every task result in order, and what it printed."""

    status: int
    results: tuple[TaskResult, ...]
    output: str = field(repr=False)

    def all(self, task: str) -> list[TaskResult]:
        """Every result of the tasks with a name; a role's name in front of it is not needed."""
        return [one for one in self.results if one.task.rpartition(" : ")[2] == task]

    def __getitem__(self, task: str) -> dict[str, Any]:
        """The last result of the task with a name."""
        found = self.all(task)
        assert found, f"no result of {task!r}; there are {[one.task for one in self.results]}"
        return found[-1].result

    @property
    def changed(self) -> list[str]:
        """Names of the tasks that changed something."""
        return [one.task for one in self.results if one.changed and one.status == "ok"]

    @property
    def failed(self) -> list[TaskResult]:
        return [one for one in self.results if one.status in ("failed", "unreachable")]

    def succeeded(self) -> PlaybookRun:
        """This run, after asserting that it went well and warned of nothing."""
        assert self.status == 0, self.output
        assert "[WARNING]" not in self.output, self.output
        assert "[DEPRECATION WARNING]" not in self.output, self.output
        return self


@dataclass(frozen=True)
class RunningPlaybook:
    """A run under way, in a process group of its own."""

    process: subprocess.Popen[str]
    results_log: Path
    output_file: Path

    def results(self) -> tuple[TaskResult, ...]:
        """What the tasks said so far."""
        if not self.results_log.exists():
            return ()
        lines = self.results_log.read_text(encoding="utf-8").split("\n")[:-1]
        return tuple(TaskResult(**json.loads(line)) for line in lines)

    def wait(self) -> PlaybookRun:
        """The run after its end."""
        try:
            status = self.process.wait(LONGEST_RUN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        output = self.output_file.read_text(encoding="utf-8", errors="replace")
        return PlaybookRun(status, self.results(), output)


class PlaybookRunner:
    """Starts playbooks; everything they write goes below ``folder``.

    :param settings: variables of Ansible for all of them.
    :ivar temp: their TMPDIR, which must be empty in the end.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._settings = dict(settings or {})
        self.temp = folder / "tmp"
        self.started: list[RunningPlaybook] = []
        for made in (self.temp, folder / "home" / "remote"):
            made.mkdir(parents=True)

    def __call__(self, playbook: Playbook, *arguments: str, **options: Any) -> PlaybookRun:
        """Run to the end. Takes what :meth:`start` takes."""
        return self.start(playbook, *arguments, **options).wait()

    def start(
        self,
        playbook: Playbook,
        *arguments: str,
        variables: Mapping[str, Any] | None = None,
        simulator: SimulatorServer | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> RunningPlaybook:
        """Start ``ansible-playbook``.

        :param playbook: name in the collection, a file, or the plays themselves.
        :param arguments: of the command, such as ``--check``.
        :param variables: extra variables.
        :param simulator: sets THINGSPACE_* so that modules use it, and the variable ``control``.
        """
        number = len(self.started)
        told = dict(variables or {})
        if simulator is not None:
            told["control"] = simulator.control_url
        command = [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]
        command += ["--extra-vars", json.dumps(told), self._file(playbook, number)]
        results_log = self.folder / f"results-{number}.jsonl"
        output_file = self.folder / f"output-{number}.txt"
        with output_file.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment(simulator, results_log, environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        running = RunningPlaybook(process, results_log, output_file)
        self.started.append(running)
        return running

    def _file(self, playbook: Playbook, number: int) -> str:
        if isinstance(playbook, (str, Path)):
            return str(playbook)
        file = self.folder / f"playbook-{number}.yml"
        file.write_text(yaml.safe_dump(list(playbook), sort_keys=False), encoding="utf-8")
        return str(file)

    def environment(
        self,
        simulator: SimulatorServer | None,
        results_log: Path,
        environment: Mapping[str, str],
    ) -> dict[str, str]:
        """All variables of a run; ``environment`` is above the others."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
        chosen = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.temp),
            "ANSIBLE_HOME": str(self.folder / "home" / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(self.folder / "home" / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(self._tree),
            "ANSIBLE_ACTION_PLUGINS": str(PLUGINS / "action_plugins"),
            "ANSIBLE_CALLBACK_PLUGINS": str(PLUGINS / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "results_log",
            "ANSIBLE_CONNECTION_PLUGINS": str(PLUGINS / "connection_plugins"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "RESULTS_LOG": str(results_log),
        }
        if simulator is not None:
            chosen |= {
                "THINGSPACE_BASE_URL": simulator.url,
                "THINGSPACE_ACCOUNT": "0000123456-00001",
                "THINGSPACE_CLIENT_ID": "simulator-key",
                "THINGSPACE_CLIENT_SECRET": "simulator-secret",
                "THINGSPACE_USERNAME": "simulator-user",
                "THINGSPACE_PASSWORD": "simulator-password",
                "THINGSPACE_TOKEN_CACHE": str(self.folder / "tokens"),
            }
        return {**kept, **chosen, **self._settings, **environment}

    @cached_property
    def _tree(self) -> Path:
        """A collections path with a link to the checkout."""
        tree = self.folder / "collections"
        link = tree / "ansible_collections" / "thingspace" / "fota"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT, target_is_directory=True)
        return tree
