# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is tried once more: failed devices within their wave, unreached ones after the last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...._model.campaign import PILOT_DEVICES
from ...._model.firmware import Package
from ..declaration.campaign_names import (
    MOST_ATTEMPTS,
    SWEEP_WAVE,
    Batch,
    CampaignName,
)
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import History
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import DeviceClass, RolloutDevice
from .package_evidence import PackageEvidence


@dataclass(frozen=True)
class Retry:
    """A batch to try once more, with its devices that failed.

    :ivar name: of the campaign to create: that of the batch, also where its devices have other
        windows by now, and so are another cohort.
    """

    name: CampaignName
    rows: tuple[RolloutDevice, ...]


def find_retries(
    spec: RolloutSpec,
    rows: Iterable[RolloutDevice],
    history: History,
    catalog: Iterable[Package],
    evidence: Mapping[str, PackageEvidence],
) -> tuple[Retry, ...]:
    """Find the batches that are over, have failed devices, and may be tried again.

    What its vendor has withdrawn is not tried again, nor what many campaigns have not proved. Of
    more failed devices than a campaign can ever hold, the others stay failed: a wave must not wait
    for a retry that cannot be created.

    A campaign that the service refused has attempted nothing and uses up no attempt.
    """
    allowed = {wave.number: wave.retry for wave in spec.waves}
    batches: dict[Batch, list[OwnCampaign]] = {}
    for own in history.campaigns:
        if own.name.wave in allowed:
            batches.setdefault(own.name.batch_key, []).append(own)
    failed: dict[str, list[RolloutDevice]] = {}
    listed = {package.name for package in catalog}
    for row in rows:
        if row.outcome.kind is DeviceClass.FAILED and _can_try(row, listed, evidence):
            failed.setdefault(row.outcome.campaign_id, []).append(row)
    found = []
    for batch, campaigns in sorted(batches.items()):
        _generation, wave, cohort, _number = batch
        if history.is_refused(wave, cohort):
            continue
        used = sum(not own.refused for own in campaigns)
        last = history.last_attempt[batch]
        again = [row for own in campaigns for row in failed.get(own.campaign.id, [])]
        over = all(own.over for own in campaigns) and not any(own.stopped for own in campaigns)
        if again and over and used <= allowed[wave] and last < MOST_ATTEMPTS:
            again = again[: _find_most(spec, evidence[again[0].package.name])]
            name = CampaignName(spec.name, *batch, attempt=last + 1, count=len(again))
            found.append(Retry(name, tuple(again)))
    return tuple(found)


def _find_most(spec: RolloutSpec, package: PackageEvidence) -> int:
    """Give how many devices a campaign of a package can hold once there is room."""
    limits = spec.limits
    most = min(limits.max_campaign_devices, limits.max_exposure or limits.max_campaign_devices)
    return most if package.qualified else min(most, PILOT_DEVICES)


def find_sweep(
    spec: RolloutSpec,
    rows: Iterable[RolloutDevice],
    history: History,
    catalog: Iterable[Package],
    evidence: Mapping[str, PackageEvidence],
) -> Sequence[RolloutDevice]:
    """Find devices that no wave has reached and no sweep has tried yet."""
    if not spec.sweep:
        return []
    listed = {package.name for package in catalog}
    hidden = history.settling | history.lacking.keys()
    return [
        row
        for row in rows
        if row.outcome.kind is DeviceClass.UNREACHED
        and row.history
        and row.history.latest
        and row.history.latest.own.name.wave != SWEEP_WAVE
        and not history.is_refused(SWEEP_WAVE, row.cohort.code)
        and (SWEEP_WAVE, row.cohort.code) not in hidden
        and _can_try(row, listed, evidence)
    ]


def _can_try(
    row: RolloutDevice, listed: Collection[str], evidence: Mapping[str, PackageEvidence]
) -> bool:
    """It still runs the version that the package is for, which is listed and may still prove good,
    and its cohort has not failed."""
    return (
        row.version == row.package.from_version
        and row.package.name in listed
        and not evidence[row.package.name].exhausted
        and row.halted is None
    )
