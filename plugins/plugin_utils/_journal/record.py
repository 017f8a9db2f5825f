# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that a run adds to the journal: what it decided, by which numbers, and what it did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._model.text import visible

Facts = Mapping[str, Any]

# Bytes of a line, without its chain, for any fleet.
MOST_BYTES = 19_500
# The most campaigns that a run may create (limits.max_creates).
_MOST_CREATED = 100
_MOST_EVENTS = 20
_LONGEST = 300
_COPIED = ("rollout", "phase", "digest", "counts", "exposure", "evidence")


def journal_record(
    facts: Facts,
    *,
    state: str,
    actions: Iterable[Facts] = (),
    refreshed: Facts | None = None,
    failed: Facts | None = None,
) -> dict[str, Any]:
    """Give the line of a run, at most :data:`MOST_BYTES` long.

    :param facts: of ``fota_rollout_info``, by which the run has acted.
    :param state: what was asked for: ``running``, ``paused`` or ``halted``.
    :param actions: what was asked of the service, in order: ``action`` (``create``, ``cancel``,
        ``abort``, ``shorten`` or ``assign``), ``campaign_id`` and ``name`` as far as they are
        known, ``devices`` or ``end_date``, and ``result``, which is ``ok`` or the message of the
        failure.
    :param refreshed: counts of the devices whose version was read.
    :param failed: ``task`` and ``message`` of the task that failed.
    """
    done = [{name: _short(value) for name, value in action.items()} for action in actions]
    record: dict[str, Any] = {
        "time": facts["now"],
        **{name: facts[name] for name in _COPIED},
        "state": state,
        "why": _short(facts["why"]),
        "passed": list(facts["passed"]),
        "halted": list(facts.get("halted", ()))[:_MOST_EVENTS],
        "events": list(facts["events"])[:_MOST_EVENTS],
        "refreshed": dict(refreshed or {}),
        "created": _ids(done, "create")[:_MOST_CREATED],
        **({"failed": {name: _short(value) for name, value in failed.items()}} if failed else {}),
        "actions": [],
        "actions_left_out": 0,
    }
    room = MOST_BYTES - _size(record)
    for action in done:
        room -= _size(action) + 1
        if room < 0:
            break
        record["actions"].append(action)
    record["actions_left_out"] = len(done) - len(record["actions"])
    return record


def _ids(actions: Iterable[Facts], kind: str) -> list[str]:
    """Give the campaigns that were created, or were there already."""
    return [
        action["campaign_id"]
        for action in actions
        if action["action"] == kind and action.get("campaign_id")
    ]


def _short(value: object) -> Any:
    if not isinstance(value, str):
        return value
    text = visible(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))
