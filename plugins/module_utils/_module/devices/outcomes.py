# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened to each device of a task that changes a set of devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..._client.errors import FotaError
from ..._model.campaign import DeviceChange
from ..._model.text import count
from ..._plan.device_difference import DeviceAction
from ..results_file import Rows

DEVICE_COLUMNS = ("deviceId", "action", "status", "reason", "failed")

# Kind of the failure where the service has changed some devices and not all.
DEVICES_REFUSED = "devices_refused"


@dataclass(frozen=True)
class DeviceOutcome:
    """What happened to a device, or would happen.

    :ivar action: ``add``, ``remove`` or ``none``.
    :ivar status: of the service, where it returned one.
    """

    device_id: str
    action: str
    reason: str
    status: str = ""
    failed: bool = False

    def view(self) -> dict[str, Any]:
        """Give it as a module result."""
        return {
            "deviceId": self.device_id,
            "action": self.action,
            "status": self.status,
            "reason": self.reason,
            "failed": self.failed,
        }


def planned(actions: Iterable[DeviceAction]) -> list[DeviceOutcome]:
    """Give what would happen to each device."""
    return [DeviceOutcome(one.device_id, one.action, one.reason) for one in actions]


def judge(
    outcomes: Iterable[DeviceOutcome],
    changes: Iterable[DeviceChange],
    *,
    is_done: Callable[[DeviceOutcome], bool],
    was_done: Callable[[DeviceChange], bool] = lambda _change: False,
) -> list[DeviceOutcome]:
    """Give what happened, from the replies of the service and from what was read afterwards.

    :param is_done: whether a device without a reply is as planned.
    :param was_done: whether a reply says that the device was as planned before.
    """
    replies = {change.device_id: change for change in changes}
    judged = []
    for outcome in outcomes:
        reply = replies.get(outcome.device_id)
        if outcome.action == "none" or (reply is None and is_done(outcome)):
            judged.append(outcome)
        elif reply is None:
            judged.append(replace(outcome, reason="not confirmed by the service", failed=True))
        else:
            there = was_done(reply)
            action = "none" if there else outcome.action
            failed = not (there or reply.succeeded)
            reason, status = reply.reason or outcome.reason, reply.status
            judged.append(
                replace(outcome, action=action, reason=reason, status=status, failed=failed)
            )
    return judged


def changed_devices(outcomes: Iterable[DeviceOutcome], action: str) -> list[str]:
    """Give the devices to which this was done."""
    return [one.device_id for one in outcomes if one.action == action and not one.failed]


def count_outcomes(outcomes: Sequence[DeviceOutcome], added: str, removed: str) -> dict[str, int]:
    """Count the devices by what happened to them.

    :param added: the key of those that were added, and ``removed`` of those that were removed.
    """
    return {
        "total": len(outcomes),
        added: len(changed_devices(outcomes, "add")),
        removed: len(changed_devices(outcomes, "remove")),
        "unchanged": len(changed_devices(outcomes, "none")),
        "failed": sum(one.failed for one in outcomes),
    }


def select_outcomes(outcomes: Iterable[DeviceOutcome], return_devices: str) -> list[dict[str, Any]]:
    """Give the devices that a result lists."""
    return [
        one.view()
        for one in outcomes
        if return_devices == "all" or (return_devices == "attention" and one.failed)
    ]


def outcome_rows(outcomes: Iterable[DeviceOutcome]) -> Rows:
    """Give all devices for a results file."""
    return Rows(DEVICE_COLUMNS, (one.view() for one in outcomes))


def explain_failed(outcomes: Iterable[DeviceOutcome], what: str) -> FotaError | None:
    """Give the failure of devices that the service refused, if there are any."""
    failed = [one for one in outcomes if one.failed]
    if not failed:
        return None
    listed = "; ".join(f"{one.device_id}: {one.status} {one.reason}" for one in failed[:5])
    return FotaError(
        f"{what}: {count(len(failed), 'device')} not changed: {listed}",
        kind=DEVICES_REFUSED,
        hint="the other devices were changed; the result lists every device",
    )
