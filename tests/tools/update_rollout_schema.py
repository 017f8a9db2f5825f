# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the options of a rollout into the role's argument specs and into its JSON Schema.

Types and limits are those of ``rollout_options.py``, words those of ``doc_fragments/rollout.py``.
Run it when one of the two has changed: python tests/tools/update_rollout_schema.py
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from conftest import make_importable

    make_importable()

from ansible_collections.thingspace.fota.plugins.doc_fragments import connection, rollout
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration import (
    option_types as types,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.rollout_options import (
    ROLLOUT,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    WaveKind,
)
from ansible_collections.thingspace.fota.tests.tools.update_return_blocks import Dumper

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "rollout" / "meta" / "argument_specs.yml"
REPORT_ROLE = ROOT / "roles" / "report" / "meta" / "argument_specs.yml"
NOTIFY_ROLE = ROOT / "roles" / "notify" / "meta" / "argument_specs.yml"
SCHEMA = ROOT / "roles" / "rollout" / "files" / "rollout.schema.json"
BEGIN = "        # These options are written by tests/tools/update_rollout_schema.py.\n"
END = "      rollout_state:\n"

TEMPLATE = {"$ref": "#/definitions/template"}
IMEI: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": "^[0-9]{15}$"},
        {"type": "integer", "minimum": 10**14, "maximum": 10**15 - 1},
        TEMPLATE,
    ]
}
DEVICE: dict[str, Any] = {
    "anyOf": [
        IMEI,
        {
            "type": "object",
            "required": ["imei"],
            "properties": {
                "imei": IMEI,
                "host": {"type": "string"},
                "groups": {"type": "array", "items": {"type": "string"}},
            },
        },
    ]
}
ANSIBLE_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "path": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "dict": {"type": "object"},
    "list": {"type": "array"},
}


def documented_options() -> dict[str, Any]:
    """The options of a rollout as they are described."""
    fragment = yaml.safe_load(rollout.ModuleDocFragment.DOCUMENTATION)
    options: dict[str, Any] = fragment["options"]["rollout"]["suboptions"]
    return options


# -- the role


def role_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options as a role's argument specs take them, which have no aliases."""
    return {
        name: {
            "options" if key == "suboptions" else key: role_options(value)
            if key == "suboptions"
            else value
            for key, value in option.items()
            if key != "aliases"
        }
        for name, option in options.items()
    }


def render_role(current: str) -> str:
    """The role's argument specs with the options as they are now."""
    text = yaml.dump(
        {"options": role_options(documented_options())}, Dumper=Dumper, sort_keys=False, width=90
    )
    text = text.replace("O(rollout.", "O(rollout_spec.")
    block = "".join(f"        {line}\n" for line in text.splitlines())
    before, after = current.split(BEGIN)[0], current[current.index(END) :]
    return before + BEGIN + block + after


# -- the schema


def render_schema() -> str:
    """The schema of the file in which people declare a rollout."""
    role = yaml.safe_load(ROLE.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    report = yaml.safe_load(REPORT_ROLE.read_text(encoding="utf-8"))["argument_specs"]["main"]
    connection_options = yaml.safe_load(connection.ModuleDocFragment.DOCUMENTATION)["options"]
    properties = {name: plain_schema(option) for name, option in role.items()}
    properties["rollout_spec"]["description"] = "The declared rollout."
    properties["rollout_spec"]["anyOf"][0] = dict_schema(ROLLOUT, documented_options())
    for name in ("approved", "accept"):
        entries = f"#/properties/rollout_spec/anyOf/0/properties/{name}"
        one_entry = {"$ref": f"{entries}/anyOf/0/items"}
        properties[f"rollout_{name}"]["anyOf"] = [{"$ref": entries}, one_entry, {"type": "string"}]
    properties["report_path"] = plain_schema(report["options"]["report_path"])
    recipes = yaml.safe_load(NOTIFY_ROLE.read_text(encoding="utf-8"))["argument_specs"]
    for recipe in recipes.values():
        properties |= {
            name: plain_schema(option)
            for name, option in recipe["options"].items()
            if name not in ("notify_event", "notify_decision")  # hooks set them
        }
    properties["fota_connection"] = plain_schema(
        {
            "type": "dict",
            "description": "Connection options of the modules. Default is the environment.",
            "options": connection_options,
        }
    )
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Variables of the playbooks rollout, status and halt of thingspace.fota",
        "type": "object",
        "properties": properties,
        # Other variables are free, but one that nearly has the name of one of these.
        "propertyNames": {"anyOf": [{"enum": list(properties)}, {"pattern": "^(?!rollout_)"}]},
        "definitions": {"template": {"type": "string", "pattern": r"\{[{%]"}},
    }
    return json.dumps(schema, indent=1) + "\n"


def describe(option: Mapping[str, Any]) -> dict[str, Any]:
    """The words of an option, without markup."""
    words = option["description"]
    text = words if isinstance(words, str) else " ".join(words)
    text = re.sub(r"[OVCMPE]\(([^)]*)\)", lambda found: found[1].split(":")[-1], text)
    described: dict[str, Any] = {"description": " ".join(text.split())}
    if option.get("default") is not None:
        described["default"] = option["default"]
    return described


def plain_schema(option: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an option that Ansible reads."""
    schema = dict(ANSIBLE_TYPES.get(option["type"], {}))
    if option.get("choices"):
        schema = {"enum": option["choices"]}
    if option.get("options"):
        properties = {name: plain_schema(entry) for name, entry in option["options"].items()}
        schema |= {"properties": properties, "additionalProperties": False}
    return {**describe(option), "anyOf": [schema, TEMPLATE, {"type": "null"}]}


def option_schema(option: types.Option, documented: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an option of a rollout."""
    others = [TEMPLATE] if option.required else [TEMPLATE, {"type": "null"}]
    return {**describe(documented), "anyOf": [value_schema(option, documented), *others]}


def value_schema(option: types.Option, documented: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of its values."""
    match option:
        case types.Dicts():
            items = dict_schema(option.options, documented["suboptions"])
            least = {} if option.empty else {"minItems": 1}
            return {"type": "array", "items": {"anyOf": [items, TEMPLATE]}, **least}
        case types.Dict():
            return dict_schema(option.options, documented["suboptions"])
        case types.Int():
            return {"type": "integer", "minimum": option.least, "maximum": option.most}
        case types.Number():
            least = {"exclusiveMinimum" if option.above else "minimum": 0}
            number = {"type": "number", **least, "maximum": option.most}
            return {"anyOf": [number, {"type": "string", "pattern": "^[0-9.]+(/[0-9]+)?$"}]}
        case types.Flag():
            return {"type": "boolean"}
        case types.FlagOrWord():
            return {"enum": [False, True, *option.choices]}
        case types.Choice():
            return {"enum": list(option.choices)}
        case types.Texts() if option.elements == "raw":
            return {"type": ["array", "string", "object"], "items": {"type": ["string", "object"]}}
        case types.Texts():
            return {"type": ["array", "string"], "items": {"type": "string"}}
        case types.Text():
            kinds = "string" if option.exact else ["string", "integer"]
            pattern = {"pattern": f"^({option.pattern})$"} if option.pattern else {}
            return {"type": kinds, "minLength": 1, **pattern}
        case _:
            return {"type": "array", "items": DEVICE, "minItems": 1}


def dict_schema(
    options: Mapping[str, types.Option], documented: Mapping[str, Any]
) -> dict[str, Any]:
    """The schema of a dictionary with these options and no others."""
    properties = {}
    for name, option in options.items():
        properties[name] = option_schema(option, documented[name])
        for alias in option.aliases:
            properties[alias] = {**properties[name], "description": f"Earlier name of {name}."}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required := [name for name, option in options.items() if option.required]:
        schema["required"] = required
    kinds = [kind.value for kind in WaveKind]
    if set(kinds) <= options.keys():
        schema["oneOf"] = [{"required": [kind]} for kind in kinds]
    return {**schema, "additionalProperties": False}


def main() -> None:
    ROLE.write_text(render_role(ROLE.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
