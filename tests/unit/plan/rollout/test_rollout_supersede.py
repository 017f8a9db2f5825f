# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new target while campaigns of an older one are there: waited for, or braked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.unused_overrides import (
    check_unused_overrides,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    generation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    day,
    device,
    good,
    hours,
    imeis,
    own,
    package,
    row,
    seen,
    spec,
    target,
    upgraded,
    wave,
    waves_of,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    ServiceModel,
    run_once,
)

IDS = imeis(6)
HELD = IDS[:3]
RUNNING = own([row(imei) for imei in HELD], start=-2, end=9, campaign_id="running")
QUEUED = own([row(imei) for imei in HELD], "CampaignRequestQueued", start=1, campaign_id="queued")
ENDED = own([good(imei) for imei in HELD], "CampaignEnded", start=-9, end=-5, campaign_id="ended")
# From A straight to the new target, and from A to the old one.
CATALOG = [package(path="A C"), package(path="A B"), package("M2")]


def decided(
    campaigns: Iterable[OwnCampaign] = (RUNNING,),
    *,
    supersede: bool = True,
    wanted: Wanted = Wanted.RUNNING,
    generations: Iterable[str] = (),
    models: str = "111111",
    **members: Any,
) -> Decision:
    """The target of the first model is C; it was B. The second one's is B as before."""
    listed = list(campaigns)
    wish = spec(IDS, target=[target(version="C"), target("M2")], supersede=supersede, **members)
    held = {
        told.device_id: campaign.campaign.id
        for campaign in listed
        if not campaign.over and campaign.name.generation != generation(MAKER, "M1", "C")
        for told in campaign.rows
    }
    known = [device(imei, model=f"M{model}") for imei, model in zip(IDS, models, strict=True)]
    found = seen(known, listed, busy=held, catalog=CATALOG)
    older = {campaign.name.generation for campaign in listed} | set(generations)
    return decide(wish, replace(found, generations=frozenset(older)), wanted=wanted)


def created(decision: Decision) -> dict[str, set[str]]:
    return {planned.package.name: set(planned.devices) for planned in decision.create}


def test_live_campaigns_of_an_older_target_are_waited_for() -> None:
    decision = decided(supersede=False)
    assert created(decision) == {}
    assert decision.phase is Phase.BLOCKED
    (blocker,) = decision.assessment.blockers
    assert f"{RUNNING.name} (running, CampaignScheduled)" in blocker
    assert "set supersede: true" in blocker
    assert not (decision.stops.shorten or decision.stops.cancel or decision.stops.unstoppable)
    # A model with no such campaign is held by nobody.
    assert created(decided(supersede=False, models="111222")) == {"M2-A-B": set(IDS[3:])}


def test_superseded_campaigns_are_shortened_and_no_longer_waited_for() -> None:
    """Devices that they have are busy; the others get the new package."""
    decision = decided()
    assert decision.stops.shorten == ((RUNNING, day(1), "a newer target supersedes it"),)
    assert decision.stops.unstoppable == (RUNNING,)
    assert decision.stops.abort == ()
    assert decision.assessment.blockers == ()
    assert created(decision) == {"M1-A-C": set(IDS[3:])}
    assert decision.would_change


def test_superseded_campaigns_that_have_not_started_are_cancelled() -> None:
    decision = decided([QUEUED])
    assert decision.stops.cancel == ((QUEUED, "a newer target supersedes it"),)
    assert not (decision.stops.shorten or decision.stops.unstoppable)


def test_an_abort_is_tried_where_it_was_asked_for() -> None:
    assert decided(on_halt="abort").stops.abort == (RUNNING,)


def test_an_end_never_moves_later() -> None:
    short = replace(
        RUNNING,
        campaign=replace(RUNNING.campaign, schedule=replace(RUNNING.campaign.schedule, end=day(1))),
    )
    decision = decided([short])
    assert decision.stops.shorten == ()
    assert decision.stops.unstoppable == (short,)


@pytest.mark.parametrize(
    ("wanted", "supersede", "why"),
    [
        (Wanted.RUNNING, True, "a newer target supersedes it"),
        (Wanted.PLANNED, True, "a newer target supersedes it"),
        (Wanted.PAUSED, True, ""),
        (Wanted.HALTED, True, "the rollout has halted"),
        (Wanted.RUNNING, False, ""),
        (Wanted.PLANNED, False, ""),
        (Wanted.PAUSED, False, ""),
        (Wanted.HALTED, False, "the rollout has halted"),
    ],
)
def test_who_brakes_older_targets(wanted: Wanted, why: str, *, supersede: bool) -> None:
    """A pause touches nothing; a halt stops all, once."""
    decision = decided([RUNNING, QUEUED], supersede=supersede, wanted=wanted)
    assert [told for _one, _end, told in decision.stops.shorten] == ([why] if why else [])
    assert [told for _one, told in decision.stops.cancel] == ([why] if why else [])
    assert decision.stops.unstoppable == ((RUNNING,) if why else ())
    if wanted in (Wanted.PAUSED, Wanted.HALTED):
        assert created(decision) == {}


def test_devices_of_older_targets_keep_no_wave_and_no_result() -> None:
    """A success with the older target is none with the new one."""
    before = decided([], supersede=False)
    after = decided([ENDED, RUNNING], waves=[wave()])
    assert waves_of(after) == waves_of(before)
    assert after.assessment.history.devices == {}
    assert after.assessment.evidence["M1-A-C"].attempted == 0


# -- nothing to supersede


@pytest.mark.parametrize(
    ("campaigns", "generations", "refused"),
    [
        ([], [], True),
        # Only of the present target.
        ([], [generation(MAKER, "M1", "C"), generation(MAKER, "M2", "B")], True),
        ([own([row(IDS[0])], package_name="M1-A-C", to="C")], [], True),
        # An older one that is over by now: it need not be taken out of the declaration.
        ([], [generation(MAKER, "M1", "B")], False),
        ([ENDED], [], False),
        ([RUNNING], [], False),
    ],
)
def test_supersede_without_anything_to_supersede(
    campaigns: list[OwnCampaign], generations: list[str], *, refused: bool
) -> None:
    decision = decided(campaigns, generations=generations)
    if not refused:
        check_unused_overrides(decision, Wanted.RUNNING)
        return
    with pytest.raises(PlanRefused) as caught:
        check_unused_overrides(decision, Wanted.RUNNING)
    assert "supersede is true, and there is no campaign of an older target" in str(caught.value)
    # An unused override delays no halt.
    check_unused_overrides(decision, Wanted.HALTED)
    check_unused_overrides(decision, Wanted.PAUSED)
    check_unused_overrides(
        decided(campaigns, generations=generations, supersede=False), Wanted.RUNNING
    )


def test_what_an_older_target_has_live_takes_the_room_of_the_pilot() -> None:
    """Both targets are reached by the same package, of which twenty are out already."""
    ids = imeis(60)
    older = own([row(imei) for imei in ids[:20]], start=-1, end=9)
    wish = spec(ids, target=[target(version="C")], supersede=True)
    what = seen(map(device, ids), [older], catalog=[package(path="A B"), package(path="B C")])
    decision = decide(wish, what)
    assert decision.assessment.evidence["M1-A-B"].live == 20
    assert decision.create == ()


def test_it_is_part_of_the_plan() -> None:
    assert decided().assessment.digest != decided(supersede=False).assessment.digest


# -- whole runs


@pytest.mark.parametrize("supersede", [False, True])
@pytest.mark.parametrize("later", [6, 30, 60, 24 * 6])
def test_a_target_that_changes_midway(later: float, *, supersede: bool) -> None:
    """Every device gets to C, over B if it got there first; nobody is in two campaigns at once."""
    ids = imeis(24)
    service = ServiceModel(
        {imei: device(imei) for imei in ids},
        (package(path="A B"), package(path="B C"), package(path="A C")),
        spread=30,
    )
    waves = [wave("pilot", count=6), wave()]
    for _run in range(int(later / 6)):
        next_run(spec(ids, waves=waves), service)
    wish = spec(ids, waves=waves, target=[target(version="C")], supersede=supersede)
    for _run in range(4 * 7 * 5):
        found = next_run(wish, service)
        held = [
            imei
            for running in service.campaigns
            if running.live(service.now)
            for imei in running.accepted
        ]
        assert len(held) == len(set(held))
    assert {service.runs(imei) for imei in ids} == {"C"}
    assert found.phase in (Phase.COMPLETED, Phase.NOTHING_TO_DO)


def next_run(wish: RolloutSpec, service: ServiceModel) -> Decision:
    """Run six hours later; somebody has read all versions in the meantime."""
    service.now += hours(6)
    service.refresh(service.devices)
    return run_once(wish, service)


def test_a_halt_looks_at_older_targets_until_they_are_over() -> None:
    shortened = replace(
        RUNNING,
        campaign=replace(RUNNING.campaign, schedule=replace(RUNNING.campaign.schedule, end=day(1))),
    )
    assert decided([RUNNING], wanted=Wanted.HALTED).next_check == seen().now + hours(1)
    assert decided([shortened], wanted=Wanted.HALTED).next_check is None
    assert decided([shortened]).next_check is not None
    # One that knows the target already needs nothing.
    wish = spec(HELD)
    assert decide(wish, seen(map(upgraded, HELD), [])).phase is Phase.NOTHING_TO_DO
