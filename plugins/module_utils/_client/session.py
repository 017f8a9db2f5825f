# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication: a bearer token and an M2M session (contract section 2).

Any number of tasks, hosts and forks share one login. A rejected login is recorded for all of them
and not repeated, because five rejections in a row lock the user until Verizon support unlocks it.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlencode

from . import hints
from .clock import Deadline
from .error_bodies import ErrorBody, Speaker, parse_error, speaker, stale_bearer, stale_session
from .errors import ConfigurationError, FotaError, LoginRejected, ServiceRefused, UnexpectedReply
from .operation import Kind, Operation
from .settings import TOKEN_TEXT, ConnectionSettings
from .token_cache import Entry, LockedEntry, Rejection, TokenCache
from .transport import Reply, Request, Transport

OAUTH_TOKEN = Operation("requestOAuthToken", "POST", "/ts/v1/oauth2/token", Kind.AUTH)
LOGIN = Operation("startM2MSession", "POST", "/m2m/v1/session/login", Kind.AUTH)
LOGOUT = Operation("endM2MSession", "POST", "/m2m/v1/session/logout", Kind.AUTH)
REVOKE = Operation("revokeOAuthToken", "POST", "/ts/v1/oauth2/revoke", Kind.AUTH)

REJECTION_SECONDS = 15 * 60
# The service locks a user after five rejected logins in a row (contract section 2).
MOST_REJECTIONS = 2
# Rejected logins and logins with an unclear result, together.
MOST_FAILED = 3
_RENEW_EARLY = 60.0  # a bearer is replaced this many seconds before it expires
_LONGEST_LIFE = 24 * 3600.0

# A wrong address, or the password of a proxy; not a rejection of our credentials.
_NOT_A_VERDICT = frozenset({404, 405, 407, 413, 415})
_UNCLEAR = UnexpectedReply.default_kind
_LOCKED = re.compile(r"(?<!b)lock(ed|out)", re.IGNORECASE)


class Ended(NamedTuple):
    """What a logout has ended."""

    session: bool
    bearer: bool


class Token(Enum):
    """The two tokens of a call, by the name of their option."""

    BEARER = "bearer_token"
    SESSION = "session_token"


@dataclass(frozen=True)
class Tokens:
    """The tokens of a call."""

    bearer: str = field(repr=False)
    session: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """The two headers that every call needs."""
        return {"Authorization": f"Bearer {self.bearer}", "VZ-M2M-Token": self.session}

    def secrets(self) -> tuple[str, str]:
        """Both tokens, which must not appear in messages."""
        return (self.bearer, self.session)


class Session:
    """Finds, renews and ends the tokens of one set of credentials. Safe for several threads."""

    def __init__(self, settings: ConnectionSettings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport
        self._mutex = threading.Lock()
        self._entry = Entry()
        self._cache = TokenCache(
            settings.token_cache,
            identity=(
                settings.root,
                settings.client_id,
                settings.client_secret,
                settings.username,
                settings.password,
            ),
        )

    def tokens(self, deadline: Deadline) -> Tokens:
        """Return tokens: given by the user, cached, shared by another process, or new.

        Raises ``LoginRejected`` and, for a reply that does not come from the service,
        ``UnexpectedReply``, both also for a recorded rejection; ``ServiceRefused`` for a refusal by
        the gateway; ``TokenCacheError``; and the errors of ``Transport.send``.
        """
        with self._mutex:
            if not self._complete(self._entry):
                with self._cache.locked(deadline) as shared:
                    self._entry = self._completed(shared.load(), shared, deadline)
            return self._tokens(self._entry)

    def stale(self, reply: Reply) -> Token | None:
        """Return the token that the reply rejects, if any."""
        error = parse_error(reply.body)
        if stale_session(reply.status, error):
            return Token.SESSION
        return Token.BEARER if stale_bearer(reply.status, error) else None

    def renew(self, token: Token, old: Tokens, *, refused: Reply, deadline: Deadline) -> Tokens:
        """Return tokens with the rejected one replaced, by a shared one if there is one.

        A token given by the user is not replaced: ``ServiceRefused`` then names its option.
        """
        if getattr(self._settings, token.value):
            raise _given_token_refused(token, refused, old)
        with self._mutex, self._cache.locked(deadline) as shared:
            entry = shared.load()
            if _has(entry, token, old):
                entry = _without(entry, token)
            self._entry = self._completed(entry, shared, deadline)
            return self._tokens(self._entry)

    def known(self, deadline: Deadline) -> bool:
        """Whether there is a session, given or shared. It may have expired; nothing is sent."""
        if self._settings.session_token:
            return True
        with self._cache.locked(deadline) as shared:
            return self._has_session(shared.load())

    def knows_bearer(self, deadline: Deadline) -> bool:
        """Whether there is a bearer token, given or shared, perhaps expired; nothing is sent."""
        if self._settings.bearer_token:
            return True
        with self._cache.locked(deadline) as shared:
            return shared.load().bearer is not None

    def logout(self, deadline: Deadline, *, revoke: bool = False) -> Ended:
        """End the session if there is one; always delete the tokens and the rejection.

        :param revoke: also end the bearer token, for every user of the application's key.
        """
        if revoke and not (self._settings.client_id and self._settings.client_secret):
            raise ConfigurationError("to revoke a token, client_id and client_secret are required")
        with self._mutex:
            if self._settings.bearer_token and self._settings.session_token:
                ended = self._end(self._tokens(self._entry), deadline) is None
                return Ended(ended, bearer=revoke and self._revoke(self._entry, deadline))
            with self._cache.locked(deadline) as shared:
                try:
                    ended = self._end_shared(shared, deadline)
                    return Ended(ended, bearer=revoke and self._revoke(shared.load(), deadline))
                finally:
                    self._entry = Entry()
                    shared.clear()

    def _tokens(self, entry: Entry) -> Tokens:
        """The tokens of a complete entry."""
        return Tokens(
            bearer=self._settings.bearer_token or entry.bearer or "",
            session=self._settings.session_token or entry.session or "",
        )

    def _complete(self, entry: Entry) -> bool:
        return self._has_bearer(entry) and self._has_session(entry)

    def _has_bearer(self, entry: Entry) -> bool:
        if self._settings.bearer_token:
            return True
        due = entry.renew_bearer_at is not None and time.time() >= entry.renew_bearer_at
        return entry.bearer is not None and not due

    def _has_session(self, entry: Entry) -> bool:
        return bool(self._settings.session_token or entry.session)

    def _completed(self, entry: Entry, shared: LockedEntry, deadline: Deadline) -> Entry:
        """Request the missing tokens of the entry, and store each of them immediately."""
        if self._complete(entry):
            return entry
        if entry.rejection is not None and _still_holds(entry.rejection):
            raise self._remembered(entry.rejection)
        # Before the login, to make sure that a rejection can be recorded: the disk may be full.
        shared.store(entry)
        if not self._has_bearer(entry):
            entry = self._with_bearer(entry, shared, deadline)
        if not self._has_session(entry):
            entry = self._with_session(entry, shared, deadline)
        if entry.rejection is not None:
            entry = replace(entry, rejection=None)
            shared.store(entry)
        return entry

    def _with_bearer(self, entry: Entry, shared: LockedEntry, deadline: Deadline) -> Entry:
        request = self._by_key(OAUTH_TOKEN)
        reply = self._transport.send(request, deadline)
        if reply.status >= 400:
            raise self._rejected(request, reply, entry, shared)
        bearer = _token(request, reply, "access_token")
        life = _seconds_left(reply)
        renew_at = time.time() + life - _RENEW_EARLY if life > _RENEW_EARLY else None
        entry = replace(entry, bearer=bearer, renew_bearer_at=renew_at)
        shared.store(entry)
        return entry

    def _by_key(self, operation: Operation, token: str = "") -> Request:
        """A request with the key of the application, about a token or for one."""
        pair = f"{self._settings.client_id}:{self._settings.client_secret}".encode()
        basic = base64.b64encode(pair).decode()
        form = {"grant_type": "client_credentials"} | ({"token": token} if token else {})
        return Request(
            operation=operation,
            path=operation.path,
            headers={
                "Authorization": f"Basic {basic}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form).encode(),
            secrets=(basic, self._settings.client_secret or "", token),
            repeatable=True,  # a second request returns the same token, or finds it ended
        )

    def _with_session(self, entry: Entry, shared: LockedEntry, deadline: Deadline) -> Entry:
        request, reply = self._log_in(entry, deadline)
        if _blames_bearer(reply):
            # The gateway rejected the bearer, so the password was not checked.
            if self._settings.bearer_token:
                raise _given_token_refused(Token.BEARER, reply, self._tokens(entry))
            entry = self._with_bearer(_without(entry, Token.BEARER), shared, deadline)
            request, reply = self._log_in(entry, deadline)
        if reply.status >= 400:
            raise self._rejected(request, reply, entry, shared)
        entry = replace(entry, session=_token(request, reply, "sessionToken"))
        shared.store(entry)
        return entry

    def _log_in(self, entry: Entry, deadline: Deadline) -> tuple[Request, Reply]:
        user, password = self._settings.username, self._settings.password
        bearer = self._tokens(entry).bearer
        request = self._transport.prepare(
            LOGIN, params={}, query=None, body={"username": user, "password": password}
        )
        request = replace(
            request,
            headers={**request.headers, "Authorization": f"Bearer {bearer}"},
            secrets=(password or "", bearer),
        )
        return request, self._transport.send(request, deadline)

    def _rejected(
        self, request: Request, reply: Reply, entry: Entry, shared: LockedEntry
    ) -> FotaError:
        """Return the error of a rejected token or login request, and record it if necessary.

        According to the contract (section 10), the token endpoint itself rejects a wrong key. The
        reply to a wrong password is not documented. Therefore:

        * A reply of the service, in JSON or as text, is a rejection. It is recorded and counts for
          ``MOST_REJECTIONS``. The same applies to any reply that says that the user is locked.
        * A fault of the gateway for a request that it did not forward is not a rejection. Another
          task can try again immediately.
        * Markup and empty bodies are unclear: a page of a proxy may replace a rejection by the
          service. For a token request this has no effect, as keys are not locked. An unclear login
          is recorded for the same time as a rejection and counted separately. After ``MOST_FAILED``
          failures of both kinds in a row, two before the user is locked, the user must act.
        """
        error = parse_error(reply.body, secrets=request.secrets)
        message = f"{request}: HTTP {reply.status}: {error}"
        words = speaker(reply.body)
        is_login = request.operation is LOGIN
        of_others = words is Speaker.GATEWAY or (is_login and _blames_bearer(reply))
        if reply.status in _NOT_A_VERDICT or of_others:
            return refusal(request, reply)
        kind = _verdict(reply, error, words)
        if kind == _UNCLEAR and not is_login:
            return _not_the_service(request, reply, f"HTTP {reply.status}: {error}")
        before = entry.rejection
        attempts, unclear = (before.attempts, before.unclear) if before else (0, 0)
        rejection = Rejection(
            kind=kind,
            at=time.time(),
            message=message,
            http_status=reply.status,
            error_code=error.code,
            error_message=error.message,
            operation=request.operation.id,
            attempts=attempts + (kind != _UNCLEAR),
            unclear=unclear + (kind == _UNCLEAR),
            cache_was_new=before is None and shared.cache_is_new,
        )
        shared.store(Entry(rejection=rejection))
        what = "reply not from the service" if kind == _UNCLEAR else "rejected"
        return self._login_error(f"login {what}: {message}", rejection)

    def _remembered(self, rejection: Rejection) -> LoginRejected | UnexpectedReply:
        since = datetime.fromtimestamp(rejection.at, tz=timezone.utc)
        unclear = rejection.kind == _UNCLEAR
        why = "its reply was not from the service" if unclear else "it was rejected"
        return self._login_error(
            f"login not tried, because {why} at {since:%H:%M:%S} UTC: {rejection.message}",
            rejection,
        )

    def _login_error(self, message: str, rejection: Rejection) -> LoginRejected | UnexpectedReply:
        error = UnexpectedReply if rejection.kind == _UNCLEAR else LoginRejected
        return error(
            message,
            kind=rejection.kind,
            operation=rejection.operation,
            http_status=rejection.http_status,
            error_code=rejection.error_code,
            error_message=rejection.error_message,
            hint=hints.for_login(
                rejection.kind,
                key_refused=rejection.operation == OAUTH_TOKEN.id,
                minutes=None if _is_final(rejection) else REJECTION_SECONDS // 60,
                directory=str(self._cache.directory),
                cache_was_new=rejection.cache_was_new,
            ),
        )

    def _end_shared(self, shared: LockedEntry, deadline: Deadline) -> bool:
        entry = shared.load()
        if not self._has_session(entry):
            return False
        if not self._has_bearer(entry):
            entry = self._with_bearer(entry, shared, deadline)
        blamed = self._end(self._tokens(entry), deadline)
        if blamed is Token.BEARER:
            entry = self._with_bearer(_without(entry, Token.BEARER), shared, deadline)
            blamed = self._end(self._tokens(entry), deadline)
        return blamed is None

    def _revoke(self, entry: Entry, deadline: Deadline) -> bool:
        """End the bearer token; returns whether there was one."""
        bearer = self._tokens(entry).bearer
        if not bearer:
            return False
        request = self._by_key(REVOKE, bearer)
        reply = self._transport.send(request, deadline)
        if reply.status >= 400:
            raise refusal(request, reply)
        return True

    def _end(self, tokens: Tokens, deadline: Deadline) -> Token | None:
        """Log out; return ``None`` on success, otherwise the token that was rejected."""
        request = self._transport.prepare(LOGOUT, params={}, query=None, body=None)
        request = replace(request, headers=tokens.headers(), secrets=tokens.secrets())
        reply = self._transport.send(request, deadline)
        if reply.status < 400:
            return None
        blamed = self.stale(reply)
        if blamed is Token.BEARER and self._settings.bearer_token:
            raise _given_token_refused(blamed, reply, tokens)
        if blamed is None:
            raise refusal(request, reply)
        return blamed


def _still_holds(rejection: Rejection) -> bool:
    """Whether the same credentials must not be tried again yet, or not at all.

    Scheduled jobs repeat every hour, so a time limit alone would use up the five attempts.
    """
    # Use the absolute difference, in case a clock was set back.
    return _is_final(rejection) or abs(time.time() - rejection.at) < REJECTION_SECONDS


def _is_final(rejection: Rejection) -> bool:
    """Whether the same credentials can only be tried again after the user acts."""
    failed = rejection.attempts + rejection.unclear
    return rejection.attempts >= MOST_REJECTIONS or failed >= MOST_FAILED


def _verdict(reply: Reply, error: ErrorBody, words: Speaker) -> str:
    """The kind of failure of rejected credentials."""
    if reply.status == 423 or _LOCKED.search(str(error)):
        return "locked_out"
    return "login_rejected" if words is Speaker.SERVICE else _UNCLEAR


def _has(entry: Entry, token: Token, old: Tokens) -> bool:
    """Whether the entry still contains the rejected token."""
    if token is Token.BEARER:
        return entry.bearer == old.bearer
    return entry.session == old.session


def _without(entry: Entry, token: Token) -> Entry:
    if token is Token.BEARER:
        return replace(entry, bearer=None, renew_bearer_at=None)
    return replace(entry, session=None)


def _blames_bearer(reply: Reply) -> bool:
    # A 401 without a code does not count: it may be the reply to a wrong password.
    error = parse_error(reply.body)
    return reply.status >= 400 and bool(error.code) and stale_bearer(reply.status, error)


def _token(request: Request, reply: Reply, key: str) -> str:
    """Return the token in a reply; raise ``UnexpectedReply`` if it is not a valid header."""
    token = _field(reply, key)
    if isinstance(token, str) and TOKEN_TEXT.fullmatch(token):
        return token
    raise _not_the_service(request, reply, f"HTTP {reply.status} without a valid {key}")


def _not_the_service(request: Request, reply: Reply, what: str) -> UnexpectedReply:
    return UnexpectedReply(
        f"{request}: {what}",
        operation=request.operation.id,
        http_status=reply.status,
        hint="Check base_url and proxies: this reply does not come from the service.",
    )


def _seconds_left(reply: Reply) -> float:
    """The lifetime of a bearer in seconds; 0 if the reply does not contain it."""
    life = _field(reply, "expires_in")
    if isinstance(life, str) and life.isdecimal() and len(life) < 10:
        life = int(life)
    if not isinstance(life, (int, float)):
        return 0.0
    return float(min(max(life, 0), _LONGEST_LIFE))


def _field(reply: Reply, key: str) -> object:
    try:
        data = reply.json()
    except ValueError:
        return None
    return data.get(key) if isinstance(data, dict) else None


def refusal(request: Request, reply: Reply) -> ServiceRefused:
    """Return the error of a final refusal."""
    error = parse_error(reply.body, secrets=request.secrets)
    return ServiceRefused(
        f"{request}: HTTP {reply.status}: {error}",
        operation=request.operation.id,
        http_status=reply.status,
        error_code=error.code,
        error_message=error.message,
        hint=hints.for_refusal(reply.status, error, request.operation.id),
    )


def _given_token_refused(token: Token, reply: Reply, tokens: Tokens) -> ServiceRefused:
    error = parse_error(reply.body, secrets=tokens.secrets())
    return ServiceRefused(
        f"{token.value} was rejected: HTTP {reply.status}: {error}",
        http_status=reply.status,
        error_code=error.code,
        error_message=error.message,
        hint=hints.for_given_token(token.value),
    )
