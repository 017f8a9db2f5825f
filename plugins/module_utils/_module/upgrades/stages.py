# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for campaigns and upgrades to come as far in their life as is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ..._model.status import FAR_ENOUGH, CampaignState
from ..waiting import Tell, Waited, Waiting, wait_until

if TYPE_CHECKING:
    from ..context import Context

T = TypeVar("T")


def is_settled(state: CampaignState, wait_for: str) -> bool:
    """Tell whether a state is far enough, or will never be."""
    return state in FAR_ENOUGH[wait_for] or state.over


def wait_for_all(
    context: Context,
    known: Sequence[T],
    read: Callable[[T], T],
    settled: Callable[[T], bool],
    waiting: Waiting,
    *,
    tell: Tell[list[T]] | None = None,
) -> Waited[list[T]]:
    """Read those that are not settled, side by side, until all are.

    :param known: as they were read before.
    :param read: gives one of them as it is now.
    :raises FotaError: as :func:`wait_until` does.
    """
    latest = list(known)

    def look() -> list[T]:
        latest[:] = context.client.map(lambda one: one if settled(one) else read(one), latest)
        return list(latest)

    return wait_until(
        look,
        lambda seen: all(settled(one) for one in seen),
        waiting,
        sleep=context.sleep,
        tell=tell,
    )
