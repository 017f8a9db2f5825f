# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast in plan, status, the result of a run, and the reports as Markdown and HTML."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.forecast import (
    deadline_line,
    forecast_lines,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.page.rollout_page import (
    rollout_page,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.report_json import (
    report_document,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import Conclusion
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rollout.markdown import (
    rollout_markdown,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
    plan_lines,
    report_lines,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.writes import Writes
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    device,
    imeis,
    seen,
    spec,
    target,
    wave,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.test_rollout_forecast import (
    NIGHTS,
    at_the_end_of_the_pilot,
)

WAVES = [wave("pilot", count=300), wave("all")]


def facts_of(*, wanted: Wanted = Wanted.RUNNING, **members: Any) -> dict[str, Any]:
    """Facts of a rollout whose pilot is done, with nights of two hours."""
    read = at_the_end_of_the_pilot(330, pilot=300)
    members = {"waves": WAVES, "late_joiners": "leave", "calendar": NIGHTS, **members}
    decision = decide(spec(sorted(read.devices), **members), read, wanted=wanted)
    return {**view_decision(decision, "attention"), "msg": "rollout meters: running"}


LATE = facts_of(deadline="2026-04-12")
IN_TIME = facts_of(deadline="2026-05-12")


def test_without_a_deadline_there_is_no_forecast() -> None:
    facts = facts_of()
    assert facts["forecast"] is None
    assert list(forecast_lines(facts)) == []
    del facts["forecast"]  # as in facts of earlier versions
    assert list(forecast_lines(facts)) == []
    assert deadline_line(facts) == ""
    assert "Forecast" not in rollout_markdown(facts) + rollout_page(facts)


def test_plan_and_status_say_when_what_is_late_why_and_what_would_help() -> None:
    for lines in (plan_lines(LATE), report_lines(LATE)):
        (first,) = (line for line in lines if line.startswith("forecast: "))
        assert first.endswith("deadline 2026-04-12 23:59 UTC: P50 IS LATE")
        assert any(line.startswith("  wave all: begins 2026-04-11, P50 2026") for line in lines)
        assert any(
            "of 30 devices of Maker M1 on A in wave all" in line
            and "their campaigns begin on 2026-04-11" in line
            for line in lines
        )
        assert any(line.startswith("  to be in time: calendar.windows: ") for line in lines)
        assert any(line.startswith("  based on 300 devices of this rollout") for line in lines)


def test_a_forecast_in_time_says_so() -> None:
    text = "\n".join(report_lines(IN_TIME))
    assert "deadline 2026-05-12 23:59 UTC: in time" in text
    assert "late:" not in text
    assert deadline_line(IN_TIME) == ""


def test_a_rollout_that_does_not_go_on_says_what_it_needs_first() -> None:
    paused = "\n".join(report_lines(facts_of(deadline="2026-05-12", wanted=Wanted.PAUSED)))
    assert "forecast: no end while it is paused, if it continues now: over 2026-04-" in paused
    asks = [wave("pilot", count=300, gate={"approval": True}), wave("all")]
    text = "\n".join(report_lines(facts_of(deadline="2026-05-12", waves=asks)))
    assert "forecast: after the approval of wave pilot, counted from now: over 2026" in text
    assert "an approval follows, for which no time is counted" in text


def test_without_results_the_forecast_says_that_it_is_based_on_nothing() -> None:
    ids = imeis(30)
    decision = decide(spec(ids, deadline="2026-05-01"), seen(map(device, ids)))
    text = "\n".join(plan_lines({**view_decision(decision, "none"), "msg": ""}))
    assert "based on nothing of this account: a result within a day" in text


def test_the_result_has_a_line_where_the_end_is_past_the_deadline() -> None:
    found = Conclusion(Writes(decision=LATE), {}, "running")
    lines = [line for line in found.lines() if "deadline" in line.text]
    assert [line.tone for line in lines] == ["attention"]
    assert "deadline 2026-04-12 23:59 UTC: P50 of the end is 2026-04-1" in lines[0].text
    in_time = Conclusion(Writes(decision=IN_TIME), {}, "running")
    assert not any("deadline" in line.text for line in in_time.lines())


def test_the_result_has_a_line_for_models_with_deadlines_of_their_own() -> None:
    facts = facts_of(target=[{**target(), "deadline": "2026-04-12"}])
    assert deadline_line(facts).startswith("deadlines of models: late: M1 2026-04-1")


def test_reports_have_a_section_with_a_table() -> None:
    markdown, page = rollout_markdown(LATE), rollout_page(LATE)
    assert "## Forecast" in markdown
    assert "| wave all | 2026-04-11 | 2026-04-1" in markdown
    assert '<h2 id="forecast">Forecast</h2>' in page
    assert '<a href="#forecast">' in page
    assert '<th scope="row">rollout</th>' in page
    assert report_document(LATE)["forecast"] == LATE["forecast"]


def test_names_are_printable_and_are_no_markup() -> None:
    hostile = "<b>M1\x1b[31m"
    late = [{**each, "model": hostile} for each in LATE["forecast"]["late"]]
    models = [{**each, "model": hostile} for each in LATE["forecast"]["models"]]
    facts = {**LATE, "forecast": {**LATE["forecast"], "late": late, "models": models}}
    texts = ["\n".join(report_lines(facts)), rollout_markdown(facts), rollout_page(facts)]
    assert not any("\x1b" in text for text in texts)
    assert "<b>M1" not in texts[2]
    assert "<b>M1" not in texts[1]
