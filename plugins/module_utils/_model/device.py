# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of an account and their history, from any version of the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .status import call_succeeded
from .wire import as_rows, flag, required_text, text, word


@dataclass(frozen=True, slots=True)
class InstalledSoftware:
    """One software component on an HTTP device (v2)."""

    name: str
    version: str
    upgraded: str


@dataclass(unsafe_hash=True, slots=True)
class Device:
    """A device of the account; times are the text of the service.

    It is never changed. It is not frozen because that halves the time to create 100 000 of them.

    :ivar firmware: the version stored by ThingSpace, not necessarily the current one.
    :ivar protocol: LWM2M, OMADM, HTTP or NONE; empty in v1.
    :ivar refreshed: time of the last refresh of the firmware data (v2, v3).
    :ivar request_status: status in the reply to a query by IMEI, if any.
    """

    device_id: str
    make: str
    model: str
    firmware: str
    protocol: str
    fota_eligible: bool | None
    license_assigned: bool | None
    mdn: str = ""
    status: str = ""
    refreshed: str = ""
    upgraded: str = ""
    connected: str = ""
    request_status: str = ""
    reason: str = ""
    software: tuple[InstalledSoftware, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the account has the device; a query by IMEI returns a failure for others."""
        return not self.request_status or call_succeeded(self.request_status)


def read_devices(rows: Iterable[Mapping[str, object]]) -> list[Device]:
    """Read device rows of v1, v2 or v3."""
    return [
        Device(
            device_id=text(row, "deviceId"),
            make=word(row, "make"),
            model=word(row, "model"),
            firmware=word(row, "firmware"),
            protocol=word(row, "protocol", "distributionType"),
            fota_eligible=flag(row, "fotaEligible"),
            license_assigned=flag(row, "licenseAssigned"),
            mdn=text(row, "mdn"),
            status=word(row, "status"),
            refreshed=text(row, "refreshTime"),
            upgraded=text(row, "upgradeTime"),
            connected=text(row, "lastConnectionTime"),
            request_status=word(row, "requestStatus"),
            reason=word(row, "resultReason"),
            software=_read_software(row) if row.get("softwareList") else (),
        )
        for row in rows
    ]


def _read_software(row: Mapping[str, object]) -> tuple[InstalledSoftware, ...]:
    return tuple(
        InstalledSoftware(
            name=text(item, "name"),
            version=text(item, "version"),
            upgraded=text(item, "upgradeTime"),
        )
        for item in as_rows(row["softwareList"], "softwareList")
    )


@dataclass(frozen=True)
class HistoryItem:
    """One past campaign or upgrade of a device.

    :ivar campaign_id: id of the campaign (v2, v3) or upgrade (v1).
    :ivar package: empty in v1, whose history contains only versions.
    """

    device_id: str
    campaign_id: str
    package: str
    from_version: str
    to_version: str
    start_date: str
    status: str
    reason: str
    updated: str


def read_history(reply: object) -> list[HistoryItem]:
    """Read a device's history; null, for none, counts as empty.

    :raises MalformedReply: it is not a list, or a row does not name its campaign.
    """
    return [
        HistoryItem(
            device_id=text(row, "deviceId"),
            campaign_id=required_text(row, "device history", "campaignId", "id"),
            package=text(row, "firmwareName", "softwareName"),
            from_version=text(row, "firmwareFrom"),
            to_version=text(row, "firmwareTo"),
            start_date=text(row, "startDate"),
            status=text(row, "status"),
            reason=text(row, "reason"),
            updated=text(row, "reportUpdatedTime", "upgradeStartTime"),
        )
        for row in as_rows(reply, "device history")
    ]
