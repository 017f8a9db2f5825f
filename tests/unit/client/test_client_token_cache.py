# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared token cache: private, atomic, locked, and refused where it cannot be."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client import (
    private_files,
    token_cache,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.clock import Deadline
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import TokenCacheError
from ansible_collections.thingspace.fota.plugins.module_utils._client.token_cache import (
    Entry,
    Rejection,
    TokenCache,
)

WHO = ("https://host/api", "key", "s3cret", "user", "pa55word")
ENTRY = Entry(
    bearer="b-1",
    renew_bearer_at=12.5,
    session="s-1",
    rejection=Rejection(
        kind="login_rejected", at=1.0, message="no", operation="op", http_status=401
    ),
)


def soon() -> Deadline:
    return Deadline.after(5)


def cache(path: Path, who: tuple[str, ...] = WHO) -> TokenCache:
    return TokenCache(str(path), identity=who)


def store(path: Path, entry: Entry = ENTRY) -> None:
    with cache(path).locked(soon()) as shared:
        shared.store(entry)


def load(path: Path, who: tuple[str, ...] = WHO) -> Entry:
    with cache(path, who).locked(soon()) as shared:
        return shared.load()


def entry_file(path: Path) -> Path:
    return next(path.glob("*.json"))


def test_an_entry_comes_back_until_it_is_cleared(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "tokens"
    assert load(place) == Entry()
    store(place)
    assert load(place) == ENTRY
    with cache(place).locked(soon()) as shared:
        shared.clear()
        shared.clear()
    assert load(place) == Entry()
    assert not list(place.glob("*.json*"))


@pytest.mark.parametrize("position", range(5))
def test_other_credentials_are_another_entry(tmp_path: Path, position: int) -> None:
    place = tmp_path / "tokens"
    store(place)
    other = tuple("changed" if index == position else word for index, word in enumerate(WHO))
    assert load(place, other) == Entry()
    assert load(place) == ENTRY


def test_modes_and_content(tmp_path: Path) -> None:
    place = tmp_path / "tokens"
    old = os.umask(0)
    try:
        store(place)
    finally:
        os.umask(old)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()} == {0o600}
    assert len(list(place.iterdir())) == 3  # salt, lock, entry
    content = b"".join(file.name.encode() + file.read_bytes() for file in place.iterdir())
    assert b"s-1" in content
    for credential in ("s3cret", "pa55word", "user"):
        assert credential.encode() not in content


def test_the_salt_differs_from_place_to_place(tmp_path: Path) -> None:
    store(tmp_path / "a")
    store(tmp_path / "b")
    assert entry_file(tmp_path / "a").name != entry_file(tmp_path / "b").name


def test_no_entry_shows_a_token() -> None:
    assert "b-1" not in repr(ENTRY)
    assert "s-1" not in repr(ENTRY)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"bearer": "b"}',
        '{"rejection": [1]}',
        "[" * 50000,
        '{"x": 1}',
        '{"bearer": 1}',
        '{"renew_bearer_at": "soon"}',
        '{"session": []}',
        '{"rejection": {}}',
        '{"rejection": {"kind":"k","at":"x","message":"","operation":"","http_status":1}}',
    ],
)
def test_content_of_another_make_is_as_good_as_absent(tmp_path: Path, content: str) -> None:
    place = tmp_path / "tokens"
    store(place)
    entry_file(place).write_text(content)
    assert load(place).session is None
    assert load(place).rejection is None


def test_a_killed_writer_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    place = tmp_path / "tokens"
    store(place)
    Path(f"{entry_file(place)}.new").write_text("half of an en")
    store(place, replace(ENTRY, session="s-2"))
    assert load(place).session == "s-2"


def spoil_with_link_to_directory(place: Path) -> None:
    place.rename(place.with_name("real"))
    place.symlink_to("real", target_is_directory=True)


def spoil_with_open_directory(place: Path) -> None:
    place.chmod(0o755)


def spoil_with_file_for_directory(place: Path) -> None:
    place.rename(place.with_name("real"))
    place.write_text("")


def spoil_with_linked_entry(place: Path) -> None:
    entry = entry_file(place)
    entry.rename(place / "real")
    entry.symlink_to("real")


def spoil_with_linked_salt(place: Path) -> None:
    (place / "salt").rename(place / "real")
    (place / "salt").symlink_to("real")


def spoil_with_open_entry(place: Path) -> None:
    entry_file(place).chmod(0o640)


def spoil_with_open_salt(place: Path) -> None:
    (place / "salt").chmod(0o604)


def spoil_with_pipe_for_entry(place: Path) -> None:
    entry = entry_file(place)
    entry.unlink()
    os.mkfifo(entry, mode=0o600)


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_with_link_to_directory,
        spoil_with_open_directory,
        spoil_with_file_for_directory,
        spoil_with_linked_entry,
        spoil_with_linked_salt,
        spoil_with_open_entry,
        spoil_with_open_salt,
        spoil_with_pipe_for_entry,
    ],
)
def test_a_place_that_is_not_private_is_refused(tmp_path: Path, spoil: object) -> None:
    place = tmp_path / "tokens"
    store(place)
    assert load(place) == ENTRY
    spoil(place)  # type: ignore[operator]
    with pytest.raises(TokenCacheError) as caught:
        load(place)
    assert str(place) in str(caught.value)
    assert "token_cache (THINGSPACE_TOKEN_CACHE)" in str(caught.value.hint)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("what", ["directory", "entry"])
def test_a_place_of_another_user_is_refused(tmp_path: Path, what: str) -> None:
    place = tmp_path / "tokens"
    store(place)
    os.chown(place if what == "directory" else entry_file(place), 12345, 12345)
    with pytest.raises(TokenCacheError, match="belongs to another user"):
        load(place)


def test_no_home_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with (
        pytest.raises(TokenCacheError, match="no home directory"),
        TokenCache(None, identity=WHO).locked(soon()),
    ):
        pass


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = tmp_path / "tokens"
    store(place, Entry())
    monkeypatch.setattr(token_cache.os, "fsync", full)
    with pytest.raises(TokenCacheError, match="No space left"):
        store(place)
    assert load(place) == Entry()


def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(private_files.fcntl, "flock", refuse)
    with pytest.raises(TokenCacheError, match="No locks available"):
        load(tmp_path / "tokens")


def test_a_lock_is_waited_for_until_the_deadline(tmp_path: Path) -> None:
    place = tmp_path / "tokens"
    with cache(place).locked(soon()):
        with (
            pytest.raises(TokenCacheError, match="its lock until the timeout"),
            cache(place).locked(Deadline.after(0.05)),
        ):
            pass
        assert load(place, ("another", "user")) == Entry()  # is not held up
    assert load(place) == Entry()
