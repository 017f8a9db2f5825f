# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that came after the last wave had begun.

Nothing is stored, so this is read from the line in which devices stand: campaigns are cut from it
in order. Where one of the last wave holds a device from further back in the line, those before it
that nobody has held or refused were not there when it was cut.
"""

from __future__ import annotations

from datetime import timedelta

from ..declaration.campaign_names import place_in_line
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import Ledger
from ..observation.observed import Observed, OwnCampaign
from .scope import Scope

# A campaign starts on the first whole day that is far enough ahead.
_ROUNDED = timedelta(days=2)
# Make and model of a campaign of which the service does not tell them.
_ANY = ("", "")


def find_late(spec: RolloutSpec, seen: Observed, ledger: Ledger, scope: Scope) -> set[str]:
    """Find the devices in scope that came too late for every wave; in doubt a device is not late.

    A cohort gives no answer while a report of it is incomplete, and none once the service has
    refused one of its campaigns, or a campaign of others has ended since: that may have held the
    device.
    """
    last = spec.waves[-1].number
    cohorts: dict[tuple[str, str], list[OwnCampaign]] = {}
    for one in ledger.campaigns:
        cohorts.setdefault((one.name.generation, one.name.cohort), []).append(one)
    refused = {cohort for _wave, cohort in ledger.retry_at}
    ends = {
        key: max(place_in_line(spec.name, row.device_id) for one in final for row in one.rows)
        for key, campaigns in cohorts.items()
        if (final := [one for one in campaigns if one.name.wave == last])
        and all(one.rows and len(one.rows) >= one.name.count for one in campaigns)
        and key[1] not in refused
        and not _may_have_been_held(spec, seen, final)
    }
    if not ends:
        return set()
    return {
        imei
        for imei, member in scope.members.items()
        if imei not in ledger.claims
        and imei not in seen.busy
        and imei not in ledger.busy_until
        and place_in_line(spec.name, imei)
        < ends.get((member.target.generation, member.cohort.code), "")
    }


def _may_have_been_held(spec: RolloutSpec, seen: Observed, campaigns: list[OwnCampaign]) -> bool:
    """A campaign of others was perhaps not over yet when the first of these was created."""
    model = (campaigns[0].campaign.make, campaigns[0].campaign.model)
    until = max(
        (day for held, day in seen.neighbours_until.items() if held in (model, _ANY)), default=None
    )
    starts = [one.campaign.schedule.start for one in campaigns]
    begun = min((start for start in starts if start), default=None)
    if until is None or begun is None or None in starts:
        return until is not None
    moved = [freeze.first for freeze in spec.calendar.freezes if freeze.first <= begun]
    return until >= min([begun, *moved]) - spec.calendar.lead - _ROUNDED
