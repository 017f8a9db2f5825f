# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person who makes calls, moves the virtual clock and looks again."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.scenario import MAIN
from ansible_collections.thingspace.fota.tests.contract.wire import Answer, Wire

FIVE_MINUTES = 5 / 60
V3_CREATE = f"/fota/v3/campaigns/firmware/{MAIN}"
V2_CREATE = f"/fota/v2/campaigns/{MAIN}"
V1_CREATE = "/fota/v1/upgrades"


class Walk:
    """One simulator, one logged-in wire, and the clock."""

    def __init__(self, sim: SimulatorServer) -> None:
        self.sim = sim
        self.wire = Wire(sim.url).login()

    def good(self, method: str, path: str, payload: object = None) -> Any:
        """A call that has to succeed; its JSON."""
        answer = self.wire.call(method, path, payload)
        assert answer.status == 200, answer.body
        return answer.json

    def refused(self, method: str, path: str, payload: object = None) -> None:
        """A call that the service has to refuse for the state it meets."""
        answer: Answer = self.wire.call(method, path, payload)
        assert answer.status == 400, answer.body
        assert answer.json["errorMessage"]

    def v3(self, campaign: str, account: str = MAIN) -> str:
        """Status of a v3 campaign."""
        return str(self.good("GET", f"/fota/v3/campaigns/{account}/{campaign}")["status"])

    def v2(self, campaign: str) -> str:
        """Status of a v2 campaign."""
        return str(self.good("GET", f"/fota/v2/campaigns/{MAIN}/{campaign}")["status"])

    def v1(self, upgrade: str) -> str:
        """Status of a v1 upgrade."""
        return str(self.good("GET", f"/fota/v1/upgrades/{MAIN}/upgrade/{upgrade}")["status"])

    def rows(self, version: str, campaign: str, account: str = MAIN) -> dict[str, dict[str, Any]]:
        """Device report of a v2 or v3 campaign by IMEI."""
        path = f"/fota/{version}/reports/{account}/campaigns/{campaign}/devices"
        return {row["deviceId"]: row for row in self.good("GET", path)["deviceList"] or []}

    def until(self, status: str, read: Any, thing: str, *, hours: float = 24 * 14) -> None:
        """Move on in steps of an hour at most until a state is reached."""
        for _quarter in range(int(hours * 4)):
            if read(thing) == status:
                return
            self.sim.advance(hours=0.25)
        raise AssertionError(f"{status} was not reached, it is {read(thing)}")

    def states(self, read: Any, thing: str, *, last: str) -> list[str]:
        """The states met until the last one, each once, looked at finely at first."""
        met = [read(thing)]
        for step in range(24 * 20):
            if met[-1] == last:
                return met
            self.sim.advance(hours=FIVE_MINUTES if step < 36 else 1)
            status = read(thing)
            if status != met[-1]:
                met.append(status)
        raise AssertionError(f"{last} was not reached: {met}")
