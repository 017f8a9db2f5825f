# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was learned of each package, over all waves: may it go to many, or to nobody any more?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from ...._model.campaign import PILOT_DEVICES
from ...._model.firmware import Package
from ..declaration.campaign_names import Cohort
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import Ledger
from ..placement.scope import Member, Scope
from .device_outcomes import ATTEMPTED, DeviceClass, Verdict
from .statistics import Result, first_too_many

# The service lets a package go to more than 20 devices after so many, half of them well
# (contract section 9).
EVIDENCE_DEVICES = 5
EVIDENCE_SUCCESS = Fraction(1, 2)
# Campaigns big enough to be evidence that were none, before a person must look.
MOST_FRUITLESS_BATCHES = 3


@dataclass(frozen=True)
class PackageEvidence:
    """The cumulative evidence of one package, which is what a cohort is judged by.

    :ivar devices: devices in scope that get it, now, as a later step, or that have got it.
    :ivar live: devices asked for in campaigns that are not over, or that may still be in one.
    :ivar codes: of the cohorts that get it, one for each zone of windows.
    :ivar failed_at: when the cohort has halted: nothing more is created for it.
    :ivar qualified: it may go to more than 20 devices at once.
    :ivar fruitless: campaigns that are over, could have been evidence, and were none.
    """

    package: Package
    devices: int
    attempted: int
    failures: int
    live: int
    codes: tuple[str, ...]
    failed_at: datetime | None
    qualified: bool
    fruitless: int

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


def weigh_packages(
    spec: RolloutSpec,
    scope: Scope,
    waves: Mapping[str, int],
    verdicts: Mapping[str, Verdict],
    ledger: Ledger,
    busy: Collection[str],
) -> dict[str, PackageEvidence]:
    """Judge every package in scope.

    :param waves: the wave of every device in scope.
    :param busy: devices that are known to be in campaigns of others.
    :returns: the evidence by package name.
    """
    tallies: dict[str, _Tally] = {}
    for imei, member in sorted(scope.members.items()):
        verdict = verdicts[imei]
        for package in member.path:
            tally = tallies.get(package.name)
            if tally is None:
                tally = tallies[package.name] = _Tally(package)
            tally.devices += 1
            tally.zones.add(member.cohort.zone)
        now = tallies[member.package.name]
        now.at.append(imei)
        if verdict.unread and (reported := verdict.result(waves[imei])):
            now.reported.append(reported)
        for name, campaign_id, result in _find_results(member, waves[imei], verdict, ledger):
            tallies[name].results.append(result)
            tallies[name].by_campaign.setdefault(campaign_id, []).append(result)
    rates = {wave.number: wave.gate.max_failure_rate for wave in spec.waves}
    cohorts = {}
    for name, tally in tallies.items():
        failures = sum(result.failed for result in tally.results)
        codes = tally.codes(spec.protocol)
        taken = max((one.up_to for one in spec.accepted if one.cohort in codes), default=0)
        mine = [one for one in ledger.campaigns if one.campaign.package == name]
        others = [*ledger.surplus, *ledger.superseded]
        live = [one for one in (*mine, *others) if one.campaign.package == name and not one.over]
        refused_at_size = any(one.refused and one.name.count > PILOT_DEVICES for one in mine)
        over = {one.campaign.id for one in mine if one.over}
        unread = {verdicts[imei].campaign_id for imei in tally.at if verdicts[imei].unread} & over
        # They may be live, or not have taken the package: they keep their place in the pilot.
        unsettled = sum(
            (verdicts[imei].unread and verdicts[imei].campaign_id in over)
            or (verdicts[imei].busy and imei not in busy)
            for imei in tally.at
        )
        cohorts[name] = PackageEvidence(
            package=tally.package,
            devices=tally.devices,
            attempted=len(tally.results),
            failures=failures,
            live=sum(one.name.count for one in live) + unsettled,
            codes=codes,
            failed_at=first_too_many([*tally.results, *tally.reported], rates)
            if failures > taken
            else None,
            qualified=(_is_evidence(tally.results) or name in spec.qualified_packages)
            and not refused_at_size,
            fruitless=sum(
                one.over
                and not one.refused
                and one.campaign.id not in unread
                and one.name.count >= EVIDENCE_DEVICES
                and not _is_evidence(tally.by_campaign.get(one.campaign.id, []))
                for one in mine
            ),
        )
    return cohorts


def is_halted(member: Member, cohorts: Mapping[str, PackageEvidence]) -> bool:
    """Tell whether a device is in a failed cohort, or has one ahead."""
    return halted_at(member, cohorts) is not None


def halted_at(member: Member, cohorts: Mapping[str, PackageEvidence]) -> datetime | None:
    """Give the moment since which a device is in a failed cohort, or has one ahead."""
    moments = [cohorts[package.name].failed_at for package in member.course]
    return min((moment for moment in moments if moment is not None), default=None)


def sort_cohorts(cohorts: Mapping[str, PackageEvidence]) -> list[PackageEvidence]:
    """Order cohorts by make, model and version."""
    return sorted(
        cohorts.values(),
        key=lambda cohort: (cohort.package.make, cohort.package.model, cohort.package.from_version),
    )


@dataclass
class _Tally:
    """What is counted of one package.

    :ivar devices: those that get it, now, later or before.
    :ivar at: devices that get it now.
    :ivar results: of those that were attempted, and proved the package or failed.
    :ivar reported: successes that are not proved yet.
    """

    package: Package
    devices: int = 0
    zones: set[str] = field(default_factory=set)
    at: list[str] = field(default_factory=list)
    reported: list[Result] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    by_campaign: dict[str, list[Result]] = field(default_factory=dict)

    def codes(self, protocol: str) -> tuple[str, ...]:
        one = self.package
        cohorts = (
            Cohort(protocol, one.make, one.model, one.from_version, zone) for zone in self.zones
        )
        return tuple(sorted(cohort.code for cohort in cohorts))


def _find_results(
    member: Member, wave: int, verdict: Verdict, ledger: Ledger
) -> Iterator[tuple[str, str, Result]]:
    """Give how a device fared with each package: package, campaign, result.

    A step is a success once the device runs the version that it leads to, or a later one.
    """
    result = verdict.result(wave)
    if result is not None and verdict.kind in ATTEMPTED:
        yield member.package.name, verdict.campaign_id, result
    advanced = verdict.kind is DeviceClass.ADVANCED
    if member.done or advanced:
        records = (*ledger.earlier.get(member.imei, ()), ledger.records[member.imei])
        by_package = {one.own.campaign.package: one for one in records}
        for package in (*member.done, member.package) if advanced else member.done:
            record = by_package.get(package.name)
            if record is not None and record.told is not None:
                success = Result(at=record.told, wave=wave, failed=False)
                yield package.name, record.own.campaign.id, success


def _is_evidence(results: Sequence[Result]) -> bool:
    good = sum(not result.failed for result in results)
    return len(results) >= EVIDENCE_DEVICES and good >= EVIDENCE_SUCCESS * len(results)
