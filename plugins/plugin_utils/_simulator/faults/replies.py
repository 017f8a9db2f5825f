# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of what a reply says: lists, words and fields that are not as published."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ..api.exchange import Reply
from .fault import Fault, Parameter, Scene, members, text, texts

UNKNOWN_WORD = "CampaignTeleported"

Member = tuple[str, Any]


def _null_lists(scene: Scene) -> Reply:
    return scene.changed(lambda payload: _without_lists(payload, lambda key: [(key, None)], None))


def _missing_lists(scene: Scene) -> Reply:
    return scene.changed(lambda payload: _without_lists(payload, lambda _key: [], {}))


def _without_lists(payload: Any, instead: Callable[[str], list[Member]], bare: Any) -> Any:
    """Other members for each list of an object; ``bare`` for a reply that is a list itself."""
    if isinstance(payload, list):
        return bare

    def change(key: str, value: Any) -> list[Member]:
        return instead(key) if isinstance(value, list) else [(key, value)]

    return _each_member(payload, change)


def _repeated_rows(scene: Scene) -> Reply:
    return scene.changed(_doubled)


def _doubled(value: Any) -> Any:
    if isinstance(value, list):
        return [_doubled(item) for item in value for _time in range(2)]
    if isinstance(value, dict):
        return {key: _doubled(item) for key, item in value.items()}
    return value


def _reworded(scene: Scene) -> Reply:
    keys: Collection[str] = scene.values["keys"]

    def change(key: str, value: Any) -> list[Member]:
        return [(key, scene.values["word"] if key in keys else value)]

    return scene.changed(lambda payload: _each_member(payload, change))


def _missing_fields(scene: Scene) -> Reply:
    keys: Collection[str] = scene.values["keys"]
    return scene.changed(
        lambda payload: _each_member(
            payload, lambda key, value: [] if key in keys else [(key, value)]
        )
    )


def _added_fields(scene: Scene) -> Reply:
    return scene.changed(lambda payload: _widened(payload, scene.values["fields"]))


def _widened(value: Any, fields: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_widened(item, fields) for item in value]
    if isinstance(value, dict):
        return {**fields, **{key: _widened(item, fields) for key, item in value.items()}}
    return value


def _each_member(value: Any, change: Callable[[str, Any], list[Member]]) -> Any:
    """Every member of every object, replaced by others."""
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
    Fault("missing_lists", _missing_lists, "takes effect; every list of the reply is left out"),
    Fault("repeated_rows", _repeated_rows, "takes effect; every row of every list comes twice"),
    Fault(
        "unknown_status",
        _reworded,
        "takes effect; under the keys stands a word that nobody published",
        (Parameter("word", UNKNOWN_WORD, text), Parameter("keys", ["status"], texts)),
    ),
    Fault(
        "missing_fields",
        _missing_fields,
        "takes effect; the keys are left out of every object",
        (Parameter("keys", ["status"], texts),),
    ),
    Fault(
        "added_fields",
        _added_fields,
        "takes effect; every object has fields that nobody published",
        (Parameter("fields", {"futureField": {"since": [2031]}}, members),),
    ),
)
