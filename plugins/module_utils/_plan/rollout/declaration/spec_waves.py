# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the waves of a declaration and their gates, over the defaults of their places."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from .campaign_names import MOST_ATTEMPTS, MOST_DEVICES
from .sections import Section
from .spec import Gate, Wave, WaveKind

# Wave 99 is kept for devices that no wave reached.
MOST_WAVES = 98
WAVE_NAME = re.compile(r"[A-Za-z0-9_-]{1,30}")
MOST_SOAK_HOURS = 24 * 90

_PILOT = Gate(
    max_failure_rate=Fraction("0.10"),
    max_failures=2,
    min_success_rate=None,
    min_sample=5,
    min_coverage=Fraction("0.75"),
    max_rejected=Fraction("0.10"),
    max_failed_cohort_share=Fraction("0.5"),
    soak=timedelta(hours=24),
    approval=True,
)
_LATER = replace(
    _PILOT,
    max_failure_rate=Fraction("0.05"),
    max_failures=None,
    min_sample=20,
    min_coverage=Fraction("0.80"),
    approval=False,
)
# Where neither a wave nor the rollout says otherwise: the pilot, the second wave, all later ones.
_GATES = (_PILOT, replace(_LATER, soak=timedelta(hours=48)), _LATER)
_DAYS = (3, 5, 7)
DEFAULT_WAVES = (
    {"name": "pilot", "per_package": 5, "at_least": 20},
    {"name": "early", "percent": 5, "at_least": 60},
    {"name": "broad", "percent": 25},
    {"name": "all", "rest": True},
)


def read_waves(top: Section) -> tuple[Wave, ...]:
    source = top
    if top.raw.get("waves") is None:
        source = Section({**top.raw, "waves": DEFAULT_WAVES}, "", top.problems)
    sections = source.sections("waves")
    if len(sections) > MOST_WAVES:
        top.refuse("waves", f"has more than {MOST_WAVES} entries")
    common = Section(top.raw.get("gate"), "gate", top.problems)
    retry = top.whole("retry", default=1, least=0, most=MOST_ATTEMPTS - 1)
    waves: list[Wave] = []
    for number, section in enumerate(sections, 1):
        name = section.text("name")
        section.where += f" ({name})"
        if name and not WAVE_NAME.fullmatch(name):
            section.refuse("name", "use 1 to 30 of A-Z, a-z, 0-9, _ and -")
        if name and name in [wave.name for wave in waves]:
            section.refuse("name", "another wave has this name")
        waves.append(_read_wave(section, number, name, common, retry))
    percents = sum(wave.size for wave in waves if wave.kind is WaveKind.PERCENT)
    if percents > 100:
        top.problems.append(
            f"waves: their percents add up to {float(percents):g}, and each is of the whole scope:"
            " 100 are all there are"
        )
    for wave, section in zip(waves, sections, strict=True):
        last = wave is waves[-1]
        if wave.kind is WaveKind.REST and not last:
            section.refuse("rest", "takes all that is left, so it can only be the last wave")
        if last and wave.kind is not WaveKind.REST:
            section.problems.append(
                f"{section.where}: the last wave must be rest: true, or devices would be left out"
            )
    return tuple(waves)


def _read_wave(section: Section, number: int, name: str, common: Section, retry: int) -> Wave:
    kinds = [kind for kind in WaveKind if kind.value in section]
    section.know(
        "name", *(kind.value for kind in WaveKind), "at_least", "diversity", "days", "retry", "gate"
    )
    if len(kinds) != 1:
        section.problems.append(
            f"{section.where}: needs exactly one of {', '.join(kind.value for kind in WaveKind)},"
            f" and has {', '.join(kind.value for kind in kinds) or 'none'}"
        )
    kind = kinds[0] if kinds else WaveKind.REST
    size = Fraction(0)
    if kind is WaveKind.PERCENT:
        size = section.percent("percent")
    elif kind in (WaveKind.COUNT, WaveKind.PER_PACKAGE):
        size = Fraction(section.whole(kind.value, default=1, least=1, most=MOST_DEVICES))
    elif kind is WaveKind.REST and kinds and not section.flag("rest", default=True):
        section.refuse("rest", "is only ever true")
    if kind is not WaveKind.PER_PACKAGE and "diversity" in section:
        section.refuse("diversity", "only a per_package wave chooses by variables")
    if kind not in (WaveKind.PER_PACKAGE, WaveKind.PERCENT) and "at_least" in section:
        section.refuse("at_least", "goes with per_package or percent")
    default = min(number, 3) - 1
    gate = _read_gate(common, _GATES[default], quiet=number > 1)
    return Wave(
        number=number,
        name=name,
        kind=kind,
        size=size,
        group=section.text("group") if kind is WaveKind.GROUP else "",
        at_least=section.whole("at_least", default=0, least=1, most=MOST_DEVICES),
        diversity=section.texts("diversity"),
        retry=section.whole("retry", default=retry, least=0, most=MOST_ATTEMPTS - 1),
        days=section.whole("days", default=_DAYS[default], least=2, most=31),
        gate=_read_gate(
            Section(section.raw.get("gate"), f"{section.where}.gate", section.problems), gate
        ),
    )


def _read_gate(section: Section, default: Gate, *, quiet: bool = False) -> Gate:
    """Read a gate over ``default``; ``quiet`` when the same section was read before."""
    if quiet:
        section = Section(section.raw, section.where, [])
    section.know(*(name for name in vars(default) if name != "soak"), "soak_hours")
    soak = section.whole(
        "soak_hours",
        default=int(default.soak.total_seconds()) // 3600,
        least=0,
        most=MOST_SOAK_HOURS,
    )
    gate = replace(
        default,
        max_failure_rate=section.share("max_failure_rate", default=default.max_failure_rate),
        min_sample=section.whole(
            "min_sample", default=default.min_sample, least=1, most=MOST_DEVICES
        ),
        min_coverage=section.share("min_coverage", default=default.min_coverage),
        max_rejected=section.share("max_rejected", default=default.max_rejected),
        max_failed_cohort_share=section.share(
            "max_failed_cohort_share", default=default.max_failed_cohort_share
        ),
        soak=timedelta(hours=soak),
        approval=section.flag("approval", default=default.approval),
    )
    if "min_success_rate" in section:
        rate = section.share("min_success_rate", default=gate.success_needed)
        gate = replace(gate, min_success_rate=rate)
    if "max_failures" in section:
        most = section.whole("max_failures", default=0, least=0, most=MOST_DEVICES)
        gate = replace(gate, max_failures=most)
    return gate
