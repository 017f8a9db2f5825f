# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local windows and freezes: no campaign may ever run outside the one or inside the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.calendar import (
    Calendar,
    Freeze,
    LocalWindow,
    Span,
    compile_windows,
    find_span,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    decided,
    declared,
    device,
    hours,
    imei,
    imeis,
    read,
    seen,
    spec,
)

ZONES = (
    "America/Chicago",
    "America/Havana",  # changes its clock at midnight
    "America/Santiago",  # ditto, south
    "America/St_Johns",  # -3:30
    "America/Phoenix",
    "Africa/Casablanca",  # goes back for Ramadan
    "Asia/Beirut",
    "Asia/Kathmandu",  # +5:45
    "Asia/Kolkata",  # +5:30
    "Atlantic/Azores",
    "Australia/Adelaide",  # +9:30, south
    "Australia/Lord_Howe",  # summer time of half an hour
    "Europe/Berlin",
    "Europe/Dublin",  # standard time is in summer
    "Pacific/Auckland",
    "Pacific/Chatham",  # +12:45, south
    "Pacific/Kiritimati",  # +14
    "Pacific/Pago_Pago",  # -11
    "UTC",
)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def utc_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def is_inside(moment: datetime, windows: Sequence[tuple[int, int]]) -> bool:
    """A local time of day against declared windows, by comparison of texts as on a clock."""
    now = moment.strftime("%H:%M")
    return any(
        (clock(start) <= now < clock(end))
        if start < end
        else (now >= clock(start) or now < clock(end))
        for start, end in windows
    )


@cache
def local_minutes(zone: str, day: date, hour: int) -> tuple[datetime, ...]:
    """The local time of every minute of a UTC hour, and of the end of the last."""
    first = utc_midnight(day) + hours(hour)
    return tuple((first + number * MINUTE).astimezone(ZoneInfo(zone)) for number in range(60))


@cache
def changes_of(zone: str) -> tuple[date, ...]:
    """UTC days of 2026 and 2027 on which a zone changes its clock; one plain day if none."""
    days = [date(2026, 1, 1) + number * DAY for number in range(730)]
    rules = ZoneInfo(zone)
    offsets = [utc_midnight(day).astimezone(rules).utcoffset() for day in days]
    found = [
        day
        for day, (before, after) in zip(days, pairwise(offsets), strict=False)
        if before != after
    ]
    return tuple(found) or (date(2026, 6, 1),)


# Mostly whole, half and quarter hours; any minute is possible. 1440 is the end of the day.
TIMES = st.one_of(st.integers(0, 95).map(lambda quarter: quarter * 15), st.integers(0, 1439))
WINDOWS = st.lists(
    st.tuples(TIMES, st.one_of(TIMES, st.just(1440))).filter(lambda pair: pair[0] != pair[1]),
    min_size=1,
    max_size=3,
)


@settings(max_examples=examples(80))
@given(
    zone=st.sampled_from(ZONES),
    windows=WINDOWS,
    change=st.integers(0, 3),
    before=st.integers(0, 6),
    days=st.integers(1, 7),
)
@example("America/Chicago", [(22 * 60, 4 * 60)], 1, 2, 5)
@example("Australia/Lord_Howe", [(22 * 60, 4 * 60)], 0, 2, 5)
@example("Asia/Kathmandu", [(22 * 60, 4 * 60)], 0, 0, 2)
@example("America/Havana", [(0, 60), (23 * 60, 1440)], 0, 1, 3)
def test_windows_never_leave_the_local_hours(
    zone: str, windows: list[tuple[int, int]], change: int, before: int, days: int
) -> None:
    """On every minute of every day; and no hour is given away that was safe on all days."""
    changes = changes_of(zone)
    start = changes[change % len(changes)] - before * DAY
    last = start + (days - 1) * DAY
    found = compile_windows(
        [LocalWindow(*window) for window in windows], ZoneInfo(zone), start=start, end=last
    )
    assert list(found) == sorted(found)
    assert all(earlier.end < two.start for earlier, two in pairwise(found))
    assert all(0 <= window.start < window.end <= 24 for window in found)
    opened = {hour for window in found for hour in range(window.start, window.end)}
    for hour in range(24):
        days_of_it = [local_minutes(zone, start + number * DAY, hour) for number in range(days)]
        inside = all(is_inside(minute, windows) for minutes in days_of_it for minute in minutes)
        steady = all(len({minute.utcoffset() for minute in minutes}) == 1 for minutes in days_of_it)
        assert (hour in opened) == (inside and steady), hour


FREEZES = st.lists(
    st.tuples(st.integers(-10, 60), st.integers(0, 12)).map(
        lambda pair: Freeze(NOW.date() + pair[0] * DAY, NOW.date() + (pair[0] + pair[1]) * DAY)
    ),
    max_size=5,
)


def is_frozen(day: date, zone: str, freezes: Sequence[Freeze]) -> bool:
    """Some quarter of an hour of a UTC day is on a frozen local day."""
    local = {
        (utc_midnight(day) + number * 15 * MINUTE).astimezone(ZoneInfo(zone)).date()
        for number in range(96)
    }
    return any(freeze.first <= date_ <= freeze.last for date_ in local for freeze in freezes)


@settings(max_examples=examples(80))
@given(
    zone=st.sampled_from(ZONES),
    freezes=FREEZES,
    days=st.integers(2, 9),
    least=st.integers(1, 6),
    lead=st.integers(1, 72),
    later=st.integers(0, 24 * 60 * 400),
)
def test_no_campaign_overlaps_a_freeze(
    zone: str, freezes: list[Freeze], days: int, least: int, lead: int, later: int
) -> None:
    """It starts on the first day from which enough days are free, and is as long as they allow."""
    now = NOW + later * MINUTE
    moved = timedelta(days=later // (24 * 60))
    there = [Freeze(freeze.first + moved, freeze.last + moved, freeze.why) for freeze in freezes]
    calendar = Calendar(freezes=tuple(there), lead=hours(lead), min_days=least)
    found = find_span(calendar, ZoneInfo(zone), days=days, now=now)
    assert found is not None
    length = (found.end - found.start).days + 1
    assert utc_midnight(found.start) >= now + hours(lead)
    assert min(days, least) <= length <= days
    assert not any(is_frozen(found.start + n * DAY, zone, there) for n in range(length))
    assert length == days or is_frozen(found.end + DAY, zone, there)
    earlier = found.start - DAY
    while utc_midnight(earlier) >= now + hours(lead):
        enough = range(min(days, least))
        assert any(is_frozen(earlier + n * DAY, zone, there) for n in enough), earlier
        earlier -= DAY
    assert bool(found.why) == (
        length < days or utc_midnight(found.start) - DAY >= now + hours(lead)
    )


@pytest.mark.parametrize(
    ("window", "zone", "start", "days", "expected"),
    [
        # 22:00 to 04:00 in Chicago is 03:00 to 09:00 UTC in summer (-5) ...
        ("22:00-04:00", "America/Chicago", date(2026, 6, 1), 5, [(3, 9)]),
        # ... and 04:00 to 10:00 UTC in winter (-6).
        ("22:00-04:00", "America/Chicago", date(2026, 1, 10), 5, [(4, 10)]),
        # Spring forward on 2026-03-08, back on 2026-11-01: what both have in common.
        ("22:00-04:00", "America/Chicago", date(2026, 3, 6), 5, [(4, 9)]),
        ("22:00-04:00", "America/Chicago", date(2026, 10, 30), 5, [(4, 9)]),
        # The last day of summer time alone, and the day after the change.
        ("22:00-04:00", "America/Chicago", date(2026, 10, 30), 2, [(3, 9)]),
        ("22:00-04:00", "America/Chicago", date(2026, 11, 2), 2, [(4, 10)]),
        # 17:00 to 22:00 in New York (-4) crosses midnight of UTC, though not of New York.
        ("17:00-22:00", "America/New_York", date(2026, 6, 1), 2, [(0, 2), (21, 24)]),
        # It crosses both midnights: 23:00 to 03:00 in London (+1) is 22:00 to 02:00 UTC.
        ("23:00-03:00", "Europe/London", date(2026, 6, 1), 2, [(0, 2), (22, 24)]),
        # +5:30: 16:30 to 22:30 UTC; +5:45: 16:15 to 22:15 UTC.
        ("22:00-04:00", "Asia/Kolkata", date(2026, 6, 1), 2, [(17, 22)]),
        ("22:00-04:00", "Asia/Kathmandu", date(2026, 6, 1), 2, [(17, 22)]),
        # +5:30 makes a whole UTC hour of two halves: 17:00 to 18:00 UTC.
        ("22:30-23:30", "Asia/Kolkata", date(2026, 6, 1), 2, [(17, 18)]),
        # Lord Howe goes from +11 to +10:30 on 2026-04-04 at 15:00 UTC: 11:00 to 17:00 UTC before,
        # 11:30 to 17:30 after.
        ("22:00-04:00", "Australia/Lord_Howe", date(2026, 4, 1), 2, [(11, 17)]),
        ("22:00-04:00", "Australia/Lord_Howe", date(2026, 4, 3), 5, [(12, 17)]),
        # Summer begins in October in the south: Auckland from +12 to +13 on 2026-09-26.
        ("22:00-04:00", "Pacific/Auckland", date(2026, 9, 24), 5, [(10, 15)]),
        # All day, by either spelling of midnight, whatever the clock does.
        ("00:00-24:00", "Europe/Berlin", date(2026, 6, 1), 3, [(0, 24)]),
        ("22:00-24:00", "UTC", date(2026, 6, 1), 2, [(22, 24)]),
        ("22:00-00:00", "UTC", date(2026, 6, 1), 2, [(22, 24)]),
        # Less than an hour, and one hour that both sides of a change do not share.
        ("22:00-22:59", "UTC", date(2026, 6, 1), 2, []),
        ("22:00-23:00", "America/Chicago", date(2026, 10, 30), 5, []),
    ],
)
def test_windows_by_hand(
    window: str, zone: str, start: date, days: int, expected: list[tuple[int, int]]
) -> None:
    begin, end = (int(hhmm[:2]) * 60 + int(hhmm[3:]) for hhmm in window.split("-"))
    last = start + (days - 1) * DAY
    found = compile_windows([LocalWindow(begin, end)], ZoneInfo(zone), start=start, end=last)
    assert found == tuple(Window(*times) for times in expected)


# -- days: NOW is Friday 2026-04-10, 10:00 UTC


def april(first: int, last: int, why: str = "") -> Span:
    return Span(date(2026, 4, first), date(2026, 4, last), why)


def frozen(first: int, last: int, why: str = "") -> Freeze:
    return Freeze(date(2026, 4, first), date(2026, 4, last), why)


FAIR = "freeze 2026-04-14 to 2026-04-16 (fair)"


@pytest.mark.parametrize(
    ("freezes", "zone", "members", "expected"),
    [
        ([], "UTC", {}, april(11, 15)),
        # Lead: the next midnight is 14 hours away.
        ([], "UTC", {"lead": hours(14)}, april(11, 15)),
        ([], "UTC", {"lead": hours(14.01)}, april(12, 16)),
        ([], "UTC", {"lead": hours(38)}, april(12, 16)),
        # Three of five days remain before the freeze, which is enough.
        ([frozen(14, 16, "fair")], "UTC", {}, april(11, 13, f"shortened by the {FAIR}")),
        (
            [frozen(14, 16, "fair")],
            "UTC",
            {"min_days": 3},
            april(11, 13, f"shortened by the {FAIR}"),
        ),
        (
            [frozen(14, 16, "fair")],
            "UTC",
            {"min_days": 4},
            april(17, 21, f"moved behind the {FAIR}"),
        ),
        # A campaign need not be longer than it is: five days are all of it.
        ([frozen(16, 20)], "UTC", {"min_days": 9}, april(11, 15)),
        # The last day before, and the first day behind.
        (
            [frozen(15, 15)],
            "UTC",
            {},
            april(11, 14, "shortened by the freeze 2026-04-15 to 2026-04-15"),
        ),
        ([frozen(1, 10)], "UTC", {}, april(11, 15)),
        (
            [frozen(1, 11)],
            "UTC",
            {},
            april(12, 16, "moved behind the freeze 2026-04-01 to 2026-04-11"),
        ),
        # In Chicago (-5) 2026-04-14 begins at 05:00 UTC, and 2026-04-16 ends on the 17th at 05:00.
        (
            [frozen(14, 16, "fair")],
            "America/Chicago",
            {"min_days": 4},
            april(18, 22, f"moved behind the {FAIR}"),
        ),
        # In Kolkata (+5:30) it begins on the 13th at 18:30 UTC.
        ([frozen(14, 16, "fair")], "Asia/Kolkata", {}, april(11, 12, f"shortened by the {FAIR}")),
        # Behind the first freeze there is room before the second, but not enough to stay.
        (
            [frozen(12, 12), frozen(14, 14), frozen(18, 18)],
            "UTC",
            {},
            april(
                15,
                17,
                "moved behind the freeze 2026-04-12 to 2026-04-12; "
                "moved behind the freeze 2026-04-14 to 2026-04-14; "
                "shortened by the freeze 2026-04-18 to 2026-04-18",
            ),
        ),
    ],
)
def test_days_by_hand(
    freezes: list[Freeze], zone: str, members: dict[str, Any], expected: Span
) -> None:
    calendar = Calendar(freezes=tuple(freezes), **members)
    assert find_span(calendar, ZoneInfo(zone), days=5, now=NOW) == expected


def test_a_freeze_of_years_leaves_no_place() -> None:
    wish = spec(imeis(2), calendar={"freeze": [{"from": "2026-04-01", "to": "2027-12-31"}]})
    with pytest.raises(PlanRefused, match="leave no 2 days within 400 days"):
        decided(wish, seen([device(id_) for id_ in imeis(2)]))


# -- through a whole decision


def planned(calendar: dict[str, Any], devices: list[Any] | None = None) -> list[Any]:
    """Zone, first and last day and windows of what the first run creates."""
    wish = spec(devices or imeis(2), calendar=calendar)
    known = [device(entry.imei) for entry in wish.devices]
    return sorted(
        (
            created.cohort.zone,
            created.start.day,
            created.end.day,
            [(w.start, w.end) for w in created.windows],
        )
        for created in decided(wish, seen(known)).create
    )


def test_campaigns_carry_windows_and_days() -> None:
    """The pilot takes three days, here the 11th to the 13th."""
    assert planned({}) == [("", 11, 13, [])]
    night = {"windows": ["22:00-04:00"], "timezone": "America/Chicago"}
    assert planned(night) == [("America/Chicago", 11, 13, [(3, 9)])]
    freeze = [{"from": "2026-04-13", "to": "2026-04-14"}]
    assert planned({**night, "freeze": freeze}) == [("America/Chicago", 11, 12, [(3, 9)])]
    # Without windows the zone still tells when a freeze begins: in Kolkata on the 12th.
    abroad = {"timezone": "Asia/Kolkata", "freeze": freeze, "min_days": 1}
    assert planned(abroad) == [("", 11, 11, [])]


def test_devices_have_zones_of_their_own() -> None:
    """Berlin (+2): 20:00 to 02:00 UTC. Each zone is a cohort of its own."""
    devices = [imei(0), {"imei": imei(1), "timezone": "Europe/Berlin"}]
    assert planned({"windows": ["22:00-04:00"], "timezone": "America/Chicago"}, devices) == [
        ("America/Chicago", 11, 13, [(3, 9)]),
        ("Europe/Berlin", 11, 13, [(0, 2), (20, 24)]),
    ]
    assert planned({"timezone": "America/Chicago"}, devices) == [("", 11, 13, [])]


def test_a_window_may_be_open_in_summer_only() -> None:
    """Lord Howe has +11 in January, so 22:00 is 11:00 UTC; in April it is 11:30 already."""
    with pytest.raises(PlanRefused, match=r"no whole UTC hour .*Australia/Lord_Howe.*2026-04-11"):
        planned({"windows": ["22:00-23:00"], "timezone": "Australia/Lord_Howe"})


NIGHT = ["22:00-04:00"]


@pytest.mark.parametrize(
    "window",
    [
        {"start": 22, "end": 4},
        {"start": "22:00", "end": "04:00"},
        "22:00-04:00",
    ],
)
def test_a_window_may_have_start_and_end(window: object) -> None:
    """As those of campaigns have; hours of a rollout are local."""
    for windows in ([window], window):
        spec = read(declared(imeis(2), calendar={"windows": windows, "timezone": "UTC"}))
        assert spec.calendar.windows == (LocalWindow(22 * 60, 4 * 60),)


ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"window": NIGHT}, "rollout.calendar.window = ['22:00-04:00']: unknown key; did you mean"),
    (
        {"windows": ["22-4"], "timezone": "UTC"},
        "rollout.calendar.windows[0] = '22-4': must be local hours such as",
    ),
    (
        {"windows": ["24:00-04:00"], "timezone": "UTC"},
        "rollout.calendar.windows[0] = '24:00-04:00': must be",
    ),
    (
        {"windows": ["22:60-04:00"], "timezone": "UTC"},
        "rollout.calendar.windows[0] = '22:60-04:00': must be",
    ),
    (
        {"windows": ["22:00-24:01"], "timezone": "UTC"},
        "rollout.calendar.windows[0] = '22:00-24:01': must not be empty or end after",
    ),
    (
        {"windows": ["05:00-05:00"], "timezone": "UTC"},
        "rollout.calendar.windows[0] = '05:00-05:00': must not be empty",
    ),
    ({"windows": 22}, "rollout.calendar.windows = [22]: must be a list of windows such as"),
    (
        {"windows": ["22:00-22:30"], "timezone": "UTC"},
        "rollout.calendar.windows = ['22:00-22:30']: must hold a whole UTC hour, and hold none in UTC",
    ),
    (
        {"windows": NIGHT},
        "rollout.calendar.timezone: is required with windows, for 2 devices without the variable timezone",
    ),
    (
        {"windows": NIGHT, "timezone": "America/Chikago"},
        "rollout.calendar.timezone = 'America/Chikago': must be UTC or a zone such as America/Chicago",
    ),
    ({"timezone": "../UTC"}, "rollout.calendar.timezone = '../UTC': must be UTC or a zone such as"),
    (
        {"freeze": [{"from": "2026-12-32", "to": "2027-01-04"}]},
        "rollout.calendar.freeze[0].from = '2026-12-32': must be a date",
    ),
    ({"freeze": [{"from": "2026-12-18"}]}, "rollout.calendar.freeze[0].to: is required"),
    (
        {"freeze": [{"from": "2026-12-18", "to": "2026-12-17"}]},
        "rollout.calendar.freeze[0].to = '2026-12-17': must not be before from, 2026-12-18",
    ),
    (
        {"freeze": [{"from": "2026-12-18", "to": "2026-12-19", "reason": "x"}]},
        "rollout.calendar.freeze[0].reason = 'x': unknown key",
    ),
    (
        {"freeze": "2026-12-18"},
        "rollout.calendar.freeze = '2026-12-18': must be a list of dictionaries",
    ),
    ({"lead_hours": 0}, "rollout.calendar.lead_hours = 0: must be an integer from 1 to 720"),
    ({"lead_hours": 721}, "rollout.calendar.lead_hours = 721: must be an integer from 1 to 720"),
    ({"min_days": 0}, "rollout.calendar.min_days = 0: must be an integer from 1 to 31"),
    ({"min_days": "two"}, "rollout.calendar.min_days = 'two': must be an integer from 1 to 31"),
]


@pytest.mark.parametrize(("calendar", "expected"), ERRORS)
def test_an_error_names_its_place(calendar: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        read(declared(imeis(2), calendar=calendar))
    assert expected in caught.value.problems[0]
    place = expected.split(" = ")[0]
    assert all(problem.startswith(place) for problem in caught.value.problems)


def test_an_unknown_zone_of_a_device_names_the_device() -> None:
    devices = [imei(0), {"imei": imei(1), "timezone": "Mars/Base"}]
    calendar = {"windows": NIGHT, "timezone": "UTC"}
    with pytest.raises(InvalidSpec) as caught:
        read(declared(devices, calendar=calendar))
    (problem,) = caught.value.problems
    assert problem.startswith(
        "rollout.calendar.timezone = 'Mars/Base': must be UTC or a zone such as"
    )
    assert f"(of {imei(1)})" in problem


def test_no_calendar_and_empty_lists_are_fine() -> None:
    assert spec(imeis(2)).calendar == Calendar()
    assert spec(imeis(2), calendar={"freeze": [], "windows": []}).calendar == Calendar()
