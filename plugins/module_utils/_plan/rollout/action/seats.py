# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The free licenses, where the run that creates a campaign assigns them to its devices.

Devices come from the front of their line, so that a cohort never has a gap in it: those that a
campaign skips would seem to have come late.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...._model.text import count
from ..declaration.spec import Licensing
from ..judgement.assessment import Assessment
from ..placement.rollout_device import RolloutDevice


class Seats:
    """Licenses that are left for the devices of new campaigns.

    :ivar assign: devices that get one in this run, in the order of their campaigns.
    :ivar shortages: what is not created until there are more licenses.
    :ivar postponed: the next run can assign more, because this one has done so already.
    """

    def __init__(self, assessment: Assessment) -> None:
        seen, licensing = assessment.seen, assessment.spec.assign_licenses
        self.assign: list[str] = []
        self.shortages: list[str] = []
        self.postponed = False
        self._counts = seen.subscription.needs_licenses and licensing.by_run
        self._bought = seen.subscription.license_count
        # A run assigns once: what it could not assign then waits for the next one.
        self._assigned = seen.license_failures is not None
        self._left = 0 if self._assigned else seen.subscription.free_licenses
        self._whole = licensing is Licensing.BEFORE_WAVE and not self._assigned

    def has_for_all(
        self, wave: str, rows: Sequence[RolloutDevice], *, as_one: bool = False
    ) -> bool:
        """Tell whether there are enough for these devices of a wave, where all must get one.

        :param as_one: they go into one campaign or none.
        """
        if self._counts and as_one and not self._whole:
            return len(self.cut(wave, rows)) == len(rows)
        if not self._counts or not self._whole:
            return True
        needed = _count_unlicensed(rows)
        if needed > self._left:
            self._add_shortage(wave, needed)
            return False
        self._left -= needed
        return True

    def cut(self, wave: str, rows: Sequence[RolloutDevice]) -> Sequence[RolloutDevice]:
        """Give the devices up to the first one for which there is no license."""
        if not self._counts or self._whole:
            return rows
        left = self._left
        for place, row in enumerate(rows):
            left -= not row.licensed
            if left < 0:
                self._add_shortage(wave, _count_unlicensed(rows))
                return rows[:place]
        return rows

    def take(self, rows: Sequence[RolloutDevice]) -> None:
        """Take the licenses for the devices of a new campaign."""
        if self._counts:
            taken = [row.imei for row in rows if not row.licensed]
            self.assign += taken
            self._left -= 0 if self._whole else len(taken)

    def _add_shortage(self, wave: str, needed: int) -> None:
        if self._assigned:
            self.postponed = True
            return
        short = needed - self._left
        self.shortages.append(
            f"wave {wave}: {count(needed, 'license')} needed, and {self._left} of {self._bought}"
            f" free: {short} short. Buy {short} more, or remove unused ones with fota_license"
            + (", or begin with a part of it with assign_licenses: before_campaign" * self._whole)
        )


def _count_unlicensed(rows: Sequence[RolloutDevice]) -> int:
    return sum(not row.licensed for row in rows)
