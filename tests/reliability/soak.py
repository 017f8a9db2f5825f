# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random rollouts with random faults, until the time is over.

``make soak`` runs this for ten minutes. In each round one of twenty calls goes wrong while a
rollout is run; then the sky clears, and the rollout must come to an end. What is no end, no
error of our own, or breaks a promise is a finding, with the seed that shows it again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.table import TABLE
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.reliability.rollout_machine import STEPS, run_machine
from ansible_collections.thingspace.fota.tests.usecases.account import START, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout, fleet, package
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    accepted,
    assert_pilot_rule,
    live,
    own,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_watch import (
    assert_in_one_campaign,
)

CHANCE = 0.05
AT_ONCE = 6
ROUGH_RUNS = 30
CALM_RUNS = 60
OURS = (FotaError, TaskFailure, InvalidValue, PlanRefused)
# What keeps a connection waiting for longer than a round should take, or locks the user for good.
LEFT_OUT = frozenset({"stall_before", "stall_after", "slow_body", "refuse", "lockout"})
SWITCHES = {
    "delete_started_v3": ("refused", "aborted"),
    "scheduled_entry": ("day_before", "at_start"),
}


@dataclass
class Tally:
    """What was tried, and what was found.

    :ivar faults: calls that went wrong.
    :ivar refused_runs: runs that ended with an error of our own.
    """

    rounds: int = 0
    runs: int = 0
    faults: int = 0
    refused_runs: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        """Both tallies in one; every member can be added."""
        pairs = zip(_members(self), _members(other), strict=True)
        return Tally(*(mine + theirs for mine, theirs in pairs))


def _members(tally: Tally) -> list[Any]:
    return [getattr(tally, member.name) for member in fields(tally)]


def soak(seconds: float, *, seed: int = 1, most: int | None = None) -> Tally:
    """Run rounds side by side until the time is over, or ``most`` of them."""
    until = time.monotonic() + seconds
    seeds = itertools.count(seed)
    last = math.inf if most is None else seed + most - 1

    def work() -> Tally:
        tally = Tally()
        while time.monotonic() < until and (mine := next(seeds)) <= last:
            tally.rounds += 1
            try:
                _round(mine, tally)
            except Exception:  # noqa: BLE001 - whatever it is, it is what this looks for
                tally.findings.append(f"seed {mine}: {traceback.format_exc(limit=-4)}")
        return tally

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(
            (one.result() for one in [pool.submit(work) for _worker in range(AT_ONCE)]), Tally()
        )


def _round(seed: int, tally: Tally) -> None:
    dice = random.Random(seed)
    models = {
        name: dice.randint(6, 45) for name in dice.sample(["alpha", "beta"], dice.randint(1, 2))
    }
    target = dice.choice(["B", "C"])
    outcomes = {
        "default": {
            "success_rate": dice.choice([1, 0.98, 0.9, 0.5]),
            "silent_rate": dice.choice([0, 0, 0.05]),
            "hours_to_update": dice.choice([[1, 4], [1, 40]]),
        }
    }
    data = fleet(
        models,
        outcomes=outcomes,
        packages=[package(model, "B", "C") for model in models],
        seed=seed,
    )
    switches = {name: dice.choice(values) for name, values in SWITCHES.items()}
    with (
        SimulatorServer(data, start=START, switches=switches) as sim,
        tempfile.TemporaryDirectory() as folder,
    ):
        rollout = Rollout(
            Account(sim, Path(folder) / "tokens"),
            models,
            target=[{"make": "Sensors Inc", "model": model, "version": target} for model in models],
            retry=dice.randint(0, 1),
            sweep=dice.random() < 0.5,
            on_halt=dice.choice(["shorten", "abort"]),
            limits=dice.choice([{}, {"max_campaign_devices": 7}, {"max_exposure": 15}]),
            late_joiners=dice.choice(["leave", "last"]),
        )
        rollout.spec["target"] = [
            {"make": "Sensors Inc", "model": model, "version": target} for model in models
        ]
        _run_with_faults(rollout, sim, dice, tally)
        sim.faults([])
        phase = _come_to_an_end(rollout, tally)
        tally.phases[phase] += 1
        _assert_no_duplicates(sim)
        assert_pilot_rule(sim)


def _assert_no_duplicates(sim: SimulatorServer) -> None:
    """No name lives twice, no device is in two campaigns, none had one attempt of a step twice."""
    names = Counter(one["campaignName"] for one in live(own(sim)))
    assert [name for name, count in names.items() if count > 1] == []
    assert_in_one_campaign(sim)
    taken = Counter(
        (imei, one["to"], one["campaignName"].split(".")[6])
        for one in own(sim)
        if ".w99." not in one["campaignName"]
        for imei in accepted(one)
    )
    assert [key for key, count in taken.items() if count > 1] == []


def _run_with_faults(
    rollout: Rollout, sim: SimulatorServer, dice: random.Random, tally: Tally
) -> None:
    faults = sorted(TABLE.keys() - LEFT_OUT)
    sim.faults([{"faults": faults, "chance": CHANCE, "seed": dice.randrange(10**6)}])
    for _run in range(dice.randint(3, ROUGH_RUNS)):
        tally.runs += 1
        try:
            decision = rollout.run_once(state=dice.choice(["running"] * 9 + ["paused"]))
        except OURS:
            tally.refused_runs += 1
        else:
            assert Phase(decision["phase"])
        sim.advance(hours=dice.choice([0.2, 1, 6, 24]))
    tally.faults += sum(rule["struck"] for rule in sim.fault_rules())


def _come_to_an_end(rollout: Rollout, tally: Tally) -> str:
    """Run without faults; held and halted are also final phases."""
    for _run in range(CALM_RUNS):
        tally.runs += 1
        decision = rollout.run_once()
        if Phase(decision["phase"]).over and not decision["would_change"]:
            return str(decision["phase"])
        rollout.sim.advance(hours=24)
    raise AssertionError(f"no end after {CALM_RUNS} days: {decision['msg']}")


def run_machines(steps: int, *, seed: int) -> list[int]:
    """Take so many steps of whole rollouts to which anything happens; gives the seeds that fail.

    Each in a process of its own: the machine has a time of its own, too.
    """
    done, failed, number = 0, [], seed
    while done < steps:
        seeds = range(number, number + 4 * (os.cpu_count() or 1))
        with ProcessPoolExecutor() as processes:
            for each, (counted, problem) in zip(
                seeds, processes.map(_run_seed, seeds), strict=True
            ):
                done += counted
                if problem:
                    print(f"{problem}run_machine({each}, rollouts=10) repeats it", flush=True)
                    failed.append(each)
        number = seeds.stop
        print(f"machine: {done} steps, seeds {seed} to {number - 1}", flush=True)
    return failed


def _run_seed(number: int) -> tuple[int, str]:
    """Run the machine with one seed; gives its steps, and how it failed, else an empty text."""
    try:
        return run_machine(number, rollouts=10)["steps"], ""
    except Exception:  # noqa: BLE001 - whatever fails is a finding
        return STEPS * 10, traceback.format_exc()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="of whole rollouts")
    options = parser.parse_args()
    failed = run_machines(options.steps, seed=options.seed)
    tally = soak(options.minutes * 60, seed=options.seed)
    for finding in tally.findings:
        print(finding)
    told = vars(tally) | {"findings": len(tally.findings)}
    print(json.dumps(told))
    return 1 if tally.findings or failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
