# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``limits.max_exposure`` and the exposure that is told, against what the service can touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imei,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempts,
    own,
    versions,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_watch import (
    assert_in_one_campaign,
    run_watched,
    touchable,
    touched_since,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

TWO = {"alpha": 24, "beta": 8}
# Many fail once, and are attempted again within their campaign.
MIXED: Row = {
    "default": {"hours_to_update": [1, 12]},
    "packages": {"alpha-A-B": {"success_rate": 0.7, "retry_rate": 1.0, "persistent": False}},
}
TOLERANT: Row = {"soak_hours": 0, "approval": False, "max_failure_rate": 0.5, "max_failures": 40}


@pytest.mark.parametrize("most", first_in_test([15, 8]))
def test_never_more_devices_can_change_than_the_limit_says(
    account_with: StartAccount, most: int
) -> None:
    """Over a whole run, by what the service holds; the rollout waits for room and completes."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, limits={"max_exposure": most})
    found = []

    def look(decision: Row) -> None:
        found.append(touchable(account.sim))
        assert found[-1] <= decision["exposure"] <= most

    decision = run_watched(rollout, look)
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 32)
    assert versions(account.sim) == {"B": 32}
    assert max(found) == most, "what the limit leaves is used"
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


@pytest.mark.soak
def test_the_limit_counts_also_what_is_tried_again_and_what_comes_next(
    account_with: StartAccount,
) -> None:
    """Retries of failed devices, and second packages."""
    retried = {imei(0, number): "failed" for number in range(0, 24, 8)}
    account = account_with(
        fleet=fleet(TWO, packages=[package("alpha", "B", "C")], outcomes={"devices": retried})
    )
    rollout = Rollout(account, TWO, limits={"max_exposure": 8}, retry=1, gate=TOLERANT)
    rollout.spec["target"][0]["version"] = "C"
    found = []

    def look(decision: Row) -> None:
        assert_in_one_campaign(account.sim)
        found.append(touchable(account.sim))
        assert found[-1] <= decision["exposure"] <= 8

    decision = run_watched(rollout, look)
    assert decision["phase"] == "completed_with_exceptions"
    assert decision["counts"]["failed"] == 3
    assert versions(account.sim) == {"A": 3, "B": 8, "C": 21}
    assert max(found) == 8
    assert any(".a2." in campaign["campaignName"] for campaign in own(account.sim))


@pytest.mark.parametrize("most", first_in_test([None, 12]))
def test_the_exposure_told_is_never_below_what_is_touched_afterwards(
    account_with: StartAccount, most: int | None
) -> None:
    """At every run: devices that its campaigns attempt from then on, until the end of the run."""
    account = account_with(fleet=fleet(TWO, outcomes=MIXED))
    limits = {"max_exposure": most} if most else {}
    rollout = Rollout(account, TWO, limits=limits, gate=TOLERANT)
    exposures = []

    def look(decision: Row) -> None:
        campaigns = {campaign["id"] for campaign in own(account.sim)}
        exposures.append((account.sim.now, decision["exposure"], campaigns))

    decision = run_watched(rollout, look)
    assert decision["phase"] in ("completed", "completed_with_exceptions")
    touched = [touched_since(account.sim, now, campaigns) for now, _said, campaigns in exposures]
    assert all(count <= said for count, (_now, said, _ids) in zip(touched, exposures, strict=True))
    assert touched[0] == exposures[0][1] == (most or 20), (
        "and it is not above either where all is ahead"
    )
    assert max(attempts(account.sim).values()) > 1, "some were attempted more than once"
    assert exposures[-1][1] == 0
