# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_license``: assign and remove licenses, and keep the cancellation candidates.

Every write is sent once; after an unknown outcome, the licenses are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._client.errors import FotaError
from ..._model.campaign import DeviceChange
from ..._model.errors import InvalidValue
from ..._model.imei import DeviceIds
from ..._model.license import Subscription, was_licensed
from ..._model.text import count
from ..._plan.device_difference import DeviceDifference, DevicesMode
from ..._plan.license_plan import Seats, check_assignment, plan_licenses
from ..context import Context, Service
from ..devices.declared import declared_devices
from ..devices.info import find_devices
from ..devices.outcomes import (
    DeviceOutcome,
    changed_devices,
    count_outcomes,
    explain_failed,
    judge,
    outcome_rows,
    planned,
    select_outcomes,
)
from ..options import DEVICE_OPTIONS, RESULT_OPTIONS
from ..writing import write_once
from .candidates import ensure_candidates
from .view import view_seats

ASSIGNED, REMOVED, CANDIDATES = "assigned", "removed", "candidates"

LICENSE_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": {"type": "str", "choices": ["v1", "v2", "v3"], "default": "v3"},
    "state": {"type": "str", "choices": [ASSIGNED, REMOVED, CANDIDATES], "default": ASSIGNED},
    "devices_mode": {
        "type": "str",
        "choices": [mode.value for mode in DevicesMode],
        "default": DevicesMode.AT_LEAST.value,
    },
    **DEVICE_OPTIONS,
    **RESULT_OPTIONS,
}


def ensure_licenses(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the licenses of devices, or the cancellation candidates, to the declared state.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: not all licenses can be assigned; none was.
    :raises TaskFailure: the service refused devices, or a call failed; the result lists the others.
    """
    mode = DevicesMode(params["devices_mode"])
    devices = _read_devices(params, mode)
    context.warnings += devices.warnings
    if params["state"] == CANDIDATES:
        return ensure_candidates(context, params, devices.ids, mode)
    service = context.api(params["api_version"])
    subscription = service.get_subscription()
    licensed = _read_licensed(service)
    plan = plan_licenses(devices.ids, licensed, assign=params["state"] == ASSIGNED)
    if plan.add:
        known = find_devices(context, service, plan.add)
        check_assignment(plan, subscription, {device.device_id for device in known})
    outcomes, failure = planned(plan.actions), None
    if plan and not context.check_mode:
        outcomes, failure = _write(context, service, plan)
    return _conclude(context, params, outcomes, subscription, failure)


def _read_devices(params: Mapping[str, Any], mode: DevicesMode) -> DeviceIds:
    """Read the declared devices; only a list of candidates may be declared empty.

    :raises InvalidValue: none are declared, or an option does not fit the state.
    """
    candidates = params["state"] == CANDIDATES
    if candidates and params["api_version"] == "v3":
        raise InvalidValue("state", CANDIDATES, "needs api_version v1 or v2: v3 has no such list")
    if not candidates and mode is not DevicesMode.AT_LEAST:
        raise InvalidValue("devices_mode", mode.value, f"needs state: {CANDIDATES}")
    if candidates and mode is DevicesMode.EXACT and params.get("devices") == []:
        return DeviceIds(ids=())
    devices = declared_devices(params)
    if devices is None:
        raise InvalidValue("devices", None, "devices or devices_file is required")
    return devices


def _read_licensed(service: Service) -> frozenset[str]:
    _totals, licensed = service.list_licenses()
    return frozenset(device.device_id for device in licensed)


def _write(
    context: Context, service: Service, plan: DeviceDifference
) -> tuple[list[DeviceOutcome], FotaError | None]:
    """Assign or remove; one of both is empty."""
    there: frozenset[str] | None = None
    changes: list[DeviceChange] = []
    failure: FotaError | None = None

    def send() -> list[DeviceChange]:
        return (
            service.assign_licenses(plan.add) if plan.add else service.remove_licenses(plan.remove)
        )

    def has_arrived(licensed: frozenset[str]) -> bool:
        return licensed.issuperset(plan.add) and licensed.isdisjoint(plan.remove)

    try:
        answer = write_once(context, send, lambda: _read_licensed(service), has_arrived)
        if isinstance(answer, frozenset):
            there = answer
        else:
            changes = answer
            replied = {change.device_id for change in changes}
            if not replied.issuperset((*plan.add, *plan.remove)):
                there = _read_licensed(service)
    except FotaError as error:
        failure = error

    def is_done(outcome: DeviceOutcome) -> bool:
        return there is not None and (outcome.device_id in there) is (outcome.action == "add")

    outcomes = judge(
        planned(plan.actions),
        changes,
        is_done=is_done,
        was_done=lambda change: bool(plan.add) and was_licensed(change.reason),
    )
    return outcomes, failure or explain_failed(outcomes, "licenses")


def _conclude(
    context: Context,
    params: Mapping[str, Any],
    outcomes: Sequence[DeviceOutcome],
    subscription: Subscription,
    failure: FotaError | None,
) -> dict[str, Any]:
    assigned = changed_devices(outcomes, "add")
    removed = changed_devices(outcomes, "remove")
    used = subscription.license_used_count + len(assigned) - len(removed)
    seats = Seats(bought=subscription.license_count, used=used)
    assign = params["state"] == ASSIGNED
    verb, done = ("assigned to", assigned) if assign else ("removed from", removed)
    result = {
        "changed": bool(assigned or removed),
        "counts": count_outcomes(outcomes, "assigned", "removed"),
        "seats": view_seats(seats),
        "devices": select_outcomes(outcomes, params["return_devices"]),
        "diff": {
            "before": {"licensed": sorted(removed)},
            "after": {"licensed": sorted(assigned)},
        },
        "msg": context.headline(
            f"licenses {verb} {len(done)} of {count(len(outcomes), 'device')},"
            f" {seats.free} of {count(seats.bought, 'license')} free"
        ),
    }
    return context.conclude(result, outcome_rows(outcomes), failure=failure)
