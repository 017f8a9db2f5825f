# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan one campaign (v2 or v3): compare what is declared with what exists.

The use-case lets :func:`choose_campaign` pick the campaign among those of its name or id, reads
its devices where :func:`needs_device_report` says so, and then asks for the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from .._model.campaign import (
    PILOT_DEVICES,
    Campaign,
    CampaignDevice,
    CampaignRequest,
    CampaignType,
    Schedule,
)
from .._model.firmware import Package
from .._model.imei import shorten
from .._model.status import CampaignState
from .._model.text import count
from .._model.windows import Window
from .campaign_dates import changed_members, changed_schedule
from .device_difference import DeviceDifference, DevicesMode, compare_devices, leave_alone
from .packages import find_package
from .plan import Plan
from .refusal import PlanRefused, refuse_past

# States that take other devices. PreScheduled is inferred from "not once Scheduled" (section 6).
DEVICES_CHANGEABLE = frozenset(
    {CampaignState.PENDING, CampaignState.QUEUED, CampaignState.PRESCHEDULED}
)

# Sent when neither the declaration nor the catalog names a protocol.
DEFAULT_PROTOCOL = {CampaignType.FIRMWARE: "LWM2M", CampaignType.SOFTWARE: "HTTP"}


@dataclass(frozen=True)
class ScheduleSpec:
    """Declared dates and windows; None means not declared. An empty tuple clears windows."""

    start: date | None = None
    end: date | None = None
    windows: tuple[Window, ...] | None = None
    download_after: date | None = None
    download_windows: tuple[Window, ...] | None = None
    install_after: date | None = None
    install_windows: tuple[Window, ...] | None = None

    def over(self, current: Schedule) -> Schedule:
        """Give ``current`` with every declared member in place of its own."""
        declared = {name: value for name, value in vars(self).items() if value is not None}
        return replace(current, **declared)


@dataclass(frozen=True)
class CampaignSpec:
    """One declared campaign; None means not declared, so left as it is.

    :ivar subject: how errors name it.
    """

    subject: str
    type: CampaignType
    present: bool = True
    campaign_id: str | None = None
    name: str | None = None
    package: str | None = None
    from_version: str | None = None
    to_version: str | None = None
    protocol: str | None = None
    schedule: ScheduleSpec = ScheduleSpec()
    devices: tuple[str, ...] | None = field(default=None, repr=False)
    devices_mode: DevicesMode = DevicesMode.AT_LEAST
    auto_assign_license: bool | None = None
    auto_add_devices: bool | None = None
    pilot_done: bool = False
    licenses_done: bool = False
    abort_started: bool = False
    recreate: bool = False
    is_file: bool = False


@dataclass(frozen=True)
class CampaignPlan(Plan):
    """What would be written, and what will exist afterwards.

    :ivar current: the campaign as it is; None when there is none.
    :ivar predicted: the campaign as it will be; None when there will be none.
    :ivar create: the request that makes it; ``schedule`` and ``cancel`` are then empty.
    :ivar schedule: the full set of dates and windows to send, when they change.
    """

    spec: CampaignSpec
    current: Campaign | None
    predicted: Campaign | None
    current_devices: tuple[str, ...] | None = None
    predicted_devices: tuple[str, ...] | None = None
    create: CampaignRequest | None = None
    schedule: Schedule | None = None
    devices: DeviceDifference = DeviceDifference(add=(), remove=(), after=(), actions=())
    cancel: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.create or self.schedule or self.devices or self.cancel)


def choose_campaign(spec: CampaignSpec, matches: Sequence[Campaign]) -> Campaign | None:
    """Pick the campaign that ``spec`` means among those that carry its name or id.

    :returns: the live campaign, else the campaign that ended last, else None.
    :raises PlanRefused: several are live, or the campaign of the id has another name.
    """
    if spec.campaign_id and spec.name:
        for campaign in matches:
            if campaign.name != spec.name:
                raise PlanRefused(
                    spec.subject,
                    f"campaign {campaign.id} has the name {campaign.name!r}, not {spec.name!r}",
                    hint="declare only campaign_id or only name, or the two of the same"
                    " campaign; a campaign cannot be renamed",
                )
    live = [campaign for campaign in matches if not campaign.state.over]
    if len(live) > 1:
        listed = ", ".join(
            f"{campaign.id} ({campaign.status}, {campaign.package}, from {campaign.schedule.start})"
            for campaign in live
        )
        raise PlanRefused(
            spec.subject,
            f"{len(live)} live campaigns have this name: {listed}",
            hint="declare campaign_id to say which one is meant",
        )
    if live:
        return live[0]
    return max(matches, key=_when, default=None)


def _when(campaign: Campaign) -> tuple[date, date, str]:
    start = campaign.schedule.start or date.min
    return (campaign.schedule.end or start, start, campaign.id)


def may_be_unlisted(spec: CampaignSpec, target: Campaign | None) -> bool:
    """Tell whether a live campaign of this name, which no report lists, would change the plan.

    The reports do not list campaigns in CampaignPreScheduled (contract section 14, question 2). If
    a campaign of the name has ended and is not to be created again, another one does not matter.
    If it was refused, another one does: it may be the reason, as it has the same devices.
    """
    if spec.campaign_id is not None:
        return False
    if target is None or target.state in (CampaignState.REQUEST_FAILED, CampaignState.FAILED):
        return True
    return target.state.over and (spec.recreate or not spec.present)


def needs_creation(spec: CampaignSpec, target: Campaign | None) -> bool:
    """Tell whether the declaration asks for a campaign that is not there."""
    if not spec.present or spec.campaign_id or spec.devices_mode is DevicesMode.REMOVE:
        return False
    return target is None or (target.state.over and spec.recreate)


def needs_catalog(spec: CampaignSpec) -> bool:
    """Tell whether the versions of a campaign to create have to be looked up."""
    known = spec.is_file or (spec.from_version and spec.to_version)
    return bool(spec.package) and not known


def needs_device_report(spec: CampaignSpec, target: Campaign | None) -> bool:
    """Tell whether the plan depends on the devices that the campaign has, or had."""
    if not spec.present or spec.devices is None or target is None:
        return False
    if target.state.over:
        return target.state is CampaignState.ENDED and spec.devices_mode is not DevicesMode.REMOVE
    return True


def plan_campaign(
    spec: CampaignSpec,
    target: Campaign | None,
    *,
    report: Sequence[CampaignDevice] | None = None,
    catalog: Sequence[Package] | None = None,
    now: datetime,
) -> CampaignPlan:
    """Plan one campaign.

    :param target: what :func:`choose_campaign` gave.
    :param report: the target's devices; None when not read, or not filled by the service yet.
    :param catalog: published packages, when versions have to be looked up.
    :param now: the service's clock.
    :raises PlanRefused: what is declared cannot be reached; nothing was written.
    """
    if not spec.present:
        return _plan_absent(spec, target, now.date())
    if needs_creation(spec, target):
        return _plan_creation(spec, target, catalog, now.date())
    if target is None:
        return _plan_nothing_there(spec)
    _refuse_other_identity(spec, target)
    if target.state.over:
        return _plan_ended(spec, target, report)
    return _plan_update(spec, target, report, now)


def _plan_nothing_there(spec: CampaignSpec) -> CampaignPlan:
    if spec.campaign_id:
        raise PlanRefused(
            spec.subject,
            "the service has no campaign with this id",
            hint="check campaign_id and account, or declare a name to create one",
        )
    return CampaignPlan(
        spec=spec,
        current=None,
        predicted=None,
        devices=leave_alone(spec.devices, "there is no campaign"),
    )


def _plan_absent(spec: CampaignSpec, target: Campaign | None, today: date) -> CampaignPlan:
    if target is None or target.state.over:
        return CampaignPlan(
            spec=spec, current=target, predicted=target, warnings=_absence_warnings(spec, target)
        )
    _refuse_other_identity(spec, target)
    started = target.started(today)
    if started and not spec.abort_started:
        raise PlanRefused(
            spec.subject,
            f"campaign {target.id} has started ({target.status} since {target.schedule.start}):"
            " its devices may be updating now",
            hint="to try to abort it anyway, set abort_started: true; to end it early, declare an"
            " earlier end_date (24 hours ahead or later)",
        )
    word = "CampaignAborted" if started else "CampaignCancelled"
    return CampaignPlan(
        spec=spec, current=target, predicted=replace(target, status=word), cancel=True
    )


def _absence_warnings(spec: CampaignSpec, target: Campaign | None) -> tuple[str, ...]:
    unseen = target is None and spec.type is CampaignType.FIRMWARE
    if not unseen or spec.campaign_id or spec.devices:
        return ()
    return (
        f"{spec.subject}: no report of the service lists it, so it counts as absent; campaigns in"
        " CampaignPreScheduled are not listed: declare campaign_id or its devices to be sure",
    )


def _plan_creation(
    spec: CampaignSpec,
    ended: Campaign | None,
    catalog: Sequence[Package] | None,
    today: date,
) -> CampaignPlan:
    _refuse_incomplete(spec)
    schedule = spec.schedule.over(Schedule(start=None, end=None))
    if schedule.start is not None:
        refuse_past(spec.subject, "start_date", schedule.start, today)
    package = (
        None
        if catalog is None
        else find_package(spec.subject, spec.package or "", catalog, api_version="v3")
    )
    request = CampaignRequest(
        type=spec.type,
        name=spec.name or "",
        package=spec.package or "",
        from_version=spec.from_version or (package.from_version if package else ""),
        to_version=spec.to_version or (package.to_version if package else ""),
        protocol=spec.protocol
        or (package.request_protocol if package else "")
        or DEFAULT_PROTOCOL[spec.type],
        schedule=schedule,
        devices=spec.devices or (),
        auto_assign_license=bool(spec.auto_assign_license),
        auto_add_devices=bool(spec.auto_add_devices),
        is_file=spec.is_file,
    )
    firmware = spec.type is CampaignType.FIRMWARE
    return CampaignPlan(
        spec=spec,
        current=ended,
        predicted=Campaign(
            id="",
            type=spec.type,
            name=request.name,
            package=request.package,
            from_version=request.from_version,
            to_version=request.to_version,
            protocol=request.protocol,
            make=package.make if package else "",
            model=package.model if package else "",
            status="CampaignRequestPending",
            schedule=schedule,
            auto_assign_license=request.auto_assign_license if firmware else None,
            auto_add_devices=request.auto_add_devices if firmware else None,
        ),
        current_devices=None,
        predicted_devices=request.devices,
        create=request,
        devices=compare_devices(request.devices, (), DevicesMode.AT_LEAST),
        warnings=_pilot_warnings(spec, request.package, len(request.devices)),
    )


def _refuse_incomplete(spec: CampaignSpec) -> None:
    needed = {
        "name": spec.name,
        "package": spec.package,
        "start_date": spec.schedule.start,
        "end_date": spec.schedule.end,
        "devices": spec.devices,
    }
    missing = [option for option, value in needed.items() if not value]
    if missing:
        raise PlanRefused(
            spec.subject,
            "there is no live campaign, and these options are missing to create it: "
            + ", ".join(missing),
            hint="declare them, or check the name and the account; no report of the service lists a"
            " campaign in CampaignPreScheduled: only its campaign_id or its devices find it",
        )


def _pilot_warnings(spec: CampaignSpec, package: str, devices: int) -> tuple[str, ...]:
    if devices <= PILOT_DEVICES or spec.pilot_done:
        return ()
    return (
        f"{spec.subject}: {count(devices, 'device')}; the service accepts at most {PILOT_DEVICES}"
        f" until a pilot of 5 to 20 devices had 50 % success with {package}, and refuses more only"
        " later, with CampaignRequestFailed",
    )


def _plan_ended(
    spec: CampaignSpec, target: Campaign, report: Sequence[CampaignDevice] | None
) -> CampaignPlan:
    if spec.recreate and spec.campaign_id:
        raise PlanRefused(
            spec.subject,
            f"campaign {target.id} is over ({target.status}), and a new one would get another id",
            hint="to create it again, declare its name instead of campaign_id",
        )
    ignored = _ignored_differences(spec, target, report)
    warnings: tuple[str, ...] = ()
    if ignored or target.state is not CampaignState.ENDED:
        unused = f"; this is ignored: {'; '.join(ignored)}" if ignored else ""
        create = "recreate: true" if spec.name else "its name with recreate: true"
        warnings = (
            f"{spec.subject}: campaign {target.id} is over with {target.status} and is not created"
            f" again{unused}; {create} schedules a new one",
        )
    return CampaignPlan(
        spec=spec,
        current=target,
        predicted=target,
        devices=leave_alone(spec.devices, "campaign is over"),
        warnings=warnings,
    )


def _ignored_differences(
    spec: CampaignSpec, target: Campaign, report: Sequence[CampaignDevice] | None
) -> list[str]:
    """Describe what is declared otherwise than the campaign had it before it ended."""
    found = changed_members(target.schedule, spec.schedule.over(target.schedule))
    if spec.devices is None or report is None:
        return found
    difference = compare_devices(spec.devices, (row.device_id for row in report), spec.devices_mode)
    if difference.add:
        found.append(
            f"{count(len(difference.add), 'device')} that it did not have:"
            f" {shorten(difference.add)}"
        )
    if difference.remove:
        found.append(
            f"{count(len(difference.remove), 'device')} of it not declared:"
            f" {shorten(difference.remove)}"
        )
    return found


def _plan_update(
    spec: CampaignSpec,
    target: Campaign,
    report: Sequence[CampaignDevice] | None,
    now: datetime,
) -> CampaignPlan:
    schedule = changed_schedule(spec.subject, target, spec.schedule.over(target.schedule), now=now)
    warnings: tuple[str, ...] = ()
    difference = compare_devices(None, (), spec.devices_mode)
    present: tuple[str, ...] | None = None
    if spec.devices is not None and report is None:
        warnings = (
            f"{spec.subject}: the service does not list the devices of campaign {target.id} yet"
            f" ({target.status}), so they were not compared; run again to compare them",
        )
    elif spec.devices is not None and report is not None:
        present = tuple(row.device_id for row in report)
        difference = compare_devices(spec.devices, present, spec.devices_mode)
        if difference and target.state not in DEVICES_CHANGEABLE:
            raise PlanRefused(
                spec.subject,
                f"campaign {target.id} is {target.status}: devices can no longer be added or"
                f" removed ({len(difference.add)} to add, {len(difference.remove)} to remove)",
                hint=_hint_for_fixed_devices(spec),
            )
        if difference.add:
            warnings = _pilot_warnings(spec, target.package, len(difference.after))
    return CampaignPlan(
        spec=spec,
        current=target,
        predicted=replace(target, schedule=schedule) if schedule else target,
        current_devices=present,
        predicted_devices=difference.after if present is not None else None,
        schedule=schedule,
        devices=difference,
        warnings=warnings,
    )


def _hint_for_fixed_devices(spec: CampaignSpec) -> str:
    add = "to upgrade other devices, declare another campaign for them"
    remove = (
        "a device stays in a scheduled campaign until its end: to end it earlier, declare an"
        " earlier end_date (24 hours ahead or later); before its first day, state: absent cancels"
        " it for all its devices"
    )
    if spec.devices_mode is DevicesMode.REMOVE:
        return remove
    return f"{add}; {remove}" if spec.devices_mode is DevicesMode.EXACT else add


# What is fixed at creation.
_FIXED = ("package", "from_version", "to_version", "auto_assign_license", "auto_add_devices")


def _refuse_other_identity(spec: CampaignSpec, target: Campaign) -> None:
    differing = []
    for member in _FIXED:
        declared, current = getattr(spec, member), getattr(target, member)
        if declared is not None and current not in (None, "") and declared != current:
            differing.append(f"{member} is {current!r}, declared {declared!r}")
    if spec.protocol and not same_protocol(spec.protocol, target.protocol, target.type):
        differing.append(f"protocol is {target.protocol!r}, declared {spec.protocol!r}")
    if differing:
        state = "which is over, " if target.state.over else ""
        raise PlanRefused(
            spec.subject,
            f"campaign {target.id}, {state}differs: " + "; ".join(differing),
            hint="these are fixed at creation: declare another name"
            + (", or recreate: true" if target.state.over else ""),
        )


_OMA_WORDS = frozenset({"OMA", "OMD-DM", "OMADM", "OMDADM"})


def same_protocol(declared: str, reported: str, type_: CampaignType) -> bool:
    """Tell whether two words mean the same protocol (contract section 12, item 8)."""
    if not reported or declared == reported:
        return True
    oma = _OMA_WORDS | {"LWM2M"} if type_ is CampaignType.SOFTWARE else _OMA_WORDS
    return declared in oma and reported in oma
