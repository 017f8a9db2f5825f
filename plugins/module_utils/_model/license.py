# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions and MRC licenses of an account (contract section 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .wire import as_object, number, text

MONTHLY_POOL = "TS-HFOTA-MRC"
PAY_PER_UPGRADE = "TS-HFOTA-EVNT"


@dataclass(frozen=True)
class Subscription:
    """The subscription of the account.

    :ivar purchase_types: TS-HFOTA-MRC (monthly pool of licenses), TS-HFOTA-EVNT (pay per upgrade).
    """

    purchase_types: tuple[str, ...]
    license_count: int
    license_used_count: int
    updated: str

    @property
    def needs_licenses(self) -> bool:
        """Whether only licensed devices can be scheduled, as there is no billing per upgrade."""
        return MONTHLY_POOL in self.purchase_types and PAY_PER_UPGRADE not in self.purchase_types

    @property
    def free_licenses(self) -> int:
        """Number of unassigned licenses of the pool."""
        return max(0, self.license_count - self.license_used_count)


def read_subscription(reply: object) -> Subscription:
    """Read a subscription, which has the same five keys in every version."""
    row = as_object(reply, "subscription", "purchaseType")
    types = (part.strip() for part in text(row, "purchaseType").split(","))
    return Subscription(
        purchase_types=tuple(part for part in types if part),
        license_count=number(row, "licenseCount") or 0,
        license_used_count=number(row, "licenseUsedCount") or 0,
        updated=text(row, "updateTime"),
    )


@dataclass(frozen=True)
class LicensedDevice:
    """A licensed device, and the time of the assignment (the text of the service)."""

    device_id: str
    assigned: str


@dataclass(frozen=True)
class LicenseTotals:
    """Counts of a license report; None if the service does not return them."""

    total: int | None
    assigned: int | None


def read_license_totals(page: Mapping[str, object]) -> LicenseTotals:
    """Read the counts of a license report page; their keys differ by version (section 11)."""
    return LicenseTotals(
        total=number(page, "totalLicenses", "totalLicense"),
        assigned=number(page, "assignedLicenses"),
    )


def read_licensed_devices(rows: Iterable[Mapping[str, object]]) -> list[LicensedDevice]:
    """Read the device rows of a license report."""
    return [
        LicensedDevice(device_id=text(row, "deviceId"), assigned=text(row, "assignmentTime"))
        for row in rows
    ]
