# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of the client that passes by its pauses, so that no test depends on the machine."""

from __future__ import annotations

import threading

STEP = 0.001
"""Seconds that pass between two looks at the clock, as some always do."""


class VirtualTime:
    """Stands for the module ``time`` in the client."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        with self._lock:
            self._now += STEP
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
