# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts as an operator runs them: the playbooks, an inventory, one process a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import FEW_LINES
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.parts import Plays, part, run_parts
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    Rollout,
    failed_cohorts,
    fleet,
    imei,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import stop_campaign

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 16, "beta": 12}
ROLLOUT = "thingspace.fota.rollout"
DIFF_LINES = 60  # what --diff prints of two campaigns


def spec(**more: Any) -> dict[str, Any]:
    """A rollout of the hosts of ``inventory``: canaries, then all others."""
    return {
        "name": "meters",
        "target": [{"make": MAKER, "model": model, "version": "B"} for model in MODELS],
        **ONE_LOOK_ONE_TRY,
        "waves": [
            {"name": "canary", "group": "canary"},
            {"name": "all", "rest": True},
        ],
        **more,
    }


def variables(**more: Any) -> dict[str, Any]:
    return {
        "rollout_spec": spec(),
        "rollout_hosts": "fleet:!lab",
        "rollout_host_vars": ["region"],
        "rollout_imei_check": "off",
        **more,
    }


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    """All devices as hosts; five canaries of each model; the last alpha is in the lab."""
    hosts = {
        f"{model}-{number}": {
            "imei": imei(place, number),
            "region": "north" if number % 2 else "south",
        }
        for place, (model, count) in enumerate(MODELS.items())
        for number in range(count)
    }
    canaries = {f"{model}-{number}": {} for model in MODELS for number in range(5)}
    data = {
        "fleet": {"hosts": hosts},
        "canary": {"hosts": canaries},
        "lab": {"hosts": {"alpha-15": {}}},
    }
    file = tmp_path / "fleet.yml"
    file.write_text(yaml.safe_dump(data))
    return str(file)


class Operator:
    """Runs the playbook against one simulator and moves its clock as the playbook says."""

    def __init__(
        self, run_playbook: PlaybookRunner, sim: Any, inventory: str, folder: Path
    ) -> None:
        self.run_playbook = run_playbook
        self.sim = sim
        self.inventory = inventory
        self.account = Account(sim, folder / "tokens")

    def run_once(
        self,
        *arguments: str,
        playbook: str = ROLLOUT,
        environment: dict[str, str] | None = None,
        **more: Any,
    ) -> PlaybookRun:
        return self.run_playbook(
            playbook,
            *("--inventory", self.inventory, *arguments),
            variables=variables(**more),
            simulator=self.sim,
            environment=environment,
        )

    def run_parts(self, *parts: Plays, **more: Any) -> Iterator[PlaybookRun]:
        """Several playbooks in one process; ``more`` are variables of all."""
        given = variables(**more)
        return run_parts(
            self.run_playbook,
            [[{**play, "vars": given | play["vars"]} for play in plays] for plays in parts],
            *("--inventory", self.inventory),
            simulator=self.sim,
        )

    def go_on(self, run: PlaybookRun) -> None:
        self.sim.set_now(run["Decide the next step"]["next_check_after"])

    def run_in_process(self, *phases: str, **declared: Any) -> None:
        """Run without playbooks, which is quicker, to a phase or to the end; the role takes it
        from there."""
        wish = declared or spec()
        rollout = Rollout(self.account, MODELS, **wish)
        rollout.spec["devices"] = [
            {"imei": imei(place, number), "groups": ["canary"] if number < 5 else []}
            for place, count in enumerate(MODELS.values())
            for number in range(count)
            if (place, number) != (0, 15)  # it is in the lab
        ]
        if phases:
            rollout.run_until(*phases, hours=6)
        else:
            rollout.run()


@pytest.fixture
def operator(
    run_playbook: PlaybookRunner, simulator: StartSimulator, inventory: str, tmp_path: Path
) -> Any:
    def make(**outcomes: Any) -> Operator:
        sim = simulator(fleet(MODELS, outcomes=outcomes), start=START)
        return Operator(run_playbook, sim, inventory, tmp_path)

    return make


def others_than(lines: list[str], run: PlaybookRun) -> int:
    """Count the lines of a run beside those that it printed as text, with Ansible's default output.

    No line is about a task that did not run.
    """
    assert "skipping" not in run.output
    assert "\n".join(lines) in run.output, "as text"
    return len(run.output.splitlines()) - len(lines)


@pytest.mark.matrix
def test_check_then_real_then_unchanged_at_the_end(operator: Any) -> None:
    mine = operator()
    mine.sim.refuse_writes = True
    check = mine.run_once("--check", "--diff").succeeded()
    assert [one for one in mine.sim.journal() if one["kind"] == "write"] == []
    assert check["Create the campaigns that are due"]["changed"]
    plan = "\n".join(check["Show the result"]["lines"])
    assert "27 selected, 27 in scope" in plan
    assert "at most 10 devices can have been touched" in plan
    assert "next check at 2026-03-02 09:00 UTC" in plan
    assert others_than(check["Show the result"]["lines"], check) <= 20 + DIFF_LINES
    assert len(check.output.partition(plan)[2].splitlines()) <= 6, "the plan is the last word"
    mine.sim.refuse_writes = False

    runs = mine.run_parts(part("rollout"), part("rollout"))
    first = next(runs).succeeded()
    planned, real = (run["Create the campaigns that are due"] for run in (check, first))
    assert planned["diff"] and len(mine.sim.campaigns()) == 2
    assert "diff" not in real, "which is asked for in check mode only"
    assert others_than(first["Show the result"]["lines"], first) <= 40 - FEW_LINES
    assert first["Show the result"]["did"] == ["created 2 campaigns with 10 devices"]
    assert first["Show the result"]["phase"] == "running", "as it is after the writes"
    assert [one["name"] for one in planned["campaigns"]] == [
        one["name"] for one in real["campaigns"]
    ]
    mine.go_on(first)
    mine.run_in_process()
    last = next(runs).succeeded()
    assert (last["Decide the next step"]["phase"], last.changed) == ("completed", [])
    assert len(mine.sim.campaigns()) == 4
    assert {one["firmware"] for one in mine.sim.devices() if one["deviceId"] != imei(0, 15)} == {
        "B"
    }, "every device but the one in the lab"


@pytest.mark.soak
def test_a_bad_model_halts_alone(operator: Any) -> None:
    """Where the wave tolerates the two failures that come before the third, which halts the cohort."""
    mine = operator(packages={"beta-A-B": {"success_rate": 0}})
    wish = spec(waves=[{"name": "pilot", "per_package": 6}, {"name": "all", "rest": True}])
    mine.run_in_process(**wish)
    run = mine.run_once(rollout_spec=wish).succeeded()
    assert run.changed == []
    decision = run["Decide the next step"]
    assert decision["phase"] == "completed_with_exceptions"
    assert [cohort["model"] for cohort in failed_cohorts(decision)] == ["beta"]
    artifact = run["Show the result"]["ansible_stats"]["data"]
    assert artifact["fota_rollout"]["halted_cohorts"] == failed_cohorts(decision)
    assert artifact["fota_rollout"]["unstoppable"] == []
    touched = {one["deviceId"] for one in mine.sim.devices() if one["firmware"] == "B"}
    assert touched == {imei(0, number) for number in range(15)}
    assert len(mine.sim.campaigns()) == 3, "two of canaries, one of all other alphas"
    assert "halted cohorts: beta A -> B" in run.output


def test_too_many_failures_halt_and_fail_the_play(operator: Any) -> None:
    mine = operator(default={"success_rate": 0})
    mine.run_in_process()
    runs = mine.run_parts(part("rollout", rollout_fail_on=[]), part("rollout"))
    next(runs).succeeded()
    run = next(runs)
    assert run.status != 0
    assert run["Decide the next step"]["phase"] == "halted"
    assert "halted" in run["Fail if an operator must act"]["msg"]
    assert run.output.index("RESULT  ") < run.output.index("Fail if an operator must act")
    assert len(mine.sim.campaigns()) == 2


@pytest.mark.soak
def test_a_campaign_cancelled_by_a_person_is_held(operator: Any) -> None:
    mine = operator()
    mine.run_in_process("running")
    victim = mine.sim.campaigns()[0]
    stop_campaign(mine.account, victim["id"])
    run = mine.run_once()
    assert run.status != 0
    assert victim["id"] in run["Decide the next step"]["why"]
    assert len(mine.sim.campaigns()) == 2


def test_status_and_audit_write_nothing(operator: Any) -> None:
    mine = operator()
    mine.run_in_process("running")
    mine.sim.refuse_writes = True
    runs = mine.run_parts(part("status"), part("audit"))
    status = next(runs).succeeded()
    assert others_than(status["Print the status"]["lines"], status) <= 20
    assert status["Decide the next step"]["phase"] == "running"
    audit = next(runs).succeeded()
    assert audit.changed == status.changed == []
    assert {row["standing"] for row in audit["Decide the next step"]["standings"]} == {"behind"}
    assert sum(row["devices"] for row in audit["Decide the next step"]["standings"]) == 27


@pytest.mark.parametrize(
    ("playbook", "state"),
    first_in_test([("audit", "running"), ("status", "halted"), ("status", "running")], taken=2),
)
def test_what_could_not_be_read_is_not_green(operator: Any, playbook: str, state: str) -> None:
    mine = operator()
    mine.sim.faults([{"operation": "v3ListFirmware", "fault": "xml_403", "times": 999}])
    run = mine.run_once(playbook=f"thingspace.fota.{playbook}", rollout_state=state)
    assert run.status == 2
    last = [result for result in run.results if result.status != "skipped"][-1]
    assert last.task == "Fail if the rollout could not be read"
    assert "read" in last.result["msg"]


def test_a_wrong_declaration_is_told_at_once_and_whole(operator: Any) -> None:
    """Not in words of the role's validation, nor of AnsibleModule, which report less of it."""
    mine = operator()
    wrong = spec(
        name="Not Good",
        target=[{"make": MAKER, "model": "alpha", "version": 1.10}],
        wave=[],
        waves=[{"name": "all", "rest": "true"}, {"name": "x"}],
        gate={"max_failed_lane_share": 0.5, "min_coverage": 80},
    )
    run = mine.run_once(rollout_spec=wrong, rollout_wait=True)
    assert run.status == 2
    (failed,) = run.failed
    assert failed == [result for result in run.results if result.status != "skipped"][-1]
    assert failed.task.endswith("Decide the next step")
    message = failed.result["msg"]
    first, *mistakes = message.splitlines()
    assert first == "rollout: 6 errors:"
    assert len(mistakes) == len(STARTS)
    for mistake, start in zip(sorted(mistakes), STARTS, strict=True):
        assert mistake.startswith(start)
    assert mine.sim.journal() == []


STARTS = [
    "rollout.gate.min_coverage = 80: must be a number from 0 to 1",
    "rollout.name = 'Not Good': must be 1 to 20 characters of a-z, 0-9 and -",
    "rollout.target[0].version = 1.1: must be a string; quote it, as YAML reads it as a number",
    "rollout.wave = []: unknown key; did you mean waves? valid keys here are name, type, ",
    "rollout.waves[0].rest: must be in the last wave only",
    "rollout.waves[1]: must have exactly one of group, per_package, count, percent, rest",
]


@pytest.mark.soak
def test_a_service_that_is_away_is_no_judgement(operator: Any) -> None:
    mine = operator()
    mine.sim.faults([{"operation": "v3ListCampaignsByStatus", "fault": "xml_403", "times": 99}])
    run = mine.run_once()
    assert run.status != 0
    assert run["Decide the next step"]["phase"] == "observation_failed"
    assert mine.sim.campaigns() == []


def test_a_person_approves_pauses_and_halts(operator: Any, tmp_path: Path) -> None:
    mine = operator()
    wish = spec(gate={"soak_hours": 0})
    wish["waves"][0]["gate"] = {"approval": True}
    mine.run_in_process("awaiting_approval", **wish)
    survey = tmp_path / "survey.json"
    runs = mine.run_parts(
        part("rollout", rollout_wait=True, rollout_wait_timeout=1),
        part("rollout", rollout_approved=f"{{{{ lookup('ansible.builtin.file', '{survey}') }}}}"),
        part("halt"),
        rollout_spec=wish,
    )
    run = next(runs).succeeded()
    assert run["Decide the next step"]["phase"] == "awaiting_approval"
    assert "waiting until there is something to do in rollout" in run.output
    assert len(mine.sim.campaigns()) == 2
    artifact = run["Show the result"]["ansible_stats"]["data"]
    (awaiting,) = artifact["fota_rollout"]["awaiting"]
    assert (awaiting["kind"], awaiting["wave"]) == ("approval", "canary")
    approval = {"wave": "canary", "digest": run["Decide the next step"]["digest"][:12]}
    survey.write_text(json.dumps([approval]), encoding="utf-8")

    settings = {
        "ANSIBLE_CONFIG": str(ROOT / "playbooks" / "files" / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "false",
        "ANSIBLE_FORCE_COLOR": "true",
    }
    paused = mine.run_once(
        rollout_spec=wish, rollout_state="paused", environment=settings
    ).succeeded()
    assert "RESULT  " in paused.output and "ok: [" not in paused.output
    assert "\x1b[0;33m  stands  canary [" in paused.output, "it awaits approval"
    assert (paused["Decide the next step"]["phase"], paused.changed) == ("paused", [])
    next(runs).succeeded()
    assert len(mine.sim.campaigns()) == 4

    halted = next(runs)
    assert (halted.status, halted["Decide the next step"]["phase"]) == (0, "halted")
    assert {one["status"] for one in mine.sim.campaigns()} == {
        "CampaignEnded",
        "CampaignCancelled",
    }


def test_a_halt_ends_what_has_started_as_early_as_the_service_allows(operator: Any) -> None:
    mine = operator()
    mine.run_in_process("running", **spec(on_halt="abort"))
    mine.sim.set_now("2026-03-03T00:30:00Z")
    before = {one["endDate"] for one in mine.sim.campaigns()}
    runs = mine.run_parts(
        part("rollout", rollout_fail_on=[]),
        part("rollout"),
        rollout_spec=spec(on_halt="abort"),
        rollout_state="halted",
    )
    run = next(runs).succeeded()
    assert before == {"2026-03-05"}
    assert {one["endDate"] for one in mine.sim.campaigns()} == {"2026-03-04"}
    shown = run["Print the devices that can still change"]["lines"]
    artifact = run["Show the result"]["ansible_stats"]["data"]
    kept = artifact["fota_rollout"]["unstoppable"]
    decision = run.all("Decide the next step")[0].result
    assert len(shown) == len(kept) == 2
    for place, campaign in enumerate(decision["unstoppable"]):
        assert len(campaign["imeis"]) == campaign["can_change"] == 5
        assert all(id_ in shown[place] for id_ in campaign["imeis"])
        kept_keys = {key: value for key, value in campaign.items() if key != "imeis"}
        assert kept_keys.items() >= {"can_change": 5, "name": kept[place]["name"]}.items()
        assert "imeis" not in kept[place]
    again = next(runs)
    assert (again.status, again.changed) == (2, [])


def test_campaigns_are_stopped_although_versions_cannot_be_read_again(operator: Any) -> None:
    """The read comes before the stops, which do not depend on it; its error is the last message."""
    mine = operator(devices={imei(0, 0): "silent", imei(1, 0): "silent"})
    mine.run_in_process("running")
    mine.sim.set_now("2026-03-03T12:00:00Z")
    mine.sim.faults([{"operation": "v3SyncDeviceFirmware", "fault": "xml_403", "times": 99}])
    run = mine.run_once(rollout_state="halted")
    task = "Read the versions of devices that report success again"
    assert {one["endDate"] for one in mine.sim.campaigns()} == {"2026-03-04"}
    assert run.status == 2
    assert run.results[-1].result["msg"].startswith(f"{task}: ")
    assert "shortened 2 campaigns with 10 devices" in run["Show the result"]["did"]


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("word", "limit", "shown"),
    first_in_test(
        [
            ("true", "localhost:fleet", True),
            ("no", "!lab", False),
            ("false", "fleet,localhost", False),
        ]
    ),
)
def test_booleans_of_the_command_line_are_text_and_a_limit_may_cut_nothing(
    operator: Any, word: str, limit: str, *, shown: bool
) -> None:
    """The variables that are conditions: rollout_wait, rollout_show_plan."""
    extra = [f"--extra-vars=rollout_{name}={word}" for name in ("wait", "show_plan")]
    run = operator().run_once("--limit", limit, *extra).succeeded()
    decision = run.all("Decide the next step")[0].result
    assert (decision["counts"]["selected"], decision["counts"]["in_scope"]) == (27, 27)
    assert bool(run.all("Show the plan")) == shown
    assert ("fota_rollout_info: [localhost] " in run.output) == shown, "the progress of the wait"


def test_the_playbook_report_writes_files_and_nothing_to_the_service(
    operator: Any, tmp_path: Path
) -> None:
    """Of all devices, in the format of each suffix; a file that would not change stays. What cannot
    be written, and no file at all, is refused before the service is called."""
    mine = operator()
    mine.run_in_process()
    mine.sim.refuse_writes = True
    names = ("report.html", "report.md", "report.csv", "report.json")
    files = [tmp_path / name for name in names]
    missing = str(tmp_path / "no/report.md")
    runs = mine.run_parts(
        part("report", report_path=list(map(str, files))),
        part("report", report_path=str(files[2])),
        part("report", report_path=[str(files[0]), missing]),
    )
    run = next(runs).succeeded()
    assert [task.rpartition(" : ")[2] for task in run.changed] == ["Write the report"]
    lines = [line for line in run.output.splitlines() if "(item=" in line]
    assert [line.rpartition("/")[2].rstrip(")") for line in lines] == [*names]
    facts = json.loads(files[3].read_text())
    devices = {each["deviceId"] for each in facts["devices"]}
    assert len(devices) == facts["counts"]["selected"] == 27
    assert facts["phase"] == "completed"
    assert {each["version"] for each in facts["devices"]} == {"B"}
    assert {each["host"] for each in facts["devices"]} >= {"alpha-0", "beta-11"}
    html, markdown, csv, _json = (file.read_text() for file in files)
    assert html.startswith("<!doctype html>")
    assert facts["digest"] in html
    assert markdown.startswith("# Evidence of rollout meters: Completed\n")
    assert {line.split(",")[0] for line in csv.splitlines()[1:]} == devices
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}
    assert sorted(path.name for path in tmp_path.glob("*report*")) == sorted(names)
    assert next(runs).succeeded().changed == []
    mine.sim.clear_journal()
    refused = next(runs)
    assert (refused.status, len(refused.failed)) == (2, 1)
    assert f"report_path: cannot write {missing}." in refused.failed[0].result["msg"]
    journal, link, spec = (tmp_path / name for name in ("j.json", "link.json", "spec.yml"))
    link.symlink_to(journal)
    paths = [str(files[0]), str(link), str(spec)]
    report = "thingspace.fota.report"
    refused = mine.run_once(playbook=report, report_path=paths, rollout_journal=str(journal))
    wrong = f"report_path: would overwrite {spec}, {journal} with a report. "
    assert refused.failed[0].result["msg"].startswith(wrong)
    assert mine.sim.journal() == []
