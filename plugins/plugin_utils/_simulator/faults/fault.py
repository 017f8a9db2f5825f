# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault is made of: its scene, its parameters, its line in the table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..api.auth import Auth
from ..api.exchange import Reply, Request, json_reply
from ..state.json_types import is_number, is_whole
from ..state.records import Credentials
from ..state.service_state import ServiceState

SHORTEST_SECONDS, LONGEST_SECONDS = 0.01, 3600


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may use. ``number`` counts the calls its rule has spoilt, this one included.

    ``proceed`` lets the call take effect and gives its reply; ``undisturbed`` asks the service
    something else of the same operation, without any other fault of this call.
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
    undisturbed: Callable[[Request, dict[str, str]], Reply]

    def changed(self, change: Callable[[Any], Any]) -> Reply:
        """The reply with its JSON changed; a refusal or a body that is gone stays as it is."""
        reply = self.proceed()
        if reply.status != 200 or not reply.body:
            return reply
        return damaged(reply, body=json_reply(change(json.loads(reply.body))).body)


def damaged(reply: Reply, **changes: Any) -> Reply:
    """A reply that remembers what the service itself had said."""
    return replace(reply, said=reply.said or reply, **changes)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of a rule that its fault understands; ``read`` returns the value or ``ValueError``."""

    name: str
    default: Any
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table.

    ``times`` is how many calls a rule spoils unless it says so, None all from ``nth`` on.
    ``operations`` are those it can happen to, None all; a rule does not count any other.
    """

    name: str
    act: Callable[[Scene], Reply]
    meaning: str
    parameters: tuple[Parameter, ...] = ()
    times: int | None = 1
    operations: frozenset[str] | None = None

    def can_hit(self, operation: str) -> bool:
        return self.operations is None or operation in self.operations


# -- readers of parameters ----------------------------------------------------------------------


def number(least: float, most: float) -> Callable[[Any], float]:
    """A number within bounds."""

    def read(value: Any) -> float:
        if not is_number(value) or not math.isfinite(value) or not least <= value <= most:
            raise ValueError(f"must be a number from {least:g} to {most:g}, not {value!r}")
        return value

    return read


def whole(least: int) -> Callable[[Any], int]:
    """A whole number, none smaller than the least."""

    def read(value: Any) -> int:
        if not is_whole(value) or value < least:
            raise ValueError(f"must be {least} or more, not {value!r}")
        return value

    return read


def choice(*known: Any) -> Callable[[Any], Any]:
    """One of some values."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or value not in known:
            raise ValueError(f"{value!r} is none of {', '.join(map(str, known))}")
        return value

    return read


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")
    return value


def texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"must be a list of texts, not {value!r}")
    return value


def some_of(*known: str) -> Callable[[Any], list[str]]:
    """A list of words out of those known, one at least."""

    def read(value: Any) -> list[str]:
        if not texts(value) or not set(value) <= set(known):
            raise ValueError(f"must hold some of {', '.join(known)}, not {value!r}")
        return list(value)

    return read


def members(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"must be an object with members, not {value!r}")
    return value


def seconds(default: float) -> Parameter:
    """Real seconds."""
    return Parameter("seconds", default, number(SHORTEST_SECONDS, LONGEST_SECONDS))
