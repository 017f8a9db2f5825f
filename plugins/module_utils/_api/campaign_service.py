# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns of v2 and v3: the same operations with different paths and bodies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._client.errors import ServiceRefused
from .._client.operation import Operation
from .._model.campaign import (
    Campaign,
    CampaignDevice,
    CampaignRequest,
    CampaignType,
    Change,
    DeviceChange,
    Schedule,
)
from .._model.campaign_wire import (
    read_campaign,
    read_campaign_devices,
    read_device_changes,
    read_whole_campaign,
    write_device_change,
    write_request,
    write_schedule,
)
from .._model.device import HistoryItem, read_history
from .._model.firmware import read_success
from .license_service import LicenseService
from .paging import CAMPAIGN_PAGES, DEVICE_PAGES
from .service import no_such_path


@dataclass(frozen=True)
class CampaignOperations:
    """The operations of one version.

    :ivar reports_elsewhere: the same report under the path of another vendor document, used if
        the first path does not exist (contract section 14, question 3).
    """

    create: Operation
    get: Operation
    cancel: Operation
    change_devices: Operation
    change_dates: Operation
    reports: Operation
    devices: Operation
    history: Operation
    reports_elsewhere: Operation | None = None


class CampaignService(LicenseService):
    """Campaigns of the version given by ``type``."""

    type: CampaignType
    operations: CampaignOperations

    def create_campaign(self, request: CampaignRequest) -> Campaign:
        """Request a campaign. 200 means accepted, not scheduled (contract section 7)."""
        return self._call(self.operations.create, self._read_whole, body=write_request(request))

    def _read_whole(self, reply: object) -> Campaign:
        return read_whole_campaign(reply, self.type)

    def get_campaign(self, campaign_id: str) -> Campaign:
        """Read one campaign, without its devices."""
        return self._call(self.operations.get, self._read_whole, campaign_id=campaign_id)

    def cancel_campaign(self, campaign_id: str) -> bool | None:
        """Request to cancel or abort; only the status that is read afterwards counts."""
        return self._call(self.operations.cancel, read_success, campaign_id=campaign_id)

    def change_devices(
        self, campaign_id: str, change: Change, device_ids: Iterable[str]
    ) -> list[DeviceChange]:
        """Add or remove devices. v3 replies per device; v2 only acknowledges the request."""
        return self._call(
            self.operations.change_devices,
            read_device_changes,
            body=write_device_change(change, device_ids),
            campaign_id=campaign_id,
        )

    def change_dates(self, campaign_id: str, schedule: Schedule) -> Campaign:
        """Replace all dates and windows."""
        return self._call(
            self.operations.change_dates,
            self._read_whole,
            body=write_schedule(schedule, self.type),
            campaign_id=campaign_id,
        )

    def list_campaigns(self, status: str) -> list[Campaign]:
        """List the campaigns that have one status (a filter value of the report)."""
        try:
            return self._list_campaigns(self.operations.reports, status)
        except ServiceRefused as error:
            if self.operations.reports_elsewhere is None or not no_such_path(error):
                raise
            return self._list_campaigns(self.operations.reports_elsewhere, status)

    def _list_campaigns(self, operation: Operation, status: str) -> list[Campaign]:
        return self._list(
            operation,
            CAMPAIGN_PAGES,
            lambda rows: [read_campaign(row, self.type) for row in rows],
            query={"campaignStatus": status},
        ).items

    def list_campaign_devices(self, campaign_id: str) -> list[CampaignDevice]:
        """Read the device report of a campaign, all pages."""
        return self._list(
            self.operations.devices,
            DEVICE_PAGES,
            read_campaign_devices,
            campaign_id=campaign_id,
        ).items

    def get_device_history(self, device_id: str) -> list[HistoryItem]:
        """Read the past campaigns of one device."""
        return self._call(self.operations.history, read_history, device_id=device_id)
