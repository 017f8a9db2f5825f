# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was learned of each package, over all waves: may it go to many, or to no more devices?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...._model.campaign import EVIDENCE_DEVICES, EVIDENCE_SUCCESS, PILOT_DEVICES
from ...._model.firmware import Package
from ..declaration.campaign_names import Cohort
from ..declaration.spec import RolloutSpec, Target, Timing
from ..observation.campaign_history import History
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import (
    ATTEMPTED,
    LEFT,
    DeviceClass,
    Outcome,
    RolloutDevice,
)
from .accepted import accepted_of_cohorts
from .device_outcomes import find_begun, find_failure, find_result
from .gate import failures_allowed
from .statistics import Counts, FailureTest, Result

# Campaigns big enough to be evidence that were none, before a person must look.
MOST_FRUITLESS_BATCHES = 3
HALTED = Outcome(DeviceClass.HALTED, "its cohort halted before its turn")


@dataclass(frozen=True)
class PackageEvidence:
    """The cumulative evidence of one package, which is what a cohort is judged by.

    :ivar target: that it leads to, or towards.
    :ivar devices: devices in scope that get it, now, as a later step, or that have got it.
    :ivar live: devices asked for in campaigns that are not over, or that may still be in one.
    :ivar codes: of the cohorts that get it, one for each zone of windows.
    :ivar failed_at: when the cohort has halted: nothing more is created for it.
    :ivar qualified: it may go to more than 20 devices at once.
    :ivar fruitless: campaigns that are over, could have been evidence, and were none.
    :ivar accepted: failures that a person accepts.
    :ivar limits: failures that some waves tolerate of the cohort at most.
    :ivar counts: those under way included, at ``failed_at`` or else now.
    """

    package: Package
    target: Target
    devices: int
    attempted: int
    failures: int
    live: int
    codes: tuple[str, ...]
    failed_at: datetime | None
    qualified: bool
    fruitless: int
    accepted: int = 0
    limits: Mapping[int, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.failed_at is not None

    @property
    def room(self) -> int:
        """Devices that may be put into campaigns now, while it is not qualified."""
        return max(0, PILOT_DEVICES - self.live)

    @property
    def exhausted(self) -> bool:
        """Trying once more would teach nothing new."""
        return not self.qualified and self.fruitless >= MOST_FRUITLESS_BATCHES


def weigh(
    spec: RolloutSpec, rows: Iterable[RolloutDevice], history: History, busy: Collection[str]
) -> dict[str, PackageEvidence]:
    """Judge every package in scope.

    :param busy: devices that are known to be in campaigns of others.
    :returns: the evidence by package name, in order of names.
    """
    tallies: dict[str, _Tally] = {}
    over = {own.campaign.id for own in history.campaigns if own.over}
    for row in rows:
        for package in row.path.steps:
            tally = tallies.get(package.name)
            if tally is None:
                tally = tallies[package.name] = _Tally(package, row.target)
            tally.devices += 1
            tally.zones.add(row.cohort.zone)
        tallies[row.package.name].add_current(row, over, busy)
        for name, campaign_id, result in _find_results(row, spec.timing):
            tallies[name].results.append(result)
            tallies[name].by_campaign.setdefault(campaign_id, []).append(result)
    members = sum(tally.members for tally in tallies.values())
    begun = sum(tally.begun for tally in tallies.values())
    return {
        name: _conclude(
            spec, tallies[name], history, _find_limits(spec, tallies[name], members, begun)
        )
        for name in sorted(tallies)
    }


def _find_limits(
    spec: RolloutSpec, tally: _Tally, all_members: int, all_begun: int
) -> dict[int, int]:
    """Give the failures of a cohort that the first wave tolerates at most: one more, and the cohort
    halts alone.

    That is so where a number decides for the wave, and it can go on without the cohort. Otherwise
    one bad model halts all others before it is known to be bad. Only devices count that have been
    in a campaign: others may join or leave while a wave is halted, and that must not turn its halt
    into that of a cohort.

    :param all_members: of the first wave, of all cohorts.
    :param all_begun: those of them that have been in a campaign.
    """
    first = spec.waves[0]
    most = first.gate.max_failed_cohort_share * all_begun
    if first.gate.max_failures is None or tally.begun == all_begun or tally.begun > most:
        return {}
    return {first.number: failures_allowed(first.gate, all_members)}


def mark_halted(
    rows: Iterable[RolloutDevice], evidence: Mapping[str, PackageEvidence]
) -> list[RolloutDevice]:
    """Mark the devices that are in a failed cohort, or have one ahead."""
    if not any(package.failed for package in evidence.values()):
        return list(rows)
    return [_mark(row, evidence) for row in rows]


def _mark(row: RolloutDevice, evidence: Mapping[str, PackageEvidence]) -> RolloutDevice:
    moments = [evidence[package.name].failed_at for package in row.path.course]
    halted = min((moment for moment in moments if moment is not None), default=None)
    if halted is None:
        return row
    return replace(row, halted=halted, outcome=HALTED if row.outcome.waits else row.outcome)


def sort_cohorts(cohorts: Mapping[str, PackageEvidence]) -> list[PackageEvidence]:
    """Order cohorts by make, model and version."""
    return sorted(
        cohorts.values(),
        key=lambda cohort: (cohort.package.make, cohort.package.model, cohort.package.from_version),
    )


@dataclass
class _Tally:
    """What is counted of one package, on the way to one target.

    :ivar devices: those that get it, now, later or before.
    :ivar members: those of the first wave that get it now and have not left.
    :ivar begun: those of the first wave that have been in one of our campaigns. After a halt their
        number stays as it is.
    :ivar zones: zones of windows of their cohorts.
    :ivar results: of those that were attempted, and proved the package or failed.
    :ivar under_way: of those that were attempted, and have no result that counts yet.
    :ivar by_campaign: the results by the campaign that they come from.
    :ivar unread: campaigns with devices to be read again.
    :ivar unsettled: devices that get it now and may still be live, or may not have taken it: they
        keep their place in the pilot.
    """

    package: Package
    target: Target
    devices: int = 0
    members: int = 0
    begun: int = 0
    zones: set[str] = field(default_factory=set)
    results: list[Result] = field(default_factory=list)
    under_way: list[Result] = field(default_factory=list)
    by_campaign: dict[str, list[Result]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    unsettled: int = 0

    def add_current(self, row: RolloutDevice, over: Collection[str], busy: Collection[str]) -> None:
        """Count a device that gets the package now.

        :param over: ids of our campaigns that are over.
        """
        outcome = row.outcome
        if row.wave == 1:
            self.members += outcome.kind not in LEFT
            self.begun += row.history is not None
        if outcome.kind not in ATTEMPTED:
            result = find_result(row)
            self.under_way += [result] if result else []
        if outcome.unread:
            self.unread.add(outcome.campaign_id)
        self.unsettled += (outcome.unread and outcome.campaign_id in over) or (
            outcome.busy and row.imei not in busy
        )

    def codes(self, protocol: str) -> tuple[str, ...]:
        """Codes of the cohorts that get the package, one for each zone of windows."""
        package = self.package
        cohorts = (
            Cohort(protocol, package.make, package.model, package.from_version, zone)
            for zone in self.zones
        )
        return tuple(sorted(cohort.code for cohort in cohorts))


def _conclude(
    spec: RolloutSpec, tally: _Tally, history: History, limits: Mapping[int, int]
) -> PackageEvidence:
    """Say what the counts of a package mean.

    :param limits: failures that some waves tolerate at most.
    """
    test = FailureTest({wave.number: wave.gate for wave in spec.waves}, limits)
    name, codes = tally.package.name, tally.codes(spec.protocol)
    ours = [own for own in history.campaigns if own.campaign.package == name]
    others = [*history.surplus, *history.superseded]
    live = [own for own in (*ours, *others) if own.campaign.package == name and not own.over]
    failures = sum(result.failed for result in tally.results)
    accepted = accepted_of_cohorts(spec, history, tally.target, codes)
    refused_at_size = any(own.refused and own.name.count > PILOT_DEVICES for own in ours)
    proved = _is_evidence(tally.results) or name in spec.qualified_packages
    results = [*tally.results, *tally.under_way]
    failed_at, counts = (
        test.replay(results) if failures > accepted else (None, _count_results(results))
    )
    return PackageEvidence(
        package=tally.package,
        target=tally.target,
        devices=tally.devices,
        attempted=len(tally.results),
        failures=failures,
        live=sum(own.name.count for own in live) + tally.unsettled,
        codes=codes,
        failed_at=failed_at,
        qualified=proved and not refused_at_size,
        fruitless=sum(_is_fruitless(own, tally) for own in ours),
        accepted=accepted,
        limits=limits,
        counts=counts,
    )


def _count_results(results: Iterable[Result]) -> Counts:
    attempted: Counter[int] = Counter()
    failures: Counter[int] = Counter()
    for result in results:
        attempted[result.wave] += 1
        failures[result.wave] += result.failed
    return {wave: (number, failures[wave]) for wave, number in attempted.items()}


def _is_fruitless(own: OwnCampaign, tally: _Tally) -> bool:
    """A campaign is over, could have been evidence, and was none."""
    return (
        own.over
        and not own.refused
        and not own.stopped
        and own.campaign.id not in tally.unread
        and own.name.count >= EVIDENCE_DEVICES
        and not _is_evidence(tally.by_campaign.get(own.campaign.id, []))
    )


def _find_results(row: RolloutDevice, timing: Timing) -> Iterator[tuple[str, str, Result]]:
    """Give how a device fared with each package: package, campaign, result.

    A step is a success once the device runs the version that it leads to, or a later one.
    """
    result, outcome = find_result(row), row.outcome
    if result is not None and outcome.kind in ATTEMPTED:
        yield row.package.name, outcome.campaign_id, result
    advanced = outcome.kind is DeviceClass.ADVANCED
    if row.history and (row.path.done or advanced):
        by_package = {record.own.campaign.package: record for record in row.history.records}
        for package in (*row.path.done, row.package) if advanced else row.path.done:
            record = by_package.get(package.name)
            if record is not None and record.result_at is not None:
                earlier = [other for other in row.history.records if other is not record]
                failure = find_failure(earlier, package.name, timing)
                begun = failure[0] if failure else find_begun(record, record.result_at, timing)
                success = Result(
                    begun, row.wave, failure and failure[1], failure and record.result_at
                )
                yield package.name, record.own.campaign.id, success


def _is_evidence(results: Sequence[Result]) -> bool:
    good = sum(not result.failed for result in results)
    return len(results) >= EVIDENCE_DEVICES and good >= EVIDENCE_SUCCESS * len(results)
