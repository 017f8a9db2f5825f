# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_logging``: turn verbose logging of v2 devices on and off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._api.v2 import FotaV2
from ..._client.errors import FotaError, ServiceRefused
from ..._model.device_logging import MOST_DEVICES, LoggingDevice
from ..._model.errors import InvalidValue
from ..._model.imei import DeviceIds
from ..._model.text import count
from ..._plan.device_difference import DeviceDifference, DevicesMode, compare_devices
from ..._plan.refusal import PlanRefused
from ..context import Context
from ..devices.declared import declared_devices
from ..devices.outcomes import (
    DeviceOutcome,
    count_outcomes,
    explain_failed,
    judge,
    outcome_rows,
    planned,
    select_outcomes,
)
from ..options import DEVICE_OPTIONS, RESULT_OPTIONS
from ..writing import write_and_read
from .view import view_logging

# How the service refuses the form of a call.
BAD_REQUEST = 400

LOGGING_OPTIONS: dict[str, dict[str, Any]] = {
    "devices_mode": {
        "type": "str",
        "choices": [mode.value for mode in DevicesMode],
        "default": DevicesMode.AT_LEAST.value,
    },
    **DEVICE_OPTIONS,
    **RESULT_OPTIONS,
}


def ensure_logging(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Turn logging on or off for the declared devices.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: too many devices would have logging on; nothing was written.
    :raises TaskFailure: a call failed, or devices are not as declared afterwards.
    """
    mode = DevicesMode(params["devices_mode"])
    devices = _read_devices(params, mode)
    context.warnings += devices.warnings
    before = context.v2.list_logging()
    plan = compare_devices(
        devices.ids,
        [device.device_id for device in before],
        mode,
        is_there="has logging on already",
        is_not_there="has logging off",
    )
    if plan.add and len(plan.after) > MOST_DEVICES:
        raise PlanRefused(
            "logging",
            f"logging would be on for {count(len(plan.after), 'device')}, of which"
            f" {len(before)} have it on now; at most {MOST_DEVICES} can",
            hint="turn it off for others, or use devices_mode: exact",
        )
    outcomes, after, failure = planned(plan.actions), _predict(before, plan), None
    if plan and not context.check_mode:
        outcomes, after, failure = _write(context, before, plan)
    return _conclude(context, params, outcomes, (before, after), failure)


def _read_devices(params: Mapping[str, Any], mode: DevicesMode) -> DeviceIds:
    if mode is DevicesMode.EXACT and params.get("devices") == []:
        return DeviceIds(ids=())
    devices = declared_devices(params)
    if devices is None:
        raise InvalidValue("devices", None, "devices or devices_file is required")
    if mode is not DevicesMode.REMOVE and len(devices.ids) > MOST_DEVICES:
        raise InvalidValue(
            "devices",
            count(len(devices.ids), "device"),
            f"logging can be on for at most {count(MOST_DEVICES, 'device')} of the account",
        )
    return devices


def _predict(before: Sequence[LoggingDevice], plan: DeviceDifference) -> list[LoggingDevice]:
    """Give the devices that would have logging on; new ones without the day on which it ends."""
    known = {device.device_id: device for device in before}
    return [known.get(imei) or LoggingDevice(imei, "") for imei in plan.after]


def _write(
    context: Context, before: Sequence[LoggingDevice], plan: DeviceDifference
) -> tuple[list[DeviceOutcome], list[LoggingDevice], FotaError | None]:
    """Turn off before on, so that there is room, and read which devices have it on."""
    wanted = frozenset(plan.after)

    def send() -> None:
        _turn_off(context.v2, plan.remove)
        if len(plan.add) == 1:
            context.v2.enable_device_logging(plan.add[0])
        elif plan.add:
            context.v2.enable_logging(plan.add)

    def has_arrived(listed: list[LoggingDevice]) -> bool:
        return {device.device_id for device in listed} == wanted

    written = write_and_read(context, send, context.v2.list_logging, has_arrived)
    there, failure = written
    after = list(before) if there is None else there
    is_on = {device.device_id for device in after}
    outcomes = judge(
        planned(plan.actions),
        (),
        is_done=lambda one: (one.device_id in is_on) is (one.action == "add"),
    )
    return outcomes, after, failure or explain_failed(outcomes, "logging")


def _turn_off(service: FotaV2, ids: Sequence[str]) -> None:
    """Turn off in one call and, as its form is not documented, one by one what it left on."""
    left = list(ids)
    if len(ids) > 1:
        try:
            service.disable_logging(ids)
            is_on = {device.device_id for device in service.list_logging()}
            left = [imei for imei in ids if imei in is_on]
        except ServiceRefused as error:
            if error.http_status != BAD_REQUEST:
                raise
    for imei in left:
        service.disable_device_logging(imei)


def _conclude(
    context: Context,
    params: Mapping[str, Any],
    outcomes: Sequence[DeviceOutcome],
    listed: tuple[Sequence[LoggingDevice], Sequence[LoggingDevice]],
    failure: FotaError | None,
) -> dict[str, Any]:
    before, after = listed
    counts = count_outcomes(outcomes, "enabled", "disabled")
    result = {
        "changed": bool(counts["enabled"] or counts["disabled"]),
        "counts": counts,
        "devices": select_outcomes(outcomes, params["return_devices"]),
        **view_logging(after),
        "diff": {
            "before": {"logging": sorted(device.device_id for device in before)},
            "after": {"logging": sorted(device.device_id for device in after)},
        },
        "msg": context.headline(f"logging is on for {count(len(after), 'device')}"),
    }
    return context.conclude(result, outcome_rows(outcomes), failure=failure)
