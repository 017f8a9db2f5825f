# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the simulated service: accounts, campaigns, upgrades, and the virtual time.

The caller holds a lock while it uses the state, and calls ``catch_up`` first.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from .campaign import Campaign
from .clock import DAY, EventQueue, VirtualClock
from .cursors import Cursors
from .outbox import Outbox
from .outcomes import OutcomeModel
from .records import Account, Device
from .switches import Switches
from .upgrade import Upgrade

REFRESH_DELAY = DAY


class ServiceState:
    """Accounts, campaigns and upgrades, what is due next, and the chosen switches."""

    def __init__(
        self,
        *,
        accounts: dict[str, Account],
        outcomes: OutcomeModel,
        switches: Switches,
        seed: int,
        clock: VirtualClock,
    ) -> None:
        self.accounts = accounts
        self.outcomes = outcomes
        self.switches = switches
        self.seed = seed
        self.clock = clock
        self.events = EventQueue(clock.now())
        self.cursors = Cursors(switches, seed)
        self.outbox = Outbox()
        self.campaigns_by_id: dict[str, Campaign] = {}
        self.upgrades_by_id: dict[str, Upgrade] = {}
        self.history: dict[str, list[Campaign | Upgrade]] = {}
        self._ids = 0

    @property
    def now(self) -> float:
        """The time of the current event or call."""
        return self.events.now

    def catch_up(self) -> float:
        """Run everything that is due at the virtual time, which is returned."""
        self.events.run_until(self.clock.now())
        return self.events.now

    def new_id(self) -> str:
        """A UUID in the service's format; the same sequence for the same seed."""
        self._ids += 1
        digest = hashlib.sha256(f"{self.seed}/id/{self._ids}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=1))

    def add_to_history(self, imei: str, work: Campaign | Upgrade) -> None:
        """Add a campaign or upgrade to a device's history."""
        works = self.history.setdefault(imei, [])
        if work not in works:
            works.append(work)

    def record_installation(self, device: Device, version: str) -> None:
        """Record new firmware on a device; the switch says when ThingSpace learns of it."""
        device.firmware = version
        device.upgraded = self.now
        device.license_used = device.licensed is not None
        choice = self.switches["stored_after_success"]
        if choice == "at_once":
            self.refresh(device)
        elif choice == "next_day":
            self.events.push(self.now + REFRESH_DELAY, self.refresh, device)

    def refresh(self, device: Device) -> None:
        """Copy the version on the device to what ThingSpace reports."""
        device.reported_firmware = device.firmware
        device.refreshed = self.now
