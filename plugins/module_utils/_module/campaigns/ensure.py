# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_campaign``: plan and write the declared campaigns, listed only once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..._api.campaign_service import CampaignService
from ..._client.errors import FotaError, ServiceRefused
from ..._model.campaign import Campaign, CampaignDevice, CampaignType, DeviceChange
from ..._model.firmware import Package
from ..._model.imei import shorten
from ..._model.status import LIVE_REPORT_STATUSES, CampaignState
from ..._model.text import count
from ..._plan.campaign_plan import (
    CampaignPlan,
    CampaignSpec,
    choose_campaign,
    may_be_unlisted,
    needs_catalog,
    needs_creation,
    needs_device_report,
    plan_campaign,
)
from ..awaited import Awaited, describe_rejected, explain_unreached, wait_for_stage
from ..context import Context
from ..devices.firmware import query_devices
from ..options import check_positive
from ..results_file import Rows
from ..waiting import Waited, Waiting, is_transient, wait_for
from .change_view import (
    ACTION_COLUMNS,
    count_changes,
    diff_campaigns,
    view_actions,
    view_changes,
)
from .options import read_specs
from .search import find_by_id, find_unlisted, list_all_campaigns, list_once_more
from .view import view_campaign
from .writer import CampaignWriter

_COLUMNS = (*ACTION_COLUMNS, "campaign_id", "campaign")


@dataclass
class CampaignEntry:
    """A declared campaign on its way through the task.

    :ivar campaign: as it was read last.
    :ivar done: whether the plan was carried out.
    :ivar report: its devices, as far as they were read.
    """

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
    entries = _plan_all(context, specs)
    for entry in entries:
        context.warnings += entry.plan.warnings
    failure: FotaError | None = None
    try:
        if not context.check_mode:
            _write_all(context, entries, params["devices_per_call"])
            if params["wait"]:
                _wait(context, entries, params)
    except FotaError as error:
        failure = error
    for entry in entries:
        if entry.plan.spec.present and not entry.plan.was_over:
            context.warnings += describe_rejected(entry.plan.spec.subject, entry.report or ())
    devices = Rows(_COLUMNS, _each_device(entries))
    return context.conclude(_result(context, entries, params), devices, failure=failure)


def _plan_all(context: Context, specs: Sequence[CampaignSpec]) -> list[CampaignEntry]:
    listed = {
        type_: _list_named(context.campaigns(type_), [spec for spec in specs if spec.type is type_])
        for type_ in CampaignType
    }
    catalog: list[Package] | None = None
    entries = []
    for spec in specs:
        service = context.campaigns(spec.type)
        if spec.campaign_id:
            matches = find_by_id(
                service.get_campaign, spec.campaign_id, may_be_gone=not spec.present
            )
        else:
            matches = [campaign for campaign in listed[spec.type] if campaign.name == spec.name]
        target = choose_campaign(spec, matches)
        if spec.name and spec.devices and may_be_unlisted(spec, target):
            known = {campaign.id for campaign in listed[spec.type]}
            matches += find_unlisted(service, spec.name, spec.devices, known)
            target = choose_campaign(spec, matches)
        looked_up = needs_creation(spec, target) and needs_catalog(spec)
        if looked_up and catalog is None:
            catalog = context.v3.list_firmware()
        report = _read_report(context, service, spec, target)
        plan = plan_campaign(
            spec,
            target,
            report=report,
            catalog=catalog if looked_up else None,
            now=context.client.now,
        )
        licensed = spec.auto_assign_license or spec.licenses_done
        if plan.create and spec.type is CampaignType.FIRMWARE and not licensed:
            plan = replace(plan, warnings=plan.warnings + _license_warnings(context, spec))
        entries.append(CampaignEntry(plan, service, plan.current, report=report))
    return entries


def _list_named(service: CampaignService, specs: Sequence[CampaignSpec]) -> list[Campaign]:
    """List campaigns once for all declarations that go by name; once more if one is missing."""
    names = {spec.name for spec in specs if not spec.campaign_id}
    if not names:
        return []
    found = list_all_campaigns(service)
    if names <= {campaign.name for campaign in found}:
        return found
    found += list_once_more(service)
    return list({campaign.id: campaign for campaign in found}.values())


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
    if report or target.state.over:
        return report
    if target.state is CampaignState.PENDING:
        return None
    return wait_for(
        lambda: service.list_campaign_devices(target.id),
        bool,
        context.settling,
        sleep=context.sleep,
    ).last


def _license_warnings(context: Context, spec: CampaignSpec) -> tuple[str, ...]:
    """Name the devices that the service will reject without a license (contract section 11)."""
    if not context.v3.get_subscription().needs_licenses:
        return ()
    ids = spec.devices or ()
    known = query_devices(context, ids).values()
    bare = [device.device_id for device in known if device.license_assigned is False]
    if not bare:
        return ()
    return (
        f"{spec.subject}: {len(bare)} of {count(len(ids), 'device')} without a license, and the"
        f" account has no event billing, so they will be rejected: {shorten(bare)}; assign licenses"
        " first or set"
        " auto_assign_license: true",
    )


def _write_all(
    context: Context, entries: Sequence[CampaignEntry], devices_per_call: int | None
) -> None:
    refused: list[str] = []
    for entry in entries:
        if not entry.plan.changed:
            entry.done = True
            continue
        writer = CampaignWriter(context, entry.service, devices_per_call=devices_per_call)
        try:
            written = writer.carry_out(entry.plan)
        except ServiceRefused as error:
            payload: dict[str, Any] = error.payload()
            raise ServiceRefused(f"{entry.plan.spec.subject}: {error}", **payload) from error
        entry.campaign, entry.done = written.campaign, True
        entry.changes = {change.device_id: change for change in written.device_changes}
        subject = entry.plan.spec.subject
        if written.unseen:
            context.warnings.append(
                f"{subject}: the service accepted the change of devices, but does not show it yet"
                f" for {len(written.unseen)} of them: {shorten(written.unseen)}; run again to see"
            )
        refused += [
            f"{subject}: {change.device_id}: {change.status} {change.reason}".rstrip()
            for change in written.device_changes
            if not change.succeeded
        ]
    _refuse_rivals(entries)
    if refused:
        raise FotaError(
            f"{count(len(refused), 'device')} not changed: {'; '.join(refused[:5])}"
            + (f" and {len(refused) - 5} more" if len(refused) > 5 else ""),
            kind="devices_refused",
            hint="the other changes were made; the result lists every device",
        )


def _refuse_rivals(entries: Sequence[CampaignEntry]) -> None:
    """After creating, check once whether another task has a live one of the same name meanwhile."""
    for type_ in CampaignType:
        created = {
            entry.plan.spec.name: entry
            for entry in entries
            if entry.plan.create and entry.plan.spec.type is type_
        }
        if not created:
            continue
        service = next(iter(created.values())).service
        for rival in list_all_campaigns(service, statuses=LIVE_REPORT_STATUSES):
            entry = created.get(rival.name)
            own = entry.campaign if entry else None
            if entry and own and rival.id != own.id and not rival.state.over:
                raise FotaError(
                    f"{entry.plan.spec.subject}: {own.id} was created, and meanwhile {rival.id}"
                    f" ({rival.status}) with the same name was created elsewhere",
                    kind="ambiguous",
                    hint="the service lets a device be in one of them only; cancel one of the two"
                    " with state: absent and its campaign_id",
                )


def _wait(context: Context, entries: Sequence[CampaignEntry], params: Mapping[str, Any]) -> None:
    present = [entry for entry in entries if entry.plan.spec.present and entry.campaign]
    unfinished = [entry for entry in present if not entry.plan.was_over]
    stage = params["wait_for"]

    def keep(waited: Waited[list[Awaited[Campaign]]]) -> None:
        for entry, awaited in zip(unfinished, waited.last, strict=True):
            entry.campaign = awaited.target

    waited = wait_for_stage(
        context,
        [Awaited(entry.campaign, rows=()) for entry in unfinished if entry.campaign],
        stage,
        Waiting.declared(params),
        report=keep,
    )
    try:
        _read_reports(context, present)
    except FotaError as error:
        if waited.done or not is_transient(error):
            raise
    failure = explain_unreached(waited, stage)
    if failure is not None:
        raise failure


def _read_reports(context: Context, entries: Sequence[CampaignEntry]) -> None:
    pairs = [(entry.service, entry.campaign.id) for entry in entries if entry.campaign]
    reports = context.client.map(lambda pair: pair[0].list_campaign_devices(pair[1]), pairs)
    for entry, report in zip(entries, reports, strict=True):
        entry.report = report


def _result(
    context: Context, entries: Sequence[CampaignEntry], params: Mapping[str, Any]
) -> dict[str, Any]:
    check_mode = context.check_mode
    views = [_view(entry, params["return_devices"], check_mode=check_mode) for entry in entries]
    changed = [view for view in views if view["action"] != "none"]
    result: dict[str, Any] = {
        "changed": any(_has_changed(entry, check_mode=check_mode) for entry in entries),
        "campaigns": views,
        "diff": diff_campaigns([entry.plan for entry in entries]),
        "msg": context.headline(_summary(views, len(changed), check_mode=check_mode)),
    }
    if params.get("campaigns") is None:
        result["campaign"] = views[0]
    return result


def _has_changed(entry: CampaignEntry, *, check_mode: bool) -> bool:
    plan = entry.plan
    if check_mode or not entry.done:
        return plan.changed and check_mode
    changed = count_changes(plan.devices, entry.changes)
    return bool(plan.create or plan.schedule or plan.cancel or any(changed.values()))


def _view(entry: CampaignEntry, return_devices: str, *, check_mode: bool) -> dict[str, Any]:
    campaign = entry.plan.predicted if check_mode else entry.campaign
    return {
        **(view_campaign(campaign) if campaign else {"name": entry.plan.spec.name}),
        "done": entry.done,
        **view_changes(entry.plan, entry.changes, entry.report or (), return_devices),
    }


def _each_device(entries: Sequence[CampaignEntry]) -> Iterator[dict[str, Any]]:
    """Give every device of every campaign."""
    for entry in entries:
        id_ = entry.campaign.id if entry.campaign else ""
        name = entry.campaign.name if entry.campaign else entry.plan.spec.name
        actions = entry.plan.devices.actions
        for view in view_actions(actions, entry.changes, entry.report or (), "all"):
            yield {**view, "campaign_id": id_, "campaign": name}


def _summary(views: Sequence[Mapping[str, Any]], changed: int, *, check_mode: bool) -> str:
    if len(views) == 1:
        view = views[0]
        word = view["action"] if view["action"] != "none" else "unchanged"
        return f"campaign {view.get('name')}: {word}, {view.get('status', 'not there')}"
    return f"{changed} of {len(views)} campaigns {'would change' if check_mode else 'changed'}"
