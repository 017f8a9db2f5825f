# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits: versions against their targets, and what has changed since an earlier report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.plugins.lookup.fota_report_file import LookupModule
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.audit import audit_lines
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.earlier import (
    find_changes,
    read_earlier,
)

BEHIND, AT, GONE = "behind", "at_target", "unknown"


def device(number: int, version: str = "A", standing: str = BEHIND, **more: Any) -> dict[str, Any]:
    return {
        "deviceId": f"35000000000000{number}",
        "host": "",
        "make": "Sensors Inc",
        "model": "alpha",
        "version": version,
        "standing": standing,
        "path": ["B"] if standing == BEHIND else [],
        "class": "pending",
        "reason": "",
        **more,
    }


def report(*devices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The facts of a rollout, as far as an audit reads them."""
    standing = {"make": "Sensors Inc", "model": "alpha", "version": "A", "target": "B"}
    return {
        "rollout": "meters",
        "phase": "planned",
        "now": "2026-03-02T08:30:00Z",
        "msg": "",
        "waves": [],
        "standings": [{**standing, "standing": BEHIND, "path": ["B"], "devices": len(devices)}],
        "devices": list(devices),
        **more,
    }


def changes_since(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    return find_changes(read_earlier(json.dumps(before)), now)


def test_each_device_counts_once_and_each_kind_of_change_is_a_line() -> None:
    before = report(
        device(1),
        device(2),
        device(3, "B", AT),
        device(4),
        device(5),
        device(6),
        device(7, "", GONE, **{"class": "not_found"}),
    )
    now = report(
        device(1, "B", AT),
        device(2, "B", AT, host="meter-2"),
        device(3, "A"),
        device(4, "A2"),
        device(5),
        device(6, "", GONE, **{"class": "gone"}),
        device(7),
        device(8),
    )
    changes = changes_since(before, now)
    assert changes["version_changed"] == 4
    assert changes["counts"] == {
        "newly_behind": 1,
        "newly_at_target": 2,
        "other_version": 1,
        "new": 2,
        "gone": 1,
        "unchanged": 1,
    }
    assert sum(changes["counts"].values()) == 8
    lines = audit_lines({**now, "since": changes})
    start = next(place for place, line in enumerate(lines) if line.startswith("since "))
    assert lines[start : start + 6] == [
        "since 2026-03-02 08:30 UTC (rollout meters): 4 devices changed version; 1 newly behind the"
        " target, 2 newly at the target, 1 on another version, 2 new, 1 gone, 1 unchanged",
        "  newly behind the target: Sensors Inc alpha B -> A: 1 device: 350000000000003",
        "  newly at the target: Sensors Inc alpha A -> B: 2 devices: 350000000000001, meter-2",
        "  on another version: Sensors Inc alpha A -> A2: 1 device: 350000000000004",
        "  new: Sensors Inc alpha A: 2 devices: 350000000000007, 350000000000008",
        "  gone: Sensors Inc alpha A: 1 device: 350000000000006",
    ]


def test_a_new_target_makes_devices_fall_behind_without_a_new_version() -> None:
    before = report(device(1, "B", AT), device(2, "B", "no_target"))
    now = report(device(1, "B", "no_path"), device(2, "B"))
    changes = changes_since(before, now)
    assert (changes["counts"]["newly_behind"], changes["version_changed"]) == (2, 0)


def test_devices_with_the_same_version_and_reason_are_one_line_the_most_first() -> None:
    devices = [device(number, **{"class": "busy", "reason": "waits"}) for number in range(7)]
    lines = audit_lines(report(device(8, "", GONE, model=""), *devices, device(9, "B", AT)))
    assert lines[3:] == [
        "Sensors Inc alpha A: behind by B, busy, waits: 7 devices: 350000000000000,"
        " 350000000000001, 350000000000002, 350000000000003, 350000000000004 and 2 more",
        "Sensors Inc  unknown version: unknown, pending, : 1 device: 350000000000008",
    ]


def test_lists_have_at_most_fifty_lines() -> None:
    before = report(*(device(number, f"{number}") for number in range(300)))
    now = report(*(device(number, f"{number}.1") for number in range(300)))
    lines = audit_lines({**now, "since": changes_since(before, now)})
    assert len(lines) == 3 + 50 + 49
    assert lines[52] == "and 252 changes more; the JSON report has them"
    assert lines[-1] == "and 252 groups more; the JSON report has them"


def test_hostile_names_stay_on_their_line() -> None:
    name = "A\x1b[31m\u202e\nB"
    now = report(device(1, name, reason=name, host=name, model=name))
    lines = audit_lines({**now, "since": changes_since(report(rollout=name), now)})
    assert [line for line in lines if not line.isprintable()] == []


ONE = report(device(1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a JSON report"),
        ("\udcff", "must be a JSON report"),
        ("[" * 100_000, "must be a JSON report"),
        ("[1]", "must be a JSON report of a rollout"),
        ('{"plays": []}', "must be a JSON report of a rollout"),
        (json.dumps({"rollout": "x", "phase": "observation_failed"}), "could not be read then"),
        (json.dumps({**ONE, "devices": None}), "could not be read then"),
        (json.dumps({**ONE, "now": "yesterday"}), "has no time"),
        (
            json.dumps({**ONE, "devices": [device(1), device(1)]}),
            "1 of 2 devices in it cannot be read",
        ),
        (json.dumps({**ONE, "devices": [{"deviceId": 1}]}), "1 of 1 device in it cannot be read"),
        (json.dumps({**ONE, "devices": []}), "lists 0 of 1 device. Use a report of the playbook"),
    ],
)
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AnsibleLookupError, match="report /") as refused:
        LookupModule().run([str(file)])
    assert f"report {file}: " in str(refused.value) and said in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "Is a dir"), (tmp_path / "no", "No such file"), ("\0", "null")):
        with pytest.raises(AnsibleLookupError, match=said):
            LookupModule().run([str(path)])


def test_a_report_of_version_0_4_2_is_read(tmp_path: Path) -> None:
    old = {**ONE, "versions": ONE["standings"]}
    del old["standings"]
    file = tmp_path / "report.json"
    file.write_text(json.dumps(old))
    (earlier,) = LookupModule().run([str(file)])
    changes = fota_report(ONE, "changes", earlier)
    assert isinstance(changes, dict)
    assert (changes["counts"]["unchanged"], changes["groups"]) == (1, [])
