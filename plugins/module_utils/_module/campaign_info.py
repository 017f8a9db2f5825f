# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_campaign_info``: campaigns by id, name or status, with their devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api.campaigns import CampaignService
from .._model.campaign import Campaign, CampaignType
from .._model.errors import InvalidValue
from .._model.status import CampaignState
from .campaign_search import find_by_id, list_all_campaigns
from .campaign_view import count_devices, select_devices, view_campaign
from .context import Context
from .options import RETURN_DEVICES_OPTION

CAMPAIGN_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "type": {
        "type": "str",
        "choices": [type_.value for type_ in CampaignType],
        "default": CampaignType.FIRMWARE.value,
    },
    "campaign_id": {"type": "str"},
    "name": {"type": "str"},
    "states": {
        "type": "list",
        "elements": "str",
        "choices": [state.value for state in CampaignState],
    },
    **RETURN_DEVICES_OPTION,
}


def read_campaigns(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read campaigns and, unless ``return_devices`` is none, the device report of each.

    :raises InvalidValue: ``campaign_id`` and ``name`` do not belong together.
    """
    service = context.campaigns(CampaignType(params["type"]))
    campaigns = _select(_find(service, params), params)
    reports = (
        context.client.map(lambda one: service.list_campaign_devices(one.id), campaigns)
        if params["return_devices"] != "none"
        else None
    )
    views = []
    for place, campaign in enumerate(campaigns):
        view = view_campaign(campaign)
        if reports is not None:
            view["counts"] = count_devices(reports[place])
            view["devices"] = select_devices(reports[place], params["return_devices"])
        views.append(view)
    return {
        "changed": False,
        "campaigns": views,
        "msg": context.headline(f"{len(views)} campaigns"),
    }


def _find(service: CampaignService, params: Mapping[str, Any]) -> list[Campaign]:
    if params.get("campaign_id"):
        return find_by_id(service, params["campaign_id"], may_be_gone=False)
    return list_all_campaigns(service)


def _select(campaigns: list[Campaign], params: Mapping[str, Any]) -> list[Campaign]:
    name, states = params.get("name"), params.get("states")
    if name and params.get("campaign_id"):
        for campaign in campaigns:
            if campaign.name != name:
                raise InvalidValue(
                    "name", name, f"campaign {campaign.id} has the name {campaign.name!r}"
                )
    kept = [
        campaign
        for campaign in campaigns
        if (not name or campaign.name == name) and (not states or campaign.state.value in states)
    ]
    return sorted(kept, key=lambda one: (one.schedule.start is None, one.schedule.start, one.name))
