# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence is verified from files alone, and every finding is a line of the output."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
    view_events,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.chain import append
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.record import journal_record
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    decided,
    device,
    imeis,
    seen,
    spec,
)


def write_journal(path: Path) -> str:
    """Write the journal of three runs; gives the head."""
    decision = decided(spec(imeis(3)), seen(map(device, imeis(3))))
    facts = {**view_decision(decision, "none"), "events": view_events(decision)}
    return [append(str(path), journal_record(facts, state="running")) for _run in range(3)][-1]


def test_every_finding_is_a_line(run_playbook: PlaybookRunner, tmp_path: Path) -> None:
    """What holds is tested with the journal of a whole rollout."""
    path = tmp_path / "journal.jsonl"
    head = write_journal(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2].replace(b'"state":"running"', b'"state":"halted"'))
    variables = {"verify_path": [str(path), str(path)], "verify_head": head}
    run = run_playbook("thingspace.fota.verify", variables=variables)
    assert run.status == 2
    found = [
        f"{path}: 2 findings",
        f"no line has the head {head}: lines were removed or written again",
        "line 2: was changed after it was written",
    ]
    assert run["Print what was verified"]["lines"] == found * 2
    assert run["Fail if something does not hold"]["msg"] == f"{found[0]}; {found[0]}"
