# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference between the declared devices and those of a campaign or upgrade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class DevicesMode(Enum):
    """What a list of devices means for the devices that are already there."""

    AT_LEAST = "at_least"
    EXACT = "exact"
    REMOVE = "remove"


@dataclass(frozen=True)
class DeviceAction:
    """What happens to one device: ``add``, ``remove`` or ``none``, and why."""

    device_id: str
    action: str
    reason: str


@dataclass(frozen=True)
class DeviceDifference:
    """The devices to add and remove; no others are sent (contract section 14, question 13).

    :ivar after: the devices afterwards: those that remain, then those that were added.
    """

    add: tuple[str, ...]
    remove: tuple[str, ...]
    after: tuple[str, ...]
    actions: tuple[DeviceAction, ...]

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def compare_devices(
    declared: Iterable[str] | None,
    present: Iterable[str],
    mode: DevicesMode,
    *,
    is_there: str = "in it already",
    is_not_there: str = "not in it",
) -> DeviceDifference:
    """Compare; when ``declared`` is None, the devices stay as they are.

    :param is_there: the reason not to add a device, and ``is_not_there`` not to remove one.
    """
    there = dict.fromkeys(present)
    if declared is None:
        return DeviceDifference(add=(), remove=(), after=tuple(there), actions=())
    wanted = dict.fromkeys(declared)
    actions: list[DeviceAction] = []
    if mode is DevicesMode.REMOVE:
        add: list[str] = []
        remove = [imei for imei in wanted if imei in there]
        actions += [DeviceAction(i, "remove", "declared") for i in remove]
        actions += [DeviceAction(i, "none", is_not_there) for i in wanted if i not in there]
    else:
        add = [imei for imei in wanted if imei not in there]
        exact = mode is DevicesMode.EXACT
        remove = [imei for imei in there if imei not in wanted] if exact else []
        actions += [DeviceAction(i, "add", "declared") for i in add]
        actions += [DeviceAction(i, "remove", "not declared") for i in remove]
        actions += [DeviceAction(i, "none", is_there) for i in wanted if i in there]
    gone = set(remove)
    return DeviceDifference(
        add=tuple(add),
        remove=tuple(remove),
        after=tuple(imei for imei in there if imei not in gone) + tuple(add),
        actions=tuple(actions),
    )


def leave_alone(
    declared: Iterable[str] | None, reason: str, *, present: Iterable[str] = ()
) -> DeviceDifference:
    """Change nothing, and give the reason for every declared device."""
    return DeviceDifference(
        add=(),
        remove=(),
        after=tuple(present),
        actions=tuple(DeviceAction(imei, "none", reason) for imei in declared or ()),
    )
