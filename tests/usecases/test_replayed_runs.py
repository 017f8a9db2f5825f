# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a rollout on a recording decide what they decided on the service."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import ServiceRefused
from ansible_collections.thingspace.fota.plugins.module_utils._client.stand_ins import StandIns
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.recording import (
    read_recording,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.report import (
    report,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay.report import (
    text as report_text,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.replay_server import (
    ReplayServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, imeis

MILLISECONDS = re.compile(r"(?<=:\d\d)\.\d+")
UNKNOWN = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
MODELS = {"alpha": 24, "beta": 8}
WAVES: list[dict[str, Any]] = [{"name": "pilot", "per_package": 5}, {"name": "all", "rest": True}]


class Translated:
    """Says in stand-ins what was said before a recording."""

    def __init__(self, record: Path, sim: SimulatorServer) -> None:
        self.stand_ins = StandIns(Path(f"{record}.key").read_bytes())
        self._campaigns = [campaign["id"] for campaign in sim.campaigns()]

    def translated(self, decision: dict[str, Any]) -> dict[str, Any]:
        """A decision in stand-ins."""
        text = json.dumps(decision)
        for imei in imeis(MODELS):
            text = text.replace(imei, self.stand_ins.device(imei))
        for id_ in self._campaigns:
            text = text.replace(id_, self.stand_ins.identifier(id_))
        name = self.stand_ins.name("meters")
        for before in ("tsr.{}.", "rollout {}:", '"rollout": "{}"'):
            text = text.replace(before.format("meters"), before.format(name))
        found: dict[str, Any] = json.loads(text)
        return found


def lines(decision: dict[str, Any]) -> list[str]:
    """A decision with every list in order, without what no two runs share."""
    told = {key: value for key, value in decision.items() if key not in ("digest", "msg")}
    whole = json.dumps(_ordered(told), sort_keys=True, indent=1)
    return MILLISECONDS.sub("", whole).splitlines()


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=json.dumps)
    return value


@pytest.fixture
def rollout(account_with: Callable[..., Account]) -> Rollout:
    return Rollout(account_with(fleet=fleet(MODELS)), MODELS, waves=WAVES)


@dataclass(frozen=True)
class Replayed:
    """A run on the service, in stand-ins, and the same run on its recording."""

    decision: dict[str, Any]
    again: dict[str, Any]
    state: dict[str, Any]


@pytest.fixture
def replay(rollout: Rollout, tmp_path: Path) -> Callable[[], Replayed]:
    """Record a whole run, and repeat it on the recording with the declaration in stand-ins."""

    def run() -> Replayed:
        record = rollout.account.record = tmp_path / "recording.jsonl"
        decision = rollout.run_once()
        words = Translated(record, rollout.sim)
        with ReplayServer(read_recording(record)) as server:
            account = Account(cast(SimulatorServer, server), tmp_path / "tokens-of-the-replay")
            devices = [words.stand_ins.device(imei) for imei in rollout.spec["devices"]]
            declared = {"name": words.stand_ins.name("meters"), "devices": devices}
            replayed = Rollout(account, MODELS, **{**rollout.spec, **declared})
            account.name = words.stand_ins.account(ACCOUNT)
            again = replayed.run_once()
            return Replayed(words.translated(decision), again, server.state())

    return run


def test_a_run_on_a_recording_decides_the_same(
    rollout: Rollout, replay: Callable[[], Replayed]
) -> None:
    for _run in range(60):
        if len(rollout.created) == 4:
            break
        rollout.run_for(hours=6, every=6)
    rollout.sim.advance(hours=40)
    replayed = replay()
    # All devices are in campaigns, so their places do not depend on the order of their IMEIs.
    assert len(rollout.created) == 4
    assert replayed.state["unmatched"] == {} and replayed.state["left"] == 0
    assert replayed.state["served"] > 30, "it had a refresh, too"
    differences = difflib.unified_diff(lines(replayed.decision), lines(replayed.again), n=0)
    assert list(differences) == []


def test_a_run_that_picks_devices_by_their_imei_says_what_is_not_recorded(
    replay: Callable[[], Replayed],
) -> None:
    """Before its first campaign, a run reads the histories of some devices, chosen by a hash."""
    replayed = replay()
    assert (replayed.decision["phase"], replayed.again["phase"]) == (
        "planned",
        "observation_failed",
    )
    assert "REPLAY_NOT_RECORDED: The recording has no GET /fota/v3/reports" in replayed.again["msg"]
    assert all("/devices/" in what for what in replayed.state["unmatched"])


def test_what_is_not_recorded_is_refused_and_listed(rollout: Rollout, tmp_path: Path) -> None:
    record = rollout.account.record = tmp_path / "recording.jsonl"
    rollout.decide()
    with ReplayServer(read_recording(record)) as server:
        account = Account(cast(SimulatorServer, server), tmp_path / "tokens-of-the-replay")
        with pytest.raises(ServiceRefused, match="The recording has no GET /fota/v3/campaigns"):
            account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, campaign_id=UNKNOWN)
        state = server.state()
    assert f"GET /fota/v3/campaigns/{ACCOUNT}/{UNKNOWN}" in state["unmatched"]
    assert state["left"] > 10


def test_a_whole_rollout_settles_questions_and_claims_nothing_that_is_not_so(
    account_with: Callable[..., Account], tmp_path: Path
) -> None:
    chosen = {"auto_flags": "echoed", "prescheduled": "own", "v3_rejected_word": "UpgradeFailed"}
    account = account_with(fleet=fleet(MODELS), switches=chosen)
    account.record = tmp_path / "recording.jsonl"
    Rollout(account, MODELS, waves=WAVES).run(hours=6)
    found = report(read_recording(account.record))
    switches = account.sim.switches
    assert found["document"] == []
    assert {name: switches[name] for name in found["switches"]} == found["switches"]
    assert found["switches"].keys() >= {"prescheduled", "scheduled_entry", "stored_after_success"}
    assert f"{ACCOUNT}" not in report_text(found)
