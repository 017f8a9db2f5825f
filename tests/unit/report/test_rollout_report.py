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

from ansible_collections.thingspace.fota.plugins.filter.fota_report import (
    DOCUMENTATION,
    fota_report,
    list_forms,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.audit import audit_lines
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.report_json import (
    report_document,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.tables import (
    lay_out,
    wave_rows,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
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
    assert lines[5].startswith("failed: 3 devices: ")
    assert lines[6].startswith("halted: 8 devices: ")
    assert lines[7].startswith("to continue anyway: accept: [{wave: pilot")
    assert "rollout_accept" in lines[8], "where to paste it"
    assert lines[9].startswith("judged at 20")
    assert len(lines) == 10


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


def plan_of(count: int, gate: dict[str, Any]) -> list[str]:
    """The plan of a rollout with one wave of so many devices."""
    found = decided(spec(imeis(count), gate=gate), seen(map(device, imeis(count))))
    return plan_lines({**view_decision(found, "none"), "msg": MSG})


@pytest.mark.parametrize(
    ("count", "gate", "expected"),
    [
        (
            20,
            {"max_failures": 2, "max_failure_rate": 0.1},
            "3rd failure (0 so far); stops firmware that fails on 20 % of devices in 79.4 % of"
            " rollouts, 10 % in 32.3 %, 5 % in 7.55 %, 2 % in 0.707 %, 1 % in 0.1 %",
        ),
        (
            60,
            {"max_failures": None, "max_failure_rate": 0.05},
            "4th failure (0 so far), or sooner on 3 failures in up to 7 attempted devices; stops"
            " firmware that fails on 20 % of devices in 99.9 % of rollouts, 10 % in 86.3 %, 5 % in"
            " 35.3 %, 2 % in 3.23 %, 1 % in 0.314 %",
        ),
        (
            4,
            {"max_failure_rate": 0.05},
            "2nd failure (0 so far); stops firmware that fails on 20 % of devices in 18.1 % of"
            " rollouts, 10 % in 5.23 %, 5 % in 1.4 %, 2 % in 0.234 %, 1 % in less than 0.1 %: add"
            " devices to this wave, or lower its max_failures, to stop it more often",
        ),
    ],
)
def test_the_plan_says_what_halts_and_with_which_odds(
    count: int, gate: dict[str, Any], expected: str
) -> None:
    """In one sentence: on which failure, and how likely that stops firmware that fails."""
    assert found_in(plan_of(count, gate), "  halts on the ") == [expected]


def test_what_zero_failures_rule_out_is_said_where_it_is_little() -> None:
    """Not that no failure of 4 rules out more than 52.7 %."""
    start = "  zero failures in "
    assert found_in(plan_of(4, {}), start) == []
    assert found_in(plan_of(20, {}), start) == [
        "20 devices rules out failure rates above 13.9 % (95 % confidence)"
    ]


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ({}, "15 of 20 devices attempted and at most 10 % of them (rounded up) failed or silent"),
        (
            {"min_success_rate": 0.95, "min_coverage": 0.82},
            "17 of 20 devices attempted and 95 % of them verified",
        ),
    ],
)
def test_the_plan_says_what_passes(gate: dict[str, Any], expected: str) -> None:
    assert found_in(plan_of(20, gate), "  passes with ") == [expected]


def test_the_plan_says_how_likely_good_firmware_is_stopped() -> None:
    """Once for the rollout, with what an operator can do about it."""
    assert found_in(plan_of(60, {"max_failures": None, "max_failure_rate": 0.05}), "odds: ") == [
        "firmware that fails on 2 % of devices is stopped by one of the gates in 3.23 % of"
        " rollouts, most often in wave all (3.23 %): raise its max_failure_rate or max_failures if"
        " you tolerate such firmware"
    ]
    (seldom,) = found_in(plan_of(20, {}), "odds: ")
    assert seldom.endswith("is stopped by one of the gates in 0.707 % of rollouts")


def test_the_odds_are_facts_and_lines() -> None:
    found = decided(spec(imeis(60)), seen(map(device, imeis(60))))
    facts = {**view_decision(found, "none"), "msg": MSG}
    assert [odds["failure_rate"] for odds in facts["waves"][0]["odds"]] == [
        *(0.01, 0.02, 0.05, 0.10, 0.20)
    ]
    assert facts["needless_stop"]["failure_rate"] == 0.02
    lines = fota_report(facts, "odds")
    assert [line.split(" ")[0] for line in lines] == ["wave", "odds:"]


def test_no_cohort_halts_alone_where_half_may_fail() -> None:
    lines = plan_of(20, {"max_failure_rate": 0.5, "max_failures": None})
    assert "  no cohort halts alone, as half of its devices or more may fail" in lines
    assert found_in(plan_of(20, {}), "  a cohort halts alone, and the others continue, at ") == [
        "3 failures in up to 5, 4 failures in up to 9 attempted devices, over all waves"
    ]


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
    for form in ("report", "plan", "odds", "audit"):
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
    for form in ("report", "plan", "odds", "audit"):
        assert [line for line in fota_report(facts, form) if not line.isprintable()] == []


def test_an_empty_table_has_no_lines() -> None:
    assert lay_out([], ("wave",)) == []


@pytest.mark.parametrize("facts", [None, [], "text", {}, {"msg_": 1}])
def test_anything_but_a_result_is_refused(facts: object) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a result"):
        fota_report(facts)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match=r"must be one of report, plan, .*csv, changes"):
        fota_report({"msg": ""}, "table")
    choices = yaml.safe_load(DOCUMENTATION)["options"]["form"]["choices"]
    assert set(choices) == {*list_forms({})}


def test_a_pending_row_is_counted() -> None:
    wish = spec(imeis(2))
    rows = [row(one) for one in imeis(2)]
    facts = view_decision(decided(wish, seen(map(device, imeis(2)), [own(rows)])), "none")
    assert wave_rows(facts)[0]["pending"] == 2
