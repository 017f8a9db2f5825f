# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with devices, read by line: one IMEI per line, CSV, JSON Lines, or one JSON list.

The format is recognized by the first line that is not empty, not by the name of the file.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NoReturn

from .errors import InvalidValue
from .imei import ImeiCheck, luhn_is_valid
from .text import as_text, short_key

MOST_PROBLEMS = 5
_LONGEST_SHOWN = 40
_LINES_AT_ONCE = 200
_DELIMITERS = (",", ";", "\t")
_IMEI_KEYS = frozenset({"imei", "deviceid"})
_FIXED_KEYS = frozenset({"host", "groups"})
_LARGEST = 10**15  # the smallest integer with 16 digits
_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_SEPARATOR = re.compile(r"""["']?sep=(.)["']?""", re.IGNORECASE)
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
# Allows quotes, and the prefix that spreadsheets add to text that looks like a number.
_IMEI = re.compile(r"""=?["']?\s*([0-9]{15})\s*["']?""")
_MADE_A_NUMBER = re.compile(r"[0-9]+([.,][0-9]*)?[eE]\+?[0-9]+|[0-9]{14,15}[.,]0*")
# Marks of the decoder for bytes that are not UTF-8.
_NO_UTF8 = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device of a file.

    :ivar number: the line it is on, from 1.
    :ivar imei: IMEI with 15 digits.
    :ivar fields: other values: ``host`` (text), ``groups`` (list of texts), and variables by name.
        JSON lists and objects are not variables.
    """

    number: int
    imei: str
    fields: Mapping[str, object] = field(default_factory=dict)


Row = tuple[int, object, Mapping[str, object]]
"""The number of the line, the value for the IMEI, and the fields."""


def read_device_lines(
    lines: Iterable[str], *, option: str, path: str, check: ImeiCheck, column: str | None = None
) -> Iterator[DeviceLine]:
    """Read the devices of a file, possibly with duplicates.

    :param column: the column of CSV, or the key of JSON objects, that holds the IMEIs.
    :param lines: text lines; bytes that are not UTF-8 are surrogates (``surrogateescape``).
    :param option: the option for the file, for errors.
    :param check: ``strict`` rejects wrong check digits; otherwise they are ignored.
    :raises InvalidValue: lines are invalid. The first few are reported after all lines were read or
        too many are invalid; valid lines are returned until then.
    """
    problems = _Problems(option, path)
    count = 0
    for number, value, fields in _read_rows(_Lines(lines, problems), problems, column):
        count += 1
        imei = find_digits(value)
        if imei is None:
            problems.add(number, why_no_imei(value))
        elif check is ImeiCheck.STRICT and not luhn_is_valid(imei):
            problems.add(number, f"{imei} has a wrong check digit (imei_check=strict)")
        else:
            yield DeviceLine(number, imei, fields)
    problems.end()
    if not count:
        raise InvalidValue(option, path, "contains no devices")


def find_imei(record: Mapping[Any, object]) -> object:
    """Return the value of ``imei``, ``deviceId`` or a similar key of a record, or None."""
    # Iterate over keys, because reading a value of hostvars renders it.
    for key in record:
        if is_imei_key(key) and record[key] is not None:
            return record[key]
    return None


@lru_cache(maxsize=1024)
def is_imei_key(name: object) -> bool:
    """Return whether a column or key with this name contains IMEIs, in any spelling."""
    return _BETWEEN_WORDS.sub("", as_text(name)).casefold() in _IMEI_KEYS


def find_digits(value: object) -> str | None:
    """Return the 15 digits of an IMEI, which may be quoted or an integer, or None."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST:
        value = str(value)
    found = _IMEI.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None


def why_no_imei(value: object) -> str:
    """Explain why a value is not an IMEI, with the likely cause."""
    if value is None or value == "":
        return "has no IMEI"
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    if not whole and not isinstance(value, (str, float)):
        return f"must be an IMEI with exactly 15 digits, not of type {type(value).__name__}"
    text = as_text(value).strip()
    start = repr(text[:_LONGEST_SHOWN])
    if _MADE_A_NUMBER.fullmatch(text):
        return (
            f"{start} is an IMEI that a spreadsheet has converted to a number. Format the column as"
            " text, enter the IMEIs again, because digits are lost, and export the file again"
        )
    lost = ". Was a leading 0 lost?" if re.fullmatch("[0-9]{14}", text) else ""
    return f"{start} must be an IMEI with exactly 15 digits{lost}"


class _Problems:
    """Collects the errors of a file, up to a maximum."""

    def __init__(self, option: str, path: str) -> None:
        self._option = option
        self._path = path
        self._found: list[str] = []

    def add(self, number: int, what: str) -> None:
        """Add the error of a line."""
        self._found.append(f"line {number}: {what}")
        if len(self._found) == MOST_PROBLEMS:
            self._found.append("there may be more")
            self.end()

    def stop(self, number: int, what: str) -> NoReturn:
        """Stop at a line after which nothing can be read."""
        self._found.append(f"line {number}: {what}")
        self._refuse()

    def end(self) -> None:
        """Reject the file if there are errors."""
        if self._found:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise InvalidValue(self._option, self._path, "; ".join(self._found))


class _Lines:
    """The valid text lines of a file; ``number`` is the number of the last one returned."""

    def __init__(self, lines: Iterable[str], problems: _Problems) -> None:
        self._lines = iter(lines)
        self._problems = problems
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            line = next(self._lines)
            self.number += 1
            if "\0" in line:
                self._problems.add(self.number, "contains a NUL byte. Save the file as UTF-8 text")
            elif not line.isascii() and _NO_UTF8.search(line):
                self._problems.add(self.number, "must be UTF-8 text. Save the file as UTF-8")
            else:
                return line

    def meaningful(self) -> Iterator[str]:
        """Return the lines that are not empty and not comments."""
        for line in self:
            text = line.lstrip()
            if text and text[0] != "#":
                yield line


def _read_rows(lines: _Lines, problems: _Problems, column: str | None) -> Iterator[Row]:
    first = next(lines.meaningful(), None)
    if first is None:
        return iter(())
    opening = first.lstrip()[0]
    if opening == "[":
        return _JsonList(first, lines, problems, column).read()
    if opening == "{":
        return _read_json_lines(first, lines, problems, column)
    # Spreadsheets of Microsoft write and read this line.
    separator = _SEPARATOR.fullmatch(first.strip(" \r\n"))
    if separator:
        first = next(lines.meaningful(), "")
    header = _find_header(first, column, separator[1] if separator else _DELIMITERS)
    if header is not None:
        return _read_csv(*header, lines, problems, column)
    return _read_plain(first, lines, problems, column)


def _read_plain(
    first: str, lines: _Lines, problems: _Problems, column: str | None
) -> Iterator[Row]:
    """Read one IMEI per line, with an optional comment."""
    text = first.partition("#")[0]
    if not any(digit in text for digit in "0123456789") or any(map(text.count, _DELIMITERS)):
        wanted = f"the column {short_key(column)}" if column else "a column imei or deviceId"
        problems.stop(
            lines.number,
            f"{text.strip()[:_LONGEST_SHOWN]!r} must be an IMEI, or a CSV header with {wanted};"
            " imei_column names another column",
        )
    for line in chain([first], lines.meaningful()):
        yield lines.number, line.partition("#")[0].strip(), {}


# -- CSV


def _find_header(
    line: str, column: str | None, delimiters: Iterable[str]
) -> tuple[list[str], str] | None:
    """Return the column names and the delimiter of a header; None for any other line."""
    found = []
    for delimiter in delimiters:
        try:
            (cells,) = csv.reader([line], delimiter=delimiter, skipinitialspace=True)
        except (csv.Error, ValueError):
            continue
        names = [cell.strip() for cell in cells]
        if _imei_places(names, column):
            found.append((names, delimiter))
    return max(found, key=lambda header: len(header[0]), default=None)


def _imei_places(names: Sequence[str], column: str | None) -> list[int]:
    """Return the places of the names that hold IMEIs.

    That is the one that is named, else those that are spelled like C(imei) or C(deviceId), else
    those with the word IMEI, such as C(IMEI Number).
    """
    rules: list[Callable[[str], bool]] = (
        [lambda name: _bare(name) == _bare(column)] if column else [is_imei_key, has_imei_word]
    )
    for rule in rules:
        places = [place for place, name in enumerate(names) if rule(name)]
        if places:
            return places
    return []


def _find_key(record: Mapping[str, object], column: str | None) -> str | None:
    """Return the key of an object that holds its IMEI; the first of several."""
    if column is None:
        for key in record:
            if is_imei_key(key) and record[key] is not None:
                return key
    keys = [key for key in record if record[key] is not None]
    places = _imei_places(keys, column)
    return keys[places[0]] if places else None


def _bare(name: str) -> str:
    return _BETWEEN_WORDS.sub("", name).casefold()


def has_imei_word(name: str) -> bool:
    """Return whether IMEI is a word of a name, such as ``IMEI Number`` or ``deviceImei``."""
    spaced = _HUMP.sub(" ", name)
    return "imei" in re.split("[^a-z0-9]+", spaced.casefold())


def _read_csv(
    names: Sequence[str],
    delimiter: str,
    lines: _Lines,
    problems: _Problems,
    column: str | None,
) -> Iterator[Row]:
    """Read rows below a header; cells of a column without a name must be empty."""
    places = _imei_places(names, column)
    named = [name for name in names if name]
    repeated = sorted({name for name in named if named.count(name) > 1})
    if len(places) > 1 or repeated:
        twice = ", ".join(repeated or [names[place] for place in places])
        problems.stop(
            lines.number,
            f"more than one column for the same value: {twice}"
            + ("" if repeated else "; imei_column names the one with the IMEIs"),
        )
    keep = _columns(names, places[0])
    nameless = [place for place, name in enumerate(names) if not name]
    reader = csv.reader(lines.meaningful(), delimiter=delimiter, skipinitialspace=True)
    while True:
        before, read = lines.number, reader.line_num
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            problems.stop(
                before + 1, f"is not valid CSV from here on ({error}). Is a quote not closed?"
            )
        number = lines.number
        if not any(cells):
            continue
        # A quote that is not closed would swallow devices up to the next one.
        if reader.line_num > read + 1:
            problems.stop(before + 1, "a cell continues on the next line. Is a quote not closed?")
        if len(cells) < len(names):
            cells += [""] * (len(names) - len(cells))
        if nameless or len(cells) > len(names):
            beyond = [*cells[len(names) :], *(cells[place] for place in nameless)]
            if any(beyond):
                problems.add(number, "has more cells than the header")
                continue
        fields: dict[str, object] = {name: cells[place] for place, name in keep if cells[place]}
        if "groups" in fields:
            fields["groups"] = _split_groups(str(fields["groups"]))
        yield number, cells[places[0]], fields


def _columns(names: Sequence[str], imei: int) -> list[tuple[int, str]]:
    """Return the positions and field names of the columns to keep."""
    return [
        (place, name.casefold() if name.casefold() in _FIXED_KEYS else name)
        for place, name in enumerate(names)
        if name and place != imei
    ]


def _split_groups(text: str) -> list[str]:
    return [group.strip() for group in text.split(";") if group.strip()]


# -- JSON


def _read_json_lines(
    first: str, lines: _Lines, problems: _Problems, column: str | None
) -> Iterator[Row]:
    for line in chain([first], lines.meaningful()):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            problems.add(
                lines.number,
                "must be a complete JSON object on one line, or the file must be one JSON list",
            )
            continue
        yield _json_row(lines.number, value, column)


def _json_row(number: int, value: object, column: str | None) -> Row:
    """Read an entry of JSON: an IMEI, or an object with one."""
    if not isinstance(value, dict):
        return number, value, {}
    fields: dict[str, object] = {}
    imei = _find_key(value, column)
    for key, held in value.items():
        if key == "groups":
            groups = _split_groups(held) if isinstance(held, str) else held
            fields[key] = (
                [name for name in groups if isinstance(name, str)]
                if isinstance(groups, list)
                else []
            )
        elif not isinstance(held, (list, dict)) and held is not None and key != imei:
            if is_imei_key(key):
                continue
            fields[key] = held
    return number, value[imei] if imei is not None else None, fields


class _JsonList:
    """Reads one JSON list, entry by entry, without keeping all of it in memory.

    ``_at`` is the position of the next character in ``_text``, and ``_number`` is its line.
    """

    def __init__(self, first: str, lines: _Lines, problems: _Problems, column: str | None) -> None:
        self._text = first
        self._column = column
        self._at = first.index("[") + 1
        self._number = lines.number
        self._lines = lines
        self._problems = problems
        self._decoder = json.JSONDecoder()

    def read(self) -> Iterator[Row]:
        if self._next() == "]":
            self._finish()
            return
        while True:
            number, value = self._entry()
            yield _json_row(number, value, self._column)
            mark = self._next()
            if mark == "]":
                self._finish()
                return
            if mark != ",":
                self._problems.stop(self._number, "is not valid JSON: a comma or ] is missing here")
            self._at += 1
            self._next()

    def _next(self) -> str:
        """Move to the next character that is not a space, and return it."""
        while True:
            space = _JSON_SPACE.match(self._text, self._at)
            end = space.end() if space else self._at
            self._number += self._text.count("\n", self._at, end)
            self._at = end
            if end < len(self._text):
                return self._text[end]
            self._text, self._at = self._more(_LINES_AT_ONCE), 0
            if not self._text:
                self._problems.stop(
                    self._number, "the JSON list has no end. Is the file truncated?"
                )

    def _more(self, count: int) -> str:
        return "".join(islice(self._lines, count))

    def _finish(self) -> None:
        """Check that nothing follows the list."""
        rest = chain([self._text[self._at + 1 :]], self._lines)
        if any(line.strip() for line in rest):
            self._problems.stop(self._lines.number, "there is text after the end of the JSON list")

    def _entry(self) -> tuple[int, object]:
        """Read one entry; also return the line where it starts."""
        number, more = self._number, _LINES_AT_ONCE
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                # Read twice as many lines each time, so that an invalid file does not take long.
                taken = self._more(more)
                if not taken:
                    place = error.lineno - 1 if isinstance(error, json.JSONDecodeError) else 0
                    self._problems.stop(
                        number + place, "is not valid JSON from here on. Is the file truncated?"
                    )
                self._text = self._text[self._at :] + taken
                self._at, more = 0, more * 2
            else:
                self._number += self._text.count("\n", self._at, end)
                self._at = end
                return number, value
