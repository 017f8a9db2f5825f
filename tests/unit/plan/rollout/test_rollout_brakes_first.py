# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops are planned before anything that can be refused: what does not fit blocks only itself.

Places where a declaration can turn out not to fit once campaigns exist: a target to which no
package leads, a calendar without a day or an hour for a zone, and waves that are declared no more.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    device,
    imeis,
    own,
    package,
    row,
    seen,
    spec,
    target,
    wave,
)

ALPHA, BETA = imeis(20), imeis(20, start=20)
GROUPED = [{"imei": one, "groups": ["alpha"]} for one in ALPHA]
ZONED = [{"imei": one, "timezone": "Australia/Lord_Howe"} for one in BETA]
WAVES = [wave("pilot", group="alpha"), wave()]
RUNNING = own([*(bad(one) for one in ALPHA[:8]), *map(row, ALPHA[8:])], start=-2, end=9)
QUEUED = own([row(one) for one in ALPHA], "CampaignRequestQueued", start=1, end=5)
CATALOG = [package(), package("M2")]
# How the rest of the declaration, or of the account, does not fit.
UNFIT: dict[str, dict[str, Any]] = {
    "no-package-leads-there": {"target": [target(), target("M2", "mistyped")]},
    "a-package-is-withdrawn": {"catalog": [package()]},
    "a-freeze-without-a-day": {
        "calendar": {"freeze": [{"from": "2026-04-01", "to": "2027-12-31", "why": "closed"}]}
    },
    "no-hour-in-a-zone": {
        "calendar": {"windows": ["22:00-23:00"], "timezone": "Australia/Lord_Howe"}
    },
    "waves-declared-no-more": {"waves": [wave()], "numbers": 2},
}


def decided(
    campaign: OwnCampaign, *, wanted: Wanted, waves: Any = WAVES, numbers: int = 1, **members: Any
) -> Decision:
    """A decision on two models, of which the campaign is the first one's."""
    if numbers != 1:
        name = campaign.name.__class__(
            **{
                **{slot: getattr(campaign.name, slot) for slot in campaign.name.__slots__},
                "wave": numbers,
            }
        )
        campaign = campaign.__class__(name, campaign.campaign, campaign.rows)
    catalog = members.pop("catalog", CATALOG)
    known = {"target": [target(), target("M2")], "waves": waves, **members}
    devices = [*map(device, ALPHA), *(device(one, model="M2") for one in BETA)]
    return decide(
        spec([*GROUPED, *ZONED], **known), seen(devices, [campaign], catalog=catalog), wanted=wanted
    )


def stops(decision: Decision) -> dict[str, Any]:
    """What is stopped, without the reasons."""
    return {
        "cancel": [own.campaign.id for own, _why in decision.stops.cancel],
        "shorten": [(own.campaign.id, day) for own, day, _why in decision.stops.shorten],
        "unstoppable": [own.campaign.id for own in decision.stops.unstoppable],
    }


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize(
    ("campaign", "wanted"),
    [
        pytest.param(RUNNING, Wanted.HALTED, id="halted-by-request"),
        pytest.param(QUEUED, Wanted.HALTED, id="cancelled-by-request"),
        pytest.param(RUNNING, Wanted.RUNNING, id="bad-firmware"),
        pytest.param(RUNNING, Wanted.PAUSED, id="bad-firmware-while-paused"),
    ],
)
def test_what_does_not_fit_keeps_no_stop_back(
    campaign: OwnCampaign, wanted: Wanted, unfit: dict[str, Any]
) -> None:
    sound = decided(campaign, wanted=wanted)
    assert sound.stops
    found = decided(campaign, wanted=wanted, **unfit)
    assert stops(found) == stops(sound)


@pytest.mark.parametrize("name", ["no-package-leads-there", "waves-declared-no-more"])
def test_what_does_not_fit_is_said(name: str) -> None:
    found = decided(RUNNING, wanted=Wanted.HALTED, **UNFIT[name])
    assert found.phase.value == "halted"
    said = {
        "no-package-leads-there": "target[1].version = 'mistyped'",
        "waves-declared-no-more": "wave 2",
    }
    assert any(said[name] in blocker for blocker in found.blockers)


def test_a_zone_without_an_hour_blocks_its_own_cohort_only() -> None:
    """In April no whole UTC hour lies in this window on Lord Howe Island."""
    calendar = {"windows": ["22:00-23:00"], "timezone": "UTC"}
    wish = spec(
        [*ALPHA, *ZONED],
        waves=[wave(count=40), wave("rest")],
        calendar=calendar,
        sweep=False,
        target=[target(), target("M2")],
    )
    devices = [*map(device, ALPHA), *(device(one, model="M2") for one in BETA)]
    with pytest.raises(PlanRefused):
        decide(wish, seen(devices, catalog=CATALOG))
    ended = own([bad(ALPHA[0])], "CampaignEnded", start=-9, end=-8)
    found = decide(wish, seen(devices, [ended], catalog=CATALOG))
    assert {planned.package.name for planned in found.create} <= {"M1-A-B"}
    assert any("Australia/Lord_Howe" in blocker for blocker in found.blockers)


def test_nothing_exists_yet() -> None:
    """There is nothing to stop, and an error keeps the mistake from being overlooked."""
    wish = spec([*ALPHA, *BETA], target=[target(), target("M2", "mistyped")])
    what = seen([*map(device, ALPHA), *(device(one, model="M2") for one in BETA)], catalog=CATALOG)
    for wanted in (Wanted.RUNNING, Wanted.PLANNED):
        with pytest.raises(PlanRefused, match="mistyped"):
            decide(wish, what, wanted=wanted)
    assert decide(wish, what, wanted=Wanted.HALTED).blockers
