# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run: only those that are due, and stops before what may fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.steps import (
    Step,
    find_steps,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.stop_actions import (
    StopActions,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    decided,
    device,
    imeis,
    own,
    seen,
    spec,
)

RUNNING, HALTED, PLANNED = Wanted.RUNNING, Wanted.HALTED, Wanted.PLANNED


def first_run() -> Decision:
    return decided(spec(imeis(5)), seen(map(device, imeis(5))))


def names(decision: Decision, wanted: Wanted = RUNNING) -> list[str]:
    return [step.value for step in find_steps(decision, wanted)]


def test_a_first_run_creates_and_runs_hooks() -> None:
    assert names(first_run()) == ["wave_events", "create", "phase_events"]
    assert names(first_run(), PLANNED) == []


def test_a_run_without_work_has_no_step() -> None:
    idle = replace(first_run(), create=(), events=())
    assert names(idle) == names(idle, HALTED) == []


def stops(**more: Any) -> StopActions:
    campaign: Any = own([], "CampaignScheduled", start=-6)
    return StopActions(**dict.fromkeys(more, (campaign,)))


@pytest.mark.parametrize(
    ("wanted", "kinds", "expected"),
    [
        (RUNNING, ["cancel"], ["cancel", "check_cancelled"]),
        (RUNNING, ["cancel", "unstoppable"], ["cancel", "check_cancelled", "unstoppable"]),
        (RUNNING, ["shorten", "abort"], ["abort", "shorten"]),
        (RUNNING, ["unstoppable"], []),
        (HALTED, ["unstoppable"], ["unstoppable"]),
        (PLANNED, ["cancel", "unstoppable"], []),
    ],
)
def test_what_is_to_be_stopped(wanted: Wanted, kinds: list[str], expected: list[str]) -> None:
    idle = replace(first_run(), create=(), events=(), stops=stops(**dict.fromkeys(kinds)))
    assert names(idle, wanted) == expected


def test_stops_come_before_what_may_fail_and_after_a_refresh() -> None:
    everything = replace(
        first_run(),
        refresh=("1",),
        assign=("1",),
        stops=stops(**dict.fromkeys(["cancel", "abort", "shorten", "unstoppable"])),
    )
    assert names(everything) == [step.value for step in Step]
