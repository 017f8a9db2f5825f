# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of the module of the same name, which documents it."""

from __future__ import annotations

from ansible_collections.thingspace.fota.plugins.modules.fota_file import TASK
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.task_action import TaskAction


class ActionModule(TaskAction):
    """The plugin."""

    task = TASK
