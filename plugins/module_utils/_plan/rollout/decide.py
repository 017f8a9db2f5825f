# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tick: from what is declared and what was read to a phase and one safe set of writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .classes import DeviceClass
from .gate import GateVerdict
from .next_check import next_check
from .observed import Observed, OwnCampaign
from .phases import Phase, find_phase
from .picture import Picture, draw
from .spec import RolloutSpec
from .tranches import PlannedCampaign, plan_tranches


@dataclass(frozen=True)
class Decision(Picture):
    """What one tick has decided, over the picture that it was decided by.

    :ivar why: one sentence on the phase.
    :ivar refresh: devices whose version has to be read again before their wave is judged.
    :ivar create: campaigns to create now.
    :ivar cancel: live campaigns to cancel now, and why.
    :ivar next_check: when to look again; None when nothing is to come.
    """

    phase: Phase
    why: str
    refresh: tuple[str, ...]
    create: tuple[PlannedCampaign, ...]
    cancel: tuple[tuple[OwnCampaign, str], ...]
    next_check: datetime | None

    @property
    def would_change(self) -> bool:
        return bool(self.create or self.cancel)

    @property
    def exposure(self) -> int:
        """Devices in live campaigns, or to be put into one now, that can still change."""
        live = self.live
        told = sum(_is_told(self, row.device_id) for one in live for row in one.rows)
        asked = sum(one.name.count for one in live)
        return asked - told + sum(len(one.devices) for one in self.create)


def decide(spec: RolloutSpec, seen: Observed, *, only_plan: bool = False) -> Decision:
    """Decide one tick.

    :param only_plan: a person wants to look: the phase is PLANNED, whatever is due.
    :raises PlanRefused: the declaration does not fit what is there.
    """
    picture = draw(spec, seen)
    phase, why = find_phase(picture)
    create = _find_creates(picture)
    cancel = _find_cancels(picture)
    return Decision(
        **vars(picture),
        phase=Phase.PLANNED if only_plan else phase,
        why=why,
        refresh=tuple(
            imei
            for imei, verdict in picture.verdicts.items()
            if verdict.kind is DeviceClass.REPORTED
        ),
        create=tuple(create),
        cancel=tuple(cancel),
        next_check=next_check(
            picture.ledger,
            [state.deadline for state in picture.waves if not state.verdict.opens_next],
            seen.now,
            over=phase.over and not cancel,
            due=bool(create or cancel),
        ),
    )


def _is_told(picture: Picture, imei: str) -> bool:
    """What becomes of a device in a live campaign is known: it will not change any more."""
    verdict = picture.verdicts.get(imei)
    return verdict is not None and verdict.kind in (
        DeviceClass.VERIFIED,
        DeviceClass.FAILED,
        DeviceClass.MISMATCH,
        DeviceClass.REJECTED,
        DeviceClass.REPORTED,
    )


def _find_creates(picture: Picture) -> list[PlannedCampaign]:
    """Campaigns for the devices that wait in open waves, unless something stands in the way."""
    stopped = picture.first(GateVerdict.FAIL) or picture.first(GateVerdict.HOLD)
    if stopped or picture.started_twins or picture.short_of_licenses:
        return []
    return plan_tranches(
        picture.spec,
        [(state.wave, picture.waiting(state.wave.number)) for state in picture.waves if state.open],
        lanes=picture.lanes,
        ledger=picture.ledger,
        now=picture.seen.now,
    )


def _find_cancels(picture: Picture) -> list[tuple[OwnCampaign, str]]:
    """Live campaigns that must not start. Started ones are beyond a sure brake."""
    halted = picture.first(GateVerdict.FAIL) is not None
    cancels = [(one, "another campaign has this name") for one in picture.ledger.surplus]
    for one in picture.live:
        lane = picture.lanes.get(one.campaign.package)
        if lane is not None and lane.failed:
            cancels.append((one, "its lane has failed"))
        elif halted:
            cancels.append((one, "the rollout has halted"))
    return [(one, why) for one, why in cancels if not one.started(picture.seen.now)]
