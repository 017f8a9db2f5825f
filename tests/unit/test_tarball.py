# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is built for users holds what they run and read, and no tests."""

from __future__ import annotations

import subprocess
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def shipped() -> list[PurePosixPath]:
    """The tracked files that ``ansible-galaxy collection build`` would take."""
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a checkout")

    def is_ignored(path: PurePosixPath) -> bool:
        return any(
            fnmatch(str(part), pattern) for part in (path, *path.parents) for pattern in ignored
        )

    files = map(PurePosixPath, listed.stdout.splitlines())
    return [path for path in files if not is_ignored(path)]


def test_no_tests_are_shipped() -> None:
    """An installed copy is checked by ansible-test with ``tests/config.yml`` only."""
    files = shipped()
    assert [str(path) for path in files if path.parts[0] == "tests"] == ["tests/config.yml"]
    assert not [path for path in files if path.name == ".keep"]
    folders = {path.parts[0] for path in files if len(path.parts) > 1}
    assert folders == {
        "changelogs",
        "docs",
        "extensions",
        "meta",
        "playbooks",
        "plugins",
        "roles",
        "tests",
    }
