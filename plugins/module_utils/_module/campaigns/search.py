# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find campaigns: the service can list only one status at a time, and search nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..._api.campaign_service import CampaignService
from ..._client.errors import ServiceRefused
from ..._model.campaign import Campaign, CampaignType
from ..._model.status import (
    CAMPAIGN_REPORT_STATUSES,
    LIVE_REPORT_STATUSES,
    UNPUBLISHED_REPORT_STATUS,
)

# A campaign can be in no report for a while (contract section 14, question 2). The histories of
# so many of its devices are read before another of the same name is created.
HISTORIES_READ = 3
BAD_REQUEST, NOT_FOUND = 400, 404


def list_all_campaigns(
    service: CampaignService, *, statuses: Collection[str] = CAMPAIGN_REPORT_STATUSES
) -> list[Campaign]:
    """List the campaigns of every status, each once, the statuses side by side.

    A campaign that moves on while the reports are read may show twice: its last status is taken.
    """
    asked = list(statuses)
    if service.type is CampaignType.FIRMWARE and UNPUBLISHED_REPORT_STATUS not in asked:
        asked.append(UNPUBLISHED_REPORT_STATUS)
    pages = service.client.map(lambda status: _list_status(service, status), asked)
    found: dict[str, Campaign] = {}
    twice: set[str] = set()
    for campaign in (campaign for page in pages for campaign in page):
        if campaign.id in found and found[campaign.id].status != campaign.status:
            twice.add(campaign.id)
        found[campaign.id] = campaign
    for campaign in service.client.map(service.get_campaign, sorted(twice)):
        found[campaign.id] = campaign
    return list(found.values())


def list_once_more(service: CampaignService) -> list[Campaign]:
    """List live campaigns, one status after the other in the order in which campaigns move on.

    A campaign that moves on while statuses are read side by side can be in none of them. Read in
    this order, it cannot be missed.
    """
    found = {}
    for status in LIVE_REPORT_STATUSES:
        found.update({campaign.id: campaign for campaign in _list_status(service, status)})
    return list(found.values())


def _list_status(service: CampaignService, status: str) -> list[Campaign]:
    try:
        return service.list_campaigns(status)
    except ServiceRefused as error:
        if status == UNPUBLISHED_REPORT_STATUS and error.http_status == BAD_REQUEST:
            return []
        raise


def find_by_id(service: CampaignService, campaign_id: str, *, may_be_gone: bool) -> list[Campaign]:
    """Read one campaign by its id.

    :param may_be_gone: an error that clearly names the id then means that there is none.
    """
    try:
        return [service.get_campaign(campaign_id)]
    except ServiceRefused as error:
        if may_be_gone and campaign_id in (error.error_message or ""):
            return []
        raise


def find_hidden(
    service: CampaignService, name: str, devices: Sequence[str], known: Collection[str]
) -> list[Campaign]:
    """Look for a campaign that no report lists, through the histories of its first devices.

    :param known: ids of campaigns that it is not.
    """
    histories = service.client.map(service.get_device_history, devices[:HISTORIES_READ])
    unlisted = {
        item.campaign_id
        for history in histories
        for item in history
        if item.campaign_id and item.campaign_id not in known
    }
    found = service.client.map(lambda one: get_if_kept(service, one), sorted(unlisted))
    return [campaign for campaign in found if campaign and campaign.name == name]


def get_if_kept(service: CampaignService, campaign_id: str) -> Campaign | None:
    """Read a campaign of a history; the service may have dropped it (section 14, question 28)."""
    try:
        return service.get_campaign(campaign_id)
    except ServiceRefused as error:
        if not may_be_dropped(error):
            raise
        return None


def may_be_dropped(error: ServiceRefused) -> bool:
    """Tell whether a read by id was refused because the service has dropped what it names.

    How it says so is not published (question 6); what a gateway refuses is another matter.
    """
    return error.http_status in (BAD_REQUEST, NOT_FOUND)
