# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_license_info``: licenses of an account, and what devices need of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..._model.device import Device
from ..._model.errors import InvalidValue
from ..._model.imei import shorten
from ..._model.text import count
from ..._plan.license_plan import Seats
from ..context import Context
from ..devices.declared import declared_devices
from ..devices.info import find_devices, view_subscription
from ..options import DEVICE_OPTIONS, RESULTS_FILE_OPTION
from ..results_file import Rows
from .view import view_seats

LICENSE_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": {"type": "str", "choices": ["v1", "v2", "v3"], "default": "v3"},
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["models", "candidates"],
        "default": [],
    },
    "return_devices": {"type": "str", "choices": ["none", "all"], "default": "all"},
    **DEVICE_OPTIONS,
    **RESULTS_FILE_OPTION,
}

_COLUMNS = ("deviceId", "licensed", "assignment_time")


def read_license_info(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the licenses of the account, or those of the devices that are named.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises TaskFailure: the results file could not be written.
    """
    declared = declared_devices(params)
    gather = frozenset(params["gather"])
    if "candidates" in gather and params["api_version"] == "v3":
        raise InvalidValue("gather", "candidates", "needs api_version v1 or v2")
    if declared is not None:
        context.warnings += declared.warnings
    service = context.api(params["api_version"])
    subscription = service.get_subscription()
    _totals, licensed = service.list_licenses()
    assigned = {device.device_id: device.assigned for device in licensed}
    found: list[Device] | None = None
    if declared is not None or "models" in gather:
        found = find_devices(context, service, declared.ids if declared else None)
    ids = list(assigned) if declared is None else [device.device_id for device in found or ()]
    needed = None if declared is None else sum(imei not in assigned for imei in ids)
    seats = Seats.of(subscription, needed=needed)
    result: dict[str, Any] = {
        "changed": False,
        "subscription": view_subscription(subscription),
        "seats": view_seats(seats),
        "licenses_required": subscription.needs_licenses,
        "devices": [],
        "msg": context.headline(_summary(seats)),
    }
    rows = [_view(imei, assigned) for imei in ids]
    if params["return_devices"] == "all":
        result["devices"] = rows
    if declared is not None:
        missing = frozenset(declared.ids).difference(ids)
        result["not_found"] = [imei for imei in declared.ids if imei in missing]
        if missing:
            context.warnings.append(
                f"{count(len(missing), 'device')} not found in the account:"
                f" {shorten(result['not_found'])}"
            )
    if "models" in gather:
        result["models"] = _count_models(found or (), assigned)
    if "candidates" in gather:
        candidates = context.v1 if params["api_version"] == "v1" else context.v2
        result["candidates"] = candidates.list_candidates()
    return context.conclude(result, Rows(_COLUMNS, rows))


def _view(imei: str, assigned: Mapping[str, str]) -> dict[str, Any]:
    return {
        "deviceId": imei,
        "licensed": imei in assigned,
        "assignment_time": assigned.get(imei, ""),
    }


def _summary(seats: Seats) -> str:
    text = f"{seats.used} of {count(seats.bought, 'license')} used, {seats.free} free"
    if seats.needed is None:
        return text
    return f"{text}, {seats.needed} needed, {seats.short} short"


def _count_models(devices: Iterable[Device], assigned: Mapping[str, str]) -> list[dict[str, Any]]:
    """Count devices with and without a license by make, model and version."""
    totals: Counter[tuple[str, str, str]] = Counter()
    licensed: Counter[tuple[str, str, str]] = Counter()
    for device in devices:
        kind = (device.make, device.model, device.firmware)
        totals[kind] += 1
        licensed[kind] += device.device_id in assigned
    return [
        {
            "make": make,
            "model": model,
            "firmware": firmware,
            "devices": total,
            "licensed": licensed[make, model, firmware],
            "unlicensed": total - licensed[make, model, firmware],
        }
        for (make, model, firmware), total in sorted(totals.items())
    ]
