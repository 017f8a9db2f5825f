# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shipped of the OpenAPI document judges as the document does in the tests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    ObservedCall,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.contract import (
    operations,
    reply_problems,
    request_problems,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.contract.openapi import media_type
from ansible_collections.thingspace.fota.tests.contract.scenario import START, Tour, fleet
from ansible_collections.thingspace.fota.tests.contract.wire import Wire
from ansible_collections.thingspace.fota.tests.tools import update_replay_contract as update


def tour() -> list[ObservedCall]:
    """The exchanges of a tour of all operations."""
    calls: list[ObservedCall] = []
    with SimulatorServer(fleet(), start=START, observer=calls.append) as sim:
        Tour(Wire(sim.url).login(), lambda hours: sim.advance(hours=hours)).make()
    return calls


def test_the_file_is_that_of_the_document() -> None:
    assert update.CONTRACT.read_text(encoding="utf-8") == update.contract_text(), (
        "run python tests/tools/update_replay_contract.py"
    )


def test_every_operation_of_the_document_is_known() -> None:
    known = wire_contract().operations
    assert operations().keys() == known.keys()
    for name, operation in operations().items():
        assert (operation.method, operation.template) == (known[name].method, known[name].template)


def changes(value: Any) -> Iterator[Any]:
    """The value with one thing changed: a member more, less, of another type or with another word."""
    if isinstance(value, dict):
        yield {**value, "surprise": 1}
        for name in value:
            yield {key: member for key, member in value.items() if key != name}
            yield {**value, name: {"another": "type"}}
            if isinstance(value[name], str):
                yield {**value, name: "anotherWord"}
            for changed in changes(value[name]):
                yield {**value, name: changed}
    elif isinstance(value, list) and value:
        for changed in changes(value[0]):
            yield [changed, *value[1:]]


def test_replies_are_judged_as_by_the_document() -> None:
    document = wire_contract()
    judged = {True: 0, False: 0}
    seen: set[tuple[str, str]] = set()
    for call in tour():
        if call.operation is None or (call.operation, str(call.status)) in seen:
            continue
        seen.add((call.operation, str(call.status)))
        headers = {name.lower(): value for name, value in call.reply_headers.items()}
        body = json.loads(call.reply_body) if call.reply_body else None
        for changed in (body, *changes(copy.deepcopy(body))):
            for status in (call.status, 400, 418):
                raw = b"" if changed is None else json.dumps(changed).encode()
                expected = document.reply_faults(
                    document.operations[call.operation], status, headers, raw
                )
                found = list(
                    reply_problems(
                        operations()[call.operation],
                        status,
                        media_type(headers),
                        changed,
                        is_empty=not raw,
                    )
                )
                assert bool(found) == bool(expected), (call.operation, changed, expected, found)
                judged[bool(found)] += 1
    assert min(judged.values()) > 70, judged


def test_requests_are_judged_as_by_the_document() -> None:
    document = wire_contract()
    judged = {True: 0, False: 0}
    for call in tour():
        if call.operation is None or not call.path.startswith("/api/fota"):
            continue
        headers = {name.lower(): value for name, value in call.request_headers.items()}
        if media_type(headers) not in ("", "application/json"):
            continue
        pairs = [pair.partition("=") for pair in call.query.split("&") if pair]
        query = {name: value for name, _sign, value in pairs}
        body = json.loads(call.request_body) if call.request_body else None
        for asked in (query, {**query, "surprise": "1"}, {}):
            for changed in (body, *changes(copy.deepcopy(body))):
                text = "&".join(f"{name}={value}" for name, value in asked.items())
                raw = b"" if changed is None else json.dumps(changed).encode()
                expected = document.request_faults(
                    document.operations[call.operation], call.path, text, headers, raw
                )
                path = call.path.removeprefix("/api")
                found = list(request_problems(operations()[call.operation], path, asked, changed))
                assert bool(found) == bool(expected), (call.operation, asked, changed, expected)
                judged[bool(found)] += 1
    assert min(judged.values()) > 70, judged
