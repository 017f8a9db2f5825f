# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast in plan, status, the result of a run, and the reports as Markdown and HTML."""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
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
    assert "forecast: no end while it is paused. If it continues now: over 2026-04-" in paused
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


def test_the_filter_gives_that_line_alone() -> None:
    (line,) = fota_report(LATE, "deadline")
    assert line.startswith("deadline 2026-04-12 23:59 UTC: P50 of the end is 2026-04-1")
    assert fota_report(IN_TIME, "deadline") == fota_report(facts_of(), "deadline") == []


def test_the_result_has_a_line_for_models_with_deadlines_of_their_own() -> None:
    facts = facts_of(target=[{**target(), "deadline": "2026-04-12"}])
    assert deadline_line(facts).startswith("deadlines of models: late: M1 2026-04-1")


def with_forecast(**members: Any) -> dict[str, Any]:
    """Facts in time but for some of the forecast."""
    return {**IN_TIME, "forecast": {**IN_TIME["forecast"], **members}}


def test_what_has_no_end_is_never_in_time() -> None:
    models = [{**each, "ends": None} for each in IN_TIME["forecast"]["models"]]
    facts = with_forecast(ends=None, models=models, stop_chance=1.0)
    text = "\n".join(forecast_lines(facts))
    assert "in time" not in text
    assert "forecast: no end by itself: in every simulated course, an operator has" in text
    assert "P90 -; deadline 2026-05-12 23:59: no end by itself" in text
    assert deadline_line(facts) == "deadline 2026-05-12 23:59 UTC: no end by itself"
    assert "in 100% of the simulated courses, the rollout does not end" in text
    assert ": 0 of 300 devices failed so far, and the true rate may be higher or lower" in text


def test_what_ends_in_few_courses_only_is_not_in_time() -> None:
    facts = with_forecast(stop_chance=0.98)
    first, *lines = forecast_lines(facts)
    says = "deadline 2026-05-12 23:59 UTC: no end by itself in 98% of the simulated courses"
    assert first.endswith(says)
    assert any("23:59: in time unless a gate stops the rollout" in line for line in lines)
    assert deadline_line(facts) == says


def test_models_without_an_end_and_past_their_deadline_have_a_line() -> None:
    facts = facts_of(target=[{**target(), "deadline": "2026-04-12"}])
    models = [{**each, "ends": None} for each in facts["forecast"]["models"]]
    changed = {**facts, "forecast": {**facts["forecast"], "models": models}}
    says = "deadlines of models: late: M1 has no end by itself (deadline 2026-04-12 23:59) UTC"
    assert deadline_line(changed) == says
    past = facts_of(target=[{**target(), "deadline": "2026-04-09"}])
    assert any("deadline 2026-04-09 23:59: has passed" in line for line in forecast_lines(past))


def test_devices_of_a_halted_cohort_are_late_for_good() -> None:
    halted = {
        "make": "Maker",
        "model": "M2",
        "from_version": "A",
        "deadline": "2026-05-12T23:59:59Z",
        "devices": 100,
        "examples": ["1", "2"],
    }
    facts = with_forecast(halted=[halted])
    lines = list(forecast_lines(facts))
    late = "  late: 100 devices of Maker M2 on A: their cohort has halted: such as 1, 2 and others"
    assert late in lines
    says = "deadline 2026-05-12 23:59 UTC: 100 devices will not be done, as their cohort has halted"
    assert lines[0].endswith(says)
    assert deadline_line(facts) == says
    late = deadline_line({**LATE, "forecast": {**LATE["forecast"], "halted": [halted]}})
    assert late.endswith("UTC, and 100 devices will not be done, as their cohort has halted")


def test_a_deadline_that_has_passed_is_said_whatever_the_run_does() -> None:
    facts = facts_of(deadline="2026-04-09")
    found = facts["forecast"]
    says = f"deadline 2026-04-09 23:59 UTC: missed, {found['missed']} devices were not done then"
    assert found["missed"] >= 30
    for members in ({}, {"ends": None, "past_deadline": ""}, {"over": True}):
        changed = {**facts, "forecast": {**found, **members}}
        assert says in "\n".join(report_lines(changed))
        assert deadline_line(changed) == says
    unknown = {
        **found,
        "missed": None,
        "ends": None,
        "past_deadline": "",
        "condition": "no forecast, x",
    }
    assert deadline_line({**facts, "forecast": unknown}).endswith("UTC: has passed")


def test_the_result_says_what_the_end_depends_on() -> None:
    condition = {"condition": "no end while it is held", "assumes": "if an operator accepts it now"}
    facts = {**LATE, "forecast": {**LATE["forecast"], **condition}}
    (first, *_others) = forecast_lines(facts)
    assert first.startswith(
        "forecast: no end while it is held. If an operator accepts it now: over"
    )
    assert "UTC: if an operator accepts it now, P50 of the end is 2026-04-1" in deadline_line(facts)
    stops = deadline_line(with_forecast(stop_chance=0.9, **condition))
    assert "UTC: if an operator accepts it now, no end by itself in 90% of" in stops


def test_no_more_devices_are_named_than_are_late() -> None:
    late = [{**each, "p50": 0, "p90": 2} for each in LATE["forecast"]["late"]]
    facts = {**LATE, "forecast": {**LATE["forecast"], "late": late}}
    assert any(": 2): their campaigns" in line for line in forecast_lines(facts))
    assert not any("such as 35" in line for line in forecast_lines(facts))


def test_where_nothing_is_known_no_chance_to_stop_is_said() -> None:
    assumed = [{**each, "source": "assumed"} for each in IN_TIME["forecast"]["based_on"]]
    lines = forecast_lines(with_forecast(stop_chance=0.2, based_on=assumed))
    assert not any("of the simulated courses" in line for line in lines)


def test_what_follows_the_last_wave_has_a_line() -> None:
    lines = list(forecast_lines(with_forecast(rest=IN_TIME["forecast"]["ends"])))
    assert any(
        line.startswith("  after the last wave, retries and sweep: P50 2026") for line in lines
    )


def test_reports_have_a_section_with_a_table() -> None:
    markdown, page = rollout_markdown(LATE), rollout_page(LATE)
    assert markdown.startswith("# Status of rollout ")
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
