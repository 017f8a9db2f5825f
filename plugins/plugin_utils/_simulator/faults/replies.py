# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the content of a reply: lists, statuses and fields that are not as documented."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ..api.exchange import Reply
from .fault import Fault, FaultContext, Parameter, members, string, strings

UNKNOWN_STATUS = "CampaignTeleported"

Member = tuple[str, Any]


def _null_lists(context: FaultContext) -> Reply:
    return context.changed(lambda payload: _without_lists(payload, lambda key: [(key, None)], None))


def _missing_lists(context: FaultContext) -> Reply:
    return context.changed(lambda payload: _without_lists(payload, lambda _key: [], {}))


def _without_lists(payload: Any, instead: Callable[[str], list[Member]], bare: Any) -> Any:
    """Replace each list in an object; a reply that is itself a list becomes ``bare``."""
    if isinstance(payload, list):
        return bare

    def change(key: str, value: Any) -> list[Member]:
        return instead(key) if isinstance(value, list) else [(key, value)]

    return _each_member(payload, change)


def _repeated_rows(context: FaultContext) -> Reply:
    return context.changed(_doubled)


def _doubled(value: Any) -> Any:
    if isinstance(value, list):
        return [_doubled(item) for item in value for _time in range(2)]
    if isinstance(value, dict):
        return {key: _doubled(item) for key, item in value.items()}
    return value


def _reworded(context: FaultContext) -> Reply:
    keys: Collection[str] = context.values["keys"]

    def change(key: str, value: Any) -> list[Member]:
        return [(key, context.values["word"] if key in keys else value)]

    return context.changed(lambda payload: _each_member(payload, change))


def _missing_fields(context: FaultContext) -> Reply:
    keys: Collection[str] = context.values["keys"]
    return context.changed(
        lambda payload: _each_member(
            payload, lambda key, value: [] if key in keys else [(key, value)]
        )
    )


def _added_fields(context: FaultContext) -> Reply:
    return context.changed(lambda payload: _widened(payload, context.values["fields"]))


def _widened(value: Any, fields: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_widened(item, fields) for item in value]
    if isinstance(value, dict):
        return {**fields, **{key: _widened(item, fields) for key, item in value.items()}}
    return value


def _each_member(value: Any, change: Callable[[str, Any], list[Member]]) -> Any:
    """Replace every member of every object by those that ``change`` returns."""
    if isinstance(value, list):
        return [_each_member(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _each_member(kept, change)
        for key, item in value.items()
        for name, kept in change(key, item)
    }


FAULTS = (
    Fault("null_lists", _null_lists, "takes effect; every list of the reply is null"),
    Fault("missing_lists", _missing_lists, "takes effect; every list of the reply is missing"),
    Fault("repeated_rows", _repeated_rows, "takes effect; every row of every list is repeated"),
    Fault(
        "unknown_status",
        _reworded,
        "takes effect; the keys have an undocumented value",
        (Parameter("word", UNKNOWN_STATUS, string), Parameter("keys", ["status"], strings)),
    ),
    Fault(
        "missing_fields",
        _missing_fields,
        "takes effect; the keys are missing from every object",
        (Parameter("keys", ["status"], strings),),
    ),
    Fault(
        "added_fields",
        _added_fields,
        "takes effect; every object has undocumented fields",
        (Parameter("fields", {"futureField": {"since": [2031]}}, members),),
    ),
)
