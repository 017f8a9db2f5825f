# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FOTA v2: software of HTTP devices, which poll; operation names are the OpenAPI's."""

from __future__ import annotations

from .._client.operation import Kind, Operation
from .._model.campaign import Campaign, CampaignRequest, CampaignType
from .._model.campaign_wire import write_request
from .._model.device import Device, read_devices
from .._model.firmware import Package, read_packages
from .callback_service import CallbackService, callback_operations
from .campaign_service import CampaignOperations, CampaignService
from .file_service import FileService
from .license_service import CandidateService, candidate_operations, license_operations
from .logging_service import LoggingService
from .paging import ACCOUNT_DEVICE_PAGES

_BASE = "/fota/v2"

LIST_SOFTWARE = Operation("v2ListSoftware", "GET", f"{_BASE}/software/{{account}}", Kind.READ)
LIST_DEVICES = Operation("v2ListDevices", "GET", f"{_BASE}/devices/{{account}}", Kind.READ)

SCHEDULE_FILE = Operation(
    "v2ScheduleFileCampaign", "POST", f"{_BASE}/campaigns/files/{{account}}", Kind.WRITE
)

_CAMPAIGN = f"{_BASE}/campaigns/{{account}}/{{campaign_id}}"
_REPORTS = f"{_BASE}/reports/{{account}}"


class FotaV2(CampaignService, CandidateService, CallbackService, LoggingService, FileService):
    """Software campaigns, packages, devices and licenses of v2."""

    type = CampaignType.SOFTWARE
    licenses = license_operations("v2", status="")
    candidates = candidate_operations("v2", listed="")
    callbacks = callback_operations("v2")
    operations = CampaignOperations(
        create=Operation(
            "v2ScheduleCampaign", "POST", f"{_BASE}/campaigns/{{account}}", Kind.WRITE
        ),
        get=Operation("v2GetCampaign", "GET", _CAMPAIGN, Kind.READ),
        cancel=Operation("v2CancelCampaign", "DELETE", _CAMPAIGN, Kind.WRITE),
        change_devices=Operation("v2UpdateCampaignDevices", "PUT", _CAMPAIGN, Kind.WRITE),
        change_dates=Operation("v2UpdateCampaignDates", "PUT", f"{_CAMPAIGN}/dates", Kind.WRITE),
        reports=Operation("v2ListCampaignsByStatus", "GET", f"{_REPORTS}/campaigns", Kind.READ),
        devices=Operation(
            "v2ListCampaignDevices",
            "GET",
            f"{_REPORTS}/campaigns/{{campaign_id}}/devices",
            Kind.READ,
        ),
        history=Operation(
            "v2GetDeviceHistory", "GET", f"{_REPORTS}/devices/{{device_id}}", Kind.READ
        ),
    )

    def create_campaign(self, request: CampaignRequest) -> Campaign:
        """Request a campaign; one for a configuration file has a path of its own."""
        if not request.is_file:
            return super().create_campaign(request)
        return self._call(SCHEDULE_FILE, self._read_whole, body=write_request(request))

    def list_software(self, *, distribution_type: str | None = None) -> list[Package]:
        """List the published packages; they have no versions in v2."""
        return self._call(
            LIST_SOFTWARE,
            lambda reply: read_packages(reply, LIST_SOFTWARE.id),
            query={} if distribution_type is None else {"distributionType": distribution_type},
        )

    def list_devices(self, *, distribution_type: str | None = None) -> list[Device]:
        """List the account's devices, all pages; one without an IMEI has an empty id."""
        return self._list(
            LIST_DEVICES,
            ACCOUNT_DEVICE_PAGES,
            read_devices,
            query={} if distribution_type is None else {"distributionType": distribution_type},
        ).items
