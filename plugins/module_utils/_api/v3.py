# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FOTA v3: firmware of network-aware (LWM2M) devices; operation names are the OpenAPI's."""

from __future__ import annotations

from collections.abc import Iterable

from .._client.operation import Kind, Operation
from .._model.campaign import CampaignType
from .._model.device import Device, read_devices
from .._model.firmware import (
    Package,
    SyncResult,
    read_packages,
    read_request_id,
    read_sync_results,
)
from .._model.wire import as_object, as_rows, required_text
from .callback_service import CallbackService, callback_operations
from .campaign_service import CampaignOperations, CampaignService
from .license_service import license_operations
from .paging import ACCOUNT_DEVICE_PAGES

_BASE = "/fota/v3"

LIST_FIRMWARE = Operation("v3ListFirmware", "GET", f"{_BASE}/firmware/{{account}}", Kind.READ)
SYNC_DEVICES = Operation(
    "v3SyncDeviceFirmware", "PUT", f"{_BASE}/firmware/{{account}}/devices", Kind.REPEATABLE_WRITE
)
REPORT_DEVICE = Operation(
    "v3ReportDeviceFirmware",
    "PUT",
    f"{_BASE}/firmware/{{account}}/async/{{device_id}}",
    Kind.REPEATABLE_WRITE,
)
LIST_DEVICES = Operation("v3ListDevices", "GET", f"{_BASE}/devices/{{account}}", Kind.READ)
QUERY_DEVICES = Operation("v3QueryDevices", "POST", f"{_BASE}/devices/{{account}}", Kind.READ)

_CAMPAIGN = f"{_BASE}/campaigns/{{account}}/{{campaign_id}}"
_FIRMWARE_CAMPAIGN = f"{_BASE}/campaigns/firmware/{{account}}/{{campaign_id}}"
_REPORTS = f"{_BASE}/reports/{{account}}"

# Maximum number of devices in one synchronize call (contract section 9).
SYNC_DEVICES_PER_CALL = 100
# A query by IMEI contains at most one page of devices, so that the reply needs no second page.
QUERY_DEVICES_PER_CALL = 1000


class FotaV3(CampaignService, CallbackService):
    """Firmware campaigns, firmware versions, devices and licenses of v3."""

    type = CampaignType.FIRMWARE
    callbacks = callback_operations("v3")
    licenses = license_operations(
        "v3",
        status="",
        elsewhere=Operation(
            "v3GetLicenseStatusDocsPath",
            "GET",
            f"{_BASE}/licenses/{{account}}/index/{{index}}",
            Kind.READ,
        ),
    )
    operations = CampaignOperations(
        create=Operation(
            "v3ScheduleCampaign", "POST", f"{_BASE}/campaigns/firmware/{{account}}", Kind.WRITE
        ),
        get=Operation("v3GetCampaign", "GET", _CAMPAIGN, Kind.READ),
        cancel=Operation("v3CancelCampaign", "DELETE", _CAMPAIGN, Kind.WRITE),
        change_devices=Operation("v3UpdateCampaignDevices", "PUT", _FIRMWARE_CAMPAIGN, Kind.WRITE),
        change_dates=Operation(
            "v3UpdateCampaignDates", "PUT", f"{_FIRMWARE_CAMPAIGN}/dates", Kind.WRITE
        ),
        reports=Operation(
            "v3ListCampaignsByStatus", "GET", f"{_REPORTS}/firmware/campaigns", Kind.READ
        ),
        reports_elsewhere=Operation(
            "v3ListCampaignsByStatusDocsPath", "GET", f"{_REPORTS}/campaigns", Kind.READ
        ),
        devices=Operation(
            "v3ListCampaignDevices",
            "GET",
            f"{_REPORTS}/campaigns/{{campaign_id}}/devices",
            Kind.READ,
        ),
        history=Operation(
            "v3GetDeviceHistory", "GET", f"{_REPORTS}/devices/{{device_id}}", Kind.READ
        ),
    )

    def list_firmware(self, *, protocol: str = "all") -> list[Package]:
        """List the published packages; ``protocol`` is LWM2M, OMD-DM, HTTP or all."""
        return self._call(
            LIST_FIRMWARE,
            lambda reply: read_packages(reply, LIST_FIRMWARE.id),
            query={"protocol": protocol},
        )

    def sync_devices(self, device_ids: Iterable[str]) -> list[SyncResult]:
        """Refresh the stored versions from the FOTA server, at most 100 devices per call.

        Changes no device. A requested device may be missing from the reply (section 14, 27).
        """
        return self._call(SYNC_DEVICES, read_sync_results, body={"deviceList": list(device_ids)})

    def report_device(self, device_id: str) -> str:
        """Request the version from a device; the result appears later in the device query.

        Changes no device: a request that is repeated makes it report once more.

        :returns: the request id, which cannot be queried.
        """
        return self._call(REPORT_DEVICE, read_request_id, device_id=device_id)

    def list_devices(self, *, protocol: str | None = None) -> list[Device]:
        """List the account's devices, all pages; one without an IMEI has an empty id.

        :param protocol: LWM2M, OMADM or HTTP.
        """
        return self._list(
            LIST_DEVICES,
            ACCOUNT_DEVICE_PAGES,
            read_devices,
            query={} if protocol is None else {"protocol": protocol},
        ).items

    def query_devices(self, device_ids: Iterable[str]) -> list[Device]:
        """Read devices by IMEI, at most 1000 per call. A POST that only reads."""

        def read(reply: object) -> list[Device]:
            page = as_object(reply, QUERY_DEVICES.id, "deviceList")
            rows = as_rows(page["deviceList"], "deviceList")
            for row in rows:
                required_text(row, "deviceList", "deviceId")
            return read_devices(rows)

        return self._call(QUERY_DEVICES, read, body={"deviceList": list(device_ids)})
