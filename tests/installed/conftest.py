# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection built, installed elsewhere, and cut down to what every installation has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import simulator
from ansible_collections.thingspace.fota.tests.playbooks.conftest import QUICK, ended
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.tools import release

__all__ = ["simulator"]

COLLECTION = Path("ansible_collections/thingspace/fota")
KEPT = {"meta", "playbooks", "plugins", "roles"}


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that has nothing but the collection, built and installed."""
    path = tmp_path_factory.mktemp("complete")
    artifact = release.build(tmp_path_factory.mktemp("built"))
    command = [Path(sys.executable).with_name("ansible-galaxy"), "collection", "install"]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(path)}
    subprocess.run([*command, "--no-deps", "-p", path, artifact], env=env, check=True)
    return path


@pytest.fixture(scope="session")
def collections(complete: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with only what every installation has."""
    path = tmp_path_factory.mktemp("collections")
    for name in KEPT:
        shutil.copytree(complete / COLLECTION / name, path / COLLECTION / name)
    return path


@pytest.fixture
def run_playbook(tmp_path: Path, collections: Path) -> Iterator[PlaybookRunner]:
    """Runs playbooks of the installed collection."""
    settings = {**QUICK, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    yield from ended(PlaybookRunner(tmp_path / "ansible", settings))
