# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run rollouts to their ends on the simulated service, and compare forecasts with the ends.

Fleets, rates, calendars, waves and soaks differ from rollout to rollout. There is a run whenever
the one before says so. From the end of the first wave on, the end of the rollout is forecast at the
end of each wave and once a day, a few times at most.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    CampaignDevice,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.campaign_batches import (
    PlannedCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    parse_name,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.ranges import (
    Range,
    draw_courses,
    find_range,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.remaining import (
    find_remaining,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
    OwnCampaign,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.fleet_file import (
    parse_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.service import Service
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state import (
    campaign as simulated,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.clock import (
    VirtualClock,
    go_text,
    rfc3339,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    EVENT_BILLING,
    MAKER,
    imei,
    read,
)

# What covers more says too little.
LEAST, MOST = 0.85, 0.95
GOALS = {"forecast_p90_coverage": ("from", f"{LEAST} to {MOST}")}
ROLLOUTS = 200
# Seeds that a process takes at once.
BATCH = 10
# Courses of each forecast, which is a sixth of the time of a run of the module.
COURSES = 100
MOST_FORECASTS = 5
MOST_RUNS = 400
START = datetime(2026, 3, 2, 8, tzinfo=timezone.utc)


class SimulatedAccount:
    """The simulated service without HTTP: what its replies would say, as records."""

    def __init__(self, fleet: dict[str, Any]) -> None:
        clock = VirtualClock(START.timestamp(), hours_per_second=0)
        parsed = parse_fleet(fleet, now=START.timestamp())
        self._service = Service(parsed, clock, switches={}, latency_ms=0, refuse_writes=False)
        self._state = self._service.state
        (self._account,) = self._state.accounts.values()
        self.catalog = tuple(
            Package(
                name=package.name,
                make=package.make,
                model=package.model,
                protocol=package.protocol,
                from_version=package.version_from,
                to_version=package.version_to,
            )
            for package in self._account.packages["v3"]
        )

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._state.clock.now(), timezone.utc)

    def wait(self, until: datetime) -> None:
        self._state.clock.set(until.timestamp())
        self._state.catch_up()

    def observe(self) -> Observed:
        """Read everything that one run sees."""
        devices = {each.imei: self._see_device(each) for each in self._account.devices.values()}
        own = [self._see_campaign(each) for each in self._state.campaigns_by_id.values()]
        return Observed(
            now=self.now,
            catalog=self.catalog,
            devices=devices,
            own=tuple(own),
            busy={},
            subscription=EVENT_BILLING,
            generations=frozenset(each.name.generation for each in own),
        )

    def refresh(self, imeis: Iterable[str]) -> None:
        for each in imeis:
            self._state.refresh(self._account.devices[each])

    def create(self, planned: PlannedCampaign) -> None:
        package = next(
            each for each in self._account.packages["v3"] if each.name == planned.package.name
        )
        self._service.campaigns.create(
            self._account,
            api="v3",
            name=str(planned.name),
            package=package,
            version_from=package.version_from,
            version_to=package.version_to,
            protocol="LWM2M",
            plan=simulated.Plan(
                planned.start.toordinal(),
                planned.end.toordinal(),
                tuple((window.start, window.end) for window in planned.windows),
            ),
            devices=planned.devices,
        )

    def _see_device(self, device: Any) -> Device:
        return Device(
            device_id=device.imei,
            make=device.make,
            model=device.model,
            firmware=device.reported_firmware,
            protocol=device.protocol,
            fota_eligible=device.eligible,
            license_assigned=False,
            refreshed=go_text(device.refreshed),
        )

    def _see_campaign(self, campaign: simulated.Campaign) -> OwnCampaign:
        name = parse_name(campaign.name or "")
        assert name is not None
        plan = campaign.plan
        found = Campaign(
            id=campaign.id,
            type=CampaignType.FIRMWARE,
            name=str(name),
            package=campaign.package.name,
            from_version=campaign.version_from,
            to_version=campaign.version_to,
            protocol=campaign.protocol,
            make=campaign.package.make,
            model=campaign.package.model,
            status=campaign.status,
            schedule=Schedule(
                date.fromordinal(plan.start),
                date.fromordinal(plan.end),
                tuple(Window(*window) for window in plan.windows),
            ),
        )
        rows = (
            CampaignDevice(
                each,
                entry.status,
                entry.reason,
                rfc3339(entry.updated),
                "" if entry.recent is None else rfc3339(entry.recent),
                "" if entry.next is None else rfc3339(entry.next),
            )
            for each in self._service.campaigns.report(campaign).ascending()
            for entry in (campaign.entry(each),)
        )
        return OwnCampaign(name, found, tuple(rows))


# -- rollouts that differ


def draw_rollout(seed: int) -> tuple[dict[str, Any], RolloutSpec]:
    """Draw a fleet with its outcomes, and a rollout on it that nobody has to approve."""
    dice = Random(f"forecast {seed}")
    models = {f"M{place}": dice.randint(30, 110) for place in range(dice.choice((1, 1, 2)))}
    ids = [imei(number) for number in range(sum(models.values()))]
    names = [model for model, count in models.items() for _device in range(count)]
    account = {
        "name": "0000123456-00001",
        "devices": [
            {"deviceId": id_, "make": MAKER, "model": model, "firmware": "A", "protocol": "LWM2M"}
            for id_, model in zip(ids, names, strict=True)
        ],
        "firmware": [
            {
                "firmwareName": f"{model}-A-B",
                "make": MAKER,
                "model": model,
                "firmwareFrom": "A",
                "firmwareTo": "B",
                "launchDate": "2026-01-01T00:00:00Z",
                "protocol": "LWM2M",
            }
            for model in models
        ],
    }
    outcomes = {f"{model}-A-B": _draw_outcomes(dice) for model in models}
    fleet = {"seed": seed, "accounts": [account], "outcomes": {"packages": outcomes}}
    declaration = {
        "name": "forecast",
        "target": [{"make": MAKER, "model": model, "version": "B"} for model in models],
        "devices": ids,
        "waves": _draw_waves(dice),
        "gate": {"approval": False, "soak_hours": dice.choice((0, 12, 24, 48, 72))},
        "calendar": _draw_calendar(dice),
        "retry": dice.choice((0, 1)),
        "sweep": dice.random() < 0.5,
    }
    return fleet, read(declaration)


def _draw_outcomes(dice: Random) -> dict[str, Any]:
    soonest = dice.uniform(0.5, 6)
    return {
        "success_rate": dice.uniform(0.97, 1),
        "silent_rate": dice.choice((0, 0, dice.uniform(0, 0.01))),
        "unreached_rate": dice.choice((0, dice.uniform(0, 0.04))),
        "hours_to_update": [soonest, soonest + dice.choice((5, 15, 40, 80)) * dice.uniform(0.5, 1)],
        "retry_rate": dice.choice((0, 0.5)),
        "retry_hours": dice.choice((6, 24)),
    }


def _draw_waves(dice: Random) -> list[dict[str, Any]]:
    waves: list[dict[str, Any]] = [
        {"name": "pilot", "per_package": 5, "at_least": 20},
        {"name": "early", "percent": 15, "at_least": 30},
        {"name": "broad", "percent": 30},
        {"name": "all", "rest": True},
    ]
    left_out = dice.choice((None, None, 1, 2))
    chosen = [wave for place, wave in enumerate(waves) if place != left_out]
    return [{**wave, "days": dice.randint(3, 9)} for wave in chosen]


def _draw_calendar(dice: Random) -> dict[str, Any]:
    calendar: dict[str, Any] = {}
    if dice.random() < 0.6:
        start, length = dice.randint(0, 23), dice.choice((4, 6, 8, 12))
        calendar["windows"] = [f"{start:02}:00-{(start + length) % 24:02}:00"]
        calendar["timezone"] = dice.choice(("America/Chicago", "UTC", "America/New_York"))
    if dice.random() < 0.3:
        first = (START + timedelta(days=dice.randint(5, 20))).date()
        last = first + timedelta(days=dice.randint(0, 6))
        calendar["freeze"] = [{"from": first.isoformat(), "to": last.isoformat()}]
    return calendar


# -- forecasts and ends


@dataclass(frozen=True)
class Ended:
    """A rollout that has run to its end, and the forecasts of it; empty where it was stopped."""

    ends: datetime
    forecasts: tuple[tuple[datetime, Range], ...]


def run_rollout(seed: int, *, courses: int = COURSES) -> Ended:
    """Run a rollout, and forecast its end from the end of the first wave on."""
    fleet, spec = draw_rollout(seed)
    account = SimulatedAccount(fleet)
    forecasts: list[tuple[datetime, Range]] = []
    passed, due = 1, START
    for _run in range(MOST_RUNS):
        decision = _run_once(spec, account)
        count = sum(state.verdict.opens_next for state in decision.assessment.waves)
        if decision.next_check is None:
            return Ended(account.now, tuple(forecasts) if decision.phase.complete else ())
        if count >= passed or (count and account.now >= due):
            remaining = find_remaining(decision.assessment)
            drawn = draw_courses(remaining, decision.assessment.digest, {}, most=courses)
            found = find_range(course.ends for course in drawn)
            if found is not None and len(forecasts) < MOST_FORECASTS:
                forecasts.append((account.now, found))
            passed, due = count + 1, account.now + timedelta(days=2)
        account.wait(max(decision.next_check, account.now + timedelta(minutes=1)))
    raise RuntimeError(f"no end after {MOST_RUNS} runs")


def _run_once(spec: RolloutSpec, account: SimulatedAccount) -> Decision:
    """One run as the role makes it: decide, read versions again and decide once more, write."""
    decision = decide(spec, account.observe())
    if decision.refresh:
        account.refresh(decision.refresh)
        decision = decide(spec, account.observe())
    for planned in decision.create:
        account.create(planned)
    return decision


@dataclass(frozen=True)
class Coverage:
    """How many true ends were at ``p90`` or before, and so on, and how wide forecasts were."""

    rollouts: int
    stopped: int
    forecasts: int
    p10: float
    p50: float
    p90: float
    median_width_hours: float
    median_left_hours: float
    seconds: float = 0.0


def sum_up(ended: Sequence[Ended]) -> Coverage:
    """Compare forecasts with ends."""
    pairs = [(at, found, each.ends) for each in ended for at, found in each.forecasts]
    shares = (
        sum(ends <= getattr(found, name) for _at, found, ends in pairs) / len(pairs)
        for name in ("p10", "p50", "p90")
    )
    hour = timedelta(hours=1)
    return Coverage(
        len(ended),
        sum(not each.forecasts for each in ended),
        len(pairs),
        *(round(share, 3) for share in shares),
        round(statistics.median((found.p90 - found.p10) / hour for _at, found, _ends in pairs), 1),
        round(statistics.median((ends - at) / hour for at, _found, ends in pairs), 1),
    )


Begun = list[Future[tuple[list[Ended], float]]]


def begin(pool: Executor) -> Begun:
    """Let the processes of a pool run rollouts."""
    starts = range(0, ROLLOUTS, BATCH)
    return [pool.submit(_run_batch, range(start, start + BATCH)) for start in starts]


def _run_batch(seeds: range) -> tuple[list[Ended], float]:
    began = time.process_time()
    gc.disable()  # decisions have no cycles; looking for some takes a fifth of the time
    found = [run_rollout(seed) for seed in seeds]
    return found, time.process_time() - began


def finish(begun: Begun) -> Coverage:
    """Wait for the rollouts, and compare."""
    batches = [future.result() for future in begun]
    ended = [each for found, _seconds in batches for each in found]
    return replace(sum_up(ended), seconds=round(sum(seconds for _found, seconds in batches), 1))


def keys(coverage: Coverage) -> dict[str, float]:
    """Give the keys of the bench."""
    return {
        "forecast_p90_coverage": coverage.p90,
        "forecast_p50_coverage": coverage.p50,
        "forecast_p10_coverage": coverage.p10,
        "forecast_median_width_hours": coverage.median_width_hours,
    }


def describe(coverage: Coverage) -> Iterator[str]:
    """Lay it out for a terminal."""
    yield (
        f"  {coverage.rollouts} rollouts, {coverage.forecasts} forecasts from the end of the first"
        f" wave on: the end was at P10 or before in {coverage.p10:.1%}, at P50 in"
        f" {coverage.p50:.1%}, at P90 in {coverage.p90:.1%}"
    )
    yield (
        f"  median from P10 to P90: {coverage.median_width_hours} hours, of"
        f" {coverage.median_left_hours} hours left ({coverage.seconds} s of processor time,"
        f" {coverage.stopped} rollouts stopped)"
    )
