# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of a device, from its row, the version read and the clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    at,
    bad,
    busy,
    classes,
    decided,
    device,
    good,
    imei,
    imeis,
    own,
    rejected,
    row,
    row_of,
    seen,
    spec,
    target,
    tried,
    upgraded,
    wave,
    waves_of,
)

ONE = imei(0)
SECOND = 1 / 3600


@dataclass(frozen=True)
class Case:
    """One device in one campaign that runs since some days, for three more.

    :ivar device: what the account says; None when it left the account.
    :ivar over: the campaign has ended.
    :ivar ended: the last day of such a campaign, from today.
    :ivar unread: whether the device is to be read again.
    """

    row: CampaignDevice
    expected: str
    device: Device | None = field(default_factory=lambda: device(ONE))
    over: bool = False
    ended: int = -1
    unread: bool | None = None
    timing: dict[str, int] = field(default_factory=dict)


CASES = {
    # -- verified: the target is read strictly later than the success
    "target read later": Case(good(ONE, -10), "verified", upgraded(ONE, -1)),
    "target read a second later": Case(good(ONE, -10), "verified", upgraded(ONE, -10 + SECOND)),
    "target read at the success": Case(good(ONE, -10), "reported", upgraded(ONE, -10)),
    "target read before": Case(good(ONE, -10), "reported", upgraded(ONE, -11)),
    "target read later, campaign over": Case(
        good(ONE, -10), "verified", upgraded(ONE, -1), over=True
    ),
    "success told only by the attempt": Case(
        row(ONE, "UpgradeSuccess", recent_attempt=at(-10)), "verified", upgraded(ONE, -1)
    ),
    "the time of the result counts, not of the attempt": Case(
        row(ONE, "UpgradeSuccess", updated=at(-2), recent_attempt=at(-10)),
        "reported",
        upgraded(ONE, -5),
    ),
    "nobody knows when the success was": Case(
        row(ONE, "UpgradeSuccess"), "reported", upgraded(ONE, -1)
    ),
    "no result, but over and the target is read later": Case(
        tried(ONE, -10), "verified", upgraded(ONE, -1), over=True
    ),
    # -- reported
    "not read since": Case(good(ONE, -10), "reported"),
    "never read": Case(good(ONE, -10), "reported", device(ONE, "", refreshed="")),
    "read too early to be worried": Case(good(ONE, -30), "reported", device(ONE, refreshed=at(-7))),
    "read a second too early": Case(
        good(ONE, -30), "reported", device(ONE, refreshed=at(-6 - SECOND))
    ),
    "no version read, too early to be worried": Case(
        good(ONE, -10), "reported", device(ONE, "", refreshed=at(-9))
    ),
    "left the account after a success": Case(good(ONE, -30), "gone", None),
    "left the account after a failure": Case(bad(ONE), "failed", None),
    "left the account after a refusal": Case(rejected(ONE), "rejected", None),
    # -- mismatch
    "old version read a day later": Case(good(ONE, -30), "mismatch", device(ONE, refreshed=at(-6))),
    "old version read after the declared grace": Case(
        *(good(ONE, -30), "mismatch", device(ONE, refreshed=at(-28))),
        timing={"verify_grace_hours": 2},
    ),
    "neither old version nor target": Case(
        good(ONE, -10), "mismatch", device(ONE, "Z", refreshed=at(-9))
    ),
    "another version read before the success": Case(
        good(ONE, -10), "reported", device(ONE, "Z", refreshed=at(-11))
    ),
    # -- failed
    "failure": Case(bad(ONE), "failed"),
    "failure as v2 spells it": Case(
        row(ONE, "UpgradedFailed", recent_attempt=at(-5), updated=at(-5)), "failed"
    ),
    "the network tries no more": Case(
        tried(ONE, -2, status="NoDeviceDataFromNetwork", reason="No retry is available"), "failed"
    ),
    "the network tries no more, and never did": Case(
        row(ONE, "NoDeviceDataFromNetwork", reason="No retry is available", updated=at(-2)),
        "unreached",
        over=True,
    ),
    "a failure stays one": Case(bad(ONE), "failed", upgraded(ONE, -1)),
    "failure with an attempt to come": Case(
        row(ONE, "UpgradeFailed", recent_attempt=at(-5), updated=at(-5), next_attempt=at(9)),
        "pending",
    ),
    "failure with an attempt that never came": Case(
        row(ONE, "UpgradeFailed", recent_attempt=at(-5), updated=at(-5), next_attempt=at(9)),
        "failed",
        over=True,
    ),
    "attempted, over, still old when read since": Case(
        tried(ONE, -80), "failed", device(ONE, refreshed=at(-55)), over=True
    ),
    "attempted, over, not read since": Case(tried(ONE, -80), "silent", over=True, unread=True),
    "attempted, over, old when read too soon": Case(
        tried(ONE, -80), "silent", device(ONE, refreshed=at(-57)), over=True, unread=True
    ),
    "attempted, over, cannot be read": Case(tried(ONE, -150), "failed", ended=-4, over=True),
    "attempted, over, target read before": Case(
        tried(ONE, -80), "silent", upgraded(ONE, -81), over=True, unread=True
    ),
    "attempted just before its campaign ended early": Case(
        tried(ONE, -10), "silent", over=True, unread=True
    ),
    "attempted just before its campaign ended early, read since": Case(
        tried(ONE, -10), "silent", device(ONE, refreshed=at(-9)), over=True, unread=False
    ),
    "attempted, over, gone": Case(tried(ONE, -80), "silent", None, over=True),
    "never attempted, gone": Case(row(ONE), "gone", None),
    # -- silent
    "attempted a day ago": Case(tried(ONE, -24), "silent"),
    "attempted nearly a day ago": Case(tried(ONE, -24 + SECOND), "pending"),
    "attempted a day ago, the next announced": Case(tried(ONE, -24, next_attempt=at(5)), "pending"),
    "attempted before the declared time": Case(
        tried(ONE, -6), "silent", timing={"silent_after_hours": 6}
    ),
    # -- unreached
    "never attempted, over": Case(row(ONE), "unreached", over=True),
    "cancelled with its campaign": Case(row(ONE, "CampaignCancelled"), "unreached", over=True),
    "never attempted, over, runs the target": Case(
        row(ONE), "unreached", upgraded(ONE, -1), over=True
    ),
    # -- pending
    **{
        f"pending: {word}": Case(row(ONE, word), "pending")
        for word in (
            *("RequestPending", "DeviceAccepted", "Device Accepted", "UpgradePending"),
            *("UpgradeScheduled", "NoDeviceDataFromNetwork", "ReceivedDeviceDataFromNetwork"),
            "RequestToFotaServerFailed",
        )
    },
    "live and on the target already": Case(tried(ONE, -2), "pending", upgraded(ONE, -1)),
    # -- unknown
    "a word that we do not know": Case(row(ONE, "UpgradeMaybe"), "unknown"),
    "a word that we do not know, over": Case(row(ONE, "UpgradeMaybe"), "unknown", over=True),
    "no word": Case(row(ONE, ""), "unknown"),
    # -- rejected: refused when the campaign was scheduled
    "rejected": Case(rejected(ONE), "rejected"),
    "rejected as v1 spells it": Case(row(ONE, "Device Rejected", reason="bad IMEI"), "rejected"),
    # the campaign began two days ago at 00:00, which is 58 hours
    "failed before the first day": Case(
        row(ONE, "UpgradeFailed", updated=at(-58 - SECOND)), "rejected"
    ),
    "failed on the first day without an attempt": Case(
        row(ONE, "UpgradeFailed", updated=at(-58)), "failed"
    ),
    "failed after an attempt before the first day": Case(bad(ONE, -60), "failed"),
    "failed, nobody knows when": Case(row(ONE, "UpgradeFailed"), "failed"),
    "rejected, over": Case(rejected(ONE), "rejected", over=True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_class(case: Case) -> None:
    status = "CampaignEnded" if case.over else "CampaignScheduled"
    wish = spec([ONE], timing=case.timing)
    end = {"start": -9, "end": case.ended} if case.over and case.ended != -1 else {}
    what = seen([case.device] if case.device else [], [own([case.row], status, **end)])
    found = decided(wish, what)
    assert classes(found) == {ONE: case.expected}
    verdict = row_of(found, ONE).outcome
    assert verdict.campaign_id == what.own[0].campaign.id
    assert verdict.reason
    assert not verdict.waits
    if case.unread is not None:
        assert verdict.unread is case.unread


@pytest.mark.parametrize("status", ["CampaignCancelled", "CampaignAborted", "CampaignEnded"])
def test_any_end_leaves_devices_unreached(status: str) -> None:
    assert classes(decided(spec([ONE]), seen([device(ONE)], [own([row(ONE)], status)]))) == {
        ONE: "unreached"
    }


def test_reported_devices_are_read_again() -> None:
    rows = [good(imei(0)), good(imei(1)), bad(imei(2)), tried(imei(3), -30), row(imei(4))]
    devices = [device(imei(0)), upgraded(imei(1)), *map(device, imeis(3, start=2))]
    found = decided(spec(imeis(5)), seen(devices, [own(rows)]))
    assert found.refresh == (imei(0),)


# -- devices without a record of their own


def test_a_device_that_was_never_in_a_campaign_waits() -> None:
    found = decided(spec([ONE]), seen([device(ONE)]))
    assert classes(found) == {ONE: "pending"}
    assert row_of(found, ONE).outcome.waits


def test_a_device_in_a_live_campaign_of_others_is_busy() -> None:
    found = decided(spec(imeis(2)), seen(map(device, imeis(2)), busy={imei(0): "theirs"}))
    assert classes(found) == {imei(0): "busy", imei(1): "pending"}
    assert "theirs" in row_of(found, imei(0)).outcome.reason
    assert [planned.devices for planned in found.create] == [(imei(1),)]


def test_what_our_own_campaign_says_counts_before_others() -> None:
    what = seen([device(ONE)], [own([bad(ONE)])], busy={ONE: "theirs"})
    assert classes(decided(spec([ONE]), what)) == {ONE: "failed"}


def test_while_a_report_is_not_complete_the_cohort_settles() -> None:
    """Two of three rows are there: the third device, which one of ours may have, is settling."""
    ids = imeis(4)
    devices = [*map(device, ids[:3]), device(ids[3], model="M2")]
    wish = spec(ids, target=[target(), target("M2")])
    live = own([row(ids[0]), row(ids[1])], count=3)
    assert classes(decided(wish, seen(devices, [live]))) == {
        ids[0]: "pending",
        ids[1]: "pending",
        ids[2]: "settling",
        ids[3]: "pending",
    }
    found = decided(wish, seen(devices, [live]))
    assert [planned.devices for planned in found.create] == [(ids[3],)]


def test_a_report_that_lost_rows_leaves_its_devices_unknown() -> None:
    """One of three rows is there: the others may have had the package, and get it no second time.

    With the grace for late reports over, they are failures.
    """
    ids = imeis(3)
    for end, phase in ((-1, "running"), (-3, "halted")):
        ended = own([good(ids[0], -90)], "CampaignEnded", count=3, start=-6, end=end)
        devices = [upgraded(ids[0], -1), *map(device, ids[1:])]
        found = decided(spec(ids), seen(devices, [ended]))
        assert classes(found) == {ids[0]: "verified", ids[1]: "unknown", ids[2]: "unknown"}
        assert found.create == ()
        assert found.phase.value == phase


def test_a_device_may_have_been_in_another_wave_when_a_campaign_took_it() -> None:
    """The campaign of the last wave shows no device yet, so none of its cohort is put into another.

    Found by random rollouts with changing selections: those that had come late were in the last wave
    before its campaign was created, and in the first one, which had grown, right after it.
    """
    ids = imeis(6)
    wish = spec(ids, waves=[wave("first", percent=50), wave()])
    first = own([good(ids[0], -40)], "CampaignEnded", count=1, start=-4, end=-2)
    last = own([], "CampaignRequestPending", count=5, wave=2, start=1)
    devices = [upgraded(ids[0]), *map(device, ids[1:])]
    found = decided(wish, seen(devices, [first, last]))
    assert {classes(found)[id_] for id_ in ids[1:]} == {"settling"}
    assert found.create == ()


def test_the_cohort_settles_in_every_wave_and_others_in_none() -> None:
    ids = imeis(4)
    wish = spec(ids, waves=[wave("first", count=2), wave()])
    first, last = waves_of(decided(wish, seen(map(device, ids)))).values()
    found = classes(decided(wish, seen(map(device, ids), [own([row(first[0])], count=2)])))
    assert [found[id_] for id_ in first] == ["pending", "settling"]
    assert [found[id_] for id_ in last] == ["settling", "settling"]
    known = [*map(device, first), *(device(id_, model="M2") for id_ in last)]
    wish = spec(ids, waves=[wave("first", count=2), wave()], target=[target(), target("M2")])
    found = classes(decided(wish, seen(known, [own([row(first[0])], count=2)])))
    assert [found[id_] for id_ in last] == ["pending", "pending"]


def test_a_complete_report_settles_nothing() -> None:
    ids = imeis(3)
    found = decided(spec(ids), seen(map(device, ids), [own([row(ids[0]), row(ids[1])])]))
    assert classes(found)[ids[2]] == "pending"
    assert row_of(found, ids[2]).outcome.waits


def test_devices_of_a_failed_cohort_that_were_never_touched_are_halted() -> None:
    ids = imeis(10)
    rows = [*(bad(id_) for id_ in ids[:3]), row(ids[3])]
    wish = spec(ids, target=[target(), target("M2")])
    devices = [*map(device, ids[:5]), *(device(id_, model="M2") for id_ in ids[5:])]
    assert classes(decided(wish, seen(devices, [own(rows)]))) == {
        **dict.fromkeys(ids[:3], "failed"),
        ids[3]: "pending",
        ids[4]: "halted",
        **dict.fromkeys(ids[5:], "pending"),
    }


def test_the_newest_record_counts() -> None:
    campaigns = [
        own([row(ONE)], "CampaignEnded", batch=1),
        own([bad(ONE)], "CampaignEnded", batch=2),
        own([good(ONE)], attempt=2),
    ]
    for order in (campaigns, campaigns[::-1]):
        found = decided(spec([ONE]), seen([upgraded(ONE)], order))
        assert classes(found) == {ONE: "verified"}
        assert row_of(found, ONE).outcome.campaign_id == campaigns[2].campaign.id


def test_a_later_refusal_as_busy_changes_nothing() -> None:
    campaigns = [own([bad(ONE)]), own([busy(ONE)], batch=2)]
    assert classes(decided(spec([ONE]), seen([device(ONE)], campaigns))) == {ONE: "failed"}


@pytest.mark.parametrize("status", ["CampaignRequestFailed", "CampaignFailed"])
def test_devices_of_a_refused_campaign_wait_for_the_next(status: str) -> None:
    ids = imeis(3)
    campaign = own([row(ids[0]), rejected(ids[1])], status, count=2)
    found = decided(spec(ids), seen(map(device, ids), [campaign]))
    assert classes(found) == {ids[0]: "pending", ids[1]: "rejected", ids[2]: "pending"}
    assert row_of(found, ids[0]).outcome.waits


@pytest.mark.parametrize("word", ["DeviceRejected", "UpgradeFailed"])
@pytest.mark.parametrize(
    ("reason", "is_rejected"),
    [("Device is BUSY in another upgrade", False), ("wrong make or model", True)],
)
def test_a_busy_device_is_not_rejected(word: str, reason: str, *, is_rejected: bool) -> None:
    rows = [row(ONE, word, reason=reason, updated=at(-60)), row(imei(1))]
    found = decided(spec(imeis(2)), seen(map(device, imeis(2)), [own(rows)]))
    assert (row_of(found, ONE).outcome.kind.value == "rejected") is is_rejected


def test_busy_after_an_attempt_is_a_failure() -> None:
    failure = row(ONE, "UpgradeFailed", reason="modem busy", updated=at(-5), recent_attempt=at(-5))
    assert classes(decided(spec([ONE]), seen([device(ONE)], [own([failure])]))) == {ONE: "failed"}
