# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_device_info``, with the campaigns that devices have been in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._model.status import LIVE_REPORT_STATUSES
from ..._plan.rollout.declaration.campaign_names import parse_name
from ..campaigns.info import by_start
from ..campaigns.search import list_all_campaigns, read_kept
from ..campaigns.view import view_campaign, view_device
from ..context import Context
from ..devices.info import read_devices


def inform_on_devices(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read devices and what ``gather`` asks for, as ``read_devices`` does."""
    return read_devices(context, params, read_campaigns_of_devices)


def read_campaigns_of_devices(
    service: CampaignService, campaign_ids: Set[str], imeis: Sequence[str]
) -> list[dict[str, Any]]:
    """Read campaigns that have or had some devices, with their rows, the oldest first.

    :param campaign_ids: those in the histories, which may lack campaigns that are not over.
    """
    live = list_all_campaigns(service, statuses=LIVE_REPORT_STATUSES)
    unlisted = campaign_ids - {campaign.id for campaign in live}
    campaigns = live + read_kept(service.client, service.get_campaign, unlisted)
    campaigns.sort(key=by_start)
    reports = service.client.map(
        lambda campaign: service.list_campaign_devices(campaign.id), campaigns
    )
    found = []
    wanted = frozenset(imeis)
    for campaign, report in zip(campaigns, reports, strict=True):
        rows = [view_device(row) for row in report if row.device_id in wanted]
        if rows or campaign.id in campaign_ids:
            found.append({**view_campaign(campaign), **_view_name(campaign.name), "devices": rows})
    return found


def _view_name(text: str) -> dict[str, Any]:
    """Give what the name of a campaign of a rollout says."""
    name = parse_name(text)
    if name is None:
        return {"rollout": "", "wave": None, "attempt": None}
    return {"rollout": name.rollout, "wave": name.wave, "attempt": name.attempt}
