# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every write with TLS and proxies between a controller and the service.

They are no rule of the simulator, so they have cases of their own beside those of the table.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any
from zlib import crc32

from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import Operation
from ansible_collections.thingspace.fota.tests.reliability.fault_outcome import (
    Failed,
    Outcome,
    attempt,
    judge_end,
    make_stage,
    plain,
    scratch,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    PATIENT,
    Stage,
    quick_retries,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_writes import (
    WRITES,
    Write,
    write_operations,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority
from ansible_collections.thingspace.fota.tests.unit.simulator.proxy import Passed, Proxy

# The cut has all of what can double a campaign, and one in so many of the rest.
TAKEN = 6
_BODY_OF_A_PROXY = b"<html><head><title>Blocked by policy</title></head></html>"


class Expectation(Enum):
    """What the task does while this is between.

    WORKS: all as without it.
    BARRED: it fails and says why; the service was not even asked to log anybody in.
    SAME: it may fail; one more run ends as without it.
    """

    WORKS = "works"
    BARRED = "barred"
    SAME = "same"


@dataclass
class Line:
    """What is between: the options that a controller needs for it, and how it is repaired.

    :ivar struck: whether it has done what it is there for.
    """

    options: dict[str, Any] = field(default_factory=dict)
    repair: Callable[[], None] = lambda: None
    repaired: dict[str, Any] = field(default_factory=dict)
    struck: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Between:
    """One thing that may be between.

    :ivar words: what the failure says, in part.
    :ivar patience: seconds that one call may take.
    """

    name: str
    expectation: Expectation
    make: Callable[[Stage, Write, ssl.SSLContext | None, Proxy], Line]
    words: str = ""
    tls: bool = False
    expired: bool = False
    patience: float = PATIENT


@dataclass(frozen=True)
class BetweenCase:
    """One write with one thing between."""

    write: Write
    between: Between

    def __str__(self) -> str:
        return f"{self.write}-{self.between.name}"

    @property
    def is_repeated(self) -> bool:
        """The same is in the cut for the creation of another API: ``make soak`` takes it."""
        return self.write.operation.startswith("v2Schedule")


# -- what may be between --------------------------------------------------------------------------


@cache
def _authority() -> Authority:
    return Authority(scratch())


def _trusted() -> dict[str, Any]:
    return {"ca_path": str(_authority().bundle)}


def _known_ca(_stage: Stage, _write: Write, _tls: ssl.SSLContext | None, _proxy: Proxy) -> Line:
    return Line(_trusted(), repaired=_trusted())


def _unknown_ca(_stage: Stage, _write: Write, _tls: ssl.SSLContext | None, _proxy: Proxy) -> Line:
    return Line(repaired=_trusted())


def _expired(_stage: Stage, _write: Write, tls: ssl.SSLContext | None, _proxy: Proxy) -> Line:
    def renew() -> None:
        assert tls is not None
        tls.load_cert_chain(_authority().server())

    return Line(_trusted(), repair=renew, repaired=_trusted())


def _through(proxy: Proxy, tls: ssl.SSLContext | None) -> dict[str, Any]:
    scheme = "http" if tls is None else "https"
    return {"proxies": {scheme: proxy.url}, **({} if tls is None else _trusted())}


def _proxied(_stage: Stage, _write: Write, tls: ssl.SSLContext | None, proxy: Proxy) -> Line:
    through = _through(proxy, tls)
    return Line(through, repaired=through, struck=lambda: bool(proxy.passed))


def _closed(_stage: Stage, _write: Write, tls: ssl.SSLContext | None, proxy: Proxy) -> Line:
    """The proxy refuses whatever it is asked for."""
    proxy.refusal = (403, _BODY_OF_A_PROXY)
    line = _proxied(_stage, _write, tls, proxy)

    def open_() -> None:
        proxy.refusal = None

    line.repair = open_
    return line


def _write_refused(_stage: Stage, write: Write, tls: ssl.SSLContext | None, proxy: Proxy) -> Line:
    """The proxy is in trouble whenever it is asked for the write, and passes nothing on."""
    operation = _operations()[write.operation]
    path = re.compile(re.sub(r"\{\w+\}", "[^/]+", operation.path) + "$")
    refused: list[str] = []

    def refuses(passed: Passed) -> bool:
        found = passed.method == operation.method and path.search(passed.target) is not None
        refused.extend([passed.target] if found else [])
        return found

    def stop() -> None:
        proxy.refuses = lambda _passed: True
        proxy.refusal = None

    proxy.refusal, proxy.refuses = (502, _BODY_OF_A_PROXY), refuses
    through = _through(proxy, tls)
    return Line(through, repair=stop, repaired=through, struck=lambda: bool(refused))


def _dead_after(stage: Stage, write: Write, tls: ssl.SSLContext | None, proxy: Proxy) -> Line:
    """The proxy dies once the service has answered the first write, and is started again."""
    dropped: list[bool] = []

    def drops() -> bool:
        calls = [one for one in stage.sim.journal() if one["operation"] == write.operation]
        found = not dropped and bool(calls)
        dropped.extend([True] if found else [])
        return found

    proxy.drops = drops
    through = _through(proxy, tls)
    return Line(through, repaired=through, struck=lambda: bool(dropped))


@cache
def _operations() -> dict[str, Operation]:
    return {one.id: one for one in write_operations()}


BETWEEN = (
    Between("known_ca", Expectation.WORKS, _known_ca, tls=True),
    Between("unknown_ca", Expectation.BARRED, _unknown_ca, "certificate is not trusted", tls=True),
    Between("expired_ca", Expectation.BARRED, _expired, "expired", tls=True, expired=True),
    Between("proxy", Expectation.WORKS, _proxied),
    Between("tunnel", Expectation.WORKS, _proxied, tls=True),
    Between("closed_proxy", Expectation.BARRED, _closed, "Blocked by policy"),
    Between(
        "closed_tunnel",
        Expectation.BARRED,
        _closed,
        "proxy failed or refused",
        tls=True,
        patience=0.5,
    ),
    Between("proxy_refuses", Expectation.SAME, _write_refused),
    Between("proxy_dies_after", Expectation.SAME, _dead_after),
    Between("tunnel_dies_after", Expectation.SAME, _dead_after, tls=True),
)


def between_cases(*, full: bool) -> list[BetweenCase]:
    """All cases, or the cut of ``make test`` and ``make soak``: each thing at least once."""
    found = [BetweenCase(write, between) for write in WRITES for between in BETWEEN]
    return [one for one in found if full or _is_taken(one)]


def _is_taken(case: BetweenCase) -> bool:
    may_double = case.write.creates and case.between.expectation is Expectation.SAME
    return may_double or crc32(str(case).encode()) % TAKEN == 0


# -- one case -------------------------------------------------------------------------------------


def run_between(case: BetweenCase) -> Outcome:
    """Run the task with it between, once more when it is repaired, and judge both."""
    outcome, write, between = Outcome(str(case)), case.write, case.between
    tls = _authority().context(expired=between.expired) if between.tls else None
    stage = make_stage(write, sockets=True, tls=tls)
    with stage, Proxy() as proxy, quick_retries():
        # Whoever prepares the case is beside the service.
        stage.operator.line = {"validate_certs": False} if between.tls else {}
        write.prepare(stage)
        before, begun = write.end_state(stage), stage.sim.now
        stage.sim.clear_journal()
        line = between.make(stage, write, tls, proxy)
        controller = stage.controller()
        controller.timeout, controller.line = between.patience, line.options
        failure = attempt(write, controller, outcome)
        outcome.struck = int(line.struck())
        _judge(stage, case, failure, before, outcome)
        line.repair()
        controller.timeout, controller.line = PATIENT, line.repaired
        again = attempt(write, controller, outcome)
        if again is not None:
            outcome.findings.append(f"the run without the fault fails: {again.message}")
        judge_end(stage, write, begun, outcome)
    return outcome


def _judge(
    stage: Stage, case: BetweenCase, failure: Failed | None, before: Any, outcome: Outcome
) -> None:
    expectation, state = case.between.expectation, case.write.end_state(stage)
    if failure is None and state != plain(case.write).at_once:
        outcome.findings.append(f"the task said that all is well, but there is {state}")
    if expectation is Expectation.WORKS and failure is not None:
        outcome.findings.append(f"the task failed: {failure.message}")
    if expectation is not Expectation.BARRED:
        return
    if failure is None or case.between.words not in failure.message:
        outcome.findings.append(f"the failure does not say {case.between.words!r}: {failure}")
    asked = [one["operation"] for one in stage.sim.journal()]
    if asked or state != before:
        outcome.findings.append(f"the service was asked for {asked}, and holds {state}")
