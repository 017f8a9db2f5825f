# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a rollout as the bodies that chats and other services take."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.thingspace.fota.plugins.filter.fota_notification import (
    KINDS,
    fota_notification,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    decided,
    device,
    imeis,
    seen,
    spec,
)

LINK = "https://awx.example/#/jobs/1?a=<b>&c"


def facts(**more: Any) -> dict[str, Any]:
    ids = imeis(12)
    found = view_decision(decided(spec(ids), seen(map(device, ids))), "none")
    service = {"host": "thingspace.example", "simulated": False}
    return {**found, "service": service, "msg": "a rollout", **more}


def event(kind: str = "phase_change", phase: str = "halted", **more: str) -> dict[str, str]:
    return {"event": kind, "wave": "", "cohort": "", "phase": phase, "before": "running", **more}


def body(kind: str, *given: Any, **options: Any) -> Any:
    decision, happened = given if len(given) == 2 else (facts(), *(given or (event(),)))
    return json.loads(json.dumps(fota_notification(decision, happened, kind, **options)))


def test_slack_reads_no_link_or_mention_in_words_of_the_service() -> None:
    message = body("slack", facts(why="<!channel> & <https://x|y>"), event(), link=LINK)
    assert message["text"] == "rollout meters: HALTED"
    section, fields, context = message["blocks"]
    assert section["text"]["type"] == fields["fields"][0]["type"] == "mrkdwn"
    assert "&lt;!channel&gt; &amp; &lt;https://x|y&gt;" in section["text"]["text"]
    assert {field["text"].split("\n")[0] for field in fields["fields"]} == {
        *("*Phase*", "*Before*", "*Devices*", "*Can still change*", "*Next check*"),
    }
    (more,) = context["elements"]
    link = LINK.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert more["text"] == f"<{link}|More about this rollout>"
    assert len(body("slack")["blocks"]) == 2


@pytest.mark.parametrize("kind", ["halt", "phase_change"])
def test_after_stops_only_what_they_could_not_stop_can_still_change(kind: str) -> None:
    """The decision was made before them, and its exposure counts what they have stopped since."""
    stopped = {"actions": {**facts()["actions"], "cancel": [{"campaign": "c"}]}, "exposure": 55}
    message = body("teams", facts(**stopped, unstoppable=[{"can_change": 3}]), event(kind))
    found = message["attachments"][0]["content"]["body"][2]["facts"]
    shown = {fact["title"]: fact["value"] for fact in found}
    assert shown["Unstoppable"] == "3 devices"
    assert "Can still change" not in shown


def test_slack_takes_at_most_3000_characters() -> None:
    message = body("slack", facts(why="<" * 9000), event())
    assert len(message["blocks"][0]["text"]["text"]) <= 3000


def test_teams_gets_an_adaptive_card() -> None:
    message = body("teams", link=LINK)
    (attachment,) = message["attachments"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    title, why, numbers = card["body"]
    assert (title["type"], title["text"]) == ("TextBlock", "rollout meters: HALTED")
    assert why["wrap"] is True
    assert {"title": "Before", "value": "running"} in numbers["facts"]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "More", "url": LINK}]


@pytest.mark.parametrize(
    ("happened", "action", "severity"),
    [
        (event("halt"), "trigger", "critical"),
        (event("halt", "running", cohort="M1-A-B"), "trigger", "critical"),
        (event(phase="held"), "trigger", "error"),
        (event(phase="awaiting_approval"), "trigger", "info"),
        (event(phase="running"), "resolve", None),
        (event(phase="completed"), "resolve", None),
    ],
)
def test_pagerduty_triggers_and_resolves(
    happened: dict[str, str], action: str, severity: str | None
) -> None:
    sent = body("pagerduty", happened, routing_key="key", link=LINK)
    assert (sent["routing_key"], sent["event_action"]) == ("key", action)
    assert sent.get("payload", {}).get("severity") == severity
    if action == "trigger":
        assert sent["payload"].keys() >= {"summary", "source", "severity"}
        assert len(sent["payload"]["summary"]) <= 1024
        assert sent["links"][0]["href"] == LINK
    assert len(sent["dedup_key"]) <= 255


def test_one_rollout_has_one_incident_and_each_cohort_that_halts_alone_its_own() -> None:
    def key(*given: Any) -> str:
        return str(body("pagerduty", *given)["dedup_key"])

    assert key(event("halt")) == key(event()) == key(event(phase="running"))
    alone = event("halt", "running", cohort="M1-A-B")
    elsewhere = facts(service={"host": "other.example", "simulated": False})
    assert len({key(event()), key(alone), key(facts(rollout="x"), event())}) == 3
    assert key(event()) != key(elsewhere, event())


@pytest.mark.parametrize("kind", ["before_wave", "after_wave"])
def test_pagerduty_hears_nothing_of_waves(kind: str) -> None:
    assert body("pagerduty", event(kind, "running", wave="pilot")) == {}
    assert f"wave pilot {'begins' if kind == 'before_wave' else 'has passed'}" in str(
        body("slack", event(kind, "running", wave="pilot"))
    )


def test_servicenow_finds_the_change_by_a_key_that_does_not_depend_on_the_event() -> None:
    change, cohort = body("servicenow"), body("servicenow", event("halt", cohort="M1-A-B"))
    assert change["correlation_id"] == cohort["correlation_id"]
    assert len(change["correlation_id"]) <= 100 and len(change["short_description"]) <= 160
    assert change["type"] == "normal" and "Phase: halted" in change["work_notes"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_service_says_is_printable_and_a_simulation_says_so(kind: str) -> None:
    service = {"host": "127.0.0.1", "simulated": True}
    found = facts(why="a\x1b[31m\u202eb", service=service, phase="held")
    text = json.dumps(fota_notification(found, event(phase="held"), kind), ensure_ascii=False)
    assert "\x1b" not in text and "\u202e" not in text and "SIMULATED" in text


def test_other_input_is_refused() -> None:
    for given in ((facts(), event(), "email"), (facts(), {}, "slack"), ("x", event(), "slack")):
        with pytest.raises(AnsibleFilterError):
            fota_notification(*given)
