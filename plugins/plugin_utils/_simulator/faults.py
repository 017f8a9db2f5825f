# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad weather on order: which call, how often, and what goes wrong.

A rule names an operation (or ``*``), the first matching call it spoils (``nth``, from 1), how many
in a row (``times``) and a fault of ``TABLE``. ``before`` leaves the state untouched, ``after`` lets
the call take effect first. A new fault is one function and one entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .auth import Auth
from .errors import bad_bearer
from .exchange import Reply, json_reply
from .kinds import is_whole

Next = Callable[[], Reply]

DROPPED = Reply(0, dropped=True)
UNKNOWN_WORD = "CampaignTeleported"

_XML_403 = (
    b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code>'
    b"<am:type>Status report</am:type><am:message>Runtime Error</am:message>"
    b"<am:description>No matching resource found in the API for the given request"
    b"</am:description></am:fault>"
)
_HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


@dataclass(slots=True)
class Rule:
    """One order of bad weather; ``seen`` counts the calls it matched."""

    operation: str
    fault: str
    nth: int = 1
    times: int = 1
    retry_after: int | None = None
    seen: int = 0

    def takes(self, operation: str) -> bool:
        """Count a call and say whether it is to be spoilt."""
        if self.operation not in ("*", operation):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may use."""

    rule: Rule
    auth: Auth
    proceed: Next


def _status(code: int) -> Callable[[Scene], Reply]:
    def before(_scene: Scene) -> Reply:
        return json_reply(_system_error(), status=code)

    return before


def _status_after(code: int) -> Callable[[Scene], Reply]:
    def after(scene: Scene) -> Reply:
        scene.proceed()
        return json_reply(_system_error(), status=code)

    return after


def _system_error() -> dict[str, str]:
    return {
        "errorCode": "INTERNAL_SYSTEM_ERROR",
        "errorMessage": "The system encountered an internal error.",
    }


def _throttled(scene: Scene) -> Reply:
    headers: tuple[tuple[str, str], ...] = ()
    if scene.rule.retry_after is not None:
        headers = (("Retry-After", str(scene.rule.retry_after)),)
    return json_reply({"message": "Too many requests"}, status=429, headers=headers)


def _dropped(_scene: Scene) -> Reply:
    return DROPPED


def _dropped_after(scene: Scene) -> Reply:
    scene.proceed()
    return DROPPED


def _xml(_scene: Scene) -> Reply:
    return Reply(403, _XML_403, content_type="application/xml")


def _html(_scene: Scene) -> Reply:
    return Reply(502, _HTML_502, content_type="text/html")


def _empty(scene: Scene) -> Reply:
    scene.proceed()
    return Reply(200)


def _expired(what: str) -> Callable[[Scene], Reply]:
    def expire(scene: Scene) -> Reply:
        scene.auth.expire(what)
        return scene.proceed()

    return expire


def _bearer_refused(_scene: Scene) -> Reply:
    error = bad_bearer()
    return json_reply(error.body, status=error.status)


def _unknown_status(scene: Scene) -> Reply:
    """Every status word of the reply becomes one that nobody published."""
    reply = scene.proceed()
    if reply.status != 200 or not reply.body:
        return reply
    return json_reply(_reworded(json.loads(reply.body)))


def _reworded(value: Any) -> Any:
    if isinstance(value, list):
        return [_reworded(item) for item in value]
    if isinstance(value, dict):
        return {
            key: UNKNOWN_WORD if key == "status" else _reworded(item) for key, item in value.items()
        }
    return value


TABLE: dict[str, Callable[[Scene], Reply]] = {
    **{f"status_{code}_before": _status(code) for code in (500, 502, 503, 504)},
    **{f"status_{code}_after": _status_after(code) for code in (500, 502, 503, 504)},
    "status_429": _throttled,
    "reset_before": _dropped,
    "reset_after": _dropped_after,
    "xml_403": _xml,
    "html_502": _html,
    "empty_200": _empty,
    "expired_bearer": _expired("bearer"),
    "expired_session": _expired("session"),
    "expired_both": _expired("both"),
    "refused_bearer": _bearer_refused,
    "unknown_status": _unknown_status,
}

_KEYS = {"operation", "fault", "nth", "times", "retry_after"}


def parse_rules(data: Any, operations: Iterable[str]) -> list[Rule]:
    """Read a list of rules; ``ValueError`` says what is wrong with which one."""
    if not isinstance(data, list):
        raise ValueError("faults: must be a list")
    known = set(operations) | {"*"}
    rules = []
    for index, item in enumerate(data):
        where = f"faults[{index}]"
        if not isinstance(item, dict):
            raise ValueError(f"{where}: must be an object")
        unknown = sorted(set(item) - _KEYS)
        if unknown:
            raise ValueError(
                f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}"
            )
        fault, operation = item.get("fault"), item.get("operation", "*")
        if fault not in TABLE:
            raise ValueError(f"{where}.fault: {fault!r} is none of {', '.join(sorted(TABLE))}")
        if operation not in known:
            raise ValueError(f"{where}.operation: {operation!r} is no operation of the service")
        for name in ("nth", "times"):
            if not is_whole(item.get(name, 1)) or item.get(name, 1) < 1:
                raise ValueError(f"{where}.{name}: must be 1 or more")
        rules.append(
            Rule(
                operation, fault, item.get("nth", 1), item.get("times", 1), item.get("retry_after")
            )
        )
    return rules
