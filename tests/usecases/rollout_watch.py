# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run with a look at the service after every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import OVER, Rollout
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    accepted,
    live,
    moment,
    own,
)

Row = dict[str, Any]


def run_watched(
    rollout: Rollout,
    look: Callable[[Row], object],
    *,
    hours: float | None = None,
    most: int = 80,
) -> Row:
    """Run until the rollout is over; gives the last decision.

    :param look: is called with every decision, after its writes.
    :param hours: between runs; None waits for the time that each run names, 12 hours at least.
    """
    for _run in range(most):
        decision = rollout.run_once()
        look(decision)
        if decision["phase"] in OVER and not decision["would_change"]:
            return decision
        rollout.wait(decision, hours=hours, least=12)
    raise AssertionError(f"not over after {most} runs: {decision['msg']}")


def touchable(sim: SimulatorServer) -> int:
    """How many devices the rollout's campaigns can still touch, by what the service holds."""
    return sum(
        not entry["settled"]
        for campaign in live(own(sim))
        for entry in campaign["devices"].values()
    )


def touched_since(sim: SimulatorServer, start: datetime, campaigns: set[str]) -> int:
    """How many devices of some campaigns, by their ids, were attempted from a time on."""
    return sum(
        bool(entry["recent"]) and moment(entry["recent"]) >= start
        for campaign in own(sim)
        if campaign["id"] in campaigns
        for entry in campaign["devices"].values()
    )


def assert_in_one_campaign(sim: SimulatorServer) -> None:
    """No live campaigns, whoever's, hold a device twice."""
    taken = Counter(imei for campaign in live(sim.campaigns()) for imei in accepted(campaign))
    assert [imei for imei, count in taken.items() if count > 1] == []
