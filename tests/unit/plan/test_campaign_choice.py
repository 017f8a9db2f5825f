# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which campaign a declaration means, and what has to be read before it can be planned."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import Campaign
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    CampaignSpec,
    choose_campaign,
    may_be_unlisted,
    needs_catalog,
    needs_creation,
    needs_device_report,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DevicesMode,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.unit.plan.builders import (
    ONE,
    bare,
    campaign,
    day,
    spec,
)

LIVE = campaign("CampaignScheduled", id="live")
ODD = campaign("CampaignPaused", id="odd")
ENDED = campaign("CampaignEnded", id="ended", start=day(-9), end=day(-1))
EARLIER = campaign("CampaignEnded", id="earlier", start=day(-30), end=day(-20))
UNDATED = campaign("CampaignFailed", id="undated", start=None, end=None)


@pytest.mark.parametrize(
    ("matches", "chosen"),
    [
        pytest.param([], None, id="none"),
        pytest.param([LIVE], LIVE, id="live"),
        pytest.param([ENDED, LIVE, EARLIER], LIVE, id="live-before-ended"),
        pytest.param([ODD, ENDED], ODD, id="unknown-word-is-live"),
        pytest.param([EARLIER, ENDED], ENDED, id="ended-last"),
        pytest.param([ENDED, EARLIER], ENDED, id="ended-last-in-any-order"),
        pytest.param([UNDATED, EARLIER], EARLIER, id="undated-comes-last"),
        pytest.param([UNDATED], UNDATED, id="only-undated"),
    ],
)
def test_choice(matches: list[Campaign], chosen: Campaign | None) -> None:
    assert choose_campaign(bare(), matches) is chosen


def test_more_than_one_live_match_lists_them() -> None:
    with pytest.raises(PlanRefused) as caught:
        choose_campaign(bare(), [LIVE, ENDED, ODD])
    message = str(caught.value)
    assert "2 live campaigns" in message
    assert "live (CampaignScheduled" in message
    assert "odd (CampaignPaused" in message
    assert "ended" not in message
    assert "campaign_id" in caught.value.hint


def test_an_id_that_belongs_to_another_name_is_refused() -> None:
    with pytest.raises(PlanRefused, match="has the name 'spring', not 'autumn'"):
        choose_campaign(bare(campaign_id="live", name="autumn"), [LIVE])


def test_an_id_and_the_name_that_belongs_to_it_agree() -> None:
    assert choose_campaign(bare(campaign_id="live"), [LIVE]) is LIVE
    assert choose_campaign(bare(campaign_id="live", name=None), [LIVE]) is LIVE


@pytest.mark.parametrize(
    ("declared", "target", "needed"),
    [
        pytest.param(spec(), None, True, id="nothing-there"),
        pytest.param(spec(), LIVE, False, id="live"),
        pytest.param(spec(), ENDED, False, id="ended"),
        pytest.param(spec(recreate=True), ENDED, True, id="ended-recreate"),
        pytest.param(spec(recreate=True), LIVE, False, id="live-recreate"),
        pytest.param(spec(present=False), None, False, id="absent"),
        pytest.param(spec(campaign_id="c-1"), None, False, id="by-id"),
        pytest.param(spec(campaign_id="c-1", recreate=True), ENDED, False, id="by-id-recreate"),
        pytest.param(spec(devices_mode=DevicesMode.REMOVE), None, False, id="remove"),
    ],
)
def test_when_a_campaign_has_to_be_created(
    declared: CampaignSpec,
    target: Campaign | None,
    needed: bool,  # noqa: FBT001
) -> None:
    assert needs_creation(declared, target) is needed


@pytest.mark.parametrize(
    ("declared", "target", "hidden"),
    [
        pytest.param(spec(), None, True, id="nothing-there"),
        pytest.param(spec(devices_mode=DevicesMode.REMOVE), None, True, id="remove"),
        pytest.param(spec(present=False), None, True, id="absent"),
        pytest.param(spec(present=False), ENDED, True, id="absent-ended"),
        pytest.param(spec(recreate=True), ENDED, True, id="ended-recreate"),
        pytest.param(spec(), ENDED, False, id="ended"),
        pytest.param(spec(), LIVE, False, id="live"),
        pytest.param(spec(present=False), LIVE, False, id="absent-live"),
        pytest.param(spec(campaign_id="c-1"), None, False, id="by-id"),
    ],
)
def test_when_a_live_campaign_may_be_in_no_list(
    declared: CampaignSpec,
    target: Campaign | None,
    hidden: bool,  # noqa: FBT001
) -> None:
    assert may_be_unlisted(declared, target) is hidden


@pytest.mark.parametrize(
    ("declared", "needed"),
    [
        pytest.param(spec(), False, id="versions-declared"),
        pytest.param(spec(from_version=None), True, id="no-from"),
        pytest.param(spec(to_version=None), True, id="no-to"),
        pytest.param(bare(), False, id="no-package"),
    ],
)
def test_when_versions_have_to_be_looked_up(declared: CampaignSpec, needed: bool) -> None:  # noqa: FBT001
    assert needs_catalog(declared) is needed


@pytest.mark.parametrize(
    ("declared", "target", "needed"),
    [
        pytest.param(spec(), LIVE, True, id="live"),
        pytest.param(spec(), ENDED, True, id="ended"),
        pytest.param(spec(devices_mode=DevicesMode.REMOVE), ENDED, False, id="ended-removal"),
        pytest.param(spec(), campaign("CampaignAborted"), False, id="aborted"),
        pytest.param(spec(), None, False, id="nothing-there"),
        pytest.param(bare(), LIVE, False, id="no-devices-declared"),
        pytest.param(bare(devices=(ONE,), present=False), LIVE, False, id="absent"),
    ],
)
def test_when_the_devices_of_a_campaign_have_to_be_read(
    declared: CampaignSpec,
    target: Campaign | None,
    needed: bool,  # noqa: FBT001
) -> None:
    assert needs_device_report(declared, target) is needed
