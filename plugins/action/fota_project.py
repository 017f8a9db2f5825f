# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a project for AWX; documented with the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.thingspace.fota.plugins.plugin_utils._action.terminal import TextAction
from ansible_collections.thingspace.fota.plugins.plugin_utils._project.skeleton import (
    ProjectError,
    State,
    compare,
    needs_writing,
    write,
)


class ActionModule(TextAction):
    """The plugin."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write the files that are new or not edited, and show what edited ones lack.

        :raises AnsibleActionFail: an option cannot be used, or a file cannot be read or written.
        """
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(  # type: ignore[no-untyped-call]
            argument_spec={
                "path": {"type": "path", "required": True},
                "taken": {"type": "list", "elements": "str", "default": []},
            }
        )
        # As Ansible does, a relative path starts at the current directory.
        folder = Path(args["path"]).absolute()
        try:
            files = compare(folder, args["taken"])
            unknown = sorted({*args["taken"]} - {file.path for file in files})
            if unknown:
                raise ProjectError(f"taken: {unknown[0]} is not a file of the project.")
            changed = needs_writing(folder, files)
            if not self._task.check_mode:
                write(folder, files)
        except (OSError, ProjectError) as error:
            raise AnsibleActionFail(f"fota_project: {error}") from error
        for file in files:
            if file.state is State.OUTDATED:
                self.print_lines([f"{file.path}: you have edited it; a newer version differs:"])
                self.print_lines(file.diff())
        return {
            "changed": changed,
            "path": str(folder),
            "files": {file.path: file.state.value for file in files},
            "diff": [
                {
                    "before_header": file.path,
                    "after_header": file.path,
                    "before": file.present or "",
                    "after": file.content,
                }
                for file in files
                if file.is_written
            ],
        }
