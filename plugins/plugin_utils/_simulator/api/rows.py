# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of long lists as JSON text.

Most members of a row are the same for many devices. Their text is cached.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from ..state.records import Device, Software

# Cached texts for each kind of row.
CACHE_SIZE = 16_384


class SharedFields(NamedTuple):
    """Fields that can be the same for many devices. Times are seconds or None."""

    make: str
    model: str
    protocol: str
    reported_firmware: str
    status: str
    eligible: bool
    licensed: bool
    software: tuple[tuple[str, str, float | None], ...]
    created: float
    refreshed: float | None
    upgraded: float | None


def row(imei: str, tail: str) -> str:
    """The row of an IMEI with the text of its other members."""
    return f'{{"deviceId":"{imei}"{tail}'


def device_row(device: Device, tail: Callable[[SharedFields], str]) -> str:
    """The row of a device with its phone number (MDN)."""
    shared = SharedFields(
        device.make,
        device.model,
        device.protocol,
        device.reported_firmware,
        device.status,
        device.eligible,
        device.licensed is not None,
        _software_fields(device.software) if device.software else (),
        device.created,
        device.refreshed,
        device.upgraded,
    )
    return f'{{"deviceId":"{device.imei}","mdn":{encode_basestring_ascii(device.mdn)}{tail(shared)}'


def _software_fields(software: tuple[Software, ...]) -> tuple[tuple[str, str, float | None], ...]:
    return tuple((item.name, item.version, item.upgraded) for item in software)


def shared_json(members: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Decorate a function that returns members of a row: return their JSON text, cached."""

    @lru_cache(maxsize=CACHE_SIZE)
    def tail(*fields: Any) -> str:
        return f",{json.dumps(members(*fields), separators=(',', ':'))[1:]}"

    return tail
