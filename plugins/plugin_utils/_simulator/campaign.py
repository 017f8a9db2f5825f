# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A v2 or v3 campaign and its devices as records, and the published status words."""

from __future__ import annotations

from dataclasses import dataclass, field

from .clock import day_start
from .records import Account, Package
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
    _order: list[str] | None = None

    def put(self, imei: str, entry: Entry) -> None:
        """Take a device onto the list."""
        self.entries[imei] = entry
        self.removed.pop(imei, None)
        self._order = None

    def drop(self, imei: str) -> Entry | None:
        """Take a device off the list."""
        self._order = None
        return self.entries.pop(imei, None)

    def order(self) -> list[str]:
        """IMEIs of the list, ascending; a report of many pages sorts them once."""
        if self._order is None:
            self._order = sorted(self.entries)
        return self._order

    @property
    def over(self) -> bool:
        return self.status in TERMINAL
