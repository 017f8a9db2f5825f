# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to look again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.next_check import (
    find_next_check,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.campaign_history import (
    read_history,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    at,
    hours,
    imeis,
    own,
    row,
    seen,
    spec,
)

A, B = imeis(2)
MIDNIGHT = 14
"""Hours from ``NOW`` to the next one."""


def hours_to_check(
    campaigns: Iterable[OwnCampaign] = (),
    *,
    deadlines: Sequence[float | None] = (),
    over: bool = False,
    due: bool = False,
) -> float | None:
    """Hours until the next look."""
    found = find_next_check(
        read_history(spec([A]), seen(own=campaigns)),
        [NOW + hours(distance) for distance in deadlines if distance is not None],
        over=over,
        due=due,
    )
    return None if found is None else (found - NOW) / hours(1)


RUNNING = own([row(A)], campaign_id="running")


@pytest.mark.parametrize(
    ("campaigns", "deadlines", "due", "expected"),
    [
        # nothing of ours is under way
        ([], [], False, 24),
        ([own([row(A)], "CampaignEnded")], [], False, 24),
        ([], [None], False, 24),
        # whether the service takes a new campaign shows within the hour
        ([], [], True, 1),
        ([RUNNING], [5], True, 1),
        ([own([], "CampaignRequestPending", count=2)], [], False, 1),
        ([own([], "CampaignRequestPending", count=2, start=5)], [], False, 1),
        ([own([row(A)], start=None)], [], False, 1),
        # before the first day there is nothing to see
        ([own([row(A)], "CampaignRequestQueued", start=1)], [], False, MIDNIGHT + 6),
        ([own([row(A)], "CampaignScheduled", start=2)], [], False, MIDNIGHT + 24 + 6),
        # while it runs
        ([RUNNING], [], False, 6),
        ([own([row(A)], "CampaignScheduled", start=0)], [], False, 6),
        ([own([row(A)], "CampaignRiddle")], [], False, 6),
        # every device is announced for later
        ([own([row(A, next_attempt=at(30)), row(B, next_attempt=at(20))])], [], False, 21),
        ([own([row(A, next_attempt=at(2))])], [], False, 6),
        ([own([row(A, next_attempt=at(-9))])], [], False, 6),
        ([own([row(A, next_attempt="soon")])], [], False, 6),
        # a refused cohort tries again a day after the last word
        ([own([row(A, updated=at(-20))], "CampaignRequestFailed")], [], False, 4),
        ([own([row(A, updated=at(-24))], "CampaignRequestFailed")], [], False, 24),
        # deadlines that are ahead
        ([], [3, 2, None], False, 2),
        ([], [-1, 0, 8], False, 8),
        ([], [-1, 0], False, 24),
        ([RUNNING], [9], False, 6),
        ([RUNNING], [4], False, 4),
        # the first of all campaigns
        ([own([row(B)], "CampaignRequestQueued", start=3, batch=2), RUNNING], [], False, 6),
    ],
)
def test_next_look(
    campaigns: Sequence[OwnCampaign],
    deadlines: Sequence[float | None],
    expected: float,
    *,
    due: bool,
) -> None:
    assert hours_to_check(campaigns, deadlines=deadlines, due=due) == pytest.approx(expected)


def test_a_rollout_that_is_over_needs_no_look() -> None:
    assert hours_to_check([RUNNING], deadlines=[4], over=True, due=True) is None


def test_a_look_is_never_now() -> None:
    assert (hours_to_check([RUNNING], deadlines=[0]) or 0) > 0
