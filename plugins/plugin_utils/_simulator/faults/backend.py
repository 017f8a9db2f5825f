# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the service's state: tokens that end, users that lock, campaigns that do not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.auth import MAX_FAILED_LOGINS
from ..api.errors import ServiceError, invalid
from ..api.exchange import Reply, json_reply
from ..state.campaign import Campaign
from ..state.clock import HOUR
from ..state.upgrade import Upgrade
from .fault import Fault, Parameter, Scene, number, some_of, texts

PLACES = {
    "reports": frozenset(
        {
            "v1ListUpgradesByStatus",
            "v2ListCampaignsByStatus",
            "v3ListCampaignsByStatus",
            "v3ListCampaignsByStatusDocsPath",
        }
    ),
    "histories": frozenset({"v1GetDeviceHistory", "v2GetDeviceHistory", "v3GetDeviceHistory"}),
    "details": frozenset(
        {
            *("v1GetUpgrade", "v2GetCampaign", "v3GetCampaign"),
            *("v2ListCampaignDevices", "v3ListCampaignDevices"),
        }
    ),
}
"""Reads that show campaigns and upgrades."""

MOST_HOURS = 24 * 366


def _expired(what: str) -> Callable[[Scene], Reply]:
    def expire(scene: Scene) -> Reply:
        scene.auth.expire(what)
        return scene.proceed()

    return expire


def _lockout(scene: Scene) -> Reply:
    """Somebody else fails to log in until every user is locked."""
    for user in scene.users:
        for _attempt in range(MAX_FAILED_LOGINS):
            try:
                scene.auth.login(user.username, f"not {user.password}")
            except ServiceError:
                continue  # as it should
    scene.auth.expire("session")
    return scene.proceed()


def _delayed(scene: Scene) -> Reply:
    def hidden(work: Campaign | Upgrade) -> bool:
        return scene.state.now < work.created + float(scene.values["hours"]) * HOUR

    return _without(scene, hidden)


def _vanished(scene: Scene) -> Reply:
    def hidden(work: Campaign | Upgrade) -> bool:
        return not scene.values["campaigns"] or work.id in scene.values["campaigns"]

    return _without(scene, hidden)


def _without(scene: Scene, hidden: Callable[[Campaign | Upgrade], bool]) -> Reply:
    """The reply as if the hidden work were not there, in the places of the rule."""
    places = [name for name in scene.values["places"] if scene.operation in PLACES[name]]
    if not places:
        return scene.proceed()
    gone = {
        work.id
        for works in (scene.state.campaigns_by_id, scene.state.upgrades_by_id)
        for work in works.values()
        if hidden(work)
    }
    if places == ["details"]:
        return _no_details(scene, gone)
    return scene.changed(lambda payload: _shown(payload, gone))


def _no_details(scene: Scene, gone: set[str]) -> Reply:
    upgrade = scene.params.get("upgradeId")
    asked = upgrade if upgrade is not None else scene.params["campaignId"]
    if asked.lower() not in gone:
        return scene.proceed()
    error = invalid("Campaign not found" if upgrade is None else "Invalid upgradeId")
    return json_reply(error.body, status=error.status)


def _shown(payload: Any, gone: set[str]) -> Any:
    """A history, or a page of a report, whose list is null when nothing is left."""
    if isinstance(payload, list):
        return [row for row in payload if (row.get("campaignId") or row.get("id")) not in gone]
    key = "reportList" if "reportList" in payload else "campaignList"
    rows = [row for row in payload.get(key) or () if row["id"] not in gone]
    return {**payload, key: rows or None}


_PLACES = Parameter("places", ["reports"], some_of(*PLACES))
_SHOWING = frozenset[str]().union(*PLACES.values())

FAULTS = (
    Fault("expired_bearer", _expired("bearer"), "every bearer has expired"),
    Fault("expired_session", _expired("session"), "every session has expired"),
    Fault("expired_both", _expired("both"), "every bearer and session has expired"),
    Fault("lockout", _lockout, "every user is locked and every session ended, until unlocked"),
    Fault(
        "delayed_campaigns",
        _delayed,
        "a new campaign or upgrade is in none of the places (reports, histories, details) for "
        "some virtual hours",
        (Parameter("hours", 24, number(0, MOST_HOURS)), _PLACES),
        times=None,
        operations=_SHOWING,
    ),
    Fault(
        "vanished_campaigns",
        _vanished,
        "campaigns or upgrades, all or those with an id named, are gone from the places",
        (Parameter("campaigns", [], texts), _PLACES),
        times=None,
        operations=_SHOWING,
    ),
)
