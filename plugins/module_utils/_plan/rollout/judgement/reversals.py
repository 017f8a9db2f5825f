# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that had the target, until a campaign of others gave them another version.

That is what a reverse rollout does. To the rollout that was reversed it looks like firmware that
reports success and does not install.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ...._model.campaign import Campaign
from ...._model.status import CampaignState
from ...._model.text import count, visible
from ..declaration.campaign_names import parse_name
from ..observation.observed import Observed
from ..placement.rollout_device import DeviceClass, RolloutDevice

_SUCCESS_GONE = frozenset({DeviceClass.MISMATCH, DeviceClass.REPORTED})
_NEVER_RAN = frozenset({CampaignState.CANCELLED, CampaignState.REQUEST_FAILED})


def describe_reversals(rows: Iterable[RolloutDevice], seen: Observed) -> str:
    """Say which campaigns have given devices another version after a success; empty for none."""
    taken: Counter[tuple[str, str]] = Counter()
    for row in rows:
        campaign = _find_reversal(row, seen)
        if campaign is not None:
            name = parse_name(campaign.name)
            who = f"campaign {campaign.name}" if name is None else f"rollout {name.rollout}"
            taken[who, campaign.to_version] += 1
    return "; ".join(
        visible(
            f"{who} took {count(devices, 'device')} to version {version} after this rollout: end"
            " the schedule of this rollout"
        )
        for (who, version), devices in sorted(taken.items())
    )


def _find_reversal(row: RolloutDevice, seen: Observed) -> Campaign | None:
    """Give the later campaign of others that leads to what the device runs."""
    if row.outcome.kind not in _SUCCESS_GONE or row.history is None or row.device is None:
        return None
    start = row.history.latest.own.campaign.schedule.start if row.history.latest else None
    if start is None:
        return None
    for campaign in seen.neighbours:
        model = (campaign.make, campaign.model)
        if (
            model == (row.target.make, row.target.model)
            and campaign.to_version == row.version != row.target.version
            and campaign.state not in _NEVER_RAN
            and campaign.schedule.start is not None
            and campaign.schedule.start > start
        ):
            return campaign
    return None
