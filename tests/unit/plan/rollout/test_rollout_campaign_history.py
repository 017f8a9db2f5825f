# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our campaigns add up to: claims, settling, shadows, twins, refusals, other targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.campaign_history import (
    History,
    Record,
    day_begins,
    read_history,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    bad,
    busy,
    cohort,
    day,
    device,
    good,
    hours,
    imeis,
    named,
    own,
    rejected,
    row,
    seen,
    spec,
    target,
)

A, B, C, D = imeis(4)
PLACE = (1, cohort().code)
GENERATION = named(1).generation


def kept(*own: OwnCampaign, **members: Any) -> History:
    """The history of some campaigns."""
    return read_history(spec([A], **members), seen(map(device, (A, B, C)), own))


def ids(campaigns: Iterable[OwnCampaign]) -> set[str]:
    return {campaign.campaign.id for campaign in campaigns}


# -- claims and records


def claims(history: History) -> dict[str, int]:
    """The wave of every device that one of our campaigns has."""
    return {imei: past.wave for imei, past in history.devices.items()}


def records(history: History) -> dict[str, Record]:
    """The newest record of every device that has one."""
    return {imei: past.latest for imei, past in history.devices.items() if past.latest}


def test_every_row_claims_its_device_for_the_first_wave_that_had_it() -> None:
    found = kept(own([row(A), bad(B)], wave=2), own([row(B), rejected(C)], wave=1))
    assert claims(found) == {A: 2, B: 1, C: 1}
    assert records(found).keys() == {A, B, C}


def test_a_refused_campaign_claims_and_records_nothing_but_rejections() -> None:
    found = kept(own([row(A), rejected(B)], "CampaignRequestFailed"))
    assert claims(found) == {A: 1, B: 1}
    assert records(found).keys() == {B}


def test_a_device_that_was_busy_is_not_claimed() -> None:
    found = kept(own([row(A), busy(B)]))
    assert claims(found) == {A: 1}
    assert records(found).keys() == {A}


def test_another_target_claims_nothing() -> None:
    found = kept(own([row(A)], "CampaignEnded", to="C"))
    assert (claims(found), records(found), found.campaigns) == ({}, {}, ())


def test_two_targets_share_a_history() -> None:
    campaigns = [own([row(A)], campaign_id="a"), own([row(B)], model="M2", campaign_id="b")]
    found = kept(*campaigns, target=[target(), target("M2")])
    assert claims(found) == {A: 1, B: 1}
    assert ids(found.campaigns) == {"a", "b"}


@pytest.mark.parametrize("stopped", [1, 2])
@pytest.mark.parametrize("status", ["CampaignCancelled", "CampaignAborted"])
def test_what_replaces_a_stopped_campaign_is_newer(status: str, stopped: int) -> None:
    """Both begin on one day, and their names say nothing: a changed calendar is another cohort."""
    old = own([row(A)], status, campaign_id="old", batch=stopped)
    new = own([good(A)], "CampaignEnded", campaign_id="new", batch=3 - stopped)
    assert records(kept(old, new))[A].own.campaign.id == "new"


@pytest.mark.parametrize("other", [{"batch": 2}, {"cohort": "c0ffee"}])
@pytest.mark.parametrize("status", ["CampaignEnded", "CampaignScheduled"])
def test_what_was_stopped_before_its_first_day_is_older_than_what_replaced_it(
    other: dict[str, Any], status: str
) -> None:
    """A calendar that allows more lets the other one begin sooner than the stopped one would."""
    old = own([row(A)], "CampaignCancelled", campaign_id="old", start=6, end=8)
    new = own([good(A)], status, campaign_id="new", start=4, end=5)
    new = replace(new, name=replace(new.name, **other))
    assert records(kept(old, new))[A].own.campaign.id == "new"


def test_a_retry_that_was_stopped_is_newer_than_the_failure() -> None:
    first = own([bad(A)], "CampaignEnded", campaign_id="first", start=4, end=5)
    retry = own([row(A)], "CampaignCancelled", campaign_id="retry", start=6, end=8, attempt=2)
    assert records(kept(first, retry))[A].own.campaign.id == "retry"


def test_later_attempts_and_batches_are_newer() -> None:
    first = own([bad(A), bad(B)], batch=2, campaign_id="first")
    retry = own([good(A)], batch=1, attempt=2, campaign_id="retry")
    later = own([good(B)], batch=3, campaign_id="later")
    found = kept(retry, later, first)
    assert {imei: record.own.campaign.id for imei, record in records(found).items()} == {
        A: "retry",
        B: "later",
    }


# -- settling


@pytest.mark.parametrize(
    ("status", "rows", "count", "settles", "lacks"),
    [
        ("CampaignRequestPending", 0, 2, True, False),
        ("CampaignRequestQueued", 1, 2, True, False),
        ("CampaignScheduled", 1, 2, True, False),
        ("CampaignPreScheduled", 1, 2, True, False),
        ("CampaignNews", 1, 2, True, False),  # a word that we do not know is not over
        ("CampaignScheduled", 2, 2, False, False),
        ("CampaignScheduled", 3, 2, False, False),
        ("CampaignEnded", 1, 2, False, True),
        ("CampaignEnded", 2, 2, False, False),
        ("CampaignCancelled", 0, 2, False, True),
        ("CampaignRequestFailed", 0, 2, False, False),
    ],
)
def test_reports_that_are_short(
    status: str, rows: int, count: int, *, settles: bool, lacks: bool
) -> None:
    found = kept(own([row(imei) for imei in imeis(rows)], status, count=count))
    assert found.settling == ({PLACE} if settles else set())
    assert found.lacking.keys() == ({PLACE} if lacks else set())


def test_settling_is_of_one_wave_and_one_cohort() -> None:
    campaigns = [
        own([], "CampaignRequestPending", count=2, wave=2),
        own([row(A)], wave=1),
        own([], "CampaignRequestPending", count=2, version="A2"),
    ]
    assert kept(*campaigns).settling == {(2, cohort().code), (1, cohort(version="A2").code)}


# -- shadows


@pytest.mark.parametrize("status", ["CampaignScheduled", "CampaignEnded", "CampaignRequestFailed"])
def test_a_shadow_counts_for_nothing_but_the_next_number(status: str) -> None:
    found = kept(own([busy(A, -7), busy(B, -5), busy(C, -6)], status))
    assert (found.campaigns, claims(found), records(found)) == ((), {}, {})
    assert (found.settling, found.request_failures) == (set(), {})
    assert found.last_batch == {(GENERATION, *PLACE): 1}
    # The last word was five hours ago; the cohort tries again a day after it.
    assert found.retry_at == {PLACE: NOW - hours(5) + hours(24)}


def test_a_campaign_with_one_accepted_device_is_no_shadow() -> None:
    found = kept(own([busy(A), busy(B), row(C)], campaign_id="real"))
    assert ids(found.campaigns) == {"real"}
    assert found.retry_at == {}


def test_a_campaign_without_a_report_is_no_shadow() -> None:
    found = kept(own([], "CampaignRequestPending", count=3, campaign_id="new"))
    assert ids(found.campaigns) == {"new"}


def test_a_live_shadow_does_not_settle() -> None:
    assert kept(own([busy(A)])).settling == set()


def test_a_report_that_is_not_complete_makes_no_shadow() -> None:
    """Its other devices may have been accepted, so that a halt must stop it."""
    found = kept(own([busy(A)], count=3))
    assert (found.settling, len(found.campaigns)) == ({PLACE}, 1)


# -- refused campaigns


def test_refused_campaigns_are_counted_by_place() -> None:
    campaigns = [
        own([], "CampaignRequestFailed", count=3, batch=1),
        own([], "CampaignFailed", count=3, batch=2),
        own([row(A)], "CampaignRequestFailed", count=3, batch=3),
        own([], "CampaignRequestFailed", count=3, wave=2),
        own([], "CampaignRequestFailed", count=3, version="A2"),
        own([], "CampaignEnded", count=3, batch=4),
        own([], "CampaignCancelled", count=3, batch=5),
    ]
    found = kept(*campaigns)
    assert found.request_failures == {
        PLACE: 3,
        (2, cohort().code): 1,
        (1, cohort(version="A2").code): 1,
    }
    assert found.retry_at.keys() == found.request_failures.keys()


def test_a_request_that_failed_for_its_devices_is_none_of_its_own() -> None:
    found = kept(own([rejected(A), rejected(B)], "CampaignRequestFailed"))
    assert found.request_failures == {}
    assert records(found).keys() == {A, B}


def test_the_next_attempt_comes_after_the_last_word_of_any_refused_campaign() -> None:
    campaigns = [
        own([row(A, updated=at(-9)), row(B, updated=at(-3))], "CampaignRequestFailed", batch=1),
        own([row(A, updated=at(-7)), row(B)], "CampaignRequestFailed", batch=2),
    ]
    for order in (campaigns, campaigns[::-1]):
        assert kept(*order).retry_at == {PLACE: NOW - hours(3) + hours(24)}
    assert kept(*campaigns, timing={"settle_retry_hours": 5}).retry_at == {
        PLACE: NOW - hours(3) + hours(5)
    }


def test_the_start_stands_in_where_nothing_is_told() -> None:
    found = kept(own([], "CampaignRequestFailed", count=3, start=1))
    assert found.retry_at == {PLACE: day_begins(day(1)) + hours(24)}


def test_a_day_begins_at_midnight_utc() -> None:
    assert day_begins(day(0)) == datetime(2026, 4, 10, tzinfo=timezone.utc)
    assert day_begins(day(1)) - day_begins(day(0)) == timedelta(days=1)


# -- twins


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "keeps", "surplus"),
    [
        # Two live: the one with accepted devices, whatever the ids say.
        (
            own([busy(A)], campaign_id="a"),
            own([row(A)], "CampaignRequestQueued", campaign_id="b"),
            "b",
            {"a"},
        ),
        (own([rejected(A)], campaign_id="a"), own([row(A)], campaign_id="b"), "b", {"a"}),
        # Two live without any, or with some: the smallest id.
        (
            own([], "CampaignRequestPending", count=1, campaign_id="b"),
            own([], "CampaignRequestPending", count=1, campaign_id="a"),
            "a",
            {"b"},
        ),
        (own([row(A)], campaign_id="b"), own([row(A)], campaign_id="a"), "a", {"b"}),
        # A cancelled or refused twin is none any more.
        (
            own([row(A)], campaign_id="b"),
            own([row(A)], "CampaignCancelled", campaign_id="a"),
            "b",
            set(),
        ),
        (
            own([row(A)], campaign_id="b"),
            own([], "CampaignRequestFailed", count=1, campaign_id="a"),
            "b",
            set(),
        ),
        # One that was refused after its devices were accepted never ran.
        (
            own([], "CampaignRequestPending", count=1, campaign_id="b"),
            own([row(A)], "CampaignRequestFailed", campaign_id="a"),
            "b",
            set(),
        ),
        # Nothing to cancel where both are over.
        (
            own([good(A)], "CampaignEnded", campaign_id="b"),
            own([busy(A)], "CampaignEnded", campaign_id="a"),
            "b",
            set(),
        ),
    ],
)
def test_twins(
    first: OwnCampaign, second: OwnCampaign, keeps: str, surplus: set[str], *, reverse: bool
) -> None:
    assert first.name == second.name
    found = kept(*([second, first] if reverse else [first, second]))
    assert ids(found.campaigns) == {keeps}
    assert ids(found.surplus) == surplus
    assert not any(campaign.stopped for campaign in found.campaigns)


def test_three_of_a_name_leave_one() -> None:
    found = kept(*(own([row(A)], campaign_id=name) for name in "cab"))
    assert (ids(found.campaigns), ids(found.surplus)) == ({"a"}, {"b", "c"})


def test_campaigns_of_one_cohort_are_no_twins() -> None:
    found = kept(own([row(A)], batch=1, campaign_id="a"), own([row(B)], batch=2, campaign_id="b"))
    assert (ids(found.campaigns), found.surplus) == ({"a", "b"}, ())


# -- numbers, stopped ones, other targets


def test_the_last_batch_is_the_highest_of_its_place() -> None:
    campaigns = [
        own([row(A)], batch=2),
        own([busy(A)], batch=7),
        own([], "CampaignRequestFailed", count=1, batch=3),
        own([row(D)], "CampaignEnded", batch=6, attempt=2),
        own([row(B)], batch=4, wave=2),
        own([row(C)], batch=5, version="A2"),
        own([row(D)], "CampaignEnded", batch=9, to="C"),
    ]
    code = cohort().code
    assert kept(*campaigns).last_batch == {
        (GENERATION, 1, code): 7,
        (GENERATION, 2, code): 4,
        (GENERATION, 1, cohort(version="A2").code): 5,
    }


@pytest.mark.parametrize(
    ("status", "is_stopped"),
    [
        ("CampaignCancelled", True),
        ("CampaignAborted", True),
        ("CampaignEnded", False),
        ("CampaignRequestFailed", False),
        ("CampaignScheduled", False),
    ],
)
def test_stopped_campaigns(status: str, *, is_stopped: bool) -> None:
    (only,) = kept(own([row(A)], status)).campaigns
    assert only.stopped is is_stopped


def test_live_campaigns_of_another_target_are_superseded() -> None:
    campaigns = [
        own([row(A)], to="C", campaign_id="live"),
        own([row(A)], "CampaignRequestPending", to="D", campaign_id="new"),
        own([row(A)], "CampaignEnded", to="C", batch=2, campaign_id="over"),
        own([row(A)], campaign_id="ours"),
        own([row(B)], model="M2", campaign_id="other model"),
    ]
    assert ids(kept(*campaigns).superseded) == {"live", "new", "other model"}


# -- for any history

ROWS = {"row": row, "good": good, "bad": bad, "busy": busy, "rejected": rejected}
STATUSES = (
    *("CampaignRequestPending", "CampaignRequestQueued", "CampaignScheduled", "CampaignEnded"),
    *("CampaignCancelled", "CampaignRequestFailed"),
)


@st.composite
def campaigns(draw: st.DrawFn) -> list[OwnCampaign]:
    found = []
    for number in range(draw(st.integers(0, 7))):
        kinds = draw(st.dictionaries(st.sampled_from(imeis(6)), st.sampled_from(sorted(ROWS))))
        found.append(
            own(
                [ROWS[kind](imei) for imei, kind in kinds.items()],
                draw(st.sampled_from(STATUSES)),
                count=draw(st.integers(1, 6)),
                campaign_id=f"c{number}",
                wave=draw(st.integers(1, 2)),
                batch=draw(st.integers(1, 2)),
                to=draw(st.sampled_from("BBBC")),
            )
        )
    return found


@settings(max_examples=examples(80))
@given(campaigns(), st.randoms(use_true_random=False))
def test_the_history_knows_no_order(own: list[OwnCampaign], dice: Any) -> None:
    assert kept(*own) == kept(*dice.sample(own, len(own)))


@settings(max_examples=examples(80))
@given(campaigns())
def test_what_must_hold_of_any_history(own: list[OwnCampaign]) -> None:
    found = kept(*own)
    names = [campaign.name for campaign in found.campaigns if not campaign.over]
    assert len(names) == len(set(names))
    assert not ids(found.campaigns) & ids(found.surplus)
    assert all(not campaign.over for campaign in (*found.surplus, *found.superseded))
    assert records(found).keys() <= claims(found).keys()
    assert set(found.request_failures) <= set(found.retry_at)
    assert {campaign.name.generation for campaign in found.campaigns} <= {GENERATION}
