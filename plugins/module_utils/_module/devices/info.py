# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_device_info``: the account's devices, licenses and histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._api.v1 import FotaV1
from ..._api.v3 import FotaV3
from ..._model.device import Device, HistoryItem
from ..._model.errors import InvalidValue
from ..._model.imei import shorten
from ..._model.license import Subscription
from ..._model.text import count
from ..._model.wire import count_by
from ..context import Context, Service
from ..options import (
    DEVICE_OPTIONS,
    RESULTS_FILE_OPTION,
    VERSION_OPTION,
    filter_records,
    warn_of_lookalikes,
)
from ..results_file import Rows
from .declared import declared_devices
from .firmware import query_devices

DEVICE_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": {"type": "str", "choices": ["v1", "v2", "v3"], "default": "v3"},
    "make": {"type": "str"},
    "model": {"type": "str"},
    "firmware": VERSION_OPTION,
    "protocol": {"type": "str"},
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["history", "campaigns", "licenses", "subscription"],
        "default": [],
    },
    "return_devices": {"type": "str", "choices": ["none", "all"], "default": "all"},
    **DEVICE_OPTIONS,
    **RESULTS_FILE_OPTION,
}

ReadCampaigns = Callable[[CampaignService, Set[str], Sequence[str]], list[dict[str, Any]]]
"""Takes the ids of the campaigns in the histories of devices, and the IMEIs of these."""

_COLUMNS = (
    *("deviceId", "mdn", "make", "model", "firmware", "protocol", "fota_eligible"),
    *("license_assigned", "status", "refresh_time", "upgrade_time", "last_connection_time"),
    "software",
)
_OF_DEVICES = frozenset({"history", "campaigns"})
_FILTERS = ("make", "model", "firmware", "protocol")


def read_devices(
    context: Context, params: Mapping[str, Any], read_campaigns: ReadCampaigns
) -> dict[str, Any]:
    """Read devices, all of the account or those named, and what ``gather`` asks for.

    :param read_campaigns: gives the campaigns of some devices.
    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises TaskFailure: the results file could not be written.
    """
    declared = declared_devices(params)
    gather = set(params["gather"])
    if gather & _OF_DEVICES and declared is None:
        what = "campaigns" if "campaigns" in gather else "history"
        raise InvalidValue("gather", what, "needs devices: each history takes one call")
    if declared is not None:
        context.warnings += declared.warnings
    service = context.api(params["api_version"])
    if "campaigns" in gather and isinstance(service, FotaV1):
        raise InvalidValue("gather", "campaigns", "must not be used with v1, which has upgrades")
    found = find_devices(context, service, declared.ids if declared else None)
    kept = filter_records(found, params, _FILTERS)
    context.warnings += warn_of_lookalikes(found, params, _FILTERS)
    result: dict[str, Any] = {
        "changed": False,
        "counts": {
            "total": len(kept),
            "by_model": count_by(f"{device.make} {device.model}" for device in kept),
            "by_firmware": count_by(device.firmware for device in kept if device.firmware),
        },
        "devices": [],
        "msg": context.headline(count(len(kept), "device")),
    }
    if params["return_devices"] == "all":
        result["devices"] = [view_account_device(device) for device in kept]
    if declared is not None:
        there = {device.device_id for device in found}
        result["not_found"] = [imei for imei in declared.ids if imei not in there]
        if result["not_found"]:
            context.warnings.append(
                f"{count(len(result['not_found']), 'device')} not found in the account:"
                f" {shorten(result['not_found'])}"
            )
    if gather & _OF_DEVICES:
        ids = [device.device_id for device in kept]
        histories = service.client.map(service.get_device_history, ids)
        items = [item for history in histories for item in history]
        if "history" in gather:
            result["history"] = [_view_history(item) for item in items]
        if "campaigns" in gather and not isinstance(service, FotaV1):
            result["campaigns"] = read_campaigns(service, {item.campaign_id for item in items}, ids)
    if "licenses" in gather:
        totals, licensed = service.list_licenses()
        result["licenses"] = {
            "total": totals.total,
            "assigned": totals.assigned,
            "devices": [
                {"deviceId": device.device_id, "assignment_time": device.assigned}
                for device in licensed
            ],
        }
    if "subscription" in gather:
        result["subscription"] = view_subscription(service.get_subscription())
    return context.conclude(result, Rows(_COLUMNS, map(view_account_device, kept)))


def find_devices(context: Context, service: Service, ids: Sequence[str] | None) -> list[Device]:
    """Read the devices of an account, or those of these ids that it has.

    Only v3 can read devices by their ids; with another version, all are read.
    """
    if ids is None:
        return service.list_devices()
    if isinstance(service, FotaV3):
        return list(query_devices(context, ids).values())
    wanted = frozenset(ids)
    return [device for device in service.list_devices() if device.device_id in wanted]


def view_subscription(subscription: Subscription) -> dict[str, Any]:
    """Give what the account has bought as a module result."""
    return {
        "purchase_types": list(subscription.purchase_types),
        "license_count": subscription.license_count,
        "license_used_count": subscription.license_used_count,
        "update_time": subscription.updated,
    }


def view_account_device(device: Device) -> dict[str, Any]:
    """Give a device of the account as a module result."""
    return {
        "deviceId": device.device_id,
        "mdn": device.mdn,
        "make": device.make,
        "model": device.model,
        "firmware": device.firmware,
        "protocol": device.protocol,
        "fota_eligible": device.fota_eligible,
        "license_assigned": device.license_assigned,
        "status": device.status,
        "refresh_time": device.refreshed,
        "upgrade_time": device.upgraded,
        "last_connection_time": device.connected,
        "software": [
            {"name": item.name, "version": item.version, "upgrade_time": item.upgraded}
            for item in device.software
        ],
    }


def _view_history(item: HistoryItem) -> dict[str, Any]:
    return {
        "deviceId": item.device_id,
        "campaign_id": item.campaign_id,
        "package": item.package,
        "from_version": item.from_version,
        "to_version": item.to_version,
        "start_date": item.start_date,
        "status": item.status,
        "reason": item.reason,
        "updated_time": item.updated,
    }
