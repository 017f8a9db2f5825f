# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokens shared by all tasks, hosts and forks of one user, in a private directory.

There is one entry for each service and set of credentials, named by a salted hash of them. It
contains tokens and a recorded rejection, but no credentials. All access is relative to the opened
directory, so that it cannot be replaced meanwhile. The cache is only used if it is private and
writable, because hundreds of tasks that log in separately could lock the user.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .clock import Deadline
from .errors import TokenCacheError
from .private_files import check_private, locked, open_private, shared_secret
from .settings import TOKEN_TEXT

_SALT = "salt"
_LARGEST_ENTRY = 64 * 1024
_LATEST = 1e11  # seconds; later than any clock
_NEW = 15 * 60.0  # seconds in which a cache counts as new


@dataclass(frozen=True)
class Rejection:
    """A failed login: its error and its time (seconds of the wall clock).

    :ivar attempts: number of rejections in a row.
    :ivar unclear: number of further attempts with an unclear result.
    :ivar cache_was_new: whether the cache had been empty a moment before.
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
    cache_was_new: bool = False


@dataclass(frozen=True)
class Entry:
    """The data for one set of credentials. Times are seconds of the wall clock.

    ``renew_bearer_at`` is ``None`` if the lifetime of the bearer is unknown, or too short to renew
    it early. The bearer is then used until it is rejected.
    """

    bearer: str | None = field(default=None, repr=False)
    renew_bearer_at: float | None = None
    session: str | None = field(default=None, repr=False)
    rejection: Rejection | None = None


class TokenCache:
    """The entry of one set of credentials in a directory; ``None`` is the default directory."""

    def __init__(self, directory: str | None, *, identity: Sequence[str | None]) -> None:
        self.directory = Path(os.path.expanduser(directory or _default_directory()))
        self._identity = json.dumps(list(identity)).encode()

    @contextmanager
    def locked(self, deadline: Deadline) -> Iterator[LockedEntry]:
        """Lock the entry for this thread of this process; wait until the deadline.

        Raises ``TokenCacheError`` if the directory is not private, cannot be written or locked, or
        if the lock is held by another process for too long.
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
            check_private(os.fstat(folder), "it")
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

    @property
    def cache_is_new(self) -> bool:
        """Whether the directory was empty a moment ago, as in a container that just started."""
        with _explained(self._directory):
            begun = os.stat(_SALT, dir_fd=self._folder).st_mtime
        return time.time() - begun < _NEW

    def load(self) -> Entry:
        """The stored entry; an empty one if it is absent or has another format."""
        with _explained(self._directory):
            try:
                descriptor = _open(self._folder, self._name, os.O_RDONLY)
            except FileNotFoundError:
                return Entry()
            with open(descriptor, "rb") as file:
                return _entry(file.read(_LARGEST_ENTRY))

    def store(self, entry: Entry) -> None:
        """Replace the entry atomically and durably."""
        new = f"{self._name}.new"
        with _explained(self._directory):
            self._unlink(new)  # left by a process that was killed here
            descriptor = _open(self._folder, new, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(entry), file)
                file.flush()
                os.fsync(descriptor)
            os.replace(new, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def clear(self) -> None:
        """Delete tokens and rejection. The lock file stays, because others may wait for it."""
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
    """Convert an error of the file system to one with a hint."""
    try:
        yield
    except OSError as error:
        raise TokenCacheError(
            f"the token cache {directory} cannot be used: {error.strerror or error}",
            hint=(
                "Set token_cache (THINGSPACE_TOKEN_CACHE) to a local directory of your own (mode"
                " 0700, not a symbolic link). Tasks without a shared login could lock the account."
            ),
        ) from error


@contextmanager
def _lock(folder: int, name: str, deadline: Deadline) -> Iterator[int]:
    """An open file, locked against every other thread and process."""
    descriptor = _open(folder, name, os.O_RDWR | os.O_CREAT)
    try:
        with locked(descriptor, deadline):
            yield descriptor
    finally:
        os.close(descriptor)


def _salt(folder: int, deadline: Deadline) -> bytes:
    """The random salt of the directory, created on first use."""
    with _lock(folder, _SALT, deadline) as descriptor:
        return shared_secret(descriptor)


def _open(folder: int, name: str, flags: int) -> int:
    return open_private(name, flags, what=f"{name} in it", folder=folder)


def _entry(content: bytes) -> Entry:
    try:
        data = json.loads(content)
        if data["rejection"] is not None:
            data["rejection"] = Rejection(**data["rejection"])
        entry = Entry(**data)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Entry()  # not written by this version
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
