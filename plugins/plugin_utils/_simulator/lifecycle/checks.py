# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the devices of a campaign or upgrade (CONTRACT section 5, table of devices)."""

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
    required_version: str,
) -> str | None:
    """The reason to refuse a device, or None.

    ``protocol`` is the protocol it must have (None: any of the API), ``required_version`` its
    version. For firmware, ThingSpace checks the reported version, not the version that runs.
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
    if not package.is_file and not _at(device, api, required_version):
        return WRONG_VERSION
    return None


def _at(device: Device, api: str, version: str) -> bool:
    if api == "v2":
        return device.software_version(version) is not None
    return device.reported_firmware == version


def needs_license(account: Account, device: Device) -> bool:
    """Whether the account needs a monthly license for the device and has none."""
    return account.monthly_only and device.licensed is None
