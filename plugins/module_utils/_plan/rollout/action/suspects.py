# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that one of our campaigns may have although no report shows it."""

from __future__ import annotations

from ..judgement.gate import GateVerdict
from ..placement.rollout_device import DeviceClass
from ..placement.scope import Out
from .decide import Decision
from .phases import Phase


def find_suspects(decision: Decision) -> list[list[str]]:
    """Find groups of devices whose histories may tell of a campaign that no report shows.

    They matter where something is to be created, or to be stopped: those that no live campaign is
    known to have, by wave, cohort and class, in waves that have begun and the one after.
    """
    assessment = decision.assessment
    groups = [list(planned.devices) for planned in decision.create]
    # A campaign that no report shows may have held those that seem to have come late.
    late = [imei for imei, why in assessment.out.items() if why is Out.LATE]
    groups += [late] if late else []
    if decision.phase.complete:
        return groups
    halted = assessment.find_first(GateVerdict.FAIL) or decision.phase is Phase.HALTED
    begun = max((state.wave.number for state in assessment.waves if state.begun), default=0)
    found: dict[tuple[int, str, DeviceClass], list[str]] = {}
    for state in assessment.waves[: begun + 1]:
        for row in state.rows:
            latest = row.history.latest if row.history else None
            free = latest is None or latest.own.over
            stops = halted or row.halted
            if stops and free and row.outcome.kind is not DeviceClass.VERIFIED:
                key = (state.wave.number, row.cohort.code, row.outcome.kind)
                found.setdefault(key, []).append(row.imei)
    return groups + list(found.values())
