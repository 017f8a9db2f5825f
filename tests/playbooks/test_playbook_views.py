# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks ``audit``, ``overview`` and ``device``: they show, and never write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.parts import run_parts
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, imei

START = "2026-03-02T08:00:00Z"
WAVES = [{"name": "pilot", "count": 4}, {"name": "all", "rest": True}]
SECRET = "planted-secret"


def plays(**paths: Any) -> list[dict[str, Any]]:
    """Playbooks, each with the files that it writes."""
    return [
        {"import_playbook": f"thingspace.fota.{name}", "vars": {"report_path": path}}
        for name, path in paths.items()
    ]


def test_an_audit_remembers_an_overview_sees_all_and_a_device_tells_its_story(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet({"alpha": 9}), start=START)
    rollout = Rollout(Account(sim, tmp_path / "tokens"), {"alpha": 9}, waves=WAVES)
    earlier = str(tmp_path / "earlier.json")
    files = {name: str(tmp_path / f"{name}.html") for name in ("audit", "device", "overview")}
    variables = {
        "rollout_spec": rollout.spec,
        "rollout_imei_check": "off",
        "imei": imei(0, 0),
        "device_imei_check": "off",
        "overview_accounts": [
            {"name": "north", "connection": {"account": ACCOUNT}},
            {"name": "south", "connection": {"password": SECRET}},
        ],
    }
    sim.refuse_writes = True
    later = plays(**files | {"audit": [files["audit"], str(tmp_path / "audit.json")]})
    later[0]["vars"]["audit_since"] = earlier
    runs = run_parts(
        run_playbook, [plays(audit=earlier), later], variables=variables, simulator=sim
    )
    first = next(runs).succeeded()
    lines = first["Show the audit"]["lines"]
    assert [line.rpartition(": ")[0] for line in lines[4:]] == [
        "Sensors Inc alpha A: behind by B, pending, waits for a campaign: 9 devices",
    ]
    sim.refuse_writes = False
    rollout.run()
    sim.clear_journal()
    sim.refuse_writes = True

    run = next(runs)
    assert [result.task for result in run.failed] == ["Fail if something could not be read"]
    assert "south: " in run.failed[0].result["msg"]
    assert run.changed == []
    assert [entry for entry in sim.journal() if entry["kind"] == "write" or entry["refused"]] == []

    audit = run["Show the audit"]["lines"]
    assert audit[4].startswith("since 2026-03-02 08:00 UTC (rollout meters): 9 devices changed")
    assert audit[5].startswith("  newly at the target: Sensors Inc alpha A -> B: 9 devices: ")
    assert len(audit) == 6
    report = json.loads((tmp_path / "audit.json").read_text())
    assert report["since"]["counts"]["newly_at_target"] == 9
    device = run["Show the device"]["lines"]
    assert f": device {imei(0, 0)}: Sensors Inc alpha, version B, " in device[0]
    assert ": rollout meters, wave " in device[2] and ": A -> B: UpgradeSuccess; " in device[2]
    overview = run["Show the rollouts"]["lines"]
    assert ": north: 1 rollout, at 2026-03-" in overview[0]
    assert overview[2].split()[:3] == ["meters", "2", "9"]
    assert overview[-1].startswith("NOT READ: ")
    for name, said in (
        ("audit", "9 at the target"),
        ("device", f"{imei(0, 0)} runs B"),
        ("overview", "1 rollout in 2 accounts"),
    ):
        assert f"<h1>{said}" in Path(files[name]).read_text()
    assert SECRET not in run.output and SECRET not in json.dumps([r.result for r in run.results])


def test_an_earlier_report_that_is_something_else_is_refused_before_any_call(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet({"alpha": 2}), start=START)
    foreign = tmp_path / "foreign.json"
    foreign.write_text("[1, 2]")
    run = run_playbook(
        "thingspace.fota.audit", variables={"audit_since": str(foreign)}, simulator=sim
    )
    assert [result.task for result in run.failed] == ["Read the earlier report"]
    assert f"report {foreign}: must be a JSON report of a rollout" in run.output
    misprinted = {"imei": "358000000000017"}
    run = run_playbook("thingspace.fota.device", variables=misprinted, simulator=sim)
    assert "has a wrong check digit. Correct it, or set device_imei_check to" in run.output
    assert sim.journal() == []
