# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to rollouts: what it declares is read, and its commands run as they are written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT

GUIDE = (ROOT / "docs" / "docsite" / "rst" / "rollout_guide.rst").read_text(encoding="utf-8")
MAKE, MODEL = "SEQUANS Communications", "GM01Q"
OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"


def block(start: str) -> str:
    """The literal block of the guide that begins so, without its margin."""
    lines = GUIDE[GUIDE.index(start) :].splitlines()
    taken = []
    for line in lines:
        if line and taken and not line.startswith("   "):
            break
        taken.append(line.removeprefix("   "))
    return "\n".join(taken)


def commands() -> list[list[str]]:
    """Every command of the guide, cut into words."""
    joined = GUIDE.replace("\\\n", " ")
    found = re.findall(r"^   \$ (ansible-playbook .+)$", joined, re.MULTILINE)
    return [shlex.split(one) for one in found]


class Reader:
    """Somebody who follows the guide on the simulator, in a folder of their own."""

    def __init__(self, run_playbook: PlaybookRunner, sim: Any, folder: Path) -> None:
        self.run_playbook = run_playbook
        self.sim = sim
        self.folder = folder

    def run(self, playbook: str, number: int = 0) -> PlaybookRun:
        """Run the n-th command of the guide that names a playbook."""
        named = [one for one in commands() if one[1] == f"thingspace.fota.{playbook}"]
        found = named[number]
        return self.run_playbook(
            found[1],
            *(self._place(word) for word in found[2:]),
            *("--extra-vars", "rollout_imei_check=off"),
            simulator=self.sim,
        )

    def _place(self, word: str) -> str:
        """Files of the guide are in the reader's folder."""
        name = word.removeprefix("@").removeprefix("reverse_path=")
        if name in ("inventory", "meters.yml", "back.yml"):
            return word.replace(name, str(self.folder / name))
        return word


@pytest.fixture
def reader(run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path) -> Reader:
    """40 meters, two of them canaries and one in the lab, and a package back."""
    imeis = [f"35900000000{number:04}" for number in range(40)]
    fleet = {
        "accounts": [
            {
                "name": ACCOUNT,
                "devices": [
                    {
                        "deviceId": imei,
                        "make": MAKE,
                        "model": MODEL,
                        "protocol": "LWM2M",
                        "firmware": OLD,
                    }
                    for imei in imeis
                ],
                "firmware": [
                    {
                        "firmwareName": f"{before}-{after}",
                        "make": MAKE,
                        "model": MODEL,
                        "firmwareFrom": before,
                        "firmwareTo": after,
                        "launchDate": "2026-01-01T00:00:00Z",
                        "protocol": "LWM2M",
                    }
                    for before, after in ((OLD, NEW), (NEW, OLD))
                ],
            }
        ]
    }
    hosts = {
        f"meter-{number}": {"imei": imei, "region": "north" if number % 2 else "south"}
        for number, imei in enumerate(imeis)
    }
    groups = {
        "meters": {"hosts": hosts},
        "canary": {"hosts": {"meter-0": {}, "meter-1": {}}},
        "lab": {"hosts": {"meter-39": {}}},
    }
    (tmp_path / "inventory").write_text(yaml.safe_dump(groups))
    (tmp_path / "meters.yml").write_text(block("# meters.yml"))
    return Reader(run_playbook, simulator(fleet, start="2026-03-02T08:00:00Z"), tmp_path)


def test_plan_run_halt_and_the_way_back(reader: Reader) -> None:
    plan = reader.run("rollout").succeeded()
    assert reader.sim.campaigns() == []
    text = "\n".join(plan["Show the plan"]["msg"])
    assert "39 selected, 39 in scope" in text
    assert f"rollback path: {MAKE} {MODEL} {NEW} > {OLD}: 39 devices" in text

    run = reader.run("rollout", 1).succeeded()
    assert [one["campaignName"].split(".")[3] for one in reader.sim.campaigns()] == ["w01"]
    assert run["Decide the next step"]["exposure"] == 2
    assert reader.run("status").succeeded()["Decide the next step"]["phase"] == "running"
    audit = reader.run("audit").succeeded()["Decide the next step"]
    assert [(one["standing"], one["path"], one["devices"]) for one in audit["standings"]] == [
        ("behind", [NEW], 39)
    ]
    back = reader.run("reverse").succeeded()
    assert back["Decide the next step"]["counts"]["current"] == 39
    assert (reader.folder / "back.yml").exists()
    halted = reader.run("halt").succeeded()["Decide the next step"]
    assert (halted["phase"], halted["would_change"]) == ("halted", True)
    assert reader.sim.campaigns()[0]["status"] == "CampaignCancelled"


def test_every_command_is_of_a_playbook_that_there_is() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert {one[1].rpartition(".")[2] for one in commands()} <= playbooks
    assert len(commands()) >= 9
