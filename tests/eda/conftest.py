# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixture ``run_rulebook``: starts real ``ansible-rulebook`` processes, as an operator does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import simulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner

__all__ = ["simulator"]

pytest.importorskip("ansible_rulebook", reason="ansible-rulebook is not installed")

ROOT = Path(__file__).parents[2]
RULEBOOKS = ROOT / "extensions/eda/rulebooks"
LONGEST = 300  # seconds; only what hangs meets it
SECRETS = {"simulator-secret", "simulator-password"}


@pytest.fixture(scope="session")
def java_home() -> str:
    """The folder of Java, which runs the rules."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    command = [java or "false", "-version"]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', output)
    if java is None or found is None or int(found[1]) < 17:
        pytest.skip("no Java 17: install it, or name its folder by JAVA_HOME")
    return str(Path(java).resolve().parents[1])


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Rulebook:
    """An ``ansible-rulebook`` under way, with what its playbooks have logged."""

    def __init__(self, process: subprocess.Popen[str], output: Path, log: Path) -> None:
        self.process = process
        self._output, self._log = output, log

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """What the playbooks have logged, in the order in which it happened."""
        text = self._log.read_text() if self._log.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def begun(self, ruleset: str = "") -> list[dict[str, Any]]:
        """The events of playbooks that have begun, of one ruleset or of all."""
        return [
            line["event"]
            for line in self.lines()
            if line["what"] == "begin" and line["ruleset"].startswith(ruleset)
        ]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, while the process runs."""
        end = time.monotonic() + LONGEST
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.1)

    def until_idle(self) -> None:
        """Wait until every playbook that has begun has ended."""
        self.until(lambda: bool(self.lines()) and not self.running())

    def running(self) -> int:
        """Number of playbooks that have begun and not ended."""
        words = [line["what"] for line in self.lines()]
        return words.count("begin") - words.count("end")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class RunRulebook:
    """Starts ``ansible-rulebook``; everything is below ``folder``."""

    def __init__(self, folder: Path, java_home: str) -> None:
        self.folder = folder
        self.java_home = java_home
        self.started: list[Rulebook] = []
        self._playbooks = PlaybookRunner(folder / "ansible")

    def __call__(
        self,
        names: list[str],
        variables: Mapping[str, Any],
        inventory: Mapping[str, Any],
        sim: SimulatorServer,
    ) -> Rulebook:
        """Start some rulebooks of the collection in one process."""
        rulesets = [
            ruleset
            for name in names
            for ruleset in yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
        ]
        files = {"rulebook": rulesets, "vars": variables, "inventory": inventory}
        for name, data in files.items():
            text = yaml.safe_dump(data, sort_keys=False)
            (self.folder / f"{name}.yml").write_text(text, encoding="utf-8")
        log = self.folder / "runs.jsonl"
        environment = self._playbooks.environment(sim, self.folder / "unused", {})
        for setting in ("ANSIBLE_ACTION_PLUGINS", "ANSIBLE_CONNECTION_PLUGINS"):
            del environment[setting]
        environment |= {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/eda/callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "run_log",
            "JAVA_HOME": self.java_home,
            "RUN_LOG": str(log),
        }
        output = self.folder / "output.txt"
        with output.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [
                    str(Path(sys.executable).parent / "ansible-rulebook"),
                    *("--rulebook", "rulebook.yml", "--vars", "vars.yml"),
                    *("--inventory", "inventory.yml"),
                ],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.started.append(Rulebook(process, output, log))
        return self.started[-1]


@pytest.fixture
def run_rulebook(tmp_path: Path, java_home: str) -> Iterator[RunRulebook]:
    runner = RunRulebook(tmp_path, java_home)
    yield runner
    for rulebook in runner.started:
        rulebook.stop()
