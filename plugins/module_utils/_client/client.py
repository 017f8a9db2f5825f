# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the service: what the rest of the collection calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import TypeVar

from .clock import SKEW_TOLERATED, Deadline
from .error_bodies import parse_error
from .errors import UnexpectedReply, WriteOutcomeUnknown
from .operation import Kind, Operation
from .session import Session, Token, refusal
from .settings import ConnectionSettings
from .transport import Reply, Request, Transport

T = TypeVar("T")
R = TypeVar("R")

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Client:
    """Calls operations as one user, with tokens that all clients of that user share.

    Every method may be called from several threads. ``call``, ``map`` and ``logout`` raise the
    subclasses of ``FotaError`` and nothing else for what the service or the network does.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        """Check the settings (``ConfigurationError``); the first call opens the network."""
        settings.validate()
        self._settings = settings
        self._transport = Transport(settings)
        self._session = Session(settings, self._transport)
        self._skew_said = threading.Lock()
        self._slots = threading.BoundedSemaphore(settings.max_connections)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The M2M session lives on for the next task."""
        self._transport.close()

    def call(
        self,
        operation: Operation,
        *,
        params: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> object:
        """The decoded JSON of a successful reply; ``None`` when its body is empty.

        ``params`` fill the path, ``body`` is sent as JSON unless it is ``None``. No more than
        ``max_connections`` calls are under way at once. From its turn on, logging in, waiting and
        repeating included, a call ends within ``timeout`` seconds.

        A token that expired is renewed once and the call sent once more, writes too: a refused
        token means that nothing was done.
        """
        request = self._transport.prepare(operation, params=params, query=query, body=body)
        with self._slots:
            answered = self._exchange(request)
        return _decoded(*answered)

    def _exchange(self, request: Request) -> tuple[Request, Reply]:
        """Give the request as it was sent and the successful reply to it."""
        deadline = Deadline.after(self._settings.timeout)
        tokens = self._session.tokens(deadline)
        renewed: set[Token] = set()
        while True:
            sent = replace(
                request,
                headers={**request.headers, **tokens.headers()},
                secrets=tokens.secrets(),
            )
            reply = self._transport.send(sent, deadline)
            if reply.status < 400:
                return sent, reply
            stale = self._session.stale(reply)
            if stale is None or stale in renewed:
                raise refusal(sent, reply)
            renewed.add(stale)
            tokens = self._session.renew(stale, tokens, refused=reply, deadline=deadline)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """``function`` of every item, at most ``max_connections`` at once, results in order.

        After an error no further item is begun, those under way are waited for, and the error
        of the first failed item in order is raised.
        """
        work = list(items)
        if len(work) < 2:
            return [function(item) for item in work]
        with ThreadPoolExecutor(min(self._settings.max_connections, len(work))) as pool:
            futures = [pool.submit(function, item) for item in work]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                for future in futures:
                    future.cancel()
        for future in futures:
            error = None if future.cancelled() else future.exception()
            if error is not None:
                raise error
        return [future.result() for future in futures]

    @property
    def connections(self) -> int:
        """How many calls may be under way at once."""
        return self._settings.max_connections

    @property
    def now(self) -> datetime:
        """The service's time, aware UTC, from the newest reply; ``UnexpectedReply`` before one."""
        return self._transport.clock.now()

    @property
    def host(self) -> str:
        """Host, and port when one is written, of the service."""
        return self._settings.host

    @property
    def simulated(self) -> bool:
        """Whether a reply came from a simulator."""
        return self._transport.simulated

    def warnings(self) -> list[str]:
        """What the user should hear about, each text returned by one call only."""
        skew = self._transport.clock.skew
        if (
            self.simulated
            or abs(skew) <= SKEW_TOLERATED
            or not self._skew_said.acquire(blocking=False)
        ):
            return []
        minutes = round(abs(skew).total_seconds() / 60)
        side = "behind" if skew.total_seconds() > 0 else "ahead of"
        return [
            f"The clock of this machine is {minutes} minutes {side} the clock of {self.host};"
            " dates are judged by the service's."
        ]

    def has_session(self) -> bool:
        """Whether ``logout`` would find a session to end, as far as that is known without a call.

        It may have expired; only the service can tell.
        """
        return self._session.known(Deadline.after(self._settings.timeout))

    def logout(self) -> bool:
        """End the shared M2M session and forget its tokens and any remembered rejection.

        Returns whether there was a session to end. Works in check mode too.
        """
        return self._session.logout(Deadline.after(self._settings.timeout))


def _decoded(request: Request, reply: Reply) -> object:
    try:
        return reply.json()
    except ValueError as error:
        words = parse_error(reply.body, secrets=request.secrets)
        what = f"{request}: HTTP {reply.status} with a body that is not JSON: {words}"
        if request.operation.kind is Kind.WRITE:
            raise WriteOutcomeUnknown(
                what,
                operation=request.operation.id,
                http_status=reply.status,
                hint="Read the state back before deciding; the call was not repeated.",
            ) from error
        raise UnexpectedReply(
            what,
            operation=request.operation.id,
            http_status=reply.status,
            hint="Check base_url and proxies: this is no reply of the service.",
        ) from error
