# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the chain of a journal, and says which line was changed, dropped, doubled or moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .hash_chain import START, Link, fold, read_link, read_object
from .text import count

# A line of a run has at most 20 kB. What is far longer is not read.
LONGEST = 1_000_000


@dataclass(frozen=True, order=True)
class Finding:
    """What does not hold.

    :ivar line: number of the line in the file, from 1; 0: the file as a whole.
    :ivar last: of several lines of which it is not known which one is meant; else 0.
    """

    line: int
    text: str
    last: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.text
        lines = f"lines {self.line} to {self.last}" if self.last else f"line {self.line}"
        return f"{lines}: {self.text}"


@dataclass(frozen=True)
class Entry:
    """A line as it was found; ``found`` is None where it is not a JSON object."""

    number: int
    raw: bytes = field(repr=False)
    found: Mapping[str, Any] | None = field(repr=False)
    link: Link | None = field(repr=False)

    @property
    def intact(self) -> bool:
        """It is a line of the chain, as it was written."""
        return self.link is not None and self.link.intact


@dataclass(frozen=True)
class CheckedChain:
    """The lines of a journal, and what does not hold of its chain.

    :ivar notes: what a person should know although it holds.
    :ivar head: the head after the last line.
    :ivar heads: the number of the line after which each head was the head, but for changed lines.
    """

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    head: str
    heads: Mapping[str, int] = field(repr=False)


def check_chain(text: bytes) -> CheckedChain:
    """Check the chain of a journal.

    :param text: the whole file.
    """
    lines = text.split(b"\n")
    torn = lines.pop()
    lines += [torn] if torn else []
    entries = tuple(_read(number, raw) for number, raw in enumerate(lines, 1))
    walk = _Walk({entry.link.hash for entry in entries if entry.link and entry.intact})
    heads: dict[str, int] = {}
    for entry in entries:
        walk.add(entry)
        if entry.link is not None and entry.link.intact:
            heads.setdefault(entry.link.hash, entry.number)
        elif entry.link is None and len(walk.heads) == 1:
            (head,) = walk.heads
            heads.setdefault(head, entry.number)
    walk.end(torn=bool(torn))
    findings, notes = tuple(sorted(walk.findings)), tuple(sorted(walk.notes))
    return CheckedChain(entries, findings, notes, min(walk.heads), heads)


def _read(number: int, raw: bytes) -> Entry:
    found = read_object(raw) if len(raw) <= LONGEST else None
    return Entry(number, raw, found, read_link(raw, found))


class _Walk:
    """Goes through the lines.

    :param known: hashes of all intact lines of the file.
    :ivar heads: the head before the next line; several after a line that was changed, as a later
        run may have taken it as it was or as it is.
    """

    def __init__(self, known: set[str]) -> None:
        self.findings: list[Finding] = []
        self.notes: list[Finding] = []
        self.heads = {START}
        self._known = known
        self._seen: dict[str, int] = {}
        self._highest = 0
        self._others: list[Entry] = []
        self._any_link = False
        self._unexplained = 0

    def add(self, entry: Entry) -> None:
        """Go on to the next line."""
        link, number = entry.link, entry.number
        if link is None:
            self._others.append(entry)
            self._pass(entry)
            return
        self._any_link = True
        if not link.intact:
            self._find(number, "was changed after it was written")
            self._pass(entry)
            self.heads |= {link.hash, link.actual}
            self._highest += len(self._others) + 1
            self._others.clear()
        elif link.hash in self._seen:
            self._find(number, f"repeats line {self._seen[link.hash]}")
        else:
            self._seen[link.hash] = number
            moved = link.line <= self._highest
            follows = link.line == self._highest + len(self._others) + 1
            if link.previous in self.heads and follows:
                self._note_others(number)
            elif link.previous in self.heads:
                self._find(number, f"was put in: it has the number {link.line} of another line")
            else:
                self._diagnose(number, link)
            # The line after one that was moved follows the one that is before both.
            self.heads = {link.hash, *(self.heads if moved else ())}
            self._highest = max(self._highest, link.line)
            self._others.clear()

    def end(self, *, torn: bool) -> None:
        """Judge the lines after the last one of the chain.

        :param torn: the last line has no end.
        """
        if not self._any_link:
            lines = count(len(self._others), "line")
            why = f"no chain in {lines}" if self._others else "the file is empty"
            self._find(0, f"{why}: nothing can be verified")
            return
        for entry in self._others:
            last = torn and entry is self._others[-1]
            self._find(
                entry.number,
                "is cut off: a run was killed while writing it, or the file was cut"
                if last
                else _describe(entry),
            )
        if self._unexplained and not self.findings:
            self._find(self._unexplained, "does not follow the line before it")

    def _pass(self, entry: Entry) -> None:
        self.heads = {fold(head, entry.raw) for head in self.heads}

    def _diagnose(self, number: int, link: Link) -> None:
        """Say why a line does not follow what is before it."""
        missing = link.line - self._highest - len(self._others) - 1
        if link.line <= self._highest:
            self._find(number, f"is out of order: it was written as line {link.line}")
        elif link.previous in self._known and missing > 0:
            self._unexplained = number  # the lines between are elsewhere, and reported there
        elif self._others:
            first, last = self._others[0], self._others[-1]
            after = f"not what was there when line {number} was written"
            if missing > 0:
                lost = f"{after}: {count(missing, 'line')} missing"
                self.findings.append(Finding(first.number, lost, number))
            elif first is last:
                self._find(first.number, f"{_describe(first)}, {after}")
            else:
                self.findings.append(Finding(first.number, after, last.number))
        elif missing > 0:
            lines = count(missing, "line")
            self._find(number, f"{lines} missing before it: it was written as line {link.line}")
        else:
            self._find(number, "does not follow the line before it, which was put in its place")

    def _note_others(self, number: int) -> None:
        """Note the lines that are not of the chain, and that it covers."""
        for entry in self._others:
            self.notes.append(Finding(entry.number, f"{_describe(entry)}; line {number} covers it"))

    def _find(self, number: int, text: str) -> None:
        self.findings.append(Finding(number, text))


def _describe(entry: Entry) -> str:
    """Say what a line is that is not of the chain."""
    if len(entry.raw) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    if not entry.raw.strip():
        return "is empty"
    return "is cut off or not a JSON object" if entry.found is None else "has no hash"
