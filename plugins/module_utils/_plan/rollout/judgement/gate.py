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

from ...._model.text import count
from ..declaration.spec import Gate
from .statistics import FailureTest


class GateVerdict(Enum):
    """What a gate says. SKIP is a wave without members: shown, passed.

    SOAK: the numbers are met, and must stay so for a while. APPROVE: a person must let it go on.
    """

    PASS = "pass"  # noqa: S105 - no password
    SKIP = "skip"
    WAIT = "wait"
    SOAK = "soak"
    APPROVE = "approve"
    HOLD = "hold"
    FAIL = "fail"

    @property
    def opens_next(self) -> bool:
        return self in (GateVerdict.PASS, GateVerdict.SKIP)


@dataclass(frozen=True)
class Moment:
    """The devices of a wave at an earlier moment, as far as the gate counts them."""

    at: datetime
    members: int
    attempted: int
    failures: int


@dataclass(frozen=True)
class Numbers:
    """The devices of one wave, counted; those of failed cohorts only in the last three.

    :ivar members: devices without rejected ones and without those of failed cohorts.
    :ivar verified: run the target, read after the success.
    :ivar failed: failed or mismatched.
    :ivar silent: attempted long ago, nothing heard since.
    :ivar under_way: attempted, and without a result that counts yet; they may all succeed.
    :ivar unknown: with a status that is not known, although read since; failures once the deadline
        is over.
    :ivar devices: all devices of the wave.
    :ivar rejected: refused by the service, or gone, in cohorts that have not failed.
    :ivar in_failed_cohorts: devices whose cohort has failed.
    :ivar too_many_once: when failures were first too many to believe in the tolerated rate.
    :ivar over_limit_once: when there were first more failures than tolerated.
    :ivar successes: of each verified device, when its success came.
    :ivar reads: of each verified device, when its version was read last.
    """

    members: int
    verified: int = 0
    failed: int = 0
    silent: int = 0
    unknown: int = 0
    under_way: int = 0
    devices: int = 0
    rejected: int = 0
    in_failed_cohorts: int = 0
    too_many_once: Moment | None = None
    over_limit_once: Moment | None = None
    successes: tuple[datetime, ...] = ()
    reads: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a wave, and the numbers that it says it by.

    :ivar why: one sentence for people.
    :ivar allowed: failures tolerated; one more stops the rollout.
    :ivar sample: devices that must have been attempted: the declared sample, or all there are.
    :ivar soak_until: when the soak is over; None while the numbers are not met.
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
    soak_until: datetime | None = None

    @property
    def reads_again(self) -> bool:
        """Versions must be read once more before the wave can pass."""
        return self.soak_until is not None and self.verdict is GateVerdict.WAIT


def failures_allowed(gate: Gate, members: int) -> int:
    """Failures that a wave of so many members tolerates: one at least where any rate is."""
    by_rate = math.ceil(gate.max_failure_rate * members)
    return by_rate if gate.max_failures is None else min(gate.max_failures, by_rate)


def losses_allowed(gate: Gate, heard: int) -> int:
    """Failed and silent devices with which a wave passes, of so many attempted or silent ones.

    A wave passes by what has succeeded: one device that failed, alone, proves nothing.
    """
    tolerated = math.ceil(gate.max_failure_rate * heard)
    return tolerated if gate.max_failure_rate == 1 else min(tolerated, heard - 1)


@dataclass(frozen=True)
class Circumstances:
    """What a wave is judged by beside its numbers.

    :ivar deadline: when waiting ends; None while something is still to be created.
    :ivar stopped: why a person has to look whatever the numbers say; empty when nothing is.
    :ivar canceled: the same where campaigns were stopped: whoever has accepted failures has not
        accepted that.
    :ivar accepted: failures that a person has accepted: up to so many, the wave does not fail, and
        passes on what else it must show.
    """

    now: datetime
    deadline: datetime | None = None
    stopped: str = ""
    canceled: str = ""
    accepted: int | None = None

    @property
    def late(self) -> bool:
        """The deadline is over."""
        return self.deadline is not None and self.now >= self.deadline


def judge(gate: Gate, numbers: Numbers, given: Circumstances) -> Judgement:
    """Judge a wave."""
    now, late, accepted = given.now, given.late, given.accepted
    failures = numbers.failed + (numbers.unknown if late else 0)
    tally = _WaveNumbers(
        gate, numbers, failures, forgiven=accepted is not None and failures <= accepted
    )
    soak_until = tally.met_at(now)
    if soak_until is not None:
        soak_until += gate.soak
    verdict, why = _conclude(tally, soak_until, given)
    if verdict is GateVerdict.HOLD and tally.forgiven and not given.canceled:
        verdict, why = GateVerdict.PASS, f"accepted with {count(failures, 'failure')}; {why}"
    return Judgement(
        verdict=verdict,
        why=why,
        members=numbers.members,
        attempted=tally.attempted,
        verified=numbers.verified,
        failures=failures,
        silent=numbers.silent,
        allowed=tally.allowed,
        sample=tally.sample,
        soak_until=soak_until,
    )


def _conclude(
    tally: _WaveNumbers, soak_until: datetime | None, given: Circumstances
) -> tuple[GateVerdict, str]:
    gate, numbers = tally.gate, tally.numbers
    failure = tally.failure()
    if failure:
        return GateVerdict.FAIL, failure
    if given.canceled or given.stopped:
        return GateVerdict.HOLD, given.canceled or given.stopped
    if numbers.rejected > gate.max_rejected * numbers.devices:
        return GateVerdict.HOLD, (
            f"the service refused {numbers.rejected} of {count(numbers.devices, 'device')}, or does"
            f" not have them any more, above max_rejected {percent(gate.max_rejected)}"
        )
    if not numbers.members:
        return GateVerdict.SKIP, "no members"
    if soak_until is None:
        missing = tally.missing(numbers.verified)
        if given.late:
            return GateVerdict.HOLD, f"the deadline is over, and {missing}"
        return GateVerdict.WAIT, missing
    # From here on the numbers are met, and what is still due is waited for beyond the deadline.
    if given.now < soak_until:
        return GateVerdict.SOAK, (
            f"{numbers.verified} of {numbers.members} verified; soaks until"
            f" {soak_until:%Y-%m-%d %H:%M} UTC"
        )
    unread = tally.missing(sum(read >= soak_until for read in numbers.reads)) if gate.soak else ""
    if unread:
        return GateVerdict.WAIT, f"read again after the soak, {unread}"
    return GateVerdict.PASS, f"{numbers.verified} of {numbers.members} verified"


@dataclass(frozen=True)
class _WaveNumbers:
    """The numbers of a wave against its gate.

    :ivar forgiven: a person has accepted these failures.
    """

    gate: Gate
    numbers: Numbers
    failures: int
    forgiven: bool

    @property
    def attempted(self) -> int:
        return self.numbers.verified + self.failures

    @property
    def allowed(self) -> int:
        return failures_allowed(self.gate, self.numbers.members)

    @property
    def sample(self) -> int:
        return min(self.gate.min_sample, self.numbers.members)

    def failure(self) -> str:
        """Say why the wave has failed; empty when it has not."""
        numbers, failures, attempted = self.numbers, self.failures, self.attempted
        rate = self.gate.max_failure_rate
        # Cohorts have accepts of their own: their failures are not among those of the wave.
        share = self.gate.max_failed_cohort_share
        if numbers.in_failed_cohorts > share * numbers.devices:
            return (
                f"failed cohorts have {numbers.in_failed_cohorts} of"
                f" {count(numbers.devices, 'device')},"
                f" more than max_failed_cohort_share {percent(share)}"
            )
        if self.forgiven:
            return ""
        if failures > self.allowed:
            return (
                f"{count(failures, 'failure')}, {self.allowed} tolerated in"
                f" {count(numbers.members, 'member')}"
            )
        if numbers.over_limit_once:
            return (
                "there were more failures than tolerated before a cohort with some of them halted"
            )
        if numbers.too_many_once or self._is_too_many():
            return (
                f"{count(failures, 'failure')} of {attempted} attempted: too many to believe in"
                f" max_failure_rate {percent(rate)}"
            )
        return ""

    def _is_too_many(self) -> bool:
        """Failures are too many to believe in the rate; a limit in devices decides by itself."""
        if self.gate.max_failures is not None:
            return False
        attempted = self.attempted + self.numbers.under_way
        return FailureTest({1: self.gate}).is_too_many({1: (attempted, self.failures)})

    def missing(self, verified: int) -> str:
        """Say what the wave lacks to pass with so many verified; empty when nothing."""
        gate, numbers = self.gate, self.numbers
        attempted = verified + self.failures
        if attempted < self.sample:
            return f"{attempted} of at least {count(self.sample, 'device')} attempted"
        taken = self.failures if self.forgiven else 0
        heard = attempted + numbers.silent
        if gate.min_success_rate is None:
            lost, tolerated = heard - verified - taken, losses_allowed(gate, heard)
            if lost > tolerated:
                return (
                    f"{lost} of {count(heard, 'attempted device')} failed or silent,"
                    f" {tolerated} tolerated"
                )
        elif verified + taken < gate.min_success_rate * heard:
            return (
                f"{verified} of {count(heard, 'attempted or silent device')} verified,"
                f" {percent(gate.min_success_rate)} needed"
            )
        if attempted < gate.min_coverage * numbers.members:
            return (
                f"{attempted} of {count(numbers.members, 'member')} attempted,"
                f" {percent(gate.min_coverage)} needed"
            )
        return ""

    def met_at(self, now: datetime) -> datetime | None:
        """When the numbers were met first, with all failures known now; None if they are not."""
        if self.missing(self.numbers.verified) or not self.numbers.members:
            return None
        successes = sorted(self.numbers.successes)
        low, high = 0, self.numbers.verified
        while low < high:
            middle = (low + high) // 2
            if self.missing(middle):
                low = middle + 1
            else:
                high = middle
        # Where nothing succeeded, a person has accepted all there is: nothing soaks.
        return successes[max(low, 1) - 1] if successes else now - self.gate.soak


def percent(rate: Fraction | float) -> str:
    """Give a rate as people read it: 5 %, 13.9 %."""
    return f"{float(rate) * 100:.3g} %"
