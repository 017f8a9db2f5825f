# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices whose version must be read again before their wave can be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ...._model.campaign import CampaignType
from ...._model.times import parse_time
from ..judgement.assessment import Assessment
from ..judgement.gate import Circumstances, judge
from ..judgement.waves import WaveState
from ..placement.rollout_device import DeviceClass


def find_refreshes(assessment: Assessment) -> Iterator[str]:
    """Find devices whose success is not verified, and those to read once more after a soak.

    Software is read at every run, and no call reads it better.
    """
    if assessment.spec.type is CampaignType.SOFTWARE or not assessment.seen.whole:
        return
    yield from (row.imei for row in assessment.rows if row.outcome.unread)
    for state in assessment.waves:
        until = _find_read_time(state, assessment.seen.now)
        if until is None or assessment.seen.now < until:
            continue
        for row in state.rows:
            read = parse_time(row.device.refreshed) if row.device else None
            if row.outcome.kind is DeviceClass.VERIFIED and (not read or read < until):
                yield row.imei


def _find_read_time(state: WaveState, now: datetime) -> datetime | None:
    """Say since when verified devices of a wave must have been read; None where none must.

    The successes that this very refresh may verify can show that the soak is over, too.
    """
    if state.judgement.soak_until is not None:
        return state.judgement.soak_until if state.judgement.reads_again else None
    reported = [
        row for row in state.rows if row.outcome.kind is DeviceClass.REPORTED and row.halted is None
    ]
    if not reported or not state.wave.gate.soak:
        return None
    successes = (row.outcome.at for row in reported)
    numbers = replace(
        state.numbers,
        verified=state.numbers.verified + len(reported),
        under_way=state.numbers.under_way - len(reported),
        successes=(*state.numbers.successes, *filter(None, successes)),
    )
    return judge(state.wave.gate, numbers, Circumstances(now)).soak_until
