# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a rollout: the text format of Prometheus, and a file that readers never see in part."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.replaced_file import (
    read_text,
    replace_file,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.metrics import (
    metrics_text,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import PHASES
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    decided,
    device,
    good,
    imeis,
    own,
    seen,
    spec,
    upgraded,
    wave,
    waves_of,
)

NOW = 1_780_000_000.25
FAILED_READ = {"rollout": "meters", "phase": "observation_failed", "msg": "no answer"}
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_VALUE = r'"(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(
    rf"({_NAME})\{{((?:{_NAME}={_VALUE})(?:,{_NAME}={_VALUE})*)\}} (-?[0-9]+(?:\.[0-9]+)?)"
)


def parse(text: str) -> Samples:
    """Read metrics by the grammar of the text format, as strictly as its parser in Go."""
    assert text.endswith("\n")
    samples: Samples = {}
    family = ""
    described: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in described, "the lines of a family must be together"
            described.append(family)
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge"
        else:
            found = _SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == family
            pairs = re.findall(rf"({_NAME})=({_VALUE})", found[2])
            labels = tuple(
                (name, re.sub(r"\\(.)", lambda match: match[1].replace("n", "\n"), value[1:-1]))
                for name, value in pairs
            )
            assert (family, labels) not in samples
            samples[family, labels] = float(found[3])
    return samples


def facts_of(failed: int = 0, **members: Any) -> dict[str, Any]:
    """The result for a rollout in which so many of four pilots have failed."""
    ids = imeis(12)
    wish = spec([*ids, "990000000000001"], waves=[wave("pilot", count=4), wave("last")], **members)
    pilot = waves_of(decided(wish, seen(map(device, ids))))[1]
    report = [bad(each) for each in pilot[:failed]] + [good(each) for each in pilot[failed:]]
    known = [upgraded(each) if each in pilot[failed:] else device(each) for each in ids]
    campaigns = [own(report, "CampaignEnded", start=-6, end=-3)]
    return view_decision(decided(wish, seen(known, campaigns)), "none")


def read(text: str, name: str, **labels: str) -> float:
    key = (f"thingspace_fota_rollout_{name}", tuple({"rollout": "meters", **labels}.items()))
    return parse(text)[key]


def test_phase_devices_exposure_and_times() -> None:
    facts = facts_of()
    text = metrics_text(facts, now=NOW, failed=False)
    phases = {name: read(text, "phase", phase=name) for name in PHASES}
    assert [name for name, value in phases.items() if value] == [facts["phase"]]
    assert read(text, "devices", wave="pilot", **{"class": "verified"}) == 4
    assert read(text, "devices", wave="pilot", **{"class": "failed"}) == 0
    assert read(text, "devices", wave="last", **{"class": "pending"}) == 8
    assert read(text, "devices", wave="", **{"class": "not_found"}) == 1
    assert read(text, "exposed_devices") == facts["exposure"]
    assert read(text, "last_run_timestamp_seconds") == NOW
    assert read(text, "last_run_failed") == 0
    assert read(text, "next_check_timestamp_seconds") > 0
    assert read(text, "waiting_since_timestamp_seconds") == 0


def test_since_when_an_operator_is_waited_for() -> None:
    halted = facts_of(failed=4)
    text = metrics_text(halted, now=NOW, failed=False)
    assert halted["phase"] == "halted"
    assert 0 < read(text, "waiting_since_timestamp_seconds") < NOW, "the last failure"


def test_where_the_facts_do_not_tell_it_is_the_first_run_that_waited() -> None:
    first = metrics_text(FAILED_READ, now=NOW, failed=True)
    again = metrics_text(FAILED_READ, now=NOW + 3600, failed=True, earlier=first)
    assert read(first, "waiting_since_timestamp_seconds") == NOW
    assert read(again, "waiting_since_timestamp_seconds") == NOW
    assert read(again, "last_run_timestamp_seconds") == NOW + 3600
    assert read(again, "last_run_failed") == 1
    over = metrics_text(facts_of(), now=NOW, failed=False, earlier=again)
    assert read(over, "waiting_since_timestamp_seconds") == 0
    other = {**FAILED_READ, "rollout": "other"}
    assert f" {NOW + 9:.3f}\n" in metrics_text(other, now=NOW + 9, failed=True, earlier=again)


@pytest.mark.parametrize("name", ['a"b', "a\\", "a\nb", "a\\n", "a\x1b[31m", "ünï", "\ud800", ""])
def test_labels_are_escaped(name: str) -> None:
    facts = facts_of()
    facts["waves"][0]["name"] = name
    samples = parse(metrics_text(facts, now=NOW, failed=False))
    waves = {
        dict(labels)["wave"]
        for family, labels in samples
        if family.endswith("_devices") and "wave" in dict(labels)
    }
    assert len(waves - {"", "last"}) == (1 if name else 0)


def test_the_file_is_replaced_with_its_mode_and_nothing_is_left(tmp_path: Path) -> None:
    file = tmp_path / "meters.prom"
    for mode, text in ((0o644, "first\n"), (0o640, "second\n")):
        replace_file(str(file), text, mode=mode)
        assert stat.S_IMODE(file.stat().st_mode) == mode
        assert read_text(str(file)) == text
        assert list(tmp_path.iterdir()) == [file]
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "x.prom", tmp_path / "folder"):
        with pytest.raises(OSError):
            replace_file(str(path), "third\n", mode=0o644)
        assert read_text(str(path)) == ""
    assert sorted(tmp_path.iterdir()) == [tmp_path / "folder", file]
