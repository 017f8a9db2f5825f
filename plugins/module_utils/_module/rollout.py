# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_rollout_info``: observe, decide, tell. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .._client.errors import ServiceRefused, ServiceUnavailable, UnexpectedReply
from .._model.imei import ImeiCheck
from .._plan.rollout.decide import Decision, decide
from .._plan.rollout.phases import Phase
from .._plan.rollout.spec import RolloutSpec, Wanted
from .._plan.rollout.spec_reader import read_spec
from .context import Context
from .failure import describe_failure
from .options import DEVICE_OPTIONS, RETURN_DEVICES_OPTION
from .rollout_observe import Observer
from .rollout_text import tell_decision
from .rollout_view import view_decision

ROLLOUT_OPTIONS: dict[str, dict[str, Any]] = {
    "rollout": {"type": "dict", "required": True},
    "state": {"type": "str", "choices": [one.value for one in Wanted], "default": "running"},
    "imei_check": DEVICE_OPTIONS["imei_check"],
    **RETURN_DEVICES_OPTION,
}

# Every look behind the reports can show campaigns that change the plan, so that others are looked
# for. Campaigns hide in one state of their life only, so this ends long before.
MOST_LOOKS = 10


def inform_on_rollout(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Decide one tick of a declared rollout.

    :raises InvalidSpec: the declaration cannot be used; nothing was called.
    :raises PlanRefused: the declaration does not fit what is there.
    """
    spec = read_spec(
        params["rollout"], find_zone=_find_zone, imei_check=ImeiCheck(params["imei_check"])
    )
    context.warnings += spec.remarks
    try:
        decision = _decide(Observer(context, spec), spec, Wanted(params["state"]))
    except (ServiceRefused, ServiceUnavailable, UnexpectedReply) as error:
        message, failure = describe_failure(error)
        msg = context.headline(f"rollout {spec.name}: not judged, as a read failed: {message}")
        return {
            "changed": False,
            "phase": Phase.OBSERVATION_FAILED.value,
            "why": message,
            "would_change": False,
            "actions": {"refresh": [], "cancel": [], "abort": [], "shorten": [], "create": []},
            "failure": failure,
            "plan": [msg],
            "report": [msg],
            "msg": msg,
        }
    return {
        "changed": False,
        **view_decision(decision, params["return_devices"]),
        **tell_decision(decision, context.headline),
    }


def _find_zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _decide(observer: Observer, spec: RolloutSpec, wanted: Wanted) -> Decision:
    """Decide, and look behind the reports before anything is created (section 14, question 2)."""
    seen = observer.look()
    decision = decide(spec, seen, wanted=wanted)
    for _look in range(MOST_LOOKS):
        more = observer.look_behind(seen, decision.suspects)
        if more is seen:
            break
        seen = more
        decision = decide(spec, seen, wanted=wanted)
    return decision
