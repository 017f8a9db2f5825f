# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row per device: every stage takes rows and gives new ones with one more thing known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ...._model.device import Device
from ...._model.firmware import Package
from ..declaration.campaign_names import Cohort
from ..declaration.spec import Selected, Target
from ..observation.campaign_history import DeviceHistory
from .upgrade_paths import UpgradePath


class DeviceClass(Enum):
    """The class of a device in a wave."""

    VERIFIED = "verified"
    FAILED = "failed"
    MISMATCH = "mismatch"
    SILENT = "silent"
    ADVANCED = "advanced"
    """Has done a step, and has more of them ahead."""
    REPORTED = "reported"
    REJECTED = "rejected"
    UNREACHED = "unreached"
    PENDING = "pending"
    BUSY = "busy"
    SETTLING = "settling"
    UNKNOWN = "unknown"
    GONE = "gone"
    """Was in one of our campaigns without a result, and is not a device of the account any more."""
    HALTED = "halted"
    """Never touched: its cohort failed before it was put into a campaign."""


LEFT = frozenset({DeviceClass.REJECTED, DeviceClass.GONE})
"""No members of their wave any more."""
FAILURES = frozenset({DeviceClass.FAILED, DeviceClass.MISMATCH})
ATTEMPTED = FAILURES | {DeviceClass.VERIFIED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The class of a device, why, and the campaign that says so (empty: none yet).

    :ivar at: when its result came.
    :ivar begun: from when on it counts as attempted; None while it does not.
    :ivar failed_at: when it failed, also where a retry has verified it since.
    :ivar unread: its version must be read again before more can be said.
    :ivar waits: it waits to be put into a campaign.
    :ivar busy: another campaign has it, so that it cannot be put into one.
    """

    kind: DeviceClass
    reason: str
    campaign_id: str = ""
    at: datetime | None = None
    unread: bool = False
    waits: bool = False
    busy: bool = False
    begun: datetime | None = None
    failed_at: datetime | None = None


NOT_JUDGED = Outcome(DeviceClass.PENDING, "")


@dataclass(frozen=True, slots=True)
class RolloutDevice:
    """A device in scope.

    :ivar device: what the account says of it; None when it left the account.
    :ivar path: its way to the target; devices of one cohort share it.
    :ivar wave: number of its wave; 0 until one is assigned.
    :ivar history: its records in our campaigns; None when it has been in none.
    :ivar outcome: what has become of it.
    :ivar halted: since when a cohort on its path has failed; None when none has.
    """

    imei: str
    selected: Selected
    device: Device | None
    path: UpgradePath
    wave: int = 0
    history: DeviceHistory | None = None
    outcome: Outcome = NOT_JUDGED
    halted: datetime | None = None

    @property
    def target(self) -> Target:
        return self.path.target

    @property
    def cohort(self) -> Cohort:
        """What it shares with those that can be in one campaign with it."""
        return self.path.cohort

    @property
    def package(self) -> Package:
        """What it gets now."""
        return self.path.course[0]

    @property
    def version(self) -> str:
        """What the account says that it runs; empty when nothing is known."""
        return self.device.firmware if self.device else ""

    @property
    def licensed(self) -> bool:
        """The account says that it has a license."""
        return self.device is not None and self.device.license_assigned is True

    def in_wave(self, wave: int) -> RolloutDevice:
        """Give the device with its wave."""
        return RolloutDevice(
            self.imei, self.selected, self.device, self.path, wave, self.history, self.outcome
        )

    def judged(self, outcome: Outcome, path: UpgradePath) -> RolloutDevice:
        """Give the device with its outcome, and with the part of its path that is ahead."""
        return RolloutDevice(
            self.imei, self.selected, self.device, path, self.wave, self.history, outcome
        )
