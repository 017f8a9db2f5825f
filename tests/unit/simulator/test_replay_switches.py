# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording of the simulator under each value of each switch shows that value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.evidence import (
    NOT_SHOWN,
    verdicts,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.recording import (
    read_recording,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.switches import TABLE
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    MONTHLY,
    fleet,
    imei,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.recorded_wire import RecordedClient
from ansible_collections.thingspace.fota.tests.unit.simulator.test_switches import KEYS, PROBES

Probe = Callable[[RecordedClient], Any]
CREATE = f"v3/campaigns/firmware/{ACCOUNT}"
REPORT = f"v3/reports/{ACCOUNT}/firmware/campaigns?campaignStatus="


# Where the probe of a switch reads less than the modules do, what it lacks is added here.
def _prescheduled(client: RecordedClient) -> None:
    campaign = client.create(startDate="2026-03-10", endDate="2026-03-11")
    client.sim.advance(hours=3)
    client.status(campaign)
    for word in ("CampaignPreScheduled", "CampaignScheduled", "CampaignRequestQueued"):
        client.raw("GET", REPORT + word)
    client.status(campaign)


def _unlicensed(client: RecordedClient) -> None:
    campaign = client.create(account=MONTHLY, deviceList=[imei(31), imei(32)])
    client.sim.advance(hours=1)
    client.status(campaign, account=MONTHLY)
    client.rows(campaign, account=MONTHLY)


def _read_reports(client: RecordedClient) -> None:
    client.ok("GET", f"v3/firmware/{ACCOUNT}?protocol=all")
    for word in ("CampaignEnded", "CampaignScheduled"):
        client.reported(word)


def _pilot_rule(client: RecordedClient) -> None:
    _read_reports(client)
    PROBED["pilot_rule"](client)


def _pilot_evidence(client: RecordedClient) -> None:
    pilots = [
        client.create(deviceList=[imei(number) for number in numbers])
        for numbers in ((1, 2, 3), (4, 5, 6))
    ]
    client.sim.advance(hours=96)
    _read_reports(client)
    for pilot in pilots:
        client.rows(pilot)
    devices = [*(imei(number) for number in range(7, 31)), imei(91)]
    dates = {"startDate": "2026-03-07", "endDate": "2026-03-09"}
    campaign = client.create(deviceList=devices, **dates)
    client.sim.advance(hours=1)
    client.status(campaign)


def _unknown_package(client: RecordedClient) -> None:
    _read_reports(client)
    PROBED["unknown_package"](client)


def _stored_after_success(client: RecordedClient) -> None:
    windows = [{"startTime": 0, "endTime": 1}]
    campaign = client.create(1, endDate="2026-03-03", campaignTimeWindowList=windows)
    client.sim.advance(hours=26)
    client.rows(campaign)
    client.device(1)
    client.sim.advance(hours=30)
    client.device(1)


def _device_history(client: RecordedClient) -> None:
    campaign = client.create(1)
    client.sim.advance(hours=1)
    client.status(campaign)
    client.rows(campaign)
    client.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}")


RICHER: dict[str, Probe] = {
    "prescheduled": _prescheduled,
    "unlicensed_devices": _unlicensed,
    "pilot_rule": _pilot_rule,
    "pilot_evidence": _pilot_evidence,
    "unknown_package": _unknown_package,
    "stored_after_success": _stored_after_success,
    "device_history": _device_history,
}
PROBED: dict[str, Probe] = {
    name: probe for name, (probe, _results) in [*PROBES.items(), *KEYS.items()]
}
SHOWN = [
    (switch.name, choice)
    for switch in TABLE
    if switch.name not in NOT_SHOWN
    for choice in switch.choices
]


@pytest.mark.parametrize(("switch", "choice"), SHOWN)
def test_each_value_of_a_switch_is_recognized(
    simulator: StartSimulator, tmp_path: Path, switch: str, choice: str
) -> None:
    simulator.judge_requests = False
    unlucky = fleet(success_rate=0.0, retry_rate=1.0, max_attempts=9)
    sim = simulator(
        unlucky if switch == "v3_retry_word" else fleet(),
        start="2026-03-02T00:00:00Z",
        switches={switch: choice},
    )
    client = RecordedClient(sim, tmp_path / "recording.jsonl")
    (RICHER.get(switch) or PROBED[switch])(client)
    client.wire.close()
    shown = {
        verdict.switch: verdict.values
        for verdict in verdicts(read_recording(tmp_path / "recording.jsonl"))
    }
    assert shown.get(switch) == (choice,)
    wrong = {name: values for name, values in shown.items() if sim.switches[name] not in values}
    assert wrong == {}, "what it shows of other switches is true as well"


def test_what_is_not_shown_is_a_switch_and_has_a_reason() -> None:
    assert set(NOT_SHOWN) <= {switch.name for switch in TABLE}
    assert all(NOT_SHOWN.values())
