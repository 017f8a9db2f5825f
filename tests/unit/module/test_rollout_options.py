# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One spec of a rollout for modules, documents, the role and the schema that editors use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import jsonschema
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.thingspace.fota.plugins.doc_fragments import rollout as fragment
from ansible_collections.thingspace.fota.plugins.module_utils._module import run
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    ROLLOUT_OPTIONS,
    _find_zone,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.wait.wait import (
    WAIT_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.rollout_options import (
    ROLLOUT,
    argument_spec,
)
from ansible_collections.thingspace.fota.plugins.modules import fota_rollout_info, fota_wait
from ansible_collections.thingspace.fota.tests.tools import update_rollout_schema as update
from ansible_collections.thingspace.fota.tests.tools.documents import read_blocks

SCHEMA = json.loads(update.SCHEMA.read_text(encoding="utf-8"))
BESIDE_THE_SPEC = ("description", "version_added")


def as_spec(options: Mapping[str, Any]) -> dict[str, Any]:
    """Documented options as an argument spec."""
    return {
        name: {
            "options" if key in ("suboptions", "options") else key: as_spec(value)
            if key in ("suboptions", "options")
            else value
            for key, value in option.items()
            if key not in BESIDE_THE_SPEC
        }
        for name, option in options.items()
    }


# -- one spec


def test_the_documentation_is_the_spec() -> None:
    documented = yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"]["rollout"]
    assert as_spec(documented["suboptions"]) == argument_spec()
    for module, options in ((fota_rollout_info, ROLLOUT_OPTIONS), (fota_wait, WAIT_MODULE_OPTIONS)):
        document = yaml.safe_load(module.DOCUMENTATION)
        assert "thingspace.fota.rollout" in document["extends_documentation_fragment"]
        assert not {"suboptions", "type"} & document["options"]["rollout"].keys()
        assert options["rollout"]["options"] == argument_spec()
        assert options["rollout"]["type"] == documented["type"] == "dict"
        required = document["options"]["rollout"].get("required", False)
        assert options["rollout"]["required"] is required
        assert options["last_run"]["aliases"] == document["options"]["last_run"]["aliases"]


def test_the_role_has_the_same_options() -> None:
    """All but aliases, of which ansible-lint knows none in a role."""

    def without_aliases(options: dict[str, Any]) -> dict[str, Any]:
        for option in options.values():
            option.pop("aliases", None)
            without_aliases(option.get("options", {}))
        return options

    role = yaml.safe_load(update.ROLE.read_text(encoding="utf-8"))["argument_specs"]["main"]
    documented = role["options"]["rollout_spec"]["options"]
    assert as_spec(documented) == without_aliases(argument_spec())


def test_what_is_generated_is_current() -> None:
    current = update.ROLE.read_text(encoding="utf-8")
    assert update.render_role(current) == current
    assert update.render_schema() == update.SCHEMA.read_text(encoding="utf-8")


def test_every_default_is_a_value_that_is_read_as_itself() -> None:
    def walk(options: Mapping[str, Any]) -> Iterator[Any]:
        for option in options.values():
            yield option
            yield from walk(getattr(option, "options", {}))

    given = [option for option in walk(ROLLOUT) if option.default is not None]
    assert len(given) > 15
    assert all(option.convert(option.default) == option.default for option in given)


# -- what Ansible checks of it


def test_the_role_leaves_the_declaration_to_the_module() -> None:
    """A wrong key must keep nobody from a halt, and is reported in the words of the module."""
    role = yaml.safe_load(update.ROLE.read_text(encoding="utf-8"))["argument_specs"]["main"]
    validator = ArgumentSpecValidator(role["options"])
    for spec in ({"nmae": 1, "waves": [{"cuont": 1}]}, {"calendar": {"freeze": date(2026, 1, 1)}}):
        assert validator.validate({"rollout_spec": spec}).error_messages == []
    assert validator.validate({}).error_messages == ["missing required arguments: rollout_spec"]


def test_modules_leave_the_declaration_as_it_was_given() -> None:
    spec = run._without_suboptions(ROLLOUT_OPTIONS)
    raw = {"nmae": 1, "target": [{"version": 1.10}], "gate": {"max_failure_rate": "1/3"}}
    validated = ArgumentSpecValidator(spec).validate({"rollout": raw, "last_tick": {}})
    assert validated.error_messages == []
    assert validated.validated_parameters["rollout"] == raw
    assert validated.validated_parameters["last_run"] == {}
    assert {**spec, "rollout": None} == {**ROLLOUT_OPTIONS, "rollout": None}


# -- the schema


def plain(value: Any) -> Any:
    """Dates as text, as editors read YAML."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def find_variables(node: Any) -> Iterator[dict[str, Any]]:
    """The variables of every declaration in YAML: of a file, of a play, or of a task of a module."""
    if isinstance(node, list):
        for entry in node:
            yield from find_variables(entry)
    elif isinstance(node, dict):
        if "rollout_spec" in node:
            yield {key: value for key, value in node.items() if key in SCHEMA["properties"]}
        for key, value in node.items():
            if (
                key.startswith("thingspace.fota.")
                and isinstance(value, dict)
                and "rollout" in value
            ):
                yield {"rollout_spec": value["rollout"]}
            yield from find_variables(value)


def read_examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every declaration of README, guides, roles and modules, with the file that it is in."""
    for block in read_blocks():
        if block.language.startswith("yaml"):
            found = find_variables(yaml.safe_load(block.text))
            yield from ((block.file, variables) for variables in found)
    for module in (fota_rollout_info, fota_wait):
        found = find_variables(yaml.safe_load(module.EXAMPLES))
        yield from ((module.__name__.rpartition(".")[2], variables) for variables in found)


EXAMPLES = list(read_examples())


def test_the_schema_is_one_and_examples_were_found() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert {name for name, _variables in EXAMPLES} >= {
        "README.md",
        "docs/docsite/rst/planning_guide.rst",
        "fota_rollout_info",
        "fota_wait",
    }


@pytest.mark.parametrize(("name", "variables"), EXAMPLES)
def test_an_example_fits_the_schema(name: str, variables: dict[str, Any]) -> None:
    jsonschema.validate(plain(variables), SCHEMA, cls=jsonschema.Draft7Validator)


SPEC = {
    "name": "meters",
    "target": [{"make": "Maker", "model": "M1", "version": "B"}],
    "waves": [{"name": "pilot", "count": 5}, {"name": "all", "rest": True}],
}


@pytest.mark.parametrize(
    "variables",
    [
        {"rollout_spec": SPEC},
        {"rollout_spec": "{{ spec }}", "rollout_wait": "{{ wait }}", "anything": 1},
        {"rollout_spec": {**SPEC, "devices": "{{ query('thingspace.fota.fota_hosts', 'all') }}"}},
        {"rollout_spec": {**SPEC, "devices": ["358000000000016", 358000000000024]}},
        {"rollout_spec": {**SPEC, "devices": [{"imei": "358000000000016", "region": "north"}]}},
        {"rollout_spec": {**SPEC, "gate": {"max_failures": None, "max_failure_rate": "1/3"}}},
        {"rollout_spec": {**SPEC, "gate": {"max_failed_lane_share": 0.5}}},
        {
            "rollout_hosts": "meters:!lab",
            "report_path": "report.json",
            "fota_connection": {"timeout": 9},
        },
    ],
)
def test_the_schema_takes(variables: dict[str, Any]) -> None:
    jsonschema.validate(variables, SCHEMA, cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    "variables",
    [
        {"rollout_hots": "meters"},
        {"rollout_state": "stopped"},
        {"fota_connection": {"time_out": 9}},
        {"rollout_spec": {**SPEC, "wave": []}},
        {"rollout_spec": {**SPEC, "name": "Meters!"}},
        {"rollout_spec": {**SPEC, "target": []}},
        {"rollout_spec": {**SPEC, "target": [{"make": "M", "model": "x", "version": 1.1}]}},
        {"rollout_spec": {**SPEC, "waves": [{"name": "a"}]}},
        {"rollout_spec": {**SPEC, "waves": [{"name": "a", "count": 1, "rest": True}]}},
        {"rollout_spec": {**SPEC, "waves": [{"name": "a", "count": 0}]}},
        {"rollout_spec": {**SPEC, "gate": {"min_coverage": 80}}},
        {"rollout_spec": {**SPEC, "calendar": {"windows": 22}}},
        {"rollout_spec": {**SPEC, "devices": ["12"]}},
        {"rollout_spec": {key: value for key, value in SPEC.items() if key != "name"}},
    ],
)
def test_the_schema_refuses(variables: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(variables, SCHEMA, cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "Factory", "EST", "posix/Europe/Paris", "right/UTC", "GMT"]
)
def test_zones_that_depend_on_the_machine_are_unknown(zone: str) -> None:
    """A zone is named in one place only: the calendar, and devices that override it."""
    assert _find_zone(zone) is None


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/UTC", "Etc/GMT+5", "US/Central", "America/Port-au-Prince"]
)
def test_zones_of_places_are_known(zone: str) -> None:
    assert _find_zone(zone) is not None
