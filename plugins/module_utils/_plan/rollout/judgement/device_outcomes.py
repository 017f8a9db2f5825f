# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of each device: one class out of the report, the version read and the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ...._model.status import DeviceState, not_reached
from ...._model.times import parse_time
from ..declaration.spec import RolloutSpec, Timing
from ..observation.campaign_history import (
    History,
    Record,
    day_begins,
    day_ends,
    is_rejected,
)
from ..observation.observed import Observed
from ..placement.rollout_device import (
    ATTEMPTED,
    FAILURES,
    DeviceClass,
    Outcome,
    RolloutDevice,
)
from ..placement.upgrade_paths import UpgradePath
from .accepted import find_created_again
from .statistics import Result

# Without a result that counts yet, but attempted: without them, failures, which count at once,
# would seem to be all there is.
_UNDER_WAY = frozenset({DeviceClass.REPORTED, DeviceClass.PENDING, DeviceClass.UNKNOWN})
# Words of a result; without one, a campaign that is over has left the device where it was.
_WITH_RESULT = frozenset({DeviceState.SUCCESS, DeviceState.FAILED})

_WAITS = Outcome(DeviceClass.PENDING, "waits for a campaign", waits=True)
_SETTLING = Outcome(DeviceClass.SETTLING, "a campaign's device report is not complete yet")
# Whoever takes a dead device out of the account takes no failure away.
_STAYS = frozenset({DeviceClass.FAILED, DeviceClass.REJECTED, DeviceClass.SILENT})
_GONE = Outcome(DeviceClass.GONE, "is not a device of the account any more")
_LACKING = Outcome(
    DeviceClass.UNKNOWN,
    "may have been in a campaign that is over, whose device report is not complete",
)


def classify(
    rows: Iterable[RolloutDevice], spec: RolloutSpec, seen: Observed, history: History
) -> list[RolloutDevice]:
    """Give every device its outcome, and one that has done a step the path from there on."""
    judge = _Judge(spec, seen, history)
    judged = []
    for row in rows:
        outcome, path = judge.judge(row), row.path
        latest = row.history.latest if row.history else None
        if outcome.kind is DeviceClass.ADVANCED and latest and latest.own.over:
            path = path.after(row.version)
        judged.append(row.judged(outcome, path))
    return judged


def find_result(row: RolloutDevice) -> Result | None:
    """Give what statistics make of a device; None for one that does not count as attempted."""
    outcome = row.outcome
    if outcome.begun is None or outcome.kind not in ATTEMPTED | _UNDER_WAY:
        return None
    repaired = outcome.failed_at is not None and outcome.kind not in FAILURES
    return Result(
        outcome.begun, row.wave, outcome.failed_at, repaired_at=outcome.at if repaired else None
    )


def find_begun(record: Record, at: datetime, timing: Timing) -> datetime:
    """From when on a device with a result at ``at`` counts as attempted.

    That is its attempt, so that it does not matter whether failures or successes are reported
    sooner; of one that was silent in between, its result.
    """
    attempted = parse_time(record.row.recent_attempt)
    if attempted is None:
        return at
    result_at = record.result_at if record.row.state in _WITH_RESULT else None
    return min(attempted, at) if (result_at or at) - attempted <= timing.silent_after else at


def find_failure(
    records: Iterable[Record], package: str, timing: Timing
) -> tuple[datetime, datetime] | None:
    """Give when a device was attempted that a later try has upgraded, and when it had failed.

    :param records: those before that try.
    """
    for record in records:
        if record.own.campaign.package != package or record.row.state is DeviceState.SUCCESS:
            continue
        failed_at = _known_at(DeviceClass.FAILED, record, timing)
        if record.own.over and record.row.recent_attempt and failed_at:
            return find_begun(record, failed_at, timing), failed_at
    return None


class _Judge:
    """Judges one device after the other by what was seen at one moment."""

    def __init__(self, spec: RolloutSpec, seen: Observed, history: History) -> None:
        self._busy = seen.busy
        self._without_license = seen.license_failures or {}
        self._now = seen.now
        self._all_read = not seen.unread
        self._history = history
        # A device that no report shows may have been in another wave when a campaign took it: sizes
        # of waves, and who is late, are other ones as soon as there is one.
        self._settling_cohorts = {cohort for _wave, cohort in history.settling}
        self._timing = spec.timing
        self._created_again = find_created_again(spec, history)
        self._published = {package.name for package in seen.catalog}

    def judge(self, row: RolloutDevice) -> Outcome:
        """Classify a device of a wave."""
        if row.history is None or row.history.latest is None:
            return self._judge_free(row, row.path)
        record = row.history.latest
        latest = self._judge_record(row, record)
        if latest.kind is DeviceClass.ADVANCED:
            return self._judge_next_step(row, latest, record)
        if latest.kind is DeviceClass.VERIFIED:
            package = record.own.campaign.package
            earlier_failure = find_failure(row.history.earlier, package, self._timing)
            if earlier_failure is None:
                return latest
            begun, failed_at = earlier_failure
            return replace(latest, begun=begun, failed_at=failed_at)
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
        name = record.own.name
        untouched = latest.kind is DeviceClass.UNREACHED and record.own.stopped
        again = untouched and (name.wave, name.generation) in self._created_again
        if again and row.package.name in self._published:
            return self._judge_free(row, row.path)
        return latest

    def _judge_free(self, row: RolloutDevice, path: UpgradePath) -> Outcome:
        """Classify a device that could be put into a campaign."""
        holder = self._busy.get(row.imei)
        if holder is not None:
            return Outcome(DeviceClass.BUSY, f"in live campaign {holder}", busy=True)
        refused = self._without_license.get(row.imei)
        if refused is not None and not row.licensed:
            return Outcome(DeviceClass.REJECTED, f"got no license: {refused}")
        again = self._history.busy_until.get(row.imei)
        if again is not None and self._now < again:
            reason = f"refused as busy; next try from {again:%Y-%m-%d %H:%M}"
            return Outcome(DeviceClass.BUSY, reason, busy=True)
        if not self._history.settling and not self._history.lacking:
            return _WAITS
        place = (row.wave, path.cohort.code)
        if place in self._history.settling or (
            row.history is None and place[1] in self._settling_cohorts
        ):
            return _SETTLING
        ended = self._history.lacking.get(place)
        return _WAITS if ended is None else self._judge_lacking(row, ended)

    def _judge_lacking(self, row: RolloutDevice, ended: datetime) -> Outcome:
        """Classify a device that a campaign may have had which is over."""
        read = parse_time(row.device.refreshed) if row.device else None
        proved = read is not None and read >= ended
        gives_up = ended + self._timing.report_grace + self._timing.verify_grace
        return replace(_LACKING, unread=not proved and self._now < gives_up)

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
        found = _classify_record(row, record, self._now, self._timing)
        if self._all_read and row.device is None and found.kind not in _STAYS:
            found = _GONE
        at = min(self._now, _known_at(found.kind, record, self._timing) or self._now)
        return Outcome(
            found.kind,
            found.reason,
            record.own.campaign.id,
            at,
            unread=found.unread,
            begun=self._find_begun(found.kind, record, at),
            failed_at=at if found.kind in FAILURES else None,
        )

    def _find_begun(self, kind: DeviceClass, record: Record, at: datetime) -> datetime | None:
        """From when on a device counts as attempted; None while it does not."""
        if kind in ATTEMPTED or kind is DeviceClass.REPORTED:
            return find_begun(record, at, self._timing)
        attempted = parse_time(record.row.recent_attempt)
        if attempted is None or self._now - attempted >= self._timing.silent_after:
            return None
        return attempted


def _known_at(kind: DeviceClass, record: Record, timing: Timing) -> datetime | None:
    """When a result could be known: what comes out later must not change what was judged before.

    A device without a result has failed when its campaign is over, and a success that no version
    bears out when there was time to read it.
    """
    result_at, end = record.result_at, record.own.campaign.schedule.end
    silent = record.row.state not in _WITH_RESULT
    if kind is DeviceClass.FAILED and silent and end is not None and not record.own.stopped:
        return day_ends(end)
    if kind is DeviceClass.MISMATCH and result_at is not None:
        return result_at + timing.verify_grace
    return result_at


def _classify_record(row: RolloutDevice, record: Record, now: datetime, timing: Timing) -> Outcome:
    """Give the class of a device by one of its records, without its times."""
    own, report = record.own, record.row
    if is_rejected(own, report):
        return Outcome(DeviceClass.REJECTED, report.reason or report.status)
    attempted = parse_time(report.recent_attempt)
    written = parse_time(report.updated) or attempted
    version = row.version
    read = parse_time(row.device.refreshed) if row.device else None
    fresh = written is not None and read is not None and read > written
    if report.state is DeviceState.SUCCESS:
        return _classify_success(row, read, written, timing)
    untouched = attempted is None and not_reached(report.status)
    final = own.over or not report.next_attempt
    if report.state is DeviceState.FAILED and final and not untouched:
        return Outcome(DeviceClass.FAILED, report.reason or report.status)
    unknown = report.state is DeviceState.UNKNOWN
    if unknown and written is None:
        start = own.campaign.schedule.start
        fresh = read is not None and (start is None or read > day_begins(start))
    further = row.path.leads_over(version)
    elsewhere = version not in ("", row.package.from_version, row.target.version)
    if attempted is not None and fresh and elsewhere and not further:
        return Outcome(
            DeviceClass.MISMATCH, f"runs {version}, not the target and not on the way to it"
        )
    if (own.over or unknown) and fresh and version == row.target.version:
        return Outcome(DeviceClass.VERIFIED, "runs the target, though no result was reported")
    if (own.over or unknown) and fresh and further:
        return Outcome(DeviceClass.ADVANCED, f"runs {version}, though no result was reported")
    if own.over and attempted is None and not unknown:
        return Outcome(DeviceClass.UNREACHED, report.reason or "never attempted")
    since, gives_up = _find_read_times(record, now, timing)
    proved = now >= gives_up or (read is not None and read > since)
    unread = (own.over or unknown) and not proved and (not fresh or now >= since)
    if unknown:
        return Outcome(DeviceClass.UNKNOWN, f"status {report.status!r} is not known", unread=unread)
    if own.over and proved:
        return Outcome(
            DeviceClass.FAILED, f"attempted, no result, campaign over, runs {version or '?'}"
        )
    waited = attempted and not report.next_attempt and now - attempted >= timing.silent_after
    if own.over or waited:
        return Outcome(
            DeviceClass.SILENT,
            f"no result since the attempt at {report.recent_attempt}",
            unread=unread,
        )
    return Outcome(DeviceClass.PENDING, report.reason or report.status)


def _find_read_times(record: Record, now: datetime, timing: Timing) -> tuple[datetime, datetime]:
    """Say from when on a read version counts for a device without a result that is known, and how
    long such a read is waited for: what a device runs beats what a report says of it."""
    own, schedule = record.own, record.own.campaign.schedule
    known = parse_time(record.row.updated) or parse_time(record.row.recent_attempt)
    since = known or (day_begins(schedule.start) if schedule.start else now)
    end = day_ends(schedule.end) if schedule.end else None
    if own.over:
        since = min(filter(None, (since + timing.silent_after, end)))
    return since, (end or since) + timing.report_grace + timing.verify_grace


def _classify_success(
    row: RolloutDevice, read: datetime | None, written: datetime | None, timing: Timing
) -> Outcome:
    version = row.version
    if read is None or written is None or read <= written:
        return Outcome(
            DeviceClass.REPORTED, "success reported, version not read since", unread=True
        )
    if version == row.target.version:
        return Outcome(DeviceClass.VERIFIED, f"runs {version}")
    if row.path.leads_over(version):
        return Outcome(DeviceClass.ADVANCED, f"runs {version}, on the way to {row.target.version}")
    if version not in ("", row.package.from_version):
        return Outcome(
            DeviceClass.MISMATCH, f"runs {version}, not the target and not on the way to it"
        )
    runs = version or "nothing known"
    if read - written >= timing.verify_grace:
        return Outcome(DeviceClass.MISMATCH, f"success reported, and still runs {runs}")
    return Outcome(DeviceClass.REPORTED, f"success reported, runs {runs}, read again", unread=True)
