# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes and ports to watch, on Linux through ``/proc`` and elsewhere through ``ps``."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import which

_PROC = Path("/proc")
_ANSIBLE = re.compile(r"ansible(-[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Process:
    """A process and its start time, so that a reused process id is recognized."""

    pid: int
    started: str | None

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid, _parent_and_start(pid)[1])

    def alive(self) -> bool:
        parent, started = _parent_and_start(self.pid)
        return parent is not None and started == self.started


def ansible_command(pid: int) -> int:
    """The main process of the ansible command that started a process.

    That is the nearest ancestor with the name ``ansible`` or ``ansible-something``, or the topmost
    of its own ancestors with the same command line, as workers have that too. A path that only
    contains the name does not count. Raises ``ValueError`` without such an ancestor.
    """
    parent = _parent_and_start(pid)[0]
    while parent:
        command = _command(parent)
        if any(_ANSIBLE.fullmatch(Path(word).name) for word in command[:3]):
            break
        parent = _parent_and_start(parent)[0]
    else:
        raise ValueError("--watch-ansible: an ansible command must have started this process")
    above = _parent_and_start(parent)[0]
    while above and _command(above) == command:
        parent, above = above, _parent_and_start(above)[0]
    return parent


def port_closed(host: str, port: int, *, within: float) -> bool:
    """Wait until the port is closed; False if it is still open after that time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            pass  # still open
        time.sleep(0.02)
    return False


def _parent_and_start(pid: int) -> tuple[int | None, str | None]:
    """Parent and start time of a running process; (None, None) if it does not exist."""
    if (_PROC / "self").exists():
        try:
            text = (_PROC / str(pid) / "stat").read_text(errors="replace")
        except OSError:
            return None, None
        # The command in parentheses may contain spaces and parentheses.
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
