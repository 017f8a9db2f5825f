# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents say of messages, phases and options is what the code does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.module_utils._client import session
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    Problems,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.rollout_options import (
    ROLLOUT,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec_reader import (
    read_waves,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.rollout_device import (
    DeviceClass,
)
from ansible_collections.thingspace.fota.tests.tools.documents import GUIDES, ROOT, read_documents

# Messages of ansible-core, and those that the code puts together from parts.
OF_ANSIBLE = {
    "the playbook: thingspace.fota.rollout could not be found",
    "Failed to import the required Python library (...) on ...",
    "Completely failed to parse inventory source ...",
}
IN_PARTS = {
    "... is an Excel workbook (.xlsx) or another ZIP archive, not text. ...": (
        "an Excel workbook (.xlsx) or another ZIP archive",
        ", not text",
    ),
    "login not tried, because it was rejected at ... UTC: ...": (
        "login not tried, because",
        "it was rejected",
    ),
    "login rejected: ...": ("login ", "rejected"),
    "login reply not from the service: ...": ("login ", "reply not from the service"),
}
FOLDERS = ("module_utils", "module_utils/_plan/rollout", "plugin_utils")
SHORTEST = 8  # characters of a part that proves something


def guide(name: str) -> str:
    return (GUIDES / f"{name}.rst").read_text(encoding="utf-8")


MESSAGES = re.findall(r"^``(.+)``\n  \w", guide("troubleshooting_guide"), re.MULTILINE)


# -- messages -------------------------------------------------------------------------------------


def template_of(node: ast.AST) -> str:
    """The text of a string in the code, with ``\\0`` for each value in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template_of(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template_of(node.left) + template_of(node.right)
    return "\0"


@cache
def read_templates() -> tuple[str, ...]:
    """The texts of the plugins, the roles and the playbooks."""
    found: set[str] = set()
    for path in ROOT.glob("plugins/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp)):
                found.add(template_of(node))
    for pattern in ("roles/*/tasks/*.yml", "roles/*/vars/*.yml", "playbooks/**/*.yml"):
        for path in ROOT.glob(pattern):
            text = re.sub(r"\{\{.*?\}\}|' ~ \S+ ~ '", "\0", path.read_text(encoding="utf-8"))
            found.add(" ".join(text.split()))
    return tuple(template for template in found if len(template) >= SHORTEST)


def parts_of(message: str) -> list[str]:
    """The parts of a message between its dots, without punctuation at their ends."""
    parts = (part.strip(" .:;,()[]'") for part in re.split(r"\.{3,4}", message))
    return [part for part in parts if part]


def is_in_one_text(parts: list[str]) -> bool:
    """Whether all parts are in one text of the code, in this order."""
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    return any(map(pattern.search, read_templates()))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_troubleshooting_guide_is_one_of_the_code(message: str) -> None:
    if message in OF_ANSIBLE:
        return
    if message in IN_PARTS:
        assert all(is_in_one_text([part]) for part in IN_PARTS[message])
        return
    parts = parts_of(message)
    assert max(map(len, parts)) >= SHORTEST, "this would prove nothing"
    assert is_in_one_text(parts), parts


def test_the_troubleshooting_guide_has_messages() -> None:
    assert len(MESSAGES) == len(set(MESSAGES)) >= 50
    assert not is_in_one_text(["no selected device is in that group"])


# -- phases and outcomes --------------------------------------------------------------------------


def rows_of(text: str, columns: int) -> Iterator[tuple[str, ...]]:
    """The rows of the tables of a guide that begin with a literal."""
    for line in text.splitlines():
        cells = re.split(r" {2,}", line.strip(), maxsplit=columns - 1)
        if len(cells) == columns and re.fullmatch(r"``\w+``", cells[0]):
            yield (cells[0].strip("`"), *cells[1:])


def test_the_exit_code_of_every_phase() -> None:
    defaults = yaml.safe_load((ROOT / "roles/rollout/defaults/main.yml").read_text())
    table = {
        phase: int(code)
        for phase, code, _meaning in rows_of(guide("approving_guide"), 3)
        if code.isdigit()
    }
    failing = defaults["rollout_fail_on"]
    assert table == {phase.value: 2 if phase.value in failing else 0 for phase in Phase}


def test_every_outcome_of_a_device_is_explained() -> None:
    explained = [outcome for outcome, _meaning in rows_of(guide("glossary"), 2)]
    assert sorted(explained) == sorted(kind.value for kind in DeviceClass)


# -- defaults -------------------------------------------------------------------------------------


def test_the_defaults_of_gates() -> None:
    """The table of the planning guide, with a column for the first, second and later waves."""
    waves = [{"name": name, "count": 1} for name in "abc"] + [{"name": "d", "rest": True}]
    gates = [wave.gate for wave in read_waves(waves, "waves", Problems())]
    for key, *columns in rows_of(guide("planning_guide"), 5):
        for gate, text in zip(gates, columns[1:], strict=False):
            value = gate.soak.total_seconds() / 3600 if key == "soak_hours" else getattr(gate, key)
            shown = {"none": None, "true": True, "false": False}.get(text, text)
            assert value == (Fraction(text) if shown == text else shown), (key, text)


def test_the_defaults_beside_the_names_of_options() -> None:
    """Such as ``limits.max_creates`` (10)."""

    def walk(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, option in options.items():
            yield name, option.default
            yield from walk(getattr(option, "options", {}))

    defaults = dict(walk(ROLLOUT))
    found = [
        (name, number)
        for path in GUIDES.glob("*.rst")
        for name, number in re.findall(
            r"``(?:\w+\.)*(\w+)``\s+\((\d[\d.]*)\)", path.read_text(encoding="utf-8")
        )
        if name in defaults
    ]
    assert len(found) >= 5
    assert all(float(defaults[name]) == float(number) for name, number in found), found


# -- sentences ------------------------------------------------------------------------------------


def sentence(text: str, *paths: str) -> str:
    """A sentence of the documents, which must be there."""
    wanted = " ".join(text.split())
    for path in paths:
        if wanted in " ".join((ROOT / path).read_text(encoding="utf-8").split()):
            return wanted
    raise AssertionError(f"{wanted!r} is in none of {paths}")


def test_dates_of_version_1_cannot_change_but_exist() -> None:
    sentence(
        "they have no names, and their dates cannot change once they are scheduled",
        "docs/docsite/rst/planning_guide.rst",
    )
    plan = (ROOT / "plugins/module_utils/_plan/upgrade_plan.py").read_text(encoding="utf-8")
    assert "firmware and dates of an upgrade cannot change" in plan


def test_only_one_module_registers_a_callback_listener() -> None:
    sentence("``fota_callback`` registers callback listeners", "docs/docsite/rst/moving_guide.rst")
    sentence("registers a callback listener only with `fota_callback`", "SECURITY.md")
    for path in ROOT.glob("plugins/module_utils/_module/**/*.py"):
        registers = "register_listener" in path.read_text(encoding="utf-8")
        assert registers is (path.parts[-2:] == ("callbacks", "ensure.py")), path


def test_an_approval_does_not_fail_a_run() -> None:
    sentence(
        "exits with 0 if the rollout continues by itself, waits for an approval, is blocked or is over",
        "docs/docsite/rst/approving_guide.rst",
    )
    sentence("with 0 when it waits for an approval or is blocked", "README.md")


def test_rejected_logins_are_tried_twice() -> None:
    sentence(
        "The same credentials are tried once more after 15 minutes, and then not again",
        "docs/docsite/rst/accounts_guide.rst",
    )
    sentence("The same credentials are tried at most twice", "SECURITY.md")
    assert (session.REJECTION_SECONDS, session.MOST_REJECTIONS) == (15 * 60, 2)


def test_versions_that_readme_names() -> None:
    sentence("ansible-core 2.16 or newer, with Python 3.10 or newer", "README.md")
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"] == ">=2.16.0"
    libraries = (ROOT / "meta/ee-requirements.txt").read_text(encoding="utf-8")
    for name, version in re.findall(r"^([\w-]+)>=([\d.]+)$", libraries, re.MULTILINE):
        sentence(f"`{name}` ({version} or newer)", "README.md")
    sessions = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    tested = re.findall(r'"core-([\d.]+)": \("([\d.]+)"', sessions)
    sentence(
        "ansible-core 2.16, 2.19 and 2.21 on Python 3.11 and 3.12",
        "README.md",
    )
    assert [core for core, _python in tested] == ["2.16", "2.19", "2.21"]
    assert {python for _core, python in tested} == {"3.11", "3.12"}


def test_no_document_shows_what_was_renamed() -> None:
    for path in read_documents():
        assert "rollout_guide" not in path.read_text(encoding="utf-8"), path


def test_every_playbook_is_in_a_guide() -> None:
    guides = "".join(path.read_text(encoding="utf-8") for path in GUIDES.glob("*.rst"))
    for path in ROOT.glob("playbooks/*.yml"):
        assert f"thingspace.fota.{path.stem}" in guides, path.stem


def test_paths_that_documents_name_exist() -> None:
    """From the root of the collection, or of the folder of plugins that the text is about."""
    for name in ("README.md", "CONTRIBUTING.md"):
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
        for path in re.findall(r"`([\w.-]+/[\w./-]*)`", text):
            if not path.startswith((".cache/", "build/")):
                places = [ROOT, *(ROOT / "plugins" / folder for folder in FOLDERS)]
                assert any((place / path).exists() for place in places), (name, path)
