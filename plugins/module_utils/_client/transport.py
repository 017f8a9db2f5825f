# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests over the wire: the only file that knows the ``requests`` library.

``Transport.prepare`` is the one place where check mode is held; ``Transport.send`` is the one
place that decides what may be sent a second time.
"""

from __future__ import annotations

import json
import random
import ssl
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from urllib.parse import urlsplit

from . import backoff
from .clock import Deadline, ServiceClock, http_date
from .error_bodies import parse_error, printable
from .errors import (
    CheckModeWrite,
    ConfigurationError,
    FotaError,
    ServiceUnavailable,
    UnexpectedReply,
    WriteOutcomeUnknown,
)
from .operation import Kind, Operation
from .pace import RequestPace
from .settings import ConnectionSettings

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import requests.adapters
    import requests.utils
    import urllib3
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
except ImportError:
    # The traceback, for a module's missing_required_lib().
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

COLLECTION_VERSION = "0.4.2"
SIMULATOR_HEADER = "X-Fota-Simulator"

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"thingspace.fota/{COLLECTION_VERSION}",
}
_LARGEST_BODY = 64 * 1024 * 1024
_LONGEST_LENGTH = 18  # digits of a Content-Length
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Request:
    """One call, ready to be sent. ``secrets`` are the texts a reply to it must not leak."""

    operation: Operation
    path: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    repeatable: bool = False

    def __str__(self) -> str:
        return f"{self.operation.id} ({self.operation.method} {self.path})"


@dataclass(frozen=True)
class Reply:
    """A complete reply: status, headers in lower case and the decompressed body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> object:
        """The decoded body, ``None`` when it is empty; ``ValueError`` when it is not JSON."""
        if not self.body.strip():
            return None
        try:
            value = json.loads(self.body, parse_constant=_no_constant)
            if b"\\ud" in self.body.lower():
                # Half of a surrogate pair is no text: it can neither be sent back nor shown.
                whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
                value = json.loads(whole)
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        return value


@dataclass(frozen=True)
class _Trouble:
    """Why an attempt gave no final reply, and what that allows."""

    what: str
    sent: bool  # the service may have acted on it
    silent: bool = False  # time ran out, and nobody said why
    hopeless: str | None = None  # what to do instead, where repeating cannot help
    status: int | None = None
    code: str | None = None
    message: str | None = None
    wait: float | None = None  # seconds the service asked for

    @property
    def weight(self) -> int:
        """How much it tells: the service's own words most, silence least."""
        return 2 if self.status is not None else int(not self.silent)


class Transport:
    """Sends requests within a deadline, repeating only what cannot hurt.

    Reads (and the token request) are repeated after 408, 429, 5xx, timeouts, resets and
    truncated bodies. Everything else is repeated only after 429 and after failures before
    anything was sent, and goes over a connection of its own: on a kept-alive one that the
    service just closed, nobody could tell whether a write arrived. Safe for several threads.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        if REQUESTS_IMPORT_ERROR is not None:
            raise ConfigurationError(
                "requests is missing, pip install requests",
                hint="Install it for the Python interpreter that runs this task.",
            )
        self.clock = ServiceClock()
        self.simulated = False
        self._settings = settings
        self._policy = backoff.POLICY
        self._proxies = _proxies(settings)
        if not settings.validate_certs:
            # The user asked for it, and a line on stderr for every call helps nobody.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._pooled = _adapter(settings.max_connections)
        self._pace = RequestPace(settings.requests_per_second)

    def prepare(
        self,
        operation: Operation,
        *,
        params: Mapping[str, str],
        query: Mapping[str, str] | None,
        body: object,
    ) -> Request:
        """The request of an operation, still without tokens; ``None`` sends no body.

        Raises ``CheckModeWrite`` for a write in check mode, before any socket is opened.
        """
        request = Request(
            operation=operation,
            path=operation.url_path(params),
            query=query,
            repeatable=operation.kind is Kind.READ,
        )
        if self._settings.check_mode and operation.kind is Kind.WRITE:
            raise CheckModeWrite(
                f"{request}: a write was asked for in check mode",
                operation=operation.id,
                hint="Nothing was sent. This is a bug of the module: please report it.",
            )
        if body is None:
            return request
        return replace(
            request,
            headers={"Content-Type": "application/json"},
            body=json.dumps(body, allow_nan=False).encode(),
        )

    def send(self, request: Request, deadline: Deadline) -> Reply:
        """The final reply, 2xx or 4xx, to a request that may be repeated until the deadline.

        Raises ``ServiceUnavailable`` when the deadline ends a request that surely wrote nothing,
        ``WriteOutcomeUnknown`` for a write that may have been carried out, ``UnexpectedReply``
        for a redirect or an endless body.
        """
        trouble = _Trouble("no time was left to send it", sent=False, silent=True)
        attempt = 0
        while deadline.left() > 0:
            attempt += 1
            outcome = self._attempt(request, deadline)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.hopeless or (outcome.sent and not request.repeatable):
                raise self._failure(request, outcome, attempt)
            # What was said before tells more than the silence in which the deadline then ends.
            trouble = max(outcome, trouble, key=lambda one: one.weight)
            wait = self._pause(outcome, attempt)
            if wait >= deadline.left():
                break
            time.sleep(wait)
        raise self._failure(request, trouble, attempt)

    def close(self) -> None:
        """Close the pooled connections."""
        self._pooled.close()

    def _pause(self, trouble: _Trouble, attempt: int) -> float:
        ours = backoff.pause(attempt, chance=random.random(), policy=self._policy)
        return max(trouble.wait or 0.0, ours)  # a service that asks for no wait gets one too

    def _attempt(self, request: Request, deadline: Deadline) -> Reply | _Trouble:
        self._pace.wait()
        try:
            if request.repeatable:
                reply = self._exchange(self._pooled, request, deadline)
            else:
                with closing(_adapter(1)) as fresh:
                    reply = self._exchange(fresh, request, deadline)
        except requests.RequestException as error:
            return _network_trouble(error)
        except _Cut as error:
            return _Trouble(str(error), sent=True)
        if 300 <= reply.status < 400:
            raise _redirected(request, reply)
        if reply.status in {408, 429} or not 200 <= reply.status < 500:
            return self._refused_for_now(request, reply)
        return reply

    def _exchange(
        self, adapter: requests.adapters.HTTPAdapter, request: Request, deadline: Deadline
    ) -> Reply:
        # An adapter without a Session around it knows no cookies, no .netrc, no redirects and no
        # CA bundle of the environment: nothing but what stands here.
        prepared = requests.Request(
            request.operation.method,
            self._settings.root + request.path,
            params=request.query,
            headers={**_HEADERS, **request.headers},
            data=request.body,
        ).prepare()
        left = max(deadline.left(), 0.001)  # requests takes zero for a mistake
        with adapter.send(
            prepared,
            stream=True,
            timeout=(
                min(self._policy.connect_timeout, left),
                min(self._policy.read_timeout, left),
            ),
            verify=self._settings.verify,
            proxies=self._proxies,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            self.clock.observe(headers.get("date"))
            if SIMULATOR_HEADER.lower() in headers:
                self.simulated = True
            return Reply(response.status_code, headers, _body(request, response, deadline))

    def _refused_for_now(self, request: Request, reply: Reply) -> _Trouble:
        error = parse_error(reply.body, secrets=request.secrets)
        return _Trouble(
            f"HTTP {reply.status}: {error}",
            sent=reply.status != 429,
            status=reply.status,
            code=error.code,
            message=error.message,
            wait=backoff.retry_after(
                reply.headers.get("retry-after"),
                now=http_date(reply.headers.get("date")),
                policy=self._policy,
            ),
        )

    def _failure(self, request: Request, trouble: _Trouble, attempts: int) -> FotaError:
        if trouble.sent and request.operation.kind is Kind.WRITE:
            return WriteOutcomeUnknown(
                f"{request}: it is not known whether this was carried out: {trouble.what}",
                operation=request.operation.id,
                http_status=trouble.status,
                error_code=trouble.code,
                error_message=trouble.message,
                hint="Read the state back before deciding; the call was not repeated.",
            )
        tried = "once" if attempts == 1 else f"{attempts} times"
        return ServiceUnavailable(
            f"{request}: no usable answer from {self._settings.host}, tried {tried}:"
            f" {trouble.what}",
            operation=request.operation.id,
            http_status=trouble.status,
            error_code=trouble.code,
            error_message=trouble.message,
            hint=_what_now(trouble),
        )


class _Cut(Exception):
    """A reply that ended too early, came too slowly, or after a write had no end."""


def _adapter(connections: int) -> requests.adapters.HTTPAdapter:
    return requests.adapters.HTTPAdapter(
        pool_connections=1, pool_maxsize=connections, max_retries=0
    )


def _proxies(settings: ConnectionSettings) -> dict[str, str]:
    if settings.proxies is not None:
        return dict(settings.proxies)
    # Plain http is for loopback, and an environment proxy would take it off this host.
    return {} if settings.plain else dict(requests.utils.get_environ_proxies(settings.base_url))


def _body(request: Request, response: requests.Response, deadline: Deadline) -> bytes:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > _LARGEST_BODY and request.operation.kind is Kind.WRITE:
            raise _Cut("the reply is too large")
        if len(body) > _LARGEST_BODY:
            raise UnexpectedReply(
                f"{request}: the reply is larger than {_LARGEST_BODY} bytes",
                operation=request.operation.id,
                http_status=response.status_code,
                hint="Check base_url: this is no reply of the service.",
            )
        if deadline.left() <= 0:
            raise _Cut("the reply came too slowly")
    # urllib3 before 2.0 takes a body that ends early for a whole one.
    promised = response.headers.get("Content-Length", "")
    chunked = "Transfer-Encoding" in response.headers
    if promised.isdecimal() and not chunked and _is_short(response.raw.tell(), promised):
        raise _Cut("the reply was cut off")
    return bytes(body)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException:
        raise
    except ValueError as error:  # of the libraries below, for a chunk of negative length
        raise _Cut("the reply was cut off") from error


def _is_short(read: int, promised: str) -> bool:
    # Python refuses to read a number of thousands of digits; no body is that long.
    return len(promised) > _LONGEST_LENGTH or read < int(promised)


def _network_trouble(error: requests.RequestException) -> _Trouble:
    causes = list(islice(_causes(error), 10))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = printable(cause.verify_message)
            mend = "Name the CA with ca_path (THINGSPACE_CA_PATH)."
            if "expired" in reason or "not yet valid" in reason:
                mend = "It has to be renewed, unless the clock of this machine is wrong."
            return _Trouble(
                f"its certificate is not trusted: {reason}",
                sent=False,
                hopeless=f"Nothing was sent. {mend}",
            )
    if isinstance(error, ValueError):  # a URL or header that requests would not even send
        return _Trouble(
            f"the request is not valid ({type(error).__name__})",
            sent=False,
            hopeless="Nothing was sent. Check base_url and proxies.",
        )
    sent = not any(isinstance(c, (NewConnectionError, ConnectTimeoutError)) for c in causes)
    silent = isinstance(error, requests.Timeout)
    return _Trouble(_in_words(error, causes), sent=sent, silent=silent)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what the libraries wrapped into it, outermost first."""
    found: BaseException | None = error
    while found is not None:
        yield found
        inner = (
            getattr(found, "reason", None),
            getattr(found, "original_error", None),
            *found.args,
            found.__cause__,
            # urllib3 before 2.0 names the cause of this one in no other way.
            found.__context__ if isinstance(found, NewConnectionError) else None,
        )
        found = next((e for e in inner if isinstance(e, BaseException)), None)


def _in_words(error: requests.RequestException, causes: list[BaseException]) -> str:
    # The libraries' own texts hold URLs, and with them a proxy's password.
    if isinstance(error, requests.ConnectTimeout):
        return "connecting timed out"
    if isinstance(error, requests.Timeout):
        return "the answer did not come in time"
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return printable(cause.strerror)
    names = {
        requests.exceptions.ProxyError: "the proxy refused or failed",
        requests.exceptions.SSLError: "TLS failed",
        requests.exceptions.ChunkedEncodingError: "the reply was cut off",
        requests.exceptions.ContentDecodingError: "the reply could not be decompressed",
        requests.exceptions.ConnectionError: "the connection failed",
    }
    for kind, words in names.items():
        if isinstance(error, kind):
            return words
    return type(error).__name__


def _redirected(request: Request, reply: Reply) -> UnexpectedReply:
    try:
        target = urlsplit(reply.headers.get("location", "")).hostname or "the same host"
    except ValueError:
        target = "no readable address"
    return UnexpectedReply(
        f"{request}: redirected (HTTP {reply.status}) to {printable(target)}, not followed",
        operation=request.operation.id,
        http_status=reply.status,
        hint="Credentials never follow a redirect: set base_url to the service's own address.",
    )


def _what_now(trouble: _Trouble) -> str:
    if trouble.hopeless:
        return trouble.hopeless
    if trouble.status == 429:
        return "Nothing was written. The service limits calls: try later, or raise timeout."
    return "Nothing was written. Check the service, base_url and proxies; try later."


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
