# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the simulator's own tests: every reply is judged by the OpenAPI document too."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator, simulator
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ApiClient,
    ClientFactory,
    fleet,
)

__all__ = ["simulator"]


@pytest.fixture
def start_client(simulator: StartSimulator) -> ClientFactory:
    """Start a simulator with a small fleet and a stopped clock (Monday 2026-03-02), and log in."""

    def start(data: dict[str, Any] | None = None, **options: Any) -> ApiClient:
        options.setdefault("start", "2026-03-02T00:00:00Z")
        return ApiClient(simulator(fleet() if data is None else data, **options))

    # These tests send refused requests on purpose.
    simulator.judge_requests = False
    return start
