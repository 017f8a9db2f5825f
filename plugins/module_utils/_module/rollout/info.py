# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_rollout_info``: observe, decide, give facts. Nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..._client.errors import ServiceRefused, ServiceUnavailable, UnexpectedReply
from ..._client.transport import COLLECTION_VERSION
from ..._model.errors import InvalidValue
from ..._model.imei import ImeiCheck
from ..._model.text import count, visible
from ..._plan.rollout.action.decide import Decision, decide
from ..._plan.rollout.action.phases import Phase
from ..._plan.rollout.action.steps import find_steps
from ..._plan.rollout.action.suspects import find_suspects
from ..._plan.rollout.action.unused_overrides import check_unused_overrides
from ..._plan.rollout.declaration.option_types import InvalidSpec
from ..._plan.rollout.declaration.rollout_options import argument_spec
from ..._plan.rollout.declaration.spec import RolloutSpec, Wanted
from ..._plan.rollout.declaration.spec_reader import read_identity, read_spec
from ..._plan.rollout.observation.observed import Observed
from ..context import Context
from ..declared_values import read_dictionary
from ..devices_file import read_devices_file
from ..failure import describe_failure
from ..options import DECLARATION, DEVICE_OPTIONS, RESULT_OPTIONS, WAIT_OPTIONS
from ..results_file import Rows
from ..waiting import READ_ONCE, Report, Waited, Waiting, wait_for
from .contacts import add_contacts
from .journal import Journal, read_journal, read_last_run
from .observe import Observer
from .view import (
    DEVICE_COLUMNS,
    diff_decision,
    view_all_devices,
    view_decision,
    view_events,
    view_halted_cohorts,
)

ROLLOUT_OPTIONS: dict[str, dict[str, Any]] = {
    DECLARATION: {"type": "dict", "required": True, "options": argument_spec()},
    "state": {"type": "str", "choices": [wanted.value for wanted in Wanted], "default": "running"},
    "journal": {"type": "path"},
    "last_run": {"type": "dict", "aliases": ["last_tick"]},
    "imei_check": DEVICE_OPTIONS["imei_check"],
    "problems": {"type": "list", "elements": "str", "default": []},
    "license_failures": {"type": "list", "elements": "dict"},
    "stops": {"type": "dict"},
    "forecast": {"type": "bool", "default": False},
    **WAIT_OPTIONS,
    **RESULT_OPTIONS,
}

# States in which nothing is created: the list of campaigns is enough for what they stop.
STOPPING = frozenset({Wanted.HALTED, Wanted.PAUSED})
# Actions that stop campaigns, in the order in which they are carried out.
STOPS = ("cancel", "abort", "shorten")
# Campaigns that no report lists can change the plan, so that others have to be searched for. They
# are unlisted in one of their states only, so this ends long before.
MOST_SEARCHES = 10

_ZONE_OF_A_PLACE = re.compile(r"[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+")


@dataclass(frozen=True)
class Declared:
    """A rollout as the task declares it, and what is remembered of it.

    :ivar license_failures: devices that got no license in this run, and why; None while none did.
    :ivar forecast: the end is to be forecast although there is no deadline.
    :ivar invalid: why the declaration cannot be used but for the name of the rollout.
    """

    spec: RolloutSpec
    wanted: Wanted
    journal: Journal
    invalid: tuple[str, ...] = ()
    license_failures: Mapping[str, str] | None = None
    forecast: bool = False


def inform_on_rollout(
    context: Context,
    params: Mapping[str, Any],
    reporter: Callable[[str], Report[Decision]] | None = None,
) -> dict[str, Any]:
    """Decide one run of a declared rollout; with ``wait``, once there is something to decide.

    :param reporter: takes the name of the rollout and gives what is called after every read of a
        wait.
    :raises InvalidSpec: the declaration cannot be used, or the caller has found problems; nothing
        was called.
    :raises PlanRefused: the declaration does not fit what is there.
    :raises TaskFailure: the results file could not be written.
    """
    _refuse_problems(context, params)
    declared = read_declared(context, params)
    wait = params["wait"] and not context.check_mode
    try:
        waiting = Waiting.declared(params) if wait else READ_ONCE
        report = reporter(declared.spec.name) if reporter and wait else None
        waited = watch_rollout(context, declared, waiting, report=report)
    except (ServiceRefused, ServiceUnavailable, UnexpectedReply) as error:
        message, failure = describe_failure(error)
        name = declared.spec.name
        stops = {action: list((params["stops"] or {}).get(action) or []) for action in STOPS}
        return {
            "changed": False,
            "rollout": declared.spec.name,
            "phase": Phase.OBSERVATION_FAILED.value,
            "why": message,
            "would_change": any(stops.values()),
            "actions": {"refresh": [], **stops, "assign": [], "create": []},
            "steps": [*filter(stops.get, stops), *(["check_cancelled"] if stops["cancel"] else [])],
            "failure": failure,
            "msg": context.headline(f"rollout {name}: not judged, as a read failed: {message}"),
        }
    context.warnings += waited.last.assessment.remarks
    result = view_rollout(context, declared, waited.last, params["return_devices"])
    return context.conclude(result, rollout_rows(waited.last))


def _refuse_problems(context: Context, params: Mapping[str, Any]) -> None:
    """Refuse what the caller has found wrong; it must not keep a rollout from being stopped.

    :raises InvalidSpec: there are problems, and the rollout is not to be stopped.
    """
    problems = params["problems"]
    if Wanted(params["state"]) in STOPPING:
        context.warnings += problems
    elif problems:
        raise InvalidSpec("the service was not called", problems)


def read_declared(context: Context, params: Mapping[str, Any]) -> Declared:
    """Read the declaration and what is remembered; nothing is called.

    :raises InvalidSpec: the declaration cannot be used.
    """
    imei_check, wanted = ImeiCheck(params["imei_check"]), Wanted(params["state"])
    invalid: tuple[str, ...] = ()
    try:
        raw = read_dictionary(params[DECLARATION])
    except ValueError as error:
        raise InvalidSpec(DECLARATION, [f"{DECLARATION}: {error}"]) from error
    try:
        spec = read_spec(
            raw,
            find_zone=_find_zone,
            read_file=lambda path, column: read_devices_file(
                path, option="devices_file", check=imei_check, column=column
            ),
            imei_check=imei_check,
        )
    except InvalidValue as error:
        # A mistake elsewhere must not keep a rollout from being stopped.
        named = read_identity(raw) if wanted in STOPPING else None
        if named is None:
            raise
        spec, invalid = named, (f"the declaration cannot be used: {error}",)
    context.warnings += [*spec.remarks, *invalid]
    try:
        journal = _read_journal(context, params, spec)
    except InvalidValue as error:
        # It only adds campaigns to those that the service lists.
        if wanted not in STOPPING:
            raise
        context.warnings.append(str(error))
        journal = Journal()
    failures = read_license_failures(params.get("license_failures") or ())
    return Declared(
        spec, wanted, journal, invalid, failures or None, forecast=bool(params.get("forecast"))
    )


def read_license_failures(devices: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give the devices that got no license, and why, from the result of ``fota_license``."""
    return {
        str(device.get("deviceId")): visible(device.get("reason") or device.get("status") or "?")
        for device in devices
        if device.get("failed")
    }


def watch_rollout(
    context: Context,
    declared: Declared,
    waiting: Waiting,
    *,
    report: Report[Decision] | None = None,
) -> Waited[Decision]:
    """Decide until there is something to do or the phase changes; the last decision counts.

    :raises PlanRefused: the declaration does not fit what the service reports.
    :raises FotaError: the service could not be read.
    """

    def read() -> Decision:
        observer = Observer(
            context,
            declared.spec,
            declared.journal.campaign_ids,
            needs_all=declared.wanted not in STOPPING,
            forecast=declared.forecast,
        )
        return _decide(observer, declared)

    first = read()

    def has_news(decision: Decision) -> bool:
        due = decision.would_change or bool(decision.refresh) or decision.phase.over
        return due or decision.phase is not first.phase

    return wait_for(read, has_news, waiting, sleep=context.sleep, start=first, report=report)


def rollout_rows(decision: Decision) -> Rows:
    """Give every device of a rollout."""
    return Rows(DEVICE_COLUMNS, view_all_devices(decision))


def view_rollout(
    context: Context, declared: Declared, decision: Decision, return_devices: str
) -> dict[str, Any]:
    """Give a decision as a module result, with what has happened since the run before."""
    parts = [f"rollout {declared.spec.name}: {decision.phase.value}", decision.why]
    halted = [f"cohort {halted} halted" for halted in view_halted_cohorts(decision)]
    parts += [words for words in halted if words not in decision.why]
    facts = view_decision(decision, return_devices, forecast=declared.forecast)
    add_contacts(context, decision, facts["devices"])
    return {
        "changed": False,
        **facts,
        "steps": [step.value for step in find_steps(decision, declared.wanted)],
        "events": view_events(decision),
        "diff": diff_decision(decision),
        "collection_version": COLLECTION_VERSION,
        "journal": {"lines": declared.journal.lines, "head": declared.journal.head},
        "msg": context.headline("; ".join(parts)),
    }


def _read_journal(context: Context, params: Mapping[str, Any], spec: RolloutSpec) -> Journal:
    """Read what is remembered of the rollout: a journal, else what the caller has kept."""
    if params.get("journal") is None:
        return Journal(read_last_run(params.get("last_run") or {}))
    journal = read_journal(params["journal"], spec.name)
    if journal.unreadable:
        lines = ", ".join(map(str, journal.unreadable[:5]))
        context.warnings.append(
            f"journal {params['journal']}: ignored {count(len(journal.unreadable), 'line')} without"
            f" a JSON object ({lines}), such as that of a run that was killed. The service has the"
            " campaigns of such a run, so you can delete the line. The next run adds its own line,"
            " and then this is not reported again"
        )
    return journal


def _find_zone(name: str) -> tzinfo | None:
    """Give the rules of a zone of IANA: of a place, or UTC. Others differ between machines."""
    if name != "UTC" and not _ZONE_OF_A_PLACE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _decide(observer: Observer, declared: Declared) -> Decision:
    """Decide, and search for unlisted campaigns before any is created (section 14, question 2)."""
    spec, wanted, last = declared.spec, declared.wanted, declared.journal.last
    seen = _with_declared(observer.read(), declared)
    decision = decide(_without_devices(spec, seen), seen, wanted=wanted, last=last)
    for _search in range(MOST_SEARCHES):
        more = observer.add_unlisted(seen, find_suspects(decision))
        if more is seen:
            break
        seen = _with_declared(more, declared)
        decision = decide(_without_devices(spec, seen), seen, wanted=wanted, last=last)
    check_unused_overrides(decision, wanted)
    return decision


def _with_declared(seen: Observed, declared: Declared) -> Observed:
    """Add what the task knows: a declaration that cannot be used counts as what was not read."""
    unread = tuple(dict.fromkeys((*declared.invalid, *seen.unread)))
    return replace(seen, unread=unread, license_failures=declared.license_failures)


def _without_devices(spec: RolloutSpec, seen: Observed) -> RolloutSpec:
    """Leave out what is selected where not all could be read: it would seem to be gone."""
    return replace(spec, devices=()) if seen.unread else spec
