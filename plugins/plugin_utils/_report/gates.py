# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gates pass and halt on, in devices, and how likely they stop firmware that fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...module_utils._model.text import count

Facts = Mapping[str, Any]

# Below this, firmware that fails on the most devices is more likely missed than stopped.
_WEAK = 0.5
# A failure rate that is worth ruling out, and a chance that is worth to be lowered.
_RULED_OUT, _NEEDLESS = 0.2, 0.01


def gate_lines(wave: Facts) -> Iterator[str]:
    """Say what the gate of a wave passes and halts on."""
    gate, members = wave["gate"], wave["members"]
    attempted = max(wave["sample"], math.ceil(Fraction(str(gate["min_coverage"])) * members))
    limit = (
        f"at most {percent(gate['max_failure_rate'])} of them (rounded up) failed or silent"
        if gate["min_success_rate"] is None
        else f"{percent(gate['min_success_rate'])} of them verified"
    )
    yield f"  passes with {attempted} of {count(members, 'device')} attempted and {limit}"
    sooner = halting_counts(wave["halts_at"])
    yield (
        f"  halts on the {_ordinal(wave['failures_allowed'] + 1)} failure ({wave['failures']} so"
        f" far){f', or sooner on {sooner}' if sooner else ''}; {_stops(wave)}"
    )
    if wave["rate_ruled_out"] <= _RULED_OUT:
        yield (
            f"  zero failures in {count(members, 'device')} rules out failure rates above"
            f" {percent(wave['rate_ruled_out'])} (95 % confidence)"
        )
    touched = count(wave["touched_at_most"], "device")
    yield f"  at most {touched} can have been touched before this gate decides"
    if wave["sample"] < gate["min_sample"]:
        yield (
            f"  min_sample is {gate['min_sample']}, but the wave has {count(members, 'member')},"
            f" so {members} is used"
        )


def odds_lines(facts: Facts) -> list[str]:
    """Give the odds of every gate, and those of a needless stop, one a line."""
    if "waves" not in facts:
        return [facts["msg"]]
    waves = [wave for wave in facts["waves"] if wave["members"]]
    return [*(f"wave {wave['name']} {_stops(wave)}" for wave in waves), *needless_lines(facts)]


def needless_lines(facts: Facts) -> Iterator[str]:
    """Say how likely good firmware is stopped, and what to change if that is too often."""
    needless, waves = facts["needless_stop"], facts["waves"]
    rate, chance = needless["failure_rate"], needless["chance"]
    if not any(wave["members"] for wave in waves):
        return
    line = (
        f"odds: firmware that fails on {percent(rate)} of devices is stopped by one of the gates"
        f" in {_chance(chance)} of rollouts"
    )
    if chance >= _NEEDLESS:
        worst = max(waves, key=lambda wave: _chance_at(wave, rate))
        line += (
            f", most often in wave {worst['name']} ({_chance(_chance_at(worst, rate))}): raise its"
            " max_failure_rate or max_failures if you tolerate such firmware"
        )
    yield line


def halting_counts(limits: list[Facts]) -> str:
    """Say how many failures in how many attempted devices halt; empty when none do."""
    counts = ", ".join(
        f"{count(limit['failures'], 'failure')} in up to {limit['attempted']}" for limit in limits
    )
    return counts and counts + " attempted devices"


def _stops(wave: Facts) -> str:
    """Say how likely a gate stops firmware that fails, the worst first."""
    worst, *others = reversed(wave["odds"])
    rates = ", ".join(
        f"{percent(odds['failure_rate'])} in {_chance(odds['stop_chance'])}" for odds in others
    )
    line = (
        f"stops firmware that fails on {percent(worst['failure_rate'])} of devices in"
        f" {_chance(worst['stop_chance'])} of rollouts, {rates}"
    )
    if worst["stop_chance"] < _WEAK:
        line += ": add devices to this wave, or lower its max_failures, to stop it more often"
    return line


def _chance_at(wave: Facts, rate: float) -> float:
    chances = (odds["stop_chance"] for odds in wave["odds"] if odds["failure_rate"] == rate)
    return next(chances, 0.0)


def _chance(chance: float) -> str:
    if chance < 0.001:
        return "less than 0.1 %"
    return "more than 99.9 %" if chance > 0.9995 else f"{chance * 100:.3g} %"


def percent(rate: float) -> str:
    """Give a rate as people read it: 5 %, 13.9 %."""
    return f"{rate * 100:.3g} %"


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"
