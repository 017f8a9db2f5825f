# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callbacks that the simulator sends: to whom, when, and with what."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator import callbacks
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.records import (
    Listener,
)
from ansible_collections.thingspace.fota.tests.contract.openapi import DOCUMENT
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ApiClient,
    ClientFactory,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority

LONGEST = 60  # seconds


class Receiver(HTTPServer):
    """Takes callbacks on loopback, and keeps the path and body of each."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"
        self.url = f"{self.scheme}://127.0.0.1:{self.server_port}/callback?key=1"
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, json.loads(body)))
        self.send_response_only(204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(Authority(tmp_path).server()) as server:
        yield server
        server.shutdown()


def sent(sim: SimulatorServer, number: int) -> list[tuple[dict[str, Any], int]]:
    """The callbacks, once there are so many."""
    end = time.monotonic() + LONGEST
    while len(sim.callbacks()) < number and time.monotonic() < end:
        time.sleep(0.01)
    return sim.callbacks()


@cache
def validator(schema: str) -> Draft202012Validator:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(DOCUMENT.read_text(encoding="utf-8"), loader)  # noqa: S506
    whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    return Draft202012Validator(whole)


def register(client: ApiClient, api: str, url: str, **more: str) -> None:
    client.ok("POST", f"{api}/callbacks/{ACCOUNT}", {"url": url, **more})


def test_every_change_of_a_campaign_is_sent_in_order(
    start_client: ClientFactory, receiver: Receiver
) -> None:
    client = start_client()
    register(client, "v3", receiver.url)
    campaign = client.create(2)
    client.sim.advance(hours=96)
    found = sent(client.sim, 6)
    assert [(body["status"], len(body["deviceList"])) for body, _status in found] == [
        ("CampaignRequestQueued", 0),
        ("CampaignPreScheduled", 0),
        ("CampaignScheduled", 0),
        ("CampaignScheduled", 1),
        ("CampaignScheduled", 1),
        ("CampaignEnded", 0),
    ]
    assert {body["campaignId"] for body, _status in found} == {campaign}
    assert {status for _body, status in found} == {204}
    assert receiver.received == [("/callback?key=1", body) for body, _status in found]
    assert all(validator("CallbackV2V3").is_valid(body) for body, _status in found)


def test_a_message_of_v1_has_what_was_registered(start_client: ClientFactory) -> None:
    client = start_client()
    with Receiver() as receiver:
        register(client, "v1", receiver.url, name="Fota", username="them", password="theirs")
        client.create_v1(1)
        client.sim.advance(hours=48)
        bodies = [body for body, _status in sent(client.sim, 3)]
        receiver.shutdown()
    words = [body["upgradeScheduled"]["status"] for body in bodies]
    assert words == ["Queued", "InProgress", "Finished"]
    assert {(body["username"], body["password"]) for body in bodies} == {("them", "theirs")}
    assert all(validator("CallbackV1").is_valid(body) for body in bodies)


def test_time_passes_while_a_listener_waits(
    start_client: ClientFactory, receiver: Receiver
) -> None:
    client = start_client()
    client.create(1)
    register(client, "v3", receiver.url)
    client.sim.set_speed(100)
    assert sent(client.sim, 5)[4][0]["status"] == "CampaignEnded"


def test_without_a_listener_nothing_is_sent(
    start_client: ClientFactory, receiver: Receiver
) -> None:
    client = start_client()
    register(client, "v3", receiver.url)
    client.create(1)
    client.ok("DELETE", f"v3/callbacks/{ACCOUNT}")
    client.sim.advance(hours=96)
    assert (client.sim.callbacks(), receiver.received) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "https://192.0.2.1/callback",
        "https://example.invalid:9001/callback",
        "https://127.0.0.1:1/callback",
    ],
)
def test_nothing_leaves_the_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "SEND_SECONDS", 2.0)
    assert callbacks.send(Listener(url), {}) == 0
