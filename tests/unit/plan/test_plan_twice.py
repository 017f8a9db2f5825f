# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that was carried out, planned again, is empty: for any declaration and any fleet state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.status import CampaignState
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import Upgrade
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import (
    Window,
    window_set,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    DEVICES_CHANGEABLE,
    CampaignPlan,
    CampaignSpec,
    ScheduleSpec,
    choose_campaign,
    plan_campaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DevicesMode,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.upgrade_plan import (
    UpgradePlan,
    UpgradeSpec,
    choose_upgrade,
    matching_upgrades,
    plan_upgrade,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.builders import (
    FIRMWARE,
    FOUR,
    NOW,
    ONE,
    THREE,
    TODAY,
    TWO,
    campaign,
    day,
    package,
    report,
    upgrade,
)

CATALOG = (package("p", "A B"), package("q", "B C", protocol="OMD-DM"))
days = st.integers(-4, 6).map(day)
imeis = st.lists(st.sampled_from([ONE, TWO, THREE, FOUR]), min_size=1, max_size=4, unique=True)
windows = st.lists(st.sampled_from([Window(0, 4), Window(4, 8), Window(20, 24)]), max_size=3).map(
    window_set
)
campaign_words = st.sampled_from(
    [
        *("CampaignRequestPending", "CampaignRequestQueued", "CampaignRequestQueued"),
        *("CampaignPreScheduled", "CampaignScheduled"),
        *("CampaignPaused", "CampaignEnded", "CampaignCancelled", "CampaignRequestFailed"),
    ]
)


@dataclass(frozen=True)
class There:
    """A campaign of the service with its devices."""

    campaign: Campaign
    devices: tuple[str, ...]


@st.composite
def campaigns_there(draw: st.DrawFn, type_: CampaignType) -> list[There]:
    """Up to two campaigns of one name."""
    found = []
    for number in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
        start = draw(days)
        lists = draw(windows)
        dates = {"windows": lists} if type_ is FIRMWARE else {"download_windows": lists}
        flags = draw(st.sampled_from([None, False])) if type_ is FIRMWARE else None
        found.append(
            There(
                campaign(
                    draw(campaign_words),
                    id=f"c-{number}",
                    type=type_,
                    package="p",
                    protocol="LWM2M" if type_ is FIRMWARE else "HTTP",
                    start=start,
                    end=start + timedelta(days=draw(st.integers(0, 8))),
                    auto_add_devices=flags,
                    auto_assign_license=flags,
                    **dates,
                ),
                tuple(draw(imeis)),
            )
        )
    return found


@st.composite
def campaign_specs(draw: st.DrawFn, type_: CampaignType) -> CampaignSpec:
    """A declaration of that name, most often one that can be carried out."""
    firmware = type_ is FIRMWARE
    start = draw(st.none() | days)
    end = draw(st.none() | st.integers(1, 9).map(day))
    lists = draw(st.none() | windows)
    flags = st.sampled_from([None, None, None, False]) if firmware else st.none()
    return CampaignSpec(
        subject="campaign spring",
        type=type_,
        present=draw(st.sampled_from([True, True, True, False])),
        campaign_id=draw(st.sampled_from([None, None, None, "c-0"])),
        name="spring",
        package=draw(st.sampled_from([None, "p", "p"])),
        from_version=draw(st.sampled_from([None, "A"])) if firmware else "A",
        to_version=draw(st.sampled_from([None, "B"])) if firmware else "B",
        protocol=draw(st.sampled_from([None, "LWM2M" if firmware else "HTTP"])),
        schedule=ScheduleSpec(
            start=start,
            end=end if start is None or end is None or end >= start else start,
            windows=lists if firmware else None,
            download_after=None if firmware else draw(st.none() | days),
            download_windows=None if firmware else lists,
        ),
        devices=tuple(draw(imeis)) if draw(st.integers(0, 4)) else None,
        devices_mode=draw(st.sampled_from(DevicesMode)),
        auto_assign_license=draw(flags),
        auto_add_devices=draw(flags),
        abort_started=draw(st.booleans()),
        recreate=draw(st.booleans()),
    )


def make_plan(spec: CampaignSpec, there: Sequence[There]) -> CampaignPlan:
    matches = [
        listed.campaign
        for listed in there
        if not spec.campaign_id or listed.campaign.id == spec.campaign_id
    ]
    target = choose_campaign(spec, matches)
    devices = next((listed.devices for listed in there if listed.campaign is target), ())
    return plan_campaign(spec, target, report=report(*devices), catalog=CATALOG, now=NOW)


def carry_out(plan: CampaignPlan, there: Sequence[There]) -> list[There]:
    """Do to the model what the service would do."""
    if plan.create is not None:
        assert plan.predicted is not None
        return [*there, There(replace(plan.predicted, id="new"), plan.create.devices)]
    assert plan.predicted is not None
    return [
        There(
            plan.predicted,
            listed.devices if plan.predicted_devices is None else plan.predicted_devices,
        )
        if listed.campaign is plan.current
        else listed
        for listed in there
    ]


@st.composite
def campaign_cases(draw: st.DrawFn) -> tuple[CampaignSpec, list[There]]:
    type_ = draw(st.sampled_from(CampaignType))
    return draw(campaign_specs(type_)), draw(campaigns_there(type_))


@settings(max_examples=examples(200))
@given(campaign_cases())
def test_a_campaign_plan_keeps_the_rules_and_is_empty_when_planned_again(
    case: tuple[CampaignSpec, list[There]],
) -> None:
    spec, there = case
    try:
        plan = make_plan(spec, there)
    except PlanRefused as error:
        event("refused")
        assert error.subject in str(error)
        assert error.hint
        return
    event(plan.action)
    _assert_rules(plan, there)
    if not plan.changed:
        assert plan.predicted is plan.current
        return
    after = carry_out(plan, there)
    again = make_plan(spec, after)
    assert not again.changed
    assert again.action == "none"
    assert again.predicted is again.current


def _assert_rules(plan: CampaignPlan, there: Sequence[There]) -> None:
    """The service would allow it, and there is never a second live campaign of one name."""
    target = plan.current
    if plan.create is not None:
        assert all(listed.campaign.state.over for listed in there)
        assert plan.spec.present
        assert plan.create.devices
        assert plan.create.schedule.end is not None
        assert plan.create.schedule.end >= TODAY
        return
    if target is None or target.state.over:
        assert not plan.changed
        return
    if plan.devices:
        assert target.state in DEVICES_CHANGEABLE
    if plan.cancel:
        assert plan.spec.abort_started or not target.started(TODAY)
    if plan.schedule is not None:
        _assert_dates_allowed(target, plan.schedule)


def _assert_dates_allowed(target: Campaign, wanted: Schedule) -> None:
    assert wanted.start is not None
    assert wanted.end is not None
    assert wanted.end >= wanted.start
    if not target.started(TODAY):
        assert wanted.end >= TODAY
        return
    current = target.schedule
    assert (wanted.start, wanted.download_after) == (current.start, current.download_after)
    assert wanted.end in (current.end, *(day(distance) for distance in range(1, 10)))
    assert set(wanted.download_windows) >= set(current.download_windows)
    assert wanted.windows == current.windows


upgrade_words = st.sampled_from(
    ["RequestPending", "Queued", "Queued", "InProgress", "Finished", "UpgradeFailed", "Odd"]
)


@st.composite
def upgrades_there(draw: st.DrawFn) -> list[Upgrade]:
    return [
        upgrade(
            draw(upgrade_words),
            id=f"u-{number}",
            devices=draw(imeis),
            start=draw(st.sampled_from([day(0), day(0), day(0), day(2)])),
            package=draw(st.sampled_from(["p", "p", "p", "q"])),
        )
        for number in range(draw(st.integers(0, 2)))
    ]


@st.composite
def upgrade_specs(draw: st.DrawFn) -> UpgradeSpec:
    start = draw(st.sampled_from([day(0), day(0), day(0), day(-2)]))
    return UpgradeSpec(
        subject="upgrade to p",
        account="0000123456-00001",
        present=draw(st.sampled_from([True, True, True, False])),
        package="p",
        to_version="B",
        start=start,
        end=draw(st.sampled_from([None, start, start + timedelta(days=3)])),
        devices=tuple(draw(imeis)),
        devices_mode=draw(st.sampled_from(DevicesMode)),
        recreate=draw(st.booleans()),
    )


def make_upgrade_plan(spec: UpgradeSpec, there: Sequence[Upgrade]) -> UpgradePlan:
    target = choose_upgrade(spec, matching_upgrades(spec, there))
    return plan_upgrade(spec, target, today=TODAY)


def carry_out_upgrade(plan: UpgradePlan, there: Sequence[Upgrade]) -> list[Upgrade]:
    rows = tuple(report(*plan.predicted_devices))
    if plan.create is not None:
        assert plan.predicted is not None
        return [*there, replace(plan.predicted, id="new", devices=rows)]
    if plan.cancel:
        return [listed for listed in there if listed is not plan.current]
    return [replace(listed, devices=rows) if listed is plan.current else listed for listed in there]


@settings(max_examples=examples(150))
@given(upgrade_specs(), upgrades_there())
def test_an_upgrade_plan_carried_out_is_empty_when_planned_again(
    spec: UpgradeSpec, there: list[Upgrade]
) -> None:
    try:
        plan = make_upgrade_plan(spec, there)
    except PlanRefused:
        event("refused")
        return
    event(plan.action)
    if plan.create is not None:
        assert all(matching.state.over for matching in matching_upgrades(spec, there))
        assert (plan.create.end or plan.create.start) >= TODAY
    elif plan.changed:
        assert plan.current is not None
        assert plan.current.state in (CampaignState.PENDING, CampaignState.QUEUED)
    if not plan.changed:
        return
    after = carry_out_upgrade(plan, there)
    again = make_upgrade_plan(spec, after)
    assert not again.changed
    if plan.devices and spec.devices_mode is DevicesMode.EXACT:
        assert again.current is not None
        assert again.current.device_ids == set(spec.devices or ())
