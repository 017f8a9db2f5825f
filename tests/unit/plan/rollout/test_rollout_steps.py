# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From A over B to C: what a device is between its steps, and what is learned of each package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    SWEEP_WAVE,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    GateVerdict,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    bad,
    busy,
    classes,
    cohort,
    device,
    gate_of,
    good,
    hours,
    imeis,
    own,
    package,
    rejected,
    row,
    row_of,
    seen,
    spec,
    target,
    tried,
    wave,
    waves_of,
)

AB, BC = package(path="A B"), package(path="B C")
FIVE = imeis(5)
LAX = {"max_failure_rate": "0.5", "min_sample": 1}


def on(imei: str, version: str, when: float = -1) -> Device:
    """A device of which a version was read, some hours from ``NOW``."""
    return device(imei, version, refreshed=at(when))


def first(
    rows: Sequence[CampaignDevice], status: str = "CampaignEnded", **members: Any
) -> OwnCampaign:
    """A campaign from A to B; it ended four days ago unless it lives."""
    ended = status == "CampaignEnded"
    days = {"start": -6, "end": -4} if ended else {"start": -2, "end": 3}
    return own(rows, status, goal="C", **{**days, **members})


def second(
    rows: Sequence[CampaignDevice], status: str = "CampaignScheduled", **members: Any
) -> OwnCampaign:
    """A campaign from B to C, after that."""
    return own(rows, status, version="B", to="C", **{"start": -2, "end": 3, **members})


def done(ids: Iterable[str] = FIVE, when: float = -110) -> list[CampaignDevice]:
    """Rows of devices that took a package well."""
    return [good(imei, when) for imei in ids]


def run_once(
    devices: Iterable[Device],
    campaigns: Iterable[OwnCampaign] = (),
    *,
    catalog: Sequence[Package] = (AB, BC),
    held: Iterable[str] = (),
    later: float = 0,
    **members: Any,
) -> Decision:
    """A run with the target C, at so many hours from ``NOW``."""
    listed = list(devices)
    ids = [known.device_id for known in listed]
    wish = spec(ids, **{"target": [target(version="C")], "gate": LAX, **members})
    what = seen(
        listed,
        campaigns,
        catalog=catalog,
        busy=dict.fromkeys(held, "foreign"),
        now=NOW + hours(later),
    )
    return decide(wish, what)


def created(decision: Decision) -> list[tuple[str, int, int, int, int]]:
    """Package, wave, batch, attempt and number of devices of what is created."""
    return [
        (
            planned.package.name,
            planned.name.wave,
            planned.name.batch,
            planned.name.attempt,
            len(planned.devices),
        )
        for planned in decision.create
    ]


def evidence(decision: Decision) -> dict[str, tuple[int, int, bool]]:
    """Attempted, failures, and whether the cohort has failed, by package."""
    return {
        name.removeprefix("M1-"): (learned.attempted, learned.failures, learned.failed)
        for name, learned in decision.assessment.evidence.items()
    }


# -- from step to step


def test_the_first_step_comes_first() -> None:
    decision = run_once(on(imei, "A") for imei in FIVE)
    assert created(decision) == [("M1-A-B", 1, 1, 1, 5)]
    assert row_of(decision, FIVE[0]).path.steps == (AB, BC)
    assert evidence(decision) == {"A-B": (0, 0, False), "B-C": (0, 0, False)}


def test_a_device_that_did_its_first_step_is_pending_and_has_proved_its_package() -> None:
    """Also while its campaign lives: evidence does not wait for the end."""
    rows = [good(imei) for imei in FIVE[:3]] + [row(imei) for imei in FIVE[3:]]
    devices = [on(imei, "B") for imei in FIVE[:3]] + [on(imei, "A") for imei in FIVE[3:]]
    decision = run_once(devices, [first(rows, "CampaignScheduled")])
    assert list(classes(decision).values()) == ["advanced"] * 3 + ["pending"] * 2
    assert row_of(decision, FIVE[0]).outcome.reason.endswith("more steps once its campaign is over")
    assert row_of(decision, FIVE[0]).package.name == "M1-A-B"
    assert evidence(decision) == {"A-B": (3, 0, False), "B-C": (0, 0, False)}
    assert (gate_of(decision).attempted, gate_of(decision).verified) == (0, 0)
    assert created(decision) == []
    assert decision.phase is Phase.RUNNING


def test_the_next_step_comes_once_the_campaign_is_over() -> None:
    decision = run_once((on(imei, "B") for imei in FIVE), [first(done())])
    assert set(classes(decision).values()) == {"advanced"}
    assert created(decision) == [("M1-B-C", 1, 1, 1, 5)]
    assert decision.create[0].cohort == cohort(version="B")
    assert decision.create[0].package == BC
    # Of the next package nothing is known, whatever the one before has proved.
    assert [learned.qualified for learned in decision.assessment.evidence.values()] == [True, False]
    assert decision.assessment.waves[0].deadline is None


def test_a_device_is_at_the_target_after_its_last_step() -> None:
    rows = [good(imei) for imei in FIVE]
    decision = run_once(
        (on(imei, "C") for imei in FIVE), [first(done()), second(rows, "CampaignEnded", end=-1)]
    )
    assert set(classes(decision).values()) == {"verified"}
    assert evidence(decision) == {"A-B": (5, 0, False), "B-C": (5, 0, False)}
    assert decision.phase is Phase.COMPLETED


def test_a_success_counts_once_its_version_was_read() -> None:
    """Reported, and read before: it may be anything."""
    decision = run_once((on(imei, "A", -200) for imei in FIVE), [first(done())])
    assert set(classes(decision).values()) == {"reported"}
    assert set(decision.refresh) == set(FIVE)
    assert created(decision) == []
    assert evidence(decision)["A-B"] == (0, 0, False)


def test_a_device_that_is_on_the_way_though_nobody_reported_it_goes_on() -> None:
    silent = [tried(imei, -110) for imei in FIVE]
    decision = run_once((on(imei, "B") for imei in FIVE), [first(silent)])
    assert set(classes(decision).values()) == {"advanced"}
    assert created(decision) == [("M1-B-C", 1, 1, 1, 5)]
    live = run_once((on(imei, "B") for imei in FIVE), [first(silent, "CampaignScheduled")])
    assert set(classes(live).values()) == {"silent"}


@pytest.mark.parametrize(
    ("version", "kind"),
    [("C", "verified"), ("B", "advanced"), ("X", "mismatch"), ("A", "mismatch"), ("", "mismatch")],
)
def test_what_is_read_after_the_first_step(version: str, kind: str) -> None:
    """Neither on the path nor the target, or still A a day after the success: a failure."""
    decision = run_once([on(FIVE[0], version)], [first(done(FIVE[:1]))])
    assert classes(decision) == {FIVE[0]: kind}


@pytest.mark.parametrize(
    ("version", "kind"), [("C", "verified"), ("B", "reported"), ("A", "mismatch")]
)
def test_what_is_read_after_the_second_step(version: str, kind: str) -> None:
    """B is where it came from: it is waited for a day; A is no way from B to C."""
    decision = run_once(
        [on(FIVE[0], version)], [first(done(FIVE[:1])), second([good(FIVE[0])], end=-1)]
    )
    assert classes(decision) == {FIVE[0]: kind}


def test_a_step_that_was_leapt_over_is_done() -> None:
    """From A to D by three packages; C was read after the first."""
    chain = [AB, BC, package(path="C D")]
    decision = run_once(
        [on(FIVE[0], "C")],
        [own(done(FIVE[:1]), "CampaignEnded", goal="D", start=-6, end=-4)],
        catalog=chain,
        target=[target(version="D")],
    )
    assert created(decision) == [("M1-C-D", 1, 1, 1, 1)]
    assert row_of(decision, FIVE[0]).path.done[0].name == "M1-A-B"
    assert evidence(decision) == {
        "A-B": (1, 0, False),
        "B-C": (0, 0, False),
        "C-D": (0, 0, False),
    }


def test_a_direct_package_is_shorter_than_two_steps() -> None:
    """A device that has done the first of two steps goes on from there all the same."""
    direct = [AB, BC, package(path="A C")]
    devices = [on(FIVE[0], "B"), *(on(imei, "A") for imei in FIVE[1:])]
    decision = run_once(devices, [first(done(FIVE[:1]))], catalog=direct)
    assert sorted(created(decision)) == [("M1-A-C", 1, 2, 1, 4), ("M1-B-C", 1, 1, 1, 1)]


# -- what keeps a device from its next step


@pytest.mark.parametrize(
    ("held", "rows", "reason"),
    [
        (FIVE[:1], [], "in live campaign foreign"),
        ([], [busy(FIVE[0], -5)], "refused as busy; next try from 2026-04-11 05:00"),
    ],
)
def test_a_device_that_is_busy_elsewhere_waits(
    held: list[str], rows: list[CampaignDevice], reason: str
) -> None:
    """It neither gets a campaign nor leaves its class."""
    campaigns = [first(done())]
    if rows:
        campaigns.append(second(rows, "CampaignEnded", end=-1))
    decision = run_once((on(imei, "B") for imei in FIVE), campaigns, held=held)
    assert classes(decision)[FIVE[0]] == "advanced"
    assert row_of(decision, FIVE[0]).outcome.busy
    assert row_of(decision, FIVE[0]).outcome.reason.endswith(f"next step: {reason}")
    assert all(FIVE[0] not in planned.devices for planned in decision.create)


def test_a_device_that_was_busy_is_tried_again_after_a_day() -> None:
    campaigns = [first(done()), second([busy(FIVE[0], -25)], "CampaignEnded", end=-1)]
    decision = run_once((on(imei, "B") for imei in FIVE), campaigns)
    assert created(decision) == [("M1-B-C", 1, 2, 1, 5)]


def test_a_step_whose_report_is_not_complete_gets_no_more_campaigns() -> None:
    """Two rows of three: the others may be in it."""
    rows = [row(imei) for imei in FIVE[:2]]
    devices = [on(imei, "B") for imei in FIVE]
    decision = run_once(devices, [first(done()), second(rows, count=3)])
    assert created(decision) == []
    assert row_of(decision, FIVE[4]).outcome.reason.endswith("device report is not complete yet")
    complete = run_once(devices, [first(done()), second(rows)])
    assert created(complete) == [("M1-B-C", 1, 2, 1, 3)]


def test_a_first_step_that_settles_keeps_nobody_from_the_second() -> None:
    """They are cohorts of their own."""
    campaigns = [first(done(FIVE[:3])), first([row(FIVE[3])], "CampaignScheduled", count=2)]
    devices = [on(imei, "B") for imei in FIVE[:3]] + [on(imei, "A") for imei in FIVE[3:]]
    assert created(run_once(devices, campaigns)) == [("M1-B-C", 1, 1, 1, 3)]


def test_the_pilot_rule_holds_for_every_step() -> None:
    """20 at once; whoever is still refused as busy keeps a place."""
    ids = imeis(30)
    devices = [on(imei, "B") for imei in ids]
    assert created(run_once(devices, [first(done(ids))])) == [("M1-B-C", 1, 1, 1, 20)]
    live = second([row(imei) for imei in ids[:15]])
    assert created(run_once(devices, [first(done(ids)), live])) == [("M1-B-C", 1, 2, 1, 5)]
    mixed = run_once(
        [on(imei, "B") for imei in ids[:10]] + [on(imei, "A") for imei in ids[10:]],
        [first(done(ids[:10]))],
    )
    assert sorted(created(mixed)) == [("M1-A-B", 1, 2, 1, 20), ("M1-B-C", 1, 1, 1, 10)]


# -- failures


def test_a_failed_second_step_halts_those_who_have_it_ahead() -> None:
    """3 of 3 failed from B to C: nobody more starts from A, who would be stuck on B."""
    rest = imeis(6, start=10)
    gate = {"max_failed_cohort_share": 1, "max_failure_rate": "0.1"}
    broken = [bad(imei) for imei in FIVE[:3]]
    devices = [on(imei, "B") for imei in FIVE[:3]] + [on(imei, "A") for imei in rest]
    campaigns = [first(done(FIVE[:3])), second(broken, "CampaignEnded", end=-1)]
    decision = run_once(devices, campaigns, gate=gate)
    assert evidence(decision) == {"A-B": (3, 0, False), "B-C": (3, 3, True)}
    assert [classes(decision)[imei] for imei in rest] == ["halted"] * 6
    assert created(decision) == []
    assert gate_of(decision).members == 0
    # By default half of the wave may be in failed cohorts.
    halted = run_once(devices, campaigns, gate={})
    assert halted.phase is Phase.HALTED
    # A device on its first step gets no second one.
    moving = run_once(
        [on(imei, "B") for imei in FIVE[:4]], [first(done(FIVE[:4])), campaigns[1]], gate=gate
    )
    assert (classes(moving)[FIVE[3]], created(moving)) == ("halted", [])


def test_a_failed_first_step_halts_nobody_who_is_past_it() -> None:
    """3 of 4 failed from A to B; the fourth goes on from B to C, and so does who began there."""
    broken = imeis(3, start=20)
    rows = [good(FIVE[0], -110), *(bad(imei, -110) for imei in broken)]
    devices = [on(FIVE[0], "B"), *(on(imei, "A") for imei in broken), on(FIVE[3], "B")]
    gate = {"max_failed_cohort_share": 1, "max_failure_rate": "0.1"}
    decision = run_once([*devices, on(FIVE[4], "A")], [first(rows)], gate=gate)
    assert evidence(decision) == {"A-B": (4, 3, True), "B-C": (0, 0, False)}
    assert created(decision) == [("M1-B-C", 1, 1, 1, 2)]
    assert classes(decision)[FIVE[4]] == "halted"
    assert gate_of(decision).members == 2


def test_a_second_step_is_tried_again() -> None:
    """In a cohort and batch of its own."""
    rows = [bad(FIVE[0], -60), *done(FIVE[1:], -60)]
    devices = [on(FIVE[0], "B"), *(on(imei, "C") for imei in FIVE[1:])]
    campaigns = [first(done()), second(rows, "CampaignEnded", start=-3, end=-2)]
    decision = run_once(devices, campaigns, retry=1)
    assert classes(decision)[FIVE[0]] == "failed"
    assert created(decision) == [("M1-B-C", 1, 1, 2, 1)]
    again = second([good(FIVE[0])], attempt=2, start=-1, end=3)
    better = run_once([on(imei, "C") for imei in FIVE], [*campaigns, again], retry=1)
    assert set(classes(better).values()) == {"verified"}
    assert evidence(better)["B-C"] == (5, 0, False)


def test_a_failure_of_the_first_step_does_not_stick_to_the_second() -> None:
    """It was tried again and did it; the second step is under way."""
    once = first([bad(FIVE[0], -200), *done(FIVE[1:], -200)], start=-10, end=-8)
    again = first([good(FIVE[0])], attempt=2)
    devices = [on(imei, "B") for imei in FIVE]
    waiting = run_once(devices, [once, again], retry=1)
    assert set(classes(waiting).values()) == {"advanced"}
    assert evidence(waiting) == {"A-B": (5, 0, False), "B-C": (0, 0, False)}
    assert created(waiting) == [("M1-B-C", 1, 1, 1, 5)]
    under_way = run_once(devices, [once, again, second([row(imei) for imei in FIVE])], retry=1)
    assert set(classes(under_way).values()) == {"pending"}
    assert evidence(under_way) == {"A-B": (5, 0, False), "B-C": (0, 0, False)}


def test_an_accept_of_a_cohort_is_of_one_step() -> None:
    """The code of B's cohort takes failures from B to C only."""
    rows = [bad(imei, -60) for imei in FIVE]
    devices = [on(imei, "B") for imei in FIVE]
    entry = {"wave": "all", "up_to": 5, "by": "ann", "reason": "known"}

    def failed(version: str) -> bool:
        decision = run_once(
            devices,
            [first(done()), second(rows, "CampaignEnded", end=-1)],
            accept=[{**entry, "cohort": cohort(version=version).code}],
            gate={"max_failure_rate": "0.1"},
        )
        return decision.assessment.evidence["M1-B-C"].failed

    assert (failed("B"), failed("A")) == (False, True)


def test_a_device_that_is_rejected_for_its_second_step_leaves_the_numbers() -> None:
    rows = [rejected(FIVE[0]), *(good(imei) for imei in FIVE[1:])]
    devices = [on(FIVE[0], "B"), *(on(imei, "C") for imei in FIVE[1:])]
    decision = run_once(
        devices,
        [first(done()), second(rows, "CampaignEnded", end=-1)],
        gate={**LAX, "max_rejected": "0.2"},
    )
    assert classes(decision)[FIVE[0]] == "rejected"
    assert (gate_of(decision).members, gate_of(decision).verified) == (4, 4)
    assert evidence(decision)["A-B"] == (5, 0, False)


def test_a_device_that_no_second_step_reached_is_swept() -> None:
    rows = [row(FIVE[0]), *(good(imei) for imei in FIVE[1:])]
    devices = [on(FIVE[0], "B"), *(on(imei, "C") for imei in FIVE[1:])]
    campaigns = [first(done()), second(rows, "CampaignEnded", end=-1)]
    decision = run_once(devices, campaigns, sweep=True)
    assert classes(decision)[FIVE[0]] == "unreached"
    assert created(decision) == [("M1-B-C", SWEEP_WAVE, 1, 1, 1)]


def test_a_first_step_of_the_sweep_is_followed_by_the_second_in_its_wave() -> None:
    """The sweep is an attempt, no membership."""
    rows = [row(FIVE[0]), *done(FIVE[1:], -200)]
    devices = [on(FIVE[0], "B"), *(on(imei, "C") for imei in FIVE[1:])]
    campaigns = [
        first(rows, start=-12, end=-9),
        second(done(FIVE[1:], -180), "CampaignEnded", start=-8, end=-7),
        first(done(FIVE[:1], -80), wave=SWEEP_WAVE),
    ]
    decision = run_once(devices, campaigns, sweep=True)
    assert classes(decision)[FIVE[0]] == "advanced"
    assert created(decision) == [("M1-B-C", 1, 2, 1, 1)]


# -- where the path breaks off


def test_a_package_that_was_withdrawn_midway_leaves_devices_stuck() -> None:
    """They say so; the wave is held at its deadline, and is not waited for for ever."""
    devices = [on(imei, "B") for imei in FIVE]
    # The campaign ended on April 6th: deadline at the beginning of April 8th.
    before = run_once(devices, [first(done())], catalog=[AB], later=-58.1)
    assert gate_of(before).verdict is GateVerdict.WAIT
    stuck = run_once(devices, [first(done())], catalog=[AB], later=-58)
    assert set(classes(stuck).values()) == {"advanced"}
    assert row_of(stuck, FIVE[0]).outcome.reason.endswith("no package leads on from there")
    assert gate_of(stuck).verdict is GateVerdict.HOLD
    assert stuck.phase is Phase.HELD
    assert stuck.assessment.waves[0].deadline == NOW - hours(58)
    assert (created(stuck), stuck.next_check) == ([], None)
    # Who has not begun is out, as nothing leads to the target.
    more = run_once([*devices, on("350000000000099", "A")], [first(done())], catalog=[AB])
    assert {imei: why.value for imei, why in more.assessment.out.items()} == {
        "350000000000099": "no_path"
    }


def test_a_few_stuck_devices_do_not_hold_what_has_passed() -> None:
    """One of five is stuck on B, 4/5 is coverage enough: the end, with exceptions."""
    rows = [good(imei, -60) for imei in FIVE[1:]]
    devices = [on(FIVE[0], "B"), *(on(imei, "C") for imei in FIVE[1:])]
    campaigns = [first(done()), second(rows, "CampaignEnded", start=-3, end=-3)]
    decision = run_once(devices, campaigns, catalog=[AB], later=48)
    assert decision.phase is Phase.COMPLETED_WITH_EXCEPTIONS
    early = run_once(devices, campaigns, catalog=[AB], later=-40)
    assert early.phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("grace", "later", "held"),
    [
        # The last campaign ended with April 6th: 168 hours are over as April 14th begins.
        (None, 85.9, False),
        (None, 86, True),
        (1, -58.1, False),  # until its deadline nothing is held
        (1, -58, True),
        (100, 17.9, False),
        (100, 18, True),
    ],
)
def test_a_next_step_is_waited_for_within_its_grace(
    grace: int | None, later: float, *, held: bool
) -> None:
    """The cohort from B was refused so that the step is due and cannot be created yet."""
    timing = {"settle_retry_hours": 720, **({} if grace is None else {"step_grace_hours": grace})}
    rows = [row(FIVE[0], updated=at(-80))]
    refused = second(rows, "CampaignRequestFailed", start=-6, end=-4)
    devices = [on(imei, "B", -90) for imei in FIVE]
    decision = run_once(devices, [first(done()), refused], later=later, timing=timing)
    assert created(decision) == []
    assert (gate_of(decision).verdict is GateVerdict.HOLD) == held


def test_a_first_step_is_waited_for_beyond_any_grace() -> None:
    """The grace is for those who are under way; a wave whose devices wait is not over."""
    rows = [row(FIVE[0], updated=at(-80))]
    days = {"start": -6, "end": -4}
    refused = [first(rows, "CampaignRequestFailed", batch=2, **days)]
    refused += [second(rows, "CampaignRequestFailed", **days)]
    devices = [*(on(imei, "B", -90) for imei in FIVE[:4]), on(FIVE[4], "A")]
    decision = run_once(
        devices,
        [first(done(FIVE[:4])), *refused],
        later=200,
        timing={"settle_retry_hours": 720},
    )
    assert classes(decision)[FIVE[4]] == "pending"
    assert decision.assessment.waves[0].deadline is None
    assert gate_of(decision).verdict is GateVerdict.WAIT


# -- waves


def test_a_pilot_counts_by_the_first_package_and_stays_when_its_devices_move_on() -> None:
    """Three of A and three of B, whoever has moved from A to B in the meantime."""
    ids = imeis(20)
    waves = [wave("pilot", per_package=3), wave()]
    before = run_once([on(imei, "A" if n < 10 else "B") for n, imei in enumerate(ids)], waves=waves)
    pilot = waves_of(before)[1]
    begun = [imei for imei in pilot if imei in ids[:10]]
    assert len(pilot) == 6
    assert len(begun) == 3
    moved = [on(imei, "A" if n < 10 and imei not in begun else "B") for n, imei in enumerate(ids)]
    for campaigns in (
        [first(done(begun))],
        [first(done(begun)), second([row(imei) for imei in pilot])],
    ):
        after = run_once(moved, campaigns, waves=waves)
        assert waves_of(after) == waves_of(before)
        assert after.assessment.digest == before.assessment.digest
        assert after.assessment.left_out == {1: ()}
