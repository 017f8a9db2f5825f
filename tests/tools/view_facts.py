# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks audit, overview, rehearse and device show, with any name in every text."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.earlier import find_changes

Facts = dict[str, Any]
IMEI = "358000000000016"


def audit_of(name: str = "alpha") -> Facts:
    """An audit of devices of one model, one of each standing, since a report that lacks one."""
    words = ("at_target", "behind", "no_path", "no_target", "unknown")
    standings = [
        {
            "make": "Sensors Inc",
            "model": name,
            "version": name,
            "target": name,
            "devices": place + 1,
            "standing": word,
            "path": [name] if word == "behind" else [],
        }
        for place, word in enumerate(words)
    ]
    devices = [
        {
            **{key: row[key] for key in ("make", "model", "version", "standing", "path")},
            "deviceId": f"35800000000{place:02}{number:02}",
            "host": name,
            "class": "pending",
            "reason": f"{name} reason",
        }
        for place, row in enumerate(standings)
        for number in range(int(str(row["devices"])))
    ]
    facts = {
        "rollout": "meters",
        "phase": "planned",
        "now": "2026-03-02T08:00:00Z",
        "msg": name,
        "waves": [],
        "standings": standings,
        "devices": devices,
    }
    earlier = {each["deviceId"]: {**each, "version": "0"} for each in devices[1:]}
    before = {"rollout": name, "now": "2026-02-02T08:00:00Z", "devices": earlier}
    return {**facts, "since": find_changes(before, facts)}


def overview_of(name: str = "north", rollouts: int = 3) -> Facts:
    """An account with rollouts of every kind, and one that could not be read."""
    activities = ("running", "unknown", "scheduled", "queued", "cancelled", "refused", "idle")
    counts = {"success": 5, "pending": 4, "failed": 2, "unreached": 1, "rejected": 1, "unknown": 1}
    target = {"make": name, "model": name, "version": name}
    listed = [
        {
            "rollout": f"meters-{place}",
            "type": "firmware",
            "activity": activities[place % 7],
            "since": "2026-03-03",
            "starts": None,
            "first_day": "2026-03-03",
            "last_day": "2026-03-09",
            "wave": 99 if place else 1,
            "targets": [target],
            "campaigns": {"scheduled": 1},
            "devices": 20,
            "counts": counts if place else {},
            "journal": {"phase": "halted", "since": name, "at": name} if place == 1 else None,
            "journal_problem": name if place == 2 else "",
        }
        for place in range(rollouts)
    ]
    account = {"account": "0000123456-00001", "host": "thingspace.example", "simulated": False}
    read = {"now": "2026-03-04T08:00:00Z", "rollouts": listed, "other_campaigns": 7, "unread": []}
    gone = {"now": None, "rollouts": [], "other_campaigns": 0, "unread": [f"{name} is away"]}
    return {
        "msg": name,
        "accounts": [
            {"name": name, **account, **read, "failure": None},
            {"name": "south", **account, **gone, "failure": {"kind": "refused"}},
        ],
        "unread_journals": [f"journal {name}: cannot be read"],
    }


def rehearsal_of(name: str = "pilot", stops: int = 1) -> Facts:
    """A rehearsal with a wave that passed and one that did not."""
    odds = [
        {"failure_rate": rate, "stop_chance": rate * 4} for rate in (0.01, 0.02, 0.05, 0.1, 0.2)
    ]
    counts = {"devices": 20, "touched": 8, "verified": 5, "failed": 3, "odds": odds}
    days = {"starts": "2026-03-03", "passes": "2026-03-05T04:00:00Z"}
    moment = {"at": "2026-03-06T12:00:00Z", "why": name, "touched": 16}
    return {
        "msg": name,
        "rehearsal": {
            "rollout": "meters",
            "phase": "halted",
            "why": name,
            "over": False,
            "runs": 2,
            "started": "2026-03-02T08:00:00Z",
            "ended": "2026-03-06T12:00:00Z",
            "unfinished": "runs",
            "devices": 40,
            "touched": 16,
            "waves": [
                {"name": name, "verdict": "pass", **days, **counts},
                {"name": "all", "verdict": "fail", **days, "passes": "", **counts},
                {"name": "late", "verdict": "wait", "starts": "", "passes": "", **counts},
            ],
            "needless_stop": {"failure_rate": 0.02, "chance": 0.08},
            "stops": [{**moment, "what": name}] * stops,
            "timeline": [
                {**moment, "at": "2026-03-02T08:00:00Z", "phase": "planned", "verified": 0},
                {**moment, "phase": "halted", "verified": 10},
            ],
        },
    }


def device_of(name: str = "meters") -> Facts:
    """A device with a campaign that the service has kept, and one that only its history has."""
    device = {
        "deviceId": IMEI,
        "make": name,
        "model": name,
        "firmware": name,
        "protocol": "LWM2M",
        "fota_eligible": True,
        "license_assigned": False,
        "status": name,
        "software": [],
        "refresh_time": "2026-03-04 08:00:00 +0000 UTC",
    }
    item = {
        "deviceId": IMEI,
        "from_version": name,
        "to_version": name,
        "status": name,
        "start_date": "2026-03-03",
        "reason": name,
        "updated_time": name,
    }
    row = {
        "deviceId": IMEI,
        "status": name,
        "state": "failed",
        "reason": name,
        "updated_time": "2026-03-03T04:00:00Z",
        "recent_attempt_time": "",
        "next_attempt_time": "2026-03-04T04:00:00Z",
    }
    campaign = {
        "campaign_id": "c-1",
        "name": name,
        "status": name,
        "rollout": "meters",
        "wave": 1,
        "attempt": 2,
        "from_version": name,
        "to_version": name,
        "start_date": "2026-03-03",
        "end_date": "2026-03-05",
        "devices": [row],
    }
    history = [{**item, "campaign_id": id_} for id_ in ("c-0", "c-1")]
    return {"msg": name, "devices": [device], "history": history, "campaigns": [campaign]}


VIEWS = {"audit": audit_of, "device": device_of, "overview": overview_of, "rehearsal": rehearsal_of}
