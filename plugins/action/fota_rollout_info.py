# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of the module of the same name, which documents it; prints the progress of a wait."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task
from ansible_collections.thingspace.fota.plugins.module_utils._module.wait.wait import (
    inform_with_progress,
)
from ansible_collections.thingspace.fota.plugins.modules.fota_rollout_info import TASK
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.task_action import TaskAction
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.terminal import (
    progress_printer,
)


class ActionModule(TaskAction):
    """The plugin."""

    task = TASK

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the result of the task; a failure is one, too."""
        say = progress_printer(self._display, self._task, "fota_rollout_info", task_vars)
        self.task = Task(partial(inform_with_progress, say=say), TASK.options)
        return super().run(tmp, task_vars)
