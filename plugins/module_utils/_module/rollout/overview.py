# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_overview_info``: the rollouts of accounts, found by their campaign names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._client.errors import FotaError, ServiceRefused, ServiceUnavailable, UnexpectedReply
from ..._model.campaign import Campaign, CampaignDevice, CampaignType
from ..._model.errors import InvalidValue
from ..._model.text import count, visible
from ..._model.wire import count_by
from ..._plan.rollout.declaration.campaign_names import parse_name
from ..._plan.rollout.observation.activity import RolloutCampaigns, find_rollouts
from ..campaigns.search import list_readable_campaigns
from ..campaigns.view import view_day
from ..context import Context, open_context
from ..failure import TaskFailure, describe_failure
from ..options import CONNECTION_OPTIONS
from .journal import JournalProblem, LastPhase, read_last_phases
from .view import view_time

_UNREADABLE = (ServiceRefused, ServiceUnavailable, UnexpectedReply)

# The connection of an account; what it leaves out is that of the task, so nothing has a default.
_CONNECTION = {
    name: {key: value for key, value in option.items() if key not in ("default", "fallback")}
    for name, option in CONNECTION_OPTIONS.items()
}
OVERVIEW_OPTIONS: dict[str, dict[str, Any]] = {
    "accounts": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "connection": {"type": "dict", "default": {}, "options": _CONNECTION},
        },
    },
    "types": {
        "type": "list",
        "elements": "str",
        "choices": [type_.value for type_ in CampaignType],
        "default": [CampaignType.FIRMWARE.value],
    },
    "device_reports": {"type": "bool", "default": True},
    "journals": {"type": "list", "elements": "path", "default": []},
}


def connect_first(params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options with the connection of the first account, which the task is opened with."""
    accounts = params["accounts"]
    return _connect(params, accounts[0]) if accounts else dict(params)


def _connect(params: Mapping[str, Any], account: Mapping[str, Any]) -> dict[str, Any]:
    own = account["connection"] or {}
    return {**params, **{name: value for name, value in own.items() if value is not None}}


def inform_on_rollouts(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the campaigns of every account; one that cannot be read does not hide the others.

    :param context: of the first account.
    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises TaskFailure: something could not be read; the result has all that could.
    """
    phases, problems = read_last_phases(params["journals"])
    with ExitStack() as stack:
        contexts: dict[str, Context] = {}
        for place, account in enumerate(params["accounts"]):
            contexts[_check_name(place, account["name"], contexts)] = _open(
                context, params, place, stack
            )
        contexts = contexts or {context.account: context}
        accounts = [_read_account(name, each, params) for name, each in contexts.items()]
        for each in contexts.values():
            context.warnings += each.all_warnings()
    _add_phases(accounts, phases, problems)
    rollouts = sum(len(account["rollouts"]) for account in accounts)
    parts = [count(rollouts, "rollout"), count(len(accounts), "account")]
    journals = [visible(str(problem)) for problem in problems]
    unread = [
        f"{account['name']}: {reason}" for account in accounts for reason in account["unread"]
    ] + journals
    msg = context.headline(f"{' in '.join(parts)}{'; ' if unread else ''}{'; '.join(unread)}")
    result = {"changed": False, "accounts": accounts, "unread_journals": journals, "msg": msg}
    if unread:
        hint = "the result contains everything else; run again"
        raise TaskFailure(FotaError(msg, kind="unavailable", hint=hint), result)
    return result


def _check_name(place: int, name: str, known: Iterable[str]) -> str:
    if not name.strip() or name in known:
        reason = "must be a name that no other account has"
        raise InvalidValue(f"accounts[{place}].name", name, reason)
    return name


def _open(context: Context, params: Mapping[str, Any], place: int, stack: ExitStack) -> Context:
    """Open the connection of an account; nothing is called.

    :raises InvalidValue: its options cannot be used.
    """
    if place == 0:
        return context
    try:
        opened = open_context(
            _connect(params, params["accounts"][place]), check_mode=context.check_mode
        )
    except (InvalidValue, FotaError) as error:
        name = params["accounts"][place]["name"]
        raise InvalidValue(f"accounts[{place}].connection", name, str(error)) from error
    stack.enter_context(opened.client)
    return opened


def _read_account(name: str, context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the rollouts of an account as far as that is possible."""
    found: list[tuple[Campaign, Sequence[CampaignDevice]]] = []
    unread: list[str] = []
    failure: dict[str, Any] | None = None
    rollouts: list[dict[str, Any]] = []
    try:
        for type_ in dict.fromkeys(params["types"]):
            service = context.campaigns(CampaignType(type_))
            campaigns, missing = list_readable_campaigns(service)
            unread += missing
            found += _with_reports(service, campaigns, unread, wanted=params["device_reports"])
    except FotaError as error:
        message, failure = describe_failure(error)
        unread = [message]
        found = []
    else:
        rollouts = [_view(rollout) for rollout in find_rollouts(found, context.client.now)]
    return {
        "name": name,
        "account": context.account,
        **context.service(),
        "now": None if failure else view_time(context.client.now),
        "rollouts": rollouts,
        "other_campaigns": sum(parse_name(campaign.name) is None for campaign, _rows in found),
        "unread": sorted(unread),
        "failure": failure,
    }


def _with_reports(
    service: CampaignService, campaigns: Sequence[Campaign], unread: list[str], *, wanted: bool
) -> list[tuple[Campaign, Sequence[CampaignDevice]]]:
    """Give campaigns with the reports of those of rollouts; names what could not be read."""

    def read(campaign: Campaign) -> Sequence[CampaignDevice]:
        if not wanted or parse_name(campaign.name) is None:
            return ()
        try:
            return service.list_campaign_devices(campaign.id)
        except _UNREADABLE as error:
            unread.append(
                f"the report of campaign {campaign.name} ({campaign.id}) could not be read: {error}"
            )
            return ()

    return list(zip(campaigns, service.client.map(read, campaigns), strict=True))


def _view(rollout: RolloutCampaigns) -> dict[str, Any]:
    campaigns = rollout.campaigns
    last = max(campaigns, key=lambda own: own.name.wave)
    targets = {
        (own.campaign.make, own.campaign.model, own.campaign.to_version): None for own in campaigns
    }
    days = [own.campaign.schedule for own in campaigns]
    return {
        "rollout": rollout.name,
        "type": campaigns[0].campaign.type.value,
        "activity": rollout.activity.value,
        "since": view_day(rollout.since),
        "starts": view_day(rollout.starts),
        "first_day": view_day(min((day.start for day in days if day.start), default=None)),
        "last_day": view_day(max((day.end for day in days if day.end), default=None)),
        "wave": last.name.wave,
        "targets": [
            dict(zip(("make", "model", "version"), target, strict=True)) for target in targets
        ],
        "campaigns": count_by(own.campaign.state.value for own in campaigns),
        "devices": rollout.devices,
        "counts": count_by(rollout.results.values()),
        "campaign_ids": [own.campaign.id for own in campaigns],
        "journal": None,
    }


def _add_phases(
    accounts: Iterable[dict[str, Any]],
    phases: Mapping[str, LastPhase],
    problems: Sequence[JournalProblem],
) -> None:
    """Add the last phase to each rollout that a journal is of, or why the journal tells none.

    Rollouts of two accounts may have one name: then the campaigns that the journal names decide.
    """
    rollouts = [rollout for account in accounts for rollout in account["rollouts"]]
    names = Counter(rollout["rollout"] for rollout in rollouts)
    for rollout in rollouts:
        last = phases.get(rollout["rollout"])
        ids = rollout.pop("campaign_ids")
        own = [str(each) for each in problems if rollout["rollout"] in each.rollouts]
        rollout["journal_problem"] = visible("; ".join(own))
        if own:
            continue
        if last and (names[rollout["rollout"]] == 1 or last.campaign_ids.intersection(ids)):
            rollout["journal"] = {"phase": last.phase, "since": last.since, "at": last.at}
