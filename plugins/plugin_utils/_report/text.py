# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a rollout as lines of a terminal: the report and the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ...module_utils._model.text import count, visible
from .forecast import forecast_lines
from .gates import gate_lines, halting_counts, needless_lines, percent
from .licenses import is_complete, license_lines
from .overrides import accept_entry, approval_entry
from .tables import WAVE_COLUMNS, lay_out, wave_rows

Facts = Mapping[str, Any]

# IMEIs that a line names; the data of the report has all.
_NAMED = 50
# Lines about devices that need attention, and devices that each of them names.
_GROUPS, _EXAMPLES = 20, 5
# Classes of devices that need none.
_QUIET = frozenset({"verified", "advanced", "pending", "settling", "current"})

WHERE_TO_PASTE = (
    "add it to the list of that name in rollout_spec, or to rollout_approved or rollout_accept; a"
    " second list would replace the first"
)

_VERDICTS = {
    "pass": "passed",
    "skip": "skipped",
    "wait": "waits",
    "soak": "soaks",
    "approve": "asks for approval",
    "hold": "HELD",
    "fail": "FAILED",
}


def report_lines(facts: Facts) -> list[str]:
    """Give the status of a rollout: one line, the table of waves, what needs attention, the lines
    to paste where it waits for an operator, and when to poll again.

    :param facts: result of ``fota_rollout_info``; one whose read failed gives its one line.
    """
    if not is_judged(facts):
        return [facts["msg"]]
    parts = (_blockers, _unstoppable, _attention, forecast_lines, _kept_licenses, _waits)
    lines = [visible(line) for part in parts for line in part(facts)]
    return [facts["msg"], *lay_out(wave_rows(facts), WAVE_COLUMNS), *lines, _next_check(facts)]


def unstoppable_lines(facts: Facts) -> list[str]:
    """Give the devices that can still change whatever is done, a line for each campaign."""
    return [visible(line) for line in _unstoppable(facts)] if is_judged(facts) else [facts["msg"]]


def plan_lines(facts: Facts) -> list[str]:
    """Give what an operator reads before anything happens."""
    if not is_judged(facts):
        return [facts["msg"]]
    parts = (
        *(_targets, _devices, _cohorts, _paths, _clusters, _waves, needless_lines, forecast_lines),
        *(_changes, _exposure, _overrides),
    )
    lines = [visible(line) for part in parts for line in part(facts)]
    return [facts["msg"], *lines]


def is_judged(facts: Facts) -> bool:
    """Tell whether the rollout was judged; otherwise a read failed, and there is little to show."""
    return "waves" in facts


def _targets(facts: Facts) -> Iterator[str]:
    for target in facts["targets"]:
        yield (
            f"target: {target['make']} {target['model']} to {target['version']}"
            f" (generation {target['generation']})"
        )


def _devices(facts: Facts) -> Iterator[str]:
    """Say which devices are out of scope and why, which are busy, and what blocks."""
    out = sum(group["devices"] for group in facts["out_of_scope"])
    counts = facts["counts"]
    yield (
        f"devices: {counts['selected']} selected, {counts['in_scope']} in scope, {out} out of scope"
    )
    for group in facts["out_of_scope"]:
        examples = _name(group, "devices")
        yield f"  out of scope, {group['reason']}: {examples}: {group['what_to_do']}"
    if facts["busy"]["devices"]:
        busy = _name(facts["busy"], "devices")
        yield f"  busy: {busy}: in live campaigns of others; they follow when these are over"
    yield from license_lines(facts)
    yield from _blockers(facts)


def _blockers(facts: Facts) -> Iterator[str]:
    for blocker in facts["blockers"]:
        yield f"blocked: {blocker}"


def _kept_licenses(facts: Facts) -> Iterator[str]:
    """Say after the rollout which licenses stay with their devices."""
    if is_complete(facts):
        yield from license_lines(facts)


def _cohorts(facts: Facts) -> Iterator[str]:
    rules = facts["cohort_rules"]
    for cohort in facts["cohorts"]:
        yield (
            f"cohort: {cohort['make']} {cohort['model']}"
            f" {cohort['from_version']} -> {cohort['to_version']}:"
            f" {count(cohort['devices'], 'device')}, {_cohort_state(cohort, rules)}"
        )
    if facts["cohorts"]:
        limits = halting_counts(rules["halts_at"])
        yield (
            f"  a cohort halts alone, and the others continue, at {limits}, over all waves"
            if limits
            else "  no cohort halts alone, as half of its devices or more may fail"
        )


def _cohort_state(cohort: Facts, rules: Facts) -> str:
    attempted, failures = cohort["attempted"], cohort["failures"]
    if cohort["state"] == "failed":
        devices = count(attempted, "attempted device")
        return f"HALTED after {count(failures, 'failure')} in {devices}"
    if cohort["state"] == "qualified":
        return f"qualified by {count(attempted, 'attempted device')}, {failures} of them failed"
    return (
        f"not qualified yet: at most {rules['pilot_devices']} at once until"
        f" {rules['min_attempted']} are attempted and {percent(rules['min_success_rate'])} of them"
        f" succeed ({attempted} attempted so far)"
    )


def _paths(facts: Facts) -> Iterator[str]:
    """Say which devices need several packages, and from where no package leads back."""
    for path in facts["upgrade_paths"]:
        if len(path["versions"]) > 2 or not path["exists"]:
            yield (
                f"path: {_path(path)}: {count(path['devices'], 'device')}, step by step"
                + ("" if path["exists"] else "; no package leads further")
            )
    for path in facts["rollback_paths"]:
        devices = count(path["devices"], "device")
        if path["exists"]:
            yield f"rollback path: {_path(path)}: {devices}"
        else:
            yield f"NO ROLLBACK PATH: {_path(path)}: no package for {devices}"


def _path(path: Facts) -> str:
    return f"{path['make']} {path['model']} {' > '.join(path['versions'])}"


def _clusters(facts: Facts) -> Iterator[str]:
    for cluster in facts["clusters"]:
        yield (
            f"failure cluster: {cluster['failures']} of"
            f" {count(cluster['all_failures'], 'failed device')} with {cluster['what']}"
            f" {cluster['value']}, but only {cluster['attempted']} of"
            f" {count(cluster['all_attempted'], 'attempted device')}"
        )


def _waves(facts: Facts) -> Iterator[str]:
    for wave in facts["waves"]:
        models = ", ".join(f"{counts['devices']} {counts['model']}" for counts in wave["models"])
        yield (
            f"wave {wave['number']} {wave['name']}: {count(wave['devices'], 'device')}"
            f"{f' ({models})' if models else ''}; {_verdict(wave)}"
        )
        if not wave["members"]:
            continue
        yield from gate_lines(wave)
        if wave["kinds_left_out"]["kinds"]:
            kinds = _name(wave["kinds_left_out"], "kinds")
            yield f"  no device of these kinds is in this wave: {kinds}"


def _verdict(wave: Facts) -> str:
    """Say the verdict and why, with a verb that both have only once."""
    word = _VERDICTS[wave["verdict"]]
    return wave["why"] if wave["why"].startswith(word) else f"{word}: {wave['why']}"


def _changes(facts: Facts) -> Iterator[str]:
    for change in facts["changes"]:
        yield _change(change)
    refreshes = len(facts["actions"]["refresh"])
    if refreshes:
        yield (
            f"{count(refreshes, 'device')} reported success, to be verified by reading the version"
            " again, which check mode does not do"
        )


def _exposure(facts: Facts) -> Iterator[str]:
    """Say what can still change, and when to poll again."""
    yield from _unstoppable(facts)
    most, braking = facts["max_exposure"], facts["braking"]
    limit = "" if most is None else f" (limits.max_exposure: {most})"
    devices = count(facts["exposure"], "device")
    yield f"exposure after this run: {devices} can still change{limit}"
    if braking["devices"]:
        until = (
            f"until the end of {braking['until']} UTC" if braking["until"] else "with no known end"
        )
        devices = count(braking["devices"], "device")
        yield f"braking distance: after a halt now, {devices} can still change {until}"
    yield _next_check(facts)


def _unstoppable(facts: Facts) -> Iterator[str]:
    """Say which devices can still change whatever is done, and until when."""
    for campaign in facts["unstoppable"]:
        until = (
            f" until the end of {campaign['until']} UTC"
            if campaign["until"]
            else ": the network keeps them queued after the campaign ends"
        )
        named = campaign["imeis"][:_NAMED]
        more = campaign["can_change"] - len(named)
        devices = ", ".join(named) + (f" and {more} more" if named and more > 0 else "")
        yield (
            f"unstoppable: {campaign['name']} ({campaign['campaign_id']}):"
            f" {count(campaign['can_change'], 'device')} may still change{until}"
            f"{f': {devices}' if devices else ''}"
        )


def _change(change: Facts) -> str:
    if change["action"] == "create":
        return (
            f"create now: {change['name']}: {count(change['devices'], 'device')}:"
            f" {change['package']}, {change['start_date']} to {change['end_date']}"
            f" (UTC days, both included){_hours(change)}"
        )
    what = "cancel now" if change["action"] == "cancel" else f"end on {change['end_date']} now"
    return f"{what}: {change['name']} ({change['campaign_id']}): {change['why']}"


def _hours(change: Facts) -> str:
    """Say the open hours in UTC beside the local windows, and what a freeze has changed."""
    why = f"; {change['why']}" if change["why"] else ""
    if not change["windows"]:
        return why
    hours = ", ".join(f"{window['start']}-{window['end']}" for window in change["windows"])
    local = ", ".join(change["local_windows"])
    return f", hours {hours} UTC inside {local} {change['zone']}{why}"


def _attention(facts: Facts) -> Iterator[str]:
    """Group the devices that need attention by class and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for device in facts["devices"]:
        if device["class"] not in _QUIET:
            name = device["host"] or device["deviceId"]
            if device.get("contact"):
                name = f"{name} ({device['contact']})"
            groups.setdefault((device["class"], device["reason"]), []).append(name)
    for (kind, reason), names in list(groups.items())[:_GROUPS]:
        more = len(names) - _EXAMPLES
        examples = ", ".join(names[:_EXAMPLES]) + (f" and {more} more" if more > 0 else "")
        words = kind.replace("_", " ")
        yield f"{words}: {count(len(names), 'device')}: {reason}: {examples}"
    if len(groups) > _GROUPS:
        yield f"other reasons: {len(groups) - _GROUPS}; the report file has every device"


def _overrides(facts: Facts) -> Iterator[str]:
    """Give the digest, and what an operator may paste to let the rollout go on."""
    yield f"digest of this plan: {facts['digest'][:12]}"
    lines = list(_paste_lines(facts["overrides"]["approved"], facts["overrides"]["accept"]))
    yield from lines
    if lines:
        yield f"  {WHERE_TO_PASTE}"


def _waits(facts: Facts) -> Iterator[str]:
    """Give what to paste where the rollout waits for it."""
    lines = awaited_lines(facts)
    yield from lines
    if lines:
        yield f"  {WHERE_TO_PASTE}"


def awaited_lines(facts: Facts) -> list[str]:
    """Give the lines to paste that the rollout waits for."""
    return list(_paste_lines(facts["overrides"]["approved"], awaited_accepts(facts)))


def awaited_accepts(facts: Facts) -> list[Facts]:
    """Give the accepts that the rollout waits for.

    A cohort that has halted alone can be accepted, too, but the others continue without. Its accept
    is among the lines only where a wave has failed by its cohorts.
    """
    stopped = [wave for wave in facts["waves"] if wave["verdict"] in ("hold", "fail")]
    names = {wave["name"] for wave in stopped}
    by_cohorts = any(
        wave["verdict"] == "fail" and wave["failures"] <= wave["failures_allowed"]
        for wave in stopped
    )
    return [
        entry
        for entry in facts["overrides"]["accept"]
        if by_cohorts or "missing" in entry or (entry["wave"] in names and "cohort" not in entry)
    ]


def _paste_lines(approvals: Iterable[Facts], accepts: Iterable[Facts]) -> Iterator[str]:
    """Give the lines that an operator may paste to let the rollout go on."""
    for approval in approvals:
        yield f"to approve: approved: [{approval_entry(approval)}]"
    entries = ", ".join(map(accept_entry, accepts))
    if entries:
        yield f"to continue anyway: accept: [{entries}]"


def _next_check(facts: Facts) -> str:
    judged = f"judged at {minute(facts['now'])} UTC"
    if facts["next_check_after"] is None:
        if facts["unstoppable"]:
            return f"{judged}; nothing more is due, but devices that stay queued can still change"
        return f"{judged}; nothing more is due"
    return f"{judged}; next check at {minute(facts['next_check_after'])} UTC"


def _name(group: Facts, noun: str) -> str:
    """Name the examples of a group, and say how many more there are."""
    more = group[noun] - len(group["examples"])
    return ", ".join(group["examples"]) + (f" and {more} more" if more else "")


def minute(moment: str) -> str:
    """Give a time of the facts, RFC 3339 in UTC, to the minute."""
    return f"{datetime.strptime(moment, '%Y-%m-%dT%H:%M:%S%z'):%Y-%m-%d %H:%M}"
