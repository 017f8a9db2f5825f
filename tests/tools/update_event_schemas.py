# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the JSON Schemas of the arguments of the event sources, from their documentation.

Run it when an option has changed: python tests/tools/update_event_schemas.py
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import yaml

SOURCES = Path(__file__).resolve().parents[2] / "extensions/eda/plugins/event_source"
NAMES = ("fota_campaigns", "fota_callbacks")
TYPES = {
    "str": "string",
    "path": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}


def documentation(name: str) -> dict[str, Any]:
    """The documentation of a source."""
    source = runpy.run_path(str(SOURCES / f"{name}.py"))
    return dict(yaml.safe_load(source["DOCUMENTATION"]))


def arguments_schema(name: str) -> dict[str, Any]:
    """The schema of the arguments of a source."""
    words = documentation(name)
    options = words["options"]
    required = [option for option, spec in options.items() if spec.get("required")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"thingspace.fota.{name}",
        "description": words["short_description"],
        "type": "object",
        "properties": {option: _property(spec) for option, spec in options.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _property(spec: dict[str, Any]) -> dict[str, Any]:
    text = spec["description"]
    found = {
        "description": text if isinstance(text, str) else " ".join(text),
        "type": TYPES[spec["type"]],
    }
    if "elements" in spec:
        found["items"] = {"type": TYPES[spec["elements"]]}
    if "choices" in spec:
        found["enum"] = spec["choices"]
    if "default" in spec:
        found["default"] = spec["default"]
    return found


def text(name: str) -> str:
    """The file of a schema."""
    return json.dumps(arguments_schema(name), indent=2) + "\n"


if __name__ == "__main__":
    for source in NAMES:
        (SOURCES / "schemas" / f"{source}.json").write_text(text(source), encoding="utf-8")
