# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What statuses, cancellations and reports of campaigns show."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..state.clock import DAY, HOUR
from .findings import Finding, found
from .recording import Exchange
from .story import (
    CANCELS,
    DEVICE_CHANGES,
    FINAL,
    REPORTS,
    Campaign,
    Story,
    change_of,
    sent_devices,
)

_HALF_YEAR = 183 * DAY
# A status that was read so long ago (service time) counts as the present one.
_FRESH = 60.0
# The service's own checks of a new campaign may take this long.
_CHECKS = 6 * HOUR
# So many campaigns are hardly in the order of their ids by chance (1 in 720).
_ENOUGH = 6
_PRESCHEDULED = {
    "CampaignScheduled": "scheduled",
    "CampaignRequestQueued": "queued",
    "CampaignPreScheduled": "own",
}


def deletions(story: Story) -> Iterator[Finding]:
    """What DELETE does to campaigns that wait, run or have ended, and how it is refused."""
    for campaign in story.campaigns.values():
        for number, exchange in enumerate(campaign.deletions):
            success = exchange.answer.get("success")
            done = exchange.good and success is not False
            denied = exchange.refused or (exchange.good and success is False)
            if not done and not denied:
                continue
            if denied:
                value = "http_400" if exchange.refused else "success_false"
                yield found("delete_refusal", exchange, f"HTTP {exchange.status}", value)
            before = campaign.before(exchange)
            deleted = any(_succeeded(earlier) for earlier in campaign.deletions[:number])
            if deleted or (before is not None and before.status in FINAL):
                value = "success" if done else "refused"
                yield found("delete_ended", exchange, "it had ended before", value)
            elif exchange.operation != "v1CancelUpgrade" and campaign.started(exchange):
                switch = f"delete_started_{exchange.operation[:2]}"
                after = campaign.after(exchange)
                if denied:
                    yield found(switch, exchange, "it was refused after the start", "refused")
                elif after is not None and after.status == "aborted":
                    yield found(switch, exchange, "it became CampaignAborted", "aborted")


def cancelled_upgrades(story: Story) -> Iterator[Finding]:
    """Whether a cancelled v1 upgrade can still be read."""
    for exchange in story.of("v1GetUpgrade"):
        upgrade = story.campaign(exchange)
        earlier = [] if upgrade is None else upgrade.deletions
        if any(_succeeded(deletion) and deletion.line < exchange.line for deletion in earlier):
            if exchange.good:
                values = ["cancelled"] if exchange.answer.get("status") == "Cancelled" else []
                status = str(exchange.answer.get("status"))
                yield found("v1_cancelled_upgrade", exchange, status, *values)
            elif exchange.refused:
                yield found("v1_cancelled_upgrade", exchange, exchange.message, "gone")


def prescheduled(story: Story) -> Iterator[Finding]:
    """Which report by status has a campaign that is CampaignPreScheduled."""
    for exchange in story.good("v3ListCampaignsByStatus", "v3ListCampaignsByStatusDocsPath"):
        value = _PRESCHEDULED.get(exchange.query.get("campaignStatus", ""))
        for row in exchange.rows("campaignList"):
            if value and row.get("status") == "CampaignPreScheduled":
                yield found("prescheduled", exchange, f"in the report {value}", value)
    for campaign in story.campaigns.values():
        yield from _hidden(story, campaign)


def _hidden(story: Story, campaign: Campaign) -> Iterator[Finding]:
    """A campaign that was PreScheduled before and after all three reports, and in none of them."""
    seen = [item for item in campaign.sightings if item.exchange.operation == "v3GetCampaign"]
    for first, last in pairwise(seen):
        if not first.status == last.status == "prescheduled":
            continue
        reports = {
            _PRESCHEDULED.get(exchange.query.get("campaignStatus", "")): exchange
            for exchange in story.of("v3ListCampaignsByStatus", "v3ListCampaignsByStatusDocsPath")
            if first.exchange.line < exchange.line < last.exchange.line
            if not any(row.get("id") == campaign.id for row in exchange.rows("campaignList"))
            if exchange.refused or exchange.answer.get("hasMoreData") is False
        }
        if {"scheduled", "queued", "own"} <= reports.keys():
            seen_in = "it was in no report"
            yield found("prescheduled", reports["own"], seen_in, "hidden")


def entries(story: Story) -> Iterator[Finding]:
    """When a campaign becomes CampaignScheduled."""
    for campaign in story.campaigns.values():
        start = campaign.day("startDate")
        for sighting in campaign.sightings:
            now = sighting.exchange.now
            if start is None or now is None or now >= start:
                continue
            if sighting.status == "scheduled":
                seen = f"{(start - now) / HOUR:.1f} hours before its start"
                yield found("scheduled_entry", sighting.exchange, seen, "day_before")
            elif sighting.status in ("prescheduled", "requestqueued") and _is_late(
                campaign, now, start
            ):
                seen = f"{sighting.status} {(start - now) / HOUR:.1f} hours before its start"
                yield found("scheduled_entry", sighting.exchange, seen, "at_start")


def _is_late(campaign: Campaign, now: float, start: float) -> bool:
    """Whether the checks are long done, and the last day before the start has come."""
    created = None if campaign.request is None else campaign.request.now
    return created is not None and now - created > _CHECKS and now >= start - DAY + _CHECKS / 6


def history(story: Story) -> Iterator[Finding]:
    """How long campaigns are listed, in which order, and which ones a device's history has."""
    for exchange in story.good(*REPORTS):
        rows = exchange.rows("campaignList")
        if rows and exchange.now is not None:
            yield from _ages(story, exchange)
        if len(rows) >= _ENOUGH and exchange.order.get("ids"):
            order = exchange.order["ids"]
            values = {"ascending": ["by_id"], "unordered": ["by_creation"]}.get(order, [])
            yield found("campaign_cursor", exchange, f"{len(rows)} ids, {order}", *values)
        elif rows and exchange.order.get("ids") == "unordered":
            yield found("campaign_cursor", exchange, "ids are not in order", "by_creation")
    for exchange in story.good("v2GetDeviceHistory", "v3GetDeviceHistory"):
        yield from _device_history(story, exchange)


def _ages(story: Story, exchange: Exchange) -> Iterator[Finding]:
    """Whether campaigns of more than half a year ago are listed."""
    for row in exchange.rows("campaignList"):
        campaign = story.campaigns.get(str(row.get("id")))
        end = campaign.day("endDate") if campaign else None
        if end is not None and exchange.now and exchange.now - end > _HALF_YEAR + DAY:
            yield found("campaign_history", exchange, "one ended over six months ago", "forever")


def forgotten(story: Story) -> Iterator[Finding]:
    """A campaign that ended over half a year ago and is in no report any more."""
    for exchange in story.good("v2ListCampaignsByStatus", "v3ListCampaignsByStatus"):
        is_whole = exchange.answer.get("hasMoreData") is False and not _cursor(exchange)
        if exchange.query.get("campaignStatus") != "CampaignEnded" or not is_whole:
            continue
        listed = {str(row.get("id")) for row in exchange.rows("campaignList")}
        for campaign in story.campaigns.values():
            before, end = campaign.before(exchange), campaign.day("endDate")
            if before is None or end is None or exchange.now is None or campaign.id in listed:
                continue
            same_version = before.exchange.operation[:2] == exchange.operation[:2]
            stopped = before.status in FINAL - {"ended"}
            if same_version and not stopped and exchange.now - end > _HALF_YEAR + DAY:
                seen = "one that ended over six months ago is not listed"
                yield found("campaign_history", exchange, seen, "six_months")


def _cursor(exchange: Exchange) -> str:
    return exchange.query.get("lastSeenCampaignId", "").strip("0")


def _device_history(story: Story, exchange: Exchange) -> Iterator[Finding]:
    ids = {str(row.get("campaignId") or row.get("id")) for row in exchange.rows("")}
    for campaign in story.campaigns.values():
        device = exchange.params.get("deviceId", "")
        if not campaign.lives(exchange) or not _accepted(story, campaign, device, exchange):
            continue
        if campaign.id in ids:
            yield found("device_history", exchange, "it has a campaign that is not over", "all")
        else:
            seen = "it lacks a campaign that is not over"
            yield found("device_history", exchange, seen, "finished")


def _accepted(story: Story, campaign: Campaign, device: str, exchange: Exchange) -> bool:
    """Whether a report that was read before shows the device, accepted and without a result."""
    words = [
        str(seen.row.get("status"))
        for seen in story.device_rows.get(device, ())
        if seen.campaign is campaign and seen.report.line < exchange.line
    ]
    return bool(words) and words[-1] not in ("DeviceRejected", "UpgradeFailed", "UpgradeSuccess")


def device_reports(story: Story) -> Iterator[Finding]:
    """The report of a new campaign, and that of removed devices."""
    for campaign in story.campaigns.values():
        for report in campaign.reports:
            before = campaign.before(report)
            fresh = before is not None and _age(before.exchange, report) <= _FRESH
            if fresh and before is not None and before.status == "requestpending":
                rows = report.rows("deviceList")
                value = "rows" if rows else "empty"
                yield found("report_while_pending", report, f"{len(rows)} rows", value)
            else:
                yield from _removed(campaign, report)


def _removed(campaign: Campaign, report: Exchange) -> Iterator[Finding]:
    removed: set[str] = set()
    for change in campaign.changes:
        if change.operation not in DEVICE_CHANGES or change.line > report.line:
            continue
        if not change.good or _age(change, report) >= DAY:
            continue
        devices = _succeeded_devices(change)
        removed = removed | devices if change_of(change) == "remove" else removed - devices
    if not removed or report.answer.get("hasMoreData") is not False:
        return
    listed = {str(row.get("deviceId")) for row in report.rows("deviceList")}
    kept = bool(removed & listed)
    yield found("removed_devices", report, f"{len(removed)} removed", "kept" if kept else "gone")


def _succeeded_devices(change: Exchange) -> set[str]:
    rows = change.rows("deviceList")
    if not rows:
        return set(sent_devices(change))
    good = ("Succeed", "Success")
    return {str(row.get("deviceId")) for row in rows if str(row.get("status")).endswith(good)}


def _succeeded(exchange: Exchange) -> bool:
    """Whether a deletion was accepted."""
    return (
        exchange.operation in CANCELS
        and exchange.good
        and exchange.answer.get("success") is not False
    )


def _age(earlier: Exchange, later: Exchange) -> float:
    """Seconds of the service between two exchanges."""
    if earlier.now is None or later.now is None:
        return DAY * 365
    return later.now - earlier.now
