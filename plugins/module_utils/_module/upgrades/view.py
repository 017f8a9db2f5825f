# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upgrades and their devices as module results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..._model.campaign import CampaignDevice
from ..._model.status import DeviceState
from ..._model.upgrade import Upgrade
from ..campaigns.view import (
    REPORT_COLUMNS,
    count_devices,
    select_devices,
    view_day,
    view_device,
)
from ..results_file import Rows


def view_upgrade(upgrade: Upgrade, return_devices: str) -> dict[str, Any]:
    """Give an upgrade with its devices as a module result."""
    return {
        "upgrade_id": upgrade.id,
        **view_declared(upgrade),
        "counts": count_devices(upgrade.devices),
        "devices": select_devices(upgrade.devices, return_devices),
    }


def mark_done(
    rows: Iterable[CampaignDevice], done: frozenset[str], version: str
) -> list[CampaignDevice]:
    """Give the rows of a report and, in place of theirs, those of devices that are done.

    :param version: the target version, which these devices run.
    """
    marked = [row for row in rows if row.device_id not in done]
    for imei in sorted(done):
        row = CampaignDevice(imei, status="", reason=f"runs {version} already")
        row.state = DeviceState.CURRENT
        marked.append(row)
    return marked


def view_declared(upgrade: Upgrade) -> dict[str, Any]:
    """Give an upgrade without its id and devices."""
    return {
        "status": upgrade.status,
        "state": upgrade.state.value,
        "package": upgrade.package,
        "to_version": upgrade.to_version,
        "start_date": view_day(upgrade.start),
        "end_date": view_day(upgrade.end),
    }


def upgrade_rows(upgrades: Iterable[Upgrade]) -> Rows:
    """Give every device of upgrades, each with the upgrade that it is in."""
    devices = (
        {**view_device(row), "upgrade_id": upgrade.id}
        for upgrade in upgrades
        for row in upgrade.devices
    )
    return Rows((*REPORT_COLUMNS, "upgrade_id"), devices)
