# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the simulator needs of the OpenAPI document to judge a recording.

An installed collection has no tests and no library for JSON Schema, so the operations and their
schemas become a JSON file without descriptions, which ``_simulator/replay/contract.py`` reads. Run
it when the document has changed: python tests/tools/update_replay_contract.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from conftest import make_importable

    make_importable()

from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.contract.openapi import Body, Operation

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "plugins" / "plugin_utils" / "_simulator" / "replay" / "contract.json"
_KEPT = (
    *("type", "enum", "format", "pattern", "required", "minimum", "maximum"),
    *("minItems", "maxItems"),
)
_REFERENCE = "#/components/schemas/"


def contract_text() -> str:
    """The file, with one line for each operation and each schema."""
    document = wire_contract()
    schemas = document.document["components"]["schemas"]
    operations = {name: _operation(op) for name, op in sorted(document.operations.items())}
    parts = [
        f'"operations":{{\n{_members(operations)}\n}}',
        f'"schemas":{{\n{_members({name: _compact(node) for name, node in schemas.items()})}\n}}',
    ]
    return f"{{{','.join(parts)}}}\n"


def _members(rows: dict[str, Any]) -> str:
    return ",\n".join(
        f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'))}" for name, row in rows.items()
    )


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "method": operation.method,
        "path": "/" + "/".join(operation.template),
        "parameters": [
            [parameter.name, parameter.place, parameter.required, _schema(parameter.pointer)]
            for parameter in operation.parameters
            if parameter.place in ("path", "query")
        ],
        "request": _bodies(operation.request),
        "replies": {status: _bodies(bodies) for status, bodies in operation.replies.items()},
    }


def _bodies(bodies: tuple[Body, ...]) -> dict[str, Any]:
    return {
        body.media_type: {} if body.pointer is None else _schema(body.pointer) for body in bodies
    }


def _schema(pointer: str) -> Any:
    return _compact(wire_contract().at(pointer))


def _compact(node: Any) -> Any:
    """A schema with the keywords that are judged."""
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"].removeprefix(_REFERENCE)}
    found: dict[str, Any] = {name: node[name] for name in _KEPT if name in node}
    if "properties" in node:
        found["properties"] = {key: _compact(value) for key, value in node["properties"].items()}
    for name in ("items", "additionalProperties"):
        if name in node:
            found[name] = _compact(node[name])
    for name in ("anyOf", "oneOf", "allOf"):
        if name in node:
            found[name] = [_compact(member) for member in node[name]]
    return found


def main() -> None:
    CONTRACT.write_text(contract_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
