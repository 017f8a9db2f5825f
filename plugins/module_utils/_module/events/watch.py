# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of the event sources: read campaigns, and describe what has changed. Nothing writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.campaign import Campaign, CampaignType
from ..._model.errors import InvalidValue
from ..._model.firmware import Package
from ..._plan.campaign_changes import Change, Known, Seen, live_ids, read_counts
from ..._plan.rollout.declaration.campaign_names import ROLLOUT_NAME, parse_name
from ..campaigns.search import list_all_campaigns, read_kept
from ..campaigns.view import count_devices, view_campaign
from ..context import Context
from ..firmware.info import view_package

WATCH_OPTIONS: dict[str, dict[str, Any]] = {
    "type": {
        "type": "str",
        "choices": [type_.value for type_ in CampaignType],
        "default": CampaignType.FIRMWARE.value,
    },
    "rollout": {"type": "str"},
    "devices": {"type": "bool", "default": True},
    "packages": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class Watched:
    """What is watched.

    :ivar rollout: only campaigns of this rollout; None is every campaign of the type.
    :ivar devices: read how many devices of each running campaign have which result.
    :ivar packages: read the published packages.
    """

    type: CampaignType = CampaignType.FIRMWARE
    rollout: str | None = None
    devices: bool = True
    packages: bool = False

    @classmethod
    def declared(cls, params: Mapping[str, Any]) -> Watched:
        """Read the options.

        :raises InvalidValue: the rollout cannot have this name.
        """
        rollout = params["rollout"]
        if rollout is not None and not ROLLOUT_NAME.fullmatch(rollout):
            raise InvalidValue("rollout", rollout, f"must match {ROLLOUT_NAME.pattern}")
        return cls(CampaignType(params["type"]), rollout, params["devices"], params["packages"])

    def includes(self, campaign: Campaign) -> bool:
        """Tell whether a campaign is watched."""
        if self.rollout is None:
            return True
        name = parse_name(campaign.name)
        return name is not None and name.rollout == self.rollout


def look(context: Context, watched: Watched, known: Known) -> Seen:
    """Read what is watched.

    A campaign that no report lists is read by its id while it is known not to be over.
    """
    service = context.campaigns(watched.type)
    listed = {one.id: one for one in list_all_campaigns(service) if watched.includes(one)}
    missing = live_ids(known) - listed.keys()
    found = read_kept(context.client, service.get_campaign, missing)
    campaigns = {**listed, **{campaign.id: campaign for campaign in found}}
    counted = _with_results(context, campaigns.values(), known) if watched.devices else []
    reports = context.client.map(service.list_campaign_devices, counted)
    counts = {id_: count_devices(rows) for id_, rows in zip(counted, reports, strict=True)}
    return Seen(campaigns, counts, _packages(context, watched))


def _with_results(context: Context, campaigns: Iterable[Campaign], known: Known) -> list[str]:
    """Give the campaigns whose devices may have new results: they run, or have just ended."""
    today, live = context.client.now.date(), live_ids(known)
    return [
        campaign.id
        for campaign in campaigns
        if campaign.started(today) or (campaign.state.over and campaign.id in live)
    ]


def _packages(context: Context, watched: Watched) -> tuple[Package, ...] | None:
    if not watched.packages:
        return None
    if watched.type is CampaignType.FIRMWARE:
        return tuple(context.v3.list_firmware(protocol="all"))
    return tuple(context.v2.list_software())


def describe(context: Context, watched: Watched, change: Change) -> dict[str, Any]:
    """Give a change as an event.

    Texts of the service have no braces, so that none can be a template where the event is used.
    """
    event: dict[str, Any] = {
        "event": change.kind,
        "account": context.account,
        "type": watched.type.value,
        "time": f"{context.client.now:%Y-%m-%dT%H:%M:%SZ}",
        "simulated": bool(context.client.simulated),
    }
    if change.campaign is not None:
        event["campaign"] = view_campaign(change.campaign)
        name = parse_name(change.campaign.name)
        event["rollout"] = name.rollout if name else None
        event["wave"] = name.wave if name else None
    if change.kind == "devices_changed":
        event["results"] = read_counts(change.value)
        event["before"] = read_counts(change.before)
    elif change.kind == "campaign_gone":
        event["campaign_id"] = change.key.partition("/")[2]
        event["before"] = change.before
    elif change.package is not None:
        event["package"] = view_package(change.package)
    else:
        event["before"] = change.before
    plain: dict[str, Any] = without_templates(event)
    return plain


def without_templates(value: Any) -> Any:
    """Replace what would make a text a template, and characters that are not printable."""
    if isinstance(value, dict):
        return {key: without_templates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_templates(item) for item in value]
    if isinstance(value, str):
        plain = value.replace("{", "(").replace("}", ")")
        return "".join(character if character.isprintable() else " " for character in plain)
    return value
