# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports, plans and audits that are made of the facts of a rollout alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.thingspace.fota.plugins.filter.fota_report import FORMS, fota_report
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.report_json import (
    report_document,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.tables import (
    lay_out,
    wave_rows,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
    audit_lines,
    plan_lines,
    report_lines,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    decided,
    device,
    good,
    imeis,
    own,
    package,
    row,
    seen,
    spec,
    target,
    upgraded,
    wave,
    waves_of,
)

MSG = "rollout meters: halted"
FAILED_READ = {"changed": False, "phase": "observation_failed", "actions": {}, "msg": "no answer"}
KEYS_OF_0_4_2 = {
    "": (
        *("rollout", "phase", "why", "would_change", "digest", "passed", "now", "targets"),
        *("next_check_after", "counts", "halted_lanes", "blockers", "exposure", "braking"),
        *("licenses", "armed", "lanes", "ways", "ways_back", "clusters", "waves", "table"),
        *("versions", "campaigns", "devices", "events", "diff", "plan", "report", "audit"),
        *("msg", "service"),
    ),
    "lanes": (
        *("make", "model", "from_version", "to_version", "package", "devices", "attempted"),
        *("failures", "codes", "state"),
    ),
    "waves": (
        *("number", "name", "verdict", "why", "open", "begun", "devices", "members", "attempted"),
        *("verified", "failures", "failures_allowed", "sample", "in_failed_lanes", "soak_until"),
        *("deadline", "counts"),
    ),
    "table": (
        *("wave", "model", "planned", "verified", "failed", "pending", "halted", "other", "state"),
    ),
    "versions": ("make", "model", "version", "target", "standing", "path", "devices"),
    "ways": ("make", "model", "versions", "exists", "devices"),
    "campaigns": (
        *("campaign_id", "name", "wave", "package", "status", "start_date", "end_date", "devices"),
    ),
    "devices": (
        *("deviceId", "host", "wave", "class", "reason", "make", "model", "version", "target"),
        *("standing", "path", "from_version", "campaign_id"),
    ),
}
"""The keys of a report file as version 0.4.2 wrote it; those of a list are of its rows."""


def facts_of(devices: int = 12, failed: int = 3, **members: Any) -> dict[str, Any]:
    """What the module gives for a rollout in which so many of four pilots have failed, as JSON."""
    ids = imeis(devices)
    wish = spec(ids, waves=[wave("pilot", count=4), wave()], **members)
    pilot = waves_of(decided(wish, seen(map(device, ids))))[1]
    report = [bad(one) for one in pilot[:failed]] + [good(one) for one in pilot[failed:]]
    known = [upgraded(one) if one in pilot[failed:] else device(one) for one in ids]
    decision = decided(wish, seen(known, [own(report, "CampaignEnded", start=-6, end=-3)]))
    facts = view_decision(decision, "all")
    result = {**facts, "changed": False, "events": [], "diff": {}, "service": {}, "msg": MSG}
    return json.loads(json.dumps(result))


def found_in(lines: Iterable[str], start: str) -> list[str]:
    """The lines that begin like this, without it."""
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


def test_a_report_has_the_table_of_waves_between_status_and_next_check() -> None:
    lines = report_lines(facts_of())
    assert lines[0] == MSG
    assert lines[1].split() == [*KEYS_OF_0_4_2["table"]]
    assert [line.split() for line in lines[2:5]] == [
        ["pilot", "M1", "4", "1", "3", "0", "0", "0", "cohort", "halted"],
        ["all", "M1", "8", "0", "0", "0", "8", "0", "cohort", "halted"],
        ["all", "12", "1", "3", "0", "8", "0"],
    ]
    assert lines[5].startswith("judged at 20")
    assert len(lines) == 6


def test_the_numbers_of_a_row_add_up() -> None:
    for counts in wave_rows(facts_of(devices=40, failed=1)):
        parts = ("verified", "failed", "pending", "halted", "other")
        assert counts["planned"] == sum(counts[part] for part in parts)


def test_an_audit_counts_versions_against_the_target() -> None:
    lines = [line.split() for line in audit_lines(facts_of())]
    assert lines[1][-4:] == ["B", "11", "behind", "B"]
    assert lines[2][-3:] == ["B", "1", "at_target"]


def test_a_plan_offers_what_lets_a_halted_rollout_continue() -> None:
    facts = facts_of()
    (offer,) = found_in(plan_lines(facts), "to continue anyway: ")
    cohort, pilot = yaml.safe_load(offer)["accept"]
    assert cohort["cohort"] == facts["cohorts"][0]["codes"][0]
    assert (cohort["wave"], cohort["failures"], cohort["up_to"]) == ("pilot", 3, 3)
    assert pilot == {
        "wave": "pilot",
        "failures": 3,
        "generations": [facts["targets"][0]["generation"]],
        "up_to": 3,
        "by": "your name",
        "reason": "why",
    }
    assert [
        {**one, "by": "your name", "reason": "why"} for one in facts["overrides"]["accept"]
    ] == [
        cohort,
        pilot,
    ]


def test_a_plan_offers_an_approval_ready_to_paste() -> None:
    facts = facts_of(
        failed=0, gate={"min_sample": 4, "soak_hours": 0, "approval": True, "min_coverage": 1}
    )
    assert facts["waves"][0]["state"] == "awaits_approval"
    (offer,) = found_in(plan_lines(facts), "to approve: ")
    assert yaml.safe_load(offer) == {"approved": facts["overrides"]["approved"]}
    assert facts["overrides"]["approved"][0]["digest"] == facts["digest"][:12]


def test_a_sample_over_the_size_of_its_wave_is_capped_and_said() -> None:
    wish = spec(imeis(7), waves=[wave("pilot", count=2), wave()], gate={"min_sample": 3})
    found = decided(wish, seen(map(device, imeis(7))))
    assert [one.judgement.sample for one in found.assessment.waves] == [2, 3]
    lines = plan_lines({**view_decision(found, "none"), "msg": MSG})
    assert found_in(lines, "  min_sample is ") == ["3, but the wave has 2 members, so 2 is used"]


def test_devices_that_are_out_are_counted_and_some_are_named() -> None:
    wish = spec(imeis(9))
    found = decided(wish, seen(map(device, imeis(2))))
    facts = view_decision(found, "none")
    (group,) = facts["out_of_scope"]
    assert (group["reason"], group["devices"]) == ("not_found", 7)
    assert group["examples"] == imeis(5, start=2)
    lines = found_in(plan_lines({**facts, "msg": MSG}), "  out of scope, not_found: ")
    assert lines[0].startswith(f"{', '.join(group['examples'])} and 2 more: ")


def test_a_rollout_that_could_not_be_read_shows_its_message() -> None:
    for form in ("report", "plan", "audit"):
        assert fota_report(FAILED_READ, form) == ["no answer"]
    document = report_document(FAILED_READ)
    assert document == {
        "phase": "observation_failed",
        "msg": "no answer",
        "plan": ["no answer"],
        "report": ["no answer"],
    }


def test_a_report_file_has_every_key_of_version_0_4_2() -> None:
    document = report_document(facts_of())
    for place, keys in KEYS_OF_0_4_2.items():
        rows = document[place] if place else [document]
        assert rows, place
        for found in rows:
            assert not {*keys} - found.keys(), place
    assert [lane["state"] for lane in document["halted_lanes"]] == ["failed"]
    assert document["lanes"] == document["cohorts"]
    assert not document.keys() & {"actions", "changed", "failed", "invocation", "warnings"}


def test_what_is_shown_has_no_escapes() -> None:
    name = "A\x1b[31m\u202e\nB"
    wish = spec(imeis(1), waves=[wave()], target=[target(version="C")])
    found = decided(
        wish,
        seen(
            [device(imeis(1)[0], name)], catalog=[replace(package(path="A C"), from_version=name)]
        ),
    )
    facts = {**view_decision(found, "all"), "msg": MSG}
    for form in ("report", "plan", "audit"):
        assert [line for line in fota_report(facts, form) if not line.isprintable()] == []


def test_an_empty_table_has_no_lines() -> None:
    assert lay_out([], ("wave",)) == []


@pytest.mark.parametrize("facts", [None, [], "text", {}, {"msg_": 1}])
def test_anything_but_a_result_is_refused(facts: object) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a result"):
        fota_report(facts)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="report, plan, audit, json"):
        fota_report({"msg": ""}, "table")
    assert {*FORMS} == {"report", "plan", "audit", "json"}


def test_a_pending_row_is_counted() -> None:
    wish = spec(imeis(2))
    rows = [row(one) for one in imeis(2)]
    facts = view_decision(decided(wish, seen(map(device, imeis(2)), [own(rows)])), "none")
    assert wave_rows(facts)[0]["pending"] == 2
