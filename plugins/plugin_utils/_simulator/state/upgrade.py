# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A v1 upgrade and its devices as records, and the published statuses."""

from __future__ import annotations

from dataclasses import dataclass, field

from .campaign import DeviceEntry
from .clock import day_start
from .records import Account, Package

PENDING = "RequestPending"
REQUEST_FAILED = "RequestFailed"
QUEUED = "Queued"
IN_PROGRESS = "InProgress"
FINISHED = "Finished"
CANCELLED = "Cancelled"
TERMINAL = frozenset({REQUEST_FAILED, FINISHED, CANCELLED, "UpgradeFailed"})

# An upgrade without an end date is closed after this many days.
MAX_DAYS_WITHOUT_END = 7


@dataclass(slots=True, eq=False)
class Upgrade:
    """One v1 upgrade with its devices; ``start`` and the optional ``end`` are day numbers."""

    id: str
    account: Account
    package: Package
    start: int
    end: int | None
    created: float
    changed: float
    status: str = PENDING
    entries: dict[str, DeviceEntry] = field(default_factory=dict)
    open_entries: int = 0

    @property
    def finished(self) -> bool:
        return self.status in TERMINAL

    @property
    def closes(self) -> float:
        last = self.start + MAX_DAYS_WITHOUT_END if self.end is None else self.end
        return day_start(last + 1)
