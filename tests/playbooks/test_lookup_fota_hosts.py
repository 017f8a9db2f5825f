# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``fota_hosts`` in a real play, where Ansible's worker processes run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner

PASSWORD = "simulator-secret"
LOOKUP = "thingspace.fota.fota_hosts"


def show(name: str, query: str) -> dict[str, Any]:
    """A task that shows what a query gives, and does not end the play if it gives an error."""
    module = {"ansible.builtin.debug": {"msg": f"{{{{ {query} }}}}"}}
    return {"name": name, **module, "ignore_errors": True}


def inventory(folder: Path) -> Path:
    """Three meters, of which one is in the lab, and a gateway without IMEI; written to a folder."""
    encrypted = VaultLib([("default", VaultSecret(PASSWORD.encode()))]).encrypt(b"7001").decode()
    block = "".join(f"\n  {line}" for line in encrypted.splitlines())
    files = {
        "hosts.yml": """
all:
  children:
    meters:
      hosts:
        meter-2: {imei: 358000000000024}
        meter-1: {imei: '358000000000016', note: !unsafe '{{ 1 + 1 }}'}
        meter-3: {imei: '358000000000032'}
    lab: {hosts: {meter-3: , gateway: }}
""",
        "group_vars/meters.yml": f"region: \"{{{{ 'nor' ~ 'th' }}}}\"\nfeeder: !vault |{block}",
        "host_vars/meter-2.yml": "region: south",
        "password": PASSWORD,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.matrix
def test_devices_of_an_inventory_reach_a_later_task(
    run_playbook: PlaybookRunner, tmp_path: Path
) -> None:
    query = f"query('{LOOKUP}', 'meters:!lab', vars=['region', 'feeder', 'note'])"
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {"name": "remember", "ansible.builtin.set_fact": {"meters": f"{{{{ {query} }}}}"}},
            show("later", "meters | to_json"),
            show("nothing", f"query('{LOOKUP}', 'no_such_group')"),
            show("no IMEI", f"query('{LOOKUP}', 'lab')"),
        ],
    }
    folder = inventory(tmp_path / "inventory")
    password = ("--vault-password-file", str(folder / "password"))
    run = run_playbook([play], "-i", str(folder / "hosts.yml"), *password)
    assert run.status == 0, run.output
    assert json.loads(run["later"]["msg"]) == [
        {
            "imei": "358000000000024",
            "host": "meter-2",
            "groups": ["meters"],
            "region": "south",
            "feeder": "7001",
        },
        {
            "imei": "358000000000016",
            "host": "meter-1",
            "groups": ["meters"],
            "region": "north",
            "feeder": "7001",
            "note": "{{ 1 + 1 }}",
        },
    ]
    assert run["nothing"]["msg"] == []
    warnings = [line for line in run.output.splitlines() if "[WARNING]" in line]
    assert len(warnings) == 1
    assert "Could not match supplied host pattern, ignoring: no_such_group" in warnings[0]
    assert "1 of the selected hosts have no IMEI: gateway. Set" in run["no IMEI"]["msg"]
