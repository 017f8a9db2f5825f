# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout whose devices a reverse rollout has taken back."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    foreign_campaign,
    versions,
)

StartAccount = Callable[..., Account]

ONE = {"alpha": 12}
BACK = [{"make": MAKER, "model": "alpha", "version": "A"}]


def test_the_rollout_that_was_reversed_says_by_whom_and_what_to_do(
    account_with: StartAccount,
) -> None:
    account = account_with(fleet=fleet(ONE, packages=[package("alpha", "B", "A")]))
    forth = Rollout(account, ONE)
    assert forth.run()["phase"] == "completed"
    account.sim.advance(hours=24)
    assert "took" not in forth.decide()["msg"]
    back = Rollout(account, ONE, name="meters-back", target=BACK)
    assert back.run()["phase"] == "completed"
    assert versions(account.sim) == {"A": 12}

    account.sim.advance(hours=48)
    decision = forth.run_once()
    assert (decision["phase"], decision["would_change"]) == ("halted", False)
    assert decision["why"].startswith(
        "rollout meters-back took 12 devices to version A after this rollout: end the schedule of"
        " this rollout; "
    )
    assert back.decide()["phase"] == "completed"


def test_a_campaign_of_someone_else_is_named_too(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(ONE, packages=[package("alpha", "B", "A")]))
    forth = Rollout(account, ONE)
    forth.run()
    (first, *_others) = imeis(ONE)
    foreign_campaign(account, [first], start="2026-03-20", end="2026-03-22", package="alpha-B-A")
    account.sim.set_now("2026-03-25T08:00:00Z")
    decision = forth.decide_afresh()
    assert "campaign night-shift took 1 device to version A" in decision["why"]
