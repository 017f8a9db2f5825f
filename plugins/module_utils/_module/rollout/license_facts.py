# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the licenses that a rollout needs, gets and keeps (contract section 11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._model.status import DeviceState
from ..._plan.license_plan import Seats
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.placement.rollout_device import RolloutDevice

_EXAMPLES = 5


def view_licenses(decision: Decision, return_devices: str) -> dict[str, Any]:
    """Give the licenses that devices need and those that there are.

    Lists of devices are whole with ``return_devices: all``, and else have the first ones; that of
    the devices that get a license now is always whole.
    """
    assessment = decision.assessment
    subscription = assessment.seen.subscription
    seats = Seats.of(subscription, needed=assessment.licenses_needed)
    view: dict[str, Any] = {
        "required": subscription.needs_licenses,
        "assign": assessment.spec.assign_licenses.value,
        "needed": seats.needed,
        "free": seats.free,
        "total": seats.bought,
        "short": seats.short,
        "purchase_types": list(subscription.purchase_types),
    }
    if not subscription.needs_licenses:
        return view
    most = None if return_devices == "all" else _EXAMPLES
    waiting = [row for row in assessment.rows if row.outcome.waits and not row.licensed]
    licensed = [row for row in assessment.rows if row.licensed]
    used = {row.imei for row in licensed if _is_used(row)}
    unused = [row.imei for row in licensed if row.imei not in used and not _is_held(row)]
    waves = {
        state.wave.name: sum(row.outcome.waits and not row.licensed for row in state.rows)
        for state in assessment.waves
    }
    return {
        **view,
        "waves": [{"name": name, "needed": needed} for name, needed in waves.items() if needed],
        "assign_now": _list(decision.assign, None),
        "waiting": _list([row.imei for row in waiting], most),
        "kept": _list(sorted(used), most),
        "unused": _list(unused, most),
    }


def _is_used(row: RolloutDevice) -> bool:
    """An upgrade was completed, so that the license stays with the device for good."""
    records = row.history.records if row.history else ()
    return any(record.row.state is DeviceState.SUCCESS for record in records)


def _is_held(row: RolloutDevice) -> bool:
    """A campaign of this rollout has the device, so that its license cannot be removed."""
    latest = row.history.latest if row.history else None
    return latest is not None and not latest.own.over


def _list(imeis: Sequence[str], most: int | None) -> dict[str, Any]:
    return {"devices": len(imeis), "examples": list(imeis[:most])}
