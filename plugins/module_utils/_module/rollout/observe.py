# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read everything that one run of a rollout is decided by, in as few calls as there can be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ..._model.campaign import Campaign, CampaignDevice, CampaignType
from ..._model.device import Device
from ..._model.firmware import Package, list_protocol
from ..._model.status import DeviceState
from ..._plan.rollout.declaration.campaign_names import CampaignName, parse_name
from ..._plan.rollout.declaration.spec import RolloutSpec
from ..._plan.rollout.observation.observed import Observed, OwnCampaign
from ..._plan.rollout.observation.software_view import see_software
from ..campaigns.search import HISTORIES_READ, get_if_kept, list_all_campaigns
from ..context import Context
from ..devices.firmware import query_devices


class Observer:
    """Reads for one rollout; remembers which campaigns the reports have shown."""

    def __init__(
        self, context: Context, spec: RolloutSpec, campaign_ids: Iterable[str] = ()
    ) -> None:
        """:param campaign_ids: campaigns to read even if no report shows them."""
        self._campaign_ids = campaign_ids
        self._context = context
        self._service = context.campaigns(spec.type)
        self._software = spec.type is CampaignType.SOFTWARE
        self._spec = spec
        self._generations = {target.generation for target in spec.targets}
        self._known: set[str] = set()
        self._asked: set[str] = set()

    def look(self) -> Observed:
        """Read campaigns, reports, packages, subscription and devices.

        Calls: one a campaign status, two for packages and subscription, one a page of each report
        of ours and of each live campaign of others, one a thousand devices.
        """
        listed = list_all_campaigns(self._service)
        # One without a name may be ours: it is read again where a device's history tells of it.
        self._known |= {one.id for one in listed if one.name}
        listed += self._get_unlisted(set(self._campaign_ids) - self._known)
        self._known |= {one.id for one in listed if one.name}
        names = [name for one in listed if (name := self._own_name(one))]
        told = [one for one in listed if self._matters(one)]
        reads: list[Callable[[], Any]] = [
            self._list_packages,
            self._service.get_subscription,
            *(self._report_of(one) for one in told),
        ]
        catalogue, subscription, *reports = self._context.client.map(lambda read: read(), reads)
        seen = Observed(
            now=self._context.client.now,
            catalogue=tuple(catalogue),
            devices={},
            own=(),
            busy={},
            subscription=subscription,
            generations=frozenset(name.generation for name in names),
            neighbours_until=_last_days(one for one in listed if not self._matters(one)),
        )
        return self._with_devices(self._sort(seen, told, reports))

    def look_behind(self, seen: Observed, suspects: Iterable[Sequence[str]]) -> Observed:
        """Look for campaigns that no report shows, in the histories of a few devices of each group.

        :returns: ``seen`` itself when there are none.
        """
        asked = (imei for group in suspects for imei in group[:HISTORIES_READ])
        devices = [imei for imei in dict.fromkeys(asked) if imei not in self._asked]
        self._asked.update(devices)
        histories = self._context.client.map(self._service.get_device_history, devices)
        unseen = {item.campaign_id for history in histories for item in history}
        unseen -= {"", *self._known}
        self._known |= unseen
        told = [one for one in self._get_unlisted(unseen) if self._matters(one)]
        if not told:
            return seen
        reports = self._context.client.map(lambda read: read(), map(self._report_of, told))
        return self._with_devices(self._sort(seen, told, reports))

    def _get_unlisted(self, ids: Iterable[str]) -> list[Campaign]:
        """Read campaigns one by one, as far as the service has kept them."""
        found = self._context.client.map(
            lambda campaign_id: get_if_kept(self._service, campaign_id), sorted(ids)
        )
        return [one for one in found if one is not None]

    def _list_packages(self) -> Sequence[Package]:
        """The catalogue; that of software has no versions, so the declaration has them."""
        return self._spec.packages if self._software else self._context.v3.list_firmware()

    def _matters(self, campaign: Campaign) -> bool:
        """It is one of ours, or lives and may hold devices that we want."""
        name = self._own_name(campaign)
        ours = name is not None and name.generation in self._generations
        return ours or not campaign.state.over

    def _own_name(self, campaign: Campaign) -> CampaignName | None:
        name = parse_name(campaign.name)
        return name if name is not None and name.rollout == self._spec.name else None

    def _report_of(self, campaign: Campaign) -> Callable[[], Any]:
        return lambda: self._service.list_campaign_devices(campaign.id)

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
        wanted |= {row.device_id for one in seen.own for row in one.rows}
        more = self._read_devices(wanted - seen.devices.keys())
        found = replace(seen, devices={**seen.devices, **more}, now=self._context.client.now)
        return see_software(self._spec, found) if self._software else found

    def _read_devices(self, wanted: Collection[str]) -> dict[str, Device]:
        """Read devices by their IMEIs; v2 can only list all of them."""
        if not self._software:
            return query_devices(self._context, sorted(wanted))
        if not wanted:
            return {}
        word = list_protocol(self._spec.protocol)
        listed = self._context.v2.list_devices(distribution_type=word)
        return {one.device_id: one for one in listed if one.device_id in wanted}


def _last_days(campaigns: Iterable[Campaign]) -> dict[tuple[str, str], date]:
    """Give the last day of all campaigns of each make and model."""
    found: dict[tuple[str, str], date] = {}
    for one in campaigns:
        model, end = (one.make, one.model), one.schedule.end
        if end is not None:
            found[model] = max(end, found.get(model, end))
    return found


def _holds(row: CampaignDevice) -> bool:
    """A live campaign has a device unless it refused it; words that are not known count as held."""
    return row.state not in (DeviceState.REJECTED, DeviceState.STOPPED)
