# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX starts them: ansible-runner with the environment and variables of a job template.

What AWX makes of a template, a survey, a credential and the artifacts of earlier jobs is known from its
source: a credential without a value sets an empty variable; answers to a survey, and below them the
defaults of its questions, are extra variables above those of the template; a workflow adds the
artifacts of the jobs before, and above them its own variables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from ansible_collections.thingspace.fota.plugins.plugin_utils._project import skeleton
from ansible_collections.thingspace.fota.tests.awx import objects
from ansible_collections.thingspace.fota.tests.playbooks.runner import DROPPED, ROOT

LONGEST_JOB = 1800  # seconds; only a job that hangs meets it


@dataclass(frozen=True)
class Job:
    """A job that has ended; ``artifacts`` are what it hands on."""

    status: int
    output: str = field(repr=False)
    artifacts: dict[str, Any] = field(repr=False)

    def succeeded(self) -> Job:
        assert self.status == 0, self.output
        return self

    def failed(self) -> Job:
        assert self.status != 0, self.output
        return self


class Awx:
    """Starts jobs of the templates in the data file, all with one project and inventory.

    :ivar project: the directory of the project.
    :ivar data_path: the directory that outlives jobs; empty if there is none.
    :ivar inputs: of the credential; an empty one is as one that is not given.
    """

    def __init__(self, folder: Path, python: str, inputs: dict[str, str]) -> None:
        self.project = folder / "project"
        skeleton.write(self.project, skeleton.compare(self.project))
        self.data_path = str(folder / "data")
        self._folder = folder
        self._python = python
        self.inputs = inputs
        self._started = 0
        link = folder / "collections/ansible_collections/thingspace/fota"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT, target_is_directory=True)

    def launch(
        self,
        template: str,
        inventory: Mapping[str, Any],
        answers: Mapping[str, Any] | None = None,
        *arguments: str,
        artifacts: Mapping[str, Any] | None = None,
        workflow: Mapping[str, Any] | None = None,
        named: str = "fota approve",
    ) -> Job:
        """Run a job to its end.

        :param answers: to the survey of the template.
        :param arguments: that AWX adds, such as a limit.
        :param artifacts: of the jobs before in the workflow.
        :param workflow: variables of the workflow; None without one.
        :param named: name of the workflow; for a slice, AWX makes one with the name of the template.
        """
        entry = objects.named("controller_templates", template)
        asked = objects.questions(entry)
        assert {*(answers or {})} <= {*asked}, "AWX refuses variables that the survey does not ask"
        defaults = {
            name: question["default"]
            for name, question in asked.items()
            if question.get("default") is not None and workflow is None
        }
        self._started += 1
        names = {"awx_job_id": self._started, "awx_job_template_name": template}
        if workflow is not None:
            names |= {"awx_workflow_job_id": 1, "awx_workflow_job_name": named}
        extra = {
            **entry["extra_vars"],
            **defaults,
            **(answers or {}),
            **(artifacts or {}),
            **(workflow or {}),
            **names,
        }
        if "declaration_data_path" in extra:
            extra["declaration_data_path"] = self.data_path
        return self._run(entry["playbook"], inventory, extra, arguments)

    def _run(
        self,
        playbook: str,
        inventory: Mapping[str, Any],
        extra: Mapping[str, Any],
        arguments: tuple[str, ...],
    ) -> Job:
        private = self._folder / f"job{self._started}"
        for name, content in {
            "env/extravars": extra,
            "env/envvars": self._environment(private),
            "env/settings": {"suppress_ansible_output": True},
            "inventory/hosts.json": inventory,
        }.items():
            (private / name).parent.mkdir(parents=True, exist_ok=True)
            (private / name).write_text(json.dumps(content), encoding="utf-8")
        (private / "project").symlink_to(self.project, target_is_directory=True)
        command = [self._python, "-m", "ansible_runner", "run", str(private)]
        command += ["--playbook", playbook, "--ident", "1", "--cmdline", " ".join(arguments)]
        kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        ended = subprocess.run(
            command if arguments else command[:-2],
            env={**kept, "PATH": path, "HOME": str(private), "TMPDIR": str(private)},
            capture_output=True,
            text=True,
            timeout=LONGEST_JOB,
            check=False,
        )
        kept_by_runner = private / "artifacts/1"
        assert (kept_by_runner / "stdout").exists(), ended.stdout + ended.stderr
        handed: dict[str, Any] = {}
        for event in sorted((kept_by_runner / "job_events").glob("*.json")):
            data = json.loads(event.read_text()).get("event_data", {})
            handed |= data.get("artifact_data", {})
        output = (kept_by_runner / "stdout").read_text(encoding="utf-8")
        return Job(int((kept_by_runner / "rc").read_text()), output, handed)

    def _environment(self, private: Path) -> dict[str, str]:
        """What the injectors of the credential type give, and what AWX sets itself."""
        type_ = objects.named("controller_credential_types", "ThingSpace FOTA")
        values = {
            entry["id"]: self.inputs.get(entry["id"], "") for entry in type_["inputs"]["fields"]
        }
        injected = {
            name: jinja2.Template(template).render(values)
            for name, template in type_["injectors"]["env"].items()
        }
        return {
            **injected,
            "ANSIBLE_COLLECTIONS_PATH": str(self._folder / "collections"),
            "ANSIBLE_HOME": str(private / "ansible"),
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_PIPELINING": "true",
        }
