# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of long lists as JSON text.

A row is a device's own numbers and a rest that many devices share, which is written once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from ..state.records import Device, Software

# Rests that are kept of each kind of row; beyond them the oldest are written again.
KEPT = 16_384


class Shared(NamedTuple):
    """What a device may have in common with others; times are seconds or None."""

    make: str
    model: str
    protocol: str
    stored: str
    status: str
    eligible: bool
    licensed: bool
    software: tuple[tuple[str, str, float | None], ...]
    created: float
    refreshed: float | None
    upgraded: float | None


def row(imei: str, rest: str) -> str:
    """The row of an IMEI."""
    return f'{{"deviceId":"{imei}"{rest}'


def device_row(device: Device, rest: Callable[[Shared], str]) -> str:
    """The row of a device with its directory number."""
    shared = Shared(
        device.make,
        device.model,
        device.protocol,
        device.stored,
        device.status,
        device.eligible,
        device.licensed is not None,
        _facts(device.software) if device.software else (),
        device.created,
        device.refreshed,
        device.upgraded,
    )
    return f'{{"deviceId":"{device.imei}","mdn":{encode_basestring_ascii(device.mdn)}{rest(shared)}'


def _facts(software: tuple[Software, ...]) -> tuple[tuple[str, str, float | None], ...]:
    return tuple((item.name, item.version, item.upgraded) for item in software)


def rests(members: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Decorate what gives the members of a row behind its own numbers: their text, kept."""

    @lru_cache(maxsize=KEPT)
    def rest(*facts: Any) -> str:
        return f",{json.dumps(members(*facts), separators=(',', ':'))[1:]}"

    return rest
