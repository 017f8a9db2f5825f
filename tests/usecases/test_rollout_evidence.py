# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a whole rollout holds, and no line of it can say what its numbers do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.hash_chain import (
    find_end,
    seal,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.verify import (
    Verified,
    verify_files,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.chain import append
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.record import journal_record
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.page.rollout_page import (
    rollout_page,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.report_json import (
    derived_texts,
    report_document,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import OVER, Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import own, turn, untouched

StartAccount = Callable[..., Account]
Record = dict[str, Any]

MODELS = {"alpha": 40, "beta": 40}


def run_recorded(rollout: Rollout, path: Path) -> dict[str, Any]:
    """One run that adds its line, as the role does."""
    decision = rollout.run_once(journal=str(path))
    created = [
        {"action": "create", "name": each["name"], "devices": len(each["devices"]), "result": "ok"}
        for each in decision["actions"]["create"]
    ]
    append(str(path), journal_record(decision, state="running", actions=created))
    report = path.with_name("report.json")
    report.write_text(json.dumps(report_document(decision)))
    found = verify_files([str(report), str(path)], derive=derived_texts)
    assert [each.as_result()["findings"] for each in found] == [[], []]
    assert f"it is of the run of line {found[1].lines} of {path}" in found[0].as_result()["msg"]
    return decision


def answer(rollout: Rollout, decision: dict[str, Any]) -> None:
    """What a person pastes."""
    overrides = decision["overrides"]
    rollout.spec.setdefault("approved", []).extend(overrides["approved"])
    accepts = [{**accept, "by": "ann", "reason": "known"} for accept in overrides["accept"]]
    rollout.spec.setdefault("accept", []).extend(accepts)


@pytest.fixture
def journal(account_with: StartAccount, tmp_path: Path) -> Path:
    """The journal of a rollout that waits for an approval, halts, is accepted, and completes."""
    path = tmp_path / "journal.jsonl"
    account = account_with(fleet=fleet(MODELS))
    gate = {"soak_hours": 12}
    waves = [
        {"name": "pilot", "count": 20, "gate": {"approval": True}},
        {"name": "broad", "percent": 25},
        {"name": "all", "rest": True},
    ]
    rollout = Rollout(account, MODELS, gate=gate, waves=waves)
    run_recorded(rollout, path)
    alpha, beta = own(account.sim)
    broken = [*untouched(alpha)[:2], *untouched(beta)[:1]]
    turn(account.sim, devices=dict.fromkeys(broken, "failed"))
    for _run in range(60):
        account.sim.advance(hours=9)
        decision = run_recorded(rollout, path)
        if decision["phase"] in ("halted", "awaiting_approval"):
            answer(rollout, decision)
        elif decision["phase"] in OVER:
            break
    phases = {record["phase"] for record in records(path)}
    assert {"planned", "running", "halted", "awaiting_approval", "soaking"} <= phases
    assert decision["phase"] == "completed_with_exceptions"
    return path


def records(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def forge(path: Path, number: int, change: Callable[[Record], None]) -> None:
    """Change a line, and write the chain again as who holds the file can."""
    found = records(path)
    change(found[number - 1])
    lines: list[bytes] = []
    for record in found:
        lines.append(seal(record, previous=find_end(lines)[0], line=len(lines) + 1)[0])
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def find_line(path: Path, wanted: Callable[[Record], bool]) -> int:
    return next(number for number, each in enumerate(records(path), 1) if wanted(each))


def verify(path: Path, **options: str) -> Verified:
    (found,) = verify_files([str(path)], **options)
    return found


def first(record: Record, name: str = "pilot") -> Record:
    """A wave of a record."""
    return next(wave for wave in record["evidence"]["waves"] if wave["name"] == name)


def is_phase(phase: str) -> Callable[[Record], bool]:
    return lambda record: record["phase"] == phase


def pass_wave(record: Record) -> None:
    """Say that the pilot has passed."""
    wave = first(record)
    wave["verdict"] = "pass"
    for part in wave["parts"]:
        part["verdict"] = "pass"
    record["phase"] = "running"


def hide_failures(record: Record) -> None:
    part = first(record)["parts"][0]
    part["verified"] += part["failed"]
    part["failed"] = 0
    part["over_limit_once"] = None


def raise_limit(record: Record) -> None:
    for gate in record["evidence"]["gates"]:
        gate["max_failure_rate"], gate["max_failures"] = "1/2", None


def create_early(record: Record) -> None:
    generation = record["evidence"]["targets"][0]["generation"]
    name = f"tsr.meters.{generation}.w02.000000.t01.a1.n9"
    record["actions"].append({"action": "create", "name": name, "result": "ok"})


def drop_overrides(record: Record) -> None:
    record["evidence"]["approved"] = record["evidence"]["accepted"] = []


def open_early(record: Record) -> None:
    first(record, "broad")["open_for"] = "all"


def lose_devices(record: Record) -> None:
    first(record)["parts"][0]["members"] -= 1


def soak_less(record: Record) -> None:
    soaking = next(wave for wave in record["evidence"]["waves"] if wave["verdict"] == "soak")
    soaking["parts"][0]["met_at"] = "2020-01-01T00:00:00+00:00"


FORGED: dict[str, tuple[str, Callable[[Record], None], str]] = {
    "passed with failures": ("halted", pass_wave, "recorded as pass, but its numbers give fail"),
    "fewer failures": ("halted", hide_failures, "recorded as fail, but its numbers give"),
    "a higher limit": ("halted", raise_limit, "were tolerated"),
    "another phase": ("halted", lambda record: record.update(phase="running"), "a wave has failed"),
    "created after a halt": ("halted", create_early, "created although wave pilot is fail"),
    "created early": ("awaiting_approval", create_early, "before wave broad was open"),
    "opened early": ("awaiting_approval", open_early, "before wave pilot had passed"),
    "no accept": ("completed_with_exceptions", drop_overrides, "no accept of 3 failures"),
    "fewer devices": ("soaking", lose_devices, "do not add up"),
    "a shorter soak": ("soaking", soak_less, "recorded as soak, but its numbers give"),
}


def test_the_journal_of_a_whole_rollout_holds_and_forged_lines_do_not(
    journal: Path, tmp_path: Path
) -> None:
    found = verify(journal, rollout="meters")
    assert found.as_result()["findings"] == []
    assert found.runs == found.lines == len(records(journal))
    assert found.head == records(journal)[-1]["chain"]["hash"]
    assert found.head in found.as_result()["msg"]
    text = journal.read_bytes()
    for name, (phase, change, why) in FORGED.items():
        journal.write_bytes(text)
        number = find_line(journal, is_phase(phase))
        forge(journal, number, change)
        findings = [each for each in verify(journal).findings if why in each.text]
        assert [each.line for each in findings][:1] == [number], (name, verify(journal).findings)
    journal.write_bytes(text)
    assert verify(journal, head=records(journal)[3]["chain"]["hash"]).holds
    assert not verify(journal, head="0" * 63 + "1").holds
    assert "rollouts here: meters" in str(verify(journal, rollout="pumps").findings[0])
    lines = text.splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:4] + lines[5:]))
    assert [each.line for each in verify(journal).findings] == [5]
    head = records(journal)[-1]["chain"]["hash"]
    journal.write_bytes(b"".join(lines[:-1]))
    assert verify(journal).holds, "that the last line is missing shows by its head only"
    assert not verify(journal, head=head).holds


def test_a_report_holds_beside_the_journal_that_it_names(
    account_with: StartAccount, tmp_path: Path
) -> None:
    journal, report = tmp_path / "journal.jsonl", tmp_path / "report.json"
    accept = {"wave": "pilot", "failures": 1, "up_to": 1, "by": "</script><b>&amp;", "reason": "<"}
    rollout = Rollout(account_with(fleet=fleet({"alpha": 10})), {"alpha": 10})
    for _run in range(2):
        run_recorded(rollout, journal)
        rollout.sim.advance(hours=9)
    rollout.spec["accept"] = [accept]
    facts = rollout.decide(journal=str(journal))
    document = report_document(facts)
    assert document["journal"] == {"lines": 2, "head": verify(journal).head}
    report.write_text(json.dumps(document, indent=2))
    assert [each.holds for each in verify_files([str(journal), str(report)])] == [True, True]
    assert verify(report).as_result()["kind"] == "report"
    assert verify(report, head=verify(journal).head).holds
    assert "and not the given" in str(verify(report, head="1" * 64).findings[0])
    page = tmp_path / "report.html"
    page.write_text(rollout_page(facts))
    assert [each.holds for each in verify_files([str(journal), str(page)])] == [True, True]
    assert (verify(page).kind, verify(page).head) == ("report", verify(journal).head)
    verify_page = verify(page).as_result()["msg"]
    page.write_text(page.read_text().replace('"verdict":"wait"', '"verdict":"pass"'))
    assert not verify(page).holds
    assert "its text was not verified" in verify_page
    document["waves"][0]["verdict"] = "pass"  # what is shown is not what is proved
    first(document)["verdict"] = "pass"
    document["journal"]["head"] = "0" * 64
    report.write_text(json.dumps(document))
    _journal, found = verify_files([str(journal), str(report)])
    assert [each.text for each in found.findings] == [
        f"its head {'0' * 64} is in none of the journals",
        "wave pilot: recorded as pass, but wait follows",
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda report: report.update(rollout="pumps"), "is not of rollout"),
        (lambda report: report.update(phase="completed"), "phase is not that of line 2"),
        (lambda report: report.update(digest="0" * 64), "digest is not that of line 2"),
        (lambda report: report.update(why="all is well"), "why is not that of line 2"),
        (
            lambda report: report["counts"].update(in_scope=9),
            "in_scope is 9, but its waves have 10",
        ),
        (
            lambda report: report.update(report=["all is well"]),
            "report is not the text of its facts",
        ),
        (lambda report: report["waves"][0].update(verdict="pass"), "verdict is shown as"),
        (lambda report: report["waves"][0].pop("counts"), "is not a whole report"),
        (lambda report: report.pop("journal"), "no finding"),
    ],
)
def test_forged_facts_and_texts_of_a_report_are_findings(
    account_with: StartAccount, tmp_path: Path, change: Callable[[Record], object], why: str
) -> None:
    journal, report = tmp_path / "journal.jsonl", tmp_path / "report.json"
    rollout = Rollout(account_with(fleet=fleet({"alpha": 10})), {"alpha": 10})
    for _run in range(2):
        run_recorded(rollout, journal)
        rollout.sim.advance(hours=9)
    document = json.loads(report.read_text())
    change(document)
    report.write_text(json.dumps(document))
    _journal, found = verify_files([str(journal), str(report)], derive=derived_texts)
    assert why in "; ".join(map(str, found.findings)) or (why, found.findings) == ("no finding", [])
    assert verify(report, head=verify(journal).head).findings != []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is empty"),
        ("{}", "no chain in 1 line"),
        ("[]", "no chain in 1 line"),
        ("<!doctype html><p>A page of someone else", "the page carries no evidence"),
        ('{"rollout": "meters", "phase": "held", "evidence": 7}', "evidence must be an object"),
        ('{"rollout": "meters", "phase": "held", "evidence": {}}', "evidence.targets is missing"),
    ],
)
def test_a_file_that_proves_nothing_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert why in str(verify(path).findings[0])


def test_what_cannot_be_read_does_not_hold(tmp_path: Path) -> None:
    for path, why in {
        str(tmp_path / "none"): "cannot be read: No such file or directory",
        str(tmp_path): "cannot be read: Is a directory",
        "a\0b": "cannot be read: it is not a path",
    }.items():
        (found,) = verify_files([path], rollout="meters")
        assert [str(each) for each in found.findings] == [why]
    with pytest.raises(InvalidValue, match="64 hex digits"):
        verify_files([], head="abc")
    for nothing in ([], [""], ["file", " "]):
        with pytest.raises(InvalidValue, match="must be a file, or a list of files"):
            verify_files(nothing)
