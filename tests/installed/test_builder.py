# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-builder makes images from an installed copy; it comes with galaxy-importer."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.tests.installed.conftest import COLLECTION

PROJECT = COLLECTION / "playbooks/files/awx_project"


@pytest.fixture
def builder() -> Path:
    python = os.environ.get("FOTA_TOOLS_PYTHON")
    if not python:
        pytest.skip("FOTA_TOOLS_PYTHON is not set: run make test STEPS=installed")
    return Path(python).with_name("ansible-builder")


def test_an_image_gets_what_the_collection_needs(
    builder: Path, complete: Path, tmp_path: Path
) -> None:
    needed = tmp_path / "needed.txt"
    subprocess.run([builder, "introspect", "--write-pip", needed, complete], check=True)
    lines = needed.read_text(encoding="utf-8").splitlines()
    for library in ("python-dateutil", "requests"):
        assert any(line.startswith(f"{library}>=") for line in lines), lines


@pytest.mark.parametrize("file", ["execution-environment.yml", "decision-environment.yml"])
def test_the_images_of_the_awx_project(
    builder: Path, complete: Path, tmp_path: Path, file: str
) -> None:
    project = shutil.copytree(complete / PROJECT, tmp_path / "project")
    subprocess.run([builder, "create", "--file", file], cwd=project, check=True)
    assert "FROM " in (project / "context/Dockerfile").read_text(encoding="utf-8")
