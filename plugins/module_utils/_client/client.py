# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the service for the rest of the collection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import TypeVar

from .._model.text import count
from .clock import SKEW_TOLERATED, Deadline
from .error_bodies import ErrorBody, find_error, parse_error
from .errors import FotaError, UnexpectedReply, WriteOutcomeUnknown
from .hints import NOT_REPEATED, NOT_USED
from .operation import Kind, Operation
from .session import Ended, Session, Token, refusal
from .settings import ConnectionSettings
from .transport import Reply, Request, Transport

T = TypeVar("T")
R = TypeVar("R")

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Client:
    """Calls operations as one user, with tokens shared by all clients of that user.

    All methods can be called from several threads. For errors of the service or the network,
    ``call``, ``map`` and ``logout`` raise only subclasses of ``FotaError``.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        """Check the settings (``ConfigurationError``). The first call opens a connection."""
        settings.validate()
        self._settings = settings
        self._transport = Transport(settings)
        self._session = Session(settings, self._transport)
        self._skew_said = threading.Lock()
        self._incomplete_said = threading.Lock()
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
        """Close the connections. The M2M session stays open for the next task."""
        self._transport.close()

    def call(
        self,
        operation: Operation,
        *,
        params: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> object:
        """The decoded JSON of a successful reply; ``None`` when the body of a write is empty.

        ``params`` fill the path, and ``body`` is sent as JSON unless it is ``None`` or a ``Body``.
        At most ``max_connections`` calls run in parallel. From the time it is sent, a call ends
        within ``timeout`` seconds, including login, waits and retries.

        An expired token is renewed once and the call is sent once more, also for writes, because a
        call with a rejected token has no effect.
        """
        request = self._transport.prepare(operation, params=params, query=query, body=body)
        with self._slots:
            answered = self._exchange(request)
        return _decoded(*answered)

    def _exchange(self, request: Request) -> tuple[Request, Reply]:
        """Return the request as it was sent, and its successful reply."""
        deadline = Deadline.after(self._settings.timeout)
        tokens = self._session.tokens(deadline)
        renewed: set[Token] = set()
        while True:
            sent = replace(
                request,
                headers={**request.headers, **tokens.headers()},
                secrets=(*request.secrets, *tokens.secrets()),
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
        """Apply ``function`` to every item, at most ``max_connections`` in parallel.

        The results are in the order of the items. After an error, no further items are started,
        items in progress are completed, and the error of the first failed item is raised.
        """
        work = list(items)
        if min(len(work), self._settings.max_connections) < 2:
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
        """Maximum number of parallel calls."""
        return self._settings.max_connections

    @property
    def now(self) -> datetime:
        """Time of the service, aware UTC; raises ``UnexpectedReply`` before the first reply."""
        return self._transport.clock.now()

    @property
    def host(self) -> str:
        """Host, and port when one is written, of the service."""
        return self._settings.host

    @property
    def simulated(self) -> bool | None:
        """Whether a reply came from a simulator; None before the first reply."""
        return self._transport.simulated

    def warnings(self) -> list[str]:
        """Warnings for the user; each is returned only once."""
        return [*self._skew_warnings(), *self._recording_warnings()]

    def _recording_warnings(self) -> list[str]:
        warning = self._transport.warning
        if warning is None or not self._incomplete_said.acquire(blocking=False):
            return []
        return [warning]

    def _skew_warnings(self) -> list[str]:
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
            f"The clock of this machine is {count(minutes, 'minute')} {side} the clock of"
            f" {self.host}."
            " The clock of the service is used for dates."
        ]

    def has_session(self) -> bool:
        """Whether there is a session for ``logout`` to end, without calling the service.

        The session may have expired without notice.
        """
        return self._session.known(Deadline.after(self._settings.timeout))

    def has_bearer(self) -> bool:
        """Whether there is a bearer token to revoke, without calling the service."""
        return self._session.knows_bearer(Deadline.after(self._settings.timeout))

    def logout(self, *, revoke: bool = False) -> Ended:
        """End the shared M2M session and delete its tokens and any recorded rejection.

        :param revoke: also end the bearer token, which all users of the application's key share.
        :returns: what there was to end. Works in check mode too.
        """
        return self._session.logout(Deadline.after(self._settings.timeout), revoke=revoke)


def _decoded(request: Request, reply: Reply) -> object:
    """Return the decoded body of a success.

    :raises UnexpectedReply: it is not JSON, an error under a success status or, for a read, empty.
    :raises WriteOutcomeUnknown: the same for a write; without a body, it returns None.
    """
    try:
        value = reply.json()
    except ValueError as error:
        what = "a body that is not JSON"
        if not request.operation.confidential:
            what += f": {parse_error(reply.body, secrets=request.secrets)}"
        raise _unusable(request, reply, what) from error
    is_empty = not reply.body.strip() and not request.operation.may_be_empty
    if is_empty and request.operation.kind is Kind.READ:
        raise _unusable(request, reply, "an empty body")
    found = find_error(value, secrets=request.secrets)
    if found is not None:
        raise _unusable(request, reply, f"an error: {found}", found)
    return value


def _unusable(
    request: Request, reply: Reply, what: str, found: ErrorBody | None = None
) -> FotaError:
    error = found or ErrorBody()
    is_write = request.operation.kind is Kind.WRITE
    return (WriteOutcomeUnknown if is_write else UnexpectedReply)(
        f"{request}: HTTP {reply.status} with {what}",
        operation=request.operation.id,
        http_status=reply.status,
        error_code=error.code,
        error_message=error.message,
        hint=NOT_REPEATED if is_write else NOT_USED,
    )
