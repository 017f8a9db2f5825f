# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every write under every fault: what the service holds in the end is what it would hold anyway.

``run_matrix()`` runs it without pytest and gives the counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any
from zlib import crc32

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.table import TABLE
from ansible_collections.thingspace.fota.tests.contract.openapi import MAY_BE_EMPTY
from ansible_collections.thingspace.fota.tests.reliability.fault_between import (
    between_cases,
    run_between,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_outcome import (
    Failed,
    Outcome,
    attempt,
    judge_end,
    log_out,
    make_stage,
    plain,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    IMPATIENT,
    PATIENT,
    Controller,
    Stage,
    quick_retries,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_writes import WRITES, Write
from ansible_collections.thingspace.fota.tests.tools.soak_values import SOAK

# Virtual hours: how long new campaigns stay hidden, and when they surely do not any more.
HIDDEN_HOURS, DELAY_OVER = 2, 3
ALWAYS = 10_000
# Seconds that a call may take where even a sound one is slow.
BUSY = 5.0
# The cut has all of a creation's own cases, one in so many of the other writes' own, and one in so
# many of those that spoil another call of a task.
OWN_TAKEN, OTHERS_TAKEN = 5, 60
# It also has all of these at the reads of a rollout that creates: an answer with HTTP 200 that
# says nothing must not count as an empty or a short list.
NO_ANSWERS = {"error_200_before", "empty_object", "missing_flag"}


class Expectation(Enum):
    """What a fault may do to a task.

    SAME: the task may fail, and is run once more; if it says that all is well, all is well.
    REFUSED: the task fails, and nothing was written by or after the spoilt call.
    BLIND: the service tells less than the truth, so that what the task says is not judged.
    DELAYED: as BLIND until the delay is over, which a run of the task sits out.
    """

    SAME = "same"
    REFUSED = "refused"
    BLIND = "blind"
    DELAYED = "delayed"


# What a fault does when it hits a write, and a read. One that is not named is to change nothing.
_UNLIKE_OTHERS: dict[str, tuple[Expectation, Expectation]] = {
    "lockout": (Expectation.REFUSED, Expectation.REFUSED),
    "endless_cursor": (Expectation.REFUSED, Expectation.REFUSED),
    "redirect": (Expectation.REFUSED, Expectation.SAME),
    "xml_403": (Expectation.REFUSED, Expectation.BLIND),
    "clock_skew": (Expectation.SAME, Expectation.BLIND),
    "null_lists": (Expectation.SAME, Expectation.BLIND),
    "missing_lists": (Expectation.SAME, Expectation.BLIND),
    "unknown_status": (Expectation.SAME, Expectation.BLIND),
    "missing_fields": (Expectation.SAME, Expectation.BLIND),
    "delayed_campaigns": (Expectation.DELAYED, Expectation.DELAYED),
    "vanished_campaigns": (Expectation.DELAYED, Expectation.DELAYED),
}
_ALL_PLACES = ["reports", "histories", "details"]
# With these no read at all tells of a campaign. Then only the service itself keeps it from being
# doubled, as it refuses its devices to a second one; other devices added to it, it takes.
_UNSEEN = ({"places": ["reports", "histories"]}, {"places": _ALL_PLACES})
# Parameters that a fault is tried with; all others keep the defaults of the table.
_VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "status_429": ({}, {"retry_after": 0}, {"retry_after": 1, "as_date": True}),
    "refuse": ({"seconds": 0.1},),
    "stall_before": ({"seconds": 0.3},),
    "stall_after": ({"seconds": 0.3},),
    "slow_body": ({"seconds": 0.1},),
    "short_pages": ({"rows": 1},),
    "repeated_page": ({"rows": 1},),
    "overlapping_pages": ({"rows": 1},),
    "endless_cursor": ({"rows": 1}, {"rows": 1, "cursor": "new"}),
    "clock_skew": ({"hours": 24}, {"hours": -24}),
    "error_200_before": ({}, {"sender": "gateway"}),
    "error_200_after": ({}, {"sender": "gateway"}),
    "spelled_flag": ({}, {"spelling": "text"}),
    "missing_flag": ({}, {"value": "absent"}),
    "missing_fields": ({}, {"keys": ["id", "campaignId"]}, {"keys": ["success"]}),
    "unknown_status": ({}, {"keys": ["status", "success", "Resp", "reason"]}),
    "delayed_campaigns": (
        {"hours": HIDDEN_HOURS},
        *({"hours": HIDDEN_HOURS, **unseen} for unseen in _UNSEEN),
    ),
    "vanished_campaigns": ({}, *_UNSEEN),
}
# A silence that the client does not sit out, seconds.
_READ_TIMEOUT = {"stall_before": 0.1, "stall_after": 0.1}

# What is about the connection itself needs one; `make soak` uses one in all cases.
_SOCKETS = frozenset(
    {
        *("reset_before", "reset_after", "refuse", "stall_before", "stall_after", "slow_body"),
        "truncated_body",
    }
)

# Only after this is a login not tried again for a while, unless an operator logs out.
_REMEMBERED = "lockout"


@dataclass(frozen=True)
class Case:
    """One fault in one task. ``operation`` is the call that it spoils, ``*`` each that it can."""

    write: Write
    fault: str
    operation: str
    params: tuple[tuple[str, Any], ...] = ()
    lasting: bool = False

    def __str__(self) -> str:
        more = ",".join(f"{name}={value}" for name, value in self.params)
        at = "" if self.operation == self.write.operation else f"@{self.operation}"
        return f"{self.write}-{self.fault}{f'({more})' if more else ''}{at}"

    @property
    def is_repeated(self) -> bool:
        """The same is in the cut for another API, or often enough: ``make soak`` takes it."""
        if self.operation in (self.write.operation, "*"):
            return self.operation.startswith("v2Schedule") and not _is_one_in(OWN_TAKEN, self)
        return not _says_nothing(self) and not _is_one_in(2 * OTHERS_TAKEN, self)

    @property
    def rule(self) -> dict[str, Any]:
        # A refusal lasts: of several writes of a task, none is to get through.
        lasting = self.lasting or self.expectation is Expectation.REFUSED
        times = {"times": ALWAYS} if lasting else {}
        return {"operation": self.operation, "fault": self.fault, **dict(self.params), **times}

    @property
    def expectation(self) -> Expectation:
        if self.fault == "empty_200" and self.operation in MAY_BE_EMPTY:
            return Expectation.BLIND
        on_write, on_read = _UNLIKE_OTHERS.get(self.fault, (Expectation.SAME, Expectation.SAME))
        if self.operation != self.write.operation:
            listed = self.operation.endswith("ListCampaignsByStatus")
            needless = self.write.halts and not listed and on_read is Expectation.REFUSED
            return Expectation.SAME if needless else on_read
        return Expectation.SAME if self.write.optional else on_write


# -- the cases ------------------------------------------------------------------------------------


def own_cases() -> list[Case]:
    """Every fault at the call that writes, or, if it cannot happen there, wherever it can."""
    return [
        Case(write, fault.name, operation, tuple(params.items()))
        for write in WRITES
        for fault in TABLE.values()
        for operation in [write.operation if fault.can_hit(write.operation) else "*"]
        if operation != "*" or any(map(fault.can_hit, plain(write).operations))
        for params in _variants(write, fault.name)
    ]


def _variants(write: Write, fault: str) -> Iterable[dict[str, Any]]:
    found = _VARIANTS.get(fault, ({},))
    return [one for one in found if "places" not in one or not write.adds]


def other_cases() -> list[Case]:
    """Every fault at every other call of every task, as long as the task lasts."""
    return [
        Case(write, fault.name, operation, tuple(params.items()), lasting=fault.times == 1)
        for write in WRITES
        for operation in plain(write).operations
        if operation != write.operation
        for fault in TABLE.values()
        if fault.can_hit(operation)
        for params in _variants(write, fault.name)
    ]


def cases(*, full: bool) -> list[Case]:
    """All cases, or the cut of ``make test`` and ``make soak``: most own cases, and some others."""
    own, others = own_cases(), other_cases()
    if full:
        return own + others
    taken = [one for one in own if one.write.creates or _is_one_in(OWN_TAKEN, one)]
    return taken + [one for one in others if _says_nothing(one) or _is_one_in(OTHERS_TAKEN, one)]


def _says_nothing(case: Case) -> bool:
    return (
        case.fault in NO_ANSWERS
        and ("sender", "gateway") not in case.params
        and case.write.module == "rollout"
        and (case.write.creates or case.write.names_by_history)
        and case.operation.startswith(("v2", "v3"))
    )


def _is_one_in(many: int, case: Case) -> bool:
    return crc32(str(case).encode()) % many == 0


# -- one case -------------------------------------------------------------------------------------


def run_case(case: Case) -> Outcome:
    """Run the task under its fault, once more without, and judge what the service holds."""
    outcome, expected = Outcome(str(case)), plain(case.write)
    stage = make_stage(case.write, sockets=SOAK or case.fault in _SOCKETS)
    with stage:
        with quick_retries():
            case.write.prepare(stage)
        before, begun = case.write.end_state(stage), stage.sim.now
        stage.sim.clear_journal()
        controller = stage.controller()
        failure = _under_the_fault(stage, case, controller, outcome)
        if failure is not None and not outcome.struck:
            # On a busy machine, a call before the one in question can be late without any fault.
            failure = _under_the_fault(stage, case, controller, outcome, patience=BUSY)
        _judge_at_once(stage, case, failure, (before, expected.at_once), outcome)
        if case.expectation is Expectation.DELAYED:
            _under_the_fault(stage, case, controller, outcome)
            stage.sim.advance(hours=DELAY_OVER)
        stage.sim.faults([])
        stage.sim.unlock()
        with quick_retries():
            controller.timeout = PATIENT
            if case.fault == _REMEMBERED:
                controller.run(log_out, {})
            again = attempt(case.write, controller, outcome)
        if again is not None:
            outcome.findings.append(f"the run without the fault fails: {again.message}")
        unseen = case.expectation in (Expectation.DELAYED, Expectation.BLIND)
        judge_end(
            *(stage, case.write, begun, outcome),
            names_may_differ=unseen and case.write.names_by_history,
        )
    return outcome


def _under_the_fault(
    stage: Stage,
    case: Case,
    controller: Controller,
    outcome: Outcome,
    *,
    patience: float = IMPATIENT,
) -> Failed | None:
    """Run the task; how it failed, None if it did not."""
    controller.timeout = patience
    stage.order([case.rule])
    with quick_retries(_READ_TIMEOUT.get(case.fault, PATIENT)):
        failure = attempt(case.write, controller, outcome)
    if stage.endless:
        outcome.findings.append("the task does not end under the fault")
    else:
        outcome.struck += sum(rule["struck"] for rule in stage.sim.fault_rules())
    return failure


def _judge_at_once(
    stage: Stage,
    case: Case,
    failure: Failed | None,
    states: tuple[dict[str, Any], dict[str, Any]],
    outcome: Outcome,
) -> None:
    before, expected = states
    state = case.write.end_state(stage)
    if case.expectation is Expectation.SAME and failure is None and state != expected:
        outcome.findings.append(f"the task said that all is well, but there is {state}")
    if case.expectation is not Expectation.REFUSED or not outcome.struck:
        return
    if failure is None:
        outcome.findings.append("the task did not fail")
    journal = stage.sim.journal()
    first = next(place for place, one in enumerate(journal) if one["fault"])
    if not any(one["kind"] == "write" for one in journal[:first]) and state != before:
        outcome.findings.append(f"something was written: {state}")


# -- the whole ------------------------------------------------------------------------------------


def run_matrix(
    *, full: bool = True, share: slice = slice(None), say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Run all cases, or the cut; the counts, and what is wrong.

    :param share: which of the cases to run, where several processes share them.
    """
    jobs = [partial(run_case, one) for one in cases(full=full)]
    jobs += [partial(run_between, one) for one in between_cases(full=full)]
    return sum_up(_reported((job() for job in jobs[share]), say))


def _reported(outcomes: Iterable[Outcome], say: Callable[[str], None]) -> Iterator[Outcome]:
    for outcome in outcomes:
        for finding in outcome.findings:
            say(f"{outcome.case}: {finding}")
        yield outcome


def sum_up(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The counts over some cases."""
    told = list(outcomes)
    return {
        "fault_cases": len(told),
        "struck": sum(bool(one.struck) for one in told),
        "duplicates": sum(len(one.duplicates) for one in told),
        "lost_devices": sum(one.lost_devices for one in told),
        "doubled_devices": sum(one.doubled_devices for one in told),
        "findings": {one.case: one.findings for one in told if one.findings},
    }
