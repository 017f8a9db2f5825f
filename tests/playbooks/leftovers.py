# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be gone when a run is over."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

LONGEST = 600  # seconds until a play gets there, or a watched simulator notices; only hangs meet it


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true before long."""
    deadline = time.monotonic() + LONGEST
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def listens(url: str) -> bool:
    """Whether anybody answers at a URL's port."""
    with socket.socket() as probe:
        return probe.connect_ex((str(urlsplit(url).hostname), urlsplit(url).port or 0)) == 0


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def processes_with(setting: str) -> set[int]:
    """Processes that inherited a setting, ``NAME=value``, of the environment."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            if setting.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    return found
