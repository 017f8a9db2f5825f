# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that a report shows beside the decision: times, hours, cohorts of waves, and overrides.

They are counts and not devices, so that they stay small for any number of devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ..._plan.rollout.declaration.campaign_names import Cohort
from ..._plan.rollout.declaration.spec import RolloutSpec
from ..._plan.rollout.judgement.gate import GateVerdict
from ..._plan.rollout.judgement.wave_counts import PENDING
from ..._plan.rollout.judgement.waves import WaveState
from ..._plan.rollout.observation.observed import OwnCampaign
from ..._plan.rollout.placement.rollout_device import (
    ATTEMPTED,
    FAILURES,
    LEFT,
    DeviceClass,
    RolloutDevice,
)
from ..._plan.rollout.placement.upgrade_paths import UpgradePath
from ..campaigns.view import view_windows

# Classes of which the time of the result is that of the outcome; of others it is that of the run.
_WITH_TIME = ATTEMPTED | {DeviceClass.REPORTED, DeviceClass.ADVANCED, DeviceClass.REJECTED}


def view_results_by_day(rows: Iterable[RolloutDevice]) -> list[dict[str, Any]]:
    """Count the devices that were verified or failed on each UTC day, for those days only."""
    days: dict[str, Counter[str]] = {}
    for row in rows:
        kind, at = row.outcome.kind, row.outcome.at
        if at is not None and kind in ATTEMPTED:
            word = "failed" if kind in FAILURES else "verified"
            days.setdefault(at.date().isoformat(), Counter())[word] += 1
    return [
        {"date": day, "verified": counts["verified"], "failed": counts["failed"]}
        for day, counts in sorted(days.items())
    ]


def view_calendar(spec: RolloutSpec) -> dict[str, Any]:
    """Give the declared calendar: local windows, the zone of devices that have none, freezes."""
    calendar = spec.calendar
    return {
        "windows": [str(window) for window in calendar.windows],
        "timezone": calendar.zone,
        "freeze": [
            {"from": freeze.first.isoformat(), "to": freeze.last.isoformat(), "why": freeze.why}
            for freeze in calendar.freezes
        ],
    }


def view_given(spec: RolloutSpec) -> dict[str, Any]:
    """Give the approvals and accepted failures that the declaration has."""
    return {
        name: [
            {
                key: list(value) if key == "generations" else value
                for key, value in vars(given).items()
            }
            for given in overrides
        ]
        for name, overrides in (("approved", spec.approved), ("accept", spec.accepted))
    }


def view_hours(own: OwnCampaign, spec: RolloutSpec) -> dict[str, Any]:
    """Give the UTC hours of a campaign, and the zone of its cohort; empty where none is known."""
    schedule, campaign = own.campaign.schedule, own.campaign
    zone = next(
        (
            zone
            for zone in ("", spec.calendar.zone, *spec.zones)
            if own.name.cohort
            == Cohort(
                spec.protocol, campaign.make, campaign.model, campaign.from_version, zone
            ).code
        ),
        "",
    )
    return {"windows": view_windows(schedule.windows or schedule.download_windows), "zone": zone}


def view_wave_cohorts(rows: Iterable[RolloutDevice]) -> Iterator[dict[str, Any]]:
    """Count the devices of a wave by make, model and the version that they had before; the numbers
    after ``devices`` add up to it."""
    kinds: dict[int, Counter[DeviceClass]] = {}
    paths: dict[int, UpgradePath] = {}
    for row in rows:
        paths[id(row.path)] = row.path
        kinds.setdefault(id(row.path), Counter())[row.outcome.kind] += 1
    cohorts: dict[tuple[str, ...], Counter[DeviceClass]] = {}
    for key, path in paths.items():
        target = path.target
        cohort = (target.make, target.model, path.steps[0].from_version, target.version)
        cohorts.setdefault(cohort, Counter()).update(kinds[key])
    for (make, model, before, after), counts in sorted(cohorts.items()):
        yield {
            "make": make,
            "model": model,
            "from_version": before,
            "to_version": after,
            "devices": counts.total(),
            "verified": counts[DeviceClass.VERIFIED],
            "failed": sum(counts[kind] for kind in FAILURES),
            "silent": counts[DeviceClass.SILENT],
            "pending": sum(counts[kind] for kind in PENDING - {DeviceClass.SILENT}),
            "unreached": counts[DeviceClass.UNREACHED],
            "halted": counts[DeviceClass.HALTED],
            "left": sum(counts[kind] for kind in LEFT),
        }


def waiting_since(state: WaveState, now: datetime) -> datetime | None:
    """Give since when a wave waits for an operator: the end of its soak, its deadline, or its last
    failure. None while it does not, or where that moment is not known."""
    if state.verdict is GateVerdict.APPROVE:
        return state.judgement.soak_until
    if state.verdict is GateVerdict.FAIL:
        failed = [row.outcome.failed_at for row in state.rows if row.outcome.failed_at]
        return max(failed, default=None)
    late = state.deadline is not None and state.deadline <= now
    return state.deadline if late and state.verdict is GateVerdict.HOLD else None


def result_at(row: RolloutDevice) -> datetime | None:
    """Give when the result of a device came; None while there is none."""
    return row.outcome.at if row.outcome.kind in _WITH_TIME else None


def count_attempts(row: RolloutDevice) -> int:
    """Count the campaigns that have attempted a device."""
    records = row.history.records if row.history else ()
    return sum(bool(record.row.recent_attempt) for record in records)
