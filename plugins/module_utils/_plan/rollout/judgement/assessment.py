# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared and what was read, brought together: each device with its wave and class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..declaration.campaign_names import SWEEP_WAVE
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import Ledger, keep_ledger
from ..observation.observed import Observed, OwnCampaign
from ..placement.digest import plan_digest
from ..placement.late_joiners import find_late
from ..placement.scope import Member, Out, Scope, find_scope
from ..placement.wave_assignment import Membership, assign_waves
from .device_outcomes import DeviceClass, Verdict, classify
from .exposure import Exposure, find_exposure
from .gate import GateVerdict
from .package_evidence import PackageEvidence, is_halted, weigh_packages
from .retries import Retry, find_retries, find_sweep
from .waves import WaveState, judge_waves


@dataclass(frozen=True)
class Picture:
    """A rollout at one moment; nothing is decided yet.

    :ivar verdicts: the class of every device in scope.
    :ivar cohorts: what was learned of each package, by its name.
    :ivar retries: batches to try again.
    :ivar digest: fingerprint of the plan, which approvals and ``require_digest`` name.
    :ivar exposed: what can still change if nothing more is created, twins and campaigns of older
        targets included.
    """

    spec: RolloutSpec
    seen: Observed
    ledger: Ledger
    scope: Scope
    membership: Membership
    verdicts: dict[str, Verdict]
    cohorts: dict[str, PackageEvidence]
    retries: tuple[Retry, ...]
    waves: tuple[WaveState, ...]
    digest: str
    exposed: Exposure

    @property
    def live(self) -> list[OwnCampaign]:
        """Our campaigns that are not over."""
        return [one for one in self.ledger.campaigns if not one.over]

    @property
    def started_twins(self) -> list[OwnCampaign]:
        """Second campaigns of a name that can no longer be cancelled for sure."""
        return [one for one in self.ledger.surplus if one.started(self.seen.now)]

    @property
    def licenses_needed(self) -> int:
        """Licences that the devices still waiting would take from the pool."""
        if not self.seen.subscription.needs_licenses:
            return 0
        return sum(
            not (member.device and member.device.license_assigned)
            for imei, member in self.scope.members.items()
            if self.verdicts[imei].waits
        )

    @property
    def short_of_licenses(self) -> bool:
        return self.licenses_needed > self.seen.subscription.free_licenses

    @property
    def other_plan(self) -> bool:
        """The declaration requires the digest of another plan."""
        return not self.digest.startswith(self.spec.require_digest)

    @property
    def blockers(self) -> list[str]:
        """What stands in the way of campaigns that wait to be created."""
        found = [
            f"campaign {one.name} ({one.campaign.id}, {one.campaign.status}) of another target of"
            " this rollout is live: set supersede: true to stop it, or wait for its end"
            for one in self.ledger.superseded
            if not self.spec.supersede
        ]
        most = self.spec.limits.max_exposure
        if most is not None and self.exposed.devices >= most and self.waiting_anywhere:
            found.append(
                f"{self.exposed.devices} devices can still change, and limits.max_exposure is"
                f" {most}: more follow as these are done"
            )
        if self.other_plan:
            found.append(
                f"the plan has digest {self.digest[:12]}, and require_digest is"
                f" {self.spec.require_digest}: read the plan again, and require the new digest"
            )
        if self.short_of_licenses:
            bought = self.seen.subscription
            found.append(
                f"{self.licenses_needed} devices need a licence, and {bought.free_licenses} of"
                f" {bought.license_count} are free: get"
                f" {self.licenses_needed - bought.free_licenses} more, or select fewer devices"
            )
        return found

    @property
    def waiting_anywhere(self) -> bool:
        """A device waits in an open wave."""
        return any(state.open and self.waiting(state.wave.number) for state in self.waves)

    @property
    def sweep(self) -> Sequence[Member]:
        """Devices for the sweep, once every wave has passed and its campaigns are over."""
        passed = all(state.verdict.opens_next for state in self.waves)
        if not passed or any(one.name.wave != SWEEP_WAVE for one in self.live):
            return []
        return find_sweep(self.spec, self.scope, self.verdicts, self.cohorts, self.ledger)

    def first(self, verdict: GateVerdict) -> WaveState | None:
        """The first wave whose gate says so."""
        return next((state for state in self.waves if state.verdict is verdict), None)

    def waiting(self, wave: int) -> list[Member]:
        """Devices of a wave to put into campaigns, but for models that an older target holds."""
        held = {(one.campaign.make, one.campaign.model) for one in self.ledger.superseded}
        if self.spec.supersede:
            held = set()
        if ("", "") in held:  # the service did not say which model
            return []
        return [
            self.scope.members[imei]
            for imei in self.membership.waves[wave]
            if self.verdicts[imei].waits
            and (self.scope.members[imei].target.make, self.scope.members[imei].target.model)
            not in held
        ]


def draw(spec: RolloutSpec, seen: Observed) -> Picture:
    """Bring a declaration and what was read together.

    :raises PlanRefused: the declaration does not fit what is there.
    """
    ledger = keep_ledger(spec, seen.own)
    scope = find_scope(spec, seen, ledger)
    claims = dict(ledger.claims)
    for imei in find_late(spec, seen, ledger, scope):
        if spec.late_joiners:
            claims[imei] = spec.waves[-1].number
        else:
            del scope.members[imei]
            scope.out[imei] = Out.LATE
    membership = assign_waves(spec, scope, claims)
    wave_of = {imei: number for number, ids in membership.waves.items() for imei in ids}
    verdicts = {
        imei: classify(member, wave_of[imei], seen=seen, ledger=ledger, timing=spec.timing)
        for imei, member in scope.members.items()
    }
    for imei, verdict in verdicts.items():
        member = scope.members[imei]
        if verdict.kind is DeviceClass.ADVANCED and ledger.records[imei].own.over and member.device:
            scope.members[imei] = member.advanced(member.device.firmware)
    cohorts = weigh_packages(spec, scope, wave_of, verdicts, ledger, seen.busy)
    for imei, member in scope.members.items():
        if verdicts[imei].waits and is_halted(member, cohorts):
            verdicts[imei] = Verdict(DeviceClass.HALTED, "its cohort halted before its turn")
    digest = plan_digest(spec, membership)
    retries = find_retries(spec, scope, verdicts, cohorts, ledger)
    return Picture(
        spec=spec,
        seen=seen,
        ledger=ledger,
        scope=scope,
        membership=membership,
        verdicts=verdicts,
        cohorts=cohorts,
        retries=tuple(retries),
        waves=judge_waves(
            spec, scope, membership, verdicts, cohorts, ledger, retries, seen.now, digest
        ),
        digest=digest,
        exposed=find_exposure([*ledger.campaigns, *ledger.surplus, *ledger.superseded], seen.now),
    )
