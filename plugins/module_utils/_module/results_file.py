# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file for every device of a result, so that the result itself can stay small."""

from __future__ import annotations

import csv
import json
import os
import secrets
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO

from .._client.errors import FotaError
from .._model.errors import InvalidValue
from .._model.text import visible

OPTION = "results_file"
_CSV = ".csv"
_JSON_LINES = (".jsonl", ".ndjson")
_MODE = 0o644
# A spreadsheet takes a cell that begins so for a formula, in full-width signs as well.
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """Every device of a result, made only if somebody wants them.

    :ivar columns: the keys that a row may have, in the order of CSV.
    """

    columns: Sequence[str]
    rows: Iterable[Row]


@dataclass(frozen=True)
class ResultsFile:
    """A file that may be written, as far as can be told before."""

    path: str
    check_mode: bool

    @classmethod
    def declared(cls, params: Mapping[str, Any], *, check_mode: bool) -> ResultsFile | None:
        """Check the option before any call; None when it is not given.

        :raises InvalidValue: the file cannot be written.
        """
        path = params.get(OPTION)
        if path is None:
            return None
        if not path.lower().endswith((_CSV, *_JSON_LINES)):
            known = ", ".join((_CSV, *_JSON_LINES))
            raise InvalidValue(OPTION, path, f"its name must end in one of {known}")
        folder = os.path.dirname(path) or "."
        try:
            if not os.path.isdir(folder):
                raise InvalidValue(OPTION, path, f"there is no directory {folder}: create it first")
            if not os.access(folder, os.W_OK | os.X_OK):
                raise InvalidValue(OPTION, path, f"may not write into {folder}")
            strange = _strange(path)
        except (OSError, ValueError) as error:
            raise InvalidValue(OPTION, path, f"cannot be written: {error}") from error
        if strange:
            raise InvalidValue(OPTION, path, strange)
        return cls(path=path, check_mode=check_mode)

    def write(self, devices: Rows) -> dict[str, Any]:
        """Write all rows, or nothing: whoever reads the file meanwhile sees the old one.

        :returns: what the module's result says of it. In check mode no file is touched.
        :raises FotaError: it could not be written.
        """
        if self.check_mode:
            return {"path": self.path, "devices": sum(1 for _row in devices.rows)}
        folder = os.path.dirname(self.path)
        temporary = os.path.join(folder, f".thingspace.fota-{secrets.token_hex(8)}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, _MODE)
            try:
                with open(descriptor, "w", encoding="utf-8", newline="") as file:
                    count = self._fill(file, devices)
                    file.flush()
                    os.fsync(descriptor)
                strange = _strange(self.path)
                if strange:
                    raise _unwritten(self.path, strange)
                os.replace(temporary, self.path)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)
        except OSError as error:
            raise _unwritten(self.path, error.strerror or str(error)) from error
        return {"path": self.path, "devices": count}

    def _fill(self, file: TextIO, devices: Rows) -> int:
        count = 0
        if self.path.lower().endswith(_CSV):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(devices.columns)
            for row in devices.rows:
                writer.writerow([cell(row.get(column)) for column in devices.columns])
                count += 1
        else:
            for row in devices.rows:
                file.write(json_line(row))
                count += 1
        return count


def cell(value: object) -> str:
    """Give a value as a cell of CSV: one line of visible text that no spreadsheet calculates.

    Lists of texts are joined by semicolons; other lists and mappings are JSON.
    """
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ";".join(value)
    text = value if isinstance(value, str) else json.dumps(value)
    if not text.isprintable():
        text = visible(text)
    return f"'{text}" if text.lstrip()[:1] in _FORMULA else text


def json_line(row: Row) -> str:
    """Give a row as a line of JSON, all that is not plain visible text escaped."""
    return json.dumps(row) + "\n"


def _strange(path: str) -> str:
    """Say why a path must not be replaced; empty when it may be."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISLNK(mode):
        return "is a symbolic link, which is not followed: name the file itself"
    return "" if stat.S_ISREG(mode) else "is there and is no regular file"


def _unwritten(path: str, why: str) -> FotaError:
    return FotaError(
        f"{OPTION}: {path!r}: could not be written: {why}",
        kind=OPTION,
        hint="what the task did is done, and its result is complete; see to the file's directory"
        " and run again",
    )
