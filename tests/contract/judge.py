# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observer of a simulator: collects every exchange that breaks the wire contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from threading import Lock
from typing import Protocol

from ansible_collections.thingspace.fota.tests.contract.openapi import OpenApiDocument

EXCERPT = 300
SHOWN = 10


class ObservedCall(Protocol):
    """One exchange with the simulator, as its ``observer`` receives it."""

    @property
    def method(self) -> str:
        """HTTP method."""

    @property
    def path(self) -> str:
        """As sent, with ``/api`` and without the query."""

    @property
    def query(self) -> str:
        """Without its question mark."""

    @property
    def request_headers(self) -> Mapping[str, str]:
        """As sent."""

    @property
    def request_body(self) -> bytes:
        """As sent."""

    @property
    def status(self) -> int:
        """0 when the connection was cut before a reply."""

    @property
    def reply_headers(self) -> Mapping[str, str]:
        """As sent back."""

    @property
    def reply_body(self) -> bytes:
        """As sent back."""

    @property
    def fault(self) -> str | None:
        """Name of the planted fault that shaped the reply, or None."""


@dataclass(frozen=True)
class Violation:
    """One broken rule. ``excerpt`` is the beginning of the judged body, never a header."""

    operation: str
    method: str
    path: str
    status: int
    what: str
    excerpt: str

    def __str__(self) -> str:
        return (
            f"{self.operation} ({self.method} {self.path} -> {self.status}): {self.what}"
            f"\n    {self.excerpt}"
        )


@cache
def wire_contract() -> OpenApiDocument:
    """The document, read once per process: compiled validators are shared by all judges."""
    return OpenApiDocument()


class ContractJudge:
    """Judges replies always, and requests when the service accepted them (2xx).

    Pass it as ``observer`` to a simulator and call ``assert_clean`` at the end.
    ``seen`` counts the calls by (operationId, status); unknown paths are operation "-".
    """

    def __init__(self) -> None:
        self.contract = wire_contract()
        self.violations: list[Violation] = []
        self.request_violations: list[Violation] = []
        self.seen: Counter[tuple[str, int]] = Counter()
        self._lock = Lock()

    def __call__(self, call: ObservedCall) -> None:
        if call.status == 0:
            return
        operation = self.contract.route(call.path).operations.get(call.method)
        name = operation.operation_id if operation else "-"
        reply_headers = _lower(call.reply_headers)
        replies = _date_faults(reply_headers)
        requests: list[str] = []
        if call.fault is not None:
            if operation is not None:
                replies += self.contract.planted_faults(operation, call.status, call.reply_body)
        elif operation is None:
            replies += self.contract.gateway_faults(call.status, reply_headers, call.reply_body)
        else:
            replies += self.contract.reply_faults(
                operation, call.status, reply_headers, call.reply_body
            )
            if 200 <= call.status < 300:
                requests = self.contract.request_faults(
                    operation,
                    call.path,
                    call.query,
                    _lower(call.request_headers),
                    call.request_body,
                )
        with self._lock:
            self.seen[name, call.status] += 1
            self.violations += _violations(call, name, replies, call.reply_body)
            self.request_violations += _violations(call, name, requests, call.request_body)

    def operations(self) -> set[str]:
        """operationIds that were answered with 2xx at least once."""
        return {name for name, status in self.seen if 200 <= status < 300}

    def assert_clean(self, *, requests: bool = True) -> None:
        """Fail with the first violations; ``requests=False`` judges the simulator only."""
        found = self.violations + (self.request_violations if requests else [])
        if found:
            shown = "\n".join(str(violation) for violation in found[:SHOWN])
            raise AssertionError(f"{len(found)} contract violations, the first:\n{shown}")


def _lower(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(headers).items()}


def _date_faults(headers: Mapping[str, str]) -> list[str]:
    """The clients' clock is the Date header, so every reply has to carry one."""
    if "date" not in headers:
        return ["no Date header"]
    if not _is_http_date(headers["date"]):
        return [f"Date header {headers['date']!r} is no HTTP date"]
    return []


@cache
def _is_http_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True


def _violations(
    call: ObservedCall, operation: str, faults: list[str], body: bytes
) -> list[Violation]:
    excerpt = body[:EXCERPT].decode("utf-8", "replace")
    return [
        Violation(operation, call.method, call.path, call.status, what, excerpt) for what in faults
    ]
