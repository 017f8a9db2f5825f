# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was learned of each package, over all waves: may it go to many, or to nobody any more?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..._model.campaign import PILOT_DEVICES
from ..._model.firmware import Package
from .classes import FAILURES, DeviceClass, Verdict
from .ledger import Ledger
from .scope import Scope
from .spec import RolloutSpec
from .statistics import ever_too_many

# The service lets a package go to more than 20 devices after so many, half of them well
# (contract section 9).
EVIDENCE_DEVICES = 5
EVIDENCE_SUCCESS = Fraction(1, 2)
# Campaigns big enough to be evidence that were none, before a person must look.
MOST_FRUITLESS_TRANCHES = 3


@dataclass(frozen=True)
class LaneEvidence:
    """The cumulative evidence of one package, which is what a lane is judged by.

    :ivar devices: devices in scope that get it.
    :ivar live: devices asked for in campaigns that are not over, or that may still be in one.
    :ivar codes: of the lanes that get it, one for each zone of windows.
    :ivar failed: the lane has halted: nothing more is created for it.
    :ivar qualified: it may go to more than 20 devices at once.
    :ivar fruitless: campaigns that are over, could have been evidence, and were none.
    """

    package: Package
    devices: int
    attempted: int
    failures: int
    live: int
    codes: tuple[str, ...]
    failed: bool
    qualified: bool
    fruitless: int

    @property
    def room(self) -> int:
        """Devices that may be put into campaigns now, while it is not qualified."""
        return max(0, PILOT_DEVICES - self.live)

    @property
    def exhausted(self) -> bool:
        """Trying once more would teach nothing new."""
        return not self.qualified and self.fruitless >= MOST_FRUITLESS_TRANCHES


def weigh_lanes(
    spec: RolloutSpec,
    scope: Scope,
    waves: Mapping[str, int],
    verdicts: Mapping[str, Verdict],
    ledger: Ledger,
    busy: Collection[str],
) -> dict[str, LaneEvidence]:
    """Judge every package in scope.

    :param busy: devices that are known to be in campaigns of others.

    :param waves: the wave of every device in scope.
    :returns: the evidence by package name.
    """
    packages: dict[str, Package] = {}
    attempted: dict[str, list[str]] = {}
    members: dict[str, list[str]] = {}
    by_campaign: dict[str, list[Verdict]] = {}
    for imei, member in sorted(scope.members.items()):
        name = member.package.name
        packages.setdefault(name, member.package)
        members.setdefault(name, []).append(imei)
        verdict = verdicts[imei]
        if verdict.kind is DeviceClass.VERIFIED or verdict.kind in FAILURES:
            attempted.setdefault(name, []).append(imei)
            by_campaign.setdefault(verdict.campaign_id, []).append(verdict)
    rates = {wave.number: wave.gate.max_failure_rate for wave in spec.waves}
    lanes = {}
    for name, package in packages.items():
        tried = attempted.get(name, [])
        failures = sum(verdicts[imei].kind in FAILURES for imei in tried)
        results = [one for imei in tried if (one := verdicts[imei].result(waves[imei]))]
        codes = {scope.members[imei].lane.code for imei in members[name]}
        taken = max((one.up_to for one in spec.accepted if one.lane in codes), default=0)
        mine = [one for one in ledger.campaigns if one.campaign.package == name]
        refused_at_size = any(one.refused and one.name.count > PILOT_DEVICES for one in mine)
        over = {one.campaign.id for one in mine if one.over}
        unread = {verdicts[i].campaign_id for i in members[name] if verdicts[i].unread} & over
        # They may be live, or not have taken the package: they keep their place in the pilot.
        unsettled = sum(
            (verdicts[imei].unread and verdicts[imei].campaign_id in over)
            or (verdicts[imei].kind is DeviceClass.BUSY and imei not in busy)
            for imei in members[name]
        )
        evident = _is_evidence(len(tried), failures)
        lanes[name] = LaneEvidence(
            package=package,
            devices=len(members[name]),
            attempted=len(tried),
            failures=failures,
            live=sum(one.name.count for one in mine if not one.over) + unsettled,
            codes=tuple(sorted(codes)),
            failed=failures > taken and ever_too_many(results, rates),
            qualified=(evident or name in spec.qualified_packages) and not refused_at_size,
            fruitless=sum(
                one.over
                and not one.refused
                and one.campaign.id not in unread
                and one.name.count >= EVIDENCE_DEVICES
                and not _told_enough(by_campaign.get(one.campaign.id, []))
                for one in mine
            ),
        )
    return lanes


def _is_evidence(attempted: int, failures: int) -> bool:
    good = attempted - failures
    return attempted >= EVIDENCE_DEVICES and good >= EVIDENCE_SUCCESS * attempted


def _told_enough(verdicts: list[Verdict]) -> bool:
    failures = sum(verdict.kind in FAILURES for verdict in verdicts)
    return _is_evidence(len(verdicts), failures)
