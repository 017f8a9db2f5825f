# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test ``fota_writable``: whether a file can be written, without writing it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.plugins.test.fota_writable import fota_writable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: a file, and a link to it."""
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to("file")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["file", "new", "link", "new/folder/file", "./x/../file"])
def test_files_that_can_be_written(folder: Path, path: str) -> None:
    assert fota_writable(path) and fota_writable(f"{folder}/{path}")
    assert sorted(entry.name for entry in folder.iterdir()) == ["file", "link"]
    assert (folder / "file").read_text() == "kept"


@pytest.mark.parametrize("path", [".", "file/new", "file/new/file", "link/new", "a\0b", "x" * 300])
def test_files_that_cannot_be_written(folder: Path, path: str) -> None:
    assert not fota_writable(path) and not fota_writable(f"{folder}/{path}")


def test_permissions_of_the_file_and_of_its_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write all, so what the system says is set here."""
    for denied in (folder, folder / "file"):
        monkeypatch.setattr(os, "access", lambda path, _mode, denied=denied: path != denied)
        assert not fota_writable("file")
    assert fota_writable("new")
