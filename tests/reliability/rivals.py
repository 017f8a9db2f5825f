# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two to eight controllers that run one rollout on one account at the same time.

``run_rivals()`` runs fifty seeds without pytest and gives the counts.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    Controller,
    duplicates,
    quick_retries,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import OVER, Rollout, fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    accepted,
    live,
    versions,
)

START = "2026-03-02T00:00:00Z"
SEEDS = 50
MOST_ROUNDS = 60
MODELS = {"alpha": 9, "beta": 7}
WAVES = [{"name": "pilot", "per_package": 5}, {"name": "all", "rest": True}]
# What a controller may be told when another one was faster.
KNOWN_FAILURES = frozenset({"ambiguous", "refused", "refused_by_plan", "not_cancelled"})
# Virtual hours between two rounds in which something was to do.
PAUSES = (0.02, 0.25, 2.0)

Row = dict[str, Any]


@dataclass
class Rivalry:
    """What came of one seed; ``findings`` are empty if all is well."""

    controllers: int
    caches: int
    rounds: int = 0
    findings: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    lost_devices: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)


class _Rival:
    """One controller; its runs begin when those of all others do, or a moment later."""

    def __init__(self, rollout: Rollout, dice: random.Random) -> None:
        self.rollout = rollout
        self.failure: str | None = None
        self._dice = dice

    def run_once(self, barrier: Barrier) -> Row | None:
        barrier.wait(timeout=300)
        time.sleep(self._dice.choice((0, 0, 0.002, 0.01)))
        self.failure = None
        try:
            return self.rollout.run_once()
        except (FotaError, PlanRefused, TaskFailure) as failure:
            self.failure = str(describe_failure(failure)[1]["kind"])
            return None


def run_seed(seed: int) -> Rivalry:
    """Run one rollout by several controllers, to the end of each."""
    dice = random.Random(seed)
    count = dice.randint(2, 8)
    caches = dice.randint(1, count)
    latency = dice.choice((0, 1, 2))
    result = Rivalry(count, caches)
    with (
        tempfile.TemporaryDirectory() as folder,
        quick_retries(),
        SimulatorServer(fleet(MODELS, seed=seed), start=START, latency_ms=latency) as sim,
    ):
        rivals = [
            _Rival(
                Rollout(
                    Controller(sim, Path(folder) / f"cache-{number % caches}"),
                    MODELS,
                    waves=WAVES,
                ),
                random.Random(f"{seed}/{number}"),
            )
            for number in range(count)
        ]
        _race(sim, rivals, dice, result)
        _judge(sim, result)
        # Somebody who has never logged in still can.
        Rollout(Controller(sim, Path(folder) / "newcomer"), MODELS, waves=WAVES).decide()
    return result


def _race(sim: SimulatorServer, rivals: list[_Rival], dice: random.Random, result: Rivalry) -> None:
    barrier = Barrier(len(rivals))
    with ThreadPoolExecutor(len(rivals)) as pool:
        for result.rounds in range(1, MOST_ROUNDS + 1):
            decisions = list(pool.map(lambda rival: rival.run_once(barrier), rivals))
            result.failures.update(rival.failure for rival in rivals if rival.failure)
            told = [one for one in decisions if one is not None]
            if len(told) == len(rivals) and all(map(_is_over, told)):
                result.phases.update(one["phase"] for one in told)
                return
            _go_on(sim, told, dice)
    result.findings.append(f"not over after {MOST_ROUNDS} rounds")


def _is_over(decision: Row) -> bool:
    return decision["phase"] in OVER and not decision["would_change"]


def _go_on(sim: SimulatorServer, told: Iterable[Row], dice: random.Random) -> None:
    """Move the clock to when the first of them wants to look again, if none had to write."""
    idle = [one for one in told if not one["would_change"]]
    moments = [one["next_check_after"] for one in idle if one["next_check_after"]]
    if len(idle) < len(list(told)) or not moments:
        sim.advance(hours=dice.choice(PAUSES))
    else:
        sim.set_now(min(moments))


def _judge(sim: SimulatorServer, result: Rivalry) -> None:
    result.duplicates = duplicates(sim)
    result.findings += [f"duplicate: {one}" for one in result.duplicates]
    held = Counter(imei for one in live(sim.campaigns()) for imei in accepted(one))
    result.findings += [f"{imei} is in {n} live campaigns" for imei, n in held.items() if n > 1]
    logins = sum(one["operation"] == "startM2MSession" for one in sim.journal())
    if logins != result.caches:
        result.findings.append(f"{logins} logins for {result.caches} token caches")
    result.lost_devices = sum(MODELS.values()) - versions(sim).get("B", 0)
    if result.lost_devices:
        result.findings.append(f"{result.lost_devices} devices were left out")
    for names, known in (
        (result.phases, {phase.value for phase in Phase}),
        (result.failures, KNOWN_FAILURES),
    ):
        result.findings += [f"{name} is not documented" for name in names if name not in known]


def run_rivals(
    *, seeds: Iterable[int] = range(SEEDS), say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Run some seeds; the counts, and what is wrong."""
    results = {}
    for seed in seeds:
        results[seed] = run_seed(seed)
        for finding in results[seed].findings:
            say(f"seed {seed}: {finding}")
    return {
        "rivalries": len(results),
        "controllers": sum(one.controllers for one in results.values()),
        "duplicates": sum(len(one.duplicates) for one in results.values()),
        "lost_devices": sum(one.lost_devices for one in results.values()),
        "failed_runs": dict(sum((one.failures for one in results.values()), Counter())),
        "phases": dict(sum((one.phases for one in results.values()), Counter())),
        "findings": {seed: one.findings for seed, one in results.items() if one.findings},
    }
