# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Halting is sticky: once failures were too many, no later success mends it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
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
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    GateTest,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    Circumstances,
    GateVerdict,
    Numbers,
    judge,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.statistics import (
    FailureTest,
    Result,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    bad,
    cohort,
    device,
    gate,
    gate_of,
    good,
    hours,
    imeis,
    own,
    row,
    seen,
    spec,
    target,
    upgraded,
)

TENTH = {1: Fraction(1, 10), 2: Fraction(1, 10)}


def ever_too_many(
    found: Iterable[Result], rates: Mapping[int, Fraction], test: GateTest = GateTest.ANYTIME
) -> bool:
    gates = {
        wave: replace(gate(), max_failure_rate=rate, test=test) for wave, rate in rates.items()
    }
    return FailureTest(gates).find_first(found) is not None


def result(moment: datetime, wave: int, *, failed: bool) -> Result:
    """A device whose result came with its attempt."""
    return Result(moment, wave, moment if failed else None)


def results(text: str, *, wave: int = 1, start: int = 0) -> list[Result]:
    """``x`` a failure, ``.`` a success, one an hour; within brackets all at one moment."""
    found, hour, together = [], start, False
    for letter in text:
        if letter in "[]":
            together = letter == "["
            hour += 1
            continue
        hour += not together
        found.append(result(NOW + hours(hour), wave, failed=letter == "x"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("xx", False),  # E = (4 + 9 + 25) / 3 = 12.7
        ("xxx", True),  # E = (8 + 27 + 125) / 3 = 53.3
        ("xxx" + "." * 60, True),
        ("xx..x", True),  # 3 of 5: 20.4
        ("xx...x", False),  # 3 of 6: 13.4
        ("." * 60 + "xxx", False),
        ("[xxx...]", False),
        ("[xxx]...", True),
        ("[xx.]x.", True),  # 3 of 4: 32.1
        ("...xx..x", False),
        ("x" * 7 + "." * 13, True),
    ],
)
def test_too_many_at_any_moment(text: str, expected: bool) -> None:  # noqa: FBT001
    found = results(text)
    for seed in range(3):
        random.Random(seed).shuffle(found)
        assert ever_too_many(found, TENTH) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("x", False),  # P(X >= 1 of 1) = 0.1
        ("xx", True),  # 0.1 * 0.1 = 0.01
        ("x.x", True),  # P(X >= 2 of 3) = 0.028
        ("x..x", False),  # 0.0523
        (".x..x", False),  # 2 of 5: 0.081
        ("x..xx", True),  # 3 of 5: 0.0086
        # What comes later mends nothing; what came earlier does.
        ("xx" + "." * 60, True),
        ("." * 60 + "xx", False),
        ("." * 60 + "xx" + "." * 60, False),
        ("..." + "xx." + "x" + "." * 99, True),  # 3 of 7: 0.026
        # At one moment nobody knows which came first.
        ("[xx...]", False),  # 2 of 5
        ("[xx]...", True),
        ("[xxx..]", True),
    ],
)
def test_too_many_at_any_moment_by_the_fixed_test(text: str, expected: bool) -> None:  # noqa: FBT001
    found = results(text)
    for seed in range(3):
        random.Random(seed).shuffle(found)
        assert ever_too_many(found, TENTH, GateTest.FIXED) is expected


def test_each_result_counts_by_the_rate_of_its_own_wave() -> None:
    """After 20 successes at 10 %, as many failures at 5 % as outweigh what they have cost."""
    rates = {1: Fraction(1, 10), 2: Fraction(1, 20)}
    pilot = results("." * 20)
    # (2^k * 0.0948 + 3^k * 0.00656 + 5^k * 0.0000078) / 3: 12.7 for 7 failures, 39.4 for 8
    assert not ever_too_many([*pilot, *results("x" * 7, wave=2, start=99)], rates)
    assert ever_too_many([*pilot, *results("x" * 8, wave=2, start=99)], rates)
    # Of the second wave alone: 3 of 7 stop at 5 %, and 3 of 6 do not at 10 %.
    assert ever_too_many(results("....xxx", wave=2), rates) is True
    assert ever_too_many(results("....xxx", wave=1), rates) is False
    # The tolerated rate of a wave says what its own failures weigh, whenever they come.
    assert ever_too_many([*results("xx"), *results("x", wave=2, start=9)], rates)


@pytest.mark.parametrize(
    ("rate", "text", "expected"),
    [
        ("0", ".....", False),
        ("0", "." * 500 + "x", True),  # none is tolerated
        ("0.001", "xx", False),  # whatever the rate, the bets need three failures
        ("0.001", "xxx", True),
        ("0.25", "xxxx", True),  # 2 and 3 times the rate: (16 + 81) / 2
        ("0.4", "xxxx", False),  # twice the rate: 16
        ("0.4", "xxxxx", True),  # 32
        ("0.5", "x" * 99, False),  # twice the rate is all: nothing to bet on
        ("1", "x" * 99, False),
    ],
)
def test_rates_at_their_ends(rate: str, text: str, *, expected: bool) -> None:
    assert ever_too_many(results(text), {1: Fraction(rate)}) is expected


def test_devices_under_way_count_as_attempted_and_not_as_failures() -> None:
    """So it does not matter that failures are reported sooner than successes."""
    failures = [Result(NOW, 1, NOW + hours(1)) for _device in range(3)]
    assert ever_too_many(failures, TENTH)
    under_way = [Result(NOW, 1) for _device in range(3)]
    assert not ever_too_many([*failures, *under_way], TENTH)
    later = [Result(NOW + hours(2), 1) for _device in range(50)]
    assert ever_too_many([*failures, *later], TENTH)


def test_a_retry_that_succeeds_lifts_nothing() -> None:
    failures = [Result(NOW, 1, NOW + hours(1)) for _device in range(3)]
    repaired = [replace(failed, repaired_at=NOW + hours(50)) for failed in failures]
    assert ever_too_many(repaired, TENTH)
    early = [replace(failed, repaired_at=NOW + hours(2)) for failed in failures[:2]]
    late = Result(NOW, 1, NOW + hours(3))
    assert not ever_too_many([*early, late], TENTH)


def test_the_newest_wave_says_what_the_fixed_test_tolerates() -> None:
    """2 of 2 at 50 % have a chance of 0.25, 1 of 1 at 1 % one of 0.01."""
    half, hundredth = (
        {1: Fraction(1, 10), 2: Fraction(1, 2)},
        {1: Fraction(1, 10), 2: Fraction(1, 100)},
    )
    fixed = GateTest.FIXED
    late = results("x") + results("x", wave=2, start=9)
    assert ever_too_many(late, half, fixed) is False
    assert ever_too_many(results("xx") + results("....", wave=2, start=9), half, fixed) is True
    # A late result of the pilot is judged by the second wave, which has begun.
    early = results("x") + results(".", wave=2, start=9)
    assert ever_too_many(early, hundredth, fixed) is False
    late = results(".", wave=2) + results("x", start=9)
    assert ever_too_many(late, hundredth, fixed) is True


RESULT = st.tuples(st.integers(0, 40), st.integers(1, 3), st.booleans())
RATE = st.sampled_from(["0", "0.01", "0.05", "0.1", "0.3", "1"]).map(Fraction)


@settings(max_examples=examples(300))
@given(
    first=st.lists(RESULT, max_size=14),
    later=st.lists(RESULT, max_size=30),
    rates=st.tuples(RATE, RATE, RATE),
    test=st.sampled_from(GateTest),
)
def test_a_halt_stays_whatever_comes_later(
    first: list[tuple[int, int, bool]],
    later: list[tuple[int, int, bool]],
    rates: tuple[Fraction, Fraction, Fraction],
    test: GateTest,
) -> None:
    """Also when later results are of newer waves, which tolerate more."""
    known = dict(enumerate(rates, 1))
    before = [result(NOW + hours(hour), wave, failed=failed) for hour, wave, failed in first]
    after = [result(NOW + hours(50 + hour), wave, failed=failed) for hour, wave, failed in later]
    if ever_too_many(before, known, test):
        assert ever_too_many([*after, *before], known, test)
    # And it is no more than what was seen at one of the moments.
    moments = sorted({each.begun for each in before})
    assert ever_too_many(before, known, test) == any(
        ever_too_many([each for each in before if each.begun <= moment], known, test)
        for moment in moments
    )


def test_the_gate_fails_by_what_was_once() -> None:
    """3 of 23 are tolerated now; they were not when it was 3 of 3."""
    now = {"members": 23, "devices": 23, "verified": 20, "failed": 3}
    assert judge(gate(), Numbers(**now), Circumstances(now=NOW)).verdict is GateVerdict.PASS
    once = Numbers(**now, too_many_once=True)
    failed = judge(gate(), once, Circumstances(now=NOW))
    assert failed.verdict is GateVerdict.FAIL
    assert "3 failures of 23 attempted: too many to believe" in failed.why
    accepted = judge(gate(), once, Circumstances(now=NOW, accepted=3))
    assert accepted.verdict is GateVerdict.PASS
    short = judge(gate(), once, Circumstances(now=NOW, accepted=2))
    assert short.verdict is GateVerdict.FAIL


def of_23(failures_at: Sequence[float], *, accept: int | None = None) -> Decision:
    """A wave of 23 devices, 20 of which succeed at -20; 3 of 23 are tolerated at 10 %."""
    entry = {"wave": "all", "up_to": accept, "by": "ann", "reason": "known"}
    wish = spec(
        imeis(23),
        gate={"max_failures": 3, "max_failure_rate": 0.1},
        accept=[] if accept is None else [entry, {**entry, "cohort": cohort().code}],
    )
    broken, fine = imeis(3), imeis(20, start=3)
    rows = [bad(imei, when) for imei, when in zip(broken, failures_at, strict=True)]
    rows += [good(imei, -20) for imei in fine]
    known = [device(imei) for imei in broken] + [upgraded(imei) for imei in fine]
    return decide(wish, seen(known, [own(rows, "CampaignEnded")]))


def test_a_cohort_that_failed_once_stays_failed() -> None:
    """Three failures first: the cohort has failed, and with it all devices of its wave."""
    early = of_23([-40, -35, -30])
    assert [evidence.failed for evidence in early.assessment.evidence.values()] == [True]
    assert early.phase is Phase.HALTED
    late = of_23([-10, -9, -8])
    assert [evidence.failed for evidence in late.assessment.evidence.values()] == [False]
    assert late.phase is Phase.COMPLETED_WITH_EXCEPTIONS


def test_a_person_may_take_what_was_once() -> None:
    """Of the cohort and of the wave, up to as many."""
    taken = of_23([-40, -35, -30], accept=3)
    assert taken.phase is Phase.COMPLETED_WITH_EXCEPTIONS
    assert gate_of(taken).verdict is GateVerdict.PASS
    assert [
        evidence.failed
        for evidence in of_23([-40, -35, -30], accept=2).assessment.evidence.values()
    ] == [True]


def test_a_cohort_tolerates_what_the_wave_declares() -> None:
    """2 of 2 are nothing where all may fail."""
    wish = spec(imeis(2), gate={"max_failure_rate": 1})
    rows = [bad(imei) for imei in imeis(2)]
    decision = decide(wish, seen([device(imei) for imei in imeis(2)], [own(rows, "CampaignEnded")]))
    assert [evidence.failed for evidence in decision.assessment.evidence.values()] == [False]


@pytest.mark.parametrize("broken", [2, 3, 5, 7])
def test_a_cohort_that_fails_afterwards_lifts_no_halt(broken: int) -> None:
    """The third failure of two tolerated halts the wave; the third of its own fails the cohort."""
    first, second = imeis(40), imeis(40, start=40)
    fine, others = first[:10], first[10 : 10 + broken]
    rows = [good(imei, -30) for imei in fine]
    rows += [bad(imei, -20 + place) for place, imei in enumerate(others)]
    rows += [row(imei) for imei in first[10 + broken :]]
    later = [bad(second[0], -25), *(row(imei) for imei in second[1:])]
    campaigns = [own(rows), own(later, model="M2", campaign_id="second")]
    devices = [upgraded(imei) if imei in fine else device(imei) for imei in first]
    devices += [device(imei, model="M2") for imei in second]
    wish = spec(
        [*first, *second],
        target=[target(), target("M2")],
        gate={"max_failures": 2, "max_failure_rate": "0.1"},
    )
    decision = decide(wish, seen(devices, campaigns))
    assert (decision.assessment.evidence["M1-A-B"].failed, decision.phase) == (
        broken > 2,
        Phase.HALTED,
    )


@pytest.mark.parametrize(("broken", "halts"), [(2, False), (3, True), (20, True)])
def test_a_cohort_with_more_failures_than_a_wave_tolerates_halts_alone(
    broken: int, *, halts: bool
) -> None:
    """The others go on, whether the cohort has 20 of its 20 devices attempted or only three."""
    first, second = imeis(20), imeis(20, start=20)
    rows = [bad(imei, -20) for imei in first[:broken]] + [row(imei) for imei in first[broken:]]
    fine = own([good(imei) for imei in second], model="M2", campaign_id="second")
    devices = [device(imei) for imei in first]
    devices += [upgraded(imei, model="M2") for imei in second]
    wish = spec(
        [*first, *second],
        target=[target(), target("M2")],
        gate={"max_failures": 2, "max_failure_rate": "0.1"},
    )
    decision = decide(wish, seen(devices, [own(rows), fine]))
    assert decision.assessment.evidence["M1-A-B"].failed is halts
    assert decision.assessment.evidence["M2-A-B"].failed is False
    assert decision.phase is not Phase.HALTED


@pytest.mark.parametrize("left", [0, 1, 2])
@pytest.mark.parametrize("joined", [0, 4])
def test_who_leaves_or_joins_a_halted_wave_lifts_no_halt(left: int, joined: int) -> None:
    """A cohort with more than half of those in campaigns halts all, whoever leaves or joins.

    Devices without a campaign leave the wave where the vendor withdraws their package, and another
    model may join it. Then the cohort has half of the wave or less, and could halt alone.
    """
    first, waiting, second = imeis(4), imeis(2, start=4), imeis(3, start=6)
    third = imeis(joined, start=9)
    rows = [bad(imei, -20) for imei in first[:2]] + [row(imei) for imei in first[2:]]
    beside = own([row(imei) for imei in second], model="M2", campaign_id="second")
    devices = [device(imei) for imei in first]
    devices += [device(imei, "C" if left > place else "A") for place, imei in enumerate(waiting)]
    devices += [device(imei, model="M2") for imei in second]
    devices += [device(imei, model="M3") for imei in third]
    wish = spec(
        [*first, *waiting, *second, *third],
        target=[target(), target("M2"), target("M3")],
        gate={"max_failures": 1, "max_failure_rate": "0.1"},
    )
    decision = decide(wish, seen(devices, [own(rows), beside]))
    assert decision.phase is Phase.HALTED
    assert not decision.create


@pytest.mark.parametrize("free", [False, True])
def test_a_busy_device_that_gets_free_lifts_no_halt_as_there_is_none_yet(*, free: bool) -> None:
    """At the deadline 1 of 9 is too many for 10 %, but the numbers are not all there."""
    ids = imeis(20)
    fine, broken, left = ids[:8], ids[8], ids[19]
    rows = [good(imei, -200) for imei in fine] + [bad(broken, -200)]
    rows += [row(imei) for imei in ids[9:19]]
    ended = own(rows, "CampaignEnded", start=-12, end=-5)
    devices = [upgraded(imei) if imei in fine else device(imei) for imei in ids]
    wish = spec(ids, gate={"max_failure_rate": "0.1", "min_coverage": "0.9"})
    decision = decide(wish, seen(devices, [ended], busy={} if free else {left: "foreign"}))
    assert decision.phase is (Phase.RUNNING if free else Phase.HELD)
    assert bool(decision.create) is free


def test_the_plain_rate_does_not_halt_at_the_deadline() -> None:
    """1 of 9 is more than 10 %; an operator looks, as what is missing is that others were reached."""
    ids = imeis(19)
    rows = [good(imei, -200) for imei in ids[:8]] + [bad(ids[8], -200)]
    ended = own(rows + [row(imei) for imei in ids[9:]], "CampaignEnded", start=-12, end=-5)
    devices = [upgraded(imei) if imei in ids[:8] else device(imei) for imei in ids]
    wish = spec(ids, gate={"max_failure_rate": "0.1", "min_coverage": "0.9"})
    assert decide(wish, seen(devices, [ended])).phase is Phase.HELD


def test_failures_that_are_told_before_the_successes_are_read_halt_nothing() -> None:
    """Of a good wave, failures count at once, and successes once their versions are read."""
    ids = imeis(400)
    rows = [bad(imei, -5) for imei in ids[:4]] + [good(imei, -5) for imei in ids[4:]]
    wish = spec(ids, gate={"max_failure_rate": "0.05", "max_failures": 20})
    before = decide(wish, seen(map(device, ids), [own(rows)]))
    assert (before.phase, len(before.refresh)) == (Phase.RUNNING, 396)
    devices = [device(imei) if imei in ids[:4] else upgraded(imei) for imei in ids]
    assert gate_of(decide(wish, seen(devices, [own(rows)]))).verdict is GateVerdict.PASS
    # Successes that no read bears out are failures after all.
    stale = [device(imei, refreshed=at(60)) for imei in ids]
    late = seen(stale, [own(rows)], now=NOW + hours(61))
    assert decide(wish, late).phase is Phase.HALTED


# -- a wave that grows

TWO_OF_TEN = {"max_failure_rate": "0.1", "max_failures": None, "min_sample": 2}


def halted_rest(*rows: Any, **more: Any) -> OwnCampaign:
    """The campaign that took all ten devices of the only wave."""
    return own(rows, "CampaignEnded", start=-9, end=-5, **more)


@pytest.mark.parametrize("status", ["UpgradeFailed", "SomethingNew", "UpgradePending"])
def test_devices_that_come_into_a_halted_wave_lift_nothing(status: str) -> None:
    """Two of ten have failed, or nothing that is known is said of them; thirty more would tolerate
    four, and there would be no deadline while they wait."""
    ids = imeis(40)
    rows = [row(id_, status, updated=at(-99), recent_attempt=at(-99)) for id_ in ids[:2]]
    campaign = halted_rest(*rows, *(good(id_, -99) for id_ in ids[2:10]))
    known = [device(id_, refreshed=at(-1)) for id_ in ids[:2]]
    known += [upgraded(id_) for id_ in ids[2:10]] + [device(id_) for id_ in ids[10:]]
    for count in (10, 40):
        decision = decide(spec(ids[:count], gate=TWO_OF_TEN), seen(known, [campaign]))
        assert decision.phase is Phase.HALTED, count
        assert decision.create == ()
        assert gate_of(decision).why == "2 failures, 1 tolerated in 10 members"


def test_a_limit_that_the_campaigns_did_not_reach_has_not_cut_the_wave_short() -> None:
    ids = imeis(40)
    rows = [*(bad(id_, -99) for id_ in ids[:2]), *(good(id_, -99) for id_ in ids[2:10])]
    known = [device(id_) for id_ in ids[:2]] + [upgraded(id_) for id_ in ids[2:10]]
    known += [device(id_) for id_ in ids[10:]]
    wish = spec(ids, gate=TWO_OF_TEN, limits={"max_exposure": 11})
    assert decide(wish, seen(known, [halted_rest(*rows)])).phase is Phase.HALTED


@pytest.mark.parametrize(
    "limits", [{"max_exposure": 10}, {"max_creates": 1}], ids=["max_exposure", "max_creates"]
)
def test_a_wave_that_a_limit_cut_short_has_members_beyond_its_campaigns(
    limits: dict[str, int],
) -> None:
    ids = imeis(40)
    campaign = halted_rest(
        *(bad(id_, -99) for id_ in ids[:2]), *(good(id_, -99) for id_ in ids[2:10])
    )
    known = [device(id_) for id_ in ids[:2]] + [upgraded(id_) for id_ in ids[2:10]]
    known += [device(id_) for id_ in ids[10:]]
    wish = spec(ids, gate=TWO_OF_TEN, limits=limits)
    decision = decide(wish, seen(known, [campaign]))
    assert decision.phase is Phase.RUNNING
    assert gate_of(decision).allowed == 4


def test_a_pilot_has_members_beyond_its_first_twenty() -> None:
    """Without evidence the package goes to 20 devices at once; 2 of 60 are tolerated, not 2 of 20."""
    ids = imeis(60)
    campaign = own([*(bad(id_, -2) for id_ in ids[:2]), *map(row, ids[2:20])], start=-2, end=3)
    known = [device(id_) for id_ in ids]
    wish = spec(ids, gate={"max_failure_rate": "0.05", "max_failures": None})
    assert decide(wish, seen(known, [campaign])).phase is Phase.RUNNING
