# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the simulator's own tests: every reply is judged by the OpenAPI document too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator, simulator
from ansible_collections.thingspace.fota.tests.unit.simulator.desk import Desk, fleet

__all__ = ["simulator"]


@pytest.fixture
def desk(simulator: StartSimulator) -> Callable[..., Desk]:
    """A factory: a small fleet, a frozen clock on Monday 2026-03-02, a logged-in client."""

    def start(data: dict[str, Any] | None = None, **options: Any) -> Desk:
        options.setdefault("start", "2026-03-02T00:00:00Z")
        return Desk(simulator(fleet() if data is None else data, **options))

    # These tests send refused requests on purpose.
    simulator.judge_requests = False
    return start
