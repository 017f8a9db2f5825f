# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that only their owner can read, and that tasks at the same time share through locks."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .clock import Deadline

_POLL = 0.02  # seconds between two attempts to get a lock
_SECRET_BYTES = 32


def check_private(status: os.stat_result, what: str) -> None:
    """Raise ``PermissionError`` if another user owns it, or can read or write it."""
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{what} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(f"{what} is accessible to other users")


def open_private(path: str, flags: int, *, what: str = "it", folder: int | None = None) -> int:
    """Open a private file, and return its descriptor.

    :param what: the file in messages.
    :param folder: descriptor of the directory in which ``path`` is.
    :raises OSError: it cannot be opened, or is not a regular file, or not private.
    """
    # Non-blocking, so that opening a pipe in its place does not wait.
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, mode=0o600, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(f"{what} is not a regular file")
        check_private(status, what)
    except PermissionError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def locked(descriptor: int, deadline: Deadline) -> Iterator[None]:
    """Lock an open file against every other thread and process that has opened it.

    :raises TimeoutError: the deadline passed.
    """
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if deadline.left() <= 0:
                reason = "another task held its lock until the timeout"
                raise TimeoutError(errno.ETIMEDOUT, reason) from None
            time.sleep(_POLL)
    try:
        yield
    finally:
        # Closing is not enough: a process forked meanwhile has a copy of the descriptor.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def shared_secret(descriptor: int) -> bytes:
    """The random bytes in a locked file, made when it is new."""
    secret = os.pread(descriptor, _SECRET_BYTES, 0)
    if len(secret) < _SECRET_BYTES:
        secret = secrets.token_bytes(_SECRET_BYTES)
        os.pwrite(descriptor, secret, 0)
        os.fsync(descriptor)
    return secret
