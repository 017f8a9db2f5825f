# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rulebooks and credential types fit the sources, the playbooks and each other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.tools.update_event_schemas import SOURCES
from ansible_collections.thingspace.fota.tests.unit.events.test_arguments import OPTIONS

ROOT = Path(__file__).parents[3]
RULEBOOKS = sorted((ROOT / "extensions/eda/rulebooks").glob("*.yml"))
EVENTS = {
    word
    for kind in json.loads((SOURCES / "schemas/fota_event.json").read_text())["$defs"].values()
    for event in [kind.get("properties", {}).get("event", {})]
    for word in [*event.get("enum", []), *filter(None, [event.get("const")])]
}
OURS = "thingspace.fota."


def ruleset(path: Path) -> dict[str, Any]:
    (found,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    return dict(found)


def actions(rules: dict[str, Any]) -> list[dict[str, Any]]:
    """The playbooks that the rules run."""
    listed = [rule.get("actions") or [rule["action"]] for rule in rules["rules"]]
    return [action["run_playbook"] for some in listed for action in some]


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_rulebook_fits_its_source_and_its_playbooks(path: Path) -> None:
    rules = ruleset(path)
    # With another strategy, two runs could be under way at once; with other hosts, a limit is set.
    assert (rules["execution_strategy"], rules["hosts"]) == ("sequential", "all")
    for source in rules["sources"]:
        (name,) = (key for key in source if key != "name")
        if name.startswith(OURS):
            assert set(source[name]) <= set(OPTIONS[name.removeprefix(OURS)])
    for rule in rules["rules"]:
        assert set(re.findall(r'fota\.event == "(\w+)"', rule["condition"])) <= EVENTS
    for playbook in actions(rules):
        file = ROOT / f"playbooks/{playbook['name'].removeprefix(OURS)}.yml"
        comment = file.read_text(encoding="utf-8").partition("\n- name")[0]
        assert all(f"# {name} " in comment for name in playbook["extra_vars"])


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_the_comment_of_a_rulebook_has_its_variables(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    comment = text.partition("\n- name")[0]
    assert f"ansible-rulebook -r {OURS}{path.stem} -i inventory --vars vars.yml" in comment
    for name in set(re.findall(r"\{\{ (\w+)", text)) - {"event"}:
        stem = name.partition("_")[0]
        assert re.search(rf"^# ({name}|{stem}_\*) ", comment, re.MULTILINE), name


@pytest.mark.parametrize("path", sorted(SOURCES.glob("credential_types/*")), ids=lambda p: p.name)
def test_a_credential_type_injects_its_inputs(path: Path) -> None:
    inputs = yaml.safe_load((path / "input.yml").read_text())
    injectors = yaml.safe_load((path / "injectors.yml").read_text())
    ids = {field["id"] for field in inputs["fields"]}
    used = set(re.findall(r"\{\{ (\w+)", (path / "injectors.yml").read_text()))
    assert (set(inputs["required"]) <= ids, used) == (True, ids)
    secret = {field["id"] for field in inputs["fields"] if field.get("secret")}
    options = OPTIONS["fota_campaigns"] | OPTIONS["fota_callbacks"]
    option_of = {"callback_path": "path"}
    assert secret == {id_ for id_ in ids if options[option_of.get(id_, id_)].get("no_log")}
    for variable in injectors.get("env", {}):
        assert variable.removeprefix("THINGSPACE_").lower() in OPTIONS["fota_campaigns"]
    for variable in injectors.get("extra_vars", {}):
        assert variable in (RULEBOOKS[0].parent / "rollout_by_callback.yml").read_text()
