# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that came after the last wave had begun.

Nothing is stored, so this is read from the line in which devices stand: campaigns are cut from it
in order. Where one of the last wave holds a device from further back in the line, those before it
that nobody has held or refused were not there when it was cut.
"""

from __future__ import annotations

from datetime import date, timedelta

from .ledger import Ledger
from .names import place_in_line
from .observed import Observed, OwnCampaign
from .scope import Scope
from .spec import RolloutSpec

# A campaign starts on the first whole day that is far enough ahead.
_ROUNDED = timedelta(days=2)


def find_late(spec: RolloutSpec, seen: Observed, ledger: Ledger, scope: Scope) -> set[str]:
    """Find the devices in scope that came too late for every wave; in doubt a device is not late.

    A lane gives no answer while a report of it is incomplete, and none once the service has refused
    one of its campaigns, or a campaign of others has ended since: that may have held the device.
    """
    last = spec.waves[-1].number
    lanes: dict[tuple[str, str], list[OwnCampaign]] = {}
    for one in ledger.campaigns:
        if one.name.wave == last:
            lanes.setdefault((one.name.generation, one.name.lane), []).append(one)
    ends = {
        key: max(place_in_line(spec.name, row.device_id) for one in campaigns for row in one.rows)
        for key, campaigns in lanes.items()
        if all(one.rows and len(one.rows) >= one.name.count for one in campaigns)
        and (last, key[1]) not in ledger.retry_at
        and not _may_have_been_held(spec, seen, campaigns)
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
        < ends.get((member.target.generation, member.lane.code), "")
    }


def _may_have_been_held(spec: RolloutSpec, seen: Observed, campaigns: list[OwnCampaign]) -> bool:
    """A campaign of others was perhaps not over yet when the first of these was created."""
    if seen.neighbours_until is None:
        return False
    begun = min(one.campaign.schedule.start or date.min for one in campaigns)
    moved = [freeze.first for freeze in spec.calendar.freezes if freeze.first <= begun]
    return seen.neighbours_until >= min([begun, *moved]) - spec.calendar.lead - _ROUNDED
