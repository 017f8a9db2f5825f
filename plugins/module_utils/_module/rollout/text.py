# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision in words: the plan that a person reads before anything happens, and the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..._model.campaign import PILOT_DEVICES
from ..._model.imei import shorten
from ..._model.text import visible
from ..._plan.rollout.action.campaign_batches import PlannedCampaign
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.judgement.device_outcomes import FAILURES, DeviceClass
from ..._plan.rollout.judgement.exposure import can_change, stays_queued
from ..._plan.rollout.judgement.gate import GateVerdict, percent
from ..._plan.rollout.judgement.package_evidence import PackageEvidence
from ..._plan.rollout.judgement.statistics import rate_ruled_out, stops_at
from ..._plan.rollout.judgement.waves import WaveState
from ..._plan.rollout.placement.scope import Out
from .view import sort_cohorts

_WAVES = ("wave", "model", "planned", "verified", "failed", "pending", "halted", "other", "state")
_VERDICTS = {
    GateVerdict.PASS: "passed",
    GateVerdict.SKIP: "skipped",
    GateVerdict.WAIT: "waits",
    GateVerdict.SOAK: "soaks",
    GateVerdict.APPROVE: "asks for approval",
    GateVerdict.HOLD: "HELD",
    GateVerdict.FAIL: "FAILED",
}
_VERSIONS = ("make", "model", "version", "target", "devices", "standing", "path")


def tell_decision(
    decision: Decision, view: Mapping[str, Any], headline: Callable[[str], str]
) -> dict[str, Any]:
    """Give ``plan`` and ``report`` as lines, and ``msg`` as one.

    :param view: the decision as a result, which has counted all devices.
    """
    msg = headline(f"rollout {decision.spec.name}: {decision.phase.value}; {decision.why}")
    plan = [
        *_tell_targets(decision),
        *_tell_findings(decision),
        *_tell_cohorts(decision),
        *_tell_ways(view),
        *_tell_clusters(view),
        *_tell_waves(decision),
        *_tell_actions(decision),
        *_tell_signatures(decision),
    ]
    return {
        "plan": [msg, *map(visible, plan)],
        "report": [msg, *tell_table(view["table"], _WAVES), *_tell_next(decision)],
        "audit": tell_table(
            [{**row, "path": " > ".join(row["path"])} for row in view["versions"]], _VERSIONS
        ),
        "msg": msg,
    }


def _tell_targets(decision: Decision) -> list[str]:
    return [
        f"target: {target.make} {target.model} to {target.version} (generation {target.generation})"
        for target in decision.spec.targets
    ]


def _tell_findings(decision: Decision) -> list[str]:
    """Say who is out and why, who is busy, and what blocks."""
    scope = decision.scope
    lines = [
        f"devices: {len(decision.spec.devices)} selected, {len(scope.members)} in scope,"
        f" {len(scope.out)} out"
    ]
    for why in Out:
        imeis = [imei for imei, reason in scope.out.items() if reason is why]
        if imeis:
            lines.append(f"  out, {why.value}: {shorten(imeis)}: {why.what_to_do}")
    busy = [imei for imei, one in decision.verdicts.items() if one.kind is DeviceClass.BUSY]
    if busy:
        lines.append(
            f"  busy: {shorten(busy)}: in a live campaign of others, taken when that is over"
        )
    subscription = decision.seen.subscription
    if subscription.needs_licenses:
        lines.append(
            f"licences: {decision.licenses_needed} needed,"
            f" {subscription.free_licenses} of {subscription.license_count} free"
        )
    return lines + [f"blocked: {blocker}" for blocker in decision.blockers]


def _tell_cohorts(decision: Decision) -> list[str]:
    lines = []
    for cohort in sort_cohorts(decision.cohorts.values()):
        package = cohort.package
        lines.append(
            f"cohort: {package.make} {package.model}"
            f" {package.from_version} -> {package.to_version}:"
            f" {_count(cohort.devices, 'device')}, {_cohort_state(cohort)}"
        )
    if lines:
        steps = stops_at(decision.spec.waves[0].gate.max_failure_rate, up_to=4)
        told = ", ".join(f"{failures} failures of up to {among}" for failures, among in steps)
        lines.append(f"  a cohort halts alone at {told} attempted, over all waves")
    return lines


def _cohort_state(cohort: PackageEvidence) -> str:
    if cohort.failed:
        return f"HALTED after {cohort.failures} failures of {cohort.attempted} attempted"
    if cohort.qualified:
        return f"proved by {cohort.attempted} attempted, {cohort.failures} failed"
    return (
        f"unproved: at most {PILOT_DEVICES} at once until 5 were attempted and half of them went"
        f" well ({cohort.attempted} so far)"
    )


def _tell_ways(view: Mapping[str, Any]) -> list[str]:
    """Say who needs several packages, and from where no package leads back."""
    lines = [
        f"path: {_tell_way(way)}: {_count(way['devices'], 'device')}, step by step"
        + ("" if way["exists"] else "; no package leads on from there")
        for way in view["ways"]
        if len(way["versions"]) > 2 or not way["exists"]
    ]
    return lines + [
        f"way back: {_tell_way(way)}: {_count(way['devices'], 'device')}"
        if way["exists"]
        else f"NO WAY BACK: {_tell_way(way)}: no package for {_count(way['devices'], 'device')}"
        for way in view["ways_back"]
    ]


def _tell_way(way: Mapping[str, Any]) -> str:
    return f"{way['make']} {way['model']} {' > '.join(way['versions'])}"


def _tell_clusters(view: Mapping[str, Any]) -> list[str]:
    return [
        f"failures cluster: {one['failures']} of {one['all_failures']} have {one['what']}"
        f" {one['value']}, as do {one['attempted']} of {one['all_attempted']} attempted devices"
        for one in view["clusters"]
    ]


def _tell_exposure(decision: Decision) -> list[str]:
    """Say what can still change, and how far the brakes reach."""
    exposed, most = decision.exposed, decision.spec.limits.max_exposure
    limit = "" if most is None else f", at most {most} by limits.max_exposure"
    lines = [
        f"exposure after this run: {_count(decision.exposure, 'device')} can still change{limit}"
    ]
    if exposed.started:
        until = f"the end of {exposed.until} UTC" if exposed.until else "a time nobody can tell"
        lines.append(
            f"braking distance: a halt now leaves {_count(exposed.started, 'device')} that can"
            f" change until {until}"
        )
    return lines


def _tell_waves(decision: Decision) -> list[str]:
    lines = []
    touched = 0
    for state in decision.waves:
        wave, judgement = state.wave, state.judgement
        members = judgement.members
        touched += state.numbers.devices
        lines.append(
            f"wave {wave.number} {wave.name}: {_count(state.numbers.devices, 'device')}"
            f"{_strata(decision, state)}; {_VERDICTS[judgement.verdict]}: {judgement.why}"
        )
        if not members:
            continue
        lines += _tell_gate(state, touched)
        if judgement.sample < wave.gate.min_sample:
            lines.append(
                f"  min_sample {wave.gate.min_sample} is more than the wave has: {members} it is"
            )
        left_out = decision.membership.left_out.get(wave.number, ())
        if left_out:
            kinds = [" ".join(stratum[1:]) for stratum in left_out]
            lines.append(f"  no device of these kinds is in it: {shorten(kinds)}")
    return lines


def _tell_gate(state: WaveState, touched: int) -> list[str]:
    """Say what a gate passes and halts on, in devices."""
    gate, judgement = state.wave.gate, state.judgement
    members, limit = judgement.members, _ordinal(judgement.allowed + 1)
    return [
        f"  passes with {judgement.sample} attempted, {percent(gate.success_needed)} of them"
        f" verified, {percent(gate.min_coverage)} of {members} members attempted",
        f"  halts on the {limit} failure ({judgement.failures} so far), or sooner when failures are"
        f" too many for {percent(gate.max_failure_rate)}; no failure of {members} would prove a"
        f" rate below {percent(rate_ruled_out(members))}",
        f"  before this gate decides, at most {_count(touched, 'device')} can have been touched",
    ]


def _strata(decision: Decision, state: WaveState) -> str:
    """Say how many of each model a wave has."""
    counts: dict[str, int] = {}
    for imei in decision.membership.waves[state.wave.number]:
        model = decision.scope.members[imei].target.model
        counts[model] = counts.get(model, 0) + 1
    told = ", ".join(f"{count} {model}" for model, count in sorted(counts.items()))
    return f" ({told})" if told else ""


def _tell_actions(decision: Decision) -> list[str]:
    lines = [
        f"cancel now: {one.campaign.name} ({one.campaign.id}): {why}"
        for one, why in decision.cancel
    ]
    lines += [
        f"end on {day} now: {one.campaign.name} ({one.campaign.id}): {why}"
        for one, day, why in decision.shorten
    ]
    lines += [
        f"unstoppable: {one.campaign.name} ({one.campaign.id}):"
        f" {_count(can_change(one), 'device')} may still change"
        + (
            ", as the network keeps them queued beyond its end"
            if stays_queued(one)
            else f" until the end of {one.campaign.schedule.end} UTC"
        )
        for one in decision.unstoppable
    ]
    lines += [
        f"create now: {planned.name}: {_count(len(planned.devices), 'device')}:"
        f" {planned.package.name},"
        f" {planned.start} to {planned.end} (UTC days, both included){_hours(decision, planned)}"
        for planned in decision.create
    ]
    if decision.refresh:
        lines.append(
            f"{len(decision.refresh)} devices report success: they count once their versions are"
            " read again, which check mode does not do"
        )
    return [
        *lines,
        *_tell_exposure(decision),
        *_tell_next(decision),
    ]


def _hours(decision: Decision, planned: PlannedCampaign) -> str:
    """Say the open hours in UTC beside the local windows, and what a freeze has changed."""
    told = f"; {planned.why}" if planned.why else ""
    if not planned.windows:
        return told
    hours = ", ".join(f"{window.start}-{window.end}" for window in planned.windows)
    local = ", ".join(str(window) for window in decision.spec.calendar.windows)
    return f", hours {hours} UTC inside {local} {planned.cohort.zone}{told}"


def _tell_signatures(decision: Decision) -> list[str]:
    """Give what a person may paste into the declaration to let the rollout go on."""
    digest = decision.digest[:12]
    lines = [f"digest of this plan: {digest}"]
    lines += [
        f"to approve: approved: [{{wave: {state.wave.name}, digest: '{digest}',"
        f" failures: {state.judgement.failures}}}]"
        for state in decision.waves
        if state.verdict is GateVerdict.APPROVE
    ]
    entries = _accepts(decision)
    if entries:
        lines.append(f"to go on all the same: accept: [{', '.join(entries)}]")
    return lines


def _accepts(decision: Decision) -> list[str]:
    """One entry for each failed cohort, and one for each wave that is stopped or that has it."""
    failed = [cohort for cohort in sort_cohorts(decision.cohorts.values()) if cohort.failed]
    entries = []
    for state in decision.waves:
        failures = [
            decision.scope.members[imei].package.name
            for imei in decision.membership.waves[state.wave.number]
            if decision.verdicts[imei].kind in FAILURES
        ]
        here = [cohort for cohort in failed if cohort.package.name in failures]
        entries += [_accept(state.wave.name, cohort.codes[0], cohort.failures) for cohort in here]
        failed = [cohort for cohort in failed if cohort not in here]
        stopped = state.verdict in (GateVerdict.HOLD, GateVerdict.FAIL)
        if stopped or here:
            entries.append(_accept(state.wave.name, "", len(failures)))
    return entries


def _accept(wave: str, cohort: str, failures: int) -> str:
    cohort = f" cohort: '{cohort}'," if cohort else ""
    return (
        f"{{wave: {wave},{cohort} failures: {failures}, up_to: {failures}, by: your name,"
        " reason: why}"
    )


def _tell_next(decision: Decision) -> list[str]:
    now = _minute(decision.seen.now)
    if decision.next_check is None:
        return [f"judged at {now} UTC; nothing more is to come"]
    return [f"judged at {now} UTC; look again at {_minute(decision.next_check)} UTC"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def tell_table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[str]:
    """Lay a table out for a terminal, with a line of totals."""
    if not rows:
        return []
    numeric = [isinstance(rows[0][column], int) for column in columns]
    total = [
        str(sum(row[column] for row in rows)) if is_number else ""
        for column, is_number in zip(columns, numeric, strict=True)
    ]
    total[0] = "all"
    cells = [
        list(columns),
        *([visible(str(row[column])) for column in columns] for row in rows),
        total,
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
