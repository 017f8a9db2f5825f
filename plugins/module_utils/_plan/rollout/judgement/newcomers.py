# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that came into a wave after it had begun: they do not lift a halt.

A wave that grows tolerates more failures, and waits for what is still to come. So what has failed
is judged without devices that were not there. Nothing is stored, so the campaigns tell: where no
limit made them fewer or smaller, they took every device that the wave had for their packages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ...._model.campaign import PILOT_DEVICES
from ..declaration.spec import RolloutSpec
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import RolloutDevice
from .package_evidence import PackageEvidence


def without_newcomers(
    spec: RolloutSpec,
    rows: Sequence[RolloutDevice],
    campaigns: Sequence[OwnCampaign],
    evidence: Mapping[str, PackageEvidence],
    asked: int,
) -> Sequence[RolloutDevice]:
    """Leave out what came into a wave later, and waits; if in doubt, it was there.

    :param campaigns: those of the wave.
    :param asked: devices that all campaigns of the rollout were created with.
    """
    most = spec.limits.max_exposure
    exposed = most is not None and asked >= most
    if not campaigns or exposed or _may_have_been_cut_short(spec, campaigns, evidence):
        return rows
    begun = {own.campaign.package for own in campaigns}
    return [
        row
        for row in rows
        if row.history is not None or not row.outcome.waits or row.package.name not in begun
    ]


def _may_have_been_cut_short(
    spec: RolloutSpec, campaigns: Sequence[OwnCampaign], evidence: Mapping[str, PackageEvidence]
) -> bool:
    """A limit, or the pilot rule, may have left devices of the wave for later campaigns."""
    asked: Counter[str] = Counter()
    for own in campaigns:
        asked[own.campaign.package] += own.name.count
    return len(campaigns) >= spec.limits.max_creates or any(
        count >= PILOT_DEVICES and name in evidence and not evidence[name].qualified
        for name, count in asked.items()
    )
