# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licenses that a run assigns before it creates campaigns: for whom, and when there are too few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    place_in_line,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.rollout_device import (
    DeviceClass,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    EVENT_BILLING,
    decided,
    device,
    imeis,
    pool,
    seen,
    spec,
    wave,
)

WAVES = [wave("pilot", count=2), wave("last")]


def decide_with(
    licenses: int,
    *,
    licensed: tuple[str, ...] = (),
    wanted: Wanted = Wanted.RUNNING,
    failures: dict[str, str] | None = None,
    **members: Any,
) -> Decision:
    """The first run of six devices, with so many licenses beside those of ``licensed``."""
    devices = [device(imei, license_assigned=imei in licensed) for imei in imeis(6)]
    subscription = pool(licenses + len(licensed), len(licensed))
    declared = {"waves": WAVES, "assign_licenses": "before_wave", **members}
    what = replace(seen(devices, subscription=subscription), license_failures=failures)
    return decide(spec(imeis(6), **declared), what, wanted=wanted)


def in_line() -> list[str]:
    return sorted(imeis(6), key=lambda imei: place_in_line(spec(["1" * 15]).name, imei))


def created(decision: Decision) -> list[str]:
    return [imei for planned in decision.create for imei in planned.devices]


def test_only_devices_of_new_campaigns_get_a_license() -> None:
    decision = decide_with(6)
    assert list(decision.assign) == created(decision) == in_line()[:2]
    assert decision.assessment.licenses_needed == 6


def test_who_has_a_license_gets_no_other() -> None:
    first, second = in_line()[:2]
    decision = decide_with(1, licensed=(first,))
    assert created(decision) == [first, second]
    assert decision.assign == (second,)


def test_a_wave_needs_licenses_for_all_of_its_devices_and_no_others() -> None:
    assert created(decide_with(2)) == in_line()[:2], "4 more will be needed later"
    decision = decide_with(1)
    assert (decision.create, decision.assign, decision.phase) == ((), (), Phase.BLOCKED)
    (why,) = decision.blockers
    assert why.startswith("wave pilot: 2 licenses needed, and 1 of 1 free: 1 short. Buy 1 more")
    assert "before_campaign" in why and why in decision.why


def test_a_limit_on_campaigns_does_not_make_a_wave_smaller() -> None:
    limits = {"max_campaign_devices": 1, "max_creates": 1}
    assert decide_with(1, limits=limits).create == ()
    decision = decide_with(2, limits=limits)
    assert list(decision.assign) == created(decision) == in_line()[:1]


def test_part_of_a_wave_begins_where_that_is_declared() -> None:
    decision = decide_with(1, assign_licenses="before_campaign")
    assert list(decision.assign) == created(decision) == in_line()[:1]
    (why,) = decision.blockers
    assert why.startswith("wave pilot: 2 licenses needed, and 1 of 1 free: 1 short. Buy 1 more")
    assert "before_campaign" not in why


def test_a_part_of_a_wave_is_the_front_of_its_line() -> None:
    """Devices that a campaign skips would seem to have come late."""
    second = in_line()[1]
    decision = decide_with(0, licensed=(second,), assign_licenses="before_campaign")
    assert decision.create == ()


@pytest.mark.parametrize("how", ["before_wave", "before_campaign"])
def test_devices_that_got_no_license_are_rejected_and_the_others_go_on(how: str) -> None:
    first, second = in_line()[:2]
    decision = decide_with(
        3,
        licensed=(second,),
        failures={first: "No license available"},
        assign_licenses=how,
        gate={"max_rejected": "0.5"},
    )
    assert created(decision) == [second]
    assert decision.assign == ()
    outcomes = {row.imei: row.outcome for row in decision.assessment.rows}
    assert outcomes[first].kind is DeviceClass.REJECTED
    assert outcomes[first].reason == "got no license: No license available"
    assert decision.blockers == ()


def test_too_many_of_them_hold_the_wave_as_other_refusals_do() -> None:
    first, second = in_line()[:2]
    decision = decide_with(6, licensed=(second,), failures={first: "no"})
    assert (decision.create, decision.assign, decision.phase) == ((), (), Phase.HELD)
    assert "max_rejected" in decision.why


@pytest.mark.parametrize("wanted", [Wanted.PAUSED, Wanted.HALTED])
def test_nothing_is_assigned_when_nothing_may_be_created(wanted: Wanted) -> None:
    assert decide_with(6, wanted=wanted).assign == ()
    assert decide_with(6, require_digest="0000").assign == ()


@pytest.mark.parametrize("how", ["false", "true"])
def test_nothing_is_assigned_where_that_is_not_declared(how: str) -> None:
    assert decide_with(6, assign_licenses=how).assign == ()


def test_pay_per_upgrade_needs_no_licenses() -> None:
    devices = [device(imei, license_assigned=False) for imei in imeis(6)]
    declared = spec(imeis(6), waves=WAVES, assign_licenses="before_wave")
    decision = decided(declared, seen(devices, subscription=EVENT_BILLING))
    assert decision.assign == () and created(decision) == in_line()[:2]


def test_devices_that_move_up_get_their_license_in_the_next_run() -> None:
    """A run assigns once; the next one is soon if there is more to assign."""
    line = in_line()
    members: dict[str, Any] = {
        "waves": [wave("last", gate={"max_rejected": "0.9"})],
        "limits": {"max_campaign_devices": 3, "max_creates": 1},
    }
    first = decide_with(6, **members)
    assert list(first.assign) == line[:3]
    licensed, failures = tuple(line[1:3]), {line[0]: "no"}
    second = decide_with(6, licensed=licensed, failures=failures, **members)
    assert (created(second), second.assign) == (line[1:3], ())
    assert second.next_check == first.next_check
