# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision as JSON facts: all that other tasks and the reports need, and no layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate, chain
from typing import Any

from ..._model.campaign import (
    EVIDENCE_DEVICES,
    EVIDENCE_SUCCESS,
    PILOT_DEVICES,
    CampaignType,
)
from ..._model.text import count, visible
from ..._model.wire import count_by
from ..._plan.rollout.action.campaign_batches import PlannedCampaign
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.action.events import halted_packages, passed_waves
from ..._plan.rollout.action.offered_overrides import find_accepts, find_approvals
from ..._plan.rollout.declaration.spec import Accept, Approval, Gate, Licensing, RolloutSpec
from ..._plan.rollout.judgement.assessment import Assessment
from ..._plan.rollout.judgement.exposure import count_changing, find_changing, stays_queued
from ..._plan.rollout.judgement.odds import (
    GOOD_RATE,
    RATES,
    chance_of_needless_stop,
    chance_of_stop,
)
from ..._plan.rollout.judgement.package_evidence import (
    PackageEvidence,
    sort_cohorts,
)
from ..._plan.rollout.judgement.statistics import rate_ruled_out, stops_at
from ..._plan.rollout.judgement.wave_counts import count_models, wave_word
from ..._plan.rollout.judgement.waves import WaveState
from ..._plan.rollout.observation.observed import OwnCampaign
from ..._plan.rollout.placement.rollout_device import DeviceClass, RolloutDevice
from ..._plan.rollout.placement.scope import Out
from ..._plan.rollout.placement.standings import Standing, Standings
from ..._plan.rollout.placement.upgrade_paths import VersionPath
from ..campaigns.view import view_day, view_windows
from .evidence import view_evidence
from .license_facts import view_licenses
from .report_facts import (
    count_attempts,
    describe_contact,
    result_at,
    view_calendar,
    view_given,
    view_hours,
    view_results_by_day,
    view_wave_cohorts,
    waiting_since,
)

# Classes that need no attention.
_QUIET = frozenset(
    {DeviceClass.VERIFIED, DeviceClass.ADVANCED, DeviceClass.PENDING, DeviceClass.SETTLING}
)


# Devices, or kinds of devices, that are named where a fact is about many of them.
_EXAMPLES = 5
# The most failures for which it is given among how many attempted devices they are too many.
_COHORT_FAILURES = 4


def view_decision(
    decision: Decision, return_devices: str, *, forecast: bool = False
) -> dict[str, Any]:
    """Give a decision as facts; device lists only as far as ``return_devices`` says.

    :param forecast: forecast the end although no deadline is declared.
    """
    assessment, stops = decision.assessment, decision.stops
    spec, seen = assessment.spec, assessment.seen
    standings = Standings(spec.targets, seen.devices, assessment.paths)
    imeis = (row.imei for row in assessment.rows)
    approvals = [_override(approval) for approval in find_approvals(assessment)]
    accepts = [_override(accept) for accept in find_accepts(assessment)]
    touched = accumulate(state.numbers.devices for state in assessment.waves)
    return {
        "rollout": spec.name,
        "phase": decision.phase.value,
        "why": visible(decision.why),
        "exists": bool(seen.generations),
        "would_change": decision.would_change,
        "actions": {
            "refresh": list(decision.refresh),
            "cancel": [_cancel(own) for own, _why in stops.cancel],
            "abort": [{**_cancel(own), "abort_started": True} for own in stops.abort],
            "shorten": [
                {**_identify(own), "end_date": view_day(day)} for own, day, _why in stops.shorten
            ],
            "assign": list(decision.assign),
            "create": [_create(planned, spec) for planned in decision.create],
        },
        "changes": [
            *(_change("cancel", own, why) for own, why in stops.cancel),
            *(
                {**_change("shorten", own, why), "end_date": view_day(day)}
                for own, day, why in stops.shorten
            ),
            *(_creation(planned, spec) for planned in decision.create),
        ],
        "digest": assessment.digest,
        "overrides": {
            "approved": [
                {key: approval[key] for key in ("wave", "digest", "failures")}
                for approval in approvals
            ],
            "accept": accepts,
        },
        "given": view_given(spec),
        "awaiting": [
            *({"kind": "approval", **approval} for approval in approvals),
            *({"kind": "accept", **accept} for accept in accepts),
        ],
        "remarks": list(assessment.remarks),
        "missing": assessment.missing.devices,
        "passed": passed_waves(assessment),
        "halted": halted_packages(assessment),
        "now": view_time(seen.now),
        "next_check_after": view_time(decision.next_check),
        "targets": [{**vars(target), "generation": target.generation} for target in spec.targets],
        "type": spec.type.value,
        "protocol": spec.protocol,
        "calendar": view_calendar(spec),
        "forecast": _forecast(decision) if forecast or spec.has_deadline else None,
        "counts": {
            "selected": len(spec.devices),
            "in_scope": len(assessment.rows),
            **count_by(row.outcome.kind.value for row in assessment.rows),
            **count_by(why.value for why in assessment.out.values()),
        },
        "out_of_scope": _out_of_scope(assessment.out),
        "busy": _summarize(
            [row.imei for row in assessment.rows if row.outcome.kind is DeviceClass.BUSY]
        ),
        "blockers": list(decision.blockers),
        "unread": [*seen.unread, *seen.unread_to_create],
        "exposure": decision.exposure,
        "max_exposure": spec.limits.max_exposure,
        "braking": {
            "devices": assessment.exposed.started,
            "until": view_day(assessment.exposed.until),
        },
        "licenses": view_licenses(decision, return_devices),
        "unstoppable": [_unstoppable(own, assessment, return_devices) for own in stops.unstoppable],
        "cohorts": [_cohort(cohort) for cohort in sort_cohorts(assessment.evidence)],
        "cohort_rules": _cohort_rules(spec),
        "upgrade_paths": [_path(path) for path in decision.upgrade_paths],
        "rollback_paths": [_path(path) for path in decision.rollback_paths],
        "clusters": [dict(vars(cluster)) for cluster in decision.clusters],
        "waves": [
            _wave(assessment, state, touched_before)
            for state, touched_before in zip(assessment.waves, touched, strict=True)
        ],
        "needless_stop": {
            "failure_rate": GOOD_RATE,
            "chance": chance_of_needless_stop(
                (state.wave.gate, state.judgement.members) for state in assessment.waves
            ),
        },
        "standings": [
            {**_standing(standing), "devices": count}
            for standing, count in standings.count(chain(imeis, assessment.out))
        ],
        "results_by_day": view_results_by_day(assessment.rows),
        "campaigns": [
            {**_campaign(own), **view_hours(own, spec)} for own in assessment.history.campaigns
        ],
        "evidence": view_evidence(decision),
        "devices": list(view_devices(decision, return_devices, standings)),
    }


def _forecast(decision: Decision) -> dict[str, Any]:
    # Most runs have no forecast, and need not load what makes one.
    from .forecast_facts import view_forecast

    return view_forecast(decision)


def view_halted_cohorts(decision: Decision) -> list[str]:
    """Name the cohorts that have halted."""
    cohorts = decision.assessment.evidence.values()
    packages = [cohort.package for cohort in cohorts if cohort.failed]
    return [f"{each.model} {each.from_version} -> {each.to_version}" for each in packages]


def view_events(decision: Decision) -> list[dict[str, Any]]:
    """Give what has happened since the run before."""
    return [
        {
            "event": event.kind.value,
            "wave": event.wave,
            "cohort": event.cohort,
            "phase": event.phase.value,
            "before": event.before,
        }
        for event in decision.events
    ]


def diff_decision(decision: Decision) -> dict[str, dict[str, str]]:
    """Give our live campaigns before and after the writes that are due, without devices."""
    cancelled = [own for own, _why in decision.stops.cancel]
    live = decision.assessment.history.live
    before = {_label(own): _describe(own) for own in [*live, *cancelled]}
    after = dict(before)
    for own, day, _why in decision.stops.shorten:
        after[_label(own)] = _describe(own, until=day)
    for own in cancelled:
        del after[_label(own)]
    for planned in decision.create:
        after[str(planned.name)] = (
            f"new, {planned.start} to {planned.end}, {count(len(planned.devices), 'device')}"
        )
    return {"before": before, "after": after}


def _label(own: OwnCampaign) -> str:
    return f"{own.campaign.name} ({own.campaign.id})"


def _describe(own: OwnCampaign, *, until: date | None = None) -> str:
    campaign = own.campaign
    return (
        f"{campaign.status}, {campaign.schedule.start} to {until or campaign.schedule.end},"
        f" {count(own.name.count, 'device')}"
    )


def view_time(moment: datetime | None) -> str | None:
    """Give a time as RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _identify(own: OwnCampaign) -> dict[str, Any]:
    """By id alone: several campaigns may have one name."""
    return {"campaign_id": own.campaign.id, "type": own.campaign.type.value}


def _cancel(own: OwnCampaign) -> dict[str, Any]:
    return {**_identify(own), "state": "absent"}


def _change(action: str, own: OwnCampaign, why: str) -> dict[str, Any]:
    return {
        "action": action,
        "campaign_id": own.campaign.id,
        "name": own.campaign.name,
        "why": why,
    }


def _creation(planned: PlannedCampaign, spec: RolloutSpec) -> dict[str, Any]:
    return {
        "action": "create",
        "name": str(planned.name),
        "package": planned.package.name,
        "devices": len(planned.devices),
        "start_date": view_day(planned.start),
        "end_date": view_day(planned.end),
        "windows": view_windows(planned.windows),
        "local_windows": [str(window) for window in spec.calendar.windows],
        "zone": planned.cohort.zone,
        "why": planned.why,
    }


def _override(override: Approval | Accept) -> dict[str, Any]:
    """Give what an operator may add to the declaration, as it is written there."""
    values = vars(override) | {"generations": list(override.generations)}
    if not values.get("missing", True):
        del values["missing"]
    if values.get("up_to", 0) is None:
        del values["failures"]
    return {key: value for key, value in values.items() if value not in ("", None)}


def _unstoppable(own: OwnCampaign, assessment: Assessment, wanted: str) -> dict[str, Any]:
    """A campaign that should stop and cannot yet; OMA-DM devices stay queued beyond its end."""
    verified = assessment.verified_devices
    imeis = [] if wanted == "none" else find_changing(own)
    return {
        **_campaign(own),
        "can_change": count_changing(own, verified),
        "imeis": [imei for imei in imeis if imei not in verified],
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
        "licenses_done": True,
        **_of_type(planned, spec),
    }


def _of_type(planned: PlannedCampaign, spec: RolloutSpec) -> dict[str, Any]:
    """What only firmware or only software has; windows of software hold for all that it does."""
    windows = view_windows(planned.windows)
    if spec.type is CampaignType.SOFTWARE:
        return {"download_windows": windows, "install_windows": windows} if windows else {}
    return {
        **({"windows": windows} if windows else {}),
        "auto_assign_license": spec.assign_licenses is Licensing.SERVICE,
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
        "failed_at": view_time(cohort.failed_at),
        "state": "failed" if cohort.failed else "qualified" if cohort.qualified else "pilot",
    }


def _cohort_rules(spec: RolloutSpec) -> dict[str, Any]:
    """What a cohort must show before it goes to many devices, and what halts it."""
    return {
        "pilot_devices": PILOT_DEVICES,
        "min_attempted": EVIDENCE_DEVICES,
        "min_success_rate": float(EVIDENCE_SUCCESS),
        "halts_at": _halts_at(spec.waves[0].gate, _COHORT_FAILURES),
    }


def _halts_at(gate: Gate, most: int) -> list[dict[str, int]]:
    """Failures that are too many among so many attempted devices or fewer, up to ``most``."""
    limits = stops_at(gate, up_to=min(most, _COHORT_FAILURES))
    return [{"failures": failures, "attempted": attempted} for failures, attempted in limits]


def _path(path: VersionPath) -> dict[str, Any]:
    return {**vars(path), "versions": list(path.versions)}


def _wave(assessment: Assessment, state: WaveState, touched: int) -> dict[str, Any]:
    """:param touched: devices of this wave and those before it."""
    wave, judgement = state.wave, state.judgement
    strata = assessment.left_out.get(wave.number, ())
    return {
        "number": wave.number,
        "name": wave.name,
        "state": wave_word(state),
        "verdict": judgement.verdict.value,
        "why": judgement.why,
        "open": state.open,
        "begun": state.begun,
        "devices": len(state.rows),
        "members": judgement.members,
        "attempted": judgement.attempted,
        "verified": judgement.verified,
        "failures": judgement.failures,
        "failures_allowed": judgement.allowed,
        "sample": judgement.sample,
        "in_failed_cohorts": state.numbers.in_failed_cohorts,
        "touched_at_most": touched,
        "rate_ruled_out": rate_ruled_out(judgement.members),
        "gate": {
            "success_needed": 1 - float(wave.gate.max_failure_rate)
            if wave.gate.min_success_rate is None
            else float(wave.gate.min_success_rate),
            "min_coverage": float(wave.gate.min_coverage),
            "min_sample": wave.gate.min_sample,
            "max_failure_rate": float(wave.gate.max_failure_rate),
            "max_failures": wave.gate.max_failures,
            "min_success_rate": None
            if wave.gate.min_success_rate is None
            else float(wave.gate.min_success_rate),
            "soak_hours": wave.gate.soak.total_seconds() / 3600,
            "approval": wave.gate.approval,
            "test": wave.gate.test.value,
        },
        "halts_at": _halts_at(wave.gate, judgement.allowed)
        if wave.gate.max_failures is None
        else [],
        "odds": [
            {
                "failure_rate": rate,
                "stop_chance": chance_of_stop(wave.gate, judgement.members, rate),
            }
            for rate in RATES
        ],
        "soak_until": view_time(judgement.soak_until),
        "deadline": view_time(state.deadline),
        "waiting_since": view_time(waiting_since(state, assessment.seen.now)),
        "counts": count_by(row.outcome.kind.value for row in state.rows),
        "models": [dict(vars(counts)) for counts in count_models(state.rows)],
        "cohorts": list(view_wave_cohorts(state.rows)),
        "kinds_left_out": _summarize([" ".join(stratum[1:]) for stratum in strata], "kinds"),
    }


def _out_of_scope(out: Mapping[str, Out]) -> list[dict[str, Any]]:
    """The devices in no wave, by reason."""
    by_reason: dict[Out, list[str]] = {}
    for imei, why in out.items():
        by_reason.setdefault(why, []).append(imei)
    return [
        {"reason": why.value, "what_to_do": why.what_to_do, **_summarize(by_reason[why])}
        for why in Out
        if why in by_reason
    ]


def _summarize(names: Sequence[str], noun: str = "devices") -> dict[str, Any]:
    """How many there are, and the first of them."""
    return {noun: len(names), "examples": list(names[:_EXAMPLES])}


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


DEVICE_COLUMNS = (
    *("deviceId", "host", "wave", "class", "reason", "make", "model", "version", "target"),
    *("standing", "path", "from_version", "campaign_id", "attempts", "result_at", "contact"),
)


def view_all_devices(decision: Decision) -> Iterator[dict[str, Any]]:
    """Give every device with the keys :data:`DEVICE_COLUMNS`, as ``view_devices`` orders them."""
    assessment = decision.assessment
    targets, devices = assessment.spec.targets, assessment.seen.devices
    return view_devices(decision, "all", Standings(targets, devices, assessment.paths))


def view_devices(decision: Decision, wanted: str, standings: Standings) -> Iterator[dict[str, Any]]:
    """Give devices in scope by wave, then the others; ``wanted`` as in ``return_devices``."""
    if wanted == "none":
        return
    assessment = decision.assessment
    for state in assessment.waves:
        for row in state.rows:
            if wanted == "all" or row.outcome.kind not in _QUIET:
                contact = describe_contact(row, assessment.seen.now)
                yield {
                    **_device(row, state.wave.name, standings.find(row.imei)),
                    "contact": contact,
                }
    hosts = assessment.spec.hosts
    for imei, why in assessment.out.items():
        if wanted == "all" or why is not Out.CURRENT:
            yield _device_out(imei, hosts.get(imei, ""), why, standings.find(imei))


def _device(row: RolloutDevice, wave: str, standing: Standing) -> dict[str, Any]:
    return {
        "deviceId": row.imei,
        "host": row.selected.host,
        "wave": wave,
        "class": row.outcome.kind.value,
        "reason": row.outcome.reason,
        **_standing(standing),
        "from_version": row.path.steps[0].from_version,
        "campaign_id": row.outcome.campaign_id,
        "attempts": count_attempts(row),
        "result_at": view_time(result_at(row)),
    }


def _device_out(imei: str, host: str, why: Out, standing: Standing) -> dict[str, Any]:
    return {
        "deviceId": imei,
        "host": host,
        "wave": "",
        "class": why.value,
        "reason": why.what_to_do,
        **_standing(standing),
        "from_version": standing.version,
        "campaign_id": "",
        "attempts": 0,
        "result_at": None,
        "contact": "",
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "make": standing.make,
        "model": standing.model,
        "version": standing.version,
        "target": standing.target,
        "standing": standing.word,
        "path": list(standing.path),
    }
