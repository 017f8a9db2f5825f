# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of the client that passes only while it pauses, so that no test depends on the machine."""

from __future__ import annotations

import threading


class VirtualTime(threading.local):
    """Stands for the module ``time`` in the client; each thread has a time of its own."""

    def __init__(self) -> None:
        self._now = 1000.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
