# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An artifact has the same bytes, in whatever order and when it was built."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.tools import release

CONTENT = {"galaxy.txt": b"text", "plugins/a.py": b"a", "run.sh": b"#!/bin/sh"}


def artifact(names: list[str], *, mtime: int, user: str) -> bytes:
    """As ansible-galaxy builds it, with the files in the order of a file system."""
    files = json.dumps({"files": [{"name": name} for name in names], "format": 1}).encode()
    checksum = hashlib.sha256(files).hexdigest()
    manifest = json.dumps({"file_manifest_file": {"chksum_sha256": checksum}}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("MANIFEST.json", "FILES.json", *names):
            content = {"MANIFEST.json": manifest, "FILES.json": files, **CONTENT}[name]
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uname = len(content), mtime, user
            entry.mode = 0o775 if name == "run.sh" else 0o664
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_two_builds_have_the_same_bytes() -> None:
    first = artifact([*CONTENT], mtime=1, user="me")
    second = artifact([*reversed(CONTENT)], mtime=2, user="you")
    assert first != second
    assert release.normalized(first, 1_700_000_000) == release.normalized(second, 1_700_000_000)


def test_the_manifest_names_the_list_of_files() -> None:
    done = release.normalized(artifact([*reversed(CONTENT)], mtime=2, user="me"), 1_700_000_000)
    with tarfile.open(fileobj=io.BytesIO(done)) as tar:
        found = {entry.name: entry for entry in tar.getmembers()}
        content = {name: tar.extractfile(name).read() for name in found}  # type: ignore[union-attr]
    assert [*found][:2] == ["FILES.json", "MANIFEST.json"]
    listed = json.loads(content["FILES.json"])["files"]
    assert [entry["name"] for entry in listed] == sorted(CONTENT)
    checksum = json.loads(content["MANIFEST.json"])["file_manifest_file"]["chksum_sha256"]
    assert checksum == hashlib.sha256(content["FILES.json"]).hexdigest()
    assert {name: content[name] for name in CONTENT} == CONTENT
    assert (found["run.sh"].mode, found["plugins/a.py"].mode) == (0o755, 0o644)
    assert {(entry.mtime, entry.uname, entry.uid) for entry in found.values()} == {
        (1_700_000_000, "", 0)
    }


@pytest.mark.parametrize("words", [[], ["v1.0.0"], ["1.0"], ["1.0.0", "2.0.0"]])
def test_a_version_is_needed(monkeypatch: Any, words: list[str]) -> None:
    monkeypatch.setattr("sys.argv", ["release.py", *words])
    assert release.main() == 2
