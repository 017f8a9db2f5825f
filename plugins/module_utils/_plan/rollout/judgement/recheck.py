# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the gates of a recorded run again, and says what does not follow from its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ...._model.text import count
from ..declaration.campaign_names import SWEEP_WAVE, CampaignName
from ..declaration.spec import Accept, Approval, Gate, Target
from .gate import GateVerdict, Numbers, failures_allowed
from .statistics import Counts, FailureTest
from .wave_part import Case, TargetCounts, judge_case, let_through
from .waves import SEVERITY


@dataclass(frozen=True)
class RecordedPart:
    """The devices of some targets in a wave, and the verdict that was recorded of them."""

    targets: frozenset[Target]
    case: Case
    counts: Mapping[Target, TargetCounts]
    verdict: GateVerdict


@dataclass(frozen=True)
class RecordedWave:
    """A wave as it was recorded.

    :ivar left: targets with campaigns in later waves, which prove an approval.
    :ivar parts: none where its turn had not come.
    """

    number: int
    name: str
    verdict: GateVerdict
    begun: bool
    open_for: frozenset[Target]
    passed_for: frozenset[Target]
    left: frozenset[Target]
    parts: tuple[RecordedPart, ...]


@dataclass(frozen=True)
class RecordedCohort:
    """A cohort as it was recorded.

    :ivar counts: when it failed, or else at the time of the run.
    """

    package: str
    codes: tuple[str, ...]
    failures: int
    accepted: int
    limits: Mapping[int, int]
    failed_at: datetime | None
    counts: Counts


@dataclass(frozen=True)
class RecordedRun:
    """A run as it was recorded.

    :ivar created: names of the campaigns that it asked for.
    :ivar generations: of the targets that are recorded.
    :ivar left_out: names of the lists that are not whole.
    :ivar judged: everything could be read, so that the verdicts decided the phase.
    """

    state: str
    phase: str
    digest: str
    gates: Mapping[int, Gate]
    waves: tuple[RecordedWave, ...]
    cohorts: tuple[RecordedCohort, ...]
    approved: tuple[Approval, ...]
    accepted: tuple[Accept, ...]
    created: tuple[CampaignName, ...]
    generations: frozenset[str]
    left_out: frozenset[str] = frozenset()
    judged: bool = True

    @property
    def knows_overrides(self) -> bool:
        """No approval or accept was left out."""
        return self.left_out.isdisjoint({"approved", "accepted"})


def recheck(run: RecordedRun) -> Iterator[str]:
    """Judge a recorded run again, and say what does not follow."""
    for wave in run.waves:
        yield from _recheck_wave(run, wave)
    yield from _recheck_order(run)
    if "gates" not in run.left_out:
        for cohort in run.cohorts:
            yield from _recheck_cohort(run, cohort)
    yield from _recheck_created(run)
    if run.judged:
        yield from _recheck_phase(run)


def find_lifted(before: RecordedRun, after: RecordedRun) -> Iterator[str]:
    """Say which waves had failed in a run and have not in a later one, although nothing was changed
    that lifts a halt."""
    if not (before.judged and after.judged) or before.accepted != after.accepted:
        return
    now = {wave.number: wave for wave in after.waves}
    for wave in before.waves:
        later = now.get(wave.number)
        if later is None or before.gates.get(wave.number) != after.gates.get(wave.number):
            continue
        same = {part.targets for part in wave.parts} == {part.targets for part in later.parts}
        once = any(
            part.case.numbers.over_limit_once or part.case.numbers.too_many_once
            for part in wave.parts
        )
        goes_on = later.verdict not in (GateVerdict.FAIL, GateVerdict.HOLD)
        if same and once and wave.verdict is GateVerdict.FAIL and goes_on:
            yield (
                f"wave {wave.name} had failed in the run before, and now it is"
                f" {later.verdict.value}, although no accept was given"
            )


def _recheck_wave(run: RecordedRun, wave: RecordedWave) -> Iterator[str]:
    gate = run.gates.get(wave.number)
    if gate is None:
        if "gates" not in run.left_out:
            yield f"wave {wave.name}: no gate is recorded"
        return
    if not wave.parts:
        if wave.begun or wave.open_for or wave.verdict is not GateVerdict.WAIT:
            yield f"wave {wave.name}: no numbers are recorded for its verdict {wave.verdict.value}"
        return
    failures = 0
    passed: frozenset[Target] = frozenset()
    for part in wave.parts:
        yield from _recheck_numbers(run, wave, part, gate)
        judgement = judge_case(gate, part.case)
        judgement, through = let_through(gate, part.case, judgement, part.targets, part.counts)
        # A target that was left out can hold a wave by itself.
        held = "targets" in run.left_out and part.verdict is GateVerdict.HOLD
        if judgement.verdict is not part.verdict and not (held and judgement.verdict.opens_next):
            yield (
                f"wave {wave.name}: recorded as {part.verdict.value}, but its numbers give"
                f" {judgement.verdict.value}: {judgement.why}"
            )
        failures += judgement.failures
        passed |= through
    yield from _recheck_verdict(run, wave, gate, failures, passed)


def _recheck_verdict(
    run: RecordedRun, wave: RecordedWave, gate: Gate, failures: int, passed: frozenset[Target]
) -> Iterator[str]:
    """Check that the verdict on a wave follows from those on its parts, and its approval.

    :param failures: of all parts.
    :param passed: the targets that its numbers let through.
    """
    worst = max((part.verdict for part in wave.parts), key=SEVERITY.index)
    may_be = {worst}
    if worst is GateVerdict.PASS and gate.approval and not _is_last(run, wave):
        approved = _is_approved(run, wave, failures)
        if not approved:
            may_be.add(GateVerdict.APPROVE)
        if approved is False:
            passed &= wave.left
    if not wave.begun and not wave.open_for and worst is not GateVerdict.SKIP:
        may_be = {GateVerdict.WAIT}
    if wave.verdict not in may_be:
        words = " or ".join(sorted(verdict.value for verdict in may_be))
        yield f"wave {wave.name}: recorded as {wave.verdict.value}, but {words} follows"
    if not wave.passed_for <= passed:
        models = ", ".join(sorted(map(_name, wave.passed_for - passed)))
        yield f"wave {wave.name}: recorded as passed for {models}, which does not follow"


def _recheck_numbers(
    run: RecordedRun, wave: RecordedWave, part: RecordedPart, gate: Gate
) -> Iterator[str]:
    """Check that the numbers of a part agree with each other."""
    for numbers in (part.case.numbers, *([part.case.earlier.numbers] if part.case.earlier else [])):
        counted = numbers.members + numbers.rejected + numbers.in_failed_cohorts
        judged = numbers.verified + numbers.failed + numbers.silent + numbers.unknown
        if counted != numbers.devices or judged > numbers.members:
            yield f"wave {wave.name}: its numbers of devices do not add up"
        yield from _recheck_moments(wave, numbers, gate)
    limit = part.case.given.accepted
    if limit is None or not run.knows_overrides:
        return
    if not any(each.wave == wave.name and each.up_to == limit for each in run.accepted):
        yield f"wave {wave.name}: no accept of {count(limit, 'failure')} is recorded"


def _recheck_moments(wave: RecordedWave, numbers: Numbers, gate: Gate) -> Iterator[str]:
    over, many = numbers.over_limit_once, numbers.too_many_once
    if over and over.failures <= failures_allowed(gate, over.members):
        yield f"wave {wave.name}: its failures at {over.at} were tolerated"
    if many and not FailureTest({1: gate}).is_too_many({1: (many.attempted, many.failures)}):
        yield f"wave {wave.name}: its failures at {many.at} were not too many"


def _is_last(run: RecordedRun, wave: RecordedWave) -> bool:
    return "gates" not in run.left_out and wave.number == max(run.gates)


def _is_approved(run: RecordedRun, wave: RecordedWave, failures: int) -> bool | None:
    """Whether a wave may be left; None: the record does not say."""
    for approval in run.approved:
        fits = approval.wave == wave.name and run.digest.startswith(approval.digest)
        if fits and failures <= approval.failures:
            return True
    return False if run.knows_overrides else None


def _recheck_order(run: RecordedRun) -> Iterator[str]:
    """Check that each wave was open only for what those before it had let through."""
    before: RecordedWave | None = None
    for wave in run.waves:
        if before is not None and before.number + 1 == wave.number:
            early = wave.open_for - (before.open_for & before.passed_for)
            if early:
                models = ", ".join(sorted(map(_name, early)))
                yield f"wave {wave.name} was open for {models} before wave {before.name} had passed"
        before = wave


def _recheck_cohort(run: RecordedRun, cohort: RecordedCohort) -> Iterator[str]:
    if not cohort.counts.keys() <= run.gates.keys():
        yield f"cohort {cohort.package}: no gate is recorded for one of its waves"
        return
    test = FailureTest(run.gates, cohort.limits)
    too_many = bool(cohort.counts) and test.is_too_many(cohort.counts)
    failed = cohort.failed_at is not None
    if failed != (too_many and cohort.failures > cohort.accepted):
        attempted = sum(each[0] for each in cohort.counts.values())
        failures = sum(each[1] for each in cohort.counts.values())
        word = "failed" if failed else "not failed"
        yield (
            f"cohort {cohort.package}: recorded as {word} with {count(failures, 'failure')} of"
            f" {attempted} attempted, which does not follow"
        )
    if cohort.accepted and run.knows_overrides:
        accepts = (each for each in run.accepted if each.up_to == cohort.accepted)
        if not any(each.cohort in cohort.codes for each in accepts):
            yield (
                f"cohort {cohort.package}: no accept of {count(cohort.accepted, 'failure')} is"
                " recorded"
            )


def _recheck_created(run: RecordedRun) -> Iterator[str]:
    """Check that the run created campaigns only for open waves, and none after a halt."""
    if not run.created:
        return
    stopped = [wave for wave in run.waves if wave.verdict in (GateVerdict.FAIL, GateVerdict.HOLD)]
    for wave in stopped:
        yield f"campaigns were created although wave {wave.name} is {wave.verdict.value}"
    if run.state in ("halted", "paused"):
        yield f"campaigns were created although the state was {run.state}"
    waves = {wave.number: wave for wave in run.waves}
    for name in run.created:
        if name.wave == SWEEP_WAVE:
            if not all(wave.verdict.opens_next for wave in run.waves):
                yield f"campaign {name} was created before every wave had passed"
            continue
        of_name = waves.get(name.wave)
        if of_name is None or name.generation not in run.generations:
            continue
        generations = {target.generation for target in of_name.open_for}
        if not (of_name.begun if name.attempt > 1 else name.generation in generations):
            yield f"campaign {name} was created before wave {of_name.name} was open for its target"


_NEEDS = {
    "awaiting_approval": frozenset({GateVerdict.APPROVE}),
    "soaking": frozenset({GateVerdict.SOAK}),
}


def _recheck_phase(run: RecordedRun) -> Iterator[str]:
    """Check that the phase follows from the verdicts."""
    verdicts = {wave.verdict for wave in run.waves}
    failed = GateVerdict.FAIL in verdicts
    if failed and run.phase != "halted":
        yield f"a wave has failed, but the phase is {run.phase}"
    whole = "waves" not in run.left_out
    if run.phase == "halted" and not failed and run.state == "running" and whole:
        yield "the phase is halted, but no wave has failed, and the state was running"
    if GateVerdict.HOLD in verdicts and run.phase not in ("held", "halted"):
        yield f"a wave is held, but the phase is {run.phase}"
    if run.phase in ("completed", "completed_with_exceptions") and not all(
        verdict.opens_next for verdict in verdicts
    ):
        yield f"the phase is {run.phase}, but not every wave has passed"
    needed = _NEEDS.get(run.phase)
    if needed and not verdicts & needed and whole:
        yield f"the phase is {run.phase}, but the verdict of no wave says so"


def _name(target: Target) -> str:
    return target.model or target.version
