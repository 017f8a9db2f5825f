# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that writes campaigns: it carries out a plan and believes only what it reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._client.errors import FotaError, ServiceRefused, WriteOutcomeUnknown
from ..._model.campaign import Campaign, CampaignRequest, Change, DeviceChange
from ..._plan.campaign_plan import CampaignPlan
from ..context import Context
from ..devices.firmware import chunks
from ..waiting import READ_ONCE, wait_for
from ..writing import unchanged_devices, write_once
from .search import list_all_campaigns


@dataclass(frozen=True)
class Written:
    """The outcome of a plan: the campaign as read afterwards, and what became of each device.

    :ivar unseen: devices whose change was accepted, but is not in the device report yet.
    """

    campaign: Campaign | None
    device_changes: tuple[DeviceChange, ...] = ()
    unseen: tuple[str, ...] = ()


class CampaignWriter:
    """Carries out the plans of one service."""

    def __init__(
        self, context: Context, service: CampaignService, *, devices_per_call: int | None = None
    ) -> None:
        """:param devices_per_call: most devices in one change of a campaign; None is all."""
        self._context = context
        self._service = service
        self._devices_per_call = devices_per_call

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
            unanswered: list[str] = []
            for part in chunks(ids, self._devices_per_call or max(1, len(ids))):
                answered = self._change_devices(campaign_id, change, part)
                changes += answered
                unanswered += [] if answered else part
            unseen += self._wait_for_change(campaign_id, change, unanswered) if unanswered else []
        if plan.schedule is not None:
            schedule = plan.schedule
            write_once(
                self._context,
                lambda: self._service.change_dates(campaign_id, schedule),
                lambda: self._service.get_campaign(campaign_id),
                lambda campaign: campaign.schedule == schedule,
            )
        if plan.cancel:
            return Written(self._cancel(campaign_id))
        return Written(self._service.get_campaign(campaign_id), tuple(changes), tuple(unseen))

    def _create(self, request: CampaignRequest) -> Campaign:
        """Post once; after an unknown outcome search for the campaign, and never post again."""
        created = write_once(
            self._context,
            lambda: [self._service.create_campaign(request)],
            lambda: [
                campaign
                for campaign in list_all_campaigns(self._service)
                if _is_made_by(campaign, request)
            ],
            bool,
        )
        if len(created) > 1:
            listed = ", ".join(f"{campaign.id} ({campaign.status})" for campaign in created)
            raise FotaError(
                f"campaign {request.name!r}: {len(created)} live campaigns of this name exist after"
                f" creation: {listed}",
                kind="ambiguous",
                hint="cancel the one that holds no accepted device, by its campaign_id",
            )
        return created[0]

    def _change_devices(
        self, campaign_id: str, change: Change, device_ids: Collection[str]
    ) -> list[DeviceChange]:
        """Send one change; an empty list means that the service did not answer per device."""
        answer = write_once(
            self._context,
            lambda: self._service.change_devices(campaign_id, change, device_ids),
            lambda: self._read_device_ids(campaign_id),
            lambda there: not unchanged_devices(change, device_ids, there),
        )
        return [] if isinstance(answer, frozenset) else answer

    def _wait_for_change(
        self, campaign_id: str, change: Change, device_ids: Collection[str]
    ) -> list[str]:
        """Give the devices whose change is not in the report within the settling time.

        v2 answers a change with a receipt only, so its outcome has to be read. A removed device
        may stay in the report for a while (contract section 14, question 15).
        """
        return wait_for(
            lambda: unchanged_devices(change, device_ids, self._read_device_ids(campaign_id)),
            lambda unchanged: not unchanged,
            self._context.settling,
            sleep=self._context.sleep,
        ).last

    def _read_device_ids(self, campaign_id: str) -> frozenset[str]:
        rows = self._service.list_campaign_devices(campaign_id)
        return frozenset(row.device_id for row in rows)

    def _cancel(self, campaign_id: str) -> Campaign:
        """Ask once, then believe only the status that is read back (contract section 14, 5)."""
        problem: ServiceRefused | WriteOutcomeUnknown | None = None
        accepted: bool | None = False
        try:
            accepted = self._service.cancel_campaign(campaign_id)
        except ServiceRefused as error:
            problem = error
        except WriteOutcomeUnknown as error:
            problem, accepted = error, None
        waited = wait_for(
            lambda: self._service.get_campaign(campaign_id),
            lambda campaign: campaign.state.over,
            READ_ONCE if accepted is False else self._context.settling,
            sleep=self._context.sleep,
        )
        if waited.done:
            return waited.last
        campaign = waited.last
        hint = (
            f"its devices may continue until {campaign.schedule.end}; to end it earlier, declare an"
            " earlier end_date (24 hours ahead or later) without abort_started"
        )
        if isinstance(problem, ServiceRefused):
            payload: dict[str, Any] = {**problem.payload(), "hint": hint}
            raise ServiceRefused(str(problem), **payload) from problem
        if problem is not None:
            raise problem
        raise FotaError(
            f"campaign {campaign_id}: the service"
            f" {'refused' if accepted is False else 'accepted'} the cancel, and the campaign is"
            f" still {campaign.status}",
            kind="not_cancelled",
            hint=hint,
        )


def _is_made_by(campaign: Campaign, request: CampaignRequest) -> bool:
    return (
        not campaign.state.over
        and campaign.name == request.name
        and campaign.package == request.package
        and campaign.schedule.start == request.schedule.start
        and campaign.schedule.end == request.schedule.end
    )
