# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other views as pages: an audit, an overview of accounts, a rehearsal, and one device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from ....module_utils._model.text import count
from ..audit import change_lines, group_behind
from ..device import describe_device, describe_version, find_story
from ..overview import ACTIVITIES, JOURNAL_PROBLEM, describe_since, describe_wave
from ..rehearsal import ODDS, needless_stops, rehearsal_rows, unfinished_lines
from ..rollout.moments import minute, read_time
from ..rollout.summary import PHASES
from ..rollout.times import Scale, find_scale
from ..rollout.waves import Segment, lay_out_parts
from ..text import is_judged
from .render import render

Facts = Mapping[str, Any]

# How a version compares with its target: the kind of its part of a bar, and its words.
_STANDINGS = {
    "at_target": ("verified", "at the target"),
    "behind": ("pending", "behind"),
    "unknown": ("silent", "unknown version"),
    "no_target": ("other", "without a target"),
    "no_path": ("failed", "without a path to the target"),
}
# What the newest campaign of a device says of it: the kind of its part of a bar, and its words.
_RESULTS = {
    "success": ("verified", "success reported"),
    "pending": ("pending", "pending"),
    "unlisted": ("unreached", "not in a report yet"),
    "unreached": ("other", "not reached"),
    "stopped": ("halted", "stopped"),
    "rejected": ("left", "rejected"),
    "unknown": ("silent", "unknown status"),
    "failed": ("failed", "failed"),
}


def audit_page(facts: Facts) -> str:
    """Give an audit as one file of HTML: the versions of each model as a bar.

    :param facts: as for ``audit_lines``.
    """
    standings = facts.get("standings", ())
    parts = [(row["standing"], row["devices"]) for row in standings]
    return render(
        "audit.html.j2",
        facts=facts,
        judged=is_judged(facts),
        minute=minute,
        whole=_bar_of(parts),
        kinds=_STANDINGS,
        figures=_count_standings(parts),
        models=[
            {"name": " ".join(key).strip(), "bar": _bar_of(parts), "rows": rows}
            for key, rows, parts in _by_model(standings)
        ],
        behind=group_behind(facts.get("devices", ())),
        changes=change_lines(facts["since"]) if "since" in facts else [],
    )


def overview_page(result: Facts) -> str:
    """Give the rollouts of accounts as one file of HTML.

    :param result: of ``fota_overview_info``.
    """
    accounts = result["accounts"]
    rollouts = [rollout for account in accounts for rollout in account["rollouts"]]
    running = sum(rollout["activity"] in ("running", "unknown") for rollout in rollouts)
    return render(
        "overview.html.j2",
        accounts=[
            {**account, "rows": list(map(_rollout, account["rollouts"]))} for account in accounts
        ],
        headline=f"{count(len(rollouts), 'rollout')} in {count(len(accounts), 'account')},"
        f" {running} running",
        unread=[
            *((each["name"], reason) for each in accounts for reason in each["unread"]),
            *(("Journals", reason) for reason in result["unread_journals"]),
        ],
        minute=minute,
        kinds=_RESULTS,
    )


def _rollout(rollout: Facts) -> dict[str, Any]:
    counts, journal = rollout["counts"], rollout["journal"]
    parts = {name: counts.get(name, 0) for name in _RESULTS}
    parts["unlisted"] = rollout["devices"] - sum(counts.values()) if counts else 0
    phase, level = PHASES.get(journal["phase"], (journal["phase"], "")) if journal else ("", "")
    if rollout["journal_problem"]:
        phase, level = JOURNAL_PROBLEM, "bad"
    return {
        **rollout,
        "success": parts["success"],
        "failed": parts["failed"],
        "activity": ACTIVITIES[rollout["activity"]],
        "phase": phase,
        "level": level,
        "wave": describe_wave(rollout["wave"]),
        "since": describe_since(rollout),
        "bar": lay_out_parts((*_RESULTS[name], number) for name, number in parts.items()),
    }


def rehearsal_page(result: Facts) -> str:
    """Give a rehearsal as one file of HTML.

    :param result: of ``fota_rehearsal``.
    """
    facts = result["rehearsal"]
    days = {"start_date": facts["started"], "end_date": facts["ended"]}
    scale = find_scale({"campaigns": [days], "now": facts["ended"], "calendar": {"freeze": []}})
    phase, level = PHASES.get(facts["phase"], (facts["phase"], ""))
    rows = rehearsal_rows(facts)
    return render(
        "rehearsal.html.j2",
        facts=facts,
        phase=phase,
        level=level,
        minute=minute,
        scale=scale,
        odds=ODDS,
        waves=[
            {**wave, "row": row, "segments": _span(wave, facts, scale)}
            for wave, row in zip(facts["waves"], rows, strict=True)
        ],
        notes=[*unfinished_lines(facts), *needless_stops(facts)],
    )


def _span(wave: Facts, facts: Facts, scale: Scale | None) -> list[Segment]:
    """Draw a wave from its first day until it has passed, or to the end of the rehearsal."""
    start, end = read_time(wave["starts"]), read_time(wave["passes"] or facts["ended"])
    if scale is None or start is None or end is None:
        return []
    kind = "verified" if wave["passes"] else "pending"
    until = f"passes {minute(wave['passes'])}" if wave["passes"] else "has not passed"
    return [scale.segment(kind, start, max(start, end), f"starts {wave['starts']}, {until}")]


def device_page(result: Facts) -> str:
    """Give the story of a device as one file of HTML.

    :param result: of ``fota_device_info`` with ``history`` and ``campaigns``.
    """
    return render(
        "device.html.j2",
        simulated=result.get("service", {}).get("simulated", False),
        devices=[
            {
                "device": device,
                "about": describe_device(device),
                "version": describe_version(device),
                "story": find_story(device, result),
            }
            for device in result["devices"]
        ],
    )


def _by_model(
    standings: Iterable[Facts],
) -> Iterable[tuple[tuple[str, str], list[Facts], list[tuple[str, int]]]]:
    ordered = sorted(standings, key=lambda row: (row["make"], row["model"]))
    for key, rows in groupby(ordered, key=lambda row: (row["make"], row["model"])):
        found = list(rows)
        yield key, found, [(row["standing"], row["devices"]) for row in found]


def _count_standings(parts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    counts = dict.fromkeys(_STANDINGS, 0)
    for standing, number in parts:
        counts[standing] += number
    return [(_STANDINGS[standing][1], number) for standing, number in counts.items() if number]


def _bar_of(parts: Iterable[tuple[str, int]]) -> tuple[Any, ...]:
    found = dict.fromkeys(_STANDINGS, 0)
    for standing, number in parts:
        found[standing] += number
    return lay_out_parts((*_STANDINGS[standing], number) for standing, number in found.items())
