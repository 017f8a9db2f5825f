# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates and windows of a campaign: what may still change, and what is sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_dates import (
    changed_schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    ScheduleSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.unit.plan.builders import (
    NOW,
    SOFTWARE,
    TODAY,
    campaign,
    day,
)

EVENING, NIGHT = Window(20, 22), Window(0, 4)


def change(target: Campaign, *, now: datetime = NOW, **declared: object) -> Schedule | None:
    wanted = ScheduleSpec(**declared).over(target.schedule)  # type: ignore[arg-type]
    return changed_schedule("campaign spring", target, wanted, now=now)


# -- declared over current


def test_what_is_not_declared_stays() -> None:
    current = Schedule(
        start=day(1),
        end=day(5),
        download_after=day(2),
        download_windows=(EVENING,),
        install_after=day(3),
        install_windows=(NIGHT,),
    )
    assert ScheduleSpec().over(current) == current
    assert ScheduleSpec(end=day(6)).over(current).end == day(6)
    assert ScheduleSpec(end=day(6)).over(current).install_windows == (NIGHT,)


def test_an_empty_list_clears_windows_and_none_keeps_them() -> None:
    current = Schedule(start=day(1), end=day(5), windows=(EVENING,))
    assert ScheduleSpec(windows=None).over(current).windows == (EVENING,)
    assert ScheduleSpec(windows=()).over(current).windows == ()


def test_a_change_of_one_window_list_sends_every_date_and_window() -> None:
    target = campaign(
        type=SOFTWARE,
        download_after=day(3),
        download_windows=(EVENING,),
        install_after=day(4),
        install_windows=(EVENING,),
    )
    assert change(target, install_windows=(NIGHT,)) == Schedule(
        start=day(2),
        end=day(9),
        download_after=day(3),
        download_windows=(EVENING,),
        install_after=day(4),
        install_windows=(NIGHT,),
    )


def test_windows_that_cannot_be_read_are_not_overwritten() -> None:
    target = campaign(windows=(NIGHT,), windows_readable=False)
    assert change(target, start=day(2)) is None
    with pytest.raises(PlanRefused, match="cannot be read"):
        change(target, end=day(20))


# -- before the start


def test_before_the_start_everything_can_change() -> None:
    target = campaign("CampaignScheduled", windows=(EVENING,))
    wanted = {"start": day(4), "end": day(30), "windows": (NIGHT,)}
    assert change(target, **wanted) == Schedule(**wanted)


def test_nothing_differs_so_nothing_is_sent() -> None:
    target = campaign(windows=(NIGHT, EVENING))
    assert change(target, start=day(2), end=day(9), windows=(NIGHT, EVENING)) is None


@pytest.mark.parametrize(
    ("end", "allowed"),
    [
        pytest.param(day(-1), False, id="yesterday"),
        pytest.param(day(0), True, id="today"),
        pytest.param(day(1), True, id="tomorrow"),
    ],
)
def test_before_the_start_it_cannot_end_before_today(end: date, allowed: bool) -> None:  # noqa: FBT001
    target = campaign("CampaignRequestQueued", start=day(-1))
    if allowed:
        changed = change(target, end=end)
        assert changed is not None
        assert changed.end == end
    else:
        with pytest.raises(PlanRefused, match="before today at the service") as caught:
            change(target, end=end)
        assert str(end) in str(caught.value)


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param({"end": day(1)}, id="end-before-current-start"),
        pytest.param({"start": day(10)}, id="start-after-current-end"),
    ],
)
def test_one_date_that_crosses_the_other_is_refused(declared: dict[str, date]) -> None:
    with pytest.raises(PlanRefused, match="before it starts") as caught:
        change(campaign(), **declared)
    assert "start_date and end_date together" in caught.value.hint


def test_both_dates_may_move_beyond_the_old_ones() -> None:
    changed = change(campaign(), start=day(10), end=day(12))
    assert changed == Schedule(start=day(10), end=day(12))


@pytest.mark.parametrize(
    ("unreadable", "declared"),
    [
        pytest.param({"start": None}, {"end": day(12)}, id="start"),
        pytest.param({"end": None}, {"start": day(3)}, id="end"),
        pytest.param({"start": None, "end": None}, {"windows": (NIGHT,)}, id="both"),
    ],
)
def test_a_date_that_could_not_be_read_is_never_sent_as_null(
    unreadable: dict[str, None], declared: dict[str, object]
) -> None:
    with pytest.raises(PlanRefused, match="no readable dates") as caught:
        change(campaign(**unreadable), **declared)
    assert "declare start_date and end_date together" in caught.value.hint


def test_unreadable_dates_can_be_declared_anew_before_the_start() -> None:
    changed = change(campaign(start=None, end=None), start=day(3), end=day(5))
    assert changed == Schedule(start=day(3), end=day(5))


# -- after the start

RUNNING = campaign("CampaignScheduled", start=day(-3), end=day(9), windows=(EVENING,))


def at(hours: int, minutes: int = 0, seconds: int = 0) -> datetime:
    return datetime(
        TODAY.year, TODAY.month, TODAY.day, hours, minutes, seconds, tzinfo=timezone.utc
    )


@pytest.mark.parametrize(
    ("now", "end", "allowed"),
    [
        pytest.param(at(10), day(0), False, id="today-is-too-soon"),
        pytest.param(at(10), day(1), True, id="tomorrow-ends-24-hours-ahead"),
        pytest.param(at(0), day(0), False, id="midnight-today"),
        pytest.param(at(0), day(1), True, id="midnight-tomorrow"),
        pytest.param(at(23, 59, 59), day(0), False, id="last-second-today"),
        pytest.param(at(23, 59, 59), day(1), True, id="last-second-tomorrow"),
        pytest.param(at(10), day(-1), False, id="yesterday"),
        pytest.param(at(10), day(60), True, id="far"),
    ],
)
def test_after_the_start_the_end_moves_to_24_hours_ahead_or_later(
    now: datetime,
    end: date,
    allowed: bool,  # noqa: FBT001
) -> None:
    if allowed:
        changed = change(RUNNING, now=now, end=end)
        assert changed is not None
        assert (changed.start, changed.end, changed.windows) == (day(-3), end, (EVENING,))
    else:
        with pytest.raises(PlanRefused, match=f"end date must be {day(1)} or later"):
            change(RUNNING, now=now, end=end)


def test_the_start_is_a_utc_midnight() -> None:
    target = campaign("CampaignScheduled", start=day(0))
    last_second = at(0) - timedelta(seconds=1)
    assert change(target, now=last_second, start=day(4)) is not None
    with pytest.raises(PlanRefused, match="has started"):
        change(target, now=at(0), start=day(4))


def test_an_end_that_is_near_already_is_no_problem_when_it_is_not_moved() -> None:
    target = campaign("CampaignScheduled", start=day(-3), end=day(0))
    assert change(target, start=day(-3), end=day(0)) is None


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param((), id="cleared"),
        pytest.param((NIGHT,), id="replaced"),
        pytest.param((NIGHT, EVENING), id="added"),
    ],
)
def test_firmware_windows_are_fixed_after_the_start(windows: tuple[Window, ...]) -> None:
    with pytest.raises(PlanRefused, match="windows cannot change"):
        change(RUNNING, windows=windows)


SOFTWARE_RUNNING = campaign(
    "CampaignScheduled",
    type=SOFTWARE,
    start=day(-3),
    download_after=day(-3),
    download_windows=(EVENING,),
    install_after=day(-2),
    install_windows=(NIGHT, EVENING),
)


@pytest.mark.parametrize(
    ("declared", "allowed"),
    [
        pytest.param({"download_windows": (NIGHT, EVENING)}, True, id="add"),
        pytest.param({"download_windows": (NIGHT,)}, False, id="replace"),
        pytest.param({"download_windows": ()}, False, id="clear"),
        pytest.param({"download_windows": (Window(20, 23),)}, False, id="widen"),
        pytest.param({"install_windows": (EVENING,)}, False, id="remove"),
        pytest.param({"install_windows": (EVENING, NIGHT)}, True, id="reorder"),
        pytest.param(
            {"download_windows": (NIGHT, EVENING), "end": day(20)}, True, id="add-and-end"
        ),
    ],
)
def test_software_windows_are_added_after_the_start_and_never_removed(
    declared: dict[str, object],
    allowed: bool,  # noqa: FBT001
) -> None:
    if allowed:
        change(SOFTWARE_RUNNING, **declared)
    else:
        with pytest.raises(PlanRefused, match="can only get more windows"):
            change(SOFTWARE_RUNNING, **declared)


@pytest.mark.parametrize("member", ["start", "download_after", "install_after"])
def test_other_days_are_fixed_after_the_start(member: str) -> None:
    with pytest.raises(PlanRefused, match=f"{member} is .* and cannot change"):
        change(SOFTWARE_RUNNING, **{member: day(4)})


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(PlanRefused) as caught:
        change(SOFTWARE_RUNNING, start=day(-1), end=day(0), install_windows=())
    for said in ("start is", "install_windows can only get", "the end date must be"):
        assert said in str(caught.value)
