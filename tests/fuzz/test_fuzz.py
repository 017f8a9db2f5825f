# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No reader of what the service sends, or of what a person declares, raises but our own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model import campaign_wire
from ansible_collections.thingspace.fota.tests.fuzz import fuzz_run
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_parsers import REPLIES, Target
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_run import Fuzzer, all_targets, fuzz
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test

EXAMPLES = 100
TARGETS = (
    *("campaign", "upgrade", "device report", "devices", "history", "packages", "synchronized"),
    *("request id", "success flag", "device changes", "subscription", "licenses", "pages"),
    *("candidates", "callbacks", "logging", "files"),
    *("times", "status words and names", "headers", "printable", "error bodies"),
    *("rollout declarations", "campaign options", "upgrade options", "single options", "journal"),
    "devices file",
    *("raw replies", "raw replies to logins", "token cache", "use-cases"),
)


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    with all_targets() as found:
        yield {target.name: target for target in found}


@pytest.mark.parametrize("number", first_in_test([None, 1]))
@pytest.mark.parametrize("name", TARGETS)
def test_only_our_own_exceptions(
    targets: dict[str, Target],
    record_property: Callable[[str, object], None],
    name: str,
    number: int | None,
) -> None:
    fuzzer = Fuzzer()
    fuzzer.run(targets[name], examples=EXAMPLES, number=number)
    record_property("fuzz_inputs", fuzzer.tried.total())
    assert fuzzer.tried.total() >= EXAMPLES / 4


def test_no_target_is_left_out(targets: dict[str, Target]) -> None:
    assert set(targets) == set(TARGETS)


def test_a_defect_is_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rig itself: a reader that trips over one member of a reply is a finding."""
    monkeypatch.setattr(campaign_wire, "parse_date", date.fromisoformat)
    monkeypatch.setattr(fuzz_run, "all_targets", lambda: nullcontext(REPLIES))
    found = fuzz(examples=1)
    (line,) = (one for one in found["findings"] if one.startswith("campaign: "))
    assert line.startswith("campaign: ValueError: Invalid isoformat string")
    assert "try_one(" in line or sys.version_info < (3, 11)
    assert sum(found["by_target"].values()) == found["inputs"]
