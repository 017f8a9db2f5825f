# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A v2 or v3 campaign and its devices as records, and the published statuses."""

from __future__ import annotations

from dataclasses import dataclass, field

from .clock import day_start
from .records import Account, Package
from .sorted_imeis import SortedImeis
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
class DeviceEntry:
    """One device in one campaign or upgrade. Times are seconds; ``settled`` means its end."""

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
    entries: dict[str, DeviceEntry] = field(default_factory=dict)
    removed: dict[str, tuple[DeviceEntry, float]] = field(default_factory=dict)
    started: bool = False
    plan_number: int = 0
    open_entries: int = 0
    succeeded: int = 0
    attempted: int = 0
    passed_pilot: bool = False
    # IMEIs of the device report, by whether it includes removed devices.
    _reports: dict[bool, SortedImeis] = field(default_factory=dict)

    def add(self, imei: str, entry: DeviceEntry) -> None:
        """Add a device to the list."""
        self.entries[imei] = entry
        self.removed.pop(imei, None)
        for imeis in self._reports.values():
            imeis.add(imei)

    def remove(self, imei: str, now: float) -> DeviceEntry | None:
        """Move a device from the list to the removed devices."""
        entry = self.entries.pop(imei, None)
        if entry is not None:
            self.removed[imei] = (entry, now)
            if False in self._reports:
                self._reports[False].discard(imei)
            if True in self._reports:
                self._reports[True].add(imei)
        return entry

    def forget_removed(self, until: float) -> None:
        """Forget devices that were removed at or before that time."""
        # The dictionary is in order of removal.
        while self.removed:
            imei, (_entry, when) = next(iter(self.removed.items()))
            if when > until:
                return
            del self.removed[imei]
            if True in self._reports:
                self._reports[True].discard(imei)

    def report(self, *, removed: bool) -> SortedImeis:
        """IMEIs of the list, with removed devices if asked; kept, so that a report sorts once."""
        if removed not in self._reports:
            self._reports[removed] = SortedImeis(
                [*self.entries, *self.removed] if removed else self.entries
            )
        return self._reports[removed]

    def entry(self, imei: str) -> DeviceEntry:
        """The entry of a listed or removed device."""
        entry = self.entries.get(imei)
        return self.removed[imei][0] if entry is None else entry

    @property
    def finished(self) -> bool:
        return self.status in TERMINAL
