# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's task in the controller's process where the controller is the host of the task.

Ansible packs a module and starts it in a process of its own, which takes longer than most tasks of
this collection. Elsewhere, and for another user, the module runs as any other.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import plain
from ansible_collections.thingspace.fota.plugins.module_utils._module.in_process import (
    HAS_LIBRARIES,
    environment_of_task,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_action


class TaskAction(ActionBase):
    """The base of the action plugins.

    :cvar task: what the module of the same name does.
    """

    TRANSFERS_FILES = False
    _supports_async = True
    task: Task

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the result of the task; a failure is one, too."""
        super().run(tmp, task_vars)
        self._task.args = plain(self._task.args)
        if not self._can_run_here():
            result: dict[str, Any] = self._execute_module(
                task_vars=task_vars, wrap_async=self._task.async_val
            )
            return result
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)  # type: ignore[no-untyped-call]
        with environment_of_task(environment):
            return run_action(
                self.task,
                self._task.action,
                self._task.args,
                check_mode=self._task.check_mode,
                diff=self._task.diff,
            )

    def _can_run_here(self) -> bool:
        """The host is the controller, as this user, with the libraries that are needed."""
        is_local = self._connection.transport == "local" and not self._connection.become
        return is_local and not self._task.async_val and HAS_LIBRARIES
