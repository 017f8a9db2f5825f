# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated requests, good and bad, against the running simulator (schemathesis, OpenAPI 3.1).

Three runs: ids as generated, nearly all of them unknown to the service; ids that exist, so that
requests get past the first check; and the token services, which would end the others' tokens.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.interpreters import interpreter
from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.contract.openapi import DOCUMENT
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    HTTP_IMEIS,
    LWM2M_IMEIS,
    MAIN,
    OMADM_IMEIS,
    START,
    fleet,
    v1_upgrade,
    v2_campaign,
    v3_campaign,
)
from ansible_collections.thingspace.fota.tests.contract.wire import Wire

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
AUTH = {"requestOAuthToken", "revokeOAuthToken", "startM2MSession", "endM2MSession"}
EXAMPLES = 8
SECONDS = 1200


@dataclass(frozen=True)
class Ids:
    """Path parameters that exist: one campaign or upgrade and one device of a version."""

    campaign: str
    device: str

    def as_toml(self) -> str:
        """The part of a schemathesis configuration that fixes them."""
        values = {
            "path.accountName": MAIN,
            "path.campaignId": self.campaign,
            "path.upgradeId": self.campaign,
            "path.deviceId": self.device,
        }
        lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items()]
        return "\n".join(["[parameters]", *lines, ""])


def run(wire: Wire, url: str, operations: set[str], folder: Path, ids: Ids | None) -> str:
    """Run schemathesis over the operations; its findings as text, empty when it is content."""
    folder.mkdir()
    config = folder / "schemathesis.toml"
    config.write_text("" if ids is None else ids.as_toml(), encoding="utf-8")
    report = folder / "report.json"
    command = [
        interpreter("FOTA_SCHEMATHESIS_PYTHON", "schemathesis"),
        *("-m", "schemathesis.cli", "--config-file", str(config), "run", str(DOCUMENT)),
        *("--url", url, "--no-color", "--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
        *("--generation-deterministic", "--continue-on-failure", "--warnings", "off"),
        # Slow machines and free-text parameters are no findings.
        *("--suppress-health-check", "all"),
        *("--report", "json", "--report-json-path", str(report)),
    ]
    for name, value in wire.tokens().items():
        command += ["--header", f"{name}: {value}"]
    for operation in sorted(operations):
        command += ["--include-operation-id", operation]
    # Its caches go where it runs.
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    facts = json.loads(report.read_text(encoding="utf-8"))
    tested, cases = facts["operations"]["tested"], facts["test_cases"]["generated"]
    print(f"schemathesis: {tested} operations, {cases} cases, {facts['running_time']:.0f} s")
    assert tested == len(operations)
    assert cases > EXAMPLES * len(operations) / 2
    return "" if done.returncode == 0 else done.stdout


def in_scope(prefix: str) -> set[str]:
    """Operations whose id starts with the prefix, without the token services."""
    operations = set(wire_contract().operations) - AUTH
    return {name for name in operations if name.startswith(prefix)}


def test_generated_ids(simulator: StartSimulator, tmp_path: Path) -> None:
    simulator.judge_requests = False
    sim = simulator(fleet(), start=START)
    wire = Wire(sim.url).login()
    assert not run(wire, sim.url, in_scope("v"), tmp_path / "run", None)


@pytest.mark.parametrize(
    ("version", "path", "body", "device"),
    [
        ("v1", "/fota/v1/upgrades", v1_upgrade(), OMADM_IMEIS[0]),
        ("v2", f"/fota/v2/campaigns/{MAIN}", v2_campaign(), HTTP_IMEIS[0]),
        ("v3", f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign(), LWM2M_IMEIS[0]),
    ],
    ids=["v1", "v2", "v3"],
)
def test_existing_ids(
    simulator: StartSimulator,
    tmp_path: Path,
    version: str,
    path: str,
    body: dict[str, object],
    device: str,
) -> None:
    simulator.judge_requests = False
    sim = simulator(fleet(), start=START)
    wire = Wire(sim.url).login()
    created = wire.call("POST", path, body)
    assert created.status == 200, created.body
    ids = Ids(campaign=created.json["id"], device=device)
    assert not run(wire, sim.url, in_scope(version), tmp_path / "run", ids)
    operations = wire_contract().operations
    reads = {name for name in in_scope(version) if operations[name].method == "GET"}
    assert reads <= simulator.judge.operations()


def test_token_services(simulator: StartSimulator, tmp_path: Path) -> None:
    simulator.judge_requests = False
    sim = simulator(fleet(), start=START)
    assert not run(Wire(sim.url).login(), sim.url, AUTH, tmp_path / "run", None)
