# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A halt stops the same campaigns whatever else is broken: any read, any part of the declaration,
and any other cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec_reader import (
    read_identity,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    ROLLOUT,
    target,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import (
    SLOW,
    Run,
    runs,
)

Broken = tuple[RolloutSpec, Observed]


def _without_anything_but_the_list(wish: RolloutSpec, seen: Observed) -> Broken:
    own = tuple(replace(campaign, rows=()) for campaign in seen.own)
    unread = replace(seen, own=own, devices={}, catalog=(), busy={}, unread=("all but the list",))
    return replace(wish, devices=()), unread


def _without_packages(wish: RolloutSpec, seen: Observed) -> Broken:
    return wish, replace(seen, catalog=())


def _without_the_devices_of_the_account(wish: RolloutSpec, seen: Observed) -> Broken:
    return wish, replace(seen, devices={})


def _without_selected_devices(wish: RolloutSpec, seen: Observed) -> Broken:
    return replace(wish, devices=wish.devices[:1]), seen


def _with_the_name_alone(_wish: RolloutSpec, seen: Observed) -> Broken:
    named = read_identity({"name": ROLLOUT, "type": "frimware", "target": [target("M1", "?")]})
    assert named is not None
    return named, replace(seen, unread=("the declaration cannot be used",))


def _with_fewer_waves(wish: RolloutSpec, seen: Observed) -> Broken:
    last = replace(wish.waves[-1], number=1)
    return replace(wish, waves=(last,)), seen


def _with_another_cohort_mistyped(wish: RolloutSpec, seen: Observed) -> Broken:
    other = replace(wish.targets[-1], version="no such")
    older = {campaign.name.generation for campaign in seen.own}
    return (
        replace(wish, targets=(*wish.targets[:-1], other)),
        replace(seen, generations=frozenset(older)),
    )


BREAKS: tuple[Callable[[RolloutSpec, Observed], Broken], ...] = (
    _without_anything_but_the_list,
    _without_packages,
    _without_the_devices_of_the_account,
    _without_selected_devices,
    _with_the_name_alone,
    _with_fewer_waves,
    _with_another_cohort_mistyped,
)
MET: dict[str, int] = {"states": 0}


def brakes(found: Decision) -> set[tuple[str, object]]:
    """The campaigns that are cancelled, and those that end earlier, with their last day."""
    stops = found.stops
    return {
        *((own.campaign.id, "cancel") for own, _why in stops.cancel),
        *((own.campaign.id, day) for own, day, _why in stops.shorten),
    }


@settings(parent=SLOW, max_examples=24)
@given(run=runs(), steps=st.integers(1, 12))
def test_a_halt_stops_the_same_whatever_is_broken(run: Run, steps: int) -> None:
    *_before, (wish, _found) = islice(run.decisions(), steps)
    seen = run.service.observe(wish)
    expected = brakes(decide(wish, seen, wanted=Wanted.HALTED))
    MET["states"] += bool(expected)
    for broken in BREAKS:
        spec, read = broken(wish, seen)
        found = brakes(decide(spec, read, wanted=Wanted.HALTED))
        assert found == expected, broken.__name__


def test_there_was_something_to_stop() -> None:
    """In the test before, which is the same whenever it runs."""
    assert MET["states"] >= 5
