# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a device is refused by a campaign or upgrade (CONTRACT section 5, table of devices)."""

from __future__ import annotations

from ..state.records import Account, Device, Package

NOT_FOUND = "Device not found"
BUSY = "Device is busy in another upgrade"
NOT_CAPABLE = "Device is not FOTA capable"
WRONG_VERSION = "Device does not have the prerequisite version"
WRONG_MODEL = "Device make or model does not match"
WRONG_PROTOCOL = "Device protocol does not match"
INACTIVE = "Device is inactive"
UNLICENSED = "Device has no license"
TOO_MANY = "Firmware has no successful pilot: at most 20 devices"
CANCELLED = "License removed"


def refusal(
    account: Account,
    imei: str,
    *,
    api: str,
    package: Package,
    protocol: str | None,
    wanted: str,
) -> str | None:
    """The reason to refuse a device, or None.

    ``protocol`` is the one it must speak (None: any of the API's), ``wanted`` the version it must
    have now.

    ThingSpace judges by the firmware version it remembers, not by the one on the device.
    """
    device = account.devices.get(imei)
    if device is None:
        return NOT_FOUND
    if device.holder is not None:
        return BUSY
    if not device.eligible:
        return NOT_CAPABLE
    if device.status != "Active":
        return INACTIVE
    if api not in device.apis or protocol not in (None, device.protocol):
        return WRONG_PROTOCOL
    if (device.make, device.model) != (package.make, package.model):
        return WRONG_MODEL
    if not _at(device, api, wanted):
        return WRONG_VERSION
    return None


def _at(device: Device, api: str, version: str) -> bool:
    if api == "v2":
        return device.software_version(version) is not None
    return device.stored == version


def needs_license(account: Account, device: Device) -> bool:
    """A monthly-licence account must license a device before its upgrade."""
    return account.monthly_only and device.licensed is None
