# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles a request: route, faults, authorization, refused writes, handler, journal."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from .api import routes
from .api.auth import Auth
from .api.errors import ServiceError, fota_error
from .api.exchange import Handled, Reply, Request, json_reply
from .api.routes import AUTH, WRITE, Route
from .api.wire import Body, Call
from .faults.fault import Fault, FaultContext
from .faults.rules import Rule, parse_rules
from .fleet.fleet_file import Fleet
from .journal import Journal
from .lifecycle.campaigns import Campaigns
from .lifecycle.licenses import Licenses
from .lifecycle.upgrades import Upgrades
from .state.clock import VirtualClock, rfc3339
from .state.service_state import ServiceState
from .state.switches import Switches

_XML_404 = (
    b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>900906</am:code>'
    b"<am:type>Status report</am:type><am:message>No matching resource found"
    b"</am:message></am:fault>"
)


class Service:
    """The service without a socket. ``lock`` is held while the state is read or changed."""

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
        self.state = ServiceState(
            accounts=fleet.accounts,
            outcomes=fleet.outcomes,
            switches=Switches({**fleet.switches, **switches}),
            seed=fleet.seed,
            clock=clock,
        )
        self.campaigns = Campaigns(self.state)
        self.upgrades = Upgrades(self.state)
        self.licenses = Licenses(self.state, self.campaigns, self.upgrades)
        self.users = fleet.credentials
        self.auth = Auth(self.users, self.state.switches, clock.now)
        self.journal = Journal()
        self.latency_ms = latency_ms
        self.refuse_writes = refuse_writes
        self._rules: list[Rule] = []

    def set_faults(self, data: Any) -> None:
        """Replace the fault rules; an empty list ends fault injection."""
        rules = parse_rules(data, [route.operation for route in routes.ROUTES])
        with self.lock:
            self._rules = rules

    @property
    def rules(self) -> list[Rule]:
        return self._rules

    @property
    def now(self) -> float:
        """The virtual time, in seconds since 1970."""
        return self.state.clock.now()

    @property
    def compresses(self) -> bool:
        """Whether long replies are compressed."""
        return self.state.switches["gzip"] == "on"

    def handle(self, request: Request) -> Handled:
        """Handle one request."""
        began = time.monotonic()
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        with self.lock:
            now = self.state.catch_up()
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
    """One request in progress, with facts for the journal."""

    def __init__(self, service: Service, request: Request) -> None:
        self._service = service
        self._request = request
        self.route: Route | None = None
        self.refused = False
        self.fault: str | None = None
        self.user: str | None = None

    def run(self) -> Reply:
        service = self._service
        choice = service.state.switches["unknown_path"]
        try:
            self.route, params = routes.match(
                self._request.method,
                self._request.segments,
                paths=service.state.switches["v3_paths"],
                unknown_status=400 if choice == "400" else 404,
            )
        except ServiceError as error:
            if error.status == 404 and choice == "404_xml":
                return Reply(404, _XML_404, content_type="application/xml")
            return _error_reply(error)
        # Every rule counts the call. The first fault is outermost: the others have no effect unless
        # it proceeds.
        faults = [
            (rule, fault)
            for rule in service.rules
            if (fault := rule.fault_for(self.route.operation)) is not None
        ]
        return self._with_faults(faults, self.route, params)

    def _with_faults(
        self, faults: list[tuple[Rule, Fault]], route: Route, params: dict[str, str]
    ) -> Reply:
        """The reply to a call that these faults affect."""
        if not faults:
            return self._answer(route, self._request, params)
        (rule, fault), *rest = faults
        service = self._service
        self.fault = fault.name if self.fault is None else f"{self.fault}+{fault.name}"
        context = FaultContext(
            operation=route.operation,
            request=self._request,
            params=params,
            state=service.state,
            auth=service.auth,
            users=service.users,
            values=rule.values[fault.name],
            seed=rule.seed,
            number=rule.struck,
            proceed=lambda: self._with_faults(rest, route, params),
            call_without_faults=lambda asked, named: self._answer(route, asked, named),
        )
        return fault.apply(context)

    def _answer(self, route: Route, request: Request, params: dict[str, str]) -> Reply:
        try:
            return self._dispatch(route, request, params)
        except ServiceError as error:
            return _error_reply(error)

    def _dispatch(self, route: Route, request: Request, params: dict[str, str]) -> Reply:
        service = self._service
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
        call = Call(
            service.state,
            service.campaigns,
            service.upgrades,
            service.licenses,
            request,
            params,
            user,
        )
        answer = route.handler(call)
        return answer if isinstance(answer, Reply) else json_reply(answer)

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
