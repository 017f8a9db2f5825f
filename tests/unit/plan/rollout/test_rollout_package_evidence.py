# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is learned of each package: evidence, qualification, failure, and trying in vain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.package_evidence import (
    PackageEvidence,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    at,
    bad,
    decided,
    device,
    good,
    imei,
    imeis,
    own,
    rejected,
    row,
    seen,
    settled,
    spec,
    target,
    tried,
    upgraded,
    wave,
)

HALF = {"max_failure_rate": "0.5", "max_failures": 20}


def decide_with(
    rows: Iterable[CampaignDevice] = (),
    devices: Iterable[Device] = (),
    *,
    own_more: Iterable[OwnCampaign] = (),
    status: str = "CampaignScheduled",
    waiting: int = 0,
    **members: Any,
) -> Decision:
    """A run after one campaign, with so many devices that wait for the next."""
    rows, more, own_more = list(rows), imeis(waiting, start=500), list(own_more)
    known = {entry.device_id: entry for entry in devices}
    ids = [entry.device_id for entry in rows]
    held = [entry.device_id for campaign in own_more for entry in campaign.rows]
    unknown = [id_ for id_ in ids if id_ not in known]
    what = seen(
        [*known.values(), *map(device, [*unknown, *more, *(set(held) - known.keys())])],
        [*([own(rows, status)] if rows else []), *own_more],
    )
    ids += [id_ for id_ in held if id_ not in ids]
    return decided(spec([*ids, *more] or imeis(1), **{"gate": HALF, **members}), what)


def cohort_of(found: Decision, name: str = "M1-A-B") -> PackageEvidence:
    return found.assessment.evidence[name]


# -- evidence: at least 5 attempted, half of them well


@pytest.mark.parametrize(
    ("verified", "failed", "qualified"),
    [
        (1, 0, False),
        (4, 0, False),
        (5, 0, True),
        (3, 2, True),
        (2, 3, False),
        (2, 2, False),
        (3, 3, True),  # half is enough
        (3, 4, False),
        (10, 10, True),
        (10, 11, False),
    ],
)
def test_qualification(verified: int, failed: int, *, qualified: bool) -> None:
    found = cohort_of(decide_with(*settled(verified, failed)))
    assert (found.attempted, found.failures) == (verified + failed, failed)
    assert found.qualified is qualified


def test_only_results_are_evidence() -> None:
    """Reported, silent, unknown, rejected, unreached and pending devices prove nothing."""
    rows, devices = settled(4)
    ids = imeis(6, start=100)
    rows += [good(ids[0], -1), tried(ids[1], -30), row(ids[2], "Riddle"), rejected(ids[3])]
    rows += [row(ids[4]), tried(ids[5], -1)]
    found = cohort_of(decide_with(rows, [*devices, device(ids[0], refreshed=at(-2))]))
    assert (found.attempted, found.failures, found.qualified) == (4, 0, False)


def test_a_mismatch_is_a_failure() -> None:
    rows, devices = settled(4)
    late = imei(100)
    rows.append(good(late, -30))
    found = cohort_of(decide_with(rows, [*devices, device(late, refreshed=at(-1))]))
    assert (found.attempted, found.failures, found.qualified) == (5, 1, True)


def test_evidence_adds_up_over_campaigns_and_waves() -> None:
    rows, devices = settled(2)
    more, others = settled(3, start=10)
    found = decide_with(
        rows,
        [*devices, *others],
        own_more=[own(more, wave=2)],
        waves=[wave("pilot", count=2, gate=HALF), wave(gate=HALF)],
    )
    assert cohort_of(found).qualified
    assert cohort_of(found).attempted == 5


def test_packages_prove_themselves_only() -> None:
    rows, devices = settled(5)
    other = imei(300)
    what = seen([*devices, device(other, model="M2")], [own(rows)])
    found = decided(spec([*imeis(5), other], target=[target(), target("M2")]), what)
    assert (cohort_of(found).qualified, cohort_of(found, "M2-A-B").qualified) == (True, False)
    assert (cohort_of(found).devices, cohort_of(found, "M2-A-B").devices) == (5, 1)


def test_a_package_can_be_declared_as_qualified() -> None:
    found = decide_with(waiting=30, qualified_packages=["M1-A-B"])
    assert cohort_of(found).qualified
    assert [planned.name.count for planned in found.create] == [30]
    assert not cohort_of(decide_with(waiting=30, qualified_packages=["M1-A-C"])).qualified


@pytest.mark.parametrize(
    ("status", "count", "qualified"),
    [
        ("CampaignRequestFailed", 21, False),
        ("CampaignFailed", 21, False),
        ("CampaignRequestFailed", 20, True),
        ("CampaignEnded", 21, True),
        ("CampaignCancelled", 21, True),
    ],
)
@pytest.mark.parametrize("declared", [False, True])
def test_refused_above_20_is_unqualified(
    status: str, count: int, *, qualified: bool, declared: bool
) -> None:
    rows, devices = settled(8)
    refused = own([], status, count=count, batch=2, start=-5)
    found = decide_with(
        rows,
        devices,
        own_more=[refused],
        waiting=30,
        qualified_packages=["M1-A-B"] if declared else [],
    )
    assert cohort_of(found).qualified is qualified
    if not qualified:
        # 8 devices are live, so there is room for 12
        assert [planned.name.count for planned in found.create] == [12]


# -- live devices and room


@pytest.mark.parametrize(
    ("counts", "room"), [((), 20), ((5,), 15), ((5, 6), 9), ((20,), 0), ((20, 5), 0)]
)
def test_room(counts: tuple[int, ...], room: int) -> None:
    live = [
        own([], "CampaignRequestPending", count=count, batch=place)
        for place, count in enumerate(counts, 1)
    ]
    over = own([row(imei(0))], "CampaignEnded", batch=9)
    found = cohort_of(decide_with(own_more=[*live, over]))
    assert (found.live, found.room) == (sum(counts), room)


# -- the cohort test


@pytest.mark.parametrize(
    ("verified", "failed", "rate", "stops"),
    [
        (0, 2, "0.10", False),  # E = 12.7
        (0, 3, "0.10", True),  # E = 53.3
        (2, 3, "0.10", True),  # 3 of 5: E = 20.4
        (3, 3, "0.10", False),  # 3 of 6: E = 13.4
        (14, 6, "0.10", False),  # E = 12.7
        (13, 7, "0.10", True),  # E = 49.5
        (16, 4, "0.05", False),  # E = 11.5
        (15, 5, "0.05", True),  # E = 50.1
        (4, 3, "0.05", True),  # 3 of 7
        (5, 3, "0.05", False),  # 3 of 8
        (50, 1, "0", True),
        (0, 20, "0.5", False),
        (0, 20, "1", False),
    ],
)
def test_a_cohort_fails(verified: int, failed: int, rate: str, *, stops: bool) -> None:
    found = decide_with(*settled(verified, failed), gate={"max_failure_rate": rate})
    assert cohort_of(found).failed is stops


@pytest.mark.parametrize(
    ("verified", "failed", "rate", "stops"),
    [
        (0, 1, "0.10", False),  # P = 0.1
        (0, 2, "0.10", True),  # P = 0.01
        (1, 2, "0.10", True),  # P = 0.028
        (2, 2, "0.10", False),  # P = 0.0523
        (3, 2, "0.10", False),  # P = 0.0815
        (2, 3, "0.10", True),  # P = 0.0086
        (5, 3, "0.10", True),  # 3 of 8: P = 0.0381
        (6, 3, "0.10", False),  # 3 of 9: P = 0.0530
        (5, 2, "0.05", True),  # 2 of 7: P = 0.0444
        (6, 2, "0.05", False),  # 2 of 8: P = 0.0572
        (50, 1, "0", True),
        (0, 20, "1", False),
    ],
)
def test_a_cohort_fails_by_the_fixed_test(
    verified: int, failed: int, rate: str, *, stops: bool
) -> None:
    gate = {"max_failure_rate": rate, "test": "fixed"}
    assert cohort_of(decide_with(*settled(verified, failed), gate=gate)).failed is stops


def test_devices_under_way_count_as_attempted() -> None:
    """3 of 3 stop; 3 failures of 6 attempted do not, though only failures are told yet."""
    rows, devices = settled(0, 3)
    assert cohort_of(decide_with(rows, devices, gate={"max_failure_rate": "0.1"})).failed
    rows += [tried(id_, -11) for id_ in imeis(3, start=50)]
    found = cohort_of(decide_with(rows, devices, gate={"max_failure_rate": "0.1"}))
    assert (found.failed, found.attempted, found.failures) == (False, 3, 3)
    # Those of which nothing was heard for a day count no more.
    rows[3:] = [tried(id_, -30) for id_ in imeis(3, start=50)]
    assert cohort_of(decide_with(rows, devices, gate={"max_failure_rate": "0.1"})).failed


def test_silent_and_unknown_devices_fail_no_cohort() -> None:
    ids = imeis(9)
    rows = [*(tried(id_, -30) for id_ in ids[:5]), *(row(id_, "Riddle") for id_ in ids[5:])]
    assert not cohort_of(decide_with(rows)).failed


def test_failures_add_up_over_waves() -> None:
    """Two of two go on, and one of one; three of three stop the cohort."""
    ids = imeis(6)
    wish = spec(ids, waves=[wave("pilot", count=3), wave()], gate={"max_failure_rate": "0.1"})
    first = own([bad(ids[0]), bad(ids[1])], wave=1)
    second = own([bad(ids[2])], wave=2)
    assert not cohort_of(decided(wish, seen(map(device, ids), [first]))).failed
    assert cohort_of(decided(wish, seen(map(device, ids), [first, second]))).failed


@pytest.mark.parametrize(
    ("second", "failed"),
    [
        (row, True),  # the second wave has no result yet: three of three at 10 %
        (good, True),  # a success of another wave, which tolerates more, changes nothing
        (bad, True),
    ],
)
def test_each_wave_says_the_rate_of_its_own_results(second: Any, *, failed: bool) -> None:
    ids = imeis(6)
    wish = spec(
        ids,
        waves=[
            wave("pilot", count=3, gate={"max_failure_rate": "0.1"}),
            wave("more", count=2, gate={"max_failure_rate": "0.9"}),
            wave(gate={"max_failure_rate": "0.1"}),
        ],
    )
    campaigns = [own([bad(id_) for id_ in ids[:3]], wave=1), own([second(ids[3])], wave=2)]
    devices = [device(id_) if id_ != ids[3] or second is not good else upgraded(id_) for id_ in ids]
    found = cohort_of(decided(wish, seen(devices, campaigns)))
    assert found.failed is failed


# -- trying in vain


def in_vain(*counts: int, status: str = "CampaignEnded", first: int = 0) -> list[OwnCampaign]:
    """Campaigns of so many devices each, none of which was reached."""
    found = []
    for batch, count in enumerate(counts, 1):
        rows = [row(id_) for id_ in imeis(count, start=first)]
        found.append(own(rows, status, batch=batch, start=-9, end=3))
        first += count
    return found


@pytest.mark.parametrize(
    ("campaigns", "fruitless"),
    [
        ([], 0),
        (in_vain(5), 1),
        (in_vain(4), 0),
        (in_vain(5, 4, 20), 2),
        (in_vain(5, 5, 5), 3),
        (in_vain(5, status="CampaignScheduled"), 0),
        (in_vain(5, status="CampaignRequestFailed"), 0),
    ],
)
def test_fruitless_campaigns(campaigns: list[OwnCampaign], fruitless: int) -> None:
    found = cohort_of(decide_with(own_more=campaigns, waiting=1))
    assert found.fruitless == fruitless
    assert found.exhausted is (fruitless >= 3)


def test_a_campaign_with_evidence_bore_fruit() -> None:
    rows, devices = settled(3, 2)
    assert cohort_of(decide_with(rows, devices, status="CampaignEnded")).fruitless == 0
    rows, devices = settled(2, 3)
    assert cohort_of(decide_with(rows, devices, status="CampaignEnded")).fruitless == 1


def test_three_batches_in_vain_hold_the_rollout() -> None:
    found = decide_with(own_more=in_vain(5, 5, 5), waiting=30)
    assert (found.phase.value, found.create) == ("held", ())
    assert "3 campaigns with M1-A-B ended without evidence" in found.why


def test_two_batches_in_vain_do_not() -> None:
    found = decide_with(own_more=in_vain(5, 5), waiting=30)
    assert [planned.name.count for planned in found.create] == [20]


def test_nobody_is_held_when_nobody_waits() -> None:
    found = decide_with(own_more=in_vain(5, 5, 5))
    assert found.phase.value != "held" or "without evidence" not in found.why


def test_a_proved_package_is_never_exhausted() -> None:
    rows, devices = settled(5, start=200)
    found = decide_with(rows, devices, own_more=in_vain(5, 5, 5, first=0), waiting=1)
    assert not cohort_of(found).exhausted
    declared = decide_with(own_more=in_vain(5, 5, 5), waiting=1, qualified_packages=["M1-A-B"])
    assert not cohort_of(declared).exhausted
