# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator in the process of an action plugin, for what must never reach the real service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.rehearse import (
    Fleet,
    SimulatedService,
    Simulator,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.copy_account import (
    copy_account,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)

# Credentials of the simulator, which are public. The tokens are empty, so that tokens for the real
# service in the environment are not used. A recording of the real service has none of its calls.
CONNECTION: dict[str, Any] = {
    "account": "0000000000-00001",
    "base_url": "http://127.0.0.1:9/api",
    "client_id": "simulator-key",
    "client_secret": "simulator-secret",
    "username": "simulator-user",
    "password": "simulator-password",
    "bearer_token": "",
    "session_token": "",
    "proxies": {},
    "ca_path": None,
    "requests_per_second": None,
    "record": None,
}


def _start(fleet: Fleet, start: str | None, seed: int) -> AbstractContextManager[SimulatedService]:
    return _serve(SimulatorServer(fleet, start=start, seed=seed), fleet["accounts"][0]["name"])


@contextmanager
def _serve(simulator: SimulatorServer, account: str) -> Iterator[SimulatedService]:
    with simulator as server, TemporaryDirectory() as folder:
        here = {"account": account, "base_url": server.url, "token_cache": f"{folder}/tokens"}
        yield SimulatedService({**CONNECTION, **here}, server.set_now)


SIMULATOR = Simulator(copy=copy_account, start=_start)
