# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rollout as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..forecast import ForecastRow, forecast_details, forecast_headline, forecast_rows
from ..licenses import license_lines
from ..rollout import devices, summary, times, waves
from ..rollout.moments import minute
from ..rollout.outcomes import ATTENTION, LABELS, count_groups
from .evidence import embed_evidence
from .packed_devices import pack
from .render import render

Facts = Mapping[str, Any]

# Rows of devices that a page has without its script.
_FIRST_ROWS = 40
_ATTENTION_COLUMNS = (
    *("deviceId", "host", "wave", "class", "reason", "next", "version", "attempts", "result_at"),
)
_ALL_COLUMNS = (
    *("deviceId", "host", "wave", "class", "model", "from_version", "version", "target"),
    *("attempts", "result_at", "reason", "campaign_id"),
)

SECTIONS = (
    ("next", "What it waits for"),
    ("forecast", "Forecast"),
    ("waves", "Waves"),
    ("attention", "Needs attention"),
    ("burn-up", "Burn-up"),
    ("times", "Time per wave"),
    ("campaigns", "Campaigns"),
    ("clusters", "Failure clusters"),
    ("exposure", "Exposure"),
    ("licenses", "Licenses"),
    ("given", "Approvals"),
    ("inputs", "Versions and inputs"),
    ("devices", "Devices"),
)


@dataclass(frozen=True)
class Listed:
    """A table of devices with the first of its rows; the script finds the others."""

    name: str
    label: str
    keys: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    total: int

    @property
    def labels(self) -> list[str]:
        return [devices.LABELS[key] for key in self.keys]


def rollout_page(facts: Facts) -> str:
    """Give the report as one file of HTML.

    :param facts: result of ``fota_rollout_info``; one whose read failed gives its message.
    """
    if not summary.is_judged(facts):
        return render("failed.html.j2", facts=facts, summary=summary)
    scale = times.find_scale(facts)
    rows = devices.device_rows(facts)
    urgent = devices.needs_attention(rows)
    rows_of_waves = waves.wave_rows(facts)
    bars = [wave.total for wave in rows_of_waves]
    bars += [cohort for wave in rows_of_waves for cohort in wave.cohorts]
    licenses = list(license_lines(facts))
    forecast = _see_forecast(facts)
    absent = {name for name, found in (("licenses", licenses), ("forecast", forecast)) if not found}
    drawn = {segment.kind for each in bars for segment in each.segments}
    return render(
        "rollout.html.j2",
        facts=facts,
        sections=[section for section in SECTIONS if section[0] not in absent],
        forecast=forecast,
        licenses=licenses,
        summary=summary,
        minute=minute,
        waves=rows_of_waves,
        whole=waves.segments(count_groups(facts["counts"])),
        kinds={kind: label for kind, label in LABELS.items() if kind in drawn},
        urgent=_list("urgent", "Devices that need attention", _ATTENTION_COLUMNS, urgent),
        only=" ".join(ATTENTION),
        quiet=list(devices.quiet_groups(facts)),
        scale=scale,
        burn_up=times.burn_up(facts, scale),
        wave_times=times.wave_times(facts, scale),
        campaigns=times.campaign_rows(facts, scale),
        freezes=list(map(times.describe_freeze, facts["calendar"]["freeze"])),
        everything=_list("everything", "All listed devices", _ALL_COLUMNS, rows),
        evidence=embed_evidence(facts),
        packed=pack(rows, devices.LABELS, devices.classes_of(rows)),
    )


@dataclass(frozen=True)
class ForecastView:
    """The forecast of a rollout: a sentence, a table, and more sentences."""

    headline: str
    rows: Sequence[ForecastRow]
    details: Sequence[str]


def _see_forecast(facts: Facts) -> ForecastView | None:
    if not facts.get("forecast"):
        return None
    return ForecastView(
        summary.sentence(forecast_headline(facts)),
        forecast_rows(facts) if facts["forecast"]["ends"] else (),
        [summary.sentence(line) for line in forecast_details(facts)],
    )


def _list(
    name: str, label: str, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> Listed:
    first = [{**row, "result_at": minute(row["result_at"])[:16]} for row in rows[:_FIRST_ROWS]]
    return Listed(name, label, keys, first, len(rows))
