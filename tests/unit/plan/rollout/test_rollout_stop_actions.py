# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brakes: what a halt cancels, shortens, tries to abort, and cannot stop any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignType
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.suspects import (
    find_suspects,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    bad,
    day,
    device,
    good,
    hours,
    imeis,
    own,
    row,
    seen,
    settled,
    spec,
    target,
    upgraded,
    wave,
    waves_of,
)

DEVICES = imeis(4)


def campaign(status: str = "CampaignScheduled", **members: int | None) -> OwnCampaign:
    return own([row(imei) for imei in DEVICES], status, **members)


def halted(
    *campaigns: OwnCampaign, later: float = 0, on_halt: str = "shorten", by: str = "halted"
) -> Decision:
    """The run at which a person wants a halt, at so many hours from NOW."""
    wish = spec(DEVICES, on_halt=on_halt)
    what = seen([device(imei) for imei in DEVICES], campaigns, now=NOW + hours(later))
    return decide(wish, what, wanted=Wanted(by))


def shortened(decision: Decision) -> list[date]:
    return [end for _one, end, _why in decision.stops.shorten]


# NOW is 10:00 UTC, and the notice is 24 hours: day(1) is the earliest end.
@pytest.mark.parametrize(
    ("live", "expected"),
    [
        # -- has not started: it is cancelled
        (campaign("CampaignRequestPending", start=1, end=3), "cancel"),
        (campaign("CampaignRequestQueued", start=1, end=3), "cancel"),
        (campaign("CampaignRequestQueued", start=-1, end=3), "cancel"),
        (campaign("CampaignScheduled", start=1, end=3), "cancel"),
        # -- has started: a shorter one, and its devices are unstoppable
        (campaign(start=0, end=3), "shorten unstoppable"),
        (campaign(start=-2, end=2), "shorten unstoppable"),
        (campaign("CampaignPreScheduled", start=-1, end=3), "shorten unstoppable"),
        (campaign(start=None, end=3), "shorten unstoppable"),
        # -- ends by then anyway, or earlier: never later
        (campaign(start=-2, end=1), "unstoppable"),
        (campaign(start=-2, end=0), "unstoppable"),
        # -- nobody can tell what it would do to dates
        (campaign("CampaignOdd", start=-2, end=9), "unstoppable"),
        (campaign(start=-2, end=None), "unstoppable"),
        # -- over
        (campaign("CampaignEnded", start=-9, end=9), ""),
    ],
)
def test_a_halt_brakes_by_what_has_started(live: OwnCampaign, expected: str) -> None:
    decision = halted(live)
    assert ("cancel" in expected) == ([other for other, _why in decision.stops.cancel] == [live])
    assert ("shorten" in expected) == (decision.stops.shorten != ())
    assert decision.stops.shorten in ((), ((live, day(1), "the rollout has halted"),))
    assert ("unstoppable" in expected) == (decision.stops.unstoppable == (live,))
    assert decision.would_change == ("cancel" in expected or "shorten" in expected)
    assert not decision.stops.abort
    assert not decision.create


def test_windows_that_cannot_be_read_are_not_sent_back() -> None:
    """Sending new dates would lose them."""
    listed = campaign(start=-2, end=9)
    odd = replace(listed.campaign.schedule, windows_readable=False)
    listed = replace(listed, campaign=replace(listed.campaign, schedule=odd))
    assert not halted(listed).stops.shorten
    assert halted(listed).stops.unstoppable == (listed,)


def test_an_abort_is_tried_with_the_shortening_only() -> None:
    """Where it was asked for, and not again when the end cannot come earlier; but v2 aborts."""
    long, short = campaign(start=-2, end=9), campaign(start=-2, end=1)
    assert halted(long, on_halt="abort").stops.abort == (long,)
    assert not halted(long).stops.abort
    assert not halted(short, on_halt="abort").stops.abort
    software = replace(short, campaign=replace(short.campaign, type=CampaignType.SOFTWARE))
    assert halted(software, on_halt="abort").stops.abort == (software,)
    assert not halted(software).stops.abort
    assert not halted(campaign(start=1, end=9), on_halt="abort").stops.abort
    assert not halted(long, on_halt="abort", by="running").stops.abort


@settings(max_examples=120)
@given(
    start=st.integers(-9, 3),
    length=st.integers(0, 12),
    first=st.integers(0, 100),
    then=st.lists(st.integers(0, 60), max_size=4),
)
def test_an_end_never_moves_later_and_once_only(
    start: int, length: int, first: int, then: list[int]
) -> None:
    """After the first run that shortens, no later one does."""
    listed = campaign(start=start, end=start + length)
    now, writes = float(first), 0
    for step in [0, *then]:
        now += step
        decision = halted(listed, later=now)
        for end in shortened(decision):
            writes += 1
            before = listed.campaign.schedule.end
            assert before is not None
            assert end < before
            assert end == (NOW + hours(now + 24)).date()
            schedule = replace(listed.campaign.schedule, end=end)
            listed = replace(listed, campaign=replace(listed.campaign, schedule=schedule))
    assert writes <= 1


def test_a_halt_is_over_when_no_brake_is_left() -> None:
    """Something to write: look soon. Nothing left: there is no next look."""
    assert halted(campaign(start=-2, end=9)).next_check == NOW + hours(1)
    assert halted(campaign(start=-2, end=1)).next_check is None
    assert halted(campaign(start=-2, end=1)).phase is Phase.HALTED


@pytest.mark.parametrize("wanted", ["running", "paused", "planned"])
def test_nobody_else_brakes(wanted: str) -> None:
    """Not while the gates are content."""
    decision = halted(campaign(start=-2, end=9), by=wanted)
    assert not (
        decision.stops.cancel
        or decision.stops.shorten
        or decision.stops.abort
        or decision.stops.unstoppable
    )


def test_a_pause_creates_nothing_and_brakes_nothing() -> None:
    """A halt creates nothing either; a plan shows what would be created."""
    created = {by: len(halted(by=by).create) for by in ("running", "planned", "paused", "halted")}
    assert created == {"running": 1, "planned": 1, "paused": 0, "halted": 0}
    phases = {by: halted(by=by).phase.value for by in created}
    assert phases == {
        "running": "planned",
        "planned": "planned",
        "paused": "paused",
        "halted": "halted",
    }


@pytest.mark.parametrize("wanted", ["halted", "paused"])
def test_what_is_complete_is_neither_halted_nor_paused(wanted: str) -> None:
    rows, devices = settled(4)
    what = seen(devices, [own(rows, "CampaignEnded")])
    decision = decide(spec(DEVICES), what, wanted=Wanted(wanted))
    assert decision.phase is Phase.COMPLETED
    assert decision.next_check is None


@pytest.mark.parametrize("wanted", list(Wanted))
def test_a_failed_wave_brakes_whatever_is_wanted(wanted: Wanted) -> None:
    """2 of 2 failures in one campaign; the other one of the wave is shortened."""
    broken = own([bad(imei) for imei in DEVICES[:2]], "CampaignEnded")
    others = own([row(imei) for imei in DEVICES[2:]], batch=2, start=-2, end=9)
    what = seen([device(imei) for imei in DEVICES], [broken, others])
    decision = decide(spec(DEVICES), what, wanted=wanted)
    assert [listed for listed, _end, _why in decision.stops.shorten] == [others]
    assert shortened(decision) == [day(1)]
    assert decision.stops.unstoppable == (others,)


def test_a_failed_cohort_brakes_only_its_own_campaigns() -> None:
    """Three of three failures of one model; of nine devices of the other nothing is known yet."""
    broken, others = imeis(4), imeis(9, start=4)
    campaigns = [
        own([bad(imei) for imei in broken[:3]], "CampaignEnded", model="M2"),
        own([row(broken[3])], model="M2", batch=2, start=-2, end=9),
        own([row(imei) for imei in others], start=-2, end=9),
    ]
    known = [device(imei, model="M2") for imei in broken] + [device(imei) for imei in others]
    wish = spec(imeis(13), target=[target(), target("M2")])
    decision = decide(wish, seen(known, campaigns))
    assert decision.phase is Phase.RUNNING
    assert decision.stops.shorten == ((campaigns[1], day(1), "its cohort has failed"),)
    assert decision.stops.unstoppable == (campaigns[1],)


# -- suspects: devices that one of our campaigns may have although no report shows it

THREE = [wave("pilot", count=2), wave("second", count=2), wave("last")]


def suspects(
    campaigns: Sequence[OwnCampaign], wanted: Wanted, ids: Sequence[str]
) -> list[set[str]]:
    wish = spec(ids, waves=THREE)
    what = seen([device(imei) for imei in ids], campaigns)
    return [set(group) for group in find_suspects(decide(wish, what, wanted=wanted))]


def by_wave(ids: Sequence[str]) -> dict[int, set[str]]:
    decision = decide(spec(ids, waves=THREE), seen([device(imei) for imei in ids]))
    return {number: set(found) for number, found in waves_of(decision).items()}


def test_suspects_are_those_to_be_created() -> None:
    waves = by_wave(imeis(6))
    assert suspects([], Wanted.RUNNING, imeis(6)) == [waves[1]]
    assert suspects([], Wanted.PAUSED, imeis(6)) == []


def test_suspects_of_a_halt_are_of_the_waves_begun_and_the_next() -> None:
    """Of the third wave nothing can have been created yet."""
    waves = by_wave(imeis(6))
    assert suspects([], Wanted.HALTED, imeis(6)) == [waves[1]]
    pilot = own([row(imei) for imei in sorted(waves[1])])
    assert suspects([pilot], Wanted.HALTED, imeis(6)) == [waves[2]]
    assert suspects([pilot], Wanted.RUNNING, imeis(6)) == []
    failed = own([bad(imei) for imei in sorted(waves[1])], "CampaignEnded")
    # The failed ones may be in a retry that no report shows.
    assert suspects([failed], Wanted.RUNNING, imeis(6)) == [waves[1], waves[2]]


def test_what_is_complete_has_no_suspects() -> None:
    rows = [good(imei) for imei in imeis(3)]
    what = seen([upgraded(imei) for imei in imeis(3)], [own(rows, "CampaignEnded")])
    assert find_suspects(decide(spec(imeis(3)), what, wanted=Wanted.HALTED)) == []
