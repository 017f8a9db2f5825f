# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the service's state: expired tokens, locked users, campaigns that reads omit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.auth import MAX_FAILED_LOGINS
from ..api.errors import ServiceError, invalid
from ..api.exchange import Reply, json_reply
from ..state.campaign import Campaign
from ..state.clock import HOUR
from ..state.upgrade import Upgrade
from .fault import Fault, FaultContext, Parameter, number, some_of, strings

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
"""Read operations that return campaigns and upgrades."""

MAX_HOURS = 24 * 366


def _expired(what: str) -> Callable[[FaultContext], Reply]:
    def expire(context: FaultContext) -> Reply:
        context.auth.expire(what)
        return context.proceed()

    return expire


def _lockout(context: FaultContext) -> Reply:
    """Lock every user by failed logins of another client."""
    for user in context.users:
        for _attempt in range(MAX_FAILED_LOGINS):
            try:
                context.auth.login(user.username, f"not {user.password}")
            except ServiceError:
                continue  # expected
    context.auth.expire("session")
    return context.proceed()


def _delayed(context: FaultContext) -> Reply:
    def hidden(work: Campaign | Upgrade) -> bool:
        return context.state.now < work.created + float(context.values["hours"]) * HOUR

    return _without(context, hidden)


def _vanished(context: FaultContext) -> Reply:
    def hidden(work: Campaign | Upgrade) -> bool:
        return not context.values["campaigns"] or work.id in context.values["campaigns"]

    return _without(context, hidden)


def _without(context: FaultContext, hidden: Callable[[Campaign | Upgrade], bool]) -> Reply:
    """The reply without hidden campaigns and upgrades, if the rule applies to the operation."""
    places = [name for name in context.values["places"] if context.operation in PLACES[name]]
    if not places:
        return context.proceed()
    gone = {
        work.id
        for works in (context.state.campaigns_by_id, context.state.upgrades_by_id)
        for work in works.values()
        if hidden(work)
    }
    if places == ["details"]:
        return _no_details(context, gone)
    return context.changed(lambda payload: _without_rows(payload, gone))


def _no_details(context: FaultContext, gone: set[str]) -> Reply:
    upgrade = context.params.get("upgradeId")
    asked = upgrade if upgrade is not None else context.params["campaignId"]
    if asked.lower() not in gone:
        return context.proceed()
    error = invalid("Campaign not found" if upgrade is None else "Invalid upgradeId")
    return json_reply(error.body, status=error.status)


def _without_rows(payload: Any, gone: set[str]) -> Any:
    """A history, or a page of a report, where an empty list is null."""
    if isinstance(payload, list):
        return [row for row in payload if (row.get("campaignId") or row.get("id")) not in gone]
    key = "reportList" if "reportList" in payload else "campaignList"
    rows = [row for row in payload.get(key) or () if row["id"] not in gone]
    return {**payload, key: rows or None}


_PLACES = Parameter("places", ["reports"], some_of(*PLACES))
_OPERATIONS = frozenset[str]().union(*PLACES.values())

FAULTS = (
    Fault("expired_bearer", _expired("bearer"), "every bearer has expired"),
    Fault("expired_session", _expired("session"), "every session has expired"),
    Fault("expired_both", _expired("both"), "every bearer and session has expired"),
    Fault(
        "lockout", _lockout, "every user is locked and every session ends, until users are unlocked"
    ),
    Fault(
        "delayed_campaigns",
        _delayed,
        "a new campaign or upgrade is missing from the places (reports, histories, details) for "
        "some virtual hours",
        (Parameter("hours", 24, number(0, MAX_HOURS)), _PLACES),
        times=None,
        operations=_OPERATIONS,
    ),
    Fault(
        "vanished_campaigns",
        _vanished,
        "campaigns or upgrades, all or those with the given ids, are missing from the places",
        (Parameter("campaigns", [], strings), _PLACES),
        times=None,
        operations=_OPERATIONS,
    ),
)
