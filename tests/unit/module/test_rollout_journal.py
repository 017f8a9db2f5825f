# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals as they are found: written by several hands, cut off, or not there at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.journal import (
    Journal,
    read_journal,
    read_last_run,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.events import (
    LastRun,
)


def line(rollout: str = "meters", **members: Any) -> str:
    """One line as the role writes it, or a part of it."""
    return json.dumps({"rollout": rollout, **members})


def read(path: Path, *lines: str) -> Journal:
    """Read a journal of these lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_journal(str(path), "meters")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_a_journal_that_is_not_there_is_empty(path: Path) -> None:
    assert read_journal(str(path), "meters") == Journal()
    path.write_text("")
    assert read_journal(str(path), "meters") == Journal(LastRun(), (), ())


def test_the_newest_line_tells_of_the_run_before_and_all_tell_what_was_created(
    path: Path,
) -> None:
    found = read(
        path,
        line(phase="planned", passed=[], created=["c2", "c1"]),
        line(phase="running", passed=["pilot"], created=[]),
        line(phase="running", passed=["pilot", "broad"], created=["c1", "c3"]),
    )
    assert found.campaign_ids == ("c2", "c1", "c3")
    assert found.last == LastRun("running", frozenset({"pilot", "broad"}))
    assert found.unreadable == ()


def test_lines_of_other_rollouts_are_left_out(path: Path) -> None:
    found = read(
        path,
        line(phase="planned", created=["c1"]),
        line("trackers", phase="halted", passed=["all"], created=["c9"]),
        line("meters-2", phase="held", created=["c8"]),
        json.dumps({"phase": "held", "created": ["c7"]}),
    )
    assert found == Journal(LastRun("planned"), ("c1",))


def test_bad_lines_are_counted_from_1_and_the_others_are_read(path: Path) -> None:
    found = read(
        path,
        line(created=["c1"]),
        "",
        '{"rollout": "meters", "created": ["c2"',
        "[1, 2]",
        "   ",
        '"meters"',
        "null",
        line(created=["c3"], phase="running"),
        "\x00\x01",
    )
    assert found.unreadable == (9,), "a run has followed the others, and has reported them"
    assert found.campaign_ids == ("c1", "c3")
    assert found.last.phase == "running"
    first = path.read_text(encoding="utf-8").splitlines()[:7]
    assert read(path, *first).unreadable == (3, 4, 6, 7)
    assert read(path, *first, line("trackers")).unreadable == (3, 4, 6, 7)


def test_bytes_that_are_no_text_spoil_their_line_only(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\n" + line(created=["c1"]).encode() + b"\r\n")
    found = read_journal(str(path), "meters")
    assert (found.campaign_ids, found.unreadable) == (("c1",), ())
    path.write_bytes(b"\xff\xfe\n")
    assert read_journal(str(path), "meters").unreadable == (1,)


def test_a_last_line_without_its_end_counts(path: Path) -> None:
    path.write_text(line(created=["c1"]) + "\n" + line(phase="held"), encoding="utf-8")
    found = read_journal(str(path), "meters")
    assert (found.campaign_ids, found.last.phase) == (("c1",), "held")


@pytest.mark.parametrize("created", [None, "c1", 7, {"id": "c1"}, True])
def test_ids_that_are_no_list_are_none(path: Path, created: object) -> None:
    assert read(path, line(created=created)).campaign_ids == ()


@pytest.mark.parametrize("one", ["", ".", "..", "a/b", "a b", "c1\n", "é", "x" * 65, ["c1"]])
def test_what_cannot_be_an_id_is_left_out(path: Path, one: object) -> None:
    assert read(path, line(created=[one, "c1"])).campaign_ids == ("c1",)


def test_a_path_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as told:
        read_journal(str(tmp_path), "meters")
    assert str(tmp_path) in str(told.value)
    assert "cannot be read: Is a directory" in str(told.value)


def test_a_path_through_a_file_is_an_error(path: Path) -> None:
    path.write_text("")
    with pytest.raises(InvalidValue, match="Not a directory"):
        read_journal(str(path / "journal.jsonl"), "meters")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, LastRun()),
        ({"phase": None, "passed": None}, LastRun()),
        ({"phase": "running"}, LastRun("running")),
        ({"phase": "running", "passed": ["pilot"]}, LastRun("running", frozenset({"pilot"}))),
        ({"halted": ["alpha-A-B"]}, LastRun(halted=frozenset({"alpha-A-B"}))),
        ({"phase": 7, "passed": [1, "all"]}, LastRun("7", frozenset({"1", "all"}))),
        ({"passed": "pilot"}, LastRun()),
    ],
)
def test_what_is_remembered_of_a_run(entry: dict[str, Any], expected: LastRun) -> None:
    assert read_last_run(entry) == expected
