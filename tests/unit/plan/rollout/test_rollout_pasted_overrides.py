# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan prints for an operator, pasted as it stands, lets the rollout go on: always.

And it lets nothing go on for firmware that it was not printed for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.phases import (
    Phase,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import plan_lines
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    hours,
    package,
    spec,
    target,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_random_runs import (
    SLOW,
    Run,
    runs,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    run_once,
)

WAITS = (Phase.HALTED, Phase.HELD, Phase.AWAITING_APPROVAL)
LINES = {"approved": "to approve: ", "accept": "to continue anyway: "}
# Hours between runs must not matter to what is printed, so that few runs say as much as many.
SEEN: dict[str, int] = dict.fromkeys(("halted", "held", "awaiting_approval"), 0)


def paste(declared: dict[str, Any], found: Decision) -> dict[str, Any]:
    """Add the lines of the plan to a declaration, as an operator does."""
    facts = {**view_decision(found, "none"), "msg": "plan"}
    result = dict(declared)
    for key, line in LINES.items():
        for text in plan_lines(facts):
            if text.startswith(line):
                result[key] = [*result.get(key, []), *yaml.safe_load(text.removeprefix(line))[key]]
    return result


def waves_of_generation(found: Decision, generation: str) -> set[int]:
    return {planned.name.wave for planned in found.create if planned.name.generation == generation}


def check_new_target(run: Run, declared: dict[str, Any], selected: Sequence[str]) -> None:
    """For the model with another target, all begins with the first wave that has devices of it."""
    catalog = run.service.catalog
    run.service.catalog = (*catalog, package("M1", "A C"), package("M1", "B C"))
    wish = spec(selected, **{**declared, "target": [target("M1", "C"), target("M2")]})
    found = decide(wish, run.service.observe(wish))
    new = wish.targets[0]
    first = min(
        (
            state.wave.number
            for state in found.assessment.waves
            if any(row.target == new for row in state.rows)
        ),
        default=0,
    )
    assert waves_of_generation(found, new.generation) <= {first}
    run.service.catalog = catalog


def paste_until_it_goes_on(run: Run, declared: dict[str, Any], found: Decision) -> dict[str, Any]:
    """Paste; who accepts the failures of a wave may be asked to approve it, too."""
    for _asked in range(2):
        SEEN[found.phase.value] += 1
        declared = paste(declared, found)
        wish = spec(run.selections[0], **declared)
        before, found = found, decide(wish, run.service.observe(wish))
        if found.phase is not Phase.AWAITING_APPROVAL or before.phase is found.phase:
            break
    assert found.phase not in WAITS, (before.why, found.why, declared)
    return declared


@settings(parent=SLOW, max_examples=examples(30))
@given(run=runs(fates=("bad", "silent", "unreached")), approval=st.booleans())
def test_what_is_printed_lets_the_rollout_go_on(run: Run, *, approval: bool) -> None:
    declared = {**run.declared, "gate": {"approval": approval}}
    (selected,) = run.selections
    end, number = run.service.now + hours(24 * 7 * 8), 0
    while run.service.now < end:
        wish = spec(selected, **declared)
        found = run_once(wish, run.service)
        if found.phase in WAITS and not found.stops:
            declared = paste_until_it_goes_on(run, declared, found)
            check_new_target(run, declared, selected)
        if found.phase.complete:
            break
        run.service.now += hours(run.steps[number % len(run.steps)])
        number += 1
    assert found.phase.complete, found.why


def test_all_states_that_wait_were_met() -> None:
    """The counts of the test before, which is the same whenever it runs."""
    assert all(SEEN.values()), SEEN
