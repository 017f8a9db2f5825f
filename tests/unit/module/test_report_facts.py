# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that a report shows beside the decision: times, hours and cohorts of waves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.report_facts import (
    describe_age,
    view_hours,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    Cohort,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    NOW,
    at,
    bad,
    decided,
    device,
    good,
    hours,
    imeis,
    own,
    seen,
    spec,
    upgraded,
    wave,
    waves_of,
)


def facts_of(failed: int, **members: Any) -> dict[str, Any]:
    """A rollout of twelve devices, of whose four pilots so many failed 20, 19, ... hours ago."""
    ids = imeis(12)
    wish = spec(ids, waves=[wave("pilot", count=4), wave()], **members)
    pilot = waves_of(decided(wish, seen(map(device, ids))))[1]
    bad_ones, good_ones = pilot[:failed], pilot[failed:]
    report = [bad(each, number - 20) for number, each in enumerate(bad_ones)]
    report += [good(each, -40) for each in good_ones]
    known = [upgraded(each) if each in good_ones else device(each) for each in ids]
    campaign = own(report, "CampaignEnded", start=-6, end=-1)
    return view_decision(decided(wish, seen(known, [campaign])), "all")


def test_results_are_counted_by_day() -> None:
    days = facts_of(failed=3)["results_by_day"]
    assert [(day["verified"], day["failed"]) for day in days] == [(1, 0), (0, 3)]
    assert [day["date"] for day in days] == [at(-40)[:10], at(-20)[:10]]


@pytest.mark.parametrize(
    ("before", "text"),
    [(0.5, "within the hour"), (1, "1 hour ago"), (23.9, "23 hours ago"), (300, "12 days ago")],
)
def test_an_age_is_in_whole_days_or_hours(before: float, text: str) -> None:
    assert describe_age(NOW - hours(before), NOW) == text


def test_the_cohorts_of_a_wave_add_up() -> None:
    for found in facts_of(failed=1)["waves"]:
        assert sum(cohort["devices"] for cohort in found["cohorts"]) == found["devices"]
        for cohort in found["cohorts"]:
            parts = ("verified", "failed", "silent", "pending", "unreached", "halted", "left")
            assert cohort["devices"] == sum(cohort[part] for part in parts)
            assert (cohort["from_version"], cohort["to_version"]) == ("A", "B")


def test_a_halted_wave_waits_since_its_last_failure() -> None:
    pilot, rest = facts_of(failed=3)["waves"]
    assert pilot["waiting_since"] == at(-18)
    assert rest["waiting_since"] is None


def test_a_wave_waits_for_an_approval_since_its_soak_is_over() -> None:
    gate = {"soak_hours": 6, "approval": True, "min_sample": 4, "min_coverage": 1}
    pilot, _rest = facts_of(failed=0, gate=gate)["waves"]
    assert pilot["state"] == "awaits_approval"
    assert pilot["waiting_since"] == pilot["soak_until"] == at(-34)


def test_devices_have_the_time_of_their_result_and_their_attempts() -> None:
    devices = {each["deviceId"]: each for each in facts_of(failed=1)["devices"]}
    by_class = {each["class"]: each for each in devices.values()}
    assert (by_class["failed"]["result_at"], by_class["failed"]["attempts"]) == (at(-20), 1)
    assert (by_class["verified"]["result_at"], by_class["verified"]["attempts"]) == (at(-40), 1)
    others = [each for kind, each in by_class.items() if kind not in ("failed", "verified")]
    assert {(each["result_at"], each["attempts"]) for each in others} == {(None, 0)}


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/Paris", "Asia/Tokyo"])
def test_a_campaign_has_its_hours_and_the_zone_of_its_devices(zone: str) -> None:
    """The zone is that of a device, of the calendar, or one that is not declared any more."""
    wish = spec(
        [{"imei": imeis(1)[0], "timezone": "Europe/Paris"}],
        calendar={"windows": ["22:00-04:00"], "timezone": "America/Chicago"},
    )
    campaign = own(count=1)
    code = Cohort("LWM2M", MAKER, "M1", "A", zone).code
    schedule = replace(campaign.campaign.schedule, windows=(Window(4, 10),))
    found = replace(
        campaign,
        name=replace(campaign.name, cohort=code),
        campaign=replace(campaign.campaign, schedule=schedule),
    )
    known = "" if zone == "Asia/Tokyo" else zone
    assert view_hours(found, wish) == {"windows": [{"start": 4, "end": 10}], "zone": known}
