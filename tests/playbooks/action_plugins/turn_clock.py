# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves the clock of a simulator between two tasks, without the start of a module."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Options: ``control``, the address of the simulator's control endpoint, and its order."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        order = dict(self._task.args)
        url = f"{order.pop('control')}/clock"
        with urllib.request.urlopen(url, data=json.dumps(order).encode()) as reply:
            return {"changed": False, **json.load(reply)}
