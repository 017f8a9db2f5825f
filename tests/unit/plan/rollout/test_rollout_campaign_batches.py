# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which campaigns are created: sizes, numbers, days, limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.calendar import (
    first_day,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    NOW,
    at,
    bad,
    busy,
    cohort,
    day,
    decided,
    device,
    good,
    hours,
    imei,
    imeis,
    named,
    own,
    package,
    rejected,
    row,
    seen,
    settled,
    spec,
    target,
    wave,
    waves_of,
)


def created(found: Decision) -> list[tuple[int, int, int]]:
    """Wave, batch and size of what is created."""
    for planned in found.create:
        assert planned.name.count == len(planned.devices) == len(set(planned.devices))
        assert (planned.name.wave, planned.name.attempt) == (planned.wave.number, 1)
    return [(batch.name.wave, batch.name.batch, batch.name.count) for batch in found.create]


def of_one_model(count: int, own: Iterable[OwnCampaign] = (), **members: Any) -> Decision:
    """A run over devices of one model in one wave."""
    ids = imeis(count)
    return decided(spec(ids, **members), seen(map(device, ids), own))


# -- what a campaign is


def test_a_planned_campaign_says_everything() -> None:
    found = of_one_model(3, waves=[wave("all", days=4)])
    (planned,) = found.create
    assert planned.name == named(3)
    assert planned.wave == found.assessment.spec.waves[0]
    assert planned.cohort == cohort()
    assert planned.package == package()
    assert (planned.start, planned.end) == (day(1), day(4))
    assert sorted(planned.devices) == imeis(3)
    assert planned.devices == waves_of(found)[1]


@pytest.mark.parametrize(
    ("now", "lead", "first"),
    [
        ("2026-04-10 10:00:00", 12, "2026-04-11"),
        # exactly 12 hours before midnight
        ("2026-04-10 12:00:00", 12, "2026-04-11"),
        ("2026-04-10 12:00:01", 12, "2026-04-12"),
        ("2026-04-10 23:59:59", 12, "2026-04-12"),
        ("2026-04-10 00:00:00", 12, "2026-04-11"),
        ("2026-04-10 00:00:00", 24, "2026-04-11"),
        ("2026-04-10 00:00:01", 24, "2026-04-12"),
        ("2026-04-30 23:00:00", 1, "2026-05-01"),
        ("2026-12-31 10:00:00", 14, "2027-01-01"),
    ],
)
def test_first_day(now: str, lead: int, first: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=timezone.utc)
    assert first_day(moment, timedelta(hours=lead)) == date.fromisoformat(first)


def test_a_microsecond_too_late_is_a_day_later() -> None:
    noon = datetime(2026, 4, 10, 12, 0, 0, 1, tzinfo=timezone.utc)
    assert first_day(noon, hours(12)) == date(2026, 4, 12)


def test_the_declared_lead_counts() -> None:
    assert of_one_model(1, calendar={"lead_hours": 40}).create[0].start == day(3)


# -- the pilot rule: 20 devices of an unproved package at once


@pytest.mark.parametrize(
    ("devices", "limits", "expected"),
    [
        (1, {}, [(1, 1, 1)]),
        (20, {}, [(1, 1, 20)]),
        (21, {}, [(1, 1, 20)]),
        (50, {"max_campaign_devices": 8}, [(1, 1, 8), (1, 2, 8), (1, 3, 4)]),
        (50, {"max_campaign_devices": 20}, [(1, 1, 20)]),
        (50, {"max_campaign_devices": 8, "max_creates": 2}, [(1, 1, 8), (1, 2, 8)]),
    ],
)
def test_unproved(
    devices: int, limits: dict[str, int], expected: list[tuple[int, int, int]]
) -> None:
    assert created(of_one_model(devices, limits=limits)) == expected


def test_what_is_live_takes_room() -> None:
    live = own([row(id_) for id_ in imeis(7)])
    assert created(of_one_model(40, [live])) == [(1, 2, 13)]
    assert created(of_one_model(40, [live, own([row(imei(7))], batch=2)])) == [(1, 3, 12)]


def test_a_full_room_takes_nobody() -> None:
    assert created(of_one_model(40, [own([row(id_) for id_ in imeis(20)])])) == []


def test_what_is_over_takes_no_room() -> None:
    assert created(of_one_model(40, [own([row(id_) for id_ in imeis(7)], "CampaignEnded")])) == [
        (1, 2, 20)
    ]


def test_a_campaign_takes_the_room_that_it_asked_for() -> None:
    """Also for devices that it did not get; wave 2 is open, as wave 1 has passed."""
    rows, devices = settled(4)
    ids = imeis(40)
    wish = spec(
        ids,
        waves=[wave("pilot", count=4, gate={"min_sample": 4}), wave("more", count=21), wave()],
    )
    pilot = own(rows, "CampaignEnded")
    waves = waves_of(decided(wish, seen([*devices, *map(device, ids[4:])], [pilot])))
    taken = [*map(row, waves[2][:8]), rejected(waves[2][8])]
    what = seen([*devices, *map(device, ids[4:])], [pilot, own(taken, wave=2, campaign_id="c2")])
    found = decided(wish, what)
    assert created(found) == [(2, 2, 11)]
    assert found.assessment.evidence["M1-A-B"].live == 9
    assert set(found.create[0].devices) < set(waves[2][9:])


def test_packages_have_rooms_of_their_own() -> None:
    ids = imeis(60)
    devices = [*map(device, ids[:30]), *(device(id_, "A2") for id_ in ids[30:])]
    what = seen(devices, catalog=[package(), package(path="A2 B")])
    found = decided(spec(ids), what)
    assert created(found) == [(1, 1, 20), (1, 1, 20)]
    assert {planned.package.name for planned in found.create} == {"M1-A-B", "M1-A2-B"}
    assert [planned.cohort for planned in found.create] == sorted(
        planned.cohort for planned in found.create
    )


def test_waves_share_the_room_of_a_package() -> None:
    """Three verified devices let the pilot pass, and prove nothing: 20 over both waves."""
    rows, devices = settled(3)
    ids = imeis(60)
    claimed = own(rows, "CampaignEnded")
    wish = spec(
        ids,
        waves=[
            wave("pilot", count=15, gate={"min_sample": 3, "min_coverage": 0}),
            wave("more", count=15, gate={"min_sample": 3, "min_coverage": 0}),
            wave(),
        ],
    )
    found = decided(wish, seen([*devices, *map(device, ids[3:])], [claimed]))
    # wave 1 has 12 devices that wait, and leaves room for 8 of the 15 of wave 2
    assert created(found) == [(1, 2, 12), (2, 1, 8)]


# -- proved packages


def proved(count: int, **members: Any) -> Decision:
    """A run after five devices were verified in batch 1, with ``count`` more to come."""
    rows, devices = settled(5)
    ids = imeis(count + 5)
    what = seen([*devices, *map(device, ids[5:])], [own(rows)])
    return decided(spec(ids, **members), what)


@pytest.mark.parametrize(
    ("devices", "limits", "expected"),
    [
        (45, {}, [(1, 2, 45)]),
        (45, {"max_campaign_devices": 20}, [(1, 2, 20), (1, 3, 20), (1, 4, 5)]),
        (40, {"max_campaign_devices": 20}, [(1, 2, 20), (1, 3, 20)]),
        (1000, {}, [(1, 2, 1000)]),
        (1001, {}, [(1, 2, 1000), (1, 3, 1)]),
        (30, {"max_campaign_devices": 2}, [(1, number, 2) for number in range(2, 12)]),
        (30, {"max_campaign_devices": 9, "max_creates": 1}, [(1, 2, 9)]),
    ],
)
def test_proved(devices: int, limits: dict[str, int], expected: list[tuple[int, int, int]]) -> None:
    assert created(proved(devices, limits=limits)) == expected


def test_max_creates_is_over_all_cohorts() -> None:
    ids = imeis(12)
    models = [f"M{number}" for number in range(4)]
    devices = [device(id_, model=models[number % 4]) for number, id_ in enumerate(ids)]
    found = decided(
        spec(ids, target=[target(model) for model in models], limits={"max_creates": 3}),
        seen(devices),
    )
    assert created(found) == [(1, 1, 3)] * 3
    assert [planned.cohort.model for planned in found.create] == ["M0", "M1", "M2"]


def test_devices_are_taken_in_line_and_each_once() -> None:
    found = proved(45, limits={"max_campaign_devices": 20})
    taken = [id_ for planned in found.create for id_ in planned.devices]
    assert taken == [id_ for id_ in waves_of(found)[1] if id_ not in imeis(5)]


# -- numbers


def test_numbers_go_on_after_every_campaign_of_the_place() -> None:
    """Also after shadows and refused ones, and separately for each wave, cohort and target."""
    ids = imeis(10)
    campaigns = [
        own([busy(ids[0], -100)], "CampaignEnded", batch=4),
        own([], "CampaignRequestFailed", count=3, start=-5, batch=6),
        own([row(ids[1])], "CampaignEnded", batch=8, to="C"),
        own([], "CampaignRequestFailed", count=3, start=-5, batch=9, version="A2"),
    ]
    found = decided(spec(ids), seen(map(device, ids), campaigns))
    assert created(found) == [(1, 7, 10)]


def test_a_name_has_room_for_999_batches() -> None:
    rows, devices = settled(5)
    ids = imeis(9)
    what = seen([*devices, *map(device, ids[5:])], [own(rows, batch=998)])
    assert created(decided(spec(ids, limits={"max_campaign_devices": 1}), what)) == [(1, 999, 1)]


# -- after a refusal


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        # The last word was 24 hours ago, or nearly.
        (own([row(imei(0), updated=at(-24))], "CampaignRequestFailed"), [(1, 2, 3)]),
        (own([row(imei(0), updated=at(-23.9))], "CampaignRequestFailed"), []),
        (own([busy(imei(0), -24)], "CampaignEnded"), [(1, 2, 3)]),
        (own([busy(imei(0), -23.9)], "CampaignEnded"), []),
        # Nothing is told: a day after the first day, which was yesterday at 00:00, or today.
        (own([], "CampaignRequestFailed", count=3, start=-1), [(1, 2, 3)]),
        (own([], "CampaignRequestFailed", count=3, start=0), []),
        # Another wave or cohort is no reason to wait.
        (own([], "CampaignRequestFailed", count=3, start=0, wave=2), [(1, 1, 3)]),
        (own([], "CampaignRequestFailed", count=3, start=0, version="A2"), [(1, 1, 3)]),
    ],
)
def test_a_refused_cohort_tries_again_after_a_day(
    refused: OwnCampaign, expected: Sequence[tuple[int, int, int]]
) -> None:
    ids = imeis(3)
    wish = spec(ids, waves=[wave("first", count=3), wave()])
    assert created(decided(wish, seen(map(device, ids), [refused]))) == expected


# -- who is not taken


def test_a_failed_cohort_gets_nothing_and_others_go_on() -> None:
    ids = imeis(12)
    devices = [device(id_, model="M1" if place < 6 else "M2") for place, id_ in enumerate(ids)]
    wish = spec(
        ids,
        target=[target(), target("M2")],
        waves=[wave(gate={"max_failed_cohort_share": "0.5"})],
    )
    what = seen(devices, [own([bad(id_) for id_ in ids[:3]])])
    found = decided(wish, what)
    assert [planned.package.name for planned in found.create] == ["M2-A-B"]
    assert created(found) == [(1, 1, 6)]


def test_a_later_wave_is_not_open() -> None:
    ids = imeis(9)
    wish = spec(ids, waves=[wave("pilot", count=2), wave()])
    assert created(decided(wish, seen(map(device, ids)))) == [(1, 1, 2)]


def test_an_open_wave_is_filled_while_the_one_before_still_runs() -> None:
    """Four of five verified pass the pilot; the fifth is under way."""
    rows, devices = settled(4)
    ids = imeis(9)
    wish = spec(ids, waves=[wave("pilot", count=5, gate={"min_sample": 4}), wave()])
    what = seen([*devices, *map(device, ids[4:])], [own([*rows, row(ids[4])])])
    assert created(decided(wish, what)) == [(2, 1, 4)]


def test_the_model_of_another_live_target_waits() -> None:
    ids = imeis(6)
    devices = [device(id_, model="M1" if place < 3 else "M2") for place, id_ in enumerate(ids)]
    what = seen(devices, [own([row(ids[0])], to="C")])
    found = decided(spec(ids, target=[target(), target("M2")]), what)
    assert [planned.cohort.model for planned in found.create] == ["M2"]


# -- exposure


def test_exposure_counts_devices_that_can_still_change() -> None:
    """Of 10 asked for, one failed, one is verified, one reported and one rejected."""
    ids = imeis(60)
    rows = [bad(ids[0]), good(ids[1]), good(ids[2])]
    assert of_one_model(30).exposure == 20
    devices = [device(ids[0]), device(ids[1], "B", refreshed=at(-1)), *map(device, ids[2:])]
    live = own(rows, count=10, wave=1)
    found = decided(spec(ids), seen(devices, [live]))
    assert (created(found), found.exposure) == ([], 7)
    over = own([row(ids[5])], "CampaignEnded", batch=2, count=1)
    assert decided(spec(ids), seen(devices, [live, over])).exposure == 7
    # A package without failures fills the room that it has left.
    calm = own([row(id_) for id_ in ids[:4]])
    assert decided(spec(ids), seen(map(device, ids), [calm])).exposure == 20


def test_the_maker_is_the_one_of_the_target() -> None:
    assert of_one_model(1).create[0].cohort.make == MAKER
    assert of_one_model(1).create[0].start > NOW.date()
