# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rollout on a simulator in this process, with all that people, vendor and service do to it.

Every run is judged by :mod:`rollout_truth`.
"""

from __future__ import annotations

import copy
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.license import MONTHLY_POOL
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    generation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    Reply,
    Request,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.campaign import (
    StateError,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import SETTLING
from ansible_collections.thingspace.fota.tests.reliability.rollout_truth import (
    Gates,
    assert_braked,
    assert_documented,
    assert_each_step_once,
    assert_limits,
    assert_single_names,
    ids,
    name_of,
    new_campaigns,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import read
from ansible_collections.thingspace.fota.tests.usecases.account import START, Account
from ansible_collections.thingspace.fota.tests.usecases.in_process import Handle, Wire, in_process
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imeis,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import (
    foreign_campaign,
    leave_account,
    licensed,
    live,
    own,
)

Row = dict[str, Any]
OURS = (FotaError, TaskFailure, InvalidValue, PlanRefused)
CREATE = "v3ScheduleCampaign"
# How a run may end while nothing is wrong with the service.
KNOWN_FAILURES = frozenset({"refused_by_plan", "invalid_value"})
STOPPING = ("halted", "paused", "planned")
RUNS_WITHOUT_FORECAST = 4


class Crash(BaseException):
    """The controller is gone."""


class Controller(Account):
    """A controller that calls one after the other, and never really waits."""

    def __init__(self, sim: SimulatorServer, tokens: Path, wire: Wire) -> None:
        super().__init__(sim, tokens)
        self._wire = wire

    def run(
        self,
        use_case: Callable[..., Row],
        options: dict[str, Row],
        *,
        check: bool = False,
        **given: Any,
    ) -> Row:
        def settle_soon(context: Context, params: Mapping[str, Any]) -> Row:
            context.settling, context.sleep = SETTLING, self._wire.time.sleep
            return use_case(context, params)

        return super().run(settle_soon, options, check=check, **{**given, "max_connections": 1})


class WatchedRollout(Rollout):
    """Remembers what its last run has decided by, however that run ends."""

    decision: Row | None = None

    def __init__(self, *given: Any, **spec: Any) -> None:
        super().__init__(*given, **spec)
        self.to_license: set[str] = set()

    def decide(self, *, check: bool = False, **params: Any) -> Row:
        self.decision = super().decide(check=check, **params)
        self.to_license |= {*self.decision["actions"]["assign"]}
        return self.decision


class World:
    """A rollout, the service, and what everybody has done so far.

    :ivar tally: runs, writes and checks.
    :ivar state: what is wanted of the rollout.
    """

    def __init__(self, setting: Row, tally: Counter[str]) -> None:
        self.tally = tally
        self.state = "running"
        self._rules: list[Row] = []
        self._stack = ExitStack()
        models = {model: count for model, count in setting["models"].items() if count}
        packages = [package(model, *path) for model in models for path in ("AC", "BC")]
        licensing, count = setting["licenses"] or ("false", 0)
        pool = {"purchaseType": MONTHLY_POOL, "licenseCount": count} if count else None
        data = fleet(models, outcomes=setting["outcomes"], packages=packages, subscription=pool)
        self.sim = SimulatorServer(data, start=START, switches=setting["switches"])
        self._stack.callback(self.sim.close)
        self.wire = self._stack.enter_context(in_process(self.sim))
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.controllers = [
            Controller(self.sim, folder / f"tokens{number}", self.wire) for number in range(2)
        ]
        (self.account,) = self.sim._service.state.accounts.values()
        self.catalog = list(self.account.packages["v3"])
        self.fleet = imeis(models)
        self.models = models
        self.spec: Row = {
            "name": "meters",
            "devices": self.fleet[: len(self.fleet) - setting["spare"]] or self.fleet,
            "target": [self.target(model, "B") for model in models],
            "approved": [],
            "accept": [],
            **setting["spec"],
            "assign_licenses": licensing,
        }
        self.retry = self.spec["retry"]
        self.accepts: list[tuple[str, frozenset[str]]] = []
        self.decision: Row | None = None
        # The rollout has halted by its gates, and nobody has done anything about it.
        self.halted = False
        self._rival = False

    def close(self) -> None:
        self._stack.close()

    @staticmethod
    def target(model: str, version: str) -> Row:
        return {"make": MAKER, "model": model, "version": version}

    # -- what people do

    def declare(self, **members: Any) -> None:
        """Change the declaration; what concerns gates or targets ends a halt."""
        if {"target", "waves", "gate", "accept"} & members.keys():
            self.halted = False
        if {"waves", "gate"} & members.keys():
            members |= {"approved": [], "accept": []}
            self.accepts = []
        self.spec |= members
        self.retry = max(self.retry, self.spec["retry"])

    def paste(self, kind: str) -> None:
        """Add the approvals or accepts that the last run has said it waits for."""
        declared = {wave["name"] for wave in self.spec["waves"]}
        given = [
            {key: value for key, value in entry.items() if key != "kind"}
            for entry in (self.decision or {}).get("awaiting", [])
            if entry["kind"] == kind and entry["wave"] in declared
        ]
        if kind == "approval":
            self.spec["approved"] = [*self.spec["approved"], *given]
            return
        signed = [{**entry, "by": "operator", "reason": "known"} for entry in given]
        self.declare(accept=[*self.spec["accept"], *signed])
        self.accepts += [
            (entry["wave"], frozenset(entry["generations"]))
            for entry in given
            if entry.get("up_to") is not None and "cohort" not in entry
        ]

    def select(self, count: int, shift: int) -> None:
        """Select so many devices of the fleet, from some place on."""
        turned = self.fleet[shift:] + self.fleet[:shift]
        self.spec["devices"] = turned[: max(1, count)]

    def buy(self, count: int) -> None:
        """Buy licenses, where the account has any."""
        self.account.license_count += count if self.account.license_count else 0

    def stop_in_portal(self, place: int) -> None:
        """Cancel the n-th live campaign of the rollout, or abort it."""
        running = live(own(self.sim))
        if place < len(running):
            campaigns = self.sim._service.campaigns
            campaign_id = running[place]["id"]
            campaign = campaigns.find(self.account, campaign_id, api="v3")
            assert campaign is not None
            try:
                campaigns.delete(campaign)
            except StateError:
                self.tally["refused_in_portal"] += 1

    def leave(self, place: int) -> None:
        """The n-th device leaves the account; one that a campaign holds cannot.

        With a device whose read version is all that shows its failure, the failure is gone, too.
        """
        there = dict(enumerate(sorted(self.account.devices)))
        imei = there.get(place, "")
        if len(there) > 1 and imei and self.account.devices[imei].holder is None:
            leave_account(self.sim, imei)
            devices = (self.decision or {}).get("devices", [])
            classes = {device["deviceId"]: device["class"] for device in devices}
            rows = (campaign["devices"].get(imei) for campaign in own(self.sim))
            reported = any(row and row["status"] == "UpgradeFailed" for row in rows)
            by_version = not reported and classes.get(imei) in ("mismatch", "failed")
            self.halted = self.halted and not by_version

    # -- what the vendor and the service do

    def publish(self, withdrawn: set[int]) -> None:
        """Publish all packages but some."""
        self.account.packages["v3"] = [
            each for place, each in enumerate(self.catalog) if place not in withdrawn
        ]

    def inject(self, rules: list[Row]) -> None:
        self._rules = rules
        self.sim.faults(rules)

    @property
    def faulty(self) -> bool:
        """Faults are injected."""
        return bool(self._rules)

    @contextmanager
    def _failing(self, reads: Iterable[str], fault: str) -> Iterator[None]:
        """These reads fail, whenever and however often they are tried; nothing else does."""
        usual = self._rules
        self.inject([{"operation": read, "fault": fault, "times": 10**6} for read in reads])
        try:
            yield
        finally:
            self.inject(usual)

    def let_neighbours_upgrade(self, count: int, days: int) -> None:
        """Somebody else schedules the first devices of the fleet that are free and on A."""
        free = [
            imei
            for imei, device in sorted(self.account.devices.items())
            if device.model == "alpha" and device.firmware == "A" and device.holder is None
        ]
        start, end = (f"{self.sim.now + timedelta(days=day):%Y-%m-%d}" for day in (1, days))
        if free and not self.faulty and self.catalog == self.account.packages["v3"]:
            name = f"night-shift-{len(self.sim.campaigns())}"
            foreign_campaign(self.controllers[1], free[:count], start=start, end=end, name=name)

    def advance(self, hours: float) -> None:
        self.sim.advance(hours=hours)

    # -- runs

    def declaration(self) -> Row:
        """What a person declares: nobody supersedes what is not there."""
        known = {
            generation(target["make"], target["model"], target["version"])
            for target in self.spec["target"]
        }
        older = {name_of(campaign).generation for campaign in own(self.sim)} - known
        return copy.deepcopy({**self.spec, "supersede": self.spec["supersede"] and bool(older)})

    def run(self, *, controller: int = 0, state: str = "") -> Row | None:
        """One run; None when it ended in an error, which is one of ours."""
        state = state or self.state
        before, declaration = ids(self.sim), self.declaration()
        had = licensed(self.sim)
        spec = read(declaration)
        rollout = WatchedRollout(self.controllers[controller], {}, **declaration)
        self.sim.clear_journal()
        decision: Row | None = None
        try:
            look = rollout.decide if state == "planned" else rollout.run_once
            decision = look(state=state)
        except OURS as error:
            self.tally["refused_runs"] += 1
            kind = describe_failure(error)[1]["kind"]
            assert self.faulty or self._rival or kind in KNOWN_FAILURES, error
        finally:
            self.tally["runs"] += 1
            self.tally["writes"] += sum(call["kind"] == "write" for call in self.sim.journal())
            self._judge(before, spec, rollout.decision, state)
            self._judge_licenses(before, licensed(self.sim) - had, rollout, state)
        if decision is not None:
            self._judge_decision(decision, spec, state)
            if "waves" in decision:
                self.decision = decision
        return decision

    def halt(self, broken: Row, reads: Iterable[str], fault: str) -> None:
        """Halt the rollout, whatever else is broken; nothing of ours is left that can be braked."""
        spec = {**self.spec, **broken}
        rollout = WatchedRollout(self.controllers[0], {}, **copy.deepcopy(spec))
        before = ids(self.sim)
        with self._failing(reads, fault):
            decision = rollout.run_once(state="halted")
        assert new_campaigns(self.sim, before) == []
        assert_braked(self.sim, lambda _campaign: True)
        assert decision["phase"]
        self.tally["halts"] += 1

    def run_without(self, read: str, fault: str) -> None:
        """A run in which a read always fails creates nothing."""
        with self._failing([read], fault):
            self.run()
        calls = self.sim.journal()
        posts = [place for place, call in enumerate(calls) if call["operation"] == CREATE]
        faults = [place for place, call in enumerate(calls) if call["fault"]]
        assert not (posts and faults and faults[0] < posts[0]), f"created without {read}"
        self.tally["failed_reads"] += bool(faults)

    def crash(self, *, write: int, effect: bool, controller: int = 0) -> None:
        """A run whose controller dies at its n-th write (from 1), with or without effect."""

        def die(request: Request, handle: Handle) -> Reply:
            if effect:
                handle(request)
            raise Crash

        with self._at_write(write, die), suppress(Crash):
            self.run(controller=controller)

    def rival(self, *, write: int) -> None:
        """A run in the middle of which another controller runs, before the n-th write (from 1)."""

        def let_other_run(request: Request, handle: Handle) -> Reply:
            self.run(controller=1)
            return handle(request)

        self._rival = True
        with self._at_write(write, let_other_run):
            self.run()
        self._rival = False

    @contextmanager
    def _at_write(self, write: int, act: Callable[[Request, Handle], Reply]) -> Iterator[None]:
        seen = 0
        usual = self.wire.on_write

        def count(request: Request, handle: Handle) -> Reply:
            nonlocal seen
            seen += 1
            return act(request, handle) if seen == write else usual(request, handle)

        self.wire.on_write = count
        try:
            yield
        finally:
            self.wire.on_write = usual

    # -- judging

    def check(self) -> None:
        """What holds at every moment."""
        self.tally["checks"] += 1
        assert_each_step_once(self.sim, retry=self.retry)

    def _judge(self, before: set[str], spec: RolloutSpec, decision: Row | None, state: str) -> None:
        """Judge what a run has created."""
        created = new_campaigns(self.sim, before)
        if not created:
            return
        self.tally["checks"] += 4
        names = [campaign["campaignName"] for campaign in created]
        assert state not in STOPPING, f"{state}, and created {names}"
        assert not self.halted, f"halted, nobody did anything about it, and created {names}"
        assert decision is not None
        if self._rival and "devices" not in decision:
            return  # the other one has created them, and this one could not read after it
        assert_limits(self.sim, created, spec)
        self.tally["gates"] += Gates(self.sim, spec, decision, self.accepts).check(created)
        self.tally["campaigns"] += len(created)

    def _judge_licenses(
        self, before: set[str], given: set[str], rollout: WatchedRollout, state: str
    ) -> None:
        """Licenses go to devices of waves that begin and no others, and before campaigns do."""
        if self._rival or self.spec["assign_licenses"] == "false":
            return
        self.tally["checks"] += 2
        self.tally["licenses"] += len(given)
        assert given <= rollout.to_license
        assert not (given and (state in STOPPING or self.halted))
        for campaign in new_campaigns(self.sim, before):
            assert campaign["devices"].keys() <= licensed(self.sim)

    def _judge_decision(self, decision: Row, spec: RolloutSpec, state: str) -> None:
        self.tally["checks"] += 4
        assert_documented(decision, spec)
        self.tally[f"phase {decision['phase']}"] += 1
        if self.faulty:
            return
        if not self._rival and state != "planned":
            assert_single_names(self.sim, spec)
        failed = {each["package"] for each in decision["cohorts"] if each["state"] == "failed"}
        declared = {target.generation for target in spec.targets}
        halted = decision["phase"] == Phase.HALTED.value and state != "planned"

        def must_stop(campaign: Row) -> bool:
            by_gate = halted and name_of(campaign).generation in declared
            cohort_halted = campaign["package"] in failed and state == "running"
            return by_gate or cohort_halted or (halted and state == "halted")

        assert_braked(self.sim, must_stop)
        if state == "running":
            if self.halted:
                assert decision["phase"] == Phase.HALTED.value, f"a halt is {decision['phase']}"
            # Failed cohorts may have less than half of a wave once others upgrade devices of theirs.
            by_share = "failed cohorts have" in decision["why"]
            self.halted = decision["phase"] == Phase.HALTED.value and not by_share
            self._judge_again(decision)

    def _forecasts(self) -> bool:
        """A forecast takes as long as a decision, and not every run has one."""
        return self.tally["runs"] % RUNS_WITHOUT_FORECAST == 0

    def _judge_again(self, decision: Row) -> None:
        """Whoever looks at the same moment finds the same, and no write to repeat."""
        rollout = WatchedRollout(self.controllers[1], {}, **self.declaration())
        try:
            again = rollout.decide(state="running", check=True, forecast=self._forecasts())
        except PlanRefused:  # what blocked the run is an error once the last campaign has ended
            assert decision["blockers"]
            return
        self.tally["checks"] += 2
        if again["forecast"]:
            _judge_forecast(again)
            self.tally["forecasts"] += 1
        if not self._rival:
            twice = [entry for entry in _writes(again) if entry in _writes(decision)]
            assert twice == [], "what was just written is to be written again"
        if not decision["would_change"]:
            assert again["phase"] == decision["phase"], again["why"]
            assert [_word(wave) for wave in again["waves"]] == [
                _word(wave) for wave in decision["waves"]
            ]


def _judge_forecast(decision: Row) -> None:
    """Whatever has happened, there is an end, a condition, or a gate that stops the rollout."""
    found = decision["forecast"]
    known = found["over"] or found["ends"] or found["condition"] or found["stop_chance"] == 1
    assert known, found
    for each in (found, *found["waves"], *found["models"]):
        if each.get("ends"):
            moments = [each["ends"][name] for name in ("p10", "p50", "p90")]
            assert moments == sorted(moments)
            assert moments[0] >= decision["now"][:16], (moments, decision["now"])


def _writes(decision: Row) -> list[str]:
    actions = decision["actions"]
    return [
        *(campaign["name"] for campaign in actions["create"]),
        *(campaign["campaign_id"] for campaign in actions["cancel"]),
    ]


def _word(wave: Row) -> tuple[Any, ...]:
    return wave["name"], wave["verdict"], wave["attempted"], wave["failures"]
