# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity without containers, and without a host to fetch get-pip from."""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
from pathlib import Path

from steps import Job
from venvs import core_for, locked, main_venv, python_line, this_python
from workspace import CACHE


def sanity(job: Job) -> None:
    """Every sanity test that needs no container, on a clean copy of what is installed.

    Our own tests are left out: ruff reads them, and they would take half of the time.
    """
    main = job.venv(main_venv())
    version = python_line(this_python())
    home = CACHE / "ansible-test" / f"{core_for(this_python())}-py{version}"
    copy = job.workspace.copy("sanity")
    for folder in (copy / "tests").iterdir():
        if folder.is_dir():  # beside them are settings of the sanity tests
            shutil.rmtree(folder)
    with locked(home.with_name(f"{home.name}.lock")):  # two would make the same venvs at once
        pip_settings = _copy_pip_settings(main / "python", home)
        try:
            extra = {"HOME": str(home)}
            job.run(main / "python", ".ci/seed_get_pip.py", path=[main], extra=extra)
            command = (main / "ansible-test", "sanity", "--local", "--python", version)
            job.run(*command, "--color", "no", path=[main], folder=copy, extra=extra)
        finally:
            pip_settings.unlink()


def _copy_pip_settings(python: Path, home: Path) -> Path:
    """ansible-test hides environment and home from pip: put what pip knows into a file.

    Returns the file, 0600 because an index may come with a password.
    """
    listing = subprocess.run(
        [python, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    settings = configparser.RawConfigParser()
    settings.add_section("global")
    for line in listing.splitlines():
        name, _equals, value = line.partition("=")
        section, _dot, option = name.rpartition(".")
        section = "global" if section == ":env:" else section
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, ast.literal_eval(value).replace("\n", "\n  "))
    settings.set("global", "quiet", "1")
    file = home / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        settings.write(out)
    return file
