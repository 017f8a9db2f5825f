# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of each device: one class out of the report, the version read and the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ...._model.status import DeviceState, not_reached
from ...._model.times import parse_time
from ..declaration.spec import Timing
from ..observation.campaign_history import History, Record, day_begins, is_rejected
from ..observation.observed import Observed
from ..placement.rollout_device import (
    ATTEMPTED,
    FAILURES,
    DeviceClass,
    Outcome,
    RolloutDevice,
)
from ..placement.upgrade_paths import UpgradePath
from .statistics import Result

# A reported success proves nothing yet, but it counts as a result: without it, failures, which
# count at once, would seem to be all there is.
_RESULTS = ATTEMPTED | {DeviceClass.REPORTED}

_WAITS = Outcome(DeviceClass.PENDING, "waits for a campaign", waits=True)
_SETTLING = Outcome(DeviceClass.SETTLING, "a campaign's device report is not complete yet")
_LACKING = Outcome(
    DeviceClass.UNKNOWN,
    "may have been in a campaign that is over, whose device report is not complete",
)


def classify(
    rows: Iterable[RolloutDevice], seen: Observed, history: History, timing: Timing
) -> list[RolloutDevice]:
    """Give every device its outcome, and one that has done a step the path from there on."""
    judge = _Judge(seen, history, timing)
    judged = []
    for row in rows:
        outcome, path = judge.judge(row), row.path
        latest = row.history.latest if row.history else None
        if outcome.kind is DeviceClass.ADVANCED and latest and latest.own.over:
            path = path.after(row.version)
        judged.append(row.judged(outcome, path))
    return judged


def find_result(row: RolloutDevice) -> Result | None:
    """Give what statistics make of a device; None for one without a result."""
    outcome = row.outcome
    if outcome.at is None or outcome.kind not in _RESULTS:
        return None
    return Result(at=outcome.at, wave=row.wave, failed=outcome.kind in FAILURES)


class _Judge:
    """Judges one device after the other by what was seen at one moment."""

    def __init__(self, seen: Observed, history: History, timing: Timing) -> None:
        self._busy = seen.busy
        self._now = seen.now
        self._history = history
        self._timing = timing

    def judge(self, row: RolloutDevice) -> Outcome:
        """Classify a device of a wave."""
        if row.history is None or row.history.latest is None:
            return self._judge_free(row, row.path)
        record = row.history.latest
        latest = self._judge_record(row, record)
        if latest.kind is DeviceClass.ADVANCED:
            return self._judge_next_step(row, latest, record)
        if latest.kind is DeviceClass.VERIFIED:
            return latest
        for before in row.history.earlier:
            if before.own.campaign.package != record.own.campaign.package:
                continue
            failure = self._judge_record(row, before)
            if failure.kind in FAILURES:
                # It stays a failure until a retry verifies it.
                reason = f"{failure.reason}; tried again: {latest.kind.value}, {latest.reason}"
                return replace(
                    failure, reason=reason, campaign_id=latest.campaign_id, unread=latest.unread
                )
        return latest

    def _judge_free(self, row: RolloutDevice, path: UpgradePath) -> Outcome:
        """Classify a device that could be put into a campaign."""
        holder = self._busy.get(row.imei)
        if holder is not None:
            return Outcome(DeviceClass.BUSY, f"in live campaign {holder}", busy=True)
        again = self._history.busy_until.get(row.imei)
        if again is not None and self._now < again:
            reason = f"refused as busy; next try from {again:%Y-%m-%d %H:%M}"
            return Outcome(DeviceClass.BUSY, reason, busy=True)
        if not self._history.settling and not self._history.lacking:
            return _WAITS
        place = (row.wave, path.cohort.code)
        if place in self._history.settling:
            return _SETTLING
        return _LACKING if place in self._history.lacking else _WAITS

    def _judge_next_step(self, row: RolloutDevice, done: Outcome, record: Record) -> Outcome:
        """Say what keeps a device from its next step; the campaign of the last must be over."""
        after = row.path.after(row.version)
        if after is row.path:
            return replace(done, reason=f"{done.reason}; no package leads on from there")
        if not record.own.over:
            return replace(done, reason=f"{done.reason}; more steps once its campaign is over")
        free = self._judge_free(row, after)
        return replace(
            done,
            reason=f"{done.reason}; next step: {free.reason}",
            waits=free.waits,
            busy=free.busy,
        )

    def _judge_record(self, row: RolloutDevice, record: Record) -> Outcome:
        kind, reason = _classify_record(row, record, self._now, self._timing)
        return Outcome(
            kind,
            reason,
            record.own.campaign.id,
            min(self._now, _known_at(kind, record, self._timing) or self._now),
            unread=kind is DeviceClass.REPORTED,
        )


def _known_at(kind: DeviceClass, record: Record, timing: Timing) -> datetime | None:
    """When a result could be known: what comes out later must not change what was judged before.

    A device without a result has failed when its campaign is over, and a success that no version
    bears out when there was time to read it.
    """
    result_at, end = record.result_at, record.own.campaign.schedule.end
    silent = record.row.state not in (DeviceState.SUCCESS, DeviceState.FAILED)
    if kind is DeviceClass.FAILED and silent and end is not None:
        return day_begins(end) + timedelta(days=1)
    if kind is DeviceClass.MISMATCH and result_at is not None:
        return result_at + timing.verify_grace
    return result_at


def _classify_record(
    row: RolloutDevice, record: Record, now: datetime, timing: Timing
) -> tuple[DeviceClass, str]:
    own, report = record.own, record.row
    if is_rejected(own, report):
        return DeviceClass.REJECTED, report.reason or report.status
    attempted = parse_time(report.recent_attempt)
    written = parse_time(report.updated) or attempted
    version = row.version
    read = parse_time(row.device.refreshed) if row.device else None
    fresh = written is not None and read is not None and read > written
    if report.state is DeviceState.SUCCESS:
        return _classify_success(row, read, written, timing)
    untouched = attempted is None and not_reached(report.status)
    if report.state is DeviceState.FAILED and not report.next_attempt and not untouched:
        return DeviceClass.FAILED, report.reason or report.status
    further = row.path.leads_over(version)
    elsewhere = version not in ("", row.package.from_version, row.target.version)
    if attempted is not None and fresh and elsewhere and not further:
        return (
            DeviceClass.MISMATCH,
            f"runs {version}, not the target and not on the way to it",
        )
    if own.over and fresh and version == row.target.version:
        return DeviceClass.VERIFIED, "runs the target, though no result was reported"
    if own.over and fresh and further:
        return DeviceClass.ADVANCED, f"runs {version}, though no result was reported"
    if report.state is DeviceState.UNKNOWN:
        return DeviceClass.UNKNOWN, f"status {report.status!r} is not known"
    if own.over:
        if attempted is None:
            return DeviceClass.UNREACHED, report.reason or "never attempted"
        return DeviceClass.FAILED, f"attempted, no result, campaign over, runs {version or '?'}"
    if attempted and not report.next_attempt and now - attempted >= timing.silent_after:
        return DeviceClass.SILENT, f"no result since the attempt at {report.recent_attempt}"
    return DeviceClass.PENDING, report.reason or report.status


def _classify_success(
    row: RolloutDevice, read: datetime | None, written: datetime | None, timing: Timing
) -> tuple[DeviceClass, str]:
    version = row.version
    if read is None or written is None or read <= written:
        return DeviceClass.REPORTED, "success reported, version not read since"
    if version == row.target.version:
        return DeviceClass.VERIFIED, f"runs {version}"
    if row.path.leads_over(version):
        return DeviceClass.ADVANCED, f"runs {version}, on the way to {row.target.version}"
    if version not in ("", row.package.from_version):
        return (
            DeviceClass.MISMATCH,
            f"runs {version}, not the target and not on the way to it",
        )
    if read - written >= timing.verify_grace:
        return (
            DeviceClass.MISMATCH,
            f"success reported, and still runs {version or 'nothing known'}",
        )
    return DeviceClass.REPORTED, f"success reported, runs {version or 'nothing known'}, read again"
