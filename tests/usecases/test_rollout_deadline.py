# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout with a deadline: what its forecast reads, and that no decision depends on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import report_lines
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imei,
    write_campaigns,
)

StartAccount = Callable[..., Account]

MODELS = {"alpha": 40}
OTHERS = 10
REPORT = "v3ListCampaignDevices"


@pytest.fixture
def account(account_with: StartAccount) -> Account:
    """Others have upgraded ten devices of another model, and their campaign is over."""
    account = account_with(fleet=fleet({**MODELS, "of-others": OTHERS}))
    write_campaigns(
        account,
        [
            {
                "name": "of-others",
                "package": "of-others-A-B",
                "from_version": "A",
                "to_version": "B",
                "start_date": "2026-03-03",
                "end_date": "2026-03-06",
                "devices": [imei(1, number) for number in range(OTHERS)],
            }
        ],
    )
    account.sim.advance(hours=96)
    account.sim.clear_journal()
    return account


def reports(account: Account) -> int:
    """Device reports of campaigns that were read."""
    return sum(call["operation"] == REPORT for call in account.sim.journal())


def without_forecast(decision: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in decision.items() if key != "forecast"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_before_there_are_results_it_is_based_on_earlier_campaigns(account: Account) -> None:
    rollout = Rollout(account, MODELS, deadline="2026-04-30")
    decision = rollout.decide(state="planned")
    assert reports(account) == 1
    (basis,) = decision["forecast"]["based_on"]
    assert (basis["source"], basis["devices"], basis["since"]) == ("account", OTHERS, "2026-03-03")
    assert decision["forecast"]["past_deadline"] == ""
    names = [wave["name"] for wave in decision["forecast"]["waves"]]
    assert names == ["pilot", "broad", "all"]


def test_no_decision_depends_on_it_and_without_a_deadline_it_costs_nothing(
    account: Account,
) -> None:
    plain = Rollout(account, MODELS).decide()
    assert plain["forecast"] is None
    assert reports(account) == 0
    late = Rollout(account, MODELS, deadline="2026-03-01").decide()
    assert late["forecast"]["past_deadline"] == "p50"
    assert without_forecast(late) == without_forecast(plain)
    asked = Rollout(account, MODELS).decide(forecast=True)
    assert asked["forecast"]["deadline"] is None
    assert asked["forecast"]["ends"] == late["forecast"]["ends"]


def test_a_report_that_cannot_be_read_changes_nothing_but_the_forecast(account: Account) -> None:
    plain = Rollout(account, MODELS).decide()
    account.sim.faults([{"operation": REPORT, "fault": "xml_403", "times": 99}])
    found = Rollout(account, MODELS, deadline="2026-04-30").decide()
    assert without_forecast(found) == without_forecast(plain)
    assert [basis["source"] for basis in found["forecast"]["based_on"]] == ["assumed"]


def test_the_end_is_inside_the_forecast_and_learned_from_the_first_wave(account: Account) -> None:
    rollout = Rollout(account, MODELS, deadline="2026-04-30")
    while True:
        decision = rollout.run_once()
        if "pilot" in decision["passed"]:
            break
        rollout.wait(decision, least=12)
    found = decision["forecast"]
    assert {basis["source"] for basis in found["based_on"]} == {"package"}
    account.sim.clear_journal()
    again = rollout.decide()
    assert again["forecast"]["based_on"][0]["devices"] >= 15
    own = {campaign["campaign_id"] for campaign in again["campaigns"]}
    assert reports(account) == len(own), "those of others are not read any more"
    assert any(line.startswith("forecast: over ") for line in report_lines(again))
    while decision["phase"] not in ("completed", "completed_with_exceptions"):
        rollout.wait(decision)
        decision = rollout.run_once()
    ended = moment(decision["now"])
    assert moment(found["ends"]["p10"]) <= ended <= moment(found["ends"]["p90"])
    assert decision["forecast"]["over"]
