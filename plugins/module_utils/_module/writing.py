# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: every write is sent once; an unknown outcome is settled by reading."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from .._client.errors import FotaError, WriteOutcomeUnknown
from .._model.campaign import Change
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
    :raises WriteOutcomeUnknown: the effect does not show within the settling time, or cannot be
        read.
    """
    try:
        return write()
    except WriteOutcomeUnknown as unknown:
        try:
            waited = wait_for(read, arrived, context.settling, sleep=context.sleep)
        except FotaError as error:
            raise unknown from error
        if not waited.done:
            raise
        return waited.last


def write_and_read(
    context: Context,
    write: Callable[[], object],
    read: Callable[[], R],
    arrived: Callable[[R], bool],
) -> tuple[R | None, FotaError | None]:
    """Write once, whatever the reply says, and read until the effect shows.

    :returns: what was read last, None where nothing was; and what failed, None where the effect
        shows. An effect that shows in part fails only if the write itself failed.
    """
    failure: FotaError | None = None
    try:
        write()
    except WriteOutcomeUnknown as error:
        failure = error
    except FotaError as error:
        return None, error
    try:
        waited = wait_for(read, arrived, context.settling, sleep=context.sleep)
    except FotaError as error:
        return None, failure or FotaError(
            f"it was written, and could not be read again: {error}",
            kind="outcome_unknown",
            hint="run the task again when the service can be read: it writes only what is missing",
        )
    return waited.last, None if waited.done else failure


def unchanged_devices(
    change: Change, device_ids: Collection[str], there: Collection[str]
) -> list[str]:
    """Give the devices that are still there after a removal, or not yet there after an addition."""
    return [imei for imei in device_ids if (imei in there) is (change is Change.REMOVE)]
