# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokens that all tasks, hosts and forks of one user share, in a private directory.

One entry per service and credentials, named by a salted hash of them; it holds tokens and a
remembered rejection, never a credential. Every access is relative to the opened directory, so
that nothing can be swapped underneath. What is not certainly private and writable is refused: a
task that logs in alone, a hundred times over, locks the account.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .clock import Deadline
from .errors import TokenCacheError
from .settings import TOKEN_TEXT

_SALT_BYTES = 32
_LARGEST_ENTRY = 64 * 1024
_LATEST = 1e11  # seconds; later than any clock
_POLL = 0.02  # seconds between two looks at a lock that somebody holds


@dataclass(frozen=True)
class Rejection:
    """A login that failed: the words it was refused with, and when (seconds of the wall clock).

    :ivar attempts: how often these credentials were refused in a row.
    :ivar unclear: how often besides nobody can tell whether they were.
    """

    kind: str
    at: float
    message: str
    operation: str
    http_status: int
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = 1
    unclear: int = 0


@dataclass(frozen=True)
class Entry:
    """What is known for one set of credentials. Times are seconds of the wall clock.

    ``renew_bearer_at`` is ``None`` when the service did not say how long the bearer lives, or
    when that is too short to be renewed early: it then serves until it is refused.
    """

    bearer: str | None = field(default=None, repr=False)
    renew_bearer_at: float | None = None
    session: str | None = field(default=None, repr=False)
    rejection: Rejection | None = None


class TokenCache:
    """The entry of one set of credentials in one directory; ``None`` is the user's default."""

    def __init__(self, directory: str | None, *, identity: Sequence[str | None]) -> None:
        self.directory = Path(os.path.expanduser(directory or _default_directory()))
        self._identity = json.dumps(list(identity)).encode()

    @contextmanager
    def locked(self, deadline: Deadline) -> Iterator[LockedEntry]:
        """The entry, held for this thread of this process alone; waits until the deadline.

        Raises ``TokenCacheError`` when the directory is not ours alone, cannot be written or
        locked, or when somebody holds the lock for too long.
        """
        with ExitStack() as held:
            with _explained(self.directory):
                folder = self._open_directory()
                held.callback(os.close, folder)
                name = hmac.new(_salt(folder, deadline), self._identity, hashlib.sha256)
                held.enter_context(_lock(folder, f"{name.hexdigest()}.lock", deadline))
            yield LockedEntry(self.directory, folder, f"{name.hexdigest()}.json")

    def _open_directory(self) -> int:
        if self.directory.parts[:1] == ("~",):
            raise FileNotFoundError("this user has no home directory")
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(self.directory, flags)
        try:
            _check_private(os.fstat(folder), "it")
        except PermissionError:
            os.close(folder)
            raise
        return folder


class LockedEntry:
    """An entry while its lock is held."""

    def __init__(self, directory: Path, folder: int, name: str) -> None:
        self._directory = directory
        self._folder = folder
        self._name = name

    def load(self) -> Entry:
        """The stored entry. One that is absent, or of another version, is an empty one."""
        with _explained(self._directory):
            try:
                descriptor = _open_private(self._folder, self._name, os.O_RDONLY)
            except FileNotFoundError:
                return Entry()
            with open(descriptor, "rb") as file:
                return _entry(file.read(_LARGEST_ENTRY))

    def store(self, entry: Entry) -> None:
        """Replace the entry at once and on disk; readers see the old one or the new one."""
        new = f"{self._name}.new"
        with _explained(self._directory):
            self._unlink(new)  # of a process that was killed here
            descriptor = _open_private(self._folder, new, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(entry), file)
                file.flush()
                os.fsync(descriptor)
            os.replace(new, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def clear(self) -> None:
        """Forget tokens and rejection. The lock file stays: others may wait on it."""
        with _explained(self._directory):
            self._unlink(self._name)
            self._unlink(f"{self._name}.new")

    def _unlink(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)


def _default_directory() -> str:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else "~/.cache", "thingspace.fota")


@contextmanager
def _explained(directory: Path) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise TokenCacheError(
            f"the token cache {directory} cannot be used: {error.strerror or error}",
            hint=(
                "Set token_cache (THINGSPACE_TOKEN_CACHE) to a local directory of your own (mode"
                " 0700, no symbolic link): tasks that share no login could lock the account."
            ),
        ) from error


@contextmanager
def _lock(folder: int, name: str, deadline: Deadline) -> Iterator[int]:
    """An open file, locked against every other thread and process."""
    descriptor = _open_private(folder, name, os.O_RDWR | os.O_CREAT)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if deadline.left() <= 0:
                    raise TimeoutError("another task kept it locked until the timeout") from None
                time.sleep(_POLL)
        yield descriptor
    finally:
        # Closing alone would not do: a process forked meanwhile holds a copy of the descriptor.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _salt(folder: int, deadline: Deadline) -> bytes:
    """The directory's own random bytes, made by the first to come."""
    with _lock(folder, "salt", deadline) as descriptor:
        salt = os.pread(descriptor, _SALT_BYTES, 0)
        if len(salt) < _SALT_BYTES:
            salt = secrets.token_bytes(_SALT_BYTES)
            os.pwrite(descriptor, salt, 0)
            os.fsync(descriptor)
        return salt


def _open_private(folder: int, name: str, flags: int) -> int:
    # Without blocking, so that a pipe in its place is found out and not waited for.
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(name, flags, mode=0o600, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(f"{name} in it is no plain file")
        _check_private(status, f"{name} in it")
    except PermissionError:
        os.close(descriptor)
        raise
    return descriptor


def _check_private(status: os.stat_result, what: str) -> None:
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{what} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(f"{what} is open to other users")


def _entry(content: bytes) -> Entry:
    try:
        data = json.loads(content)
        if data["rejection"] is not None:
            data["rejection"] = Rejection(**data["rejection"])
        entry = Entry(**data)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Entry()  # what this version did not write is as good as absent
    return entry if _well_formed(entry) else Entry()


def _well_formed(entry: Entry) -> bool:
    tokens = all(_is_token(token) for token in (entry.bearer, entry.session) if token is not None)
    times = [entry.renew_bearer_at] if entry.renew_bearer_at is not None else []
    if entry.rejection is not None:
        times.append(entry.rejection.at)
        counts = (entry.rejection.attempts, entry.rejection.unclear)
        if not all(isinstance(count, int) for count in counts):
            return False
    return tokens and all(isinstance(at, (int, float)) and abs(at) < _LATEST for at in times)


def _is_token(value: object) -> bool:
    return isinstance(value, str) and TOKEN_TEXT.fullmatch(value) is not None
