# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_rehearsal``: copy an account, which is only read, and run a rollout there."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..._model.campaign import CampaignType
from ..._model.errors import InvalidValue
from ..._model.text import short_key
from ..._model.times import parse_time
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.action.offered_overrides import find_approvals
from ..._plan.rollout.action.phases import Phase
from ..._plan.rollout.declaration.spec import Wanted
from ..context import Context, open_context
from ..devices.info import view_account_device, view_subscription
from ..firmware.info import view_package
from ..options import DECLARATION, DEVICE_OPTIONS, check_positive
from ..results_file import object_to_file
from ..waiting import READ_ONCE
from .carry_out import make_run
from .info import ROLLOUT_OPTIONS, Declared, read_declared, watch_rollout
from .rehearsal import Moment, conclude_rehearsal
from .view import view_time

REHEARSAL_OPTIONS: dict[str, dict[str, Any]] = {
    DECLARATION: ROLLOUT_OPTIONS[DECLARATION],
    "imei_check": DEVICE_OPTIONS["imei_check"],
    "failure_rates": {"type": "dict", "default": {}},
    "failure_rate": {"type": "float", "default": 0.0},
    "silent_rate": {"type": "float", "default": 0.0},
    "seed": {"type": "int", "default": 1},
    "start": {"type": "str"},
    "approve": {"type": "bool", "default": True},
    "max_runs": {"type": "int", "default": 60},
    "copy_to": {"type": "path"},
    "copy_from": {"type": "path"},
}

Fleet = dict[str, Any]


@dataclass(frozen=True)
class Simulator:
    """The simulator, as far as a rehearsal needs it.

    :ivar copy: makes a fleet of the data of an account; ``ValueError`` says what it lacks.
    :ivar start: starts a service with a fleet, a virtual time and a seed; ``ValueError`` says what
        is wrong with them. The service ends with the context.
    """

    copy: Callable[[Mapping[str, Any]], Fleet]
    start: Callable[[Fleet, str | None, int], AbstractContextManager[SimulatedService]]


@dataclass(frozen=True)
class SimulatedService:
    """A running simulator.

    :ivar connection: the options with which modules reach it.
    :ivar set_now: moves the virtual clock forward, to a time in RFC 3339.
    """

    connection: Mapping[str, Any]
    set_now: Callable[[str], None]


def rehearse_rollout(
    context: Context, params: Mapping[str, Any], simulator: Simulator
) -> dict[str, Any]:
    """Run a declared rollout on a copy of the account until it is over.

    :param context: of the account; its client must refuse writes.
    :raises InvalidValue: an option cannot be used; the account was not called, or only read.
    :raises PlanRefused: the declaration does not fit what the account has.
    :raises TaskFailure: a write to the copy failed.
    :raises FotaError: the account could not be read.
    """
    check_positive(params, "max_runs")
    rates = _read_rates(params)
    if params["start"] and parse_time(params["start"]) is None:
        raise InvalidValue("start", params["start"], "must be a time such as 2026-03-02T08:00:00Z")
    declared = read_declared(context, {**params, "state": Wanted.RUNNING.value})
    if declared.spec.type is not CampaignType.FIRMWARE:
        raise InvalidValue("rollout.type", "software", "must be firmware: only that is simulated")
    if params["copy_to"] and (objection := object_to_file(params["copy_to"])):
        raise InvalidValue("copy_to", params["copy_to"], objection)
    if params["copy_from"]:
        copy = _read_copy(params["copy_from"])
    else:
        copy = simulator.copy(_read_account(context, declared))
    if params["copy_to"]:
        _write_copy(params["copy_to"], copy)
    _check_models(rates, copy["accounts"][0]["firmware"])
    outcomes = {
        "models": {model: {"success_rate": 1 - rate} for model, rate in rates.items()},
        "default": {
            "success_rate": 1 - params["failure_rate"],
            "silent_rate": params["silent_rate"],
        },
    }
    try:
        started = simulator.start({**copy, "outcomes": outcomes}, params["start"], params["seed"])
    except ValueError as error:
        raise InvalidValue("copy_from", params["copy_from"], str(error)) from error
    with started as service:
        options = {**params, **service.connection, "imei_check": "off"}
        copied = open_context(options, check_mode=False)
        with copied.client:
            rehearsal = _run_to_the_end(copied, declared, params, service.set_now)
        context.warnings += copied.all_warnings()
    rehearsal["devices"] = len(copy["accounts"][0]["devices"])
    msg = f"rehearsal of {rehearsal['rollout']}: {rehearsal['phase']}; {rehearsal['why']}"
    return {"changed": False, "rehearsal": rehearsal, "msg": context.headline(msg)}


def _run_to_the_end(
    context: Context, declared: Declared, params: Mapping[str, Any], set_now: Callable[[str], None]
) -> dict[str, Any]:
    """Run, approve and move the clock until nothing more is due or a limit is reached."""
    moments: list[Moment] = []
    first: dict[str, Any] | None = None
    while True:
        decision, facts = make_run(context, declared)
        first = first or facts
        moments.append(Moment.of(facts))
        unfinished = _why_end(decision, len(moments), params)
        if unfinished or decision.next_check is None:
            return conclude_rehearsal(moments, first, facts, unfinished=unfinished)
        if decision.phase is Phase.AWAITING_APPROVAL:
            approved = (*declared.spec.approved, *find_approvals(decision.assessment))
            declared = replace(declared, spec=replace(declared.spec, approved=approved))
        elif decision.next_check > context.client.now:
            set_now(decision.next_check.isoformat())


def _why_end(decision: Decision, runs: int, params: Mapping[str, Any]) -> str:
    """Say why a rollout that is not over is left: ``approval``, ``runs``, or empty to go on."""
    if decision.next_check is None:
        return ""
    if decision.phase is Phase.AWAITING_APPROVAL and not params["approve"]:
        return "approval"
    return "runs" if runs >= params["max_runs"] else ""


def _read_account(context: Context, declared: Declared) -> dict[str, Any]:
    """Read what the rollout needs, as ``copy`` takes it: no name, number or secret."""
    planned = replace(declared, wanted=Wanted.PLANNED)
    seen = watch_rollout(context, planned, READ_ONCE).last.assessment.seen
    return {
        "now": view_time(seen.now),
        "devices": [view_account_device(device) for _imei, device in sorted(seen.devices.items())],
        "packages": [view_package(package) for package in seen.catalog],
        "subscription": view_subscription(seen.subscription),
        "qualified": sorted(declared.spec.qualified_packages),
    }


def _read_rates(params: Mapping[str, Any]) -> dict[str, float]:
    """Check the rates before any call; gives those of models.

    :raises InvalidValue: one must be a number from 0 to 1.
    """
    for option in ("failure_rate", "silent_rate"):
        if not 0 <= params[option] <= 1:
            raise InvalidValue(option, params[option], "must be a number from 0 to 1")
    rates = {}
    for model, value in params["failure_rates"].items():
        try:
            rate = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            rate = math.nan
        if not 0 <= rate <= 1:
            raise InvalidValue(
                f"failure_rates[{short_key(model)}]", value, "must be a number from 0 to 1"
            )
        rates[model] = rate
    return rates


def _check_models(rates: Collection[str], packages: Iterable[Mapping[str, Any]]) -> None:
    """:raises InvalidValue: a rate is for a make and model that no package of the copy is for."""
    models = {f"{package['make']} {package['model']}" for package in packages}
    for model in rates:
        if model not in models:
            raise InvalidValue(
                "failure_rates",
                model,
                "must be the make and model of devices of the rehearsal that have a package. The"
                f" models are {', '.join(sorted(models))}",
            )


def _read_copy(path: str) -> Fleet:
    """Read a copy that an earlier rehearsal has written.

    :raises InvalidValue: it cannot be read, or is something else.
    """
    try:
        copy: Fleet = json.loads(Path(path).read_text(encoding="utf-8"))
        rows = [*copy["accounts"][0]["devices"], *copy["accounts"][0]["firmware"]]
        readable = all({"make", "model"} <= row.keys() for row in rows)
    except OSError as error:
        raise InvalidValue("copy_from", path, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        readable = False
    if not readable:
        raise InvalidValue("copy_from", path, "must be a copy that rehearse_path has written")
    return copy


def _write_copy(path: str, copy: Fleet) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(copy, file, indent=4)
    except OSError as error:
        raise InvalidValue("copy_to", path, f"cannot be written: {error.strerror}") from error
