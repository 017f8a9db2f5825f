# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first things that a report says: how the rollout stands, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ....module_utils._model.text import count, visible
from .moments import minute
from .outcomes import count_groups

Facts = Mapping[str, Any]

PHASES = {
    "planned": ("Planned", ""),
    "nothing_to_do": ("Nothing to do", "good"),
    "running": ("Running", ""),
    "soaking": ("Soaking", ""),
    "awaiting_approval": ("Waiting for approval", "warn"),
    "paused": ("Paused", "warn"),
    "blocked": ("Blocked", "warn"),
    "completed": ("Completed", "good"),
    "completed_with_exceptions": ("Completed with exceptions", "warn"),
    "held": ("Held", "bad"),
    "halted": ("Halted", "bad"),
    "observation_failed": ("Not judged, as a read failed", "bad"),
}
"""Each phase in words, and how serious it is."""

_STAGES = {"planned": "Plan", "nothing_to_do": "Evidence"}


@dataclass(frozen=True)
class Paste:
    """A line that lets the rollout continue, and what it does."""

    purpose: str
    line: str


@dataclass(frozen=True)
class Waiting:
    """What a rollout waits for.

    :ivar what: one sentence.
    :ivar details: more sentences, such as what blocks.
    :ivar since: a time, or empty.
    :ivar where: what to do with the lines.
    :ivar level: how serious it is: bad, warn, good or empty.
    """

    what: str
    who: str
    until: str
    since: str = ""
    details: tuple[str, ...] = ()
    pastes: tuple[Paste, ...] = ()
    where: str = ""
    level: str = ""


@dataclass(frozen=True)
class Figure:
    """A number that stands out, with what it is."""

    name: str
    value: int
    remark: str = ""


def is_judged(facts: Facts) -> bool:
    """Tell whether the rollout was judged; otherwise a read failed, and there is little to show."""
    return "waves" in facts


def phase_words(facts: Facts) -> str:
    """Give the phase in words; one that is not known as it is."""
    phase = str(facts.get("phase", ""))
    return PHASES.get(phase, (visible(phase).replace("_", " "), ""))[0]


def level(facts: Facts) -> str:
    """Say how serious the phase is: bad, warn, good or empty."""
    return PHASES.get(str(facts.get("phase", "")), ("", ""))[1]


def stage(facts: Facts) -> str:
    """Say what the report is at this moment: a plan, a status or evidence."""
    phase = str(facts.get("phase", ""))
    if phase in _STAGES:
        return _STAGES[phase]
    return "Evidence" if phase.startswith("completed") else "Status"


def headline(facts: Facts) -> str:
    """Say in one sentence how the rollout stands."""
    if not is_judged(facts):
        return sentence(f"{phase_words(facts)}: {facts['msg']}")
    why = str(facts["why"])
    if why.lower().startswith(phase_words(facts).lower()):
        return sentence(why)
    return sentence(f"{phase_words(facts)}: {why}")


def sentence(text: str) -> str:
    """Begin a text with a capital letter, and end it with a full stop."""
    text = visible(text).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def figures(facts: Facts) -> list[Figure]:
    """Give the numbers that stand out."""
    groups = count_groups(facts["counts"])
    in_scope = facts["counts"]["in_scope"]
    share = f"{groups['verified'] / in_scope * 100:.0f} %" if in_scope else ""
    return [
        Figure("devices in scope", in_scope, f"of {facts['counts']['selected']:,} selected"),
        Figure("verified", groups["verified"], share),
        Figure("failed", groups["failed"]),
        Figure("silent", groups["silent"]),
        Figure("pending", groups["pending"]),
        Figure("not reached or halted", groups["unreached"] + groups["halted"]),
        Figure("can still change", facts["exposure"]),
    ]


def waiting(facts: Facts) -> Waiting:
    """Say what the rollout waits for, until when, who, and the lines to paste."""
    pastes, until = tuple(paste_lines(facts)), _next_run(facts)
    blockers = tuple(sentence(blocker) for blocker in facts["blockers"])
    unread = tuple(sentence(f"not read: {what}") for what in facts.get("unread", ()))
    details = (*blockers, *unread)
    if facts["awaiting"]:
        waves = list(dict.fromkeys(visible(each["wave"]) for each in facts["awaiting"]))
        since = [wave["waiting_since"] for wave in facts["waves"] if wave["waiting_since"]]
        approval = all(each["kind"] == "approval" for each in facts["awaiting"])
        subject = "the approval of" if approval else "a decision on"
        return Waiting(
            what=f"It waits for {subject} {'wave' if len(waves) == 1 else 'waves'}"
            f" {', '.join(waves)}.",
            who="An operator",
            until="there is no limit: nothing more is created there until an operator decides",
            since=minute(min(since)) if since else "",
            details=details,
            pastes=pastes,
            where="Add a line to rollout_spec, or give its list as the variable rollout_approved or"
            " rollout_accept. Then run thingspace.fota.rollout again.",
            level=level(facts) or "warn",
        )
    if blockers:
        return Waiting("It waits until what blocks it is fixed.", "An operator", until,
                       details=details, level="warn")  # fmt: skip
    if facts["next_check_after"] is None:
        what = "It waits for nothing: nothing more is due."
        if facts["unstoppable"]:
            what = "Nothing more is due, but devices that stay queued can still change."
        return Waiting(what, "-", "-", details=details, level=level(facts))
    return Waiting(
        "It waits for devices and for the next run.",
        "The schedule that runs thingspace.fota.rollout",
        until,
        details=details,
        level=level(facts),
    )


def _next_run(facts: Facts) -> str:
    return minute(facts["next_check_after"]) or "-"


def paste_lines(facts: Facts) -> Iterator[Paste]:
    """Give the lines that let a rollout that waits for an operator continue."""
    for given in facts["overrides"]["approved"]:
        line = (
            f"approved: [{{wave: {given['wave']}, digest: '{given['digest']}',"
            f" failures: {given['failures']}}}]"
        )
        yield Paste(f"To approve wave {visible(given['wave'])}", visible(line))
    for accept in facts["overrides"]["accept"]:
        parts = [f"wave: {accept['wave']}"]
        parts += [f"cohort: '{accept['cohort']}'"] if "cohort" in accept else []
        keys = ("failures", "up_to", "missing", "again")
        parts += [f"{key}: {accept[key]}" for key in keys if key in accept]
        generations = ", ".join(f"'{generation}'" for generation in accept["generations"])
        parts += [f"generations: [{generations}]", "by: your name", "reason: why"]
        yield Paste(_purpose(accept), visible(f"accept: [{{{', '.join(parts)}}}]"))


def _purpose(accept: Facts) -> str:
    wave = visible(accept["wave"])
    place = f"cohort {accept['cohort']} in wave {wave}" if "cohort" in accept else f"wave {wave}"
    if "missing" in accept:
        return f"To continue without {count(accept['missing'], 'missing device')}, from {place}"
    if "again" in accept:
        return f"To create the stopped campaigns of {place} again"
    failures = count(accept.get("up_to") or accept.get("failures", 0), "failure")
    return f"To continue {place} with {failures}"
