# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbose logging of the devices of v2 (contract section 9)."""

from __future__ import annotations

from collections.abc import Iterable

from .._client.operation import Kind, Operation
from .._model.device_logging import (
    CheckIn,
    DeviceLog,
    LoggingDevice,
    read_check_ins,
    read_device_logs,
    read_logging_devices,
)
from .._model.firmware import read_success
from .service import Service

_DEVICES = "/fota/v2/logging/{account}/devices"
_DEVICE = f"{_DEVICES}/{{device_id}}"

LIST_DEVICES = Operation("v2ListLoggingDevices", "GET", _DEVICES, Kind.READ)
ENABLE = Operation("v2EnableLogging", "PUT", _DEVICES, Kind.WRITE)
DISABLE = Operation("v2DisableLogging", "DELETE", _DEVICES, Kind.WRITE)
ENABLE_DEVICE = Operation("v2EnableDeviceLogging", "PUT", _DEVICE, Kind.WRITE)
DISABLE_DEVICE = Operation("v2DisableDeviceLogging", "DELETE", _DEVICE, Kind.WRITE)
LOGS = Operation("v2GetDeviceLogs", "GET", f"{_DEVICE}/logs", Kind.READ)
CHECK_INS = Operation("v2GetCheckInHistory", "GET", f"{_DEVICE}/checkInHistory", Kind.READ)


class LoggingService(Service):
    """Logging of devices. The reply to a call that ends it is not documented."""

    def list_logging(self) -> list[LoggingDevice]:
        """List the devices with logging on."""
        return self._call(LIST_DEVICES, read_logging_devices)

    def enable_logging(self, device_ids: Iterable[str]) -> list[LoggingDevice]:
        """Turn logging on for several devices."""
        return self._call(ENABLE, read_logging_devices, body={"deviceIds": list(device_ids)})

    def enable_device_logging(self, device_id: str) -> list[LoggingDevice]:
        """Turn logging on for one device."""
        return self._call(ENABLE_DEVICE, read_logging_devices, device_id=device_id)

    def disable_logging(self, device_ids: Iterable[str]) -> bool | None:
        """Turn logging off for several devices, whose separator is not documented."""
        return self._call(DISABLE, read_success, query={"deviceIds": ",".join(device_ids)})

    def disable_device_logging(self, device_id: str) -> bool | None:
        """Turn logging off for one device."""
        return self._call(DISABLE_DEVICE, read_success, device_id=device_id)

    def get_device_logs(self, device_id: str) -> list[DeviceLog]:
        """Read the log of a device, of the last 30 days."""
        return self._call(LOGS, read_device_logs, device_id=device_id)

    def get_check_ins(self, device_id: str) -> list[CheckIn]:
        """Read when a device checked in."""
        return self._call(CHECK_INS, read_check_ins, device_id=device_id)
