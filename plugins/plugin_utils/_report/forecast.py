# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast of a rollout: when it would end, what would be late, and what would help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._model.text import count, visible

Facts = Mapping[str, Any]

_NAMED = 5
# Where more courses than this do not end, the rollout has no P50.
_MOST_STOPS = 0.5
_UNFORESEEN = "what follows an accept cannot be foreseen"
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
    if found["over"]:
        return "; ".join(filter(None, ("the rollout is over", _describe_deadline(facts))))
    ends = found["ends"]
    condition, assumes = found["condition"], found["assumes"]
    whole = assumes if not condition else f"{condition}. {assumes[:1].upper()}{assumes[1:]}"
    if not assumes.startswith("if ") and assumes != _UNFORESEEN:
        whole = ", ".join(filter(None, (condition, assumes)))
    if ends is None:
        decides = "in every simulated course, an operator has to decide"
        if not condition:
            whole = f"no end by itself: {decides}"
        elif assumes.startswith("if ") or assumes == "counted from now":
            whole = f"{whole}: {decides} again"
    else:
        when = (
            f"over {_minute(ends['p50'])} UTC (P50), between {_minute(ends['p10'])} (P10) and"
            f" {_minute(ends['p90'])} (P90)"
        )
        whole = f"{whole}: {when}" if whole else when
    return "; ".join(filter(None, (whole, _describe_deadline(facts))))


def _describe_deadline(facts: Facts) -> str:
    """Say how the end agrees with the deadline of the rollout; empty where it has none."""
    found = facts["forecast"]
    if not found["deadline"]:
        return ""
    deadline = f"deadline {_minute(found['deadline'])} UTC"
    undone = _describe_halted(found)
    late = _PERCENTILES.get(found["past_deadline"])
    if found["deadline"] < facts["now"]:
        return f"{deadline}: {_describe_missed(found)}"
    if found["over"]:
        return f"{deadline}: {undone}" if undone else deadline
    if found["ends"] is None:
        return deadline if _is_unknown(found) else f"{deadline}: no end by itself"
    says = [f"{late} IS LATE"] if late else []
    if found["stop_chance"] > _MOST_STOPS:
        says.append(f"no end by itself in {found['stop_chance']:.0%} of the simulated courses")
    says += [undone] if undone else []
    return f"{deadline}: {', and '.join(says) or 'in time'}"


def _describe_halted(found: Facts) -> str:
    """Say how many devices will not be done; empty where no cohort has halted."""
    halted = sum(each["devices"] for each in found["halted"])
    return f"{count(halted, 'device')} will not be done, as their cohort has halted" * bool(halted)


def _describe_missed(found: Facts) -> str:
    """Say what a deadline that is over means."""
    missed = found["missed"]
    if missed:
        were = "was" if missed == 1 else "were"
        return f"missed, {count(missed, 'device')} {were} not done then"
    return "all devices were done then" if missed == 0 else "has passed"


def _is_unknown(found: Facts) -> bool:
    """There is no forecast, which says nothing of the end."""
    return bool(found["condition"].startswith("no forecast"))


def deadline_line(facts: Facts) -> str:
    """Say that the end, or a model, is expected past its deadline, or that it was; empty where none
    is."""
    found = facts.get("forecast")
    if not found:
        return ""
    if found["deadline"]:
        return _warn_of_deadline(facts)
    if found["over"]:
        return ""
    named = list(filter(None, map(_describe_late_model, found["models"])))
    return f"deadlines of models: late: {', '.join(named[:_NAMED])} UTC" if named else ""


def deadline_lines(facts: Facts) -> list[str]:
    """Give the same as printable lines: one, or none."""
    return [visible(line) for line in (deadline_line(facts),) if line]


def _describe_late_model(model: Facts) -> str:
    """Say when a model would be done; empty where it has no deadline, or is in time."""
    late = _late_percentile(model)
    if not model["deadline"] or (model["ends"] and not late):
        return ""
    name, deadline = visible(model["model"]), f"deadline {_minute(model['deadline'])}"
    if not late:
        return f"{name} has no end by itself ({deadline})"
    return f"{name} {_minute(model['ends'][late])} ({_PERCENTILES[late]}, {deadline})"


def _warn_of_deadline(facts: Facts) -> str:
    """Say how the deadline of the rollout is not met; empty where it is, or may be."""
    found = facts["forecast"]
    late = _PERCENTILES.get(found["past_deadline"])
    passed = found["deadline"] < facts["now"]
    first = f"{found['assumes']}, " if found["assumes"].startswith("if ") else ""
    if late and not passed:
        line = (
            f"deadline {_minute(found['deadline'])} UTC: {first}{late} of the end is"
            f" {_minute(found['ends'][found['past_deadline']])} UTC"
        )
        return ", and ".join(filter(None, (line, _describe_halted(found))))
    if passed:
        met = found["over"] and found["missed"] == 0
    else:
        met = not found["halted"] and (
            found["over"]
            or _is_unknown(found)
            or (found["ends"] is not None and found["stop_chance"] <= _MOST_STOPS)
        )
    line = "" if met else _describe_deadline(facts)
    return line if passed or found["ends"] is None else line.replace(": ", f": {first}", 1)


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
            remark=_describe_model(model, facts),
        )
        for model in found["models"]
    ]
    if found["rest"]:
        rows.append(_row("after the last wave, retries and sweep", found["rest"]))
    return [*rows, _row("rollout", found["ends"])]


def forecast_details(facts: Facts) -> Iterator[str]:
    """Say which devices would be late and why, what would have to change, and on what that is
    based."""
    found = facts["forecast"]
    for late in found["late"]:
        examples = _name_examples(late["examples"], late["p50"])
        yield (
            f"late: {late['p50']} of {count(late['devices'], 'device')} of {late['make']}"
            f" {late['model']} on {late['from_version']} in wave {late['wave']} (P90:"
            f" {late['p90']}): {late['reason']}{examples}"
        )
    for halted in found["halted"]:
        yield (
            f"{'late' if halted['deadline'] else 'not done'}: {count(halted['devices'], 'device')}"
            f" of {halted['make']} {halted['model']} on {halted['from_version']}: their cohort has"
            f" halted{_name_examples(halted['examples'], halted['devices'])}"
        )
    yield from _describe_changes(found["changes"])
    if found["licenses_short"]:
        yield f"{count(found['licenses_short'], 'license')} short: no campaign is created without"
    known = [basis for basis in found["based_on"] if basis["source"] != "assumed"]
    if known and found["stop_chance"]:
        # Where nothing is known, this would say something of the assumption only.
        worst = max(known, key=lambda basis: basis["failed"] / basis["devices"])
        yield (
            f"in {found['stop_chance']:.0%} of the simulated courses, the rollout does not end by"
            f" itself: {worst['failed']} of {count(worst['devices'], 'device')} failed so far, and"
            " the true rate may be higher or lower"
        )
    if found["based_on"]:
        yield f"based on {'; '.join(basis['what'] for basis in found['based_on'])}"


def _name_examples(examples: Sequence[str], devices: int) -> str:
    """Name some devices, no more than there are."""
    if not devices:
        return ""
    named = ", ".join(examples[:devices])
    return f": such as {named} and others" if devices > len(examples) else f": {named}"


def _describe_changes(changes: Iterable[Facts]) -> Iterator[str]:
    for change in changes:
        key = f"{change['key']}: " if change["key"] else ""
        word = "to be in time" if change["enough"] else "sooner, but P90 is late"
        yield (
            f"{word}: {key}{change['what']}: P50 {_minute(change['ends']['p50'])}, P90"
            f" {_minute(change['ends']['p90'])} UTC"
        )


def _describe_model(model: Facts, facts: Facts) -> str:
    if not model["deadline"]:
        return ""
    late = _PERCENTILES.get(_late_percentile(model))
    deadline = f"deadline {_minute(model['deadline'])}"
    if model["deadline"] < facts["now"]:
        return f"{deadline}: has passed"
    if not model["ends"]:
        return f"{deadline}: no end by itself"
    if not late and facts["forecast"]["stop_chance"] > _MOST_STOPS:
        return f"{deadline}: in time unless a gate stops the rollout"
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
