# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes one JSON line for every task result to the file that RESULTS_LOG names."""

from __future__ import annotations

import gc
import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results_log
type: aggregate
short_description: One JSON line for every task result
description:
  - For tests that read what a playbook run did.
"""


if "RESULTS_WITHOUT_GC" in os.environ:  # each task is a process that ends soon
    gc.freeze()
    gc.disable()


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results_log"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result)

    def _write(self, status: str, result: Any) -> None:
        line = {
            "status": status,
            "host": result._host.get_name(),
            "task": result._task.name,
            "action": result._task.action,
            "result": result._result,
        }
        with open(os.environ["RESULTS_LOG"], "a", encoding="utf-8") as log:
            log.write(json.dumps(line, default=str) + "\n")
