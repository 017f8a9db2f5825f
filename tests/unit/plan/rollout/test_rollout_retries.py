# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second attempts: failed devices once more in their wave, unreached ones after the last wave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    GateVerdict,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.campaign_history import (
    read_history,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    bad,
    busy,
    classes,
    device,
    gate_of,
    good,
    hours,
    imei,
    imeis,
    own,
    package,
    row,
    seen,
    spec,
    upgraded,
    wave,
    waves_of,
)

TEN = imeis(10)
BROKEN, FINE = TEN[:2], TEN[2:]
# 25 % tolerated: 2 of 10.
LAX = {"max_failure_rate": 0.25}


def account(verified: Iterable[str] = FINE, ids: Sequence[str] = TEN) -> list[Device]:
    known = set(verified)
    return [upgraded(id_) if id_ in known else device(id_) for id_ in ids]


def first(status: str = "CampaignEnded", failures: int = 2) -> OwnCampaign:
    """The first attempt, with so many failures."""
    rows = [bad(id_, -60) for id_ in TEN[:failures]] + [good(id_, -60) for id_ in TEN[failures:]]
    return own(rows, status, start=-4, end=-2 if status == "CampaignEnded" else 3)


def again(
    *told: Any, status: str = "CampaignEnded", attempt: int = 2, **members: Any
) -> OwnCampaign:
    """A later attempt of the same batch."""
    return own(told, status, attempt=attempt, **members)


def tried(*campaigns: OwnCampaign, verified: Iterable[str] = FINE, **members: Any) -> Decision:
    wish = spec(TEN, **{"retry": 1, "gate": LAX, **members})
    return decide(wish, seen(account(verified), campaigns))


def created(decision: Decision) -> list[tuple[int, int, int, tuple[str, ...]]]:
    """Wave, batch, attempt and devices of what is created."""
    return [
        (
            planned.name.wave,
            planned.name.batch,
            planned.name.attempt,
            tuple(sorted(planned.devices)),
        )
        for planned in decision.create
    ]


RETRY = [(1, 1, 2, tuple(BROKEN))]


def test_failed_devices_are_tried_once_more() -> None:
    """In the same wave and batch, when the campaign is over; until then the wave waits."""
    decision = tried(first())
    assert created(decision) == RETRY
    assert [planned.name.count for planned in decision.create] == [2]
    assert gate_of(decision).verdict is GateVerdict.WAIT
    assert decision.phase is Phase.RUNNING
    assert gate_of(decision).failures == 2


def test_other_windows_do_not_begin_the_count_anew() -> None:
    """Devices with windows of a zone are another cohort; what is tried stays the same batch."""
    calendar = {"windows": ["22:00-04:00"], "timezone": "America/Chicago"}
    decision = tried(first(), calendar=calendar)
    assert created(decision) == RETRY
    (planned,) = decision.create
    assert planned.name.cohort == first().name.cohort
    assert planned.windows
    second = own(list(map(bad, BROKEN)), "CampaignEnded", attempt=2)
    assert created(tried(first(), second, calendar=calendar)) == []


def test_a_retry_whose_devices_others_had_has_used_its_name() -> None:
    """The next one is not called the same: a name that exists is never created again."""
    kept = again(*(busy(id_, -60) for id_ in BROKEN), status="CampaignRequestFailed")
    assert created(tried(first(), kept)) == [(1, 1, 3, tuple(BROKEN))]


def test_a_retry_waits_for_devices_that_others_have() -> None:
    wish = spec(TEN, retry=1, gate=LAX)
    held = decide(wish, seen(account(), [first()], busy={BROKEN[0]: "night-shift"}))
    assert created(held) == []
    assert gate_of(held).verdict is GateVerdict.WAIT
    assert created(decide(wish, seen(account(), [first()]))) == RETRY


def test_what_the_vendor_has_withdrawn_is_not_tried_again() -> None:
    """The service refuses such a campaign, and with it the run. The sweep is of the same kind."""
    wish = spec(TEN, retry=1, sweep=True, gate=LAX | {"min_coverage": 0.8})
    withdrawn = [package("M2")]
    ended = own([row(BROKEN[0]), *map(good, TEN[1:])], "CampaignEnded", start=-4, end=-2)
    for campaign, wave_number in ((first(), 1), (ended, 99)):
        what = seen(account(TEN[2:] if campaign is not ended else TEN[1:]), [campaign])
        assert [name[0] for name in created(decide(wish, what))] == [wave_number]
        assert created(decide(wish, replace(what, catalog=tuple(withdrawn)))) == []


ALL_MAY_FAIL = {"max_failure_rate": 1, "max_failures": None}


def all_bad(ids: Sequence[str], **members: Any) -> OwnCampaign:
    return own(list(map(bad, ids)), "CampaignEnded", start=-4, end=-2, **members)


def test_no_more_are_tried_again_than_the_pilot_rule_allows() -> None:
    """25 of 25 failed: the service takes at most 20 of the package, and the other 5 stay failed."""
    ids = imeis(25)
    wish = spec(ids, retry=1, gate=ALL_MAY_FAIL)
    decision = decide(wish, seen(list(map(device, ids)), [all_bad(ids)]))
    assert created(decision) == [(1, 1, 2, tuple(ids[:20]))]
    second = all_bad(ids[:20], attempt=2)
    after = decide(wish, seen(list(map(device, ids)), [all_bad(ids), second]))
    assert created(after) == []
    assert gate_of(after).verdict is not GateVerdict.WAIT


def test_what_three_campaigns_did_not_prove_is_not_tried_again() -> None:
    """A retry that is never created is not waited for: the wave ends with its failures."""
    ids = imeis(15)
    parts = [ids[:5], ids[5:10], ids[10:]]
    wish = spec(ids, retry=1, gate=ALL_MAY_FAIL)
    ended = [
        all_bad(part, batch=number, campaign_id=str(number)) for number, part in enumerate(parts, 1)
    ]
    decision = decide(wish, seen(list(map(device, ids)), ended))
    assert created(decision) == []
    assert gate_of(decision).verdict is not GateVerdict.WAIT
    assert decision.phase is not Phase.RUNNING


def test_once_and_only_once() -> None:
    """Two when two were asked for; none when none."""
    second = again(*map(bad, BROKEN))
    assert created(tried(first(), second)) == []
    assert tried(first(), second).phase is Phase.COMPLETED_WITH_EXCEPTIONS
    assert created(tried(first(), retry=0)) == []
    assert created(tried(first(), second, retry=2)) == [(1, 1, 3, tuple(BROKEN))]
    third = again(*map(bad, BROKEN), attempt=3)
    assert created(tried(first(), second, third, retry=2)) == []


def test_a_wave_may_have_retries_of_its_own() -> None:
    """Whatever the rollout says."""
    assert created(tried(first(), retry=0, waves=[wave("all", retry=1)])) == RETRY
    assert created(tried(first(), retry=1, waves=[wave("all", retry=0)])) == []


@pytest.mark.parametrize(
    ("campaigns", "members"),
    [
        # Not over yet.
        ([first("CampaignScheduled")], {}),
        # The second attempt is under way.
        ([first(), again(*map(row, BROKEN), status="CampaignScheduled")], {}),
        # 3 of 10 have failed, 2 are tolerated.
        ([first(failures=3)], {}),
        # The same two, of which none is tolerated.
        ([first()], {"gate": {"max_failure_rate": 0.25, "max_failures": 0}}),
        # Somebody stopped it.
        ([first("CampaignCancelled")], {}),
        ([first("CampaignAborted")], {}),
        ([first(), again(*map(row, BROKEN), status="CampaignCancelled")], {"retry": 2}),
        # Another plan is required.
        ([first()], {"require_digest": "0000"}),
    ],
)
def test_there_is_no_retry(campaigns: list[OwnCampaign], members: dict[str, Any]) -> None:
    assert created(tried(*campaigns, **members)) == []


def test_a_stopped_campaign_has_no_retry_even_when_that_is_accepted() -> None:
    """Somebody did not want it; the wave passes without."""
    accept = [{"wave": "all", "up_to": 2, "again": 0, "by": "ann", "reason": "known"}]
    decision = tried(first("CampaignCancelled"), accept=accept)
    assert gate_of(decision).verdict is GateVerdict.PASS
    assert decision.assessment.retries == ()
    assert created(decision) == []


@pytest.mark.parametrize("wanted", [Wanted.PAUSED, Wanted.HALTED])
def test_no_retry_while_a_person_wants_none(wanted: Wanted) -> None:
    wish = spec(TEN, retry=1, gate=LAX)
    assert not decide(wish, seen(account(), [first()]), wanted=wanted).create


def test_a_failure_stays_one_until_a_retry_verifies_it() -> None:
    """Neither a retry under way nor a success that was not read yet mends anything."""
    for told in (row, lambda id_: good(id_, -0.5)):
        live = tried(first(), again(*map(told, BROKEN), status="CampaignScheduled"))
        assert [classes(live)[id_] for id_ in BROKEN] == ["failed", "failed"]
        assert gate_of(live).failures == 2
        assert classes(live)[FINE[0]] == "verified"
    passed = tried(first(), again(*map(good, BROKEN)), verified=TEN)
    assert gate_of(passed).failures == 0
    assert passed.phase is Phase.COMPLETED
    # A success of the retry that was not read yet is to be read.
    reported = tried(first(), again(good(BROKEN[0], -0.5), bad(BROKEN[1])))
    assert reported.refresh == (BROKEN[0],)


def test_a_refused_retry_uses_up_no_attempt() -> None:
    """It has attempted nothing; the next one is called a3, a day after the service's last word."""
    refused = again(status="CampaignRequestFailed", count=2, start=-3)
    assert created(tried(first(), refused)) == [(1, 1, 3, tuple(BROKEN))]
    # Its start stands in for the last word: today began 10 hours ago.
    fresh = again(status="CampaignRequestFailed", count=2, start=0)
    assert created(tried(first(), fresh)) == []
    assert created(tried(first(), refused, again(*map(bad, BROKEN), attempt=3))) == []


def test_only_devices_on_the_old_version_are_tried_again() -> None:
    """The package is for no other."""
    known = [device(BROKEN[0], "X"), *account()[1:]]
    decision = decide(spec(TEN, retry=1, gate=LAX), seen(known, [first()]))
    assert created(decision) == [(1, 1, 2, (BROKEN[1],))]


def test_each_batch_has_its_own_retry() -> None:
    """The second is not over yet."""
    ended = own([bad(TEN[0]), *map(good, TEN[1:5])], "CampaignEnded")
    live = own([bad(TEN[5]), *map(good, TEN[6:])], batch=2)
    verified = [*TEN[1:5], *TEN[6:]]
    assert created(tried(ended, live, verified=verified)) == [(1, 1, 2, (TEN[0],))]
    over = own([bad(TEN[5]), *map(good, TEN[6:])], "CampaignEnded", batch=2)
    assert created(tried(ended, over, verified=verified)) == [
        (1, 1, 2, (TEN[0],)),
        (1, 2, 2, (TEN[5],)),
    ]
    most = {"limits": {"max_creates": 1}}
    assert created(tried(ended, over, verified=verified, **most)) == [(1, 1, 2, (TEN[0],))]


# -- sweep: 8 of 10 were upgraded, 2 were never reached


def unreached(status: str = "CampaignEnded", **members: Any) -> OwnCampaign:
    return own([*map(row, BROKEN), *map(good, FINE)], status, start=-4, end=-2, **members)


def swept(*campaigns: OwnCampaign, verified: Iterable[str] = FINE, **members: Any) -> Decision:
    wish = spec(TEN, **{"sweep": True, "gate": {"min_coverage": 0.5}, **members})
    return decide(wish, seen(account(verified), campaigns))


SWEEP = [(99, 1, 1, tuple(BROKEN))]


def test_the_sweep_tries_unreached_devices_once() -> None:
    """As wave 99, with the length of the last wave; it is an attempt, not a membership."""
    decision = swept(unreached())
    assert created(decision) == SWEEP
    assert decision.phase is Phase.RUNNING
    assert decision.create[0].wave.name == "all"
    missed = own(list(map(row, BROKEN)), "CampaignEnded", wave=99)
    over = swept(unreached(), missed)
    assert created(over) == []
    assert over.phase is Phase.COMPLETED_WITH_EXCEPTIONS
    assert waves_of(over)[1] == waves_of(decision)[1]
    done = own(list(map(good, BROKEN)), "CampaignEnded", wave=99)
    assert swept(unreached(), done, verified=TEN).phase is Phase.COMPLETED


def test_failures_of_the_sweep_are_failures_of_the_wave() -> None:
    """2 of 10 are too many at 10 %, also when they come that late."""
    broken = own(list(map(bad, BROKEN)), "CampaignEnded", wave=99)
    assert swept(unreached(), broken).phase is Phase.HALTED
    assert gate_of(swept(unreached(), broken)).failures == 2


@pytest.mark.parametrize(
    ("campaigns", "members"),
    [
        ([unreached()], {"sweep": False}),
        # The wave has not passed: 8 of 10 attempted.
        ([unreached()], {"gate": {"min_coverage": 0.9}}),
        # It soaks, its campaign is over.
        ([unreached()], {"gate": {"min_coverage": 0.5, "soak_hours": 48}}),
        # It is under way already.
        ([unreached(), own(list(map(row, BROKEN)), wave=99)], {}),
        # Its campaign was there, and the report does not say whom it had.
        ([unreached(), own([], "CampaignEnded", count=2, wave=99)], {}),
        ([unreached(), own([], "CampaignRequestPending", count=2, wave=99)], {}),
    ],
)
def test_there_is_no_sweep(campaigns: list[OwnCampaign], members: dict[str, Any]) -> None:
    assert created(swept(*campaigns, **members)) == []


def test_the_sweep_waits_until_all_campaigns_are_over() -> None:
    """The last wave has passed, but one of its campaigns still runs."""
    ended = own([*map(row, BROKEN), *map(good, TEN[2:8])], "CampaignEnded")
    live = own(list(map(good, TEN[8:])), "CampaignScheduled", batch=2)
    waits = swept(ended, live)
    assert gate_of(waits).verdict is GateVerdict.PASS
    assert created(waits) == []
    over = own(list(map(good, TEN[8:])), "CampaignEnded", batch=2)
    assert created(swept(ended, over)) == SWEEP


def test_the_sweep_comes_after_the_last_wave_only() -> None:
    """The pilot has passed with an unreached device; the last wave comes first."""
    waves = [wave("pilot", count=4, gate={"min_sample": 3}), wave("last")]
    wish = spec(imeis(8), sweep=True, waves=waves)
    fleet = [device(id_) for id_ in imeis(8)]
    ids = waves_of(decide(wish, seen(fleet)))
    pilot = own([row(ids[1][0]), *map(good, ids[1][1:])], "CampaignEnded")
    decision = decide(wish, seen(account(ids[1][1:], imeis(8)), [pilot]))
    assert created(decision) == [(2, 1, 1, tuple(sorted(ids[2])))]
    last = own(list(map(good, ids[2])), "CampaignEnded", wave=2)
    decision = decide(wish, seen(account([*ids[1][1:], *ids[2]], imeis(8)), [pilot, last]))
    assert created(decision) == [(99, 1, 1, (ids[1][0],))]


# -- devices that another campaign has


def test_busy_devices_wait_a_day() -> None:
    """Refused 10 hours ago beside others that were taken: the next try is in 14 hours."""
    ended = own([busy(TEN[0], -10), *map(good, TEN[1:])], "CampaignEnded")
    wish = spec(TEN, gate=LAX)
    assert read_history(wish, seen(own=[ended])).busy_until == {TEN[0]: NOW + hours(14)}
    soon = decide(wish, seen(account(TEN[1:]), [ended], now=NOW + hours(13.9)))
    assert classes(soon)[TEN[0]] == "busy"
    assert created(soon) == []
    assert soon.next_check == NOW + hours(14)
    then = decide(wish, seen(account(TEN[1:]), [ended], now=NOW + hours(14)))
    assert classes(then)[TEN[0]] == "pending"
    assert created(then) == [(1, 2, 1, (TEN[0],))]


def test_the_last_refusal_says_how_long_and_the_declaration_too() -> None:
    """Whatever the order of the campaigns; shadows count as well."""
    early = own([busy(imei(0), -60)], "CampaignEnded", batch=2)
    late = own([busy(imei(0), -20), good(imei(1))], "CampaignEnded")
    for campaigns in ([early, late], [late, early]):
        assert read_history(spec(TEN), seen(own=campaigns)).busy_until == {imei(0): NOW + hours(4)}
        slow = spec(TEN, timing={"settle_retry_hours": 30})
        assert read_history(slow, seen(own=campaigns)).busy_until == {imei(0): NOW + hours(10)}
