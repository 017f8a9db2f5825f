# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator on a loopback port: HTTP/1.1, keep-alive, no delay, one thread per connection.

In process, as tests use it::

    with SimulatorServer(default_fleet(), start="2026-03-02T00:00:00Z") as sim:
        ...  # a client with base_url=sim.url
        sim.advance(hours=12)

As a program: ``python _simulator serve`` (see ``cli``). The API is at ``/api``, the control
endpoint at ``/_simulator``. The time is virtual; every ``Date`` header has it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from datetime import datetime
from threading import Event
from typing import Any

from .callbacks import CallbackSender
from .control import PREFIX, Control
from .fleet.fleet_file import parse_fleet
from .listener import HOST, Listener, Observer
from .service import Service
from .state.clock import VirtualClock, moment_datetime, parse_rfc3339


class SimulatorServer:
    """A simulated service. Hours are virtual; the clock is stopped if ``hours_per_second`` is 0.

    With ``tls``, a server context with a certificate, the port accepts HTTPS only.
    """

    def __init__(
        self,
        fleet: Mapping[str, Any],
        *,
        start: str | None = None,
        hours_per_second: float = 0.0,
        seed: int | None = None,
        latency_ms: float = 0,
        refuse_writes: bool = False,
        switches: Mapping[str, str] | None = None,
        faults: list[dict[str, Any]] | None = None,
        tls: ssl.SSLContext | None = None,
        observer: Observer | None = None,
        port: int = 0,
    ) -> None:
        real = time.time()
        given = None if start is None else parse_rfc3339(start)
        parsed = parse_fleet(dict(fleet), now=real if given is None else given, seed=seed)
        begin = given if given is not None else parsed.start if parsed.start is not None else real
        self._service = Service(
            parsed,
            VirtualClock(begin, hours_per_second=hours_per_second),
            switches=dict(switches or {}),
            latency_ms=latency_ms,
            refuse_writes=refuse_writes,
        )
        self._callbacks = CallbackSender(self._service)
        self._stopping = Event()
        self._control = Control(self._service, self._stopping.set)
        self._service.set_faults([] if faults is None else faults)
        self._scheme = "http" if tls is None else "https"
        self._listener = Listener(port, self._service, self._control, observer=observer, tls=tls)

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self) -> SimulatorServer:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Start to listen in a separate thread."""
        self._listener.open()

    def close(self) -> None:
        """Stop listening and close all connections."""
        self._callbacks.close()
        self._listener.close()

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait up to that time; whether the control endpoint received ``stop``."""
        return self._stopping.wait(seconds)

    @property
    def idle_seconds(self) -> float:
        """Real seconds since the last request."""
        return time.monotonic() - self._listener.last_request

    # -- addresses ------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://{HOST}:{self.port}/api"

    @property
    def control_url(self) -> str:
        return f"{self._scheme}://{HOST}:{self.port}{PREFIX}"

    # -- control in process ---------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return moment_datetime(parse_rfc3339(self._control.overview()["now"]))

    def advance(self, *, hours: float) -> None:
        self._control.clock({"advance_hours": hours})

    def set_now(self, moment: str) -> None:
        """Jump forward to an RFC 3339 time."""
        self._control.clock({"set": moment})

    def set_speed(self, hours_per_second: float) -> None:
        self._control.clock({"hours_per_second": hours_per_second})

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        return self._service.journal.since(since)

    def clear_journal(self) -> None:
        self._service.journal.clear()

    @property
    def refuse_writes(self) -> bool:
        return self._service.refuse_writes

    @refuse_writes.setter
    def refuse_writes(self, value: bool) -> None:
        self._control.settings({"refuse_writes": value})

    @property
    def latency_ms(self) -> float:
        return self._service.latency_ms

    @latency_ms.setter
    def latency_ms(self, value: float) -> None:
        self._control.settings({"latency_ms": value})

    @property
    def switches(self) -> dict[str, str]:
        return self._service.state.switches.as_dict()

    def set_switch(self, name: str, value: str) -> None:
        self._control.settings({"switches": {name: value}})

    def expire(self, what: str) -> None:
        """End every ``bearer``, ``session`` or ``both`` now."""
        self._control.settings({"expire": what})

    def unlock(self) -> None:
        """Unlock users locked by failed logins."""
        self._control.settings({"unlock": True})

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Replace the fault rules; an empty list ends fault injection and refused connections."""
        self._control.set_faults(rules)
        self._listener.accept_again()

    def fault_rules(self) -> list[dict[str, Any]]:
        """The rules with their counts ``seen`` and ``struck``."""
        return self._control.faults()

    def callbacks(self) -> list[tuple[dict[str, Any], int]]:
        """The body of each callback that was sent, with the HTTP status that answered it."""
        return list(self._callbacks.sent)

    def callbacks_are_sent(self) -> bool:
        """Whether none waits to be sent."""
        return self._callbacks.idle

    def devices(self) -> list[dict[str, Any]]:
        return self._control.devices()

    def campaigns(self) -> list[dict[str, Any]]:
        return self._control.campaigns()

    def upgrades(self) -> list[dict[str, Any]]:
        return self._control.upgrades()
