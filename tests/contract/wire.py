# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The barest client: one HTTP exchange per call, no policy, no parsing but JSON.

It shares nothing with the collection's own client, so that the two cannot share a mistake.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

CLIENT_ID = "simulator-key"
CLIENT_SECRET = "simulator-secret"
USERNAME = "simulator-user"
PASSWORD = "simulator-password"
FORM = "application/x-www-form-urlencoded"
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Answer:
    """Status, headers (lower-case names) and body bytes of a reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body; ``ValueError`` when it is no JSON."""
        return json.loads(self.body)


class Wire:
    """Speaks to one simulator, in one thread.

    ``url`` ends with ``/api``; paths begin after it.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host, port, self._root = parts.hostname or "", parts.port, parts.path
        self._connection = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        self.bearer = ""
        self.session = ""

    def __del__(self) -> None:
        self._connection.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One raw exchange; the connection stays open while both sides can use it."""
        connection = self._connection
        try:
            connection.request(method, self._root + path, body=body, headers=dict(headers or {}))
            reply = connection.getresponse()
            names = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, names, reply.read())
        except Exception:
            connection.close()
            raise

    def call(self, method: str, path: str, payload: object = None) -> Answer:
        """A FOTA call with both tokens; ``payload`` is sent as JSON unless it is None."""
        headers = self.tokens()
        body = None
        if payload is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(payload).encode()
        return self.send(method, path, body=body, headers=headers)

    def tokens(self) -> dict[str, str]:
        """The two headers of a FOTA call."""
        return {"Authorization": f"Bearer {self.bearer}", "VZ-M2M-Token": self.session}

    def request_bearer(
        self, *, secret: str = CLIENT_SECRET, form: str = "grant_type=client_credentials"
    ) -> Answer:
        """Ask for a bearer and keep it if one came."""
        answer = self.send(
            "POST",
            "/ts/v1/oauth2/token",
            body=form.encode(),
            headers={"Authorization": basic(secret), "Content-Type": FORM},
        )
        if answer.status == 200:
            self.bearer = answer.json["access_token"]
        return answer

    def start_session(self, *, password: str = PASSWORD) -> Answer:
        """Log in with the bearer and keep the session token if one came."""
        answer = self.send(
            "POST",
            "/m2m/v1/session/login",
            body=json.dumps({"username": USERNAME, "password": password}).encode(),
            headers={
                "Authorization": f"Bearer {self.bearer}",
                "Content-Type": "application/json",
            },
        )
        if answer.status == 200:
            self.session = answer.json["sessionToken"]
        return answer

    def login(self) -> Wire:
        """Both tokens; returns itself."""
        assert self.request_bearer().status == 200
        assert self.start_session().status == 200
        return self


def basic(secret: str = CLIENT_SECRET) -> str:
    """The Authorization header of the token service."""
    return "Basic " + base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()
