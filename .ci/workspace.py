# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run may touch: .cache and build of the checkout, and a temporary folder of its own.

It also knows again every process that it started, so that none outlives it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
BUILD = ROOT / "build"
COLLECTION = Path("ansible_collections/thingspace/fota")
TREE = CACHE / "tree"
"""A collections path whose only collection is a link to the checkout."""

MARK = "FOTA_RUN"
"""Environment variable by which a run knows its own processes again, detached ones included."""

# A developer's own settings must not change a result, and real credentials must never reach a test.
DROPPED_PREFIXES = ("ANSIBLE_", "THINGSPACE_", "FOTA_", "PYTEST_", "COVERAGE_")
DROPPED = {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "VIRTUAL_ENV"}
DROPPED |= {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}


class Stopped(Exception):
    """The workspace is closing; no further command starts."""


class Workspace:
    """A temporary home for everything that one run starts; nothing of it survives ``close``.

    ``home`` is the HOME and TMPDIR of the commands, so that neither ~/.ansible nor the system's
    temporary folder sees them.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fota-")).resolve()
        self.home = self.folder / "home"
        self.temp = self.folder / "tmp"
        self.home.mkdir()
        self.temp.mkdir()
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._folders = 0

    def __enter__(self) -> Workspace:
        _link_checkout()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def environment(self, *folders: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command: ``folders`` first on PATH, pyenv's shims not at all."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in DROPPED and not name.startswith(DROPPED_PREFIXES)
        }
        path = [entry for entry in search_path() if entry.name != "shims"]
        return kept | {
            "PATH": os.pathsep.join(str(entry) for entry in (*folders, *path)),
            "HOME": str(self.home),
            "TMPDIR": str(self.temp),
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            # Its default is below the home that the password file names, whatever HOME says.
            "ANSIBLE_REMOTE_TMP": str(self.temp / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(TREE),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
            MARK: str(self.folder),
            **(extra or {}),
        }

    def run(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        folder: Path = ROOT,
        log: IO[str] | None = None,
    ) -> int:
        """Run one command to its end, in a process group of its own; returns its exit status.

        Without ``log`` its output goes where ours goes. Raises ``Stopped`` once the workspace is
        closing.
        """
        with self._lock:
            if self._stopping:
                raise Stopped
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                text=True,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            status = process.wait()
        finally:
            with self._lock:
                self._running.discard(process)
                stopping = self._stopping
        if stopping:
            raise Stopped
        return status

    def short_folder(self) -> Path:
        """A name for a new folder, short because ansible puts sockets some levels below it."""
        with self._lock:
            self._folders += 1
            return self.folder / str(self._folders)

    def copy(self, name: str) -> Path:
        """A fresh copy of the files that git knows or would add, below a real collections path.

        Tools that insist on that path, or that write beside what they read, work here.
        """
        target = self.folder / "copies" / name / COLLECTION
        for line in git("ls-files", "-z", "-co", "--exclude-standard").split("\0"):
            source = ROOT / line
            if line and (source.is_file() or source.is_symlink()):  # not one removed but unstaged
                (target / line).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target / line, follow_symlinks=False)
        return target

    def leftovers(self, *, grace: float = 0.0) -> dict[int, str]:
        """Pid and command line of what still lives of this run after ``grace`` seconds."""
        end = time.monotonic() + grace
        while (found := dict(_marked_processes(self.folder))) and time.monotonic() < end:
            time.sleep(0.2)
        return found

    def stop(self) -> None:
        """End the running commands, and let no other start."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sent)
            for process in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=3)
            if all(process.poll() is not None for process in running):
                return

    def close(self) -> None:
        """End what runs, then what was detached, and remove the temporary folder."""
        self.stop()
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.leftovers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sent)
            if not self.leftovers(grace=3):
                break
        shutil.rmtree(self.folder, ignore_errors=True)


def search_path() -> list[Path]:
    """The folders of PATH."""
    return [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]


def git(*arguments: str) -> str:
    """The output of a git command in the checkout."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments],  # noqa: S607 - git is a stated requirement
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _link_checkout() -> None:
    """Make ``TREE``; safe beside another run that does the same."""
    link = TREE / COLLECTION
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)


def _marked_processes(folder: Path) -> Iterator[tuple[int, str]]:
    """Our processes, told by ``MARK``; finds none on a system without /proc."""
    mark = f"{MARK}={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if any(words):  # a zombie has none
                    yield int(entry.name), b" ".join(words).decode(errors="replace")
