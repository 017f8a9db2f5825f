# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast of a rollout: when it would end, what would be late, and what would help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._model.text import count, visible

Facts = Mapping[str, Any]

_NAMED = 5
_PERCENTILES = {"p50": "P50", "p90": "P90"}


@dataclass(frozen=True)
class ForecastRow:
    """When a wave passes, a model is done, or the rollout is over; times to the minute, UTC."""

    what: str
    begins: str
    p10: str
    p50: str
    p90: str
    remark: str = ""


def forecast_lines(facts: Facts) -> Iterator[str]:
    """Give the forecast for a terminal; facts without one have no lines."""
    found = facts.get("forecast")
    if not found:
        return
    yield f"forecast: {forecast_headline(facts)}"
    for row in forecast_rows(facts)[:-1]:
        begins = f"begins {row.begins}, " if row.begins else ""
        remark = f"; {row.remark}" if row.remark else ""
        yield f"  {row.what}: {begins}P50 {row.p50}, P90 {row.p90}{remark}"
    for line in forecast_details(facts):
        yield f"  {line}"


def forecast_headline(facts: Facts) -> str:
    """Say when the rollout would be over, and how that agrees with its deadline."""
    found = facts["forecast"]
    deadline = f"deadline {_minute(found['deadline'])} UTC" if found["deadline"] else ""
    if found["over"]:
        return "; ".join(filter(None, ("the rollout is over", deadline)))
    ends = found["ends"]
    first = ", ".join(filter(None, (found["condition"], found["assumes"])))
    if ends is None:
        stops = "" if "no forecast" in first else "it does not end unless an operator decides"
        return "; ".join(filter(None, (first, stops, deadline)))
    when = (
        f"over {_minute(ends['p50'])} UTC (P50), between {_minute(ends['p10'])} (P10) and"
        f" {_minute(ends['p90'])} (P90)"
    )
    parts = [f"{first}: {when}" if first else when]
    if deadline:
        late = _PERCENTILES.get(found["past_deadline"])
        parts.append(f"{deadline}: {f'{late} IS LATE' if late else 'in time'}")
    return "; ".join(parts)


def deadline_line(facts: Facts) -> str:
    """Say that the end, or a model, is expected past its deadline; empty where none is."""
    found = facts.get("forecast")
    if not found or found["over"]:
        return ""
    late = _PERCENTILES.get(found["past_deadline"])
    if late:
        return (
            f"deadline {_minute(found['deadline'])} UTC: {late} of the end is"
            f" {_minute(found['ends'][found['past_deadline']])} UTC"
        )
    models = [model for model in found["models"] if _late_percentile(model)]
    if not models or found["deadline"]:
        return ""
    named = ", ".join(
        f"{visible(model['model'])} {_minute(model['ends'][_late_percentile(model)])}"
        f" ({_PERCENTILES[_late_percentile(model)]}, deadline {_minute(model['deadline'])})"
        for model in models[:_NAMED]
    )
    return f"deadlines of models: late: {named} UTC"


def forecast_rows(facts: Facts) -> list[ForecastRow]:
    """Give waves and models with deadlines of their own, and last the rollout."""
    found = facts["forecast"]
    rows = [
        _row(
            f"wave {visible(wave['name'])}",
            wave["ends"],
            begins=_minute(wave["begins"]["p50"])[:10] if wave["begins"] else "",
            remark="an approval follows, for which no time is counted" if wave["approval"] else "",
        )
        for wave in found["waves"]
    ]
    rows += [
        _row(
            f"devices of {visible(model['make'])} {visible(model['model'])}",
            model["ends"],
            remark=_describe_model(model),
        )
        for model in found["models"]
    ]
    return [*rows, _row("rollout", found["ends"])]


def forecast_details(facts: Facts) -> Iterator[str]:
    """Say which devices would be late and why, what would have to change, and on what that is
    based."""
    found = facts["forecast"]
    for late in found["late"]:
        more = late["p90"] - len(late["examples"])
        examples = ", ".join(late["examples"]) + (" and others" if more > 0 else "")
        yield (
            f"late: {late['p50']} of {count(late['devices'], 'device')} of {late['make']}"
            f" {late['model']} on {late['from_version']} in wave {late['wave']} (P90:"
            f" {late['p90']}): {late['reason']}: such as {examples}"
        )
    yield from _describe_changes(found["changes"])
    if found["licenses_short"]:
        yield f"{count(found['licenses_short'], 'license')} short: no campaign is created without"
    if found["stop_chance"] and found["ends"]:
        yield f"in {found['stop_chance']:.0%} of the simulated courses, a gate stops the rollout"
    if found["based_on"]:
        yield f"based on {'; '.join(basis['what'] for basis in found['based_on'])}"


def _describe_changes(changes: Iterable[Facts]) -> Iterator[str]:
    for change in changes:
        key = f"{change['key']}: " if change["key"] else ""
        word = "to be in time" if change["enough"] else "sooner, but late"
        yield (
            f"{word}: {key}{change['what']}: P50 {_minute(change['ends']['p50'])}, P90"
            f" {_minute(change['ends']['p90'])} UTC"
        )


def _describe_model(model: Facts) -> str:
    if not model["deadline"]:
        return ""
    late = _PERCENTILES.get(_late_percentile(model))
    deadline = f"deadline {_minute(model['deadline'])}"
    return f"{deadline}: {f'{late} IS LATE' if late else 'in time'}"


def _late_percentile(model: Facts) -> str:
    """Give the first percentile of a model that is past its deadline; empty where none is."""
    if not model["deadline"] or not model["ends"]:
        return ""
    return next((name for name in _PERCENTILES if model["ends"][name] > model["deadline"]), "")


def _row(what: str, ends: Facts | None, *, begins: str = "", remark: str = "") -> ForecastRow:
    times = {name: _minute(ends[name]) if ends else "-" for name in ("p10", "p50", "p90")}
    return ForecastRow(what, begins, **times, remark=remark)


def _minute(moment: str) -> str:
    """Give a time of the facts, RFC 3339 in UTC, to the minute."""
    return moment[:16].replace("T", " ")
