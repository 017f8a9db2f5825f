# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lists, reports and versions of devices show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..state.clock import DAY, HOUR, parse_rfc3339
from .findings import Finding, found
from .recording import Exchange
from .story import Campaign, Story, sent_devices

_CURSOR = "lastSeenDeviceId"
_PAGED = frozenset(
    {
        *("v2ListDevices", "v3ListDevices", "v2ListCampaignDevices", "v3ListCampaignDevices"),
        *("v2GetLicenseStatus", "v3GetLicenseStatus"),
    }
)
_RETRY_WORDS = ("RequestToFotaServerFailed", "UpgradeFailed", "UpgradePending")
_REJECTION = re.compile(
    "not found|busy|eligible|capable|inactive|prerequisite|make|model|protocol|licen|invalid",
    re.IGNORECASE,
)
# A list of so many is hardly in order by chance (1 in 5040).
_ENOUGH = 7
_PAGE = 1000
# Hours from UTC to the time zones that windows may be in.
_ZONES = {"utc": 0, "utc-5": 5}


def rows(story: Story) -> Iterator[Finding]:
    """Words and times in the device reports of v3 campaigns."""
    for campaign in story.campaigns.values():
        hours: list[int] = []
        last: Exchange | None = None
        for report, row in campaign.device_rows():
            word = str(row.get("status"))
            if "recentAttemptTime" in row and "nextAttemptTime" in row:
                values = [word] if word in _RETRY_WORDS else []
                yield found("v3_retry_word", report, word, *values)
            if report.operation == "v3ListCampaignDevices" and _is_rejection(row):
                values = [word] if word in ("DeviceRejected", "UpgradeFailed") else []
                yield found("v3_rejected_word", report, f"{word}: {_reason(row)}", *values)
            hours += _attempt_hour(row)
            last = report
        if last is not None and hours:
            yield from _zone(campaign, last, hours)


def _zone(campaign: Campaign, report: Exchange, hours: list[int]) -> Iterator[Finding]:
    """Compare the hours of attempts with the windows, in all time zones of whole hours."""
    windows = campaign.windows()
    if not windows:
        return
    fits = {
        shift
        for shift in range(24)
        if all(_is_open(windows, (hour - shift) % 24) for hour in hours)
    }
    values = [value for value, shift in _ZONES.items() if shift in fits]
    if values and len(fits) > 1:
        values = list(_ZONES)  # few attempts in long windows fit other zones, too
    seen = f"windows {windows}, attempts at {sorted(set(hours))} UTC"
    yield found("window_zone", report, seen, *values)


def _is_open(windows: list[tuple[int, int]], hour: int) -> bool:
    return any(start <= hour < end for start, end in windows)


def _attempt_hour(row: dict[str, Any]) -> list[int]:
    try:
        return [int(parse_rfc3339(str(row.get("recentAttemptTime"))) % DAY // HOUR)]
    except (ValueError, OverflowError):
        return []


def _is_rejection(row: dict[str, Any]) -> bool:
    """Whether a device was refused before any attempt."""
    if "recentAttemptTime" in row or "nextAttemptTime" in row:
        return False
    word = str(row.get("status"))
    known = _REJECTION.search(_reason(row)) is not None
    return word.endswith("Rejected") or (word == "UpgradeFailed" and known)


def _reason(row: dict[str, Any]) -> str:
    return str(row.get("resultReason") or row.get("Reason") or row.get("reason") or "")


def unlicensed(story: Story) -> Iterator[Finding]:
    """What becomes of devices without a license, where licenses are monthly."""
    for campaign in story.campaigns.values():
        for report, row in campaign.device_rows():
            if _is_rejection(row) and "licen" in _reason(row).lower():
                yield found("unlicensed_devices", report, _reason(row), "rejected")
        request = campaign.request
        failed = [item for item in campaign.sightings if item.status == "requestfailed"]
        if request is None or not failed or request.request.get("autoAssignLicenseFlag") is True:
            continue
        reasons = {_reason(row).lower() for _report, row in campaign.device_rows()}
        if reasons and all("licen" in reason for reason in reasons):
            word = "CampaignRequestFailed for a license"
            yield found("unlicensed_devices", failed[0].exchange, word, "request_failed")


def unknown(story: Story) -> Iterator[Finding]:
    """Whether a device that is not in the account has a row."""
    for exchange in story.good("v3SyncDeviceFirmware", "v3QueryDevices"):
        answered = exchange.rows("deviceFirmwarVersionList") + exchange.rows("deviceList")
        asked, got = set(sent_devices(exchange)), {str(row.get("deviceId")) for row in answered}
        if "protocol" in exchange.query or len(asked) > _PAGE:
            continue  # the reply need not have all of them
        missing = [row for row in answered if "not found" in _reason(row).lower()]
        if missing:
            yield found("unknown_devices", exchange, _reason(missing[0]), "row")
        elif asked - got:
            yield found("unknown_devices", exchange, f"{len(asked - got)} without a row", "absent")


def versions(story: Story) -> Iterator[Finding]:
    """When the new version of a device is known after its success."""
    for exchange in story.good("v3QueryDevices", "v3ListDevices"):
        for row in exchange.rows("deviceList"):
            success = _success(story, str(row.get("deviceId")), exchange)
            if success is None or exchange.now is None:
                continue
            since, to_version = success
            hours = (exchange.now - since) / HOUR
            is_new = row.get("firmware") == to_version
            seen = f"{'new' if is_new else 'old'} {hours:.0f} hours after the success"
            if is_new:
                values = ["at_once", "next_day"] if hours >= 24 else ["at_once"]
            else:
                values = ["on_refresh"] if hours >= 25 else ["next_day", "on_refresh"]
            yield found("stored_after_success", exchange, seen, *values)


def _success(story: Story, device: str, exchange: Exchange) -> tuple[float, str] | None:
    """The time of the last success of a device before, and its version, unless it was refreshed."""
    last: tuple[float, str] | None = None
    for seen in story.device_rows.get(device, ()):
        if seen.report.line > exchange.line or seen.row.get("status") != "UpgradeSuccess":
            continue
        try:
            at = parse_rfc3339(str(seen.row.get("updatedTime")))
        except (ValueError, OverflowError):
            continue
        if last is None or at > last[0]:
            last = at, seen.campaign.version
    for refresh in story.refreshes.get(device, ()):
        if last is None or refresh.line > exchange.line or refresh.now is None:
            continue
        if refresh.now >= last[0]:
            return None
    return last


def cursors(story: Story) -> Iterator[Finding]:
    """How the cursor of device lists works."""
    issued: dict[str, set[str]] = {}
    for exchange in story.exchanges:
        if exchange.operation not in _PAGED or exchange.status is None:
            continue
        place = f"{exchange.operation} {exchange.path}"
        known = issued.setdefault(place, set())
        sent = exchange.query.get(_CURSOR, "")
        sent = "" if not sent.strip("0") else sent
        if exchange.refused and sent and sent not in known and _is_imei(sent):
            yield found("device_cursor", exchange, exchange.message, "known_only", "opaque")
        if not exchange.good:
            continue
        cursor = str(exchange.answer.get(_CURSOR) or "")
        if cursor:
            known.add(cursor)
        yield from _page(exchange, cursor, sent, is_guess=bool(sent) and sent not in known)


def _page(exchange: Exchange, cursor: str, sent: str, *, is_guess: bool) -> Iterator[Finding]:
    order = exchange.order
    count = order.get("rows", 0)
    ascending = order.get("ids") == "ascending"
    if count > 1 and cursor and not _is_imei(cursor):
        yield found("device_cursor", exchange, "it is a token", "opaque")
        return
    if count > 1 and not ascending:
        yield found("device_cursor", exchange, "the list is not in order of IMEI", "unordered")
        return
    if count >= _ENOUGH and order.get("last") is True:
        seen = "an ordered list, with its last IMEI as cursor"
        yield found("device_cursor", exchange, seen, "larger_than", "known_only", "ignored")
    if is_guess and count and _is_imei(sent):
        if order.get("after") is True:
            seen = "a page from an IMEI that was not a cursor"
            yield found("device_cursor", exchange, seen, "larger_than", "unordered")
        else:
            seen = "an unknown cursor gave smaller IMEIs"
            yield found("device_cursor", exchange, seen, "ignored", "unordered")


def _is_imei(text: str) -> bool:
    return len(text) == 15 and text.isascii() and text.isdigit()
