# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person signs: approvals, accepted failures, and the digest of the plan they are about."""

from __future__ import annotations

import random
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
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    GateVerdict,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    cohort,
    declared,
    device,
    gate_of,
    good,
    hours,
    imeis,
    own,
    read,
    row,
    seen,
    spec,
    target,
    upgraded,
    wave,
    waves_of,
)

# A pilot of 4 in which one failure is tolerated, and the rest; approval is asked for everywhere.
WAVES = [wave("pilot", count=4, gate={"min_sample": 4, "max_failure_rate": 0.25}), wave("last")]
ASKED = {"waves": WAVES, "gate": {"approval": True}}
DEVICES = imeis(8)


def fresh(ids: Sequence[str] = tuple(DEVICES)) -> Observed:
    return seen([device(imei) for imei in ids])


def pilot_of(**members: Any) -> tuple[str, ...]:
    """The devices of the first wave."""
    return tuple(waves_of(decide(spec(DEVICES, **members), fresh()))[1])


def after_pilot(failures: int = 0, *, status: str = "CampaignEnded", **members: Any) -> Decision:
    """The pilot of ``members`` is over, with so many failures among its four devices."""
    wish = spec(DEVICES, **members)
    pilot = pilot_of(**{key: members[key] for key in ("waves",) if key in members})
    broken, fine = pilot[:failures], pilot[failures:]
    report = [bad(imei) for imei in broken] + [good(imei) for imei in fine]
    known = [upgraded(imei) if imei in fine else device(imei) for imei in DEVICES]
    return decide(wish, seen(known, [own(report, status)]))


def waves_created(decision: Decision) -> set[int]:
    return {planned.name.wave for planned in decision.create}


# -- approval


def approved(digest: str, **members: Any) -> dict[str, Any]:
    return {**ASKED, "approved": [{"wave": "pilot", "digest": digest, **members}]}


DIGEST = decide(spec(DEVICES, **ASKED), fresh()).assessment.digest
OTHER = ("0" if DIGEST[0] != "0" else "1") + DIGEST[1:]


@pytest.mark.parametrize(
    ("name", "members"), [("last", ASKED), ("pilot", {**ASKED, "gate": {"approval": False}})]
)
def test_an_approval_that_no_wave_asks_for_is_said_and_stops_nothing(
    name: str, members: dict[str, Any]
) -> None:
    """It is left over from when it was asked: a mistake there would take the brakes away."""
    left_over = {**members, "approved": [{"wave": name, "digest": DIGEST}]}
    without, found = after_pilot(**members), after_pilot(**left_over)
    remark = f"approved[0] ({name}) does nothing: this wave needs no approval"
    assert remark in found.assessment.remarks
    assert remark not in without.assessment.remarks
    assert (found.phase, waves_created(found)) == (without.phase, waves_created(without))


@pytest.mark.parametrize(
    ("signed", "failures", "opens"),
    [
        (ASKED, 0, ""),
        (approved(DIGEST), 0, "opens"),
        (approved(DIGEST[:4]), 0, "opens"),
        (approved(DIGEST[:12].upper()), 0, "opens"),
        (approved(OTHER), 0, ""),
        (approved(OTHER[:4]), 0, ""),
        # 1 of 4 is tolerated, but was not there when the plan was approved.
        (approved(DIGEST), 1, ""),
        (approved(DIGEST, failures=1), 1, "opens"),
        (approved(DIGEST, failures=1), 0, "opens"),
        # Any one that fits is enough.
        (
            {
                **ASKED,
                "approved": [{"wave": "pilot", "digest": digest} for digest in (OTHER, DIGEST)],
            },
            0,
            "opens",
        ),
        # Nobody asked.
        ({"waves": WAVES}, 0, "opens"),
    ],
)
def test_a_wave_is_left_with_an_approval_of_this_plan(
    signed: dict[str, Any], failures: int, opens: str
) -> None:
    decision = after_pilot(failures, **signed)
    if opens:
        assert decision.phase is Phase.RUNNING
        assert gate_of(decision).verdict is GateVerdict.PASS
        assert waves_created(decision) == {2}
    else:
        assert decision.phase is Phase.AWAITING_APPROVAL
        assert gate_of(decision).verdict is GateVerdict.APPROVE
        assert "waits for approval" in decision.why
        assert not decision.create


def test_no_approval_is_asked_for_before_the_gate_has_passed() -> None:
    """Two failures of four halt; an approval does not help against that."""
    decision = after_pilot(2, **approved(DIGEST, failures=4))
    assert decision.phase is Phase.HALTED
    assert not decision.create


def test_the_last_wave_needs_no_approval() -> None:
    """There is nothing behind it."""
    wish = spec(imeis(3), gate={"approval": True})
    ended = own([good(imei) for imei in imeis(3)], "CampaignEnded")
    decision = decide(wish, seen([upgraded(imei) for imei in imeis(3)], [ended]))
    assert decision.phase is Phase.COMPLETED


# -- accept: a pilot of 4 in which no failure is tolerated

STRICT = [wave("pilot", count=4, gate={"min_sample": 4, "max_failures": 0}), wave("last")]


def accepted(up_to: int, **members: Any) -> dict[str, Any]:
    entry = {"wave": "pilot", "up_to": up_to, "by": "ann", "reason": "known", **members}
    return {"waves": STRICT, "accept": [entry]}


@pytest.mark.parametrize(
    ("failures", "up_to", "verdict"),
    [
        (1, None, GateVerdict.FAIL),
        (1, 0, GateVerdict.FAIL),
        (1, 1, GateVerdict.PASS),
        (1, 2, GateVerdict.PASS),
        (2, 1, GateVerdict.FAIL),
        (3, None, GateVerdict.FAIL),
    ],
)
def test_failures_are_accepted_up_to_a_number(
    failures: int, up_to: int | None, verdict: GateVerdict
) -> None:
    decision = after_pilot(failures, **({"waves": STRICT} if up_to is None else accepted(up_to)))
    assert gate_of(decision).verdict is verdict
    assert waves_created(decision) == ({2} if verdict is GateVerdict.PASS else set())


def test_an_accepted_wave_still_needs_what_else_it_must_show() -> None:
    """One failure and two devices under way: 2 of a sample of 4 attempted."""
    wish = spec(DEVICES, **accepted(1))
    pilot = pilot_of(waves=STRICT)
    report = [bad(pilot[0]), good(pilot[1]), row(pilot[2]), row(pilot[3])]
    known = [upgraded(imei) if imei == pilot[1] else device(imei) for imei in DEVICES]
    decision = decide(wish, seen(known, [own(report)]))
    assert gate_of(decision).verdict is GateVerdict.WAIT
    assert not decision.create


@pytest.mark.parametrize("up_to", [None, 0])
def test_a_hold_at_the_deadline_is_accepted(up_to: int | None) -> None:
    """Ended three days ago, so the deadline was yesterday; 2 of 4 were never reached."""
    wish = spec(DEVICES, **({"waves": STRICT} if up_to is None else accepted(up_to)))
    pilot = pilot_of(waves=STRICT)
    report = [good(imei, -80) for imei in pilot[:2]] + [row(imei) for imei in pilot[2:]]
    known = [upgraded(imei) if imei in pilot[:2] else device(imei) for imei in DEVICES]
    decision = decide(wish, seen(known, [own(report, "CampaignEnded", start=-6, end=-3)]))
    if up_to is None:
        assert decision.phase is Phase.HELD
        assert not decision.create
    else:
        assert gate_of(decision).verdict is GateVerdict.PASS
        assert gate_of(decision).why.startswith("accepted with 0 failures; the deadline is over")
        assert waves_created(decision) == {2}


@pytest.mark.parametrize("status", ["CampaignCancelled", "CampaignAborted"])
def test_a_campaign_that_somebody_stopped_is_accepted(status: str) -> None:
    """Held, whatever its numbers; passed once a person says so."""
    held = after_pilot(status=status, waves=STRICT)
    assert held.phase is Phase.HELD
    assert "someone else stopped it" in held.why
    assert not held.create
    # Who has accepted failures has not accepted that: it may have been stopped since.
    assert after_pilot(status=status, **accepted(0)).phase is Phase.HELD
    assert waves_created(after_pilot(status=status, **accepted(0, again=0))) == {2}


MODELS = [target(), target("M2")]
BOTH = {"wave": "all", "by": "ann", "reason": "known"}


def two_models(*entries: dict[str, Any]) -> Decision:
    """Of two models one has failed on three of three devices; the other is under way."""
    wish = spec(imeis(6), target=MODELS, accept=[{**BOTH, **entry} for entry in entries])
    broken, others = imeis(3), imeis(3, start=3)
    campaigns = [
        own([bad(imei) for imei in broken], "CampaignEnded", model="M2"),
        own([row(imei) for imei in others]),
    ]
    known = [device(imei, model="M2") for imei in broken] + [device(imei) for imei in others]
    return decide(wish, seen(known, campaigns))


def test_failures_of_a_cohort_are_accepted_up_to_a_number() -> None:
    """3 of 3 failures fail a cohort; the other cohort has nothing to do with it."""
    code = cohort("M2").code

    def failed(*entries: dict[str, Any]) -> dict[str, bool]:
        return {
            name: evidence.failed
            for name, evidence in two_models(*entries).assessment.evidence.items()
        }

    halted = {"M1-A-B": False, "M2-A-B": True}
    assert failed() == halted
    assert failed({"cohort": code, "up_to": 2}) == halted
    assert failed({"cohort": cohort().code, "up_to": 9}) == halted
    assert failed({"up_to": 9}) == halted
    assert failed({"cohort": code, "up_to": 3}) == {"M1-A-B": False, "M2-A-B": False}


def test_an_accepted_cohort_counts_in_its_wave_again() -> None:
    """Which takes an entry for the wave too: 3 failures of 6 members are too many for it."""
    code = cohort("M2").code
    alone = two_models({"cohort": code, "up_to": 3})
    assert gate_of(alone).members == 6
    assert alone.phase is Phase.HALTED
    both = two_models({"cohort": code, "up_to": 3}, {"up_to": 3})
    assert both.phase is Phase.RUNNING
    assert not both.stops.shorten


# -- require_digest


def test_another_plan_than_the_required_one_creates_nothing() -> None:
    """And says which one it is."""
    for required in (DIGEST, DIGEST[:4], DIGEST[:8].upper()):
        assert decide(spec(DEVICES, require_digest=required, **ASKED), fresh()).create
    decision = decide(spec(DEVICES, require_digest=OTHER[:8], **ASKED), fresh())
    assert decision.phase is Phase.BLOCKED
    assert not decision.create
    assert f"the plan has digest {DIGEST[:12]}, and require_digest is {OTHER[:8]}" in decision.why


def test_a_required_digest_does_not_stop_what_is_done() -> None:
    """It matters only where something would be created."""
    wish = spec(imeis(3), require_digest="0000")
    ended = own([good(imei) for imei in imeis(3)], "CampaignEnded")
    decision = decide(wish, seen([upgraded(imei) for imei in imeis(3)], [ended]))
    assert decision.phase is Phase.COMPLETED


# -- digest

PLAN: dict[str, Any] = {
    "waves": [wave("pilot", count=4, days=3), wave("last", days=5)],
    "gate": {"min_sample": 4},
    "calendar": {"windows": ["22:00-04:00"], "timezone": "UTC"},
}


def digest_of(devices: Sequence[Any] = tuple(DEVICES), **members: Any) -> str:
    wish = spec(devices, **{**PLAN, **members})
    known = [device(entry.imei) for entry in wish.devices]
    # Nothing has begun, so what is accepted would be refused while it runs.
    return decide(wish, seen(known), wanted=Wanted.PAUSED).assessment.digest


PILOT = {"count": 4, "days": 3}
FREEZE = {"from": "2026-12-18", "to": "2027-01-04"}


def test_an_approval_outlives_an_update() -> None:
    """The digest of a declaration with defaults only is that of version 0.5.0."""
    raw = {"name": "r", "target": [target()], "devices": imeis(30)}
    known = seen(map(device, imeis(30)))
    assert decide(read(raw), known).assessment.digest.startswith("bad7dda5c8efc5f8")
    fixed = {**raw, "gate": {"test": "fixed"}}
    assert not decide(read(fixed), known).assessment.digest.startswith("bad7")
    late = {**raw, "deadline": "2026-12-18", "target": [{**target(), "deadline": "2026-12-01"}]}
    assert decide(read(late), known).assessment.digest.startswith("bad7dda5c8efc5f8")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "meters2"},
        {"target": [target(), target("M2")]},
        {"waves": [wave("pilots", **PILOT), wave("last", days=5)]},
        {"waves": [wave("pilot", **PILOT, retry=1), wave("last", days=5)]},
        {"waves": [wave("pilot", count=5, days=3), wave("last", days=5)]},
        {"waves": [wave("pilot", count=4, days=4), wave("last", days=5)]},
        {"waves": [wave("pilot", **PILOT, gate={"approval": True}), wave("last", days=5)]},
        {"gate": {"min_sample": 5}},
        {"gate": {"min_sample": 4, "max_failure_rate": 0.06}},
        {"gate": {"min_sample": 4, "max_failures": 7}},
        {"gate": {"min_sample": 4, "min_success_rate": 0.5}},
        {"gate": {"min_sample": 4, "min_coverage": 0.5}},
        {"gate": {"min_sample": 4, "max_rejected": 0.5}},
        {"gate": {"min_sample": 4, "max_failed_cohort_share": 0.6}},
        {"gate": {"min_sample": 4, "soak_hours": 1}},
        {"retry": 1},
        {"sweep": True},
        {"on_halt": "abort"},
        {"assign_licenses": True},
        {"assign_licenses": "before_wave"},
        {"qualified_packages": ["M1-A-B"]},
        {"limits": {"max_creates": 9}},
        {"limits": {"max_campaign_devices": 900}},
        {"timing": {"silent_after_hours": 25}},
        {"timing": {"report_grace_hours": 25}},
        {"calendar": {"windows": ["22:00-05:00"], "timezone": "UTC"}},
        {"calendar": {**PLAN["calendar"], "timezone": "Europe/Berlin"}},
        {"calendar": {**PLAN["calendar"], "freeze": [FREEZE]}},
        {"calendar": {**PLAN["calendar"], "lead_hours": 13}},
        {"calendar": {**PLAN["calendar"], "min_days": 3}},
    ],
)
def test_another_plan_has_another_digest(change: dict[str, Any]) -> None:
    assert digest_of(**change) != digest_of()


@pytest.mark.parametrize(
    "change",
    [
        {"approved": []},
        {"accept": [{"wave": "pilot", "up_to": 3, "by": "ann", "reason": "known"}]},
        {"require_digest": "abcd"},
        # What is declared in other words is the same once it is read.
        {"gate": {"min_sample": "4", "max_failed_cohort_share": "50e-2"}},
        {"calendar": {"windows": ["22:00 - 04:00"], "timezone": "UTC", "freeze": []}},
        {"limits": {"max_creates": 10}},
        {"type": "firmware"},
    ],
)
def test_signatures_and_spelling_do_not_change_it(change: dict[str, Any]) -> None:
    assert digest_of(**change) == digest_of()


def test_the_order_of_windows_and_packages_does_not_change_it() -> None:
    """They are sets."""
    windows, packages = ["22:00-04:00", "12:00-13:00"], ["M1-A-B", "M2-A-B", "M3-A-B"]
    found = {
        digest_of(
            calendar={"windows": windows[::step], "timezone": "UTC"},
            qualified_packages=packages[::step],
        )
        for step in (1, -1)
    }
    assert len(found) == 1


def test_a_new_version_has_another_digest() -> None:
    """The generation changes with the version."""
    catalog = [*seen().catalog, replace(seen().catalog[0], name="C", to_version="C")]
    what = seen([device(imei) for imei in DEVICES], catalog=catalog)
    first, second = (
        decide(spec(DEVICES, **PLAN, target=[target(version=version)]), what)
        for version in ("B", "C")
    )
    assert first.assessment.digest != second.assessment.digest


@settings(max_examples=40)
@given(
    first=st.sets(st.sampled_from(DEVICES), min_size=1),
    second=st.sets(st.sampled_from(DEVICES), min_size=1),
)
def test_it_tells_which_device_is_in_which_wave(first: set[str], second: set[str]) -> None:
    """The same exactly for the same devices in the same waves."""
    assert (digest_of(sorted(first)) == digest_of(sorted(second))) == (first == second)


@settings(max_examples=30)
@given(swap=st.sampled_from(DEVICES), seed=st.integers())
def test_a_device_in_another_wave_changes_it(swap: str, seed: int) -> None:
    """And its order does not."""
    waves = [wave("pilot", group="early"), wave("last")]

    def members(late: str) -> list[Any]:
        found = [{"imei": imei, "groups": [] if imei == late else ["early"]} for imei in DEVICES]
        random.Random(seed).shuffle(found)
        return found

    plain = [{"imei": imei, "groups": [] if imei == DEVICES[0] else ["early"]} for imei in DEVICES]
    assert (digest_of(members(swap), waves=waves) == digest_of(plain, waves=waves)) == (
        swap == DEVICES[0]
    )


@settings(max_examples=30)
@given(
    words=st.lists(st.sampled_from(["good", "bad", "pending"]), min_size=4, max_size=4),
    late=st.integers(0, 900),
)
def test_it_holds_from_the_first_run_to_the_last(words: list[str], late: int) -> None:
    """Neither the clock nor a result of the pilot is part of it."""
    pilot = waves_of(decide(spec(DEVICES, **PLAN), fresh()))[1]
    told = {"good": good, "bad": bad, "pending": row}
    report = [told[word](imei) for word, imei in zip(words, pilot, strict=True)]
    fine = {imei for word, imei in zip(words, pilot, strict=True) if word == "good"}
    known = [upgraded(imei) if imei in fine else device(imei) for imei in DEVICES]
    now = seen().now + hours(late)
    assert (
        decide(spec(DEVICES, **PLAN), seen(known, [own(report)], now=now)).assessment.digest
        == digest_of()
    )


# -- declarations

ERRORS: list[tuple[dict[str, Any], str]] = [
    (
        {"approved": [{"wave": "pilo", "digest": "abcd"}]},
        "rollout.approved[0].wave = 'pilo': must be the name of a wave: pilot, last",
    ),
    ({"approved": [{"wave": "pilot"}]}, "rollout.approved[0].digest: is required"),
    (
        {"approved": [{"wave": "pilot", "digest": "abc"}]},
        "rollout.approved[0].digest = 'abc': must be a digest, or its first 4 hex digits or more",
    ),
    (
        {"approved": [{"wave": "pilot", "digest": "wxyz"}]},
        "rollout.approved[0].digest = 'wxyz': must be a digest",
    ),
    (
        {"approved": [{"wave": "pilot", "digest": "a" * 65}]},
        f"rollout.approved[0].digest = '{'a' * 65}': must be a digest, or its first 4 hex digits or more",
    ),
    (
        {"approved": [{"wave": "pilot", "digest": "abcd", "failures": -1}]},
        "rollout.approved[0].failures = -1: must be an integer",
    ),
    (
        {"approved": [{"wave": "pilot", "digest": "abcd", "failure": 1}]},
        "rollout.approved[0].failure = 1: unknown key; did you mean failures?",
    ),
    (
        {"approved": {"wave": "pilot"}},
        "rollout.approved = {'wave': 'pilot'}: must be a list of dictionaries",
    ),
    (
        {"accept": [{"wave": "pilot", "by": "ann", "reason": "x"}]},
        "rollout.accept[0].up_to: is required",
    ),
    (
        {"accept": [{"wave": "pilot", "failures": 3, "up_to": 2, "by": "ann", "reason": "x"}]},
        "rollout.accept[0].up_to = 2: must be at least 3, the failures that there are",
    ),
    (
        {"accept": [{"wave": "pilot", "up_to": "all", "by": "ann", "reason": "x"}]},
        "rollout.accept[0].up_to = 'all': must be an integer",
    ),
    (
        {"accept": [{"wave": "pilot", "up_to": 1, "reason": "x"}]},
        "rollout.accept[0].by: is required",
    ),
    (
        {"accept": [{"wave": "pilot", "up_to": 1, "by": "ann"}]},
        "rollout.accept[0].reason: is required",
    ),
    (
        {"accept": [{"wave": "w9", "up_to": 1, "by": "ann", "reason": "x"}]},
        "rollout.accept[0].wave = 'w9': must be the name of a wave: pilot, last",
    ),
    (
        {"accept": [{"wave": "pilot", "upto": 1, "up_to": 1, "by": "ann", "reason": "x"}]},
        "rollout.accept[0].upto = 1: unknown key; did you mean up_to?",
    ),
    ({"require_digest": "12"}, "rollout.require_digest = '12': must be a digest"),
    ({"require_digest": ["abcd"]}, "rollout.require_digest = ['abcd']: must be a digest"),
    ({"on_halt": "cancel"}, "rollout.on_halt = 'cancel': must be 'shorten' or 'abort'"),
    ({"sweep": "maybe"}, "rollout.sweep = 'maybe': must be true or false"),
    ({"retry": 9}, "rollout.retry = 9: must be an integer from 0 to 8"),
]


@pytest.mark.parametrize(("members", "expected"), ERRORS)
def test_an_error_names_its_place(members: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        read(declared(DEVICES, **{**ASKED, **members}))
    (problem,) = caught.value.problems
    assert problem.startswith(expected)
