# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Soak: when it starts, what moves it, when it is over, and that versions are read once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    Circumstances,
    GateVerdict,
    Judgement,
    Numbers,
    judge,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    bad,
    declared,
    device,
    gate,
    gate_of,
    good,
    hours,
    imei,
    imeis,
    own,
    read,
    row,
    seen,
    spec,
    upgraded,
    wave,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    ServiceModel,
    run_once,
)

# 8 members, 25 % tolerated: 2 failures allowed, 6 attempted for coverage.
SOAKING = {"max_failure_rate": "0.25", "soak": hours(24)}
SIX = (-60.0, -50.0, -40.0, -30.0, -20.0, -10.0)


def judged(
    successes: Sequence[float],
    *,
    reads: Sequence[float] = (),
    now: float = 0,
    late: bool = False,
    members: int = 8,
    accepted: int | None = None,
    soaking: dict[str, Any] | None = None,
    **numbers: Any,
) -> Judgement:
    """Judge a wave with successes and reads at so many hours from NOW."""
    counted = Numbers(
        members=members,
        devices=members,
        verified=len(successes),
        successes=tuple(NOW + hours(at_hour) for at_hour in successes),
        reads=tuple(NOW + hours(at_hour) for at_hour in reads),
        **numbers,
    )
    moment = NOW + hours(now)
    deadline = moment if late else moment + hours(1000)
    limits = gate(**{**SOAKING, **(soaking or {})})
    return judge(limits, counted, Circumstances(deadline=deadline, now=moment, accepted=accepted))


@pytest.mark.parametrize(
    ("successes", "numbers", "met"),
    [
        # 6 attempted: at the sixth success.
        (SIX, {}, -10),
        ((-10, -60, -20, -50, -30, -40), {}, -10),  # in whatever order they are listed
        ((*SIX, -5, -1), {}, -10),  # later ones move nothing
        # One failure counts from the first prefix on: 5 + 1 attempted, 1 <= ceil(1.5).
        (SIX, {"failed": 1}, -20),
        # So does a second one: 4 + 2 attempted, 2 <= ceil(1.5).
        (SIX, {"failed": 2}, -30),
        (SIX[:5], {"failed": 2}, -30),
        (SIX[:5], {"failed": 1}, -20),
        # Silent devices stand against success too: of 5 + 1 + 1, 2 <= ceil(1.75).
        (SIX, {"failed": 1, "silent": 1}, -20),
        (SIX, {"silent": 1}, -10),  # 1 <= ceil(1.75)
        (SIX, {"silent": 3}, -10),  # of 6 + 3, 3 <= ceil(2.25)
        (SIX, {"silent": 4}, None),  # of 6 + 4, 4 > ceil(2.5)
        # Where more moves the start: of 5 + 2 + 1, 3 > ceil(2.0); of 6 + 2 + 1, 3 <= ceil(2.25).
        (SIX, {"failed": 2, "silent": 1}, -10),
        # And breaks it where there is no sixth success.
        (SIX[:5], {"failed": 2, "silent": 1}, None),
        # A success rate that is declared: 4/6 = 0.67, 5/7 = 0.71, 6/8 = 0.75.
        (SIX, {"failed": 2, "soaking": {"min_success_rate": "0.75"}}, -10),
        (SIX[:5], {"failed": 2, "soaking": {"min_success_rate": "0.75"}}, None),
        (SIX[:5], {}, None),
        # Two at one moment are one moment.
        ((-50, -50, -50, -20, -20, -20), {}, -20),
        # A sample of 5 and no coverage; a sample of all there are.
        (SIX, {"soaking": {"min_coverage": "0"}}, -20),
        (SIX[:3], {"members": 3, "soaking": {"min_coverage": "0"}}, -40),
        (SIX, {"soaking": {"min_sample": 7}}, None),
    ],
)
def test_soak_starts_when_the_numbers_were_met(
    successes: Sequence[float], numbers: dict[str, Any], met: float | None
) -> None:
    judgement = judged(successes, now=0 if met is None else met + 1, **numbers)
    if met is None:
        assert judgement.soak_until is None
        assert judgement.verdict is GateVerdict.WAIT
    else:
        assert judgement.soak_until == NOW + hours(met + 24)
        assert judgement.verdict is GateVerdict.SOAK
        assert f"soaks until {NOW + hours(met + 24):%Y-%m-%d %H:%M} UTC" in judgement.why


def test_a_failure_in_the_soak_fails_the_wave_at_once() -> None:
    """Two are allowed of 8; the third does not wait for the soak to be over."""
    assert judged(SIX[:5], failed=3).verdict is GateVerdict.FAIL


def test_the_soak_is_over_at_its_last_moment() -> None:
    """Met at -10, so over at +14."""
    reads = [14.0] * 6
    assert judged(SIX, reads=reads, now=14 - 1 / 3600).verdict is GateVerdict.SOAK
    assert judged(SIX, reads=reads, now=14).verdict is GateVerdict.PASS
    # A deadline does not cut a soak short.
    assert judged(SIX, now=13.9, late=True).verdict is GateVerdict.SOAK


@pytest.mark.parametrize(
    ("reads", "deadline", "expected", "why"),
    [
        ([-1.0] * 8, "ahead", GateVerdict.WAIT, "read again after the soak, 0 of at least 5"),
        ([13.99] * 8, "ahead", GateVerdict.WAIT, "read again after the soak, 0 of at least 5"),
        # The read is due and is waited for, whatever the deadline.
        ([-1.0] * 8, "over", GateVerdict.WAIT, "read again after the soak, 0 of at least 5"),
        ([14.0] * 8, "ahead", GateVerdict.PASS, "8 of 8"),
        # Six suffice for the coverage of 8; five do not.
        ([-1.0] * 2 + [14.0] * 6, "ahead", GateVerdict.PASS, "8 of 8"),
        ([-1.0] * 3 + [14.0] * 5, "ahead", GateVerdict.WAIT, "5 of 8 members attempted"),
        # A device that was never read is one that was not read since.
        ([14.0] * 6, "ahead", GateVerdict.PASS, "8 of 8"),
    ],
)
def test_versions_are_read_once_more(
    reads: list[float], deadline: str, expected: GateVerdict, why: str
) -> None:
    judgement = judged((*SIX, -5, -1), reads=reads, now=15, late=deadline == "over")
    assert judgement.verdict is expected
    assert why in judgement.why
    assert judgement.reads_again is (expected is not GateVerdict.PASS)


def test_without_a_soak_old_reads_count() -> None:
    """No soak, no second read."""
    assert judged(SIX, reads=[-9.0] * 6, soaking={"soak": hours(0)}).verdict is GateVerdict.PASS


def test_nothing_is_read_again_during_the_soak_or_before() -> None:
    """There is nothing to learn yet."""
    assert not judged(SIX).reads_again
    assert not judged(SIX[:5]).reads_again


@given(
    successes=st.lists(st.integers(-200, 0), max_size=20),
    failed=st.integers(0, 4),
    silent=st.integers(0, 3),
    sample=st.integers(1, 8),
    coverage=st.integers(0, 20),
)
@settings(max_examples=examples(150))
def test_the_start_is_the_first_moment_at_which_the_gate_would_have_passed(
    successes: list[int], failed: int, silent: int, sample: int, coverage: int
) -> None:
    """Asked without a soak of only the successes up to a moment, with all failures of today."""
    bounds = {
        "max_failure_rate": "0.3",
        "min_sample": sample,
        "min_coverage": f"{coverage}/20",
        "soak": hours(24),
    }
    numbers = {"failed": failed, "silent": silent, "members": 27, "soaking": bounds}
    found = judged(successes, **numbers).soak_until
    numbers["soaking"] = {**bounds, "soak": hours(0)}
    passing = [
        moment
        for moment in sorted(set(successes))
        if judged([success for success in successes if success <= moment], **numbers).verdict
        is GateVerdict.PASS
    ]
    if successes and judged(successes, **numbers).verdict is not GateVerdict.FAIL:
        assert found == (NOW + hours(passing[0] + 24) if passing else None)


# -- through whole decisions: a pilot of 4 of 8 devices, which soaks for 24 hours

WAVES = [
    wave("pilot", count=4, gate={"min_sample": 3, "soak_hours": 24, "max_failures": 0}),
    wave("last"),
]


def after(distance: float, *, reads: float = -1, fourth: str = "good") -> Decision:
    """The run at so many hours from NOW: three successes at -10, and a fourth device."""
    wish = spec(imeis(8), waves=WAVES)
    pilot = [entry.device_id for entry in first_wave()]
    rows = {"good": good, "bad": bad, "pending": row}
    report = [good(id_) for id_ in pilot[:3]] + [rows[fourth](pilot[3])]
    known = [upgraded(id_, reads) if id_ in pilot[:3] else device(id_) for id_ in imeis(8)]
    if fourth == "good":
        known = [
            upgraded(entry.device_id, reads) if entry.device_id in pilot else entry
            for entry in known
        ]
    what = seen(known, [own(report, "CampaignScheduled")], now=NOW + hours(distance))
    return decide(wish, what)


def first_wave() -> list[Any]:
    wish = spec(imeis(8), waves=WAVES)
    (pilot,) = decide(wish, seen([device(id_) for id_ in imeis(8)])).create
    return [device(id_) for id_ in pilot.devices]


def test_a_wave_that_soaks_opens_nothing() -> None:
    """Met at -10, over at +14; then it is read, and only then the last wave begins."""
    decision = after(13)
    assert decision.phase is Phase.SOAKING
    assert not decision.create
    assert not decision.refresh
    assert decision.next_check is not None
    assert decision.next_check <= NOW + hours(14)
    decision = after(14)
    assert decision.phase is Phase.RUNNING
    assert not decision.create
    assert sorted(decision.refresh) == sorted(known.device_id for known in first_wave())
    decision = after(14.5, reads=14.2)
    assert not decision.refresh
    assert [planned.name.wave for planned in decision.create] == [2]


def test_three_of_four_soak_and_a_failure_ends_it() -> None:
    """Three of four are the coverage of 0.75, so the soak runs; the first failure is one too many."""
    assert after(5, fourth="pending").phase is Phase.SOAKING
    assert after(5, fourth="bad").phase is Phase.HALTED
    assert not after(5, fourth="bad").create


@settings(max_examples=examples(12))
@given(
    soak=st.integers(1, 60),
    step=st.integers(2, 17),
    spread=st.integers(0, 40),
    fates=st.lists(st.sampled_from(["good", "bad", "silent", "reverts", "unreached"]), max_size=6),
)
def test_no_wave_begins_before_the_soak_of_the_one_before(
    soak: int, step: int, spread: int, fates: list[str]
) -> None:
    """By what the service did: enough successes of the pilot are at least the soak old."""
    pilot = wave("pilot", count=8, gate={"soak_hours": soak, "max_failure_rate": "0.3"})
    wish = spec(imeis(14), waves=[pilot, wave("last")])
    service = ServiceModel(
        devices={id_: device(id_) for id_ in imeis(14)},
        catalog=seen().catalog,
        fates=dict(zip(imeis(14), fates, strict=False)),
        spread=spread,
    )
    for _run in range(0, 24 * 10, step):
        decision = run_once(wish, service)
        before = decision.assessment.waves[0]
        if any(planned.name.wave > 1 for planned in decision.create):
            assert before.verdict is GateVerdict.PASS
            fine = [
                when
                for campaign in service.campaigns
                if campaign.planned.name.wave == 1
                for imei_, when in campaign.accepted.items()
                if service.fate(imei_) == "good" and when + hours(soak) <= service.now
            ]
            assert len(fine) >= 4  # 6 attempted of 8, with at most 2 failures
        service.now += hours(step)


def test_a_wave_with_a_retry_due_does_not_soak() -> None:
    """Its numbers are met, but a failed device is to be tried again first."""
    waves = [wave("pilot", count=8, gate={"max_failure_rate": "0.25", "soak_hours": 24}), wave()]
    wish = spec(imeis(12), waves=waves)
    (pilot,) = decide(wish, seen([device(id_) for id_ in imeis(12)])).create
    report = [good(id_) for id_ in pilot.devices[:7]] + [bad(pilot.devices[7])]
    fine = set(pilot.devices[:7])
    known = [upgraded(id_) if id_ in fine else device(id_) for id_ in imeis(12)]
    what = seen(known, [own(report, "CampaignEnded")])
    assert gate_of(decide(wish, what)).verdict is GateVerdict.SOAK
    again = replace(wish, waves=(replace(wish.waves[0], retry=1), *wish.waves[1:]))
    judgement = gate_of(decide(again, what))
    assert judgement.verdict is GateVerdict.WAIT
    assert judgement.why == "trying 1 failed device again"


def test_defaults_and_errors_of_the_keys() -> None:
    """24, 48 and 24 hours; the pilot waits for an approval, the others do not."""
    raw = {**declared([imei(0)]), "gate": None, "waves": None}
    assert [(wave_spec.gate.soak, wave_spec.gate.approval) for wave_spec in read(raw).waves] == [
        (hours(24), True),
        (hours(48), False),
        (hours(24), False),
        (hours(24), False),
    ]
    given_gate = {"soak_hours": 24 * 90 + 1, "approval": "perhaps", "soak_hour": 3}
    with pytest.raises(InvalidSpec) as caught:
        read(declared(waves=[wave("all", gate=given_gate)]))
    message = "\n".join(caught.value.problems)
    assert "rollout.waves[0].gate.soak_hours = 2161: must be an integer from 0 to 2160" in message
    assert "rollout.waves[0].gate.approval = 'perhaps': must be true or false" in message
    assert "rollout.waves[0].gate.soak_hour = 3: unknown key; did you mean" in message
