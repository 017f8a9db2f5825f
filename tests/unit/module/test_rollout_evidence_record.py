# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded of a run says all that its gates were judged by, and is short for any fleet."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
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
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.verify_report import (
    compare_report,
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
from ansible_collections.thingspace.fota.tests.tools import decision_facts
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
    waves_of,
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
def test_every_decision_follows_from_what_is_recorded_of_it(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of rollouts of any kind, with any faults, and whatever people do."""
    monkeypatch.setattr(decision_facts, "SENTENCES", frozenset())  # they are compared, too
    before = None
    for facts in Draw(seed).rollout().runs():
        if "refused" in facts:
            continue
        run = read_run(json.loads(json.dumps(record_of(facts))))
        assert list(recheck(run)) == []
        assert list(compare_report(json.loads(json.dumps(facts)))) == []
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


def run_of_two_waves() -> dict[str, Any]:
    """The record of a run: 20 pilots, two of which have failed, and a wave that waits for them."""
    ids = imeis(40)
    wish = spec(ids, waves=[wave("pilot", count=20), wave("all")], gate={"soak_hours": 24})
    pilots = waves_of(decided(wish, seen(map(device, ids))))[1]
    rows = [*(good(each) for each in pilots[2:]), *(bad(each) for each in pilots[:2])]
    known = [upgraded(each) if each in pilots[2:] else device(each) for each in ids]
    record = record_of(view_decision(decided(wish, seen(known, [own(rows)])), "none"))
    return json.loads(json.dumps({**record, "state": "running"}))


def name_of(record: dict[str, Any], wave: int, attempt: int = 1) -> str:
    generation = record["evidence"]["targets"][0]["generation"]
    return f"tsr.meters.{generation}.w{wave:02}.000000.t01.a{attempt}.n9"


def create(record: dict[str, Any], *arguments: int) -> None:
    record["actions"] = [{"action": "create", "name": name_of(record, *arguments)}]


def part_of(record: dict[str, Any]) -> dict[str, Any]:
    return record["evidence"]["waves"][0]["parts"][0]


def cohort_of(record: dict[str, Any]) -> dict[str, Any]:
    return record["evidence"]["cohorts"][0]


MOMENT = {"at": "2026-04-10T00:00:00+00:00", "members": 20, "attempted": 20, "failures": 1}
FORGED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a cohort that failed": (
        lambda record: cohort_of(record).update(counts={"1": [5, 5]}),
        "cohort M1-A-B: recorded as not failed with 5 failures of 5 attempted",
    ),
    "a cohort that did not": (
        lambda record: cohort_of(record).update(failed_at=MOMENT["at"]),
        "cohort M1-A-B: recorded as failed with 2 failures of 20 attempted",
    ),
    "a cohort of a wave that is not there": (
        lambda record: cohort_of(record).update(counts={"7": [5, 5]}),
        "cohort M1-A-B: no gate is recorded for one of its waves",
    ),
    "an accept of a cohort": (
        lambda record: cohort_of(record).update(accepted=7),
        "cohort M1-A-B: no accept of 7 failures is recorded",
    ),
    "an accept of a wave": (
        lambda record: part_of(record).update(accepted=7),
        "wave pilot: no accept of 7 failures is recorded",
    ),
    "failures that were too many once": (
        lambda record: part_of(record).update(too_many_once=MOMENT),
        "were not too many",
    ),
    "failures over a limit once": (
        lambda record: part_of(record).update(over_limit_once=MOMENT),
        "were tolerated",
    ),
    "no gate": (
        lambda record: record["evidence"].update(gates=[]),
        "wave pilot: no gate is recorded",
    ),
    "no numbers": (
        lambda record: record["evidence"]["waves"][0].update(parts=[]),
        "wave pilot: no numbers are recorded for its verdict soak",
    ),
    "a wave that passed by itself": (
        lambda record: record["evidence"]["waves"][0].update(verdict="pass", passed_for="all"),
        "wave pilot: recorded as pass, but soak follows",
    ),
    "a phase that is over": (
        lambda record: record.update(phase="completed"),
        "the phase is completed, but not every wave has passed",
    ),
    "a phase that waits": (
        lambda record: record.update(phase="awaiting_approval"),
        "the phase is awaiting_approval, but the verdict of no wave says so",
    ),
    "a phase that has halted": (
        lambda record: record.update(phase="halted"),
        "the phase is halted, but no wave has failed",
    ),
    "created while paused": (
        lambda record: record.update(state="paused") or create(record, 1),
        "campaigns were created although the state was paused",
    ),
    "created too early": (lambda record: create(record, 2), "before wave all was open"),
    "tried again too early": (lambda record: create(record, 2, 2), "before wave all was open"),
    "swept too early": (lambda record: create(record, 99), "before every wave had passed"),
}


def test_a_record_that_was_not_forged_follows() -> None:
    record = run_of_two_waves()
    assert record["phase"] == "soaking"
    assert list(recheck(read_run(record))) == []
    create(record, 1)
    assert list(recheck(read_run(record))) == []


@pytest.mark.parametrize(("change", "why"), FORGED.values(), ids=FORGED)
def test_what_does_not_follow_is_found(change: Callable[[dict[str, Any]], None], why: str) -> None:
    record = run_of_two_waves()
    change(record)
    assert [text for text in recheck(read_run(record)) if why in text] != []


def test_a_halt_that_was_lifted_without_a_word_is_found() -> None:
    before = run_of_two_waves()
    part_of(before).update(over_limit_once={**MOMENT, "failures": 3}, verdict="fail")
    before["evidence"]["waves"][0]["verdict"] = "fail"
    before["phase"] = "halted"
    assert list(recheck(read_run(before))) == []
    after = run_of_two_waves()
    found = list(find_lifted(read_run(before), read_run(after)))
    assert found == [
        "wave pilot had failed in the run before, and now it is soak, although no accept was given"
    ]
    after["evidence"]["accepted"] = [{"wave": "pilot", "up_to": 3}]
    assert list(find_lifted(read_run(before), read_run(after))) == []


def test_what_was_left_out_is_not_taken_for_forged() -> None:
    """Rollouts with more waves, targets and overrides than a line has room for."""
    for models, waves in ((60, 98), (30, 3), (2, 98)):
        record = record_of(view_decision(begun(busy_decision(models=models, waves=waves)), "none"))
        record = json.loads(json.dumps({**record, "state": "running"}))
        assert record["evidence"]["left_out"]
        assert list(recheck(read_run(record))) == []
