# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of code of the documents is checked here, or run by ``test_documents``."""

from __future__ import annotations

import configparser
import csv
import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from datetime import date
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.inventory import fota_devices
from ansible_collections.thingspace.fota.plugins.plugin_utils._events.arguments import (
    RELAY_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.playbooks import documented
from ansible_collections.thingspace.fota.tests.tools.documents import ROOT, Block, read_blocks
from ansible_collections.thingspace.fota.tests.tools.update_rollout_schema import SCHEMA

BLOCKS = read_blocks()
VARIABLES: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
SPEC: dict[str, Any] = VARIABLES["properties"]["rollout_spec"]
OF_PLAYBOOKS = {
    name
    for path in ROOT.glob("playbooks/*.yml")
    for name in re.findall(rf"- ({path.stem}_\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
}
RULEBOOKS = [path.read_text(encoding="utf-8") for path in ROOT.glob("extensions/eda/rulebooks/*")]
OF_RULEBOOKS = {name for text in RULEBOOKS for name in re.findall(r"\{\{ (\w+)", text)}


def plain(value: Any) -> Any:
    """Dates as text, as editors read YAML."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def find_by_name(name: str) -> Block:
    (found,) = (block for block in BLOCKS if block.name == name)
    return found


def check_yaml(block: Block) -> str:
    """How a block of YAML is checked; empty if in no way."""
    data = plain(documented.load(block))
    if documented.is_play(data) or documented.is_tasks(data):
        return "run by test_documents"
    if set(data) <= {"approved", "accept"}:
        data = {f"rollout_{key}": value for key, value in data.items()}
    if set(data) <= {*VARIABLES["properties"], "report_lines"}:
        jsonschema.validate(data, VARIABLES, cls=jsonschema.Draft7Validator)
        return "by the schema"
    if set(data) <= OF_PLAYBOOKS:
        return "by the names of variables"
    if set(data) <= OF_RULEBOOKS:
        return "by the names of variables"
    if "forward_url" in data:
        assert set(data) <= set(RELAY_OPTIONS)
        return "by the options of the relay"
    if set(data) == {"campaign"}:
        return "run by test_documents"
    if "plugin" in data:
        options = yaml.safe_load(fota_devices.DOCUMENTATION)["options"]
        assert data["plugin"] in options["plugin"]["choices"]
        assert set(data) <= set(options)
        return "by the options of the plugin"
    if all(isinstance(group, Mapping) and "hosts" in group for group in data.values()):
        hosts = [host for group in data.values() for host in group["hosts"].values() if host]
        assert all(is_imei(host["imei"]) for host in hosts)
        return "by its IMEIs"
    return ""


def is_imei(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{15}", value) is not None


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language.startswith("yaml")], ids=str
)
def test_every_block_of_yaml_is_checked(block: Block) -> None:
    assert check_yaml(block), block.text


def test_every_command_is_run_or_has_a_reason() -> None:
    by_stories = {
        " ".join(shlex.split(command))
        for story in documented.STORIES
        for block in BLOCKS
        if block.file.endswith(f"/{story}.rst")
        for command in block.commands
    }
    known = by_stories | {
        " ".join(shlex.split(command, comments=True)) for command in documented.NOT_RUN
    }
    every = {
        " ".join(shlex.split(command, comments=True)): str(block)
        for block in BLOCKS
        for command in block.commands
    }
    assert {command: at for command, at in every.items() if command not in known} == {}
    assert set(documented.NOT_RUN) <= {command for block in BLOCKS for command in block.commands}


def test_blocks_are_of_known_languages() -> None:
    """Blocks without a language, or with another one, would pass unchecked."""
    known = {"console", "yaml", "yaml+jinja", "json", "ini", "sh", "text", "bash", "python"}
    assert {block.language for block in BLOCKS} <= known
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/docsite/rst/*")):
        text = path.read_text(encoding="utf-8")
        fences = len(re.findall(r"^```\w", text, re.MULTILINE)) + text.count(".. code-block::")
        assert fences == sum(ROOT / block.file == path for block in BLOCKS), path.name
        assert not re.search(r"^[^.\n]*\w::\n\n ", text, re.MULTILINE), (
            f"{path.name}: a literal block"
        )


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "json"], ids=str)
def test_the_simulator_takes_json(block: Block) -> None:
    """Outcomes of a fleet, and rules of faults."""
    data = json.loads(block.text)
    fleet = {"accounts": [{"name": "0000123456-00001", "devices": []}]}
    if isinstance(data, list):
        SimulatorServer(fleet, faults=data)
    else:
        SimulatorServer({**fleet, **data})


def test_scripts_are_shell() -> None:
    for block in BLOCKS:
        if block.language in ("sh", "bash"):
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


def test_the_crontab_runs_the_script() -> None:
    crontab = find_by_name("/etc/cron.d/meters").text
    (line,) = (line for line in crontab.splitlines() if re.match(r"[\d*]", line))
    fields = line.split()
    assert len(fields) == 7
    assert all(re.fullmatch(r"\*|\d+", field) for field in fields[:5])
    assert fields[6] == find_by_name("/srv/meters/run.sh").name


def test_the_units_of_systemd_make_a_run() -> None:
    units = {}
    for kind in ("service", "timer"):
        units[kind] = configparser.ConfigParser(interpolation=None)
        units[kind].optionxform = str  # type: ignore[assignment, method-assign]
        units[kind].read_string(find_by_name(f"/etc/systemd/system/meters-rollout.{kind}").text)
    service, timer = units["service"]["Service"], units["timer"]["Timer"]
    script = find_by_name("/srv/meters/run.sh")
    command = service["ExecStart"].removeprefix("/usr/bin/")
    assert f"\n{command} >run.log" in script.text
    folder, _slash, _name = script.name.rpartition("/")
    assert service["WorkingDirectory"] == folder
    assert service["EnvironmentFile"] == f"{folder}/thingspace.env"
    assert service["Type"] == "oneshot"
    assert timer["OnCalendar"] == "hourly"


def test_the_file_of_devices_has_the_columns_that_are_described() -> None:
    (block,) = (block for block in BLOCKS if block.text.startswith("IMEI;"))
    rows = list(csv.DictReader(block.text.splitlines(), delimiter=";"))
    assert [sorted(row) for row in rows] == [["IMEI", "groups", "region"]] * len(rows)
    assert all(is_imei(row["IMEI"]) for row in rows)
