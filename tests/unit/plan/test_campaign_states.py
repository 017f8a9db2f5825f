# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every state of a campaign against every change that can be declared (contract section 6)."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import Campaign
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    CampaignSpec,
    plan_campaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DevicesMode,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.unit.plan.builders import (
    FIRMWARE,
    NOW,
    ONE,
    SOFTWARE,
    THREE,
    TWO,
    bare,
    campaign,
    day,
    report,
)

OPEN = {"devices": True, "dates": True, "cancel": True}
DATES_ONLY = {"devices": False, "dates": True, "cancel": True}
CLOSED = {"devices": False, "dates": False, "cancel": False}

# status word, first day (in days from today) and what is allowed without abort_started
STATES = [
    ("CampaignRequestPending", 2, OPEN),
    ("CampaignRequestPending", 0, OPEN),
    ("RequestPending", 2, OPEN),
    ("CampaignRequestQueued", 2, OPEN),
    ("CampaignRequestQueued", -1, OPEN),
    ("CampaignQueued", 2, OPEN),
    ("CampaignPreScheduled", 1, OPEN),
    ("CampaignPreScheduled", 0, {"devices": True, "dates": False, "cancel": False}),
    ("CampaignScheduled", 1, DATES_ONLY),
    ("CampaignScheduled", 0, CLOSED),
    ("CampaignScheduled", -3, CLOSED),
    ("In Progress", -3, CLOSED),
    ("CampaignPaused", 1, DATES_ONLY),
    ("CampaignPaused", 0, CLOSED),
]
TERMINAL = [
    "CampaignRequestFailed",
    "CampaignEnded",
    "CampaignCancelled",
    "CampaignAborted",
    "CampaignFailed",
]


def table(change: str) -> pytest.MarkDecorator:
    """Each state with whether ``change`` is allowed, for both types of campaign."""
    return pytest.mark.parametrize(
        ("target", "allowed"),
        [
            pytest.param(
                campaign(status, type=type_, start=day(first)),
                allowed[change],
                id=f"{type_.value}-{status}-{first:+d}-{'yes' if allowed[change] else 'no'}",
            )
            for type_ in (FIRMWARE, SOFTWARE)
            for status, first, allowed in STATES
        ],
    )


def declared(target: Campaign, **members: object) -> CampaignSpec:
    return bare(type=target.type, **members)


@table("devices")
def test_add_a_device(target: Campaign, allowed: bool) -> None:  # noqa: FBT001
    wish = declared(target, devices=(ONE, TWO, THREE))
    if not allowed:
        with pytest.raises(PlanRefused, match=r"c-1 is .*1 to add, 0 to remove"):
            plan_campaign(wish, target, report=report(ONE, TWO), now=NOW)
        return
    plan = plan_campaign(wish, target, report=report(ONE, TWO), now=NOW)
    assert plan.devices.add == (THREE,)
    assert plan.predicted_devices == (ONE, TWO, THREE)
    assert plan.action == "update"


@table("devices")
def test_remove_a_device(target: Campaign, allowed: bool) -> None:  # noqa: FBT001
    wish = declared(target, devices=(TWO,), devices_mode=DevicesMode.REMOVE)
    if not allowed:
        with pytest.raises(PlanRefused, match="0 to add, 1 to remove"):
            plan_campaign(wish, target, report=report(ONE, TWO), now=NOW)
        return
    plan = plan_campaign(wish, target, report=report(ONE, TWO), now=NOW)
    assert plan.devices.remove == (TWO,)
    assert plan.predicted_devices == (ONE,)


@table("dates")
def test_move_the_first_day(target: Campaign, allowed: bool) -> None:  # noqa: FBT001
    wish = declared(target, start=day(3))
    if not allowed:
        with pytest.raises(PlanRefused, match=r"has started .*start is .* and cannot change"):
            plan_campaign(wish, target, now=NOW)
        return
    plan = plan_campaign(wish, target, now=NOW)
    assert plan.schedule is not None
    assert (plan.schedule.start, plan.schedule.end) == (day(3), day(9))


@pytest.mark.parametrize("status", [status for status, _first, _allowed in STATES])
@pytest.mark.parametrize("type_", [FIRMWARE, SOFTWARE], ids=lambda type_: type_.value)
def test_the_last_day_can_move_in_every_live_state(type_: object, status: str) -> None:
    target = campaign(status, type=type_, start=day(0))
    plan = plan_campaign(declared(target, end=day(20)), target, now=NOW)
    assert plan.schedule is not None
    assert plan.schedule.end == day(20)
    assert plan.predicted is not None
    assert plan.predicted.schedule == plan.schedule


@table("cancel")
def test_cancel(target: Campaign, allowed: bool) -> None:  # noqa: FBT001
    wish = declared(target, present=False)
    if not allowed:
        with pytest.raises(PlanRefused, match="c-1 has started") as caught:
            plan_campaign(wish, target, now=NOW)
        assert "abort_started: true" in caught.value.hint
        return
    plan = plan_campaign(wish, target, now=NOW)
    assert plan.action == "cancel"
    assert plan.predicted is not None
    assert plan.predicted.status == "CampaignCancelled"


@table("cancel")
def test_abort_started_also_cancels_what_has_started(
    target: Campaign,
    allowed: bool,  # noqa: FBT001
) -> None:
    plan = plan_campaign(declared(target, present=False, abort_started=True), target, now=NOW)
    assert plan.cancel
    assert plan.predicted is not None
    assert plan.predicted.status == ("CampaignCancelled" if allowed else "CampaignAborted")


@pytest.mark.parametrize("status", TERMINAL)
@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"devices": (ONE, THREE)}, id="add"),
        pytest.param({"devices": (ONE,), "devices_mode": DevicesMode.REMOVE}, id="remove"),
        pytest.param({"end": day(20), "start": day(3)}, id="dates"),
        pytest.param({"present": False}, id="absent"),
        pytest.param({"present": False, "abort_started": True}, id="abort"),
    ],
)
def test_nothing_is_written_to_a_campaign_that_is_over(
    status: str, members: dict[str, object]
) -> None:
    target = campaign(status)
    plan = plan_campaign(bare(**members), target, now=NOW)
    assert not plan.changed
    assert plan.action == "none"
    assert plan.predicted is target


@pytest.mark.parametrize(("status", "first", "_allowed"), STATES)
def test_the_same_declaration_again_changes_nothing_in_any_state(
    status: str, first: int, _allowed: object
) -> None:
    target = campaign(status, start=day(first))
    wish = bare(
        package="pkg-a-b",
        from_version="A",
        to_version="B",
        protocol="LWM2M",
        start=day(first),
        end=day(9),
        windows=(),
        devices=(TWO, ONE),
        devices_mode=DevicesMode.EXACT,
    )
    plan = plan_campaign(wish, target, report=report(ONE, TWO), now=NOW)
    assert not plan.changed
    assert plan.warnings == ()
    assert {action.action for action in plan.devices.actions} == {"none"}
