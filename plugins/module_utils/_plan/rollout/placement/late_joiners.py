# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that came after the last wave had begun.

Nothing is stored, so this is read from the line in which devices stand: campaigns are cut from it
in order. Where one of the last wave holds a device from further back in the line, those before it
that no campaign has held or refused were not there when it was cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ..declaration.campaign_names import place_in_line
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import History
from ..observation.observed import Observed, OwnCampaign
from .rollout_device import RolloutDevice

# A campaign starts on the first whole day that is far enough ahead.
_ROUNDED = timedelta(days=2)
# Make and model of a campaign for which the service gives neither.
_ANY = ("", "")


def find_late(
    spec: RolloutSpec, seen: Observed, history: History, rows: Iterable[RolloutDevice]
) -> set[str]:
    """Find the devices in scope that came too late for every wave; when in doubt, none is late.

    A cohort gives no answer while a report of it is incomplete, and none once the service has
    refused one of its campaigns, or a campaign of others has ended since: that may have held the
    device.
    """
    ends = _find_ends(spec, seen, history)
    if not ends:
        return set()
    return {
        row.imei
        for row in rows
        if row.history is None
        and row.imei not in seen.busy
        and row.imei not in history.busy_until
        and place_in_line(spec.name, row.imei)
        < ends.get((row.target.generation, row.cohort.code), "")
    }


def _find_ends(spec: RolloutSpec, seen: Observed, history: History) -> dict[tuple[str, str], str]:
    """Give how far along the line the last wave has come, by generation and cohort."""
    last = spec.waves[-1].number
    cohorts: dict[tuple[str, str], list[OwnCampaign]] = {}
    for own in history.campaigns:
        cohorts.setdefault((own.name.generation, own.name.cohort), []).append(own)
    refused = {cohort for _wave, cohort in history.retry_at}
    return {
        key: max(place_in_line(spec.name, row.device_id) for own in final for row in own.rows)
        for key, campaigns in cohorts.items()
        if (final := [own for own in campaigns if own.name.wave == last])
        and all(own.rows and len(own.rows) >= own.name.count for own in campaigns)
        and key[1] not in refused
        and not _may_have_been_held(spec, seen, final)
    }


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
