# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that finds nothing to do: its calls, logins included, and its time beside any play.

The account of the calls has 1 000 devices in a rollout of 24 campaigns, and 200 campaigns of others that ended. The account
of the time has 80 devices, all of them in campaigns.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.bench.harness import (
    RUNS,
    Record,
    Simulator,
    play,
    rollout_play,
    time_play,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imei,
    write_campaigns,
)

# Three waves of eight models make 24 campaigns.
MODELS = {f"model-{number}": 125 for number in range(8)}
FOREIGN = 200
FEW_MODELS = {f"model-{number}": 10 for number in range(8)}
START = "2026-03-02T08:00:00Z"


def count_calls() -> int:
    """Run the rollout to its end, and give the calls of one run more."""
    with tempfile.TemporaryDirectory() as folder:
        sim = SimulatorServer(fleet({**MODELS, "of-others": FOREIGN}), start=START)
        with sim:
            account = Account(sim, Path(folder) / "tokens")
            first = (sim.now + timedelta(days=1)).date()
            write_campaigns(
                account,
                [
                    {
                        "name": f"of-others-{number}",
                        "package": "of-others-A-B",
                        "from_version": "A",
                        "to_version": "B",
                        "start_date": first.isoformat(),
                        "end_date": first.isoformat(),
                        "devices": [imei(len(MODELS), number)],
                    }
                    for number in range(FOREIGN)
                ],
            )
            proved = [f"{model}-A-B" for model in MODELS]
            rollout = Rollout(account, MODELS, qualified_packages=proved)
            rollout.run()
            rollout.sim.advance(hours=48)
            if (len(sim.campaigns()), rollout.decide()["phase"]) != (24 + FOREIGN, "completed"):
                raise SystemExit(f"not the account to be measured: {rollout.decide()['msg']}")
            sim.clear_journal()
            rollout.account = Account(sim, Path(folder) / "tokens of another controller")
            rollout.run_once()
            return len(sim.journal())


def compare_with_any_play(record: Record) -> None:
    """A run of the role against a play that runs ``true``, in turn, on a simulator nearby."""
    with Simulator(fleet(FEW_MODELS), latency_ms=0) as simulator:
        devices = [
            imei(place, number)
            for place, count in enumerate(FEW_MODELS.values())
            for number in range(count)
        ]
        rollout = {
            "name": "bench",
            "target": [{"make": MAKER, "model": model, "version": "B"} for model in FEW_MODELS],
            "devices": devices,
            "waves": [{"name": "all", "rest": True, "gate": {"approval": False}}],
            "qualified_packages": [f"{model}-A-B" for model in FEW_MODELS],
        }
        idle = rollout_play(rollout, rollout_imei_check="off")
        time_play(simulator, idle)
        simulator.ask("clock", method="POST", order={"advance_hours": 1})
        seconds = record.take_in_turn(
            RUNS,
            idle_run_play=lambda: time_play(simulator, idle),
            any_play=lambda: time_play(simulator, play({"ansible.builtin.command": "true"})),
        )
        campaigns = simulator.ask("")["counts"]["campaigns"]
        if campaigns != len(FEW_MODELS):
            raise SystemExit(f"{campaigns} campaigns: the runs were not idle")
    record.keys["idle_run_vs_any_play"] = round(seconds["idle_run_play"] / seconds["any_play"], 2)
