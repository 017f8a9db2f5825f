# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of a wave: from its numbers to pass, wait, hold or fail, with the reason in devices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction

from .spec import Gate
from .statistics import fails_too_often


class GateVerdict(Enum):
    """What a gate says. SKIP is a wave without members: shown, passed."""

    PASS = "pass"  # noqa: S105 - no password
    SKIP = "skip"
    WAIT = "wait"
    HOLD = "hold"
    FAIL = "fail"

    @property
    def opens_next(self) -> bool:
        return self in (GateVerdict.PASS, GateVerdict.SKIP)


@dataclass(frozen=True)
class Numbers:
    """The devices of one wave, counted; those of failed lanes only in the last three.

    :ivar members: devices without rejected ones and without those of failed lanes.
    :ivar verified: run the target, read after the success.
    :ivar failed: failed or mismatched.
    :ivar silent: attempted long ago, nothing heard since.
    :ivar unknown: with a status that is not known; failures once the deadline is over.
    :ivar devices: all devices of the wave.
    :ivar rejected: refused by the service, in lanes that have not failed.
    :ivar in_failed_lanes: devices whose lane has failed.
    """

    members: int
    verified: int = 0
    failed: int = 0
    silent: int = 0
    unknown: int = 0
    devices: int = 0
    rejected: int = 0
    in_failed_lanes: int = 0


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a wave, and the numbers that it says it by.

    :ivar why: one sentence for people.
    :ivar allowed: failures tolerated; one more stops the rollout.
    :ivar sample: devices that must have been attempted: the declared sample, or all there are.
    """

    verdict: GateVerdict
    why: str
    members: int
    attempted: int
    verified: int
    failures: int
    silent: int
    allowed: int
    sample: int


def failures_allowed(gate: Gate, members: int) -> int:
    """Failures that a wave of so many members tolerates."""
    by_rate = math.floor(gate.max_failure_rate * members)
    return by_rate if gate.max_failures is None else min(gate.max_failures, by_rate)


def judge(
    gate: Gate,
    numbers: Numbers,
    *,
    deadline: datetime | None,
    now: datetime,
    stopped: str = "",
) -> Judgement:
    """Judge a wave.

    :param deadline: when waiting ends; None while something is still to be created.
    :param stopped: why a person has to look whatever the numbers say; empty when nothing is.
    """
    late = deadline is not None and now >= deadline
    members = numbers.members
    failures = numbers.failed + (numbers.unknown if late else 0)
    attempted = numbers.verified + failures
    allowed = failures_allowed(gate, members)
    sample = min(gate.min_sample, members)

    def conclude() -> tuple[GateVerdict, str]:
        failure = _failure(gate, numbers, failures, attempted, allowed, late=late)
        if failure:
            return GateVerdict.FAIL, failure
        if stopped:
            return GateVerdict.HOLD, stopped
        if numbers.rejected > gate.max_rejected * numbers.devices:
            return GateVerdict.HOLD, (
                f"the service refused {numbers.rejected} of {numbers.devices} devices, more than"
                f" max_rejected {percent(gate.max_rejected)}"
            )
        if not members:
            return GateVerdict.SKIP, "no members"
        missing = _missing(gate, numbers, attempted, sample)
        if not missing:
            return GateVerdict.PASS, f"{numbers.verified} of {members} verified"
        if late:
            return GateVerdict.HOLD, f"the deadline is over, and {missing}"
        return GateVerdict.WAIT, missing

    verdict, why = conclude()
    return Judgement(
        verdict=verdict,
        why=why,
        members=members,
        attempted=attempted,
        verified=numbers.verified,
        failures=failures,
        silent=numbers.silent,
        allowed=allowed,
        sample=sample,
    )


def _failure(
    gate: Gate, numbers: Numbers, failures: int, attempted: int, allowed: int, *, late: bool
) -> str:
    """Say why the wave has failed; empty when it has not."""
    rate = gate.max_failure_rate
    if failures > allowed:
        return f"{failures} failures, {allowed} tolerated in {numbers.members} members"
    if fails_too_often(failures, attempted, rate):
        return (
            f"{failures} failures of {attempted} attempted are too many to believe in"
            f" max_failure_rate {percent(rate)}"
        )
    if late and attempted >= gate.min_sample and failures > rate * attempted:
        return (
            f"at the deadline {failures} of {attempted} attempted have failed, more than"
            f" max_failure_rate {percent(rate)}"
        )
    if numbers.in_failed_lanes > gate.max_failed_lane_share * numbers.devices:
        return (
            f"{numbers.in_failed_lanes} of {numbers.devices} devices are in failed lanes, more"
            f" than max_failed_lane_share {percent(gate.max_failed_lane_share)}"
        )
    return ""


def _missing(gate: Gate, numbers: Numbers, attempted: int, sample: int) -> str:
    """Say what the wave lacks to pass; empty when nothing."""
    if attempted < sample:
        return f"{attempted} of at least {sample} devices attempted"
    if numbers.verified < gate.success_needed * (attempted + numbers.silent):
        return (
            f"{numbers.verified} of {attempted + numbers.silent} attempted or silent devices are"
            f" verified, {percent(gate.success_needed)} needed"
        )
    if attempted < gate.min_coverage * numbers.members:
        return (
            f"{attempted} of {numbers.members} members attempted,"
            f" {percent(gate.min_coverage)} needed"
        )
    return ""


def percent(rate: Fraction | float) -> str:
    """Give a rate as people read it: 5 %, 13.9 %."""
    return f"{float(rate) * 100:.3g} %"
