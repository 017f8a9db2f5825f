# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the campaigns of an account show of its rollouts, without any declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignType
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.activity import (
    Activity,
    RolloutCampaigns,
    find_rollouts,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    bad,
    busy,
    day,
    good,
    imei,
    own,
    rejected,
    row,
)


def found(*campaigns: OwnCampaign) -> RolloutCampaigns:
    """The only rollout of campaigns, in whatever order they come."""
    (rollout,) = find_rollouts([(each.campaign, each.rows) for each in campaigns[::-1]], NOW)
    assert find_rollouts([(each.campaign, each.rows) for each in campaigns], NOW) == [rollout]
    return rollout


OVER = own([good(imei(0))], "CampaignEnded", start=-6, end=-3)


@pytest.mark.parametrize(
    ("status", "days", "activity", "since", "starts"),
    [
        ("CampaignScheduled", (-2, 3), "running", -2, None),
        ("CampaignPreScheduled", (0, 3), "running", 0, None),
        ("CampaignScheduled", (1, 3), "scheduled", None, 1),
        ("CampaignRequestQueued", (1, 3), "queued", None, 1),
        ("CampaignRequestPending", (1, 3), "queued", None, 1),
        ("CampaignOdd", (-2, 3), "unknown", -2, None),
        ("CampaignScheduled", (None, None), "running", None, None),
        ("CampaignEnded", (-2, -1), "idle", -1, None),
        ("CampaignEnded", (-2, 3), "idle", 0, None),
        ("CampaignEnded", (None, None), "idle", -3, None),
        ("CampaignCancelled", (1, 3), "cancelled", 0, None),
        ("CampaignAborted", (-1, 3), "cancelled", 0, None),
        ("CampaignRequestFailed", (-1, 3), "refused", 0, None),
    ],
)
def test_the_newest_campaign_says_what_a_rollout_does(
    status: str,
    days: tuple[int | None, int | None],
    activity: str,
    since: int | None,
    starts: int | None,
) -> None:
    start, end = days
    # Where the service gives no day, a campaign counts as older than the others.
    others = () if start is None and activity != "idle" else (OVER,)
    rollout = found(*others, own([row(imei(1))], status, wave=2, start=start, end=end))
    assert rollout.activity is Activity(activity)
    assert rollout.since == (None if since is None else day(since))
    assert rollout.starts == (None if starts is None else day(starts))


def test_what_runs_hides_what_waits() -> None:
    waits = own([row(imei(1))], "CampaignRequestQueued", wave=2, start=2, end=4)
    rollout = found(OVER, own([row(imei(2))], start=-1), waits)
    assert (rollout.activity, rollout.since, rollout.starts) == (
        *(Activity.RUNNING, day(-1), day(2)),
    )


def test_the_newest_campaign_of_a_device_says_its_result() -> None:
    again = own([bad(imei(0)), row(imei(1))], attempt=2, start=-1)
    first = own([bad(imei(0)), row(imei(1)), rejected(imei(2))], "CampaignEnded", start=-6, end=-3)
    assert found(first, again).results == {
        imei(0): "failed",
        imei(1): "pending",
        imei(2): "rejected",
    }
    assert found(first).results[imei(1)] == "unreached", "its campaign is over"
    stopped = own([row(imei(1))], "CampaignCancelled")
    assert found(stopped).results == {imei(1): "stopped"}


def test_a_refusal_as_busy_does_not_hide_the_campaign_that_has_the_device() -> None:
    shadow = own([busy(imei(0))], batch=2, start=-1)
    assert found(OVER, shadow).results == {imei(0): "success"}
    assert found(shadow).results == {imei(0): "rejected"}


def test_devices_that_no_report_has_yet_are_counted_by_name() -> None:
    settling = own([row(imei(1))], count=7, wave=2, start=1)
    retry = own([], count=5, attempt=2, start=1)
    sweep = own([], count=5, wave=99, start=1)
    refused = own([], "CampaignRequestFailed", count=5, batch=3)
    assert found(OVER, settling, retry, sweep, refused).devices == 1 + 1 + 6


def test_types_and_names_are_rollouts_of_their_own_and_foreign_names_are_none() -> None:
    def listed(each: OwnCampaign, **members: Any) -> tuple[Any, Any]:
        return replace(each.campaign, **members), each.rows

    live = own([row(imei(1))], start=-1)
    rollouts = find_rollouts(
        [
            listed(OVER),
            listed(OVER, type=CampaignType.SOFTWARE),
            listed(OVER, name="tsr.meters"),
            listed(OVER, name=""),
            listed(live, name=str(live.name).replace("meters", "zeta")),
        ],
        NOW,
    )
    assert [(each.name, len(each.campaigns)) for each in rollouts] == [
        *(("zeta", 1), ("meters", 1), ("meters", 1)),
    ]
    assert find_rollouts([], NOW) == []
