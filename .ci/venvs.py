# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments in .cache/venvs, each made once for what was asked for."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workspace import CACHE, ROOT, Workspace, search_path

VENVS = CACHE / "venvs"
NEWEST_CORE = {"3.10": "2.17", "3.11": "2.19"}
"""The newest ansible-core that still runs on a Python; a newer Python takes the default below."""
DEFAULT_CORE = "2.21"
NO_DATEUTIL_4 = ("3.10",)
"""Pythons for which the newest python-dateutil is an older one."""


@dataclass(frozen=True)
class Venv:
    """What a venv is to hold. ``requirements`` are file names in tests/, ``packages`` pip words."""

    name: str
    python: Path
    requirements: tuple[str, ...]
    packages: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where it lives: the name changes with everything it was asked for."""
        stamp = hashlib.sha256(repr((self, _python_version(self.python), str(ROOT))).encode())
        for file in self._files():
            stamp.update(file.read_bytes())
        return VENVS / f"{self.name}-{stamp.hexdigest()[:12]}"

    def words(self) -> list[str]:
        """What to install, in pip's words."""
        files = [word for file in self.requirements for word in ("-r", str(ROOT / "tests" / file))]
        return [*files, *self.packages]

    def _files(self) -> list[Path]:
        """The requirement files and those that they include."""
        files = [ROOT / "tests" / name for name in self.requirements]
        for file in files:
            included = re.findall(r"^-r\s+(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
            files += [file.parent / name for name in included]
        return files


class VenvFailed(Exception):
    """A venv could not be made; the message holds the installer's last words."""


def this_python() -> Path:
    """The interpreter that runs us, links resolved: never a shim, never another venv's."""
    return Path(sys.executable).resolve()


def core_for(python: Path) -> str:
    """The newest ansible-core for an interpreter, such as ``2.19``."""
    return NEWEST_CORE.get(python_line(python), DEFAULT_CORE)


def newest_dateutil(python: Path) -> str:
    """The newest python-dateutil for an interpreter, in pip's words."""
    return "python-dateutil" if python_line(python) in NO_DATEUTIL_4 else "python-dateutil>=4"


def python_line(python: Path) -> str:
    """Major and minor version of an interpreter, such as ``3.11``."""
    return ".".join(_python_version(python).split(".")[:2])


def main_venv() -> Venv:
    """The venv of the demo and of most tests."""
    core = core_for(this_python())
    return Venv(
        "main",
        this_python(),
        ("requirements.txt",),
        (f"ansible-core~={core}.0", newest_dateutil(this_python())),
    )


def sdk_venv() -> Venv:
    """The vendor's own SDK, whose dependencies are older than ours."""
    return Venv("sdk", this_python(), ("requirements-sdk.txt",))


def find_python(version: str) -> Path | None:
    """A real interpreter of a version such as ``3.12`` that can make venvs; None if none is."""
    return next(
        (path for path in _candidates(version) if _python_version(path).startswith(f"{version}.")),
        None,
    )


def make_venv(venv: Venv, workspace: Workspace) -> tuple[Path, float]:
    """Its folder of executables, and the seconds that making it took (0 if it was there).

    Raises ``VenvFailed``. Safe beside other runs: one makes it, the others wait.
    """
    folder = venv.folder
    done = folder / ".complete"
    if done.exists():
        return folder / "bin", 0.0
    start = time.monotonic()
    with locked(VENVS / f"{folder.name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
            _install(venv, folder, workspace)
            done.touch()
    return folder / "bin", time.monotonic() - start


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file that other runs in this checkout hold too; waits without limit."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install(venv: Venv, folder: Path, workspace: Workspace) -> None:
    """Make the venv and install into it, with uv where that works and with pip elsewhere."""
    # The user's configuration of pip or uv may name the index; nothing else of the home is needed.
    configuration = os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config"))
    environment = workspace.environment() | {
        "XDG_CONFIG_HOME": configuration,
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_CACHE_DIR": str(CACHE / "uv"),
    }
    python = folder / "bin" / "python"
    log = VENVS / f"{folder.name}.log"
    with log.open("w", encoding="utf-8") as out:

        def run(*command: str | Path) -> bool:
            return workspace.run(command, environment=environment, log=out) == 0

        if not run(venv.python, "-m", "venv", folder):
            raise VenvFailed(_last_words(log))
        if uv := shutil.which("uv"):
            # uv reads no pip.conf, so it may not know the index that pip knows.
            quick = ("--quiet", "--compile-bytecode", "--python", str(python))
            if run(uv, "pip", "install", *quick, *venv.words()):
                return
            print(f"   uv could not make venv {venv.name}; making it with pip", flush=True)
        if not run(python, "-m", "pip", "install", "--quiet", *venv.words()):
            raise VenvFailed(_last_words(log))


def _last_words(log: Path) -> str:
    """The end of an installer's log."""
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])


def _candidates(version: str) -> Iterator[Path]:
    """Places where an interpreter of a version may be, best first."""
    name = f"python{version}"
    yield this_python()
    for folder in search_path():
        if folder.name == "shims":  # pyenv's real interpreters live beside its shims
            yield from sorted(folder.parent.glob(f"versions/{version}.*/bin/{name}"))
        else:
            yield folder / name


@cache
def _python_version(python: Path) -> str:
    """The full version of an interpreter, such as ``3.11.7``; empty if it can make no venv."""
    code = "import ensurepip, platform, venv; print(platform.python_version())"
    if not python.is_file():
        return ""
    asked = subprocess.run([python, "-I", "-c", code], check=False, capture_output=True, text=True)
    return asked.stdout.strip()
