# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault consists of, and readers of its parameters."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..api.auth import Auth
from ..api.exchange import Reply, Request, json_reply
from ..state.json_types import is_integer, is_number
from ..state.records import Credentials
from ..state.service_state import ServiceState

MIN_SECONDS, MAX_SECONDS = 0.01, 3600


@dataclass(frozen=True, slots=True)
class FaultContext:
    """One call that a fault affects, and what the fault can use.

    ``number`` counts the calls that its rule has affected, including this one. ``proceed`` lets the
    call take effect and returns its reply. ``call_without_faults`` makes another call of the same
    operation, without any fault.
    """

    operation: str
    request: Request
    params: dict[str, str]
    state: ServiceState
    auth: Auth
    users: tuple[Credentials, ...]
    values: Mapping[str, Any]
    seed: int
    number: int
    proceed: Callable[[], Reply]
    call_without_faults: Callable[[Request, dict[str, str]], Reply]

    def changed(self, change: Callable[[Any], Any]) -> Reply:
        """The reply with its JSON changed; an error or an empty body stays as it is."""
        reply = self.proceed()
        if reply.status != 200 or not reply.body:
            return reply
        return altered(reply, body=json_reply(change(json.loads(reply.body))).body)


def altered(reply: Reply, **changes: Any) -> Reply:
    """A changed reply that keeps the service's own reply as ``original``."""
    return replace(reply, original=reply.original or reply, **changes)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key that a fault adds to its rule. ``read`` returns the value or raises ``ValueError``."""

    name: str
    default: Any
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the table.

    ``times`` is the default of a rule's ``times``; None affects all calls from ``nth`` on.
    ``operations`` are those it can affect, None all. A rule counts calls of these only.
    """

    name: str
    apply: Callable[[FaultContext], Reply]
    meaning: str
    parameters: tuple[Parameter, ...] = ()
    times: int | None = 1
    operations: frozenset[str] | None = None

    def can_hit(self, operation: str) -> bool:
        return self.operations is None or operation in self.operations


# -- readers of parameters ----------------------------------------------------------------------


def number(minimum: float, maximum: float) -> Callable[[Any], float]:
    """A number within bounds."""

    def read(value: Any) -> float:
        if not is_number(value) or not math.isfinite(value) or not minimum <= value <= maximum:
            raise ValueError(f"must be a number from {minimum:g} to {maximum:g}, not {value!r}")
        return value

    return read


def integer(minimum: int) -> Callable[[Any], int]:
    """An integer with a minimum."""

    def read(value: Any) -> int:
        if not is_integer(value) or value < minimum:
            raise ValueError(f"must be an integer of {minimum} or more, not {value!r}")
        return value

    return read


def choice(*known: Any) -> Callable[[Any], Any]:
    """One of some values."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or value not in known:
            raise ValueError(f"must be one of {', '.join(map(str, known))}, not {value!r}")
        return value

    return read


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {value!r}")
    return value


def strings(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"must be a list of strings, not {value!r}")
    return value


def some_of(*known: str) -> Callable[[Any], list[str]]:
    """A list of at least one of the known strings."""

    def read(value: Any) -> list[str]:
        if not strings(value) or not set(value) <= set(known):
            raise ValueError(f"must be a list of some of {', '.join(known)}, not {value!r}")
        return list(value)

    return read


def members(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"must be an object with members, not {value!r}")
    return value


def seconds(default: float) -> Parameter:
    """Real seconds."""
    return Parameter("seconds", default, number(MIN_SECONDS, MAX_SECONDS))
