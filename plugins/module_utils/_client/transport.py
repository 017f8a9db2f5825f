# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests: the only file that uses the ``requests`` library.

``Transport.prepare`` is the only place that enforces check mode. ``Transport.send`` is the only
place that decides what may be sent again.
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
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from . import backoff
from .body import Body, json_body
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
from .exchange import Exchange
from .hints import NOT_REPEATED
from .operation import Kind, Operation
from .pace import RequestPace
from .settings import ConnectionSettings

if TYPE_CHECKING:
    from .recording import Recording

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import requests.adapters
    import requests.utils
    import urllib3
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
except ImportError:
    # The traceback, for missing_required_lib() of a module.
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

COLLECTION_VERSION = "0.10.0"
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
    """One call, ready to send. ``secrets`` must not appear in messages about its reply."""

    operation: Operation
    path: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    repeatable: bool = False

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

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
                # Half of a surrogate pair is not valid text and cannot be sent or printed.
                whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
                value = json.loads(whole)
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        return value


@dataclass(frozen=True)
class _Trouble:
    """Why an attempt had no final reply, and what is known about it."""

    what: str
    sent: bool  # the service may have acted on it
    silent: bool = False  # a timeout without any reply
    hopeless: str | None = None  # a hint, if a retry cannot help
    status: int | None = None
    code: str | None = None
    message: str | None = None
    wait: float | None = None  # seconds requested by the service

    @property
    def weight(self) -> int:
        """How informative it is: a reply of the service most, a timeout least."""
        return 2 if self.status is not None else int(not self.silent)


class Transport:
    """Sends requests within a deadline, and retries them only if that is safe.

    Reads, repeatable writes and the token request are retried after 408, 429, 5xx, timeouts,
    resets and truncated bodies. All other requests are retried only after 429 and after failures
    before anything was sent. They use a new connection each, because on a kept-alive connection
    that the service has just closed, it is unknown whether a write arrived. Safe for several
    threads.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        if REQUESTS_IMPORT_ERROR is not None:
            raise ConfigurationError(
                "The Python library requests is missing.",
                hint="Run pip install requests with the Python interpreter that runs this task.",
            )
        self.clock = ServiceClock()
        self.simulated: bool | None = None
        self._settings = settings
        self._policy = backoff.POLICY
        self._proxies = _proxies(settings)
        if not settings.validate_certs:
            # The user has disabled the check, so do not warn on every call.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._pooled = _adapter(settings.max_connections)
        self._pace = RequestPace(settings.requests_per_second)
        self._recording: Recording | None = None
        self._unrecorded: str | None = None
        if settings.record:
            self._record(settings.record)

    def _record(self, path: str) -> None:
        """Begin to record. If that fails, calls are made: they may have to stop a rollout."""
        from .recording import Recording  # most tasks do not need it

        try:
            self._recording = Recording(path, self._settings, version=COLLECTION_VERSION)
        except ConfigurationError as error:
            self._unrecorded = f"Nothing is recorded. {error} What to do: {error.hint}"

    @property
    def warning(self) -> str | None:
        """A warning about the recording of the calls, if there is a problem."""
        return self._unrecorded if self._recording is None else self._recording.warning

    def prepare(
        self,
        operation: Operation,
        *,
        params: Mapping[str, str],
        query: Mapping[str, str] | None,
        body: object,
    ) -> Request:
        """Return the request of an operation without tokens; ``None`` sends no body.

        What is not a ``Body`` is sent as JSON.

        Raises ``CheckModeWrite`` for a write in check mode, before any socket is opened.
        """
        request = Request(
            operation=operation,
            path=operation.url_path(params),
            query=query,
            repeatable=operation.kind.repeatable,
        )
        if self._settings.check_mode and operation.kind.writes:
            raise CheckModeWrite(
                f"{request}: a write was requested in check mode",
                operation=operation.id,
                hint="Nothing was sent. This is a bug in the module. Please report it.",
            )
        if body is None:
            return request
        sent = body if isinstance(body, Body) else json_body(body)
        return replace(
            request,
            headers={"Content-Type": sent.media_type},
            body=sent.content,
            secrets=sent.secrets,
        )

    def send(self, request: Request, deadline: Deadline) -> Reply:
        """Return the final reply, 2xx or 4xx; the request may be retried until the deadline.

        Raises ``ServiceUnavailable`` if the deadline ends a request that has written nothing,
        ``WriteOutcomeUnknown`` for a write that may have been carried out, and ``UnexpectedReply``
        for a redirect or a body that is too large.
        """
        trouble = _Trouble("there was no time left to send it", sent=False, silent=True)
        attempt = 0
        while deadline.left() > 0:
            attempt += 1
            outcome = self._attempt(request, deadline, attempt)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.hopeless or (outcome.sent and not request.repeatable):
                raise self._failure(request, outcome, attempt)
            # An earlier reply is more informative than the final timeout.
            trouble = max(outcome, trouble, key=lambda failure: failure.weight)
            wait = self._pause(outcome, attempt)
            if wait >= deadline.left():
                break
            time.sleep(wait)
        raise self._failure(request, trouble, attempt)

    def close(self) -> None:
        """Close the pooled connections and the recording."""
        self._pooled.close()
        if self._recording is not None:
            self._recording.close()

    def _pause(self, trouble: _Trouble, attempt: int) -> float:
        ours = backoff.pause(attempt, chance=random.random(), policy=self._policy)
        return max(trouble.wait or 0.0, ours)  # pause even if the service does not request it

    def _attempt(self, request: Request, deadline: Deadline, number: int) -> Reply | _Trouble:
        self._pace.wait()
        left = deadline.left()
        outcome = self._answer(request, deadline)
        if self._recording is not None:
            self._recording.add(_observed(request, outcome, number, left - deadline.left()))
        if isinstance(outcome, _Trouble):
            return outcome
        if 300 <= outcome.status < 400:
            raise _redirected(request, outcome)
        if outcome.status in {408, 429} or not 200 <= outcome.status < 500:
            return self._refused_for_now(request, outcome)
        return outcome

    def _answer(self, request: Request, deadline: Deadline) -> Reply | _Trouble:
        try:
            if request.repeatable:
                return self._exchange(self._pooled, request, deadline)
            with closing(_adapter(1)) as fresh:
                return self._exchange(fresh, request, deadline)
        except requests.RequestException as error:
            return _network_trouble(error)
        except _Cut as error:
            return _Trouble(str(error), sent=True)

    def _exchange(
        self, adapter: requests.adapters.HTTPAdapter, request: Request, deadline: Deadline
    ) -> Reply:
        # An adapter without a Session does not use cookies, .netrc, redirects or a CA bundle of the
        # environment, but only the settings given here. Preparing a whole request would look for
        # cookies and for a password in the URL, too.
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.operation.method)
        prepared.prepare_url(self._settings.root + request.target, None)
        prepared.prepare_headers({**_HEADERS, **request.headers})
        prepared.prepare_body(request.body, None)
        left = max(deadline.left(), 0.001)  # requests does not accept zero
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
            self.simulated = bool(self.simulated) or SIMULATOR_HEADER.lower() in headers
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
                f"{request}: it is unknown whether this was carried out: {trouble.what}",
                operation=request.operation.id,
                http_status=trouble.status,
                error_code=trouble.code,
                error_message=trouble.message,
                hint=NOT_REPEATED,
            )
        tried = "once" if attempts == 1 else f"{attempts} times"
        return ServiceUnavailable(
            f"{request}: no usable answer from {self._settings.host}, tried {tried}:"
            f" {trouble.what}",
            operation=request.operation.id,
            http_status=trouble.status,
            error_code=trouble.code,
            error_message=trouble.message,
            hint=_what_now(request, trouble),
        )


def _observed(
    request: Request, outcome: Reply | _Trouble, attempt: int, seconds: float
) -> Exchange:
    """One attempt as it is recorded."""
    exchange = Exchange(
        operation=request.operation.id,
        method=request.operation.method,
        template=request.operation.path,
        path=request.path,
        query=request.query or {},
        headers=request.headers,
        body=request.body or b"",
        secrets=request.secrets,
        attempt=attempt,
        seconds=seconds,
    )
    if isinstance(outcome, _Trouble):
        return replace(exchange, trouble=outcome.what)
    return replace(exchange, reply=(outcome.status, outcome.headers, outcome.body))


class _Cut(Exception):
    """A reply that ended too early or came too slowly, or a too large reply to a write."""


def _adapter(connections: int) -> requests.adapters.HTTPAdapter:
    return requests.adapters.HTTPAdapter(
        pool_connections=1, pool_maxsize=connections, max_retries=0
    )


def _proxies(settings: ConnectionSettings) -> dict[str, str]:
    if settings.proxies is not None:
        return dict(settings.proxies)
    # Plain http is for loopback only; a proxy of the environment would send it to another host.
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
                hint="Check base_url: this reply does not come from the service.",
            )
        if deadline.left() <= 0:
            raise _Cut("the reply came too slowly")
    # urllib3 before 2.0 does not detect a body that ends early.
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
    except ValueError as error:  # raised by the libraries for a chunk of negative length
        raise _Cut("the reply was cut off") from error


def _is_short(read: int, promised: str) -> bool:
    # Python cannot convert a number with thousands of digits; no body is that long.
    return len(promised) > _LONGEST_LENGTH or read < int(promised)


def _network_trouble(error: requests.RequestException) -> _Trouble:
    causes = list(islice(_causes(error), 10))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = printable(cause.verify_message)
            fix = "Set ca_path (THINGSPACE_CA_PATH) to its CA certificate."
            if "expired" in reason or "not yet valid" in reason:
                fix = "Renew the certificate, or correct the clock of this machine."
            return _Trouble(
                f"its certificate is not trusted: {reason}",
                sent=False,
                hopeless=f"Nothing was sent. {fix}",
            )
    if isinstance(error, ValueError):  # a URL or header that requests rejects
        return _Trouble(
            f"the request is not valid ({type(error).__name__})",
            sent=False,
            hopeless="Nothing was sent. Check base_url and proxies.",
        )
    sent = not any(isinstance(c, (NewConnectionError, ConnectTimeoutError)) for c in causes)
    silent = isinstance(error, requests.Timeout)
    return _Trouble(_in_words(error, causes), sent=sent, silent=silent)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its wrapped causes, outermost first."""
    found: BaseException | None = error
    while found is not None:
        yield found
        inner = (
            getattr(found, "reason", None),
            getattr(found, "original_error", None),
            *found.args,
            found.__cause__,
            # urllib3 before 2.0 gives the cause of this error only here.
            found.__context__ if isinstance(found, NewConnectionError) else None,
        )
        found = next((e for e in inner if isinstance(e, BaseException)), None)


def _in_words(error: requests.RequestException, causes: list[BaseException]) -> str:
    # Messages of the libraries contain URLs, which may include the password of a proxy.
    if isinstance(error, requests.ConnectTimeout):
        return "the connection timed out"
    if isinstance(error, requests.Timeout):
        return "the reply timed out"
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return printable(cause.strerror)
    names = {
        requests.exceptions.ProxyError: "the proxy failed or refused the connection",
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
        target = "an invalid address"
    return UnexpectedReply(
        f"{request}: redirected (HTTP {reply.status}) to {printable(target)}, not followed",
        operation=request.operation.id,
        http_status=reply.status,
        hint="Redirects are not followed with credentials. Set base_url to the final address.",
    )


def _what_now(request: Request, trouble: _Trouble) -> str:
    if trouble.hopeless:
        return trouble.hopeless
    if trouble.sent and request.operation.kind is Kind.REPEATABLE_WRITE:
        return "No device was changed, so it is safe to run the task again. Try later."
    if trouble.status == 429:
        return "The call had no effect. The service limits calls. Try later, or increase timeout."
    nothing = "" if request.operation.kind is Kind.READ else "Nothing was written. "
    return f"{nothing}Check the service, base_url and proxies, or try later."


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
