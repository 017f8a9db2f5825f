# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies a journal or a report without the service: its chain, and every decision in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._model.chain_check import Finding, check_chain
from ..._model.errors import InvalidValue
from ..._model.text import brief, count, visible
from ..._plan.rollout.judgement.recheck import RecordedRun, find_lifted, recheck
from .recorded import Unreadable, read_run
from .verify_report import compare_report, compare_with_line

Derive = Callable[[Mapping[str, Any]], Mapping[str, Any]]

# Bytes. A journal of hourly runs of ten years has less.
LARGEST = 2_000_000_000
# Findings and notes that people are shown of one file.
MOST_SHOWN = 100
HEAD = re.compile(r"[0-9a-f]{64}")
# Where a report in HTML carries the same.
_IN_PAGE = re.compile(rb'<script type="application/json" id="evidence">([^<]*)</script>', re.DOTALL)
_REPORT_KEYS = frozenset({"rollout", "phase", "evidence"})


@dataclass
class Verified:
    """What was verified of one file.

    :ivar head: of the chain of a journal, or that which a report carries.
    :ivar report: the report, or what a page carries of it.
    :ivar is_page: it is a page, of which only what it carries was verified.
    :ivar records: the number and the record of the lines of a journal, by their exact time.
    :ivar belongs: how a report belongs to a journal; empty where no journal was given.
    """

    path: str
    kind: str
    head: str = ""
    lines: int = 0
    runs: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    heads: Mapping[str, int] = field(default_factory=dict)
    rollouts: dict[str, int] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_page: bool = False
    records: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict, repr=False)
    belongs: str = ""

    @property
    def holds(self) -> bool:
        return not self.findings

    def as_result(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "path": self.path,
            "kind": self.kind,
            "holds": self.holds,
            "head": self.head,
            "lines": self.lines,
            "runs": self.runs,
            "rollouts": self.rollouts,
            "findings": [{"line": each.line, "text": each.text} for each in self.findings],
            "notes": [str(each) for each in self.notes],
            "text": self._text(),
            "msg": self._describe(),
        }

    def _text(self) -> list[str]:
        """Give the summary, and under it what was found."""
        lines = [*map(str, self.findings), *(f"note: {note}" for note in self.notes)]
        more = len(lines) - MOST_SHOWN
        shown = lines[:MOST_SHOWN] + ([f"and {count(more, 'line')} more"] if more > 0 else [])
        return [self._describe(), *map(visible, shown)]

    def _describe(self) -> str:
        notes = f"; {count(len(self.notes), 'note')}" if self.notes else ""
        if self.findings:
            return f"{self.path}: {count(len(self.findings), 'finding')}{notes}"
        runs = count(self.runs, "run")
        if self.kind == "report":
            what = (
                "the evidence of the page follows from its numbers; its text was not verified"
                if self.is_page
                else "every decision of the report follows from its numbers"
            )
            return f"{self.path}: {what}{self.belongs}{notes}"
        names = ", ".join(self.rollouts)
        return (
            f"{self.path}: {count(self.lines, 'line')} whole and in order; the decisions of {runs}"
            f" of {names} follow from their numbers; head {self.head}{notes}"
        )


def verify_files(
    paths: Iterable[str], *, rollout: str = "", head: str = "", derive: Derive | None = None
) -> list[Verified]:
    """Verify journals and reports; the reports must belong to the journals.

    :param rollout: name of the rollout whose files they must be; empty: any.
    :param head: of the chain of each journal, as it was written down elsewhere; without a journal,
        that of each report; empty: not known.
    :param derive: gives the texts that a JSON report has of its facts.
    :raises InvalidValue: ``head`` is not a head, or there are no paths.
    """
    if head and not HEAD.fullmatch(head):
        raise InvalidValue("head", head, "must be a head, of 64 hex digits in lower case")
    wanted = list(paths)
    if not wanted or not all(path.strip() for path in wanted):
        raise InvalidValue(
            "path", wanted, "must be a file, or a list of files; nothing was verified"
        )
    files = [_verify_file(path, rollout, derive) for path in wanted]
    journals = [file for file in files if file.kind == "journal"]
    for file in files:
        if file.kind == "journal" and head:
            _check_head(file, head)
        elif file.kind == "report" and journals:
            _check_membership(file, journals)
        elif file.kind == "report" and head and file.head != head:
            said = f"its head is {file.head}" if file.head else "it has no head"
            file.findings.append(Finding(0, f"{said}, and not the given {head}"))
        file.findings.sort()
    return files


def _check_membership(found: Verified, journals: Iterable[Verified]) -> None:
    """Check that a report belongs to one of the journals: by its rollout, head and moment."""
    evidence = found.report.get("evidence")
    moment = str(evidence.get("now")) if isinstance(evidence, dict) else ""
    (name,) = found.rollouts
    of_rollout = [journal for journal in journals if name in journal.rollouts]
    if not of_rollout:
        found.findings.append(Finding(0, f"no journal is of its rollout {name}"))
    for journal in of_rollout:
        number, line = journal.records.get(moment, (0, {}))
        if number:
            texts = compare_with_line(found.report, line, number)
            found.findings += [Finding(0, text) for text in texts]
            found.belongs = f"; it is of the run of line {number} of {journal.path}"
        elif found.head in journal.heads:
            after = journal.heads[found.head]
            found.belongs = f"; it was made after line {after} of {journal.path}"
    heads = {head for journal in of_rollout for head in journal.heads}
    if found.head and found.head not in heads:
        found.findings.append(Finding(0, f"its head {found.head} is in none of the journals"))
    elif not found.belongs:
        found.findings.append(Finding(0, "without a head, it belongs to no journal"))


def _verify_file(path: str, rollout: str, derive: Derive | None) -> Verified:
    text = _read(path)
    if isinstance(text, str):
        return Verified(path, "unreadable", findings=[Finding(0, text)])
    report = _read_report(text)
    if report is not None:
        found = _verify_report(path, report)
        found.is_page = _is_page(text)
        if found.runs and not found.is_page:
            found.findings += [Finding(0, each) for each in _compare(report, derive)]
    elif _is_page(text):
        found = Verified(path, "report", findings=[Finding(0, "the page carries no evidence")])
    else:
        found = _verify_journal(path, text)
    if rollout and rollout not in found.rollouts:
        others = ", ".join(found.rollouts) or "none"
        found.findings.append(Finding(0, f"no run of rollout {rollout}; rollouts here: {others}"))
    return found


def _check_head(found: Verified, head: str) -> None:
    """Check that the head that was written down elsewhere is one of the file."""
    line = found.heads.get(head)
    if line is None:
        found.findings.append(
            Finding(0, f"no line has the head {head}: lines were removed or written again")
        )
    elif line < found.lines:
        found.notes.append(Finding(line, "has the given head; the lines after it are newer"))


def _read(path: str) -> bytes | str:
    """Read a file, or say why it cannot be read."""
    try:
        file = Path(path).expanduser()
        size = file.stat().st_size
        if size > LARGEST:
            return f"has {size} bytes, and {LARGEST} is the most that can be verified"
        return file.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:
        return "cannot be read: it is not a path"


def _is_page(text: bytes) -> bool:
    return text.lstrip()[:1] == b"<"


def _read_report(text: bytes) -> Mapping[str, Any] | None:
    """Read a report: one JSON object without a chain, or a page with one; None: a journal."""
    carried = _IN_PAGE.search(text) if _is_page(text) else None
    try:
        found = json.loads(carried[1] if carried else text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "chain" in found or not found.keys() >= _REPORT_KEYS:
        return None
    return found


def _compare(report: Mapping[str, Any], derive: Derive | None) -> Iterator[str]:
    """Say which facts and texts of a JSON report do not fit its evidence and each other."""
    try:
        yield from compare_report(report)
        for name, text in (derive(report) if derive else {}).items():
            if report.get(name) != text:
                yield f"{name} is not the text of its facts"
    except (AttributeError, KeyError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        yield f"is not a whole report: {type(error).__name__}: {error}"


def _verify_report(path: str, report: Mapping[str, Any]) -> Verified:
    journal = report.get("journal")
    head = journal.get("head") if isinstance(journal, dict) else ""
    report = {name: value for name, value in report.items() if name != "actions"}
    found = Verified(path, "report", head=head if isinstance(head, str) else "", report=report)
    found.rollouts[_name(report)] = 1
    run = _reread(report, 0, found)
    if run is not None:
        found.runs = 1
        found.findings += [Finding(0, text) for text in recheck(run)]
    return found


def _verify_journal(path: str, text: bytes) -> Verified:
    chain = check_chain(text)
    found = Verified(
        path,
        "journal",
        head=chain.head,
        lines=len(chain.entries),
        findings=list(chain.findings),
        notes=list(chain.notes),
        heads=chain.heads,
    )
    before: dict[str, RecordedRun] = {}
    seen: set[str] = set()
    for entry in chain.entries:
        link = entry.link
        if link is None or link.hash in seen:
            continue
        seen.add(link.hash)
        name = _name(link.record)
        found.rollouts[name] = found.rollouts.get(name, 0) + 1
        run = _reread(link.record, entry.number, found)
        if run is None:
            continue
        found.runs += 1
        found.findings += [Finding(entry.number, text) for text in _judge(run, before.get(name))]
        before[name] = run
        found.records[link.record["evidence"]["now"]] = (entry.number, link.record)
    return found


def _judge(run: RecordedRun, before: RecordedRun | None) -> Iterator[str]:
    yield from recheck(run)
    if before is not None:
        yield from find_lifted(before, run)


def _reread(record: Mapping[str, Any], line: int, found: Verified) -> RecordedRun | None:
    """Read a record, and note what it leaves out; what cannot be read is a finding."""
    try:
        run = read_run(record)
    except (Unreadable, ArithmeticError) as error:
        found.findings.append(Finding(line, f"is not the record of a run: {error}"))
        return None
    left_out = record["evidence"]["left_out"]
    if left_out:
        parts = ", ".join(f"{brief(number)} of its {name}" for name, number in left_out.items())
        found.notes.append(Finding(line, f"leaves out {parts}"))
    if not record["evidence"]["judged"]:
        found.notes.append(
            Finding(
                line, "its phase was not checked: a read failed, or a wave is no longer declared"
            )
        )
    return run


def _name(record: Mapping[str, Any]) -> str:
    name = record.get("rollout")
    return visible(name)[:40] if isinstance(name, str) else "unknown"
