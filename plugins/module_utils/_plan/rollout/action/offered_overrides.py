# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may add to a declaration to let a rollout that waits or has stopped go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..declaration.spec import Accept, Approval, Target
from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from ..judgement.package_evidence import sort_cohorts
from ..judgement.waves import WaveState
from ..placement.rollout_device import FAILURES, DeviceClass, RolloutDevice


def find_approvals(assessment: Assessment) -> list[Approval]:
    """Give an approval of this plan for each wave that waits for one.

    It counts what :func:`find_accepts` counts, as both are pasted where a cohort has failed, too.
    """
    return [
        Approval(
            state.wave.name,
            assessment.digest[:12],
            state.judgement.failures,
            _generations_of(assessment, assessment.spec.targets),
        )
        for state in assessment.waves
        if state.verdict is GateVerdict.APPROVE
    ]


def find_accepts(assessment: Assessment) -> list[Accept]:
    """Give an accept for each failed cohort, each wave that has stopped or has one, and for missing
    devices.

    Each counts every failure that the gate will count, so that the rollout goes on with it, and is
    for the present targets only. An operator adds ``by`` and ``reason``.
    """
    failed = [cohort for cohort in sort_cohorts(assessment.evidence) if cohort.failed]
    names = {cohort.package.name for cohort in failed}
    found = []
    for state in assessment.waves:
        packages = [row.package.name for row in state.rows if row.outcome.kind in FAILURES]
        here = [cohort for cohort in failed if cohort.package.name in packages]
        failed = [cohort for cohort in failed if cohort not in here]
        wave = state.wave.name
        found += [
            Accept(
                wave,
                cohort.codes[0],
                cohort.failures,
                up_to=cohort.failures,
                by="",
                reason="",
                generations=_generations_of(assessment, [cohort.target]),
            )
            for cohort in here
        ]
        # Failures of a cohort count in its waves again once it is accepted; a wave that has not
        # begun fails by its failed cohorts alone.
        stopped = state.verdict is GateVerdict.HOLD or (
            state.begun and state.verdict is GateVerdict.FAIL
        )
        if state.stopped and (stopped or names):
            found.append(
                replace(_accept_wave(assessment, wave, 0), up_to=None, again=state.stopped)
            )
            stopped = state.verdict is GateVerdict.FAIL
        if stopped or names & set(packages):
            found.append(_accept_wave(assessment, wave, _count_failures(state)))
    if assessment.missing.stops:
        ahead = (state for state in assessment.waves if not state.verdict.opens_next)
        current = next(ahead, assessment.waves[-1]).wave.name
        found.append(_accept_missing(assessment, current))
    return found


def _accept_wave(assessment: Assessment, wave: str, failures: int) -> Accept:
    generations = _generations_of(assessment, assessment.spec.targets)
    return Accept(wave, "", failures, failures, by="", reason="", generations=generations)


def _accept_missing(assessment: Assessment, wave: str) -> Accept:
    return replace(
        _accept_wave(assessment, wave, 0), up_to=None, missing=assessment.missing.devices
    )


def _count_failures(state: WaveState) -> int:
    """Count the failures of a wave, those of failed cohorts included."""
    return sum(row.outcome.kind in FAILURES or _has_failed_unknown(row) for row in state.rows)


def _has_failed_unknown(row: RolloutDevice) -> bool:
    """A device counts as failed at the deadline: its status is not known, and was read since."""
    latest = row.history.latest if row.history else None
    over = latest is None or latest.own.over
    return row.outcome.kind is DeviceClass.UNKNOWN and not row.outcome.unread and over


def _generations_of(assessment: Assessment, targets: Iterable[Target]) -> tuple[str, ...]:
    """Give the generations of those of these targets that the rollout has devices of."""
    paths = {id(row.path): row.path for row in assessment.rows}
    present = {path.target for path in paths.values()}
    return tuple(target.generation for target in targets if target in present)
