# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording on a loopback port."""

from __future__ import annotations

import time
from threading import Event
from typing import Any

from .control import PREFIX
from .listener import HOST, Listener
from .replay.recording import Recording
from .replay.service import ReplayControl, ReplayService


class ReplayServer:
    """Serves a recording, in process or for the command line."""

    def __init__(self, recording: Recording, *, port: int = 0) -> None:
        self._service = ReplayService(recording)
        self._stopping = Event()
        control = ReplayControl(self._service, self._stopping.set)
        self._listener = Listener(port, self._service, control, observer=None, tls=None)

    def __enter__(self) -> ReplayServer:
        self._listener.open()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._listener.server_address[1]}/api"

    @property
    def control_url(self) -> str:
        return f"http://{HOST}:{self._listener.server_address[1]}{PREFIX}"

    @property
    def idle_seconds(self) -> float:
        """Real seconds since the last request."""
        return time.monotonic() - self._listener.last_request

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait up to that time; whether the control endpoint received ``stop``."""
        return self._stopping.wait(seconds)

    def state(self) -> dict[str, Any]:
        """What was served, what was not, and what is left."""
        return self._service.state()
