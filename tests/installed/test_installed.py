# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a newcomer does first, with an installed collection: the demo and the quickstart."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.tables import wave_rows
from ansible_collections.thingspace.fota.tests.installed.conftest import COLLECTION
from ansible_collections.thingspace.fota.tests.playbooks.documented import Terminal, files_of
from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.playbooks.test_documents import (
    OLD,
    Reader,
    reader,
)
from ansible_collections.thingspace.fota.tests.tools.documents import commands_of
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import failed_cohorts

__all__ = ["reader"]

# Of 100 meters 9 run the target before and 4 have no path; of 100 cabinets 10 run it before.
METERS, CABINETS = 87, 90
MOST_LINES = 150
REPORTS = {"demo-halted.html": "358000000020093", "demo-end.html": "175 of 277 devices verified"}
# Those that fail in the wave early; a person takes the failures.
LOOSE_ANTENNAS = 2


def test_the_demo_ends_with_its_report(run_playbook: PlaybookRunner, tmp_path: Path) -> None:
    """Without an inventory, as everybody runs it."""
    report = {"demo_report": str(tmp_path)}
    run = run_playbook("thingspace.fota.demo", variables=report).succeeded()
    assert len(run.output.splitlines()) <= MOST_LINES
    for name, words in REPORTS.items():
        assert words in (tmp_path / name).read_text(encoding="utf-8")
        assert str(tmp_path / name) in run.output
    decision = run["Decide the next step"]
    assert decision["phase"] == "completed_with_exceptions"
    verified: dict[str, int] = {}
    for row in wave_rows(decision):
        verified[row["model"]] = verified.get(row["model"], 0) + row["verified"]
    assert verified == {"GM01Q": METERS, "LCO-277C4N": CABINETS - LOOSE_ANTENNAS, "nRF9160": 0}
    assert [cohort["model"] for cohort in failed_cohorts(decision)] == ["nRF9160"]
    trackers = 5
    failed = decision["counts"]["failed"]
    assert failed == trackers + LOOSE_ANTENNAS, "only canaries of the trackers"
    phases = [task.result["phase"] for task in run.all("Decide the next step")]
    assert phases.index("awaiting_approval") < phases.index("halted") < phases.index(phases[-1])
    plan = run["Show the plan"]["lines"]
    assert plan[0].endswith("rollout spring: planned; nothing exists yet")
    assert (
        "changed=0"
        in run["Repeat the rollout in another process, with the account as inventory"]["stdout"]
    )
    assert run["Read the version of every device again"]["versions"] == {
        "SR1.2.0.0-10657": METERS + 9,
        "SR1.1.0.0-9876": 4,
        "BG96MAR04A04M1G_BETA0130B": CABINETS + 10 - LOOSE_ANTENNAS,
        "BG96MAR04A04M1G": LOOSE_ANTENNAS,
        "ee58ac77-f1fd-4960-8dc4-4d32e118a6d4": 100,
    }
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))


def test_quickstart(reader: Reader) -> None:
    reader.write({f"meters/{name}": text for name, text in files_of("quickstart_guide").items()})
    assert reader.count_meters(OLD) > 0
    reader.follow("quickstart_guide")
    reader.assert_shown("quickstart_guide")
    assert [wave for wave, _status in reader.campaigns()] == ["w01", "w02"]
    assert reader.count_meters(OLD) == 0


def test_the_server_of_the_guides(
    run_playbook: PlaybookRunner, collections: Path, tmp_path: Path
) -> None:
    """It starts from the directory of the collection."""
    (command,) = {
        command
        for document in ("quickstart_guide", "simulator_guide")
        for command in commands_of(document)
        if " serve " in command
    }
    terminal = Terminal(tmp_path, run_playbook.environment(None, tmp_path / "results", {}))
    try:
        line = json.loads(terminal.start(command.replace("43121", "0"), collections / COLLECTION))
    finally:
        terminal.close()
    assert line["url"].startswith("http://127.0.0.1:")
