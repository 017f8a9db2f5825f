# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices whose version must be read again before their wave can be judged."""

from __future__ import annotations

from collections.abc import Iterator

from ...._model.campaign import CampaignType
from ...._model.times import parse_time
from ..judgement.assessment import Assessment
from ..placement.rollout_device import DeviceClass


def find_refreshes(assessment: Assessment) -> Iterator[str]:
    """Find devices whose success is not verified, and those to read once more after a soak.

    Software is read at every run, and no call reads it better.
    """
    if assessment.spec.type is CampaignType.SOFTWARE or assessment.seen.unread:
        return
    yield from (row.imei for row in assessment.rows if row.outcome.unread)
    for state in assessment.waves:
        until = state.judgement.soak_until
        if until is None or assessment.seen.now < until or not state.judgement.reads_again:
            continue
        for row in state.rows:
            read = parse_time(row.device.refreshed) if row.device else None
            if row.outcome.kind is DeviceClass.VERIFIED and (not read or read < until):
                yield row.imei
