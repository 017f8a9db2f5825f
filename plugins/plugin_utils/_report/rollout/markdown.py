# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rollout as Markdown: the sections of the page, without its charts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ....module_utils._model.text import count, visible
from ..forecast import forecast_details, forecast_headline, forecast_rows
from ..licenses import license_lines
from . import devices, summary, times, waves
from .moments import minute
from .outcomes import words

Facts = Mapping[str, Any]

# Devices that need attention, each with its line. The formats CSV and JSON have all.
_MOST_DEVICES = 500
# What Markdown, or the HTML inside of it, would read as markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
# What is linked, or mentions a person, without any markup. An empty comment after it prevents that.
_LINKED = re.compile(r"(@|www(?=\.)|[a-z]+:(?=//))", re.IGNORECASE)


def rollout_markdown(facts: Facts) -> str:
    """Give the report as the text of a Markdown file.

    :param facts: result of ``fota_rollout_info``; one whose read failed gives its message.
    """
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: Facts) -> Iterator[str]:
    if not summary.is_judged(facts):
        yield from (f"# {_plain(summary.headline(facts))}", "", "Nothing was decided or changed.")
        return
    name = _plain(facts["rollout"])
    yield f"# {summary.stage(facts)} of rollout {name}: {summary.phase_words(facts)}"
    line = f"**{_plain(summary.headline(facts))}** {_plain(summary.subline(facts))}".rstrip()
    yield from ("", f"{line} Judged at {minute(facts['now'])}.", "")
    yield from _table(
        ("", "devices"), ((each.name, f"{each.value:,}") for each in summary.figures(facts))
    )
    scale = times.find_scale(facts)
    rows = devices.device_rows(facts)
    for title, lines in (
        ("What it waits for", _waiting(facts)),
        *_forecast(facts),
        ("Waves and cohorts", _waves(facts)),
        ("Needs attention", _attention(facts, rows)),
        ("Verified devices over time", _burn_up(times.burn_up(facts, scale))),
        ("Time per wave", _wave_times(times.wave_times(facts, scale))),
        ("Campaigns and freezes", _campaigns(facts, times.campaign_rows(facts, scale))),
        ("Failure clusters", _clusters(facts)),
        ("Exposure and braking distance", _exposure(facts)),
        *_licenses(facts),
        ("Approvals and accepted failures", _given(facts)),
        ("Versions, digest and inputs", _inputs(facts)),
    ):
        yield from ("", f"## {title}", "", *lines)
    yield from ("", "## Every device", "")
    yield f"{count(len(rows), 'device')} listed by this run; a report in CSV has a row for each."


def _waiting(facts: Facts) -> Iterator[str]:
    waiting = summary.waiting(facts)
    yield _plain(waiting.what)
    yield ""
    yield from (f"- {_plain(detail)}" for detail in waiting.details)
    for name, value in (
        ("Who acts", waiting.who),
        ("Since", waiting.since),
        ("Until", waiting.until),
    ):
        if value:
            yield f"- {name}: {value}"
    for paste in waiting.pastes:
        yield from ("", f"{_plain(paste.purpose)}:", "", f"    {paste.line}")
    if waiting.where:
        yield from ("", _plain(waiting.where))
    if facts["changes"]:
        yield from ("", "Due in this run:", "")
        yield from _table(("Action", "Campaign", "Devices", "Why"), map(_change, facts["changes"]))


def _change(change: Facts) -> list[str]:
    parts = (change["action"], change["name"], change.get("devices", ""), change["why"])
    return [_plain(part) for part in parts]


def _waves(facts: Facts) -> Iterator[str]:
    columns = ("Wave and cohort", "State", "Planned", "Attempted", "Verified", "Failed", "Silent")
    rows = []
    found = waves.wave_rows(facts)
    for wave in found:
        rows.append((f"**{_plain(wave.total.name)}**", wave.state, *_numbers(wave.total)))
        rows += [(_plain(cohort.name), "", *_numbers(cohort)) for cohort in wave.cohorts]
    yield from _table((*columns, "Unreached"), rows)
    for wave in found:
        yield from ("", f"Wave {_plain(wave.total.name)}: {_plain(wave.why)}", "")
        yield from (f"- {_plain(line)}" for line in wave.gate)


def _numbers(row: waves.Row) -> list[str]:
    numbers = (row.planned, row.attempted, row.verified, row.failed, row.silent, row.unreached)
    return [f"{number:,}" for number in numbers]


def _attention(facts: Facts, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    urgent = devices.needs_attention(rows)
    columns = ("deviceId", "host", "wave", "class", "reason", "next")
    yield from _table(
        [devices.LABELS[key] for key in columns],
        ([_plain(row[key]) for key in columns] for row in urgent[:_MOST_DEVICES]),
    )
    if len(urgent) > _MOST_DEVICES:
        yield from ("", f"The first {_MOST_DEVICES} of {count(len(urgent), 'device')}.")
    if urgent:
        yield ""
    for number, why, step in devices.quiet_groups(facts):
        yield f"- {count(number, 'device')} {why}. {summary.sentence(step)}"


def _burn_up(chart: times.BurnUp | None) -> Iterator[str]:
    if chart is None:
        yield "No device has a result with a time yet."
        return
    rows = ((day, f"{good:,}", f"{bad:,}") for day, good, bad in chart.days)
    yield from _table(("UTC day", "Verified by then", "Failed by then"), rows)


def _wave_times(found: Sequence[times.WaveTime]) -> Iterator[str]:
    rows = [
        (_plain(wave.name), wave.working or "-", wave.soaking or "-", wave.waiting or "-")
        for wave in found
    ]
    yield from _table(("Wave", "Working", "Soaking", "Waiting"), rows)


def _campaigns(facts: Facts, found: Sequence[times.CampaignRow]) -> Iterator[str]:
    columns = ("Wave", "Package", "Devices", "Status", "UTC days", "Hours UTC", "Local hours")
    yield from _table(
        columns,
        (
            (
                *(_plain(own.wave), _plain(own.package), f"{own.devices:,}", _plain(own.status)),
                *(own.days, own.hours_utc, _plain(own.hours_local)),
            )
            for own in found
        ),
    )
    for freeze in facts["calendar"]["freeze"]:
        yield from ("", _plain(summary.sentence(times.describe_freeze(freeze))))


def _clusters(facts: Facts) -> Iterator[str]:
    rows = (
        (
            _plain(f"{words(cluster['what'])} {cluster['value']}"),
            f"{cluster['failures']} of {cluster['all_failures']}",
            f"{cluster['attempted']} of {cluster['all_attempted']}",
        )
        for cluster in facts["clusters"]
    )
    yield from _table(("What failed devices share", "Failed with it", "Attempted with it"), rows)


def _exposure(facts: Facts) -> Iterator[str]:
    braking = facts["braking"]
    until = f" until the end of {braking['until']} UTC" if braking["until"] else ""
    yield f"- {count(facts['exposure'], 'device')} can still change after this run"
    yield f"- {count(braking['devices'], 'device')} could still change{until} if all halted now"
    for own in facts["unstoppable"]:
        until = f"until the end of {own['until']} UTC" if own["until"] else "at any time"
        devices_ = count(own["can_change"], "device")
        yield f"- cannot be stopped: {_plain(own['name'])}: {devices_} may change {until}"


def _forecast(facts: Facts) -> Iterator[tuple[str, Iterator[str]]]:
    """The section of the forecast, where there is one."""
    if facts.get("forecast"):
        yield "Forecast", _forecast_lines(facts)


def _forecast_lines(facts: Facts) -> Iterator[str]:
    yield _plain(summary.sentence(forecast_headline(facts)))
    if facts["forecast"]["ends"]:
        columns = ("Until the end of", "First day", "P10 (UTC)", "P50 (UTC)", "P90 (UTC)", "Remark")
        yield ""
        yield from _table(
            columns,
            (
                (_plain(row.what), row.begins, row.p10, row.p50, row.p90, _plain(row.remark))
                for row in forecast_rows(facts)
            ),
        )
    for line in forecast_details(facts):
        yield from ("", _plain(summary.sentence(line)))


def _licenses(facts: Facts) -> Iterator[tuple[str, Iterator[str]]]:
    """The section of licenses, where the account needs any."""
    lines = list(license_lines(facts))
    if lines:
        yield "Licenses", (f"- {_plain(line.strip())}" for line in lines)


def _given(facts: Facts) -> Iterator[str]:
    given = facts["given"]
    rows = [
        ("approval", _plain(each["wave"]), "", "not recorded", "not recorded")
        for each in given["approved"]
    ]
    rows += [
        (
            "accept",
            _plain(f"{each['wave']} {each['cohort']}"),
            "" if each["up_to"] is None else f"up to {each['up_to']}",
            _plain(each["by"]),
            _plain(each["reason"]),
        )
        for each in given["accept"]
    ]
    yield from _table(("Kind", "Wave and cohort", "Failures", "By", "Reason"), rows)


def _inputs(facts: Facts) -> Iterator[str]:
    yield f"- digest of the plan: `{facts['digest']}`"
    yield f"- collection: thingspace.fota {facts.get('collection_version', 'not known')}"
    for target in facts["targets"]:
        yield _plain(
            f"- target: {target['make']} {target['model']} {target['version']}"
            f" (generation {target['generation']})"
        )
    yield ""
    yield from _table(
        ("Package", "Devices", "Attempted", "Failed", "State"),
        (
            (
                *(_plain(each["package"]), f"{each['devices']:,}", f"{each['attempted']:,}"),
                *(f"{each['failures']:,}", words(each["state"])),
            )
            for each in facts["cohorts"]
        ),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give a table, or say that it has no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        yield "None."
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from body


def _plain(text: object) -> str:
    """Escape what would be markup, and keep addresses and names of people from being linked."""
    return _LINKED.sub(r"\1<!-- -->", _MARKUP.sub(r"\\\1", visible(text)))
