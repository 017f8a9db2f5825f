# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that people read: made safe to print and short, whoever wrote it, and numbers of things."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]")


def visible(value: object) -> str:
    """Return a value as one line of text, without escape sequences and control characters."""
    return "".join(c if c.isprintable() else " " for c in _ESCAPES.sub("", as_text(value)))


def count(number: int, noun: str) -> str:
    """Return a number of things, such as ``1 device`` and ``2 devices``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_LARGEST_WRITTEN = 10**40
_LONGEST_KEY = 60
_LONGEST_TEXT = 160
_LONGEST_ERROR = 2000


class _Brief(reprlib.Repr):
    """Short representations, also of integers that Python refuses to write."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = _LONGEST_TEXT
        self.maxlist = self.maxdict = self.maxtuple = 4
        self.maxlevel = 2

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002
        return as_text(x)


brief = _Brief().repr
"""Represents any value in a message, shortened."""


def as_text(value: object) -> str:
    """Return a value as text, also an integer that Python refuses to write."""
    if isinstance(value, int) and abs(value) >= _LARGEST_WRITTEN:
        return f"<an integer of {value.bit_length()} bits>"
    return str(value)


def short_key(key: object) -> str:
    """Return the key of a dictionary as text in a message, shortened."""
    text = as_text(key)
    return text if len(text) <= _LONGEST_KEY else f"{text[: _LONGEST_KEY - 3]}..."


def short_error(text: str) -> str:
    """Return an error that may hold a whole value, with its middle left out where it is long."""
    half = _LONGEST_ERROR // 2
    return text if len(text) <= _LONGEST_ERROR else f"{text[:half]} ... {text[-half:]}"


def shown(text: str) -> str:
    """Return a version or name as it is; quoted, escaped and shortened where that is not safe."""
    plain = text.isprintable() and text == text.strip() and len(text) <= _LONGEST_TEXT
    return text if plain else brief(text)


def looks_like(text: str, other: str) -> bool:
    """Return whether two texts differ only by what is not visible, such as a line end."""
    return text != other and _visible_part(text) == _visible_part(other)


def lookalikes(wanted: str, texts: Iterable[str]) -> list[str]:
    """Return the texts that only look like the one that is wanted, each once."""
    return [text for text in dict.fromkeys(texts) if looks_like(text, wanted)]


def _visible_part(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and not c.isspace())
