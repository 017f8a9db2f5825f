# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``campaign``: made true, left alone, watched to its end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually
from ansible_collections.thingspace.fota.tests.playbooks.parts import part, run_parts
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner

PLAYBOOK = "thingspace.fota.campaign"
CAMPAIGN: dict[str, Any] = {
    "name": "gateways",
    "type": "software",
    "package": "FOTA_Verizon_Model-A_02To03_HF",
    "from_version": "FOTA_Verizon_Model-A_00To01_HF",
    "to_version": "FOTA_Verizon_Model-A_02To03_HF",
    "start_date": "2026-03-03",
    "end_date": "2026-03-05",
    "devices": ["990013907835573", "990013907884259", "990013907833575"],
}
VARIABLES = {"campaign": CAMPAIGN, "campaign_imei_check": "off"}


def test_made_true_then_unchanged_then_ended(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(start="2026-03-02T08:00:00Z")
    waiting = {"campaign_wait_for": "ended", "campaign_wait_timeout": 30}
    parts = [part("campaign"), part("campaign", **waiting)]
    runs = run_parts(run_playbook, parts, variables=VARIABLES, simulator=sim)
    real = next(runs).succeeded()
    assert real.changed == ["Create, change or cancel the campaign"]

    sim.advance(hours=72)
    ended = next(runs).succeeded()
    assert ended.changed == []
    (campaign,) = ended["Read the outcome"]["campaigns"]
    assert (campaign["status"], campaign["counts"]) == ("CampaignEnded", {"success": 3})
    assert "status: CampaignEnded" in ended["Show the outcome"]["msg"]
    assert len(sim.campaigns()) == 1


@pytest.mark.soak
def test_devices_that_need_a_look_are_named(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(start="2026-03-02T08:00:00Z")
    campaign = {**CAMPAIGN, "devices": [*CAMPAIGN["devices"], "111111111111111"]}
    variables = {**VARIABLES, "campaign": campaign}
    run_playbook(PLAYBOOK, variables=variables, simulator=sim).succeeded()
    sim.advance(hours=72)
    run = run_playbook(PLAYBOOK, variables=variables, simulator=sim).succeeded()
    (named,) = run["Show devices that need attention"]["results"]
    assert named["item"]["deviceId"] == "111111111111111"


def test_without_a_campaign_nothing_is_called(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator()
    run = run_playbook(PLAYBOOK, variables={"campaign": {"type": "software"}}, simulator=sim)
    assert [one.task for one in run.failed] == ["Check the variables"]
    assert "name or campaign_id" in run["Check the variables"]["msg"]
    assert sim.journal() == []


@pytest.mark.soak
def test_simulated_to_its_end(run_playbook: PlaybookRunner) -> None:
    """Even with real credentials at hand, nothing but the simulator is called."""
    variables = {
        **VARIABLES,
        "simulated": True,
        "simulator_start": "2026-03-02T08:00:00Z",
        "campaign_wait_for": "ended",
        "campaign_wait_delay": 0.2,
    }
    unreachable = {"THINGSPACE_BASE_URL": "https://127.0.0.1:1/api", "THINGSPACE_ACCOUNT": "1"}
    tokens = {"THINGSPACE_BEARER_TOKEN": "real", "THINGSPACE_SESSION_TOKEN": "real"}
    run = run_playbook(PLAYBOOK, variables=variables, environment={**unreachable, **tokens})
    (campaign,) = run.succeeded()["Read the outcome"]["campaigns"]
    assert campaign["counts"] == {"success": 3}
    assert run["Read the outcome"]["service"]["simulated"] is True
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))
