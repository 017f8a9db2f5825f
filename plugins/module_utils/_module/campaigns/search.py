# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find campaigns: the service lists them by status only, and cannot search.

What concerns histories and reads by id is the same for upgrades.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from ..._api.campaign_service import CampaignService
from ..._api.v1 import FotaV1
from ..._client.client import Client
from ..._client.errors import ServiceRefused, ServiceUnavailable, UnexpectedReply
from ..._model.campaign import Campaign, CampaignType
from ..._model.status import (
    CAMPAIGN_REPORT_STATUSES,
    LIVE_REPORT_STATUSES,
    UNPUBLISHED_REPORT_STATUS,
)

T = TypeVar("T")

# A campaign can be missing from all reports for a while (contract section 14, question 2). Before
# another one of the same name is created, the histories of this many of its devices are read.
HISTORIES_READ = 3
BAD_REQUEST, NOT_FOUND = 400, 404


def list_all_campaigns(
    service: CampaignService, *, statuses: Collection[str] = CAMPAIGN_REPORT_STATUSES
) -> list[Campaign]:
    """List the campaigns of every status, each once, all statuses side by side.

    A campaign whose status changes meanwhile may be listed twice; it is then read by its id.
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


def list_readable_campaigns(service: CampaignService) -> tuple[list[Campaign], list[str]]:
    """List the campaigns of every status that can be listed.

    :returns: the campaigns, and which statuses could not be listed and why.
    :raises FotaError: none could be listed.
    """
    try:
        return list_all_campaigns(service), []
    except (ServiceRefused, ServiceUnavailable, UnexpectedReply):
        found: dict[str, Campaign] = {}
        unread = []
        for status in CAMPAIGN_REPORT_STATUSES:
            try:
                listed = list_all_campaigns(service, statuses=[status])
            except (ServiceRefused, ServiceUnavailable, UnexpectedReply) as error:
                unread.append(f"campaigns {status} could not be read: {error}")
            else:
                found |= {campaign.id: campaign for campaign in listed}
        if len(unread) == len(CAMPAIGN_REPORT_STATUSES):
            raise
        return list(found.values()), unread


def list_once_more(service: CampaignService) -> list[Campaign]:
    """List live campaigns, one status after the other in the order in which campaigns take them.

    A campaign whose status changes while statuses are read side by side can be missing from all of
    them. Read in this order, it cannot.
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


def find_by_id(read: Callable[[str], T], id_: str, *, may_be_gone: bool) -> list[T]:
    """Read a campaign or upgrade by its id.

    :param may_be_gone: an error that clearly names the id then means that there is none.
    """
    try:
        return [read(id_)]
    except ServiceRefused as error:
        if may_be_gone and id_ in (error.error_message or ""):
            return []
        raise


def find_unlisted(
    service: CampaignService, name: str, devices: Sequence[str], known: Collection[str]
) -> list[Campaign]:
    """Find campaigns of a name that no report lists, through the histories of their first devices.

    :param known: ids of the campaigns that the reports list.
    """
    ids = list_history_ids(service, devices[:HISTORIES_READ]).difference(known)
    found = read_kept(service.client, service.get_campaign, ids)
    return [campaign for campaign in found if campaign.name == name]


def list_history_ids(service: CampaignService | FotaV1, devices: Iterable[str]) -> set[str]:
    """Give the ids of all campaigns or upgrades in the histories of devices."""
    histories = service.client.map(service.get_device_history, devices)
    return {item.campaign_id for history in histories for item in history} - {""}


def read_kept(client: Client, read: Callable[[str], T], ids: Iterable[str]) -> list[T]:
    """Read campaigns or upgrades by id, as far as the service has kept them (question 28)."""

    def read_if_kept(id_: str) -> T | None:
        try:
            return read(id_)
        except ServiceRefused as error:
            # How the service says so is not published (question 6). A gateway refuses otherwise.
            if error.http_status not in (BAD_REQUEST, NOT_FOUND):
                raise
            return None

    return [found for found in client.map(read_if_kept, sorted(ids)) if found is not None]
