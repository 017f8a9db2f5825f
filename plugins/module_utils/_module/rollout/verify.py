# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies a journal or a report without the service: its chain, and every decision in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._model.chain_check import Finding, check_chain
from ..._model.errors import InvalidValue
from ..._model.text import brief, count, visible
from ..._plan.rollout.judgement.recheck import RecordedRun, find_lifted, recheck
from .recorded import Unreadable, read_run

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
            return f"{self.path}: every decision of the report follows from its numbers{notes}"
        names = ", ".join(self.rollouts)
        return (
            f"{self.path}: {count(self.lines, 'line')} whole and in order; the decisions of {runs}"
            f" of {names} follow from their numbers; head {self.head}{notes}"
        )


def verify_files(paths: Iterable[str], *, rollout: str = "", head: str = "") -> list[Verified]:
    """Verify journals and reports; the heads of the reports must be in the journals.

    :param rollout: name of the rollout whose files they must be; empty: any.
    :param head: of the chain of each journal, as it was written down elsewhere; empty: not known.
    :raises InvalidValue: ``head`` is not a head.
    """
    if head and not HEAD.fullmatch(head):
        raise InvalidValue("head", head, "must be a head, of 64 hex digits in lower case")
    files = [_verify_file(path, rollout) for path in paths]
    journals = [file for file in files if file.kind == "journal"]
    for journal in journals if head else []:
        _check_head(journal, head)
    known = {head for journal in journals for head in journal.heads}
    for file in files:
        if journals and file.kind == "report" and file.head and file.head not in known:
            file.findings.append(Finding(0, f"its head {file.head} is in none of the journals"))
        file.findings.sort()
    return files


def _verify_file(path: str, rollout: str) -> Verified:
    text = _read(path)
    if isinstance(text, str):
        return Verified(path, "unreadable", findings=[Finding(0, text)])
    report = _read_report(text)
    if report is not None:
        found = _verify_report(path, report)
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


def _verify_report(path: str, report: Mapping[str, Any]) -> Verified:
    journal = report.get("journal")
    head = journal.get("head") if isinstance(journal, dict) else ""
    report = {name: value for name, value in report.items() if name != "actions"}
    found = Verified(path, "report", head=head if isinstance(head, str) else "")
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
