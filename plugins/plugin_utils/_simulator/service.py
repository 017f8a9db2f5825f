# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to a reply: route, fault, who may, refuse-writes, handler, journal."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any, NamedTuple

from . import routes
from .auth import Auth
from .clock import VirtualClock, rfc3339
from .errors import ServiceError, fota_error
from .exchange import Reply, Request, json_reply
from .faults import TABLE, Rule, Scene, parse_rules
from .fleet import Fleet
from .journal import Journal
from .routes import AUTH, WRITE, Route
from .wire import Body, Call
from .world import World

_XML_404 = (
    b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>900906</am:code>'
    b"<am:type>Status report</am:type><am:message>No matching resource found"
    b"</am:message></am:fault>"
)


class Handled(NamedTuple):
    """A reply, the operation it belongs to, and the fault that shaped it."""

    reply: Reply
    operation: str | None
    fault: str | None


class Service:
    """The whole service without a socket. ``lock`` is held around every look at the world."""

    def __init__(
        self,
        fleet: Fleet,
        clock: VirtualClock,
        *,
        switches: dict[str, str],
        latency_ms: float,
        refuse_writes: bool,
    ) -> None:
        self.lock = Lock()
        self.world = World(fleet, clock, switches)
        self.auth = Auth(fleet.credentials, self.world.switches, clock.now)
        self.journal = Journal()
        self.latency_ms = latency_ms
        self.refuse_writes = refuse_writes
        self._rules: list[Rule] = []

    def set_faults(self, data: Any) -> None:
        """Replace the orders of bad weather; an empty list clears the sky."""
        rules = parse_rules(data, [route.operation for route in routes.ROUTES])
        with self.lock:
            self._rules = rules

    @property
    def rules(self) -> list[Rule]:
        return self._rules

    def handle(self, request: Request) -> Handled:
        """Answer one request."""
        began = time.monotonic()
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        with self.lock:
            now = self.world.catch_up()
            exchange = _Exchange(self, request)
            reply = exchange.run()
        route = exchange.route
        self.journal.add(
            at=rfc3339(now),
            operation=route.operation if route else None,
            kind=route.kind if route else ("read" if request.method == "GET" else "write"),
            method=request.method,
            path=request.path,
            status=reply.status,
            refused=exchange.refused,
            fault=exchange.fault,
            user=exchange.user,
            ms=round((time.monotonic() - began) * 1000, 3),
        )
        return Handled(reply, route.operation if route else None, exchange.fault)


class _Exchange:
    """One request under way, with what the journal wants to know about it."""

    def __init__(self, service: Service, request: Request) -> None:
        self._service = service
        self._request = request
        self.route: Route | None = None
        self.params: dict[str, str] = {}
        self.refused = False
        self.fault: str | None = None
        self.user: str | None = None

    def run(self) -> Reply:
        service = self._service
        choice = service.world.switches["unknown_path"]
        try:
            self.route, self.params = routes.match(
                self._request.method,
                self._request.segments,
                paths=service.world.switches["v3_paths"],
                unknown_status=400 if choice == "400" else 404,
            )
        except ServiceError as error:
            if error.status == 404 and choice == "404_xml":
                return Reply(404, _XML_404, content_type="application/xml")
            return _error_reply(error)
        # Every rule counts the call; the first that takes it spoils it.
        taking = [rule for rule in service.rules if rule.takes(self.route.operation)]
        if not taking:
            return self._answer()
        self.fault = taking[0].fault
        return TABLE[self.fault](Scene(taking[0], service.auth, self._answer))

    def _answer(self) -> Reply:
        try:
            return self._dispatch()
        except ServiceError as error:
            return _error_reply(error)

    def _dispatch(self) -> Reply:
        service, request, route = self._service, self._request, self.route
        if route is None:
            raise AssertionError("a request is dispatched only after it was routed")
        if route.kind == AUTH:
            return self._authenticate(route.operation)
        service.auth.require_bearer(request.headers)
        user = service.auth.require_session(request.headers)
        self.user = user.username
        if route.kind == WRITE and service.refuse_writes:
            self.refused = True
            raise fota_error("WRITE_REFUSED", "The simulator refuses writes.", status=403)
        if route.handler is None:
            raise AssertionError(f"{route.operation} has no handler")
        return json_reply(route.handler(Call(service.world, request, self.params, user)))

    def _authenticate(self, operation: str) -> Reply:
        auth, request = self._service.auth, self._request
        if operation == "requestOAuthToken":
            return json_reply(auth.token(request.headers, request.body))
        if operation == "revokeOAuthToken":
            auth.revoke(request.headers, request.body)
            return Reply(200)
        auth.require_bearer(request.headers)
        if operation == "startM2MSession":
            body = Body.parse(request.body)
            token = auth.login(body.get("username"), body.get("password"))
            self.user = body.text("username")
            return json_reply({"sessionToken": token})
        return json_reply({"sessionToken": auth.logout(request.headers)})


def _error_reply(error: ServiceError) -> Reply:
    return json_reply(error.body, status=error.status, headers=error.headers)
