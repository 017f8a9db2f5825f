# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A v2 or v3 campaign and its devices as records, and the published status words."""

from __future__ import annotations

from dataclasses import dataclass, field

from .clock import day_start
from .records import Account, Package
from .sorted_imeis import Order
from .windows import Window

PENDING = "CampaignRequestPending"
REQUEST_FAILED = "CampaignRequestFailed"
QUEUED = "CampaignRequestQueued"
PRESCHEDULED = "CampaignPreScheduled"
SCHEDULED = "CampaignScheduled"
ENDED = "CampaignEnded"
CANCELLED = "CampaignCancelled"
ABORTED = "CampaignAborted"
FAILED = "CampaignFailed"
TERMINAL = frozenset({REQUEST_FAILED, ENDED, CANCELLED, ABORTED, FAILED})


class StateError(Exception):
    """A change that the state of the campaign does not allow."""


@dataclass(slots=True)
class Entry:
    """One device in one campaign. Times are seconds; ``settled`` means nothing more will come."""

    status: str
    reason: str = ""
    updated: float = 0.0
    recent: float | None = None
    next: float | None = None
    attempts: int = 0
    settled: bool = False


@dataclass(slots=True)
class Plan:
    """Dates (day numbers, both inclusive, UTC) and windows of a campaign.

    v3 uses ``windows`` alone; v2 the download and install pairs.
    """

    start: int
    end: int
    windows: tuple[Window, ...] = ()
    download_day: int | None = None
    download_windows: tuple[Window, ...] = ()
    install_day: int | None = None
    install_windows: tuple[Window, ...] = ()

    @property
    def opens(self) -> float:
        return day_start(self.start)

    @property
    def closes(self) -> float:
        """Midnight after the last day."""
        return day_start(self.end + 1)


@dataclass(slots=True, eq=False)
class Campaign:
    """One campaign with its devices."""

    id: str
    number: int
    api: str
    account: Account
    name: str | None
    package: Package
    version_from: str
    version_to: str
    protocol: str
    plan: Plan
    created: float
    changed: float
    auto_assign: bool = False
    auto_add: bool = False
    status: str = PENDING
    entries: dict[str, Entry] = field(default_factory=dict)
    removed: dict[str, tuple[Entry, float]] = field(default_factory=dict)
    begun: bool = False
    steps: int = 0
    open_entries: int = 0
    succeeded: int = 0
    attempted: int = 0
    evidence: bool = False
    # Whether removed devices are among them, and the order of the report.
    _orders: dict[bool, Order] = field(default_factory=dict)

    def put(self, imei: str, entry: Entry) -> None:
        """Take a device onto the list."""
        self.entries[imei] = entry
        self.removed.pop(imei, None)
        for order in self._orders.values():
            order.put(imei)

    def drop(self, imei: str, now: float) -> Entry | None:
        """Take a device off the list; it stays among those removed."""
        entry = self.entries.pop(imei, None)
        if entry is not None:
            self.removed[imei] = (entry, now)
            if False in self._orders:
                self._orders[False].drop(imei)
            if True in self._orders:
                self._orders[True].put(imei)
        return entry

    def forget_removed(self, until: float) -> None:
        """Let go of devices that were removed at that moment or before it."""
        # They were removed in the order in which they stand here.
        while self.removed:
            imei, (_entry, when) = next(iter(self.removed.items()))
            if when > until:
                return
            del self.removed[imei]
            if True in self._orders:
                self._orders[True].drop(imei)

    def order(self, *, removed: bool) -> Order:
        """IMEIs of the list, with those removed if wanted; a report of many pages sorts once."""
        if removed not in self._orders:
            self._orders[removed] = Order(
                [*self.entries, *self.removed] if removed else self.entries
            )
        return self._orders[removed]

    def shown(self, imei: str) -> Entry:
        """The entry of a device that is on the list or was removed."""
        entry = self.entries.get(imei)
        return self.removed[imei][0] if entry is None else entry

    @property
    def over(self) -> bool:
        return self.status in TERMINAL
