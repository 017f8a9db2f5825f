# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plans of campaigns and upgrades share."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .._model.campaign import Campaign, CampaignRequest
from .._model.upgrade import Upgrade, UpgradeRequest
from .device_difference import DeviceDifference


class Plan(ABC):
    """What would be written."""

    current: Campaign | Upgrade | None
    create: CampaignRequest | UpgradeRequest | None
    cancel: bool
    devices: DeviceDifference

    @property
    @abstractmethod
    def changed(self) -> bool:
        """Something would be written."""

    @property
    def was_over(self) -> bool:
        """What is planned was over before, and stays as it is."""
        return not self.changed and self.current is not None and self.current.state.over

    @property
    def action(self) -> str:
        """What is done: create, cancel, update or none."""
        if self.create:
            return "create"
        if self.cancel:
            return "cancel"
        return "update" if self.changed else "none"
