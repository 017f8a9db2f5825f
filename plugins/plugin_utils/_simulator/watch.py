# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes and ports to watch, on Linux through ``/proc`` and elsewhere through ``ps``."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import which

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process and when it began, so that a reused number is not taken for it."""

    pid: int
    began: str | None

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid, _facts(pid)[1])

    def alive(self) -> bool:
        parent, began = _facts(self.pid)
        return parent is not None and began == self.began


def outermost_ansible(pid: int) -> int:
    """The topmost ancestor that is an ansible command; ``ValueError`` without one.

    A mere mention does not count: an editor or shell may have "ansible" among its arguments.
    """
    found = None
    parent = _facts(pid)[0]
    while parent:
        if any(Path(part).name.startswith("ansible") for part in _command(parent)[:3]):
            found = parent
        parent = _facts(parent)[0]
    if found is None:
        raise ValueError("--watch-ansible: no ansible command among the parents of this process")
    return found


def port_closed(host: str, port: int, *, within: float) -> bool:
    """Wait until nobody listens on a port."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            pass  # still closing
        time.sleep(0.02)
    return False


def _facts(pid: int) -> tuple[int | None, str | None]:
    """Parent and start mark of a live process; (None, None) when there is none."""
    if (_PROC / "self").exists():
        try:
            text = (_PROC / str(pid) / "stat").read_text(errors="replace")
        except OSError:
            return None, None
        # The command in parentheses may hold spaces and parentheses itself.
        fields = text.rpartition(")")[2].split()
        if fields[0] in ("Z", "X"):
            return None, None
        return int(fields[1]), fields[19]
    listed = _ps(pid, "stat=,ppid=,lstart=").split(maxsplit=2)
    if len(listed) < 3 or listed[0].startswith("Z"):
        return None, None
    return int(listed[1]), listed[2]


def _command(pid: int) -> list[str]:
    if (_PROC / "self").exists():
        try:
            raw = (_PROC / str(pid) / "cmdline").read_bytes()
        except OSError:
            return []
        return raw.decode(errors="replace").split("\0")
    return _ps(pid, "command=").split()


def _ps(pid: int, columns: str) -> str:
    result = subprocess.run(
        [which("ps") or "/bin/ps", "-o", columns, "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip()
