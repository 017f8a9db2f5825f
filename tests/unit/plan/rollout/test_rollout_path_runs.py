# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rollouts over several steps, with limits and halts: what must hold at every run."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    device,
    imeis,
    package,
    target,
    wave,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import (
    PATHS,
    SLOW,
    Run,
    path_runs,
    runs,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    WRONG_VERSION,
    ServiceModel,
)

# -- several steps


@settings(parent=SLOW, max_examples=12)
@given(path_runs(hides=True))
def test_every_step_keeps_the_rules_of_one(run: Run) -> None:
    proved: set[str] = set()
    for wish, found in run.decisions():
        proved |= {one.name for one in PATHS if run.service.proved(one.name)}
        for one in PATHS:
            if one.name not in proved:
                assert run.service.live_devices(one.name) <= 20
        waves = {one: number for number, ids in found.membership.waves.items() for one in ids}
        for planned in found.create:
            assert not found.cohorts[planned.package.name].failed
            assert {waves[imei] for imei in planned.devices} == {planned.wave.number}
            _check_earlier_waves(run, wish, found, planned.wave.number)
        _check_that_no_device_is_held_twice(run)
    tried = Counter(
        (imei, one.planned.package.name) for one in run.service.campaigns for imei in one.attempts
    )
    assert set(tried.values()) <= {1}
    refused = [why for one in run.service.campaigns for why in one.refused.values()]
    assert WRONG_VERSION not in refused


def _check_that_no_device_is_held_twice(run: Run) -> None:
    held = [
        imei for one in run.service.campaigns if one.live(run.service.now) for imei in one.accepted
    ]
    assert len(held) == len(set(held))


def _check_earlier_waves(run: Run, wish: RolloutSpec, found: Decision, number: int) -> None:
    """All waves before have passed by what the service did, whatever step a device is at."""
    outcomes = run.service.outcomes()
    for earlier in wish.waves[: number - 1]:
        assert found.waves[earlier.number - 1].verdict.opens_next
        members = [
            imei
            for imei in found.membership.waves[earlier.number]
            if not any(found.cohorts[one.name].failed for one in found.scope.members[imei].course)
            and found.verdicts[imei].kind.value != "rejected"
        ]
        told = [outcomes[imei] for imei in members if imei in outcomes]
        unknown = sum(found.verdicts[imei].kind.value == "unknown" for imei in members)
        attempted = len(told) + unknown
        assert attempted >= min(earlier.gate.min_sample, len(members))
        assert attempted >= earlier.gate.min_coverage * len(members)
        assert told.count("bad") <= earlier.gate.max_failure_rate * len(members)
        assert told.count("good") >= earlier.gate.success_needed * len(told)


@settings(parent=SLOW, max_examples=10)
@given(path_runs(hides=True, fates=["good"]))
def test_where_all_goes_well_every_device_reaches_the_target(run: Run) -> None:
    *_rest, (_wish, last) = run.decisions()
    assert last.phase is Phase.COMPLETED
    assert {run.service.runs(imei) for imei in run.service.devices} == {"C"}


@settings(parent=SLOW, max_examples=10)
@given(path_runs(fates=["good", "bad"], retry=1))
def test_a_step_is_tried_once_more_and_no_oftener(run: Run) -> None:
    for _wish, found in run.decisions():
        _check_that_no_device_is_held_twice(run)
        for planned in found.create:
            assert planned.name.attempt <= 2
    tried = Counter(
        (imei, one.planned.package.name) for one in run.service.campaigns for imei in one.attempts
    )
    for (imei, name), times in tried.items():
        assert times == 1 or (times == 2 and run.service.fate(imei, name) == "bad")


# -- what can still change


@settings(parent=SLOW, max_examples=12)
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
        assert found.exposed.started <= found.exposed.devices
        if number == halt_at:
            halted = found
            # What a halt cannot save, and until when.
            last = run.service.last_attempt()
            assert run.service.to_come() <= found.exposed.started
            assert last is None or (found.exposed.until and last.date() <= found.exposed.until)
        if halted is not None:
            assert found.create == ()


@settings(parent=SLOW, max_examples=12)
@given(runs() | path_runs())
def test_a_halt_by_the_gates_lasts(run: Run) -> None:
    """The model refuses an end date that comes no earlier."""
    halted = False
    for _wish, found in run.decisions():
        halted = halted or found.phase is Phase.HALTED
        assert halted == (found.phase is Phase.HALTED)
        assert not (halted and found.create)


# -- the digest


@settings(parent=SLOW, max_examples=12)
@given(runs(joins=True))
def test_the_digest_changes_when_the_wave_of_a_device_does(run: Run) -> None:
    plans = {
        (found.digest, tuple(sorted(found.membership.waves.items())))
        for _wish, found in run.decisions()
    }
    assert len({digest for digest, _waves in plans}) == len(plans)
    assert len({waves for _digest, waves in plans}) == len(plans)


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
        (one.planned.name.wave, one.planned.package.name, one.planned.name.count)
        for one in run.service.campaigns
    ] == [(1, "M1-A-B", 5), (1, "M1-B-C", 5), (2, "M1-A-B", 7), (2, "M1-B-C", 7)]
