# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rollouts over several steps, with limits and halts: what must hold at every run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    device,
    imeis,
    package,
    target,
    wave,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import (
    SLOW,
    Run,
    path_runs,
    runs,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_rules import RolloutRules
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    ServiceModel,
)

# -- several steps


@settings(parent=SLOW, max_examples=examples(12))
@given(path_runs(hides=True))
def test_every_step_keeps_the_rules_of_one(run: Run) -> None:
    RolloutRules(run, one_step=False, hides=True).check()


@settings(parent=SLOW, max_examples=examples(10))
@given(path_runs(hides=True, fates=["good"]))
def test_where_all_goes_well_every_device_reaches_the_target(run: Run) -> None:
    last = RolloutRules(run, one_step=False, hides=True).check()
    assert last.phase is Phase.COMPLETED
    assert {run.service.runs(imei) for imei in run.service.devices} == {"C"}


@settings(parent=SLOW, max_examples=examples(10))
@given(path_runs(fates=["good", "bad"], retry=1))
def test_a_step_is_tried_once_more_and_no_oftener(run: Run) -> None:
    RolloutRules(run, one_step=False, hides=False).check()


# -- what can still change


@settings(parent=SLOW, max_examples=examples(12))
@given(
    runs() | path_runs(),
    st.integers(1, 25),
    st.none() | st.integers(0, 12),
)
def test_no_more_devices_change_than_the_plan_says(
    run: Run, most: int, halt_at: int | None
) -> None:
    run.declared["limits"] = {**run.declared["limits"], "max_exposure": most}
    halted: Decision | None = None
    for number, (_wish, found) in enumerate(run.decisions(halt_at=halt_at)):
        assert run.service.to_come() <= found.exposure <= most
        assert found.assessment.exposed.started <= found.assessment.exposed.devices
        if number == halt_at:
            halted = found
            # What a halt cannot save, and until when.
            last = run.service.last_attempt()
            assert run.service.to_come() <= found.assessment.exposed.started
            assert last is None or (
                found.assessment.exposed.until and last.date() <= found.assessment.exposed.until
            )
        if halted is not None:
            assert found.create == ()


# -- some by hand


def test_a_path_takes_its_steps_one_after_the_other() -> None:
    """A pilot of 5 of 12 devices: both packages are tried by it before the rest gets the first."""
    run = Run(
        {
            "target": [target(version="C")],
            "waves": [wave("pilot", count=5, days=3), wave(days=3)],
        },
        ServiceModel(
            {imei: device(imei) for imei in imeis(12)},
            (package(path="A B"), package(path="B C")),
        ),
        [6],
        [imeis(12)],
        weeks=3,
    )
    *_rest, (_wish, last) = run.decisions()
    assert last.phase is Phase.COMPLETED
    assert [
        (campaign.planned.name.wave, campaign.planned.package.name, campaign.planned.name.count)
        for campaign in run.service.campaigns
    ] == [(1, "M1-A-B", 5), (1, "M1-B-C", 5), (2, "M1-A-B", 7), (2, "M1-B-C", 7)]
