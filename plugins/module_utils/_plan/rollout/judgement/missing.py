# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that a rollout was for and that it seems to have lost: a person has to look.

A selection that is only a part of the fleet, or a package that its vendor has withdrawn, must not
end as a rollout that completed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...._model.text import count
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import History
from ..observation.observed import Observed
from ..placement.rollout_device import RolloutDevice
from ..placement.scope import Out
from .accepted import accepted_missing
from .gate import percent


@dataclass(frozen=True)
class Missing:
    """Devices that are missing, and what is to be said of them.

    :ivar devices: how many; an accept takes so many.
    :ivar why: one sentence; empty when there are none, or not more than are tolerated.
    :ivar accepted: a person has taken them.
    """

    devices: int = 0
    why: str = ""
    accepted: bool = False

    @property
    def stops(self) -> bool:
        """Nothing goes on until a person has looked."""
        return bool(self.why) and not self.accepted


def find_missing(
    spec: RolloutSpec,
    seen: Observed,
    history: History,
    rows: Iterable[RolloutDevice],
    out: Mapping[str, Out],
) -> Missing:
    """Find the devices of our campaigns that are selected no more, and those without a package.

    :param rows: devices in scope.
    """
    if seen.unread or not history.campaigns:
        return Missing()
    selected = {device.imei for device in spec.devices}
    claimed = lost = 0
    for row in rows:
        if row.history is not None:
            claimed += 1
            lost += row.imei not in selected
    withdrawn = _count_withdrawn(seen, history, out)
    reasons = []
    if lost > spec.limits.max_shrink * claimed:
        reasons.append(
            f"no longer selected: {lost} of {count(claimed, 'device')} in campaigns of this"
            f" rollout, above limits.max_shrink {percent(spec.limits.max_shrink)}: select the whole"
            " fleet again"
        )
    else:
        lost = 0
    if withdrawn:
        reasons.append(
            f"{count(withdrawn, 'device')} without a package, as the service no longer lists one"
            " that this rollout has begun with: ask the vendor why it was withdrawn"
        )
    missing = lost + withdrawn
    return Missing(missing, "; ".join(reasons), accepted=accepted_missing(spec, history) >= missing)


def _count_withdrawn(seen: Observed, history: History, out: Mapping[str, Out]) -> int:
    """Count the devices without a path whose model and version our campaigns had a package for."""
    had = {
        (own.campaign.make, own.campaign.model, own.campaign.from_version)
        for own in history.campaigns
    }
    stranded = (seen.devices[imei] for imei, why in out.items() if why is Out.NO_PATH)
    return sum((device.make, device.model, device.firmware) in had for device in stranded)
