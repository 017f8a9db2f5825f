# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait on the controller, and tell how it stands; documented with the module of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import plain
from ansible_collections.thingspace.fota.plugins.module_utils._module.in_process import (
    environment_of_task,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_action
from ansible_collections.thingspace.fota.plugins.module_utils._module.wait.wait import (
    WAIT_MODULE_CONSTRAINTS,
    WAIT_MODULE_OPTIONS,
    wait_and_report,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.terminal import (
    progress_printer,
)


class ActionModule(ActionBase):
    """The plugin. Unlike a module it runs in the controller's own process, and can speak."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the result of the task; a failure is one, too."""
        super().run(tmp, task_vars)
        say = progress_printer(self._display, self._task, "fota_wait", task_vars)

        def use_case(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
            return wait_and_report(context, params, say)

        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)  # type: ignore[no-untyped-call]
        with environment_of_task(environment):
            return run_action(
                Task(use_case, WAIT_MODULE_OPTIONS, WAIT_MODULE_CONSTRAINTS),
                self._task.action,
                plain(self._task.args),
                check_mode=self._task.check_mode,
                diff=self._task.diff,
            )
