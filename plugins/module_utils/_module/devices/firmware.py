# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_device_firmware``: refresh the known firmware of devices and compare it.

Neither call changes a device. So a task is ``changed`` only when the version that ThingSpace
holds has changed, and check mode answers from what it holds (contract section 14, 30).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..._api.v3 import QUERY_DEVICES_PER_CALL, SYNC_DEVICES_PER_CALL
from ..._client.errors import FotaError
from ..._model.device import Device
from ..._model.errors import InvalidValue
from ..._model.firmware import SyncResult
from ..._model.imei import shorten
from ..._model.text import count, looks_like, shown
from ..._model.wire import count_by
from ..._plan.compliance import Compliance, judge_version
from ..._plan.refusal import PlanRefused
from ..context import Context
from ..options import (
    DEVICE_OPTIONS,
    RESULT_OPTIONS,
    VERSION_OPTION,
    WAIT_OPTIONS,
    describe_lookalikes,
)
from ..results_file import Rows
from ..waiting import Waiting, wait_for
from .declared import declared_devices

DEVICE_FIRMWARE_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {
        "type": "str",
        "choices": ["synchronized", "reported"],
        "default": "synchronized",
    },
    "expect_version": VERSION_OPTION,
    **DEVICE_OPTIONS,
    **WAIT_OPTIONS,
    "wait": {"type": "bool", "default": True},
    **RESULT_OPTIONS,
}

_COLUMNS = (
    *("deviceId", "action", "version", "previous_version", "refresh_time", "reason"),
    "compliance",
)

T = TypeVar("T")


@dataclass(frozen=True)
class FirmwareReading:
    """The firmware of a device as it is known at the end of the task."""

    device_id: str
    previous: str
    version: str = ""
    refreshed: str = ""
    reason: str = ""

    @property
    def moved(self) -> bool:
        """Whether ThingSpace held another version before."""
        return bool(self.version) and self.version != self.previous


def refresh_device_firmware(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the known versions up to date and compare them with an expected one.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: devices to ask are not in the account; none was asked.
    :raises TaskFailure: devices did not answer in time, or the results file could not be written;
        the result holds those that did.
    """
    devices = declared_devices(params)
    if devices is None:
        raise InvalidValue("devices", None, "devices or devices_file is required")
    context.warnings += devices.warnings
    before = query_devices(context, devices.ids)
    if params["state"] == "reported":
        _refuse_unknown(devices.ids, before)
    if context.check_mode:
        return _conclude(context, _remembered(devices.ids, before), params)
    if params["state"] == "synchronized":
        return _conclude(context, _synchronize(context, devices.ids, before), params)
    return _report(context, devices.ids, before, params)


def _refuse_unknown(ids: Sequence[str], known: Mapping[str, Device]) -> None:
    """Refuse to ask devices that the account does not have, in check mode as in a run.

    :raises PlanRefused: there are such devices; none was asked.
    """
    unknown = [imei for imei in ids if imei not in known]
    if unknown:
        raise PlanRefused(
            "devices",
            f"{count(len(unknown), 'device')} not found in the account: {shorten(unknown)}",
            hint="check the IMEIs and account, or use state: synchronized, which reports them",
        )


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a list into pieces of at most ``size``."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def query_devices(context: Context, ids: Sequence[str]) -> dict[str, Device]:
    """Read devices by IMEI; those that the service does not know are left out."""
    pages = context.client.map(context.v3.query_devices, chunks(ids, QUERY_DEVICES_PER_CALL))
    return {device.device_id: device for page in pages for device in page if device.found}


def _remembered(ids: Sequence[str], devices: Mapping[str, Device]) -> list[FirmwareReading]:
    return [_reading(imei, devices.get(imei), devices.get(imei)) for imei in ids]


def _reading(imei: str, device: Device | None, before: Device | None) -> FirmwareReading:
    previous = before.firmware if before else ""
    unknown = "the service knows no version"
    if device is None:
        return FirmwareReading(imei, previous, reason=unknown)
    reason = "" if device.firmware else device.reason or unknown
    return FirmwareReading(imei, previous, device.firmware, device.refreshed, reason)


def _synchronize(
    context: Context, ids: Sequence[str], before: Mapping[str, Device]
) -> list[FirmwareReading]:
    pages = context.client.map(context.v3.sync_devices, chunks(ids, SYNC_DEVICES_PER_CALL))
    results = {result.device_id: result for page in pages for result in page}
    return [_synchronized(imei, results.get(imei), before.get(imei)) for imei in ids]


def _synchronized(imei: str, result: SyncResult | None, before: Device | None) -> FirmwareReading:
    previous = before.firmware if before else ""
    if result is None:
        reason = "the service did not answer for this device"
        return FirmwareReading(imei, previous, reason=reason)
    version = result.version if result.succeeded else ""
    reason = "" if result.succeeded else f"{result.status} {result.reason}".strip()
    return FirmwareReading(imei, previous, version, result.updated, reason)


def _report(
    context: Context,
    ids: Sequence[str],
    before: Mapping[str, Device],
    params: Mapping[str, Any],
) -> dict[str, Any]:
    """Ask every device to report, then read until each has reported."""
    context.client.map(context.v3.report_device, ids)
    if not params["wait"]:
        return _conclude(context, _remembered(ids, before), params)
    now: dict[str, Device] = {}

    def find_late() -> list[str]:
        return [imei for imei in ids if not _is_fresher(now.get(imei), before.get(imei))]

    def read() -> list[str]:
        now.update(query_devices(context, find_late()))
        return find_late()

    waited = wait_for(read, lambda late: not late, Waiting.declared(params), sleep=context.sleep)
    readings = [_reading(imei, now.get(imei), before.get(imei)) for imei in ids]
    failure = FotaError(
        f"waited {waited.duration}: {len(waited.last)} of {count(len(ids), 'device')} did not"
        f" report: {shorten(waited.last)}{waited.error_clause}",
        kind="timeout",
        hint="a device reports when it is reachable; run again later for these devices, with a"
        " longer wait_timeout",
    )
    return _conclude(context, readings, params, failure=None if waited.done else failure)


def _is_fresher(device: Device | None, before: Device | None) -> bool:
    if device is None or not device.refreshed:
        return False
    return before is None or device.refreshed != before.refreshed


def _view(reading: FirmwareReading, expected: str | None) -> dict[str, Any]:
    view = {
        "deviceId": reading.device_id,
        "action": "moved" if reading.moved else "none",
        "version": reading.version,
        "previous_version": reading.previous,
        "refresh_time": reading.refreshed,
        "reason": reading.reason,
    }
    if expected:
        view["compliance"] = judge_version(reading.version, expected).value
        if looks_like(reading.version, expected):
            view["reason"] = f"{reading.version!r} differs in characters that are not visible"
    return view


def _needs_attention(reading: FirmwareReading, expected: str | None) -> bool:
    if expected:
        return judge_version(reading.version, expected) is not Compliance.AT_TARGET
    return not reading.version


def _conclude(
    context: Context,
    readings: Sequence[FirmwareReading],
    params: Mapping[str, Any],
    *,
    failure: FotaError | None = None,
) -> dict[str, Any]:
    expected, wanted = params.get("expect_version"), params["return_devices"]
    moved = [reading for reading in readings if reading.moved]
    counts = {
        "total": len(readings),
        "known": sum(bool(reading.version) for reading in readings),
        "unknown": sum(not reading.version for reading in readings),
        "moved": len(moved),
    }
    result: dict[str, Any] = {
        "changed": bool(moved),
        "counts": counts,
        "versions": count_by(reading.version for reading in readings if reading.version),
        "devices": [
            _view(reading, expected)
            for reading in readings
            if wanted == "all" or (wanted == "attention" and _needs_attention(reading, expected))
        ],
        "diff": {
            "before": {reading.device_id: reading.previous for reading in moved},
            "after": {reading.device_id: reading.version for reading in moved},
        },
    }
    if expected:
        judged = [judge_version(reading.version, expected) for reading in readings]
        result["compliance"] = {state.value: judged.count(state) for state in Compliance}
    devices = count(len(readings), "device")
    msg = f"{counts['known']} of {devices} with a known version"
    if expected:
        msg = f"{result['compliance']['at_target']} of {devices} on {shown(expected)}"
        context.warnings += describe_lookalikes("expect_version", expected, result["versions"])
    result["msg"] = context.headline(msg)
    columns = _COLUMNS if expected else _COLUMNS[:-1]
    rows = Rows(columns, (_view(reading, expected) for reading in readings))
    return context.conclude(result, rows, failure=failure)
