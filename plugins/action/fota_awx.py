# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create objects in AWX; documented with the module of the same name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import module_loader

from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import plain
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.terminal import TextAction
from ansible_collections.thingspace.fota.plugins.plugin_utils._project.awx_objects import (
    Call,
    ObjectError,
    calls,
    deletions,
    for_accounts,
    project_update,
    without_secrets,
)

# What the modules of awx.awx say where an object refers to another one that does not exist.
NOT_FOUND = re.compile(r"returned 0 items|missing items|not found|does not exist", re.IGNORECASE)
# What AWX says where its copy of the project is older than the Git repository, or is missing.
OLD_COPY = "Playbook not found for project"


class ActionModule(TextAction):
    """The plugin."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Create, update or delete the objects, and print a line for each.

        :raises AnsibleActionFail: an option cannot be used, or the collection is not installed.
        """
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(  # type: ignore[no-untyped-call]
            argument_spec={
                "objects": {"type": "dict", "required": True},
                "accounts": {"type": "list", "elements": "dict", "default": []},
                "instance_groups": {"type": "list", "elements": "str", "default": []},
                "collection": {"type": "str", "default": "awx.awx"},
                "connection": {"type": "dict", "default": {}},
                "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                "write": {"type": "path"},
            }
        )
        objects, accounts = plain(args["objects"]), plain(args["accounts"])
        groups = args["instance_groups"]
        try:
            if args["write"]:
                return self._write(for_accounts(objects, accounts, _lookup, groups), args["write"])
            objects = for_accounts(objects, accounts, _environment, groups)
            empty = without_secrets(objects)
            planned = list(calls(objects) if args["state"] == "present" else deletions(objects))
        except ObjectError as error:
            raise AnsibleActionFail(f"fota_awx: {error} Nothing was changed.") from error
        if not module_loader.find_plugin(f"{args['collection']}.job_template"):
            raise AnsibleActionFail(
                f"fota_awx: the collection {args['collection']} is not installed. Install it with:"
                f" ansible-galaxy collection install {args['collection']}. Nothing was changed."
            )
        if args["state"] == "present":
            for name in empty:
                self.print_lines([f"credential {name}: left as it is, as no secrets are given"])
            planned = [
                call
                for call in planned
                if call.module != "credential" or call.args["name"] not in empty
            ]
        return self._carry_out(planned, args, task_vars)

    def _carry_out(
        self, planned: Iterable[Call], args: dict[str, Any], task_vars: dict[str, Any] | None
    ) -> dict[str, Any]:
        changed: list[str] = []
        for call in planned:
            result = self._call(call, args, task_vars)
            if OLD_COPY in str(result.get("msg")):
                update = project_update(call)
                self.print_lines([f"{update.label}: updated"])
                self._call(update, args, task_vars)
                result = self._call(call, args, task_vars)
            message = str(result.get("msg") or result.get("module_stderr") or "failed").strip()
            if not result.get("failed"):
                state = "changed" if result.get("changed") else "ok"
            elif args["state"] == "absent" and NOT_FOUND.search(message):
                state = "ok"
            elif self._task.check_mode and NOT_FOUND.search(message):
                state = "changed"  # what it refers to would have been created before
            else:
                return {
                    "failed": True,
                    "changed": bool(changed),
                    "msg": f"{call.label}: {message.splitlines()[-1]}",
                    "objects": changed,
                }
            self.print_lines([f"{call.label}: {state}"])
            if state == "changed":
                changed.append(call.label)
        return {"changed": bool(changed), "objects": list(dict.fromkeys(changed))}

    def _call(
        self, call: Call, args: dict[str, Any], task_vars: dict[str, Any] | None
    ) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name=f"{args['collection']}.{call.module}",
            module_args={**plain(args["connection"]), **call.args},
            task_vars=task_vars,
        )
        return result

    def _write(self, objects: dict[str, list[Any]], path: str) -> dict[str, Any]:
        """Write the objects of all accounts to a file."""
        text = yaml.safe_dump({"fota_accounts": [], **objects}, sort_keys=False, width=100)
        file = Path(path)
        try:
            before = file.read_text(encoding="utf-8") if file.exists() else None
            if before != text and not self._task.check_mode:
                file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise AnsibleActionFail(f"fota_awx: {error}") from error
        return {"changed": before != text, "objects": []}


def _environment(name: str) -> str:
    return os.environ.get(name, "")


def _lookup(name: str) -> str:
    return f"{{{{ lookup('ansible.builtin.env', '{name}') }}}}"
