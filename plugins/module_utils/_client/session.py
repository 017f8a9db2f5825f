# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who we are to the service: a bearer token and an M2M session (contract section 2).

Any number of tasks, hosts and forks make one login. A refused login is never repeated and is
remembered for all of them: five in a row lock the user until support acts.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum

from . import hints
from .clock import Deadline
from .error_bodies import ErrorBody, Speaker, parse_error, speaker, stale_bearer, stale_session
from .errors import FotaError, LoginRejected, ServiceRefused, UnexpectedReply
from .operation import Kind, Operation
from .settings import TOKEN_TEXT, ConnectionSettings
from .token_cache import Entry, LockedEntry, Rejection, TokenCache
from .transport import Reply, Request, Transport

OAUTH_TOKEN = Operation("requestOAuthToken", "POST", "/ts/v1/oauth2/token", Kind.AUTH)
LOGIN = Operation("startM2MSession", "POST", "/m2m/v1/session/login", Kind.AUTH)
LOGOUT = Operation("endM2MSession", "POST", "/m2m/v1/session/logout", Kind.AUTH)

REJECTION_SECONDS = 15 * 60
# The service locks a user after five refused logins in a row (contract section 2).
MOST_REJECTIONS = 2
# Refused ones and those of which nobody can tell whether they were, together.
MOST_FAILED = 3
_RENEW_EARLY = 60.0  # seconds before its end that a bearer is replaced
_LONGEST_LIFE = 24 * 3600.0

# A wrong address or a proxy's own password, not ours.
_NOT_A_VERDICT = frozenset({404, 405, 407, 413, 415})
_UNCLEAR = UnexpectedReply.default_kind
_LOCKED = re.compile(r"(?<!b)lock(ed|out)", re.IGNORECASE)


class Token(Enum):
    """The two tokens of a call, by the option that gives one."""

    BEARER = "bearer_token"
    SESSION = "session_token"


@dataclass(frozen=True)
class Tokens:
    """What a call is sent with."""

    bearer: str = field(repr=False)
    session: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """Both headers that every call needs."""
        return {"Authorization": f"Bearer {self.bearer}", "VZ-M2M-Token": self.session}

    def secrets(self) -> tuple[str, str]:
        """Both texts, to be kept out of messages."""
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
        """Tokens to call with: given, remembered, shared by a sibling, or new.

        Raises ``LoginRejected``, also for a rejection that is still remembered,
        ``UnexpectedReply`` for an answer that is not the service's, also one that is remembered,
        ``ServiceRefused`` of the gateway, ``TokenCacheError``, and what ``Transport.send`` raises.
        """
        with self._mutex:
            if not self._complete(self._entry):
                with self._cache.locked(deadline) as shared:
                    self._entry = self._completed(shared.load(), shared, deadline)
            return self._tokens(self._entry)

    def stale(self, reply: Reply) -> Token | None:
        """Which token a refusal blames, if it blames one."""
        error = parse_error(reply.body)
        if stale_session(reply.status, error):
            return Token.SESSION
        return Token.BEARER if stale_bearer(reply.status, error) else None

    def renew(self, token: Token, old: Tokens, *, refused: Reply, deadline: Deadline) -> Tokens:
        """Tokens in which the refused one is replaced: by a sibling's, else by a new one.

        A token given by the user cannot be: that raises ``ServiceRefused`` naming its option.
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
        """Whether there is a session, given or shared. Nothing is sent: it may have expired."""
        if self._settings.session_token:
            return True
        with self._cache.locked(deadline) as shared:
            return self._has_session(shared.load())

    def logout(self, deadline: Deadline) -> bool:
        """End the session, if there is one; forget tokens and rejection whatever happens."""
        with self._mutex:
            if self._settings.bearer_token and self._settings.session_token:
                return self._end(self._tokens(self._entry), deadline) is None
            with self._cache.locked(deadline) as shared:
                try:
                    return self._end_shared(shared, deadline)
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
        """The entry with what it lacks asked of the service, stored step by step."""
        if self._complete(entry):
            return entry
        if entry.rejection is not None and _still_holds(entry.rejection):
            raise self._remembered(entry.rejection)
        # Before the login, to be certain that a rejection can be remembered: the disk may be full.
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
        pair = f"{self._settings.client_id}:{self._settings.client_secret}".encode()
        basic = base64.b64encode(pair).decode()
        request = Request(
            operation=OAUTH_TOKEN,
            path=OAUTH_TOKEN.path,
            headers={
                "Authorization": f"Basic {basic}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=b"grant_type=client_credentials",
            secrets=(basic, self._settings.client_secret or ""),
            repeatable=True,  # asking twice returns the same token
        )
        reply = self._transport.send(request, deadline)
        if reply.status >= 400:
            raise self._rejected(request, reply, entry, shared)
        bearer = _token(request, reply, "access_token")
        life = _seconds_left(reply)
        renew_at = time.time() + life - _RENEW_EARLY if life > _RENEW_EARLY else None
        entry = replace(entry, bearer=bearer, renew_bearer_at=renew_at)
        shared.store(entry)
        return entry

    def _with_session(self, entry: Entry, shared: LockedEntry, deadline: Deadline) -> Entry:
        request, reply = self._log_in(entry, deadline)
        if _blames_bearer(reply):
            # The gateway refused the bearer, so the password was not judged.
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
        """The error of a refused token or login request, remembered if it may have been judged.

        The contract (section 10) says of the token endpoint that it refuses a key in its own words,
        and does not say what a wrong password looks like. So

        * what the service says, in JSON or as text, is a verdict: remembered, and one of
          ``MOST_REJECTIONS``. So is any word that the user is locked;
        * a fault of the gateway that passed nothing on is none: another task may try at once;
        * markup and empty bodies are none either, but a page of a proxy may stand in place of the
          service's refusal. No key is locked for that, a user is. The login is therefore not
          repeated for as long as after a verdict, and goes on a count of its own: after
          ``MOST_FAILED`` of both kinds in a row, two short of a locked user, somebody must act.
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
        )
        shared.store(Entry(rejection=rejection))
        what = "answered by something else than the service" if kind == _UNCLEAR else "refused"
        return self._login_error(f"login {what}: {message}", rejection)

    def _remembered(self, rejection: Rejection) -> LoginRejected | UnexpectedReply:
        since = datetime.fromtimestamp(rejection.at, tz=timezone.utc)
        unclear = rejection.kind == _UNCLEAR
        why = "something else than the service answered it" if unclear else "it was refused"
        return self._login_error(
            f"login not tried, as {why} at {since:%H:%M:%S} UTC: {rejection.message}", rejection
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

    def _end(self, tokens: Tokens, deadline: Deadline) -> Token | None:
        """Log out; ``None`` when it worked, else the token that was refused."""
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
    """Whether the same credentials are not to be tried again yet, or at all.

    Jobs come back every hour, and controllers have clocks of their own: time alone would use up the
    five attempts.
    """
    # Either way: a clock that was set back must not keep it for longer.
    return _is_final(rejection) or abs(time.time() - rejection.at) < REJECTION_SECONDS


def _is_final(rejection: Rejection) -> bool:
    """Whether nothing but what somebody does lets the same credentials be tried again."""
    failed = rejection.attempts + rejection.unclear
    return rejection.attempts >= MOST_REJECTIONS or failed >= MOST_FAILED


def _verdict(reply: Reply, error: ErrorBody, words: Speaker) -> str:
    """The kind of failure that a refusal of credentials is."""
    if reply.status == 423 or _LOCKED.search(str(error)):
        return "locked_out"
    return "login_rejected" if words is Speaker.SERVICE else _UNCLEAR


def _has(entry: Entry, token: Token, old: Tokens) -> bool:
    """Whether the entry still holds the token that was refused."""
    if token is Token.BEARER:
        return entry.bearer == old.bearer
    return entry.session == old.session


def _without(entry: Entry, token: Token) -> Entry:
    if token is Token.BEARER:
        return replace(entry, bearer=None, renew_bearer_at=None)
    return replace(entry, session=None)


def _blames_bearer(reply: Reply) -> bool:
    # A 401 without a code is no such thing here: that is what a wrong password may look like.
    error = parse_error(reply.body)
    return reply.status >= 400 and bool(error.code) and stale_bearer(reply.status, error)


def _token(request: Request, reply: Reply, key: str) -> str:
    """The token in a reply; ``UnexpectedReply`` for anything that cannot be sent as a header."""
    token = _field(reply, key)
    if isinstance(token, str) and TOKEN_TEXT.fullmatch(token):
        return token
    raise _not_the_service(request, reply, f"HTTP {reply.status}, but no {key} in it")


def _not_the_service(request: Request, reply: Reply, what: str) -> UnexpectedReply:
    return UnexpectedReply(
        f"{request}: {what}",
        operation=request.operation.id,
        http_status=reply.status,
        hint="Check base_url and proxies: this is no reply of the service.",
    )


def _seconds_left(reply: Reply) -> float:
    """The life of a bearer in seconds; 0 when the reply does not say."""
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
    """The error of a reply that refuses for good."""
    error = parse_error(reply.body, secrets=request.secrets)
    return ServiceRefused(
        f"{request}: HTTP {reply.status}: {error}",
        operation=request.operation.id,
        http_status=reply.status,
        error_code=error.code,
        error_message=error.message,
        hint=hints.for_refusal(reply.status, error),
    )


def _given_token_refused(token: Token, reply: Reply, tokens: Tokens) -> ServiceRefused:
    error = parse_error(reply.body, secrets=tokens.secrets())
    return ServiceRefused(
        f"the {token.value} was refused: HTTP {reply.status}: {error}",
        http_status=reply.status,
        error_code=error.code,
        error_message=error.message,
        hint=hints.for_given_token(token.value),
    )
