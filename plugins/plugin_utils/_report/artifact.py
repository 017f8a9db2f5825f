# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run as data for later jobs of a workflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .result import Conclusion

Facts = Mapping[str, Any]

# AWX keeps artifacts with each job, and shows them whole.
MOST_BYTES = 4096
_LONGEST_TEXT = 300
_TOO_LONG = "a line to paste is too long for here: the output of this run has it"
# Entries of a list, until all of it is small enough.
_ENTRIES = (20, 10, 5, 3, 1)


def artifact(conclusion: Conclusion, *, journal_head: str = "") -> dict[str, Any]:
    """Give what later jobs of a workflow need, at most :data:`MOST_BYTES` as JSON.

    Long lists are cut, and say how many entries are missing. ``passed`` and ``last_run`` are of the
    decision that was carried out: by them, the next run finds what has happened since.

    :param journal_head: of the journal with the line of this run; empty when there is none.
    """
    pasted = frozenset(conclusion.pasted())
    facts, before = conclusion.facts, conclusion.writes.decision
    document: dict[str, Any] = {
        "rollout": facts.get("rollout", ""),
        "phase": facts.get("phase", ""),
        "passed": before.get("passed", []),
        "digest": facts.get("digest", ""),
        "counts": facts.get("counts", {}),
        "awaiting": facts.get("awaiting", []),
        "halted_cohorts": [
            cohort for cohort in facts.get("cohorts", ()) if cohort["state"] == "failed"
        ],
        "unstoppable": [
            {key: value for key, value in campaign.items() if key != "imeis"}
            for campaign in facts.get("unstoppable", ())
        ],
        "next_check_after": facts.get("next_check_after") or "",
        "did": conclusion.did(),
        "stands": [line.text for line in conclusion.stands(names=False)],
        "next": [
            _TOO_LONG if line in pasted and len(line) > _LONGEST_TEXT else line
            for line in conclusion.next()
        ],
        **({"journal_head": journal_head} if journal_head else {}),
        "last_run": {"phase": before.get("phase", ""), "halted": before.get("halted", [])},
    }
    for entries in _ENTRIES:
        cut: dict[str, Any] = _cut(document, entries)
        if len(json.dumps(cut).encode()) <= MOST_BYTES:
            return cut
    kept = ("rollout", "phase", "digest", "counts", "next_check_after", "journal_head")
    return {key: cut[key] for key in kept if key in cut}


def _cut(value: Any, entries: int) -> Any:
    """Cut texts and lists, at every depth."""
    if isinstance(value, Mapping):
        return {str(key): _cut(each, entries) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        kept = [_cut(each, entries) for each in value[:entries]]
        more = len(value) - len(kept)
        if more:
            is_text = all(isinstance(each, str) for each in value)
            kept.append(f"and {more} more" if is_text else {"more": more})
        return kept
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[: _LONGEST_TEXT - 3]}..."
    return value
