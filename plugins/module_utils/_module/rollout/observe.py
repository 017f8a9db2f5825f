# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read everything that one run of a rollout is decided by, in as few calls as possible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ..._client.errors import ServiceRefused, ServiceUnavailable, UnexpectedReply
from ..._model.campaign import Campaign, CampaignDevice, CampaignType
from ..._model.device import Device
from ..._model.firmware import Package, list_protocol
from ..._model.license import Subscription
from ..._model.status import CampaignState, DeviceState
from ..._plan.rollout.declaration.campaign_names import CampaignName, parse_name
from ..._plan.rollout.declaration.spec import RolloutSpec
from ..._plan.rollout.observation.observed import EarlierCampaign, Observed, OwnCampaign
from ..._plan.rollout.observation.software_view import see_software
from ..campaigns.search import (
    HISTORIES_READ,
    list_all_campaigns,
    list_history_ids,
    list_readable_campaigns,
    read_kept,
)
from ..context import Context
from ..devices.firmware import query_devices

# Campaigns of others that a forecast is based on as long as the rollout has no results.
EARLIER_READ = 3
NO_SUBSCRIPTION = Subscription((), 0, 0, "")


class Observer:
    """Reads for one rollout; remembers which campaigns were read."""

    def __init__(
        self,
        context: Context,
        spec: RolloutSpec,
        campaign_ids: Iterable[str] = (),
        *,
        needs_all: bool = True,
        forecast: bool = False,
    ) -> None:
        """:param campaign_ids: campaigns to read even if no report lists them.
        :param needs_all: without it, the list of campaigns is enough: what else cannot be read is
            left out, and named in :attr:`Observed.unread`.
        :param forecast: the end is to be forecast, as it is where there is a deadline.
        """
        self._campaign_ids = campaign_ids
        self._needs_all = needs_all
        self._unread: dict[str, None] = {}
        self._unread_to_create: list[str] = []
        self._context = context
        self._service = context.campaigns(spec.type)
        self._software = spec.type is CampaignType.SOFTWARE
        self._spec = spec
        self._generations = {target.generation for target in spec.targets}
        self._forecast = forecast or spec.has_deadline
        self._known: set[str] = set()
        self._asked: set[str] = set()

    def read(self) -> Observed:
        """Read campaigns, reports, packages, subscription and devices.

        Calls: one a campaign status, two for packages and subscription, one a page of each report
        of ours and of each live campaign of others, one a thousand devices.
        """
        listed = self._list_campaigns()
        # One without a name may be ours: it is read again where a device's history names it.
        self._known |= {campaign.id for campaign in listed if campaign.name}
        remembered = set(self._campaign_ids) - self._known
        listed += self._try("the campaigns of the journal", lambda: self._read_kept(remembered), [])
        self._known |= {campaign.id for campaign in listed if campaign.name}
        own = [(campaign, name) for campaign in listed if (name := self._own_name(campaign))]
        relevant = [campaign for campaign in listed if self._matters(campaign)]
        reads: list[Callable[[], Any]] = [
            lambda: self._try("the packages", self._list_packages, ()),
            self._get_subscription,
            *(self._report_of(campaign) for campaign in relevant),
        ]
        catalog, subscription, *reports = self._context.client.map(lambda read: read(), reads)
        models = {(target.make, target.model) for target in self._spec.targets}
        seen = Observed(
            now=self._context.client.now,
            catalog=tuple(catalog),
            devices={},
            own=(),
            busy={},
            subscription=subscription or NO_SUBSCRIPTION,
            unread_to_create=tuple(self._unread_to_create),
            generations=frozenset(name.generation for _campaign, name in own),
            retargeted=frozenset(
                (campaign.make, campaign.model)
                for campaign, name in own
                if name.generation not in self._generations
            ),
            neighbours=tuple(
                campaign
                for campaign in listed
                if (campaign.make, campaign.model) in models and not self._own_name(campaign)
            ),
            neighbours_until=_last_days(
                campaign for campaign in listed if not self._matters(campaign)
            ),
        )
        found = self._with_devices(self._sort(seen, relevant, reports))
        needed = self._forecast and self._needs_all
        return self._with_earlier(found, listed) if needed else found

    def add_unlisted(self, seen: Observed, suspects: Iterable[Sequence[str]]) -> Observed:
        """Search for campaigns that no report lists, in the histories of a few devices per group.

        :returns: ``seen`` itself when there are none.
        """
        asked = (imei for group in suspects for imei in group[:HISTORIES_READ])
        devices = [imei for imei in dict.fromkeys(asked) if imei not in self._asked]
        self._asked.update(devices)
        unlisted: set[str] = self._try(
            "histories of devices", lambda: list_history_ids(self._service, devices), set()
        )
        unlisted -= self._known
        self._known |= unlisted
        kept: list[Campaign] = self._try(
            "campaigns of histories", lambda: self._read_kept(unlisted), []
        )
        found = [campaign for campaign in kept if self._matters(campaign)]
        if not found:
            return seen
        reports = self._context.client.map(lambda read: read(), map(self._report_of, found))
        return self._with_devices(self._sort(seen, found, reports))

    def _with_earlier(self, seen: Observed, listed: Iterable[Campaign]) -> Observed:
        """Read the reports of a few campaigns that are over, where the rollout has no results yet.

        Only the forecast depends on them: it has none of those that cannot be read.
        """
        # Only a forecast needs it, and most runs have none.
        from ..._plan.rollout.forecast.experience import has_experience

        if seen.unread or has_experience(seen):
            return seen
        models = {(target.make, target.model) for target in self._spec.targets}
        ended = [
            campaign
            for campaign in listed
            if campaign.state is CampaignState.ENDED
            and campaign.schedule.end is not None
            and not self._matters(campaign)
        ]
        ended.sort(
            key=lambda campaign: (
                (campaign.make, campaign.model) in models,
                campaign.schedule.end or date.min,
            ),
            reverse=True,
        )
        read = self._context.client.map(self._read_earlier, ended[:EARLIER_READ])
        return replace(seen, earlier=tuple(filter(None, read)))

    def _read_earlier(self, campaign: Campaign) -> EarlierCampaign | None:
        try:
            rows = self._service.list_campaign_devices(campaign.id)
        except (ServiceRefused, ServiceUnavailable, UnexpectedReply):
            return None
        return EarlierCampaign(campaign, tuple(rows))

    def _list_campaigns(self) -> list[Campaign]:
        """List the campaigns of every status; to stop some, those that can be listed are enough.

        :raises FotaError: none could be listed.
        """
        if self._needs_all:
            return list_all_campaigns(self._service)
        found, unread = list_readable_campaigns(self._service)
        self._unread |= dict.fromkeys(unread)
        return found

    def _read_kept(self, ids: Iterable[str]) -> list[Campaign]:
        return read_kept(self._context.client, self._service.get_campaign, ids)

    def _list_packages(self) -> Sequence[Package]:
        """The catalog; that of software has no versions, so the declaration has them."""
        return self._spec.packages if self._software else self._context.v3.list_firmware()

    def _get_subscription(self) -> Subscription | None:
        """Read the licenses, which are needed to create campaigns only: without them, a failed
        wave is still stopped."""
        try:
            return self._service.get_subscription()
        except (ServiceRefused, ServiceUnavailable, UnexpectedReply) as error:
            self._unread_to_create.append(f"the subscription could not be read: {error}")
            return None

    def _matters(self, campaign: Campaign) -> bool:
        """It is one of ours, or lives and may hold devices that we want."""
        name = self._own_name(campaign)
        ours = name is not None and name.generation in self._generations
        return ours or not campaign.state.over

    def _own_name(self, campaign: Campaign) -> CampaignName | None:
        name = parse_name(campaign.name)
        return name if name is not None and name.rollout == self._spec.name else None

    def _report_of(self, campaign: Campaign) -> Callable[[], Any]:
        return lambda: self._try(
            f"the report of campaign {campaign.name} ({campaign.id})",
            lambda: self._service.list_campaign_devices(campaign.id),
            (),
        )

    def _try(self, what: str, read: Callable[[], Any], instead: Any) -> Any:
        """Read, or give ``instead`` where the rest is enough."""
        if self._needs_all:
            return read()
        try:
            return read()
        except (ServiceRefused, ServiceUnavailable, UnexpectedReply) as error:
            self._unread[f"{what} could not be read: {error}"] = None
            return instead

    def _sort(
        self, seen: Observed, campaigns: Sequence[Campaign], reports: Sequence[Any]
    ) -> Observed:
        """Add campaigns with their reports: to our own, or what they hold to the busy devices."""
        own, busy = list(seen.own), dict(seen.busy)
        for campaign, rows in zip(campaigns, reports, strict=True):
            name = self._own_name(campaign)
            if name is not None:
                own.append(OwnCampaign(name, campaign, tuple(rows)))
            if name is None or name.generation not in self._generations:
                busy.update({row.device_id: campaign.id for row in rows if _holds(row)})
        return replace(seen, own=tuple(own), busy=busy)

    def _with_devices(self, seen: Observed) -> Observed:
        """Read the devices that are selected or claimed, and were not read yet."""
        wanted = {device.imei for device in self._spec.devices}
        wanted |= {row.device_id for campaign in seen.own for row in campaign.rows}
        missing = wanted - seen.devices.keys()
        more: dict[str, Device] = self._try("the devices", lambda: self._read_devices(missing), {})
        found = replace(
            seen,
            devices={**seen.devices, **more},
            now=self._context.client.now,
            unread=tuple(self._unread),
        )
        return see_software(self._spec, found) if self._software else found

    def _read_devices(self, wanted: Collection[str]) -> dict[str, Device]:
        """Read devices by their IMEIs; v2 can only list all of them."""
        if not self._software:
            return query_devices(self._context, sorted(wanted))
        if not wanted:
            return {}
        word = list_protocol(self._spec.protocol)
        listed = self._context.v2.list_devices(distribution_type=word)
        return {device.device_id: device for device in listed if device.device_id in wanted}


def _last_days(campaigns: Iterable[Campaign]) -> dict[tuple[str, str], date]:
    """Give the last day of all campaigns of each make and model."""
    found: dict[tuple[str, str], date] = {}
    for campaign in campaigns:
        model, end = (campaign.make, campaign.model), campaign.schedule.end
        if end is not None:
            found[model] = max(end, found.get(model, end))
    return found


def _holds(row: CampaignDevice) -> bool:
    """A live campaign has a device unless it refused it; words that are not known count as held."""
    return row.state not in (DeviceState.REJECTED, DeviceState.STOPPED)
