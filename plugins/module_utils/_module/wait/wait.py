# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_wait``: wait for campaigns, upgrades or a rollout, and report the progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from ..._client.errors import FotaError
from ..._model.campaign import Campaign, CampaignType
from ..._model.errors import InvalidValue
from ..._model.imei import shorten
from ..._model.upgrade import Upgrade
from ..._plan.campaign_plan import CampaignSpec, choose_campaign
from ..._plan.rollout.action.decide import Decision
from ..awaited import Awaited, Target, explain_unreached, list_statuses, wait_for_stage
from ..campaigns.info import report_rows, view_reported
from ..campaigns.options import TYPE_OPTION
from ..campaigns.search import list_all_campaigns, list_once_more
from ..context import Context
from ..failure import TaskFailure
from ..options import RESULT_OPTIONS, WAIT_FOR_STAGE_OPTIONS, check_positive
from ..results_file import Rows
from ..rollout.info import (
    ROLLOUT_OPTIONS,
    inform_on_rollout,
    read_declared,
    rollout_rows,
    view_rollout,
    watch_rollout,
)
from ..upgrades.view import upgrade_rows, view_upgrade
from ..waiting import READ_ONCE, Report, Waited, Waiting, describe_duration
from .progress import (
    Progress,
    ProgressLines,
    describe_progress,
    measure_awaited,
    measure_rollout,
)

WAIT_MODULE_OPTIONS: dict[str, dict[str, Any]] = {
    **TYPE_OPTION,
    "campaign_ids": {"type": "list", "elements": "str"},
    "names": {"type": "list", "elements": "str"},
    "upgrade_ids": {"type": "list", "elements": "str"},
    "rollout": {**ROLLOUT_OPTIONS["rollout"], "required": False},
    **{name: ROLLOUT_OPTIONS[name] for name in ("state", "journal", "last_run", "imei_check")},
    **{name: WAIT_FOR_STAGE_OPTIONS[name] for name in ("wait_timeout", "wait_delay")},
    "wait_for": {**WAIT_FOR_STAGE_OPTIONS["wait_for"], "default": "ended"},
    "progress_interval": {"type": "float", "default": 30.0},
    **RESULT_OPTIONS,
}
WAIT_MODULE_CONSTRAINTS: dict[str, Any] = {
    "required_one_of": [("campaign_ids", "names", "upgrade_ids", "rollout")],
    "mutually_exclusive": [
        ("campaign_ids", "upgrade_ids", "rollout"),
        ("names", "upgrade_ids", "rollout"),
    ],
}

INTERRUPTIBLE = "Ctrl-C stops only this wait; what it waits for continues at the service."

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass(frozen=True)
class _Presentation(Generic[Target]):
    """How campaigns or upgrades appear in the result.

    :ivar key: of the result.
    """

    key: str
    view: Callable[[Awaited[Target]], dict[str, Any]]
    rows: Callable[[Iterable[Awaited[Target]]], Rows]


def wait_and_report(context: Context, params: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Wait for what is declared. In check mode read once, and say nothing.

    :param say: takes a line on the progress, every ``progress_interval`` seconds at most.
    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: a name or the rollout does not fit what the service reports.
    :raises TaskFailure: the time is over, or what is waited for can no longer come; the result
        holds what was read last.
    """
    check_positive(params, "progress_interval")
    if params.get("rollout") is not None:
        return _wait_for_rollout(context, params, say)
    wanted = params["return_devices"]
    if params.get("upgrade_ids") is not None:
        upgrades = _Presentation[Upgrade](
            "upgrades",
            view=lambda item: view_upgrade(item.target, wanted),
            rows=lambda items: upgrade_rows(item.target for item in items),
        )
        return _wait_for_known(context, params, say, _find_upgrades(context, params), upgrades)
    with_rows = context.wants_devices(wanted)
    campaigns = _Presentation[Campaign](
        "campaigns",
        view=lambda item: view_reported(item.target, item.rows if with_rows else None, wanted),
        rows=lambda items: report_rows((item.target, item.rows or ()) for item in items),
    )
    return _wait_for_known(context, params, say, _find_campaigns(context, params), campaigns)


def _wait_for_rollout(context: Context, params: Mapping[str, Any], say: Say) -> dict[str, Any]:
    declared = read_declared(context, params)
    name = declared.spec.name
    report = _rollout_reporter(context, params, say, name)
    waited = watch_rollout(context, declared, _waiting(context, params), report=report)
    result = view_rollout(context, declared, waited.last, params["return_devices"])
    result["elapsed"] = round(waited.elapsed, 1)
    when = result["next_check_after"]
    late = FotaError(
        f"waited {waited.duration} for something to do in rollout {name}, which is"
        f" {waited.last.phase.value}{waited.error_clause}",
        kind="timeout",
        hint="its campaigns continue at the service; run the same task again to continue waiting"
        + (f"; something is expected at {when}" if when else ""),
    )
    failure = None if waited.done or context.check_mode else late
    return context.conclude(result, rollout_rows(waited.last), failure=failure)


def inform_with_progress(context: Context, params: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Decide one run of a rollout, and report the progress if it waits; see inform_on_rollout.

    :param say: takes a line on the progress.
    """
    interval = WAIT_MODULE_OPTIONS["progress_interval"]["default"]
    progress = {**params, "progress_interval": interval}
    return inform_on_rollout(context, params, partial(_rollout_reporter, context, progress, say))


def _rollout_reporter(
    context: Context, params: Mapping[str, Any], say: Say, name: str
) -> Report[Decision]:
    return _reporter(
        context,
        params,
        say,
        f"rollout {name}",
        measure_rollout,
        opening=f"waiting until there is something to do in rollout {name}, or its phase changes",
    )


def _wait_for_known(
    context: Context,
    params: Mapping[str, Any],
    say: Say,
    awaited: list[Awaited[Target]],
    presentation: _Presentation[Target],
) -> dict[str, Any]:
    stage, key = params["wait_for"], presentation.key

    def measure(items: list[Awaited[Target]]) -> Progress:
        return measure_awaited(items, stage, context.client.now)

    report = _reporter(
        context,
        params,
        say,
        f"{len(awaited)} {key if len(awaited) != 1 else key[:-1]}",
        measure,
        opening=f"waiting for {stage}: {shorten([item.subject for item in awaited])}",
    )
    latest = Waited(done=False, last=awaited, elapsed=0.0)

    def note(waited: Waited[list[Awaited[Target]]]) -> None:
        nonlocal latest
        latest = waited
        report(waited)

    def result() -> dict[str, Any]:
        statuses = list_statuses(latest.last) or "there is nothing to wait for"
        return {
            "changed": False,
            key: [presentation.view(item) for item in latest.last],
            "elapsed": round(latest.elapsed, 1),
            "msg": context.headline(f"waited {latest.duration}, {statuses}"),
        }

    try:
        wait_for_stage(
            context,
            awaited,
            stage,
            _waiting(context, params),
            with_rows=context.wants_devices(params["return_devices"]),
            report=note,
        )
    except FotaError as error:
        payload: dict[str, Any] = error.payload()
        named = FotaError(f"{error}; before that, {list_statuses(latest.last)}", **payload)
        raise TaskFailure(named, result()) from error
    failure = None if context.check_mode else explain_unreached(latest, stage)
    return context.conclude(result(), presentation.rows(latest.last), failure=failure)


def _given(context: Context, params: Mapping[str, Any], *options: str) -> list[list[str]]:
    """Give the ids or names of each option, every value once.

    In check mode an empty value stands for what an earlier task would have created.

    :raises InvalidValue: a value is empty, or there is none at all.
    """
    given = []
    for option in options:
        values = list(dict.fromkeys(value.strip() for value in params.get(option) or ()))
        if not all(values) and not context.check_mode:
            raise InvalidValue(option, params[option], "must not hold an empty value")
        given.append([value for value in values if value])
    if not any(given) and not context.check_mode:
        raise InvalidValue(options[0], [], "must name something to wait for")
    return given


def _find_upgrades(context: Context, params: Mapping[str, Any]) -> list[Awaited[Upgrade]]:
    (ids,) = _given(context, params, "upgrade_ids")
    return [Awaited(upgrade) for upgrade in context.client.map(context.v1.get_upgrade, ids)]


def _find_campaigns(context: Context, params: Mapping[str, Any]) -> list[Awaited[Campaign]]:
    ids, names = _given(context, params, "campaign_ids", "names")
    service = context.campaigns(CampaignType(params["type"]))
    found = context.client.map(service.get_campaign, ids)
    listed = list_all_campaigns(service) if names else []
    if not {*names} <= {campaign.name for campaign in listed}:
        listed += list_once_more(service)
    latest = {campaign.id: campaign for campaign in listed}.values()
    for name in names:
        spec = CampaignSpec(subject=f"campaign {name}", type=service.type, name=name)
        chosen = choose_campaign(spec, [campaign for campaign in latest if campaign.name == name])
        if chosen is not None:
            found.append(chosen)
        elif context.check_mode:
            context.warnings.append(f"there is no campaign {name} yet to wait for")
        else:
            raise FotaError(
                f"campaign {name}: no report of the service lists it",
                kind="refused",
                hint="check the name and type; a campaign that was just accepted, or is about to"
                " start, can be missing from all reports for a while, so prefer campaign_ids",
            )
    return [Awaited(campaign) for campaign in {item.id: item for item in found}.values()]


def _waiting(context: Context, params: Mapping[str, Any]) -> Waiting:
    return READ_ONCE if context.check_mode else Waiting.declared(params)


def _reporter(
    context: Context,
    params: Mapping[str, Any],
    say: Say,
    subject: str,
    measure: Callable[[T], Progress],
    *,
    opening: str,
) -> Report[T]:
    """Give what reports the progress of a wait, in check mode nothing.

    :param opening: what is waited for.
    """
    lines = ProgressLines(params["progress_interval"], lambda line: say(context.headline(line)))
    limit = params["wait_timeout"]

    def report(waited: Waited[T]) -> None:
        if context.check_mode:
            return
        progress = measure(waited.last)
        if not lines.begun and not waited.done:
            most = describe_duration(limit)
            say(context.headline(f"{opening}, for {most} at most. {INTERRUPTIBLE}"))
        lines.offer(
            describe_progress(subject, progress, waited, limit=limit),
            news=(progress.news, waited.error is None),
            elapsed=waited.elapsed,
            last=waited.done or waited.elapsed >= limit,
        )

    return report
