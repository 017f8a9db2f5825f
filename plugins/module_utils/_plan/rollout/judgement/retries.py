# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is tried once more: failed devices within their wave, unreached ones after the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..declaration.campaign_names import MOST_ATTEMPTS, SWEEP_WAVE
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import Ledger
from ..observation.observed import OwnCampaign
from ..placement.scope import Member, Scope
from .device_outcomes import DeviceClass, Verdict
from .package_evidence import PackageEvidence, is_halted


@dataclass(frozen=True)
class Retry:
    """A batch to try once more, with its devices that failed.

    :ivar last: the newest campaign of the batch.
    """

    last: OwnCampaign
    members: tuple[Member, ...]


def find_retries(
    spec: RolloutSpec,
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    cohorts: Mapping[str, PackageEvidence],
    ledger: Ledger,
) -> list[Retry]:
    """Find the batches that are over, have failed devices, and may be tried again.

    A campaign that the service refused has attempted nothing and uses up no attempt.
    """
    allowed = {wave.number: wave.retry for wave in spec.waves}
    batches: dict[tuple[str, int, str, int], list[OwnCampaign]] = {}
    for one in ledger.campaigns:
        name = one.name
        if name.wave in allowed:
            key = (name.generation, name.wave, name.cohort, name.batch)
            batches.setdefault(key, []).append(one)
    failed: dict[str, list[Member]] = {}
    for imei, verdict in verdicts.items():
        if verdict.kind is DeviceClass.FAILED and _can_try(scope.members[imei], cohorts):
            failed.setdefault(verdict.campaign_id, []).append(scope.members[imei])
    found = []
    for (_generation, wave, cohort, _batch), campaigns in sorted(batches.items()):
        if ledger.is_refused(wave, cohort):
            continue
        used = sum(not one.refused for one in campaigns)
        last = max(campaigns, key=lambda one: one.name.attempt)
        members = [member for one in campaigns for member in failed.get(one.campaign.id, [])]
        over = all(one.over for one in campaigns) and not any(one.stopped for one in campaigns)
        if members and over and used <= allowed[wave] and last.name.attempt < MOST_ATTEMPTS:
            found.append(Retry(last, tuple(members)))
    return found


def find_sweep(
    spec: RolloutSpec,
    scope: Scope,
    verdicts: Mapping[str, Verdict],
    cohorts: Mapping[str, PackageEvidence],
    ledger: Ledger,
) -> Sequence[Member]:
    """Find devices that no wave has reached and no sweep has tried yet."""
    if not spec.sweep:
        return []
    hidden = ledger.settling | ledger.lacking
    return [
        scope.members[imei]
        for imei, verdict in verdicts.items()
        if verdict.kind is DeviceClass.UNREACHED
        and ledger.records[imei].own.name.wave != SWEEP_WAVE
        and not ledger.is_refused(SWEEP_WAVE, scope.members[imei].cohort.code)
        and (SWEEP_WAVE, scope.members[imei].cohort.code) not in hidden
        and _can_try(scope.members[imei], cohorts)
    ]


def _can_try(member: Member, cohorts: Mapping[str, PackageEvidence]) -> bool:
    """It still runs the version that the package is for, and its cohort has not failed."""
    runs = member.device.firmware if member.device else ""
    return runs == member.package.from_version and not is_halted(member, cohorts)
