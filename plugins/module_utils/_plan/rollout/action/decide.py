# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: from what is declared and what was read to a phase and one safe set of writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ...._model.campaign import CampaignType
from ...._model.times import parse_time
from ..declaration.campaign_names import SWEEP_WAVE
from ..declaration.spec import RolloutSpec, Wanted
from ..judgement.assessment import Picture, draw
from ..judgement.device_outcomes import DeviceClass
from ..judgement.gate import GateVerdict
from ..judgement.package_evidence import is_halted
from ..observation.observed import Observed, OwnCampaign
from ..placement.scope import Out
from .campaign_batches import Cutter, PlannedCampaign
from .next_check import next_check
from .phases import Phase, find_phase
from .stop_actions import find_brakes


@dataclass(frozen=True)
class Decision(Picture):
    """What one run has decided, over the picture that it was decided by.

    :ivar why: one sentence on the phase.
    :ivar refresh: devices whose version has to be read again before their wave is judged.
    :ivar create: campaigns to create now.
    :ivar cancel: live campaigns that have not started, to cancel now, and why.
    :ivar shorten: started campaigns to end earlier, with their new last day, and why.
    :ivar abort: started campaigns to try to abort in the same run, before they are shortened.
    :ivar unstoppable: campaigns beyond every brake, whose devices may still change.
    :ivar next_check: when to look again; None when nothing is to come.
    """

    phase: Phase
    why: str
    refresh: tuple[str, ...]
    create: tuple[PlannedCampaign, ...]
    cancel: tuple[tuple[OwnCampaign, str], ...]
    shorten: tuple[tuple[OwnCampaign, date, str], ...]
    abort: tuple[OwnCampaign, ...]
    unstoppable: tuple[OwnCampaign, ...]
    next_check: datetime | None

    @property
    def would_change(self) -> bool:
        return bool(self.create or self.cancel or self.shorten)

    @property
    def suspects(self) -> list[list[str]]:
        """Groups of devices that one of our campaigns may have although no report shows it.

        They matter where something is to be created, or to be braked: those that no live campaign
        is known to have, by wave, cohort and class, in waves that have begun and the one after.
        """
        groups = [list(planned.devices) for planned in self.create]
        # A campaign that no report shows may have held those that seem to have come late.
        late = [imei for imei, why in self.scope.out.items() if why is Out.LATE]
        groups += [late] if late else []
        if self.phase.complete:
            return groups
        halted = self.first(GateVerdict.FAIL) or self.phase is Phase.HALTED
        begun = max((state.wave.number for state in self.waves if state.begun), default=0)
        found: dict[tuple[int, str, DeviceClass], list[str]] = {}
        for state in self.waves[: begun + 1]:
            for imei in self.membership.waves[state.wave.number]:
                member, verdict = self.scope.members[imei], self.verdicts[imei]
                record = self.ledger.records.get(imei)
                free = record is None or record.own.over
                braked = halted or is_halted(member, self.cohorts)
                if braked and free and verdict.kind is not DeviceClass.VERIFIED:
                    key = (state.wave.number, member.cohort.code, verdict.kind)
                    found.setdefault(key, []).append(imei)
        return groups + list(found.values())

    @property
    def exposure(self) -> int:
        """Devices in live campaigns, or to be put into one now, that can still change."""
        return self.exposed.devices + sum(len(one.devices) for one in self.create)


def decide(spec: RolloutSpec, seen: Observed, *, wanted: Wanted = Wanted.RUNNING) -> Decision:
    """Decide one run.

    :param wanted: PLANNED decides what RUNNING would do, for a person to look at; PAUSED creates
        nothing; HALTED also brakes what is under way.
    :raises PlanRefused: the declaration does not fit what is there.
    """
    picture = draw(spec, seen)
    phase, why = find_phase(picture, wanted)
    create = _find_creates(picture) if wanted in (Wanted.RUNNING, Wanted.PLANNED) else []
    brakes = find_brakes(picture, wanted)
    return Decision(
        **vars(picture),
        phase=phase,
        why=why,
        refresh=tuple(_find_refreshes(picture)),
        create=tuple(create),
        cancel=brakes.cancel,
        shorten=brakes.shorten,
        abort=brakes.abort,
        unstoppable=brakes.unstoppable,
        next_check=next_check(
            picture.ledger,
            [
                moment
                for state in picture.waves
                if not state.verdict.opens_next
                for moment in (state.deadline, state.judgement.soak_until)
            ],
            seen.now,
            over=phase.over and not brakes and not (phase is Phase.HELD and picture.live),
            due=bool(create or brakes),
        ),
    )


def _find_refreshes(picture: Picture) -> list[str]:
    """Devices whose success is not verified, and those to be read once more after a soak.

    Software is read with every look, and no call reads it better.
    """
    if picture.spec.type is CampaignType.SOFTWARE:
        return []
    found = [imei for imei, one in picture.verdicts.items() if one.unread]
    for state in picture.waves:
        until = state.judgement.soak_until
        if until is None or picture.seen.now < until or not state.judgement.reads_again:
            continue
        for imei in picture.membership.waves[state.wave.number]:
            device = picture.scope.members[imei].device
            read = parse_time(device.refreshed) if device else None
            if picture.verdicts[imei].kind is DeviceClass.VERIFIED and (not read or read < until):
                found.append(imei)
    return found


def _find_creates(picture: Picture) -> list[PlannedCampaign]:
    """Campaigns for the devices that wait in open waves, unless something stands in the way."""
    stopped = picture.first(GateVerdict.FAIL) or picture.first(GateVerdict.HOLD)
    blocked = picture.short_of_licenses or picture.other_plan
    if stopped or blocked or picture.started_twins:
        return []
    waves = {state.wave.number: state.wave for state in picture.waves}
    cutter = Cutter(
        picture.spec,
        picture.cohorts,
        picture.ledger,
        picture.seen.now,
        exposed=picture.exposed.devices,
    )
    for state in picture.waves:
        if state.open:
            cutter.add(state.wave, picture.waiting(state.wave.number))
    for retry in picture.retries:
        cutter.add_again(retry, waves[retry.last.name.wave])
    cutter.add(picture.spec.waves[-1], picture.sweep, number=SWEEP_WAVE)
    return cutter.planned
