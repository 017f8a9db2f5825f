# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences of an account: assign, remove (CONTRACT section 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..state.campaign import Campaign
from ..state.records import Account
from . import checks
from .upgrades import Upgrade

if TYPE_CHECKING:
    from ..world import World

PREEXISTING = "Device license preexisting"


def assign(world: World, account: Account, imei: str) -> str | None:
    """License one device; the reason why not, or None."""
    device = account.devices.get(imei)
    if device is None:
        return checks.NOT_FOUND
    if device.licensed is not None:
        return PREEXISTING
    if account.license_used >= account.license_count:
        return "No license available"
    account.give_license(device, world.now)
    account.updated = world.now
    return None


def remove(world: World, account: Account, imei: str) -> str | None:
    """Take an unused licence back; the reason why not, or None.

    A scheduled upgrade of the device that has not begun is cancelled with it.
    """
    device = account.devices.get(imei)
    if device is None:
        return checks.NOT_FOUND
    if device.licensed is None:
        return "Device has no license"
    if device.license_used:
        return "License is in use"
    holder = device.holder
    if isinstance(holder, Campaign) and not world.campaigns.drop_device(
        holder, imei, checks.CANCELLED
    ):
        return "Upgrade is running"
    if isinstance(holder, Upgrade) and not world.upgrades.drop_device(
        holder, imei, checks.CANCELLED
    ):
        return "Upgrade is running"
    account.take_license(device)
    account.updated = world.now
    return None
