# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cancellation candidates of v1 and v2 as a set of devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._api.license_service import CandidateService
from ..._client.errors import FotaError
from ..._model.text import count
from ..._plan.device_difference import DeviceDifference, DevicesMode, compare_devices
from ..context import Context
from ..devices.outcomes import (
    DeviceOutcome,
    count_outcomes,
    explain_failed,
    judge,
    outcome_rows,
    planned,
    select_outcomes,
)
from ..writing import write_and_read


def ensure_candidates(
    context: Context, params: Mapping[str, Any], ids: Sequence[str], mode: DevicesMode
) -> dict[str, Any]:
    """Bring the cancellation candidates to the declared ones.

    :raises TaskFailure: the service left devices out, or a call failed.
    """
    service = context.v1 if params["api_version"] == "v1" else context.v2
    before = service.list_candidates()
    plan = compare_devices(ids, before, mode)
    outcomes, failure = planned(plan.actions), None
    if plan and not context.check_mode:
        outcomes, failure = _write(context, service, before, plan)
    counts = count_outcomes(outcomes, "added", "removed")
    after = len(before) + counts["added"] - counts["removed"]
    result = {
        "changed": bool(counts["added"] or counts["removed"]),
        "counts": counts,
        "devices": select_outcomes(outcomes, params["return_devices"]),
        "diff": {"before": {"candidates": before}, "after": {"candidates": list(plan.after)}},
        "msg": context.headline(f"cancellation candidates: {count(after, 'device')}"),
    }
    return context.conclude(result, outcome_rows(outcomes), failure=failure)


def _write(
    context: Context, service: CandidateService, before: Sequence[str], plan: DeviceDifference
) -> tuple[list[DeviceOutcome], FotaError | None]:
    """Write the list and read it; devices that the service left out have failed."""
    wanted = frozenset(plan.after)

    def send() -> None:
        if not plan.after:
            service.delete_candidates()
        elif before and not plan.remove:
            service.create_candidates(plan.add, append=True)
        else:
            service.create_candidates(plan.after, append=False)

    there, failure = write_and_read(
        context,
        send,
        lambda: frozenset(service.list_candidates()),
        lambda listed: listed == wanted,
    )
    listed = frozenset(before) if there is None else there
    outcomes = judge(
        planned(plan.actions),
        (),
        is_done=lambda one: (one.device_id in listed) is (one.action == "add"),
    )
    return outcomes, failure or explain_failed(outcomes, "cancellation candidates")
