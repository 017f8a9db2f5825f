# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of options: what each takes, how it is read, and how Ansible's argument spec writes it.

Ansible's own validator is not used to read them. It names no place in a list, reports unknown keys
without the nearest known one, and converts a version that YAML read as a number (1.10) to text
(1.1) before any of our code sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, ClassVar

from ...._model.errors import InvalidValue
from ...._model.text import as_text, brief, short_key

# An exponent that asks for more digits than there is memory.
_HUGE = re.compile(r"[eE][-+]?\d{4}")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class InvalidSpec(InvalidValue):
    """A declaration cannot be used; says every reason at once, one a line.

    :ivar problems: one line each: the path of the key, its value, and what it must be.
    """

    def __init__(self, what: str, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} error" + ("s" if len(problems) > 1 else "")
        super().__init__(what, count, "\n".join(self.problems))

    def __str__(self) -> str:
        return f"{self.field}: {self.value}:\n{self.reason}"


class NotAllowed(ValueError):
    """A value cannot be used; says what it must be."""


class Problems:
    """Everything that is wrong with a declaration."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, why: str, value: object = None) -> None:
        """Keep what is wrong at a place, with the value there, shortened."""
        given = "" if value is None or value is INVALID else f" = {brief(value)}"
        self.lines.append(f"{where}{given}: {why}")


class _Invalid:
    """Stands for a value that was given and cannot be used."""

    def __bool__(self) -> bool:
        return False


INVALID = _Invalid()
"""False, so that checks of what was read pass over it; None is a value that was not given."""


class _NoLimit:
    """Stands for a null that was given where this means something of its own."""

    def __bool__(self) -> bool:
        return False


NO_LIMIT = _NoLimit()


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option, of any type.

    :cvar type: the type as Ansible names it; ``elements`` that of the entries of a list.
    :ivar aliases: names of earlier versions.
    :ivar limits: a null that is given lifts the limit, and is read as ``NO_LIMIT``; of other
        options it counts as not given.
    """

    type: ClassVar[str] = "raw"
    elements: ClassVar[str] = ""
    required: bool = False
    default: Any = None
    aliases: tuple[str, ...] = ()
    limits: bool = False

    def read(self, value: Any, where: str, problems: Problems) -> Any:
        """Give a value in its type, or ``INVALID`` when ``problems`` says what it must be."""
        try:
            return self.convert(value)
        except NotAllowed as error:
            problems.add(where, str(error), value)
            return INVALID

    def convert(self, value: Any) -> Any:
        """Give a value in its type.

        :raises NotAllowed: it cannot be used.
        """
        return value

    def argument_spec(self) -> dict[str, Any]:
        """Give the option as Ansible's argument spec writes it."""
        spec: dict[str, Any] = {"type": self.type}
        if self.elements:
            spec["elements"] = self.elements
        if self.required:
            spec["required"] = True
        if self.default is not None:
            spec["default"] = self.default
        if self.aliases:
            spec["aliases"] = list(self.aliases)
        return spec


@dataclass(frozen=True, kw_only=True)
class Text(Option):
    """A string. Whole numbers count as such, unless digits could be lost on the way (``exact``).

    :ivar pattern: what all of it matches, and ``must`` the same in words.
    :ivar parse: gives what the text stands for, or raises :class:`NotAllowed`.
    """

    type = "str"
    exact: bool = False
    pattern: str = ""
    must: str = "must be a string"
    parse: Callable[[str], Any] = str

    def convert(self, value: Any) -> Any:
        kind = "true or false" if isinstance(value, bool) else "a number"
        if isinstance(value, (bool, float)) or (self.exact and isinstance(value, int)):
            raise NotAllowed(f"must be a string; quote it, as YAML reads it as {kind}")
        if not isinstance(value, (str, int, date)):
            raise NotAllowed(self.must)
        text = as_text(value).strip()
        if not text:
            raise NotAllowed("must not be empty")
        if self.pattern and not re.fullmatch(self.pattern, text, re.ASCII):
            raise NotAllowed(self.must)
        return self.parse(text)


@dataclass(frozen=True, kw_only=True)
class File(Text):
    """A path of a file."""

    type = "path"


@dataclass(frozen=True, kw_only=True)
class Choice(Text):
    """One of several words."""

    choices: tuple[str, ...]

    def convert(self, value: Any) -> Any:
        text = as_text(value).strip()
        if text not in self.choices:
            *others, last = map(repr, self.choices)
            raise NotAllowed(f"must be {', '.join(others)} or {last}")
        return text

    def argument_spec(self) -> dict[str, Any]:
        return {**super().argument_spec(), "choices": list(self.choices)}


@dataclass(frozen=True, kw_only=True)
class Texts(Text):
    """A list of strings; a single one stands for a list of one.

    :ivar list_must: what the whole must be, in words.
    """

    list_must: str = "must be a list of strings"
    type = "list"
    elements = "str"

    def read(self, value: Any, where: str, problems: Problems) -> Any:
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, (list, tuple)) or not all(isinstance(e, str) for e in entries):
            problems.add(where, self.list_must, value)
            return INVALID
        found = [
            super(Texts, self).read(entry, where if entry is value else f"{where}[{n}]", problems)
            for n, entry in enumerate(entries)
        ]
        return INVALID if INVALID in found else tuple(found)


@dataclass(frozen=True, kw_only=True)
class Int(Option):
    """A whole number in a range; as text, too, which templates of ansible-core before 2.19 give."""

    type = "int"
    least: int
    most: int

    def convert(self, value: Any) -> int:
        text = as_text(value).strip()
        digits = text.isascii() and text.isdigit() and len(text) < 10
        if isinstance(value, bool) or not digits or not self.least <= int(text) <= self.most:
            raise NotAllowed(f"must be an integer from {self.least} to {self.most}")
        return int(text)


@dataclass(frozen=True, kw_only=True)
class Number(Option):
    """A number up to ``most``, exactly as it was written; ``above`` zero where zero is none."""

    type = "float"
    most: int = 1
    above: bool = False

    def argument_spec(self) -> dict[str, Any]:
        spec = super().argument_spec()
        return spec if self.default is None else {**spec, "default": float(self.default)}

    def convert(self, value: Any) -> Fraction:
        text = as_text(value).strip()
        usable = not isinstance(value, (bool, dict, list)) and len(text) <= 30
        try:
            number = Fraction(text) if usable and not _HUGE.search(text) else Fraction(-1)
        except (ValueError, ZeroDivisionError):
            number = Fraction(-1)
        if not 0 <= number <= self.most or (self.above and not number):
            least = "above 0 and at most" if self.above else "from 0 to"
            raise NotAllowed(f"must be a number {least} {self.most}")
        return number


@dataclass(frozen=True, kw_only=True)
class Flag(Option):
    """True or false, also as one of YAML's words for them."""

    type = "bool"

    def convert(self, value: Any) -> bool:
        word = as_text(value).strip().lower()
        if word not in _TRUE + _FALSE:
            raise NotAllowed("must be true or false")
        return word in _TRUE


@dataclass(frozen=True, kw_only=True)
class FlagOrWord(Choice):
    """True or false as ``Flag`` takes them, or one of several words; all as text."""

    def convert(self, value: Any) -> str:
        word = as_text(value).strip().lower()
        if word in _TRUE + _FALSE:
            return "true" if word in _TRUE else "false"
        if word not in self.choices:
            raise NotAllowed("must be true, false, " + " or ".join(map(repr, self.words)))
        return word

    @property
    def words(self) -> list[str]:
        """The choices other than true and false."""
        return [choice for choice in self.choices if choice not in ("true", "false")]


@dataclass(frozen=True, kw_only=True)
class Entries(Option):
    """A list of anything, read elsewhere: there may be 100 000 entries."""

    type = "list"
    elements = "raw"


@dataclass(frozen=True, kw_only=True)
class Dict(Option):
    """A mapping with options of its own."""

    type = "dict"
    options: Mapping[str, Option]

    def read(self, value: Any, where: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            problems.add(where, "must be a dictionary", value)
            return INVALID
        return read_options(self.options, value, where, problems)

    def argument_spec(self) -> dict[str, Any]:
        return {**super().argument_spec(), "options": write_options(self.options)}


@dataclass(frozen=True, kw_only=True)
class Dicts(Dict):
    """A list of mappings; ``required`` or not, it may be empty only with ``empty``."""

    type = "list"
    elements = "dict"
    empty: bool = False

    def read(self, value: Any, where: str, problems: Problems) -> Any:
        if not isinstance(value, (list, tuple)) or not (value or self.empty):
            least = "" if self.empty else " with at least one entry"
            problems.add(where, f"must be a list of dictionaries{least}", value)
            return INVALID
        return [
            super(Dicts, self).read(entry, f"{where}[{place}]", problems)
            for place, entry in enumerate(value)
        ]


def write_options(options: Mapping[str, Option]) -> dict[str, dict[str, Any]]:
    """Give options as Ansible's argument spec writes them."""
    return {name: option.argument_spec() for name, option in options.items()}


def read_options(
    options: Mapping[str, Option], raw: Mapping[Any, Any], where: str, problems: Problems
) -> dict[str, Any]:
    """Read a mapping.

    :returns: a value for every option: what was given in its type, ``INVALID`` where ``problems``
        says what it must be, else the default.
    """
    names = {key: name for name, option in options.items() for key in (name, *option.aliases)}
    given: dict[str, tuple[str, Any]] = {}
    for key, value in raw.items():
        name = names.get(as_text(key))
        if name is None:
            unknown = short_key(key)
            problems.add(f"{where}.{unknown}", _unknown(unknown, names, options), value)
        elif value is None and not options[name].limits:
            continue
        elif name in given:
            problems.add(f"{where}.{key}", f"{given[name][0]} is given, too: it is the same option")
        else:
            given[name] = str(key), value
    values = {}
    for name, option in options.items():
        key, value = given.get(name, (name, None))
        if value is not None:
            values[name] = option.read(value, f"{where}.{key}", problems)
        else:
            values[name] = NO_LIMIT if name in given else option.default
            if option.required:
                problems.add(f"{where}.{name}", "is required")
    return values


def valid(entries: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give the usable entries of a list that was read, with their places from 0."""
    return ((place, entry) for place, entry in enumerate(entries or ()) if entry is not INVALID)


def _unknown(key: str, names: Mapping[str, str], options: Collection[str]) -> str:
    near = get_close_matches(key, names, n=1)
    meant = f"; did you mean {names[near[0]]}?" if near else ";"
    return f"unknown key{meant} valid keys here are {', '.join(options)}"
