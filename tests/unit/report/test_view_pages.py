# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits, overviews, rehearsals and devices as pages, and hostile names in all that they show."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.plugins.module_utils._model.text import visible
from ansible_collections.thingspace.fota.tests.tools.report_facts import HOSTILE
from ansible_collections.thingspace.fota.tests.tools.view_facts import (
    IMEI,
    VIEWS,
    audit_of,
    device_of,
    overview_of,
    rehearsal_of,
)
from ansible_collections.thingspace.fota.tests.unit.report.test_report_files import Outline

PLAIN = {view: set(Outline(str(fota_report(VIEWS[view](), f"{view}_html"))).tags) for view in VIEWS}


def page_of(view: str, facts: dict[str, object]) -> Outline:
    return Outline(str(fota_report(facts, f"{view}_html")))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("view", VIEWS)
def test_a_name_is_text_and_never_markup(view: str, name: str) -> None:
    facts = VIEWS[view](name)
    found = page_of(view, facts)
    assert set(found.tags) == PLAIN[view]
    assert not [value for key, value in found.attributes if key.startswith("on")]
    assert " ".join(visible(name).split()) in found.words
    lines = fota_report(facts, view)
    assert isinstance(lines, list)
    assert [line for line in lines if not line.isprintable()] == []


def test_an_audit_draws_the_versions_of_each_model() -> None:
    found = page_of("audit", audit_of())
    assert "1 at the target, 2 behind, 5 unknown version, 4 without a target" in found.words
    bars = [
        value
        for key, value in found.attributes
        if key == "aria-label" and value == "Sensors Inc alpha"
    ]
    assert len(bars) == 1
    assert "since 2026-02-02 08:00 UTC (rollout alpha): 14 devices changed version" in found.words
    unread = page_of("audit", {"msg": "no <answer>", "phase": "observation_failed"})
    assert "no <answer>" in unread.words and "table" not in unread.tags


@pytest.mark.parametrize("view", ["audit", "device", "overview"])
def test_what_the_simulator_says_carries_a_mark(view: str) -> None:
    facts = VIEWS[view]("north")
    service = {"host": "127.0.0.1:8443", "simulated": True}
    facts["service"] = service
    for account in facts.get("accounts", ()):
        account.update(service)
    lines = fota_report(facts, view)
    assert str(lines[0]).startswith("SIMULATED on 127.0.0.1:8443: ")
    assert "simulated service" in page_of(view, facts).words


def test_an_overview_has_a_row_for_each_rollout_and_says_what_it_lacks() -> None:
    found = page_of("overview", overview_of(rollouts=300))
    assert found.tags.count("tr") == 1 + 300
    assert "300 rollouts in 2 accounts" in found.words
    assert "south : north is away" in found.words and "not complete" in found.words
    assert len(str(fota_report(overview_of(rollouts=300), "overview_html"))) < 400_000
    nothing = page_of("overview", overview_of(rollouts=0))
    assert "No rollout was found." in nothing.words


def test_a_rehearsal_says_what_stops_it_and_when_waves_pass() -> None:
    found = page_of("rehearsal", rehearsal_of())
    assert "2026-03-06 12:00 UTC: pilot" in found.words
    assert "Devices touched by then: 16" in found.words
    assert "stop odds at 5 %, 10 %, 20 %" in found.words and "20 %, 40 %, 80 %" in found.words
    titles = found.tags.count("title")
    assert titles == 1 + 2, "a bar for each wave that starts"


def test_a_device_has_its_campaigns_and_one_that_is_unknown_says_so() -> None:
    found = page_of("device", device_of())
    assert IMEI in found.words and "meters, wave 1, attempt 2" in found.words
    assert "c-0 not kept by the service" in found.words
    unknown = {"msg": "", "devices": [], "history": [], "campaigns": []}
    assert "The account does not have the device" in page_of("device", unknown).words
