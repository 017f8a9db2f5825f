# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appends a line to the file ``RUN_LOG`` when a playbook of a rulebook begins, and when it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: run_log
type: notification
short_description: Log the begin and the end of playbooks
description: Appends lines of JSON to the file E(RUN_LOG), in the order in which they happen.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "run_log"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._name = ""

    def _write(self, what: str, **more: Any) -> None:
        line = json.dumps({"what": what, "playbook": self._name, **more}) + "\n"
        handle = os.open(os.environ["RUN_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line.encode())
        os.close(handle)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._name = Path(playbook._file_name).stem

    def v2_playbook_on_play_start(self, play: Any) -> None:
        if not self._begun:
            self._begun = True
            eda = play.get_variable_manager().extra_vars["ansible_eda"]
            event = eda["event"].get("payload", eda["event"])["fota"]
            self._write("begin", ruleset=eda["ruleset"], event=event)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write("end", failures=dict(stats.failures))
