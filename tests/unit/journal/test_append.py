# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines are added to a journal whole or not at all, by several runs at once, each to the chain."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.chain_check import check_chain
from ansible_collections.thingspace.fota.plugins.module_utils._model.hash_chain import START
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal import chain
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.chain import (
    JournalError,
    append,
)
from ansible_collections.thingspace.fota.plugins.test.fota_writable import fota_writable

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def findings(path: Path) -> list[str]:
    return [str(finding) for finding in check_chain(path.read_bytes()).findings]


def test_lines_form_a_chain(path: Path) -> None:
    heads = [append(str(path), {"run": number, "text": "\u00e9\u2028\n"}) for number in range(3)]
    found = records(path)
    assert [record["run"] for record in found] == [0, 1, 2]
    assert [record["chain"]["line"] for record in found] == [1, 2, 3]
    assert [record["chain"]["previous"] for record in found] == [START, *heads[:2]]
    assert [record["chain"]["hash"] for record in found] == heads
    assert len(set(heads)) == 3
    assert (findings(path), check_chain(path.read_bytes()).head) == ([], heads[-1])


def test_a_new_journal_is_private_and_its_directories_are_created(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "journal.jsonl"
    before = os.umask(0o002)
    try:
        append(str(path), {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o600)
    append(str(path), {})
    assert path.stat().st_mode & 0o777 == 0o600, "that of a journal that was there stays"


def test_a_symbolic_link_and_the_home_directory_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(tmp_path / "journal.jsonl")
    append("~/link", {"run": 1})
    assert [record["run"] for record in records(tmp_path / "journal.jsonl")] == [1]
    assert (tmp_path / "link").is_symlink()


def test_a_line_that_was_cut_off_stays_and_is_covered(path: Path) -> None:
    append(str(path), {"run": 1})
    append(str(path), {"run": 2})
    whole = path.read_bytes()
    torn = whole[:-40]
    path.write_bytes(torn)
    append(str(path), {"run": 3})
    assert path.read_bytes().startswith(torn + b"\n"), "nothing is repaired or removed"
    checked = check_chain(path.read_bytes())
    assert checked.findings == ()
    assert [str(note) for note in checked.notes] == [
        "line 2: is cut off or not a JSON object; line 3 covers it"
    ]
    path.write_bytes(path.read_bytes().replace(torn.split(b"\n")[1], torn.split(b"\n")[1][:-1]))
    assert len(findings(path)) == 1, "and what is left of it cannot be changed either"


def test_a_whole_last_line_without_its_end_is_as_good_as_any(path: Path) -> None:
    head = append(str(path), {"run": 1})
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    assert findings(path) == []
    append(str(path), {"run": 2})
    assert [record["chain"]["previous"] for record in records(path)] == [START, head]
    assert findings(path) == []


@pytest.mark.parametrize("end", [b"\n", b""], ids=["whole", "cut"])
def test_the_chain_of_an_old_journal_starts_at_its_end(path: Path, end: bytes) -> None:
    old = [
        b'{"rollout": "meters", "phase": "planned"}',
        b"",
        b'{"rollout": "meters", "phase',
        b'{"rollout": "meters", "created": []}',
    ]
    path.write_bytes(b"\n".join(old) + end)
    before = check_chain(path.read_bytes()).head
    append(str(path), {"run": 1})
    append(str(path), {"run": 2})
    assert check_chain(path.read_bytes()).heads[before] == 4, "a report may have it"
    assert path.read_bytes().startswith(b"\n".join(old) + b"\n{")
    assert findings(path) == []
    notes = [note.line for note in check_chain(path.read_bytes()).notes]
    assert notes == [1, 2, 3, 4]
    for number, line in enumerate(old):
        changed = [*old[:number], line + b" ", *old[number + 1 :]]
        text = path.read_bytes().replace(b"\n".join(old), b"\n".join(changed))
        assert [finding.line for finding in check_chain(text).findings] == [1]


def test_a_last_line_that_was_changed_is_covered_as_it_is(path: Path) -> None:
    append(str(path), {"run": 1})
    append(str(path), {"run": 2})
    path.write_bytes(path.read_bytes().replace(b'"run":2', b'"run":5'))
    append(str(path), {"run": 3})
    assert findings(path) == ["line 2: was changed after it was written"]


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from conftest import make_importable
make_importable()
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.chain import append
for number in range(12):
    append(sys.argv[2], {"writer": sys.argv[3], "run": number, "text": "x" * 5000})
"""


def test_runs_at_once_write_one_after_the_other(path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(ROOT / "tests"), str(path), str(name)])
        for name in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    found = records(path)
    assert findings(path) == []
    for name in range(4):
        runs = [record["run"] for record in found if record["writer"] == str(name)]
        assert runs == list(range(12))


def test_a_run_that_hangs_is_not_waited_for_forever(path: Path) -> None:
    append(str(path), {"run": 1})
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="another run has been writing it for 0 seconds"):
            append(str(path), {"run": 2}, patience=0)
    append(str(path), {"run": 3})
    assert [record["run"] for record in records(path)] == [1, 3]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_part_of_a_line_stays_where_the_disk_is_full(path: Path) -> None:
    append(str(path), {"run": 1})
    before = path.read_bytes()
    with largest_file(len(before) + 50), pytest.raises(JournalError) as failed:
        append(str(path), {"run": 2, "text": "x" * 1000})
    assert os.strerror(errno.EFBIG) in str(failed.value)
    assert path.read_bytes() == before
    append(str(path), {"run": 3})
    assert findings(path) == []


def test_what_json_has_no_value_for_is_an_error(path: Path) -> None:
    append(str(path), {"run": 1})
    for value in (float("nan"), object(), {1j: 2}):
        with pytest.raises(JournalError, match="cannot be written as JSON"):
            append(str(path), {"run": value})
    assert [record["run"] for record in records(path)] == [1]


def unwritable(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    return {
        "directory": tmp_path,
        "through a file": tmp_path / "file" / "journal.jsonl",
        "pipe": tmp_path / "pipe",
        "device": Path("/dev/null"),
        "null byte": tmp_path / "a\0b",
        "too long": tmp_path / ("x" * 300),
    }


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A run finds this before it calls the service; a path may change until its end."""
    for name, path in unwritable(tmp_path).items():
        with pytest.raises(JournalError) as failed:
            append(str(path), {"run": 1})
        assert f"journal {path}: cannot be written: " in str(failed.value), name
        assert str(failed.value).endswith("in which you may write"), name
        assert not fota_writable(str(path)), name


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_or_file_without_permission(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    locked = tmp_path / "locked"
    locked.touch(mode=0o400)
    for path in (closed / "journal.jsonl", locked):
        with pytest.raises(JournalError, match=r"[Pp]ermission denied"):
            append(str(path), {"run": 1})


def test_locks_are_let_go(path: Path) -> None:
    append(str(path), {})
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert chain.PATIENCE > 0


def test_numbers_go_on_after_lines_were_removed(path: Path) -> None:
    for number in range(3):
        append(str(path), {"run": number})
    path.write_bytes(path.read_bytes().split(b"\n", 2)[2])
    append(str(path), {"run": 3})
    assert [record["chain"]["line"] for record in records(path)] == [3, 4]
    assert findings(path) == ["line 1: 2 lines missing before it: it was written as line 3"]
