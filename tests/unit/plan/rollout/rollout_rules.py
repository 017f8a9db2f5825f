# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold at every run of any rollout, checked together on one and the same rollout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import ceil

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    row_of,
    waves_of,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import Run
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    WRONG_VERSION,
)

MoreRules = Callable[[RolloutSpec, Decision], None]


class RolloutRules:
    """Runs a rollout and checks every run of it.

    :param one_step: each device needs one campaign, so being attempted is being done.
    :param hides: reports may lack campaigns, so a run may repeat what another has done.
    """

    def __init__(self, run: Run, *, one_step: bool, hides: bool) -> None:
        self._run = run
        self._service = run.service
        self._one_step = one_step
        self._hides = hides
        self._proved: set[str] = set()
        self._claimed: dict[str, int] = {}
        self._halted = False
        self._shown_late: set[str] = set()
        self._plans: set[tuple[str, tuple[tuple[int, tuple[str, ...]], ...]]] = set()

    def check(self, more: MoreRules | None = None) -> Decision:
        """Run to the end, and return the last decision.

        :param more: rules of one test, checked at every run, too.
        """
        for wish, found in self._run.decisions():
            self._check_pilot_rule()
            self._check_creates(wish, found)
            self._check_phase(found)
            self._check_waves(found)
            self._check_numbers(found)
            self._check_that_no_device_is_held_twice()
            if not self._hides:
                self._check_that_nothing_is_left_to_do(wish, found)
                assert self._service.to_come() <= found.exposure
            if more:
                more(wish, found)
        self._check_attempts()
        self._check_digests()
        return found

    def _check_pilot_rule(self) -> None:
        """No package that was never proved has over 20 devices in live campaigns."""
        packages = {package.name for package in self._service.catalog}
        self._proved |= {name for name in packages if self._service.proved(name)}
        for name in packages - self._proved:
            assert self._service.live_devices(name) <= 20

    def _check_creates(self, wish: RolloutSpec, found: Decision) -> None:
        names = [str(planned.name) for planned in found.create]
        assert len(names) == len(set(names))
        assert not set(names) & {str(own.name) for own in found.assessment.seen.own}
        waves = {imei: number for number, ids in waves_of(found).items() for imei in ids}
        for planned in found.create:
            assert planned.start > self._service.now.date()
            assert planned.name.count == len(planned.devices) == len(set(planned.devices)) > 0
            assert planned.name.attempt <= 1 + self._run.declared.get("retry", 0)
            assert not found.assessment.evidence[planned.package.name].failed
            assert {waves[imei] for imei in planned.devices} == {planned.wave.number}
            if planned.name.attempt == 1:  # a wave that has begun finishes what it tried
                self._check_earlier_waves(wish, found, planned.wave.number)
        if self._one_step:  # a device that was attempted is done, whatever came of it
            tried = {
                row.device_id
                for own in found.assessment.seen.own
                for row in own.rows
                if row.recent_attempt
            }
            assert not tried & {imei for planned in found.create for imei in planned.devices}

    def _check_earlier_waves(self, wish: RolloutSpec, found: Decision, number: int) -> None:
        """All waves before have passed by what the service did, whatever step a device is at."""
        outcomes = self._service.outcomes()
        for earlier in wish.waves[: number - 1]:
            assert found.assessment.waves[earlier.number - 1].verdict.opens_next
            members = [
                imei
                for imei in waves_of(found)[earlier.number]
                if not any(
                    found.assessment.evidence[package.name].failed
                    for package in row_of(found, imei).path.course
                )
                and row_of(found, imei).outcome.kind.value != "rejected"
            ]
            known = [outcomes[imei] for imei in members if imei in outcomes]
            # Unknown devices count as attempted, as failures, from the deadline on.
            attempted = len(known) + sum(self._is_unknown(imei, found) for imei in members)
            assert attempted >= min(earlier.gate.min_sample, len(members))
            assert attempted >= earlier.gate.min_coverage * len(members)
            rate, needed = earlier.gate.max_failure_rate, earlier.gate.min_success_rate
            assert known.count("bad") <= ceil(rate * len(members))
            if needed is None:
                assert known.count("bad") <= ceil(rate * attempted)
            else:
                assert known.count("good") >= needed * len(known)

    def _is_unknown(self, imei: str, found: Decision) -> bool:
        if self._one_step:
            return self._service.fate(imei) == "odd"
        return row_of(found, imei).outcome.kind.value == "unknown"

    def _check_phase(self, found: Decision) -> None:
        """A gate that fails halts, and a halt lasts: nothing is created any more."""
        verdicts = {state.verdict.value for state in found.assessment.waves}
        if verdicts & {"fail", "hold"}:
            assert found.phase is (Phase.HALTED if "fail" in verdicts else Phase.HELD)
            assert found.create == ()
        lasts = not self._has_learned_of_the_past()
        self._halted = found.phase is Phase.HALTED or (self._halted and lasts)
        assert self._halted == (found.phase is Phase.HALTED)
        assert not (self._halted and found.create)

    def _has_learned_of_the_past(self) -> bool:
        """A report shows a campaign only now that had begun before.

        Its results are as old as those that the wave halted by, so they can prove that one cohort
        is bad, which halts alone, where the results of a part of it had halted the wave.
        """
        before = set(self._shown_late)
        self._shown_late |= {
            campaign.id
            for campaign in self._service.campaigns
            if campaign.begins < campaign.shown <= self._service.now
        }
        return self._shown_late != before

    def _check_waves(self, found: Decision) -> None:
        """Every device is in one wave, and keeps it once it was touched."""
        listed = [imei for ids in waves_of(found).values() for imei in ids]
        assert len(listed) == len(set(listed))
        assert set(listed) == {row.imei for row in found.assessment.rows}
        waves = {imei: number for number, ids in waves_of(found).items() for imei in ids}
        assert {imei: waves.get(imei) for imei in self._claimed} == self._claimed
        for own in found.assessment.seen.own:
            if not own.refused:
                self._claimed |= {row.device_id: own.name.wave for row in own.rows}
        self._plans.add((found.assessment.digest, tuple(sorted(waves_of(found).items()))))

    def _check_numbers(self, found: Decision) -> None:
        assert found.next_check is None or found.next_check > self._service.now
        assert found.exposure >= sum(len(planned.devices) for planned in found.create)
        for state in found.assessment.waves:
            numbers, judgement = state.numbers, state.judgement
            assert numbers.devices == len(waves_of(found)[state.wave.number])
            assert numbers.devices == numbers.members + numbers.rejected + numbers.in_failed_cohorts
            assert numbers.verified + numbers.failed + numbers.silent <= numbers.members
            if state.verdict.value == "pass":
                assert judgement.attempted >= min(state.wave.gate.min_sample, numbers.members) > 0
                assert judgement.failures <= judgement.allowed

    def _check_that_no_device_is_held_twice(self) -> None:
        held = [
            imei
            for campaign in self._service.campaigns
            if campaign.live(self._service.now)
            for imei in campaign.accepted
        ]
        assert len(held) == len(set(held))

    def _check_that_nothing_is_left_to_do(self, wish: RolloutSpec, found: Decision) -> None:
        """A plan that was carried out is empty."""
        again = decide(wish, self._service.observe(wish))
        if len(found.create) < wish.limits.max_creates:
            assert [str(planned.name) for planned in again.create] == []
        # A request to cancel may be in vain once a campaign has begun.
        begun = {
            campaign.id
            for campaign in self._service.campaigns
            if campaign.begins <= self._service.now
        }
        assert {own.campaign.id for own, _why in again.stops.cancel} <= begun

    def _check_attempts(self) -> None:
        """A step is tried again as often as is declared, and only where it failed."""
        tried = Counter(
            (imei, campaign.planned.package.name)
            for campaign in self._service.campaigns
            for imei in campaign.attempts
        )
        most = 1 + self._run.declared.get("retry", 0)
        for (imei, name), times in tried.items():
            assert times == 1 or (times <= most and self._service.fate(imei, name) == "bad")
        refused = [
            reason for campaign in self._service.campaigns for reason in campaign.refused.values()
        ]
        assert WRONG_VERSION not in refused
        if self._one_step:
            accepted = [
                imei
                for campaign in self._service.campaigns
                if campaign.cancelled is None
                for imei, when in campaign.accepted.items()
                if when <= self._service.now
            ]
            assert len(accepted) == len(set(accepted))

    def _check_digests(self) -> None:
        """The digest changes when the wave of a device does, and only then."""
        assert len({digest for digest, _waves in self._plans}) == len(self._plans)
        assert len({waves for _digest, waves in self._plans}) == len(self._plans)
