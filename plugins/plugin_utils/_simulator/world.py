# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's state: accounts, running work, and the moment it is.

Nothing here knows HTTP. The caller holds one lock around every use; ``catch_up`` brings the state
to the virtual clock before anything is read or written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from uuid import UUID

from .fleet.fleet_file import Fleet
from .lifecycle.campaigns import Campaigns
from .lifecycle.upgrades import Upgrade, Upgrades
from .state.campaign import Campaign
from .state.clock import DAY, EventQueue, VirtualClock
from .state.cursors import Cursors
from .state.records import Device
from .switches import Switches

REFRESH_DELAY = DAY


class World:
    """Everything behind the wire."""

    def __init__(self, fleet: Fleet, clock: VirtualClock, switches: Mapping[str, str]) -> None:
        self.clock = clock
        self.events = EventQueue(clock.now())
        self.switches = Switches({**fleet.switches, **switches})
        self.seed = fleet.seed
        self.cursors = Cursors(self.switches, fleet.seed)
        self.outcomes = fleet.outcomes
        self.accounts = fleet.accounts
        self.history: dict[str, list[Campaign | Upgrade]] = {}
        self.campaigns = Campaigns(self)
        self.upgrades = Upgrades(self)
        self._ids = 0

    @property
    def now(self) -> float:
        """The moment of the event or call at hand."""
        return self.events.now

    def catch_up(self) -> float:
        """Let everything happen that is due by now."""
        self.events.run_until(self.clock.now())
        return self.events.now

    def new_id(self) -> str:
        """A UUID that looks like the service's and repeats with the seed."""
        self._ids += 1
        digest = hashlib.sha256(f"{self.seed}/id/{self._ids}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=1))

    def remember(self, imei: str, work: Campaign | Upgrade) -> None:
        """Put a campaign or upgrade into a device's history."""
        works = self.history.setdefault(imei, [])
        if work not in works:
            works.append(work)

    def installed(self, device: Device, version: str) -> None:
        """New firmware runs on a device: the truth at once, ThingSpace's memory as switched."""
        device.firmware = version
        device.upgraded = self.now
        device.license_used = device.licensed is not None
        choice = self.switches["stored_after_success"]
        if choice == "at_once":
            self.refresh(device)
        elif choice == "next_day":
            self.events.push(self.now + REFRESH_DELAY, self.refresh, device)

    def refresh(self, device: Device) -> None:
        """ThingSpace learns what runs on a device."""
        device.stored = device.firmware
        device.refreshed = self.now
