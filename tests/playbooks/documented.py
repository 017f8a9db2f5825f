# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands and plays of README and guides the tests run, and in which terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.thingspace.fota.tests.tools.documents import Block, read_blocks

# Documents whose commands are run in their order, each in a terminal of its own.
STORIES = (
    *("quickstart_guide", "accounts_guide", "inventory_guide", "planning_guide"),
    *("approving_guide", "schedules_guide", "rehearsal_guide", "simulator_guide", "moving_guide"),
    *("report_guide", "evidence_guide", "deadlines_guide"),
)
GALAXY = "there is no Galaxy here; the session `installed` builds, installs and runs the artifact"
NOT_RUN = {
    "ansible-playbook thingspace.fota.awx_project -e awx_project_path=rollouts": "by tests/awx",
    "ansible-playbook thingspace.fota.awx_setup -e @awx_objects.yml": "there is no AWX here",
    "cd rollouts": "tests/awx has a project",
    "export CONTROLLER_HOST=https://awx.example.com CONTROLLER_OAUTH_TOKEN=...": "no AWX is here",
    "ansible-galaxy collection install thingspace.fota": GALAXY,
    "ansible-galaxy collection install thingspace.fota awx.awx": GALAXY,
    "pip install requests python-dateutil": "the venv of the tests has them",
    "export THINGSPACE_ACCOUNT=0000123456-00001"
    " THINGSPACE_CLIENT_ID=... THINGSPACE_CLIENT_SECRET=...": "credentials of a real account",
    "export THINGSPACE_USERNAME=... THINGSPACE_PASSWORD=...": "credentials of a real account",
    "ansible-playbook thingspace.fota.demo -e demo_report=.": "test_playbook_demo runs it, once",
    "cd ~/.ansible/collections/ansible_collections/thingspace/fota": "the tests are elsewhere",
    "git clone https://github.com/thingspace/fota.git thingspace-fota": "there is no network",
    "cd thingspace-fota": "that checkout is this one",
    "ansible-galaxy collection install .": GALAXY,
    "make demo": "test_playbook_demo runs the same playbook",
    "sudo systemctl enable --now meters-rollout.timer": "changes the machine",
    "pip install ansible-core ansible-rulebook requests python-dateutil": "the session `eda` has one",
    "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=127.0.0.1"
    " -keyout callbacks.key -out callbacks.crt": "tests/eda makes one with a library",
    'ansible localhost -m thingspace.fota.fota_callback -a "api_version=v3'
    ' url=https://127.0.0.1:9001/bN3Vq8xW2kTfLzR7mYcD5sHgJ9pAeU4o1XiQ"': "by tests/eda",
    **{
        f"ansible-rulebook -r thingspace.fota.{name} -i inventory --vars vars.yml": "by tests/eda"
        for name in ("rollout_by_poll", "rollout_by_callback", "watch_account", "warn_of_deadline")
    },
    "export FOTA_RELAY_PATH=... FOTA_RELAY_SECRET=...": "tests of the relay set them",
    "python ~/.ansible/collections/ansible_collections/thingspace/fota/plugins/plugin_utils/_events"
    " relay.yml": "by the tests of the relay",
    "export THINGSPACE_RECORD=~/fota-recording.jsonl": "tests of recordings set it",
    "ansible-playbook thingspace.fota.rollout -e @meters.yml --check": "test_check_mode runs it",
    'grep -i -c "my company" ~/fota-recording.jsonl': "there is no such recording",
    **{
        f"python plugins/plugin_utils/_simulator replay ~/fota-recording.jsonl --{option}": "by the"
        " tests of the simulator"
        for option in ("report", "port 43122")
    },
    "journalctl -u meters-rollout.service -n 50": "there is no such service",
}


def is_play(data: Any) -> bool:
    """Whether YAML is a list of plays."""
    return isinstance(data, list) and all("hosts" in entry for entry in data)


def is_tasks(data: Any) -> bool:
    """Whether YAML is a list of tasks, or of imported playbooks."""
    return isinstance(data, list) and all("name" in entry for entry in data) and not is_play(data)


def load(block: Block) -> Any:
    """The data of a block of YAML; None for another language."""
    return yaml.safe_load(block.text) if block.language.startswith("yaml") else None


def files_of(document: str) -> dict[str, str]:
    """The files that a document shows, by their paths."""
    named = (block for block in read_blocks() if Path(block.file).stem == document)
    return {block.name: block.text for block in named if block.name}


class Terminal:
    """A shell that stays open, so that directories and variables stay as they are."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.started: list[subprocess.Popen[str]] = []
        self._folder = folder
        self._environment = dict(environment)
        self._shell = self._start(["bash"], stdin=subprocess.PIPE)

    def run(self, command: str) -> tuple[int, str]:
        """Run a command to its end; its exit code and what it printed."""
        shell = self._shell
        assert shell.stdin and shell.stdout
        end = "printf '\\n%s:end of the command\\n' $?"
        shell.stdin.write(f"{{ {command}\n}} </dev/null\n{end}\n")
        shell.stdin.flush()
        printed: list[str] = []
        for line in shell.stdout:
            if line.endswith(":end of the command\n"):
                return int(line.partition(":")[0]), "".join(printed)
            printed.append(line)
        raise AssertionError("the shell has ended: " + "".join(printed))

    def start(self, command: str, folder: Path) -> str:
        """Start a command in another directory; the first line that it prints."""
        process = self._start(["bash", "-c", f"exec {command}"], cwd=folder)
        assert process.stdout
        return process.stdout.readline()

    def close(self) -> None:
        """End what was started."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=30)

    def _start(self, command: list[str], **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **{"cwd": self._folder, **options},
        )
        self.started.append(process)
        return process
