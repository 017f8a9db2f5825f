# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout at one moment: what was declared and seen, judged stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ...._model.text import count
from ...refusal import PlanRefused
from ..declaration.campaign_names import SWEEP_WAVE
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import History
from ..observation.observed import Observed
from ..placement.digest import plan_digest
from ..placement.place import place
from ..placement.rollout_device import DeviceClass, RolloutDevice
from ..placement.scope import Out
from ..placement.upgrade_paths import Paths
from ..placement.wave_assignment import Stratum
from .accepted import find_void
from .device_outcomes import classify
from .exposure import Exposure, find_exposure
from .gate import GateVerdict
from .missing import Missing, find_missing
from .package_evidence import PackageEvidence, mark_halted, weigh
from .retries import Retry, find_retries, find_sweep
from .wave_order import open_in_order
from .waves import WaveState, judge_waves


@dataclass(frozen=True)
class Assessment:
    """A rollout at one moment; nothing is decided yet.

    :ivar out: selected devices that take no part, and why.
    :ivar left_out: by wave, the kinds of devices that its pilot has none of.
    :ivar paths: from versions to targets, and back.
    :ivar unreachable: targets to which no package leads, although devices need them.
    :ivar undeclared: waves of our campaigns that are declared no more: no wave can be judged.
    :ivar remarks: what a person should know of the targets.
    :ivar missing: devices that the rollout seems to have lost.
    :ivar rows: the devices in scope: those that our campaigns have, then as declared.
    :ivar evidence: what was learned of each package, by its name.
    :ivar retries: batches to try again.
    :ivar waves: every wave with its devices and its verdict.
    :ivar digest: fingerprint of the plan, which approvals and ``require_digest`` name.
    :ivar exposed: what can still change if nothing more is created, twins and campaigns of older
        targets included.
    """

    spec: RolloutSpec
    seen: Observed
    history: History
    out: dict[str, Out]
    left_out: dict[int, tuple[Stratum, ...]]
    paths: Paths
    unreachable: tuple[PlanRefused, ...]
    undeclared: tuple[PlanRefused, ...]
    remarks: tuple[str, ...]
    missing: Missing
    rows: tuple[RolloutDevice, ...]
    evidence: dict[str, PackageEvidence]
    retries: tuple[Retry, ...]
    waves: tuple[WaveState, ...]
    digest: str
    exposed: Exposure

    @property
    def deadlines(self) -> list[datetime]:
        """Moments at which waves that have not passed may pass or end."""
        return [
            moment
            for state in self.waves
            if not state.verdict.opens_next or state.passed_for < set(self.spec.targets)
            for moment in (state.deadline, state.judgement.soak_until)
            if moment
        ]

    @cached_property
    def verified_devices(self) -> frozenset[str]:
        """Devices that run the target, read after the success."""
        kind = DeviceClass.VERIFIED
        return frozenset(row.imei for row in self.rows if row.outcome.kind is kind)

    @property
    def verified(self) -> int:
        """The number of these."""
        return len(self.verified_devices)

    @cached_property
    def licenses_needed(self) -> int:
        """Licenses that the devices still waiting would take from the pool."""
        if not self.seen.subscription.needs_licenses:
            return 0
        return sum(row.outcome.waits and not row.licensed for row in self.rows)

    @property
    def short_of_licenses(self) -> bool:
        """There are too few for all; where runs assign them, there need only be enough for now."""
        by_run = self.spec.assign_licenses.by_run
        return not by_run and self.licenses_needed > self.seen.subscription.free_licenses

    @property
    def other_plan(self) -> bool:
        """The declaration requires the digest of another plan."""
        return not self.digest.startswith(self.spec.require_digest)

    @cached_property
    def blockers(self) -> tuple[str, ...]:
        """What stands in the way of campaigns that wait to be created."""
        found = [
            f"campaign {own.name} ({own.campaign.id}, {own.campaign.status}) of another target of"
            " this rollout is live: set supersede: true to stop it, or wait for its end"
            for own in self.history.superseded
            if not self.spec.supersede
        ]
        most = self.spec.limits.max_exposure
        if most is not None and self.exposed.devices >= most and self._waiting_anywhere:
            found.append(
                f"{count(self.exposed.devices, 'device')} can still change, and limits.max_exposure"
                f" is {most}: more follow as these are done"
            )
        if self.other_plan:
            found.append(
                f"the plan has digest {self.digest[:12]}, and require_digest is"
                f" {self.spec.require_digest}: read the plan again, and require the new digest"
            )
        if self.short_of_licenses:
            bought = self.seen.subscription
            found.append(
                f"{count(self.licenses_needed, 'license')} needed, and {bought.free_licenses} of"
                f" {bought.license_count} free: get"
                f" {self.licenses_needed - bought.free_licenses} more, or select fewer devices"
            )
        return tuple(found)

    @property
    def _waiting_anywhere(self) -> bool:
        """A device waits in an open wave."""
        return any(state.open and self.find_waiting(state) for state in self.waves)

    @cached_property
    def sweep(self) -> Sequence[RolloutDevice]:
        """Devices for the sweep, once every wave has passed and its campaigns are over."""
        passed = all(state.verdict.opens_next for state in self.waves)
        if not passed or any(own.name.wave != SWEEP_WAVE for own in self.history.live):
            return []
        return find_sweep(self.spec, self.rows, self.history, self.seen.catalog, self.evidence)

    def find_first(self, verdict: GateVerdict) -> WaveState | None:
        """Give the first wave whose gate says so; none where waves cannot be judged.

        What has failed is braked although a wave of ours is declared no more.
        """
        if self.seen.unread or (self.undeclared and verdict is not GateVerdict.FAIL):
            return None
        return next((state for state in self.waves if state.verdict is verdict), None)

    def find_waiting(self, state: WaveState) -> list[RolloutDevice]:
        """Give the devices of a wave to put into campaigns: of targets that it is open for, and
        of models that no older target holds."""
        held = {(own.campaign.make, own.campaign.model) for own in self.history.superseded}
        if self.spec.supersede:
            held = set()
        if ("", "") in held:  # the service did not say which model
            return []
        return [
            row
            for row in state.rows
            if row.outcome.waits
            and row.target in state.open_for
            and (row.target.make, row.target.model) not in held
        ]


def assess(spec: RolloutSpec, seen: Observed, history: History) -> Assessment:
    """Judge a rollout: place its devices, classify them, weigh packages, then judge the waves."""
    placement = place(spec, seen, history)
    digest = plan_digest(spec, placement.rows)
    rows = classify(placement.rows, spec, seen, history)
    evidence = weigh(spec, rows, history, seen.busy)
    rows = mark_halted(rows, evidence)
    retries = find_retries(spec, rows, history, seen.catalog, evidence)
    in_line = [rows[number] for number in placement.line]
    judged = judge_waves(spec, in_line, evidence, history, retries)
    return Assessment(
        spec=spec,
        seen=seen,
        history=history,
        out=placement.out,
        left_out=placement.left_out,
        paths=placement.paths,
        unreachable=placement.unreachable,
        undeclared=placement.undeclared,
        remarks=(*placement.remarks, *find_void(spec, history)),
        missing=find_missing(spec, seen, history, placement.rows, placement.out),
        rows=tuple(rows),
        evidence=evidence,
        retries=retries,
        waves=open_in_order(spec, judged, digest, history),
        digest=digest,
        exposed=find_exposure(
            [*history.campaigns, *history.surplus, *history.superseded], seen.now
        ),
    )
