# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbose logging of v2 devices: which have it on, what they logged, and when they checked in."""

from __future__ import annotations

from dataclasses import dataclass, field

from .wire import as_rows, required_text, text

# What the service allows (contract section 9).
MOST_DEVICES = 20
LOGGING_DAYS = 7


@dataclass(frozen=True)
class LoggingDevice:
    """A device with logging on, and the day on which it ends (the text of the service)."""

    device_id: str
    expires: str


@dataclass(frozen=True)
class DeviceLog:
    """One entry of a log; its file is text in base64."""

    device_id: str
    time: str
    type: str
    event: str
    file_name: str
    file: str = field(repr=False)


@dataclass(frozen=True)
class CheckIn:
    """One contact of a device with the server."""

    device_id: str
    client_type: str
    result: str
    failure_type: str
    time: str


def read_logging_devices(reply: object) -> list[LoggingDevice]:
    """Read the devices with logging on: a list, or one object; null counts as empty."""
    what = "logging devices"
    rows = as_rows([reply] if isinstance(reply, dict) else reply, what)
    return [
        LoggingDevice(required_text(row, what, "deviceId"), text(row, "expiryDate")) for row in rows
    ]


def read_device_logs(reply: object) -> list[DeviceLog]:
    """Read the log of a device; null counts as empty."""
    what = "device log"
    return [
        DeviceLog(
            device_id=required_text(row, what, "deviceId"),
            time=text(row, "logTime"),
            type=text(row, "logType"),
            event=text(row, "eventLog"),
            file_name=text(row, "binaryLogFilename"),
            file=text(row, "binaryLogFileBase64"),
        )
        for row in as_rows(reply, what)
    ]


def read_check_ins(reply: object) -> list[CheckIn]:
    """Read the check-ins of a device; null counts as empty."""
    what = "check-in history"
    return [
        CheckIn(
            device_id=required_text(row, what, "deviceId"),
            client_type=text(row, "clientType"),
            result=text(row, "result"),
            failure_type=text(row, "failureType"),
            time=text(row, "timeCompleted"),
        )
        for row in as_rows(reply, what)
    ]
