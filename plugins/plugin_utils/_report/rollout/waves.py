# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves and their cohorts as rows of numbers, and as bars into which the gates are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ....module_utils._model.text import count, visible
from ..gates import gate_lines, percent
from .outcomes import LABELS, count_groups, words

Facts = Mapping[str, Any]

_LONGEST_VERSION = 18
# The narrowest part of a bar, in percent, so that one failure in a large wave is seen.
_NARROWEST = 0.5


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in percent of its width."""

    kind: str
    start: float
    width: float
    title: str


@dataclass(frozen=True)
class Mark:
    """A line across a bar, in percent of its width."""

    kind: str
    at: float
    title: str


@dataclass(frozen=True)
class Row:
    """A wave or a cohort of it: numbers of devices, and its bar.

    :ivar versions: of a cohort, before and after, shortened.
    """

    name: str
    planned: int
    attempted: int
    verified: int
    failed: int
    silent: int
    unreached: int
    segments: tuple[Segment, ...]
    marks: tuple[Mark, ...] = ()
    versions: str = ""


@dataclass(frozen=True)
class Chance:
    """How likely a gate stops firmware of a failure rate; the height is in percent."""

    rate: str
    chance: str
    short: str
    height: float


@dataclass(frozen=True)
class WaveRows:
    """A wave with its cohorts and its gate."""

    total: Row
    state: str
    level: str
    why: str
    cohorts: tuple[Row, ...]
    gate: tuple[str, ...]
    odds: tuple[Chance, ...]


_LEVELS = {"halted": "bad", "held": "bad", "awaits_approval": "warn", "passed": "good"}


def wave_rows(facts: Facts) -> list[WaveRows]:
    """Give the waves in order."""
    return [_wave(wave) for wave in facts["waves"]]


def _wave(wave: Facts) -> WaveRows:
    groups = count_groups(wave["counts"])
    # Failures of halted cohorts do not count for the gate.
    excluded = max(0, groups["failed"] - wave["failures"])
    groups["failed"] -= excluded
    groups["excluded"] = excluded
    total = Row(
        name=f"{wave['number']} {visible(wave['name'])}",
        planned=wave["devices"],
        attempted=groups["verified"] + groups["failed"] + excluded,
        verified=groups["verified"],
        failed=groups["failed"] + excluded,
        silent=groups["silent"],
        unreached=groups["unreached"],
        segments=segments(groups),
        marks=tuple(_marks(wave)) if wave["members"] else (),
    )
    return WaveRows(
        total=total,
        state=words(wave["state"]),
        level=_LEVELS.get(wave["state"], ""),
        why=visible(wave["why"]),
        cohorts=tuple(map(_cohort, wave["cohorts"])),
        gate=tuple(_gate(wave)) if wave["members"] else (),
        odds=tuple(map(_chance, wave["odds"])) if wave["members"] else (),
    )


def describe_uncounted(wave: Facts) -> str:
    """Say why a wave has fewer members than devices; empty where no cohort of it has halted."""
    excluded = wave["in_failed_cohorts"]
    if not excluded:
        return ""
    return (
        f"{excluded:,} of the {count(wave['devices'], 'planned device')} of wave"
        f" {visible(wave['name'])} belong to halted cohorts and do not count:"
        f" {count(wave['members'], 'member')}"
    )


def _gate(wave: Facts) -> Iterator[str]:
    """Say what the gate does, without the chances, which are drawn."""
    if uncounted := describe_uncounted(wave):
        yield uncounted
    for line in gate_lines(wave):
        limits, _stops, chances = line.strip().partition("; stops firmware ")
        yield limits
        advice = chances.partition(": ")[2]
        if advice:
            yield advice


def _cohort(cohort: Facts) -> Row:
    groups = {kind: cohort.get(kind, 0) for kind in LABELS}
    return Row(
        name=visible(f"{cohort['model']} {cohort['from_version'] or '?'} → {cohort['to_version']}"),
        planned=cohort["devices"],
        attempted=cohort["verified"] + cohort["failed"],
        verified=cohort["verified"],
        failed=cohort["failed"],
        silent=cohort["silent"],
        unreached=cohort["unreached"],
        segments=segments(groups),
        versions=describe_versions(cohort),
    )


def describe_versions(cohort: Facts) -> str:
    """Give the versions of a cohort, before and after, shortened."""
    return f"{_shorten(cohort['from_version'])} → {_shorten(cohort['to_version'])}"


def _shorten(version: str) -> str:
    """Give a version with its middle left out where it is long."""
    text = visible(version) or "?"
    return text if len(text) <= _LONGEST_VERSION else f"{text[:6]}…{text[-6:]}"


def segments(groups: Mapping[str, int]) -> tuple[Segment, ...]:
    """Lay out groups of devices one after the other; failed ones are at the right end."""
    return lay_out_parts([(kind, LABELS[kind], groups.get(kind, 0)) for kind in LABELS])


def lay_out_parts(parts: Iterable[tuple[str, str, int]]) -> tuple[Segment, ...]:
    """Lay out parts of a bar: the kind, its label and the number of devices of each."""
    known = [(kind, label, number) for kind, label, number in parts if number]
    total = sum(number for _kind, _label, number in known)
    widths = [max(number / total * 100, _NARROWEST) for _kind, _label, number in known]
    spare, start = sum(widths) / 100, 0.0
    found = []
    for (kind, label, number), width in zip(known, widths, strict=True):
        title = f"{number:,} of {count(total, 'device')}: {label}"
        found.append(Segment(kind, round(start, 2), round(width / spare, 2), title))
        start += width / spare
    return tuple(found)


def _marks(wave: Facts) -> Iterator[Mark]:
    """Draw the gate: verified devices must reach one line, failures must not reach the other."""
    devices, members, gate = wave["devices"], wave["members"], wave["gate"]
    needed = max(wave["sample"], math.ceil(Fraction(str(gate["min_coverage"])) * members))
    reach = min(max(needed - wave["failures"], 0), devices)
    yield Mark(
        "pass",
        round(reach / devices * 100, 2),
        f"gate: passes once {needed} of {count(members, 'device')} are attempted",
    )
    allowed = min(wave["failures_allowed"], devices)
    yield Mark(
        "halt",
        round(100 - allowed / devices * 100, 2),
        f"gate: tolerates {count(allowed, 'failure')}; one more halts",
    )


def _chance(odds: Facts) -> Chance:
    chance = odds["stop_chance"]
    short = "<1" if 0 < chance < 0.01 else ">99" if 0.99 < chance < 1 else f"{chance * 100:.0f}"
    return Chance(
        rate=percent(odds["failure_rate"]),
        chance=percent(chance),
        short=f"{short} %",
        height=round(chance * 100, 1),
    )
