# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of each device: one class out of the report, the version read and the clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from ...._model.status import DeviceState, not_reached
from ...._model.times import parse_time
from ..declaration.spec import Timing
from ..observation.campaign_history import Ledger, Record, day_begins, is_rejected
from ..observation.observed import Observed
from ..placement.scope import Member
from .statistics import Result


class DeviceClass(Enum):
    """The class of a device in a wave."""

    VERIFIED = "verified"
    FAILED = "failed"
    MISMATCH = "mismatch"
    SILENT = "silent"
    ADVANCED = "advanced"
    """Has done a step, and has more of them ahead."""
    REPORTED = "reported"
    REJECTED = "rejected"
    UNREACHED = "unreached"
    PENDING = "pending"
    BUSY = "busy"
    SETTLING = "settling"
    UNKNOWN = "unknown"
    HALTED = "halted"
    """Never touched: its cohort failed before it was put into a campaign."""


FAILURES = frozenset({DeviceClass.FAILED, DeviceClass.MISMATCH})
ATTEMPTED = FAILURES | {DeviceClass.VERIFIED}
# A reported success is no proof yet, and no failure either: without it, failures that count at once
# would seem to be all there is.
_RESULTS = ATTEMPTED | {DeviceClass.REPORTED}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of a device, why, and the campaign that says so (empty: none yet).

    :ivar at: when its result came.
    :ivar unread: its version must be read again before more can be said.
    :ivar waits: it waits to be put into a campaign.
    :ivar busy: another campaign has it, so that it cannot be put into one.
    """

    kind: DeviceClass
    reason: str
    campaign_id: str = ""
    at: datetime | None = None
    unread: bool = False
    waits: bool = False
    busy: bool = False

    def result(self, wave: int) -> Result | None:
        """What statistics make of it; None for a device without a result."""
        if self.at is None or self.kind not in _RESULTS:
            return None
        return Result(at=self.at, wave=wave, failed=self.kind in FAILURES)


def classify(
    member: Member, wave: int, *, seen: Observed, ledger: Ledger, timing: Timing
) -> Verdict:
    """Classify one device of a wave."""
    record = ledger.records.get(member.imei)
    if record is None:
        return _judge_free(member, wave, seen, ledger)
    latest = _judge_record(member, record, seen.now, timing)
    if latest.kind is DeviceClass.ADVANCED:
        return _judge_next_step(member, wave, latest, record, seen, ledger)
    if latest.kind is DeviceClass.VERIFIED:
        return latest
    for before in ledger.earlier.get(member.imei, ()):
        if before.own.campaign.package != record.own.campaign.package:
            continue
        failure = _judge_record(member, before, seen.now, timing)
        if failure.kind in FAILURES:
            # It stays a failure until a retry verifies it.
            reason = f"{failure.reason}; tried again: {latest.kind.value}, {latest.reason}"
            return replace(
                failure, reason=reason, campaign_id=latest.campaign_id, unread=latest.unread
            )
    return latest


def _judge_free(member: Member, wave: int, seen: Observed, ledger: Ledger) -> Verdict:
    """Classify a device that could be put into a campaign."""
    holder = seen.busy.get(member.imei)
    if holder is not None:
        return Verdict(DeviceClass.BUSY, f"in live campaign {holder}", busy=True)
    again = ledger.busy_until.get(member.imei)
    if again is not None and seen.now < again:
        reason = f"refused as busy; next try from {again:%Y-%m-%d %H:%M}"
        return Verdict(DeviceClass.BUSY, reason, busy=True)
    if (wave, member.cohort.code) in ledger.settling:
        return Verdict(DeviceClass.SETTLING, "a campaign's device report is not complete yet")
    if (wave, member.cohort.code) in ledger.lacking:
        reason = "may have been in a campaign that is over, whose device report is not complete"
        return Verdict(DeviceClass.UNKNOWN, reason)
    return Verdict(DeviceClass.PENDING, "waits for a campaign", waits=True)


def _judge_next_step(
    member: Member, wave: int, done: Verdict, record: Record, seen: Observed, ledger: Ledger
) -> Verdict:
    """Say what keeps a device from its next step; the campaign of the last one must be over."""
    version = member.device.firmware if member.device else ""
    after = member.advanced(version)
    if after is member:
        return replace(done, reason=f"{done.reason}; no package leads on from there")
    if not record.own.over:
        return replace(done, reason=f"{done.reason}; more steps once its campaign is over")
    free = _judge_free(after, wave, seen, ledger)
    return replace(
        done, reason=f"{done.reason}; next step: {free.reason}", waits=free.waits, busy=free.busy
    )


def _judge_record(member: Member, record: Record, now: datetime, timing: Timing) -> Verdict:
    kind, reason = _classify_record(member, record, now, timing)
    return Verdict(
        kind,
        reason,
        record.own.campaign.id,
        min(now, _known_at(kind, record, timing) or now),
        unread=kind is DeviceClass.REPORTED,
    )


def _known_at(kind: DeviceClass, record: Record, timing: Timing) -> datetime | None:
    """When a result could be known: what comes out later must not change what was judged before.

    A device without a result has failed when its campaign is over, and a success that no version
    bears out when there was time to read it.
    """
    told, end = record.told, record.own.campaign.schedule.end
    silent = record.row.state not in (DeviceState.SUCCESS, DeviceState.FAILED)
    if kind is DeviceClass.FAILED and silent and end is not None:
        return day_begins(end) + timedelta(days=1)
    if kind is DeviceClass.MISMATCH and told is not None:
        return told + timing.verify_grace
    return told


def _classify_record(
    member: Member, record: Record, now: datetime, timing: Timing
) -> tuple[DeviceClass, str]:
    own, row = record.own, record.row
    if is_rejected(own, row):
        return DeviceClass.REJECTED, row.reason or row.status
    attempted = parse_time(row.recent_attempt)
    told = parse_time(row.updated) or attempted
    version = member.device.firmware if member.device else ""
    read = parse_time(member.device.refreshed) if member.device else None
    fresh = told is not None and read is not None and read > told
    if row.state is DeviceState.SUCCESS:
        return _classify_success(member, version, read, told, timing)
    untouched = attempted is None and not_reached(row.status)
    if row.state is DeviceState.FAILED and not row.next_attempt and not untouched:
        return DeviceClass.FAILED, row.reason or row.status
    further = member.is_on_the_way(version)
    elsewhere = version not in ("", member.package.from_version, member.target.version)
    if attempted is not None and fresh and elsewhere and not further:
        return DeviceClass.MISMATCH, f"runs {version}, which is neither target nor on the way"
    if own.over and fresh and version == member.target.version:
        return DeviceClass.VERIFIED, "runs the target, though no result was reported"
    if own.over and fresh and further:
        return DeviceClass.ADVANCED, f"runs {version}, though no result was reported"
    if row.state is DeviceState.UNKNOWN:
        return DeviceClass.UNKNOWN, f"status {row.status!r} is not known"
    if own.over:
        if attempted is None:
            return DeviceClass.UNREACHED, row.reason or "never attempted"
        return DeviceClass.FAILED, f"attempted, no result, campaign over, runs {version or '?'}"
    if attempted and not row.next_attempt and now - attempted >= timing.silent_after:
        return DeviceClass.SILENT, f"no result since the attempt at {row.recent_attempt}"
    return DeviceClass.PENDING, row.reason or row.status


def _classify_success(
    member: Member, version: str, read: datetime | None, told: datetime | None, timing: Timing
) -> tuple[DeviceClass, str]:
    if read is None or told is None or read <= told:
        return DeviceClass.REPORTED, "success reported, version not read since"
    if version == member.target.version:
        return DeviceClass.VERIFIED, f"runs {version}"
    if member.is_on_the_way(version):
        return DeviceClass.ADVANCED, f"runs {version}, on the way to {member.target.version}"
    if version not in ("", member.package.from_version):
        return DeviceClass.MISMATCH, f"runs {version}, which is neither target nor on the way"
    if read - told >= timing.verify_grace:
        return (
            DeviceClass.MISMATCH,
            f"success reported, and still runs {version or 'nothing known'}",
        )
    return DeviceClass.REPORTED, f"success reported, runs {version or 'nothing known'}, read again"
