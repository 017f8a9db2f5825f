# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upgrades of v1: without name and windows, with devices in the reply (contract section 13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import final

from .campaign import CampaignDevice, Change
from .campaign_wire import read_campaign_devices
from .errors import MalformedReply
from .status import CampaignState, campaign_state
from .times import parse_date
from .wire import as_object, as_row, as_rows, text


@dataclass(frozen=True)
class UpgradeRequest:
    """The request to schedule an upgrade. Older servers do not support ``end`` (section 12, 4)."""

    account: str
    package: str
    to_version: str
    start: date
    end: date | None
    devices: tuple[str, ...] = field(repr=False)


@final
@dataclass(frozen=True)
class Upgrade:
    """An upgrade as the service reports it."""

    id: str
    package: str
    to_version: str
    status: str
    start: date | None
    end: date | None
    devices: tuple[CampaignDevice, ...] = field(repr=False, default=())

    @property
    def state(self) -> CampaignState:
        return campaign_state(self.status)

    @property
    def device_ids(self) -> frozenset[str]:
        return frozenset(device.device_id for device in self.devices)


def read_upgrade(reply: object) -> Upgrade:
    """Read an upgrade from a schedule, get or report reply."""
    row = as_row(reply, "upgrade")
    return Upgrade(
        id=text(row, "id"),
        package=text(row, "firmwareName"),
        to_version=text(row, "firmwareTo"),
        status=text(row, "status"),
        start=parse_date(text(row, "startDate")),
        end=parse_date(text(row, "endDate")),
        devices=tuple(read_campaign_devices(as_rows(row.get("deviceList"), "deviceList"))),
    )


def read_whole_upgrade(reply: object) -> Upgrade:
    """Read an upgrade that is the whole reply.

    :raises MalformedReply: it has no id, so it is not the upgrade.
    """
    upgrade = read_upgrade(as_object(reply, "upgrade", "id"))
    if not upgrade.id:
        raise MalformedReply("upgrade: expected a JSON object with an id, got an empty id")
    return upgrade


def write_upgrade_request(request: UpgradeRequest) -> dict[str, object]:
    """Write the body that schedules an upgrade; it includes the account."""
    body: dict[str, object] = {
        "accountName": request.account,
        "firmwareName": request.package,
        "firmwareTo": request.to_version,
        "startDate": request.start.isoformat(),
        "deviceList": list(request.devices),
    }
    if request.end:
        body["endDate"] = request.end.isoformat()
    return body


def write_upgrade_change(change: Change, device_ids: Iterable[str]) -> dict[str, object]:
    """Write a v1 device change, whose key is a lower-case ``type`` (section 12, 3)."""
    return {"type": change.value, "deviceList": list(device_ids)}
