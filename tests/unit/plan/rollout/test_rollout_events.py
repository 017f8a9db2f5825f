# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has happened since the run before, by what is remembered of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.events import (
    EventKind,
    LastRun,
    find_events,
    halted_packages,
    passed_waves,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    decided,
    device,
    good,
    imeis,
    own,
    row,
    seen,
    settled,
    spec,
    upgraded,
    wave,
)

TEN = imeis(10)
TWO_WAVES = [wave("first", count=5), wave("rest")]
NOTHING = LastRun()


def events(decision: Decision, last: LastRun = NOTHING) -> list[tuple[str, str, str, str]]:
    """Every event as its kind, wave, phase, and phase before."""
    return [
        (event.kind.value, event.wave, event.phase.value, event.before)
        for event in find_events(decision.assessment, decision.phase, decision.create, last)
    ]


def remember(phase: str, *passed: str) -> LastRun:
    return LastRun(phase=phase, passed=frozenset(passed))


def begin(**members: Any) -> Decision:
    """Nothing exists yet; the first wave is to be created."""
    return decided(spec(TEN, waves=TWO_WAVES, **members), seen(map(device, TEN)))


def first_wave_passed() -> Decision:
    """The first wave has passed; the second is to be created."""
    rows, devices = settled(5)
    return decided(
        spec(TEN, waves=TWO_WAVES),
        seen([*devices, *map(device, TEN[5:])], [own(rows, "CampaignEnded", end=-1)]),
    )


def second_wave_created() -> Decision:
    """The first wave has passed, and the second is under way."""
    rows, devices = settled(5)
    campaigns = [
        own(rows, "CampaignEnded", end=-1),
        own([row(imei) for imei in TEN[5:]], wave=2),
    ]
    return decided(spec(TEN, waves=TWO_WAVES), seen([*devices, *map(device, TEN[5:])], campaigns))


def halted() -> Decision:
    rows = [bad(imei) for imei in TEN[:5]]
    return decided(
        spec(TEN, waves=TWO_WAVES), seen(map(device, TEN), [own(rows, "CampaignEnded", end=-1)])
    )


def test_at_first_a_wave_begins_and_the_phase_is_new() -> None:
    assert events(begin()) == [
        ("before_wave", "first", "planned", ""),
        ("phase_change", "", "planned", ""),
    ]


def test_a_wave_begins_for_every_run_that_finds_it_still_to_be_created() -> None:
    """Nothing is remembered of campaigns: if the first try has failed, it begins once more."""
    assert events(begin(), remember("planned")) == [("before_wave", "first", "planned", "planned")]


def test_a_wave_that_has_passed_makes_way_for_the_next() -> None:
    decision = first_wave_passed()
    assert passed_waves(decision.assessment) == ["first"]
    assert events(decision, remember("running")) == [
        ("after_wave", "first", "running", "running"),
        ("before_wave", "rest", "running", "running"),
    ]


def test_what_is_remembered_as_passed_is_no_news() -> None:
    decision = first_wave_passed()
    assert events(decision, remember("running", "first")) == [
        ("before_wave", "rest", "running", "running")
    ]
    assert events(decision, remember("running", "rest"))[0][:2] == ("after_wave", "first")


def test_a_wave_that_has_begun_does_not_begin_again() -> None:
    assert events(second_wave_created(), remember("running", "first")) == []


def test_a_second_campaign_of_a_wave_is_no_beginning() -> None:
    """More devices of the wave are still to be created."""
    rows = [row(imei) for imei in TEN[:3]]
    decision = decided(spec(TEN, waves=[wave("rest")]), seen(map(device, TEN), [own(rows)]))
    assert [planned.name.wave for planned in decision.create] == [1]
    assert events(decision, remember("running")) == []


def test_without_memory_everything_is_news() -> None:
    assert [event[:2] for event in events(second_wave_created())] == [
        ("after_wave", "first"),
        ("phase_change", ""),
    ]


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        ("running", ["halt", "phase_change"]),
        ("", ["halt", "phase_change"]),
        ("halted", []),
    ],
)
def test_a_halt_is_told_once(before: str, kinds: Sequence[str]) -> None:
    found = events(halted(), remember(before))
    assert [event[0] for event in found] == list(kinds)
    assert {event[1:] for event in found} <= {("", "halted", before)}


def test_a_cohort_that_halts_alone_is_an_event_once() -> None:
    """The rollout goes on with the others, so that its phase does not change."""
    assessment = halted().assessment
    (package,) = halted_packages(assessment)

    def halts(last: LastRun, phase: Phase = Phase.RUNNING) -> list[str]:
        found = find_events(assessment, phase, (), last)
        return [event.cohort for event in found if event.kind is EventKind.HALT]

    assert halts(remember("running")) == [package]
    assert halts(LastRun("running", halted=frozenset({package}))) == []
    assert halts(remember("running"), Phase.HALTED) == [""], "the halt of the rollout says it"


def test_the_end_is_a_change_of_phase_after_the_last_wave() -> None:
    rows, devices = settled(3)
    decision = decided(spec(), seen(devices, [own(rows, "CampaignEnded", end=-1)]))
    assert events(decision, remember("running")) == [
        ("after_wave", "all", "completed", "running"),
        ("phase_change", "", "completed", "running"),
    ]
    assert events(decision, remember("completed", "all")) == []


def test_a_wave_without_members_has_not_passed() -> None:
    """It is skipped: nobody is told of a wave that never was."""
    gone, *others = TEN[:4]
    wish = spec(
        [{"imei": gone, "groups": ["old"]}, *others], waves=[wave("old", group="old"), wave("rest")]
    )
    rows = [good(imei) for imei in others]
    campaign = own(rows, "CampaignEnded", end=-1, wave=2)
    decision = decided(wish, seen(map(upgraded, others), [campaign]))
    assert decision.phase.over
    assert passed_waves(decision.assessment) == ["rest"]


def test_a_wave_that_may_not_be_created_does_not_begin() -> None:
    decision = begin(require_digest="0000")
    assert decision.create == ()
    assert [event[0] for event in events(decision)] == ["phase_change"]
