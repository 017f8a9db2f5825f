# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real error of a run is the last message, and there is no other.

Decisions that fail: a wrong declaration (``test_a_wrong_declaration_is_told_at_once_and_whole``), one
that does not fit the account (``refused_by_plan``), a rejected login, an error of the selection of hosts; phases that fail the play: a read that failed,
and those in which an operator must act.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.playbooks.test_role_rollout import (
    Operator,
    inventory,
    operator,
    spec,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import MAKER

__all__ = ["inventory", "operator"]

FAULT = [{"operation": "v3ListCampaignsByStatus", "fault": "xml_403", "times": 99}]
DECISION, PHASE = "Decide the next step", "Fail if an operator must act"
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "read": ({}, PHASE, "not judged, as a read failed"),
    "version": (
        {"rollout_spec": spec(target=[{"make": MAKER, "model": "alpha", "version": "C"}])},
        DECISION,
        "no published package leads to it",
    ),
    "login": ({"fota_connection": {"password": "wrong"}}, DECISION, "login rejected"),
    "hosts": ({"rollout_imei_var": "region_code"}, DECISION, "of the selected hosts have no IMEI"),
}


@pytest.mark.parametrize(
    ("playbook", "case"),
    [
        *first_in_test(("rollout", case) for case in CASES),
        *first_in_test(("halt", case) for case in ("login", "hosts", "read")),
    ],
)
def test_the_last_message_is_the_error(operator: type[Operator], playbook: str, case: str) -> None:
    variables, task, message = CASES[case]
    person = operator()
    if case == "read":
        person.sim.faults(FAULT)
    run = person.run_once(playbook=f"thingspace.fota.{playbook}", **variables)
    assert run.status == 2
    (failed,) = run.failed
    assert failed == [one for one in run.results if one.status != "skipped"][-1]
    assert failed.task.rpartition(" : ")[2] == task
    assert message in failed.result["msg"]
    assert "has no attribute" not in run.output


@pytest.mark.soak
def test_an_operator_reads_the_report_before_the_error(operator: type[Operator]) -> None:
    person = operator(default={"success_rate": 0})
    person.run_in_process()
    run = person.run_once()
    tasks = [one.task.rpartition(" : ")[2] for one in run.results if one.status != "skipped"]
    assert tasks[-2:] == ["Show the result", PHASE]
    assert [one.task for one in run.failed] == [PHASE]
