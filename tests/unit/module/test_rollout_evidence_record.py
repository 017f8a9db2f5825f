# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded of a run says all that its gates were judged by, and is short for any fleet."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.evidence import (
    MOST_BYTES,
    view_evidence,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.recorded import (
    Unreadable,
    read_run,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
    view_events,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.recheck import (
    find_lifted,
    recheck,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.record import journal_record
from ansible_collections.thingspace.fota.tests.tools.random_rollouts import Draw
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples, first_in_test
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    bad,
    decided,
    device,
    good,
    imei,
    imeis,
    own,
    package,
    seen,
    spec,
    upgraded,
    wave,
)

LONGEST_LINE = 20_000
VERSION = "B" * 80


def record_of(facts: dict[str, Any]) -> dict[str, Any]:
    """The record of a run whose writes all succeeded, as it is read back."""
    created = [
        {"action": "create", "name": each["name"], "campaign_id": str(number) * 36, "result": "ok"}
        for number, each in enumerate(facts["actions"]["create"])
    ]
    return {**facts, "actions": created}


@pytest.mark.parametrize("seed", first_in_test(range(1, 400), taken=12))
def test_every_decision_follows_from_what_is_recorded_of_it(seed: int) -> None:
    """Of rollouts of any kind, with any faults, and whatever people do."""
    before = None
    for facts in Draw(seed).rollout().runs():
        if "refused" in facts:
            continue
        run = read_run(json.loads(json.dumps(record_of(facts))))
        assert list(recheck(run)) == []
        if before is not None:
            assert list(find_lifted(before, run)) == []
        before = run


def busy_decision(*, models: int, waves: int) -> Decision:
    """A run of a rollout with as many of everything as may be, all with long names."""
    names = [f"M{number}\u00e9\u4e2d" * 8 for number in range(models)]
    wish = spec(
        imeis(4 * models),
        target=[{"make": MAKER, "model": name, "version": VERSION} for name in names],
        waves=[
            wave(
                f"w{number}-" + "x" * 20, count=1, gate={"min_sample": number + 1, "approval": True}
            )
            for number in range(waves - 1)
        ]
        + [wave("last")],
        approved=[{"wave": "w0-" + "x" * 20, "digest": f"{number:064}"} for number in range(60)],
        accept=[
            {
                "wave": "last",
                "failures": 1,
                "up_to": number + 1,
                "by": "\u00e9" * 200,
                "reason": "x" * 900,
            }
            for number in range(60)
        ],
    )
    devices = [device(imei(number), model=names[number % models]) for number in range(4 * models)]
    return decided(wish, seen(devices, catalog=[package(name, f"A {VERSION}") for name in names]))


def begun(decision: Decision) -> Decision:
    """The same, as if all of its waves had begun: then every one of them is recorded."""
    assessment = decision.assessment
    states = tuple(replace(state, begun=True) for state in assessment.waves)
    return replace(decision, assessment=replace(assessment, waves=states))


def test_a_line_is_short_for_any_fleet() -> None:
    decision = begun(busy_decision(models=60, waves=98))
    evidence = view_evidence(decision)
    assert 0.8 * MOST_BYTES < len(json.dumps(evidence, separators=(",", ":"))) <= MOST_BYTES + 500
    left_out = evidence["left_out"]
    for name, entries in {"waves": 98, "gates": 98, "cohorts": 60, "targets": 60}.items():
        assert len(evidence[name]) + left_out[name] == entries
    assert evidence["waves"], "some of the newest waves are always there"
    facts = {**view_decision(decision, "none"), "events": view_events(decision)}
    actions = [
        {
            "action": "create",
            "campaign_id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
            "name": "tsr.meters-10657-abcdefgh.5d1c5b.w01.8a1f0e.t01.a1.n100000",
            "devices": 100_000,
            "result": "no answer " * 100,
        }
        for _number in range(100)
    ]
    failed = {"task": "Create the campaigns", "message": "x" * 9000}
    record = journal_record(facts, state="running", actions=actions, failed=failed)
    assert len(json.dumps(record, separators=(",", ":"))) < LONGEST_LINE - 250
    assert len(record["created"]) == 100, "later runs read them"
    assert record["actions_left_out"] == 100 - len(record["actions"]) > 0
    assert list(recheck(read_run(record))) == []


def test_the_numbers_of_a_wave_can_be_recomputed_by_hand() -> None:
    fine, broken = imeis(18), imeis(2, start=18)
    rows = [*(good(each) for each in fine), *(bad(each) for each in broken)]
    known = [*(upgraded(each) for each in fine), *(device(each) for each in broken)]
    evidence = view_evidence(decided(spec(imeis(20)), seen(known, [own(rows)])))
    (part,) = evidence["waves"][0]["parts"]
    counted = {name: part[name] for name in ("members", "verified", "failed", "silent", "devices")}
    assert counted == {"members": 20, "verified": 18, "failed": 2, "silent": 0, "devices": 20}
    assert evidence["cohorts"][0]["counts"] == {"1": [20, 2]}
    assert evidence["left_out"] == {}


def paths_of(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            yield from paths_of(entry, (*path, key))


RECORD = record_of(view_decision(busy_decision(models=2, waves=3), "none"))
PLACES = [path for path in paths_of(RECORD["evidence"]) if path]


@settings(max_examples=examples(300))
@given(
    place=st.sampled_from(PLACES),
    value=st.sampled_from(
        [None, True, -1, 10**40, 1.5, "", "x", "1/0", "\ud800", [], {}, [None], {"a": 1}]
    ),
)
def test_anything_in_any_place_is_read_or_refused(place: tuple[Any, ...], value: object) -> None:
    record = copy.deepcopy(RECORD)
    holder = record["evidence"]
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    try:
        run = read_run(record)
    except Unreadable as error:
        assert str(error)
    else:
        assert all(isinstance(text, str) for text in recheck(run))
