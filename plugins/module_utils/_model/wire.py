# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tolerant readers of wire JSON: unknown members are ignored, missing ones have a default.

Every reader raises only :class:`MalformedReply`, whatever the service sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern

from .errors import MalformedReply
from .text import visible

# The usual spellings of a boolean, in lower case.
_SPELLINGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
_MOST_KEYS, _LONGEST_KEY = 5, 40


def as_row(value: object, what: str) -> Mapping[str, object]:
    """Return ``value`` if it is a JSON object; otherwise name the record (``what``)."""
    if not isinstance(value, Mapping):
        raise MalformedReply(f"{what}: expected a JSON object, got {type(value).__name__}")
    return value


def as_object(value: object, what: str, *members: str) -> Mapping[str, object]:
    """Return ``value`` if it is a JSON object with at least one of the ``members``.

    An object with none of its documented members, such as ``{}`` or an error under HTTP 200, is
    not the reply that was requested (contract section 14, question 34).
    """
    row = as_row(value, what)
    if not any(member in row for member in members):
        raise MalformedReply(
            f"{what}: expected a JSON object with {' or '.join(members)}, got {_described(row)}"
        )
    return row


def _described(row: Mapping[str, object]) -> str:
    keys = [visible(key[:_LONGEST_KEY]) for key in row]
    if not keys:
        return "an empty object"
    more = ", ..." if len(keys) > _MOST_KEYS else ""
    return f"one with {', '.join(keys[:_MOST_KEYS])}{more}"


def as_rows(value: object, what: str) -> list[Mapping[str, object]]:
    """Return ``value`` as a list of JSON objects; null counts as empty (contract section 9)."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedReply(f"{what}: expected a JSON list, got {type(value).__name__}")
    for item in value:
        if item.__class__ is not dict:  # the type of decoded JSON objects, and a faster check
            as_row(item, what)
    return value


def text(row: Mapping[str, object], key: str, *others: str) -> str:
    """Return the first nonempty value of the keys as text, or an empty text."""
    value = row.get(key)
    if value.__class__ is str and value:  # true for nearly all rows of long lists
        return value
    if isinstance(value, (str, int, float)) and value != "":
        return str(value)
    return text(row, *others) if others else ""


def required_text(row: Mapping[str, object], what: str, *keys: str) -> str:
    """Like ``text``, for the member that identifies a row, which must not be missing."""
    value = text(row, *keys)
    if not value:
        raise MalformedReply(
            f"{what}: expected a JSON object with {' or '.join(keys)}, got {_described(row)}"
        )
    return value


def word(row: Mapping[str, object], key: str, *others: str) -> str:
    """Like ``text``, but equal values share memory."""
    return intern(text(row, key, *others))


def number(row: Mapping[str, object], *keys: str) -> int | None:
    """Return the first value of ``keys`` that is an integer, also if it is sent as text."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, bool):
            continue
        if isinstance(value, int):
            return value
        if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdigit():
            return int(value)
    return None


def flag(row: Mapping[str, object], *keys: str) -> bool | None:
    """Return the first value of ``keys`` that is a boolean in any spelling."""
    for key in keys:
        value = boolean(row.get(key))
        if value is not None:
            return value
    return None


def boolean(value: object) -> bool | None:
    """Return ``value`` as a boolean, also if it is sent as 1, 0 or text; None for other values."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    return _SPELLINGS.get(value.strip().lower()) if isinstance(value, str) else None


def count_by(words: Iterable[str]) -> dict[str, int]:
    """Count equal words, sorted by word."""
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))
