# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the devices is not taken for all of them.

Places where a limit applies: the plays of every playbook; the selection of devices by a host
pattern in the role, in ``rehearse`` and in ``reverse``; and by the lookup in the declaration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT, PlaybookRun
from ansible_collections.thingspace.fota.tests.playbooks.test_role_rollout import (
    Operator,
    inventory,
    operator,
    spec,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test

__all__ = ["inventory", "operator"]

PLAYBOOKS = sorted(file.stem for file in Path(ROOT / "playbooks").glob("*.yml"))
SELECTING = ["status", "rehearse", "reverse", "rollout", "audit"]
BY_PATTERN = {"rollout_spec": spec(), "rollout_hosts": "fleet:!lab"}
BY_LOOKUP = {
    "rollout_spec": spec(devices="{{ query('thingspace.fota.fota_hosts', 'fleet:!lab') }}")
}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_playbook_checks_the_limit_first(playbook: str) -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    checks = ("plays/limit.yml", "plays/limit_if_any.yml")
    assert plays[0]["ansible.builtin.import_playbook"] in checks


@pytest.mark.parametrize("playbook", first_in_test(PLAYBOOKS))
def test_a_limit_without_localhost_is_refused(operator: type[Operator], playbook: str) -> None:
    """Ansible would skip the play and report success."""
    person = operator()
    run = person.run_once("--limit", "alpha-0*,beta-1", playbook=f"thingspace.fota.{playbook}")
    assert run.status == 2, run.output
    (refused,) = run.failed[:1]
    assert refused.task == "Check that the limit includes localhost"
    assert "The limit alpha-0*,beta-1 leaves out localhost" in refused.result["msg"]
    assert person.sim.journal() == []


@pytest.mark.parametrize("playbook", first_in_test(SELECTING, taken=3))
def test_a_limit_that_cuts_the_selection_is_refused(
    operator: type[Operator], playbook: str
) -> None:
    person = operator()
    limit = "localhost:alpha-1*"
    # A part is not shown as the whole, whatever the state.
    more = {"rollout_state": "halted"} if playbook == "status" else {}
    run = person.run_once("--limit", limit, playbook=f"thingspace.fota.{playbook}", **more)
    assert run.status == 2, run.output
    assert "selects only 6 of 27 devices of fleet:!lab" in " ".join(run.output.split())
    assert person.sim.journal() == []


@pytest.mark.parametrize(
    "selection", first_in_test([BY_LOOKUP, BY_PATTERN]), ids=["lookup", "pattern"]
)
def test_the_role_in_a_play_of_ones_own_refuses_it_too(
    operator: type[Operator], selection: dict[str, Any]
) -> None:
    person = operator()
    roles = [{"role": "thingspace.fota.rollout", "vars": selection}]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": roles}

    def run_once(limit: str) -> PlaybookRun:
        return person.run_playbook(
            [play],
            *("--inventory", person.inventory, "--limit", limit),
            variables={"rollout_imei_check": "off"},
            simulator=person.sim,
        )

    run = run_once("localhost,alpha-1*")
    assert run.status == 2, run.output
    assert "a rollout is for all of its devices in every run" in " ".join(run.output.split())
    assert person.sim.journal() == []
    assert run_once("localhost,fleet").succeeded()["Decide the next step"]["phase"] == "planned"


def test_a_misspelled_connection_is_refused(operator: type[Operator]) -> None:
    """The playbook would use that of the environment, which may be another account."""
    person = operator()
    run = person.run_once(playbook="thingspace.fota.halt", fota_conection={"account": "other"})
    assert run.status == 2
    assert "did you mean fota_connection?" in run.failed[0].result["msg"]
    assert person.sim.journal() == []


def test_a_limit_does_not_keep_a_rollout_from_being_stopped(operator: type[Operator]) -> None:
    person = operator()
    person.run_in_process("running")
    limit = "localhost:alpha-1*"
    halt = person.run_once("--limit", limit, playbook="thingspace.fota.halt")
    assert halt.status == 0, halt.output
    assert halt.changed == ["Cancel campaigns that must not start"]
    assert len(halt["Cancel campaigns that must not start"]["results"]) == 2


BROKEN: dict[str, dict[str, Any]] = {
    "an-undefined-variable": {"rollout_spec": spec(limits={"max_exposure": "{{ nowhere }}"})},
    "hosts-without-imei": {"rollout_imei_var": "region_code"},
}


@pytest.mark.matrix
@pytest.mark.parametrize("broken", first_in_test(BROKEN))
def test_what_cannot_be_rendered_does_not_keep_a_rollout_from_being_stopped(
    operator: type[Operator], broken: str
) -> None:
    """The name of the rollout is enough; what is wrong is shown."""
    person = operator()
    person.run_in_process("running")
    halt = person.run_once(playbook="thingspace.fota.halt", **BROKEN[broken])
    assert halt.status == 0, halt.output
    assert len(halt["Cancel campaigns that must not start"]["results"]) == 2
    assert "nowhere" in halt.output or "no IMEI" in halt.output


def test_a_halt_of_a_misspelled_rollout_is_an_error(operator: type[Operator]) -> None:
    person = operator()
    person.run_in_process("running")
    halt = person.run_once(playbook="thingspace.fota.halt", rollout_spec=spec(name="metres"))
    assert halt.status == 2
    assert "no campaign of this rollout was found" in halt.output


def test_a_pattern_without_a_host_is_refused(operator: type[Operator]) -> None:
    person = operator()
    run = person.run_once(rollout_hosts="fleet:&lab:&canary")
    assert run.status == 2
    assert "no device is selected" in run["Decide the next step"]["msg"]
    assert person.sim.journal() == []
