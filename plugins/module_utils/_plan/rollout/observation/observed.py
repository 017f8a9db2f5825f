# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has read: the only input of a decision beside the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ...._model.campaign import Campaign, CampaignDevice
from ...._model.device import Device
from ...._model.firmware import Package
from ...._model.license import Subscription
from ...._model.status import CampaignState
from ..declaration.campaign_names import CampaignName


@dataclass(frozen=True)
class OwnCampaign:
    """A campaign of this rollout, by its name, with its device report."""

    name: CampaignName
    campaign: Campaign
    rows: tuple[CampaignDevice, ...] = field(default=(), repr=False)

    @property
    def over(self) -> bool:
        return self.campaign.state.over

    @property
    def refused(self) -> bool:
        """The service accepted the request and then found it wrong: nothing was scheduled."""
        return self.campaign.state in (CampaignState.REQUEST_FAILED, CampaignState.FAILED)

    @property
    def stopped(self) -> bool:
        """It was canceled or aborted."""
        return self.campaign.state in (CampaignState.CANCELLED, CampaignState.ABORTED)

    def started(self, now: datetime) -> bool:
        """Devices may be changing."""
        return self.campaign.started(now.date())


@dataclass(frozen=True)
class EarlierCampaign:
    """A campaign of the account that is over and not of this rollout, with its device report."""

    campaign: Campaign
    rows: tuple[CampaignDevice, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Observed:
    """Everything that one run knows of the service.

    :ivar now: the service's clock.
    :ivar devices: what the account says of the selected and the claimed ones, by IMEI; one that
        the account does not have is missing.
    :ivar own: campaigns of this rollout, of all generations.
    :ivar busy: devices in live campaigns that are not of this rollout: IMEI to campaign id.
    :ivar generations: those of all campaigns of this rollout, also of older ones that are over.
    :ivar retargeted: make and model of campaigns of this rollout to targets that are declared no
        more; empty names where the service gives none.
    :ivar neighbours_until: the last day of campaigns of others that are over, by make and model.
    :ivar neighbours: campaigns of others for the makes and models of the targets.
    :ivar license_failures: devices that got no license in this run, and why; None while none did.
        Afterwards, the run assigns no more.
    :ivar earlier: some campaigns of others that are over, read for a forecast only.
    :ivar unread: what could not be read, and why: nothing can be judged, and a halt stops all.
    :ivar unread_to_create: the same of what only new campaigns depend on: nothing is created, and
        what is there is judged and stopped as ever.
    """

    now: datetime
    catalog: tuple[Package, ...]
    devices: Mapping[str, Device]
    own: tuple[OwnCampaign, ...]
    busy: Mapping[str, str]
    subscription: Subscription
    generations: frozenset[str] = frozenset()
    retargeted: frozenset[tuple[str, str]] = frozenset()
    neighbours_until: Mapping[tuple[str, str], date] = field(default_factory=dict)
    neighbours: tuple[Campaign, ...] = ()
    license_failures: Mapping[str, str] | None = None
    earlier: tuple[EarlierCampaign, ...] = ()
    unread: tuple[str, ...] = ()
    unread_to_create: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """All was read."""
        return not self.unread and not self.unread_to_create
