# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a recording, as data and as text."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ..state.switches import TABLE
from . import questions
from .contract import reply_problems, request_problems
from .evidence import NOT_SHOWN, verdicts
from .findings import Verdict
from .recording import Exchange, Recording
from .story import Story

SHOWN = 3  # observations of a switch
_NUMBER = re.compile(r"Q(\d+)")
_STATES = ("settled", "narrowed", "contradictory", "facts", "not shown", "not in traffic")


def report(recording: Recording) -> dict[str, Any]:
    """Everything that the recording says about the service."""
    story = Story(recording)
    seen = verdicts(recording)
    rows = [_question(number, text, seen, story) for number, text in questions.QUESTIONS.items()]
    return {
        "recording": _about(recording),
        "questions": rows,
        "other_behavior": [_switch(v) for v in seen if not _NUMBER.search(v.question)],
        "switches": {v.switch: v.values[0] for v in seen if v.settled},
        "not_shown": _not_shown(seen),
        "document": _against_document(recording),
    }


def text(found: dict[str, Any]) -> str:
    """The report for people."""
    about = found["recording"]
    lines = [
        f"Recording of {about['service']}, {about['from']} to {about['to']}",
        f"  Exchanges: {about['exchanges']}, operations: {len(about['operations'])}",
        *(f"  {note}" for note in about["notes"]),
        "",
        "Open questions",
    ]
    for state in _STATES[:4]:
        for row in found["questions"]:
            if row["state"] == state:
                lines += _question_lines(row)
    others = found["other_behavior"]
    if others:
        lines += ["", "Other behavior that is not documented"]
        for row in others:
            lines += _switch_lines(row, "  ")
    lines += ["", *_option_lines(found["switches"])]
    lines += ["", "What the OpenAPI document does not allow"]
    for row in found["document"]:
        seen = f"line {row['line']}, {questions.times(row['count'])}"
        lines.append(f"  {row['operation']} ({seen}): {row['problem']}")
    if not found["document"]:
        lines.append("  nothing")
    left = [row for row in found["questions"] if row["state"] == "not shown"]
    lines += ["", "Questions that this recording does not answer"]
    for row in left:
        lines += [f"  {row['number']}. {row['question']}", f"     to see it: {row['shown_by']}"]
    lines += ["", "Questions that no recording can answer"]
    lines += [
        f"  {row['number']}. {row['question']} ({row['reason']})"
        for row in found["questions"]
        if row["reason"]
    ]
    return "\n".join(_printable(line) for line in lines)


def _about(recording: Recording) -> dict[str, Any]:
    exchanges = recording.exchanges
    times = [exchange.now for exchange in exchanges if exchange.now is not None]
    dates = [exchange.headers["date"] for exchange in exchanges if exchange.now is not None]
    notes = [recording.end] if recording.end else []
    if recording.unread:
        first = ", ".join(map(str, recording.unread[:SHOWN]))
        notes.append(f"Lines that are not exchanges: {len(recording.unread)} (first: {first})")
    removed = sum(exchange.removed for exchange in exchanges)
    if removed:
        notes.append(f"Exchanges of which a part was not recorded: {removed}")
    if any("x-fota-simulator" in exchange.headers for exchange in exchanges):
        notes.append("It is a recording of the simulator, not of the service.")
    return {
        "service": str(recording.header.get("service")),
        "collection": str(recording.header.get("collection")),
        "accounts": recording.accounts,
        "exchanges": len(exchanges),
        "operations": questions.calls(exchanges),
        "from": dates[times.index(min(times))] if times else "",
        "to": dates[times.index(max(times))] if times else "",
        "unread": len(recording.unread),
        "notes": notes,
    }


def _question(number: int, wording: str, seen: list[Verdict], story: Story) -> dict[str, Any]:
    own = [verdict for verdict in seen if str(number) in _NUMBER.findall(verdict.question)]
    facts = list(questions.FACTS[number](story)) if number in questions.FACTS else []
    reason = questions.NOT_IN_TRAFFIC.get(number, "")
    switches = [s for s in TABLE if str(number) in _NUMBER.findall(s.question)]
    if any(not verdict.values for verdict in own):
        state = "contradictory"
    elif switches and all(any(v.switch == s.name and v.settled for v in own) for s in switches):
        state = "settled"
    elif own:
        state = "narrowed"
    elif facts:
        state = "facts"
    else:
        state = "not in traffic" if reason else "not shown"
    return {
        "number": number,
        "question": wording,
        "state": state,
        "switches": [_switch(verdict) for verdict in own],
        "facts": facts,
        "shown_by": questions.SHOWN_BY.get(number, ""),
        "reason": reason,
    }


def _switch(verdict: Verdict) -> dict[str, Any]:
    switch = next(row for row in TABLE if row.name == verdict.switch)
    against = {
        value: next(f for f in verdict.findings if value not in f.values)
        for value in switch.choices
        if value not in verdict.values
    }
    return {
        "name": switch.name,
        "values": list(verdict.values),
        "contradicts": [
            {"value": value, "line": finding.line, "seen": finding.seen}
            for value, finding in against.items()
        ],
        "is_default": verdict.values == (switch.default,),
        "observations": len(verdict.findings),
        "seen": [{"line": f.line, "seen": f.seen} for f in verdict.findings[:SHOWN]],
    }


def _not_shown(seen: list[Verdict]) -> dict[str, str]:
    """Switches that nothing was seen of, and why not."""
    known = {verdict.switch for verdict in seen}
    return {
        switch.name: NOT_SHOWN.get(switch.name, "no call that shows it")
        for switch in TABLE
        if switch.name not in known
    }


def _against_document(recording: Recording) -> list[dict[str, Any]]:
    """What the document does not allow: each problem once, with its number and first line."""
    count: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    for exchange in recording.exchanges:
        for problem in dict.fromkeys(_problems(exchange)):
            key = exchange.operation, problem
            count[key] += 1
            first.setdefault(key, exchange.line)
    return [
        {"operation": name, "problem": problem, "count": count[name, problem], "line": line}
        for (name, problem), line in first.items()
    ]


def _problems(exchange: Exchange) -> list[str]:
    if exchange.status is None or exchange.documented is None:
        return []
    found: list[str] = []
    if exchange.good:
        found += request_problems(exchange.documented, exchange.path, exchange.query, exchange.sent)
    if not exchange.removed:
        found += reply_problems(
            exchange.documented,
            exchange.status,
            exchange.media_type,
            exchange.body,
            is_empty=exchange.is_empty,
        )
    return found


def _question_lines(row: dict[str, Any]) -> list[str]:
    lines = [f"  {row['number']}. {row['question']} {row['state']}"]
    for switch in row["switches"]:
        lines += _switch_lines(switch, "     ")
    return [*lines, *(f"     {fact}" for fact in row["facts"])]


def _switch_lines(row: dict[str, Any], margin: str) -> list[str]:
    values = " or ".join(row["values"]) or "none of the values of the simulator"
    first = row["seen"][0]
    more = "" if row["observations"] == 1 else f", and {row['observations'] - 1} more"
    lines = [f"{margin}{row['name']}: {values} (line {first['line']}: {first['seen']}{more})"]
    if row["contradicts"]:
        against = (f"{item['value']} (line {item['line']})" for item in row["contradicts"])
        lines.append(f"{margin}  contradicts {', '.join(against)}")
    return lines


def _option_lines(switches: dict[str, str]) -> list[str]:
    defaults = {switch.name: switch.default for switch in TABLE}
    other = {name: value for name, value in switches.items() if value != defaults[name]}
    if not other:
        return ["The simulator behaves like this service by default, as far as it was seen."]
    options = " ".join(f"--switch {name}={value}" for name, value in other.items())
    return [
        "To start a simulator that behaves like this service, as far as it was seen:",
        f"  {options}",
    ]


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)
