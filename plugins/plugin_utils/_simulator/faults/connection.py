# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the connection and of the gateway; the service itself works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..api.errors import bad_bearer
from ..api.exchange import Reply, json_reply
from ..state.clock import HOUR, http_date
from .fault import (
    Fault,
    FaultContext,
    Parameter,
    altered,
    choice,
    flag,
    integer,
    number,
    seconds,
    string,
)

SERVER_ERRORS = (500, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
MAX_HOURS = 24 * 366

_XML_403 = (
    b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code>'
    b"<am:type>Status report</am:type><am:message>Runtime Error</am:message>"
    b"<am:description>No matching resource found in the API for the given request"
    b"</am:description></am:fault>"
)
_HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
_SYSTEM_ERROR = {
    "errorCode": "INTERNAL_SYSTEM_ERROR",
    "errorMessage": "The system encountered an internal error.",
}
_ERRORS = {
    "service": {"errorCode": "REQUEST_FAILED.Unexpected", "errorMessage": "try later"},
    "gateway": {"fault": {"code": 101503, "message": "Error connecting to the back end"}},
    "upstream": {"error": "temporarily_unavailable", "error_description": "try later"},
}
DROPPED = Reply(0, dropped=True)

_RETRY = (
    # In seconds; "as_date" sends a date in the service's time instead.
    Parameter("retry_after", None, integer(0)),
    Parameter("as_date", default=False, read=flag),
)

_SENDER = (Parameter("sender", "service", choice(*_ERRORS)),)


def _retry_header(context: FaultContext) -> tuple[tuple[str, str], ...]:
    after = context.values["retry_after"]
    if after is None:
        return ()
    text = http_date(context.state.clock.now() + after) if context.values["as_date"] else str(after)
    return (("Retry-After", text),)


def _status(code: int) -> Callable[[FaultContext], Reply]:
    def before(context: FaultContext) -> Reply:
        return json_reply(_SYSTEM_ERROR, status=code, headers=_retry_header(context))

    return before


def _status_after(code: int) -> Callable[[FaultContext], Reply]:
    def after(context: FaultContext) -> Reply:
        context.proceed()
        return json_reply(_SYSTEM_ERROR, status=code, headers=_retry_header(context))

    return after


def _throttled(context: FaultContext) -> Reply:
    return json_reply({"message": "Too many requests"}, status=429, headers=_retry_header(context))


def _dropped_after(context: FaultContext) -> Reply:
    context.proceed()
    return DROPPED


def _refuse(context: FaultContext) -> Reply:
    return replace(context.proceed(), refuse_seconds=context.values["seconds"])


def _stall(context: FaultContext) -> Reply:
    return replace(DROPPED, delay=context.values["seconds"])


def _stall_after(context: FaultContext) -> Reply:
    return replace(context.proceed(), delay=context.values["seconds"])


def _slow_body(context: FaultContext) -> Reply:
    return replace(context.proceed(), body_seconds=context.values["seconds"])


def _truncated_body(context: FaultContext) -> Reply:
    return replace(context.proceed(), truncated=True)


def _wrong_type(context: FaultContext) -> Reply:
    return altered(context.proceed(), content_type=context.values["content_type"])


def _empty(context: FaultContext) -> Reply:
    context.proceed()
    return Reply(200)


def _error_200_before(context: FaultContext) -> Reply:
    return _error_200(context, json_reply(_SYSTEM_ERROR, status=500))


def _error_200_after(context: FaultContext) -> Reply:
    return _error_200(context, context.proceed())


def _error_200(context: FaultContext, reply: Reply) -> Reply:
    return altered(reply, status=200, body=json_reply(_ERRORS[context.values["sender"]]).body)


def _empty_object(context: FaultContext) -> Reply:
    return altered(context.proceed(), status=200, body=json_reply({}).body)


def _redirect(context: FaultContext) -> Reply:
    request = context.request
    query = f"?{request.query_text}" if request.query_text else ""
    to = context.values["to"].rstrip("/") + request.path + query
    return Reply(context.values["status"], headers=(("Location", to),))


def _clock_skew(context: FaultContext) -> Reply:
    reply = context.proceed()
    date = http_date(context.state.clock.now() + context.values["hours"] * HOUR)
    return altered(reply, headers=(*reply.headers, ("Date", date)))


def _bearer_refused(_scene: FaultContext) -> Reply:
    error = bad_bearer()
    return json_reply(error.body, status=error.status)


FAULTS = (
    *(
        Fault(f"status_{code}_before", _status(code), f"HTTP {code}, without effect", _RETRY)
        for code in SERVER_ERRORS
    ),
    *(
        Fault(
            f"status_{code}_after", _status_after(code), f"takes effect, then HTTP {code}", _RETRY
        )
        for code in SERVER_ERRORS
    ),
    Fault(
        "status_429",
        _throttled,
        "HTTP 429, with Retry-After if one is given, without effect",
        _RETRY,
    ),
    Fault("reset_before", lambda _scene: DROPPED, "connection reset, without effect"),
    Fault("reset_after", _dropped_after, "takes effect, then the connection is reset"),
    Fault(
        "refuse",
        _refuse,
        "takes effect and replies; then, for some real seconds, the port refuses connections (to "
        "the control endpoint too), and open connections are closed",
        (seconds(1),),
    ),
    Fault(
        "stall_before",
        _stall,
        "no reply for some real seconds, then the connection is reset, without effect",
        (seconds(2),),
    ),
    Fault(
        "stall_after",
        _stall_after,
        "takes effect, and replies after some real seconds",
        (seconds(2),),
    ),
    Fault(
        "slow_body",
        _slow_body,
        "takes effect; the body is sent in small parts, over some real seconds",
        (seconds(2),),
    ),
    Fault(
        "truncated_body",
        _truncated_body,
        "takes effect; the connection is closed halfway through the announced body",
    ),
    Fault(
        "wrong_type",
        _wrong_type,
        "takes effect; the content type of the JSON is wrong",
        (Parameter("content_type", "text/html", string),),
    ),
    Fault(
        "xml_403",
        lambda _scene: Reply(403, _XML_403, "application/xml"),
        "gateway error as XML, without effect",
    ),
    Fault(
        "html_502",
        lambda _scene: Reply(502, _HTML_502, "text/html"),
        "gateway error as HTML, without effect",
    ),
    Fault("empty_200", _empty, "takes effect; HTTP 200 without a body"),
    Fault("empty_object", _empty_object, "takes effect; HTTP 200 with an object without members"),
    Fault(
        "error_200_before",
        _error_200_before,
        "HTTP 200 with an error of the service, gateway or upstream, without effect",
        _SENDER,
    ),
    Fault(
        "error_200_after",
        _error_200_after,
        "takes effect, then HTTP 200 with an error of the service, gateway or upstream",
        _SENDER,
    ),
    Fault(
        "redirect",
        _redirect,
        "redirect to the same path at another host, without effect",
        (
            Parameter("to", "https://elsewhere.invalid", string),
            Parameter("status", 307, choice(*REDIRECTS)),
        ),
    ),
    Fault(
        "clock_skew",
        _clock_skew,
        "takes effect; the Date header is wrong by some hours",
        (Parameter("hours", 24, number(-MAX_HOURS, MAX_HOURS)),),
        times=None,
    ),
    Fault("refused_bearer", _bearer_refused, "HTTP 401 for a valid bearer, without effect"),
)
