# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated requests, good and bad, against the running simulator (schemathesis, OpenAPI 3.1).

Three runs: ids as generated, nearly all of them unknown to the service; ids that exist, so that
requests get past the first check; and the token services, which would end the others' tokens.
Chosen requests have the account of the document, so with random ids they are left to ``make soak``.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.interpreters import interpreter
from ansible_collections.thingspace.fota.tests.contract.judge import wire_contract
from ansible_collections.thingspace.fota.tests.contract.openapi import DOCUMENT
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    HTTP_IMEIS,
    LISTENER,
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
from ansible_collections.thingspace.fota.tests.tools.soak_values import SOAK, examples

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
AUTH = {"requestOAuthToken", "revokeOAuthToken", "startM2MSession", "endM2MSession"}
PHASES = "examples,coverage,fuzzing"
EXAMPLES = examples(8)  # random requests for each operation
SECONDS = 1200
EXISTING = {
    "v1": ("/fota/v1/upgrades", v1_upgrade(), OMADM_IMEIS[0]),
    "v2": (f"/fota/v2/campaigns/{MAIN}", v2_campaign(), HTTP_IMEIS[0]),
    "v3": (f"/fota/v3/campaigns/firmware/{MAIN}", v3_campaign(), LWM2M_IMEIS[0]),
}


def existing_ids(version: str, campaign: str, device: str) -> str:
    """The part of a schemathesis configuration that fixes the path parameters of a version."""
    ids = {"accountName": MAIN, "campaignId": campaign, "upgradeId": campaign, "deviceId": device}
    lines = [f'"path.{name}" = {json.dumps(value)}' for name, value in ids.items()]
    first = ["[[operations]]", f'include-path-regex = "^/fota/{version}/"']
    return "\n".join([*first, "[operations.parameters]", *lines, ""])


def run(
    wire: Wire, url: str, operations: set[str], folder: Path, ids: str = "", phases: str = PHASES
) -> None:
    """Run schemathesis over the operations, and fail with its findings."""
    config = folder / "schemathesis.toml"
    config.write_text(ids, encoding="utf-8")
    report = folder / "report.json"
    command = [
        interpreter("FOTA_SCHEMATHESIS_PYTHON", "schemathesis"),
        *("-m", "schemathesis.cli", "--config-file", str(config), "run", str(DOCUMENT)),
        *("--url", url, "--no-color", "--checks", ",".join(CHECKS)),
        *("--phases", phases, "--max-examples", str(EXAMPLES)),
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
    assert cases >= EXAMPLES * len(operations)
    assert done.returncode == 0, done.stdout


def in_scope() -> set[str]:
    """All operations but those of the token services."""
    return set(wire_contract().operations) - AUTH


def test_generated_ids(simulator: StartSimulator, tmp_path: Path) -> None:
    simulator.judge_requests = False
    sim = simulator(fleet(), start=START)
    wire = Wire(sim.url).login()
    # Without a listener, a reply is empty, which the document does not have.
    listener = {"name": "Fota", "url": LISTENER, "username": "user", "password": "pass"}
    for version in EXISTING:
        wire.call("POST", f"/fota/{version}/callbacks/{MAIN}", listener)
    run(wire, sim.url, in_scope(), tmp_path, phases=PHASES if SOAK else "fuzzing")


def test_existing_ids(simulator: StartSimulator, tmp_path: Path) -> None:
    simulator.judge_requests = False
    sim = simulator(fleet(), start=START)
    wire = Wire(sim.url).login()
    ids = ""
    for version, (path, body, device) in EXISTING.items():
        created = wire.call("POST", path, body)
        assert created.status == 200, created.body
        ids += existing_ids(version, created.json["id"], device)
    run(wire, sim.url, in_scope(), tmp_path, ids)
    operations = wire_contract().operations
    reads = {name for name in in_scope() if operations[name].method == "GET"}
    assert reads <= simulator.judge.operations()


def test_token_services(simulator: StartSimulator, tmp_path: Path) -> None:
    simulator.judge_requests = False
    sim = simulator(fleet(), start=START)
    run(Wire(sim.url).login(), sim.url, AUTH, tmp_path)
