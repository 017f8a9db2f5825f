# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every device is in one wave, the same on every controller, and keeps it once it was touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    ROLLOUT,
    decided,
    device,
    hours,
    imei,
    imeis,
    own,
    package,
    row,
    seen,
    spec,
    target,
    wave,
    waves_of,
)

MODELS, VERSIONS, REGIONS = ("M1", "M2"), ("A", "A2"), ("east", "north", "west")
CATALOG = [package(model, f"{version} B") for model in MODELS for version in VERSIONS]


def in_line(ids: Sequence[str]) -> list[str]:
    """The order that nobody chose."""
    return sorted(ids, key=lambda id_: sha256(f"{ROLLOUT}{id_}".encode()).hexdigest())


@dataclass(frozen=True)
class Kind:
    """What a device is: the n-th of the fleet."""

    number: int
    model: str
    version: str
    region: str
    groups: tuple[str, ...]

    @property
    def imei(self) -> str:
        return imei(self.number)

    def declared(self) -> dict[str, Any]:
        return {"imei": self.imei, "groups": list(self.groups), "region": self.region}

    def device(self) -> Device:
        return device(self.imei, self.version, model=self.model)


@st.composite
def fleets(draw: st.DrawFn, *, most: int = 45) -> list[Kind]:
    kinds = st.tuples(
        st.sampled_from(MODELS),
        st.sampled_from(VERSIONS),
        st.sampled_from(REGIONS),
        st.sets(st.sampled_from(["lab", "office", "field"]), max_size=2).map(sorted).map(tuple),
    )
    found = draw(st.lists(kinds, min_size=1, max_size=most))
    return [Kind(number, *members) for number, members in enumerate(found)]


@st.composite
def wave_lists(draw: st.DrawFn, *, groups: bool = True) -> list[dict[str, Any]]:
    """Any waves but the last, which is the rest."""
    pilots = st.fixed_dictionaries(
        {"per_package": st.integers(1, 6)},
        optional={
            "at_least": st.integers(1, 30),
            "diversity": st.just(["region"]),
        },
    )
    kinds = [
        pilots,
        st.fixed_dictionaries({"count": st.integers(1, 20)}),
        st.fixed_dictionaries(
            {"percent": st.integers(1, 25)}, optional={"at_least": st.integers(1, 30)}
        ),
    ]
    if groups:
        kinds.append(st.fixed_dictionaries({"group": st.sampled_from(["lab", "office"])}))
    found = draw(st.lists(st.one_of(kinds), max_size=4))
    return [
        *({"name": f"w{number}", **declared} for number, declared in enumerate(found)),
        {"name": "last", "rest": True},
    ]


class Assigned(NamedTuple):
    """The devices of each wave, and the strata that pilots could not cover."""

    waves: dict[int, tuple[str, ...]]
    left_out: dict[int, tuple[tuple[str, ...], ...]]


def assigned(decision: Decision) -> Assigned:
    """What a decision has assigned."""
    return Assigned(waves_of(decision), decision.assessment.left_out)


def assign(
    fleet: Sequence[Kind],
    waves: Sequence[dict[str, Any]],
    campaigns: Sequence[OwnCampaign] = (),
    **more: Any,
) -> Assigned:
    """Assign waves as a run does; a group without devices is left out of the waves."""
    wish = spec(
        [kind.declared() for kind in fleet],
        target=[target(model) for model in MODELS],
        waves=[
            wave_spec
            for wave_spec in waves
            if "group" not in wave_spec or any(wave_spec["group"] in kind.groups for kind in fleet)
        ],
    )
    what = seen([kind.device() for kind in fleet], campaigns, catalog=CATALOG)
    return assigned(decided(wish, replace(what, **more)))


def one_wave_each(found: Assigned) -> dict[str, int]:
    """The wave of every device, once it is sure that it has only one."""
    listed = [id_ for ids in found.waves.values() for id_ in ids]
    assert len(listed) == len(set(listed))
    return {id_: number for number, ids in found.waves.items() for id_ in ids}


@settings(max_examples=examples(80))
@given(fleets(), wave_lists())
def test_every_device_is_in_exactly_one_wave(
    fleet: list[Kind], waves: list[dict[str, Any]]
) -> None:
    found = assign(fleet, waves)
    assert one_wave_each(found).keys() == {kind.imei for kind in fleet}
    for ids in found.waves.values():
        assert list(ids) == in_line(ids)


@settings(max_examples=examples(50))
@given(fleets(), wave_lists(), st.randoms(use_true_random=False), st.integers(0, 10_000))
def test_membership_knows_neither_order_nor_time_nor_others(
    fleet: list[Kind], waves: list[dict[str, Any]], dice: Any, later: int
) -> None:
    found = assign(fleet, waves)
    assert assign(fleet, waves) == found
    shuffled = dice.sample(fleet, len(fleet))
    assert assign(shuffled, waves) == found
    assert assign(fleet, waves, now=NOW + hours(later)) == found
    others = {kind.imei: "foreign" for kind in shuffled[: len(fleet) // 2]}
    assert assign(fleet, waves, busy=others) == found


@st.composite
def claimed(
    draw: st.DrawFn, fleet: Sequence[Kind], last: int
) -> tuple[list[OwnCampaign], dict[str, int]]:
    """Campaigns that have some devices of a fleet, and the waves of these."""
    claims: dict[str, int] = {}
    for kind in fleet:
        number = draw(st.integers(0, last))
        if number:
            claims[kind.imei] = number
    by_cohort: dict[tuple[int, str, str], list[str]] = {}
    for kind in fleet:
        if kind.imei in claims:
            place = (claims[kind.imei], kind.model, kind.version)
            by_cohort.setdefault(place, []).append(kind.imei)
    campaigns = [
        own([row(id_) for id_ in ids], wave=number, model=model, version=version)
        for (number, model, version), ids in by_cohort.items()
    ]
    return campaigns, claims


@settings(max_examples=examples(60))
@given(st.data())
def test_a_claimed_device_never_changes_wave(data: st.DataObject) -> None:
    fleet = data.draw(fleets())
    waves = data.draw(wave_lists(groups=False))
    campaigns, claims = data.draw(claimed(fleet, len(waves)))
    stays = data.draw(st.sets(st.sampled_from(fleet), min_size=1))
    joins = [replace(kind, number=kind.number + 100) for kind in data.draw(fleets(most=8))]
    selected = [kind for kind in fleet if kind in stays] + joins
    what = seen([kind.device() for kind in [*fleet, *joins]], campaigns, catalog=CATALOG)
    wish = spec(
        [kind.declared() for kind in selected],
        target=[target(model) for model in MODELS],
        waves=waves,
    )
    found = one_wave_each(assigned(decided(wish, what)))
    assert found.keys() == claims.keys() | {kind.imei for kind in selected}
    assert {id_: found[id_] for id_ in claims} == claims


@settings(max_examples=examples(60))
@given(st.data())
def test_waves_have_their_sizes(data: st.DataObject) -> None:
    """Counts and percents are those of the whole scope, filled up from those in line."""
    fleet = data.draw(fleets())
    waves = [it for it in data.draw(wave_lists(groups=False)) if "per_package" not in it]
    # Once the last wave has begun, others may be late.
    begun = len(waves) - 1
    campaigns, claims = data.draw(claimed(fleet, begun)) if begun else ([], {})
    found = assign(fleet, waves, campaigns)
    free = [kind for kind in in_line([each_kind.imei for each_kind in fleet]) if kind not in claims]
    for number, declared in enumerate(waves, 1):
        already = [each for each in claims if claims[each] == number]
        size = declared.get("count", len(fleet))
        if "percent" in declared:
            size = max(-(-declared["percent"] * len(fleet) // 100), declared.get("at_least", 0))
        taken, free = free[: max(0, size - len(already))], free[max(0, size - len(already)) :]
        assert set(found.waves[number]) == {*already, *taken}


@pytest.mark.parametrize(
    ("scope", "members", "size"),
    [
        (1, {"percent": 5}, 1),  # 0.05, rounded up
        (20, {"percent": 5}, 1),  # 1 exactly
        (21, {"percent": 5}, 2),  # 1.05, rounded up
        (40, {"percent": "2.5"}, 1),  # 1 exactly
        (41, {"percent": 2.5}, 2),  # 1.025, rounded up
        (45, {"percent": "0.1"}, 1),  # 0.045, rounded up
        (45, {"percent": 100}, 45),
        (45, {"percent": 5, "at_least": 10}, 10),  # 2.25 is less than 10
        (45, {"percent": 50, "at_least": 10}, 23),  # 22.5, rounded up, is more
        (7, {"percent": 5, "at_least": 10}, 7),  # no more than there are
        (7, {"count": 7}, 7),
        (7, {"count": 8}, 7),
        (7, {"count": 1}, 1),
    ],
)
def test_size_of_the_first_wave(scope: int, members: dict[str, Any], size: int) -> None:
    ids = imeis(scope)
    wish = spec(ids, waves=[{"name": "first", **members}, wave()])
    found = assigned(decided(wish, seen(map(device, ids))))
    assert list(found.waves[1]) == in_line(ids)[:size]
    assert list(found.waves[2]) == in_line(ids)[size:]


# -- groups


def grouped(*groups: Sequence[str]) -> list[dict[str, Any]]:
    return [{"imei": imei(number), "groups": list(names)} for number, names in enumerate(groups)]


def test_groups_claim_first_and_in_wave_order() -> None:
    wish = spec(
        grouped(["lab", "office"], ["office"], ["lab"], [], []),
        waves=[wave("pilot", count=2), wave("o", group="office"), wave("l", group="lab"), wave()],
    )
    found = waves_of(decided(wish, seen(map(device, imeis(5)))))
    # Device 0 is in both; the office comes first. The pilot takes of what no group has.
    assert {number: set(ids) for number, ids in found.items()} == {
        1: {imei(3), imei(4)},
        2: {imei(0), imei(1)},
        3: {imei(2)},
        4: set(),
    }


def test_a_claimed_device_stays_out_of_its_group() -> None:
    wish = spec(grouped(["lab"], ["lab"]), waves=[wave("l", group="lab"), wave("rest")])
    what = seen(map(device, imeis(2)), [own([row(imei(0))], wave=2)])
    assert waves_of(decided(wish, what)) == {1: (imei(1),), 2: (imei(0),)}


# -- the pilot


@settings(max_examples=examples(80))
@given(
    fleet=fleets(),
    size=st.integers(1, 6),
    at_least=st.sampled_from([0, 1, 5, 12, 30, 60]),
    by_region=st.booleans(),
)
def test_the_pilot_covers_what_its_seats_allow(
    fleet: list[Kind], size: int, at_least: int, *, by_region: bool
) -> None:
    pilot: dict[str, Any] = {"name": "pilot", "per_package": size}
    pilot |= {"at_least": at_least} if at_least else {}
    pilot |= {"diversity": ["region"]} if by_region else {}
    found = assign(fleet, [pilot, wave()])
    kinds = {each_kind.imei: each_kind for each_kind in fleet}

    def stratum(member: Kind) -> tuple[str, ...]:
        return ("Maker", member.model, member.version, *([member.region] if by_region else []))

    packages: dict[tuple[str, str], list[Kind]] = {}
    for kind in fleet:
        packages.setdefault((kind.model, kind.version), []).append(kind)
    chosen = [kinds[id_] for id_ in found.waves[1]]
    # Seats: so many for every package, as far as there are devices, then up to at_least.
    seats = {place: min(size, len(ids)) for place, ids in packages.items()}
    more = max(0, min(at_least, len(fleet)) - sum(seats.values()))
    assert len(chosen) == sum(seats.values()) + more
    for place, count in seats.items():
        assert sum((each_kind.model, each_kind.version) == place for each_kind in chosen) >= count
    # Every seat that can stand for another stratum does.
    covered = {stratum(id_) for id_ in chosen}
    strata = {stratum(each_kind) for each_kind in fleet}
    reach = sum(
        min(count, len({stratum(step) for step in packages[place]}))
        for place, count in seats.items()
    )
    assert len(covered) == min(len(strata), reach + more)
    assert found.left_out == {1: tuple(sorted(strata - covered))}


def test_seats_go_round_the_strata() -> None:
    """Nine devices of three regions: six seats are two of each."""
    fleet = [
        Kind(number, "M1", "A", REGIONS[0 if number < 20 else 1 + number % 2], ())
        for number in range(40)
    ]
    pilot = {"name": "pilot", "per_package": 6, "diversity": ["region"]}
    found = assign(fleet, [pilot, wave()])
    kinds = {kind.imei: kind for kind in fleet}
    assert sorted(kinds[id_].region for id_ in found.waves[1]) == [
        *("east", "east", "north", "north", "west", "west")
    ]


def test_devices_of_a_stratum_are_taken_in_line() -> None:
    fleet = [Kind(number, "M1", "A", "east", ()) for number in range(30)]
    found = assign(fleet, [{"name": "pilot", "per_package": 4}, wave()])
    assert list(found.waves[1]) == in_line([kind.imei for kind in fleet])[:4]


def test_claimed_devices_take_their_seats_in_the_pilot() -> None:
    """One device of each package was claimed, so one more of each is chosen, of other regions."""
    fleet = [Kind(number, MODELS[number % 2], "A", REGIONS[number % 3], ()) for number in range(24)]
    first, second = fleet[0], fleet[1]
    campaigns = [
        own([row(first.imei)], model=first.model),
        own([row(second.imei)], model=second.model),
    ]
    pilot = {"name": "pilot", "per_package": 2, "diversity": ["region"]}
    chosen = [
        kind for kind in fleet if kind.imei in assign(fleet, [pilot, wave()], campaigns).waves[1]
    ]
    assert {first, second} <= set(chosen)
    assert sorted(kind.model for kind in chosen) == ["M1", "M1", "M2", "M2"]
    assert len({(kind.model, kind.region) for kind in chosen}) == 4


def test_two_pilots_share_the_scope() -> None:
    fleet = [Kind(number, "M1", "A", "east", ()) for number in range(12)]
    waves = [
        {"name": "one", "per_package": 3},
        {"name": "two", "per_package": 4, "at_least": 5},
        wave(),
    ]
    found = assign(fleet, waves)
    assert [len(found.waves[number]) for number in (1, 2, 3)] == [3, 5, 4]
    assert found.left_out == {1: (), 2: ()}


def test_percent_is_of_the_scope_and_not_of_what_is_left() -> None:
    fleet = [Kind(number, "M1", "A", "east", ()) for number in range(40)]
    found = assign(fleet, [{"name": "a", "percent": 50}, {"name": "b", "percent": 25}, wave()])
    assert [len(found.waves[number]) for number in (1, 2, 3)] == [
        20,
        ceil(0.25 * 40),
        10,
    ]


def test_a_wave_that_is_declared_no_more_blocks_the_rollout() -> None:
    """It is no error, because a campaign exists that may have to be stopped."""
    wish = spec(imeis(2), waves=[wave("pilot", count=1), wave()])
    what = seen(map(device, imeis(2)), [own([row(imei(0))], wave=3)])
    decision = decided(wish, what)
    assert (decision.phase.value, decision.create) == ("blocked", ())
    assert "wave 3 exist, and the declaration has only 2 waves" in decision.why
    halted = decide(wish, what, wanted=Wanted.HALTED)
    assert [own.name.wave for own, _day, _why in halted.stops.shorten] == [3]
