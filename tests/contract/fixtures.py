# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixture ``simulator``: starts the service in this process, with every reply judged.

Use::

    def test_something(simulator):
        sim = simulator()                                    # the default fleet, frozen clock
        sim = simulator(fleet, start="2026-03-02T00:00:00Z", switches={"prescheduled": "own"})
        ... talk to sim.url, move time with sim.advance(hours=24), read sim.journal() ...

It takes what ``SimulatorServer`` takes, except ``observer``; several simulators in one test are
fine. At teardown all are closed, and the test fails if any reply, or any request that the service
accepted, broke the OpenAPI document. ``simulator.judge`` is the judge; a test that sends odd
requests on purpose sets ``simulator.judge_requests = False``. Replies are always judged; those
shaped by a planted fault are judged leniently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.judge import ContractJudge


class StartSimulator:
    """Starts judged simulators; all end with the stack that was given."""

    def __init__(self, stack: ExitStack) -> None:
        self.judge = ContractJudge()
        self.judge_requests = True
        self._stack = stack

    def __call__(self, fleet: Mapping[str, Any] | None = None, **options: Any) -> SimulatorServer:
        chosen = default_fleet() if fleet is None else dict(fleet)
        server = SimulatorServer(chosen, observer=self.judge, **options)
        return self._stack.enter_context(server)


@pytest.fixture
def simulator() -> Iterator[StartSimulator]:
    """A factory of judged simulators (see the module's docstring)."""
    with ExitStack() as stack:
        start = StartSimulator(stack)
        yield start
    start.judge.assert_clean(requests=start.judge_requests)
