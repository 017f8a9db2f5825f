# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read values of a nested declaration and remember everything that is wrong, not just the first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction

from ...._model.errors import InvalidValue

# An exponent that asks for more digits than there is memory.
_HUGE = re.compile(r"[eE][-+]?\d{4}")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


RENAMED = {"lane": "cohort", "max_failed_lane_share": "max_failed_cohort_share"}
"""Keys of earlier versions, and what they are called now."""


class InvalidSpec(InvalidValue):
    """A declaration cannot be used; says every reason at once.

    :ivar problems: one sentence each: where, which value, what is wrong, what would be right.
    """

    def __init__(self, what: str, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} error" + ("s" if len(problems) > 1 else "")
        super().__init__(what, count, "; ".join(self.problems))

    def __str__(self) -> str:
        return f"{self.field}: {self.value}: {self.reason}"


class Section:
    """One mapping of a declaration; what it reads may be wrong, and then stands in ``problems``.

    Numbers and flags may come as text: templates of ansible-core before 2.19 give nothing else.
    """

    def __init__(self, raw: object, where: str, problems: list[str]) -> None:
        self.where = where
        self.problems = problems
        if raw is None:
            raw = {}
        if not isinstance(raw, Mapping):
            problems.append(f"{where} = {raw!r}: is no mapping of keys to values")
            raw = {}
        self.raw: Mapping[str, object] = {RENAMED.get(str(key), key): raw[key] for key in raw}

    def __contains__(self, key: str) -> bool:
        return self.raw.get(key) is not None

    def refuse(self, key: str, why: str) -> None:
        """Remember what is wrong with a key."""
        place = f"{self.where}.{key}" if self.where else key
        self.problems.append(f"{place} = {self.raw.get(key)!r}: {why}")

    def know(self, *known: str) -> None:
        """Refuse every key that is not among ``known``, with the nearest one."""
        for key in self.raw:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                self.refuse(str(key), f"is no key of this place; {meant}")

    def text(self, key: str, *, default: str | None = None) -> str:
        value = self.raw.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, (dict, list, bool)) or value is None or not str(value).strip():
            self.refuse(key, "is required, as text")
            return ""
        return str(value).strip()

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.raw.get(key)
        if value is None:
            return default
        word = str(value).strip().lower()
        if word not in _TRUE + _FALSE:
            self.refuse(key, "is neither true nor false")
        return word in _TRUE

    def whole(self, key: str, *, default: int, least: int, most: int) -> int:
        """A whole number in a range."""
        value = self.raw.get(key)
        if value is None:
            return default
        text = str(value).strip()
        digits = text.isascii() and text.isdigit() and len(text) < 10
        if isinstance(value, bool) or not digits or not least <= int(text) <= most:
            self.refuse(key, f"is no whole number from {least} to {most}")
            return default
        return int(text)

    def share(self, key: str, *, default: Fraction) -> Fraction:
        """A rate from 0 to 1, exactly as it was written."""
        return self._number(key, default, most=Fraction(1), what="is no rate from 0 to 1")

    def percent(self, key: str) -> Fraction:
        """A number above 0, up to 100."""
        what = "is no number above 0 and up to 100"
        value = self._number(key, Fraction(1), most=Fraction(100), what=what)
        if not value:
            self.refuse(key, what)
        return value

    def _number(self, key: str, default: Fraction, *, most: Fraction, what: str) -> Fraction:
        value = self.raw.get(key)
        if value is None:
            return default
        text = str(value).strip()
        if isinstance(value, (bool, dict, list)) or len(text) > 30 or _HUGE.search(text):
            self.refuse(key, what)
            return default
        try:
            number = Fraction(text)
        except (ValueError, ZeroDivisionError):
            self.refuse(key, what)
            return default
        if not 0 <= number <= most:
            self.refuse(key, what)
            return default
        return number

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a missing one is empty, a single text stands for a list of one."""
        value = self.raw.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
            self.refuse(key, "is no list of texts")
            return ()
        return tuple(value)

    def sections(self, key: str, *, required: bool = True) -> list[Section]:
        """A list of mappings; a missing or empty one only where it is not required."""
        value = self.raw.get(key)
        if not required and (value is None or value in ([], ())):
            return []
        if not isinstance(value, (list, tuple)) or not value:
            self.refuse(key, "is required, as a list with at least one entry")
            return []
        return [Section(one, f"{key}[{place}]", self.problems) for place, one in enumerate(value)]
