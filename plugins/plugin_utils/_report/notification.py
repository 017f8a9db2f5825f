# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event of a rollout as the bodies that chats and services for incidents and changes take.

The shapes are those of Slack's incoming webhooks, an adaptive card for a workflow of Teams,
version 2 of PagerDuty's events API, and ServiceNow's table ``change_request``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._model.text import count, visible
from .result import PHASES
from .text import awaited_lines, is_judged, minute

Facts = Mapping[str, Any]

# Limits in characters: the smallest ones, of ServiceNow for a line and of Slack for text.
_LINE, _TEXT = 160, 2500
# Phases in which an operator is needed, and how urgently in PagerDuty's words. Others resolve.
_SEVERITIES = {
    "halted": "critical",
    "held": "error",
    "observation_failed": "error",
    "blocked": "warning",
    "awaiting_approval": "info",
}
_COUNTED = ("in_scope", "verified", "failed", "silent", "pending", "halted", "rejected")


@dataclass(frozen=True)
class Notification:
    """An event in words.

    :ivar key: the same for all events of the rollout, and of its cohort that halts alone.
    :ivar change: the same for all events of the rollout.
    :ivar severity: of PagerDuty; empty where no operator is needed any more.
    :ivar pages: the event is one that an incident may begin or end with.
    """

    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    key: str
    change: str
    source: str
    severity: str
    pages: bool


def describe(decision: Facts, event: Facts) -> Notification:
    """Put an event of a decision into words.

    :param event: of the role, with ``event``, ``wave``, ``cohort``, ``phase`` and ``before``.
    """
    service = decision.get("service") or {}
    name, phase = str(decision.get("rollout", "")), str(event["phase"])
    kind, cohort = event["event"], str(event.get("cohort") or "")
    what = {
        "before_wave": f"wave {event.get('wave')} begins",
        "after_wave": f"wave {event.get('wave')} has passed",
        "halt": f"cohort {cohort} has halted" if cohort else "HALTED",
    }.get(kind, PHASES.get(phase, phase))
    simulated = "SIMULATED: " if service.get("simulated") else ""
    lines = [str(decision.get("why") or decision.get("msg") or "")]
    if is_judged(decision):
        lines += [*decision["blockers"], *awaited_lines(decision)]
    return Notification(
        title=_cut(visible(f"{simulated}rollout {name}: {what}"), _LINE),
        text=_cut("\n".join(map(visible, dict.fromkeys(lines))), _TEXT),
        facts=tuple((label, visible(value)) for label, value in _facts(decision, event)),
        key=_key(service.get("host"), name, cohort),
        change=_key(service.get("host"), name),
        source=str(service.get("host") or "thingspace.fota"),
        severity="critical" if kind == "halt" else _SEVERITIES.get(phase, ""),
        pages=kind in ("halt", "phase_change"),
    )


def notification(decision: Facts, event: Facts, kind: str, **options: Any) -> dict[str, Any]:
    """Give an event as the body of a request; empty where there is nothing to send.

    :param kind: ``slack``, ``teams``, ``pagerduty`` or ``servicenow``.
    :param options: ``link`` to more about the rollout, and ``routing_key`` of PagerDuty.
    :raises KeyError: there is no such kind.
    """
    return {
        "slack": _slack,
        "teams": _teams,
        "pagerduty": _pagerduty,
        "servicenow": _servicenow,
    }[kind](describe(decision, event), str(options.get("link") or ""), options)


def _slack(found: Notification, link: str, _options: Facts) -> dict[str, Any]:
    """Text for the notification on a phone, and blocks for the channel."""
    title, text = _mrkdwn(found.title), _mrkdwn(found.text)
    if len(text) > _TEXT:
        text = _mrkdwn(_cut(found.text, _TEXT // 5))
    fields = [{"type": "mrkdwn", "text": f"*{_mrkdwn(k)}*\n{_mrkdwn(v)}"} for k, v in found.facts]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{title}*\n{text}"}},
        {"type": "section", "fields": fields},
    ]
    if link:
        more = {"type": "mrkdwn", "text": f"<{_mrkdwn(link)}|More about this rollout>"}
        blocks.append({"type": "context", "elements": [more]})
    return {"text": title, "blocks": blocks}


def _mrkdwn(text: str) -> str:
    """Slack reads links, mentions and entities behind these characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(found: Notification, link: str, _options: Facts) -> dict[str, Any]:
    """A message with an adaptive card, as a workflow with a webhook takes it."""
    title = {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True}
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {**title, "text": found.title},
            {"type": "TextBlock", "wrap": True, "text": found.text},
            {"type": "FactSet", "facts": [{"title": k, "value": v} for k, v in found.facts]},
        ],
    }
    if link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "More", "url": link}]
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    return {"type": "message", "attachments": [{**content, "content": card}]}


def _pagerduty(found: Notification, link: str, options: Facts) -> dict[str, Any]:
    """An incident that begins when an operator is needed, and ends when none is any more."""
    if not found.pages:
        return {}
    event = {"routing_key": str(options.get("routing_key") or ""), "dedup_key": found.key}
    if not found.severity:
        return {**event, "event_action": "resolve"}
    links = {"links": [{"href": link, "text": "More about this rollout"}]} if link else {}
    return {
        **event,
        "event_action": "trigger",
        "client": "thingspace.fota",
        "payload": {
            "summary": found.title,
            "source": found.source,
            "severity": found.severity,
            "component": "rollout",
            "custom_details": {"why": found.text, **dict(found.facts)},
        },
        **links,
    }


def _servicenow(found: Notification, link: str, _options: Facts) -> dict[str, Any]:
    """A change that the first event opens; ``work_notes`` of later ones are added to it."""
    facts = "\n".join(f"{label}: {value}" for label, value in found.facts)
    note = "\n".join(part for part in (found.title, found.text, facts, link) if part)
    return {
        "type": "normal",
        "short_description": found.title,
        "description": note,
        "work_notes": note,
        "correlation_id": found.change,
        "correlation_display": "thingspace.fota",
    }


def _facts(decision: Facts, event: Facts) -> list[tuple[str, str]]:
    """Give what is worth a line of its own."""
    facts = [("Phase", str(event["phase"]))]
    if event.get("before"):
        facts.append(("Before", str(event["before"])))
    if not is_judged(decision):
        return facts
    counts = decision["counts"]
    numbers = [f"{counts[key]} {key.replace('_', ' ')}" for key in _COUNTED if counts.get(key)]
    facts.append(("Devices", ", ".join(numbers) or "none"))
    facts.append(_changing(decision, event))
    if decision["next_check_after"]:
        facts.append(("Next check", f"{minute(decision['next_check_after'])} UTC"))
    return facts


def _changing(decision: Facts, event: Facts) -> tuple[str, str]:
    """Give the devices that can still change; after stops, which precede hooks, the others."""
    if event["event"] != "halt" and not decision["actions"]["cancel"]:
        return "Can still change", count(decision["exposure"], "device")
    left = sum(campaign["can_change"] for campaign in decision["unstoppable"])
    return "Unstoppable", count(left, "device")


def _key(*parts: object) -> str:
    """Give a key that is short enough for every receiver, and is as unique as its parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:12]
    return f"thingspace.fota/{parts[1]}/{digest}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
