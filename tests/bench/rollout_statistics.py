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
from ansible_collections.thingspace.fota.plugins.module_utils._model.status import DeviceState
from ansible_collections.thingspace.fota.plugins.module_utils._model.times import parse_time
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
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.statistics import (
    FailureTest,
    Result,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    ROLLOUT,
    device,
    hours,
    imeis,
    package,
    read,
    spec,
    spell,
    target,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    Running,
    ServiceModel,
)


@dataclass(frozen=True)
class Firmware:
    """How a firmware fails.

    :ivar rate: the share of devices that fail.
    :ivar cells: devices fail together: in some radio cells half of them do, elsewhere none.
    :ivar sooner: a failure is reported with its attempt, a success up to ``LATE`` hours later.
    """

    rate: float
    cells: bool = False
    sooner: bool = False


FIRMWARE = {
    "bad": Firmware(0.20),
    "good": Firmware(0.01),
    "fair": Firmware(0.02),
    "fair, in cells": Firmware(0.02, cells=True),
    "fair, failures reported sooner": Firmware(0.02, sooner=True),
}
FAIR = tuple(name for name in FIRMWARE if name.startswith("fair"))
# Devices of a cell, and the share of them that fails in a cell where any do.
CELL, CELL_SHARE = 5, 0.5
LATE = 12
# By size of the fleet and firmware; the other one takes half an hour on two processors.
ALL_ROLLOUTS = {
    **dict.fromkeys(((size, kind) for size in (300, 5000) for kind in ("good", "bad")), 1000),
    **dict.fromkeys(((size, kind) for size in (50, 300, 5000) for kind in FAIR), 1000),
    (50, "bad"): 5000,
}
ROLLOUTS = {
    (5000, "good"): 20,
    (5000, "bad"): 40,
    (300, "good"): 300,
    (300, "bad"): 1000,
    (50, "bad"): 5000,
    **dict.fromkeys(((50, kind) for kind in FAIR), 1000),
    **dict.fromkeys(((300, kind) for kind in FAIR), 400),
    **dict.fromkeys(((5000, kind) for kind in FAIR), 40),
}
SPREAD = 20
"""Hours from the first attempt of a campaign to the last, each device at a moment of its own."""
# Cohorts of which it is counted how many halt although they fail at the tolerated rate.
COHORTS, COHORT_DEVICES, WEEK = 400, 100, 24 * 7
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
    median: float
    percentile_90: int
    percentile_95: int

    @classmethod
    def of(cls, counts: Sequence[int]) -> Touched:
        in_order = sorted(counts)
        ranks = [math.ceil(share * len(in_order)) for share in (0.90, 0.95)]
        return cls(
            round(statistics.mean(in_order), 1),
            statistics.median(in_order),
            *(in_order[rank - 1] for rank in ranks),
        )


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
    """The service between runs at which no campaign lives: what it has told stays as it is.

    :ivar late: hours that the last success is reported after its attempt.
    """

    told: dict[str, tuple[CampaignDevice, ...]] = field(default_factory=dict)
    late: float = 0

    def _report(self, one: Running) -> Iterator[CampaignDevice]:
        if one.id not in self.told:
            rows = tuple(super()._report(one))
            self.told[one.id] = tuple(map(self._delay, rows)) if self.late else rows
        return iter(self.told[one.id])

    def _delay(self, row: CampaignDevice) -> CampaignDevice:
        """Let the report of a success come later than its attempt, by what the IMEI says."""
        attempted = parse_time(row.recent_attempt)
        if attempted is None or row.state is not DeviceState.SUCCESS:
            return row
        share = random.Random(row.device_id).random()
        return replace(row, updated=spell(attempted + hours(self.late * share)))

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(imei for one in self.campaigns for imei in one.accepted)

    @property
    def all_told(self) -> datetime | None:
        """When the last campaign will have told everything; None when it has."""
        last = max(self.campaigns, key=lambda one: one.begins, default=None)
        told = max(last.accepted.values()) + hours(self.late) if last else self.now
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

    def __init__(self, size: int, *, late: float) -> None:
        self.ids = imeis(size)
        self._late = late
        self._fleet: dict[str, Device] = {imei: device(imei) for imei in self.ids}
        self._spec = read({"name": ROLLOUT, "target": [target()], "devices": self.ids})
        self._pilots: dict[object, Step] = {}

    def run(self, failing: frozenset[str]) -> Ended:
        """Run one rollout to its end."""
        account = Account(
            dict(self._fleet),
            (package(),),
            fates=dict.fromkeys(failing, "bad"),
            spread=SPREAD,
            late=self._late,
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
def _rollouts(size: int, late: float) -> Rollouts:
    return Rollouts(size, late=late)


def failing_devices(ids: Sequence[str], firmware: str, seed: int) -> frozenset[str]:
    """The devices of a fleet on which a firmware fails."""
    kind = FIRMWARE[firmware]
    dice = random.Random(f"{kind.rate} {seed}")
    if not kind.cells:
        return frozenset(imei for imei in ids if dice.random() < kind.rate)
    failing: list[str] = []
    for start in range(0, len(ids), CELL):
        if dice.random() < kind.rate / CELL_SHARE:
            cell = ids[start : start + CELL]
            failing += [imei for imei in cell if dice.random() < CELL_SHARE]
    return frozenset(failing)


def false_halts(rate: str, seeds: Iterable[int]) -> int:
    """Count cohorts that halt although they fail at the tolerated rate.

    Each is read every hour of a week. Failures are reported at once, successes up to ``LATE`` hours
    after the attempt.
    """
    tolerated = spec(gate={"max_failure_rate": rate, "max_failures": None}).waves[0].gate
    test = FailureTest({1: tolerated})
    halted = 0
    for seed in seeds:
        dice = random.Random(f"cohort {rate} {seed}")
        devices = [
            (NOW + hours(dice.uniform(0, WEEK - LATE)), dice.random() < float(rate))
            for _device in range(COHORT_DEVICES)
        ]
        halted += any(
            test.find_first(
                Result(begun, 1, begun if failed else None)
                for begun, failed in devices
                if begun <= NOW + hours(hour)
            )
            for hour in range(WEEK + 1)
        )
    return halted


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
    rollouts = _rollouts(size, LATE if FIRMWARE[firmware].sooner else 0)
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
Begun = tuple[list[tuple[Job, Future[Batch]]], dict[str, Future[int]]]


def begin(pool: Executor, *, all_of_them: bool) -> Begun:
    """Let the processes of a pool run rollouts."""
    rollouts = ALL_ROLLOUTS if all_of_them else ROLLOUTS
    jobs: list[Job] = [
        (size, firmware, range(start, min(start + BATCH, count)))
        for (size, firmware), count in rollouts.items()
        for start in range(0, count, BATCH)
    ]
    cohorts = {rate: pool.submit(false_halts, rate, range(COHORTS)) for rate in ("0.1", "0.05")}
    return [(job, pool.submit(_run_batch, *job)) for job in jobs], cohorts


def tally(begun: Begun) -> list[Tally]:
    """Wait for the rollouts, and count how they ended."""
    done: dict[tuple[int, str], list[Batch]] = {}
    for (size, firmware, _seeds), future in begun[0]:
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


def rates(tallies: Sequence[Tally], begun: Begun) -> dict[str, float]:
    """The keys of the bench, each the worst of the fleets, firmwares and rates."""
    needless: dict[str, float] = {}
    for one in sorted(tallies, key=lambda one: one.devices):
        if one.firmware in FAIR:
            name = "needless_stop_cells" if FIRMWARE[one.firmware].cells else "needless_stop"
            share = round(1 - one.completed / one.rollouts, 4)
            key = f"{name}_{one.devices}"
            needless[key] = max(share, needless.get(key, 0.0))
    return {
        **needless,
        "touched_bad_p90_300": next(
            one.touched["rollout"].percentile_90
            for one in tallies
            if (one.firmware, one.devices) == ("bad", 300)
        ),
        "cohort_false_halt_rate": max(future.result() / COHORTS for future in begun[1].values()),
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
            f"  {one.devices} devices, {FIRMWARE[one.firmware].rate:.0%} of them fail"
            f" ({one.firmware}), {one.rollouts} rollouts: {one.stopped} stopped before the last wave,"
            f" {one.completed} completed ({one.seconds} s of processor time)"
        )
        lines += [
            f"    touched, {rule}: {touched.median} in the middle, {touched.mean} on average, at"
            f" most {touched.percentile_90} in 90 %, {touched.percentile_95} in 95 %"
            for rule, touched in one.touched.items()
        ]
    return "\n".join(lines)


def as_json(tallies: Sequence[Tally]) -> dict[str, object]:
    """The raw numbers."""
    failing = {name: asdict(firmware) for name, firmware in FIRMWARE.items()}
    return {"rules": RULES, "failing": failing, "tallies": [asdict(one) for one in tallies]}
