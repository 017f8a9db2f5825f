# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may add to a declaration to let a rollout that waits or has stopped go on."""

from __future__ import annotations

from ..declaration.spec import Accept, Approval
from ..judgement.assessment import Assessment
from ..judgement.gate import GateVerdict
from ..judgement.package_evidence import sort_cohorts
from ..placement.rollout_device import FAILURES


def find_approvals(assessment: Assessment) -> list[Approval]:
    """Give an approval of this plan for each wave that waits for one."""
    return [
        Approval(state.wave.name, assessment.digest[:12], state.judgement.failures)
        for state in assessment.waves
        if state.verdict is GateVerdict.APPROVE
    ]


def find_accepts(assessment: Assessment) -> list[Accept]:
    """Give an accept for each failed cohort, and for each wave that has stopped or that has one.

    An operator adds ``by`` and ``reason``.
    """
    failed = [cohort for cohort in sort_cohorts(assessment.evidence) if cohort.failed]
    found = []
    for state in assessment.waves:
        packages = [row.package.name for row in state.rows if row.outcome.kind in FAILURES]
        here = [cohort for cohort in failed if cohort.package.name in packages]
        failed = [cohort for cohort in failed if cohort not in here]
        name = state.wave.name
        found += [_accept(name, cohort.codes[0], cohort.failures) for cohort in here]
        if here or state.verdict in (GateVerdict.HOLD, GateVerdict.FAIL):
            found.append(_accept(name, "", len(packages)))
    return found


def _accept(wave: str, cohort: str, failures: int) -> Accept:
    return Accept(wave, cohort, failures, up_to=failures, by="", reason="")
