# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of a wave, case by case; every expected value was computed by hand.

``allowed = ceil(max_failure_rate * members)``, never above ``max_failures``. ``E`` is the stake of
the anytime test, which stops from 20 on, and ``P`` the chance of so many failures or more among
those attempted, by which the fixed test stops below 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    GateTest,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    Circumstances,
    GateVerdict,
    Numbers,
    failures_allowed,
    judge,
    percent,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    NOW,
    gate,
    hours,
)

PASS, WAIT, HOLD, FAIL, SKIP = (
    *(GateVerdict.PASS, GateVerdict.WAIT, GateVerdict.HOLD),
    *(GateVerdict.FAIL, GateVerdict.SKIP),
)
AHEAD, REACHED, OVER = NOW + timedelta(seconds=1), NOW, NOW - hours(1)


@dataclass(frozen=True)
class Case:
    """One wave: numbers, what the gate says of them, and a word of the reason.

    :ivar gate: what differs from: 10 % tolerated, sample 5, coverage 0.75, rejected 0.10, failed
        cohorts 0.5, no limit in devices.
    :ivar deadline: None while something is still to be created.
    :ivar once: failures were too many to believe at an earlier moment.
    """

    members: int
    expected: GateVerdict
    why: str
    allowed: int
    verified: int = 0
    failed: int = 0
    silent: int = 0
    unknown: int = 0
    under_way: int = 0
    rejected: int = 0
    cohorts: int = 0
    deadline: datetime | None = AHEAD
    stopped: str = ""
    once: bool = False
    accepted: int | None = None
    gate: dict[str, Any] = field(default_factory=dict)


PILOT = {"max_failures": 2}
LATER = {"max_failure_rate": "0.05", "min_sample": 20, "min_coverage": "0.80"}

CASES = {
    # -- 20 members at 10 %, at most 2: allowed = min(2, ceil(2.0)) = 2
    "20: nothing": Case(20, WAIT, "0 of at least 5", 2, gate=PILOT),
    # 4 < sample 5
    "20: below the sample": Case(20, WAIT, "4 of at least 5", 2, verified=4, gate=PILOT),
    # 5 = sample 5; 5/5 = 1 >= 0.9; coverage 5/20 = 0.25 < 0.75
    "20: sample met, coverage not": Case(20, WAIT, "75 % needed", 2, verified=5, gate=PILOT),
    # 14/20 = 0.70 < 0.75
    "20: coverage one short": Case(20, WAIT, "14 of 20 members", 2, verified=14, gate=PILOT),
    # 15/20 = 0.75, met at equality
    "20: coverage met at equality": Case(20, PASS, "15 of 20", 2, verified=15, gate=PILOT),
    # 2 <= 2; of 15 ceil(1.5) = 2 may have failed; coverage 15/20
    "20: 2 of 15 failed": Case(
        20, PASS, "13 of 20", 2, verified=13, failed=2, deadline=None, gate=PILOT
    ),
    # 2 <= 2; P(2 of 20) = 0.608; 18/20 = 0.9, met at equality
    "20: 2 of 20 failed": Case(20, PASS, "18 of 20", 2, verified=18, failed=2, gate=PILOT),
    # 3 > 2
    "20: the third failure": Case(20, FAIL, "3 failures, 2", 2, verified=17, failed=3, gate=PILOT),
    # 1 <= 2; P(1 of 1) = 0.1
    "20: the first device fails": Case(20, WAIT, "1 of at least 5", 2, failed=1, gate=PILOT),
    # the number decides where there is one, and 2 are tolerated
    "20: 2 of 2 fail": Case(20, WAIT, "2 of at least 5", 2, failed=2, gate=PILOT),
    "20: 2 of 3 fail": Case(20, WAIT, "3 of at least 5", 2, verified=1, failed=2, gate=PILOT),
    # P(2 of 4) = 1 - 0.6561 - 0.2916 = 0.0523 >= 0.05
    "20: 2 of 4 fail": Case(20, WAIT, "4 of at least 5", 2, verified=2, failed=2, gate=PILOT),
    # of 5 ceil(0.5) = 1 may have failed
    "20: 2 of 5 fail": Case(20, WAIT, "2 of 5", 2, verified=3, failed=2, gate=PILOT),
    # 2 tolerated by the limit in devices, floor(0.1*20) = 2, a higher limit changes nothing
    "20: a limit above the rate": Case(
        20, FAIL, "3 failures, 2", 2, verified=17, failed=3, gate={"max_failures": 5}
    ),
    # -- 1 member: allowed = ceil(0.1) = 1, sample = min(5, 1) = 1
    "1: nothing": Case(1, WAIT, "0 of at least 1", 1),
    # 1 >= 1; 1/1 >= 0.9; 1/1 >= 0.75
    "1: verified": Case(1, PASS, "1 of 1", 1, verified=1),
    # 1 <= ceil(0.1) = 1, but a wave does not pass by failures alone
    "1: failed": Case(1, WAIT, "1 of 1", 1, failed=1),
    # attempted 0 < 1: silent is not attempted
    "1: silent": Case(1, WAIT, "0 of at least 1", 1, silent=1),
    "1: silent at the deadline": Case(1, HOLD, "0 of at least 1", 1, silent=1, deadline=REACHED),
    # -- 3 members: allowed = ceil(0.3) = 1, sample = 3
    "3: two verified": Case(3, WAIT, "2 of at least 3", 1, verified=2),
    "3: all verified": Case(3, PASS, "3 of 3", 1, verified=3),
    # 1 <= ceil(0.3) = 1
    "3: one failed": Case(3, PASS, "2 of 3", 1, verified=2, failed=1),
    # -- 7 members: allowed = ceil(0.7) = 1, sample = 5
    # 5/7 = 0.714 < 0.75
    "7: five verified": Case(7, WAIT, "5 of 7", 1, verified=5),
    # 6/7 = 0.857 >= 0.75
    "7: six verified": Case(7, PASS, "6 of 7", 1, verified=6),
    # 1 <= ceil(0.7) = 1
    "7: one failed": Case(7, PASS, "6 of 7", 1, verified=6, failed=1),
    # 15 %: allowed = ceil(1.05) = 2; P(1 of 7) = 1 - 0.85^7 = 0.679; 6/7 = 0.857 >= 0.85
    "7: one failed of 15 %": Case(
        7, PASS, "6 of 7", 2, verified=6, failed=1, gate={"max_failure_rate": "0.15"}
    ),
    # -- 20 members at 5 %: allowed = ceil(1.0) = 1
    # P(1 of 20) = 1 - 0.95^20 = 0.642; 19/20 = 0.95, met at equality
    "20 at 5 %: one failed": Case(20, PASS, "19 of 20", 1, verified=19, failed=1, gate=LATER),
    # sample min(20, 20) = 20
    "20 at 5 %: one to come": Case(20, WAIT, "19 of at least 20", 1, verified=19, gate=LATER),
    "20 at 5 %: two failed": Case(20, FAIL, "2 failures, 1", 1, verified=18, failed=2, gate=LATER),
    # -- 21 members: 10 % allows ceil(2.1) = 3, 5 % allows ceil(1.05) = 2
    # 15/21 = 0.714 < 0.75
    "21: fifteen verified": Case(21, WAIT, "15 of 21", 3, verified=15),
    # 16/21 = 0.762 >= 0.75
    "21: sixteen verified": Case(21, PASS, "16 of 21", 3, verified=16),
    # sample min(20, 21) = 20; 20/21 = 0.952 >= 0.8
    "21 at 5 %: all but one": Case(21, PASS, "20 of 21", 2, verified=20, gate=LATER),
    "21 at 5 %: all but two": Case(21, WAIT, "19 of at least 20", 2, verified=19, gate=LATER),
    # -- 19 members at 5 %: ceil(0.95) = 1, so the first failure stops
    # 1 <= ceil(0.95) = 1: a rate tolerates one at least
    "19 at 5 %: one failed": Case(19, PASS, "18 of 19", 1, verified=18, failed=1, gate=LATER),
    # -- exact rates: in floating point 0.29 * 100 < 29 and 0.57 * 100 < 57
    # allowed = 29; P(29 of 100) = 0.54; 71/100 = 0.71 = 1 - 0.29
    "100 at 29 %: 29 failed": Case(
        *(100, PASS, "71 of 100", 29),
        verified=71,
        failed=29,
        gate={"max_failure_rate": "0.29"},
    ),
    "100 at 29 %: 30 failed": Case(
        *(100, FAIL, "30 failures, 29", 29),
        verified=70,
        failed=30,
        gate={"max_failure_rate": "0.29"},
    ),
    # allowed = 57; 43/100 = 0.43 = 1 - 0.57
    "100 at 57 %: 57 failed": Case(
        *(100, PASS, "43 of 100", 57),
        verified=43,
        failed=57,
        gate={"max_failure_rate": "0.57"},
    ),
    # -- 100 members at 10 %: allowed = 10, but early failures stop before that
    # E(5 of 15) = 14.7 < 20; of 15 ceil(1.5) = 2 may have failed
    "100: 5 of 15 fail": Case(100, WAIT, "5 of 15", 10, verified=10, failed=5),
    "100: 4 of 15 fail": Case(100, WAIT, "4 of 15", 10, verified=11, failed=4),
    # -- 6 models of 3: 18 members allow ceil(1.8) = 2
    # P(1 of 18) = 0.850; 17/18 = 0.944 >= 0.9
    "6 of 3: one failed": Case(18, PASS, "17 of 18", 2, verified=17, failed=1),
    # 2 <= ceil(1.8) = 2
    "6 of 3: two failed": Case(18, PASS, "16 of 18", 2, verified=16, failed=2),
    # one cohort failed: 3/18 = 0.167 <= 0.5; 15 members allow ceil(1.5) = 2
    "6 of 3: a cohort failed": Case(15, PASS, "15 of 15", 2, verified=15, cohorts=3),
    # three cohorts: 9/18 = 0.5 is tolerated; 9 members allow ceil(0.9) = 1
    "6 of 3: three cohorts failed": Case(9, PASS, "9 of 9", 1, verified=9, cohorts=9),
    # four cohorts: 12/18 = 0.667 > 0.5
    "6 of 3: four cohorts failed": Case(6, FAIL, "12 of 18", 1, verified=6, cohorts=12),
    "6 of 3: all cohorts failed": Case(0, FAIL, "18 of 18", 0, cohorts=18),
    # 1/18 > 0
    "6 of 3: no cohort may fail": Case(
        17, FAIL, "1 of 18", 2, verified=17, cohorts=1, gate={"max_failed_cohort_share": "0"}
    ),
    # 18/18 > 1 is false; without members there is nothing to wait for
    "6 of 3: all cohorts may fail": Case(
        0, SKIP, "no members", 0, cohorts=18, gate={"max_failed_cohort_share": "1"}
    ),
    # -- rejected devices are no members; 10 % of all devices of the wave may be
    # 2 <= 0.1*20; 18 members allow ceil(1.8) = 2
    "20: two rejected": Case(18, PASS, "18 of 18", 2, verified=18, rejected=2),
    # 3 > 2, though 17/17 is well and covers all
    "20: three rejected": Case(17, HOLD, "3 of 20", 2, verified=17, rejected=3),
    # 1 > 0.9
    "9: one rejected": Case(8, HOLD, "1 of 9", 1, verified=8, rejected=1),
    # 1 <= 1.0
    "10: one rejected": Case(9, PASS, "9 of 9", 1, verified=9, rejected=1),
    # 2 <= 0.1*20: those of failed cohorts are devices of the wave; 9/20 = 0.45 <= 0.5
    "20: rejected and a failed cohort": Case(
        9, PASS, "9 of 9", 1, verified=9, rejected=2, cohorts=9
    ),
    # a failure counts before refused devices do: 3 > ceil(1.7) = 2
    "20: rejected and failed": Case(17, FAIL, "3 failures", 2, verified=14, failed=3, rejected=3),
    # nobody is left; 10 > 1
    "10: all rejected": Case(0, HOLD, "10 of 10", 0, rejected=10),
    # -- silent devices count against success, but are no failures
    # 18/(18+2) = 0.9, met at equality; coverage 18/20
    "20: two silent": Case(20, PASS, "18 of 20", 2, verified=18, silent=2),
    # 3 > ceil(2.0) = 2, but 3 silent are not 3 failures
    "20: three silent": Case(20, WAIT, "3 of 20", 2, verified=17, silent=3),
    "20: three silent at the deadline": Case(
        20, HOLD, "3 of 20", 2, verified=17, silent=3, deadline=OVER
    ),
    # 4 > ceil(2.0) = 2
    "20: two failed, two silent": Case(20, WAIT, "4 of 20", 2, verified=16, failed=2, silent=2),
    # -- unknown devices are pending, and failures at the deadline
    # 18/18 >= 0.9; coverage 18/20 = 0.9
    "20: two unknown": Case(20, PASS, "18 of 20", 2, verified=18, unknown=2),
    # coverage 14/20 = 0.7: unknown ones are not attempted yet
    "20: six unknown": Case(20, WAIT, "14 of 20", 2, verified=14, unknown=6),
    # 6 > 2
    "20: six unknown at the deadline": Case(
        20, FAIL, "6 failures, 2", 2, verified=14, unknown=6, deadline=REACHED
    ),
    # 2 <= 2; 2/20 = 0.1 is not above 0.1; 18/20 = 0.9
    "20: two unknown at the deadline": Case(
        20, PASS, "18 of 20", 2, verified=18, unknown=2, deadline=OVER
    ),
    # 2 <= 2, and of 15 ceil(1.5) = 2 may have failed; coverage 15/20
    "20: two of 15 unknown at the deadline": Case(
        20, PASS, "13 of 20", 2, verified=13, unknown=2, deadline=OVER
    ),
    # -- the deadline
    # 1 <= ceil(0.9) = 1; coverage 9/20 = 0.45 < 0.75
    "20: 1 of 9 before the deadline": Case(20, WAIT, "9 of 20", 2, verified=8, failed=1),
    # what is missing is others, so an operator looks
    "20: 1 of 9 at the deadline": Case(
        20, HOLD, "9 of 20", 2, verified=8, failed=1, deadline=REACHED
    ),
    "20: 1 of 9, no deadline yet": Case(
        20, WAIT, "9 of 20", 2, verified=8, failed=1, deadline=None
    ),
    # 1/10 = 0.1 is tolerated, 9/10 = 0.9 met; coverage 10/20 = 0.5 < 0.75
    "20: 1 of 10 at the deadline": Case(
        20, HOLD, "10 of 20", 2, verified=9, failed=1, deadline=OVER
    ),
    # 1/3 > 0.1, but 3 < sample 5: not judged by the plain rate; P(1 of 3) = 0.271
    "20: 1 of 3 at the deadline": Case(
        20, HOLD, "3 of at least 5", 2, verified=2, failed=1, deadline=OVER
    ),
    # 1 <= ceil(0.5) = 1; coverage 5/20
    "20: 1 of 5 at the deadline": Case(20, HOLD, "5 of 20", 2, verified=4, failed=1, deadline=OVER),
    "20: nothing at the deadline": Case(20, HOLD, "0 of at least 5", 2, deadline=OVER),
    "20: passed at the deadline": Case(20, PASS, "15 of 20", 2, verified=15, deadline=OVER),
    # -- a limit in devices
    "100: none may fail": Case(
        100, FAIL, "1 failure, 0", 0, verified=99, failed=1, gate={"max_failures": 0}
    ),
    # min(1, 10) = 1; 90/91 = 0.989; coverage 0.91
    "100: one may fail": Case(
        100, PASS, "90 of 100", 1, verified=90, failed=1, gate={"max_failures": 1}
    ),
    "100: two may not": Case(
        100, FAIL, "2 failures, 1", 1, verified=98, failed=2, gate={"max_failures": 1}
    ),
    # -- a success rate of its own; 30 % of 10 allows 3
    # P(3 of 8) = 0.448; 5/(8+2) = 0.5, met at equality; coverage 8/10 = 0.8
    "10: half is enough": Case(
        *(10, PASS, "5 of 10", 3),
        verified=5,
        failed=3,
        silent=2,
        gate={"max_failure_rate": "0.3", "min_success_rate": "0.5"},
    ),
    # 11 members allow ceil(3.3) = 4; 5/(8+3) = 0.4545 < 0.5
    "11: less than half": Case(
        *(11, WAIT, "5 of 11", 4),
        verified=5,
        failed=3,
        silent=3,
        gate={"max_failure_rate": "0.3", "min_success_rate": "0.5"},
    ),
    # 19/20 = 0.95 < 1, though 1 <= 2
    "20: all must succeed": Case(
        20, WAIT, "19 of 20", 2, verified=19, failed=1, gate={"min_success_rate": "1"}
    ),
    # -- rates at their ends
    "20: no coverage needed": Case(20, PASS, "5 of 20", 2, verified=5, gate={"min_coverage": "0"}),
    "20: all must be covered": Case(
        20, WAIT, "19 of 20", 2, verified=19, gate={"min_coverage": "1"}
    ),
    "20: all are covered": Case(20, PASS, "20 of 20", 2, verified=20, gate={"min_coverage": "1"}),
    "100: no rate": Case(100, FAIL, "1 failure, 0", 0, failed=1, gate={"max_failure_rate": "0"}),
    # 100/100 = 1 = 1 - 0
    "100: no rate, all well": Case(
        100, PASS, "100 of 100", 0, verified=100, gate={"max_failure_rate": "0"}
    ),
    # 20 <= 20; 0/20 >= 1 - 1
    "20: all may fail": Case(20, PASS, "0 of 20", 20, failed=20, gate={"max_failure_rate": "1"}),
    # -- what a person has to look at
    "20: somebody stopped a campaign": Case(
        20, HOLD, "stopped by hand", 2, verified=20, stopped="stopped by hand"
    ),
    "20: stopped and failed": Case(
        20, FAIL, "3 failures", 2, verified=17, failed=3, stopped="stopped by hand"
    ),
    # -- where the test stops, of 100 that tolerate more by count
    "100 at 5 %: 1 of 1 fails": Case(100, WAIT, "1 of at least 20", 5, failed=1, gate=LATER),
    # E(2 of 7) = 4.7
    "100 at 5 %: 2 of 7 fail": Case(
        100, WAIT, "7 of at least 20", 5, verified=5, failed=2, gate=LATER
    ),
    # P(2 of 8) = 1 - 0.663 - 0.279 = 0.0572
    "100 at 5 %: 2 of 8 fail": Case(
        100, WAIT, "8 of at least 20", 5, verified=6, failed=2, gate=LATER
    ),
    # 10 %: P(3 of 5) = 10*0.001*0.81 + 5*0.0001*0.9 + 0.00001 = 0.00856
    "100: 3 of 5 fail": Case(100, FAIL, "3 failures of 5", 10, verified=2, failed=3),
    # E(3 of 8) = 6.6; of 8 ceil(0.8) = 1 may have failed
    "100: 3 of 8 fail": Case(100, WAIT, "3 of 8", 10, verified=5, failed=3),
    "100: 3 of 9 fail": Case(100, WAIT, "3 of 9", 10, verified=6, failed=3),
    # 50 %: P(4 of 4) = 0.0625, P(5 of 5) = 0.03125; allowed = ceil(10.0)
    "20 at 50 %: 4 of 4 fail": Case(
        20, WAIT, "4 of at least 5", 10, failed=4, gate={"max_failure_rate": "0.5"}
    ),
    # nothing to bet on at 50 %: the number decides; of 5 ceil(2.5) = 3 may have failed
    "20 at 50 %: 5 of 5 fail": Case(
        20, WAIT, "5 of 5", 10, failed=5, gate={"max_failure_rate": "0.5"}
    ),
    # P(2 of 20) = 0.608 now, but once it was 2 of 2
    "20: 2 of 20, too many once": Case(
        20, FAIL, "2 failures of 20", 2, verified=18, failed=2, once=True
    ),
    # -- the deadline, again
    # 10/100 = 0.1 is not above 0.1; 90/100 = 0.9
    "100: 10 of 100 at the deadline": Case(
        100, PASS, "90 of 100", 10, verified=90, failed=10, deadline=REACHED
    ),
    # 1/19 = 0.0526 > 0.05, but 19 < sample 20
    "20 at 5 %: 1 of 19 at the deadline": Case(
        *(20, HOLD, "19 of at least 20", 1),
        verified=18,
        failed=1,
        deadline=OVER,
        gate=LATER,
    ),
    # 1/1 > 0.5, but the declared sample of 5 is not met, though 3 are all there are
    "3 at 50 %: 1 of 1 at the deadline": Case(
        3, HOLD, "1 of at least 3", 2, failed=1, deadline=OVER, gate={"max_failure_rate": "0.5"}
    ),
    # what has passed needs no deadline
    "20: passed while more is to come": Case(20, PASS, "15 of 20", 2, verified=15, deadline=None),
    "20: six unknown, no deadline yet": Case(
        20, WAIT, "14 of 20", 2, verified=14, unknown=6, deadline=None
    ),
    # the unknown one makes the sample full: 4 + 1 = 5; coverage 5/20
    "20: the unknown one is the fifth": Case(
        20, HOLD, "5 of 20", 2, verified=4, unknown=1, deadline=OVER
    ),
    # 14 + 1 = 15; 1/15 = 0.067; 14/15 = 0.933; coverage 15/20 = 0.75, met at equality
    "20: the unknown one is the fifteenth": Case(
        20, PASS, "14 of 20", 2, verified=14, unknown=1, deadline=OVER
    ),
    # -- silent devices, again
    # 9/(9+1) = 0.9, met at equality; coverage 9/10; allowed = 1
    "10: one silent": Case(10, PASS, "9 of 10", 1, verified=9, silent=1),
    # 2 > ceil(1.0) = 1
    "10: one failed, one silent": Case(10, WAIT, "2 of 10", 1, verified=8, failed=1, silent=1),
    # 27/(27+3) = 0.9, met at equality
    "30: three silent": Case(30, PASS, "27 of 30", 3, verified=27, silent=3),
    # 4 > ceil(3.0) = 3
    "30: four silent": Case(30, WAIT, "4 of 30", 3, verified=26, silent=4),
    "20: all silent at the deadline": Case(
        20, HOLD, "0 of at least 5", 2, silent=20, deadline=OVER
    ),
    # -- rejected devices, again: every run, whatever is to come
    # 3 > 2
    "20: three rejected before anything": Case(17, HOLD, "3 of 20", 2, rejected=3, deadline=None),
    # 0.15*20 = 3.0, met exactly
    "20 at 15 %: three rejected": Case(
        17, PASS, "17 of 17", 2, verified=17, rejected=3, gate={"max_rejected": "0.15"}
    ),
    # 1 > 0
    "20: none may be rejected": Case(
        19, HOLD, "1 of 20", 2, verified=19, rejected=1, gate={"max_rejected": "0"}
    ),
    # 10 > 10 is false, and nobody is left
    "10: all may be rejected": Case(
        0, SKIP, "no members", 0, rejected=10, gate={"max_rejected": "1"}
    ),
    # 2 <= 0.1*20, and a person has to look all the same; 18 members allow ceil(1.8) = 2
    "20: rejected and stopped": Case(
        18, HOLD, "by hand", 2, verified=18, rejected=2, stopped="by hand"
    ),
    # -- failed cohorts, again
    # 8 <= 0.5*17 = 8.5
    "17: eight in failed cohorts": Case(9, PASS, "9 of 9", 1, verified=9, cohorts=8),
    # 9 > 8.5
    "17: nine in failed cohorts": Case(8, FAIL, "9 of 17", 1, verified=8, cohorts=9),
    # 6 > 5 counts before the refused ones do
    "10: cohorts and rejected": Case(0, FAIL, "6 of 10", 0, rejected=4, cohorts=6),
    # -- sample and coverage, again
    # 4/5 = 0.8 covers enough, but the sample is min(5, 5)
    "5: four verified": Case(5, WAIT, "4 of at least 5", 1, verified=4),
    "5: five verified": Case(5, PASS, "5 of 5", 1, verified=5),
    "20: one is enough": Case(
        20, PASS, "1 of 20", 2, verified=1, gate={"min_sample": 1, "min_coverage": "0"}
    ),
    # 0.29*100 is 29 exactly, in floating point less
    "100: 29 % covered": Case(
        100, PASS, "29 of 100", 10, verified=29, gate={"min_coverage": "0.29"}
    ),
    "100: 28 % covered": Case(
        100, WAIT, "28 of 100", 10, verified=28, gate={"min_coverage": "0.29"}
    ),
    # 10/20 = 0.5 < 0.75, though any success rate will do; P(5 of 10) = 0.623
    "20: coverage is no success rate": Case(
        *(20, WAIT, "10 of 20 members", 10),
        verified=5,
        failed=5,
        silent=10,
        gate={"max_failure_rate": "0.5", "min_success_rate": "0"},
    ),
    # -- failures that a person has taken
    "20: three accepted": Case(20, PASS, "17 of 20", 2, verified=17, failed=3, accepted=3),
    "20: one more than accepted": Case(
        20, FAIL, "3 failures, 2", 2, verified=17, failed=3, accepted=2
    ),
    "20: too many once, accepted": Case(
        20, PASS, "18 of 20", 2, verified=18, failed=2, once=True, accepted=2
    ),
    # 5/20 = 0.25 < 0.75: is waited for until the deadline, and then passes
    "20: accepted before the deadline": Case(20, WAIT, "5 of 20", 2, verified=5, accepted=0),
    "20: accepted at the deadline": Case(
        20, PASS, "accepted with 0 failures", 2, verified=5, accepted=0, deadline=REACHED
    ),
    # the plain rate at the deadline is taken, too: 2/9 > 0.1; 7 + 2 taken; coverage 9/20 = 0.45
    "20: 2 of 9 accepted at the deadline": Case(
        *(20, PASS, "accepted with 2 failures", 2),
        verified=7,
        failed=2,
        accepted=2,
        deadline=OVER,
    ),
    # the unknown one is a failure by then, which nobody took
    "20: unknown ones are not accepted": Case(
        20, FAIL, "3 failures, 2", 2, verified=17, failed=2, unknown=1, accepted=2, deadline=OVER
    ),
    # cohorts have accepts of their own
    "6 of 3: cohorts are not accepted": Case(
        6, FAIL, "12 of 18", 1, verified=6, cohorts=12, accepted=18
    ),
    # -- the test that stays valid at every look
    # E(3 of 5) = 20.4, E(3 of 6) = 13.4; a limit in devices decides by itself
    "100: 3 of 6 fail": Case(100, WAIT, "3 of 6", 10, verified=3, failed=3),
    "100: 3 of 5 fail below a limit": Case(
        100, WAIT, "3 of 5", 9, verified=2, failed=3, gate={"max_failures": 9}
    ),
    # 5 %: E(3 of 7) = 20.0005 and E(3 of 8) = 17.0
    "100 at 5 %: 3 of 7 fail": Case(
        100, FAIL, "3 failures of 7", 5, verified=4, failed=3, gate=LATER
    ),
    "100 at 5 %: 3 of 8 fail": Case(
        100, WAIT, "8 of at least 20", 5, verified=5, failed=3, gate=LATER
    ),
    # two more are under way, and may succeed
    "100: 3 of 3 fail, 3 under way": Case(100, WAIT, "3 of at least 5", 10, failed=3, under_way=3),
    "100: 3 of 3 fail, 2 under way": Case(100, FAIL, "3 failures of 3", 10, failed=3, under_way=2),
    # -- the test of earlier versions: P(2 of 3) = 0.028, P(2 of 4) = 0.0523
    "100: 2 of 3 fail, fixed": Case(
        100, FAIL, "2 failures of 3", 10, verified=1, failed=2, gate={"test": GateTest.FIXED}
    ),
    "100: 2 of 4 fail, fixed": Case(
        100, WAIT, "4 of at least 5", 10, verified=2, failed=2, gate={"test": GateTest.FIXED}
    ),
    # P(5 of 15) = 0.0127
    "100: 5 of 15 fail, fixed": Case(
        100, FAIL, "5 failures of 15", 10, verified=10, failed=5, gate={"test": GateTest.FIXED}
    ),
    # -- a wave passes by what succeeded
    "1 at 90 %: failed": Case(1, WAIT, "1 of 1", 1, failed=1, gate={"max_failure_rate": "0.9"}),
    "1: failed, any success rate": Case(
        1, PASS, "0 of 1", 1, failed=1, gate={"min_success_rate": "0"}
    ),
    "1: failed at the deadline": Case(1, HOLD, "1 of 1", 1, failed=1, deadline=REACHED),
    "1: failed and accepted": Case(1, PASS, "0 of 1", 1, failed=1, accepted=1),
    "2: one silent": Case(2, WAIT, "1 of at least 2", 1, verified=1, silent=1),
    # -- no limit in devices, the first wave included: ceil(1.9) = 2, ceil(3.0) = 3
    "30: three fail without a limit": Case(30, PASS, "27 of 30", 3, verified=27, failed=3),
    # -- nobody
    "0: nobody": Case(0, SKIP, "no members", 0),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gate(case: Case) -> None:
    numbers = Numbers(
        members=case.members,
        verified=case.verified,
        failed=case.failed,
        silent=case.silent,
        unknown=case.unknown,
        under_way=case.under_way,
        devices=case.members + case.rejected + case.cohorts,
        rejected=case.rejected,
        in_failed_cohorts=case.cohorts,
        too_many_once=case.once,
    )
    found = judge(
        gate(**case.gate),
        numbers,
        Circumstances(
            deadline=case.deadline, now=NOW, stopped=case.stopped, accepted=case.accepted
        ),
    )
    assert (found.verdict, found.allowed) == (case.expected, case.allowed)
    assert case.why in found.why


def test_a_judgement_holds_the_numbers_that_it_was_made_by() -> None:
    numbers = Numbers(members=20, verified=13, failed=1, silent=2, unknown=1, devices=20)
    ahead = judge(gate(), numbers, Circumstances(deadline=AHEAD, now=NOW))
    assert (ahead.members, ahead.verified, ahead.failures, ahead.silent) == (20, 13, 1, 2)
    assert (ahead.attempted, ahead.sample) == (14, 5)
    late = judge(gate(min_sample=30), numbers, Circumstances(deadline=REACHED, now=NOW))
    assert (late.failures, late.attempted, late.sample) == (2, 15, 20)


def test_only_a_passed_or_skipped_wave_opens_the_next() -> None:
    assert {verdict for verdict in GateVerdict if verdict.opens_next} == {PASS, SKIP}


@pytest.mark.parametrize(
    ("rate", "text"), [("0.05", "5 %"), ("0.1", "10 %"), ("0.139", "13.9 %"), ("1", "100 %")]
)
def test_rates_read_as_people_write_them(rate: str, text: str) -> None:
    assert percent(Fraction(rate)) == text


# -- for any numbers

RATES = st.integers(0, 20).map(lambda twentieth: f"{twentieth}/20")


@st.composite
def gates(draw: st.DrawFn) -> Any:
    return gate(
        max_failure_rate=draw(RATES),
        max_failures=draw(st.none() | st.integers(0, 6)),
        min_success_rate=draw(st.none() | RATES),
        min_sample=draw(st.integers(1, 25)),
        min_coverage=draw(RATES),
        max_rejected=draw(RATES),
        max_failed_cohort_share=draw(RATES),
    )


@st.composite
def wave_numbers(draw: st.DrawFn) -> Numbers:
    members = draw(st.integers(0, 40))
    left, counts = members, []
    for _kind in range(4):
        counts.append(draw(st.integers(0, left)))
        left -= counts[-1]
    verified, failed, silent, unknown = counts
    rejected, cohorts = draw(st.integers(0, 6)), draw(st.integers(0, 12))
    return Numbers(
        members=members,
        verified=verified,
        failed=failed,
        silent=silent,
        unknown=unknown,
        under_way=draw(st.integers(0, left)),
        devices=members + rejected + cohorts,
        rejected=rejected,
        in_failed_cohorts=cohorts,
    )


def _expected(rules: Any, numbers: Numbers, *, late: bool) -> GateVerdict:
    """The gate once more, written down another way: in devices instead of rates."""
    rate: Fraction = rules.max_failure_rate
    failures = numbers.failed + numbers.unknown * late
    attempted = numbers.verified + failures
    limits = [ceil(rate * numbers.members)]
    beyond = False
    if rules.max_failures is not None:
        limits.append(rules.max_failures)
    else:
        bets = [bet for bet in (2, 3, 5) if bet * rate < 1]
        stakes = [
            bet**failures
            * ((1 - bet * rate) / (1 - rate)) ** (numbers.verified + numbers.under_way)
            for bet in bets
        ]
        beyond = sum(stakes) >= 20 * len(bets) if bets else False
    if (
        any(failures > limit for limit in limits)
        or beyond
        or numbers.in_failed_cohorts > rules.max_failed_cohort_share * numbers.devices
    ):
        return FAIL
    if numbers.rejected > rules.max_rejected * numbers.devices:
        return HOLD
    if numbers.members == 0:
        return SKIP
    heard = attempted + numbers.silent
    if rules.min_success_rate is not None:
        enough = numbers.verified >= rules.min_success_rate * heard
    else:
        enough = failures + numbers.silent <= ceil(rate * heard)
        enough &= numbers.verified > 0 or rate == 1
    passed = (
        attempted >= min(rules.min_sample, numbers.members)
        and enough
        and attempted >= rules.min_coverage * numbers.members
    )
    return PASS if passed else HOLD if late else WAIT


@settings(max_examples=300)
@given(gates(), wave_numbers(), st.sampled_from([None, AHEAD, REACHED, OVER]))
def test_gate_for_any_numbers(rules: Any, numbers: Numbers, deadline: datetime | None) -> None:
    found = judge(rules, numbers, Circumstances(deadline=deadline, now=NOW))
    late = deadline in (REACHED, OVER)
    assert found.verdict is _expected(rules, numbers, late=late)
    if found.verdict is PASS:
        assert found.attempted >= min(rules.min_sample, numbers.members) > 0
        assert found.failures <= found.allowed


@settings(max_examples=100)
@given(gates(), st.integers(0, 300))
def test_more_members_never_tolerate_less(rules: Any, members: int) -> None:
    assert failures_allowed(rules, members) <= failures_allowed(rules, members + 1) <= members + 1
