# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens files of devices; ``device_lines`` reads them."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator

from .._model.device_lines import DeviceLine, read_device_lines
from .._model.errors import InvalidValue
from .._model.imei import ImeiCheck

# The first bytes of files that are not text, and what such files are.
_NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls)",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF file",
}
# Byte order marks; the longer ones first.
_ENCODINGS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_devices_file(
    path: str, *, option: str, check: ImeiCheck, column: str | None = None
) -> Iterator[DeviceLine]:
    """Read the devices of a file on this host, as they come.

    :param column: the column with the IMEIs.
    :param option: the option that names the file, for errors.
    :raises InvalidValue: the file cannot be read, or lines of it cannot be used.
    """
    path = os.path.expanduser(os.path.expandvars(path))
    try:
        # A pipe without a writer must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InvalidValue(option, path, "must exist on the host where the task runs") from error
    except OSError as error:
        raise InvalidValue(option, path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidValue(option, path, "must be a path") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidValue(option, path, "must be a regular file")
    start = os.pread(descriptor, 4, 0)
    for mark, kind in _NO_TEXT.items():
        if start.startswith(mark):
            os.close(descriptor)
            raise InvalidValue(
                option, path, f"is {kind}, not text. Save the devices as CSV (UTF-8) and give that"
            )
    encoding = next((name for bom, name in _ENCODINGS.items() if start.startswith(bom)), "")
    # Other encodings have no bytes that only mark an error.
    errors = "replace" if encoding else "surrogateescape"
    with open(descriptor, encoding=encoding or "utf-8-sig", errors=errors) as lines:
        try:
            yield from read_device_lines(
                lines, option=option, path=path, check=check, column=column
            )
        except OSError as error:
            raise InvalidValue(option, path, f"cannot be read: {error.strerror}") from error
