# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One switch for each undocumented behavior of the service (CONTRACT section 14, ``Qn``).

The default is the behavior that is harder on clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    """One open question and its possible answers; the first is the default."""

    name: str
    question: str
    choices: tuple[str, ...]
    meaning: str

    @property
    def default(self) -> str:
        return self.choices[0]


TABLE = (
    Switch(
        "campaign_names",
        "Q1",
        ("free", "unique"),
        "unique: 400 for the name of another campaign of the account that has not ended",
    ),
    Switch(
        "prescheduled",
        "Q2",
        ("hidden", "scheduled", "queued", "own"),
        "which report by status includes a v3 campaign in PreScheduled: none (a request for "
        "CampaignPreScheduled returns 400), Scheduled, RequestQueued, or CampaignPreScheduled",
    ),
    Switch(
        "v3_paths",
        "Q3",
        ("both", "sdk", "docs"),
        "which paths of v3 campaign reports and license status the gateway accepts",
    ),
    Switch(
        "device_change_body",
        "Q4",
        ("any", "flat", "wrapped"),
        "format of the body of a v2 or v3 device change",
    ),
    Switch(
        "delete_started_v3",
        "Q5",
        ("refused", "aborted"),
        "DELETE of a v3 campaign that has started",
    ),
    Switch(
        "delete_started_v2",
        "Q5",
        ("aborted", "refused"),
        "DELETE of a v2 campaign that has started",
    ),
    Switch(
        "delete_ended",
        "Q6",
        ("refused", "success"),
        "DELETE of a campaign or upgrade that has ended",
    ),
    Switch(
        "delete_refusal",
        "Q7",
        ("http_400", "success_false"),
        "how a DELETE that the status does not allow is refused",
    ),
    Switch("window_zone", "Q9", ("utc", "utc-5"), "time zone of time windows"),
    Switch(
        "start_date",
        "Q10",
        ("today", "tomorrow", "past"),
        "earliest start date of a new campaign or upgrade: today, tomorrow, or any past day",
    ),
    Switch(
        "overlapping_windows",
        "Q11",
        ("accepted", "refused"),
        "time windows of one list that overlap",
    ),
    Switch(
        "max_campaign_days", "Q11", ("none", "31"), "maximum length of a v2 or v3 campaign in days"
    ),
    Switch(
        "max_devices_per_call",
        "Q12",
        ("none", "1000", "100"),
        "maximum number of devices when a campaign is created or its devices are changed",
    ),
    Switch(
        "repeated_device_change",
        "Q13",
        ("failed", "succeed"),
        "result of adding a device that is present or removing one that is absent",
    ),
    Switch(
        "remove_words",
        "Q14",
        ("own", "seed"),
        "status of a removed device: RemoveDeviceSucceed, or AddDeviceSucceed as in the "
        "vendor's example",
    ),
    Switch(
        "removed_devices",
        "Q15",
        ("gone", "kept"),
        "whether the device report omits a removed device at once or only after a day",
    ),
    Switch(
        "report_while_pending",
        "Q16",
        ("empty", "rows"),
        "device report of a v2 or v3 campaign in RequestPending",
    ),
    Switch(
        "omitted_windows",
        "Q17",
        ("clear", "keep"),
        "effect on the time windows when a date change before the start has no window list",
    ),
    Switch(
        "window_order",
        "Q18",
        ("as_sent", "sorted", "merged"),
        "order of time windows in replies; merged joins adjacent windows",
    ),
    Switch(
        "auto_flags",
        "Q19",
        ("absent", "echoed"),
        "whether GET of a v3 campaign returns autoAssignLicenseFlag and autoAddDevicesFlag",
    ),
    Switch(
        "expired_session",
        "Q20, Q31",
        ("fota_400", "prefixed_400", "unauthorized_401", "fota_403"),
        "reply for an expired M2M session: the FOTA error, the same error with the prefix "
        "UnifiedWebService., the error of the related session API, or the FOTA error with HTTP 403",
    ),
    Switch(
        "v1_cancelled_upgrade",
        "Q22",
        ("gone", "cancelled"),
        "GET of a cancelled v1 upgrade: 400 Invalid upgradeId, or status Cancelled",
    ),
    Switch(
        "v1_time_without_zone",
        "Q33",
        ("refused", "accepted"),
        "startDate and endDate of a new v1 upgrade with a time but no time zone, such as "
        "2026-12-01T00:00:00: 400, or taken as UTC",
    ),
    Switch(
        "campaign_cursor",
        "Q26",
        ("by_id", "by_creation"),
        "order of campaigns in a report by status",
    ),
    Switch(
        "device_cursor",
        "section 9",
        ("larger_than", "known_only", "opaque", "ignored", "unordered"),
        "lastSeenDeviceId of v2 and v3 device lists, device reports and license lists. "
        "larger_than: the page has the IMEIs larger than any given IMEI; known_only: 400 for an "
        "IMEI that was not the cursor of a page; opaque: the cursor is a token, 400 for anything "
        "else; ignored: an unknown cursor returns the first page; unordered: any IMEI is accepted, "
        "but the list is not sorted by IMEI",
    ),
    Switch(
        "gzip",
        "undocumented",
        ("off", "on"),
        "whether long JSON bodies are compressed for clients that accept gzip",
    ),
    Switch(
        "unknown_devices",
        "Q27",
        ("row", "absent"),
        "whether v3 sync and device query return a row for an IMEI that is not in the account",
    ),
    Switch(
        "campaign_history",
        "Q28",
        ("forever", "six_months"),
        "how long reports include v2 and v3 campaigns after their end",
    ),
    Switch(
        "unlicensed_devices",
        "Q29",
        ("rejected", "request_failed"),
        "unlicensed devices of an account with monthly licenses: each is rejected, or the whole "
        "request fails",
    ),
    Switch(
        "scheduled_entry",
        "section 5",
        ("day_before", "at_start"),
        "when a campaign becomes CampaignScheduled: 24 hours before its start date, or at it",
    ),
    Switch(
        "pilot_rule",
        "section 9",
        ("request_failed", "http_400", "off"),
        "more than 20 devices with a package that has no successful pilot: CampaignRequestFailed "
        "after the checks, 400 at once, or accepted",
    ),
    Switch(
        "pilot_evidence",
        "section 9",
        ("all_campaigns", "one_campaign"),
        "5 devices with 50 % success are counted over all campaigns of the package, or in one "
        "campaign",
    ),
    Switch(
        "unknown_package",
        "Q25",
        ("http_400", "request_failed"),
        "reply when an unknown package is scheduled",
    ),
    Switch(
        "v3_rejected_word",
        "section 5",
        ("DeviceRejected", "UpgradeFailed"),
        "status of a device that a v3 campaign rejects; none is published",
    ),
    Switch(
        "v3_retry_word",
        "section 5",
        ("RequestToFotaServerFailed", "UpgradeFailed", "UpgradePending"),
        "status of a v3 device between a failed attempt and the next attempt",
    ),
    Switch(
        "stored_after_success",
        "section 7",
        ("at_once", "next_day", "on_refresh"),
        "when ThingSpace knows the new version after a success: at once, after 24 hours, or "
        "only after a sync or report call",
    ),
    Switch(
        "device_history",
        "Q2",
        ("all", "finished"),
        "device histories include every campaign that accepted the device, or only those that "
        "are finished",
    ),
    Switch(
        "windows_key",
        "quirk, section 4",
        ("timeWindowList", "campaignTimeWindowList"),
        "key of the time windows in GET of a v3 campaign",
    ),
    Switch(
        "sync_keys",
        "quirk 2",
        ("seed", "sdk"),
        "keys of v3 sync: Reason and VersionUpdateTime, or reason and firmwareVersionUpdateTime",
    ),
    Switch(
        "license_keys",
        "section 11",
        ("sdk", "docs"),
        "keys of v3 license calls: licCount and totalLicenses, or licTotalCount and totalLicense",
    ),
    Switch(
        "v1_callback_list",
        "section 8",
        ("array", "object"),
        "a registered v1 listener is returned in a list, or by itself",
    ),
    Switch(
        "logging_device_ids",
        "section 3",
        ("one", "comma"),
        "query deviceIds that ends logging: the IMEI of one device, or IMEIs separated by commas",
    ),
    Switch(
        "file_list",
        "section 3",
        ("array", "object"),
        "the list of configuration files is an array, or in AvailableFilesResponse",
    ),
    Switch("history_id", "quirk 6", ("campaignId", "id"), "id key of a v3 device history row"),
    Switch(
        "date_change_status",
        "section 4",
        ("full", "bare"),
        "status in the reply to a v2 date change: with or without the Campaign prefix",
    ),
    Switch(
        "unknown_path",
        "section 10",
        ("400", "404", "404_xml"),
        "gateway's reply for an unknown path (fault 900906)",
    ),
    Switch(
        "older_sessions",
        "Q32",
        ("valid", "ended"),
        "whether a user's earlier sessions stay valid after a new login",
    ),
    Switch(
        "token_clock",
        "section 2",
        ("real", "virtual"),
        "clock by which bearers (1 hour) and sessions (20 idle minutes) expire",
    ),
)

_BY_NAME = {switch.name: switch for switch in TABLE}


class Switches:
    """The chosen answers; names and values are validated."""

    def __init__(self, chosen: Mapping[str, str]) -> None:
        self._chosen = {switch.name: switch.default for switch in TABLE}
        for name, value in chosen.items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        return self._chosen[name]

    def set(self, name: str, value: str) -> None:
        """Set a switch. Raises ``ValueError`` with the valid names or values."""
        switch = _BY_NAME.get(name)
        if switch is None:
            raise ValueError(
                f"unknown switch {name!r}; valid switches are {', '.join(sorted(_BY_NAME))}"
            )
        if value not in switch.choices:
            raise ValueError(
                f"switch {name}: must be one of {', '.join(switch.choices)}, not {value!r}"
            )
        self._chosen[name] = value

    def as_dict(self) -> dict[str, str]:
        return dict(self._chosen)


def describe() -> str:
    """All switches as text."""
    lines = []
    for switch in TABLE:
        lines.append(f"{switch.name} ({switch.question})")
        lines.append(f"    {' | '.join(switch.choices)}    default {switch.default}")
        lines.append(f"    {switch.meaning}")
    return "\n".join(lines)
