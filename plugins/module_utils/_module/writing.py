# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: every write is sent once; an unknown outcome is settled by reading."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from .._client.errors import WriteOutcomeUnknown
from .._model.campaign import Change, DeviceChange
from .context import Context
from .waiting import wait_for

W = TypeVar("W")
R = TypeVar("R")


def write_once(
    context: Context,
    write: Callable[[], W],
    read: Callable[[], R],
    arrived: Callable[[R], bool],
) -> W | R:
    """Write once; after an unknown outcome, read until the effect shows.

    :param arrived: whether what was read shows the effect.
    :returns: what the write gave or, after an unknown outcome, what was read.
    :raises WriteOutcomeUnknown: the effect does not show within the settling time.
    """
    try:
        return write()
    except WriteOutcomeUnknown:
        waited = wait_for(read, arrived, context.settling, sleep=context.sleep)
        if not waited.done:
            raise
        return waited.last


def change_devices_once(
    context: Context,
    write: Callable[[], list[DeviceChange]],
    read: Callable[[], frozenset[str]],
    change: Change,
    device_ids: Collection[str],
) -> list[DeviceChange]:
    """Add or remove devices once.

    :param read: gives the devices that are there.
    :returns: the outcome of each device as far as the service names it.
    :raises WriteOutcomeUnknown: as :func:`write_once` does.
    """

    def arrived(there: frozenset[str]) -> bool:
        return not unchanged_devices(change, device_ids, there)

    answer = write_once(context, write, read, arrived)
    return [] if isinstance(answer, frozenset) else answer


def unchanged_devices(
    change: Change, device_ids: Collection[str], there: Collection[str]
) -> list[str]:
    """Give the devices that are still there after a removal, or not yet there after an addition."""
    return [imei for imei in device_ids if (imei in there) is (change is Change.REMOVE)]
