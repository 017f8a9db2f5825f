# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is tried once more: failed devices within their wave, unreached ones after the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..declaration.campaign_names import MOST_ATTEMPTS, SWEEP_WAVE
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import History
from ..observation.observed import OwnCampaign
from ..placement.rollout_device import DeviceClass, RolloutDevice


@dataclass(frozen=True)
class Retry:
    """A batch to try once more, with its devices that failed.

    :ivar last: the newest campaign of the batch.
    """

    last: OwnCampaign
    rows: tuple[RolloutDevice, ...]


def find_retries(
    spec: RolloutSpec, rows: Iterable[RolloutDevice], history: History
) -> tuple[Retry, ...]:
    """Find the batches that are over, have failed devices, and may be tried again.

    A campaign that the service refused has attempted nothing and uses up no attempt.
    """
    allowed = {wave.number: wave.retry for wave in spec.waves}
    batches: dict[tuple[str, int, str, int], list[OwnCampaign]] = {}
    for own in history.campaigns:
        name = own.name
        if name.wave in allowed:
            key = (name.generation, name.wave, name.cohort, name.batch)
            batches.setdefault(key, []).append(own)
    failed: dict[str, list[RolloutDevice]] = {}
    for row in rows:
        if row.outcome.kind is DeviceClass.FAILED and _can_try(row):
            failed.setdefault(row.outcome.campaign_id, []).append(row)
    found = []
    for (_generation, wave, cohort, _batch), campaigns in sorted(batches.items()):
        if history.is_refused(wave, cohort):
            continue
        used = sum(not own.refused for own in campaigns)
        last = max(campaigns, key=lambda own: own.name.attempt)
        again = [row for own in campaigns for row in failed.get(own.campaign.id, [])]
        over = all(own.over for own in campaigns) and not any(own.stopped for own in campaigns)
        if again and over and used <= allowed[wave] and last.name.attempt < MOST_ATTEMPTS:
            found.append(Retry(last, tuple(again)))
    return tuple(found)


def find_sweep(
    spec: RolloutSpec, rows: Iterable[RolloutDevice], history: History
) -> Sequence[RolloutDevice]:
    """Find devices that no wave has reached and no sweep has tried yet."""
    if not spec.sweep:
        return []
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
        and _can_try(row)
    ]


def _can_try(row: RolloutDevice) -> bool:
    """It still runs the version that the package is for, and its cohort has not failed."""
    return row.version == row.package.from_version and row.halted is None
