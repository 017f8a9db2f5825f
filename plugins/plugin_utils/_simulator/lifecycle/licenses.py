# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assigns and removes the licenses of an account (CONTRACT section 11)."""

from __future__ import annotations

from ..state.campaign import Campaign
from ..state.records import Account
from ..state.service_state import ServiceState
from ..state.upgrade import Upgrade
from . import checks
from .campaigns import Campaigns
from .upgrades import Upgrades

PREEXISTING = "Device license preexisting"


class Licenses:
    """Assigns and removes the licenses of accounts."""

    def __init__(self, state: ServiceState, campaigns: Campaigns, upgrades: Upgrades) -> None:
        self._state = state
        self._campaigns = campaigns
        self._upgrades = upgrades

    def assign(self, account: Account, imei: str) -> str | None:
        """License one device; the reason for a refusal, or None."""
        device = account.devices.get(imei)
        if device is None:
            return checks.NOT_FOUND
        if device.licensed is not None:
            return PREEXISTING
        if account.license_used >= account.license_count:
            return "No license available"
        account.give_license(device, self._state.now)
        account.updated = self._state.now
        return None

    def remove(self, account: Account, imei: str) -> str | None:
        """Remove an unused license; the reason for a refusal, or None.

        This also cancels a scheduled upgrade of the device that has not started.
        """
        device = account.devices.get(imei)
        if device is None:
            return checks.NOT_FOUND
        if device.licensed is None:
            return "Device has no license"
        if device.license_used:
            return "License is in use"
        holder = device.holder
        if isinstance(holder, Campaign) and not self._campaigns.drop_device(
            holder, imei, checks.CANCELLED
        ):
            return "Upgrade is running"
        if isinstance(holder, Upgrade) and not self._upgrades.drop_device(
            holder, imei, checks.CANCELLED
        ):
            return "Upgrade is running"
        account.take_license(device)
        account.updated = self._state.now
        return None
