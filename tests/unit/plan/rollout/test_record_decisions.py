# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder of decisions: the same twice, and a changed fact is found."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.tests.tools.record_decisions import compare, record


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "before.jsonl.gz"
    record(path, rollouts=2, seed=1)
    return path


def test_two_recordings_are_the_same(recording: Path, tmp_path: Path) -> None:
    record(tmp_path / "again.jsonl.gz", rollouts=2, seed=1)
    assert (tmp_path / "again.jsonl.gz").read_bytes() == recording.read_bytes()
    assert compare(recording, recording) == 0


def test_a_changed_fact_is_found(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = gzip.decompress(recording.read_bytes()).splitlines()
    changed = json.loads(first)
    changed["runs"][2]["exposure"] += 1
    after = tmp_path / "after.jsonl.gz"
    after.write_bytes(gzip.compress(b"\n".join([json.dumps(changed).encode(), *others])))
    assert compare(recording, after) == 1
    assert "rollout 1 run 2: .exposure: " in capsys.readouterr().out


def test_a_missing_rollout_is_found(recording: Path, tmp_path: Path) -> None:
    record(tmp_path / "shorter.jsonl.gz", rollouts=1, seed=1)
    assert compare(recording, tmp_path / "shorter.jsonl.gz") == 1
