# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory ``fota_devices`` in real ``ansible-inventory`` and ``ansible-playbook`` runs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT, PlaybookRunner

PLUGIN = "thingspace.fota.fota_devices"
ACCOUNT = "0000123456-00001"
START = "2026-03-02T00:00:00Z"
METERS = ("358000000000016", "358000000000024", "358000000000032")
TRACKER = "358000000000040"
MODULE = "358000000000057"
HOSTILE = "{{ 1 + 1 }}{% if x %}"
# What AWX sets for the values that a credential does not give.
NOT_GIVEN = {f"THINGSPACE_{name}": "" for name in ("CA_PATH", "PROXIES", "VALIDATE_CERTS")}
LOGINS = ("requestOAuthToken", "startM2MSession")


def fleet(devices: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Three meters of one model, a tracker with a hostile version, and a device of v2."""
    sequans = {"make": "SEQUANS Communications", "model": "GM01Q", "protocol": "LWM2M"}
    some = [
        {**sequans, "deviceId": METERS[0], "firmware": "SR1.2.0.0-10512", "licensed": True},
        {**sequans, "deviceId": METERS[1], "firmware": "SR1.2.0.0-10657", "licensed": True},
        {
            **sequans,
            "deviceId": METERS[2],
            "firmware": "SR1.2.0.0-10512",
            "status": "Suspended",
            "mdn": "5550000032",
        },
        {"deviceId": TRACKER, "make": "Acme", "model": "T-1", "firmware": HOSTILE},
        {"deviceId": MODULE, "make": "Verizon", "model": "Model-A", "protocol": "HTTP"},
    ]
    accounts = [{"name": ACCOUNT, "devices": some if devices is None else devices}]
    return {"seed": 1, "accounts": accounts}


@dataclass(frozen=True)
class InventoryRun:
    """What ``ansible-inventory`` printed and warned of, the warnings as one line."""

    output: str
    warnings: str

    @property
    def groups(self) -> dict[str, list[str]]:
        """Hosts of every group that has hosts of its own, of ``--list``."""
        read = json.loads(self.output)
        return {name: one["hosts"] for name, one in read.items() if "hosts" in one}

    def variables(self, host: str) -> dict[str, Any]:
        """Variables of a host, of ``--list``, without the marks of unsafe text."""
        found = json.loads(self.output)["_meta"]["hostvars"][host]
        return {name: bare(value) for name, value in found.items()}


def bare(value: Any) -> Any:
    return value.get("__ansible_unsafe", value) if isinstance(value, dict) else value


def run_inventory(
    run_playbook: PlaybookRunner,
    *arguments: str | Path,
    simulator: SimulatorServer | None = None,
    environment: Mapping[str, str] | None = None,
) -> InventoryRun:
    """Run ``ansible-inventory`` in the home of the playbooks."""
    log = run_playbook.folder / "unused.jsonl"
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-inventory", *arguments],
        env=run_playbook.environment(simulator, log, environment or {}),
        cwd=run_playbook.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
    )
    return InventoryRun(done.stdout, " ".join(done.stderr.split()))


def source(folder: Path, name: str, **options: Any) -> Path:
    """Write a file of the plugin; ``name`` is all of its name or what stands before the suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (name if "." in name else f"{name}.thingspace_fota.yml")
    file.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}), encoding="utf-8")
    return file


def calls(sim: SimulatorServer) -> list[str]:
    """The operations that reached the service."""
    return [entry["operation"] for entry in sim.journal()]


def logins(sim: SimulatorServer) -> int:
    return sum(name in LOGINS for name in calls(sim))


def examples() -> dict[str, str]:
    """The documents of the plugin's examples by the names that their first lines give."""
    tree = ast.parse((ROOT / "plugins" / "inventory" / "fota_devices.py").read_text())
    (text,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES"
    )
    return {one.split("# ", 1)[1].split(":")[0]: one for one in text.split("\n---\n")}


SITES = """
all:
  children:
    site_oslo: {hosts: {meter-000016: , meter-000024: , meter-000032: {zone: a}}}
  vars: {region: north}
"""


def test_two_sources_are_one_inventory(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet(), start=START)
    folder = tmp_path / "inventory"
    source(
        folder,
        "10_devices",
        hostname="{{ 'meter' if fota_model == 'GM01Q' else 'other' }}-{{ imei[-6:] }}",
        group_by=["make", "model", "firmware", "protocol", "license", "reachability"],
        compose={"tail": "imei[-2:]"},
        groups={"licensed": "fota_license == 'assigned'"},
        keyed_groups=[
            {"key": "fota_model", "prefix": "plain"},
            {"key": "fota_model | string", "prefix": "rendered"},
            {"key": "fota_protocol", "separator": ""},
            {"key": "tail", "prefix": "tail", "parent_group": "tails"},
        ],
    )
    (folder / "20_sites.yml").write_text(SITES, encoding="utf-8")
    run = run_inventory(run_playbook, "-i", folder, "--list", simulator=sim, environment=NOT_GIVEN)
    assert run.warnings == ""
    meters = ["meter-000016", "meter-000024", "meter-000032"]
    every = [*meters, "other-000040", "other-000057"]
    assert run.groups == {
        "site_oslo": meters,
        "make_SEQUANS_Communications": meters,
        "make_Acme": ["other-000040"],
        "make_Verizon": ["other-000057"],
        "model_GM01Q": meters,
        "model_T_1": ["other-000040"],
        "model_Model_A": ["other-000057"],
        "firmware_SR1_2_0_0_10512": ["meter-000016", "meter-000032"],
        "firmware_SR1_2_0_0_10657": ["meter-000024"],
        "firmware____1___1______if_x___": ["other-000040"],
        "protocol_LWM2M": every[:-1],
        "protocol_HTTP": ["other-000057"],
        "license_assigned": meters[:2],
        "license_none": every[2:],
        "reachability_Active": [name for name in every if name != "meter-000032"],
        "reachability_Suspended": ["meter-000032"],
        "licensed": meters[:2],
        "plain_GM01Q": meters,
        "plain_T_1": ["other-000040"],
        "plain_Model_A": ["other-000057"],
        "rendered_GM01Q": meters,
        "rendered_T_1": ["other-000040"],
        "rendered_Model_A": ["other-000057"],
        "LWM2M": every[:-1],
        "HTTP": ["other-000057"],
        **{f"tail_{name[-2:]}": [name] for name in every},
    }
    assert run.variables("meter-000032") == {
        "imei": METERS[2],
        "fota_mdn": "5550000032",
        "fota_make": "SEQUANS Communications",
        "fota_model": "GM01Q",
        "fota_firmware": "SR1.2.0.0-10512",
        "fota_protocol": "LWM2M",
        "fota_license": "none",
        "fota_reachability": "Suspended",
        "fota_eligible": True,
        "fota_refresh_time": "2026-03-02 00:00:00.000 +0000 UTC",
        "fota_upgrade_time": run.variables("meter-000032")["fota_upgrade_time"],
        "fota_last_connection_time": "",
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "tail": "32",
        "region": "north",
        "zone": "a",
    }
    assert run.variables("other-000040")["fota_firmware"] == HOSTILE
    assert calls(sim).count("v3ListDevices") == 1


def test_the_graph_of_one_protocol_is_one_page(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    made = fleet()
    made["accounts"][0]["generate"] = [{"count": 2000, "make": "Acme", "model": "T-2"}]
    sim = simulator(made, start=START)
    file = source(tmp_path, "http", protocol="HTTP", group_by=["model"])
    run = run_inventory(run_playbook, "-i", file, "--graph", simulator=sim)
    assert run.warnings == ""
    lines = ["@all:", "  |--@ungrouped:", "  |--@model_Model_A:", f"  |  |--{MODULE}"]
    assert run.output.splitlines() == lines
    assert calls(sim).count("v3ListDevices") == 1


@pytest.mark.matrix
def test_a_play_over_a_keyed_group_and_the_lookup(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet(), start=START)
    file = source(tmp_path, "devices", keyed_groups=[{"key": "fota_model", "prefix": "model"}])
    read = {"devices": ["{{ imei }}"], "imei_check": "off"}
    lookup = "query('thingspace.fota.fota_hosts', 'all:!model_T_1', vars=['fota_firmware'])"
    plays = [
        {
            "hosts": "model_GM01Q:model_T_1",
            "gather_facts": False,
            "tasks": [
                {"name": "read", "thingspace.fota.fota_device_info": read},
                {"name": "version", "ansible.builtin.debug": {"msg": "v {{ fota_firmware }}"}},
            ],
        },
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [{"name": "found", "ansible.builtin.debug": {"msg": f"{{{{ {lookup} }}}}"}}],
        },
    ]
    run = run_playbook(plays, "-i", str(file), simulator=sim).succeeded()
    read_by = {one.host: one.result["devices"][0]["deviceId"] for one in run.all("read")}
    assert read_by == {imei: imei for imei in (*METERS, TRACKER)}
    versions = {one.host: one.result["msg"] for one in run.all("version")}
    assert versions[TRACKER] == f"v {HOSTILE}"
    assert [(one["imei"], one["groups"]) for one in run["found"]["msg"]] == [
        *((imei, ["model_GM01Q"]) for imei in METERS),
        (MODULE, ["model_Model_A"]),
    ]
    assert logins(sim) == 2, calls(sim)  # one for each of the two tokens


def test_cached_devices_do_not_get_younger(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet(), start=START)
    cache = tmp_path / "cache"
    file = source(
        tmp_path,
        "devices",
        cache=True,
        cache_plugin="ansible.builtin.jsonfile",
        cache_connection=str(cache),
        cache_timeout=3600,
        on_unreachable="use_cache",
        timeout=30,  # shorter than what the fault below asks to wait for
    )
    arguments = ("-i", str(file))
    first = run_inventory(run_playbook, *arguments, "--list", simulator=sim)
    (kept,) = cache.iterdir()
    half_old = kept.stat().st_mtime - 1800
    os.utime(kept, (half_old, half_old))
    sim.clear_journal()

    play = {"hosts": METERS[0], "gather_facts": False, "tasks": [{"ansible.builtin.debug": None}]}
    run_playbook([play], *arguments, simulator=sim).succeeded()
    assert calls(sim) == []
    assert kept.stat().st_mtime == pytest.approx(half_old, abs=1)

    read = run_playbook([play], *arguments, "--flush-cache", "-vvvv", simulator=sim).succeeded()
    assert calls(sim) == ["v3ListDevices"]
    assert kept.stat().st_mtime > half_old + 1000

    written = kept.read_text(encoding="utf-8")
    for secret in ("simulator-secret", "simulator-password"):
        assert secret not in written + read.output
    days_old = re.sub(
        r"(read_at\W+)([0-9.]+)", lambda found: found[1] + str(float(found[2]) - 3e5), written
    )
    assert days_old != written
    kept.write_text(days_old, encoding="utf-8")
    too_old = kept.stat().st_mtime - 7200
    os.utime(kept, (too_old, too_old))
    away = {"fault": "status_503_before", "times": 99, "retry_after": 60}
    sim.faults([{"operation": "v3ListDevices", **away}])
    last = run_inventory(run_playbook, *arguments, "--list", simulator=sim)
    assert last.output == first.output
    assert "The inventory is from the cache, 3 days old: " in last.warnings
    assert "no usable answer" in last.warnings
    assert kept.stat().st_mtime == pytest.approx(too_old, abs=1)


def test_files_that_cannot_be_used_say_why_before_any_call(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet(), start=START)
    cached = {"cache": True, "on_unreachable": "use_cache"}
    files = {
        source(tmp_path, "devices.yml"): f"the name of a file for {PLUGIN} must end in"
        " .thingspace_fota.yml or .thingspace_fota.yaml. Rename the file.",
        source(tmp_path, "number", firmware=1.1): "firmware: 1.1: must be a string; quote it",
        source(tmp_path, "key", gruop_by=["model"]): f"{PLUGIN}: unknown option gruop_by. Did you"
        " mean group_by?",
        source(tmp_path, "choice", group_by=["colour"]): "colour",
        source(tmp_path, "plugin", plugin="thingspace.fota.fota_device"): "unknown plugin"
        " 'thingspace.fota.fota_device'",
        source(
            tmp_path, "account", account="no/account"
        ): "has characters that are not allowed in an account name",
        source(tmp_path, "template", password="{{ nobody_set_this }}"): "password cannot be"
        " rendered: ",
        source(tmp_path, "limit", max_connections=0): "max_connections: 0: must be greater than 0",
        source(tmp_path, "url", base_url="http://example.com"): "base_url must use https",
        source(tmp_path, "forgetful", **cached): "on_unreachable: use_cache requires 'cache: true'",
    }
    arguments = [word for file in files for word in ("-i", file)]
    run = run_inventory(run_playbook, *arguments, "--list", simulator=sim)
    assert [message for message in files.values() if message not in run.warnings] == [], (
        run.warnings
    )
    assert "_meta" in run.output
    assert run.groups == {}
    assert calls(sim) == []


def test_accounts_that_cannot_be_hosts_say_why(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    fleets = fleet()
    fleets["accounts"].append({"name": "0642233522-00001", "devices": []})
    sim = simulator(fleets, start=START)
    wrong = {"username": "simulator-user", "password": "wrong"}
    gone = {
        "base_url": "http://127.0.0.1:1/api",
        "timeout": 0.5,
        "cache": True,
        "cache_plugin": "jsonfile",
        "cache_connection": str(tmp_path / "cache"),
        "on_unreachable": "use_cache",
    }
    files = {
        source(tmp_path, "same", hostname="{{ fota_model }}"): "hostname: two devices have the name"
        f" GM01Q: {METERS[0]} and {METERS[1]}. Include more of the IMEI.",
        source(tmp_path, "name", hostname="{{ fota_firmware }}", model="T-1"): f"hostname: the"
        f" name '{HOSTILE}' of {TRACKER} is invalid.",
        source(tmp_path, "empty", account="0642233522-00001"): "no device of"
        " 0642233522-00001 matches the filters",
        source(tmp_path, "gone", **gone): "The cache contains no devices either.",
        source(tmp_path, "wrong", **wrong): "login rejected: ",
        source(tmp_path, "wrong_again", **wrong): "login not tried, because it was rejected at ",
    }
    arguments = [word for file in files for word in ("-i", file)]
    run = run_inventory(run_playbook, *arguments, "--list", simulator=sim)
    assert [message for message in files.values() if message not in run.warnings] == [], (
        run.warnings
    )
    assert run.groups == {}
    # One for the password that is right, and one for the one that is wrong in two files.
    assert sum(name == "startM2MSession" for name in calls(sim)) == 2


def test_the_examples_run(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    sim = simulator(fleet(), start=START)
    for name, text in examples().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    credentials = {
        "NORTH_CLIENT_ID": "simulator-key",
        "NORTH_CLIENT_SECRET": "simulator-secret",
        "NORTH_USERNAME": "simulator-user",
        "NORTH_PASSWORD": "simulator-password",
    }
    arguments = [word for name in examples() for word in ("-i", tmp_path / name)]
    run = run_inventory(run_playbook, *arguments, "--list", simulator=sim, environment=credentials)
    assert run.warnings == ""
    assert run.groups["model_GM01Q"] == [*METERS, *(f"gm01q-{imei[-6:]}" for imei in METERS)]
    assert run.groups["behind"] == [METERS[0], METERS[2]]
    assert run.groups["cohort_6"] == [METERS[0]]
