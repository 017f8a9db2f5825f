# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_wait``: wait for campaigns, upgrades or a rollout, and tell how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .._client.errors import FotaError
from .._model.campaign import Campaign, CampaignDevice, CampaignType
from .._model.errors import InvalidValue
from .._model.imei import shorten
from .._model.status import FAR_ENOUGH
from .._model.upgrade import Upgrade
from .._plan.campaign_plan import CampaignSpec, choose_campaign
from .campaigns.info import CAMPAIGN_INFO_OPTIONS, report_rows, view_reported
from .campaigns.search import find_by_id, list_all_campaigns, list_once_more
from .context import Context
from .failure import TaskFailure
from .options import (
    RESULTS_FILE_OPTION,
    RETURN_DEVICES_OPTION,
    WAIT_FOR_OPTION,
    WAIT_OPTIONS,
    check_positive,
)
from .progress import (
    Progress,
    ProgressLines,
    Watched,
    measure_campaigns,
    measure_rollout,
    tell_progress,
    tell_span,
)
from .results_file import Rows
from .rollout.info import (
    ROLLOUT_OPTIONS,
    read_declared,
    rollout_rows,
    view_rollout,
    watch_rollout,
)
from .upgrades.ensure import upgrade_rows, view_upgrade
from .upgrades.stages import is_settled, wait_for_all
from .waiting import ONE_LOOK, Tell, Waited, Waiting

WAIT_MODULE_OPTIONS: dict[str, dict[str, Any]] = {
    "type": CAMPAIGN_INFO_OPTIONS["type"],
    "campaign_ids": {"type": "list", "elements": "str"},
    "names": {"type": "list", "elements": "str"},
    "upgrade_ids": {"type": "list", "elements": "str"},
    "rollout": {"type": "dict"},
    **{name: ROLLOUT_OPTIONS[name] for name in ("state", "journal", "last_run", "imei_check")},
    "wait_for": {**WAIT_FOR_OPTION["wait_for"], "default": "ended"},
    **{name: WAIT_OPTIONS[name] for name in ("wait_timeout", "wait_delay")},
    "progress_interval": {"type": "float", "default": 30.0},
    **RETURN_DEVICES_OPTION,
    **RESULTS_FILE_OPTION,
}
WAIT_MODULE_CONSTRAINTS: dict[str, Any] = {
    "required_one_of": [("campaign_ids", "names", "upgrade_ids", "rollout")],
    "mutually_exclusive": [
        ("campaign_ids", "upgrade_ids", "rollout"),
        ("names", "upgrade_ids", "rollout"),
    ],
}

INTERRUPTED = "Ctrl-C ends only the waiting, what was waited for goes on at the service."

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Awaited:
    """A campaign or upgrade that is waited for.

    :ivar rows: its devices; None while they were not read.
    """

    subject: str
    one: Campaign | Upgrade
    rows: Sequence[CampaignDevice] | None = None

    @property
    def told(self) -> str:
        return f"{self.subject} is {self.one.status}"


def wait_and_tell(context: Context, params: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Wait for what is declared. In check mode look once, and say nothing.

    :param say: takes a line on how the wait stands, every ``progress_interval`` seconds at most.
    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: a name or the rollout does not fit what is there.
    :raises TaskFailure: the time is over, or what is waited for cannot come any more; the result
        says how it stands.
    """
    check_positive(params, "progress_interval")
    if params.get("rollout") is not None:
        return _wait_for_rollout(context, params, say)
    return _Known(context, params).wait(say)


def _wait_for_rollout(context: Context, params: Mapping[str, Any], say: Say) -> dict[str, Any]:
    declared = read_declared(context, params)
    name = declared.spec.name
    tell = _teller(
        context,
        params,
        say,
        f"rollout {name}",
        measure_rollout,
        opening=f"waiting until something is to do in rollout {name}, or its phase changes",
    )
    stand = watch_rollout(context, declared, _waiting(context, params), tell=tell)
    result = view_rollout(context, declared, stand.last, params["return_devices"])
    result["elapsed"] = round(stand.elapsed, 1)
    when = result["next_check_after"]
    late = FotaError(
        f"waited {tell_span(stand.elapsed)} for something to do in rollout {name}, which is"
        f" {stand.last.phase.value}{stand.in_vain}",
        kind="timeout",
        hint="its campaigns go on at the service; run the same task again to go on waiting"
        + (f", something is expected at {when}" if when else ""),
    )
    failure = None if stand.done or context.check_mode else late
    return context.conclude(result, rollout_rows(stand.last), failure=failure)


class _Known:
    """Campaigns or upgrades of which the service has told the ids."""

    def __init__(self, context: Context, params: Mapping[str, Any]) -> None:
        self._context = context
        self._params = params
        self._wait_for: str = params["wait_for"]
        self._with_rows = context.wants_devices(params["return_devices"])
        self._key = "campaigns" if params.get("upgrade_ids") is None else "upgrades"

    def wait(self, say: Say) -> dict[str, Any]:
        known = self._find_campaigns() if self._key == "campaigns" else self._find_upgrades()
        tell = _teller(
            self._context,
            self._params,
            say,
            f"{len(known)} {self._key if len(known) != 1 else self._key[:-1]}",
            self._measure,
            opening=f"waiting for {self._wait_for}: {shorten([one.subject for one in known])}",
        )
        stand = Waited(done=False, last=known, elapsed=0.0)

        def note(latest: Waited[list[Awaited]]) -> None:
            nonlocal stand
            stand = latest
            tell(stand)

        waiting = _waiting(self._context, self._params)
        try:
            wait_for_all(self._context, known, self._read, self._is_settled, waiting, tell=note)
        except FotaError as error:
            payload: dict[str, Any] = error.payload()
            named = FotaError(f"{error}; before that, {_listed(stand.last)}", **payload)
            raise TaskFailure(named, self._result(stand)) from error
        failure = None if self._context.check_mode else self._judge(stand)
        rows = self._rows(stand.last)
        return self._context.conclude(self._result(stand), rows, failure=failure)

    def _given(self, option: str) -> list[str]:
        """Give the ids or names of an option, each once.

        In check mode an empty one stands for what a task before it would have made.
        """
        given = list(dict.fromkeys(one.strip() for one in self._params.get(option) or ()))
        if self._context.check_mode:
            return [one for one in given if one]
        if not all(given):
            raise InvalidValue(option, self._params[option], "holds an empty value")
        return given

    def _find_upgrades(self) -> list[Awaited]:
        ids = self._given("upgrade_ids")
        if not ids and not self._context.check_mode:
            raise InvalidValue("upgrade_ids", ids, "names nothing to wait for")
        found = self._context.client.map(self._context.v1.get_upgrade, ids)
        return [Awaited(f"upgrade {one.id}", one) for one in found]

    def _find_campaigns(self) -> list[Awaited]:
        ids, names = self._given("campaign_ids"), self._given("names")
        if not (ids or names or self._context.check_mode):
            raise InvalidValue("campaign_ids", ids, "names nothing to wait for")
        service = self._context.campaigns(CampaignType(self._params["type"]))
        found = [
            one
            for matches in self._context.client.map(
                lambda id_: find_by_id(service, id_, may_be_gone=False), ids
            )
            for one in matches
        ]
        listed = list_all_campaigns(service) if names else []
        if not {*names} <= {one.name for one in listed}:
            listed += list_once_more(service)
        latest = {one.id: one for one in listed}.values()
        for name in names:
            spec = CampaignSpec(subject=f"campaign {name}", type=service.type, name=name)
            chosen = choose_campaign(spec, [one for one in latest if one.name == name])
            if chosen is not None:
                found.append(chosen)
            elif self._context.check_mode:
                self._context.warnings.append(f"there is no campaign {name} yet to wait for")
            else:
                raise FotaError(
                    f"campaign {name}: no report of the service lists it",
                    kind="refused",
                    hint="check the name and type; a campaign that was just accepted, or is about"
                    " to start, can be in no report for a while, so better give campaign_ids",
                )
        once = {one.id: one for one in found}.values()
        return [Awaited(f"campaign {one.name} {one.id}", one) for one in once]

    def _read(self, known: Awaited) -> Awaited:
        one = known.one
        if isinstance(one, Upgrade):
            upgrade = self._context.v1.get_upgrade(one.id)
            return Awaited(known.subject, upgrade, upgrade.devices)
        service = self._context.campaigns(one.type)
        campaign = service.get_campaign(one.id)
        rows = service.list_campaign_devices(one.id) if self._with_rows else ()
        return Awaited(known.subject, campaign, rows)

    def _is_settled(self, known: Awaited) -> bool:
        return known.rows is not None and is_settled(known.one.state, self._wait_for)

    def _measure(self, seen: list[Awaited]) -> Progress:
        watched = []
        for known in seen:
            one = known.one
            days = one if isinstance(one, Upgrade) else one.schedule
            watched.append(Watched(one.status, one.state, days.start, days.end, known.rows or ()))
        return measure_campaigns(watched, self._wait_for, self._context.client.now)

    def _judge(self, stand: Waited[list[Awaited]]) -> FotaError | None:
        """Tell what kept the wait from its aim; None when it was reached."""
        late = [known for known in stand.last if not self._is_settled(known)]
        if late:
            ids = ", ".join(known.one.id for known in late)
            return FotaError(
                f"waited {tell_span(stand.elapsed)} for {self._wait_for}: {_listed(late)}"
                f"{stand.in_vain}",
                kind="timeout",
                hint="they go on at the service; to go on waiting, run the same task again with a"
                f" longer wait_timeout, or fota_wait with {self._key[:-1]}_ids: [{ids}]",
            )
        enough = FAR_ENOUGH[self._wait_for]
        stopped = [known for known in stand.last if known.one.state not in enough]
        if stopped:
            return FotaError(
                f"over without being {self._wait_for}: {_listed(stopped)}",
                kind="campaign_failed",
                hint="the devices of the result have reasons; CampaignRequestFailed often means"
                " wrong dates, more than 20 devices before a pilot, or no eligible device",
            )
        return None

    def _result(self, stand: Waited[list[Awaited]]) -> dict[str, Any]:
        """Give the result of the info module, and how long was waited."""
        return {
            "changed": False,
            self._key: [self._view(known) for known in stand.last],
            "elapsed": round(stand.elapsed, 1),
            "msg": self._context.headline(
                f"waited {tell_span(stand.elapsed)}, {_listed(stand.last) or 'nothing is there'}"
            ),
        }

    def _rows(self, seen: list[Awaited]) -> Rows:
        if self._key == "upgrades":
            return upgrade_rows(one.one for one in seen if isinstance(one.one, Upgrade))
        reported = ((one.one, one.rows or ()) for one in seen if isinstance(one.one, Campaign))
        return report_rows(reported)

    def _view(self, known: Awaited) -> dict[str, Any]:
        if isinstance(known.one, Upgrade):
            return view_upgrade(known.one, self._params["return_devices"])
        return view_reported(known.one, known.rows if self._with_rows else None, self._params)


def _listed(known: Sequence[Awaited]) -> str:
    return shorten([one.told for one in known])


def _waiting(context: Context, params: Mapping[str, Any]) -> Waiting:
    return ONE_LOOK if context.check_mode else Waiting.declared(params)


def _teller(
    context: Context,
    params: Mapping[str, Any],
    say: Say,
    subject: str,
    measure: Callable[[T], Progress],
    *,
    opening: str,
) -> Tell[T]:
    """Give what tells the progress of a wait, in check mode nothing.

    :param opening: what is waited for.
    """
    pace = ProgressLines(params["progress_interval"], lambda line: say(context.headline(line)))
    limit = params["wait_timeout"]

    def tell(stand: Waited[T]) -> None:
        if context.check_mode:
            return
        progress = measure(stand.last)
        if not pace.begun and not stand.done:
            say(context.headline(f"{opening}, for {tell_span(limit)} at most. {INTERRUPTED}"))
        pace.offer(
            tell_progress(
                subject,
                progress,
                elapsed=stand.elapsed,
                limit=limit,
                trouble=str(stand.trouble or ""),
            ),
            news=(progress.news, stand.trouble is None),
            elapsed=stand.elapsed,
            last=stand.done or stand.elapsed >= limit,
        )

    return tell
