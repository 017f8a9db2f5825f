# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of the inventory ``fota_devices``: read, cache and describe the account's devices.

Nothing here knows the inventory: all results are plain data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ..._client.errors import FotaError, ServiceUnavailable
from ..._client.transport import REQUESTS_IMPORT_ERROR
from ..._model.device import Device
from ..._model.errors import InvalidValue
from ..._model.imei import shorten
from ..._model.text import count
from ..context import open_context
from ..failure import describe_failure
from ..options import filter_records, warn_of_lookalikes

CACHE_FORMAT = 1
"""Format of :func:`pack`; part of the key, so that no release reads the cache of another one."""

_FILTERS = ("make", "model", "firmware", "protocol")
_KEPT = (
    *("device_id", "mdn", "make", "model", "firmware", "protocol", "fota_eligible"),
    *("license_assigned", "status", "refreshed", "upgraded", "connected"),
)


Devices = Sequence[Device]


class AccountUnread(Exception):
    """The devices of the account could not be read; the message says what to do.

    :ivar unreachable: the service gave no usable answer, so that older data may be of use.
    """

    def __init__(self, message: str, *, unreachable: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable


@dataclass(frozen=True)
class AccountDevices:
    """The devices of an account as the service gave them, with messages for people."""

    devices: Devices
    headline: str = ""
    warnings: Sequence[str] = ()


def read_account(params: Mapping[str, Any]) -> AccountDevices:
    """Read the devices of the account, all pages, of one protocol if ``params`` names it.

    :raises AccountUnread: an option is wrong (nothing was called), or the service did not answer.
    """
    if REQUESTS_IMPORT_ERROR is not None:
        raise AccountUnread(missing_required_lib("requests"))
    try:
        # In check mode the client writes nothing, whatever happens.
        context = open_context(params, check_mode=True)
        with context.client:
            devices = context.v3.list_devices(protocol=params.get("protocol"))
            return AccountDevices(
                devices=devices,
                headline=context.headline(
                    f"{count(len(devices), 'device')} of {context.account} from"
                    f" {context.client.host}"
                ),
                warnings=context.all_warnings(),
            )
    except (FotaError, InvalidValue) as error:
        message, _failure = describe_failure(error)
        unreachable = isinstance(error, ServiceUnavailable)
        raise AccountUnread(message, unreachable=unreachable) from error


def cache_suffix(params: Mapping[str, Any]) -> str:
    """Give a suffix that differs by service, account and protocol."""
    asked = [CACHE_FORMAT, *(params.get(name) for name in ("base_url", "account", "protocol"))]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]


def pack(devices: Devices, *, now: float) -> dict[str, Any]:
    """Write devices for a cache, as one text: many records would cost a cache plugin more.

    :param now: seconds since 1970 on this machine, when the devices were read.
    """
    rows = [[getattr(device, name) for name in _KEPT] for device in devices]
    return {"read_at": now, "devices": json.dumps(rows, separators=(",", ":"))}


def unpack(kept: Mapping[str, Any]) -> tuple[float, Devices]:
    """Read what :func:`pack` wrote.

    :returns: when it was written, in seconds since 1970, and the devices.
    :raises AccountUnread: it is not what :func:`pack` writes.
    """
    try:
        rows = json.loads(kept["devices"])
        devices = [Device(**dict(zip(_KEPT, row, strict=True))) for row in rows]
        return float(kept["read_at"]), devices
    except (KeyError, TypeError, ValueError) as error:
        raise AccountUnread(
            "the cached devices were not written by this plugin; empty the cache, for example with"
            " --flush-cache"
        ) from error


def age_text(seconds: float) -> str:
    """Describe an age; it is never negative, even if the clock was set back."""
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return count(minutes, "minute")
    return f"{minutes // 60} hours" if minutes < 72 * 60 else f"{minutes // (24 * 60)} days"


def select(devices: Devices, params: Mapping[str, Any]) -> tuple[Devices, list[str]]:
    """Keep the devices that pass the filters and have an IMEI, in the order of their IMEIs.

    :returns: the devices, and warnings of those that may be missed.
    """
    found = filter_records(devices, params, _FILTERS)
    warnings = warn_of_lookalikes(devices, params, _FILTERS)
    without = [device for device in found if not is_imei(device.device_id)]
    if without:
        listed = shorten([device.device_id or f"MDN {device.mdn}" for device in without])
        warnings.append(
            f"{count(len(without), 'device')} without an IMEI of 15 digits left out: {listed}"
        )
        found = [device for device in found if is_imei(device.device_id)]
    return sorted(found, key=lambda device: device.device_id), warnings


def is_imei(text: str) -> bool:
    """Tell whether a text is 15 digits; check digits of replies are not checked."""
    return len(text) == 15 and text.isascii() and text.isdigit()


GROUP_KEYS = ("make", "model", "firmware", "protocol", "license", "reachability")
"""What ``group_by`` takes: the text variables of a host, without their prefix."""

_LICENSE_WORDS = {True: "assigned", False: "none", None: ""}


def host_variables(device: Device) -> dict[str, Any]:
    """Describe a device as variables of a host; unknown texts are empty."""
    return {
        "imei": device.device_id,
        "fota_mdn": device.mdn,
        "fota_make": device.make,
        "fota_model": device.model,
        "fota_firmware": device.firmware,
        "fota_protocol": device.protocol,
        "fota_license": _LICENSE_WORDS[device.license_assigned],
        "fota_reachability": device.status,
        "fota_eligible": device.fota_eligible,
        "fota_refresh_time": device.refreshed,
        "fota_upgrade_time": device.upgraded,
        "fota_last_connection_time": device.connected,
    }
