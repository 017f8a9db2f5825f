# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extract the argument specs of the modules of awx.awx that the project needs, as JSON.

pip download --no-deps ansible
python tests/tools/extract_awx_arguments.py ansible-*.whl >tests/awx/awx_arguments.json

The modules are read, and not imported: ``dict(...)`` of literals is all that a spec is made of.
"""

from __future__ import annotations

import ast
import json
import sys
import zipfile
from typing import Any

MODULES = "ansible_collections/awx/awx/plugins/modules/"
BASE = "ansible_collections/awx/awx/plugins/module_utils/controller_api.py"
NEEDED = (
    *("credential", "credential_type", "execution_environment", "host", "inventory"),
    *("inventory_source", "job_template", "notification_template", "organization", "project"),
    "project_update",
    *("role", "schedule", "team", "workflow_job_template", "workflow_job_template_node"),
)
KEPT = {"type", "required", "choices", "elements", "aliases"}


def literal(node: ast.expr) -> Any:
    """The value of ``dict(...)`` and literals; None for anything else, such as a fallback."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        return {word.arg: literal(word.value) for word in node.keywords}
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def spec(source: str, name: str) -> dict[str, Any]:
    """The spec that is assigned to a name, without defaults and what only secrets need."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign):
            continue
        (target,) = node.targets
        if isinstance(target, ast.Name) and target.id == name:
            found: dict[str, dict[str, Any]] = literal(node.value)
            return {
                option: {key: value for key, value in entry.items() if key in KEPT and value}
                for option, entry in sorted(found.items())
            }
    raise LookupError(name)


def main() -> None:
    """Print the specs of the wheel that is named."""
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        specs = {
            name: spec(wheel.read(f"{MODULES}{name}.py").decode(), "argument_spec")
            for name in NEEDED
        }
        specs["connection"] = spec(wheel.read(BASE).decode(), "AUTH_ARGSPEC")
    print(json.dumps(specs, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
