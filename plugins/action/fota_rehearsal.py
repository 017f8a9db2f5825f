# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse a rollout on the controller; documented with the module of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import plain
from ansible_collections.thingspace.fota.plugins.module_utils._module.in_process import (
    environment_of_task,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.rehearse import (
    REHEARSAL_OPTIONS,
    rehearse_rollout,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_action
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.simulator import (
    CONNECTION,
    SIMULATOR,
)


class ActionModule(ActionBase):
    """The plugin. It needs the simulator, which a module on another host does not have."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the result of the task; a failure is one, too."""
        super().run(tmp, task_vars)

        def use_case(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
            return rehearse_rollout(context, params, SIMULATOR)

        arguments = plain(self._task.args)
        if arguments.get("copy_from"):
            # Nothing is called, so that the credentials of the account are not needed.
            arguments |= CONNECTION
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)  # type: ignore[no-untyped-call]
        with environment_of_task(environment):
            return run_action(
                Task(use_case, REHEARSAL_OPTIONS),
                self._task.action,
                arguments,
                check_mode=True,  # the client of the account then refuses to write
                diff=False,
            )
