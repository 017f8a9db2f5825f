# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first things that a report says: how the rollout stands, and what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ....module_utils._model.text import count, visible
from ..overrides import accept_entry, approval_entry
from .moments import minute
from .outcomes import count_groups
from .waves import describe_uncounted

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

_STOPPED = frozenset({"halted", "held", "awaits_approval"})
_WHERE = (
    "Add a line to rollout_spec, or give its list as the variable rollout_approved or"
    " rollout_accept. Then run thingspace.fota.rollout again."
)
_STAGES = {"planned": "Plan", "nothing_to_do": "Evidence"}


@dataclass(frozen=True)
class Paste:
    """A line that lets the rollout continue, and what it does.

    :ivar due: the rollout waits for it; other lines are possible, too.
    """

    purpose: str
    line: str
    due: bool


@dataclass(frozen=True)
class Waiting:
    """What a rollout waits for.

    :ivar what: one sentence.
    :ivar details: more sentences, such as what blocks.
    :ivar who: who acts; empty if there is nothing to do.
    :ivar until: when, in words; empty if that is not known.
    :ivar since: a time, or empty.
    :ivar where: what to do with the lines.
    :ivar level: how serious it is: bad, warn, good or empty.
    """

    what: str
    who: str = ""
    until: str = ""
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
    phase = phase_words(facts)
    if not is_judged(facts):
        return sentence(f"{phase}: {facts['msg']}")
    why = str(facts["why"]).partition("; ")[0]
    if facts["phase"] == "planned":
        devices = count(facts["counts"]["in_scope"], "device")
        return sentence(f"{phase}: {devices} in {count(len(facts['waves']), 'wave')}; {why}")
    if why.lower().startswith(phase.lower()):
        return sentence(why)
    if any(why.startswith(f"wave {wave['name']}: ") for wave in facts["waves"]):
        return sentence(f"{phase} in {why}")
    return sentence(f"{phase}: {why}")


def subline(facts: Facts) -> str:
    """Say what else the reason of the phase says; empty when nothing."""
    if not is_judged(facts):
        return ""
    why = str(facts["why"])
    named = [wave for wave in facts["waves"] if f"wave {wave['name']}: " in why]
    parts = (why.partition("; ")[2], *map(describe_uncounted, named))
    return " ".join(sentence(part) for part in parts if part)


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
    pastes = tuple(paste_lines(facts))
    blockers = tuple(sentence(blocker) for blocker in facts["blockers"])
    unread = tuple(sentence(f"not read: {what}") for what in facts.get("unread", ()))
    if any(paste.due for paste in pastes):
        found = _waiting_for_decision(facts)
    elif blockers:
        found = Waiting("It waits until what blocks it is fixed.", "An operator")
    elif facts["next_check_after"] is not None:
        found = Waiting(
            "It waits for devices and for the next run.",
            "The schedule that runs thingspace.fota.rollout",
            minute(facts["next_check_after"]),
        )
    elif facts["unstoppable"]:
        what = "Nothing more is due, but devices that stay queued can still change."
        found = Waiting(what)
    else:
        found = Waiting("It waits for nothing: nothing more is due.")
    return replace(
        found,
        details=(*blockers, *unread),
        pastes=pastes,
        where=_WHERE if pastes else "",
        level=level(facts) or ("warn" if blockers else ""),
    )


def _waiting_for_decision(facts: Facts) -> Waiting:
    stopped = [wave for wave in facts["waves"] if wave["state"] in _STOPPED]
    names = [visible(wave["name"]) for wave in stopped]
    since = [wave["waiting_since"] for wave in stopped if wave["waiting_since"]]
    approval = all(wave["state"] == "awaits_approval" for wave in stopped)
    return Waiting(
        what=f"It waits for {'the approval of' if approval else 'a decision on'}"
        f" {'wave' if len(names) == 1 else 'waves'} {', '.join(names)}.",
        who="An operator",
        until="No limit: nothing more is created until an operator decides",
        since=minute(min(since)) if since else "",
    )


def paste_lines(facts: Facts) -> Iterator[Paste]:
    """Give the lines that let waves and cohorts continue, those that are waited for first."""
    stopped = {wave["name"] for wave in facts["waves"] if wave["state"] in _STOPPED}
    found = [*_approvals(facts, stopped), *_accepts(facts, stopped)]
    yield from sorted(found, key=lambda paste: not paste.due)


def _approvals(facts: Facts, stopped: Collection[str]) -> Iterator[Paste]:
    for given in facts["overrides"]["approved"]:
        line = f"approved: [{approval_entry(given)}]"
        purpose = f"To approve wave {visible(given['wave'])}"
        yield Paste(purpose, visible(line), given["wave"] in stopped)


def _accepts(facts: Facts, stopped: Collection[str]) -> Iterator[Paste]:
    for accept in facts["overrides"]["accept"]:
        line = visible(f"accept: [{accept_entry(accept)}]")
        due = accept["wave"] in stopped
        yield Paste(_purpose(accept, facts["cohorts"], due=due), line, due)


def _purpose(accept: Facts, cohorts: Sequence[Facts], *, due: bool) -> str:
    place = f"wave {visible(accept['wave'])}"
    if "cohort" in accept:
        code = accept["cohort"]
        models = [visible(each["model"]) for each in cohorts if code in each["codes"]]
        place = f"cohort {' '.join([*models, code])} in {place}"
    if "missing" in accept:
        return f"To continue without {count(accept['missing'], 'missing device')}, from {place}"
    if "again" in accept:
        return f"To create the stopped campaigns of {place} again"
    failures = count(accept.get("up_to") or accept.get("failures", 0), "failure")
    if "cohort" in accept:
        return f"Lets {place} continue with its {failures}"
    return f"Counts {failures} in {place}{' and lets it continue' if due else ''}"
