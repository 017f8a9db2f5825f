# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean rollout of a small fleet, under every reading of what the vendor leaves open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.switches import TABLE
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test, some_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempts,
    created,
    own,
    versions,
)

StartAccount = Callable[..., Account]

# What no call of a rollout meets (changes of devices, dates and licenses, windows, other versions
# of the API), what is the same for every call (paths and sessions), and what only a halt meets.
ELSEWHERE = {
    "expired_session",
    "older_sessions",
    "token_clock",
    "unknown_path",
    "max_campaign_days",
    "delete_refusal",
    "delete_started_v3",
    "v3_paths",
    "device_change_body",
    "delete_started_v2",
    "delete_ended",
    "window_zone",
    "overlapping_windows",
    "repeated_device_change",
    "remove_words",
    "removed_devices",
    "omitted_windows",
    "window_order",
    "v1_cancelled_upgrade",
    "v1_time_without_zone",
    "license_keys",
    "date_change_status",
}
CHOICES = [
    (switch.name, choice)
    for switch in TABLE
    if switch.name not in ELSEWHERE
    for choice in switch.choices[1:]
]
FIRST_CHOICES = {switch.name: switch.choices[1] for switch in TABLE}
TWO = {"alpha": 24, "beta": 6}
WAVES: list[dict[str, Any]] = [
    {"name": "pilot", "per_package": 5},
    {"name": "all", "rest": True},
]


def test_the_list_of_switches_is_complete() -> None:
    """A new switch is met by these tests, or named as one that a rollout does not meet."""
    assert {switch.name for switch in TABLE} >= ELSEWHERE
    assert {"prescheduled", "pilot_rule", "scheduled_entry"} <= {name for name, _choice in CHOICES}


@pytest.mark.parametrize(
    ("switch", "choice"), some_in_test(CHOICES, lambda one: FIRST_CHOICES[one[0]] == one[1])
)
def test_a_small_rollout_completes_whatever_the_service_does(
    account_with: StartAccount, switch: str, choice: str
) -> None:
    account = account_with(fleet=fleet(TWO), switches={switch: choice})
    rollout = Rollout(account, TWO, waves=WAVES)
    decision = rollout.run()
    assert decision["phase"] == "completed"
    assert versions(account.sim) == {"B": 30}
    assert set(attempts(account.sim).values()) == {1}
    assert created(account.sim) == len(own(account.sim))
    assert_no_duplicates(account.sim)


@pytest.mark.parametrize("delete_refusal", first_in_test(["http_400", "success_false"]))
@pytest.mark.parametrize("delete_started", ["refused", "aborted"])
def test_a_bad_model_halts_whatever_a_delete_does(
    account_with: StartAccount, delete_refusal: str, delete_started: str
) -> None:
    """A halt never tries to stop what has started; the other model completes."""
    bad = {"packages": {"beta-A-B": {"success_rate": 0.0}}}
    account = account_with(
        fleet=fleet({"alpha": 24, "beta": 16}, outcomes=bad),
        switches={"delete_refusal": delete_refusal, "delete_started_v3": delete_started},
    )
    waves = [{"name": "pilot", "per_package": 5, "at_least": 16}, WAVES[1]]
    rollout = Rollout(account, {"alpha": 24, "beta": 16}, waves=waves)
    decision = rollout.run()
    assert decision["phase"] == "completed_with_exceptions"
    assert versions(account.sim, model="alpha") == {"B": 24}
    assert "v3CancelCampaign" not in account.writes()
    assert_no_duplicates(account.sim)
