# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every method of the vendor documents runs as a playbook task, on the documents' own examples."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.vendor_methods import VENDOR_METHODS
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner

PLAYBOOK = Path(__file__).parent / "vendor_methods.yml"

# Which task carries out which method: number of the method -> name of the task.
TASK_OF_METHOD = {
    1: "1 Firmware Query Using GET",
    2: "2 Schedule Firmware Upgrade Using POST",
    3: "3 Firmware Upgrade Request Using GET",
    4: "4 Firmware Upgrade Updatet Using PUT",
    5: "5 Cancel Firmware Upgrade Using DELETE",
    6: "6 19 List of Available Firmware",
    7: "7 20 Synchronize Device Firmware",
    8: "8 21 Report Device Firmware",
    9: "9 25 Schedule Software Upgrade",
    10: "10 26 Get Software Upgrade Details",
    11: "11 22 Update Software Upgrade",
    12: "12 23 Cancel Scheduled Software Upgrade",
    13: "13 24 Change Campaign Dates and Time Windows",
    14: "14 Schedule a Firmware Upgrade",
    15: "15 Add or Remove Devices",
    16: "16 Change Campaign Dates Time",
    17: "17 Retrieve Campaign Level Information",
    18: "18 Delete a Campaign",
    19: "6 19 List of Available Firmware",
    20: "7 20 Synchronize Device Firmware",
    21: "8 21 Report Device Firmware",
    22: "11 22 Update Software Upgrade",
    23: "12 23 Cancel Scheduled Software Upgrade",
    24: "13 24 Change Campaign Dates and Time Windows",
    25: "9 25 Schedule Software Upgrade",
    26: "10 26 Get Software Upgrade Details",
}


def test_every_method_runs_as_a_task(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    assert sorted(TASK_OF_METHOD) == [method.number for method in VENDOR_METHODS]
    sim = simulator(start="2018-03-01T00:00:00Z")
    run = run_playbook(PLAYBOOK, simulator=sim).succeeded()
    called = Counter(entry["operation"] for entry in sim.journal() if entry["status"] == 200)
    for method in VENDOR_METHODS:
        task = TASK_OF_METHOD[method.number]
        assert re.search(rf"\b{method.number}\b", task), task
        assert run.all(task)[0].status == "ok", task
        assert called[method.operation_id], method
    assert called["startM2MSession"] == 1
