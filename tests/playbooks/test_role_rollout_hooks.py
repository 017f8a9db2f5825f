# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with a rollout: its journal, task files at events, and the way back.

Relative paths start where the playbook was started: ``rollout_journal``, ``rollout_hooks``,
``report_path``, ``reverse_path``.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import FEW_LINES
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.parts import Plays, part, run_parts
from ansible_collections.thingspace.fota.tests.playbooks.receiver import receiving
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRun, PlaybookRunner
from ansible_collections.thingspace.fota.tests.playbooks.test_role_rollout import others_than
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    Rollout,
    fleet,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    licensed,
    refuse_licenses,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_software import (
    DEVICES,
    software_fleet,
)

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 12}
HOOK = """
- name: Remember the event
  ansible.builtin.debug:
    msg: >-
      {{ rollout_event.event }} {{ rollout_event.wave }} {{ rollout_event.before }}
      {{ rollout_event.phase }} {{ rollout_decision.rollout }}
"""


class Operator:
    """Runs one rollout, every run a process of its own, in a folder with all of its files."""

    def __init__(self, run_playbook: PlaybookRunner, sim: Any) -> None:
        self.run_playbook = run_playbook
        self.sim = sim
        self.folder = run_playbook.folder
        (self.folder / "hooks").mkdir()
        (self.folder / "hooks" / "hook.yml").write_text(HOOK)
        self.variables: dict[str, Any] = {
            "rollout_spec": {
                "name": "meters",
                "target": [{"make": MAKER, "model": "alpha", "version": "B"}],
                "devices": imeis(MODELS),
                **ONE_LOOK_ONE_TRY,
                "waves": [{"name": "pilot", "count": 6}, {"name": "all", "rest": True}],
                "assign_licenses": "before_wave",
            },
            "rollout_imei_check": "off",
            "rollout_journal": "journal.jsonl",
            "rollout_metrics_path": "meters.prom",
            "rollout_hooks": dict.fromkeys(
                ["before_wave", "after_wave", "halt", "phase_change"], "hooks/hook.yml"
            ),
        }

    def run_once(self, *arguments: str, playbook: str = "rollout", **more: Any) -> PlaybookRun:
        return self.run_playbook(
            f"thingspace.fota.{playbook}",
            *arguments,
            variables={**self.variables, **more},
            simulator=self.sim,
        )

    def run_parts(self, *parts: Plays) -> Iterator[PlaybookRun]:
        """Several runs in one process."""
        return run_parts(self.run_playbook, parts, variables=self.variables, simulator=self.sim)

    def events(self) -> list[str]:
        """What the hooks were told in all runs."""
        said = (one for run in self.run_playbook.started for one in run.results())
        hooks = (one.result["msg"] for one in said if one.task.endswith("Remember the event"))
        return [" ".join(words.split()) for words in hooks]

    def journal(self) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()
        ]


@pytest.fixture
def operator(run_playbook: PlaybookRunner, simulator: StartSimulator) -> Any:
    def make(**outcomes: Any) -> Operator:
        data = fleet(
            MODELS,
            outcomes=outcomes,
            packages=[package("alpha", "B", "A")],
            subscription={"purchaseType": "TS-HFOTA-MRC", "licenseCount": 12},
        )
        return Operator(run_playbook, simulator(data, start=START))

    return make


def test_hooks_are_told_once_and_the_journal_keeps_ids(operator: Any) -> None:
    mine = operator()
    runs = mine.run_parts(
        part("rollout", rollout_fail_on="held, halted"),
        part("rollout"),
        part("rollout", report_path="report.json"),
        *[part("rollout")] * 2,
        part("verify", verify_path=["journal.jsonl", "report.json"]),
    )
    first = next(runs).succeeded()
    assert mine.events() == ["before_wave pilot planned meters", "phase_change planned meters"]
    metrics = mine.folder / "meters.prom"
    assert 'rollout_phase{rollout="meters",phase="running"} 1\n' in metrics.read_text()
    assert 'rollout_exposed_devices{rollout="meters"} 6\n' in metrics.read_text()
    assert stat.S_IMODE(metrics.stat().st_mode) == 0o644
    assert licensed(mine.sim) == set(mine.sim.campaigns()[0]["devices"])
    assert "assigned licenses to 6 devices; created 1 campaign" in first.output
    assert mine.journal()[0]["actions"][0] == {"action": "assign", "devices": 6, "result": "ok"}
    ids = {one["id"] for one in mine.sim.campaigns()}
    (line,) = mine.journal()
    assert set(line["created"]) == ids and "failed" not in line

    again = next(runs).succeeded()
    assert again.changed == []
    assert mine.events()[2:] == ["phase_change planned running meters"]
    for run in (first, again):
        mine.sim.set_now(run["Decide the next step"]["next_check_after"])
    seen = len(mine.events())
    mine.sim.advance(hours=48)
    next(runs).succeeded()
    assert mine.events()[seen:] == [
        "after_wave pilot running running meters",
        "before_wave all running running meters",
    ]
    report = json.loads((mine.folder / "report.json").read_text())
    assert (report["phase"], report["exposure"]) == ("running", 6), "as it is after the writes"
    mine.sim.advance(hours=72)
    end = next(runs).succeeded()
    assert end["Decide the next step"]["phase"] == "completed"
    assert "licenses: 12 upgraded devices keep theirs for good" in end.output
    done = mine.events()
    assert done[-2:] == [
        "after_wave all running completed meters",
        "phase_change running completed meters",
    ]
    idle = next(runs).succeeded()
    assert mine.events() == done
    assert others_than(idle["Show the result"]["lines"], idle) <= 25 - FEW_LINES
    assert [line["phase"] for line in mine.journal()] == [
        *("planned", "running", "running", "completed", "completed")
    ]

    # Without the service, and beside a report of one of the runs.
    verified, of_report = next(runs).succeeded()["Print what was verified"]["lines"]
    assert f"{len(mine.journal())} lines whole and in order; the decisions of" in verified
    assert mine.journal()[-1]["chain"]["hash"] in verified
    assert "every decision of the report follows from its numbers" in of_report


def test_a_device_without_a_license_is_left_out_and_the_phase_is_that_after_it(
    operator: Any,
) -> None:
    mine = operator()
    refuse_licenses(mine.sim, imeis(MODELS))
    run = mine.run_once()
    assert run.status == 2 and mine.sim.campaigns() == []
    assert "could not license 6 devices: licenses: 6 devices not changed" in run.output
    assert mine.events() == ["before_wave pilot planned meters", "phase_change held meters"]
    assert mine.journal()[0]["phase"] == "held"
    assert mine.journal()[0]["counts"]["rejected"] == 6


@pytest.mark.parametrize("hidden", [False, pytest.param(True, marks=pytest.mark.matrix)])
def test_a_hook_that_fails_creates_nothing_and_is_in_the_journal(
    operator: Any, *, hidden: bool
) -> None:
    """It is the last message, too. What a task hides with no_log stays hidden."""
    mine = operator()
    task = {"name": "Change board", "ansible.builtin.fail": {"msg": "not today"}, "no_log": hidden}
    (mine.folder / "refuse.yml").write_text(yaml.safe_dump([task]))
    hooks = {"before_wave": "refuse.yml"}
    more = {} if hidden else {"report_path": "failed.json"}
    run = mine.run_once(rollout_hooks=hooks, **more)
    words = "its output is hidden, because the task sets no_log" if hidden else "not today"
    assert run.status == 2
    assert mine.sim.campaigns() == []
    if not hidden:
        assert json.loads((mine.folder / "failed.json").read_text())["phase"] == "planned"
    (line,) = mine.journal()
    assert line["failed"] == {"task": "Change board", "message": words}
    assert line["created"] == []
    last = [result for result in run.results if result.status != "skipped"][-1]
    assert (last.status, last.result["msg"]) == ("failed", f"Change board: {words}")


def test_a_run_fails_if_the_rollout_is_held_only_after_its_writes(operator: Any) -> None:
    """Here, a hook cancels the new campaign, as somebody else may."""
    mine = operator()
    campaign = {
        "campaign_id": "{{ rollout__created.campaigns[0].campaign_id }}",
        "type": "firmware",
        "state": "absent",
    }
    cancel = {"name": "Cancel it", "thingspace.fota.fota_campaign": {"campaigns": [campaign]}}
    (mine.folder / "cancel.yml").write_text(yaml.safe_dump([cancel]))
    run = mine.run_once(rollout_hooks={"phase_change": "cancel.yml"})
    assert run["Show the result"]["phase"] == "held"
    assert [one.task for one in run.failed] == ["Fail if an operator must act"]
    assert run.status == 2


WRONG = {
    "rollout_journal": "hooks/hook.yml/journal.jsonl",
    "rollout_metrics_path": "hooks/hook.yml",
    "report_path": "reports/report.json",
    "rollout_sate": "halted",
    "rollout_fail_on": ["helt"],
}


@pytest.mark.parametrize("check", first_in_test([["--check"], []]), ids=["check", "real"])
def test_what_a_run_could_not_write_or_read_is_refused_before_any_call(
    operator: Any, check: list[str]
) -> None:
    """In check mode, too: the journal, the report, hooks, and misspelled variables."""
    mine = operator()
    starts = (
        "rollout_sate: unknown variable; did you mean rollout_state?",
        "rollout_fail_on: unknown phase helt",
        f"rollout_journal: cannot write {mine.folder}/hooks/hook.yml/journal.jsonl.",
        f"rollout_metrics_path: cannot write {mine.folder}/hooks/hook.yml. Use a file that ends in",
        f"report_path: cannot write {mine.folder}/reports/report.json.",
        "accept is not read here: put it under rollout_spec, or name it rollout_accept",
        "rollout_hooks.halt: hooks/none.yml is not a file.",
        "notify_servicenow_url: set this variable, as a recipe",
        "notify_pagerduty_key: set this variable, as a recipe",
    )
    hooks = {
        "halt": "hooks/none.yml",
        "before_wave": "thingspace.fota.servicenow",
        "phase_change": "thingspace.fota.pagerduty",
    }
    run = mine.run_once(*check, **WRONG, rollout_hooks=hooks, accept=[])
    (failed,) = run.failed
    assert all(start in failed.result["msg"] for start in starts), failed.result["msg"]
    assert mine.sim.journal() == []


def test_a_halt_is_carried_out_before_what_it_cannot_write_is_an_error(operator: Any) -> None:
    mine = operator()
    account = Account(mine.sim, mine.folder / "tokens")
    Rollout(account, MODELS, **mine.variables["rollout_spec"]).run_until("running")
    halt = mine.run_once(playbook="halt", **WRONG)
    assert halt.changed == ["Cancel campaigns that must not start"]
    assert halt.status == 2
    assert {campaign["status"] for campaign in mine.sim.campaigns()} == {"CampaignCancelled"}


PAGE = """
- name: Run several recipes
  ansible.builtin.include_role:
    name: thingspace.fota.notify
    tasks_from: "{{ recipe }}"
  loop: [slack, teams, servicenow]
  loop_control:
    loop_var: recipe
"""
SECRETS = ("T0/B0/hook-secret", "flow-secret", "routing-secret", "password-secret")


def test_a_halt_is_told_once_after_the_brakes(operator: Any) -> None:
    mine = operator(default={"success_rate": 0})
    (mine.folder / "hooks" / "page.yml").write_text(HOOK + PAGE)
    mine.variables["rollout_hooks"] = {
        "before_wave": "thingspace.fota.servicenow",
        "halt": "hooks/page.yml",
        "phase_change": "thingspace.fota.pagerduty",
    }
    with receiving() as receiver:
        mine.variables |= {
            "notify_retry_delay": 0,
            "notify_slack_url": f"{receiver.url}/services/{SECRETS[0]}",
            "notify_teams_url": f"{receiver.url}/workflows/{SECRETS[1]}",
            "notify_pagerduty_url": f"{receiver.url}/v2/enqueue",
            "notify_pagerduty_key": SECRETS[2],
            "notify_servicenow_url": f"{receiver.url}/",
            "notify_servicenow_user": "fota",
            "notify_servicenow_password": SECRETS[3],
            "notify_servicenow_fields": {"assignment_group": "meters"},
        }
        run = part("rollout")
        runs = mine.run_parts(run, part("rollout", rollout_fail_on=[]), run)
        next(runs).succeeded()
        assert [request.body["event_action"] for request in receiver.at("/v2")] == ["resolve"]
        (change,) = receiver.changes
        assert change["short_description"].endswith("rollout meters: wave pilot begins")
        assert change["assignment_group"] == "meters"
        receiver.requests.clear()
        receiver.answers |= {"/workflows": [500], "/v2": [503]}
        mine.sim.advance(hours=48)
        halted = next(runs).succeeded()
        assert mine.events() == ["halt planned halted meters"]
        assert "\nTeams did not take the notification of halt: HTTP 500\n" in halted.output
        asked, answered = receiver.at("/v2")
        assert asked == answered, "after 503, the same event"
        assert (asked.body["routing_key"], asked.body["event_action"]) == (SECRETS[2], "trigger")
        assert asked.body["payload"]["severity"] == "critical"
        (message,) = receiver.at("/services")
        assert message.body["text"].endswith("rollout meters: HALTED")
        (card,) = receiver.at("/workflows")
        assert card.body["attachments"][0]["content"]["type"] == "AdaptiveCard"
        found, note = receiver.at("/api/now/table/change_request")
        assert f"correlation_id={change['correlation_id']}" in unquote(found.path)
        assert (note.method, note.path.rsplit("/", 1)[1]) == ("PATCH", "id0")
        assert note.body.keys() == {"work_notes"} and "HALTED" in note.body["work_notes"]
        assert {found.user, note.user} == {f"fota:{SECRETS[3]}"}
        receiver.requests.clear()
        assert next(runs).status == 2
        assert receiver.requests == [], "it is still halted"
    said = "".join(run.output_file.read_text() for run in mine.run_playbook.started)
    logs = "".join(run.results_log.read_text() for run in mine.run_playbook.started)
    for secret in SECRETS:
        assert secret not in said and secret not in logs


ALONE = """
- name: Use recipes without a rollout
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Run a recipe
      ansible.builtin.include_role:
        name: thingspace.fota.notify
        tasks_from: "{{ recipe }}"
        rolespec_validate: false # as rollout_hooks does
      vars:
        notify_servicenow_token: token-secret
        notify_event: {event: after_wave, wave: pilot, phase: running}
        notify_decision:
          type: software
          phase: running
          rollout: meters
          msg: a {{ '{{' }} 1 / 0 }} wave
          devices: "{{ failed }}"
        notify_slack_url: http://127.0.0.1:9/nothing
        notify_teams_url: http://127.0.0.1:9/nothing
        notify_link: "{{ unset if recipe == 'teams' else '' }}"
        notify_pagerduty_key: none
      loop: [logging, slack, teams, pagerduty, servicenow, servicenow, logging]
      loop_control:
        loop_var: recipe
"""


def test_recipes_never_fail_a_run(run_playbook: PlaybookRunner, simulator: StartSimulator) -> None:
    """Verbose logging is for those that failed and no others, and for 20 at most."""
    sim = simulator(software_fleet(), start=START)
    failed = [
        {"deviceId": imei, "class": kind}
        for number, imei in enumerate(DEVICES)
        for kind in (("failed", "silent", "mismatch", "verified")[number % 4],)
    ]
    with receiving() as receiver:
        receiver.answers["/api/now"] = [401]
        given = {"failed": failed, "notify_servicenow_url": receiver.url}
        run = run_playbook(yaml.safe_load(ALONE), variables=given, simulator=sim).succeeded()
    assert [request.method for request in receiver.requests] == ["GET", "GET", "POST"]
    assert {request.user for request in receiver.requests} == {"Bearer token-secret"}
    assert "a {{ 1 / 0 }} wave" in receiver.changes[0]["description"], "words are no templates"
    assert "so that none was opened: HTTP 401\n" in run.output and "token-secret" not in run.output
    (account,) = sim._service.state.accounts.values()
    expected = [entry["deviceId"] for entry in failed if entry["class"] != "verified"]
    assert sorted(account.logging) == sorted(expected[:20])
    assert f"logging is on for 20 of {len(expected)} devices that failed" in run.output
    assert (
        "Slack did not take the notification of after_wave: the connection was refused"
        in run.output
    )
    assert "Teams did not take the notification of after_wave: a variable of the role" in run.output


def test_the_way_back_is_planned_and_starts_only_when_told(operator: Any) -> None:
    mine = operator()
    account = Account(mine.sim, mine.folder / "tokens")
    rollout = Rollout(account, MODELS, **mine.variables["rollout_spec"])
    assert rollout.run()["phase"] == "completed"
    assert {one["firmware"] for one in mine.sim.devices()} == {"B"}
    done = len(mine.sim.campaigns())
    plan = mine.run_once(
        playbook="reverse",
        reverse_path="back.yml",
        rollout_fail_on=["held"],
        fota_connection={"password": "simulator-password"},
    ).succeeded()
    assert plan.changed == [] and len(mine.sim.campaigns()) == done
    assert "\nnext: start this rollback with -e reverse_start=true" in plan.output
    prepared = yaml.safe_load((mine.folder / "back.yml").read_text())
    assert prepared["rollout_spec"]["target"] == [{"make": MAKER, "model": "alpha", "version": "A"}]
    assert prepared["rollout_spec"]["devices"] == imeis(MODELS)
    kept = {name: prepared[name] for name in prepared if name != "rollout_spec"}
    others = mine.variables.keys() - {"rollout_spec", "rollout_metrics_path"}
    assert kept == {
        "rollout_hosts": "",
        "rollout_fail_on": ["held"],
        **{name: mine.variables[name] for name in others},
    }
    assert "password" not in (mine.folder / "back.yml").read_text()
    again = mine.run_playbook(
        "thingspace.fota.rollout", "--check", "--extra-vars=@back.yml", simulator=mine.sim
    ).succeeded()
    digests = [run["Decide the next step"]["digest"] for run in (plan, again)]
    assert digests[0] == digests[1]
    start = part("reverse", reverse_start=True)
    runs = mine.run_parts(start, start, part("reverse", rollout_state="running"))
    started = next(runs).succeeded()
    names = [one["campaignName"] for one in mine.sim.campaigns()][done:]
    assert started.changed and [name.split(".")[1] for name in names] == ["meters-back"]
    assert next(runs).succeeded().changed == []
    assert "reverse_start" in next(runs).failed[0].result["msg"]
    rollout.spec = prepared["rollout_spec"]
    assert rollout.run()["phase"] == "completed"
    assert {one["firmware"] for one in mine.sim.devices()} == {"A"}
