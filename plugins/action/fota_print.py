# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print lines as text; documented with the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._action.terminal import TextAction


class ActionModule(TextAction):
    """The plugin."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Print ``lines``, and return them.

        :raises AnsibleActionFail: an option is missing or not known.
        """
        super().run(tmp, task_vars)
        lines = self._task.args.get("lines")
        if isinstance(lines, str):  # one line, which Ansible would cut at its commas
            self._task.args["lines"] = [lines]
        _result, args = self.validate_argument_spec(  # type: ignore[no-untyped-call]
            argument_spec={"lines": {"type": "list", "elements": "str", "required": True}}
        )
        return {"changed": False, "lines": self.print_lines(args["lines"])}
