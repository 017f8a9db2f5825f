# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, bearer tokens and M2M sessions (CONTRACT sections 2 and 10)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from ..state.clock import HOUR, MINUTE
from ..state.records import Credentials
from ..state.switches import Switches
from .errors import ServiceError, bad_bearer, fota_error, invalid, missing_bearer, oauth_error

BEARER_LIFE = HOUR
SESSION_IDLE = 20 * MINUTE
MAX_FAILED_LOGINS = 5


@dataclass(slots=True)
class _Bearer:
    token: str
    key: str
    issued: float


@dataclass(slots=True)
class _Session:
    username: str
    used: float


class Auth:
    """Checks credentials and tokens; a switch selects the clock by which tokens expire."""

    def __init__(
        self,
        credentials: Iterable[Credentials],
        switches: Switches,
        virtual_now: Callable[[], float],
    ) -> None:
        self._switches = switches
        self._virtual_now = virtual_now
        rows = tuple(credentials)
        self._keys = {row.key: row for row in rows}
        self._users = {row.username: row for row in rows}
        self._bearers: dict[str, _Bearer] = {}
        self._sessions: dict[str, _Session] = {}
        self._failed: dict[str, int] = {}

    # -- token endpoint -------------------------------------------------------------------------

    def token(self, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
        """``POST /ts/v1/oauth2/token``: the same bearer until it expires."""
        key = self._key(headers, refused=401)
        _form(body)
        bearer = self._bearers.get(key)
        if bearer is None or self._age(bearer) >= BEARER_LIFE:
            bearer = self._bearers[key] = _Bearer(secrets.token_hex(16), key, self._now())
        left = max(1, round(BEARER_LIFE - self._age(bearer)))
        return {
            "access_token": bearer.token,
            "token_type": "Bearer",
            "expires_in": left,
            "scope": "ts.application.ro",
        }

    def revoke(self, headers: Mapping[str, str], body: bytes) -> None:
        """``POST /ts/v1/oauth2/revoke``: end the bearer for every user of the key."""
        key = self._key(headers, refused=400)
        token = _form(body).get("token", [""])[0]
        if not token:
            raise oauth_error(400, "invalid_request", "Missing parameter: token")
        bearer = self._bearers.get(key)
        if bearer is not None and bearer.token == token:
            del self._bearers[key]

    # -- session endpoints ----------------------------------------------------------------------

    def login(self, username: object, password: object) -> str:
        """Return a new session token. Five consecutive wrong passwords lock the user."""
        if not isinstance(username, str) or not isinstance(password, str):
            raise invalid("Input binding error")
        user = self._users.get(username)
        if user is not None and self._failed.get(username, 0) >= MAX_FAILED_LOGINS:
            raise fota_error(
                "REQUEST_FAILED.Login.Locked",
                "The user is locked after five failed logins; contact support to unlock it.",
                status=401,
            )
        if user is None or not _same(password, user.password):
            if user is not None:
                self._failed[username] = self._failed.get(username, 0) + 1
            raise fota_error(
                "INPUT_INVALID.Login.Credentials",
                "The username or password is not valid.",
                status=401,
            )
        self._failed.pop(username, None)
        if self._switches["older_sessions"] == "ended":
            for token in [t for t, s in self._sessions.items() if s.username == username]:
                self._end(token)
        token = str(uuid.uuid4())
        self._sessions[token] = _Session(username, self._now())
        return token

    def logout(self, headers: Mapping[str, str]) -> str:
        """End the session and return its token."""
        self.require_session(headers)
        token = headers.get("vz-m2m-token", "")
        self._end(token)
        return token

    # -- checks for every call ------------------------------------------------------------------

    def require_bearer(self, headers: Mapping[str, str]) -> None:
        """Raise the gateway's 401 without a valid bearer."""
        value = headers.get("authorization", "")
        scheme, _space, token = value.partition(" ")
        if not token.strip() or scheme.lower() != "bearer":
            raise missing_bearer()
        for bearer in self._bearers.values():
            if _same(bearer.token, token.strip()) and self._age(bearer) < BEARER_LIFE:
                return
        raise bad_bearer()

    def require_session(self, headers: Mapping[str, str]) -> Credentials:
        """The user of a valid session, which this prolongs. Raises the FOTA error without one."""
        token = headers.get("vz-m2m-token", "").strip()
        if not token:
            raise fota_error(
                "REQUEST_FAILED.SessionToken.Format", "The VZ-M2M-Token header is missing."
            )
        try:
            uuid.UUID(token)
        except ValueError:
            raise fota_error(
                "INPUT_INVALID.SessionToken.Invalid", "The session token is not valid."
            ) from None
        session = self._sessions.get(token)
        now = self._now()
        if session is None or now - session.used >= SESSION_IDLE:
            self._end(token)
            raise self._expired()
        session.used = now
        return self._users[session.username]

    # -- control --------------------------------------------------------------------------------

    def expire(self, what: str) -> None:
        """End every ``bearer``, every ``session`` or ``both`` now."""
        if what not in ("bearer", "session", "both"):
            raise ValueError(f"expire: must be one of bearer, session, both, not {what!r}")
        if what != "session":
            self._bearers.clear()
        if what != "bearer":
            self._sessions.clear()

    def unlock(self) -> None:
        """Unlock all users, as support does."""
        self._failed.clear()

    # -- internals ------------------------------------------------------------------------------

    def _expired(self) -> ServiceError:
        choice = self._switches["expired_session"]
        if choice == "unauthorized_401":
            description = "UWS: the session token has expired"
            return ServiceError(
                401, {"error": "unauthorized", "error_description": description, "cause": ""}
            )
        prefix = "UnifiedWebService." if choice == "prefixed_400" else ""
        return fota_error(
            f"{prefix}REQUEST_FAILED.SessionToken.Expired",
            "The session token has expired.",
            status=403 if choice == "fota_403" else 400,
        )

    def _key(self, headers: Mapping[str, str], *, refused: int) -> str:
        """The application key in a Basic header."""
        scheme, _space, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
            except (binascii.Error, ValueError):
                text = ""
            key, _colon, secret = text.partition(":")
            row = self._keys.get(key)
            if row is not None and _same(secret, row.secret):
                return key
        raise oauth_error(refused, "invalid_client", "A valid OAuth client could not be found")

    def _end(self, token: str) -> None:
        self._sessions.pop(token, None)

    def _age(self, bearer: _Bearer) -> float:
        return self._now() - bearer.issued

    def _now(self) -> float:
        if self._switches["token_clock"] == "virtual":
            return self._virtual_now()
        return time.monotonic()


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=100)
    except ValueError:
        form = {}
    if form.get("grant_type") != ["client_credentials"]:
        raise oauth_error(400, "invalid_request", "Unsupported or missing grant_type")
    return form


def _same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
