# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaigns to create now: whole tranches, never more than pilot rule and limits allow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ..._model.firmware import Package
from .lanes import LaneEvidence
from .ledger import Ledger, Place
from .names import MOST_TRANCHES, CampaignName, Lane
from .scope import Member
from .spec import RolloutSpec, Target, Wave


@dataclass(frozen=True)
class PlannedCampaign:
    """A campaign to create; days are UTC, both included."""

    name: CampaignName
    wave: Wave
    lane: Lane
    package: Package
    start: date
    end: date
    devices: tuple[str, ...] = field(repr=False)


def first_day(now: datetime, lead: timedelta) -> date:
    """The first UTC day that begins at least ``lead`` from now."""
    earliest = now + lead
    day = earliest.date()
    return day if earliest.time() == datetime.min.time() else day + timedelta(days=1)


def plan_tranches(
    spec: RolloutSpec,
    waves: Iterable[tuple[Wave, Collection[Member]]],
    *,
    lanes: Mapping[str, LaneEvidence],
    ledger: Ledger,
    now: datetime,
) -> list[PlannedCampaign]:
    """Cut the waiting devices of open waves into campaigns.

    :param waves: each open wave with its devices that wait for a campaign, in line.
    """
    room = {name: lane.room for name, lane in lanes.items()}
    start = first_day(now, spec.timing.lead)
    planned: list[PlannedCampaign] = []
    for wave, waiting in waves:
        for (target, lane, package), members in _by_lane(waiting).items():
            evidence = lanes[package.name]
            place: Place = (wave.number, lane.code)
            if evidence.failed or evidence.exhausted or _is_early(ledger, place, now):
                continue
            number = ledger.last_tranche.get((target.generation, *place), 0)
            imeis = [member.imei for member in members]
            while imeis and len(planned) < spec.limits.max_creates and number < MOST_TRANCHES:
                size = spec.limits.max_campaign_devices
                if not evidence.qualified:
                    size = min(size, room[package.name])
                if not size:
                    break
                batch, imeis = imeis[:size], imeis[size:]
                room[package.name] -= len(batch)
                number += 1
                planned.append(
                    PlannedCampaign(
                        name=CampaignName(
                            rollout=spec.name,
                            generation=target.generation,
                            wave=wave.number,
                            lane=lane.code,
                            tranche=number,
                            attempt=1,
                            count=len(batch),
                        ),
                        wave=wave,
                        lane=lane,
                        package=package,
                        start=start,
                        end=start + timedelta(days=wave.days - 1),
                        devices=tuple(batch),
                    )
                )
    return planned


def _by_lane(
    members: Iterable[Member],
) -> dict[tuple[Target, Lane, Package], list[Member]]:
    found: dict[tuple[Target, Lane, Package], list[Member]] = {}
    for member in members:
        found.setdefault((member.target, member.lane, member.package), []).append(member)
    return dict(sorted(found.items(), key=lambda item: item[0][1]))


def _is_early(ledger: Ledger, place: Place, now: datetime) -> bool:
    """A campaign of this lane was refused a short while ago."""
    again = ledger.retry_at.get(place)
    return again is not None and now < again
