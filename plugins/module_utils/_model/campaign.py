# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns of v2 (software) and v3 (firmware): one record for both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from fractions import Fraction

from .status import CampaignState, DeviceState, call_succeeded, campaign_state, device_state
from .windows import Window

# Maximum number of devices of a campaign until a pilot of the package has succeeded (section 9).
PILOT_DEVICES = 20
# It takes more after so many were attempted, half of them well (contract section 9).
EVIDENCE_DEVICES = 5
EVIDENCE_SUCCESS = Fraction(1, 2)


class CampaignType(Enum):
    """Which service runs the campaign: ``firmware`` is v3, ``software`` is v2."""

    FIRMWARE = "firmware"
    SOFTWARE = "software"

    @property
    def protocols(self) -> tuple[str, ...]:
        """Valid protocols of a request, the default first."""
        return _PROTOCOLS[self]


_PROTOCOLS = {
    CampaignType.FIRMWARE: ("LWM2M", "OMA", "HTTP"),
    CampaignType.SOFTWARE: ("HTTP", "OMA"),
}


@dataclass(frozen=True)
class Schedule:
    """When a campaign is active: UTC days, inclusive, and windows of whole hours.

    A firmware campaign has ``windows``; a software campaign has the download and install members.
    A day is None where it is not set (or, for start and end, where a reply could not be read).

    :ivar windows_readable: False if a reply contained windows that could not be read, so that
        sending the full set would lose them.
    """

    start: date | None
    end: date | None
    windows: tuple[Window, ...] = ()
    download_after: date | None = None
    download_windows: tuple[Window, ...] = ()
    install_after: date | None = None
    install_windows: tuple[Window, ...] = ()
    windows_readable: bool = True


@dataclass(frozen=True)
class CampaignRequest:
    """The request to create a campaign. The flags exist only in v3 and are always sent there.

    :ivar is_file: the package of a software campaign is a configuration file, and ``to_version``
        its version.
    """

    type: CampaignType
    name: str
    package: str
    from_version: str
    to_version: str
    protocol: str
    schedule: Schedule
    devices: tuple[str, ...] = field(repr=False)
    auto_assign_license: bool = False
    auto_add_devices: bool = False
    is_file: bool = False


@dataclass(frozen=True)
class Campaign:
    """A campaign as returned by the service, without its devices.

    :ivar status: the status of the service, verbatim; ``state`` is its meaning.
    :ivar auto_assign_license: None if the service does not return the flag (section 13).
    """

    id: str
    type: CampaignType
    name: str
    package: str
    from_version: str
    to_version: str
    protocol: str
    make: str
    model: str
    status: str
    schedule: Schedule
    auto_assign_license: bool | None = None
    auto_add_devices: bool | None = None

    @property
    def state(self) -> CampaignState:
        return campaign_state(self.status)

    def started(self, today: date) -> bool:
        """Return whether devices may be changing, by its state and its first day.

        An unknown status counts as started, which is the safest choice for every write.
        """
        if self.state not in _MAY_RUN:
            return False
        return self.schedule.start is None or self.schedule.start <= today


_MAY_RUN = frozenset({CampaignState.PRESCHEDULED, CampaignState.SCHEDULED, CampaignState.UNKNOWN})


@dataclass(unsafe_hash=True, slots=True)
class CampaignDevice:
    """One device in a campaign or upgrade report; times are the text of the service.

    It is never changed. It is not frozen because that halves the time to create 100 000 of them.

    :ivar state: the meaning of status and reason. It is stored because it is used often.
    """

    device_id: str
    status: str
    reason: str = ""
    updated: str = ""
    recent_attempt: str = ""
    next_attempt: str = ""
    state: DeviceState = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.state = device_state(self.status, self.reason)


class Change(Enum):
    """A change of the devices of a campaign or upgrade, as spelled by the service."""

    APPEND = "append"
    REMOVE = "remove"


@dataclass(frozen=True)
class DeviceChange:
    """The result of a call for one device (add, remove, license)."""

    device_id: str
    status: str
    reason: str = ""

    @property
    def succeeded(self) -> bool:
        return call_succeeded(self.status)
