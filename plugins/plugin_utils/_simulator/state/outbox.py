# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callbacks that wait to be sent (CONTRACT section 8).

v1 has the published structure. That of v2 and v3 is not published: its members are inferred.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from .campaign import Campaign
from .clock import day_text
from .records import Account, Listener
from .upgrade import Upgrade

Messages = SimpleQueue[tuple[Listener, dict[str, Any]]]


def _nothing() -> None:
    return None


class Outbox:
    """Messages in order, for whoever sends them.

    :ivar count: number of messages so far.
    :ivar on_listener: called when a listener is registered.
    """

    def __init__(self) -> None:
        self.messages: Messages = SimpleQueue()
        self.count = 0
        self.on_listener: Callable[[], None] = _nothing

    def campaign_changed(self, campaign: Campaign) -> None:
        """Report the status of a v2 or v3 campaign."""
        self._put(campaign.account, campaign.api, _campaign_message(campaign, []))

    def device_changed(self, campaign: Campaign, imei: str, status: str) -> None:
        """Report the result of a device of a v2 or v3 campaign."""
        row = {"deviceId": imei, "status": status}
        self._put(campaign.account, campaign.api, _campaign_message(campaign, [row]))

    def upgrade_changed(self, upgrade: Upgrade) -> None:
        """Report the status of a v1 upgrade."""
        listener = upgrade.account.listeners.get("v1")
        message: dict[str, Any] = {
            "accountName": upgrade.account.name,
            "participantName": upgrade.account.participant,
            "type": "upgradeProgress" if upgrade.finished else "upgradeScheduled",
            "username": (listener and listener.username) or "",
            "password": (listener and listener.password) or "",
            "firmwareList": [],
            "upgradeScheduled": {
                "firmwareName": upgrade.package.name,
                "upgradeId": upgrade.id,
                "startDate": day_text(upgrade.start),
                "status": upgrade.status,
            },
        }
        self._put(upgrade.account, "v1", message)

    def _put(self, account: Account, api: str, message: dict[str, Any]) -> None:
        listener = account.listeners.get(api)
        if listener is not None:
            self.count += 1
            self.messages.put((listener, message))


def _campaign_message(campaign: Campaign, devices: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "accountName": campaign.account.name,
        "type": "upgradeProgress",
        "campaignId": campaign.id,
        "status": campaign.status,
        "deviceList": devices,
    }
