# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forecasts of a rollout: what they are based on, what they take into account, and what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout import forecast_facts
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast import changes
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.chances import (
    Chances,
    draw_chances,
    draw_count,
    draw_moments,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.experience import (
    ASSUMED,
    Source,
    has_experience,
    learn,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.forecast import (
    Forecast,
    describe_basis,
    forecast,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.open_hours import (
    OpenHours,
    to_hours,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.ranges import (
    find_quantile,
    find_range,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    EarlierCampaign,
    Observed,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    bad,
    day,
    device,
    good,
    hours,
    imeis,
    own,
    pool,
    row,
    seen,
    spec,
    target,
    upgraded,
    wave,
)

# Two waves; the first needs no approval, and nothing soaks unless a test says so.
WAVES = [wave("pilot", count=10), wave("all")]
UTC_DAY = timedelta(days=1)


def midnight(days: int) -> float:
    """The first moment of a day from today on, in hours."""
    return to_hours(datetime.combine(day(days), datetime.min.time(), timezone.utc))


def after(first: float, count: int, *, step: float = 1.0) -> list[float]:
    """Hours from ``NOW``, one for each device."""
    return [first + step * number for number in range(count)]


def at_the_end_of_the_pilot(devices: int = 40, *, pilot: int = 10) -> Observed:
    """The pilot is done within ten hours from the start of its campaign, yesterday."""
    ids = imeis(devices)
    start = -34  # NOW is at 10:00
    rows = [good(id_, start + 10 * (place + 1) / pilot) for place, id_ in enumerate(ids[:pilot])]
    known = [*map(upgraded, ids[:pilot]), *map(device, ids[pilot:])]
    return seen(known, [own(rows, "CampaignEnded", start=-1, end=1)])


def predict(
    read: Observed | None = None, *, wanted: Wanted = Wanted.RUNNING, **members: Any
) -> Forecast:
    """The forecast of a rollout with two waves, in the middle unless ``read`` says otherwise."""
    read = at_the_end_of_the_pilot() if read is None else read
    members = {"waves": WAVES, "late_joiners": "leave", **members}
    wish = spec(sorted(read.devices), **members)
    return forecast(decide(wish, read, wanted=wanted))


def p50(found: Forecast) -> datetime:
    assert found.ends is not None
    return found.ends.p50


# -- open hours


NIGHT = OpenHours(midnight(1), midnight(4), (Window(0, 2), Window(22, 24)))


def test_open_hours_are_counted_inside_windows() -> None:
    assert (NIGHT.a_day, NIGHT.total) == (4, 12)
    assert NIGHT.after(0) == midnight(1)
    assert NIGHT.after(3) == midnight(1) + 23
    assert NIGHT.after(5) == midnight(2) + 1
    assert NIGHT.after(1000) == NIGHT.ends
    assert NIGHT.before(midnight(1) + 12) == 2
    assert NIGHT.before(midnight(0)) == 0
    assert NIGHT.before(midnight(9)) == 12


@given(st.floats(0.01, 11.9))
def test_a_moment_after_open_hours_has_so_many_before_it(open_hours: float) -> None:
    assert NIGHT.before(NIGHT.after(open_hours)) == pytest.approx(open_hours)


# -- what is known


def test_without_results_nothing_is_known() -> None:
    known = learn(seen(map(device, imeis(3))))
    assert known == {"": ASSUMED}
    assert describe_basis(ASSUMED.basis).startswith("nothing of this account")


def test_results_of_the_rollout_are_known_by_package() -> None:
    rows = [good(id_, 1 + place) for place, id_ in enumerate(imeis(6))]
    mine = own([*rows, bad(imeis(7)[6], 9)], start=0, end=3)
    found = learn(seen((), [mine], now=NOW + hours(20)))["M1-A-B"]
    assert (found.basis.source, found.basis.devices, found.basis.campaigns) == (
        Source.PACKAGE,
        7,
        1,
    )
    assert found.times[0] == (11, 1)  # NOW is ten hours after the start
    assert (found.done, found.failed, found.silent, found.unreached) == (7, 1, 0, 0)


def test_devices_whose_campaign_runs_count_as_those_that_took_longer() -> None:
    """Two are pending after 5 hours: of the others, one had its result before, four after that."""
    ids = imeis(9)
    ended = own([good(ids[0], -40), *(good(id_, -20) for id_ in ids[1:5])], start=-2, end=3)
    live = own([row(id_) for id_ in ids[5:7]], start=0, end=3, batch=2)
    found = learn(seen((), [ended, live], now=NOW - hours(5)))["M1-A-B"]
    assert found.times == ((18.0, 2.0), (38.0, pytest.approx(5.0))) or sum(
        devices for _hours, devices in found.times
    ) == pytest.approx(7)
    assert found.unreached == 0


def test_a_campaign_that_ended_says_who_was_not_reached_and_who_was_silent() -> None:
    ids = imeis(8)
    silent = row(ids[6], recent_attempt=at(-30), updated=at(-30))
    rows = [*(good(id_, -30) for id_ in ids[:6]), silent, row(ids[7])]
    found = learn(seen((), [own(rows, "CampaignEnded", start=-3, end=-1)]))["M1-A-B"]
    assert (found.done, found.silent, found.unreached) == pytest.approx((6, 1, 1))


def test_earlier_campaigns_are_used_as_long_as_there_are_no_results() -> None:
    rows = tuple(good(id_, -30) for id_ in imeis(6))
    earlier = EarlierCampaign(own((), "CampaignEnded", start=-3, end=-1).campaign, rows)
    read = replace(seen(map(device, imeis(3))), earlier=(earlier,))
    assert not has_experience(read)
    assert learn(read)[""].basis.source is Source.ACCOUNT
    mine = own([good(id_, -30) for id_ in imeis(6)], "CampaignEnded", start=-3, end=-1)
    assert has_experience(replace(read, own=(mine,)))
    assert learn(replace(read, own=(mine,)))[""].basis.source is Source.ROLLOUT


def test_devices_that_were_tried_again_say_nothing_of_others() -> None:
    again = own([good(id_, -30) for id_ in imeis(6)], "CampaignEnded", start=-3, end=-1, attempt=2)
    assert learn(seen((), [again])) == {"": ASSUMED}


@pytest.mark.parametrize("first", [0, 1])
def test_the_first_results_of_a_large_campaign_are_known(first: int) -> None:
    """Only every other device without a result is looked at."""
    ids = imeis(1100)
    rows = list(map(row, ids))
    rows[first:12:2] = [bad(id_, 1) for id_ in ids[first:12:2]]
    found = learn(seen((), [own(rows, start=0, end=3)], now=NOW + hours(20)))["M1-A-B"]
    assert (found.basis.devices, found.failed) == (6, pytest.approx(6))


def test_results_at_moments_that_are_not_known_say_nothing() -> None:
    """The service gives neither the days of the campaign, nor in another one those of results."""
    without_days = own(list(map(bad, imeis(6))), start=None, end=None)
    without_times = own([row(id_, "UpgradeSuccess") for id_ in imeis(6)], batch=2)
    assert learn(seen((), [without_days, without_times])) == {"": ASSUMED}


def test_devices_of_which_few_have_a_result_so_far_are_not_given_up() -> None:
    """Eight of twenty in the first six hours: the others are on their way."""
    ids = imeis(60)
    rows = [
        *(good(id_, -9.5 + place / 2) for place, id_ in enumerate(ids[:8])),
        *map(row, ids[8:20]),
    ]
    known = [*map(upgraded, ids[:8]), *map(device, ids[8:])]
    read = replace(seen(known, [own(rows, start=0, end=4)]), now=NOW - hours(4))
    assert learn(read)["M1-A-B"].unreached < 2
    found = predict(read, waves=[wave("pilot", count=20), wave("all")])
    assert found.stops < 0.3


# -- chances


def chances(seed: int = 1) -> Chances:
    return draw_chances(ASSUMED, Random(seed))


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_takes_longer(seed: int, share: float, other: float) -> None:
    found = chances(seed)
    low, high = sorted((share, other))
    assert 0 <= found.find_hours(low) <= found.find_hours(high)


@given(st.integers(0, 1000), st.floats(0.01, 0.99))
def test_hours_and_shares_are_the_same_curve(seed: int, share: float) -> None:
    found = chances(seed)
    assert found.find_share(found.find_hours(share)) == pytest.approx(share, abs=1e-6)


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(0, 1000))
def test_no_more_devices_are_drawn_than_there_are(devices: int, rate: float, seed: int) -> None:
    assert 0 <= draw_count(devices, rate, Random(seed)) <= devices
    moments = draw_moments(devices, Random(seed))
    assert sum(weight for _share, weight in moments) == pytest.approx(devices)
    assert [share for share, _weight in moments] == sorted(share for share, _weight in moments)


def test_the_last_of_many_devices_comes_late() -> None:
    last = [draw_moments(1000, Random(seed))[-1][0] for seed in range(50)]
    assert min(last) > 0.98


def test_a_quantile_is_a_value() -> None:
    assert [find_quantile(range(1, 11), share) for share in (0.1, 0.5, 0.9, 0.0)] == [1, 5, 9, 1]
    assert find_range([]) is None
    assert find_range([float("inf")]) is None


# -- what is taken into account


def test_a_forecast_is_always_the_same() -> None:
    assert predict() == predict()


def test_the_next_wave_begins_on_the_first_day_that_the_lead_time_allows() -> None:
    found = predict()
    (ahead,) = found.waves
    assert ahead.name == "all"
    assert ahead.begins is not None
    assert {ahead.begins.p10, ahead.begins.p90} == {
        datetime.combine(day(1), datetime.min.time(), timezone.utc)
    }
    assert found.basis[0].devices == 10
    assert (found.condition, found.over, found.deadline) == ("", False, None)


def test_quantiles_are_in_order_and_not_in_the_past() -> None:
    found = predict(gate={"soak_hours": 24}, deadline="2026-04-20")
    ranges = [found.ends, *(each.ends for each in (*found.waves, *found.models))]
    for each in ranges:
        assert each is not None
        assert NOW <= each.p10 <= each.p50 <= each.p90


@pytest.mark.parametrize(
    "members",
    [
        {"gate": {"soak_hours": 48}},
        {"calendar": {"windows": ["00:00-01:00"], "timezone": "UTC"}},
        {"calendar": {"freeze": [{"from": "2026-04-11", "to": "2026-04-15"}]}},
        {"calendar": {"lead_hours": 60}},
        {"limits": {"max_exposure": 5}},
        {"waves": [wave("pilot", count=10), wave("some", count=10), wave("all")]},
    ],
    ids=["soak", "windows", "freeze", "lead", "exposure", "waves"],
)
def test_what_takes_time_makes_the_end_later(members: dict[str, Any]) -> None:
    assert p50(predict(**members)) > p50(predict()) + hours(20)


@settings(max_examples=examples(5))
@given(st.integers(15, 60), st.integers(1, 60))
def test_more_devices_never_end_earlier(devices: int, more: int) -> None:
    """Up to what chance does to two different sets of courses."""
    fewer = p50(predict(at_the_end_of_the_pilot(devices)))
    assert p50(predict(at_the_end_of_the_pilot(devices + more))) >= fewer - hours(6)


def test_devices_in_a_campaign_go_on_from_where_they_are() -> None:
    """Nine of ten are done. The last one is known to be next at a time, or is not."""
    ids = imeis(10)
    rows: list[CampaignDevice] = [good(id_, -9 + place / 2) for place, id_ in enumerate(ids[:9])]
    known = [*map(upgraded, ids[:9]), device(ids[9])]
    announced = row(ids[9], next_attempt=at(30))
    ends = []
    for last in (announced, row(ids[9])):
        read = seen(known, [own([*rows, last], start=0, end=4)])
        ends.append(predict(read, waves=[wave("all")]))
    (model,) = ends[0].models
    assert model.ends is not None
    assert model.ends.p50 == NOW + hours(30.5)
    assert ends[0].ends != ends[1].ends


def test_devices_that_were_not_reached_are_waited_for_and_tried_again() -> None:
    """Their campaign runs to its end, and the sweep follows."""
    ids = imeis(10)
    rows = [*(good(id_, -9 + place / 4) for place, id_ in enumerate(ids[:6])), *map(row, ids[6:])]
    read = seen([*map(upgraded, ids[:6]), *map(device, ids[6:])], [own(rows, start=0, end=4)])
    read = replace(read, now=NOW + hours(48))
    gate = {"min_coverage": 0.5}
    without = predict(read, waves=[wave("all")], gate=gate, sweep=False)
    swept = predict(read, waves=[wave("all")], gate=gate, sweep=True)
    assert p50(without) >= datetime.combine(day(5), datetime.min.time(), timezone.utc)
    assert p50(swept) > p50(without) + hours(24)


@pytest.mark.parametrize("windows", [(), (Window(0, 2),)])
def test_a_campaign_that_is_past_its_last_day_ends_now(windows: tuple[Window, ...]) -> None:
    """The service has not ended it yet."""
    ids = imeis(10)
    mine = own(list(map(row, ids)), start=-3, end=-1)
    schedule = replace(mine.campaign.schedule, windows=windows)
    mine = replace(mine, campaign=replace(mine.campaign, schedule=schedule))
    gate = {"min_coverage": 0.1, "min_sample": 1}
    found = predict(seen(map(device, ids), [mine]), waves=[wave("all", gate=gate)])
    assert found.models[0].ends is not None
    assert found.models[0].ends.p10 >= NOW


def test_without_a_place_in_the_calendar_there_is_no_end() -> None:
    """One device waits for a campaign, and the sweep for that, with a freeze of years ahead."""
    ids = imeis(11)
    rows = [*(good(id_, -30) for id_ in ids[:6]), *map(row, ids[6:10])]
    known = [*map(upgraded, ids[:6]), *map(device, ids[6:])]
    read = seen(known, [own(rows, "CampaignEnded", start=-3, end=-1)])
    freeze = {"from": "2026-04-11", "to": "2028-04-11"}
    found = predict(
        read,
        waves=[wave("all")],
        gate={"min_coverage": 0.5},
        calendar={"freeze": [freeze]},
        late_joiners="last",
        sweep=True,
    )
    assert (found.ends, found.stops) == (None, 1.0)


def test_a_rollout_that_a_gate_would_stop_has_a_chance_to_stop() -> None:
    """Two of the ten devices so far have failed, and the next wave tolerates one of 30."""
    ids = imeis(40)
    rows = [*(good(id_, -30) for id_ in ids[:8]), *(bad(id_, -30) for id_ in ids[8:10])]
    known = [*map(upgraded, ids[:8]), *map(device, ids[8:])]
    read = seen(known, [own(rows, "CampaignEnded", start=-1, end=1)])
    first = wave("pilot", count=10, gate={"max_failure_rate": 0.3})
    found = predict(read, waves=[first, wave("all", gate={"max_failure_rate": 0.01})])
    assert found.stops > 0.5


# -- deadlines


def test_nothing_is_late_before_a_deadline_that_is_far() -> None:
    found = predict(deadline="2026-12-31")
    assert (found.in_time, found.past_deadline, found.late, found.changes) == (1.0, "", (), ())


NIGHTS = {"windows": ["00:00-02:00"], "timezone": "UTC"}
"""Ten open hours take five nights."""


def predict_nights(deadline: str) -> Forecast:
    """30 devices follow a pilot of 300 that says much of them; campaigns run at night only."""
    waves = [wave("pilot", count=300), wave("all")]
    read = at_the_end_of_the_pilot(330, pilot=300)
    return predict(read, waves=waves, deadline=deadline, calendar=NIGHTS)


def test_late_devices_are_named_with_a_reason_and_what_would_help() -> None:
    found = predict_nights("2026-04-12")
    assert (found.past_deadline, found.in_time) == ("p50", 0.0)
    (late,) = found.late
    assert (late.wave, late.model, late.devices) == ("all", "M1", 30)
    assert 10 < late.p50 <= late.p90 <= 30
    assert late.reason.startswith("their campaigns begin on 2026-04-11, after 14 h until")
    assert len(late.examples) == 5
    first = found.changes[0]
    assert (first.key, first.enough) == ("calendar.windows", True)
    assert first.ends.p90 <= datetime(2026, 4, 12, 23, 59, 59, tzinfo=timezone.utc)


def test_a_change_is_the_smallest_that_is_enough() -> None:
    found = [predict_nights(f"2026-04-{day}").changes[0] for day in (12, 13, 14)]
    assert [change.key for change in found] == ["calendar.windows"] * 3
    more = [int(change.what.split()[0]) for change in found]
    assert more == sorted(set(more), reverse=True)
    assert "such as 00:00-0" in found[0].what


def test_where_no_change_is_enough_all_of_them_together_are_forecast() -> None:
    found = predict(deadline="2026-04-10", gate={"soak_hours": 48})
    assert not any(change.enough for change in found.changes)
    assert found.changes[-1].what == "all of these together"
    assert "gate.soak_hours" in {change.key for change in found.changes}


def test_with_too_many_groups_no_change_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_GROUPS", 0)
    found = predict(deadline="2026-04-10", gate={"soak_hours": 48})
    assert (found.past_deadline, found.changes) == ("p50", ())


def test_waves_that_have_not_begun_can_become_one() -> None:
    waves = [wave("pilot", count=10), *(wave(f"w{n}", count=5) for n in range(3)), wave("all")]
    found = predict(deadline="2026-04-13", waves=waves)
    merged = [change for change in found.changes if change.key == "waves"]
    assert merged
    assert "as one wave" in merged[0].what


def test_a_model_has_its_own_deadline() -> None:
    found = predict(target=[{**target(), "deadline": "2026-04-10"}])
    (model,) = found.models
    assert (model.model, model.in_time) == ("M1", 0.0)
    assert found.deadline is None
    assert [late.p50 for late in found.late] == [30]
    assert found.changes


def test_a_deadline_in_the_past_is_said() -> None:
    found = predict(deadline="2026-01-01")
    assert (found.past_deadline, found.in_time) == ("p50", 0.0)


# -- phases


def test_what_does_not_go_on_by_itself_has_a_condition() -> None:
    asks = [wave("pilot", count=10, gate={"approval": True}), wave("all")]
    found = predict(waves=asks)
    assert (found.condition, found.assumes) == (
        "after the approval of wave pilot",
        "counted from now",
    )
    assert p50(found) > NOW
    paused = predict(wanted=Wanted.PAUSED)
    assert paused.condition == "no end while it is paused"
    assert p50(paused) > NOW


def test_a_halted_rollout_says_when_it_would_end_once_it_is_accepted() -> None:
    ids = imeis(40)
    rows = [*(good(id_, -30) for id_ in ids[:5]), *(bad(id_, -30) for id_ in ids[5:10])]
    known = [*map(upgraded, ids[:5]), *map(device, ids[5:])]
    read = seen(known, [own(rows, "CampaignEnded", start=-1, end=1)])
    wish = spec(ids, waves=WAVES, late_joiners="leave")
    decision = decide(wish, read)
    assert decision.phase is Phase.HALTED
    found = forecast(decision)
    assert found.condition == "no end while it is halted"
    assert found.assumes == "if an operator accepts its failures now"


TWO_MODELS = {"target": [target(), target("M2")], "waves": [wave("pilot", per_package=20), wave()]}


def halted_cohort() -> Observed:
    """All of the second model have failed; campaigns of both were stopped."""
    ids, others = imeis(100), imeis(105, start=200)
    known = [*map(device, ids), *(device(id_, model="M2") for id_ in others)]
    failed = [*(bad(id_, -30) for id_ in others[:5]), *map(row, others[5:20])]
    first = own(list(map(row, ids[:20])), "CampaignCancelled", start=0, end=3)
    return seen(known, [first, own(failed, "CampaignCancelled", model="M2")])


def test_a_halted_cohort_is_listed_and_says_nothing_of_others() -> None:
    """Its campaigns are left alone; those of the other model are created again."""
    read = halted_cohort()
    accept = {"wave": "pilot", "again": 2, "by": "me", "reason": "stopped by mistake"}
    found = predict(read, deadline="2026-04-30", accept=[accept], **TWO_MODELS)
    assert (found.condition, found.ends is not None) == ("", True)
    assert found.stops < 0.5
    (halted,) = found.halted
    assert (halted.model, halted.devices, len(halted.examples)) == ("M2", 105, 5)


def test_while_it_is_held_the_accept_that_is_offered_is_forecast() -> None:
    """No device of the pilot was attempted, so that its campaign is created again first."""
    ids = imeis(40)
    read = seen(map(device, ids), [own(list(map(row, ids[:10])), "CampaignCancelled")])
    found = predict(read)
    assert found.condition == "no end while it is held"
    pilot = found.waves[0]
    assert pilot.begins is not None
    assert pilot.ends is not None
    assert pilot.ends.p10 > pilot.begins.p10 > NOW


def test_what_does_not_go_on_with_an_accept_cannot_be_foreseen() -> None:
    """A second campaign of the same name has started."""
    ids = imeis(10)
    rows = list(map(row, ids))
    twins = [own(rows, "CampaignStarted", campaign_id=name) for name in ("c1", "c2")]
    found = predict(seen(map(device, ids), twins), waves=[wave("all")])
    assert (found.ends, found.assumes) == (None, "what follows an accept cannot be foreseen")


def test_devices_that_were_not_done_at_the_deadline_are_counted() -> None:
    assert predict(deadline="2026-04-09").missed == 30
    assert predict(deadline="2026-04-30").missed is None
    ids = imeis(3)
    read = seen(
        map(upgraded, ids),
        [own([good(id_, -30) for id_ in ids], "CampaignEnded", start=-3, end=-1)],
    )
    found = [predict(read, waves=[wave("all")], deadline=f"2026-04-0{day}") for day in (1, 9)]
    assert [(each.over, each.missed) for each in found] == [(True, 3), (True, 0)]


def test_the_sweep_after_the_last_wave_is_told_apart() -> None:
    ids = imeis(10)
    rows = [*(good(id_, -30) for id_ in ids[:8]), *map(row, ids[8:])]
    read = seen(
        [*map(upgraded, ids[:8]), *map(device, ids[8:])],
        [own(rows, "CampaignEnded", start=-3, end=-1)],
    )
    found = predict(read, waves=[wave("all")], sweep=True)
    assert found.rest is not None
    assert found.rest == found.ends


def test_missing_licenses_are_counted() -> None:
    read = replace(at_the_end_of_the_pilot(), subscription=pool(10, 5))
    found = predict(read, assign_licenses=True)
    assert found.licenses_short == 25
    assert found.condition == "no end while it is blocked"


def test_a_rollout_that_is_over_has_no_end_to_come() -> None:
    ids = imeis(3)
    rows = [good(id_, -30) for id_ in ids]
    read = seen(map(upgraded, ids), [own(rows, "CampaignEnded", start=-3, end=-1)])
    found = predict(read, waves=[wave("all")])
    assert (found.over, found.ends, found.waves) == (True, None, ())


def test_a_forecast_does_not_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be stopped does not even wait for it."""

    def fail(_decision: Any) -> Forecast:
        raise ZeroDivisionError

    monkeypatch.setattr(forecast_facts, "forecast", fail)
    ids = imeis(3)
    wish, waiting = spec(ids, deadline="2026-04-20"), own(list(map(row, ids)), start=2, end=5)
    found = [
        forecast_facts.view_forecast(decide(wish, read, wanted=Wanted.HALTED))
        for read in (seen(map(device, ids)), seen(map(device, ids), [waiting]))
    ]
    assert [(facts["condition"], facts["ends"]) for facts in found] == [
        ("no forecast, as its calculation failed (ZeroDivisionError)", None),
        ("no forecast, as campaigns are to be stopped first", None),
    ]


def test_what_could_not_be_read_gives_no_forecast() -> None:
    read = replace(at_the_end_of_the_pilot(), unread=("the devices could not be read",))
    found = predict(read, wanted=Wanted.PAUSED)
    assert found.ends is None
    assert found.condition == "no forecast, as not all could be read"
