# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds lines to a journal: whole or not at all, one run after the other, each one of the chain."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...module_utils._model.hash_chain import find_end, seal

MODE = 0o640
# Seconds to wait for other runs that write the same journal; each takes far less.
PATIENCE = 30.0
_BETWEEN = 0.05


class JournalError(Exception):
    """The journal cannot be written; the message says why and what to do."""


def append(path: str, record: Mapping[str, Any], *, patience: float = PATIENCE) -> str:
    """Add a line with a record, and create the journal and its directories if necessary.

    The line is on the disk when this returns. After a line without an end, which is that of a run
    that was killed, it starts a new line.

    :param record: a JSON object; its member ``chain`` is replaced.
    :param patience: seconds to wait for other runs that write.
    :returns: the new head of the chain.
    :raises JournalError: the journal cannot be written; it is as it was before.
    """
    try:
        file = _resolve(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, created = _open(file)
    except OSError as error:
        raise _unwritable(path, error.strerror) from error
    try:
        _check_kind(path, os.fstat(descriptor).st_mode)
        _lock(path, descriptor, patience)
        if created:
            os.fchmod(descriptor, MODE)
        head = _add(path, descriptor, record)
        if created:
            _sync_folder(file.parent)
        return head
    except OSError as error:
        raise _unwritable(path, error.strerror) from error
    finally:
        os.close(descriptor)  # and with it the lock


def _open(file: Path) -> tuple[int, bool]:
    """Open a journal; whether this has created it."""
    # A named pipe must not be waited for.
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(file, flags | os.O_CREAT | os.O_EXCL, MODE), True
    except FileExistsError:
        return os.open(file, flags), False


def _add(path: str, descriptor: int, record: Mapping[str, Any]) -> str:
    text = _read(descriptor)
    lines = text.split(b"\n")
    torn = lines.pop()
    lines += [torn] if torn else []
    try:
        previous, number = find_end(lines)
        line, head = seal(record, previous=previous, line=number + 1)
    except (TypeError, ValueError) as error:
        raise JournalError(f"journal {path}: the line cannot be written as JSON: {error}") from None
    try:
        _write(descriptor, (b"\n" if torn else b"") + line + b"\n")
    except OSError:
        # Such as a full disk: no part of the line stays.
        os.ftruncate(descriptor, len(text))
        raise
    return head


def _read(descriptor: int) -> bytes:
    parts = []
    os.lseek(descriptor, 0, os.SEEK_SET)
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write(descriptor: int, text: bytes) -> None:
    written = 0
    while written < len(text):
        written += os.write(descriptor, text[written:])
    os.fsync(descriptor)


def _lock(path: str, descriptor: int, patience: float) -> None:
    """Wait until no other run writes."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise JournalError(
                    f"journal {path}: another run has been writing it for {patience:g} seconds."
                    " Check whether that run hangs, and repeat this one"
                ) from None
            time.sleep(_BETWEEN)
        else:
            return


def _sync_folder(folder: Path) -> None:
    """Make the entry of a new file in its directory last, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _resolve(path: str) -> Path:
    try:
        return Path(os.path.realpath(os.path.expanduser(path)))
    except ValueError as error:
        raise _unwritable(path, "this must be a path") from error


def _check_kind(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _unwritable(path, "it exists and is not a regular file")


def _unwritable(path: str, why: str | None) -> JournalError:
    return JournalError(
        f"journal {path}: cannot be written: {why}. Use a file in a directory in which you may"
        " write"
    )
