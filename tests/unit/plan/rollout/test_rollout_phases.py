# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rollout stands and why; what a failed, held or blocked one does and does not write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    GateVerdict,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    bad,
    busy,
    decided,
    device,
    gate_of,
    good,
    hours,
    imei,
    imeis,
    own,
    pool,
    rejected,
    row,
    seen,
    settled,
    spec,
    target,
    upgraded,
    wave,
    waves_of,
)

TWO_MODELS = [target(), target("M2")]
QUEUED = "CampaignRequestQueued"
TWO_WAVES = [wave("pilot", count=4, gate={"min_sample": 4}), wave("last")]


def fleet(count: int = 4) -> list[Any]:
    return [device(id_) for id_ in imeis(count)]


def current() -> Decision:
    return decided(spec(imeis(2)), seen([upgraded(imei(0)), upgraded(imei(1))]))


def nobody_can() -> Decision:
    return decided(spec(imeis(2)), seen([device(imei(0), protocol="HTTP")]))


def nothing_yet() -> Decision:
    return decided(spec(imeis(4)), seen(fleet()))


def under_way() -> Decision:
    return decided(spec(imeis(4)), seen(fleet(), [own([row(id_) for id_ in imeis(4)])]))


def waits_for_the_last_wave() -> Decision:
    """The pilot has passed and its campaign is over; the last wave is to be created."""
    rows, devices = settled(4)
    what = seen([*devices, *map(device, imeis(4, start=4))], [own(rows, "CampaignEnded")])
    return decided(spec(imeis(8), waves=TWO_WAVES), what)


def another_target_is_live() -> Decision:
    return decided(spec(imeis(4)), seen(fleet(), [own([row(imei(0))], to="C")]))


def licenses_are_short() -> Decision:
    what = seen(fleet(), subscription=pool(5, used=2))
    return decided(spec(imeis(4), assign_licenses=True), what)


def all_are_busy() -> Decision:
    return decided(spec(imeis(2)), seen(fleet(2), busy=dict.fromkeys(imeis(2), "theirs")))


def all_verified() -> Decision:
    rows, devices = settled(4)
    return decided(spec(imeis(4)), seen(devices, [own(rows, "CampaignEnded")]))


def all_verified_or_current() -> Decision:
    rows, devices = settled(4)
    what = seen([*devices, upgraded(imei(4))], [own(rows, "CampaignEnded")])
    return decided(spec(imeis(5)), what)


def all_verified_and_one_out() -> Decision:
    rows, devices = settled(4)
    return decided(spec(imeis(5)), seen(devices, [own(rows, "CampaignEnded")]))


def one_failed_within_the_limits() -> Decision:
    rows, devices = settled(9, 1)
    return decided(
        spec(imeis(10), gate={"max_failures": 1}), seen(devices, [own(rows, "CampaignEnded")])
    )


def one_unreached_within_the_limits() -> Decision:
    rows, devices = settled(9)
    ended = own([*rows, row(imei(9))], "CampaignEnded")
    return decided(spec(imeis(10)), seen([*devices, device(imei(9))], [ended]))


def one_cohort_halted() -> Decision:
    """Of two models one has failed, which is half of the devices; the other is verified."""
    rows, devices = settled(4)
    broken = [bad(id_) for id_ in imeis(4, start=4)]
    models = [device(id_, model="M2") for id_ in imeis(4, start=4)]
    campaigns = [own(rows, "CampaignEnded"), own(broken, "CampaignEnded", model="M2")]
    return decided(spec(imeis(8), target=TWO_MODELS), seen([*devices, *models], campaigns))


def too_many_rejected() -> Decision:
    rows = [row(imei(0)), row(imei(1)), row(imei(2)), rejected(imei(3))]
    return decided(spec(imeis(4)), seen(fleet(), [own(rows)]))


def stopped(status: str) -> Decision:
    return decided(spec(imeis(4)), seen(fleet(), [own([row(imei(0))], status)]))


def refused_three_times() -> Decision:
    campaigns = [
        own([], "CampaignRequestFailed", count=4, batch=batch, start=-9) for batch in (1, 2, 3)
    ]
    return decided(spec(imeis(4)), seen(fleet(), campaigns))


def accepted_at_the_fourth_time() -> Decision:
    refused = [
        own([], "CampaignRequestFailed", count=4, batch=batch, start=-9) for batch in (1, 2, 3)
    ]
    live = own([row(id_) for id_ in imeis(4)], batch=4)
    return decided(spec(imeis(4)), seen(fleet(), [*refused, live]))


def all_verified_in_a_live_campaign() -> Decision:
    rows, devices = settled(4)
    return decided(spec(imeis(4)), seen(devices, [own(rows)]))


def one_is_busy() -> Decision:
    return decided(spec(imeis(2)), seen(fleet(2), busy={imei(0): "theirs"}))


def one_is_under_way_and_another_target_is_live() -> Decision:
    campaigns = [own([row(imei(0))]), own([row(imei(1))], to="C")]
    return decided(spec(imeis(2)), seen(fleet(2), campaigns))


def stopped_and_failed() -> Decision:
    """Somebody stopped the first wave, and all devices of the second fail."""
    rows = [bad(id_) for id_ in imeis(4, start=4)]
    campaigns = [own([row(id_) for id_ in imeis(4)], "CampaignCancelled"), own(rows, wave=2)]
    gate = {"max_failed_cohort_share": 1, "max_failure_rate": 1, "max_failures": 2}
    wish = spec(imeis(8), waves=[wave("first", count=4, gate=gate), wave("last", gate=gate)])
    return decided(wish, seen(fleet(8), campaigns))


def nobody_was_reached() -> Decision:
    """The deadline: the last day of the campaign was two days ago."""
    ended = own([row(id_) for id_ in imeis(4)], "CampaignEnded", start=-5, end=-2)
    return decided(spec(imeis(4)), seen(fleet(), [ended]))


def a_tail_before_the_deadline(status: str) -> Decision:
    """Half of the devices are verified, and nothing more is to come; the deadline is ahead."""
    rows, devices = settled(5)
    rest = imeis(5, start=5)
    ended = own([*rows, *(row(id_, status) for id_ in rest)], "CampaignEnded", start=-5, end=-1)
    return decided(spec(imeis(10)), seen([*devices, *map(device, rest)], [ended]))


def twin_has_started() -> Decision:
    campaigns = [own([row(id_) for id_ in imeis(4)], campaign_id=name) for name in "ab"]
    return decided(spec(imeis(4)), seen(fleet(), campaigns))


def too_many_failed() -> Decision:
    return decided(spec(imeis(4)), seen(fleet(), [own([bad(id_) for id_ in imeis(3)])]))


@pytest.mark.parametrize(
    ("run", "phase", "why", "ends"),
    [
        (nothing_yet, "planned", "nothing exists yet", False),
        (current, "nothing_to_do", "no selected device needs", True),
        (nobody_can, "nothing_to_do", "no selected device needs", True),
        (under_way, "running", "0 of 4 devices verified; wave all: 0 of at least 4", False),
        (waits_for_the_last_wave, "running", "4 of 8 devices verified; wave last", False),
        (
            lambda: a_tail_before_the_deadline("UpgradePending"),
            *("running", "wave all: 5 of 10 members attempted", False),
        ),
        (
            lambda: a_tail_before_the_deadline("UpgradeRiddle"),
            *("running", "wave all: 5 of 10 members attempted", False),
        ),
        (accepted_at_the_fourth_time, "running", "0 of 4 devices verified; wave all", False),
        (all_verified_in_a_live_campaign, "running", "4 of 4 devices verified", False),
        (one_is_busy, "planned", "nothing exists yet", False),
        (one_is_under_way_and_another_target_is_live, "running", "0 of 2 devices", False),
        (stopped_and_failed, "halted", "wave last: 4 failures, 2 tolerated", True),
        (another_target_is_live, "blocked", "of another target of this rollout is live", False),
        (licenses_are_short, "blocked", "4 licenses needed, and 3 of 5 free", False),
        (all_are_busy, "blocked", "2 devices busy in campaigns of others", False),
        (all_verified, "completed", "4 of 4 devices verified", True),
        (all_verified_or_current, "completed", "4 of 4 devices verified", True),
        (all_verified_and_one_out, "completed_with_exceptions", "1 selected device could", True),
        (one_failed_within_the_limits, "completed_with_exceptions", "9 of 10 devices", True),
        (one_unreached_within_the_limits, "completed_with_exceptions", "9 of 10 devices", True),
        (one_cohort_halted, "completed_with_exceptions", "cohort M2 A -> B halted", True),
        (too_many_rejected, "held", "the service refused 1 of 4 devices", True),
        (lambda: stopped("CampaignCancelled"), "held", "is CampaignCancelled: a halt", True),
        (lambda: stopped("CampaignAborted"), "held", "is CampaignAborted: a halt", True),
        (refused_three_times, "held", "accepted and then refused 3 campaigns of cohort", True),
        (nobody_was_reached, "held", "the deadline is over, and 0 of at least 4", True),
        (twin_has_started, "held", "a second campaign of this name has started", True),
        (too_many_failed, "halted", "failed cohorts have 4 of 4 devices", True),
    ],
)
def test_phase(run: Callable[[], Decision], phase: str, why: str, *, ends: bool) -> None:
    found = run()
    assert found.phase.value == phase
    assert why in found.why
    assert found.phase.over is ends
    # A hold with live campaigns is looked at again: their devices may still fail.
    watched = phase == "held" and found.assessment.history.live
    assert (found.next_check is None) is (ends and not found.would_change and not watched)


@pytest.mark.parametrize(
    "run",
    [
        *(current, nobody_can, another_target_is_live, licenses_are_short, all_are_busy),
        *(all_verified, all_verified_and_one_out, one_cohort_halted, too_many_rejected),
        *(refused_three_times, nobody_was_reached, twin_has_started, too_many_failed),
        lambda: stopped("CampaignCancelled"),
    ],
)
def test_nothing_is_created(run: Callable[[], Decision]) -> None:
    """Also where devices wait: a person has to look first, or the service has to change."""
    found = run()
    assert found.create == ()
    assert not found.stops.cancel


def test_who_only_wants_to_look_sees_what_is_due() -> None:
    found = decide(spec(imeis(4)), seen(fleet()), wanted=Wanted.PLANNED)
    assert found.phase.value == "planned"
    assert [planned.name.count for planned in found.create] == [4]


# -- licenses


@pytest.mark.parametrize(
    ("total", "used", "assigned", "creates"),
    [(4, 0, 0, True), (5, 2, 0, False), (5, 2, 1, True), (9, 9, 4, True), (9, 9, 3, False)],
)
def test_licenses(total: int, used: int, assigned: int, *, creates: bool) -> None:
    devices = [device(id_, license_assigned=place < assigned) for place, id_ in enumerate(imeis(4))]
    what = seen(devices, subscription=pool(total, used))
    found = decided(spec(imeis(4), assign_licenses=True), what)
    assert bool(found.create) is creates
    assert found.assessment.licenses_needed == 4 - assigned
    assert bool(found.assessment.blockers) is not creates


def test_event_billing_needs_no_license() -> None:
    assert nothing_yet().assessment.licenses_needed == 0


# -- what blocks one model does not block another


def test_another_live_target_of_an_unknown_model_blocks_all() -> None:
    live = own([row(imei(0))], to="C")
    unknown = type(live)(
        live.name, type(live.campaign)(**vars(live.campaign) | {"make": "", "model": ""}), live.rows
    )
    what = seen([device(id_, model="M2") for id_ in imeis(4)], [unknown])
    assert decided(spec(imeis(4), target=[target("M2")]), what).create == ()
    what = seen([device(id_, model="M2") for id_ in imeis(4)], [live])
    assert len(decided(spec(imeis(4), target=[target("M2")]), what).create) == 1


def test_a_started_twin_holds_and_a_queued_one_is_cancelled() -> None:
    def twin(start: int) -> Decision:
        first = own([row(id_) for id_ in imeis(4)], QUEUED, campaign_id="a", start=1)
        second = own([busy(id_) for id_ in imeis(4)], campaign_id="b", start=start)
        return decided(spec(imeis(4)), seen(fleet(), [first, second]))

    queued, started = twin(1), twin(0)
    assert [(campaign.campaign.id, why) for campaign, why in queued.stops.cancel] == [
        ("b", "another campaign has this name")
    ]
    assert (queued.phase.value, started.phase.value) == ("running", "held")
    assert started.stops.cancel == ()


def test_a_started_twin_stops_other_cohorts_too() -> None:
    twins = [own([row(id_) for id_ in imeis(4)], campaign_id=name) for name in "ab"]
    other = device(imei(9), model="M2")
    wish = spec([*imeis(4), imei(9)], target=TWO_MODELS)
    assert decided(wish, seen([*fleet(), other], twins)).create == ()
    assert len(decided(wish, seen([*fleet(), other], twins[:1])).create) == 1


# -- a failed cohort


def braked(*, gate: dict[str, Any], start: int = 1) -> Decision:
    """Three of three devices of M1 fail; a campaign of each model is queued, and a limit has kept
    other devices of M2 waiting.
    """
    ids = imeis(12)
    devices = [device(id_, model="M1" if place < 6 else "M2") for place, id_ in enumerate(ids)]
    campaigns = [
        own([bad(id_) for id_ in ids[:3]], campaign_id="failed"),
        own([row(ids[3])], QUEUED, batch=2, start=start, campaign_id="m1 queued"),
        own([row(ids[4])], "CampaignScheduled", batch=3, start=start, campaign_id="m1 scheduled"),
        own([row(ids[6])], QUEUED, model="M2", start=start, campaign_id="m2 queued"),
        own([row(ids[5])], "CampaignEnded", batch=4, campaign_id="m1 over"),
    ]
    wish = spec(ids, target=TWO_MODELS, gate=gate, limits={"max_creates": len(campaigns)})
    return decided(wish, seen(devices, campaigns))


def test_a_failed_cohort_brakes_its_own_campaigns_only() -> None:
    found = braked(gate={"max_failed_cohort_share": "0.5"})
    assert found.phase.value == "running"
    assert {(campaign.campaign.id, why) for campaign, why in found.stops.cancel} == {
        ("m1 queued", "its cohort has failed"),
        ("m1 scheduled", "its cohort has failed"),
    }
    assert {planned.package.name for planned in found.create} == {"M2-A-B"}


def test_a_failed_wave_brakes_everything() -> None:
    found = braked(gate={"max_failed_cohort_share": "0.4"})
    assert found.phase.value == "halted"
    assert {(campaign.campaign.id, why) for campaign, why in found.stops.cancel} == {
        ("m1 queued", "its cohort has failed"),
        ("m1 scheduled", "its cohort has failed"),
        ("m2 queued", "the rollout has halted"),
    }
    assert found.create == ()
    assert found.next_check == NOW + hours(1)


def test_what_has_started_is_beyond_the_brake() -> None:
    """On its first day a scheduled campaign has started, a queued one has not."""
    found = braked(gate={"max_failed_cohort_share": "0.4"}, start=0)
    assert {campaign.campaign.id for campaign, _why in found.stops.cancel} == {
        "m1 queued",
        "m2 queued",
    }


def test_devices_of_a_failed_cohort_leave_the_numbers() -> None:
    found = braked(gate={"max_failed_cohort_share": "0.5"})
    numbers = found.assessment.waves[0].numbers
    assert (numbers.devices, numbers.members, numbers.in_failed_cohorts) == (12, 6, 6)
    assert gate_of(found).failures == 0


def test_a_campaign_stopped_in_a_failed_cohort_holds_nobody() -> None:
    ids = imeis(8)
    devices = [device(id_, model="M1" if place < 4 else "M2") for place, id_ in enumerate(ids)]
    campaigns = [
        own([bad(id_) for id_ in ids[:3]]),
        own([row(ids[3])], "CampaignCancelled", batch=2),
    ]
    found = decided(spec(ids, target=TWO_MODELS), seen(devices, campaigns))
    assert found.phase.value == "running"
    assert [planned.package.name for planned in found.create] == ["M2-A-B"]


# -- one wave after the other


def verdicts(found: Decision) -> list[GateVerdict]:
    return [state.verdict for state in found.assessment.waves]


def three_waves(*results: Callable[..., Any], **members: Any) -> Decision:
    """Two devices a wave; the n-th result is that of the n-th wave, which has a campaign."""
    ids = imeis(6)
    waves = [wave("a", count=2), wave("b", count=2), wave("c")]
    wish = spec(ids, waves=waves, **members)
    by_wave = waves_of(decided(wish, seen(map(device, ids))))
    campaigns, devices = [], {id_: device(id_) for id_ in ids}
    for number, result in enumerate(results, 1):
        inside = by_wave[number]
        campaigns.append(own([result(id_) for id_ in inside], wave=number))
        devices |= {id_: upgraded(id_) for id_ in inside if result is good}
    return decided(wish, seen(devices.values(), campaigns))


def test_a_wave_that_neither_is_open_nor_has_begun_waits() -> None:
    found = three_waves(row)
    assert verdicts(found) == [GateVerdict.WAIT] * 3
    assert [(state.open, state.begun) for state in found.assessment.waves] == [
        *((True, True), (False, False), (False, False))
    ]
    assert found.assessment.waves[2].judgement.why == "waits for wave b to pass"


def test_a_passed_wave_opens_the_next() -> None:
    found = three_waves(good)
    assert verdicts(found) == [GateVerdict.PASS, GateVerdict.WAIT, GateVerdict.WAIT]
    assert [state.open for state in found.assessment.waves] == [True, True, False]
    assert [planned.name.wave for planned in found.create] == [2]
    assert found.assessment.waves[2].judgement.why == "waits for wave b to pass"


def test_a_wave_that_has_begun_is_judged_even_behind_one_that_waits() -> None:
    assert verdicts(three_waves(row, good)) == [
        *(GateVerdict.WAIT, GateVerdict.PASS, GateVerdict.WAIT)
    ]
    found = three_waves(row, bad, gate={"max_failed_cohort_share": 1})
    assert not found.create


def test_a_wave_behind_a_failed_one_gets_nothing() -> None:
    found = three_waves(bad)
    assert found.phase.value == "halted"
    assert (found.create, found.assessment.waves[1].open) == ((), False)


def test_a_wave_without_members_is_skipped() -> None:
    found = decided(
        spec(imeis(3), waves=[wave("a", count=3), wave("b", count=3), wave("c")]),
        seen(fleet(3)),
    )
    assert verdicts(found) == [GateVerdict.WAIT, GateVerdict.SKIP, GateVerdict.SKIP]


def test_a_skipped_wave_opens_the_next() -> None:
    """The only group has no device that needs anything."""
    devices = [{"imei": imei(0), "groups": ["lab"]}, imei(1)]
    wish = spec(devices, waves=[wave("lab", group="lab"), wave()])
    found = decided(wish, seen([upgraded(imei(0)), device(imei(1))]))
    assert verdicts(found) == [GateVerdict.SKIP, GateVerdict.WAIT]
    assert [planned.name.wave for planned in found.create] == [2]


# -- the deadline of a wave


def test_the_deadline_is_a_day_after_the_last_campaign() -> None:
    campaigns = [
        own([row(imei(0))], end=3),
        own([row(imei(1))], "CampaignEnded", batch=2, end=1),
    ]
    (state,) = decided(spec(imeis(2)), seen(fleet(2), campaigns)).assessment.waves
    # the end of the third day from today, and 24 hours
    assert state.deadline == NOW - hours(10) + hours(24 * 4) + hours(24)
    short = spec(imeis(2), timing={"report_grace_hours": 2})
    (state,) = decided(short, seen(fleet(2), campaigns)).assessment.waves
    assert state.deadline == NOW - hours(10) + hours(24 * 4) + hours(2)


def test_there_is_no_deadline_while_something_is_to_be_created() -> None:
    ended = own([row(imei(0))], "CampaignEnded", start=-9, end=-5)
    waiting = decided(spec(imeis(2)), seen(fleet(2), [ended])).assessment.waves[0]
    assert (waiting.deadline, waiting.verdict) == (None, GateVerdict.WAIT)
    settling = own([row(imei(0))], count=2, start=-9, end=-5)
    state = decided(spec(imeis(2)), seen(fleet(2), [settling])).assessment.waves[0]
    assert (state.deadline, state.verdict) == (None, GateVerdict.WAIT)
    assert nothing_yet().assessment.waves[0].deadline is None


def test_campaigns_of_other_waves_move_no_deadline() -> None:
    ids = imeis(4)
    campaigns = [
        own([row(id_) for id_ in ids[:2]], end=1),
        own([row(id_) for id_ in ids[2:]], wave=2, end=5),
    ]
    wish = spec(ids, waves=[wave("first", count=2), wave()])
    first, last = decided(wish, seen(map(device, ids), campaigns)).assessment.waves
    assert first.deadline == NOW - hours(10) + hours(24 * 2) + hours(24)
    assert last.deadline == NOW - hours(10) + hours(24 * 6) + hours(24)


def test_the_next_look_is_at_the_deadline() -> None:
    found = a_tail_before_the_deadline("UpgradePending")
    assert found.next_check == found.assessment.waves[0].deadline == NOW + hours(14)


def test_campaigns_of_failed_cohorts_move_no_deadline() -> None:
    ids = imeis(6)
    devices = [device(id_, model="M1" if place < 3 else "M2") for place, id_ in enumerate(ids)]
    campaigns = [
        own([bad(id_) for id_ in ids[:3]], end=9),
        own([row(id_) for id_ in ids[3:]], model="M2", end=2),
    ]
    (state,) = decided(spec(ids, target=TWO_MODELS), seen(devices, campaigns)).assessment.waves
    assert state.deadline == NOW - hours(10) + hours(24 * 3) + hours(24)


@pytest.mark.parametrize(("later", "phase"), [(-1 / 3600, "running"), (0, "held"), (1, "held")])
def test_the_deadline_to_the_second(later: float, phase: str) -> None:
    """A device is announced for ever after, in a campaign that its service forgot to end."""
    rows = [row(imei(0), next_attempt=at(900))]
    what = seen(fleet(1), [own(rows, end=3)], now=NOW - hours(10) + hours(24 * 5) + hours(later))
    assert decided(spec(imeis(1)), what).phase.value == phase


def test_devices_that_are_busy_elsewhere_do_not_move_the_deadline() -> None:
    ended = own([row(imei(0))], "CampaignEnded", start=-9, end=-5)
    what = seen(fleet(2), [ended], busy={imei(1): "theirs"})
    assert decided(spec(imeis(2)), what).assessment.waves[0].deadline is not None


@pytest.mark.parametrize(("end", "phase"), [(-1, "running"), (-2, "completed_with_exceptions")])
def test_a_read_that_never_comes_ends_with_its_wave(end: int, phase: str) -> None:
    """Nine of ten are verified, which passes; the tenth reported and is never read again."""
    rows, devices = settled(9)
    ended = own([*rows, good(imei(9), -40)], "CampaignEnded", start=-5, end=end)
    stale = device(imei(9), refreshed=at(-300))
    found = decided(spec(imeis(10)), seen([*devices, stale], [ended]))
    assert (found.phase.value, found.refresh) == (phase, (imei(9),))
