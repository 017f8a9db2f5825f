# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording tells of each campaign and upgrade, in the order of its exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..state.clock import DAY, HOUR, day_start, parse_day
from .recording import Exchange, Recording

SCHEDULES = frozenset(
    {
        *("v1ScheduleUpgrade", "v2ScheduleCampaign", "v2ScheduleHttpSoftwareCampaign"),
        *("v2ScheduleFileCampaign", "v3ScheduleCampaign"),
    }
)
DATE_CHANGES = frozenset({"v2UpdateCampaignDates", "v3UpdateCampaignDates"})
READS = frozenset({"v1GetUpgrade", "v2GetCampaign", "v3GetCampaign"})
REPORTS = frozenset(
    {
        *("v1ListUpgradesByStatus", "v2ListCampaignsByStatus"),
        *("v3ListCampaignsByStatus", "v3ListCampaignsByStatusDocsPath"),
    }
)
CANCELS = frozenset({"v1CancelUpgrade", "v2CancelCampaign", "v3CancelCampaign"})
DEVICE_CHANGES = frozenset(
    {
        *("v1UpdateUpgradeDevices", "v2UpdateCampaignDevices", "v3UpdateCampaignDevices"),
        "v3UpdateCampaignDevicesDocsPath",
    }
)
DEVICE_REPORTS = frozenset({"v2ListCampaignDevices", "v3ListCampaignDevices"})
FINAL = frozenset({"ended", "cancelled", "aborted", "failed", "requestfailed", "finished"})
WINDOW_KEYS = (
    *("campaignTimeWindowList", "timeWindowList"),
    *("downloadTimeWindowList", "installTimeWindowList"),
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A campaign in a reply, with its members there."""

    exchange: Exchange
    row: dict[str, Any]

    @property
    def status(self) -> str:
        """The status without its prefix, in lower case."""
        return str(self.row.get("status", "")).removeprefix("Campaign").lower()


@dataclass
class Campaign:
    """One campaign or upgrade: how it was requested, seen and changed.

    :ivar request: the exchange that created it, if that is in the recording.
    :ivar devices: those that were sent with its creation and its changes, as far as these are known
        to have succeeded.
    """

    id: str
    request: Exchange | None = None
    sightings: list[Sighting] = field(default_factory=list)
    reports: list[Exchange] = field(default_factory=list)
    changes: list[Exchange] = field(default_factory=list)
    deletions: list[Exchange] = field(default_factory=list)

    @property
    def package(self) -> str:
        """The name of its firmware or software."""
        rows = [sighting.row for sighting in self.sightings]
        names = (row.get("firmwareName") or row.get("softwareName") for row in rows)
        return str(next(filter(None, names), ""))

    @property
    def version(self) -> str:
        """The version that its devices get."""
        rows = (sighting.row for sighting in self.sightings)
        return str(next((row["firmwareTo"] for row in rows if row.get("firmwareTo")), ""))

    @property
    def name(self) -> str:
        names = (sighting.row.get("campaignName") for sighting in self.sightings)
        return str(next(filter(None, names), ""))

    def before(self, exchange: Exchange) -> Sighting | None:
        """The last sighting before an exchange."""
        earlier = [item for item in self.sightings if item.exchange.line < exchange.line]
        return earlier[-1] if earlier else None

    def after(self, exchange: Exchange) -> Sighting | None:
        """The first sighting after an exchange."""
        return next((s for s in self.sightings if s.exchange.line > exchange.line), None)

    def day(self, name: str) -> float | None:
        """The last known ``startDate`` or ``endDate``: 00:00 UTC, in seconds."""
        for sighting in reversed(self.sightings):
            text = str(sighting.row.get(name) or "")[:10]
            try:
                return day_start(parse_day(text))
            except ValueError:
                continue
        return None

    def lives(self, exchange: Exchange) -> bool:
        """Whether it was seen alive within the hour before, and not deleted since."""
        last = self.before(exchange)
        if last is None or last.status in FINAL or exchange.now is None:
            return False
        if any(deletion.line < exchange.line for deletion in self.deletions):
            return False
        return last.exchange.now is not None and exchange.now - last.exchange.now <= HOUR

    def started(self, exchange: Exchange) -> bool:
        """Whether its first day has come, and it had not ended."""
        last, start = self.before(exchange), self.day("startDate")
        ended = last is not None and last.status in FINAL
        return (
            start is not None and exchange.now is not None and exchange.now >= start and not ended
        )

    def windows(self) -> list[tuple[int, int]]:
        """Its time windows, as they were last returned."""
        for sighting in reversed(self.sightings):
            for key in WINDOW_KEYS:
                if isinstance(sighting.row.get(key), list):
                    return windows_of(sighting.row[key])
        return []

    def device_rows(self) -> Iterator[tuple[Exchange, dict[str, Any]]]:
        """The rows of its device reports."""
        for report in self.reports:
            for row in report.rows("deviceList"):
                yield report, row


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A row of a device report."""

    campaign: Campaign
    report: Exchange
    row: dict[str, Any]


class Story:
    """The campaigns of a recording, and questions that several detectors ask."""

    def __init__(self, recording: Recording) -> None:
        self.exchanges = recording.exchanges
        self.campaigns: dict[str, Campaign] = {}
        for exchange in self.exchanges:
            self._take(exchange)

    def of(self, *operations: str) -> Iterator[Exchange]:
        """The exchanges of some operations that have a reply."""
        return (
            exchange
            for exchange in self.exchanges
            if exchange.operation in operations and exchange.status is not None
        )

    def good(self, *operations: str) -> Iterator[Exchange]:
        """The successful exchanges of some operations."""
        return (exchange for exchange in self.of(*operations) if exchange.good)

    def campaign(self, exchange: Exchange) -> Campaign | None:
        """The campaign in the path of an exchange."""
        id_ = exchange.params.get("campaignId") or exchange.params.get("upgradeId")
        return self.campaigns.get(id_ or "")

    @cached_property
    def packages(self) -> set[str]:
        """The names of all packages that were listed."""
        lists = self.good("v1ListFirmware", "v2ListSoftware", "v3ListFirmware")
        rows = (row for exchange in lists for row in exchange.rows(""))
        return {str(row.get("firmwareName") or row.get("softwareName")) for row in rows}

    @cached_property
    def device_rows(self) -> dict[str, list[DeviceSeen]]:
        """The rows of all device reports by device, in the order of the recording."""
        found: dict[str, list[DeviceSeen]] = {}
        for campaign in self.campaigns.values():
            for report, row in campaign.device_rows():
                seen = DeviceSeen(campaign, report, row)
                found.setdefault(str(row.get("deviceId")), []).append(seen)
        for rows in found.values():
            rows.sort(key=lambda seen: seen.report.line)
        return found

    @cached_property
    def refreshes(self) -> dict[str, list[Exchange]]:
        """The calls that made the service read the version of a device, by device."""
        found: dict[str, list[Exchange]] = {}
        for exchange in self.of("v3SyncDeviceFirmware", "v3ReportDeviceFirmware"):
            for device in {exchange.params.get("deviceId", ""), *sent_devices(exchange)}:
                found.setdefault(device, []).append(exchange)
        return found

    def _take(self, exchange: Exchange) -> None:
        operation = exchange.operation
        if exchange.good:
            rows = [exchange.answer]
            if operation in REPORTS:
                rows = [*exchange.rows("campaignList"), *exchange.rows("reportList")]
            if operation in SCHEDULES | DATE_CHANGES | READS | REPORTS:
                for row in rows:
                    self._see(exchange, row)
        asked = self._asked(exchange)
        if asked is None or exchange.status is None:
            return
        if operation in CANCELS:
            asked.deletions.append(exchange)
        elif operation in DEVICE_CHANGES | DATE_CHANGES:
            asked.changes.append(exchange)
        elif operation in DEVICE_REPORTS and exchange.good:
            asked.reports.append(exchange)

    def _see(self, exchange: Exchange, row: dict[str, Any]) -> None:
        id_ = str(row.get("id") or row.get("campaignId") or "")
        if not id_:
            return
        campaign = self.campaigns.setdefault(id_, Campaign(id_))
        campaign.sightings.append(Sighting(exchange, row))
        if exchange.operation in SCHEDULES:
            campaign.request = exchange

    def _asked(self, exchange: Exchange) -> Campaign | None:
        id_ = exchange.params.get("campaignId") or exchange.params.get("upgradeId")
        return self.campaigns.setdefault(id_, Campaign(id_)) if id_ else None


def windows_of(rows: Any) -> list[tuple[int, int]]:
    """Time windows of a request or reply; those that are not whole hours are left out."""
    found = []
    for row in rows if isinstance(rows, list) else []:
        try:
            found.append((int(row["startTime"]), int(row["endTime"])))
        except (KeyError, TypeError, ValueError):
            continue
    return found


def sent_windows(exchange: Exchange) -> list[list[tuple[int, int]]]:
    """The window lists of a request that are not empty."""
    lists = (windows_of(exchange.request.get(key)) for key in WINDOW_KEYS)
    return [windows for windows in lists if windows]


def sent_devices(exchange: Exchange) -> list[str]:
    """The devices in a request, also where they are wrapped."""
    wrapped = exchange.request.get("addOrRemoveDevice")
    inner = wrapped[0] if isinstance(wrapped, list) and wrapped else exchange.request
    rows = inner.get("deviceList") if isinstance(inner, dict) else None
    return [str(row) for row in rows] if isinstance(rows, list) else []


def change_of(exchange: Exchange) -> str:
    """``append`` or ``remove`` of a device change."""
    wrapped = exchange.request.get("addOrRemoveDevice")
    inner = wrapped[0] if isinstance(wrapped, list) and wrapped else exchange.request
    return str((inner.get("Type") or inner.get("type") or "") if isinstance(inner, dict) else "")


def sent_day(exchange: Exchange, name: str) -> float | None:
    """A date in a request: 00:00 UTC, in seconds."""
    try:
        return day_start(parse_day(str(exchange.request.get(name) or "")[:10]))
    except ValueError:
        return None


def today(exchange: Exchange) -> float | None:
    """00:00 UTC of the day of the service."""
    return None if exchange.now is None else exchange.now // DAY * DAY
