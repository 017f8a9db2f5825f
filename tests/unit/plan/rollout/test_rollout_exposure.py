# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many devices can still change, how far brakes reach, and the limit on both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
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
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.exposure import (
    Exposure,
    can_change,
    find_exposure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    bad,
    busy,
    day,
    device,
    good,
    hours,
    imei,
    imeis,
    own,
    rejected,
    row,
    seen,
    spec,
    target,
    tried,
    upgraded,
    wave,
)

ONE = imei(0)
AGAIN = {"next_attempt": at(5)}


# -- one campaign


@pytest.mark.parametrize(
    ("told", "lwm2m", "oma"),
    [
        (row(ONE), 1, 1),
        (row(ONE, "NoDeviceDataFromNetwork"), 1, 1),
        (tried(ONE), 1, 1),
        (row(ONE, "Riddle"), 1, 1),
        (good(ONE), 0, 0),
        # The network keeps devices of OMA-DM queued after a failure.
        (bad(ONE), 0, 1),
        (replace(bad(ONE), **AGAIN), 1, 1),
        (rejected(ONE), 0, 0),
        (busy(ONE), 0, 0),
        # Without an attempt before the first day: refused when it was scheduled.
        (row(ONE, "UpgradeFailed", updated=at(-80)), 0, 0),
    ],
)
def test_a_device_can_change_until_something_final_is_told(
    told: CampaignDevice, lwm2m: int, oma: int
) -> None:
    assert can_change(own([told])) == lwm2m
    for word in ("OMA", "OMADM", "OMD-DM"):
        assert can_change(own([told], protocol=word)) == oma


@pytest.mark.parametrize(
    ("status", "lwm2m", "oma"),
    [
        ("CampaignRequestPending", 2, 2),
        ("CampaignRequestQueued", 2, 2),
        ("CampaignScheduled", 2, 2),
        ("CampaignOdd", 2, 2),
        # -- over: the network keeps what was handed to it
        ("CampaignEnded", 0, 2),
        ("CampaignAborted", 0, 2),
        # -- never handed to it
        ("CampaignCancelled", 0, 0),
        ("CampaignRequestFailed", 0, 0),
    ],
)
def test_a_campaign_that_is_over_changes_nobody_but_whom_the_network_queued(
    status: str, lwm2m: int, oma: int
) -> None:
    rows = [row(imei(1)), row(imei(2)), good(imei(3))]
    assert can_change(own(rows, status)) == lwm2m
    assert can_change(own(rows, status, protocol="OMA")) == oma


def test_devices_without_a_row_can_change() -> None:
    assert can_change(own([good(ONE)], count=9)) == 8
    assert can_change(own([], count=9)) == 9
    # More rows than were asked for make nothing less than nothing.
    assert can_change(own([good(id_) for id_ in imeis(3)], count=2)) == 0


# -- all of them


def live(count: int, **members: Any) -> OwnCampaign:
    return own([row(id_) for id_ in imeis(count)], **members)


# NOW is April 10th, 10:00: 24 hours on it is the 11th.
@pytest.mark.parametrize(
    ("campaigns", "expected"),
    [
        ([], Exposure()),
        ([live(5, start=1, end=9)], Exposure(5, 0, None)),
        ([live(5, start=0, end=9)], Exposure(5, 5, day(1))),
        ([live(5, start=-9, end=1)], Exposure(5, 5, day(1))),
        ([live(5, start=-9, end=0)], Exposure(5, 5, day(0))),
        ([live(5, status="CampaignRequestQueued", start=-1)], Exposure(5, 0, None)),
        ([live(5), live(3, start=1, end=9), live(4, start=-9, end=0)], Exposure(12, 9, day(1))),
        ([live(5, status="CampaignEnded")], Exposure()),
        # Nobody can say when what the network queued is over, or a campaign without an end.
        ([live(5, protocol="OMA", start=-2, end=3)], Exposure(5, 5, None)),
        ([live(5), live(5, protocol="OMA")], Exposure(10, 10, None)),
        ([live(5), live(5, end=None)], Exposure(10, 10, None)),
        # A campaign that is done, but for its end, keeps nothing open.
        ([live(5, end=0), own([good(ONE)], end=9)], Exposure(5, 5, day(0))),
        ([own([good(ONE)], end=None), live(2)], Exposure(2, 2, day(1))),
    ],
)
def test_exposure(campaigns: Sequence[OwnCampaign], expected: Exposure) -> None:
    assert find_exposure(campaigns, NOW) == expected


@pytest.mark.parametrize(("later", "until"), [(13.9, day(1)), (14, day(2)), (100, day(3))])
def test_the_brakes_reach_a_day_ahead(later: float, until: date) -> None:
    """Never further than the end that is set."""
    assert find_exposure([live(5)], NOW + hours(later)).until == until


# -- the limit

IDS = imeis(60)


def limited(
    most: int | None,
    campaigns: Iterable[OwnCampaign] = (),
    devices: Iterable[str] = IDS,
    **members: Any,
) -> Decision:
    limits = {"max_creates": 20} if most is None else {"max_creates": 20, "max_exposure": most}
    wish = spec(
        devices, **{"qualified_packages": ["M1-A-B", "M2-A-B"], "limits": limits, **members}
    )
    fine = {
        row.device_id
        for campaign in campaigns
        for row in campaign.rows
        if row.status == "UpgradeSuccess"
    }
    known = [upgraded(id_) if id_ in fine else device(id_) for id_ in devices]
    return decide(wish, seen(known, campaigns))


def sizes(decision: Decision) -> list[int]:
    return [len(planned.devices) for planned in decision.create]


@pytest.mark.parametrize(
    ("most", "under_way", "expected"),
    [
        (None, 0, [60]),
        (60, 0, [60]),
        (59, 0, [59]),
        (1, 0, [1]),
        (30, 10, [20]),
        (30, 29, []),  # room for one is left until there is room for three
        (30, 27, [3]),
        (30, 30, []),
        (30, 40, []),
    ],
)
def test_no_more_is_created_than_may_change(
    most: int | None, under_way: int, expected: list[int]
) -> None:
    campaigns = [own([row(id_) for id_ in IDS[:under_way]])] if under_way else []
    decision = limited(most, campaigns)
    assert sizes(decision) == expected
    assert decision.exposure == under_way + sum(expected)
    assert decision.assessment.exposed.devices == under_way


def test_campaigns_share_what_is_left() -> None:
    """Over batches and cohorts; the pilot rule holds beside it."""
    small = {"max_campaign_devices": 20, "max_exposure": 45}
    assert sizes(limited(45, limits=small)) == [20, 20, 5]
    assert sizes(limited(45, qualified_packages=[])) == [20]
    assert sizes(limited(15, qualified_packages=[])) == [15]


def test_what_is_done_makes_room() -> None:
    """Of ten, four have succeeded, one has failed and one was refused."""
    rows = [good(id_) for id_ in IDS[:4]] + [row(id_) for id_ in IDS[6:10]]
    rows += [bad(IDS[4]), rejected(IDS[5])]
    loose = {"max_failure_rate": "0.5"}
    assert sizes(limited(10, [own(rows)], gate=loose)) == [6]
    assert limited(10, [own(rows)], gate=loose).exposure == 10


def test_a_retry_comes_when_there_is_room_for_all_of_it() -> None:
    """Whole or not at all, as a batch has one retry."""
    gate = {"max_failure_rate": "0.9", "max_failures": 9}
    loose = {"gate": gate, "retry": 1, "devices": IDS[:14]}
    broken = own([bad(id_) for id_ in IDS[:4]], "CampaignEnded", start=-5, end=-2)
    under_way = own([row(id_) for id_ in IDS[4:14]], batch=2)
    names = [
        [
            (planned.name.attempt, len(planned.devices))
            for planned in limited(most, found, **loose).create
        ]
        for most, found in ((14, [broken, under_way]), (13, [broken, under_way]))
    ]
    assert names == [[(2, 4)], []]


def test_it_holds_for_every_step_and_says_why_nothing_follows() -> None:
    """Only campaigns of older targets, which nobody waits for, fill it: blocked."""
    wish = spec(IDS, limits={"max_exposure": 10}, supersede=True)
    old = own([row(id_) for id_ in IDS[:10]], to="C", status="CampaignOdd", end=2)
    what = seen(map(device, IDS), [old], busy=dict.fromkeys(IDS[:10], old.campaign.id))
    decision = decide(wish, what)
    assert sizes(decision) == []
    assert decision.phase is Phase.BLOCKED
    assert decision.assessment.blockers == (
        "10 devices can still change, and limits.max_exposure is 10: more follow as these are done",
    )
    # Without anybody waiting it stands in nobody's way.
    done = decide(replace(wish, devices=wish.devices[:0]), what)
    assert done.assessment.blockers == ()
    # Below it nothing is said.
    roomy = replace(wish, limits=replace(wish.limits, max_exposure=11))
    assert decide(roomy, what).assessment.blockers == ()
    assert sizes(decide(roomy, what)) == [1]


def test_twins_and_older_targets_count() -> None:
    """They can change devices like any other."""
    rows = [row(id_) for id_ in IDS[:6]]
    twins = [own(rows, campaign_id="a", start=1), own(rows, campaign_id="b", start=1)]
    old = own([row(id_) for id_ in IDS[6:9]], to="C")
    decision = limited(None, [*twins, old])
    assert decision.assessment.exposed == Exposure(15, 3, day(1))


def test_what_was_refused_or_hides_nothing_counts_not() -> None:
    refused = own([row(id_) for id_ in IDS[:6]], "CampaignRequestFailed", start=-1)
    assert limited(None, [refused]).assessment.exposed == Exposure()


# -- unstoppable


@pytest.mark.parametrize(
    ("protocol", "status", "rows", "unstoppable"),
    [
        ("OMA", "CampaignEnded", [bad(imei(0)), bad(imei(1))], True),
        ("OMA", "CampaignAborted", [bad(imei(0)), bad(imei(1)), row(imei(2))], True),
        ("LWM2M", "CampaignEnded", [bad(imei(0)), bad(imei(1)), row(imei(2))], False),
        ("LWM2M", "CampaignScheduled", [bad(imei(0)), bad(imei(1))], True),
    ],
)
def test_devices_that_the_network_keeps_queued_are_unstoppable_beyond_the_end(
    protocol: str, status: str, rows: list[CampaignDevice], *, unstoppable: bool
) -> None:
    """After a halt by the gate; nothing can be braked there."""
    campaign = own(rows, status, protocol=protocol, start=-5, end=-1)
    ids = [told.device_id for told in rows]
    decision = decide(spec(ids), seen(map(device, ids), [campaign]))
    assert decision.phase is Phase.HALTED
    assert decision.stops.unstoppable == ((campaign,) if unstoppable else ())
    assert not decision.stops.shorten
    assert not decision.stops.cancel


def test_queued_devices_are_unstoppable_whatever_is_wanted_and_others_if_it_halts() -> None:
    ended = own([good(id_) for id_ in IDS[:3]], "CampaignEnded", protocol="OMA", start=-5, end=-1)
    known = [upgraded(id_) for id_ in IDS[:3]] + [device(id_) for id_ in IDS[3:6]]
    assert decide(spec(IDS[:6]), seen(known, [ended]), wanted=Wanted.HALTED).stops.unstoppable == ()
    open_end = own([row(id_) for id_ in IDS[:3]], "CampaignEnded", protocol="OMA")
    what = seen(map(device, IDS[:6]), [open_end])
    for wanted in Wanted:
        assert decide(spec(IDS[:6]), what, wanted=wanted).stops.unstoppable == (open_end,)
    live = own([row(id_) for id_ in IDS[:3]], protocol="OMA", start=-1, end=0)
    what = seen(map(device, IDS[:6]), [live])
    assert decide(spec(IDS[:6]), what).stops.unstoppable == ()
    assert decide(spec(IDS[:6]), what, wanted=Wanted.HALTED).stops.unstoppable == (live,)


def test_the_limit_is_part_of_the_plan() -> None:
    digests = {limited(most).assessment.digest for most in (None, 10, 11)}
    assert len(digests) == 3


def test_a_limit_over_two_models_is_for_both() -> None:
    ids = imeis(20)
    known = [device(id_, model="M1" if n % 2 else "M2") for n, id_ in enumerate(ids)]
    wish = spec(
        ids, target=[target(), target("M2")], limits={"max_exposure": 13}, waves=[wave("all")]
    )
    decision = decide(wish, seen(known))
    assert sorted(sizes(decision)) == [3, 10]
