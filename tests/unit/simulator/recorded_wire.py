# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bare client of the contract tests, over the transport of the collection, which records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from ansible_collections.thingspace.fota.plugins.module_utils._client.clock import Deadline
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind,
    Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.transport import (
    Request,
    Transport,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.contract.wire import Answer, Wire
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import ApiClient


class RecordedWire(Wire):
    """Sends what a ``Wire`` sends, and records it."""

    def __init__(self, url: str, record: Path) -> None:
        super().__init__(url)
        self.record = record
        self._transport = Transport(
            ConnectionSettings(
                base_url=url, bearer_token="given", session_token="given", record=str(record)
            )
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        path, _mark, query = path.partition("?")
        documented = wire_contract().route(path).operations.get(method)
        name = "none" if documented is None else documented.operation_id
        template = path if documented is None else "/" + "/".join(documented.template)
        request = Request(
            operation=Operation(name, method, template, Kind.READ),
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=dict(headers or {}),
            body=body,
            repeatable=True,
        )
        reply = self._transport.send(request, Deadline.after(300))
        return Answer(reply.status, reply.headers, reply.body)

    def close(self) -> None:
        self._transport.close()


class RecordedClient(ApiClient):
    """A client of a simulator that records what it does."""

    wire: RecordedWire

    def __init__(self, sim: SimulatorServer, record: Path) -> None:
        self.sim = sim
        self.wire = RecordedWire(sim.url, record)
        self.wire.login()
