# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a rollout as it is read: one JSON object per line, one line per run.

No decision depends on it. It holds ids of campaigns, which can be read even while no report lists
them, and the state after the last run, with which the next run finds what has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._model.chain_check import check_chain
from ..._model.errors import InvalidValue
from ..._model.hash_chain import find_end, read_object
from ..._model.text import count
from ..._plan.rollout.action.events import LastRun

# The ids of the service are UUIDs; no other text gets into a URL.
CAMPAIGN_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Journal:
    """What a journal holds of one rollout.

    :ivar campaign_ids: campaigns that were created.
    :ivar unreadable: numbers of the lines that are not JSON objects and that no run of this rollout
        has reported yet: its own line follows.
    :ivar lines: how many it has, those of other rollouts included.
    :ivar head: of its hash chain; empty where it has no lines.
    """

    last: LastRun = LastRun()
    campaign_ids: tuple[str, ...] = ()
    unreadable: tuple[int, ...] = ()
    lines: int = field(default=0, compare=False)
    head: str = field(default="", compare=False)


def read_journal(path: str, rollout: str) -> Journal:
    """Read a journal; a file that does not exist counts as empty.

    :raises InvalidValue: the file cannot be read.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return Journal()
    except OSError as error:
        raise InvalidValue("journal", path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidValue("journal", path, "must be a path") from error
    last = LastRun()
    ids: dict[str, None] = {}
    unreadable: list[int] = []
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    for number, line in enumerate(lines, 1):
        entry = _read_line(line)
        if entry is None:
            unreadable.append(number)
        elif entry.get("rollout") == rollout:
            unreadable.clear()
            last = read_last_run(entry)
            created = entry.get("created")
            for campaign_id in map(str, created if isinstance(created, list) else ()):
                if CAMPAIGN_ID.fullmatch(campaign_id):
                    ids.setdefault(campaign_id)
    head = find_end(lines)[0] if lines else ""
    return Journal(last, tuple(ids), tuple(unreadable), len(lines), head)


@dataclass(frozen=True)
class LastPhase:
    """The phase after the last run of a rollout.

    :ivar at: time of the last run, and ``since`` of the first one of those that ended alike, as the
        journal has them.
    :ivar campaign_ids: campaigns that the runs created.
    """

    phase: str
    at: str
    since: str
    campaign_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class JournalProblem:
    """Why a journal tells no phase.

    :ivar rollouts: whose lines it has, as far as that can be read.
    """

    path: str
    why: str
    rollouts: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"journal {self.path}: {self.why}"


def read_last_phases(
    paths: Iterable[str],
) -> tuple[dict[str, LastPhase], list[JournalProblem]]:
    """Read the last phase of each rollout of journals, and say which journals tell none.

    A journal whose chain does not hold tells none: everyone can write a line without a hash.
    """
    found: dict[str, LastPhase] = {}
    problems: list[JournalProblem] = []
    for path in paths:
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            why = f"cannot be read: {getattr(error, 'strerror', None) or error}"
            problems.append(JournalProblem(path, why))
            continue
        chain = check_chain(content)
        runs = [entry.found for entry in chain.entries if entry.found and _is_run(entry.found)]
        if chain.findings or not runs:
            why = str(chain.findings[0]) if runs else "must be a journal of a rollout"
            more = len(chain.findings) - 1
            why += f" and {count(more, 'finding')} more" if runs and more else ""
            rollouts = frozenset(entry["rollout"] for entry in runs)
            problems.append(JournalProblem(path, why, rollouts))
            continue
        for entry in runs:
            found[entry["rollout"]] = _follow(found.get(entry["rollout"]), entry)
    return found, problems


def _is_run(entry: Mapping[str, Any]) -> bool:
    return all(isinstance(entry.get(key), str) for key in ("rollout", "phase", "time"))


def _follow(last: LastPhase | None, entry: Mapping[str, Any]) -> LastPhase:
    """Give the last phase with one run more."""
    created = entry.get("created")
    ids = frozenset(map(str, created)) if isinstance(created, list) else frozenset()
    if last is not None and last.phase == entry["phase"]:
        return LastPhase(last.phase, entry["time"], last.since, last.campaign_ids | ids)
    before = last.campaign_ids if last else frozenset()
    return LastPhase(entry["phase"], entry["time"], entry["time"], before | ids)


def read_last_run(entry: Mapping[str, Any]) -> LastRun:
    """Read what is remembered of the run before."""
    return LastRun(
        phase=str(entry.get("phase") or ""),
        passed=_read_names(entry, "passed"),
        halted=_read_names(entry, "halted"),
    )


def _read_names(entry: Mapping[str, Any], key: str) -> frozenset[str]:
    names = entry.get(key)
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def _read_line(line: bytes) -> dict[str, Any] | None:
    return read_object(line) if line.strip() else {}
