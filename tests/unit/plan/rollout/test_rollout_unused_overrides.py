# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of a declaration that would do nothing, and that a person should hear of."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.unused_overrides import (
    check_unused_overrides,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    cohort,
    decided,
    device,
    imeis,
    named,
    own,
    row,
    seen,
    spec,
    wave,
)

IDS = imeis(6)
SIGNED = {"up_to": 3, "by": "ann", "reason": "known"}
BEGUN = own([row(imei) for imei in IDS[:3]])


def check(accept: dict[str, Any], wanted: Wanted = Wanted.RUNNING, *, begun: bool = True) -> None:
    wish = spec(IDS, waves=[wave("pilot", count=3), wave("rest")], accept=[{**SIGNED, **accept}])
    what = seen(map(device, IDS), [BEGUN] if begun else [])
    check_unused_overrides(decided(wish, what), wanted)


@pytest.mark.parametrize(
    ("accept", "why"),
    [
        ({"wave": "rest"}, "accept[0].wave = 'rest': the wave has not begun"),
        ({"wave": "pilot", "cohort": "abcdef"}, f"no cohort has this code; known: {cohort().code}"),
    ],
)
def test_accepts_that_nothing_waits_for(accept: dict[str, Any], why: str) -> None:
    with pytest.raises(PlanRefused) as caught:
        check(accept)
    assert why in str(caught.value)
    check(accept, Wanted.HALTED)


def test_a_target_that_has_changed_makes_no_mistake_of_what_was_printed() -> None:
    """The line was for two models, and one has another target since: the wave begins anew."""
    ours = named(1).generation
    check({"wave": "rest", "generations": [ours, "0ff1ce"]})
    check({"wave": "rest", "generations": ["0ff1ce"]})
    with pytest.raises(PlanRefused):
        check({"wave": "rest", "generations": [ours]})


def test_brakes_come_first() -> None:
    """The wave has failed, so what runs is braked; the next run reports the unused override."""
    rows = [bad(imei) for imei in IDS[:3]]
    wish = spec(
        IDS, waves=[wave("pilot", count=3), wave("rest")], accept=[{**SIGNED, "wave": "rest"}]
    )
    braked = decided(wish, seen(map(device, IDS), [own(rows, end=9)]))
    assert braked.stops.shorten
    check_unused_overrides(braked, Wanted.RUNNING)
    over = decided(wish, seen(map(device, IDS), [own(rows, "CampaignEnded")]))
    with pytest.raises(PlanRefused):
        check_unused_overrides(over, Wanted.RUNNING)


def test_accepts_of_what_is_there() -> None:
    check({"wave": "pilot"})
    check({"wave": "pilot", "cohort": cohort().code})
    with pytest.raises(PlanRefused):
        check({"wave": "pilot"}, begun=False)
