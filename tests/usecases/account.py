# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account of a simulator, and the modules' use-cases run on it in process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.context import open_context
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.waiting import Waiting
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)

ACCOUNT = "0000123456-00001"
START = "2026-03-02T00:00:00Z"


class Account:
    """One account of a simulator, and tasks that run on it.

    ``run`` gives the result of a use-case, and leaves what it warned of in ``warnings``. With
    ``record``, it appends all exchanges to that file.
    """

    def __init__(self, sim: SimulatorServer, token_cache: Path) -> None:
        self.sim = sim
        self.warnings: list[str] = []
        self.name = ACCOUNT
        self.record: Path | None = None
        self.before_each_look: Callable[[], None] = lambda: None
        self._token_cache = str(token_cache)

    def run(
        self,
        use_case: Callable[..., dict[str, Any]],
        options: dict[str, dict[str, Any]],
        *,
        check: bool = False,
        **given: Any,
    ) -> dict[str, Any]:
        params = {
            name: option.get("default")
            for name, option in {**CONNECTION_OPTIONS, **options}.items()
        }
        params |= {
            "account": self.name,
            "base_url": self.sim.url,
            "client_id": "simulator-key",
            "client_secret": "simulator-secret",
            "username": "simulator-user",
            "password": "simulator-password",
            "token_cache": self._token_cache,
            "timeout": 60.0,
            "record": self.record and str(self.record),
            **given,
        }
        context = open_context(params, check_mode=check)
        context.sleep = self._look_again
        context.settling = Waiting(timeout=0.5, delay=0.05)
        with context.client:
            try:
                return use_case(context, params)
            finally:
                self.warnings = context.all_warnings()

    def _look_again(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.01))
        self.before_each_look()

    def calls(self, operation: str) -> int:
        """How often an operation reached the service since the journal was cleared."""
        return sum(1 for entry in self.sim.journal() if entry["operation"] == operation)

    def writes(self) -> list[str]:
        """The operations that wrote, or tried to, since the journal was cleared."""
        return [entry["operation"] for entry in self.sim.journal() if entry["kind"] == "write"]

    def devices(self, model: str, version: str, count: int) -> list[str]:
        """IMEIs of the account that are of a model and on a version, in order."""
        found = sorted(
            device["deviceId"]
            for device in self.sim.devices()
            if device["accountName"] == ACCOUNT
            and device["model"] == model
            and device["firmware"] == version
        )
        assert len(found) >= count
        return found[:count]
