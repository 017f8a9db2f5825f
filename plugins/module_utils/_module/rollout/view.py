# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision as a module result: small, with what the hands need and what people look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from ..._model.campaign import CampaignType
from ..._model.text import visible
from ..._model.wire import count_by
from ..._plan.rollout.action.campaign_batches import PlannedCampaign
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.action.events import LastRun, find_events, passed_waves
from ..._plan.rollout.declaration.spec import RolloutSpec
from ..._plan.rollout.judgement.clusters import find_clusters
from ..._plan.rollout.judgement.device_outcomes import DeviceClass, Verdict
from ..._plan.rollout.judgement.exposure import can_change, stays_queued
from ..._plan.rollout.judgement.package_evidence import PackageEvidence
from ..._plan.rollout.judgement.waves import WaveState
from ..._plan.rollout.observation.observed import OwnCampaign
from ..._plan.rollout.placement.scope import Out
from ..._plan.rollout.placement.upgrade_paths import Way, find_ways, find_ways_back
from ..campaigns.view import view_day, view_windows
from .tables import Standing, Standings, table, versions

# Classes that a person need not look at.
_QUIET = frozenset(
    {DeviceClass.VERIFIED, DeviceClass.ADVANCED, DeviceClass.PENDING, DeviceClass.SETTLING}
)


def view_decision(decision: Decision, return_devices: str) -> dict[str, Any]:
    """Give a decision as a result; device lists only as far as ``return_devices`` says."""
    spec, seen = decision.spec, decision.seen
    return {
        "rollout": spec.name,
        "phase": decision.phase.value,
        "why": visible(decision.why),
        "would_change": decision.would_change,
        "actions": {
            "refresh": list(decision.refresh),
            "cancel": [_cancel(one) for one, _why in decision.cancel],
            "abort": [{**_cancel(one), "abort_started": True} for one in decision.abort],
            "shorten": [
                {**_identify(one), "end_date": view_day(day)} for one, day, _why in decision.shorten
            ],
            "create": [_create(planned, spec) for planned in decision.create],
        },
        "digest": decision.digest,
        "passed": passed_waves(decision),
        "now": view_time(seen.now),
        "next_check_after": view_time(decision.next_check),
        "targets": [{**vars(target), "generation": target.generation} for target in spec.targets],
        "counts": {
            "selected": len(spec.devices),
            "in_scope": len(decision.verdicts),
            **count_by(verdict.kind.value for verdict in decision.verdicts.values()),
            **count_by(why.value for why in decision.scope.out.values()),
        },
        "halted_cohorts": [
            _cohort(one) for one in sort_cohorts(decision.cohorts.values()) if one.failed
        ],
        "blockers": list(decision.blockers),
        "exposure": decision.exposure,
        "braking": {
            "devices": decision.exposed.started,
            "until": view_day(decision.exposed.until),
        },
        "licenses": {
            "needed": decision.licenses_needed,
            "free": seen.subscription.free_licenses,
            "purchase_types": list(seen.subscription.purchase_types),
        },
        "unstoppable": [_unstoppable(one) for one in decision.unstoppable],
        "cohorts": [_cohort(cohort) for cohort in sort_cohorts(decision.cohorts.values())],
        "ways": [_way(one) for one in find_ways(decision.scope)],
        "ways_back": [_way(one) for one in find_ways_back(decision.scope)],
        "clusters": [vars(one) for one in find_clusters(decision.scope.members, decision.verdicts)],
        "waves": [_wave(decision, state) for state in decision.waves],
        "table": table(decision),
        "versions": versions(decision),
        "campaigns": [_campaign(one) for one in decision.ledger.campaigns],
        "devices": list(view_devices(decision, return_devices)),
    }


def view_events(decision: Decision, last: LastRun) -> list[dict[str, Any]]:
    """Give what has happened since the run before."""
    return [
        {"event": one.kind.value, "wave": one.wave, "phase": one.phase.value, "before": one.before}
        for one in find_events(decision, last)
    ]


def diff_decision(decision: Decision) -> dict[str, dict[str, str]]:
    """Give our live campaigns before and after the writes that are due, without devices."""
    cancelled = [one for one, _why in decision.cancel]
    before = {_label(one): _tell_campaign(one) for one in [*decision.live, *cancelled]}
    after = dict(before)
    for one, day, _why in decision.shorten:
        after[_label(one)] = _tell_campaign(one, until=day)
    for one in cancelled:
        del after[_label(one)]
    for planned in decision.create:
        after[str(planned.name)] = (
            f"new, {planned.start} to {planned.end}, {len(planned.devices)} devices"
        )
    return {"before": before, "after": after}


def _label(own: OwnCampaign) -> str:
    return f"{own.campaign.name} ({own.campaign.id})"


def _tell_campaign(own: OwnCampaign, *, until: date | None = None) -> str:
    campaign = own.campaign
    return (
        f"{campaign.status}, {campaign.schedule.start} to {until or campaign.schedule.end},"
        f" {own.name.count} devices"
    )


def view_time(moment: datetime | None) -> str | None:
    """Give a time as RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def sort_cohorts(cohorts: Iterable[PackageEvidence]) -> list[PackageEvidence]:
    """Order cohorts as people look for them: by make, model and version."""
    return sorted(
        cohorts,
        key=lambda cohort: (cohort.package.make, cohort.package.model, cohort.package.from_version),
    )


def _identify(own: OwnCampaign) -> dict[str, Any]:
    """By id alone: several campaigns may have one name."""
    return {"campaign_id": own.campaign.id, "type": own.campaign.type.value}


def _cancel(own: OwnCampaign) -> dict[str, Any]:
    return {**_identify(own), "state": "absent"}


def _unstoppable(own: OwnCampaign) -> dict[str, Any]:
    """A campaign that shall stop and cannot yet; OMA-DM devices stay queued beyond its end."""
    return {
        **_campaign(own),
        "can_change": can_change(own),
        "until": None if stays_queued(own) else view_day(own.campaign.schedule.end),
    }


def _create(planned: PlannedCampaign, spec: RolloutSpec) -> dict[str, Any]:
    return {
        "name": str(planned.name),
        "type": spec.type.value,
        "package": planned.package.name,
        "from_version": planned.package.from_version,
        "to_version": planned.package.to_version,
        "protocol": spec.protocol,
        "start_date": view_day(planned.start),
        "end_date": view_day(planned.end),
        "devices": list(planned.devices),
        "pilot_done": True,
        **_of_type(planned, spec),
    }


def _of_type(planned: PlannedCampaign, spec: RolloutSpec) -> dict[str, Any]:
    """What only firmware or only software has; windows of software hold for all that it does."""
    windows = view_windows(planned.windows)
    if spec.type is CampaignType.SOFTWARE:
        return {"download_windows": windows, "install_windows": windows} if windows else {}
    return {
        **({"windows": windows} if windows else {}),
        "auto_assign_license": spec.assign_licenses,
        "auto_add_devices": False,
    }


def _cohort(cohort: PackageEvidence) -> dict[str, Any]:
    return {
        "make": cohort.package.make,
        "model": cohort.package.model,
        "from_version": cohort.package.from_version,
        "to_version": cohort.package.to_version,
        "package": cohort.package.name,
        "devices": cohort.devices,
        "attempted": cohort.attempted,
        "failures": cohort.failures,
        "codes": list(cohort.codes),
        "state": "failed" if cohort.failed else "qualified" if cohort.qualified else "pilot",
    }


def _way(way: Way) -> dict[str, Any]:
    return {**vars(way), "versions": list(way.versions)}


def _wave(decision: Decision, state: WaveState) -> dict[str, Any]:
    judgement = state.judgement
    ids = decision.membership.waves[state.wave.number]
    return {
        "number": state.wave.number,
        "name": state.wave.name,
        "verdict": judgement.verdict.value,
        "why": judgement.why,
        "open": state.open,
        "begun": state.begun,
        "devices": len(ids),
        "members": judgement.members,
        "attempted": judgement.attempted,
        "verified": judgement.verified,
        "failures": judgement.failures,
        "failures_allowed": judgement.allowed,
        "sample": judgement.sample,
        "in_failed_cohorts": state.numbers.in_failed_cohorts,
        "soak_until": view_time(judgement.soak_until),
        "deadline": view_time(state.deadline),
        "counts": count_by(decision.verdicts[imei].kind.value for imei in ids),
    }


def _campaign(own: OwnCampaign) -> dict[str, Any]:
    campaign = own.campaign
    return {
        "campaign_id": campaign.id,
        "name": campaign.name,
        "wave": own.name.wave,
        "package": campaign.package,
        "status": campaign.status,
        "start_date": view_day(campaign.schedule.start),
        "end_date": view_day(campaign.schedule.end),
        "devices": own.name.count,
    }


def view_devices(decision: Decision, wanted: str) -> Iterator[dict[str, Any]]:
    """Give devices in scope by wave, then those that are out; ``wanted`` as in ``return_devices``.

    What it gives has the keys :data:`DEVICE_COLUMNS`.
    """
    if wanted == "none":
        return
    standings = Standings(decision)
    for state in decision.waves:
        for imei in decision.membership.waves[state.wave.number]:
            verdict = decision.verdicts[imei]
            if wanted == "all" or verdict.kind not in _QUIET:
                yield _device(decision, imei, state.wave.name, verdict, standings.find(imei))
    for imei, why in decision.scope.out.items():
        if wanted == "all" or why is not Out.CURRENT:
            yield _device(decision, imei, "", why, standings.find(imei))


DEVICE_COLUMNS = (
    *("deviceId", "host", "wave", "class", "reason", "make", "model", "version", "target"),
    *("standing", "path", "from_version", "campaign_id"),
)


def _device(
    decision: Decision, imei: str, wave: str, found: Verdict | Out, standing: Standing
) -> dict[str, Any]:
    member = decision.scope.members.get(imei)
    return {
        "deviceId": imei,
        "host": decision.spec.hosts.get(imei, ""),
        "wave": wave,
        "class": found.value if isinstance(found, Out) else found.kind.value,
        "reason": found.what_to_do if isinstance(found, Out) else found.reason,
        "make": standing.make,
        "model": standing.model,
        "version": standing.version,
        "target": standing.target,
        "standing": standing.word,
        "path": list(standing.path),
        "from_version": member.path[0].from_version if member else standing.version,
        "campaign_id": "" if isinstance(found, Out) else found.campaign_id,
    }
