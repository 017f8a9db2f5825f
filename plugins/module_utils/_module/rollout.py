# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_rollout_info``: observe, decide, tell. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .._client.errors import ServiceRefused, ServiceUnavailable, UnexpectedReply
from .._model.imei import ImeiCheck
from .._plan.rollout.decide import Decision, decide
from .._plan.rollout.phases import Phase
from .._plan.rollout.slips import check_slips
from .._plan.rollout.spec import RolloutSpec, Wanted
from .._plan.rollout.spec_reader import read_spec
from .context import Context
from .failure import describe_failure
from .options import DEVICE_OPTIONS, RETURN_DEVICES_OPTION, WAIT_OPTIONS
from .rollout_journal import Journal, read_journal, read_last_tick
from .rollout_observe import Observer
from .rollout_text import tell_decision
from .rollout_view import diff_decision, view_decision, view_events
from .waiting import Waiting, wait_until

ROLLOUT_OPTIONS: dict[str, dict[str, Any]] = {
    "rollout": {"type": "dict", "required": True},
    "state": {"type": "str", "choices": [one.value for one in Wanted], "default": "running"},
    "journal": {"type": "path"},
    "last_tick": {"type": "dict"},
    "imei_check": DEVICE_OPTIONS["imei_check"],
    **WAIT_OPTIONS,
    **RETURN_DEVICES_OPTION,
}

# Every look behind the reports can show campaigns that change the plan, so that others are looked
# for. Campaigns hide in one state of their life only, so this ends long before.
MOST_LOOKS = 10


def inform_on_rollout(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Decide one tick of a declared rollout; with ``wait``, once there is something to decide.

    :raises InvalidSpec: the declaration cannot be used; nothing was called.
    :raises PlanRefused: the declaration does not fit what is there.
    """
    spec = read_spec(
        params["rollout"], find_zone=_find_zone, imei_check=ImeiCheck(params["imei_check"])
    )
    context.warnings += spec.remarks
    journal = _read_journal(context, params, spec)

    def look() -> Decision:
        return _decide(Observer(context, spec, journal.campaign_ids), spec, Wanted(params["state"]))

    try:
        decision = look()
        if params["wait"] and not context.check_mode:
            decision = _wait(context, params, decision, look)
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
    view = view_decision(decision, params["return_devices"])
    return {
        "changed": False,
        **view,
        **tell_decision(decision, view, context.headline),
        "events": view_events(decision, journal.last),
        "diff": diff_decision(decision),
    }


def _read_journal(context: Context, params: Mapping[str, Any], spec: RolloutSpec) -> Journal:
    """Read what is remembered of the rollout: a journal, else what the caller has kept."""
    if params.get("journal") is None:
        return Journal(read_last_tick(params.get("last_tick") or {}))
    journal = read_journal(params["journal"], spec.name)
    if journal.unreadable:
        lines = ", ".join(map(str, journal.unreadable[:5]))
        context.warnings.append(
            f"journal {params['journal']}: {len(journal.unreadable)} lines are no JSON objects and"
            f" were left out (line {lines})"
        )
    return journal


def _wait(
    context: Context,
    params: Mapping[str, Any],
    first: Decision,
    look: Callable[[], Decision],
) -> Decision:
    """Look again until something is to do or the phase changes; the last look is what counts."""

    def is_news(decision: Decision) -> bool:
        due = decision.would_change or bool(decision.refresh) or decision.phase.over
        return due or decision.phase is not first.phase

    waiting = Waiting.declared(params)
    return wait_until(look, is_news, waiting, sleep=context.sleep, start=first).last


def _find_zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
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
    check_slips(decision, wanted)
    return decision
