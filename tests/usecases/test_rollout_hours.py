# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local hours and freezes, by the times at which devices were really attempted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, imeis
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempt_times,
    attempts,
    own,
    versions,
    wave_of,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

FEW = {"alpha": 20}
ONE = {"alpha": 40}
# Devices keep the service busy for all of a campaign, so attempts fall into every open hour.
SPREAD = {"default": {"hours_to_update": [0, 30]}}


def assert_inside(campaign: Row, zone: str, window: str) -> None:
    """Every attempt was made inside the local window, down to the minute."""
    first, last = (time.fromisoformat(text) for text in window.split("-"))
    for at in attempt_times(campaign):
        local = at.astimezone(ZoneInfo(zone)).time()
        inside = first <= local < last if first < last else local >= first or local < last
        assert inside, f"{local} is outside {window} in {zone} ({campaign['campaignName']})"


def days_of(campaign: Row) -> list[date]:
    """UTC days of a campaign."""
    first = date.fromisoformat(campaign["startDate"])
    last = date.fromisoformat(campaign["endDate"])
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("zone", "window", "change"),
    first_in_test(
        [
            ("America/Chicago", "22:00-04:00", "2026-03-08"),
            ("Australia/Lord_Howe", "20:00-02:00", "2026-04-05"),
            ("America/Chicago", "09:00-17:00", "2026-03-08"),
            ("America/Chicago", "09:00-17:00", "2026-11-01"),
            ("Asia/Kolkata", "09:00-17:00", "2026-03-08"),
            ("Asia/Kolkata", "23:00-05:00", "2026-03-08"),
        ],
        taken=2,
    ),
)
def test_every_attempt_is_inside_the_local_hours(
    account_with: StartAccount, zone: str, window: str, change: str
) -> None:
    """Also when the zone changes its clock in the middle of the campaign."""
    middle = date.fromisoformat(change)
    before = f"{middle - timedelta(days=3)}T00:00:00Z"
    account = account_with(fleet=fleet(FEW, outcomes=SPREAD), start=before)
    waves = [{"name": "all", "rest": True, "days": 4}]
    calendar = {"windows": [window], "timezone": zone}
    rollout = Rollout(account, FEW, waves=waves, calendar=calendar)
    assert rollout.run()["phase"] == "completed"
    (campaign,) = own(account.sim)
    assert middle in days_of(campaign)[1:-1]
    assert_inside(campaign, zone, window)
    times = attempt_times(campaign)
    assert len(times) == 20
    assert times[0].date() < middle < times[-1].date()


@pytest.mark.soak
def test_devices_in_three_zones_are_attempted_each_in_its_own_night(
    account_with: StartAccount,
) -> None:
    """One campaign for each zone of a wave; two zones with the same hours do not share one."""
    models = {"alpha": 60}
    zones = ["America/Chicago", "Asia/Kolkata", "America/Winnipeg"]
    home = {imei: zones[place % 3] for place, imei in enumerate(imeis(models))}
    account = account_with(fleet=fleet(models, outcomes=SPREAD), start="2026-03-05T00:00:00Z")
    rollout = Rollout(
        account,
        models,
        devices=[{"imei": imei, "timezone": zone} for imei, zone in home.items()],
        waves=[{"name": "pilot", "count": 20}, {"name": "all", "rest": True}],
        calendar={"windows": ["22:00-04:00"]},
    )
    assert rollout.run()["phase"] == "completed"
    found = []
    for campaign in own(account.sim):
        (zone,) = {home[imei] for imei in campaign["devices"]}
        assert_inside(campaign, zone, "22:00-04:00")
        found.append((wave_of(campaign), zone))
    assert sorted(found) == sorted((wave, zone) for wave in (1, 2) for zone in zones)
    assert set(attempts(account.sim).values()) == {1}
    assert versions(account.sim) == {"B": 60}
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize(
    ("zone", "windows"),
    first_in_test(
        [("America/Chicago", ["20:00-06:00"]), ("Asia/Kolkata", []), ("UTC", ["20:00-06:00"])]
    ),
)
def test_no_campaign_overlaps_a_freeze(
    account_with: StartAccount, zone: str, windows: list[str]
) -> None:
    """Not with a minute, in local time; waves before and after it take place."""
    account = account_with(fleet=fleet(ONE))
    freeze = [{"from": "2026-03-07", "to": "2026-03-12", "why": "migration"}]
    calendar = {"timezone": zone, "freeze": freeze, "windows": windows}
    rollout = Rollout(account, ONE, calendar=calendar)
    assert rollout.run()["phase"] == "completed"
    rules = ZoneInfo(zone)
    begins = datetime(2026, 3, 7, tzinfo=rules)
    ends = datetime(2026, 3, 13, tzinfo=rules)
    sides = []
    for campaign in own(account.sim):
        opens, *_between, last = (
            datetime.combine(day, time.min, tzinfo=timezone.utc) for day in days_of(campaign)
        )
        closes = last + timedelta(days=1)
        assert closes <= begins or opens >= ends, campaign["campaignName"]
        sides.append(closes <= begins)
    assert set(sides) == {True, False}
    assert sides == sorted(sides, reverse=True)
    assert versions(account.sim) == {"B": 40}


def test_a_wave_before_a_freeze_is_shortened_and_one_that_does_not_fit_waits(
    account_with: StartAccount,
) -> None:
    """The pilot keeps two of its three days; the second wave would keep none."""
    account = account_with(fleet=fleet(ONE))
    freeze = [{"from": "2026-03-05", "to": "2026-03-09"}]
    rollout = Rollout(account, ONE, calendar={"freeze": freeze})
    assert rollout.run()["phase"] == "completed"
    pilot, second, _rest = own(account.sim)
    assert (pilot["startDate"], pilot["endDate"]) == ("2026-03-03", "2026-03-04")
    assert second["startDate"] == "2026-03-10"
