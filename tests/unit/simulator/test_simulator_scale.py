# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work per call does not grow with the fleet: counted in steps of the interpreter, not in seconds.

What the interpreter hands to C in one step (a sort, a copy) is not counted; where one would matter
the test counts something else.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator import (
    journal as journal_module,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    Request,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.control import Control
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.fleet_file import (
    parse_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    MAIN_ACCOUNT,
    firmware_packages,
    generate_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.journal import Journal
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.service import Service
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.clock import (
    VirtualClock,
    parse_rfc3339,
)
from ansible_collections.thingspace.fota.tests.contract.wire import PASSWORD, USERNAME, basic

START = parse_rfc3339("2026-03-02T00:00:00Z")
FEW, MANY = 4_000, 20_000
CAMPAIGN = 1_200
# A million devices in 1.5 GB would be 1500 bytes each; a quarter of that is for the devices.
BYTES_PER_DEVICE = 400


class Bench:
    """A logged-in service without a socket, with one campaign; ``free_device`` is in none."""

    def __init__(self, devices: int) -> None:
        fleet = parse_fleet(generate_fleet(devices=devices, behind=1.0), now=START)
        self.clock = VirtualClock(START, hours_per_second=0)
        self.service = Service(
            fleet,
            self.clock,
            switches={"pilot_rule": "off"},
            latency_ms=0,
            refuse_writes=False,
        )
        self.control = Control(self.service, lambda: None)
        auth = self.service.auth
        token = auth.token({"authorization": basic()}, b"grant_type=client_credentials")
        self._headers = {
            "authorization": f"Bearer {token['access_token']}",
            "vz-m2m-token": auth.login(USERNAME, PASSWORD),
        }
        package = firmware_packages()[0]
        devices_of_it = [
            device.imei
            for device in self.service.state.accounts[MAIN_ACCOUNT].devices.values()
            if device.model == package["model"]
        ]
        self.campaign_devices, self.free_device = devices_of_it[:CAMPAIGN], devices_of_it[-1]
        body = {
            **{key: package[key] for key in ("firmwareName", "firmwareFrom", "firmwareTo")},
            "protocol": "LWM2M",
            "startDate": "2026-03-03",
            "endDate": "2026-03-05",
            "campaignTimeWindowList": [],
            "deviceList": self.campaign_devices,
        }
        path = f"v3/campaigns/firmware/{MAIN_ACCOUNT}"
        self.campaign = str(json.loads(self.call("POST", path, body))["id"])
        self.advance(30)

    def call(self, method: str, path: str, body: object = None) -> bytes:
        """The body of a reply that must be 200."""
        path, _mark, query = path.partition("?")
        raw = b"" if body is None else json.dumps(body).encode()
        request = Request(method, f"/api/fota/{path}", query, self._headers, raw)
        reply = self.service.handle(request).reply
        assert reply.status == 200, reply.body
        return reply.body

    def advance(self, hours: float) -> None:
        self.control.clock({"advance_hours": hours})


@lru_cache
def _bench(devices: int) -> Bench:
    return Bench(devices)


@contextmanager
def _counted() -> Iterator[list[int]]:
    """Count the interpreter's steps in Python code of this thread."""
    steps = [0]

    def trace(frame: FrameType, event: str, _value: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps[0] += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield steps
    finally:
        sys.settrace(before)


A = MAIN_ACCOUNT
CALLS: dict[str, Callable[[Bench], Any]] = {
    "v3 device page": lambda bench: bench.call(
        "GET", f"v3/devices/{A}?lastSeenDeviceId={bench.campaign_devices[99]}"
    ),
    "v1 device page": lambda bench: bench.call("GET", f"v1/devices/{A}/index/0"),
    "v1 firmware list": lambda bench: bench.call("GET", f"v1/firmware/{A}"),
    "campaign device report": lambda bench: bench.call(
        "GET", f"v3/reports/{A}/campaigns/{bench.campaign}/devices?lastSeenDeviceId=0"
    ),
    "campaigns by status": lambda bench: bench.call(
        "GET", f"v3/reports/{A}/firmware/campaigns?campaignStatus=CampaignScheduled"
    ),
    "query by 1000 IMEIs": lambda bench: bench.call(
        "POST", f"v3/devices/{A}", {"deviceList": bench.campaign_devices[:1000]}
    ),
    "sync of 100": lambda bench: bench.call(
        "PUT", f"v3/firmware/{A}/devices", {"deviceList": bench.campaign_devices[:100]}
    ),
    "license removed and assigned again, and a page": lambda bench: (
        bench.call("POST", f"v3/licenses/{A}/remove", {"deviceList": [bench.free_device]}),
        bench.call("POST", f"v3/licenses/{A}/assign", {"deviceList": [bench.free_device]}),
        bench.call("GET", f"v3/licenses/{A}?lastSeenDeviceId=0"),
    ),
    "device history": lambda bench: bench.call(
        "GET", f"v3/reports/{A}/devices/{bench.campaign_devices[0]}"
    ),
    "an hour in which nothing is due": lambda bench: bench.advance(1),
    "state, a page": lambda bench: bench.control.devices(limit=1000),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_takes_as_many_steps_on_a_large_fleet(name: str) -> None:
    counts = []
    for devices in (FEW, MANY):
        bench = _bench(devices)
        bench.advance(24 * 7)  # past the campaign's end, so that nothing is due
        CALLS[name](bench)  # what is made once is made
        with _counted() as steps:
            CALLS[name](bench)
        counts.append(steps[0])
    few, many = counts
    assert few > 50
    # Texts that pages share are written anew now and then, and a search has some more steps.
    assert many < 1.2 * few + 2_000, counts


def test_the_counter_sees_a_scan_of_the_fleet() -> None:
    def scan(bench: Bench) -> int:
        devices = bench.service.state.accounts[A].devices.values()
        return sum(device.licensed is not None for device in devices)

    with _counted() as few:
        scan(_bench(FEW))
    with _counted() as many:
        scan(_bench(MANY))
    assert many[0] > 3 * few[0] + 2_000


def test_a_device_takes_little_memory() -> None:
    data = generate_fleet(devices=MANY)
    tracemalloc.start()
    try:
        before, _peak = tracemalloc.get_traced_memory()
        service = Service(
            parse_fleet(data, now=START),
            VirtualClock(START, hours_per_second=0),
            switches={},
            latency_ms=0,
            refuse_writes=False,
        )
        after, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(service.state.accounts[A].devices) == MANY
    assert (after - before) / MANY < BYTES_PER_DEVICE


def test_the_journal_keeps_the_newest_calls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    capacity = 100
    monkeypatch.setattr(journal_module, "CAPACITY", capacity)
    journal = Journal()
    facts: dict[str, Any] = dict.fromkeys(("operation", "fault", "user"))
    facts |= {"at": "", "kind": "read", "method": "GET", "path": "/", "status": 200}
    facts |= {"refused": False, "ms": 0.0}
    for _call in range(capacity + 10):
        journal.add(**facts)
    assert len(journal) == capacity
    assert [entry["n"] for entry in journal.since(capacity + 7)] == [
        capacity + 8,
        capacity + 9,
        capacity + 10,
    ]
    assert journal.since(0)[0] == {"n": 11, **facts}
    assert journal.since(capacity + 10) == []
    journal.clear()
    journal.add(**facts)
    assert [entry["n"] for entry in journal.since(3)] == [capacity + 11]


def test_calls_wait_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight calls are in their latency at once: none waits with the lock in its hand."""
    bench = Bench(60)
    together = threading.Barrier(8, timeout=300)
    monkeypatch.setattr(time, "sleep", lambda _seconds: together.wait())
    bench.service.latency_ms = 50
    done: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: done.append(bench.call("GET", f"v3/devices/{A}")))
        for _number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8
