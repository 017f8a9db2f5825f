# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that came after the last wave had begun.

Nothing is stored, so this is read from the line in which devices stand: campaigns are cut from it
in order. Where one of the last wave holds a device from further back in the line, those before it
that no campaign has held or refused were not there when it was cut. Where no limit made it smaller,
it took all that were there, so that every device without a campaign came later: what is finished
never starts again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ...._model.campaign import EVIDENCE_DEVICES, EVIDENCE_SUCCESS, PILOT_DEVICES
from ...._model.status import DeviceState
from ...._model.times import parse_time
from ..declaration.campaign_names import place_in_line
from ..declaration.spec import Licensing, RolloutSpec
from ..observation.campaign_history import History, day_begins
from ..observation.observed import Observed, OwnCampaign
from .rollout_device import RolloutDevice

# A campaign starts on the first whole day that is far enough ahead.
_ROUNDED = timedelta(days=2)
# Make and model of a campaign for which the service gives neither.
_ANY = ("", "")

Cohorts = dict[tuple[str, str], list[OwnCampaign]]
"""Campaigns by generation and code of a cohort."""


def find_late(
    spec: RolloutSpec, seen: Observed, history: History, rows: Iterable[RolloutDevice]
) -> set[str]:
    """Find the devices in scope that came too late for every wave; when in doubt, none is late.

    A cohort gives no answer while a report of it is incomplete, and none once the service has
    refused one of its campaigns, or a campaign of others has ended since: that may have held the
    device.
    """
    final = _find_final(spec, seen, history)
    finished = _find_finished(spec, seen, history, rows)
    if not final:
        return set()
    ends = {
        key: max(place_in_line(spec.name, row.device_id) for own in campaigns for row in own.rows)
        for key, campaigns in final.items()
    }
    zones = {
        (row.target.generation, row.cohort.zone)
        for row in {id(row.path): row for row in rows if row.history}.values()
    }
    refused = {cohort for _wave, cohort in history.retry_at}
    # A cohort that earlier waves know and the last one does not may have been kept from it.
    begun = {own.name.cohort for own in history.campaigns}
    return {
        row.imei
        for row in rows
        if row.history is None
        and row.imei not in seen.busy
        and row.imei not in history.busy_until
        and (
            place_in_line(spec.name, row.imei)
            < ends.get((row.target.generation, row.cohort.code), "")
            or (
                row.target.generation in finished
                and (row.target.generation, row.cohort.zone) in zones
                and row.cohort.code not in refused
                and (
                    row.cohort.code not in begun
                    or (row.target.generation, row.cohort.code) in final
                )
            )
        )
    }


def _find_final(spec: RolloutSpec, seen: Observed, history: History) -> Cohorts:
    """Give the campaigns of the last wave of each cohort that answers, by generation and cohort."""
    last = spec.waves[-1].number
    cohorts: Cohorts = {}
    for own in history.campaigns:
        cohorts.setdefault((own.name.generation, own.name.cohort), []).append(own)
    refused = {cohort for _wave, cohort in history.retry_at}
    return {
        key: final
        for key, campaigns in cohorts.items()
        if (final := [own for own in campaigns if own.name.wave == last])
        and all(own.rows and len(own.rows) >= own.name.count for own in campaigns)
        and key[1] not in refused
        and not _may_have_been_held(spec, seen, final)
    }


def _find_finished(
    spec: RolloutSpec, seen: Observed, history: History, rows: Iterable[RolloutDevice]
) -> set[str]:
    """Find the generations whose campaigns are over and have taken all devices that were there."""
    last = spec.waves[-1].number
    final = _find_final(spec, seen, history)
    begun = {
        (own.name.generation, own.name.cohort) for own in history.campaigns if own.name.wave == last
    }
    unfinished = {
        key[0]
        for key in begun
        if key not in final or _may_have_been_cut_short(spec, history, final[key])
    }
    reached = {generation for generation, _cohort in begun}
    return reached - unfinished - _find_busy(seen, history, rows)


def _find_busy(seen: Observed, history: History, rows: Iterable[RolloutDevice]) -> set[str]:
    """Find the generations with a live campaign, with a device that has more steps ahead, or with
    one that others hold."""
    claimed = {(id(row.path), row.version): row for row in rows if row.history}
    held = (row for row in rows if row.imei in seen.busy or row.imei in history.busy_until)
    return {
        *(own.name.generation for own in history.live),
        *(row.target.generation for row in claimed.values() if row.path.leads_over(row.version)),
        *(row.target.generation for row in held if row.history is None),
    }


def _may_have_been_cut_short(spec: RolloutSpec, history: History, final: list[OwnCampaign]) -> bool:
    """A limit may have left devices of the cohort for a later campaign.

    :param final: its campaigns of the last wave.
    """
    if spec.assign_licenses is Licensing.BEFORE_CAMPAIGN:
        return True
    newest = max(final, key=lambda own: own.name.batch)
    start, limits = newest.campaign.schedule.start, spec.limits
    if start is None or any(freeze.first <= start for freeze in spec.calendar.freezes):
        return True
    asked = sum(own.name.count for own in history.campaigns)
    if limits.max_exposure is not None and asked >= limits.max_exposure:
        return True
    along = [
        own
        for own in history.campaigns
        if own.campaign.schedule.start and abs(own.campaign.schedule.start - start) < _ROUNDED
    ]
    if len(along) >= limits.max_creates or newest.name.count >= limits.max_campaign_devices:
        return True
    # It was created no later than that.
    created = day_begins(start) - spec.calendar.lead
    ours = [own for own in history.campaigns if own.campaign.package == newest.campaign.package]
    if _was_qualified(spec, ours, created):
        return False
    live = [own for own in ours if own is newest or not all(_has_word(own, created))]
    return sum(own.name.count for own in live) >= PILOT_DEVICES


def _was_qualified(spec: RolloutSpec, campaigns: list[OwnCampaign], moment: datetime) -> bool:
    """The package of these campaigns was let go to many devices at a moment."""
    if campaigns[0].campaign.package in spec.qualified_packages:
        return True
    tried = [
        row
        for own in campaigns
        for row, written in zip(own.rows, _has_word(own, moment), strict=True)
        if row.recent_attempt and written
    ]
    good = sum(row.state is DeviceState.SUCCESS for row in tried)
    return (len(tried) >= EVIDENCE_DEVICES and good >= EVIDENCE_SUCCESS * len(tried)) or any(
        own.name.count > PILOT_DEVICES and not own.refused for own in campaigns
    )


def _has_word(own: OwnCampaign, moment: datetime) -> list[bool]:
    """Tell of each row of a campaign whether it was written by a moment."""
    times = (parse_time(row.updated) or parse_time(row.recent_attempt) for row in own.rows)
    return [time is not None and time <= moment for time in times]


def _may_have_been_held(spec: RolloutSpec, seen: Observed, campaigns: list[OwnCampaign]) -> bool:
    """A campaign of others was perhaps not over yet when the first of these was created."""
    model = (campaigns[0].campaign.make, campaigns[0].campaign.model)
    until = max(
        (day for held, day in seen.neighbours_until.items() if held in (model, _ANY)), default=None
    )
    starts = [own.campaign.schedule.start for own in campaigns]
    begun = min((start for start in starts if start), default=None)
    if until is None or begun is None or None in starts:
        return until is not None
    moved = [freeze.first for freeze in spec.calendar.freezes if freeze.first <= begun]
    return until >= min([begun, *moved]) - spec.calendar.lead - _ROUNDED
