# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and tests in real plays, with values as an inventory and modules give them.

The examples in their documentation run as they are printed, and so does a rollout from a file.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT, PlaybookRunner
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import (
    NEW,
    OLD,
    START,
    fleet,
    play,
    task,
)

A, B, C = "358000000000016", "358000000000024", "358000000000032"
IMEIS, WAVES = "thingspace.fota.fota_imeis", "thingspace.fota.fota_waves"
IS_IMEI, AT_VERSION = "thingspace.fota.fota_imei", "thingspace.fota.fota_at_version"
PLUGINS = (
    *("filter/fota_imeis", "filter/fota_waves", "filter/fota_notification"),
    *("test/fota_imei", "test/fota_at_version"),
)

INVENTORY = f"""
meters:
  hosts:
    meter-1: {{imei: '{A}', fota_firmware: {OLD}, note: !unsafe '{{{{ 1 / 0 }}}}'}}
    meter-2: {{imei: {B}, fota_firmware: "{{{{ newest }}}}", broken: "{{{{ no_such_thing }}}}"}}
  vars: {{newest: {NEW}}}
lab: {{hosts: {{meter-2: }}}}
"""


def show(name: str, expression: str) -> dict[str, Any]:
    """A task that shows what an expression gives, and does not end the play if that is an error."""
    module = {"ansible.builtin.debug": {"msg": f"{{{{ ({expression}) | to_json }}}}"}}
    return {"name": name, **module, "ignore_errors": True}


@pytest.mark.matrix
def test_values_of_an_inventory_and_of_modules(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    (tmp_path / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    hosts = "groups.meters | map('extract', hostvars)"
    cut = [{"name": "lab", "group": "lab"}, {"name": "rest", "rest": True}]
    tasks = [
        task("fota_device_info", devices=[C, A]) | {"register": "info"},
        show("of hosts", f"{hosts} | {IMEIS}"),
        show("of a module", f"info | {IMEIS}"),
        show("of unsafe text", f"[hostvars['meter-1'].note] | {IMEIS}"),
        show("bad host", f"[hostvars['meter-1'], {{'host': 'x'}}] | {IMEIS}"),
        show("behind", f"{hosts} | reject('{AT_VERSION}', '{NEW}') | {IMEIS}"),
        show("there", f"info.devices | select('{AT_VERSION}', '{OLD}') | {IMEIS} | sort"),
        show("no version", f"hostvars.localhost is {AT_VERSION}('{NEW}')"),
        show("are", f"['{A}', '{A[:-1]}7', '{A[1:]}', {A}] | map('string') | select('{IS_IMEI}')"),
        show("is", f"['{A[:-1]}7' is {IS_IMEI}, '{A[:-1]}7' is {IS_IMEI}(check_digit=false)]"),
        show("waves of hosts", f"{hosts} | {WAVES}(cut, rollout='meters')"),
        show("waves of none", f"[] | {WAVES}([cut[1]], rollout='meters')"),
        show("bad waves", f"['{A}'] | {WAVES}([cut[0]], rollout='meters')"),
    ]
    sim = simulator(fleet(), start=START)
    run = run_playbook(
        play(*tasks, vars={"cut": cut}), "-i", str(tmp_path / "hosts.yml"), simulator=sim
    )
    assert run.status == 0, run.output

    def shown(name: str) -> Any:
        message = run[name]["msg"]
        return json.loads(message) if isinstance(message, str) else message

    assert shown("of hosts") == [A, B]
    assert sorted(shown("of a module")) == [A, C]
    assert "fota_imeis: devices: '1 of them': [0]: '{{ 1 / 0 }}' must be an" in shown_error(
        run, "of unsafe text"
    )
    assert "[1] (x): has no IMEI" in shown_error(run, "bad host")
    assert shown("behind") == [A]
    assert shown("there") == [A, C]
    assert "must have one of the keys version, firmware" in shown_error(run, "no version")
    assert shown("are") == [A, A]
    assert shown("is") == [False, True]
    assert shown("waves of hosts") == [
        {"name": "lab", "devices": [B]},
        {"name": "rest", "devices": [A]},
    ]
    assert shown("waves of none") == [{"name": "rest", "devices": []}]
    assert "the last wave must have rest" in shown_error(run, "bad waves")


def shown_error(run: Any, name: str) -> str:
    assert run.all(name)[-1].status == "ignored"
    return str(run[name]["msg"])


def examples(plugin: str) -> list[dict[str, Any]]:
    tree = ast.parse((ROOT / "plugins" / f"{plugin}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{plugin} has no examples")


def test_the_examples_run(run_playbook: PlaybookRunner, simulator: StartSimulator) -> None:
    tasks = [one for plugin in PLUGINS for one in examples(plugin)]
    run = run_playbook(play(*tasks), simulator=simulator(fleet(), start=START)).succeeded()
    assert {one.status for one in run.results} == {"ok"}
    assert run["Show their IMEIs"]["msg"] == f"{A}, {B}"
    assert run["Show the first event as a message for Slack"]["msg"]["text"].endswith("begins")
    assert {A, B, C} <= set(run["Show the meters that do not run the version yet"]["msg"])


def test_a_rollout_of_the_role_takes_a_file(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    fleet_file, kept = tmp_path / "meters.csv", tmp_path / "kept.csv"
    fleet_file.write_text(f"IMEI,Groups\n{A},lab\n{B},\n{C},\n", encoding="utf-8")
    (tmp_path / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    spec = {
        "name": "meters",
        "target": [{"make": "SEQUANS Communications", "model": "GM01Q", "version": NEW}],
        "devices_file": str(fleet_file),
        "waves": [{"name": "lab", "group": "lab"}, {"name": "rest", "rest": True}],
    }
    role = {"ansible.builtin.include_role": {"name": "thingspace.fota.rollout"}}
    tasks: list[dict[str, Any]] = []
    for title, pattern in (("of the file", ""), ("of hosts", "meters")):
        tasks += [
            {
                "name": title,
                **role,
                "vars": {
                    "rollout_spec": spec,
                    "rollout_hosts": pattern,
                    "rollout_state": "planned",
                },
            },
            {
                "name": f"counts {title}",
                "ansible.builtin.debug": {"var": "rollout_decision.counts"},
            },
        ]
    results = {"rollout": spec, "results_file": str(kept), "state": "planned"}
    absent = {
        "name": "absent",
        "ansible.builtin.debug": {"msg": f"{{{{ '{kept}' is not exists }}}}"},
    }
    tasks += [
        {**task("fota_rollout_info", named="check", **results), "check_mode": True},
        absent,
        task("fota_rollout_info", named="keep", **results),
    ]
    sim = simulator(fleet(), start=START)
    sim.refuse_writes = True
    arguments = ("-i", str(tmp_path / "hosts.yml"))
    run = run_playbook(play(*tasks), *arguments, simulator=sim).succeeded()
    assert run["counts of the file"]["rollout_decision.counts"]["selected"] == 3
    assert run["counts of hosts"]["rollout_decision.counts"]["selected"] == 2
    assert run["check"]["results_file"] == {"path": str(kept), "devices": 3}
    assert run["absent"]["msg"] is True
    assert run["keep"]["changed"] is False
    header, *lines = kept.read_text(encoding="utf-8").splitlines()
    assert header.startswith("deviceId,host,wave,") and len(lines) == 3
