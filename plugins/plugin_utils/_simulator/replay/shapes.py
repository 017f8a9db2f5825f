# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the keys of replies, their form, and the replies to bad paths and sessions show."""

from __future__ import annotations

from collections.abc import Iterator

from ..api.compression import MIN_BYTES
from ..state.clock import MINUTE
from .findings import Finding, found
from .recording import Exchange
from .story import Story

_LICENSES = ("v3GetLicenseStatus", "v3GetLicenseStatusDocsPath")
_LICENSE_CHANGES = ("v3AssignLicenses", "v3RemoveLicenses")
# Two paths of one read: that of the SDK, and that of the documentation.
_TWO_PATHS = {
    "v3ListCampaignsByStatus": ("sdk", "docs"),
    "v3GetLicenseStatus": ("sdk", "docs"),
    "v3ListCampaignsByStatusDocsPath": ("docs", "sdk"),
    "v3GetLicenseStatusDocsPath": ("docs", "sdk"),
}
_IDLE = 20 * MINUTE


def keys(story: Story) -> Iterator[Finding]:
    """Switches that only rename or omit members."""
    for exchange in story.good("v3GetCampaign"):
        flags = "autoAssignLicenseFlag" in exchange.answer
        yield found("auto_flags", exchange, "GET of a campaign", "echoed" if flags else "absent")
        for key in ("timeWindowList", "campaignTimeWindowList"):
            if key in exchange.answer:
                yield found("windows_key", exchange, key, key)
    for exchange in story.good("v3SyncDeviceFirmware"):
        for row in exchange.rows("deviceFirmwarVersionList")[:1]:
            for key, value in (("VersionUpdateTime", "seed"), ("firmwareVersionUpdateTime", "sdk")):
                if key in row:
                    yield found("sync_keys", exchange, key, value)
    for exchange in story.good(*_LICENSES, *_LICENSE_CHANGES):
        totals = (("totalLicenses", "sdk"), ("totalLicense", "docs"))
        counts = (("licCount", "sdk"), ("licTotalCount", "docs"))
        for key, value in (*totals, *counts):
            if key in exchange.answer:
                yield found("license_keys", exchange, key, value)
    for exchange in story.good("v3GetDeviceHistory"):
        for row in exchange.rows("")[:1]:
            for key in ("campaignId", "id"):
                if key in row:
                    yield found("history_id", exchange, key, key)


def forms(story: Story) -> Iterator[Finding]:
    """Switches about the form of a reply."""
    for exchange in story.good("v1ListCallbacks"):
        if exchange.body:
            form = "array" if isinstance(exchange.body, list) else "object"
            yield found("v1_callback_list", exchange, f"the reply is an {form}", form)
    for exchange in story.good("v2ListFiles"):
        form = "array" if isinstance(exchange.body, list) else "object"
        yield found("file_list", exchange, f"the reply is an {form}", form)
    for exchange in story.good("v2UpdateCampaignDates"):
        status = str(exchange.answer.get("status", ""))
        full = "full" if status.startswith("Campaign") else "bare"
        yield found("date_change_status", exchange, status, full)
    for exchange in story.exchanges:
        packed = exchange.headers.get("content-encoding", "").lower() == "gzip"
        if packed or (exchange.size >= MIN_BYTES and exchange.media_type == "application/json"):
            yield found("gzip", exchange, f"{exchange.size} bytes", "on" if packed else "off")
    for exchange in story.of("v2DisableLogging"):
        if "," in exchange.query.get("deviceIds", "") and (exchange.good or exchange.refused):
            value = "comma" if exchange.good else "one"
            yield found("logging_device_ids", exchange, f"HTTP {exchange.status}", value)


def paths(story: Story) -> Iterator[Finding]:
    """The gateway's reply to a path that it does not have, and paths that differ by source."""
    for exchange in story.exchanges:
        unknown = _is_unknown_path(exchange)
        if unknown:
            value = str(exchange.status)
            value = f"{value}_xml" if exchange.text else value
            values = [value] if value in ("400", "404", "404_xml") else []
            yield found("unknown_path", exchange, f"HTTP {exchange.status}, 900906", *values)
        if exchange.operation in _TWO_PATHS and (unknown or exchange.good):
            own, other = _TWO_PATHS[exchange.operation]
            seen = f"{exchange.operation} is {'unknown' if unknown else 'known'}"
            yield found("v3_paths", exchange, seen, *([other] if unknown else ["both", own]))


def expired_sessions(story: Story) -> Iterator[Finding]:
    """How an ended session is refused."""
    for exchange in story.exchanges:
        value = _expired_session(exchange)
        if value is not None:
            values = [value] if value else []
            code = exchange.answer.get("errorCode") or exchange.answer.get("error")
            yield found("expired_session", exchange, f"HTTP {exchange.status}, {code}", *values)


def older_sessions(story: Story) -> Iterator[Finding]:
    """Whether a new login of a user ends the older sessions."""
    users: dict[str, str] = {}
    newest: dict[str, str] = {}
    used: dict[str, float] = {}
    for exchange in story.exchanges:
        if exchange.operation == "startM2MSession" and exchange.issued:
            user = str(exchange.request.get("username"))
            users[exchange.issued] = user
            newest[user] = exchange.issued
            used[exchange.issued] = exchange.at
        session = exchange.session
        if session not in users:
            continue
        is_older = newest[users[session]] != session
        idle = exchange.at - used[session]
        if is_older and exchange.good:
            yield found("older_sessions", exchange, "used after a later login", "valid")
        elif is_older and idle < _IDLE and _expired_session(exchange) is not None:
            yield found("older_sessions", exchange, "ended by a later login", "ended")
        if exchange.good:
            used[session] = exchange.at
        is_over = exchange.operation == "endM2MSession" or _expired_session(exchange) is not None
        if is_over and exchange.operation != "startM2MSession":
            del users[session]


def _is_unknown_path(exchange: Exchange) -> bool:
    fault = exchange.answer.get("fault")
    code = str(fault.get("code")) if isinstance(fault, dict) else ""
    return code == "900906" or "<am:code>900906<" in exchange.text


def _expired_session(exchange: Exchange) -> str | None:
    """The value of ``expired_session``, empty for something else; None if it is not refused."""
    if exchange.status is None or not 400 <= exchange.status < 500:
        return None
    code = str(exchange.answer.get("errorCode") or "")
    if exchange.answer.get("error") == "unauthorized":
        return "unauthorized_401" if exchange.status == 401 else ""
    if not code.endswith("SessionToken.Expired"):
        return None
    prefixed = code.startswith("UnifiedWebService.")
    if exchange.status == 400:
        return "prefixed_400" if prefixed else "fota_400"
    return "fota_403" if exchange.status == 403 and not prefixed else ""
