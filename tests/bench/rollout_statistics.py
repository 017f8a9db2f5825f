# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run thousands of rollouts to their ends, and count how many of them end well.

Each is declared with defaults only and runs through the decisions of the collection, on a model of
the service without HTTP. A device that fails once fails for ever, so retries cannot help it.

Two things save time without a change to any outcome. There is a run only a day after all campaigns
have told everything: those of a wave start together, so a look before that could stop nothing that
has not started. And versions are read before each run, so that none has to be decided twice.
"""

from __future__ import annotations

import gc
import math
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignDevice,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.campaign_batches import (
    PlannedCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Approval,
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    GateVerdict,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    ROLLOUT,
    device,
    hours,
    imeis,
    package,
    read,
    target,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    Running,
    ServiceModel,
)

FIRMWARE = {"bad": 0.20, "good": 0.01}
"""The share of devices that fail."""
# By size of the fleet and firmware; the other one takes a quarter of an hour on two processors.
ALL_ROLLOUTS = {(5000, "good"): 1000, (5000, "bad"): 1000, (300, "good"): 1000, (300, "bad"): 1000}
ROLLOUTS = {(5000, "good"): 20, (5000, "bad"): 40, (300, "good"): 300, (300, "bad"): 1000}
SPREAD = 20
"""Hours from the first result of a campaign to the last, each device at a moment of its own."""
A_DAY = hours(24)
MOST_RUNS = 60
# Seeds that a process takes at once.
BATCH = 20

TWO_STEP_FIRST, TWO_STEP_TOLERATED = 0.20, 0.10
HAWKBIT_GROUPS, HAWKBIT_THRESHOLD = 5, 0.50
RULES = {
    "rollout": "this collection, defaults only",
    "two-step": "20 % of the fleet, then all the rest if at most 10 % of them failed",
    "hawkBit-like": "5 equal groups; the next one starts when 50 % of a group succeeded, and all"
    " stops when more than 50 % of it failed",
}


@dataclass(frozen=True)
class Ended:
    """How a rollout ended.

    :ivar touched: devices in campaigns that started.
    :ivar last_wave: a campaign of the last wave exists.
    """

    phase: Phase
    touched: int
    last_wave: bool


@dataclass(frozen=True)
class Touched:
    """Devices touched at the end of rollouts by one rule."""

    mean: float
    percentile_95: int

    @classmethod
    def of(cls, counts: Sequence[int]) -> Touched:
        in_order = sorted(counts)
        rank = math.ceil(0.95 * len(in_order))
        return cls(round(statistics.mean(in_order), 1), in_order[rank - 1])


@dataclass(frozen=True)
class Tally:
    """Many rollouts of one firmware on one size of fleet.

    :ivar stopped: those halted before the first campaign of the last wave.
    :ivar completed: those that ended complete, with exceptions or without.
    :ivar seconds: processor time of all of them.
    """

    firmware: str
    devices: int
    rollouts: int
    stopped: int
    completed: int
    touched: dict[str, Touched]
    seconds: float


@dataclass
class Account(ServiceModel):
    """The service between runs at which no campaign lives: what it has told stays as it is."""

    told: dict[str, tuple[CampaignDevice, ...]] = field(default_factory=dict)

    def _report(self, one: Running) -> Iterator[CampaignDevice]:
        if one.id not in self.told:
            self.told[one.id] = tuple(super()._report(one))
        return iter(self.told[one.id])

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(imei for one in self.campaigns for imei in one.accepted)

    @property
    def all_told(self) -> datetime | None:
        """When the last campaign will have told everything; None when it has."""
        last = max(self.campaigns, key=lambda one: one.begins, default=None)
        told = max(last.accepted.values()) if last else self.now
        return told if told > self.now else None

    def create(self, campaigns: Iterable[PlannedCampaign]) -> None:
        for planned in campaigns:
            self._create(planned)

    def read_versions(self) -> None:
        """Read the versions of the devices in campaigns of the newest wave."""
        newest = max((one.planned.wave.number for one in self.campaigns), default=0)
        mine = [one for one in self.campaigns if one.planned.wave.number == newest]
        self.refresh(imei for one in mine for imei in one.accepted)


@dataclass(frozen=True)
class Step:
    """What a decision means for what comes next.

    :ivar approval: what a person signs at once where the rollout waits for it.
    """

    phase: Phase
    create: tuple[PlannedCampaign, ...]
    approval: Approval | None
    next_check: datetime | None


class Rollouts:
    """Rollouts over one fleet.

    As long as the same pilot devices fail, two rollouts are one and the same: that is decided once.
    """

    def __init__(self, size: int) -> None:
        self.ids = imeis(size)
        self._fleet: dict[str, Device] = {imei: device(imei) for imei in self.ids}
        self._spec = read({"name": ROLLOUT, "target": [target()], "devices": self.ids})
        self._pilots: dict[object, Step] = {}

    def run(self, failing: frozenset[str]) -> Ended:
        """Run one rollout to its end."""
        account = Account(
            dict(self._fleet), (package(),), fates=dict.fromkeys(failing, "bad"), spread=SPREAD
        )
        spec = self._spec
        for _run in range(MOST_RUNS):
            step = self._decide(spec, account, failing)
            if step.approval is not None:
                spec = replace(spec, approved=(step.approval,))
                continue
            account.create(step.create)
            if step.phase.over:
                waves = {one.planned.wave.number for one in account.campaigns}
                return Ended(step.phase, len(account.touched), spec.waves[-1].number in waves)
            assert step.next_check is not None
            told = account.all_told
            account.now = told + A_DAY if told else step.next_check
        raise RuntimeError(f"no end after {MOST_RUNS} runs")

    def _decide(self, spec: RolloutSpec, account: Account, failing: frozenset[str]) -> Step:
        account.read_versions()
        touched = account.touched
        key = (account.now, spec.approved, len(touched), failing & touched)
        if key in self._pilots:
            return self._pilots[key]
        decision = decide(spec, account.observe())
        waiting = decision.assessment.find_first(GateVerdict.APPROVE)
        step = Step(
            phase=decision.phase,
            create=decision.create,
            approval=Approval(
                waiting.wave.name, decision.assessment.digest, waiting.judgement.failures
            )
            if waiting
            else None,
            next_check=decision.next_check,
        )
        if all(one.planned.wave.number == 1 for one in account.campaigns):
            self._pilots[key] = step
        return step


@cache
def _rollouts(size: int) -> Rollouts:
    return Rollouts(size)


def failing_devices(ids: Sequence[str], firmware: str, seed: int) -> frozenset[str]:
    """The devices of a fleet on which a firmware fails."""
    dice = random.Random(f"{firmware} {seed}")
    return frozenset(imei for imei in ids if dice.random() < FIRMWARE[firmware])


def two_step(ids: Sequence[str], failing: frozenset[str]) -> int:
    """Devices touched by a first step, and by the second if the first went well enough."""
    first = ids[: math.ceil(TWO_STEP_FIRST * len(ids))]
    failed = sum(imei in failing for imei in first)
    return len(ids) if failed <= TWO_STEP_TOLERATED * len(first) else len(first)


def hawkbit_like(ids: Sequence[str], failing: frozenset[str]) -> int:
    """Devices touched by a cascade of groups; results come in the order of the devices."""
    size = math.ceil(len(ids) / HAWKBIT_GROUPS)
    for start in range(0, len(ids), size):
        group = ids[start : start + size]
        failed = sum(imei in failing for imei in group)
        # One of both comes first, and the other can then not come any more.
        if len(group) - failed < HAWKBIT_THRESHOLD * len(group):
            return start + len(group)
    return len(ids)


def _run_batch(size: int, firmware: str, seeds: range) -> Batch:
    """Run rollouts in this process; each with what the two other rules touch."""
    begun = time.process_time()
    gc.disable()  # decisions have no cycles; looking for some takes a fifth of the time
    rollouts = _rollouts(size)
    found = []
    for seed in seeds:
        failing = failing_devices(rollouts.ids, firmware, seed)
        found.append(
            (
                rollouts.run(failing),
                two_step(rollouts.ids, failing),
                hawkbit_like(rollouts.ids, failing),
            )
        )
    return found, time.process_time() - begun


Job = tuple[int, str, range]
Batch = tuple[list[tuple[Ended, int, int]], float]
Begun = list[tuple[Job, Future[Batch]]]


def begin(pool: Executor, *, all_of_them: bool) -> Begun:
    """Let the processes of a pool run rollouts."""
    rollouts = ALL_ROLLOUTS if all_of_them else ROLLOUTS
    jobs: list[Job] = [
        (size, firmware, range(start, min(start + BATCH, count)))
        for (size, firmware), count in rollouts.items()
        for start in range(0, count, BATCH)
    ]
    return [(job, pool.submit(_run_batch, *job)) for job in jobs]


def tally(begun: Begun) -> list[Tally]:
    """Wait for the rollouts, and count how they ended."""
    done: dict[tuple[int, str], list[Batch]] = {}
    for (size, firmware, _seeds), future in begun:
        done.setdefault((size, firmware), []).append(future.result())
    tallies = []
    for (size, firmware), batches in done.items():
        ended = [one for found, _seconds in batches for one in found]
        tallies.append(
            Tally(
                firmware=firmware,
                devices=size,
                rollouts=len(ended),
                stopped=sum(
                    one.phase is Phase.HALTED and not one.last_wave for one, _two, _hawk in ended
                ),
                completed=sum(one.phase.complete for one, _two, _hawk in ended),
                touched={
                    "rollout": Touched.of([one.touched for one, _two, _hawk in ended]),
                    "two-step": Touched.of([two for _one, two, _hawk in ended]),
                    "hawkBit-like": Touched.of([hawk for _one, _two, hawk in ended]),
                },
                seconds=round(sum(seconds for _found, seconds in batches), 1),
            )
        )
    return tallies


def rates(tallies: Sequence[Tally]) -> dict[str, float]:
    """The two keys of the bench, each the lower of the fleets."""
    return {
        "stopped_bad_firmware_rate": min(
            round(one.stopped / one.rollouts, 4) for one in tallies if one.firmware == "bad"
        ),
        "completed_good_firmware_rate": min(
            round(one.completed / one.rollouts, 4) for one in tallies if one.firmware == "good"
        ),
    }


def tell(tallies: Sequence[Tally]) -> str:
    """Lay everything out for a terminal."""
    lines = [f"  {name}: {rule}" for name, rule in RULES.items()]
    for one in tallies:
        lines.append(
            f"  {one.devices} devices, {FIRMWARE[one.firmware]:.0%} of them fail,"
            f" {one.rollouts} rollouts: {one.stopped} stopped before the last wave,"
            f" {one.completed} completed ({one.seconds} s of processor time)"
        )
        lines += [
            f"    touched, {rule}: {touched.mean} on average, at most {touched.percentile_95} in"
            " 95 %"
            for rule, touched in one.touched.items()
        ]
    return "\n".join(lines)


def as_json(tallies: Sequence[Tally]) -> dict[str, object]:
    """The raw numbers."""
    return {"rules": RULES, "failing": FIRMWARE, "tallies": [asdict(one) for one in tallies]}
