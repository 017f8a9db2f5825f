# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_campaign``: make the declared campaigns true, one listing for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._client.errors import FotaError
from ..._model.campaign import Campaign, CampaignDevice, CampaignType, DeviceChange
from ..._model.firmware import Package
from ..._model.imei import shorten
from ..._model.status import FAR_ENOUGH, CampaignState
from ..._plan.campaign_plan import (
    CampaignPlan,
    CampaignSpec,
    choose_campaign,
    may_be_hidden,
    needs_catalogue,
    needs_creation,
    needs_device_report,
    plan_campaign,
)
from ..context import Context
from ..devices.firmware import query_devices
from ..options import check_positive
from ..results_file import Rows
from ..upgrades.stages import is_settled, wait_for_all
from ..waiting import Waited, Waiting, is_weather, wait_until
from .change_view import ACTION_COLUMNS, count_changes, diff_campaigns, view_actions
from .options import read_specs
from .search import find_by_id, find_hidden, list_all_campaigns, list_once_more
from .view import count_devices, view_campaign
from .writer import CampaignWriter

_COLUMNS = (*ACTION_COLUMNS, "campaign_id", "campaign")


@dataclass
class Progress:
    """One campaign on its way through the task."""

    plan: CampaignPlan
    service: CampaignService
    campaign: Campaign | None
    done: bool = False
    report: list[CampaignDevice] | None = None
    changes: dict[str, DeviceChange] = field(default_factory=dict)


def ensure_campaigns(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Plan every declared campaign, then write, then wait.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: a declaration cannot be reached; nothing was written for any of them.
    :raises TaskFailure: a write or a wait failed; the result says what was done before.
    """
    check_positive(params, "devices_per_call")
    specs, warnings = read_specs(params)
    context.warnings += warnings
    progress = _plan_all(context, specs)
    plans = [one.plan for one in progress]
    for plan in plans:
        context.warnings += plan.warnings
    failure: FotaError | None = None
    try:
        if not context.check_mode:
            _write_all(context, progress, params["devices_per_call"])
            if params["wait"]:
                _wait_all(context, progress, params)
    except FotaError as error:
        failure = error
    devices = Rows(_COLUMNS, _each_device(progress))
    return context.conclude(_result(context, progress, params), devices, failure=failure)


def _plan_all(context: Context, specs: Sequence[CampaignSpec]) -> list[Progress]:
    listed = {
        type_: _list_named(context.campaigns(type_), [one for one in specs if one.type is type_])
        for type_ in CampaignType
    }
    catalogue: list[Package] | None = None
    progress = []
    for spec in specs:
        service = context.campaigns(spec.type)
        if spec.campaign_id:
            matches = find_by_id(service, spec.campaign_id, may_be_gone=not spec.present)
        else:
            matches = [one for one in listed[spec.type] if one.name == spec.name]
        target = choose_campaign(spec, matches)
        if spec.name and spec.devices and may_be_hidden(spec, target):
            known = {one.id for one in listed[spec.type]}
            matches += find_hidden(service, spec.name, spec.devices, known)
            target = choose_campaign(spec, matches)
        looked_up = needs_creation(spec, target) and needs_catalogue(spec)
        if looked_up and catalogue is None:
            catalogue = context.v3.list_firmware()
        report = _read_report(context, service, spec, target)
        plan = plan_campaign(
            spec,
            target,
            report=report,
            catalogue=catalogue if looked_up else None,
            now=context.client.now,
        )
        if plan.create and spec.type is CampaignType.FIRMWARE and not spec.auto_assign_license:
            plan = replace(plan, warnings=plan.warnings + _license_warnings(context, spec))
        progress.append(Progress(plan, service, plan.current, report=report))
    return progress


def _list_named(service: CampaignService, specs: Sequence[CampaignSpec]) -> list[Campaign]:
    """List campaigns once for all declarations that go by name; once more if one is missing."""
    names = {spec.name for spec in specs if not spec.campaign_id}
    if not names:
        return []
    found = list_all_campaigns(service)
    if names <= {campaign.name for campaign in found}:
        return found
    return list({one.id: one for one in [*found, *list_once_more(service)]}.values())


def _read_report(
    context: Context, service: CampaignService, spec: CampaignSpec, target: Campaign | None
) -> list[CampaignDevice] | None:
    """Read the devices of the target; None when the service does not list them yet.

    The report of a pending campaign may still be empty, and reports lag behind (contract section
    14, question 16): an empty one is believed only when it stays so.
    """
    if target is None or not needs_device_report(spec, target):
        return None
    report = service.list_campaign_devices(target.id)
    if report:
        return report
    if target.state is CampaignState.PENDING:
        return None
    return wait_until(
        lambda: service.list_campaign_devices(target.id),
        bool,
        context.settling,
        sleep=context.sleep,
    ).last


def _license_warnings(context: Context, spec: CampaignSpec) -> tuple[str, ...]:
    """Say which devices the service will refuse for want of a licence (contract section 11)."""
    if not context.v3.get_subscription().needs_licenses:
        return ()
    ids = spec.devices or ()
    known = query_devices(context, ids).values()
    bare = [device.device_id for device in known if device.license_assigned is False]
    if not bare:
        return ()
    return (
        f"{spec.subject}: {len(bare)} of {len(ids)} devices have no licence and the account has no"
        f" event billing, so they will be rejected: {shorten(bare)}; assign licences first or set"
        " auto_assign_license: true",
    )


def _write_all(
    context: Context, progress: Sequence[Progress], devices_per_call: int | None
) -> None:
    refused: list[str] = []
    for one in progress:
        writer = CampaignWriter(
            one.service,
            settling=context.settling,
            sleep=context.sleep,
            devices_per_call=devices_per_call,
        )
        if not one.plan.changed:
            one.done = True
            continue
        written = writer.carry_out(one.plan)
        one.campaign, one.done = written.campaign, True
        one.changes = {change.device_id: change for change in written.device_changes}
        if written.unseen:
            context.warnings.append(
                f"{one.plan.spec.subject}: the service accepted the change of devices, but does"
                f" not show it yet for {len(written.unseen)} of them: {shorten(written.unseen)};"
                " run again to see"
            )
        refused += [
            f"{one.plan.spec.subject}: {change.device_id}: {change.status} {change.reason}".rstrip()
            for change in written.device_changes
            if not change.succeeded
        ]
    _refuse_rivals(progress)
    if refused:
        raise FotaError(
            f"{len(refused)} devices were not changed: {'; '.join(refused[:5])}"
            + (f" and {len(refused) - 5} more" if len(refused) > 5 else ""),
            kind="devices_refused",
            hint="the other changes were made; the result lists every device",
        )


def _refuse_rivals(progress: Sequence[Progress]) -> None:
    """After creating, look once whether somebody else created the same name meanwhile."""
    created = [one for one in progress if one.plan.create]
    for type_ in CampaignType:
        mine = {one.plan.spec.name: one for one in created if one.plan.spec.type is type_}
        if not mine:
            continue
        service = next(iter(mine.values())).service
        for rival in list_all_campaigns(service):
            one = mine.get(rival.name)
            if one and one.campaign and rival.id != one.campaign.id and not rival.state.over:
                raise FotaError(
                    f"{one.plan.spec.subject}: {one.campaign.id} was created, and meanwhile"
                    f" somebody else created {rival.id} ({rival.status}) with the same name",
                    kind="ambiguous",
                    hint="the service lets a device be in one of them only; cancel one of the two"
                    " with state: absent and its campaign_id",
                )


def _wait_all(context: Context, progress: Sequence[Progress], params: Mapping[str, Any]) -> None:
    wait_for = params["wait_for"]
    waiting = [one for one in progress if one.plan.spec.present and one.campaign is not None]

    def note(stand: Waited[list[Campaign]]) -> None:
        for one, campaign in zip(waiting, stand.last, strict=True):
            one.campaign = campaign

    waited = wait_for_all(
        context,
        [one.campaign for one in waiting if one.campaign],
        lambda known: context.campaigns(known.type).get_campaign(known.id),
        lambda campaign: is_settled(campaign.state, wait_for),
        Waiting.declared(params),
        tell=note,
    )
    late = [campaign for campaign in waited.last if not is_settled(campaign.state, wait_for)]
    try:
        _read_reports(context, waiting)
    except FotaError as error:
        if not late or not is_weather(error):
            raise
    if late:
        listed = ", ".join(f"{one.name} {one.id} is {one.status}" for one in late)
        raise FotaError(
            f"waited {waited.elapsed:.0f} s for {wait_for}: {listed}{waited.in_vain}",
            kind="timeout",
            hint="the campaigns go on; run the same task again to go on waiting, with a longer"
            f" wait_timeout, or follow campaign_id {late[0].id} with fota_campaign_info",
        )
    _fail_stopped(waiting, FAR_ENOUGH[wait_for])


def _read_reports(context: Context, progress: Sequence[Progress]) -> None:
    pairs = [(one.service, one.campaign.id) for one in progress if one.campaign]
    reports = context.client.map(lambda pair: pair[0].list_campaign_devices(pair[1]), pairs)
    for one, report in zip(progress, reports, strict=True):
        one.report = report


def _fail_stopped(progress: Sequence[Progress], enough: frozenset[CampaignState]) -> None:
    stopped = [
        one.campaign
        for one in progress
        if one.campaign and one.campaign.state not in enough and not _was_over(one)
    ]
    if stopped:
        listed = ", ".join(f"{one.name} {one.id} is {one.status}" for one in stopped)
        raise FotaError(
            f"stopped before the end: {listed}",
            kind="campaign_failed",
            hint="fota_campaign_info shows the reason per device; CampaignRequestFailed often means"
            " wrong dates, more than 20 devices before a pilot, or no eligible device",
        )


def _was_over(one: Progress) -> bool:
    """The campaign had ended before this task, which says so by its result, not by failing."""
    return not one.plan.changed and one.plan.current is not None and one.plan.current.state.over


def _result(
    context: Context, progress: Sequence[Progress], params: Mapping[str, Any]
) -> dict[str, Any]:
    views = [
        _view(one, params["return_devices"], check_mode=context.check_mode) for one in progress
    ]
    changed = [view for view in views if view["action"] != "none"]
    result: dict[str, Any] = {
        "changed": any(_has_changed(one, check_mode=context.check_mode) for one in progress),
        "campaigns": views,
        "diff": diff_campaigns([one.plan for one in progress]),
        "msg": context.headline(_summary(views, len(changed), check_mode=context.check_mode)),
    }
    if params.get("campaigns") is None:
        result["campaign"] = views[0]
    return result


def _has_changed(one: Progress, *, check_mode: bool) -> bool:
    plan = one.plan
    if check_mode or not one.done:
        return plan.changed and check_mode
    changed = count_changes(plan.devices, one.changes)
    return bool(plan.create or plan.schedule or plan.cancel or any(changed.values()))


def _view(one: Progress, return_devices: str, *, check_mode: bool) -> dict[str, Any]:
    campaign = one.plan.predicted if check_mode else one.campaign
    report = one.report or ()
    declared = view_campaign(campaign) if campaign else {"name": one.plan.spec.name}
    return {
        **declared,
        "action": one.plan.action,
        "done": one.done,
        "counts": {
            **count_changes(one.plan.devices, one.changes),
            **count_devices(report),
        },
        "devices": list(_view_devices(one, return_devices)),
    }


def _view_devices(one: Progress, wanted: str) -> Iterator[dict[str, Any]]:
    return view_actions(one.plan.devices.actions, one.changes, one.report or (), wanted)


def _each_device(progress: Sequence[Progress]) -> Iterator[dict[str, Any]]:
    """Give every device of every campaign."""
    for one in progress:
        id_ = one.campaign.id if one.campaign else ""
        name = one.campaign.name if one.campaign else one.plan.spec.name
        for view in _view_devices(one, "all"):
            yield {**view, "campaign_id": id_, "campaign": name}


def _summary(views: Sequence[Mapping[str, Any]], changed: int, *, check_mode: bool) -> str:
    if len(views) == 1:
        view = views[0]
        word = view["action"] if view["action"] != "none" else "unchanged"
        return f"campaign {view.get('name')}: {word}, {view.get('status', 'not there')}"
    return f"{changed} of {len(views)} campaigns {'would change' if check_mode else 'changed'}"
