# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task on a stage: how it fails, and what the service holds in the end."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    Controller,
    Stage,
    duplicates,
    quick_retries,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_writes import Write

SETTLED_AFTER = 6  # virtual hours after which an end state is read
OWN_FAILURES = (FotaError, TaskFailure, PlanRefused, InvalidValue)


@dataclass
class Outcome:
    """What came of one case; ``findings`` are empty if all is well."""

    case: str
    findings: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    lost_devices: int = 0
    doubled_devices: int = 0
    struck: int = 0


@dataclass(frozen=True)
class Failed:
    """How a task failed: the kind of its failure payload, and what it says."""

    kind: str
    message: str


@dataclass(frozen=True)
class Plain:
    """A write without any fault: the states, what it calls, and the writes among that."""

    at_once: dict[str, Any]
    settled: dict[str, Any]
    operations: tuple[str, ...]
    writes: tuple[str, ...]


def scratch() -> Path:
    """Where token caches and certificates are, for as long as the process lives."""
    return Path(_scratch().name)


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fota-matrix-")


def make_stage(write: Write, *, sockets: bool = False, **options: Any) -> Stage:
    """A stage of the service as the write needs it."""
    return Stage(scratch(), sockets=sockets, switches=dict(write.switches), **options)


@cache
def plain(write: Write) -> Plain:
    """The task on a sound service, and once more; the second time it has nothing to do."""
    stage = make_stage(write)
    with stage, quick_retries():
        write.prepare(stage)
        stage.sim.clear_journal()
        first = stage.controller()
        begun = stage.sim.now
        assert write.task(first), f"{write}: nothing to write"
        journal = stage.sim.journal()
        at_once = write.end_state(stage)
        assert not write.task(first), f"{write}: changes something twice"
        settle(stage, begun)
        return Plain(
            at_once=at_once,
            settled=write.end_state(stage),
            operations=tuple(sorted({one["operation"] for one in journal})),
            writes=tuple(sorted({one["operation"] for one in journal if one["kind"] == "write"})),
        )


def attempt(write: Write, controller: Controller, outcome: Outcome) -> Failed | None:
    """Run the task; how it failed, None if it did not."""
    try:
        write.task(controller)
    except OWN_FAILURES as failure:
        message, payload = describe_failure(failure)
        return Failed(str(payload["kind"]), message)
    except Exception as stranger:  # noqa: BLE001 - any other is what is looked for here
        outcome.findings.append(f"{type(stranger).__name__} is no failure of ours: {stranger}")
        return Failed("stranger", str(stranger))
    return None


def log_out(context: Context, _params: object) -> dict[str, Any]:
    """What an operator does once the account is repaired: forget that it was refused."""
    client: Client = context.client
    client.logout()
    return {}


def settle(stage: Stage, begun: Any) -> None:
    """Give the service time to check everything; all end states are read at one time."""
    hours = SETTLED_AFTER - (stage.sim.now - begun).total_seconds() / 3600
    # A task that waited for devices in vain may have taken longer than that.
    stage.sim.advance(hours=max(0.0, hours))


def judge_end(
    stage: Stage, write: Write, begun: Any, outcome: Outcome, *, names_may_differ: bool = False
) -> None:
    """Note what is not as it is without the fault, once the service has checked everything.

    :param begun: when the task began, in the service's time.
    """
    settle(stage, begun)
    state, expected = write.end_state(stage), plain(write).settled
    if names_may_differ:
        state, expected = _without_names(state), _without_names(expected)
    outcome.duplicates = duplicates(stage.sim)
    if outcome.duplicates:
        outcome.findings.append(f"duplicates: {outcome.duplicates}")
    there, wanted = _devices(state), _devices(expected)
    outcome.lost_devices = len(wanted.keys() - there.keys())
    outcome.doubled_devices = sum(there[one] > wanted.get(one, 0) for one in there)
    if state != expected:
        outcome.findings.append(f"the end is {state}, without the fault {expected}")


def _without_names(state: dict[str, Any]) -> dict[str, Any]:
    work = [{**one, "name": ""} for one in state["work"]]
    return {**state, "work": sorted(work, key=lambda one: (one["api"], one["devices"]))}


def _devices(state: dict[str, Any]) -> dict[tuple[str, str], int]:
    """How often each device is in live work of an API."""
    found: dict[tuple[str, str], int] = {}
    for one in state["work"]:
        for imei in one["devices"]:
            found[one["api"], imei] = found.get((one["api"], imei), 0) + 1
    return found
