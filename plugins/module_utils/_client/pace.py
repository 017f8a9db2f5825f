# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limit of calls."""

from __future__ import annotations

import threading
import time


class RequestPace:
    """Spaces the calls of all threads evenly; the first call does not wait."""

    def __init__(self, per_second: float | None) -> None:
        """:param per_second: maximum number of calls per second; None sets no limit."""
        self._distance = 1 / per_second if per_second else 0.0
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until this call is allowed."""
        if not self._distance:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._distance
        time.sleep(turn - now)
