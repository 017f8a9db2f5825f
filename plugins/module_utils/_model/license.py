# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions and MRC licenses of an account (contract section 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import MalformedReply
from .wire import as_object, as_row, flag, number, text

MONTHLY_POOL = "TS-HFOTA-MRC"
PAY_PER_UPGRADE = "TS-HFOTA-EVNT"
# The reason for which an assigned license is not assigned again.
_PREEXISTING = "preexisting"


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
    def has_pool(self) -> bool:
        """Whether the account has licenses to assign."""
        return MONTHLY_POOL in self.purchase_types

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


def was_licensed(reason: str) -> bool:
    """Return whether a device that was to be licensed had its license before (section 11)."""
    return _PREEXISTING in reason.lower()


@dataclass(frozen=True)
class CandidatePage:
    """A part of the cancellation candidates, and whether more follow."""

    device_ids: tuple[str, ...]
    more: bool


def read_candidate_page(reply: object, *, first: int) -> CandidatePage:
    """Read a page of cancellation candidates.

    :param first: the record number at which the page starts.
    :raises MalformedReply: it is not a page, or does not say whether more rows follow.
    """
    what = "cancellation candidates"
    page = as_row(reply, what)
    ids = read_candidates(reply)
    more = flag(page, "hasMoreData")
    total = number(page, "count")
    if more is None and total is not None:
        more = first + len(ids) < total
    if more is None:
        raise MalformedReply(f"{what}: expected a JSON boolean in hasMoreData, got none")
    return CandidatePage(device_ids=ids, more=more)


def read_candidates(reply: object) -> tuple[str, ...]:
    """Read the devices of a list of cancellation candidates; null for none counts as empty."""
    what = "cancellation candidates"
    row = as_object(reply, what, "deviceList", "count")
    listed = row.get("deviceList")
    if listed is None and ("deviceList" in row or number(row, "count") == 0):
        return ()
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise MalformedReply(f"{what}: expected a JSON list of texts in deviceList")
    return tuple(listed)
