# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that holds every device of a result, so that the result itself can stay small."""

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
from .._model.csv_cell import cell
from .._model.errors import InvalidValue
from .._model.text import brief, shown

OPTION = "results_file"
_CSV = ".csv"
_JSON_LINES = (".jsonl", ".ndjson")
_MODE = 0o644

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """Every device of a result, made only when needed.

    :ivar columns: the keys that a row may have, in the order of CSV.
    """

    columns: Sequence[str]
    rows: Iterable[Row]


@dataclass(frozen=True)
class ResultsFile:
    """A file that can be written, as far as can be checked before."""

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
            raise InvalidValue(OPTION, path, f"must end in one of {known}")
        if objection := object_to_file(path):
            raise InvalidValue(OPTION, path, objection)
        return cls(path=path, check_mode=check_mode)

    def write(self, devices: Rows) -> dict[str, Any]:
        """Write all rows or nothing; until then, readers see the old file.

        :returns: path and number of devices. In check mode no file is touched.
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
                objection = _objection(self.path)
                if objection:
                    raise _unwritten(self.path, objection)
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


def json_line(row: Row) -> str:
    """Give a row as a line of JSON with everything but printable ASCII escaped."""
    return json.dumps(row) + "\n"


def object_to_file(path: str) -> str:
    """Give the reason why a file could not be written; empty when there is none."""
    if "\0" in path:
        return "must be a path"
    try:
        return _objection_to_folder(os.path.dirname(path) or ".") or _objection(path)
    except OSError as error:
        return f"cannot be written: {error.strerror}"


def _objection_to_folder(folder: str) -> str:
    if not os.path.isdir(folder):
        return f"create the directory {shown(folder)} first"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the directory {shown(folder)} must be writable"
    return ""


def _objection(path: str) -> str:
    """Give the reason not to replace a path; empty when there is none."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISLNK(mode):
        return "must not be a symbolic link: name the file itself"
    return "" if stat.S_ISREG(mode) else "must be a regular file"


def _unwritten(path: str, why: str) -> FotaError:
    return FotaError(
        f"{OPTION}: {brief(path)}: could not be written: {why}",
        kind=OPTION,
        hint="the task did its work and its result is complete; fix the directory of the file and"
        " run again",
    )
