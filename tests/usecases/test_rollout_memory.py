# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout remembers: a journal finds campaigns that nothing shows, and tells the news."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    OVER,
    Rollout,
    fleet,
    imeis,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    assert_no_duplicates,
    attempts,
    created,
    foreign_campaign,
    hide_campaigns,
    own,
    turn,
    versions,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    running,
    software,
    software_fleet,
    writes,
)

StartAccount = Callable[..., Account]
Row = dict[str, Any]

TWO = {"alpha": 18, "beta": 12}
WAVES: list[Row] = [{"name": "pilot", "per_package": 5}, {"name": "all", "rest": True}]
# In PreScheduled from two hours after the creation to the first day, and in no history until then.
UNSEEN = {"prescheduled": "hidden", "scheduled_entry": "at_start", "device_history": "finished"}
NOBODY_KNOWS = "00000000-0000-4000-8000-000000000000"
# What depends on the campaigns that are seen, and not on when.
DECIDED = ("phase", "why", "would_change", "actions", "digest", "exposure", "counts", "campaigns")


class Kept:
    """A journal that is written as the role does."""

    def __init__(self, rollout: Rollout, path: Path) -> None:
        self.rollout = rollout
        self.path = path
        self._known: set[str] = set()

    def run_once(self, **params: Any) -> Row:
        """One run that reads the journal, and adds a line to it."""
        decision = self.rollout.run_once(journal=str(self.path), **params)
        ids = [
            campaign["id"]
            for campaign in own(self.rollout.sim)
            if campaign["id"] not in self._known
        ]
        self._known.update(ids)
        write_line(self.path, phase=decision["phase"], passed=decision["passed"], created=ids)
        return decision

    def run(self, *, hours: float) -> Row:
        """Run at a steady pace until the rollout is over."""
        for _run in range(100):
            decision = self.run_once()
            if decision["phase"] in OVER:
                return decision
            self.rollout.sim.advance(hours=hours)
        raise AssertionError(f"not over: {decision['msg']}")


def write_line(path: Path, *, rollout: str = "meters", **members: Any) -> None:
    """Add one line to a journal."""
    with path.open("a", encoding="utf-8") as journal:
        journal.write(json.dumps({"rollout": rollout, **members}) + "\n")


def told(decision: Row) -> list[str]:
    """The events of a run in short: what, and of which wave or to which phase."""
    return [f"{event['event']} {event['wave'] or event['phase']}" for event in decision["events"]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


# -- campaigns -----------------------------------------------------------------------------------


def test_a_campaign_that_nothing_shows_is_found_by_its_id(
    account_with: StartAccount, path: Path
) -> None:
    """Without the journal, the same run at the same time creates it once more."""
    account = account_with(fleet=fleet(TWO), switches=UNSEEN)
    rollout = Rollout(account, TWO, waves=WAVES)
    Kept(rollout, path).run_once()
    account.sim.advance(hours=20)
    hidden = {campaign["id"] for campaign in own(account.sim)}
    assert {campaign["status"] for campaign in own(account.sim)} == {"CampaignPreScheduled"}
    blind = rollout.decide()
    assert (blind["campaigns"], len(blind["actions"]["create"])) == ([], 2)
    account.sim.clear_journal()
    decision = rollout.decide(journal=str(path))
    assert {campaign["campaign_id"] for campaign in decision["campaigns"]} == hidden
    assert decision["actions"]["create"] == []
    assert (decision["phase"], decision["exposure"]) == ("running", 10)
    assert account.calls("v3GetCampaign") == 2


@pytest.mark.parametrize("lead_hours", [12, 60])
def test_with_a_journal_nothing_is_ever_created_twice(
    account_with: StartAccount, path: Path, lead_hours: int
) -> None:
    account = account_with(fleet=fleet(TWO), switches=UNSEEN)
    rollout = Rollout(account, TWO, waves=WAVES, calendar={"lead_hours": lead_hours})
    assert Kept(rollout, path).run(hours=24)["phase"] == "completed"
    assert created(account.sim) == len(own(account.sim)) == 4
    assert versions(account.sim) == {"B": 30}
    assert set(attempts(account.sim).values()) == {1}
    assert_no_duplicates(account.sim)


def test_a_journal_of_software(account_with: StartAccount, path: Path) -> None:
    account = account_with(fleet=software_fleet(), switches={"device_history": "finished"})
    hide_campaigns(account.sim, hours=40)
    assert Kept(software(account), path).run(hours=8)["phase"] == "completed"
    assert writes(account) == {"v2ScheduleCampaign": 3}
    assert running(account) == {"2.0": 40}


def test_a_campaign_that_the_reports_have_lost_stays_in_the_picture(
    account_with: StartAccount, path: Path
) -> None:
    """It is over and has left the reports; its devices are still claimed, and its wave passed."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    kept = Kept(rollout, path)
    kept.run(hours=24)
    vars(account.sim._service.campaigns)["reported"] = lambda *_args, **_more: []
    decision = rollout.decide(journal=str(path))
    assert (decision["phase"], decision["counts"]["verified"]) == ("completed", 30)
    blind = rollout.decide()
    assert (blind["phase"], blind["counts"]["current"]) == ("nothing_to_do", 30)


@pytest.mark.parametrize("which", ["none", "some", "gone", "junk", "foreign", "empty"])
def test_a_journal_never_takes_anything_away(
    account_with: StartAccount, path: Path, which: str
) -> None:
    """Whatever it says, what reports show is judged as it is without a journal."""
    account = account_with(fleet=fleet({**TWO, "gamma": 2}))
    other = foreign_campaign(account, imeis(TWO)[:2], start="2026-03-04", end="2026-03-09")
    account.sim.advance(hours=1)
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=30)
    rollout.run_once()
    ids = {
        "none": [],
        "some": [own(account.sim)[0]["id"]],
        "gone": [NOBODY_KNOWS],
        "junk": ["c1", 7, None, ["c2"], "../../v3/campaigns"],
        "empty": ["", ".", ".."],
        "foreign": [other],
    }[which]
    write_line(path, phase="halted", passed=["pilot", "all"], created=ids)
    with_journal = rollout.decide(journal=str(path))
    without = rollout.decide()
    assert {key: with_journal[key] for key in DECIDED} == {key: without[key] for key in DECIDED}
    assert len(without["campaigns"]) == len(own(account.sim)) > 0
    assert without["counts"]["busy"] == 2


def test_a_foreign_campaign_of_a_journal_adds_its_devices_to_the_busy(
    account_with: StartAccount, path: Path
) -> None:
    """Nothing else shows it yet; a journal may add to the picture whatever it is."""
    account = account_with(fleet=fleet(TWO), switches=UNSEEN)
    other = foreign_campaign(account, imeis(TWO)[:2], start="2026-03-05", end="2026-03-09")
    account.sim.advance(hours=4)
    rollout = Rollout(account, TWO, waves=WAVES)
    assert "busy" not in rollout.decide()["counts"]
    write_line(path, created=[other])
    assert rollout.decide(journal=str(path))["counts"]["busy"] == 2


# -- journals as they are found ------------------------------------------------------------------


def test_bad_lines_are_told_with_their_numbers(account_with: StartAccount, path: Path) -> None:
    account = account_with(fleet=fleet(TWO), switches=UNSEEN)
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=20)
    torn = '{"rollout": "meters", "crea\n\n["no", "object"]\n'
    path.write_text(torn, encoding="utf-8")
    write_line(path, phase="planned", created=[campaign["id"] for campaign in own(account.sim)])
    with path.open("a", encoding="utf-8") as file:
        file.write(torn)
    decision = rollout.decide(journal=str(path))
    assert decision["actions"]["create"] == []
    (warning,) = account.warnings
    assert "ignored 2 lines without a JSON object (5, 7)" in warning
    assert "you can delete the line" in warning
    assert str(path) in warning
    account.warnings.clear()
    write_line(path, phase="running", created=[])
    rollout.decide(journal=str(path))
    assert account.warnings == [], "the line of the run that has reported it follows"


def test_no_more_than_five_bad_lines_are_named(account_with: StartAccount, path: Path) -> None:
    account = account_with(fleet=fleet(TWO))
    path.write_text("no json\n" * 1000, encoding="utf-8")
    Rollout(account, TWO, waves=WAVES).decide(journal=str(path))
    (warning,) = account.warnings
    assert "ignored 1000 lines without a JSON object (1, 2, 3, 4, 5)" in warning


def test_lines_of_other_rollouts_say_nothing_of_this_one(
    account_with: StartAccount, path: Path
) -> None:
    account = account_with(fleet=fleet(TWO), switches=UNSEEN)
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=20)
    ids = [campaign["id"] for campaign in own(account.sim)]
    write_line(path, rollout="trackers", phase="planned", created=ids)
    account.sim.clear_journal()
    decision = rollout.decide(journal=str(path))
    assert (decision["campaigns"], account.calls("v3GetCampaign")) == ([], 0)
    assert {event["before"] for event in decision["events"]} == {""}


def test_a_journal_that_is_not_there_yet_is_empty(account_with: StartAccount, path: Path) -> None:
    account = account_with(fleet=fleet(TWO))
    decision = Rollout(account, TWO, waves=WAVES).decide(journal=str(path))
    assert decision["phase"] == "planned"
    assert account.warnings == []
    assert not path.exists(), "the brain reads it, and the hands write it"


def test_a_journal_that_cannot_be_read_stops_before_any_call(
    account_with: StartAccount, tmp_path: Path
) -> None:
    account = account_with(fleet=fleet(TWO))
    with pytest.raises(InvalidValue, match=r"journal.*cannot be read: Is a directory"):
        Rollout(account, TWO, waves=WAVES).decide(journal=str(tmp_path))
    assert account.sim.journal() == []


# -- events --------------------------------------------------------------------------------------


WHOLE_RUN = [
    "before_wave pilot",
    "phase_change planned",
    "phase_change running",
    "after_wave pilot",
    "before_wave all",
    "after_wave all",
    "phase_change completed",
]


@pytest.mark.soak
def test_a_whole_run_tells_every_moment_once(account_with: StartAccount, path: Path) -> None:
    account = account_with(fleet=fleet(TWO))
    kept = Kept(Rollout(account, TWO, waves=WAVES), path)
    found: list[str] = []
    for _run in range(24):
        decision = kept.run_once()
        found += told(decision)
        account.sim.advance(hours=6)
    assert decision["phase"] == "completed"
    assert found == WHOLE_RUN


def test_a_workflow_remembers_without_a_journal(account_with: StartAccount) -> None:
    """What an earlier job of a workflow has told is as good."""
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    found: list[str] = []
    last: Row = {}
    for _run in range(24):
        decision = rollout.run_once(last_run=last)
        found += told(decision)
        last = {key: decision[key] for key in ("rollout", "phase", "passed", "digest")}
        account.sim.advance(hours=6)
    assert found == WHOLE_RUN


def test_a_journal_comes_before_what_a_workflow_says(
    account_with: StartAccount, path: Path
) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    workflow: Mapping[str, Any] = {"phase": "planned", "passed": []}
    write_line(path, phase="paused", passed=[])
    assert {event["before"] for event in rollout.decide(last_run=workflow)["events"]} == {"planned"}
    decision = rollout.decide(last_run=workflow, journal=str(path))
    assert {event["before"] for event in decision["events"]} == {"paused"}


def test_a_halt_is_told_once_and_with_the_phase_before(
    account_with: StartAccount, path: Path
) -> None:
    account = account_with(fleet=fleet(TWO))
    turn(account.sim, default={"success_rate": 0})
    kept = Kept(Rollout(account, TWO, waves=WAVES), path)
    kept.run_once()
    account.sim.advance(hours=20)
    kept.run_once()
    account.sim.set_now("2026-03-03T07:00:00Z")
    assert kept.run_once()["events"] == [
        {"event": "halt", "wave": "", "cohort": "", "phase": "halted", "before": "running"},
        {"event": "phase_change", "wave": "", "cohort": "", "phase": "halted", "before": "running"},
    ]
    assert kept.run_once()["events"] == []


def test_what_is_remembered_changes_no_decision(account_with: StartAccount) -> None:
    account = account_with(fleet=fleet(TWO))
    rollout = Rollout(account, TWO, waves=WAVES)
    rollout.run_once()
    account.sim.advance(hours=20)
    plain = rollout.decide()
    told_much = rollout.decide(last_run={"phase": "completed", "passed": ["pilot", "all"]})
    assert {key: plain[key] for key in DECIDED} == {key: told_much[key] for key in DECIDED}
