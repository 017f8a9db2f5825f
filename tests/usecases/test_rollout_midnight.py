# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows that the service's midnight cuts in two, by when devices were really attempted."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    attempt_times,
    own,
    versions,
)

StartAccount = Callable[..., Account]

FEW = {"alpha": 20}
SPREAD = {"default": {"hours_to_update": [0, 24]}}


@pytest.mark.parametrize(
    ("zone", "window", "start", "hours"),
    first_in_test(
        [
            ("Europe/Berlin", "22:00-04:00", "2026-03-27", {21, 22, 23, 0, 1}),
            ("Australia/Adelaide", "08:00-12:00", "2026-06-01", {23, 0, 1}),
            ("UTC", "22:00-02:00", "2026-06-01", {22, 23, 0, 1}),
            ("Europe/Berlin", "22:00-04:00", "2026-06-01", {20, 21, 22, 23, 0, 1}),
        ],
        taken=2,
    ),
)
def test_attempts_are_made_on_both_sides_of_midnight(
    account_with: StartAccount, zone: str, window: str, start: str, hours: set[int]
) -> None:
    """In all open hours and in no other; over a change of the clock in those open before and after.

    A zone of half hours loses the half hours at both ends.
    """
    account = account_with(fleet=fleet(FEW, outcomes=SPREAD), start=f"{start}T00:00:00Z")
    calendar = {"windows": [window], "timezone": zone}
    waves = [{"name": "all", "rest": True, "days": 7}]
    assert Rollout(account, FEW, waves=waves, calendar=calendar).run()["phase"] == "completed"
    times = attempt_times(own(account.sim)[0])
    assert {at.hour for at in times} == hours
    assert versions(account.sim) == {"B": 20}
    first, last = (int(part[:2]) for part in window.split("-"))
    local = [at.astimezone(ZoneInfo(zone)).hour for at in times]
    assert all(
        (first <= hour < last) if first < last else not last <= hour < first for hour in local
    )
