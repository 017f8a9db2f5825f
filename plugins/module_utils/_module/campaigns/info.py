# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_campaign_info``: campaigns by id, name or status, with their devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._model.campaign import Campaign, CampaignDevice, CampaignType
from ..._model.errors import InvalidValue
from ..._model.text import count
from ..context import Context
from ..options import RESULT_OPTIONS, STATES_OPTION
from ..results_file import Rows
from .options import TYPE_OPTION
from .search import list_all_campaigns
from .view import (
    REPORT_COLUMNS,
    count_devices,
    select_devices,
    view_campaign,
    view_device,
)

CAMPAIGN_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    **TYPE_OPTION,
    "campaign_id": {"type": "str"},
    "name": {"type": "str"},
    **STATES_OPTION,
    **RESULT_OPTIONS,
}


def read_campaigns(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read campaigns and, if devices are wanted, the device report of each.

    :raises InvalidValue: the campaign of ``campaign_id`` has another ``name``.
    :raises TaskFailure: the results file could not be written.
    """
    service = context.campaigns(CampaignType(params["type"]))
    with_devices = context.wants_devices(params["return_devices"])
    campaigns, reports = _read(service, params, with_devices=with_devices)
    views = [
        view_reported(
            campaign, None if reports is None else reports[place], params["return_devices"]
        )
        for place, campaign in enumerate(campaigns)
    ]
    result = {
        "changed": False,
        "campaigns": views,
        "msg": context.headline(count(len(views), "campaign")),
    }
    return context.conclude(result, report_rows(zip(campaigns, reports or (), strict=False)))


def report_rows(reported: Iterable[tuple[Campaign, Sequence[CampaignDevice]]]) -> Rows:
    """Give every device of campaigns, each with the campaign that it is in."""
    devices = (
        {**view_device(row), "campaign_id": campaign.id, "campaign": campaign.name}
        for campaign, report in reported
        for row in report
    )
    return Rows((*REPORT_COLUMNS, "campaign_id", "campaign"), devices)


def view_reported(
    campaign: Campaign, report: Sequence[CampaignDevice] | None, return_devices: str
) -> dict[str, Any]:
    """Give a campaign with the devices of its report, if that was read, as a module result."""
    view = view_campaign(campaign)
    if report is not None:
        view["counts"] = count_devices(report)
        view["devices"] = select_devices(report, return_devices)
    return view


def _read(
    service: CampaignService, params: Mapping[str, Any], *, with_devices: bool
) -> tuple[list[Campaign], list[list[CampaignDevice]] | None]:
    """Read the campaigns and, if devices are wanted, the report of each."""
    id_ = params.get("campaign_id")
    if id_ and with_devices:  # both at once
        reads = service.get_campaign, service.list_campaign_devices
        found: list[Any] = service.client.map(lambda read: read(id_), reads)
        return _select(found[:1], params), found[1:]
    every = [service.get_campaign(id_)] if id_ else list_all_campaigns(service)
    campaigns = _select(every, params)
    if not with_devices:
        return campaigns, None
    reports = service.client.map(
        lambda campaign: service.list_campaign_devices(campaign.id), campaigns
    )
    return campaigns, reports


def _select(campaigns: list[Campaign], params: Mapping[str, Any]) -> list[Campaign]:
    name, states = params.get("name"), params.get("states")
    if name and params.get("campaign_id"):
        for campaign in campaigns:
            if campaign.name != name:
                raise InvalidValue(
                    "name", name, f"must be {campaign.name!r}, the name of campaign {campaign.id}"
                )
    kept = [
        campaign
        for campaign in campaigns
        if (not name or campaign.name == name) and (not states or campaign.state.value in states)
    ]
    return sorted(kept, key=by_start)


def by_start(campaign: Campaign) -> tuple[bool, date | None, str]:
    """Order campaigns by their first days; those without one come last."""
    start = campaign.schedule.start
    return start is None, start, campaign.name
