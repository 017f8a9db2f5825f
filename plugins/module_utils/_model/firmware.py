# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware and software packages, and the stored firmware versions of devices."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import MalformedReply
from .status import call_succeeded
from .wire import as_object, as_row, as_rows, flag, required_text, text

# Firmware lists say OMD-DM where campaign requests say OMA (contract section 12, item 8).
_REQUEST_PROTOCOL = {"OMD-DM": "OMA", "OMADM": "OMA", "OMDADM": "OMA"}
_LIST_PROTOCOL = {"OMA": "OMD-DM"}


def request_protocol(word: str) -> str:
    """Convert a protocol from the spelling of lists and devices to that of a request."""
    return _REQUEST_PROTOCOL.get(word, word)


def list_protocol(word: str) -> str:
    """Convert a protocol from the spelling of a request to that of a filter of lists."""
    return _LIST_PROTOCOL.get(word, word)


@dataclass(frozen=True)
class Package:
    """One published package: an image from one version to another for a make and model.

    Software packages (v2) have no versions: both are empty there.

    :ivar launch_date: as returned by the service; in several formats, also a zero time.
    :ivar protocol: LWM2M, OMD-DM or HTTP; empty in v1.
    """

    name: str
    make: str
    model: str
    from_version: str = ""
    to_version: str = ""
    protocol: str = ""
    launch_date: str = ""
    release_note: str = ""
    platform: str = ""

    @property
    def request_protocol(self) -> str:
        """The protocol in the spelling of a campaign request."""
        return request_protocol(self.protocol)


def read_packages(reply: object, what: str) -> list[Package]:
    """Read the package list of any version of the service, without duplicates.

    :raises MalformedReply: it is not a list, or a row has no name. Null does not count as an empty
        list, which would end a rollout.
    """
    if reply is None:
        raise MalformedReply(f"{what}: expected a JSON list, got nothing")
    packages = [
        Package(
            name=required_text(row, what, "firmwareName", "softwareName", "software"),
            make=text(row, "make"),
            model=text(row, "model"),
            from_version=text(row, "firmwareFrom", "fromVersion"),
            to_version=text(row, "firmwareTo", "toVersion"),
            protocol=text(row, "protocol", "distributionType"),
            launch_date=text(row, "launchDate"),
            release_note=text(row, "releaseNote"),
            platform=text(row, "devicePlatformId"),
        )
        for row in as_rows(reply, what)
    ]
    return list(dict.fromkeys(packages))


@dataclass(frozen=True)
class SyncResult:
    """The result of a synchronize call for one device.

    :ivar succeeded: whether the service refreshed the version.
    :ivar updated: time text of the version, as written by the service.
    """

    device_id: str
    status: str
    version: str
    reason: str
    updated: str

    @property
    def succeeded(self) -> bool:
        return call_succeeded(self.status)


def read_sync_results(reply: object) -> list[SyncResult]:
    """Read the reply of a synchronize call, whose list key is misspelled by the service."""
    names = ("deviceFirmwarVersionList", "deviceFirmwareVersionList")
    row = as_object(reply, "synchronize reply", *names, "accountName")
    listed = next((row[name] for name in names if name in row), None)
    return [
        SyncResult(
            device_id=text(item, "deviceId"),
            status=text(item, "status"),
            version=text(item, "firmwareVersion"),
            reason=text(item, "Reason", "reason"),
            updated=text(item, "VersionUpdateTime", "firmwareVersionUpdateTime"),
        )
        for item in as_rows(listed, "deviceFirmwarVersionList")
    ]


def read_request_id(reply: object) -> str:
    """Read the request id of an asynchronous acknowledgement; it cannot be queried."""
    return text(as_object(reply, "acknowledgement", "requestId"), "requestId")


def read_success(reply: object) -> bool | None:
    """Read the reply of a cancellation: True, False, or None if it is unclear."""
    return flag(as_row(reply, "cancel reply"), "success") if reply is not None else None
