# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal as a hash chain: each line carries the hash of all that was before it.

A line of the chain is a JSON object in canonical form with a member ``chain``: the number of the
line, the head before it, and its own hash. The head of a file is the hash of its last line. Other
lines, such as those of an earlier version or of a run that was killed, become part of the chain
with the line that follows them: the head after one is the hash of the head before and its bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

CHAIN = "chain"
# The head of an empty file.
START = "0" * 64


@dataclass(frozen=True)
class Link:
    """A line of the chain.

    :ivar line: its number in the file when it was written, from 1.
    :ivar previous: the head before it.
    :ivar hash: what it says its hash is.
    :ivar actual: the hash of what it contains now.
    """

    record: Mapping[str, Any]
    line: int
    previous: str
    hash: str
    actual: str

    @property
    def intact(self) -> bool:
        """It is as it was written."""
        return self.hash == self.actual


def seal(record: Mapping[str, Any], *, previous: str, line: int) -> tuple[bytes, str]:
    """Make a record a line of the chain.

    :param line: its number in the file.
    :returns: the line without its end, and its hash, which is the new head.
    :raises ValueError: JSON has no such value.
    :raises TypeError: the same.
    """
    body = {name: value for name, value in record.items() if name != CHAIN}
    chain = {"line": line, "previous": previous}
    head = _digest(_canonical({**body, CHAIN: chain}))
    return _canonical({**body, CHAIN: {**chain, "hash": head}}), head


def read_object(raw: bytes) -> dict[str, Any] | None:
    """Read a line; None: it is not a JSON object."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_link(raw: bytes, found: Mapping[str, Any] | None) -> Link | None:
    """Read a line of the chain; None: it is none.

    :param found: what :func:`read_object` gives for it.
    """
    chain = found.get(CHAIN) if found else None
    if found is None or not isinstance(chain, dict):
        return None
    line, previous, said = (chain.get(name) for name in ("line", "previous", "hash"))
    if not (isinstance(previous, str) and isinstance(said, str) and is_integer(line)):
        return None
    try:
        written, actual = seal(found, previous=previous, line=line)
    except (ValueError, RecursionError):
        return None
    if raw != written and actual == said:
        actual = _digest(raw)
    return Link(found, line, previous, said, actual)


def is_integer(value: object) -> TypeGuard[int]:
    """Tell whether a value of JSON is an integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def fold(head: str, raw: bytes) -> str:
    """Give the head after a line that is not an intact line of the chain."""
    return _digest(head.encode() + b"\n" + raw)


def find_end(lines: Sequence[bytes]) -> tuple[str, int]:
    """Give the head after these lines, each without its end, and the number of the last one.

    Numbers go on where lines were removed.
    """
    since: list[bytes] = []
    head, number = START, 0
    for raw in reversed(lines):
        link = read_link(raw, read_object(raw))
        if link is not None and link.intact:
            head, number = link.hash, link.line
            break
        since.append(raw)
    for raw in reversed(since):
        head = fold(head, raw)
    return head, number + len(since)


def _canonical(record: Mapping[str, Any]) -> bytes:
    """Give the one way in which a record is written, as ASCII."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
