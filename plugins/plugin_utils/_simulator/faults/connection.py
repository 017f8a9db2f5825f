# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the line and of the gateway: the service itself is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..api.errors import bad_bearer
from ..api.exchange import Reply, json_reply
from ..state.clock import HOUR, http_date
from .fault import Fault, Parameter, Scene, choice, damaged, flag, number, seconds, text, whole

SERVER_ERRORS = (500, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
MOST_HOURS = 24 * 366

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
DROPPED = Reply(0, dropped=True)

_RETRY = (
    # Seconds; "as_date" sends the moment in the service's own time instead.
    Parameter("retry_after", None, whole(0)),
    Parameter("as_date", default=False, read=flag),
)


def _retry_header(scene: Scene) -> tuple[tuple[str, str], ...]:
    after = scene.values["retry_after"]
    if after is None:
        return ()
    text_of = http_date(scene.state.clock.now() + after) if scene.values["as_date"] else str(after)
    return (("Retry-After", text_of),)


def _status(code: int) -> Callable[[Scene], Reply]:
    def before(scene: Scene) -> Reply:
        return json_reply(_SYSTEM_ERROR, status=code, headers=_retry_header(scene))

    return before


def _status_after(code: int) -> Callable[[Scene], Reply]:
    def after(scene: Scene) -> Reply:
        scene.proceed()
        return json_reply(_SYSTEM_ERROR, status=code, headers=_retry_header(scene))

    return after


def _throttled(scene: Scene) -> Reply:
    return json_reply({"message": "Too many requests"}, status=429, headers=_retry_header(scene))


def _dropped_after(scene: Scene) -> Reply:
    scene.proceed()
    return DROPPED


def _refuse(scene: Scene) -> Reply:
    return replace(scene.proceed(), refuse=scene.values["seconds"])


def _stall(scene: Scene) -> Reply:
    return replace(DROPPED, silence=scene.values["seconds"])


def _stall_after(scene: Scene) -> Reply:
    return replace(scene.proceed(), silence=scene.values["seconds"])


def _slow_body(scene: Scene) -> Reply:
    return replace(scene.proceed(), dribble=scene.values["seconds"])


def _truncated_body(scene: Scene) -> Reply:
    return replace(scene.proceed(), truncated=True)


def _wrong_type(scene: Scene) -> Reply:
    return damaged(scene.proceed(), content_type=scene.values["content_type"])


def _empty(scene: Scene) -> Reply:
    scene.proceed()
    return Reply(200)


def _redirect(scene: Scene) -> Reply:
    request = scene.request
    query = f"?{request.query_text}" if request.query_text else ""
    to = scene.values["to"].rstrip("/") + request.path + query
    return Reply(scene.values["status"], headers=(("Location", to),))


def _clock_skew(scene: Scene) -> Reply:
    reply = scene.proceed()
    date = http_date(scene.state.clock.now() + scene.values["hours"] * HOUR)
    return damaged(reply, headers=(*reply.headers, ("Date", date)))


def _bearer_refused(_scene: Scene) -> Reply:
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
        "takes effect and answers; then, for some real seconds, the port refuses connections (the "
        "control endpoint too), and kept ones are cut",
        (seconds(1),),
    ),
    Fault(
        "stall_before",
        _stall,
        "silent for some real seconds, then the connection is reset, without effect",
        (seconds(2),),
    ),
    Fault(
        "stall_after",
        _stall_after,
        "takes effect, silent for some real seconds, then answers",
        (seconds(2),),
    ),
    Fault(
        "slow_body",
        _slow_body,
        "takes effect; the body comes in drops, over some real seconds",
        (seconds(2),),
    ),
    Fault(
        "truncated_body",
        _truncated_body,
        "takes effect; the connection ends halfway the announced body",
    ),
    Fault(
        "wrong_type",
        _wrong_type,
        "takes effect; the JSON is announced as something else",
        (Parameter("content_type", "text/html", text),),
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
    Fault(
        "redirect",
        _redirect,
        "redirect to the same path at another host, without effect",
        (
            Parameter("to", "https://elsewhere.invalid", text),
            Parameter("status", 307, choice(*REDIRECTS)),
        ),
    ),
    Fault(
        "clock_skew",
        _clock_skew,
        "takes effect; the Date header is some hours off",
        (Parameter("hours", 24, number(-MOST_HOURS, MOST_HOURS)),),
        times=None,
    ),
    Fault("refused_bearer", _bearer_refused, "HTTP 401 for a good bearer, without effect"),
)
