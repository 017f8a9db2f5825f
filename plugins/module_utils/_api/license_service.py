# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licenses of v1, v2 and v3, and the cancellation candidates of v1 and v2 (contract section 11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from .._client.errors import ServiceRefused, UnexpectedReply
from .._client.operation import Kind, Operation
from .._model.campaign import DeviceChange
from .._model.campaign_wire import read_device_changes
from .._model.firmware import read_success
from .._model.license import (
    LicensedDevice,
    LicenseTotals,
    Subscription,
    read_candidate_page,
    read_candidates,
    read_license_totals,
    read_licensed_devices,
    read_subscription,
)
from .._model.text import count
from .paging import LICENSE_PAGES
from .service import Service, no_such_path

APPEND = "append"


@dataclass(frozen=True)
class LicenseOperations:
    """The operations of one version.

    :ivar status_elsewhere: the same report under the path of another vendor document, used if
        the first path does not exist (contract section 14, question 3).
    """

    status: Operation
    assign: Operation
    remove: Operation
    subscription: Operation
    status_elsewhere: Operation | None = None


@dataclass(frozen=True)
class CandidateOperations:
    """The operations of one version that has cancellation candidates."""

    list: Operation
    create: Operation
    delete: Operation


def license_operations(
    version: str, *, status: str, elsewhere: Operation | None = None
) -> LicenseOperations:
    """Give the operations of a version, whose paths differ only for the report.

    :param status: what follows the account in the path of the report.
    """
    licenses = f"/fota/{version}/licenses/{{account}}"
    return LicenseOperations(
        status=Operation(f"{version}GetLicenseStatus", "GET", licenses + status, Kind.READ),
        assign=Operation(f"{version}AssignLicenses", "POST", f"{licenses}/assign", Kind.WRITE),
        remove=Operation(f"{version}RemoveLicenses", "POST", f"{licenses}/remove", Kind.WRITE),
        subscription=Operation(
            f"{version}GetSubscription",
            "GET",
            f"/fota/{version}/subscriptions/{{account}}",
            Kind.READ,
        ),
        status_elsewhere=elsewhere,
    )


def candidate_operations(version: str, *, listed: str) -> CandidateOperations:
    """Give the operations of a version.

    :param listed: what follows the path of the other operations in that of the list.
    """
    path = f"/fota/{version}/licenses/{{account}}/cancel"
    name = f"{version}{{}}CancelCandidates"
    return CandidateOperations(
        list=Operation(name.format("List"), "GET", path + listed, Kind.READ),
        create=Operation(name.format("Create"), "POST", path, Kind.WRITE),
        delete=Operation(name.format("Delete"), "DELETE", path, Kind.WRITE),
    )


class LicenseService(Service):
    """Licenses of the version given by ``licenses``."""

    licenses: LicenseOperations

    def get_subscription(self) -> Subscription:
        """Read the subscription of the account."""
        return self._call(self.licenses.subscription, read_subscription)

    def list_licenses(self) -> tuple[LicenseTotals, list[LicensedDevice]]:
        """Read the license counts and all licensed devices, all pages."""
        try:
            return self._list_licenses(self.licenses.status)
        except ServiceRefused as error:
            if self.licenses.status_elsewhere is None or not no_such_path(error):
                raise
            return self._list_licenses(self.licenses.status_elsewhere)

    def _list_licenses(self, operation: Operation) -> tuple[LicenseTotals, list[LicensedDevice]]:
        listing = self._list(operation, LICENSE_PAGES, read_licensed_devices)
        return read_license_totals(listing.rest), listing.items

    def assign_licenses(self, device_ids: Iterable[str]) -> list[DeviceChange]:
        """Assign MRC licenses; in v3, this starts network reachability monitoring."""
        return self._change(self.licenses.assign, device_ids)

    def remove_licenses(self, device_ids: Iterable[str]) -> list[DeviceChange]:
        """Remove unused MRC licenses, which cancels scheduled upgrades of the devices."""
        return self._change(self.licenses.remove, device_ids)

    def _change(self, operation: Operation, device_ids: Iterable[str]) -> list[DeviceChange]:
        return self._call(operation, read_device_changes, body={"deviceList": list(device_ids)})


class CandidateService(LicenseService):
    """Cancellation candidates of the version given by ``candidates``."""

    candidates: CandidateOperations

    def list_candidates(self) -> list[str]:
        """Read the devices that lose their licenses first, all pages, each once.

        A page has no cursor: the next one starts at the number of rows read so far.
        """
        operation = self.candidates.list
        found: list[str] = []
        while True:
            start = str(len(found))
            in_path = "{index}" in operation.path
            page = self._call(
                operation,
                partial(read_candidate_page, first=len(found)),
                query=None if in_path or not found else {"startIndex": start},
                **({"index": start} if in_path else {}),
            )
            found += page.device_ids
            if not page.more:
                return list(dict.fromkeys(found))
            if not page.device_ids:
                raise UnexpectedReply(
                    f"{operation.id}: the list never ends: after {count(len(found), 'row')} the"
                    " service reports more rows, but returns none",
                    operation=operation.id,
                    hint="Nothing was decided from the incomplete list. Run again later.",
                )

    def create_candidates(self, device_ids: Iterable[str], *, append: bool) -> list[str]:
        """Replace the list, or extend it; gives the list afterwards."""
        verb = {"type": APPEND} if append else {}
        return self._call(
            self.candidates.create,
            lambda reply: list(read_candidates(reply)),
            body={**verb, "deviceList": list(device_ids)},
        )

    def delete_candidates(self) -> bool | None:
        """Delete the whole list; True, False, or None if the reply is unclear."""
        return self._call(self.candidates.delete, read_success)
