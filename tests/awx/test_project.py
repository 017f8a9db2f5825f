# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project: written once, updated where it was not edited, and never over an edit."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._project.skeleton import (
    RECORD,
    ProjectError,
    State,
    compare,
    fingerprint,
    read_record,
    skeleton,
    write,
)
from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT, PlaybookRunner
from ansible_collections.thingspace.fota.tests.tools.update_rollout_schema import SCHEMA


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write(folder, compare(folder))
    return folder


def states(folder: Path, *taken: str) -> dict[str, State]:
    """The files that are not the same as the newest."""
    return {
        file.path: file.state for file in compare(folder, taken) if file.state is not State.SAME
    }


def have_written(folder: Path, path: str, content: str) -> None:
    """Let the record say that this was written."""
    record = {"files": {**read_record(folder), path: fingerprint(content)}}
    (folder / RECORD).write_text(json.dumps(record))


def test_a_new_project_has_all_files_and_needs_no_more(project: Path) -> None:
    written = {str(file.relative_to(project)) for file in project.rglob("*") if file.is_file()}
    assert written == {*skeleton(), RECORD}
    assert written >= {".gitignore", "ansible.cfg", "README.md", "collections/requirements.yml"}
    assert states(project) == {}
    before = (project / RECORD).stat().st_mtime_ns
    write(project, compare(project))
    assert (project / RECORD).stat().st_mtime_ns == before


def test_an_edit_stays_and_is_no_news_while_there_is_no_newer_version(project: Path) -> None:
    (project / "run.yml").write_text("mine")
    (project / "audit.yml").unlink()
    assert states(project) == {"run.yml": State.EDITED, "audit.yml": State.EDITED}
    write(project, compare(project))
    assert (project / "run.yml").read_text() == "mine"
    assert not (project / "audit.yml").exists()


def test_a_file_that_was_not_edited_is_updated(project: Path) -> None:
    (project / "run.yml").write_text("older")
    have_written(project, "run.yml", "older")
    assert states(project) == {"run.yml": State.UPDATED}
    write(project, compare(project))
    assert states(project) == {}


def test_the_newer_version_of_an_edit_is_shown_until_it_is_taken(project: Path) -> None:
    (project / "run.yml").write_text("mine\n")
    have_written(project, "run.yml", "older")
    for _run in range(2):
        assert states(project) == {"run.yml": State.OUTDATED}
        (file,) = (file for file in compare(project) if file.path == "run.yml")
        assert file.diff()[:2] == ["--- run.yml (yours)", "+++ run.yml (new)"]
        assert {"-mine", "+---"} <= {*file.diff()}
        write(project, compare(project))
    assert states(project, "run.yml") == {"run.yml": State.EDITED}
    write(project, compare(project, ["run.yml"]))
    assert states(project) == {"run.yml": State.EDITED}
    assert (project / "run.yml").read_text() == "mine\n"


def test_files_of_a_directory_without_a_record_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run.yml").write_text("mine")
    assert states(tmp_path)["run.yml"] is State.OUTDATED
    write(tmp_path, compare(tmp_path))
    assert (tmp_path / "run.yml").read_text() == "mine"


@pytest.mark.parametrize("link", ["run.yml", "declarations", RECORD])
def test_nothing_is_written_through_a_link_out_of_the_project(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / link).symlink_to(elsewhere)
    with pytest.raises(ProjectError, match="is a symbolic link out of the project"):
        write(tmp_path / "project", compare(tmp_path / "project"))
    assert not elsewhere.exists()


def test_a_project_may_be_a_link_but_not_in_the_collection(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", compare(tmp_path / "link"))
    assert states(tmp_path / "real") == {}
    for folder in (ROOT, ROOT / "docs", tmp_path / "real/run.yml"):
        with pytest.raises(ProjectError, match=r"is in the collection|cannot be read"):
            compare(folder)


@pytest.mark.parametrize("content", ["", "[]", '{"files": 1}', b"\xff"])
def test_a_broken_record_is_an_error(project: Path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (project / RECORD).write_bytes(data)
    with pytest.raises(ProjectError, match=RECORD):
        compare(project)


def test_the_example_is_a_declaration(project: Path) -> None:
    file = project / "declarations/example.yml"
    first = file.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=rollout.schema.json"
    assert (project / "declarations/rollout.schema.json").read_text() == SCHEMA.read_text()
    declared = _plain(yaml.safe_load(file.read_text()))
    jsonschema.validate(declared, json.loads(SCHEMA.read_text()), cls=jsonschema.Draft7Validator)


def _plain(value: Any) -> Any:
    """Dates as text, as editors read YAML."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    return value.isoformat() if isinstance(value, date) else value


def test_the_requirements_are_met_by_this_collection() -> None:
    (entry,) = yaml.safe_load(skeleton()["collections/requirements.yml"])["collections"]
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert entry["name"] == f"{galaxy['namespace']}.{galaxy['name']}"


def test_the_playbook_writes_a_project_that_ansible_can_read(
    run_playbook: PlaybookRunner, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    variables = {"awx_project_path": str(folder)}
    playbook = "thingspace.fota.awx_project"
    check = run_playbook(playbook, "--check", variables=variables).succeeded()
    assert check.changed == ["Write the project"]
    assert not folder.exists()
    folder.mkdir()
    (folder / "run.yml").write_text("- hosts: localhost\n")
    have_written(folder, "run.yml", "older")
    twice = run_playbook([{"import_playbook": playbook}] * 2, variables=variables).succeeded()
    assert [task.changed for task in twice.all("Write the project")] == [True, False]
    assert twice.output.count("+++ run.yml (new)") == 2
    jobs = [path for path, text in skeleton().items() if "import_playbook" in text]
    plays = [{"import_playbook": str(folder / path)} for path in jobs]
    run_playbook(plays, "--syntax-check").succeeded()


STUB = """
import json
from ansible.module_utils.basic import AnsibleModule
spec = json.loads({spec!r})
module = AnsibleModule(spec, supports_check_mode=True)
given = {{key: value for key, value in module.params.items() if value is not None}}
if {name!r} == "job_template" and module.check_mode:
    module.fail_json(msg="Request to projects returned 0 items, expected 1")
if {name!r} == "job_template" and "project_update" not in open({log!r}).read():
    module.fail_json(msg="Unable to create it: {{'playbook': ['Playbook not found for project.']}}")
with open({log!r}, "a") as file:
    file.write(json.dumps([{name!r}, given]) + chr(10))
module.exit_json(changed={name!r} != "credential_type")
"""


def test_the_set_up_calls_the_modules(run_playbook: PlaybookRunner, tmp_path: Path) -> None:
    """Modules with the argument specs of awx.awx stand in for it, and write down their calls."""
    objects = {
        "controller_credential_types": [
            {"name": "type", "kind": "cloud", "injectors": {"env": {"A": "{  { account }}"}}}
        ],
        "controller_templates": [
            {"name": "fota run", "project": "rollouts", "playbook": "run.yml"}
        ],
    }
    setup = "thingspace.fota.awx_setup"
    missing = run_playbook(setup, variables=objects)
    assert missing.status == 2
    assert "ansible-galaxy collection install awx.awx" in missing["Create the objects"]["msg"]
    log = _install_stubs(run_playbook.folder / "collections", tmp_path / "calls")
    check = run_playbook(setup, "--check", variables=objects).succeeded()
    assert check["Create the objects"]["objects"] == ["job_template fota run"]
    log.unlink()
    hosts = tmp_path / "hosts"
    hosts.write_text("localhost ansible_python_interpreter=/bin/false\n")
    run = run_playbook(setup, "-i", str(hosts), variables=objects).succeeded()
    assert "job_template fota run: changed" in run.output
    called = [json.loads(line) for line in log.read_text().splitlines()]
    assert [name for name, _args in called] == [
        "credential_type",
        *("project_update", "job_template"),  # the project in AWX was older than in Git
    ]
    assert called[0][1]["injectors"] == {"env": {"A": "{{ account }}"}}


def _install_stubs(collections: Path, log: Path) -> Path:
    arguments = json.loads((Path(__file__).parent / "awx_arguments.json").read_text())
    folder = collections / "ansible_collections/awx/awx/plugins/modules"
    folder.mkdir(parents=True)
    for name in ("credential_type", "project_update", "job_template"):
        spec = json.dumps({**arguments["connection"], **arguments[name]})
        (folder / f"{name}.py").write_text(STUB.format(spec=spec, name=name, log=str(log)))
    return log
