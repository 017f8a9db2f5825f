# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that a report shows beside the decision: times, hours, cohorts of waves, and overrides.

They are counts and not devices, so that they stay small for any number of devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ..._model.text import count
from ..._model.times import parse_time
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

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Classes of devices that do not answer, and those of which another attempt may be announced.
UNANSWERED = frozenset({DeviceClass.SILENT, DeviceClass.UNREACHED})
_ANNOUNCED = UNANSWERED | {DeviceClass.PENDING}
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


def describe_contact(row: RolloutDevice, now: datetime) -> str:
    """Say when a device that does not answer was last seen, and when the next attempt is; empty
    where the service tells neither."""
    if row.outcome.kind not in _ANNOUNCED:
        return ""
    parts = []
    seen = parse_time(row.device.connected) if row.device else None
    if seen is not None and row.outcome.kind in UNANSWERED:
        parts.append(f"last seen {describe_age(seen, now)}")
    latest = row.history.latest if row.history else None
    following = parse_time(latest.row.next_attempt) if latest else None
    if following is not None and following > now:
        parts.append(f"next attempt at {following:%Y-%m-%d %H:%M} UTC")
    return "; ".join(parts)


def describe_age(moment: datetime, now: datetime) -> str:
    """Say how long ago a moment was, in whole days or hours."""
    days, hours = (now - moment) // _DAY, (now - moment) // _HOUR
    if days > 0:
        return f"{count(days, 'day')} ago"
    return f"{count(hours, 'hour')} ago" if hours > 0 else "within the hour"


def count_attempts(row: RolloutDevice) -> int:
    """Count the campaigns that have attempted a device."""
    records = row.history.records if row.history else ()
    return sum(bool(record.row.recent_attempt) for record in records)
