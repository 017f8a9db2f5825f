# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FOTA v1: upgrades of OMA-DM and LWM2M devices; operation names are the OpenAPI's."""

from __future__ import annotations

from collections.abc import Iterable

from .._client.operation import Kind, Operation
from .._model.callback import SERVICE
from .._model.campaign import Change, DeviceChange
from .._model.campaign_wire import read_device_changes
from .._model.device import Device, HistoryItem, read_devices, read_history
from .._model.firmware import Package, read_packages, read_success
from .._model.upgrade import (
    Upgrade,
    UpgradeRequest,
    read_upgrade,
    read_whole_upgrade,
    write_upgrade_change,
    write_upgrade_request,
)
from .callback_service import CallbackOperations, CallbackService, read_operation
from .license_service import CandidateService, candidate_operations, license_operations
from .paging import ACCOUNT_DEVICE_PAGES, UPGRADE_PAGES

_BASE = "/fota/v1"
_UPGRADE = f"{_BASE}/upgrades/{{account}}/upgrade/{{upgrade_id}}"

LIST_FIRMWARE = Operation("v1ListFirmware", "GET", f"{_BASE}/firmware/{{account}}", Kind.READ)
SCHEDULE = Operation("v1ScheduleUpgrade", "POST", f"{_BASE}/upgrades", Kind.WRITE)
GET_UPGRADE = Operation("v1GetUpgrade", "GET", _UPGRADE, Kind.READ)
CHANGE_DEVICES = Operation("v1UpdateUpgradeDevices", "PUT", _UPGRADE, Kind.WRITE)
CANCEL = Operation("v1CancelUpgrade", "DELETE", _UPGRADE, Kind.WRITE)
LIST_DEVICES = Operation(
    "v1ListDevices", "GET", f"{_BASE}/devices/{{account}}/index/{{index}}", Kind.READ
)
LIST_UPGRADES = Operation(
    "v1ListUpgradesByStatus",
    "GET",
    f"{_BASE}/reports/{{account}}/status/{{status}}/index/{{index}}",
    Kind.READ,
)
DEVICE_HISTORY = Operation(
    "v1GetDeviceHistory", "GET", f"{_BASE}/reports/{{account}}/devices/{{device_id}}", Kind.READ
)
_CALLBACKS = f"{_BASE}/callbacks/{{account}}"
REGISTER_CALLBACK = Operation("v1RegisterCallback", "POST", _CALLBACKS, Kind.WRITE)


class FotaV1(CandidateService, CallbackService):
    """Upgrades, packages, devices and licenses of v1."""

    licenses = license_operations("v1", status="/index/{index}")
    candidates = candidate_operations("v1", listed="/index/{index}")
    callbacks = CallbackOperations(
        get=read_operation("v1ListCallbacks", _CALLBACKS),
        register=REGISTER_CALLBACK,
        update=REGISTER_CALLBACK,
        deregister=Operation(
            "v1DeregisterCallback", "DELETE", f"{_CALLBACKS}/name/{SERVICE}", Kind.WRITE
        ),
        named=True,
    )

    def list_firmware(self) -> list[Package]:
        """List the packages that are available for the devices of the account."""
        return self._call(LIST_FIRMWARE, lambda reply: read_packages(reply, LIST_FIRMWARE.id))

    def schedule_upgrade(self, request: UpgradeRequest) -> Upgrade:
        """Request an upgrade. 200 means accepted, not scheduled (contract section 7)."""
        return self._call(SCHEDULE, read_whole_upgrade, body=write_upgrade_request(request))

    def get_upgrade(self, upgrade_id: str) -> Upgrade:
        """Read one upgrade with its devices."""
        return self._call(GET_UPGRADE, read_whole_upgrade, upgrade_id=upgrade_id)

    def change_devices(
        self, upgrade_id: str, change: Change, device_ids: Iterable[str]
    ) -> list[DeviceChange]:
        """Add or remove devices before the start; the service replies per device."""
        return self._call(
            CHANGE_DEVICES,
            read_device_changes,
            body=write_upgrade_change(change, device_ids),
            upgrade_id=upgrade_id,
        )

    def cancel_upgrade(self, upgrade_id: str) -> bool | None:
        """Request to cancel before the start; True, False, or None if the reply is unclear."""
        return self._call(CANCEL, read_success, upgrade_id=upgrade_id)

    def list_upgrades(self, status: str) -> list[Upgrade]:
        """List the upgrades that have one status, of the last six months."""
        return self._list(
            LIST_UPGRADES,
            UPGRADE_PAGES,
            lambda rows: [read_upgrade(row) for row in rows],
            status=status,
        ).items

    def list_devices(self) -> list[Device]:
        """List the account's devices, all pages; one without an IMEI has an empty id."""
        return self._list(LIST_DEVICES, ACCOUNT_DEVICE_PAGES, read_devices).items

    def get_device_history(self, device_id: str) -> list[HistoryItem]:
        """Read the past upgrades of one device, of the last six months."""
        return self._call(DEVICE_HISTORY, read_history, device_id=device_id)
