# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder of decisions takes from the planner: the one place to adapt when it moves.

Facts are what a machine can use: sentences are left out, so that they can be reworded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    diff_decision,
    view_decision,
    view_events,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.events import (
    EventKind,
    LastRun,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.suspects import (
    find_suspects,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.unused_overrides import (
    check_unused_overrides,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    GateVerdict,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.rollout_device import (
    DeviceClass,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.scope import (
    Out,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import read
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    ServiceModel,
    run_once,
)

Facts = dict[str, Any]

RENAMED = {
    "armed": "unstoppable",
    "class": "outcome",
    "in_failed_lanes": "in_failed_cohorts",
    "lanes": "cohorts",
    "slips": "unused_overrides",
    "ways": "upgrade_paths",
    "ways_back": "rollback_paths",
}
"""Keys of facts that have another name now: old to new. ``compare`` takes both for the same."""
SENTENCES = frozenset({"msg", "reason", "why"})
"""Keys for people, wherever they are."""
RENDERINGS = frozenset({"audit", "halted_cohorts", "halted_lanes", "plan", "report", "table"}) | {
    "versions"
}
"""Members of a result that show other facts once more."""
ADDED = frozenset(
    {
        *(
            "busy",
            "changes",
            "cohort_rules",
            "evidence",
            "gate",
            "kinds_left_out",
            "max_exposure",
            "models",
        ),
        *("out_of_scope", "overrides", "rate_ruled_out", "required", "standings", "state"),
        *("halts_at", "imeis", "needless_stop", "odds", "total", "touched_at_most", "unread"),
        *("attempts", "calendar", "failed_at", "given", "protocol", "result_at", "results_by_day"),
        *("soak_hours", "type", "waiting_since", "windows", "zone"),
    }
)
"""Keys that older recordings lack: compared where both sides have them."""
DECLARED: dict[str, str] = {}
"""Keys of declarations that have another name now, where the old one is not read any more."""
EVERY = {
    "phase": {phase.value for phase in Phase} - {"observation_failed"},
    "outcome": {outcome.value for outcome in DeviceClass} | {why.value for why in Out},
    "verdict": {verdict.value for verdict in GateVerdict},
    "event": {event.value for event in EventKind},
}
"""What a recording must hold at least once."""


def decide_run(
    declared: Mapping[str, Any], service: ServiceModel, *, state: str, before: Facts
) -> Facts:
    """Make one run of a rollout against the model of the service, and give its facts.

    :param before: facts of the run before; empty for the first.
    """
    spec, wanted = read(_rename(declared, DECLARED)), Wanted(state)
    try:
        last = LastRun(before.get("phase", ""), frozenset(before.get("passed", ())))
        decision = run_once(spec, service, wanted=wanted, last=last)
    except PlanRefused:
        return {"refused": True}
    return {**_view(decision), "unused_overrides": _has_unused_overrides(decision, wanted)}


def _view(decision: Decision) -> Facts:
    view = view_decision(decision, "all")
    view["blockers"] = len(view["blockers"])
    # Devices that are out stand in no line.
    view["devices"].sort(key=lambda device: "" if device["wave"] else device["deviceId"])
    left_out = decision.assessment.left_out
    view |= {
        "diff": {
            side: {name: _numbers(text) for name, text in campaigns.items()}
            for side, campaigns in diff_decision(decision).items()
        },
        "events": view_events(decision),
        "suspects": sorted(map(sorted, find_suspects(decision))),
        "not_covered": {str(wave): [*map(list, strata)] for wave, strata in left_out.items()},
        "wave_numbers": [
            {
                "members": numbers.members,
                "failed": numbers.failed,
                "unknown": numbers.unknown,
                "rejected": numbers.rejected,
                "too_many_once": numbers.too_many_once is not None,
                "over_limit_once": numbers.over_limit_once is not None,
            }
            for numbers in (state.numbers for state in decision.assessment.waves)
        ],
    }
    return under_new_names(view)


def _has_unused_overrides(decision: Decision, wanted: Wanted) -> bool:
    try:
        check_unused_overrides(decision, wanted)
    except PlanRefused:
        return True
    return False


def _numbers(text: str) -> list[str]:
    """Days and counts of a line."""
    return re.findall(r"\d[\d-]*", text)


def under_new_names(facts: Facts) -> Facts:
    """Give facts with the keys of now, without those that are not compared."""
    compared = {key: value for key, value in facts.items() if key not in RENDERINGS}
    renamed: Facts = _rename(compared, RENAMED, SENTENCES)
    return renamed


def _rename(value: Any, names: Mapping[str, str], left_out: Set[str] = frozenset()) -> Any:
    if isinstance(value, dict):
        return {
            names.get(key, key): _rename(member, names, left_out)
            for key, member in value.items()
            if key not in left_out
        }
    if isinstance(value, (list, tuple)):
        return [_rename(item, names, left_out) for item in value]
    return value
