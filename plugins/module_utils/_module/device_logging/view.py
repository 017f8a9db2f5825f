# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging of devices as module results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..._model.device_logging import MOST_DEVICES, CheckIn, DeviceLog, LoggingDevice


def view_logging(devices: Sequence[LoggingDevice]) -> dict[str, Any]:
    """Give the devices with logging on, and for how many more it can be turned on."""
    return {
        "logging": [
            {"deviceId": device.device_id, "expiry_date": device.expires} for device in devices
        ],
        "free": max(0, MOST_DEVICES - len(devices)),
    }


def view_logs(logs: Iterable[DeviceLog], *, with_files: bool) -> list[dict[str, Any]]:
    """Give entries of logs."""
    return [
        {
            "deviceId": log.device_id,
            "time": log.time,
            "type": log.type,
            "event": log.event,
            "file_name": log.file_name,
            **({"file": log.file} if with_files else {}),
        }
        for log in logs
    ]


def view_check_ins(check_ins: Iterable[CheckIn]) -> list[dict[str, Any]]:
    """Give contacts of devices."""
    return [
        {
            "deviceId": check_in.device_id,
            "time": check_in.time,
            "client_type": check_in.client_type,
            "result": check_in.result,
            "failure_type": check_in.failure_type,
        }
        for check_in in check_ins
    ]
