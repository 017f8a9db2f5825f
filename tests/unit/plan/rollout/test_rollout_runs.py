# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rollouts against a model of the service: what must hold at every run of any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    device,
    imeis,
    package,
    row_of,
    wave,
    waves_of,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import (
    SLOW,
    Run,
    runs,
    strict_runs,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_rules import RolloutRules
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    FATES,
    ServiceModel,
)

# -- what must hold at every run


@SLOW
@given(runs())
def test_every_run_keeps_the_rules(run: Run) -> None:
    RolloutRules(run, one_step=True, hides=False).check()


@SLOW
@given(runs(joins=True))
def test_every_run_keeps_the_rules_when_devices_come_and_go(run: Run) -> None:
    RolloutRules(run, one_step=True, hides=False).check()


@settings(parent=SLOW, max_examples=examples(13))
@given(runs(hides=True))
def test_every_run_keeps_the_rules_when_reports_lack_campaigns(run: Run) -> None:
    RolloutRules(run, one_step=True, hides=True).check()


@settings(parent=SLOW, max_examples=examples(12))
@given(strict_runs())
def test_a_halt_lasts(run: Run) -> None:
    """Whatever else fails, is verified or is shown by a report, as long as its past is known."""
    RolloutRules(run, one_step=True, hides=True).check()


# -- one picture, one decision


def shuffled(what: Observed, dice: Any) -> Observed:
    """The same, read in another order."""

    def mix(items: Any) -> list[Any]:
        listed = list(items)
        return dice.sample(listed, len(listed))

    return replace(
        what,
        own=tuple(replace(campaign, rows=tuple(mix(campaign.rows))) for campaign in mix(what.own)),
        devices=dict(mix(what.devices.items())),
        catalog=tuple(mix(what.catalog)),
        busy=dict(mix(what.busy.items())),
    )


def essence(found: Decision) -> dict[str, Any]:
    """Everything that a decision says, without the rows that it was read from."""
    return {
        "phase": (found.phase, found.why, found.next_check, found.exposure),
        "outcomes": {
            row.imei: (row.outcome.kind, row.outcome.reason) for row in found.assessment.rows
        },
        "waves": (
            [replace(state, rows=()) for state in found.assessment.waves],
            waves_of(found),
            found.assessment.left_out,
        ),
        "cohorts": found.assessment.evidence,
        "writes": (found.create, [(own.campaign.id, why) for own, why in found.stops.cancel]),
        "refresh": sorted(found.refresh),
        "blockers": found.assessment.blockers,
    }


@settings(parent=SLOW, max_examples=examples(12))
@given(runs(hides=True), st.randoms(use_true_random=False))
def test_the_order_of_what_was_read_changes_nothing(run: Run, dice: Any) -> None:
    def check_order(wish: RolloutSpec, _found: Decision) -> None:
        what = run.service.observe(wish)
        mixed = replace(wish, devices=tuple(dice.sample(wish.devices, len(wish.devices))))
        assert essence(decide(mixed, shuffled(what, dice))) == essence(decide(wish, what))

    RolloutRules(run, one_step=True, hides=True).check(check_order)


# -- where all goes well


def needed(sizes: Sequence[int], most: int) -> int:
    """Campaigns that waves of one model need: 20 devices until 5 were tried, then all it takes."""
    first = min(most, 20)
    campaigns = tried = 0
    for size in sizes:
        while size:
            if tried >= 5:
                campaigns += ceil(size / most)
                size = 0
            else:
                # The room of 20 is filled at once, in campaigns of at most so many devices.
                batch = min(size, 20)
                campaigns += ceil(batch / first)
                size -= batch
                tried += batch
    return campaigns


@SLOW
@given(
    st.integers(1, 90),
    st.lists(st.integers(1, 40), max_size=3),
    st.sampled_from([1000, 25, 7]),
    st.lists(st.integers(3, 30), min_size=1, max_size=5),
)
def test_there_are_as_many_creates_as_the_waves_need(
    size: int, counts: list[int], most: int, steps: list[int]
) -> None:
    """Whatever the times of the runs; everything of a campaign is told at once."""
    run = Run(
        {
            "waves": [*(wave(f"w{n}", count=count) for n, count in enumerate(counts)), wave()],
            "limits": {"max_campaign_devices": most, "max_creates": 100},
        },
        ServiceModel({imei: device(imei) for imei in imeis(size)}, (package(),)),
        steps,
        [imeis(size)],
    )
    sizes, left = [], size
    for count in [*counts, size]:
        sizes.append(min(count, left))
        left -= sizes[-1]
    *_rest, (_wish, last) = run.decisions()
    assert last.phase.value == "completed"
    assert len(run.service.campaigns) == needed(sizes, most)
    assert len({str(campaign.planned.name) for campaign in run.service.campaigns}) == needed(
        sizes, most
    )


def test_hourly_runs_create_no_more() -> None:
    run = Run(
        {"waves": [wave("p", per_package=5, at_least=10), wave("b", percent=25), wave()]},
        ServiceModel({imei: device(imei) for imei in imeis(60)}, (package(),), spread=30),
        [1],
        [imeis(60)],
    )
    *_rest, (_wish, last) = run.decisions()
    assert last.phase.value == "completed"
    assert [campaign.planned.name.count for campaign in run.service.campaigns] == [10, 15, 35]


# -- some rollouts by hand


def outcome(fates: dict[str, str], **more: Any) -> tuple[Run, Decision]:
    """The end of a rollout of 30 devices: a pilot of 5, then the rest."""
    run = Run(
        {"waves": [wave("pilot", count=5), wave()], "gate": {"min_sample": 5}},
        ServiceModel({imei: device(imei) for imei in imeis(30)}, (package(),), fates=fates, **more),
        [5],
        [imeis(30)],
    )
    *_rest, (_wish, last) = run.decisions()
    return run, last


def everybody(fate: str) -> dict[str, str]:
    return dict.fromkeys(imeis(30), fate)


@pytest.mark.parametrize(
    ("fates", "phase", "campaigns"),
    [
        ({}, "completed", [5, 25]),
        (everybody("bad"), "halted", [5]),
        (everybody("reverts"), "halted", [5]),
        (everybody("silent"), "halted", [5]),
        (everybody("unreached"), "held", [5]),
        (everybody("rejected"), "held", [5]),
        (everybody("odd"), "halted", [5]),
    ],
)
def test_a_fate_of_all(fates: dict[str, str], phase: str, campaigns: list[int]) -> None:
    run, last = outcome(fates)
    assert last.phase.value == phase
    assert [campaign.planned.name.count for campaign in run.service.campaigns] == campaigns


@pytest.mark.parametrize(
    ("refuses", "phase", "campaigns"),
    [
        (lambda number: number == 1, "completed", [5, 5, 25]),
        (lambda number: number <= 2, "completed", [5, 5, 5, 25]),
        (lambda number: True, "held", [5, 5, 5]),
        # refused above 20: the rest comes in campaigns of 20
        (lambda number: number == 2, "completed", [5, 25, 20, 5]),
    ],
)
def test_requests_that_fail(
    refuses: Callable[[int], bool], phase: str, campaigns: list[int]
) -> None:
    run, last = outcome({}, refuses=refuses)
    assert last.phase.value == phase
    assert [campaign.planned.name.count for campaign in run.service.campaigns] == campaigns


def test_a_campaign_that_nobody_sees_for_a_day_upgrades_nobody_twice() -> None:
    run, last = outcome({}, hides=lambda number: 24 if number == 1 else 0)
    first, *shadows = [
        campaign for campaign in run.service.campaigns if campaign.planned.name.wave == 1
    ]
    assert last.phase.value == "completed"
    assert len(first.accepted) == 5
    assert shadows
    assert all(not campaign.accepted for campaign in shadows)


def test_the_model_itself_can_go_wrong() -> None:
    """Every fate happens: a model that only does well would prove nothing."""
    ids = imeis(len(FATES))
    run = Run(
        {"waves": [wave(gate={"max_rejected": 1, "max_failure_rate": 1})]},
        ServiceModel(
            {imei: device(imei) for imei in ids},
            (package(),),
            fates=dict(zip(ids, FATES, strict=True)),
        ),
        [6],
        [ids],
    )
    *_rest, (_wish, last) = run.decisions()
    assert {FATES[n]: row_of(last, imei).outcome.kind.value for n, imei in enumerate(ids)} == {
        "good": "verified",
        "bad": "failed",
        "silent": "failed",
        "reverts": "mismatch",
        "unreached": "unreached",
        "rejected": "rejected",
        "odd": "unknown",
    }
