# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that writes campaigns: it carries out a plan and believes only what it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from ..._api.campaign_service import CampaignService
from ..._client.errors import FotaError, ServiceRefused, WriteOutcomeUnknown
from ..._model.campaign import Campaign, CampaignRequest, Change, DeviceChange
from ..._plan.campaign_plan import CampaignPlan
from ..devices.firmware import chunks
from ..waiting import ONE_LOOK, Waiting, wait_until
from .search import list_all_campaigns

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """What came of a plan: the campaign as read afterwards, and the devices' outcomes.

    :ivar unseen: devices whose change was accepted, but does not show in the device report yet.
    """

    campaign: Campaign | None
    device_changes: tuple[DeviceChange, ...] = ()
    unseen: tuple[str, ...] = ()


class CampaignWriter:
    """Carries out the plans of one service."""

    def __init__(
        self,
        service: CampaignService,
        *,
        sleep: Callable[[float], None],
        settling: Waiting,
        devices_per_call: int | None = None,
    ) -> None:
        """:param devices_per_call: devices in one change of a campaign at most; None is all."""
        self._service = service
        self._devices_per_call = devices_per_call
        self._sleep = sleep
        self._settling = settling

    def carry_out(self, plan: CampaignPlan) -> Written:
        """Write what the plan says, in the order: create, remove, add, dates, cancel.

        :raises WriteOutcomeUnknown: a write may or may not have happened and does not show.
        :raises ServiceRefused: the service refused a write.
        """
        if plan.create is not None:
            return Written(self._create(plan.create))
        if plan.current is None or not plan.changed:
            return Written(plan.current)
        campaign_id = plan.current.id
        changes: list[DeviceChange] = []
        unseen: list[str] = []
        for change, ids in (
            (Change.REMOVE, plan.devices.remove),
            (Change.APPEND, plan.devices.add),
        ):
            silent: list[str] = []
            for part in chunks(ids, self._devices_per_call or max(1, len(ids))):
                told = self._change_devices(campaign_id, change, part)
                changes += told
                silent += [] if told else part
            unseen += self._still_unseen(campaign_id, change, silent) if silent else []
        if plan.schedule is not None:
            schedule = plan.schedule
            self._write(
                lambda: self._service.change_dates(campaign_id, schedule),
                lambda: self._service.get_campaign(campaign_id),
                lambda campaign: campaign.schedule == schedule,
            )
        if plan.cancel:
            return Written(self._cancel(campaign_id))
        return Written(self._service.get_campaign(campaign_id), tuple(changes), tuple(unseen))

    def _create(self, request: CampaignRequest) -> Campaign:
        """Post once; after an unknown outcome look for the campaign, and never post again."""
        created = self._write(
            lambda: [self._service.create_campaign(request)],
            lambda: [one for one in list_all_campaigns(self._service) if _is_made_by(one, request)],
            bool,
        )
        if len(created) > 1:
            listed = ", ".join(f"{one.id} ({one.status})" for one in created)
            raise FotaError(
                f"campaign {request.name!r}: {len(created)} live ones show after creation:"
                f" {listed}",
                kind="ambiguous",
                hint="cancel the one that holds no accepted device, by its campaign_id",
            )
        return created[0]

    def _change_devices(
        self, campaign_id: str, change: Change, device_ids: Collection[str]
    ) -> list[DeviceChange]:
        """Send one change; an empty list means that nothing was said of single devices."""
        try:
            return self._service.change_devices(campaign_id, change, device_ids)
        except WriteOutcomeUnknown as error:
            if self._still_unseen(campaign_id, change, device_ids):
                raise error
            return []

    def _still_unseen(
        self, campaign_id: str, change: Change, device_ids: Collection[str]
    ) -> list[str]:
        """Give the devices whose change does not show in the report within the settling time.

        v2 answers a change with a receipt only, so this is the one place to learn its outcome. A
        removed device may stay in the report for a while (contract section 14, question 15).
        """

        def unseen() -> list[str]:
            there = {row.device_id for row in self._service.list_campaign_devices(campaign_id)}
            return [imei for imei in device_ids if (imei in there) is (change is Change.REMOVE)]

        return wait_until(unseen, lambda ids: not ids, self._settling, sleep=self._sleep).last

    def _cancel(self, campaign_id: str) -> Campaign:
        """Ask once, then believe only the status that is read back (contract section 14, 5)."""
        refusal: ServiceRefused | WriteOutcomeUnknown | None = None
        taken: bool | None = False
        try:
            taken = self._service.cancel_campaign(campaign_id)
        except ServiceRefused as error:
            refusal = error
        except WriteOutcomeUnknown as error:
            refusal, taken = error, None
        waited = wait_until(
            lambda: self._service.get_campaign(campaign_id),
            lambda campaign: campaign.state.over,
            ONE_LOOK if taken is False else self._settling,
            sleep=self._sleep,
        )
        if waited.done:
            return waited.last
        if refusal is not None:
            raise refusal
        campaign = waited.last
        raise FotaError(
            f"campaign {campaign_id}: the service {'refused' if taken is False else 'took'} the"
            f" cancel, and the campaign is still {campaign.status}",
            kind="not_cancelled",
            hint=f"its devices may go on until {campaign.schedule.end}; look again with"
            " fota_campaign_info, or bring its end_date forward",
        )

    def _write(
        self, write: Callable[[], T], read: Callable[[], T], arrived: Callable[[T], bool]
    ) -> T:
        """Write once; after an unknown outcome, read until the effect shows or time is over."""
        try:
            return write()
        except WriteOutcomeUnknown as error:
            waited = wait_until(read, arrived, self._settling, sleep=self._sleep)
            if waited.done:
                return waited.last
            raise error


def _is_made_by(campaign: Campaign, request: CampaignRequest) -> bool:
    return (
        not campaign.state.over
        and campaign.name == request.name
        and campaign.package == request.package
        and campaign.schedule.start == request.schedule.start
        and campaign.schedule.end == request.schedule.end
    )
