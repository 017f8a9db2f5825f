# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the campaigns of this rollout say about its devices, cohorts and waves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ...._model.campaign import CampaignDevice
from ...._model.status import CampaignState, DeviceState
from ...._model.times import parse_time
from ..declaration.campaign_names import Batch, CampaignName
from ..declaration.spec import RolloutSpec
from .observed import Observed, OwnCampaign

# Words in the reason of a device that another campaign holds (contract section 5).
BUSY = "busy"
# Campaigns of one cohort of one wave that were accepted and then refused, before a person must
# look.
MOST_REQUEST_FAILURES = 3

Place = tuple[int, str]
"""A wave's number and a cohort's code."""


@dataclass(frozen=True, slots=True)
class Record:
    """A device in one of our campaigns."""

    own: OwnCampaign
    row: CampaignDevice

    @property
    def result_at(self) -> datetime | None:
        """When the result came: as written, else the attempt, else the end of the campaign."""
        end = self.own.campaign.schedule.end
        written = parse_time(self.row.updated) or parse_time(self.row.recent_attempt)
        return written or (day_ends(end) if end else None)


@dataclass(frozen=True, slots=True)
class DeviceHistory:
    """What our campaigns have of one device.

    :ivar wave: of the first wave that one of them is of: the device keeps it for good.
    :ivar latest: its newest record other than a refusal for being busy; None when a campaign that
        the service refused is all there is.
    :ivar earlier: its records before that one, when it was tried again.
    """

    wave: int
    latest: Record | None = None
    earlier: tuple[Record, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """All records, the latest last."""
        return (*self.earlier, self.latest) if self.latest else self.earlier

    def followed_by(self, record: Record | None, wave: int) -> DeviceHistory:
        """Give the history with one campaign more."""
        if record is None:
            return DeviceHistory(min(wave, self.wave), self.latest, self.earlier)
        return DeviceHistory(min(wave, self.wave), record, self.records)


@dataclass(frozen=True)
class History:
    """What our campaigns of the present generations add up to.

    :ivar now: the service's clock.
    :ivar campaigns: those that count: no shadows, no cancelled twins.
    :ivar devices: of every device that one of them has or had.
    :ivar settling: places with a live campaign whose device report is not complete.
    :ivar lacking: places with such a campaign that is over, and when the last one ended: any device
        there may have been in it.
    :ivar gone: rows that are missing because devices have left the account, by wave and generation.
    :ivar retry_at: places where a campaign was refused, and when the next may be created.
    :ivar busy_until: devices that the service refused as busy, and when to try them again.
    :ivar request_failures: refused campaigns by place; shadows do not count.
    :ivar last_batch: highest batch number by generation and place, shadows included.
    :ivar last_attempt: highest attempt by batch, shadows included: no name is used twice.
    :ivar surplus: live twins: other campaigns of the same name, to cancel.
    :ivar superseded: live campaigns of targets that are declared no more.
    :ivar retargeted: make and model of all such campaigns, also of those that are over.
    """

    now: datetime
    campaigns: tuple[OwnCampaign, ...]
    devices: dict[str, DeviceHistory]
    settling: frozenset[Place]
    lacking: dict[Place, datetime]
    gone: dict[tuple[int, str], int]
    retry_at: dict[Place, datetime]
    busy_until: dict[str, datetime]
    request_failures: dict[Place, int]
    last_batch: dict[tuple[str, int, str], int]
    last_attempt: dict[Batch, int]
    surplus: tuple[OwnCampaign, ...]
    superseded: tuple[OwnCampaign, ...]
    retargeted: frozenset[tuple[str, str]]

    @property
    def live(self) -> list[OwnCampaign]:
        """Our campaigns that are not over."""
        return [own for own in self.campaigns if not own.over]

    @property
    def started_twins(self) -> list[OwnCampaign]:
        """Second campaigns of a name that can no longer be cancelled for sure."""
        return [own for own in self.surplus if own.started(self.now)]

    def is_refused(self, wave: int, cohort: str) -> bool:
        """The service has refused so many campaigns here that no more are tried."""
        return self.request_failures.get((wave, cohort), 0) >= MOST_REQUEST_FAILURES


def read_history(spec: RolloutSpec, seen: Observed) -> History:
    """Read what our campaigns add up to. Nothing here depends on the order of ``seen.own``."""
    generations = {target.generation for target in spec.targets}
    campaigns = by_age(seen.own)
    present = [each for each in campaigns if each.name.generation in generations]
    last_batch: dict[tuple[str, int, str], int] = {}
    last_attempt: dict[Batch, int] = {}
    for each in present:
        key, batch = each.name.batch_key[:3], each.name.batch_key
        last_batch[key] = max(last_batch.get(key, 0), each.name.batch)
        last_attempt[batch] = max(last_attempt.get(batch, 0), each.name.attempt)
    shadows = [each for each in present if is_shadow(each)]
    counting, surplus = _resolve_twins([each for each in present if each not in shadows])
    taken = {each.name for each in counting if not each.over}
    surplus += [each for each in shadows if not each.over and each.name in taken]
    short = [each for each in counting if _count_missing(each)]
    gone = _find_gone(spec, seen, short)
    short = [each for each in short if each not in gone]
    refused = [each for each in counting if each.refused]
    return History(
        now=seen.now,
        campaigns=tuple(counting),
        devices=_follow_devices(counting),
        settling=frozenset(_place(each) for each in short if not each.over),
        lacking=_find_lacking(short, seen.now),
        gone=_count_gone(gone),
        retry_at=_find_retry_times(spec, [*refused, *shadows]),
        busy_until=_find_busy_times(spec, [*counting, *shadows]),
        request_failures=Counter(_place(each) for each in refused if not _all_rejected(each)),
        last_batch=last_batch,
        last_attempt=last_attempt,
        surplus=tuple(surplus),
        superseded=tuple(
            each for each in campaigns if each.name.generation not in generations and not each.over
        ),
        retargeted=seen.retargeted,
    )


def _count_missing(own: OwnCampaign) -> int:
    """Count the devices that were asked for and have no row in the report."""
    return 0 if own.refused else max(0, own.name.count - len(own.rows))


def _find_gone(
    spec: RolloutSpec, seen: Observed, short: Sequence[OwnCampaign]
) -> list[OwnCampaign]:
    """Find the campaigns of which rows are missing because devices have left the account.

    Reports lag at first, so that only those that have started tell.
    """
    begun = [own for own in short if own.over or own.started(seen.now)]
    if not begun or seen.unread:
        return []
    absent = sum(device.imei not in seen.devices for device in spec.devices)
    return begun if sum(map(_count_missing, begun)) <= absent else []


def _count_gone(campaigns: Iterable[OwnCampaign]) -> dict[tuple[int, str], int]:
    found: Counter[tuple[int, str]] = Counter()
    for own in campaigns:
        found[own.name.wave, own.name.generation] += _count_missing(own)
    return found


def _find_lacking(short: Iterable[OwnCampaign], now: datetime) -> dict[Place, datetime]:
    """Give the places of campaigns that are over and lack rows, and when the last one ended."""
    found: dict[Place, datetime] = {}
    for own in short:
        if own.over:
            last = own.campaign.schedule.end
            end = now if last is None else min(now, day_ends(last))
            found[_place(own)] = max(end, found.get(_place(own), end))
    return found


def _place(own: OwnCampaign) -> Place:
    return own.name.wave, own.name.cohort


def _follow_devices(campaigns: Iterable[OwnCampaign]) -> dict[str, DeviceHistory]:
    """Give the history of every device; campaigns in order of age."""
    found: dict[str, DeviceHistory] = {}
    for own in campaigns:
        for row in own.rows:
            if is_busy(row):
                continue
            record = Record(own, row) if not own.refused or is_rejected(own, row) else None
            before = found.get(row.device_id)
            found[row.device_id] = (
                DeviceHistory(own.name.wave, record)
                if before is None
                else before.followed_by(record, own.name.wave)
            )
    return found


def _find_busy_times(spec: RolloutSpec, campaigns: Iterable[OwnCampaign]) -> dict[str, datetime]:
    """Give the devices that the service refused as busy, and when to try them again."""
    found: dict[str, datetime] = {}
    for own in campaigns:
        for row in own.rows:
            written = parse_time(row.updated) if is_busy(row) else None
            if written is not None:
                again = written + spec.timing.settle_retry
                found[row.device_id] = max(again, found.get(row.device_id, again))
    return found


def _find_retry_times(spec: RolloutSpec, refused: Iterable[OwnCampaign]) -> dict[Place, datetime]:
    """Give the places where a campaign got nothing, and when the next may be created."""
    found: dict[Place, datetime] = {}
    for own in refused:
        written = _last_word(own)
        if written is not None:
            again = written + spec.timing.settle_retry
            found[_place(own)] = max(again, found.get(_place(own), again))
    return found


def by_age(campaigns: Iterable[OwnCampaign]) -> list[OwnCampaign]:
    """Sort campaigns as a device is in one after the other, the oldest first.

    That is by their first days, but a campaign that was stopped or refused may never have reached
    its own, and comes before what has its devices after it.
    """
    oldest_first = sorted(campaigns, key=lambda own: _age(own, _first_day(own)))
    days: dict[str, date] = {}
    for place, own in enumerate(oldest_first):
        followers = oldest_first[:place] if own.stopped or own.refused else []
        known = (days[each.campaign.id] for each in followers if _follows(each, own))
        days[own.campaign.id] = min(known, default=_first_day(own))
    return sorted(oldest_first, key=lambda own: _age(own, days[own.campaign.id]))


def _first_day(own: OwnCampaign) -> date:
    return own.campaign.schedule.start or date.min


def _age(own: OwnCampaign, day: date) -> tuple[date, bool, int, int, CampaignName, str]:
    """Of two on the same day, the one that was stopped or refused came first.

    A device is in another one only once it is free.
    """
    name, came_first = own.name, own.stopped or own.refused
    return day, not came_first, name.wave, name.attempt, name, own.campaign.id


def _follows(own: OwnCampaign, stopped: OwnCampaign) -> bool:
    """A campaign has a device after another one, which was stopped or refused, whatever its day.

    In one place, numbers grow. Elsewhere, a device that is or was active here was free before, and
    whatever comes after an attempt is a retry, which has the place and number of its batch.
    """
    if (
        own.name.generation != stopped.name.generation
        or own.campaign.package != stopped.campaign.package
    ):
        return False
    devices = {row.device_id for row in stopped.rows}
    shared = [row for row in own.rows if row.device_id in devices]
    if own.name.batch_key[:3] == stopped.name.batch_key[:3]:
        numbers = [(each.name.batch, each.name.attempt) for each in (own, stopped)]
        return bool(shared) and numbers[0] > numbers[1]
    return any(not own.over or _is_attempted(row) for row in shared)


def _resolve_twins(
    campaigns: Sequence[OwnCampaign],
) -> tuple[list[OwnCampaign], list[OwnCampaign]]:
    """Keep one live campaign of each name, the own with accepted devices, and all that are over.

    A twin that was refused, or cancelled before it attempted anything, is forgotten: its other half
    counts.

    :returns: those kept, and live twins to cancel.
    """
    by_name: dict[object, list[OwnCampaign]] = {}
    for own in campaigns:
        by_name.setdefault(own.name, []).append(own)
    kept, surplus = [], []
    for twins in by_name.values():
        live = [own for own in twins if not own.over]
        live.sort(key=lambda own: (not _is_to_be_kept(own), own.campaign.id))
        surplus += live[1:]
        kept += live[:1]
        over = [own for own in twins if own.over]
        idle = [own for own in over if own.refused or (own.stopped and not _has_attempted(own))]
        kept += [own for own in over if own not in idle or len(idle) == len(twins)]
    return kept, surplus


def _has_attempted(own: OwnCampaign) -> bool:
    return any(map(_is_attempted, own.rows))


def _is_attempted(row: CampaignDevice) -> bool:
    return bool(row.recent_attempt) or row.state is DeviceState.SUCCESS


def _has_accepted(own: OwnCampaign) -> bool:
    return any(not is_rejected(own, row) for row in own.rows)


def _is_to_be_kept(own: OwnCampaign) -> bool:
    """It holds devices, and they have not been stopped since it was listed.

    As long as the service checks the request, its report does not say so yet.
    """
    stopped = all(row.state is DeviceState.STOPPED for row in own.rows)
    pending = own.campaign.state is CampaignState.PENDING
    return not pending and not stopped and _has_accepted(own)


def is_busy(row: CampaignDevice) -> bool:
    """The service refused the device because another campaign has it."""
    refused = row.state in (DeviceState.REJECTED, DeviceState.FAILED)
    return refused and not row.recent_attempt and BUSY in row.reason.lower()


def is_rejected(own: OwnCampaign, row: CampaignDevice) -> bool:
    """The service refused the device when it scheduled the campaign.

    No word for this is published in v3 (contract section 5), so a failure without an attempt counts
    as a refusal when it was written before the first day of the campaign.
    """
    if row.state is DeviceState.REJECTED or is_busy(row):
        return True
    if row.state is not DeviceState.FAILED or row.recent_attempt:
        return False
    written, start = parse_time(row.updated), own.campaign.schedule.start
    return written is not None and start is not None and written.date() < start


def is_shadow(own: OwnCampaign) -> bool:
    """Another campaign has its devices: one of ours that the reports did not show.

    It got none of them, and the service said of one at least that it is busy. A report that is not
    complete does not tell.
    """
    complete = own.over or len(own.rows) >= own.name.count
    return complete and any(is_busy(row) for row in own.rows) and not _has_accepted(own)


def _all_rejected(own: OwnCampaign) -> bool:
    return bool(own.rows) and all(is_rejected(own, row) for row in own.rows)


def _last_word(own: OwnCampaign) -> datetime | None:
    """When the service last wrote about a campaign; else when it starts."""
    times = [parse_time(row.updated) for row in own.rows]
    start = own.campaign.schedule.start
    found = [time for time in times if time] or ([day_begins(start)] if start else [])
    return max(found, default=None)


def day_begins(day: date) -> datetime:
    """The first moment of a UTC day."""
    moment = parse_time(day.isoformat())
    if moment is None:
        raise ValueError(f"{day} cannot be read as a day of the service")
    return moment


def day_ends(day: date) -> datetime:
    """The first moment after a UTC day."""
    return day_begins(day) + timedelta(days=1)
