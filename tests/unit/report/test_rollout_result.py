# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run: short, about the account after the writes, and the same as data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    NOTHING_TO_STOP,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.artifact import (
    MOST_BYTES,
    artifact,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import (
    FEW_LINES,
    MOST_LINES,
    Conclusion,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import report_lines
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.writes import Writes
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import imeis
from ansible_collections.thingspace.fota.tests.unit.report.test_rollout_report import (
    FAILED_READ,
    facts_of,
)

CREATED = [{"name": f"tsr.{number}", "campaign_id": f"c{number}"} for number in range(2)]
REFUSED = {"msg": "conflict", "failure": {"kind": "refused"}}


def begun(**more: Any) -> dict[str, Any]:
    """Facts of a rollout that creates two campaigns, cancels three and shortens two."""
    stops = [{"campaign_id": f"s{number}"} for number in range(3)]
    return {
        **facts_of(failed=0),
        "actions": {
            "refresh": [],
            "cancel": stops,
            "abort": stops[:1],
            "shorten": stops[:2],
            "create": [{"name": each["name"]} for each in CREATED],
        },
        "changes": [{"action": "create", "name": each["name"], "devices": 6} for each in CREATED],
        "campaigns": [{**each, "name": f"tsr.{each['campaign_id']}.n7"} for each in stops],
        "steps": [],
        **more,
    }


def looped(*items: dict[str, Any]) -> dict[str, Any]:
    """The result of a loop over the campaigns to stop."""
    results = [{**each, "item": {"campaign_id": f"s{n}"}} for n, each in enumerate(items)]
    return {"results": results}


def stopped(*, changed: bool = True) -> dict[str, Any]:
    return {"changed": changed, "campaigns": [{}]}


def conclusion(facts: dict[str, Any], **more: Any) -> Conclusion:
    after = more.pop("after", {})
    state = more.pop("state", "running")
    return Conclusion(Writes(facts, **more), after=after, state=state)


def texts(found: Conclusion) -> list[str]:
    return [line.text for line in found.lines()]


def test_a_run_without_work_says_so_in_a_line_for_each_wave_and_three_more() -> None:
    facts = facts_of(failed=0)
    lines = texts(conclusion(facts))
    assert lines[0].startswith("RESULT  rollout meters: ")
    assert lines[1] == "  did     nothing"
    assert lines[2].startswith("  stands  pilot [####################] 4 of 4 devices verified; ")
    assert lines[3] == "          all   [....................] 8 devices; next"
    assert lines[4].startswith("  next    ")
    assert len(lines) == 5


def test_a_soak_that_is_over_is_not_what_comes_next() -> None:
    """A wave whose numbers were met can wait for devices that are tried again."""
    facts = facts_of(failed=0)
    pilot, last = facts["waves"]
    for until, said in (
        ("2035-01-01T00:00:00Z", "wave pilot soaks until 2035-01-01 00:00 UTC"),
        ("2025-01-01T00:00:00Z", "waits for the devices of wave pilot"),
    ):
        running = {**pilot, "state": "running", "soak_until": until}
        (line,) = conclusion({**facts, "waves": [running, last], "awaiting": []}).next()
        assert line.startswith(said)


def test_many_waves_share_lines_so_that_a_run_without_work_stays_short() -> None:
    facts = facts_of(failed=0)
    pilot, last = facts["waves"]
    names = ["one", "two", "three", "four", "five"]
    waves = [{**last, "name": name, "state": "waiting"} for name in names]
    lines = texts(conclusion({**facts, "waves": [pilot, last, *waves]}))
    assert lines[2:5] == [
        "  stands  passed: pilot",
        "          all [....................] 8 devices; next",
        "          then: one, two, three and 2 more",
    ]
    assert len(lines) <= FEW_LINES


def test_what_was_written_is_counted_and_what_was_refused_is_said() -> None:
    created = [{**each, "done": True, "action": "create"} for each in CREATED]
    found = conclusion(
        begun(),
        created={"campaigns": created},
        cancelled=looped(stopped(), {**REFUSED, "failed": True}, stopped()),
        aborted=looped(REFUSED),
        shortened=looped(stopped(), stopped(changed=False)),
        refreshed={"counts": {"total": 1}},
    )
    assert found.did() == [
        "read the versions of 1 device again",
        "created 2 campaigns with 12 devices",
        "cancelled 2 campaigns with 14 devices",
        "shortened 1 campaign with 7 devices",
        "could not cancel 1 campaign: conflict",
        "could not abort 1 campaign: conflict",
    ]
    assert texts(found)[1].startswith("  did     read the versions of 1 device again; created 2")


def test_results_of_an_earlier_run_of_the_play_do_not_count() -> None:
    facts = {**begun(), "actions": {}, "changes": []}
    created = [{**each, "done": True, "action": "create"} for each in CREATED]
    found = conclusion(facts, created={"campaigns": created}, cancelled=looped(stopped()))
    assert (found.did(), found.writes.any) == ([], False)
    older = {**facts_of(), "now": "2026-01-01T00:00:00Z"}
    assert conclusion(facts, after=older).facts is facts


def test_the_result_describes_the_account_after_the_writes() -> None:
    after = facts_of(failed=3)
    found = conclusion(begun(), cancelled=looped(stopped()), after=after)
    assert found.facts is after
    assert "3 failed" in "\n".join(texts(found))


@pytest.mark.parametrize("after", [FAILED_READ, {"failed": True, "msg": "no answer"}])
def test_a_status_that_could_not_be_read_is_said(after: dict[str, Any]) -> None:
    found = conclusion(begun(), cancelled=looped(stopped()), after=after)
    lines = texts(found)
    assert "the status after the writes could not be read: no answer" in lines[0]
    assert lines[1] == "  did     cancelled 1 campaign with 7 devices"
    assert artifact(found)["did"] == ["cancelled 1 campaign with 7 devices"]


@pytest.mark.parametrize(
    "lost",
    [
        {"created": {"failed": True, "msg": "no reply", "campaigns": [{"name": "tsr.0"}]}},
        {"failed": {"task": "Create the campaigns that are due", "message": "no reply"}},
    ],
)
def test_a_creation_whose_reply_was_lost_may_have_written(lost: dict[str, Any]) -> None:
    found = conclusion(begun(), after=FAILED_READ, **lost)
    assert "the status after the writes could not be read" in texts(found)[0]


def test_a_read_that_failed_has_a_result() -> None:
    found = conclusion({**FAILED_READ, "steps": []})
    assert texts(found)[0] == "RESULT  no answer"
    assert artifact(found)["phase"] == "observation_failed"


def test_a_failed_task_is_in_the_result() -> None:
    failed = {"task": "Change board", "message": "not today\x1b[31m"}
    assert conclusion(begun(), failed=failed).did() == ["FAILED: Change board: not today"]


def test_the_journal_has_what_was_asked_of_the_service_stops_first() -> None:
    created = [{**CREATED[0], "done": True, "action": "create"}, {"name": CREATED[1]["name"]}]
    found = conclusion(
        begun(),
        created={"campaigns": created, "msg": "no answer"},
        shortened=looped(stopped(), REFUSED),
    )
    assert found.writes.actions() == [
        {"action": "shorten", "campaign_id": "s0", "result": "ok"},
        {"action": "shorten", "campaign_id": "s1", "result": "conflict"},
        {
            "action": "create",
            "campaign_id": "c0",
            "name": "tsr.0",
            "devices": 6,
            "result": "ok",
        },
        {
            "action": "create",
            "campaign_id": "",
            "name": "tsr.1",
            "devices": 6,
            "result": "no answer",
        },
    ]


def test_what_lets_a_halted_rollout_continue_is_in_the_result() -> None:
    lines = texts(conclusion(facts_of()))
    assert any("to continue anyway: accept: [{wave: pilot" in line for line in lines)
    assert any("rollout_accept" in line for line in lines), "where to paste it"
    assert any("halted cohorts: M1 A -> B (3 of 4 devices failed)" in line for line in lines)


def test_a_cohort_that_halted_alone_asks_for_nothing() -> None:
    """The other cohorts continue, so that nothing waits for the line."""
    facts = facts_of()
    for wave in facts["waves"]:
        wave |= {"verdict": "wait", "state": "running"}
    lines = [*texts(conclusion({**facts, "phase": "running"})), *report_lines(facts)]
    assert not any("to continue anyway" in line for line in lines)


def huge() -> dict[str, Any]:
    """Facts of a rollout with too much of everything."""
    facts = facts_of(devices=30, failed=3)
    names = [f"wave-with-a-long-name-{number}" for number in range(60)]
    (cohort,) = facts["cohorts"]
    campaign = {
        **facts["campaigns"][0],
        "can_change": 1000,
        "until": "2026-03-04",
        "imeis": imeis(1000),
    }
    return {
        **facts,
        "why": "why " * 500,
        "waves": [{**facts["waves"][0], "name": name} for name in names],
        "passed": names,
        "halted": ["package" * 20] * 100,
        "cohorts": [cohort] * 300,
        "awaiting": facts["awaiting"] * 100,
        "unstoppable": [campaign] * 100,
        "steps": [],
    }


def test_however_much_there_is_the_result_is_short() -> None:
    facts = huge()
    failed = {"task": "Create", "message": "x" * 5000}
    found = conclusion({**begun(), **facts}, failed=failed, cancelled=looped(REFUSED, REFUSED))
    assert len(found.lines()) <= MOST_LINES


@pytest.mark.parametrize("state", ["running", "halted", "planned"])
def test_the_statistic_has_at_most_four_kilobytes_and_no_device(state: str) -> None:
    text = json.dumps(artifact(conclusion(huge(), state=state), journal_head="f" * 64))
    assert len(text.encode()) <= MOST_BYTES
    assert not re.search(r"\d{15}", text)
    assert json.loads(text)["rollout"] == "meters"


def test_the_statistic_keeps_its_keys() -> None:
    found = artifact(conclusion(facts_of()))
    assert found.keys() >= {
        *("rollout", "phase", "passed", "digest", "counts", "awaiting", "halted_cohorts"),
        *("unstoppable", "next_check_after", "did", "stands", "next"),
    }
    assert found["halted_cohorts"][0]["model"] == "M1"


def test_a_halt_by_request_says_that_the_next_run_continues() -> None:
    facts = {**facts_of(failed=0), "phase": "halted"}
    assert (
        "the next run of thingspace.fota.rollout continues"
        in texts(conclusion(facts, state="halted"))[-1]
    )


def test_a_halt_after_which_a_run_waits_says_the_line_and_then_where() -> None:
    found = conclusion(facts_of(), state="halted")
    line, where = found.next()
    assert line.startswith("to continue later: accept: [{wave: pilot")
    assert where.startswith("paste it under rollout_spec, or give its list as rollout_accept;")
    assert where.endswith("until then, thingspace.fota.rollout waits for it")


def test_a_refused_cancel_at_a_halt_is_what_comes_next() -> None:
    facts = begun(phase="halted")
    facts["campaigns"] = [{**each, "end_date": "2026-03-09"} for each in facts["campaigns"]]
    refused = looped({**REFUSED, "failed": True})
    words = (
        "1 campaign with 7 devices was not cancelled and can still change until the end of"
        " 2026-03-09 UTC: run thingspace.fota.halt again"
    )
    for after in (facts, FAILED_READ):
        found = conclusion(facts, after=after, state="halted", cancelled=refused)
        assert found.next()[0].startswith(words)
    gone = {**facts, "actions": {}}
    found = conclusion(facts, after=gone, state="halted", cancelled=refused)
    assert "not cancelled" not in found.next()[0], "the reply was lost, but it was cancelled"


def test_a_refused_creation_says_what_to_do() -> None:
    created = {**REFUSED, "failure": {"kind": "refused", "hint": "Check the account"}}
    failed = {"task": "Create", "message": "conflict"}
    found = conclusion(begun(), after=facts_of(failed=0), created=created, failed=failed)
    assert found.next()[0].endswith("this is solved: Check the account; then run again")


def test_a_halt_of_a_wrong_name_says_first_that_nothing_was_stopped() -> None:
    why = f"halted by request: the state is halted; {NOTHING_TO_STOP}"
    found = conclusion({**facts_of(failed=0), "phase": "halted", "why": why}, state="halted")
    head = f"RESULT  rollout meters: {NOTHING_TO_STOP}; HALTED; halted by request"
    assert texts(found)[0].startswith(head)
    assert "check rollout_spec.name" in found.next()[0]


def test_the_statistic_names_no_device_and_cuts_no_line_to_paste() -> None:
    facts = facts_of()
    campaign = {**facts["campaigns"][0], "can_change": 3, "until": None, "imeis": imeis(3)}
    for accept in facts["overrides"]["accept"]:
        accept["generations"] = ["f" * 12] * 30
    found = conclusion({**facts, "unstoppable": [campaign]})
    assert imeis(1)[0] in "\n".join(texts(found))
    data = artifact(found)
    assert imeis(1)[0] not in json.dumps(data)
    assert data["next"][0] == "a line to paste is too long for here: the output of this run has it"


def test_fifty_devices_with_one_reason_are_one_line() -> None:
    facts = facts_of(devices=60, failed=3)
    halted = [line for line in report_lines(facts) if line.startswith("halted: ")]
    assert len(halted) == 1
    assert "56 devices" in halted[0] and halted[0].endswith(" and 51 more")
