# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vendor does not document, one switch each (CONTRACT section 14, ``Qn``).

The defaults are the pessimistic reading wherever a client could be hurt by the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    """One open question: its possible answers, the first of them the default."""

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
        "unique: a name that a live campaign of the account holds answers 400",
    ),
    Switch(
        "prescheduled",
        "Q2",
        ("hidden", "scheduled", "queued", "own"),
        "where a v3 campaign in PreScheduled shows in reports by status: nowhere (asking for "
        "CampaignPreScheduled answers 400), under Scheduled, under RequestQueued, or under its own",
    ),
    Switch(
        "v3_paths",
        "Q3",
        ("both", "sdk", "docs"),
        "spelling of v3 campaign history and licence status that the gateway knows",
    ),
    Switch(
        "device_change_body",
        "Q4",
        ("any", "flat", "wrapped"),
        "body of a v2/v3 device change that is understood",
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
        "DELETE of a campaign or upgrade that is over",
    ),
    Switch(
        "delete_refusal",
        "Q7",
        ("http_400", "success_false"),
        "how a DELETE in the wrong state is refused",
    ),
    Switch("window_zone", "Q9", ("utc", "utc-5"), "zone in which time windows are read"),
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
    Switch("max_campaign_days", "Q11", ("none", "31"), "longest span of a v2/v3 campaign in days"),
    Switch(
        "max_devices_per_call",
        "Q12",
        ("none", "1000", "100"),
        "devices in one create or device change of a campaign",
    ),
    Switch(
        "repeated_device_change",
        "Q13",
        ("failed", "succeed"),
        "result of adding a present device or removing an absent one",
    ),
    Switch(
        "remove_words",
        "Q14",
        ("own", "seed"),
        "a removal answers RemoveDeviceSucceed, or AddDeviceSucceed as the vendor's example",
    ),
    Switch(
        "removed_devices",
        "Q15",
        ("gone", "kept"),
        "whether a removed device leaves the campaign's device report at once or after a day",
    ),
    Switch(
        "report_while_pending",
        "Q16",
        ("empty", "rows"),
        "device report of a v2/v3 campaign in RequestPending",
    ),
    Switch(
        "omitted_windows",
        "Q17",
        ("clear", "keep"),
        "a date change before the start that leaves the window list out",
    ),
    Switch(
        "window_order",
        "Q18",
        ("as_sent", "sorted", "merged"),
        "order in which windows are given back; merged joins those that touch",
    ),
    Switch(
        "auto_flags",
        "Q19",
        ("absent", "echoed"),
        "whether GET of a v3 campaign shows autoAssignLicenseFlag and autoAddDevicesFlag",
    ),
    Switch(
        "expired_session",
        "Q20",
        ("fota_400", "prefixed_400", "unauthorized_401"),
        "answer to an expired M2M session: FOTA error, the same with the prefix "
        "UnifiedWebService., or the upstream error of the sister API",
    ),
    Switch(
        "v1_cancelled_upgrade",
        "Q22",
        ("gone", "cancelled"),
        "GET of a cancelled v1 upgrade: 400 Invalid upgradeId, or status Cancelled",
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
        "lastSeenDeviceId of v2/v3 device lists, device reports and licence lists: the page holds "
        "the IMEIs larger than any IMEI given; or one that no page of the list has handed out "
        "answers 400; or it is a token, others answer 400; or one not handed out gives the first "
        "page; or any IMEI is taken, but the list is in no order of IMEIs",
    ),
    Switch(
        "gzip",
        "undocumented",
        ("off", "on"),
        "whether long JSON bodies come compressed to those who accept gzip",
    ),
    Switch(
        "unknown_devices",
        "Q27",
        ("row", "absent"),
        "whether v3 sync and device query answer a row for an IMEI the account does not hold",
    ),
    Switch(
        "campaign_history",
        "Q28",
        ("forever", "six_months"),
        "how long v2/v3 campaigns stay in reports after their end",
    ),
    Switch(
        "unlicensed_devices",
        "Q29",
        ("rejected", "request_failed"),
        "unlicensed devices of a monthly-licence account: refused one by one, or all together",
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
        "over 20 devices with a package that no pilot has proved: CampaignRequestFailed after "
        "the checks, 400 at once, or no rule",
    ),
    Switch(
        "pilot_evidence",
        "section 9",
        ("all_campaigns", "one_campaign"),
        "5 devices with 50 % success are counted over all campaigns of the package, or one must "
        "hold them",
    ),
    Switch(
        "unknown_package",
        "Q25",
        ("http_400", "request_failed"),
        "scheduling a package the service does not know",
    ),
    Switch(
        "v3_rejected_word",
        "section 5",
        ("DeviceRejected", "UpgradeFailed"),
        "status of a device that a v3 campaign refuses; no v3 word is published",
    ),
    Switch(
        "v3_retry_word",
        "section 5",
        ("RequestToFotaServerFailed", "UpgradeFailed", "UpgradePending"),
        "status of a v3 device between a failed attempt and the next one announced",
    ),
    Switch(
        "stored_after_success",
        "section 7",
        ("at_once", "next_day", "on_refresh"),
        "when the version ThingSpace remembers follows a success: at once, after 24 hours, or "
        "only by a sync or report call",
    ),
    Switch(
        "device_history",
        "Q2",
        ("all", "finished"),
        "device histories show every campaign that accepted the device, or finished ones only",
    ),
    Switch(
        "windows_key",
        "quirk, section 4",
        ("timeWindowList", "campaignTimeWindowList"),
        "key of the windows in GET of a v3 campaign",
    ),
    Switch(
        "sync_keys",
        "quirk 2",
        ("seed", "sdk"),
        "Reason and VersionUpdateTime, or reason and firmwareVersionUpdateTime",
    ),
    Switch(
        "license_keys",
        "section 11",
        ("sdk", "docs"),
        "v3 licCount and totalLicenses, or licTotalCount and totalLicense",
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
        "gateway's answer to a path it does not know (fault 900906)",
    ),
    Switch(
        "older_sessions",
        "section 2",
        ("valid", "ended"),
        "whether a new login leaves the user's earlier sessions valid",
    ),
    Switch(
        "token_clock",
        "section 2",
        ("real", "virtual"),
        "clock that ages the bearer (1 hour) and the session (20 idle minutes)",
    ),
)

_BY_NAME = {switch.name: switch for switch in TABLE}


class Switches:
    """The chosen answers, checked by name and value."""

    def __init__(self, chosen: Mapping[str, str]) -> None:
        self._chosen = {switch.name: switch.default for switch in TABLE}
        for name, value in chosen.items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        return self._chosen[name]

    def set(self, name: str, value: str) -> None:
        """Choose; ``ValueError`` names the known switches or choices."""
        switch = _BY_NAME.get(name)
        if switch is None:
            raise ValueError(f"no switch {name!r}; known: {', '.join(sorted(_BY_NAME))}")
        if value not in switch.choices:
            raise ValueError(f"switch {name}: {value!r} is none of {', '.join(switch.choices)}")
        self._chosen[name] = value

    def as_dict(self) -> dict[str, str]:
        return dict(self._chosen)


def describe() -> str:
    """The table as text."""
    lines = []
    for switch in TABLE:
        lines.append(f"{switch.name} ({switch.question})")
        lines.append(f"    {' | '.join(switch.choices)}    default {switch.default}")
        lines.append(f"    {switch.meaning}")
    return "\n".join(lines)
