# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: what the campaigns of this rollout say about its devices, cohorts and waves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ...._model.campaign import CampaignDevice
from ...._model.status import CampaignState, DeviceState
from ...._model.times import parse_time
from ..declaration.campaign_names import CampaignName
from ..declaration.spec import RolloutSpec
from .observed import OwnCampaign

# Words in the reason of a device that another campaign holds (contract section 5).
BUSY = "busy"
# Campaigns of one cohort of one wave that were accepted and then refused, before a person must
# look.
MOST_REQUEST_FAILURES = 3

Place = tuple[int, str]
"""A wave's number and a cohort's code."""


@dataclass(frozen=True)
class Record:
    """A device in one of our campaigns."""

    own: OwnCampaign
    row: CampaignDevice

    @property
    def told(self) -> datetime | None:
        """When the result came: as written, else the attempt, else the end of the campaign."""
        end = self.own.campaign.schedule.end
        told = parse_time(self.row.updated) or parse_time(self.row.recent_attempt)
        return told or (day_begins(end) + timedelta(days=1) if end else None)


@dataclass(frozen=True)
class Ledger:
    """What our campaigns of the present generations add up to.

    :ivar campaigns: those that count: no shadows, no cancelled twins.
    :ivar records: of each device, its newest record that is no refusal for being busy.
    :ivar earlier: of devices that were tried again, their records before that one.
    :ivar claims: the wave of every device that one of our campaigns has.
    :ivar settling: places with a live campaign whose device report is not complete.
    :ivar lacking: places with such a campaign that is over: any device there may have been in it.
    :ivar retry_at: places where a campaign was refused, and when the next may be created.
    :ivar busy_until: devices that the service refused as busy, and when to try them again.
    :ivar request_failures: refused campaigns by place; shadows do not count.
    :ivar last_batch: highest batch number by generation and place, shadows included.
    :ivar surplus: live twins: other campaigns of the same name, to cancel.
    :ivar superseded: live campaigns of targets that are declared no more.
    """

    campaigns: tuple[OwnCampaign, ...]
    records: dict[str, Record]
    earlier: dict[str, tuple[Record, ...]]
    claims: dict[str, int]
    settling: frozenset[Place]
    lacking: frozenset[Place]
    retry_at: dict[Place, datetime]
    busy_until: dict[str, datetime]
    request_failures: dict[Place, int]
    last_batch: dict[tuple[str, int, str], int]
    surplus: tuple[OwnCampaign, ...]
    superseded: tuple[OwnCampaign, ...]

    def is_refused(self, wave: int, cohort: str) -> bool:
        """The service has refused so many campaigns here that no more are tried."""
        return self.request_failures.get((wave, cohort), 0) >= MOST_REQUEST_FAILURES


def keep_ledger(spec: RolloutSpec, own: Iterable[OwnCampaign]) -> Ledger:
    """Read the ledger. Nothing here depends on the order of ``own``."""
    generations = {target.generation for target in spec.targets}
    mine = sorted(own, key=age)
    present = [one for one in mine if one.name.generation in generations]
    last_batch: dict[tuple[str, int, str], int] = {}
    for one in present:
        key = (one.name.generation, one.name.wave, one.name.cohort)
        last_batch[key] = max(last_batch.get(key, 0), one.name.batch)
    shadows = [one for one in present if is_shadow(one)]
    counting, surplus = _resolve_twins([one for one in present if one not in shadows])
    taken = {one.name for one in counting if not one.over}
    surplus += [one for one in shadows if not one.over and one.name in taken]
    kept = [*counting, *shadows]
    records: dict[str, Record] = {}
    earlier: dict[str, tuple[Record, ...]] = {}
    claims: dict[str, int] = {}
    for one in counting:
        for row in one.rows:
            if is_busy(row):
                continue
            claims[row.device_id] = min(one.name.wave, claims.get(row.device_id, one.name.wave))
            if not one.refused or is_rejected(one, row):
                before = records.get(row.device_id)
                if before is not None:
                    earlier[row.device_id] = (*earlier.get(row.device_id, ()), before)
                records[row.device_id] = Record(one, row)
    busy_until: dict[str, datetime] = {}
    for one in kept:
        for row in one.rows:
            told = parse_time(row.updated)
            if is_busy(row) and told is not None:
                again = told + spec.timing.settle_retry
                busy_until[row.device_id] = max(again, busy_until.get(row.device_id, again))
    retry_at: dict[Place, datetime] = {}
    failures: dict[Place, int] = {}
    for one in kept:
        if one not in shadows and not one.refused:
            continue
        place = (one.name.wave, one.name.cohort)
        told = _last_word(one)
        if told is not None:
            again = told + spec.timing.settle_retry
            retry_at[place] = max(again, retry_at.get(place, again))
        if one not in shadows and not _all_rejected(one):
            failures[place] = failures.get(place, 0) + 1
    short = [one for one in counting if len(one.rows) < one.name.count and not one.refused]
    return Ledger(
        campaigns=tuple(counting),
        records=records,
        earlier=earlier,
        claims=claims,
        settling=frozenset((one.name.wave, one.name.cohort) for one in short if not one.over),
        lacking=frozenset((one.name.wave, one.name.cohort) for one in short if one.over),
        retry_at=retry_at,
        busy_until=busy_until,
        request_failures=failures,
        last_batch=last_batch,
        surplus=tuple(surplus),
        superseded=tuple(
            one for one in mine if one.name.generation not in generations and not one.over
        ),
    )


def age(one: OwnCampaign) -> tuple[date, int, int, CampaignName, str]:
    """Order campaigns by their first days, as a device is in one after the other."""
    name, start = one.name, one.campaign.schedule.start
    return start or date.min, name.wave, name.attempt, name, one.campaign.id


def _resolve_twins(
    campaigns: Sequence[OwnCampaign],
) -> tuple[list[OwnCampaign], list[OwnCampaign]]:
    """Keep one live campaign of each name, the one with accepted devices, and all that are over.

    A twin that was refused, or cancelled before it attempted anything, is forgotten: its other half
    counts.

    :returns: those kept, and live twins to cancel.
    """
    by_name: dict[object, list[OwnCampaign]] = {}
    for one in campaigns:
        by_name.setdefault(one.name, []).append(one)
    kept, surplus = [], []
    for twins in by_name.values():
        live = [one for one in twins if not one.over]
        live.sort(key=lambda one: (not _is_to_be_kept(one), one.campaign.id))
        surplus += live[1:]
        kept += live[:1]
        over = [one for one in twins if one.over]
        idle = [one for one in over if one.refused or (one.stopped and not _has_attempted(one))]
        kept += [one for one in over if one not in idle or len(idle) == len(twins)]
    return kept, surplus


def _has_attempted(one: OwnCampaign) -> bool:
    return any(row.recent_attempt or row.state is DeviceState.SUCCESS for row in one.rows)


def _has_accepted(one: OwnCampaign) -> bool:
    return any(not is_rejected(one, row) for row in one.rows)


def _is_to_be_kept(one: OwnCampaign) -> bool:
    """It holds devices, and nobody has stopped them since it was listed.

    As long as the service checks the request, its report does not say so yet.
    """
    stopped = all(row.state is DeviceState.STOPPED for row in one.rows)
    pending = one.campaign.state is CampaignState.PENDING
    return not pending and not stopped and _has_accepted(one)


def is_busy(row: CampaignDevice) -> bool:
    """The service refused the device because another campaign has it."""
    refused = row.state in (DeviceState.REJECTED, DeviceState.FAILED)
    return refused and not row.recent_attempt and BUSY in row.reason.lower()


def is_rejected(one: OwnCampaign, row: CampaignDevice) -> bool:
    """The service refused the device when it scheduled the campaign.

    No word for this is published in v3 (contract section 5), so a failure without an attempt counts
    as a refusal when it was written before the first day of the campaign.
    """
    if row.state is DeviceState.REJECTED or is_busy(row):
        return True
    if row.state is not DeviceState.FAILED or row.recent_attempt:
        return False
    written, start = parse_time(row.updated), one.campaign.schedule.start
    return written is not None and start is not None and written.date() < start


def is_shadow(one: OwnCampaign) -> bool:
    """Another campaign has its devices: one of ours that the reports did not show.

    It got none of them, and the service said of one at least that it is busy.
    """
    return any(is_busy(row) for row in one.rows) and not _has_accepted(one)


def _all_rejected(one: OwnCampaign) -> bool:
    return bool(one.rows) and all(is_rejected(one, row) for row in one.rows)


def _last_word(one: OwnCampaign) -> datetime | None:
    """When the service last wrote about a campaign; its start stands in where nothing is told."""
    times = [parse_time(row.updated) for row in one.rows]
    start = one.campaign.schedule.start
    found = [time for time in times if time] or ([day_begins(start)] if start else [])
    return max(found, default=None)


def day_begins(day: date) -> datetime:
    """The first moment of a UTC day."""
    moment = parse_time(day.isoformat())
    if moment is None:
        raise ValueError(f"{day} is no day of the service")
    return moment
