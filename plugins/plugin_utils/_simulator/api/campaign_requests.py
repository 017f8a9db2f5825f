# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v2 and v3 campaign operations share: parsing, rules, changes and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ..lifecycle import checks
from ..state.campaign import Campaign, DeviceEntry, Plan, StateError
from ..state.records import PAGE, Account, Package
from ..state.service_state import ServiceState
from ..state.windows import Window
from . import wire
from .errors import invalid
from .exchange import Listed
from .wire import Body, Call


def v3_plan(state: ServiceState, body: Body, *, old: Campaign | None = None) -> Plan:
    """Dates and windows of a v3 body; ``old`` when it changes a campaign."""
    before = old.plan.windows if old else ()
    return Plan(
        start=body.day("startDate"),
        end=body.day("endDate"),
        windows=_windows(state, body, "campaignTimeWindowList", before, old),
    )


def v2_plan(
    state: ServiceState, body: Body, *, old: Campaign | None = None, hours_as_text: bool = False
) -> Plan:
    """Dates and windows of a v2 body; ``old`` when it changes a campaign.

    ``hours_as_text`` accepts hours as text; only the path ``/campaigns/software`` does.
    """
    before = old.plan if old else Plan(0, 0)
    return Plan(
        start=body.day("startDate"),
        end=body.day("endDate"),
        download_day=body.optional_day("downloadAfterDate"),
        download_windows=_windows(
            state,
            body,
            "downloadTimeWindowList",
            before.download_windows,
            old,
            hours_as_text=hours_as_text,
        ),
        install_day=body.optional_day("installAfterDate"),
        install_windows=_windows(
            state,
            body,
            "installTimeWindowList",
            before.install_windows,
            old,
            hours_as_text=hours_as_text,
        ),
    )


def _windows(
    state: ServiceState,
    body: Body,
    name: str,
    before: tuple[Window, ...],
    old: Campaign | None,
    *,
    hours_as_text: bool = False,
) -> tuple[Window, ...]:
    """The windows of the body, or the old windows if they stay without a list (Q17)."""
    overlap = state.switches["overlapping_windows"] == "accepted"
    sent = body.windows(name, overlap=overlap, hours_as_text=hours_as_text)
    if sent is not None:
        return sent
    kept = old is not None and (old.started or state.switches["omitted_windows"] == "keep")
    return before if kept else ()


def package_for(
    call: Call, account: Account, *, api: str, name: str, version_from: str, version_to: str
) -> Package:
    """The account's package with the versions in the request.

    With ``unknown_package: request_failed``, an unknown package becomes an empty one, which the
    later checks refuse.
    """
    package = account.package(api, name)
    if package is not None and (package.version_from, package.version_to) == (
        version_from,
        version_to,
    ):
        return package
    if call.state.switches["unknown_package"] == "http_400":
        what = "softwareName" if api == "v2" else "firmwareName"
        if package is not None:
            what = "software version" if api == "v2" else "firmware version"
        raise invalid(f"Invalid {what}")
    known = package or Package(name, "", "", "", "", "")
    return replace(known, version_from="", version_to="")


def require_pilot(call: Call, account: Account, package: Package, devices: list[str]) -> None:
    """Raise an error if a pilot is missing and the switch enforces the rule at once."""
    if call.state.switches["pilot_rule"] == "http_400" and call.campaigns.needs_pilot(
        account, package, devices=len(devices)
    ):
        raise invalid(checks.TOO_MANY)


def campaign_name(call: Call, account: Account, body: Body) -> str | None:
    """The optional name; unique among campaigns that have not ended if switched so (Q1)."""
    name = body.optional_text("campaignName")
    if name and call.state.switches["campaign_names"] == "unique":
        for campaign in call.state.campaigns_by_id.values():
            if campaign.account is account and campaign.name == name and not campaign.finished:
                raise invalid("campaignName already exists")
    return name


def campaign_of(call: Call, account: Account, *, api: str) -> Campaign:
    """The campaign in the path."""
    found = call.campaigns.find(account, call.uuid("campaignId", "Invalid uuid"), api=api)
    if found is None:
        raise invalid("Campaign not found")
    return found


def apply_device_change(
    call: Call, campaign: Campaign, verb: str, devices: list[str]
) -> list[tuple[str, str | None]]:
    """Add or remove devices; 400 if the status of the campaign does not allow it."""
    change = call.campaigns.add if verb == "append" else call.campaigns.remove
    try:
        return change(campaign, devices)
    except StateError as error:
        raise invalid(str(error)) from None


def apply_dates(call: Call, campaign: Campaign, plan: Plan) -> None:
    """Change dates and windows; before the start, the rules of a new campaign apply."""
    wire.check_range(call.state, plan.start, plan.end)
    if not campaign.started and not campaign.finished and plan.start != campaign.plan.start:
        wire.check_new_dates(call.state, plan.start, plan.end, message="Invalid startDate")
    if not campaign.finished and plan.closes <= call.state.now:
        raise invalid("Invalid endDate")
    try:
        call.campaigns.change_plan(campaign, plan)
    except StateError as error:
        raise invalid(str(error)) from None


def apply_delete(call: Call, campaign: Campaign) -> dict[str, bool]:
    """Cancel or abort a campaign; the switch selects the form of a refusal (Q7)."""
    try:
        call.campaigns.delete(campaign)
    except StateError as error:
        if call.state.switches["delete_refusal"] == "success_false":
            return {"success": False}
        raise invalid(str(error)) from None
    return {"success": True}


def campaign_page(
    call: Call,
    account: Account,
    *,
    api: str,
    statuses: tuple[str, ...],
    row: Callable[[Campaign], dict[str, Any]],
) -> dict[str, Any]:
    """A page of the report by status."""
    status = call.choice("campaignStatus", statuses)
    if status is None:
        raise invalid("Invalid campaignStatus")
    found = call.campaigns.reported(account, api=api, status=status)
    cursor = (call.request.query("lastSeenCampaignId") or "").lower()
    if cursor.strip("0"):
        if call.state.switches["campaign_cursor"] == "by_id":
            found = [campaign for campaign in found if campaign.id > cursor]
        else:
            seen = call.state.campaigns_by_id.get(cursor)
            if seen is None:
                raise invalid("Invalid uuid")
            found = [campaign for campaign in found if campaign.number > seen.number]
    page, more = found[:PAGE], len(found) > PAGE
    return {
        "hasMoreData": more,
        "lastSeenCampaignId": page[-1].id if page else "",
        "campaignList": [row(campaign) for campaign in page] or None,
    }


def device_report(call: Call, campaign: Campaign, row: Callable[[str, DeviceEntry], str]) -> Listed:
    """A page of the campaign's device report; ``row`` returns JSON."""
    order = call.campaigns.report(campaign)
    page = call.page(f"campaign/{campaign.id}", order)
    head = {
        "totalDevice": len(order),
        "hasMoreData": page.more,
        "lastSeenDeviceId": page.cursor,
        "maxPageSize": PAGE,
    }
    return Listed(head, "deviceList", [row(imei, campaign.entry(imei)) for imei in page.imeis])


def history(
    call: Call, account: Account, *, api: str
) -> Iterator[tuple[str, Campaign, DeviceEntry]]:
    """Campaigns of one device, oldest first."""
    imei = call.device_id
    finished_only = call.state.switches["device_history"] == "finished"
    for work in call.state.history.get(imei, []):
        if not isinstance(work, Campaign) or work.api != api or work.account is not account:
            continue
        entry = work.entries.get(imei)
        if entry is None or (finished_only and not entry.settled):
            continue
        yield imei, work, entry
