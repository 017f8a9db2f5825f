# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbose logging of v2 devices, their logs and their check-ins."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from ..state.clock import DAY, day_of, day_text, rfc3339
from ..state.imei import is_imei
from ..state.records import Account, Device, LoggingPeriod
from .errors import invalid
from .exchange import Reply
from .wire import Call

MOST_DEVICES = 20
LOGGING_TIME = 7 * DAY
LOGS_KEPT = 30 * DAY
CHECK_INS_KEPT = 30

DONE = Reply(200)


def list_devices(call: Call) -> list[dict[str, str]]:
    return [_status(imei, period) for imei, period in _live(call).items()]


def enable(call: Call) -> list[dict[str, str]]:
    return _enable(call, call.body.devices(limit=MOST_DEVICES, name="deviceIds"))


def enable_device(call: Call) -> dict[str, str]:
    return _enable(call, [call.device_id])[0]


def _enable(call: Call, imeis: list[str]) -> list[dict[str, str]]:
    for imei in imeis:
        _device(call, imei)
    account, now, live = call.account, call.state.now, _live(call)
    if len({*live, *imeis}) > MOST_DEVICES:
        raise invalid(f"Logging exceeds {MOST_DEVICES} devices")
    for imei in imeis:
        _end(account, imei, now)
        account.logging.setdefault(imei, []).append(LoggingPeriod(now, now + LOGGING_TIME))
    live = _live(call)
    return [_status(imei, live[imei]) for imei in imeis]


def disable(call: Call) -> Reply:
    """The separator of the devices is not documented."""
    value = call.request.query("deviceIds") or ""
    imeis = value.split(",") if call.state.switches["logging_device_ids"] == "comma" else [value]
    for imei in imeis:
        if not is_imei(imei):
            raise invalid("Invalid device id format")
    for imei in imeis:
        _end(call.account, imei, call.state.now)
    return DONE


def disable_device(call: Call) -> Reply:
    _end(call.account, call.device_id, call.state.now)
    return DONE


def logs(call: Call) -> list[dict[str, str]]:
    """One event for every day with logging."""
    imei = call.device_id
    _device(call, imei)
    return [
        {
            "deviceId": imei,
            "logTime": rfc3339(at),
            "logType": "Event",
            "eventLog": f"Check-in {number}",
            "binaryLogFileBase64": base64.b64encode(f"{imei} {number}".encode()).decode(),
            "binaryLogFilename": f"{imei}-{number}.log",
        }
        for number, at in enumerate(_logged(call, imei))
    ]


def _logged(call: Call, imei: str) -> Iterator[float]:
    now = call.state.now
    for period in call.account.logging.get(imei, ()):
        at = period.start
        while at <= min(now, period.end):
            if at >= now - LOGS_KEPT:
                yield at
            at += DAY


def check_ins(call: Call) -> list[dict[str, str]]:
    """A device checks in once a day, until it is silent."""
    device = _device(call, call.device_id)
    last = call.state.now if device.died is None else device.died
    days = int((last - device.created) // DAY)
    return [
        {
            "deviceId": device.imei,
            "clientType": "HTTP",
            "result": "Success",
            "failureType": "",
            "timeCompleted": rfc3339(device.created + day * DAY),
        }
        for day in range(max(0, days - CHECK_INS_KEPT) + 1, days + 1)
    ]


def _device(call: Call, imei: str) -> Device:
    device = call.account.devices.get(imei)
    if device is None or "v2" not in device.apis:
        raise invalid("Device not found")
    return device


def _live(call: Call) -> dict[str, LoggingPeriod]:
    now = call.state.now
    last = ((imei, periods[-1]) for imei, periods in call.account.logging.items() if periods)
    return {imei: period for imei, period in last if period.start <= now < period.end}


def _end(account: Account, imei: str, now: float) -> None:
    """End the current period of a device, if there is one."""
    periods = account.logging.get(imei)
    if periods and now < periods[-1].end:
        periods[-1] = LoggingPeriod(periods[-1].start, now)


def _status(imei: str, period: LoggingPeriod) -> dict[str, str]:
    return {"deviceId": imei, "expiryDate": day_text(day_of(period.end))}
