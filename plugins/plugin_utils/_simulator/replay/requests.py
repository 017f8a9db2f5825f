# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service accepts when campaigns and upgrades are created and changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ..state.clock import DAY
from ..state.windows import merged
from .findings import Finding, found
from .recording import Exchange
from .story import (
    DATE_CHANGES,
    DEVICE_CHANGES,
    SCHEDULES,
    WINDOW_KEYS,
    Campaign,
    Story,
    change_of,
    sent_day,
    sent_devices,
    sent_windows,
    today,
    windows_of,
)

_MONTH = 31 * DAY
_PILOT_LIMIT = 20
_TIME_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)


def names(story: Story) -> Iterator[Finding]:
    """Whether a second live campaign can have a name."""
    for exchange in story.of(*SCHEDULES):
        name = exchange.request.get("campaignName")
        twins = [
            campaign
            for campaign in story.campaigns.values()
            if name and campaign.name == name and campaign.request is not exchange
            if campaign.lives(exchange)
        ]
        if twins and exchange.good:
            yield found("campaign_names", exchange, "a name was used twice", "free")
        elif twins and exchange.refused and "name" in exchange.message:
            yield found("campaign_names", exchange, exchange.message, "unique")


def dates(story: Story) -> Iterator[Finding]:
    """Which dates are accepted."""
    for exchange in story.of(*SCHEDULES):
        start, day = sent_day(exchange, "startDate"), today(exchange)
        if start is None or day is None:
            continue
        is_about_dates = exchange.refused and "date" in exchange.message
        if exchange.good and start <= day:
            values = ["past"] if start < day else ["today", "past"]
            yield found("start_date", exchange, "such a start was accepted", *values)
        elif is_about_dates and start <= day:
            values = ["today", "tomorrow"] if start < day else ["tomorrow"]
            yield found("start_date", exchange, exchange.message, *values)
    for exchange in story.of(*SCHEDULES, *DATE_CHANGES):
        start, end = sent_day(exchange, "startDate"), sent_day(exchange, "endDate")
        if exchange.operation == "v1ScheduleUpgrade" or start is None or end is None:
            continue
        if end - start < _MONTH:
            continue
        days = f"{round((end - start) / DAY) + 1} days"
        if exchange.good:
            yield found("max_campaign_days", exchange, days, "none")
        elif exchange.refused and re.search("day|date|long", exchange.message):
            yield found("max_campaign_days", exchange, f"{days}: {exchange.message}", "31")
    for exchange in story.of("v1ScheduleUpgrade"):
        text = str(exchange.request.get("startDate"))
        if _TIME_WITHOUT_ZONE.fullmatch(text) and (exchange.good or exchange.refused):
            value = "accepted" if exchange.good else "refused"
            yield found("v1_time_without_zone", exchange, f"HTTP {exchange.status}", value)


def windows(story: Story) -> Iterator[Finding]:
    """Overlapping, omitted and returned time windows."""
    for exchange in story.of(*SCHEDULES, *DATE_CHANGES):
        for sent in sent_windows(exchange):
            if any(later[0] < earlier[1] for earlier, later in pairwise(sorted(sent))):
                if exchange.good:
                    yield found("overlapping_windows", exchange, "they overlap", "accepted")
                elif exchange.refused and "window" in exchange.message:
                    yield found("overlapping_windows", exchange, exchange.message, "refused")
    for exchange in story.good(*SCHEDULES, *DATE_CHANGES):
        for key in WINDOW_KEYS:
            sent = windows_of(exchange.request.get(key))
            got = windows_of(exchange.answer.get(key))
            expected = {"as_sent": sent, "sorted": sorted(sent), "merged": list(merged(sent))}
            if sent and got and len({str(order) for order in expected.values()}) > 1:
                values = [name for name, order in expected.items() if order == got]
                yield found("window_order", exchange, f"{sent} became {got}", *values)
    for exchange in story.good(*DATE_CHANGES):
        campaign = story.campaign(exchange)
        if campaign is None or sent_windows(exchange) or campaign.started(exchange):
            continue
        if any(key in exchange.request for key in WINDOW_KEYS):
            continue
        before = campaign.before(exchange)
        had = before is not None and any(windows_of(before.row.get(key)) for key in WINDOW_KEYS)
        if had:
            kept = any(windows_of(exchange.answer.get(key)) for key in WINDOW_KEYS)
            seen = "windows that were not sent"
            yield found("omitted_windows", exchange, seen, "keep" if kept else "clear")


def sizes(story: Story) -> Iterator[Finding]:
    """How many devices one call can have."""
    for exchange in story.of(*SCHEDULES, *DEVICE_CHANGES):
        count = len(sent_devices(exchange))
        if count <= 100:
            continue
        if exchange.good:
            values = ["none"] if count > 1000 else ["none", "1000"]
            yield found("max_devices_per_call", exchange, f"{count} devices", *values)
        elif exchange.refused and re.search("device list|exceed|too many", exchange.message):
            values = ["1000", "100"] if count > 1000 else ["100"]
            yield found("max_devices_per_call", exchange, exchange.message, *values)


def change_bodies(story: Story) -> Iterator[Finding]:
    """The format of a device change, and how repeated and removing changes are reported."""
    for exchange in story.of(*DEVICE_CHANGES - {"v1UpdateUpgradeDevices"}):
        form = "wrapped" if "addOrRemoveDevice" in exchange.request else "flat"
        other = "flat" if form == "wrapped" else "wrapped"
        if exchange.good:
            yield found("device_change_body", exchange, f"{form} was accepted", "any", form)
        elif exchange.refused and "binding" in exchange.message:
            yield found("device_change_body", exchange, f"{form} was refused", other)
    for campaign in story.campaigns.values():
        yield from _change_rows(campaign)


def _change_rows(campaign: Campaign) -> Iterator[Finding]:
    if campaign.request is None:
        return
    members = set(sent_devices(campaign.request))
    for exchange in campaign.changes:
        verb = change_of(exchange)
        if not exchange.good or verb not in ("append", "remove"):
            continue
        for row in exchange.rows("deviceList"):
            device, status = str(row.get("deviceId")), str(row.get("status"))
            succeeded = status.endswith(("Succeed", "Success"))
            if (device in members) == (verb == "append"):
                value = "succeed" if succeeded else "failed"
                yield found("repeated_device_change", exchange, f"{verb}: {status}", value)
            elif verb == "remove" and succeeded:
                values = {"RemoveDeviceSucceed": ["own"], "AddDeviceSucceed": ["seed"]}
                yield found("remove_words", exchange, status, *values.get(status, []))
        change = set(sent_devices(exchange))
        members = members | change if verb == "append" else members - change


def packages(story: Story) -> Iterator[Finding]:
    """Packages that are unknown, and the pilots that a package needs."""
    for exchange in story.of(*SCHEDULES - {"v2ScheduleFileCampaign"}):
        sent = exchange.request
        name = str(sent.get("firmwareName") or sent.get("softwareName"))
        if story.packages and name not in story.packages:
            if exchange.refused and "invalid" in exchange.message:
                yield found("unknown_package", exchange, exchange.message, "http_400")
            elif exchange.good and _final(story, exchange) == "requestfailed":
                seen = "the campaign became CampaignRequestFailed"
                yield found("unknown_package", exchange, seen, "request_failed")
        elif len(sent_devices(exchange)) > _PILOT_LIMIT:
            yield from _pilot(story, exchange, name)


def _pilot(story: Story, exchange: Exchange, name: str) -> Iterator[Finding]:
    """What becomes of many devices, depending on the campaigns that the package had before."""
    earlier = [
        campaign
        for campaign in story.campaigns.values()
        if campaign.package == name and campaign.request is not exchange
        if campaign.before(exchange) is not None
    ]
    outcome = _final(story, exchange) if exchange.good else "refused"
    if exchange.refused and "pilot" not in exchange.message:
        return
    went_on = outcome in {"requestqueued", "prescheduled", "scheduled", "ended", "queued"}
    counts = [_results(campaign, exchange) for campaign in earlier]
    single = any(_passes(*count) for count in counts)
    total = _passes(sum(good for good, _all in counts), sum(every for _good, every in counts))
    if total and not single and (went_on or outcome in {"requestfailed", "refused"}):
        value = "all_campaigns" if went_on else "one_campaign"
        yield found("pilot_evidence", exchange, f"only all pilots together: {outcome}", value)
    if not single and not total and _knows_all(story, exchange):
        values = {"refused": "http_400", "requestfailed": "request_failed"}
        value = "off" if went_on else values.get(outcome, "")
        if value:
            yield found("pilot_rule", exchange, f"without a pilot: {outcome}", value)


def _results(campaign: Campaign, exchange: Exchange) -> tuple[int, int]:
    """Devices that succeeded and that have a result, by the last report before an exchange."""
    reports = [report for report in campaign.reports if report.line < exchange.line]
    words = [str(row.get("status")) for row in reports[-1].rows("deviceList")] if reports else []
    good = words.count("UpgradeSuccess")
    return good, good + words.count("UpgradeFailed")


def _passes(good: int, every: int) -> bool:
    return every >= 5 and 2 * good >= every


def _knows_all(story: Story, exchange: Exchange) -> bool:
    """Whether the reports of ended and scheduled campaigns were read before: none is unknown."""
    lists = story.good(
        "v2ListCampaignsByStatus", "v3ListCampaignsByStatus", "v3ListCampaignsByStatusDocsPath"
    )
    read = {
        report.query.get("campaignStatus")
        for report in lists
        if report.line < exchange.line and report.operation[:2] == exchange.operation[:2]
    }
    return {"CampaignEnded", "CampaignScheduled"} <= read


def _final(story: Story, exchange: Exchange) -> str:
    """The status of a new campaign once its checks are done, without prefix."""
    campaign = story.campaigns.get(str(exchange.answer.get("id")))
    words = [sighting.status for sighting in campaign.sightings] if campaign else []
    return next((word for word in words if word not in ("requestpending", "pending")), "")
