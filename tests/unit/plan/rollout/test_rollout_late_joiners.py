# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that came after the last wave had begun: found in the line, and left or taken along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    place_in_line,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.scope import (
    Out,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    ROLLOUT,
    at,
    busy,
    classes,
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
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import Run
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    ServiceModel,
)

# In line, as campaigns are cut from it.
LINE = sorted(imeis(12), key=lambda imei: place_in_line(ROLLOUT, imei))
PILOT, REST = LINE[:3], LINE[3:]
PASSED = own([good(imei, -200) for imei in PILOT], "CampaignEnded", start=-12, end=-9)
WAVES = [wave("pilot", count=3), wave("last")]


def last(
    ids: Sequence[str] = REST, status: str = "CampaignScheduled", **members: Any
) -> OwnCampaign:
    """A campaign of the last wave, from -2 to 3."""
    return own([row(imei) for imei in ids], status, **{"wave": 2, **members})


def run_once(
    campaigns: Iterable[OwnCampaign],
    *,
    ids: Sequence[str] = LINE,
    neighbours_until: date | None = None,
    held: Iterable[str] = (),
    joins: str = "leave",
    **members: Any,
) -> Decision:
    """A run after the pilot has passed."""
    wish = spec(ids, **{"waves": WAVES, "late_joiners": joins, **members})
    known = [upgraded(imei) if imei in PILOT else device(imei) for imei in ids]
    what = seen(known, [PASSED, *campaigns], busy=dict.fromkeys(held, "foreign"))
    neighbours = {} if neighbours_until is None else {(MAKER, "M1"): neighbours_until}
    return decide(wish, replace(what, neighbours_until=neighbours))


def late(decision: Decision) -> set[str]:
    return {imei for imei, why in decision.assessment.out.items() if why is Out.LATE}


def test_who_stands_before_one_that_was_taken_came_later() -> None:
    """Two of them; the last in line may still be waiting for its campaign."""
    missing = {REST[1], REST[4]}
    taken = [imei for imei in REST[:-1] if imei not in missing]
    decision = run_once([last(taken)])
    assert late(decision) == missing
    assert missing.isdisjoint(waves_of(decision)[2])
    assert missing.isdisjoint(classes(decision))
    # What stands behind all of them is no joiner: the campaigns go on.
    assert [planned.devices for planned in decision.create] == [(REST[-1],)]
    assert set(find_suspects(decision)[-1]) == missing | (set() if decision.create else missing)


def test_the_next_batch_follows_though_one_came_late() -> None:
    found = run_once([last(REST[:4])])
    assert late(found) == set()
    assert [planned.devices for planned in found.create] == [tuple(REST[4:])]


@pytest.mark.parametrize("joins", ["leave", "last"])
def test_late_devices_are_left_or_taken_along(joins: str) -> None:
    missing = {REST[1], REST[4]}
    decision = run_once([last([imei for imei in REST if imei not in missing])], joins=joins)
    created = {imei for planned in decision.create for imei in planned.devices}
    if joins == "leave":
        assert (late(decision), created) == (missing, set())
        assert decision.exposure == len(REST) - 2
    else:
        assert (late(decision), created) == (set(), missing)
        assert {planned.name.wave for planned in decision.create} == {2}
        assert set(waves_of(decision)[2]) == set(REST)
        assert len(waves_of(decision)[1]) == 3


def test_a_late_device_fills_no_wave_that_has_begun() -> None:
    """Neither the pilot that would take its group, nor a share of the scope that has grown."""
    missing = REST[0]
    grouped = [
        {"imei": imei, "groups": ["early"] if imei in (*PILOT, missing) else []} for imei in LINE
    ]
    waves = [wave("pilot", group="early"), wave("last")]
    campaigns = [PASSED, last(REST[1:])]
    known = [upgraded(imei) if imei in PILOT else device(imei) for imei in LINE]
    for joins, expected in (("leave", {}), ("last", {missing: 2})):
        wish = spec(grouped, waves=waves, late_joiners=joins)
        found = decide(wish, seen(known, campaigns))
        number_of = {imei: n for n, ids in waves_of(found).items() for imei in ids}
        assert {imei: n for imei, n in number_of.items() if imei == missing} == expected
    share = [wave("pilot", percent=25), wave("last")]
    more = run_once([last(REST[1:])], waves=share, joins="last")
    assert waves_of(more)[1] == tuple(PILOT)


def test_late_devices_change_no_digest_where_they_are_left() -> None:
    taken = [imei for imei in REST if imei != REST[2]]
    without = [imei for imei in LINE if imei != REST[2]]
    digests = [run_once([last(taken)], ids=ids).assessment.digest for ids in (LINE, without)]
    assert digests[0] == digests[1]
    joined = run_once([last(taken)], joins="last").assessment.digest
    assert joined not in digests
    plain = run_once([last(taken)], ids=without, joins="last").assessment.digest
    assert len({joined, plain, digests[0]}) == 3


def test_the_end_tells_of_those_who_came_late() -> None:
    taken = [imei for imei in REST if imei != REST[2]]
    done = own([good(imei, -60) for imei in taken], "CampaignEnded", wave=2, start=-4, end=-3)
    wish = spec(LINE, waves=WAVES, late_joiners="leave")
    known = [device(imei) if imei == REST[2] else upgraded(imei) for imei in LINE]
    decision = decide(wish, seen(known, [PASSED, done]))
    assert decision.phase is Phase.COMPLETED_WITH_EXCEPTIONS
    assert "1 selected device could not take part" in decision.why
    assert Out.LATE.what_to_do.endswith("late_joiners: last takes it along")
    assert late(decision) == {REST[2]}


# -- in doubt a device is not late

MISSING = REST[2]
TAKEN = [imei for imei in REST if imei != MISSING]


@pytest.mark.parametrize(
    "campaigns",
    [
        [],
        # -- nothing, or not all, is told of a campaign
        [last(TAKEN, count=len(TAKEN) + 1)],
        [last([], count=8)],
        [last(TAKEN), last([], batch=2, count=1, status="CampaignRequestPending")],
        # -- refused, or a shadow: it may have been in there
        [last(TAKEN), last([MISSING], "CampaignRequestFailed", batch=2, start=-3)],
        [last(TAKEN), own([busy(REST[3])], "CampaignEnded", wave=2, batch=2)],
        # -- the service refused it as busy
        [own([*map(row, TAKEN), busy(MISSING)], wave=2)],
        # -- of another wave
        [last(TAKEN, wave=1)],
    ],
)
def test_without_an_answer_nobody_is_late(campaigns: list[OwnCampaign]) -> None:
    assert late(run_once(campaigns)) == set()


def test_a_device_that_another_campaign_has_is_not_late() -> None:
    assert late(run_once([last(TAKEN)])) == {MISSING}
    assert late(run_once([last(TAKEN)], held=[MISSING])) == set()


# The last wave's campaigns start on day -2: created on day -3 at 12:00 at the latest, and no more
# than two days before that, as starts are on whole days.
@pytest.mark.parametrize(
    ("until", "expected"),
    [(-30, True), (-6, True), (-5, True), (-4, False), (-2, False), (-1, False)],
)
def test_a_campaign_of_others_that_ended_since_may_have_had_it(
    until: int, *, expected: bool
) -> None:
    decision = run_once([last(TAKEN)], neighbours_until=day(until))
    assert late(decision) == ({MISSING} if expected else set())


@pytest.mark.parametrize(("until", "expected"), [(-26, True), (-10, False), (-4, False)])
def test_a_freeze_may_have_moved_the_start(until: int, *, expected: bool) -> None:
    """Campaigns were perhaps created before it."""
    freeze = {"from": day(-22).isoformat(), "to": day(-3).isoformat()}
    decision = run_once(
        [last(TAKEN)], neighbours_until=day(until), calendar={"freeze": [freeze], "timezone": "UTC"}
    )
    assert late(decision) == ({MISSING} if expected else set())
    ahead = {"from": day(20).isoformat(), "to": day(30).isoformat()}
    calendar = {"freeze": [ahead], "timezone": "UTC"}
    assert late(run_once([last(TAKEN)], neighbours_until=day(-10), calendar=calendar)) == {MISSING}


def test_the_declared_lead_may_have_moved_it_too() -> None:
    calendar = {"lead_hours": 72}
    for until, expected in ((-5, set()), (-8, {MISSING})):
        decision = run_once([last(TAKEN)], neighbours_until=day(until), calendar=calendar)
        assert late(decision) == expected


def test_every_cohort_answers_for_itself() -> None:
    """Devices of the second model stand anywhere in line; none of them has a campaign yet."""
    models = {imei: "M1" if n % 2 else "M2" for n, imei in enumerate(LINE)}
    taken = [imei for imei in REST if models[imei] == "M1" and imei != REST[2]]
    wish = spec(LINE, waves=[wave()], target=[target(), target("M2")], late_joiners="leave")
    known = [device(imei, model=models[imei]) for imei in LINE]
    campaign = own([row(imei) for imei in [*taken]])
    found = decide(wish, seen(known, [campaign]))
    ends = max(place_in_line(ROLLOUT, imei) for imei in taken)
    expected = {
        imei
        for imei in LINE
        if models[imei] == "M1" and imei not in taken and place_in_line(ROLLOUT, imei) < ends
    }
    assert late(found) == expected != set()
    # A cohort that is not told of says nothing; the other one still does.
    settling = own([row(LINE[10])], model="M2", count=2)
    assert late(decide(wish, seen(known, [campaign, settling]))) == expected


def test_a_device_between_two_steps_is_not_late() -> None:
    """It has a campaign; who runs B and has none is judged in the cohort from B."""
    paths = [package(path="A B"), package(path="B C")]
    ids = REST[:4]
    steps = own([good(imei, -110) for imei in ids], "CampaignEnded", goal="C", start=-6, end=-4)
    wish = spec(LINE[:7], waves=[wave()], target=[target(version="C")], late_joiners="leave")
    known = [device(imei, "B", refreshed=at(-1)) for imei in LINE[:7]]
    found = decide(wish, seen(known, [steps], catalog=paths))
    assert late(found) == set()
    assert [set(planned.devices) for planned in found.create] == [set(LINE[:7])]
    second = own([row(imei) for imei in ids], version="B", to="C")
    assert late(decide(wish, seen(known, [steps, second], catalog=paths))) == set(PILOT)


# -- whole runs


@settings(max_examples=examples(20))
@given(
    size=st.integers(2, 40),
    pilot=st.integers(1, 12),
    steps=st.lists(st.integers(3, 30), min_size=1, max_size=4),
    spread=st.sampled_from([0, 30]),
    most=st.sampled_from([4, 25]),
    hidden=st.sets(st.integers(1, 6)),
)
def test_who_was_there_from_the_beginning_is_never_late(
    size: int, pilot: int, steps: list[int], spread: float, most: int, hidden: set[int]
) -> None:
    run = Run(
        {
            "waves": [wave("pilot", count=pilot, gate={"min_coverage": "0.5"}), wave("last")],
            "limits": {"max_campaign_devices": most, "max_creates": 2},
            "late_joiners": "leave",
        },
        ServiceModel(
            {imei: device(imei) for imei in imeis(size)},
            (package(),),
            hides=lambda number: 20 if number in hidden else 0,
            histories=True,
            spread=spread,
        ),
        steps,
        [imeis(size)],
        weeks=4,
    )
    for _wish, found in run.decisions():
        assert late(found) == set()
    assert {run.service.runs(imei) for imei in imeis(size)} == {"B"}


@pytest.mark.parametrize(
    ("joins", "phase"), [("leave", "completed_with_exceptions"), ("last", "completed")]
)
def test_devices_that_are_bought_after_the_end(joins: str, phase: str) -> None:
    """20 devices, and 10 more some days after the end, wherever they stand in line."""
    service = ServiceModel({imei: device(imei) for imei in imeis(30)}, (package(),))
    declared = {"waves": [wave("pilot", count=5), wave("last")], "late_joiners": joins}
    early = Run(declared, service, [12], [imeis(20)], weeks=1)
    *_rest, (_wish, before) = early.decisions()
    assert before.phase is Phase.COMPLETED
    service.now += hours(1)
    *_rest, (_wish, after) = Run(declared, service, [12], [imeis(30)]).decisions()
    new = imeis(10, start=20)
    assert after.phase.value == phase
    assert late(after) == (set(new) if joins == "leave" else set())


@pytest.mark.parametrize("status", ["CampaignScheduled", "CampaignEnded"])
def test_a_device_that_an_earlier_report_leaves_out_is_not_late(status: str) -> None:
    """The pilot asked for four and shows three: one device may be in it all the same."""
    pilot = own([good(imei, -200) for imei in PILOT], status, count=4, start=-12, end=9)
    wish = spec(LINE, waves=WAVES, late_joiners="leave", gate={"min_coverage": "0.7"})
    known = [upgraded(imei) if imei in PILOT else device(imei) for imei in LINE]
    assert late(decide(wish, seen(known, [pilot, last(TAKEN)]))) == set()


def test_devices_of_an_earlier_campaign_that_was_refused_are_not_late() -> None:
    refused = own([], "CampaignRequestFailed", count=2, batch=2, start=-12, end=9)
    decision = run_once([last(TAKEN), refused])
    assert late(decision) == set()


def test_where_a_start_is_not_told_nobody_is_late() -> None:
    assert late(run_once([last(TAKEN, start=None)], neighbours_until=day(-400))) == set()


def test_campaigns_of_other_models_held_nobody() -> None:
    wish = spec(LINE, waves=WAVES, late_joiners="leave")
    known = [upgraded(imei) if imei in PILOT else device(imei) for imei in LINE]
    what = seen(known, [PASSED, last(TAKEN)])
    for model, expected in (((MAKER, "M7"), {MISSING}), ((MAKER, "M1"), set()), (("", ""), set())):
        found = decide(wish, replace(what, neighbours_until={model: day(30)}))
        assert late(found) == expected
