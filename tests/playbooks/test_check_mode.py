# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: everything that can be run is run once, and the service hears of no write.

One process runs all modules, roles and playbooks under ``--check``. Each has something to write,
so that it would: what it says of that is compared, too. What is not in it fails the test. Those that
write in check mode, but to a simulator that they start, have tests of their own: ``OWN_SIMULATOR``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRun,
    PlaybookRunner,
    TaskResult,
)
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import (
    MODULES,
    ONE_TASK_A_MODULE,
    START,
    play,
)
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import fleet as module_fleet
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    device,
    imei,
    package,
)

OWN_SIMULATOR = {"demo", "simulator"}
PLAYBOOKS = sorted({file.stem for file in (ROOT / "playbooks").glob("*.yml")} - OWN_SIMULATOR)
ROLES = sorted({folder.name for folder in (ROOT / "roles").iterdir()} - OWN_SIMULATOR)
OURS = "thingspace.fota."
MODULES_PLAY = "modules"
TASKS = {one["name"]: one for one in ONE_TASK_A_MODULE[0]["tasks"]}
IN_NO_PLAYBOOK = (
    *("fota_campaign_info", "fota_device_firmware", "fota_firmware_info"),
    *("fota_callback", "fota_callback_info", "fota_license", "fota_license_info"),
    *("fota_logging", "fota_logging_info", "fota_file", "fota_file_info"),
    *("fota_upgrade_info", "fota_wait"),
)
"""Modules that no playbook runs in check mode on the account."""

BEGIN = "Begin "

WOULD_CHANGE = {
    "awx_project": ["Write the project"],
    "awx_setup": ["Create the objects"],
    "campaign": ["Create, change or cancel the campaign"],
    "event_run": ["Create the campaigns that are due"],
    "halt": ["Cancel campaigns that must not start"],
    "logout": ["Log out"],
    "modules": ["fota_callback", "fota_license", "fota_logging", "fota_file"],
    "report": ["Write the report"],
    "reverse": ["Create the campaigns that are due"],
    "rollout": ["Create the campaigns that are due"],
    "upgrade": [
        "Schedule the upgrade and wait for the end of the canary",
        "Schedule the upgrade and wait for the end of the rest",
    ],
}
"""Tasks that say they would change the account or write files; the others only read."""


def fleet() -> dict[str, Any]:
    """Devices for the modules, for a rollout that is under way, and for one that is not."""
    made = module_fleet()
    account = made["accounts"][0]
    account["devices"] += [device(imei(0, number), "alpha") for number in range(3)]
    account["devices"] += [device(imei(1, number), "beta") for number in range(3)]
    account["firmware"] += [package("alpha"), package("alpha", "B", "A"), package("beta")]
    return made


def rollout_of(account: Account, model: str, place: int) -> Rollout:
    return Rollout(
        account,
        {model: 3},
        name=model,
        devices=[imei(place, number) for number in range(3)],
        waves=[{"name": "pilot", "count": 2}, {"name": "all", "rest": True}],
    )


def begin(rollout: Rollout) -> dict[str, Any]:
    """Go until its first wave has passed and the campaign of the second waits for its day."""
    while len(rollout.sim.campaigns()) < 2:
        rollout.wait(rollout.run_once())
    return rollout.spec


def playbook_variables(
    under_way: dict[str, Any], new: dict[str, Any], folder: Path
) -> dict[str, dict[str, Any]]:
    """What each playbook is run with. A new playbook is added here."""
    going = {"rollout_spec": under_way, "rollout_imei_check": "off"}
    coming = {"rollout_spec": new, "rollout_imei_check": "off"}
    (folder / "event.yml").write_text(yaml.safe_dump(coming))
    target = new["target"][0]
    published = {"make": target["make"], "model": target["model"], "to_version": target["version"]}
    event = {
        "rollout_file": str(folder / "event.yml"),
        "ansible_eda": {"event": {"fota": {"event": "firmware_published", "package": published}}},
        "notify_url": "http://127.0.0.1:1/",
        "notify_text": "check mode sends nothing",
    }
    return {
        "audit": going,
        "awx_project": {"awx_project_path": str(folder / "project")},
        "awx_setup": {
            "controller_templates": [],
            "awx_setup_write": str(folder / "objects.yml"),
        },
        "campaign": {"campaign": TASKS["fota_campaign"][f"{OURS}fota_campaign"]},
        "device": {"imei": imei(0, 0), "device_imei_check": "off"},
        "halt": going,
        "logout": {},
        "overview": {},
        "rehearse": coming,
        "report": {**going, "report_path": str(folder / "report.json")},
        "reverse": {**going, "reverse_start": True},
        "rollout": {
            **coming,
            "rollout_spec": {**new, "assign_licenses": "before_wave"},
            "rollout_journal": str(folder / "journal.jsonl"),
            "rollout_metrics_path": str(folder / "meters.prom"),
            "rollout_hooks": dict.fromkeys(
                ["before_wave", "phase_change"], str(folder / "hook.yml")
            ),
        },
        "status": going,
        "upgrade": {
            "upgrade_package": "FOTA_Verizon_Model-A_01To02_HF",
            "upgrade_devices": ["358000000000040", "358000000000057"],
            "upgrade_canary_devices": ["358000000000040"],
            "upgrade_start_date": "2026-03-20",
            "upgrade_rest_start_date": "2026-03-27",
        },
        "verify": {"verify_path": str(folder / "report.json")},
        # These read variables from a file, which all plays after them have.
        "event_run": event,
        "event_plan": event,
        "event_deadline": event,
        "event_notify": event,
    }


def declaration(folder: Path) -> dict[str, Any]:
    """What the role that no playbook uses is run with, which the others must not notice."""
    named = {"declaration": "empty", "declaration_folder": str(folder)}
    return {"vars": {**named, "declaration_job": "status"}}


def parts(run: PlaybookRun) -> dict[str, list[TaskResult]]:
    """What the tasks of each part of the run said, by the part's name."""
    found: dict[str, list[TaskResult]] = {}
    for one in run.results:
        if one.task.startswith(BEGIN):
            found[one.task.removeprefix(BEGIN)] = part = []
        else:
            part.append(one)
    return found


def plays_of(playbook: str) -> list[str]:
    return [one["name"] for one in yaml.safe_load((ROOT / "playbooks" / f"{playbook}.yml").open())]


def test_everything_runs_in_check_mode_and_writes_nothing(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet(), start=START)
    account = Account(sim, tmp_path / "tokens")
    variables = playbook_variables(
        begin(rollout_of(account, "alpha", 0)), rollout_of(account, "beta", 1).spec, tmp_path
    )
    (tmp_path / "empty.yml").write_text("{}\n")
    (tmp_path / "hook.yml").write_text("- ansible.builtin.fail: {msg: not in check mode}\n")
    campaigns = sim.campaigns()
    assert sorted(variables) == PLAYBOOKS, "add the new playbook to this test"
    plays: list[dict[str, Any]] = []
    for name in (MODULES_PLAY, *variables):
        plays += play({"name": f"{BEGIN}{name}", "ansible.builtin.debug": {}})
        if name == MODULES_PLAY:
            plays += play(*(TASKS[module] for module in IN_NO_PLAYBOOK))
            plays[-1]["roles"] = [{"role": f"{OURS}declaration", **declaration(tmp_path)}]
        else:
            plays.append({"import_playbook": f"{OURS}{name}", "vars": variables[name]})

    sim.clear_journal()
    sim.refuse_writes = True
    run = run_playbook(
        plays,
        *("--check", "--diff"),
        simulator=sim,
    ).succeeded()

    assert [one for one in sim.journal() if one["kind"] == "write" or one["refused"]] == []
    assert sim.campaigns() == campaigns and sim.upgrades() == []
    asked = {one["operation"] for one in sim.journal()}
    assert "startM2MSession" in asked and "endM2MSession" not in asked

    ours = [one for one in run.results if OURS in one.action and one.status == "ok"]
    asking = [one for one in ours if "service" in one.result]
    assert {one.result["service"]["host"] for one in asking} == {f"127.0.0.1:{sim.port}"}
    modules = {one.action.removeprefix(OURS) for one in asking}
    assert sorted(modules) == MODULES, "add the new module to this test"
    roles = set(re.findall(rf"^TASK \[{OURS}(\w+) : ", run.output, re.MULTILINE))
    assert sorted(roles) == ROLES, "add the new role to this test"
    assert "skipping: [localhost] => (item=" not in run.output, "one line for a skipped task"
    said = parts(run)
    for name in variables:
        for title in plays_of(name):
            assert f"PLAY [{title}]" in run.output
    for name, results in said.items():
        changes = [one.task for one in results if one.changed]
        assert changes == WOULD_CHANGE.get(name, []), name
    for name in ("journal.jsonl", "meters.prom", "project", "objects.yml"):
        assert not (tmp_path / name).exists()
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))
