# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of AWX: plan, approval and run to the end of a rollout, with a halt in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.thingspace.fota.tests.awx.jobs import Awx, Job
from ansible_collections.thingspace.fota.tests.awx.objects import named
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    Rollout,
    fleet,
    imei,
)

START = "2026-03-02T08:00:00Z"
WAVES = [{"name": "canary", "group": "canary"}, {"name": "all", "rest": True}]
DECLARED = {
    "rollout_hosts": "model_alpha",
    "rollout_spec": {
        "name": "meters",
        "target": [{"make": MAKER, "model": "alpha", "version": "B"}],
        **ONE_LOOK_ONE_TRY,
        "waves": WAVES,
    },
}
METERS = {"declaration": "meters"}


def inventory(count: int) -> dict[str, Any]:
    """What AWX has imported: the devices, and its own localhost."""
    localhost = named("controller_hosts", "localhost")["variables"]
    hosts = [imei(0, number) for number in range(count)]
    return {
        "all": {"hosts": {"localhost": localhost}, "children": {"model_alpha": {}, "canary": {}}},
        "canary": {"hosts": {host: {} for host in hosts[:5]}},
        "model_alpha": {"hosts": {host: {"imei": host} for host in hosts}},
    }


def declare(awx: Awx, **spec: Any) -> None:
    declared = {**DECLARED, "rollout_spec": {**DECLARED["rollout_spec"], **spec}}
    (awx.project / "declarations/meters.yml").write_text(yaml.safe_dump(declared))


def approve(awx: Awx, plan: Job, count: int) -> Job:
    """The job after the approval of a plan."""
    return awx.launch(
        "fota run approved plan", inventory(count), artifacts=plan.artifacts, workflow=METERS
    )


def test_a_plan_is_carried_out_after_its_approval_and_no_other(
    awx: Callable[[Any], Awx], simulator: StartSimulator, tmp_path: Path
) -> None:
    """The plan accepts failures, which holds to the end of the rollout."""
    failing = {imei(0, number): "failed" for number in range(3)}
    sim = simulator(fleet({"alpha": 12}, outcomes={"devices": failing}), start=START)
    mine = awx(sim)
    declare(mine)
    begun = Rollout(Account(sim, tmp_path / "login"), {"alpha": 12}, waves=WAVES)
    begun.spec["devices"] = [
        {"imei": imei(0, number), "groups": ["canary"] * (number < 5)} for number in range(12)
    ]
    begun.run_once()

    sim.set_now("2026-03-09T00:00:00Z")
    halted = mine.launch("fota nightly run", inventory(12), workflow=METERS).failed()
    assert halted.artifacts["fota_rollout"]["phase"] == "halted"
    plan = mine.launch("fota plan", inventory(12), workflow=METERS).succeeded()
    assert "accepts in wave canary: 3 failures; then the wave goes on" in plan.output
    assert "is thrown away" not in plan.output
    # The fleet has shrunk before the approval: the plan is another one.
    changed = approve(mine, plan, 11).failed()
    assert "require_digest" in changed.output
    assert len(sim.campaigns()) == 1
    approve(mine, plan, 12).succeeded()
    assert len(sim.campaigns()) == 2
    paused = mine.launch("fota run", inventory(12), {**METERS, "declaration_state": "paused"})
    assert paused.artifacts["fota_rollout"]["phase"] == "paused"
    # The failures are still there, and are not asked for again.
    sim.set_now("2026-03-20T00:00:00Z")
    last = mine.launch("fota run", inventory(12), METERS).succeeded()
    assert last.artifacts["fota_rollout"]["phase"] == "completed_with_exceptions"


def test_jobs_refuse_what_they_cannot_do_and_say_what_is_lost(
    awx: Callable[[Any], Awx], simulator: StartSimulator
) -> None:
    sim = simulator(fleet({"alpha": 12}), start=START)
    mine = awx(sim)
    declare(mine)
    mine.data_path = ""
    mine.inputs["token_cache"] = ""
    hosts = inventory(12)
    part = mine.launch(
        "fota nightly run", hosts, workflow={"declaration": "metres"}, named="fota nightly run"
    ).failed()
    assert "metres.yml does not exist. There are: example, meters. This job is" in part.output
    assert "is a slice of fota nightly run" in part.output
    early = mine.launch("fota run approved plan", hosts, workflow=METERS).failed()
    assert "there is no approved plan" in early.output
    limited = mine.launch("fota run", hosts, METERS, "--limit", "model_alpha").failed()
    assert "leaves out localhost" in limited.output
    assert sim.journal() == []

    report = mine.launch("fota report", hosts, METERS).succeeded()
    assert "The login of this job is thrown away with it" in report.output
    assert "## Waves and cohorts" in report.output
    assert (mine.project / "reports/meters.html").exists()
    assert sim.campaigns() == []


def test_a_wrong_password_is_tried_once_in_a_night(
    awx: Callable[[Any], Awx], simulator: StartSimulator
) -> None:
    """Also where the token cache, which remembers it, is thrown away with the job."""
    sim = simulator(fleet({"alpha": 12}), start=START)
    mine = awx(sim)
    declare(mine)
    mine.inputs |= {"password": "wrong-password", "token_cache": ""}
    mine.data_path = ""
    run = mine.launch("fota nightly run", inventory(12), workflow=METERS).failed()
    assert "declaration_data_path is empty, so there is no journal" in run.output
    logins = [each for each in sim.journal() if each["operation"] == "startM2MSession"]
    assert len(logins) == 1
    # The workflow of the approval starts after a failure, with what that job has handed on.
    plan = mine.launch("fota plan", inventory(12), workflow={**METERS, **run.artifacts}).failed()
    assert "does not try again" in plan.output
    assert [each for each in sim.journal() if each["operation"] == "startM2MSession"] == logins
